"""Counts what many projects have: what `filtering/leaks/common.safetensors` was made with."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from filtering.leaks.common_knowledge import PATH, Common, name_hash
from filtering.leaks.syntax_trees import functions, subtrees

COMMON_GROUPS = 3
"""Two projects may have copied from one another."""
DEF = re.compile(rb"\bdef[ \t]+(\w+)")
NOTHING_COMMON = Common(frozenset(), frozenset())


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
            names[name_hash(name)].add(group)
        for function in functions(text or b""):
            for piece, _ in subtrees(function):
                pieces[piece].add(group)
    return Common(
        *(
            frozenset(h for h, having in one.items() if len(having) >= COMMON_GROUPS)
            for one in (names, pieces)
        )
    )


def save_common(common: Common, path: Path = PATH) -> None:
    """Write a file that `load_common` reads."""
    save_file(
        {name: np.array(sorted(hashes), dtype=np.uint64) for name, hashes in vars(common).items()}, path
    )
