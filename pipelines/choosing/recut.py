"""A new cut of a finished run, from its stored scores.

The same parts, worker and manifest as `filter`; only where scores come from differs. The inputs are
read again, so they must be as they were.
"""

import shlex
from dataclasses import replace
from itertools import groupby
from operator import attrgetter

from filtering.errors import OutputError, RunError, ScorerError, SettingsError
from filtering.leaks import Task
from filtering.scoring.cascade_exits import Exits, find_exits
from filtering.scoring.scorers import SIGNALS_STAGE
from pipelines.amounts_in_words import percent
from pipelines.choosing.exact_cut import exact_cut
from pipelines.dump.parts import Parts
from pipelines.dump.split_files import refuse_changed
from pipelines.executors.local import Executor, executor_of
from pipelines.paths import absolute
from pipelines.progress import ConsoleReporter, Reporter
from pipelines.run.plan_to_manifest import FilterResult, begun_run, run_plan
from pipelines.run.resume import refuse_foreign
from pipelines.scorer_addresses import open_pairs, refuse_other_scorer
from pipelines.settings.base import with_options, words_of
from pipelines.settings.runs import RecutConfig
from pipelines.store.leak_files import read_tasks
from pipelines.store.manifest import read_set_aside, scored_parts
from pipelines.store.plan import CUT_OF, Plan, RunFacts, rekeyed
from pipelines.store.run_folder import RunFolder
from pipelines.store.stored_scores import read_scores
from pipelines.worker.leak_finder import search_of
from pipelines.worker.unsure_finder import check_search, unsure_search_of
from pipelines.worker.worker_settings import LeakSearch, WorkerSettings

OF_CUT = ("keep_at", "keep_fraction", "write", "unsure")
"""Settings that a new cut may have of its own."""


def recut_run(
    config: RecutConfig, *, executor: Executor | None = None, reporter: Reporter | None = None
) -> FilterResult:
    """Write a run anew with another cut, from its stored scores.

    Parameters
    ----------
    config : RecutConfig
    executor : Executor, optional
        As for `filter_dump`.
    reporter : Reporter, optional
        As for `filter_dump`.

    Returns
    -------
    FilterResult

    Raises
    ------
    OutputError
        If there is no finished run with scores to cut, or `config.to` may not be used.
    SettingsError
        If an input is gone or has changed since.
    """
    executor, reporter = executor or executor_of(config), reporter or ConsoleReporter()
    if absolute(config.run) == absolute(config.to):
        raise OutputError(f"The new cut must go to another folder. Got {config.to!r} for both.")
    source = RunFolder(config.run)
    before = source.read_finished_plan()
    scored = scored_parts(source, before)
    config = _with_cut(config, before)
    if scored.folder is not source:
        reporter.say(
            f"{config.run!r} is a new cut itself. The run with its scores is cut: {before.origin!r}."
        )
        whole = config.model_copy(update={"run": before.origin})
        return recut_run(whole, executor=executor, reporter=reporter)
    good = scored.parts
    refuse_foreign(RunFolder(config.to))
    _refuse_changed_inputs(good)
    tasks, leaks = _same_search(source, before.facts)
    plan = replace(_plan_of(config, source, before, good), command=words_of("recut", config))
    scorer, facts = str(source.read_manifest()["scorer"]), plan.facts
    settings = WorkerSettings(
        out=config.to,
        scorer=scorer,
        scores_from=config.run,
        text_column=facts.text_column,
        keep_at=facts.keep_at,
        write=config.write,
        # Otherwise scores are looked up, and stages do not mix.
        effort="balanced" if facts.effort == "balanced" else "fast",
        score_column=facts.score_column,
        ignore_checksums=facts.ignore_checksums,
        leaks=leaks,
        unsure=unsure_search_of(facts, config.write),
        write_origin=facts.write_origin,
    )
    check_search(settings.unsure)
    with begun_run(config.to, plan, reporter=reporter, tasks=tasks) as target:
        if not target.manifest.exists():
            if all(plan.settings.get(name) == before.settings.get(name) for name in OF_CUT):
                reporter.say(
                    f"Nothing differs from {config.run!r}: {config.to!r} becomes a copy of it. Another cut "
                    "is told by --keep-at, --keep-fraction, --write or --unsure."
                )
            if facts.effort == "balanced":
                reporter.say(_describe_unsure(source, before.facts, plan, scorer, before.command))
        return run_plan(target, plan, settings, executor, reporter)


def _with_cut(config: RecutConfig, before: Plan) -> RecutConfig:
    """Return settings with a cut in them: that of the run, where they name none."""
    if config.keep_at is not None or config.keep_fraction is not None:
        return config
    fraction = before.settings.get("keep_fraction")
    own = {"keep_at": before.facts.keep_at} if fraction is None else {"keep_fraction": fraction}
    return config.model_copy(update=own)


def _refuse_changed_inputs(parts: Parts) -> None:
    for _, of_one_file in groupby(parts, key=attrgetter("path")):
        try:
            refuse_changed(next(of_one_file))
        except RunError as error:
            raise SettingsError(f"The inputs of a run must still be there to recut it. {error}") from error


def _same_search(source: RunFolder, facts: RunFacts) -> tuple[tuple[Task, ...], LeakSearch | None]:
    """Return the tasks that a run looked for, and the search for them in what its new cut keeps.

    Raises
    ------
    OutputError
        If the same could not be found any more.
    """
    if facts.leak_action is None:
        return (), None
    tasks = read_tasks(source)
    search = search_of(tasks, facts.leak_action)
    if search.sha256 != facts.leaks_sha256:
        raise OutputError(
            f"Leaks must be looked for as in {source.root}. Its tasks, or what this version looks for, have "
            "changed; filter the dump again."
        )
    return tasks, search


def _plan_of(config: RecutConfig, source: RunFolder, before: Plan, good: Parts) -> Plan:
    """Return the plan of a run with a new cut in it, for the parts that have scores."""
    if config.keep_fraction is None:
        keep_at, quotas = float(config.keep_at or 0.0), [-1] * len(good)
    else:
        count = round(config.keep_fraction * int(good.column("rows").sum()))
        keep_at, quotas = exact_cut(source, good, count)
    settings = {
        **before.settings,
        "keep_at": keep_at,
        "keep_fraction": config.keep_fraction,
        "write": config.write,
        CUT_OF: before.digest,
    }
    if config.unsure is not None:
        settings |= {"unsure": config.unsure}
    if before.facts.effort == "balanced" and keep_at != before.facts.keep_at:
        # The exits lie around the old cut: what they promised there nobody keeps here.
        settings |= {"max_disagreement": None, "full_fraction": None, "exits": None}
    return Plan(settings, rekeyed(good, settings, quotas), read_set_aside(source.read_manifest()))


def _describe_unsure(
    source: RunFolder, before: RunFacts, plan: Plan, scorer: str, command: tuple[str, ...]
) -> str:
    """Return in words how many rows the full scorer would have to decide on at a cut, and has not seen."""
    keep_at = plan.facts.keep_at
    try:
        exits = _exits_at(keep_at, before, scorer)
    except (SettingsError, ScorerError, RunError) as error:
        return (
            f"Most documents were scored by words and style alone, which was shown to do at a cut of "
            f"{before.keep_at:g} points. Whether it does at {keep_at:g} is not known: {error}"
        )
    count = 0
    for part in plan.parts:
        value, stage = read_scores(source, part, "edu_score", "edu_stage")
        count += int(((stage == SIGNALS_STAGE) & exits.leaves_open(value)).sum())
    if not count:
        return "All documents near this cut were embedded already."
    again = "filter the dump again at this cut."
    if command[:2] == ("edufilter", "filter"):
        out, share = f"{source.root}-{keep_at:g}-embedded", plan.settings.get("keep_fraction")
        more = {"--keep-at": f"{keep_at:g}", "--out": out}
        again = f"run:\n  {shlex.join(with_options(command, more))}"
        if share is not None:  # of the new scores another share reaches these points
            words = ("edufilter", "recut", out, "--keep-fraction", f"{share:g}", "--to", f"{out}-{share:g}")
            again += f"\n  {shlex.join(words)}"
    noun, lie = ("document", "lies") if count == 1 else ("documents", "lie")
    return (
        f"{count:,} {noun} ({percent(count, plan.rows)}) {lie} "
        f"near this cut, from {exits.lower:g} to {exits.upper:g} points. They were not embedded in the first "
        f"run, so their scores are by words and style alone. To embed them, {again}"
    )


def _exits_at(keep_at: float, before: RunFacts, scorer: str) -> Exits:
    """Return the exits that would hold at a cut what those of a run held at its own.

    Raises
    ------
    SettingsError, ScorerError, RunError
        If that is not known: the scorer is another one now, say.
    """
    signals, paired = open_pairs(scorer)
    refuse_other_scorer(scorer, signals.digest, before.scorer_sha256)
    if paired is None:
        raise SettingsError(f"A scorer must have been trained with an embedder. {scorer!r} was not.")
    return find_exits(paired, replace(before.exits, keep_at=keep_at))
