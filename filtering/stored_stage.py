"""The second stage of a saved scorer: arrays and plain values, and back, with checks of both."""

from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from filtering.calibration import Calibration, check_anchors
from filtering.embedders import EmbedderSettings
from filtering.errors import ScorerError
from filtering.heads import Head, KernelHead, LinearHead, OrdinalHead
from filtering.linear import build_linear
from filtering.scorers import EmbeddingStage
from filtering.trees import Trees, check_trees

KINDS: Mapping[str, type[Head]] = {
    "linear": LinearHead,
    "ordinal": OrdinalHead,
    "kernel": KernelHead,
    "trees": Trees,
}
DIMENSIONS = {"landmarks": 2, "bias": 0, "gamma": 0, "features": 0}
"""Of arrays of heads; all others have one."""
ORDINAL_DIMENSIONS = {"weights": 2, "bias": 1}
DTYPES: Mapping[str, Any] = {
    "landmarks": np.float32,
    "features": np.int64,
    **dict.fromkeys(("roots", "feature", "left", "right"), np.int32),
}
"""Of arrays of heads; all others are float64."""

Arrays = Mapping[str, NDArray[Any]]


def describe_stage(stage: EmbeddingStage) -> dict[str, Any]:
    """Return what of a stage is no array, for JSON."""
    (kind,) = (name for name, one in KINDS.items() if type(stage.head) is one)
    return {
        "name": stage.name,
        "kind": kind,
        "embedder": asdict(stage.embedder),
        "signals_weight": stage.signals_weight,
        "anchors": stage.calibration.anchors,
        "linear_bias": stage.linear.bias if stage.linear else None,
    }


def stage_arrays(stage: EmbeddingStage) -> dict[str, NDArray[Any]]:
    """Return the arrays of a stage by name."""
    arrays = {
        f"head.{field.name}": np.asarray(getattr(stage.head, field.name))
        for field in fields(type(stage.head))  # type: ignore[arg-type] # each kind is a dataclass
    }
    if stage.linear is not None:
        arrays |= {f"linear.{name}": array for name, array in stage.linear.arrays().items()}
    # Not ascontiguousarray, which makes an array of one number out of a number.
    return {name: np.asarray(array, order="C") for name, array in arrays.items()}


def build_stage(description: Mapping[str, Any], arrays: Arrays) -> EmbeddingStage:
    """Return the stage that was saved.

    Raises
    ------
    ScorerError
        If arrays or values are not such as a stage has.
    KeyError, TypeError, ValueError
        If some are missing, or of another type.
    """
    linear = None
    if description["linear_bias"] is not None:
        parts = {
            name.removeprefix("linear."): one for name, one in arrays.items() if name.startswith("linear.")
        }
        linear = build_linear(parts, _finite(description["linear_bias"]))
    return EmbeddingStage(
        name=str(description["name"]),
        embedder=EmbedderSettings(**description["embedder"]),
        head=_head(str(description["kind"]), arrays),
        linear=linear,
        signals_weight=_finite(description["signals_weight"]),
        calibration=Calibration(check_anchors(description["anchors"])),
    )


def _finite(number: Any) -> float:  # noqa: ANN401 - any JSON value
    if not np.isfinite(float(number)):
        raise ScorerError(f"Numbers of a stage must be finite. Got {number} instead.")
    return float(number)


def _head(kind: str, arrays: Arrays) -> Head:
    if kind not in KINDS:
        raise ScorerError(f"The kind of a head must be one of {', '.join(KINDS)}. Got {kind!r} instead.")
    dimensions = ORDINAL_DIMENSIONS if kind == "ordinal" else DIMENSIONS
    values: dict[str, Any] = {}
    for field in fields(KINDS[kind]):  # type: ignore[arg-type] # each kind is a dataclass
        array = arrays[f"head.{field.name}"]
        dtype, ndim = np.dtype(DTYPES.get(field.name, np.float64)), dimensions.get(field.name, 1)
        if array.dtype != dtype or array.ndim != ndim or not np.isfinite(array).all():
            raise ScorerError(
                f"{field.name!r} of a head must be finite {dtype}, of {ndim} dimensions. "
                f"Got {array.dtype} {array.shape} instead."
            )
        values[field.name] = array.item() if array.ndim == 0 else array
    head = KINDS[kind](**values)
    if isinstance(head, Trees):
        check_trees(head)
    elif isinstance(head, KernelHead) and len(head.landmarks) != len(head.weights):
        raise ScorerError(
            f"Each landmark must have a weight. Got {len(head.weights)} for {len(head.landmarks)}."
        )
    elif isinstance(head, OrdinalHead) and head.weights.shape[1] != len(head.bias):
        raise ScorerError(f"Each point must have a bias. Got {len(head.bias)} for {head.weights.shape[1]}.")
    return head
