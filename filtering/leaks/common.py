"""What everybody writes: names of functions, and pieces of their syntax trees, that many projects have.

A benchmark asks for ``fib`` or ``is_prime``, and so do textbooks: a function of such a name, or one that is
made of such pieces, says nothing about where it comes from. Which names and pieces are such is counted, in a
pool of code, and not listed by hand: those of at least `COMMON_GROUPS` projects. Their hashes are shipped.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file

from filtering.hashing import word_hash
from filtering.leaks.structure import Trees, functions, subtrees, words_of_name

COMMON_GROUPS = 3
"""Two projects may have copied from one another."""
COMMON_SHARE = 0.4
"""Of a solution's nodes in common pieces, from which on it is common knowledge: fib has .69, gcd .40."""
MIN_NAME_WORDS = 2
PATH = Path(__file__).with_name("common.safetensors")
DEF = re.compile(rb"\bdef[ \t]+(\w+)")


@dataclass(frozen=True)
class Common:
    """Hashes of what many projects have.

    Parameters
    ----------
    names : frozenset of int
        Of functions, without regard to case and underscores.
    pieces : frozenset of int
        Subtrees of functions, as `filtering.leaks.structure.subtrees` gives them.
    """

    names: frozenset[int]
    pieces: frozenset[int]

    def has_name(self, name: str) -> bool:
        """Tell whether many projects have a function of this name."""
        return _name_hash(name.encode("utf-8", errors="surrogatepass")) in self.names

    def has_function(self, name: str) -> bool:
        """Tell whether a name is that of a function that everybody knows, and not merely a usual one.

        Names of one word, like ``solve`` or ``main``, say nothing about what a function does.
        """
        return len(words_of_name(name)) >= MIN_NAME_WORDS and self.has_name(name)

    def has_solution(self, trees: Trees) -> bool:
        """Tell whether a solution is made of pieces that many projects have."""
        nodes = sum(size * count for (_, size), count in trees.items())
        common = sum(size * count for (piece, size), count in trees.items() if piece in self.pieces)
        return common >= COMMON_SHARE * nodes


NOTHING_COMMON = Common(frozenset(), frozenset())


def _name_hash(name: bytes) -> int:
    return word_hash(name.lower().replace(b"_", b""))


@cache
def load_common() -> Common:
    """Return what is shipped."""
    arrays = load_file(PATH)
    return Common(*(frozenset(arrays[name].tolist()) for name in ("names", "pieces")))


def save_common(common: Common, path: Path = PATH) -> None:
    """Write a file that `load_common` reads."""
    save_file(
        {name: np.array(sorted(hashes), dtype=np.uint64) for name, hashes in vars(common).items()}, path
    )


def fit_common(texts: Iterable[bytes | None], groups: Sequence[str]) -> Common:
    """Count names and pieces of functions by project.

    Parameters
    ----------
    texts : iterable of bytes or None, length n
    groups : sequence of str, length n
        Projects. Texts that are no Python have names alone.
    """
    names: defaultdict[int, set[str]] = defaultdict(set)
    pieces: defaultdict[int, set[str]] = defaultdict(set)
    for text, group in zip(texts, groups, strict=True):
        for name in set(DEF.findall(text or b"")):
            names[_name_hash(name)].add(group)
        for function in functions(text or b""):
            for piece, _ in subtrees(function):
                pieces[piece].add(group)
    return Common(
        *(
            frozenset(h for h, having in one.items() if len(having) >= COMMON_GROUPS)
            for one in (names, pieces)
        )
    )
