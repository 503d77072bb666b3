"""What a recut will do: of which run, by which settings, and whether it was begun already."""

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from filtering.errors import SettingsError
from filtering.printable import printable
from pipelines.choosing.chosen import Chosen
from pipelines.dump.changed_inputs import refuse_changed_inputs
from pipelines.dump.parts import Parts
from pipelines.names import lookup_below
from pipelines.progress import Reporter
from pipelines.run_folder.folder import RunFolder
from pipelines.run_folder.manifest import read_set_aside, scored_parts
from pipelines.run_folder.plan import CUT_OF, SCORED_FORMATS, Plan, PlanSettings, rekeyed
from pipelines.settings.choosing import AMOUNTS, OF_CHOICE, RecutConfig
from pipelines.settings.filter import BOUNDS
from pipelines.settings.several import combination_of

ASKED_AT, FILES = "asked_at", "files_sha256"
"""Settings of a choice: the points that were asked for, since documents with fewer may be kept; and a
digest of the files of cuts and of a tokenizer."""
FOUND = ("keep_at", "choice", *BOUNDS, "full_fraction", "exits")
"""Settings that follow from the others, by the stored scores."""


@dataclass(frozen=True)
class Source:
    """The run that is cut anew, and its parts that have scores.

    Parameters
    ----------
    folder : RunFolder
    plan : Plan
    parts : Parts
    """

    folder: RunFolder
    plan: Plan
    parts: Parts


def open_source(config: RecutConfig, reporter: Reporter) -> tuple[RecutConfig, Source]:
    """Return settings with an amount in them, and the run whose scores are cut: not a new cut of it.

    Raises
    ------
    OutputError
        If there is no finished run with scores.
    SettingsError
        If an input is gone or has changed since.
    """
    folder = RunFolder(config.run)
    before = folder.read_finished_plan(SCORED_FORMATS)
    scored = scored_parts(folder, before)
    config = _with_amount(config, before)
    if scored.folder is folder:
        refuse_changed_inputs(scored.parts)
        if before.facts.passages_at is not None:
            reporter.say(
                "The new cut is of whole documents. It has no passages, and no columns edu_passages and "
                f"edu_best: these stand in the output of {printable(config.run)}. For passages at another "
                "cut, filter the dump again with --passages-at."
            )
        return config, Source(folder, before, scored.parts)
    reporter.say(f"{config.run!r} is a new cut itself. The run with its scores is cut: {before.origin!r}.")
    return open_source(config.model_copy(update={"run": before.origin}), reporter)


def _with_amount(config: RecutConfig, before: Plan) -> RecutConfig:
    """Return settings with an amount in them: as the run was chosen, where they name none."""
    config = _with_combination(config, before)
    if any(map(config.is_given, AMOUNTS)):
        return config
    own = {name: before.settings[name] for name in OF_CHOICE if before.settings.get(name) is not None}
    if own.keys() & {*AMOUNTS} != {"keep_at"}:
        del own["keep_at"]  # which followed from the others
    own["keep_at"] = before.settings.get(ASKED_AT, own.get("keep_at"))
    return RecutConfig(**{**own, **config.model_dump(exclude_defaults=True)})


def _with_combination(config: RecutConfig, before: Plan) -> RecutConfig:
    """Return settings with what is made of several scorers: as in the run, where they do not say.

    Raises
    ------
    SettingsError
        If the run has no such scorer, or one alone.
    """
    names = [*before.facts.digests]
    if config.combine is None or not names:
        if config.combine is not None:
            raise SettingsError(
                f"--combine must come with a run of several scorers. {printable(config.run)} has one. Leave "
                "it out."
            )
        return config.model_copy(update={"combine": before.facts.combine})
    return config.model_copy(update={"combine": combination_of(config.combine, names)})


def settings_of_cut(config: RecutConfig, source: Source) -> PlanSettings:
    """Return what a new cut is asked to be, and settings of its run: all but what follows from scores."""
    asked = {
        name: value
        for name, value in config.model_dump().items()
        if name in OF_CHOICE and config.is_given(name)
    }
    if not config.is_plain:
        asked[ASKED_AT] = config.keep_at
    if config.cuts is not None or config.tokenizer is not None:
        asked[FILES] = _digest_of_files(config)
    named = {"unsure": config.unsure, "combine": config.combine}
    own = {name: value for name, value in named.items() if value is not None}
    return {
        **source.plan.settings,
        **asked,
        **own,
        "keep_fraction": config.keep_fraction,
        "write": config.write,
        "passages_at": None,  # points of segments are in the output alone
        CUT_OF: source.plan.digest,
    }


def _digest_of_files(config: RecutConfig) -> str:
    digest = hashlib.sha256()
    for path in filter(None, (config.cuts, config.tokenizer)):
        with suppress(OSError):  # who reads it says why it cannot be read
            digest.update(Path(path).read_bytes())
    return digest.hexdigest()


def begun_plan(config: RecutConfig, source: Source, settings: PlanSettings) -> Plan | None:
    """Return the plan of the very same cut, if that was begun here and its choice is written whole.

    What was found then would be found again, be it in minutes.

    Raises
    ------
    OutputError
        If what lies here cannot be read.
    """
    folder = RunFolder(config.to)
    if not folder.plan.exists():
        return None
    plan = folder.read_plan()
    asked = {*plan.settings, *settings}.difference(FOUND)
    if any(plan.settings.get(name) != settings.get(name) for name in asked):
        return None
    if not plan.parts.table["path"].equals(source.parts.table["path"]):  # the dump has moved
        return None
    if plan.facts.choice is not None:
        is_written = lookup_below(folder.choice)
        if not (folder.chosen.exists() and all(is_written(part.output) for part in plan.parts)):
            return None
    return plan


def plan_of_cut(config: RecutConfig, source: Source, settings: PlanSettings, chosen: Chosen | None) -> Plan:
    """Return the plan of a run with a new choice in it, for the parts that have scores.

    Parameters
    ----------
    config : RecutConfig
    source : Source
    settings : mapping
        As `settings_of_cut` gives them.
    chosen : Chosen, optional
        None where the points of a cut are given.
    """
    before, good = source.plan, source.parts
    quotas: Sequence[int] = [-1] * len(good)
    keep_at = max(float(config.keep_at or 0.0), config.floor or 0.0)
    choice = {}
    if chosen is not None and config.is_plain:
        # Where none has the very score at which the cut ends, all down to the worst that is kept are.
        keep_at, quotas = chosen.lowest, chosen.quotas if any(chosen.quotas) else quotas
    elif chosen is not None:
        keep_at, choice = chosen.lowest, {"choice": chosen.rule.digest}
    settings = {**settings, "keep_at": keep_at, **choice}
    is_same = (keep_at, config.combine) == (before.facts.keep_at, before.facts.combine)
    if before.facts.effort == "balanced" and not is_same:
        # The exits lie around the old cut: what they promised there nobody keeps here.
        settings |= dict.fromkeys((*BOUNDS, "full_fraction", "exits"))
    return Plan(settings, rekeyed(good, settings, quotas), read_set_aside(source.folder.read_manifest()))
