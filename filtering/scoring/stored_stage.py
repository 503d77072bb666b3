"""The second stage of a saved scorer: arrays and plain values, and back, with checks of both."""

import re
from collections.abc import Mapping
from dataclasses import asdict
from types import NoneType
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from filtering.checked_arrays import Wanted, checked_arrays
from filtering.embedding.heads import Head, KernelHead, LinearHead
from filtering.embedding.settings import EmbedderSettings, ModelKind
from filtering.errors import ScorerError
from filtering.scoring.calibration import Calibration, check_anchors
from filtering.scoring.scorers import EmbeddingStage
from filtering.signals.linear import build_linear
from filtering.signals.trees import check_trees

HEADS: Mapping[str, type[Head]] = {"ridge": LinearHead, "joint": KernelHead, "teacher": LinearHead}
"""By the name of a stage."""
ARRAYS: Mapping[type[Head], Wanted] = {
    LinearHead: {"weights": (np.float64, ("width",)), "bias": (np.float64, ())},
    KernelHead: {
        "landmarks": (np.float32, ("landmarks", "width")),
        "weights": (np.float64, ("landmarks",)),
        "gamma": (np.float64, ()),
    },
}
"""Of each kind of head, as they are saved: its fields."""
EMBEDDER: Mapping[str, tuple[type, ...]] = {
    **dict.fromkeys(("name", "digest", "kind"), (str,)),
    **dict.fromkeys(("revision", "prompt"), (str, NoneType)),
    "max_tokens": (int,),
}
"""Of `EmbedderSettings`, as they are saved: types of JSON."""
TREES = "trees."
"""Before the names of arrays of trees, where there are some."""
NAME_CHARS = 1000
MOST_TOKENS = 1 << 20
SHA256 = re.compile(r"[0-9a-f]{64}")

Arrays = Mapping[str, NDArray[Any]]


def describe_stage(stage: EmbeddingStage) -> dict[str, Any]:
    """Return what of a stage is no array, for JSON."""
    return {
        "name": stage.name,
        "embedder": asdict(stage.embedder),
        "anchors": stage.calibration.anchors,
        "linear_bias": stage.linear.bias if stage.linear else None,
    }


def stage_arrays(stage: EmbeddingStage) -> dict[str, NDArray[Any]]:
    """Return the arrays of a stage by name."""
    arrays = {f"head.{name}": np.asarray(getattr(stage.head, name)) for name in ARRAYS[type(stage.head)]}
    if stage.linear is not None:
        arrays |= {f"linear.{name}": array for name, array in stage.linear.arrays().items()}
    if stage.trees is not None:
        arrays |= {f"{TREES}{name}": array for name, array in stage.trees.arrays().items()}
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
    name, linear = str(description["name"]), None
    if description["linear_bias"] is not None:
        linear = build_linear(arrays, _finite(description["linear_bias"]), prefix="linear.")
    return EmbeddingStage(
        name=name,
        embedder=_embedder(description["embedder"]),
        head=_head(name, arrays),
        linear=linear,
        trees=check_trees(arrays, prefix=TREES) if f"{TREES}roots" in arrays else None,
        calibration=Calibration(check_anchors(description["anchors"])),
    )


def _embedder(described: Any) -> EmbedderSettings:  # noqa: ANN401 - any JSON value
    """Return the settings of an embedder, each of its type.

    Earlier versions noted there that its code may run. That is for the user to say, and no file.
    """
    given = {**described}
    given.pop("trust_remote_code", None)
    embedder = EmbedderSettings(**given)
    for name, kinds in EMBEDDER.items():
        if type(getattr(embedder, name)) not in kinds:
            raise ScorerError(f"{name!r} of an embedder must be {kinds[0].__name__}. It is of another type.")
    if len(embedder.name) > NAME_CHARS or len(embedder.revision or "") > NAME_CHARS:
        raise ScorerError(f"Name and revision of an embedder must have at most {NAME_CHARS:,} characters.")
    if not 0 < embedder.max_tokens <= MOST_TOKENS:
        raise ScorerError(f"'max_tokens' of an embedder must be between 1 and {MOST_TOKENS:,}.")
    if not SHA256.fullmatch(embedder.digest):
        raise ScorerError(
            "An embedder must have the sha256 of its weights and tokenizer in 'digest', 64 digits. Got "
            f"{embedder.digest[:100]!r} instead: which model it is cannot be told. Train the scorer again."
        )
    if embedder.kind not in get_args(ModelKind):
        raise ScorerError(f"The kind of an embedder must be {' or '.join(get_args(ModelKind))}.")
    return embedder


def _finite(number: Any) -> float:  # noqa: ANN401 - any JSON value
    if not np.isfinite(float(number)):
        raise ScorerError(f"Numbers of a stage must be finite. Got {number} instead.")
    return float(number)


def _head(name: str, arrays: Arrays) -> Head:
    if name not in HEADS:
        raise ScorerError(
            f"The head of a scorer must be one of {', '.join(HEADS)}. Got {name!r:.100} instead. "
            "Use the edufilter that saved it, or train it again."
        )
    found = checked_arrays(arrays, ARRAYS[HEADS[name]], prefix="head.")
    return HEADS[name](**{field: one.item() if one.ndim == 0 else one for field, one in found.items()})
