"""What a run of `decontaminate` would do, from footers and a sample that is searched; writes nothing."""

import time
from dataclasses import dataclass, replace

import pyarrow.compute as pc

from filtering.leaks.hits import LEAK
from filtering.machine import available_cpus
from filtering.rate_bounds import rate_interval
from pipelines.dump.column_doubts import doubt_of_sample
from pipelines.dump.first_rows import read_spread_rows
from pipelines.dump.parts import SetAside
from pipelines.progress import ConsoleReporter, Reporter
from pipelines.run.filter import plan_of_leaks, tell_tasks
from pipelines.run.resume import refuse_other_run
from pipelines.run_folder.folder import RunFolder
from pipelines.run_folder.plan import Plan
from pipelines.settings.base import words_of
from pipelines.settings.runs import DecontaminateConfig


@dataclass(frozen=True)
class LeaksEstimate:
    """What a run that looks for leaks would do.

    Parameters
    ----------
    plan : Plan
    rows_left : int
        Rows of the parts that are not done yet.
    sampled_rows : int
        Rows that were searched for the estimate.
    leaked : int
        How many of these hold a task.
    seconds : float
        Estimated duration of searching what is left.
    doubt : str
        Why the column of texts may be another one, by the sample; empty if nothing says so.
    set_aside : tuple of SetAside
        Files and parts that cannot be read, as far as they were looked at.
    """

    plan: Plan
    rows_left: int
    sampled_rows: int
    leaked: int
    seconds: float
    doubt: str
    set_aside: tuple[SetAside, ...]

    @property
    def share(self) -> tuple[float, float, float]:
        """Share of documents that hold a task, in [0, 1], and the ends of its 95 % interval."""
        share = self.leaked / max(self.sampled_rows, 1)
        return (share, *rate_interval(share, max(self.sampled_rows, 1), 0.05))

    @property
    def exit_code(self) -> int:
        """That of the run, as far as it is known: 3 where files will be set aside."""
        return 3 if self.set_aside else 0


def estimate_decontamination(
    config: DecontaminateConfig, *, reporter: Reporter | None = None
) -> LeaksEstimate:
    """Plan a run that looks for leaks, and estimate it from some rows; write nothing.

    Reading, start-up and writing are not reckoned.

    Parameters
    ----------
    config : DecontaminateConfig
    reporter : Reporter, optional
        What is told what is waited for; standard error if not given.

    Raises
    ------
    SettingsError
        As `decontaminate_dump`.
    """
    reporter, folder = reporter or ConsoleReporter(), RunFolder(config.out)
    tasks, _, plan = plan_of_leaks(config, reporter)
    plan = replace(plan, command=words_of("decontaminate", config))
    refuse_other_run(folder, plan, update=config.update)
    tell_tasks(tasks, config, reporter)
    column, checksums = plan.facts.text_column, not config.ignore_checksums
    sample = read_spread_rows(plan.parts, column, checksums=checksums)
    from filtering.leaks import LeakIndex, find_leaks  # late: it loads what compiles

    index, leaked = LeakIndex.of(tasks), 0
    reporter.say("Preparing the search for leaks ...")
    find_leaks(index, [one.prompt for one in tasks[:1]])  # compiles what is compiled on its first use
    started_s = time.perf_counter()
    for texts in sample.texts:
        hits = find_leaks(index, texts).hits
        leaked += len(pc.unique(hits["row"].filter(pc.equal(hits["verdict"], LEAK))))
    seconds, sampled = time.perf_counter() - started_s, sum(map(len, sample.texts))
    left = plan.parts.where(~folder.are_done(plan.parts))
    rows_left = int(left.column("rows").sum())
    return LeaksEstimate(
        plan=plan,
        rows_left=rows_left,
        sampled_rows=sampled,
        leaked=leaked,
        seconds=seconds / max(sampled, 1) * rows_left / (config.workers or available_cpus()),
        doubt=doubt_of_sample(plan.parts, column, sample.texts),
        set_aside=(*plan.set_aside, *sample.set_aside),
    )
