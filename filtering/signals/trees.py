"""LightGBM's trees over the linear value and the statistics: their text, and what LightGBM makes of it.

A scorer may be a stranger's, and LightGBM does not check what it reads: a text that is not whole ends the
process, hangs it, or takes terabytes. So numbers alone are taken of a text, and checked. What LightGBM reads
is written anew from them.
"""

from dataclasses import dataclass
from functools import lru_cache
from math import isfinite
from typing import Any

import numpy as np

from filtering.arrays import AnyFloats, Floats, Floats32
from filtering.errors import ScorerError
from filtering.extras import require
from filtering.signals.read_signals import SCORE_COLUMNS
from filtering.signals.style import STATISTICS

FEATURES = 1 + len(STATISTICS)
MOST_CHARS = 1 << 24
"""Of a text; 200 trees of 15 leaves take a hundredth of it."""
MOST_LEAVES = 64
"""Of a tree: LightGBM walks down by recursion, and its shares take the cube of the depth."""
MOST_ROWS = 2**31 - 1
LOADED = 8
"""Models that are kept ready: each fold has one of its own while a recipe is measured."""
NUMERICAL = 2
"""Type of a split: missing values are not told apart, for signals are never missing."""
COLUMNS: dict[str, tuple[type[int] | type[float], int, int]] = {
    "num_cat": (int, 0, 1),
    "split_feature": (int, 1, 0),
    "threshold": (float, 1, 0),
    "decision_type": (int, 1, 0),
    "left_child": (int, 1, 0),
    "right_child": (int, 1, 0),
    "leaf_value": (float, 1, 1),
    "leaf_count": (int, 1, 1),
    "internal_count": (int, 1, 0),
    "is_linear": (int, 0, 1),
}
"""Of a tree: how many numbers it has for each node, and how many more."""
NEEDED = {"objective=regression", f"max_feature_idx={FEATURES - 1}"}
HEADER = (
    "tree\nversion=v4\nnum_class=1\nnum_tree_per_iteration=1\nlabel_index=0\n"
    f"objective=regression\nmax_feature_idx={FEATURES - 1}\n"
    f"feature_names={' '.join(f'Column_{number}' for number in range(FEATURES))}\n"
    f"feature_infos={' '.join(['none'] * FEATURES)}\n"
)


@dataclass(frozen=True)
class Trees:
    """Boosted regression trees, as `parse_trees` returns them.

    Parameters
    ----------
    text : str
        A text model of LightGBM.
    """

    text: str

    def predict(self, raw: AnyFloats, features: Floats32) -> Floats:
        """Return the sum over all trees.

        Parameters
        ----------
        raw : float array, shape (n,)
            Linear values.
        features : float32 array, shape (n, WIDTH)

        Returns
        -------
        float64 array, shape (n,)

        Raises
        ------
        MissingExtraError
            If LightGBM is not installed.
        """
        found: Floats = _booster(self.text).predict(stacked(raw, features), num_threads=1)
        return found

    def shares(self, raw: AnyFloats, features: Floats32) -> Floats:
        """Return the share that each feature has of the sum, and last what the sum is without any.

        Parameters and errors are those of `predict`.

        Returns
        -------
        float64 array, shape (n, FEATURES + 1)
        """
        found: Floats = _booster(self.text).predict(stacked(raw, features), pred_contrib=True, num_threads=1)
        return found


def stacked(raw: AnyFloats, features: Floats32) -> Floats32:
    """Return what trees see: the linear value, then the statistics.

    Parameters
    ----------
    raw : float array, shape (n,)
    features : float32 array, shape (n, WIDTH)

    Returns
    -------
    float32 array, shape (n, FEATURES)
    """
    return np.concatenate([raw[:, None].astype(np.float32), features[:, SCORE_COLUMNS:]], axis=1)


@lru_cache(LOADED)
def _booster(text: str) -> Any:  # noqa: ANN401 - a class of LightGBM
    return require("train", "lightgbm").Booster(model_str=text)


def parse_trees(text: str) -> Trees:
    """Read a text model of LightGBM.

    Parameters
    ----------
    text : str
        What ``Booster.model_to_string`` gives, or `Trees.text`.

    Raises
    ------
    ScorerError
        If it is not a sum of whole trees with numerical splits over so many features.
    ValueError
        If it has other words where numbers must stand.
    """
    header, *blocks = text.split("\nTree=")
    lines = header.splitlines()
    # Not every regression is a plain sum: a random forest takes the mean, and says so in a line.
    if not NEEDED <= set(lines) or "average_output" in lines or not blocks or len(text) > MOST_CHARS:
        raise ScorerError(f"Trees must be a LightGBM regression over {FEATURES} features. They are not.")
    trees = [_checked_tree(block.split("\n\n")[0]) for block in blocks]
    body = "".join(f"\nTree={number}\n{tree}\n" for number, tree in enumerate(trees))
    return Trees(f"{HEADER}{body}\nend of trees\n")


def _checked_tree(block: str) -> str:
    """Return a tree written anew from its numbers: each leaf, and each node but the first, has one parent.

    A child >= 0 is a node, and comes after its parent; ``~child`` is a leaf.
    """
    fields = dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
    columns: dict[str, list[Any]] = {
        name: [kind(one) for one in fields.get(name, "").split()] for name, (kind, _, _) in COLUMNS.items()
    }
    nodes, left, right = (len(columns["threshold"]), columns["left_child"], columns["right_child"])
    leaves = nodes + 1
    if not nodes:
        columns["leaf_count"] = [1]  # nothing depends on how many rows a tree of one leaf has
    is_whole = (
        leaves <= MOST_LEAVES
        and all(len(columns[name]) == of_node * nodes + one for name, (_, of_node, one) in COLUMNS.items())
        and sorted(left + right) == ([*range(-leaves, 0), *range(1, nodes)] if nodes else [])
        and all(child < 0 or child > node for side in (left, right) for node, child in enumerate(side))
        and all(0 <= feature < FEATURES for feature in columns["split_feature"])
        and all(0 < rows <= MOST_ROWS for rows in columns["leaf_count"] + columns["internal_count"])
        and all(map(isfinite, columns["threshold"] + columns["leaf_value"]))
        and set(columns["decision_type"]) <= {NUMERICAL}
        and columns["num_cat"] == columns["is_linear"] == [0]
    )
    if not is_whole:
        raise ScorerError("Each tree of a scorer must be whole. One has missing or impossible numbers.")
    lines = [f"{name}={' '.join(map(repr, numbers))}\n" for name, numbers in columns.items()]
    return f"num_leaves={leaves}\n{''.join(lines)}"
