"""Saved scorers: a folder of JSON, arrays and text; nothing in it is ever run as code.

::

    scorer.json       format, kind, rules, calibration, metrics, digests of the files below, references
    signals.safetensors   weights, knots, and what is needed to tell unlike documents
    embedding.safetensors   the head over embeddings, where there is one; the embedder itself is only named
    pairs.safetensors   fast and full scores of some documents, by which a cascade finds its exits
    nested.safetensors   nested points of the labelled documents, by which the scorer is judged on them
    README.md         the model card, for people

`load_scorer` refuses unknown formats and kinds, wrong digests, and a scorer that does not give its
reference texts the scores it gave when it was saved. A scorer may be a stranger's: docs/security.md says what
is promised of one.
"""

import hashlib
import json
import re
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, overload

import numpy as np
from numpy.typing import NDArray

from filtering.checked_arrays import Wanted, checked_arrays
from filtering.embedding.settings import DEFAULT_EMBEDDER, Placement
from filtering.errors import MissingExtraError, ScorerError, SettingsError
from filtering.rubric_points import POINTS
from filtering.scoring.calibration import Calibration, check_anchors
from filtering.scoring.cascade import AnyScorer, CascadeScorer, signals_of, with_warnings
from filtering.scoring.cascade_exits import PairedScores, find_exits
from filtering.scoring.nested_points import NestedPoints, check_nested
from filtering.scoring.novelty import Novelty
from filtering.scoring.scorer_files import (
    CARD,
    EMBEDDING_KIND,
    FORMAT,
    SIGNALS_KIND,
    arrays_of,
    checked_files,
    naming,
    read_description,
    seal_of,
)
from filtering.scoring.scorers import EmbeddingScorer, EmbeddingStage, SignalScorer
from filtering.scoring.settings import EFFORTS, Effort, ExitSettings
from filtering.scoring.stored_stage import TREES, build_stage, describe_stage, stage_arrays
from filtering.signals.linear import build_linear
from filtering.signals.read_signals import SIGNALS_VERSION
from filtering.signals.trees import check_trees
from filtering.text.windows import REACH, WINDOW

PAIRS: Wanted = {
    "fast": (np.float32, ("documents",)),
    "full": (np.float32, ("documents",)),
    "groups": (np.int32, ("documents",)),
}
LANGUAGE_NAME = re.compile(r"[\w+#./() '-]{1,40}", re.ASCII)
"""Name of a language, human or of code: ``zh-Hant``, ``Objective-C++``. A stranger's scorer may have any."""
TOLERANCE_POINTS: Mapping[str, float] = {"fast": 1e-3, "full": 0.05}
"""Scores of reference texts may differ by this much between processors: embeddings are of bf16 on some."""

ANYWHERE = Placement()
AS_PROMISED = ExitSettings()

REFERENCE_TEXTS = (
    "Photosynthesis is how plants make food from light. Water enters through the roots, carbon dioxide "
    "through the leaves. For example, a leaf in the shade makes less sugar because it catches less light.",
    "Home | Products | Contact | Login\nBuy 2, get 1 free! Free shipping on orders over $50. Subscribe now!",
    'def gcd(a, b):\n    """Return the greatest common divisor.\n\n    >>> gcd(12, 18)\n    6\n    """\n'
    "    while b:\n        a, b = b, a % b\n    return a\n",
    "package com.acme.web;\n\nimport java.util.List;\n\npublic class Config {\n    private String url;\n}\n",
    "Über Straßen, naïve café, 東京 and Ω: a line beyond ASCII.",
)


def save_scorer(
    scorer: SignalScorer | EmbeddingScorer,
    folder: str,
    *,
    metrics: Mapping[str, Any],
    card: str,
    nested: NestedPoints | None = None,
    overwrite: bool = False,
) -> SignalScorer | EmbeddingScorer:
    """Save a scorer as a folder; the same scorer gives the same bytes.

    Parameters
    ----------
    scorer : SignalScorer or EmbeddingScorer
        The latter with both of its stages.
    folder : str
        New or empty, unless `overwrite` and it holds a scorer.
    metrics : mapping
        Figures of its evaluation, for people and programs that read the file.
    card : str
        The model card, in Markdown.
    nested : NestedPoints, optional
        Of the documents that it was fitted to.
    overwrite : bool
        Replace the scorer that is there.

    Returns
    -------
    SignalScorer or EmbeddingScorer
        The scorer with its digest, as `load_scorer` returns it.

    Raises
    ------
    SettingsError
        If the folder holds something else.
    """
    from safetensors.numpy import save

    refuse_taken_folder(folder, overwrite=overwrite)
    target = Path(folder)
    signals = signals_of(scorer)
    arrays = {**signals.linear.arrays(), "known_words": signals.novelty.words}
    if signals.trees is not None:
        arrays |= {f"{TREES}{name}": array for name, array in signals.trees.arrays().items()}
    files = {"signals.safetensors": save({name: np.ascontiguousarray(a) for name, a in arrays.items()})}
    references: list[dict[str, Any]] = [{"text": text} for text in REFERENCE_TEXTS]
    _note_scores(references, "fast", signals)
    stage = paired = None
    if isinstance(scorer, EmbeddingScorer):
        files["embedding.safetensors"] = save(stage_arrays(scorer.stage))
        stage = describe_stage(scorer.stage)
        _note_scores(references, "full", scorer)
        paired = scorer.paired
        if paired is not None:
            files["pairs.safetensors"] = save({name: getattr(paired, name) for name in PAIRS})
    if nested is not None:
        files["nested.safetensors"] = save(nested.arrays())
    description: dict[str, Any] = {
        "format": FORMAT,
        "kind": EMBEDDING_KIND if stage else SIGNALS_KIND,
        "domain": signals.domain,
        "window_rule": WINDOW.name,
        "reach_rule": REACH.name,
        "signals_version": SIGNALS_VERSION,
        "bias": signals.linear.bias,
        "anchors": signals.calibration.anchors,
        "novelty_bound": signals.novelty.bound,
        "languages": dict(signals.languages),
        "embedding": stage,
        "pairs_held_out": paired.held_out if paired else None,
        "metrics": metrics,
        "files": {name: hashlib.sha256(content).hexdigest() for name, content in files.items()},
        "references": references,
    }
    description["seal"] = seal_of(description)
    text = json.dumps(description, indent=1, sort_keys=True, allow_nan=False) + "\n"
    # Only now that nothing is left to compute: what fails before leaves the scorer that was there.
    if target.exists():
        shutil.rmtree(target)
    target.mkdir(parents=True)
    for name, content in files.items():
        (target / name).write_bytes(content)
    (target / CARD).write_text(card)
    # Last, so that a folder without it is no scorer.
    (target / "scorer.json").write_text(text)
    saved = load_scorer(folder)
    if not isinstance(scorer, EmbeddingScorer):
        return saved
    both = replace(scorer, signals=saved, stage=_build_stage(description, files, target), digest=saved.digest)
    _check_references(both, description, target, "full")
    return both


def refuse_taken_folder(folder: str, *, overwrite: bool) -> None:
    """Refuse a folder that a scorer may not be saved to: before one is fitted, too.

    Raises
    ------
    SettingsError
        If it holds something else than a scorer that may be replaced.
    """
    target = Path(folder)
    taken = target.exists() and (not target.is_dir() or any(target.iterdir()))
    if taken and not (overwrite and (target / "scorer.json").exists()):
        raise SettingsError(
            f"A scorer must be saved to a new or empty folder. {folder!r} is not. "
            "Choose another --out, or replace the scorer that is there with --overwrite."
        )


def _note_scores(
    references: list[dict[str, Any]], effort: Effort, scorer: SignalScorer | EmbeddingScorer
) -> None:
    for reference, value in zip(references, scorer.score(REFERENCE_TEXTS).value, strict=True):
        reference[effort] = round(float(value), 6)


@overload
def load_scorer(
    name: str, *, effort: Literal["fast"] = "fast", placement: Placement = ..., exits: ExitSettings = ...
) -> SignalScorer: ...


@overload
def load_scorer(
    name: str, *, effort: Literal["fast", "full"], placement: Placement = ..., exits: ExitSettings = ...
) -> SignalScorer | EmbeddingScorer: ...


@overload
def load_scorer(
    name: str, *, effort: Effort, placement: Placement = ..., exits: ExitSettings = ...
) -> AnyScorer: ...


def load_scorer(
    name: str,
    *,
    effort: Effort = "fast",
    placement: Placement = ANYWHERE,
    exits: ExitSettings = AS_PROMISED,
) -> AnyScorer:
    """Load a shipped scorer by name, or a saved one by folder or by its address on the hub.

    It warns once, by `UnknownTextsWarning`, of texts in languages for which it has few labels.

    Parameters
    ----------
    name : str
        ``web``, ``code``, a folder that `save_scorer` made (``./web`` for one of that name), or
        ``hf://OWNER/NAME`` for one on the hub, with ``@REVISION`` behind it for one of its revisions.
    effort : {"fast", "balanced", "full"}
        Which stages score: ``fast`` is signals alone and needs no torch; the others load the embedder.
    placement : Placement
        Where the embedder lies and runs.
    exits : ExitSettings
        Between which fast scores effort ``balanced`` embeds.

    Raises
    ------
    SettingsError
        If there is no such scorer or effort, or it has not what `effort` and `exits` ask for.
    MissingExtraError
        If `effort` asks for embeddings and the ``embed`` extra is not installed.
    ScorerError
        If it is damaged, of an unknown format or kind, or does not reproduce its reference scores.
    """
    if effort not in EFFORTS:
        raise SettingsError(f"'effort' must be {', '.join(EFFORTS[:-1])} or {EFFORTS[-1]}. Got {effort!r}.")
    folder, description, files, signals = _read_scorer(name)
    if effort == "fast":
        _check_references(signals, description, folder, effort)
        return replace(signals, warns=True)
    if description.get("embedding") is None:
        raise SettingsError(
            f"A scorer must have been trained with an embedder for --effort {effort}. {name!r} was not. Use "
            f"--effort fast, or train it again with --embedder {DEFAULT_EMBEDDER}."
        )
    from filtering.embedding.sentence_transformer import SentenceTransformerEmbedder

    stage, paired = _build_stage(description, files, folder), _build_pairs(description, files, folder)
    if effort == "balanced" and paired is None:
        raise SettingsError(
            f"A scorer must hold pairs of fast and full scores for effort balanced, as the commands train "
            f"and distill save them. {name!r} was saved without. Use effort fast or full, or make it again "
            "by one of these commands."
        )
    cascade = find_exits(paired, exits) if effort == "balanced" and paired is not None else None
    try:
        embedder = SentenceTransformerEmbedder(stage.embedder, placement)
    except MissingExtraError as error:
        raise MissingExtraError(f"{error}; or go without embeddings: --effort fast") from error
    scorer = EmbeddingScorer(signals, stage, embedder, signals.digest, paired)
    _check_references(scorer, description, folder, "full")
    return with_warnings(
        scorer if cascade is None else CascadeScorer(scorer, cascade, signals.digest), warns=True
    )


def read_scorer(name: str) -> tuple[SignalScorer, PairedScores | None]:
    """Read the first stage of a scorer, and what its exits are found on; neither is tried on references.

    So nothing is compiled, and no embedder is needed.

    Parameters
    ----------
    name : str
        As for `load_scorer`.

    Raises
    ------
    SettingsError, ScorerError
        As `load_scorer`.
    """
    folder, description, files, signals = _read_scorer(name)
    return signals, _build_pairs(description, files, folder)


def _read_scorer(name: str) -> tuple[Path, dict[str, Any], dict[str, bytes], SignalScorer]:
    folder, content, description = read_description(name)
    files = checked_files(description, folder)
    digest = hashlib.sha256(content).hexdigest()
    return folder, description, files, replace(_build(description, files, folder), digest=digest)


def read_nested(name: str) -> NestedPoints | None:
    """Return the nested points that are saved with a scorer; None where there are none.

    Parameters
    ----------
    name : str
        As for `load_scorer`.

    Raises
    ------
    SettingsError, ScorerError
        As `load_scorer`.
    """
    folder, _, description = read_description(name)
    files = checked_files(description, folder)
    if "nested.safetensors" not in files:
        return None
    with naming(folder):
        return check_nested(arrays_of(files["nested.safetensors"]))


def _build(description: dict[str, Any], files: dict[str, bytes], folder: Path) -> SignalScorer:
    with naming(folder):
        arrays = arrays_of(files["signals.safetensors"])
        return SignalScorer(
            domain=str(description["domain"]),
            linear=build_linear(arrays, float(description["bias"])),
            trees=check_trees(arrays, prefix=TREES) if f"{TREES}roots" in arrays else None,
            calibration=Calibration(check_anchors(description["anchors"])),
            novelty=Novelty(words=_known_words(arrays), bound=float(description["novelty_bound"])),
            languages=_languages(description.get("languages", {})),  # earlier scorers do not say
        )


def _languages(counts: Mapping[str, Any]) -> dict[str, int]:
    """Return labels by language, most first."""
    found = {
        name: count for name, count in counts.items() if LANGUAGE_NAME.fullmatch(name) and type(count) is int
    }
    if found.keys() != counts.keys() or not all(count > 0 for count in found.values()):
        raise ScorerError("'languages' must be numbers of labels by name of a language. They are not.")
    return dict(sorted(found.items(), key=lambda one: (-one[1], one[0])))


def _build_stage(description: dict[str, Any], files: dict[str, bytes], folder: Path) -> EmbeddingStage:
    with naming(folder):
        return build_stage(description["embedding"], arrays_of(files["embedding.safetensors"]))


def _build_pairs(description: dict[str, Any], files: dict[str, bytes], folder: Path) -> PairedScores | None:
    if "pairs.safetensors" not in files:
        return None
    with naming(folder):
        arrays = checked_arrays(arrays_of(files["pairs.safetensors"]), PAIRS)
        points = np.concatenate([arrays["fast"], arrays["full"]])
        if not ((points >= 0) & (points <= POINTS)).all():
            raise ScorerError("Pairs must be two scores in [0, 5] for each document.")
        return PairedScores(**arrays, held_out=bool(description["pairs_held_out"]))


def _known_words(arrays: Mapping[str, NDArray[Any]]) -> NDArray[np.uint32]:
    words = checked_arrays(arrays, {"known_words": (np.uint32, ("words",))})["known_words"]
    if np.any(words[1:] <= words[:-1]):
        raise ScorerError("'known_words' must rise. They do not.")
    return words


def _check_references(
    scorer: SignalScorer | EmbeddingScorer, description: dict[str, Any], folder: Path, effort: Effort
) -> None:
    try:
        references = [(str(one["text"]), float(one[effort])) for one in description["references"]]
    except (KeyError, TypeError, ValueError, OverflowError):
        references = []
    if not references:
        raise ScorerError(f"{folder / 'scorer.json'} must have reference texts with scores. Found none.")
    with naming(folder):  # a head of another width than the embedder's, say
        found = scorer.score([text for text, _ in references]).value
    wanted = np.array([score for _, score in references])
    worst = float(np.max(np.abs(found.astype(np.float64) - wanted)))
    if not worst <= TOLERANCE_POINTS[effort]:
        raise ScorerError(
            f"{folder} must give its reference texts their scores within {TOLERANCE_POINTS[effort]} points. "
            f"It differs by {worst:.4f}: this machine or version computes other signals or embeddings."
        )
