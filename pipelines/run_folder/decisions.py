"""What a finished run decided of each document, read from what it stored.

A document that reaches the cut may be left out all the same: as one in a language that the scorer does not
know, or as one that holds a task of a benchmark. So may some of those with the very score of the cut.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from filtering.leaks.hits import LEAK
from filtering.printable import printable
from filtering.text.arrow import REASONS
from pipelines.dump.parts import Part
from pipelines.names import lookup_below
from pipelines.run_folder.choices import times_of
from pipelines.run_folder.folder import RunFolder
from pipelines.run_folder.leak_files import HITS_SCHEMA, read_hits
from pipelines.run_folder.plan import Plan
from pipelines.run_folder.stored_scores import OF_EACH, UNSURE, read_scores


@dataclass(frozen=True)
class Decisions:
    """What a run decided of the n rows of a part.

    Parameters
    ----------
    value : float32 array, shape (n,)
        Rubric points, NaN where a document has none; 0 where nothing is scored.
    stage : uint8 array, shape (n,)
        Places in `filtering.scoring.scores.STAGES`.
    reason : uint8 array, shape (n,)
        Places in `filtering.text.arrow.REASONS`: why a row has no score.
    unsure : uint8 array, shape (n,)
        Codes of ``edu_unsure``, as in `stored_scores`.
    reached, kept : bool array, shape (n,)
        Rows whose score reaches the cut, and rows that are kept.
    barred : bool array, shape (n,)
        Rows of which nothing is kept, whole or in part, whatever their points.
    hits : pa.Table
        Of benchmarks, in `leak_files.HITS_SCHEMA`: rows of them are counted in the file.
    first_row : int
        Row of the file that the part begins with.
    drops_unsure : bool
        Whether documents that the scorer does not know are left out.
    keep_at : float
        Rubric points from which rows reach the cut.
    chosen : bool
        Whether more than the score decided: then none was chosen that has fewer points, and not all that have
        as many.
    """

    value: NDArray[np.float32]
    stage: NDArray[np.uint8]
    reason: NDArray[np.uint8]
    unsure: NDArray[np.uint8]
    reached: NDArray[np.bool_]
    kept: NDArray[np.bool_]
    barred: NDArray[np.bool_]
    hits: pa.Table
    first_row: int
    drops_unsure: bool
    keep_at: float
    chosen: bool

    @property
    def scored(self) -> NDArray[np.bool_]:
        """Which rows have a score."""
        return ~np.isnan(self.value)

    @property
    def left_out(self) -> NDArray[np.bool_]:
        """Rows that reach the cut and are left out all the same."""
        return self.reached & ~self.kept

    def hits_of(self, row: int) -> Sequence[Mapping[str, Any]]:
        """Return the hits of benchmarks in a row: leaks first, each kind by its strength."""
        found = self.hits.filter(pc.equal(self.hits["row"], self.first_row + row)).to_pylist()
        return sorted(found, key=lambda hit: (hit["verdict"] != LEAK, -hit["strength"]))

    def leaked_tasks(self, row: int) -> list[str]:
        """Return the ids of the tasks that leaked into a row, each once."""
        return list(dict.fromkeys(hit["task"] for hit in self.hits_of(row) if hit["verdict"] == LEAK))

    def why_barred(self, row: int) -> str:
        """Return why nothing of a row is kept, whatever its points; empty where its points decide."""
        if not self.barred[row]:
            return ""
        if self.drops_unsure and self.unsure[row] == UNSURE:
            return "unsure, dropped by --unsure drop"
        return f"holds {printable(', '.join(self.leaked_tasks(row)))} (leak)"

    def why_not_kept(self, row: int) -> str:
        """Return why a row is not kept, where its score is not what says so; else nothing."""
        if self.kept[row]:
            return ""
        if self.reason[row]:
            return f"no score: {REASONS[self.reason[row]]}"
        if self.reached[row]:
            return self.why_barred(row)
        if self.chosen and self.value[row] >= np.float32(self.keep_at):
            return "others were chosen: more than one cut decided in this run, and not that of all documents"
        if self.value[row] == np.float32(self.keep_at):
            return "others have the same score, and the first of them alone were taken"
        return ""


@dataclass(frozen=True)
class RunDecisions:
    """What a finished run decided.

    Parameters
    ----------
    folder : RunFolder
    plan : Plan
    holder : RunFolder
        That holds the scores: another one where the run is a new cut.
    """

    folder: RunFolder
    plan: Plan
    holder: RunFolder

    @cached_property
    def _has_hits(self) -> Callable[[str], bool]:
        return lookup_below(self.folder.hits)

    def of_part(self, part: Part, scorer: str | None = None) -> Decisions:
        """Return what was decided of the rows of a part, whose scores must be stored where there are any.

        Parameters
        ----------
        part : Part
        scorer : str, optional
            Of several the one whose points are told; what was decided with them if not given.
        """
        facts = self.plan.facts
        nothing = np.zeros(part.rows, np.uint8)
        value, stage, reason, unsure = np.zeros(part.rows, np.float32), nothing, nothing, nothing
        drops_unsure = facts.unsure == "drop"
        if facts.scores:
            value, stage, reason, unsure = read_scores(
                self.holder, part, *OF_EACH, "edu_unsure", combine=facts.combine
            )
            if drops_unsure and self.holder is not self.folder:  # a new cut says itself what it drops so
                (unsure,) = read_scores(self.folder, part, "edu_unsure")
        chosen = facts.choice is not None
        reached = times_of(self.folder, part, value, facts.keep_at, chosen=chosen) > 0
        barred = (unsure == UNSURE) & drops_unsure
        hits = HITS_SCHEMA.empty_table()
        if facts.leak_action is not None and self._has_hits(part.output):
            hits = read_hits(self.folder, part)
        if facts.leak_action == "drop":
            leaked = hits.filter(pc.equal(hits["verdict"], LEAK))["row"].to_numpy()
            barred |= np.isin(np.arange(part.first_row, part.first_row + part.rows), leaked)
        if scorer is not None:
            value, stage, reason = read_scores(self.holder, part, *OF_EACH, combine=scorer)
        return Decisions(
            value=value,
            stage=stage,
            reason=reason,
            unsure=unsure,
            reached=reached,
            kept=reached & ~barred,
            barred=barred,
            hits=hits,
            first_row=part.first_row,
            drops_unsure=drops_unsure,
            keep_at=facts.keep_at,
            chosen=chosen,
        )
