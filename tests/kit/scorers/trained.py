"""A trained scorer that test processes share: its folder, and what was measured, which lies beside it."""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pydantic import TypeAdapter
from pydantic_core import to_jsonable_python

from filtering import load_scorer
from filtering.embedding.settings import Placement
from filtering.scoring.scorer_files import read_metrics
from filtering.scoring.scorers import EmbeddingScorer, SignalScorer
from pipelines.scorers.audit_points import ScorerAudit
from pipelines.scorers.evaluation import Evaluation
from pipelines.scorers.train import TrainResult

MEASURED = TypeAdapter(tuple[tuple[Evaluation, ...], ScorerAudit, int])


@dataclass(frozen=True)
class Trained:
    """What a `TrainResult` holds, of which no more is loaded than a test looks at."""

    out: str
    evaluations: tuple[Evaluation, ...]
    audit: ScorerAudit
    cut_texts: int

    @property
    def metrics(self):
        return read_metrics(self.out)

    @cached_property
    def scorer(self) -> SignalScorer | EmbeddingScorer:
        """All of its stages."""
        effort = self.evaluations[-1].effort
        return load_scorer(self.out, effort=effort, placement=Placement(device="cpu"))


def save_trained(result: TrainResult) -> None:
    """Write what was measured of a scorer, to the last bit, beside its folder."""
    measured = to_jsonable_python((result.evaluations, result.audit, result.cut_texts))
    Path(f"{result.out}.json").write_text(json.dumps(measured))


def read_trained(out: Path) -> Trained:
    """Return a scorer of which that was written."""
    return Trained(str(out), *MEASURED.validate_python(json.loads(Path(f"{out}.json").read_text())))
