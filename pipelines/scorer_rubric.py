"""The rubric that a scorer was trained by: its folder holds it, so that it is at hand where people score."""

import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from annotations.asking.rubric import Rubric, load_rubric
from filtering.errors import EdufilterError
from filtering.scoring.scorer_files import read_metrics
from filtering.scoring.settings import SHIPPED

TRAINED_BY = "rubric"
"""Names it among the metrics of a scorer."""


def stored_rubric(rubric: Rubric | None) -> dict[str, Any]:
    """Return what the metrics of a scorer say of its rubric; nothing where none is known.

    Examples
    --------
    >>> stored_rubric(load_rubric("web"))["rubric"]["name"]
    'web'
    """
    return {} if rubric is None else {TRAINED_BY: rubric.model_dump(mode="json")}


def rubric_of_scorer(scorer: str) -> Rubric | None:
    """Return the rubric that a scorer was trained by.

    Parameters
    ----------
    scorer : str
        Name or folder.

    Returns
    -------
    Rubric, optional
        None where the scorer stores none, cannot be read here, or has been moved.

    Examples
    --------
    >>> rubric_of_scorer("code").name, rubric_of_scorer("nowhere")
    ('code', None)
    """
    if scorer in SHIPPED:
        return load_rubric(scorer)
    metrics: Mapping[str, Any] = {}
    with suppress(EdufilterError):
        metrics = read_metrics(scorer)
    with suppress(ValueError):  # what a stranger wrote there
        return Rubric.model_validate_json(json.dumps(metrics.get(TRAINED_BY)))
    return None
