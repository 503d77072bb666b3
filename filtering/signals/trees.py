"""Boosted trees over the linear value and the statistics: arrays, and a compiled loop over them.

LightGBM fits them (`fitting/recipes.py`). It is not needed to run them: docs/decisions/0002.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from filtering.arrays import AnyFloats, Floats, Floats32, Ints32
from filtering.brief import brief
from filtering.checked_arrays import Wanted, checked_arrays
from filtering.compiled import compiled
from filtering.errors import ScorerError
from filtering.signals.read_signals import SCORE_COLUMNS
from filtering.signals.style import STATISTICS
from filtering.text.arrow import frozen

FEATURES = 1 + len(STATISTICS)
"""What trees see: the linear value, then the statistics."""
NO_FEATURE = -1
"""Of a leaf."""
TOGETHER = 32
"""Rows that go through a tree together."""
MOST_NODES = 127
"""Of a tree: a forged scorer then takes no more time than it has bytes."""

ARRAYS: Wanted = {
    "roots": (np.int32, ("trees",)),
    "features": (np.int16, ("nodes",)),
    "thresholds": (np.float64, ("nodes",)),
    "others": (np.int32, ("nodes",)),
    "values": (np.float64, ("nodes",)),
}
"""As they are saved."""

Arrays: TypeAlias = tuple[Ints32, NDArray[np.int16], Floats, Ints32, Floats]
"""Roots, features, thresholds, others and values."""


@dataclass(frozen=True)
class Trees:
    """A sum of regression trees. Each node stands before all below it, and its first child next to it.

    Parameters
    ----------
    roots : int32 array, shape (trees,)
        The node that each tree begins with: 0, then rising.
    features : int16 array, shape (nodes,)
        What a node looks at: 0 is the linear value, 1 the first statistic; `NO_FEATURE` for a leaf.
    thresholds : float64 array, shape (nodes,)
        Up to this value it goes on to the node's first child; beyond it, to the other.
    others : int32 array, shape (nodes,)
        The other child of each node.
    values : float64 array, shape (nodes,)
        What a leaf adds to the sum; of another node the mean of what is below it, as often as documents came
        there when it was fitted.
    """

    roots: Ints32
    features: NDArray[np.int16]
    thresholds: Floats
    others: Ints32
    values: Floats

    __repr__ = brief

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
        """
        out = np.zeros(len(raw), dtype=np.float64)
        add_trees(frozen(raw.astype(np.float64)), frozen(features), self._arrays, out)
        return out

    def shares(self, raw: AnyFloats, features: Floats32) -> Floats:
        """Return the share that each feature has of the sum, and last what the sum is without any.

        A feature has what the nodes that look at it change on the way to a leaf: from the mean value of a
        node to that of its child (Saabas 2014, "Interpreting random forests").

        Parameters are those of `predict`.

        Returns
        -------
        float64 array, shape (n, FEATURES + 1)
        """
        out = np.zeros((len(raw), FEATURES + 1), dtype=np.float64)
        add_shares(frozen(raw.astype(np.float64)), frozen(features), self._arrays, out)
        return out

    @property
    def _arrays(self) -> Arrays:
        return (
            frozen(self.roots), frozen(self.features), frozen(self.thresholds), frozen(self.others),
            frozen(self.values),
        )  # fmt: skip

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return all of it as arrays, by name."""
        return {name: getattr(self, name) for name in ARRAYS}


def stacked(raw: AnyFloats, features: Floats32) -> Floats32:
    """Return what trees see.

    Parameters
    ----------
    raw : float array, shape (n,)
        Linear values.
    features : float32 array, shape (n, WIDTH)

    Returns
    -------
    float32 array, shape (n, FEATURES)
    """
    return np.concatenate([raw[:, None].astype(np.float32), features[:, SCORE_COLUMNS:]], axis=1)


def check_trees(arrays: Mapping[str, NDArray[Any]], *, prefix: str = "") -> Trees:
    """Return saved trees from their arrays, before whose names a prefix may stand.

    Raises
    ------
    ScorerError
        If an array has another shape or dtype than it must, or is not finite, or a node leads on to one
        that does not stand behind it in its tree.
    KeyError
        If one is missing.
    """
    trees = Trees(**checked_arrays(arrays, ARRAYS, prefix=prefix))
    sizes = np.diff(trees.roots, append=len(trees.features))
    if sizes.sum() != len(trees.features) or not ((sizes > 0) & (sizes <= MOST_NODES)).all():
        raise ScorerError(
            f"'{prefix}roots' must be where each tree begins among {len(trees.features):,} nodes: 0, then "
            f"rising, with {MOST_NODES} nodes at most for each. They are not."
        )
    at = np.flatnonzero(trees.features != NO_FEATURE)
    ends = np.repeat(trees.roots + sizes, sizes)[at]
    is_known = (trees.features >= NO_FEATURE) & (trees.features < FEATURES)
    # Ways then lead on to later nodes alone, and so they end.
    if not (is_known.all() and ((trees.others[at] > at) & (trees.others[at] < ends) & (at + 1 < ends)).all()):
        raise ScorerError(
            f"Each node of '{prefix}features' must be a leaf, or look at one of {FEATURES} features and lead "
            "on to two nodes behind it in its tree. One does not."
        )
    return trees


def build_trees(structures: list[dict[str, Any]]) -> Trees:
    """Return trees that LightGBM fitted.

    Parameters
    ----------
    structures : list of dict
        The ``tree_structure`` of each tree, as ``Booster.dump_model`` gives them.
    """
    roots = []
    nodes: list[tuple[int, float, int, float]] = []
    for structure in structures:
        roots.append(len(nodes))
        _add_node(nodes, structure)
    features, thresholds, others, values = zip(*nodes, strict=True)
    return Trees(
        np.array(roots, np.int32), np.array(features, np.int16), np.array(thresholds, np.float64),
        np.array(others, np.int32), np.array(values, np.float64),
    )  # fmt: skip


def _add_node(nodes: list[tuple[int, float, int, float]], structure: Mapping[str, Any]) -> tuple[float, int]:
    """Add a node and all below it; return its value, and how many documents came there."""
    at = len(nodes)
    if "leaf_value" in structure:
        nodes.append((NO_FEATURE, 0.0, 0, structure["leaf_value"]))
        return structure["leaf_value"], structure.get("leaf_count", 1)  # a tree of one leaf counts none
    nodes.append((NO_FEATURE, 0.0, 0, 0.0))
    first, first_count = _add_node(nodes, structure["left_child"])
    place = len(nodes)
    other, other_count = _add_node(nodes, structure["right_child"])
    count = first_count + other_count
    value = (first * first_count + other * other_count) / count
    nodes[at] = (structure["split_feature"], structure["threshold"], place, value)
    return value, count


@compiled
def add_trees(raw: Floats, features: Floats32, trees: Arrays, out: Floats) -> None:
    """Add to `out` the sum over all trees; arrays as `Trees.predict` has them.

    Some rows go through a tree together, so that its nodes stay near the processor, and the next node is
    reckoned, not guessed: that takes three quarters of the time of plain loops.
    """
    roots, looked_at, thresholds, others, values = trees
    for start in range(0, len(raw), TOGETHER):
        for root in roots:
            for row in range(start, min(start + TOGETHER, len(raw))):
                node = np.int64(root)
                feature = looked_at[node]
                while feature >= 0:
                    value = (
                        raw[row] if feature == 0 else np.float64(features[row, SCORE_COLUMNS - 1 + feature])
                    )
                    other = np.int64(others[node])
                    node = other + np.int64(value <= thresholds[node]) * (node + 1 - other)
                    feature = looked_at[node]
                out[row] += values[node]


@compiled
def add_shares(raw: Floats, features: Floats32, trees: Arrays, out: Floats) -> None:
    """Add to `out` the shares of all features; arrays as `Trees.shares` has them."""
    roots, looked_at, thresholds, others, values = trees
    for row in range(len(raw)):
        for root in roots:
            node = root
            out[row, FEATURES] += values[root]
            while looked_at[node] >= 0:
                feature = looked_at[node]
                value = raw[row] if feature == 0 else features[row, SCORE_COLUMNS - 1 + feature]
                below = node + 1 if value <= thresholds[node] else others[node]
                out[row, feature] += values[below] - values[node]
                node = below
