"""A LightGBM text model as arrays, evaluated by a compiled loop.

LightGBM fits; this predicts. It is worth having twice: `import lightgbm` takes 0.3 to 2 s, more than
scoring ten thousand documents, and the fast path needs no other part of it. A test holds the two
equal. Read: numerical splits without missing values, which is all that the fitting here makes.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from filtering.compiled import compiled
from filtering.errors import ScorerError, ShapeError

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

        Raises
        ------
        ShapeError
            If `rows` is not 2-D or its width is not `features`: compiled code would read beyond it.
        """
        if rows.ndim != 2 or rows.shape[1] != self.features:
            raise ShapeError(f"'rows' must have shape (n, {self.features}). Got shape {rows.shape} instead.")
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
    trees = Trees(
        roots=np.array(roots, dtype=np.int32),
        feature=joined["split_feature"].astype(np.int32),
        threshold=joined["threshold"],
        left=joined["left_child"].astype(np.int32),
        right=joined["right_child"].astype(np.int32),
        leaf=joined["leaf_value"],
        features=int(settings.get("max_feature_idx", -1)) + 1,
    )
    check_trees(trees)
    return trees


def check_trees(trees: Trees) -> None:
    """Refuse trees that would be read beyond their arrays, or for ever: compiled code checks neither.

    Each tree has its nodes in a row, its children after their parents, and one leaf more than nodes.

    Raises
    ------
    ScorerError
        If they are not whole.
    """
    if not _are_whole(trees):
        raise ScorerError("Each tree of a head must be whole. One has missing or impossible numbers.")


def _are_whole(trees: Trees) -> bool:
    nodes, roots = len(trees.feature), trees.roots.astype(np.int64)
    number = np.arange(len(roots))
    # A tree of a single leaf has no node; as many leaves stand before it as nodes and trees do.
    starts = np.where(roots >= 0, roots, ~roots - number)
    stops = np.append(starts[1:], nodes)
    sizes = stops - starts
    if not len(roots) or starts[0] != 0 or (sizes < 0).any() or ((sizes > 0) != (roots >= 0)).any():
        return False
    if (
        not len(trees.threshold)
        == len(trees.left)
        == len(trees.right)
        == nodes
        == len(trees.leaf) - len(roots)
    ):
        return False
    tree, node = np.repeat(number, sizes), np.arange(nodes)
    fits = (trees.feature >= 0) & (trees.feature < trees.features)
    for child in (trees.left.astype(np.int64), trees.right.astype(np.int64)):
        below = (child > node) & (child < stops[tree])
        leaf = (~child >= starts[tree] + tree) & (~child <= stops[tree] + tree)
        fits &= np.where(child >= 0, below, leaf)
    return bool(fits.all())


def _fields(block: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in block.splitlines() if "=" in line)


def _numbers(text: str) -> NDArray[np.float64]:
    return np.array(text.split(), dtype=np.float64)
