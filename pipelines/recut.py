"""A new cut of a finished run, from its stored scores.

The same parts, worker and manifest as `filter`; only where scores come from differs. The inputs are
read again, so they must be as they were.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from filtering.errors import BadFileError, OutputError, RunError, ScorerError, SettingsError
from filtering.exits import Exits, find_exits
from filtering.scorers import SIGNALS_STAGE
from pipelines.config import RecutConfig, exit_settings_of
from pipelines.config_worker import LeakSearch, WorkerSettings
from pipelines.executors import Executor, executor_of
from pipelines.filter import FilterResult, run_plan
from pipelines.leaks import read_tasks, search_of, write_tasks
from pipelines.manifest import read_set_aside, scored_parts
from pipelines.paths import absolute
from pipelines.plan import Part, Parts, Plan, is_unchanged, rekeyed
from pipelines.progress import ConsoleReporter, Reporter
from pipelines.reading import open_parquet
from pipelines.scorers import open_pairs
from pipelines.store import RunFolder, refuse_foreign, refuse_other_settings
from pipelines.worker import stored_scores


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
    source, target = RunFolder(config.run), RunFolder(config.to)
    if absolute(config.run) == absolute(config.to):
        raise OutputError(f"The new cut must go to another folder. Got {config.to!r} for both.")
    before = source.read_finished_plan()
    good = scored_parts(source, before)
    refuse_foreign(target)
    scorer = str(source.read_manifest()["scorer"])
    plan = _plan_of(config, source, before, good)
    with target.lock():
        target.clear_temporary()
        if target.plan.exists():
            refuse_other_settings(target, target.read_plan(), plan)
        else:
            target.write_plan(plan)
        leaks = _search_again(source, target, before)
        settings = WorkerSettings(
            out=config.to,
            scorer=scorer,
            scores_from=config.run,
            text_column=str(before.settings["text_column"]),
            keep_at=float(str(plan.settings["keep_at"])),
            write=config.write,
            # Otherwise scores are looked up, and stages do not mix.
            effort="balanced" if plan.settings["effort"] == "balanced" else "fast",
            score_column=str(before.settings["score_column"]),
            leaks=leaks,
        )
        executor, reporter = executor or executor_of(config), reporter or ConsoleReporter()
        if plan.settings["effort"] == "balanced" and not target.manifest.exists():
            reporter.say(_describe_unsure(source, plan, before, scorer))
        return run_plan(target, plan, settings, executor, reporter)


def _search_again(source: RunFolder, target: RunFolder, before: Plan) -> LeakSearch | None:
    """Return the search for leaks of a run, for what its new cut keeps; its tasks go with it."""
    if "leaks_sha256" not in before.settings:
        return None
    tasks = read_tasks(source)
    search = search_of(tasks, str(before.settings["leak_action"]))  # type: ignore[arg-type] # plans hold plain values
    if search.sha256 != before.settings["leaks_sha256"]:
        raise OutputError(
            f"Leaks must be looked for as in {source.root}. Its tasks, or what this version looks for, have "
            "changed; filter the dump again."
        )
    write_tasks(target, tasks)
    return search


def _plan_of(config: RecutConfig, source: RunFolder, before: Plan, good: Parts) -> Plan:
    """Return the plan of the run with the new cut in it, after checking that its inputs are unchanged."""
    _refuse_changed_inputs(good)
    if config.keep_fraction is None:
        keep_at, quotas = float(config.keep_at or 0.0), [-1] * len(good)
    else:
        count = round(config.keep_fraction * int(good.column("rows").sum()))
        keep_at, quotas = exact_cut(source, good, count)
    settings = {
        **before.settings,
        **_promise_at(keep_at, before),
        "keep_at": keep_at,
        "keep_fraction": config.keep_fraction,
        "write": config.write,
        "recut_from": before.digest,
    }
    aside = read_set_aside(source.read_manifest())
    return Plan(settings, rekeyed(good, settings, quotas), aside)


def _promise_at(keep_at: float, before: Plan) -> Mapping[str, None]:
    """Return what the plan of the new run says of its exits: nothing where nobody keeps a promise there."""
    if before.settings["effort"] != "balanced" or keep_at == before.settings["keep_at"]:
        return {}
    return {"max_disagreement": None, "full_fraction": None, "exits": None}


def _exits_at(keep_at: float, before: Plan, scorer: str) -> Exits:
    """Return the exits at a cut by which rows of a run would be embedded.

    Raises
    ------
    SettingsError, ScorerError
        If the scorer cannot tell.
    """
    allowed, fraction = before.settings.get("max_disagreement"), before.settings.get("full_fraction")
    settings = exit_settings_of(
        keep_at, None if allowed is None else float(allowed), None if fraction is None else float(fraction)
    )
    paired, digest = open_pairs(scorer)
    if digest != before.settings["scorer_sha256"]:
        raise ScorerError(f"{scorer!r} must be the scorer that the run was made with. It is another.")
    if paired is None:
        raise SettingsError(f"A scorer must have been trained with an embedder to tell. {scorer!r} was not.")
    return find_exits(paired, settings)


def _describe_unsure(source: RunFolder, plan: Plan, before: Plan, scorer: str) -> str:
    """Return in words how many rows the full scorer would have to decide on at a cut, and has not seen."""
    keep_at = float(str(plan.settings["keep_at"]))
    try:
        exits = _exits_at(keep_at, before, scorer)
    except (SettingsError, ScorerError, RunError) as error:
        return (
            "Signals decided on most rows alone, being sure of them around "
            f"{before.settings['keep_at']} points. Whether they are at {keep_at:g} is not known: {error}"
        )
    count = 0
    for part in plan.parts:
        value, stage, _ = stored_scores(source, part)
        count += int(((stage == SIGNALS_STAGE) & exits.are_passed(value)).sum())
    share = 100 * count / max(plan.rows, 1)
    if not count:
        return "The full scorer has decided on all rows about which the signals are not sure at this cut."
    return (
        f"At this cut the full scorer would decide on {count:,} rows more ({share:.1f} %): the signals score "
        f"them from {exits.lower:g} to {exits.upper:g} points. They stay as signals decided."
    )


def _refuse_changed_inputs(parts: Sequence[Part]) -> None:
    checked: set[str] = set()
    for part in parts:
        if part.path in checked:
            continue
        checked.add(part.path)
        try:
            unchanged = is_unchanged(part)
        except (BadFileError, RunError) as error:
            raise SettingsError(f"The inputs of a run must still be there to recut it. {error}") from error
        if not unchanged:
            raise SettingsError(
                f"The inputs of a run must be unchanged to recut it. {part.path} has changed. "
                "Run filter on it again."
            )


def exact_cut(folder: RunFolder, parts: Sequence[Part], count: int) -> tuple[float, list[int]]:
    """Return the score from which exactly `count` rows are kept, and each part's quota of ties.

    Two passes over the stored scores with 65,536 counters each: the upper, then the lower half of
    the bits of a float32, which sort like the numbers themselves where these are not negative.

    Parameters
    ----------
    folder : RunFolder
        Run with stored scores.
    parts : sequence of Part
        In the order in which ties are kept.
    count : int
        Rows to keep; where fewer have a score, all of these are kept.

    Returns
    -------
    float, list of int
        The cut in rubric points, and for each part how many rows with that very score are kept.
    """
    upper = np.zeros(1 << 16, dtype=np.int64)
    for part in parts:
        upper += np.bincount(_bits(folder, part) >> 16, minlength=1 << 16)
    count = min(count, int(upper.sum()))
    if count == 0:
        return 5.0, [0] * len(parts)
    high, above = _bin_of(upper, count)
    lower = np.zeros(1 << 16, dtype=np.int64)
    for part in parts:
        bits = _bits(folder, part)
        lower += np.bincount(bits[bits >> 16 == high] & 0xFFFF, minlength=1 << 16)
    low, above_low = _bin_of(lower, count - above)
    cut = np.uint32(high << 16 | low)
    left = count - above - above_low
    quotas = []
    for part in parts:
        ties = int((_bits(folder, part) == cut).sum())
        quotas.append(min(ties, left))
        left -= quotas[-1]
    return float(cut.view(np.float32)), quotas


def _bits(folder: RunFolder, part: Part) -> NDArray[np.uint32]:
    with open_parquet(str(folder.scores / part.output)) as file:
        table = file.read(columns=["edu_score"], use_threads=False)
    scores = table["edu_score"].drop_null().to_numpy().astype(np.float32)
    # -0.0 + 0.0 is 0.0: no sign bit
    bits: NDArray[np.uint32] = (scores + np.float32(0.0)).view(np.uint32)
    return bits


def _bin_of(counts: NDArray[np.int64], count: int) -> tuple[int, int]:
    """Return the bin in which the `count`-th largest lies (from 1), and how many lie above that bin."""
    from_top = np.cumsum(counts[::-1])
    position = int(np.searchsorted(from_top, count))
    above = int(from_top[position - 1]) if position else 0
    return len(counts) - 1 - position, above
