"""A LightGBM text model as arrays, evaluated by a compiled loop.

LightGBM fits; this predicts. It is worth having twice: `import lightgbm` takes 0.3 to 2 s, more than
scoring ten thousand documents, and the fast path needs no other part of it. A test holds the two
equal. Read: numerical splits without missing values, which is all that the fitting here makes.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from filtering.compiled import compiled
from filtering.errors import ScorerError

DECISION_TYPE = 2
"""Numerical split, default left, missing values not treated apart: NaN never occurs in signals."""


@dataclass(frozen=True)
class Trees:
    """An ensemble of regression trees, flattened.

    A child index >= 0 is a node; ``~child`` is a leaf. Both count over all trees.

    Parameters
    ----------
    roots : int32 array, shape (trees,)
        First node of each tree, or ``~leaf`` for a tree of one leaf.
    feature : int32 array, shape (nodes,)
    threshold : float64 array, shape (nodes,)
        A row goes left where its feature is at most this.
    left, right : int32 arrays, shape (nodes,)
    leaf : float64 array, shape (leaves,)
    features : int
        Number of features that a row has.
    """

    roots: NDArray[np.int32]
    feature: NDArray[np.int32]
    threshold: NDArray[np.float64]
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    leaf: NDArray[np.float64]
    features: int

    def predict(self, rows: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the sum over all trees.

        Parameters
        ----------
        rows : float32 array, shape (n, features)

        Returns
        -------
        float64 array, shape (n,)
        """
        out = np.empty(len(rows), dtype=np.float64)
        _predict(rows, self.roots, self.feature, self.threshold, self.left, self.right, self.leaf, out)
        return out


@compiled
def _predict(
    rows: NDArray[np.float32],
    roots: NDArray[np.int32],
    feature: NDArray[np.int32],
    threshold: NDArray[np.float64],
    left: NDArray[np.int32],
    right: NDArray[np.int32],
    leaf: NDArray[np.float64],
    out: NDArray[np.float64],
) -> None:
    """Fill `out` with the sum over all trees; parameters as in `Trees`."""
    for i in range(len(rows)):
        total = 0.0
        for root in roots:
            node = root
            while node >= 0:
                node = left[node] if rows[i, feature[node]] <= threshold[node] else right[node]
            total += leaf[~node]
        out[i] = total


def parse_trees(text: str) -> Trees:
    """Read a LightGBM text model.

    Parameters
    ----------
    text : str
        What ``Booster.model_to_string`` gives.

    Raises
    ------
    ScorerError
        If the model holds anything but numerical splits of a regression.
    """
    header, *blocks = text.split("\nTree=")
    settings = _fields(header)
    # Not every regression is a plain sum: "regression sqrt" squares it, a random forest takes the mean.
    if settings.get("objective") != "regression" or "average_output" in header.splitlines():
        raise ScorerError(f"A head must be a LightGBM regression. Got {settings.get('objective')!r} instead.")
    roots: list[int] = []
    columns: dict[str, list[NDArray[np.float64]]] = {
        name: [] for name in ("split_feature", "threshold", "left_child", "right_child", "leaf_value")
    }
    nodes = leaves = 0
    for block in blocks:
        fields = _fields(block.split("\n\n")[0])
        if fields.get("num_cat", "0") != "0" or fields.get("is_linear", "0") != "0":
            raise ScorerError("A head must have numerical splits and constant leaves only.")
        values = {name: _numbers(fields.get(name, "")) for name in columns}
        if not (_numbers(fields.get("decision_type", "")) == DECISION_TYPE).all():
            raise ScorerError(f"All splits of a head must be of decision type {DECISION_TYPE}.")
        size = len(values["split_feature"])
        _check_tree(values, int(settings.get("max_feature_idx", -1)) + 1)
        for name in ("left_child", "right_child"):
            child = values[name]
            values[name] = np.where(child >= 0, child + nodes, child - leaves)
        roots.append(nodes if size else ~leaves)
        for name, column in columns.items():
            column.append(values[name])
        nodes += size
        leaves += len(values["leaf_value"])
    if not roots:
        raise ScorerError("A head must have at least one tree. Found none.")
    joined = {name: np.concatenate(column) for name, column in columns.items()}
    return Trees(
        roots=np.array(roots, dtype=np.int32),
        feature=joined["split_feature"].astype(np.int32),
        threshold=joined["threshold"],
        left=joined["left_child"].astype(np.int32),
        right=joined["right_child"].astype(np.int32),
        leaf=joined["leaf_value"],
        features=int(settings["max_feature_idx"]) + 1,
    )


def _check_tree(values: dict[str, NDArray[np.float64]], features: int) -> None:
    """Refuse a tree that would be read beyond its arrays, or for ever: compiled code checks neither."""
    size, leaves = len(values["split_feature"]), len(values["leaf_value"])
    feature = values["split_feature"]
    whole = leaves == size + 1 and all(
        len(values[name]) == size for name in ("threshold", "left_child", "right_child")
    )
    whole = whole and bool(((feature >= 0) & (feature < features)).all())
    for name in ("left_child", "right_child"):
        # A node's children come after it, so no walk can turn in a circle.
        child = values[name]
        whole = whole and bool(
            np.where(child >= 0, (child > np.arange(size)) & (child < size), -child <= leaves).all()
        )
    if not whole:
        raise ScorerError("Each tree of a head must be whole. One has missing or impossible numbers.")


def _fields(block: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in block.splitlines() if "=" in line)


def _numbers(text: str) -> NDArray[np.float64]:
    return np.array(text.split(), dtype=np.float64)
