"""What a folder allows: whether a run may begin or go on there, and what is done before it does.

The lines that fit say whether it may, and what is done, from top to bottom:

================================  =================  =======================================================
found                             allowed            done
================================  =================  =======================================================
files, and no plan                no
no plan                           yes                write the plan
a plan of another format          no
an input gone, or other settings  no
an input gone that was set aside  with ``--update``  as of new ones: none of its rows was read
inputs new or changed             with ``--update``  remove the manifest; receipts and files of parts that are
                                                     in the new plan no more; write the plan
the same plan, parts set aside    yes                with ``--update`` remove the manifest: they are tried
                                                     again
the same plan, inputs elsewhere   yes                write the plan, for paths are in it
the same plan                     yes                nothing
================================  =================  =======================================================

The manifest goes first, for it says that a run is complete. Files go before the new plan comes: a kill in
between must leave no file that no plan knows. After one, the same command does the rest.
"""

import shlex
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from filtering.errors import OutputError
from pipelines.amount_formats import some_of
from pipelines.names import name_of
from pipelines.object_stores import StorePath
from pipelines.run_folder.folder import RunFolder
from pipelines.run_folder.plan import CUT_OF, OUTPUT_FORMAT, Plan
from pipelines.settings.base import setting_name
from pipelines.settings.choosing import RecutConfig
from pipelines.settings.filter import BOUNDS, FilterConfig

DIGESTS = {
    "recut_from": "The scores of the run that is cut anew",
    "scorer_sha256": "The files of the scorer",
    "scorers": "The names or the files of the scorers",
    "files_sha256": "The files of --cuts or --tokenizer",
    "leaks_sha256": "The benchmarks (--against), or what is looked for of them,",
}
"""Settings whose values tell a person nothing. Others follow from them, and so they are compared first."""
CUT = ("keep_fraction", "keep_at")
"""What tells which documents are kept; a share before the points that follow from it."""
COMPARED_LAST = (*CUT, *BOUNDS, "full_fraction", "exits", "choice")
"""The cut alone may be had without another run, and what comes after it follows from it by default."""


def refuse_foreign(folder: RunFolder, *, option: str = "--out") -> None:
    """Check that the folder that an option names is new, empty, or of a run.

    Raises
    ------
    OutputError
        If it holds anything else.
    """
    root = folder.root
    if isinstance(root, StorePath) and root.is_read_only:
        raise OutputError(f"{option} must be a place that can be written to. {root} is for reading alone.")
    if isinstance(root, Path) and root.exists() and not root.is_dir():
        raise OutputError(f"{option} must be a folder. {root} is a file.")
    if folder.plan.exists():
        return
    if strangers := folder.strangers():
        raise OutputError(
            f"{option} must be new, empty, or hold this very run. {root} holds "
            f"'{name_of(strangers[0])}'. Choose another {option}."
        )


def refuse_other_run(folder: RunFolder, plan: Plan, *, update: bool) -> None:
    """Check that a plan may go on with what was begun in a folder, if anything was: nothing is written.

    Raises
    ------
    OutputError
        As `allowed_changes`.
    """
    if folder.plan.exists() and not _holds(folder, plan):
        allowed_changes(folder, folder.read_plan(), plan, update=update)


def settle_plan(folder: RunFolder, plan: Plan, *, update: bool) -> Sequence[str]:
    """Write the plan of a new run; of one that was begun, check that it is the same, or take in what is new.

    The lock of the folder must be held.

    Returns
    -------
    sequence of str
        Inputs that the run forgets: they were set aside, and are gone.

    Raises
    ------
    OutputError
        As `allowed_changes`.
    """
    if not folder.plan.exists():
        folder.write_plan(plan)
        return ()
    if _holds(folder, plan) and not update:  # a million parts are not read to find that out
        return ()
    before = folder.read_plan()
    changes = allowed_changes(folder, before, plan, update=update)
    if changes or (update and folder.states(before.parts).set_aside.any()):
        folder.manifest.unlink(missing_ok=True)
        folder.forget(before.parts.where(~before.parts.has_key(plan.parts.table["key"])))
    if before != plan:
        folder.write_plan(plan)
    return [relative for relative, what in changes if what == "gone"]


def _holds(folder: RunFolder, plan: Plan) -> bool:
    """Tell whether the run that was begun here has this very plan, and its inputs where they were."""
    found = folder.read_json(folder.plan)
    wanted = {"digest": plan.digest, "format": OUTPUT_FORMAT, "places": plan.places}
    return all(found.get(name) == value for name, value in wanted.items())


def allowed_changes(
    folder: RunFolder, before: Plan, plan: Plan, *, update: bool
) -> Sequence[tuple[str, str]]:
    """Return which inputs are new or changed since a run was begun; refuse what may not be.

    Raises
    ------
    OutputError
        If settings differ, an input is gone, or one is new or changed and `update` does not allow that.
    """
    changes = changed_inputs(before, plan)  # first: what is said of settings is of these inputs
    _refuse_other_inputs(folder, before, plan, changes, update=update)
    _refuse_other_settings(folder, before, plan, same_inputs=not changes)
    return changes or changed_files(before, plan)


def _refuse_other_inputs(
    folder: RunFolder, before: Plan, plan: Plan, changes: Sequence[tuple[str, str]], *, update: bool
) -> None:
    unread = _never_read(folder, before) if changes else set()
    gone = [relative for relative, what in changes if what == "gone" and relative not in unread]
    if gone and len(changes) > len(gone) and not before.parts.files & plan.parts.files:
        raise OutputError(
            f"A folder must hold one run. {folder.root} has a run over other inputs: "
            f"{some_of(sorted(before.parts.files))}. Got {some_of(sorted(plan.parts.files))}. Choose another "
            f"--out."
        )
    if gone:
        raise OutputError(
            f"A run must go on with all of its inputs. {some_of(gone)} "
            f"{'is' if len(gone) == 1 else 'are'} not among those given now, but {folder.root} was begun "
            f"with "
            "it. Give all inputs, or choose another --out."
        )
    if changes and not update:
        relative, what = changes[0]
        if what == "gone":
            raise OutputError(
                f"A run must go on with the inputs that it was begun with. '{relative}' could not be read, "
                "and is gone. Bring it back, or go on without it: add --update, which forgets it."
            )
        more = f" ({len(changes)} files in all)" if len(changes) > 1 else ""
        raise OutputError(
            f"A run must go on with the inputs that it was begun with. '{relative}' is {what} since "
            f"{folder.root} was begun{more}. Add it to the run with --update, or choose another --out."
        )


def _never_read(folder: RunFolder, plan: Plan) -> set[str]:
    """Return the names of inputs that were set aside whole, so that none of their rows was read."""
    is_aside = folder.states(plan.parts).set_aside
    whole = plan.parts.where(is_aside).files - plan.parts.where(~is_aside).files
    return {one.relative for one in plan.set_aside} | set(whole)


def changed_inputs(before: Plan, now: Plan) -> Sequence[tuple[str, str]]:
    """Return what became of input files, as `changed_files`, whatever the settings: by their footers."""
    if before.digest == now.digest:
        return []
    old, new = _inputs(before), _inputs(now)
    return [
        (relative, "new" if relative not in old else "gone" if relative not in new else "changed")
        for relative in sorted(old.keys() | new.keys())
        if old.get(relative, ()) != new.get(relative, ())
    ]


def _inputs(plan: Plan) -> dict[str, tuple[object, ...]]:
    """Return what tells input files apart, by their names; nothing of those that cannot be read."""
    names = ["relative", "size_bytes", "footer_sha256"]
    table = plan.parts.table.select(names).group_by(names, use_threads=False).aggregate([])
    rows = zip(*(table[name].to_pylist() for name in names), strict=True)
    return {one.relative: (None,) for one in plan.set_aside} | {name: tuple(rest) for name, *rest in rows}


def _in_words(value: object) -> str:
    if value is None or isinstance(value, bool):
        return "given" if value else "not given"
    return f"{value:,.12g}" if isinstance(value, float) else repr(value)


def _refuse_other_settings(folder: RunFolder, before: Plan, now: Plan, *, same_inputs: bool) -> None:
    others = sorted({*before.settings, *now.settings}.difference(DIGESTS, COMPARED_LAST))
    for name in (*DIGESTS, *others, *COMPARED_LAST):
        old, new = before.settings.get(name), now.settings.get(name)
        unknown = name == "text_column" and not old  # as no file could tell it
        if old != new and not unknown:
            model = RecutConfig if name in RecutConfig.model_fields else FilterConfig
            given = setting_name(model, name)
            what = f"{given} of {folder.root} is {_in_words(old)}. Now it is {_in_words(new)}."
            if name in DIGESTS:
                what = f"{DIGESTS[name]} of {folder.root} differ from those given now."
            if name == "leaks_sha256" and not (old and new):
                what = f"{folder.root} looks for {'benchmarks' if old else 'no benchmark'} (--against)."
            scorers = _scorers(before, now)
            if name in ("scorer_sha256", "scorers") and scorers[0] != scorers[1]:
                what = (
                    f"{setting_name(FilterConfig, 'scorer')} of {folder.root} is {scorers[0]!r}. "
                    f"Got {scorers[1]!r} instead."
                )
            if name == "recut_from" and before.origin and new is None:
                what = f"{folder.root} holds a new cut of {before.origin!r}."
            if before.command[1:2] == ("decontaminate",) != now.command[1:2]:
                what = f"{folder.root} holds a run of decontaminate."
            raise OutputError(
                f"A run must go on with the settings that it was begun with. {what} "
                f"{_way_on(folder, name, before, now, same_inputs=same_inputs)}"
            )


def _scorers(*plans: Plan) -> list[str]:
    """Return the names of scorers as the commands of runs have them; of an unknown command the usual one."""
    usual = [str(FilterConfig.model_fields["scorer"].default)]
    following = [[word for before, word in pairwise(plan.command) if before == "--scorer"] for plan in plans]
    return [", ".join(words or usual) for words in following]


def _way_on(folder: RunFolder, name: str, before: Plan, now: Plan, *, same_inputs: bool) -> str:
    """Return what to do to get another setting."""
    is_known = before.origin or ("recut_from" not in before.settings and folder.manifest.exists())
    if name == "combine" and is_known and same_inputs:
        run = (before.origin or str(folder.root)).rstrip("/")
        how = str(now.settings["combine"])
        words = ("edufilter", "recut", run, "--combine", how, "--to", f"{run}-{how}")
        return f"To let other points of this run decide:\n  {shlex.join(words)}"
    if name in CUT and is_known and same_inputs and not now.settings.get("choice"):
        run = (before.origin or str(folder.root)).rstrip("/")
        cut = "keep_at" if now.settings.get("keep_fraction") is None else "keep_fraction"
        value = f"{now.settings[cut]:g}"
        words = ("edufilter", "recut", run, f"--{cut.replace('_', '-')}", value, "--to", f"{run}-{value}")
        return f"To keep other documents of this run:\n  {shlex.join(words)}"
    if name in CUT and same_inputs and not folder.manifest.exists() and not before.origin:
        first = "Another cut needs no new scoring: finish this run, then use 'edufilter recut'."
        return f"{first} {before.how_to_finish}"
    option = "--to" if CUT_OF in now.settings else "--out"
    if name == "leaks_sha256" and before.command:
        return f"Choose another folder ({option}), or give the earlier benchmarks:\n  {before.typed}"
    return f"Choose another folder ({option}), or give the earlier setting."


def changed_files(before: Plan, now: Plan) -> Sequence[tuple[str, str]]:
    """Return relative paths and what happened to them: ``new``, ``changed`` or ``gone``."""
    if before.digest == now.digest:  # in a tenth of the time that sets of a million keys take
        return []
    aside_before, aside_now = ({one.relative for one in plan.set_aside} for plan in (before, now))
    old, new = before.parts.files | aside_before, now.parts.files | aside_now
    differing = (
        *before.parts.where(~before.parts.has_key(now.parts.table["key"])).files,
        *now.parts.where(~now.parts.has_key(before.parts.table["key"])).files,
        *(aside_before ^ aside_now),
    )
    return [
        (relative, "new" if relative not in old else "gone" if relative not in new else "changed")
        for relative in sorted(set(differing))
    ]
