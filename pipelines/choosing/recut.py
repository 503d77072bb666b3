"""A new choice of documents of a finished run, from its stored scores.

The same parts, worker and manifest as `filter`; only where scores come from differs. The inputs are
read again, so they must be as they were. What more than a score decides is decided here, before parts run.
"""

import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from operator import attrgetter

import numpy as np

from filtering.errors import OutputError, RunError, ScorerError, SettingsError
from filtering.leaks import Task
from filtering.printable import listed, printable, short_name
from filtering.scoring.cascade_exits import Exits, find_exits
from filtering.scoring.scores import SIGNALS_STAGE
from pipelines.amount_formats import percent, some_of
from pipelines.choosing.choice_tables import told_of
from pipelines.choosing.chosen import Chosen, count_chosen
from pipelines.choosing.cut_file import SliceCuts, read_cuts
from pipelines.choosing.recut_plan import Source, begun_plan, open_source, plan_of_cut, settings_of_cut
from pipelines.choosing.rules import plain_cut, plain_rule, rule_of, shortest_first
from pipelines.choosing.scored_rows import Pool
from pipelines.choosing.slices import with_slices
from pipelines.choosing.token_counts import tokenizer_of, with_tokens
from pipelines.dump.new_columns import taken_names
from pipelines.dump.parts import Parts
from pipelines.dump.reading import read_footer
from pipelines.executors.local import Executor, executor_of
from pipelines.object_stores import absolute
from pipelines.page_kit.page import DIGEST_CHARS
from pipelines.progress import ConsoleReporter, Reporter
from pipelines.run.plan_to_manifest import FilterResult, begun_run, run_plan
from pipelines.run.resume import refuse_foreign, refuse_other_run
from pipelines.run_folder.folder import RunFolder
from pipelines.run_folder.leak_files import read_tasks
from pipelines.run_folder.manifest import scorers_of
from pipelines.run_folder.plan import Plan, RunFacts
from pipelines.run_folder.stored_scores import have_sizes, read_scores
from pipelines.scorer_addresses import open_pairs, refuse_other_scorer
from pipelines.settings.base import NO_REPORT, NO_SAMPLES, with_options, words_of
from pipelines.settings.choosing import OF_CHOICE, RecutConfig
from pipelines.settings.filter import BOUNDS
from pipelines.worker.leak_finder import search_of
from pipelines.worker.output import AddedColumns
from pipelines.worker.unsure_finder import check_search, unsure_search_of
from pipelines.worker.worker_settings import LeakSearch, PlannedScorer, WorkerSettings

OF_CUT = (*OF_CHOICE, "combine", "write", "unsure")
"""Settings that a new cut may have of its own."""
NAMED = 10
"""Values that a message names."""
Tell = Callable[[Chosen], None]
"""What is told of a choice before anything is written."""


def recut_run(
    config: RecutConfig,
    *,
    executor: Executor | None = None,
    reporter: Reporter | None = None,
    tell: Tell = lambda chosen: None,
    page_options: Sequence[str] = (NO_REPORT,),
) -> FilterResult:
    """Write a run anew with another choice of documents, from its stored scores.

    Parameters
    ----------
    config : RecutConfig
    executor : Executor, optional
        As for `filter_dump`.
    reporter : Reporter, optional
        As for `filter_dump`.
    tell : callable, optional
        Is told what the choice comes to before anything is written, unless one cut in points decides.
    page_options : sequence of str
        As for `filter_dump`.

    Returns
    -------
    FilterResult

    Raises
    ------
    OutputError
        If there is no finished run with scores to cut, or `config.to` may not be used.
    SettingsError
        If an input is gone or has changed since, or a budget cannot be met.
    """
    executor, reporter = executor or executor_of(config), reporter or ConsoleReporter()
    config, source = _open(config, reporter)
    before = source.plan
    tasks, leaks = _same_search(source.folder, before.facts)
    asked = settings_of_cut(config, source)
    chosen = None
    plan = None if _is_by_points(config) else begun_plan(config, source, asked)
    if plan is None:
        chosen = None if _is_by_points(config) else _choose(config, source, reporter)
        plan = plan_of_cut(config, source, asked, chosen)
        refuse_other_run(RunFolder(config.to), plan, update=False)
    if not before.shows_documents:  # nor does a new cut of it
        page_options = [*page_options, NO_SAMPLES]
    plan = replace(plan, command=words_of("recut", config, tuple(dict.fromkeys(page_options))))
    scorers, facts = scorers_of(source.folder.read_manifest()), plan.facts
    settings = WorkerSettings(
        out=config.to,
        scorers=tuple(PlannedScorer(name=name, address=address) for name, address in scorers.items()),
        combine=facts.combine,
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
        chosen=facts.choice is not None,
        repeats=config.repeats and not config.expand,
        expand=config.expand,
    )
    check_search(settings.unsure)
    if settings.repeats:
        _refuse_taken(source.parts, AddedColumns.named(facts.score_column).repeat)
    if chosen is not None:
        tell(chosen)
    with begun_run(config.to, plan, reporter=reporter, tasks=tasks) as target:
        if not target.manifest.exists():
            if all(plan.settings.get(name) == before.settings.get(name) for name in OF_CUT):
                reporter.say(
                    f"Nothing differs from {config.run!r}: {config.to!r} becomes a copy of it. Another cut "
                    "is told by --keep-at, --keep-fraction, --write or --unsure."
                )
            if facts.effort == "balanced" and settings.chosen:
                reporter.say(
                    f"Only documents near the cut of the first run, {before.facts.keep_at:g} points, were "
                    "embedded. All others are chosen by words and style alone."
                )
            elif facts.effort == "balanced":
                reporter.say(_describe_unsure(source.folder, before.facts, plan, scorers, before.command))
            if chosen is not None and settings.chosen:
                told_of(chosen).write(target)
                chosen.write(target)
        return run_plan(target, plan, settings, executor, reporter)


def estimate_recut(config: RecutConfig, *, reporter: Reporter | None = None) -> Chosen:
    """Return what `recut_run` would choose; nothing is written.

    Raises
    ------
    OutputError, SettingsError
        As `recut_run`.
    """
    reporter = reporter or ConsoleReporter()
    config, source = _open(config, reporter)
    left_out = {
        "documents in languages that the scorer does not know": config.unsure
        or source.plan.settings.get("unsure"),
        "leaks of benchmarks": source.plan.facts.leak_action,
    }
    for what in (name for name, action in left_out.items() if action == "drop"):
        reporter.say(f"Of what is chosen, {what} are left out when it is written. They are counted here.")
    chosen = _choose(config, source, reporter)
    asked = settings_of_cut(config, source)
    plan = plan_of_cut(config, source, asked, None if _is_by_points(config) else chosen)
    refuse_other_run(RunFolder(config.to), plan, update=False)
    return chosen


def _open(config: RecutConfig, reporter: Reporter) -> tuple[RecutConfig, Source]:
    """Return what `open_source` does, if the folder to write to can be one.

    Raises
    ------
    OutputError
        If it is that of the run, or holds something else than a run.
    """
    if absolute(config.run) == absolute(config.to):
        raise OutputError(f"The new cut must go to another folder. Got {config.to!r} for both.")
    config, source = open_source(config, reporter)
    refuse_foreign(RunFolder(config.to), option="--to")
    return config, source


def _is_by_points(config: RecutConfig) -> bool:
    """Tell whether one cut for all is given in points: nothing has to be chosen then."""
    return config.is_plain and config.keep_at is not None


def _choose(config: RecutConfig, source: Source, reporter: Reporter) -> Chosen:
    """Return what settings choose from the stored scores."""
    facts = source.plan.facts
    decides = facts.digests.get(config.combine or "") if facts.digests else facts.scorer_sha256
    cuts = None if config.cuts is None else _cuts_of_run(config.cuts, decides, reporter)
    by = config.by if cuts is None else cuts.by
    pool = _pool_of(config, source, by, reporter)
    if cuts is not None:
        _tell_cuts(cuts, config, pool.slices, reporter)
    reporter.say("Choosing by the stored scores ...")
    rule = rule_of(pool, config, cuts)
    if config.is_plain:
        plain = rule
    elif config.keep_fraction is not None or config.keep_tokens is not None:
        plain = plain_rule(pool, config)
    else:
        points = config.keep_at if config.keep_at is not None else facts.keep_at
        plain = plain_cut(points if cuts is None else cuts.others, config.floor)
    chosen = count_chosen(pool, rule, plain)
    if config.keep_tokens is not None and not chosen.total.chosen.documents:
        least = -(-shortest_first(pool, rule) // pool.per_token)
        first = "the shortest of the documents that come first in their values" if by else "that document"
        raise SettingsError(
            f"--keep-tokens must hold the document that comes first. Got {config.keep_tokens:,.0f} tokens, "
            f"and {f'{first} has {least:,}' if least else 'there is none'}. Ask for more."
        )
    return chosen


def _pool_of(config: RecutConfig, source: Source, by: str | None, reporter: Reporter) -> Pool:
    """Return the stored scores of a run, with all that settings choose by: sizes, slices, tokens."""
    facts = source.plan.facts
    tokens = None if config.tokenizer is None else tokenizer_of(config.tokenizer)
    needs_sizes = not config.is_plain or config.keep_tokens is not None
    sized = needs_sizes or have_sizes(source.folder, source.parts)
    pool = Pool(source.folder, source.parts, sized=sized, combine=config.combine)
    if by is not None:
        pool = with_slices(pool, by, facts, reporter)
    if tokens is not None:
        lowest = max(config.floor or 0.0, min((points for points, _ in config.repeat or ((0.0, 1.0),))))
        pool = with_tokens(pool, tokens, lowest, facts.row_reader, reporter)
    return pool


def _tell_cuts(cuts: SliceCuts, config: RecutConfig, slices: Sequence[str], reporter: Reporter) -> None:
    """Say which slices have no cut of their own, and which cuts no slice."""
    if others := [name for name in slices if name not in cuts.cuts]:
        reporter.say(
            f"Without a cut of their own, so kept from {cuts.others:g} points: "
            f"{some_of([*map(short_name, others)])}."
        )
    if unused := sorted(set(cuts.cuts).difference(slices)):
        reporter.say(
            f"No document has these values of {printable(str(config.cuts))}, so their cuts change nothing: "
            f"{_some(unused)}. Values of {cuts.by!r} here: {_some(slices)}."
        )


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMED:,} more" if len(names) > NAMED else ""
    return f"{listed(map(short_name, names[:NAMED]))}{more}"


def _cuts_of_run(path: str, decides: str | None, reporter: Reporter) -> SliceCuts:
    """Return the cuts of a file, which must be of the scorer whose points decide: told by its digest.

    Where it names no scorer, that is said.

    Raises
    ------
    SettingsError
        If they are of another scorer.
    """
    cuts = read_cuts(path)
    if cuts.scorer_sha256 is None:
        reporter.say(
            f"Warning: {printable(path)} names no scorer. Its cuts must be of the scorer whose points "
            "decide, which is not checked."
        )
    if cuts.scorer_sha256 not in (None, decides):
        found = printable(cuts.scorer_sha256[:DIGEST_CHARS])
        if decides is None:
            raise SettingsError(
                f"--cuts must be of the points that decide. {printable(path)} is of the scorer of digest "
                f"{found} alone, and several decide. Name that scorer with --combine."
            )
        raise SettingsError(
            f"--cuts must be of the scorer of the run, digest {decides[:DIGEST_CHARS]}. {printable(path)} is "
            f"of digest {found}. Find cuts for this scorer: edufilter threshold --by."
        )
    return cuts


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


def _refuse_taken(parts: Parts, name: str) -> None:
    for _, of_one_file in groupby(parts, key=attrgetter("path")):
        path = next(of_one_file).path
        if taken := taken_names(read_footer(path).schema, [name]):
            raise SettingsError(
                f"{path} must have no column {name!r}, which says how often a document is used; capitals "
                f"count as small letters there. Found {listed(taken)}. Rename it in the input, or add "
                "--expand, which adds no column."
            )


def _describe_unsure(
    source: RunFolder, before: RunFacts, plan: Plan, scorers: Mapping[str, str], command: tuple[str, ...]
) -> str:
    """Return in words how many rows the full scorer would have to decide on at a cut, and has not seen."""
    keep_at = plan.facts.keep_at
    try:
        if plan.facts.combine == "mean":
            raise SettingsError("The mean of several scorers has no such cut.")
        exits = {name: _exits_at(keep_at, before, name, address) for name, address in scorers.items()}
    except (SettingsError, ScorerError, RunError) as error:
        return (
            "Most documents were scored by words and style alone, which was shown to do at a cut of "
            f"{before.keep_at:g} points. Whether it does at {keep_at:g} is not known: {error}"
        )
    count = 0
    for part in plan.parts:
        open_ = np.zeros(part.rows, dtype=bool)
        for name, one in exits.items():
            own = name if before.combine is not None else None
            value, stage = read_scores(source, part, "edu_score", "edu_stage", combine=own)
            open_ |= (stage == SIGNALS_STAGE) & one.leaves_open(value)
        count += int(open_.sum())
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
    lower, upper = min(one.lower for one in exits.values()), max(one.upper for one in exits.values())
    noun, lie = ("document", "lies") if count == 1 else ("documents", "lie")
    return (
        f"{count:,} {noun} ({percent(count, plan.rows)}) {lie} near this cut, from {lower:g} to "
        f"{upper:g} points. They were not embedded in the first run, so their scores are by words and "
        f"style alone. To embed them, {again}"
    )


def _exits_at(keep_at: float, before: RunFacts, name: str, scorer: str) -> Exits:
    """Return the exits that would hold at a cut what those of a run held at its own.

    Raises
    ------
    SettingsError, ScorerError, RunError
        If that is not known: the scorer is another one now, say.
    """
    signals, paired = open_pairs(scorer)
    refuse_other_scorer(scorer, signals.digest, before.digests.get(name, before.scorer_sha256))
    if paired is None:
        raise SettingsError(f"A scorer must have been trained with an embedder. {scorer!r} was not.")
    asked = before.exits
    if before.digests:  # what all of them promise together
        told = {one: getattr(asked, one) for one in BOUNDS if getattr(asked, one) is not None}
        asked = replace(asked, **{one: share / len(before.digests) for one, share in told.items()})
    return find_exits(paired, replace(asked, keep_at=keep_at))
