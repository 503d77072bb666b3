"""Judges a folder of labels: how far its raters agree, with each other and with people."""

import shlex
from collections.abc import Sequence
from math import ceil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from annotations.labels.agreement import Agreement, consensus, judge_agreement
from annotations.labels.columns import DIGEST
from annotations.labels.label_digest import labels_digest
from annotations.labels.label_rubric import digests_of, refuse_several
from annotations.labels.labels import read_labels
from annotations.labels.ratings import rating_matrix
from annotations.labels.sources import read_table, schema_of
from filtering.errors import LabelsError, SettingsError
from filtering.printable import listed, printable
from filtering.scoring.scorer_files import naming, read_metrics
from pipelines.labels.importing import scores_of
from pipelines.labels.label_folder import RATINGS_FILE

WIDE_INTERVAL = 0.10
LOW_CEILING = 0.80
SMALL_GAP = 0.05
FEW_LABELS = 5_000
DOUBLING = "0.015 to 0.03"
"""What twice the labels bring of rho (learning curves in docs/explanation.md)."""


def agreement_of_labels(
    labels: str, *, human: str | None = None, scorer: str | None = None
) -> tuple[Agreement, str]:
    """Return how far raters agree, and a sentence that says what to do next.

    Parameters
    ----------
    labels : str
        Folder that `annotate_sample` or `import_labels` wrote.
    human : str, optional
        CSV or Parquet file with the columns ``id`` and ``score``: scores by people, as one more rater. Rows
        without a score are passed over. Scores that were imported into the folder before are no other rater.
    scorer : str, optional
        A scorer that was trained on these labels: its nested rank correlation is compared.

    Raises
    ------
    LabelsError
        If there are no ratings, fewer than two raters, too few documents with two ratings, or ratings by
        several rubrics.
    SettingsError
        If the scorer was trained on others.
    """
    path = Path(labels, RATINGS_FILE)
    if not path.is_file():
        what = f"It has no {RATINGS_FILE}" if path.parent.is_dir() else "There is no such folder"
        raise LabelsError(f"LABELS must be a folder that annotate wrote. Got '{printable(labels)}'. {what}.")
    with open(path, "rb") as file:
        ratings = pq.read_table(file)
    keys, raters, matrix = rating_matrix(ratings)
    windows = ratings["window_sha256"].to_pylist()
    group_of = dict(zip(windows, ratings["group"].to_pylist(), strict=True))
    # A rater without a single score is none.
    rated = np.flatnonzero((~np.isnan(matrix)).any(axis=0))
    raters, matrix = [raters[at] for at in rated], matrix[:, rated]
    model_of = dict(zip(ratings["rater"].to_pylist(), _models(ratings), strict=True))
    models = [model_of[name] for name in raters]
    if human is not None or len(set(models)) > 1:
        # Readings of one model share its errors: among other raters they are one.
        raters, matrix = _one_reading_each(raters, models, matrix)
    note = ""
    if human is not None:
        scores, digests = _read_human(human)
        refuse_several(digests | digests_of(ratings), f"{labels} and {human}")
        id_of = dict(zip(windows, ratings["id"].to_pylist(), strict=True))
        column = np.array([scores.get(id_of[key], np.nan) for key in keys])
        if np.isnan(column).all():
            raise LabelsError(f"Ids in {human} must be those of {labels}. None of {len(scores):,} is.")
        met = int((~np.isnan(column)).sum())
        if own := _whose(column, raters, matrix, ratings):
            note = (
                f"The scores in {printable(human)} are those that {labels} has of {printable(own)} already: "
                "they count once. "
            )
        else:
            raters, matrix = [*raters, Path(human).name], np.column_stack([matrix, column])
        if met < len(scores):
            note += f"Of {len(scores):,} scores in {human}, {met:,} are of documents of {labels}. "
    if len(raters) == 1:
        is_imported = set(ratings["status"].to_pylist()) == {"imported"}
        raise LabelsError(note + _one_rater(raters[0], labels, scorer, is_imported=is_imported))
    found = judge_agreement(matrix, raters, [group_of[key] for key in keys])
    labelled = int((~np.isnan(matrix)).any(axis=1).sum())
    rho = _nested_rho(scorer, labels) if scorer else None
    return found, note + advice(found, scorer_rho=rho, labels=labelled)


def advice(agreement: Agreement, *, scorer_rho: float | None, labels: int) -> str:
    """Say what to do next: more labels, another rater or a clearer rubric, or a better scorer.

    The first rule that holds gives the answer:

    1. No ceiling of rho is defined: rate documents that differ.
    2. Its interval is wider than `WIDE_INTERVAL` and reaches `LOW_CEILING`: rate more documents twice.
    3. It is below `LOW_CEILING`: the raters' noise is the limit; another rater, or a clearer rubric.
    4. There is no scorer: noise is not the limit up to the ceiling.
    5. The scorer is less than `SMALL_GAP` below it: another rater.
    6. There are fewer than `FEW_LABELS` labels: more labels.
    7. Else a better scorer.

    Parameters
    ----------
    agreement : Agreement
    scorer_rho : float or None
        Nested rank correlation of a scorer with one rater's labels.
    labels : int
        Documents that the scorer was fitted to.
    """
    ceiling = agreement.rho_ceiling
    if not np.isfinite(ceiling.value):
        return (
            "No noise ceiling is defined, since of each two raters one gave the same points to all: "
            "rate documents that differ more."
        )
    width = ceiling.high - ceiling.low
    if width > WIDE_INTERVAL and ceiling.high >= LOW_CEILING:
        needed = 10 * ceil(agreement.documents * (width / WIDE_INTERVAL) ** 2 / 10)
        return (
            f"Rate more documents twice: {agreement.documents:,} leave the noise ceiling of rho at "
            f"{ceiling}; about {needed:,} in all would narrow it to {WIDE_INTERVAL:.2f}."
        )
    if ceiling.value < LOW_CEILING:
        return (
            f"The raters' noise is the limit: no scorer gets beyond a rho of {ceiling} against one rater. "
            "Take the median of three raters, or make the rubric clearer."
        )
    if scorer_rho is None:
        return (
            f"The raters' noise is not the limit up to a rho of {ceiling}; "
            "`--scorer` tells whether more labels or a better scorer is next."
        )
    scorer, gap = f"The scorer's rho of {scorer_rho:.3f} is", ceiling.value - scorer_rho
    if gap < SMALL_GAP:
        return f"{scorer} at the noise ceiling of {ceiling}: another rater, for the median of three."
    below = f"{scorer} {gap:.3f} below the noise ceiling of {ceiling}"
    if labels < FEW_LABELS:
        return f"{below}: more labels than {labels:,}; each doubling brings about {DOUBLING} of rho."
    return f"{below}, with {labels:,} labels: a better scorer (train --embedder, say)."


def _one_rater(rater: str, labels: str, scorer: str | None, *, is_imported: bool) -> str:
    """Say that there is one rater alone, and what can be done about it with these labels."""
    out = shlex.quote(labels)
    another = (
        f"Import the scores of another person (edufilter annotate --import FILE --rater NAME --out {out})"
        if is_imported
        else f"Ask another model (edufilter annotate SAMPLE --model MODEL --out {out}), or the same one "
        "twice (--repeat 2)"
    )
    said = (
        f"Agreement needs at least two raters. {labels} has ratings of {printable(rater)} alone. {another}, "
        "or give a file of scores by people (--human)."
    )
    curve = ["edufilter", "evaluate", scorer or "SCORER", labels, "--learning-curve", "curve.svg"]
    return f"{said} Whether more labels would help a scorer, one rater shows too: {shlex.join(curve)}"


def _models(ratings: pa.Table) -> list[tuple[str, str]]:
    return list(zip(ratings["model"].to_pylist(), ratings["parameters"].to_pylist(), strict=True))


def _one_reading_each(
    raters: Sequence[str], models: Sequence[tuple[str, str]], matrix: NDArray[np.float64]
) -> tuple[list[str], NDArray[np.float64]]:
    """Return the median of each model's readings, under the name of the first."""
    columns = {model: [at for at, one in enumerate(models) if one == model] for model in models}
    medians = [consensus(matrix[:, at])[0] for at in columns.values()]
    return [raters[at[0]] for at in columns.values()], np.column_stack(medians)


def _whose(
    column: NDArray[np.float64], raters: Sequence[str], matrix: NDArray[np.float64], ratings: pa.Table
) -> str:
    """Return the rater whose imported scores are these, too; empty where there is none."""
    given = ~np.isnan(column)
    names, statuses = ratings["rater"].to_pylist(), ratings["status"].to_pylist()
    imported = {name for name, status in zip(names, statuses, strict=True) if status == "imported"}
    same = (matrix[given] == column[given, None]).all(axis=0)
    return next(
        (name for name, is_same in zip(raters, same, strict=True) if is_same and name in imported), ""
    )


def _nested_rho(scorer: str, labels: str) -> float:
    metrics = read_metrics(scorer)
    if metrics.get("labels_sha256") != labels_digest(read_labels(labels)):
        raise SettingsError(
            f"The scorer must be trained on the labels that {labels} holds now. {scorer} was fitted to "
            "others: train one on these, and name it."
        )
    with naming(scorer):
        nested = metrics["nested"]
        return float(nested["full" if "full" in nested else "fast"]["metrics"]["rho"]["value"])


def _read_human(human: str) -> tuple[dict[str, float], set[str]]:
    """Return scores by id, without rows that nobody filled in, and the digests of their rubrics."""
    table, name = read_table(human, ("id", "score", DIGEST), strings=("id",))
    if not {"id", "score"} <= set(table.column_names):
        raise LabelsError(
            f"{name} must have the columns id and score. Found {listed(schema_of(human).names) or 'none'}."
        )
    scores: dict[str, float] = {}
    ids = table["id"].cast(pa.string()).to_pylist()
    for key, score in zip(ids, scores_of(table, "score", name), strict=True):
        if score is not None and scores.setdefault(key, score) != score:
            raise LabelsError(f"Each id in {name} must have one score. {key!r} has several.")
    return scores, digests_of(table)
