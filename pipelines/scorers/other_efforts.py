"""Judges a scorer at the efforts that nobody asked for, where that embeds nothing."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pyarrow as pa

from filtering.scoring.scorer_files import read_metrics
from filtering.scoring.settings import Effort
from filtering.scoring.storage import read_nested
from filtering.text.arrow import text_bytes
from pipelines.scorer_addresses import open_signals
from pipelines.scorers.evaluation import Evaluation, JudgedPoints

BOTH: tuple[Effort, ...] = ("fast", "full")


def has_two_efforts(scorer: str) -> bool:
    """Tell whether a saved scorer was fitted to labels with an embedding and without."""
    return "heads" in read_metrics(scorer)


def at_other_efforts(scorer: str, judged: JudgedPoints) -> list[Evaluation]:
    """Judge a scorer of two efforts at those that it was not judged at, on the same documents.

    Parameters
    ----------
    scorer : str
        Name or folder.
    judged : JudgedPoints
        What it gives at one effort.

    Returns
    -------
    list of Evaluation
        Without that of effort ``full`` where its points of a document are not stored with the scorer.
    """
    return [one.judge() for one in _others(scorer, judged)] if has_two_efforts(scorer) else []


def _others(scorer: str, judged: JudgedPoints) -> Iterator[JudgedPoints]:
    texts, nested = judged.labels.texts.take(pa.array(judged.rows)), read_nested(scorer)
    for effort in BOTH:
        if effort == judged.effort:
            continue
        points = np.full(len(texts), np.nan)
        if nested is not None and (effort == "fast" or nested.full is not None):
            points = nested.points_of([text or b"" for text in text_bytes(texts)], full=effort == "full")
        if (unknown := np.isnan(points)).any():
            if effort == "full":  # which takes an embedder, and minutes
                continue
            points[unknown] = open_signals(scorer).score(texts.filter(pa.array(unknown))).value
        yield replace(judged, points=points, effort=effort)
