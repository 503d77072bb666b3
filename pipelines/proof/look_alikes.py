"""Documents that look like others, by length, lines, layout and punctuation; words are not looked at."""

from collections.abc import Sequence
from math import ceil

import numpy as np

from filtering.arrays import Floats32, Ints
from filtering.signals.read_signals import SCORE_COLUMNS, read_signals
from filtering.signals.style import OTHERS, STATISTICS

LAYOUT = np.array([name in OTHERS or name.startswith("char_") for name in STATISTICS])
"""Statistics of how a text looks; rates of words say what it is about."""
FARTHEST = 3.0
"""Deviations to which a statistic is bounded, so that no single one decides."""
OTHER_GROUP = 1.0
"""What it adds to a squared distance, for each statistic on average, to be of another site or repository."""
BLOCK = 1000
"""Documents that are matched at a time, each with as large a share of the candidates."""


def look_alikes(
    texts: Sequence[str], groups: Sequence[str], candidates: Sequence[str], candidate_groups: Sequence[str]
) -> Ints:
    """Return for each text the candidate that looks most like it, each candidate once.

    Parameters
    ----------
    texts, groups : sequence of str, length n
    candidates, candidate_groups : sequence of str, length m

    Returns
    -------
    int64 array, shape (min(n, m),)
        Places of candidates.
    """
    mine, others = _layouts(texts), _layouts(candidates)
    scale = np.concatenate([mine, others]).std(axis=0) + 1e-6
    middle = mine.mean(axis=0)
    mine, others = (np.clip((one - middle) / scale, -FARTHEST, FARTHEST) for one in (mine, others))
    names = {name: at for at, name in enumerate(dict.fromkeys([*groups, *candidate_groups]))}
    group, other_group = (np.array([names[one] for one in some]) for some in (groups, candidate_groups))
    count = min(len(texts), len(candidates))
    blocks = max(1, ceil(count / BLOCK))
    found = []
    for at in range(blocks):
        rows = np.arange(count * at // blocks, count * (at + 1) // blocks)
        free = np.arange(len(candidates) * at // blocks, len(candidates) * (at + 1) // blocks)
        far = np.square(mine[rows]).sum(1)[:, None] + np.square(others[free]).sum(1)
        far -= 2 * mine[rows] @ others[free].T
        far += OTHER_GROUP * mine.shape[1] * (group[rows][:, None] != other_group[free]) / 4
        for row in range(len(rows)):
            best = int(np.argmin(far[row]))
            found.append(int(free[best]))
            far[:, best] = np.inf
    return np.array(found, dtype=np.int64)


def _layouts(texts: Sequence[str]) -> Floats32:
    return read_signals(list(texts)).features[:, SCORE_COLUMNS:][:, LAYOUT]
