"""Saved scorers: a folder of JSON, arrays and text; nothing in it is ever run as code.

::

    scorer.json       format, kind, rules, calibration, metrics, digests of the files below, references
    signals.safetensors   weights, knots, and what is needed to tell unlike documents
    head.txt          LightGBM's text model, where there is one
    README.md         the model card, for people

`load_scorer` refuses unknown formats and kinds, wrong digests, and a scorer that does not give its
reference texts the scores it gave when it was saved.
"""

import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from filtering.calibration import POINTS, Calibration
from filtering.errors import ScorerError, SettingsError
from filtering.kernel import CELLS
from filtering.linear import KNOTS, LinearSignals
from filtering.novelty import Novelty
from filtering.scorers import SignalScorer
from filtering.signals import SIGNALS_VERSION
from filtering.statistics import STATISTICS
from filtering.trees import parse_trees
from filtering.windows import WINDOW_RULE

FORMAT = 1
KIND = "signals"
SHIPPED = ("web", "code")
MODELS = Path(__file__).parent / "models"
TOLERANCE_POINTS = 1e-3
"""Scores of reference texts may differ by this much between processors."""

REFERENCE_TEXTS = (
    "Photosynthesis is how plants make food from light. Water enters through the roots, carbon dioxide "
    "through the leaves. For example, a leaf in the shade makes less sugar because it catches less light.",
    "Home | Products | Contact | Login\nBuy 2, get 1 free! Free shipping on orders over $50. Subscribe now!",
    'def gcd(a, b):\n    """Return the greatest common divisor.\n\n    >>> gcd(12, 18)\n    6\n    """\n'
    "    while b:\n        a, b = b, a % b\n    return a\n",
    "package com.acme.web;\n\nimport java.util.List;\n\npublic class Config {\n    private String url;\n}\n",
    "Über Straßen, naïve café, 東京 and Ω: a line beyond ASCII.",
)

ARRAYS: Mapping[str, tuple[int, ...] | None] = {
    "word_weights": (CELLS,),
    "character_weights": None,
    "knots": (len(STATISTICS), KNOTS),
    "knot_values": (len(STATISTICS), KNOTS),
}


def save_scorer(
    scorer: SignalScorer, folder: str, *, metrics: Mapping[str, Any], card: str, overwrite: bool = False
) -> SignalScorer:
    """Save a scorer as a folder; the same scorer gives the same bytes.

    Parameters
    ----------
    scorer : SignalScorer
    folder : str
        New or empty, unless `overwrite` and it holds a scorer.
    metrics : mapping
        Figures of its evaluation, for people and programs that read the file.
    card : str
        The model card, in Markdown.
    overwrite : bool
        Replace the scorer that is there.

    Returns
    -------
    SignalScorer
        The scorer as it is loaded again, with its digest.

    Raises
    ------
    SettingsError
        If the folder holds something else.
    """
    from safetensors.numpy import save

    target = Path(folder)
    if target.exists() and any(target.iterdir() if target.is_dir() else [target]):
        if not (overwrite and (target / "scorer.json").exists()):
            raise SettingsError(
                f"A scorer must be saved to a new or empty folder. {folder!r} is not empty. Choose another "
                "--out, or replace the scorer that is there with --overwrite."
            )
        shutil.rmtree(target)
    arrays = {
        "word_weights": scorer.linear.word_weights,
        "character_weights": scorer.linear.character_weights,
        "knots": scorer.linear.knots,
        "knot_values": scorer.linear.knot_values,
        "known_words": scorer.novelty.words,
    }
    files = {"signals.safetensors": save({name: np.ascontiguousarray(a) for name, a in arrays.items()})}
    if scorer.booster is not None:
        files["head.txt"] = scorer.booster.encode()
    values = scorer.score(REFERENCE_TEXTS).value
    description: dict[str, Any] = {
        "format": FORMAT,
        "kind": KIND,
        "domain": scorer.domain,
        "window_rule": WINDOW_RULE,
        "signals_version": SIGNALS_VERSION,
        "bias": scorer.linear.bias,
        "anchors": scorer.calibration.anchors,
        "novelty_bound": scorer.novelty.bound,
        "metrics": metrics,
        "files": {name: hashlib.sha256(content).hexdigest() for name, content in files.items()},
        "references": [
            {"text": text, "score": round(float(value), 6)}
            for text, value in zip(REFERENCE_TEXTS, values, strict=True)
        ],
    }
    description["seal"] = _seal(description)
    target.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (target / name).write_bytes(content)
    (target / "README.md").write_text(card)
    # Last, so that a folder without it is no scorer.
    (target / "scorer.json").write_text(json.dumps(description, indent=1, sort_keys=True) + "\n")
    return load_scorer(folder)


def load_scorer(name: str) -> SignalScorer:
    """Load a shipped scorer by name, or a saved one by folder.

    Parameters
    ----------
    name : str
        ``web``, ``code``, or a folder that `save_scorer` made (``./web`` for one of that name).

    Raises
    ------
    SettingsError
        If there is no such scorer.
    ScorerError
        If it is damaged, of an unknown format or kind, or does not reproduce its reference scores.
    """
    folder = _folder_of(name)
    if not (folder / "scorer.json").is_file():
        raise SettingsError(
            f"A scorer must be {' or '.join(SHIPPED)}, or a folder with a scorer.json. Got {name!r} instead."
        )
    content = (folder / "scorer.json").read_bytes()
    description = _checked_description(content, folder)
    scorer = _build(description, _checked_files(description, folder), folder)
    scorer = replace(scorer, digest=hashlib.sha256(content).hexdigest())
    _check_references(scorer, description, folder)
    return scorer


def _folder_of(name: str) -> Path:
    return MODELS / name if name in SHIPPED else Path(name)


def read_metrics(name: str) -> dict[str, Any]:
    """Return what a scorer's evaluation wrote into its ``scorer.json``; parameters as for `load_scorer`."""
    metrics: dict[str, Any] = json.loads((_folder_of(name) / "scorer.json").read_bytes())["metrics"]
    return metrics


def _checked_description(content: bytes, folder: Path) -> dict[str, Any]:
    try:
        description: dict[str, Any] = json.loads(content)
        needed = {
            "format": FORMAT,
            "kind": KIND,
            "window_rule": WINDOW_RULE,
            "signals_version": SIGNALS_VERSION,
        }
        found = {name: description[name] for name in needed}
        sealed, _ = description["seal"], description["files"].items()
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ScorerError(
            f"{folder / 'scorer.json'} must describe a scorer. It is damaged: {error!r}."
        ) from error
    for name, value in needed.items():
        if found[name] != value:
            raise ScorerError(
                f"{name!r} in {folder / 'scorer.json'} must be {value!r}. Got {found[name]!r} instead. "
                "Use the edufilter that saved it, or train it again."
            )
    if sealed != _seal(description):
        raise ScorerError(f"{folder / 'scorer.json'} must be as it was saved. It is damaged; restore it.")
    return description


def _seal(description: Mapping[str, Any]) -> str:
    """Return the sha256 of a description without its seal.

    The reference texts cannot notice every changed digit: an anchor that none of them comes near, say.
    """
    rest = {name: value for name, value in description.items() if name != "seal"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()


def _checked_files(description: dict[str, Any], folder: Path) -> dict[str, bytes]:
    files = {}
    for name, digest in description["files"].items():
        if name not in ("signals.safetensors", "head.txt"):
            raise ScorerError(f"{folder} must hold no other files than a scorer's. Its list names {name!r}.")
        try:
            files[name] = (folder / name).read_bytes()
        except OSError as error:
            raise ScorerError(f"{folder / name} must be readable. {error}") from error
        if hashlib.sha256(files[name]).hexdigest() != digest:
            raise ScorerError(f"{folder / name} must have the sha256 {digest}. It is damaged; restore it.")
    return files


def _build(description: dict[str, Any], files: dict[str, bytes], folder: Path) -> SignalScorer:
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        arrays = load(files["signals.safetensors"])
        for name, shape in ARRAYS.items():
            _check_array(name, arrays[name], shape)
        anchors = tuple(float(anchor) for anchor in description["anchors"])
        if len(anchors) != POINTS + 1 or not all(np.diff(anchors) > 0):  # NaN does not rise
            raise ScorerError(f"'anchors' must be {POINTS + 1} rising numbers. Got {anchors} instead.")
        booster = files["head.txt"].decode() if "head.txt" in files else None
        trees = parse_trees(booster) if booster else None
        if trees is not None and trees.features != 1 + len(STATISTICS):
            raise ScorerError(f"Trees must see {1 + len(STATISTICS)} features. Got {trees.features} instead.")
        return SignalScorer(
            domain=str(description["domain"]),
            linear=LinearSignals(
                word_weights=arrays["word_weights"],
                character_weights=arrays["character_weights"],
                knots=arrays["knots"],
                knot_values=arrays["knot_values"],
                bias=float(description["bias"]),
            ),
            booster=booster,
            trees=trees,
            calibration=Calibration(anchors),
            novelty=Novelty(words=_known_words(arrays), bound=float(description["novelty_bound"])),
        )
    except (KeyError, ValueError, TypeError, SafetensorError) as error:
        raise ScorerError(f"{folder} must hold a whole scorer. {error}") from error


def _check_array(name: str, array: NDArray[Any], shape: tuple[int, ...] | None) -> None:
    fits = array.shape == shape if shape else array.shape in ((CELLS,), (0,))
    if array.dtype != np.float32 or not fits:
        raise ScorerError(
            f"{name!r} must be float32 of shape {shape}. Got {array.dtype} {array.shape} instead."
        )


def _known_words(arrays: Mapping[str, NDArray[Any]]) -> NDArray[np.uint32]:
    words = arrays["known_words"]
    if words.dtype != np.uint32 or words.ndim != 1 or np.any(words[1:] <= words[:-1]):
        raise ScorerError(f"'known_words' must be rising uint32. Got {words.dtype} {words.shape} instead.")
    return words


def _check_references(scorer: SignalScorer, description: dict[str, Any], folder: Path) -> None:
    try:
        references = [(str(one["text"]), float(one["score"])) for one in description["references"]]
    except (KeyError, TypeError, ValueError):
        references = []
    if not references:
        raise ScorerError(f"{folder / 'scorer.json'} must have reference texts with scores. Found none.")
    found = scorer.score([text for text, _ in references]).value
    wanted = np.array([score for _, score in references], dtype=np.float32)
    worst = float(np.max(np.abs(found - wanted)))
    if not worst <= TOLERANCE_POINTS:
        raise ScorerError(
            f"{folder} must give its reference texts their scores within {TOLERANCE_POINTS} points. "
            f"It differs by {worst:.4f}: this machine or version computes other signals."
        )
