"""What a run of `filter` would do, from footers and some timed rows; nothing is written."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from filtering.arrays import Floats32
from filtering.machine import available_cpus
from filtering.scoring.cascade import AnyScorer
from filtering.scoring.settings import Effort
from filtering.scoring.several import SeveralScorers
from pipelines.dump.column_doubts import doubt_of_sample
from pipelines.dump.first_rows import SAMPLE_ROWS, read_first_rows, read_spread_rows, unsure_of_sample
from pipelines.dump.parts import SetAside
from pipelines.progress import ConsoleReporter, Reporter
from pipelines.run.filter import (
    high_cut_of_passages,
    inputs_of,
    languages_before,
    plan_of,
    warning_before,
)
from pipelines.run.resume import refuse_foreign, refuse_other_run
from pipelines.run.scorers_of_run import load_scorers_of, untried_scorer_of
from pipelines.run_folder.benchmark_tasks import gather_tasks
from pipelines.run_folder.folder import RunFolder
from pipelines.run_folder.plan import Plan
from pipelines.settings.base import words_of
from pipelines.settings.filter import FilterConfig
from pipelines.worker.leak_finder import search_of
from pipelines.worker.passages import look_for_passages

EMBEDDED_SAMPLE_ROWS = 200
"""Where each row is embedded, which takes hundreds of times as long."""


@dataclass(frozen=True)
class PassagesEstimate:
    """What the passages of a run would come to, by the sample.

    Parameters
    ----------
    passages, documents, text_bytes : float
        Passages of documents that are not kept, these documents, and bytes of the passages.
    seconds : float
        Estimated duration of scoring segments.
    """

    passages: float
    documents: float
    text_bytes: float
    seconds: float


@dataclass(frozen=True)
class RunEstimate:
    """What a run would do, from footers and a timed sample.

    Parameters
    ----------
    plan : Plan
    text_column : str
    effort : {"fast", "balanced", "full"}
    rows_left : int
        Rows of the parts that are not done yet.
    sampled_rows : int
        Rows that were scored for the estimate.
    seconds : float
        Estimated duration of what is left.
    kept_share : float
        Share of the sample that reaches the cut, in [0, 1].
    kept : int, optional
        Documents that the run has kept, if it is complete already.
    finds_leaks : bool
        Whether the run looks for leaks, which the sample was not searched for.
    warning : str
        Why the scores of the sample are not reliable, in words; empty if they are.
    unsure : str
        How many of its documents are in languages that the scorer does not know, where these are too few to
        warn of; empty if there are none.
    passages : PassagesEstimate, optional
        None where the run looks for none.
    doubt : str
        Why the column of texts may be another one, by the sample; empty if nothing says so.
    set_aside : tuple of SetAside
        Files and parts that cannot be read, as far as they were looked at.
    """

    plan: Plan
    text_column: str
    effort: Effort
    rows_left: int
    sampled_rows: int
    seconds: float
    kept_share: float
    kept: int | None
    finds_leaks: bool
    passages: PassagesEstimate | None
    warning: str
    unsure: str
    doubt: str
    set_aside: tuple[SetAside, ...]

    @property
    def exit_code(self) -> int:
        """That of the run, as far as it is known: 3 where files will be set aside."""
        return 3 if self.set_aside else 0


def estimate_run(config: FilterConfig, *, reporter: Reporter | None = None) -> RunEstimate:
    """Plan a run and estimate it from some timed rows; write nothing.

    Reading is reckoned by bytes and scoring by rows; start-up and writing are not.

    Parameters
    ----------
    config : FilterConfig
    reporter : Reporter, optional
        What is told what is waited for; standard error if not given.

    Raises
    ------
    SettingsError
        As `filter_dump`.
    """
    reporter, folder = reporter or ConsoleReporter(), RunFolder(config.out)
    refuse_foreign(folder)
    files = inputs_of(config, reporter)
    tasks = gather_tasks(config.against, config, [file.path for file in files])
    untried = untried_scorer_of(config)
    leaks = search_of(tasks, config.leak_action) if tasks else None
    plan = replace(plan_of(config, files, untried, leaks), command=words_of("filter", config))
    refuse_other_run(folder, plan, update=config.update)
    scorer = load_scorers_of(config, untried, reporter)
    if high := high_cut_of_passages(config):
        reporter.say(high)
    left = plan.parts.where(~folder.are_done(plan.parts))
    rows_left = int(left.column("rows").sum())
    checksums = not config.ignore_checksums
    started_s = time.perf_counter()
    first = read_first_rows(plan.parts, plan.facts.text_column, checksums=checksums)
    read_s = time.perf_counter() - started_s
    rows = EMBEDDED_SAMPLE_ROWS if untried.effort == "full" else SAMPLE_ROWS
    sample = read_spread_rows(plan.parts, plan.facts.text_column, rows, checksums=checksums)
    started_s = time.perf_counter()
    scored = [scorer.score(texts) for texts in sample.texts]
    values = [scores.value for scores in scored]
    score_s = time.perf_counter() - started_s
    sampled = sum(len(texts) for texts in sample.texts)
    kept = sum(int((value >= config.keep_at).sum()) for value in values)
    bytes_left = int(left.column("text_bytes").sum())
    workers = config.workers or available_cpus()
    read_s, score_s = read_s / max(first.decoded_bytes, 1) * bytes_left, score_s / max(sampled, 1) * rows_left
    passages = None
    if config.cut_of_passages is not None and not isinstance(scorer, SeveralScorers):
        passages = _passages_of(config, scorer, sample.texts, values, plan.rows, rows_left / workers)
    # The embedder already used all cores for the sample; the kernel used one.
    on_one = untried.effort == "fast"
    seconds = (read_s + score_s) / workers if on_one else read_s / workers + score_s
    seconds += 0.0 if passages is None else passages.seconds
    unsure = unsure_of_sample(untried.signals, sample)
    return RunEstimate(
        plan=plan,
        text_column=plan.facts.text_column,
        effort=untried.effort,
        rows_left=rows_left,
        sampled_rows=sampled,
        seconds=seconds,
        kept_share=kept / max(sampled, 1),
        kept=folder.read_manifest()["kept"] if not rows_left and folder.manifest.exists() else None,
        finds_leaks=leaks is not None,
        passages=passages,
        warning=warning_before(config, unsure),
        unsure="" if unsure.are_many else languages_before(config, unsure),
        doubt=doubt_of_sample(plan.parts, plan.facts.text_column, sample.texts),
        set_aside=(*plan.set_aside, *dict.fromkeys((*first.set_aside, *sample.set_aside))),
    )


def _passages_of(
    config: FilterConfig,
    scorer: AnyScorer,
    sample: Sequence[pa.Array],
    values: Sequence[Floats32],
    rows: int,
    rows_left: float,
) -> PassagesEstimate:
    """Return what the passages of so many rows come to, and how long the rows left of a worker take."""
    counts, sampled = np.zeros(3), max(sum(map(len, sample)), 1)
    started_s = time.perf_counter()
    for texts, value in zip(sample, values, strict=True):
        found = look_for_passages(scorer, texts, ~np.isnan(value), config.cut_of_passages or 0.0).passages
        cut = found.of_rows(~(value >= np.float32(config.keep_at)))
        counts += len(cut.row), len(np.unique(cut.row)), (cut.stop - cut.start).sum()
    seconds = time.perf_counter() - started_s
    passages, documents, text_bytes = (counts * rows / sampled).tolist()
    return PassagesEstimate(passages, documents, text_bytes, seconds * rows_left / sampled)
