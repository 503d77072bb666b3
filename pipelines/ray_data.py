"""The scorer as a step of Ray Data, for pipelines that live there already.

What `filter` promises is not promised there: Ray Data names and cuts its own output files, and a run that
is begun again writes rows twice (docs/cluster.md).
"""

import pyarrow as pa

from filtering.embedders import Placement
from filtering.scorers import Effort
from pipelines.scorers import open_scorer


class ScoreBatches:
    """Adds scores to the batches of a Ray data set; for ``map_batches(..., batch_format="pyarrow")``.

    Parameters
    ----------
    scorer : str
        As in `FilterConfig`.
    effort : {"fast", "balanced", "full"}
        As in `FilterConfig`.
    device : str
        As in `FilterConfig`.
    text_column : str
        Column of the text.
    score_column : str
        Name of the column of scores; ``<name less _score>_reason`` goes with it.

    Examples
    --------
    >>> score = ScoreBatches("web")
    >>> score(pa.table({"text": ["", "A prime has two divisors."]})).column_names
    ['text', 'edu_score', 'edu_reason']
    """

    def __init__(
        self,
        scorer: str = "web",
        *,
        effort: Effort = "fast",
        device: str = "auto",
        text_column: str = "text",
        score_column: str = "edu_score",
    ) -> None:
        opened = open_scorer(scorer, effort, Placement(device=device))
        self._score = opened.as_map(text_column=text_column, score_column=score_column)

    def __call__(self, batch: pa.Table) -> pa.Table:
        """Return the batch with its scores."""
        return self._score(batch)
