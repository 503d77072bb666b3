"""What everybody writes: names of functions, and pieces of their syntax trees, that many projects have.

A benchmark asks for ``fib`` or ``is_prime``, and so do textbooks: a function of such a name, or one that is
made of such pieces, says nothing about where it comes from. Which names and pieces are such is counted, in a
pool of code, and not listed by hand (`tests/benchmarks/leaks/code.py` does). Their hashes are shipped.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from safetensors.numpy import load_file

from filtering.hashing import word_hash
from filtering.leaks.syntax_trees import SyntaxTrees, words_of_name

COMMON_SHARE = 0.4
"""Of a solution's nodes in common pieces, from which on it is common knowledge: fib has .69, gcd .40."""
MIN_NAME_WORDS = 2
PATH = Path(__file__).with_name("common.safetensors")


@dataclass(frozen=True)
class Common:
    """Hashes of what many projects have.

    Parameters
    ----------
    names : frozenset of int
        Of functions, without regard to case and underscores.
    pieces : frozenset of int
        Subtrees of functions, as `filtering.leaks.syntax_trees.subtrees` gives them.
    """

    names: frozenset[int]
    pieces: frozenset[int]

    def has_name(self, name: str) -> bool:
        """Tell whether many projects have a function of this name."""
        return name_hash(name.encode("utf-8", errors="surrogatepass")) in self.names

    def has_function(self, name: str) -> bool:
        """Tell whether a name is that of a function that everybody knows, and not merely a usual one.

        Names of one word, like ``solve`` or ``main``, say nothing about what a function does.
        """
        return len(words_of_name(name)) >= MIN_NAME_WORDS and self.has_name(name)

    def has_solution(self, trees: SyntaxTrees) -> bool:
        """Tell whether a solution is made of pieces that many projects have."""
        nodes = sum(size * count for (_, size), count in trees.items())
        common = sum(size * count for (piece, size), count in trees.items() if piece in self.pieces)
        return common >= COMMON_SHARE * nodes


def name_hash(name: bytes) -> int:
    """Return the hash of a function's name, without regard to case and underscores."""
    return word_hash(name.lower().replace(b"_", b""))


@cache
def load_common() -> Common:
    """Return what is shipped."""
    arrays = load_file(PATH)
    return Common(*(frozenset(arrays[name].tolist()) for name in ("names", "pieces")))
