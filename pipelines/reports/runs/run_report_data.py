"""What there is to show of a finished run, as plain values: `run_page.py` draws them.

Figures come from the manifest, the spread of scores from ``run/scores`` in one pass, shares by slice from
some rows of the inputs, and documents to read from the inputs by file and row.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pyarrow as pa
import pyarrow.compute as pc

from filtering.errors import EdufilterError, OutputError
from filtering.explaining.drift import MIN_DOCUMENTS, Drift, measure_drift
from filtering.scoring.scorers import SignalScorer
from filtering.scoring.unsure import Unsure, count_unsure
from pipelines.choosing.choice_tables import ChoiceTold, read_told
from pipelines.dump.reading import open_parquet
from pipelines.object_stores import absolute, is_store
from pipelines.progress import ConsoleReporter, Reporter
from pipelines.reports.runs.documents_to_show import (
    TENTH_GROUP,
    RunScores,
    count_and_pick,
    one_of_each_tenth,
    without_repeats,
)
from pipelines.reports.runs.kept_shares import INPUT_FILE, Slice, slices_of
from pipelines.reports.runs.passages import PassagesTold, gather_passages
from pipelines.reports.runs.row_sample import RowSample, choose_rows, look_at
from pipelines.reports.runs.run_leaks import RunLeaks, gather_leaks
from pipelines.reports.runs.several_scorers import SeveralAgree, compare_scorers, explained_by
from pipelines.reports.runs.shown_documents import Sample, read_samples
from pipelines.reports.runs.trained_on import TrainedOn
from pipelines.reports.runs.yields import Yield, yield_of_run
from pipelines.run_folder.decisions import RunDecisions
from pipelines.run_folder.folder import RunFolder
from pipelines.run_folder.manifest import MANIFEST_SCHEMA, holder_of_scores, scorers_of
from pipelines.run_folder.own_files import as_written, of_schema
from pipelines.run_folder.plan import Plan
from pipelines.scorer_addresses import open_nested, open_signals, refuse_other_scorer

Counted = Callable[[Sequence[int], Sequence[int], float | None], None]
"""What is told how many documents are kept and dropped by score, in equal bins, and the one cut for all."""
SHIFTS = 5
FEW_FILES = 20
"""Up to this many, outputs have a row each on the page."""


@dataclass(frozen=True)
class MadeBy:
    """How a run was made, which its manifest does not say: the same run by other means is the same run.

    Parameters
    ----------
    command : str
        What made it, with all settings that are not the defaults.
    rows_scored : int
    seconds : float
        Of the last command, which may have gone on where another was.
    """

    command: str
    rows_scored: int
    seconds: float


@dataclass(frozen=True)
class RunReport:
    """What the page shows, as plain values.

    Parameters
    ----------
    out : str
        Folder of the run.
    made_by : MadeBy, optional
        None where that is not known.
    manifest : mapping
        What ``run/manifest.json`` holds.
    files : tuple of mapping
        Rows of ``run/manifest.parquet``; empty where these are more than `FEW_FILES`.
    kept_bins, dropped_bins : tuple of int
        Rows by score, in bins of 1 / `picks.BINS_PER_POINT` points from 0; empty where none are stored.
    parts_read, parts : int
        Parts whose scores were read for that, and parts of the run.
    slices : tuple of Slice
        Kept shares by input file, of all rows, and by length, language and the like, of the rows looked at.
    yields : tuple of Yield
        Tokens above each cut, in all and by the same kinds; none where the run stores no sizes.
    looked_at : int
        Rows that all of these but the files are counted on.
    no_languages : str
        Why languages were not identified; empty if they were.
    unsure : Unsure, optional
        How many of the rows looked at the scorer does not know; None where that is not known.
    trained_on : TrainedOn, optional
        How many of them the scorer was trained on; None where that is not known.
    drift : Drift, optional
        How far the dump lies from what the scorer was fitted on; None where that is not known, or of too few
        documents.
    samples : tuple of Sample
        By group, those that say most first.
    no_scorer : str
        Why drift and reasons for scores are not known: the scorer of the run is gone, say; empty if they are.
    unread : mapping
        Inputs whose samples could not be read again, and why.
    passages : PassagesTold, optional
        What it found in the parts of long documents; None where it did not look.
    leaks : RunLeaks, optional
        What it found of benchmarks; None where it did not look.
    cut_of : str
        The run that this one is a new cut of, as it was typed; empty if there is none.
    page_of_origin : str
        Where its page is, as a link of the page of this run; empty if it has none on this machine.
    how_to_read : str
        What to do so that files which were set aside are read; empty if none were.
    choice : ChoiceTold, optional
        What was chosen, where more than one cut for all decided.
    several : SeveralAgree, optional
        How far several scorers agree; None where there is one, or none of their scores are stored.
    explained : str
        Of several scorers, the one by which reasons for scores are told; empty where there is one.
    """

    out: str
    made_by: MadeBy | None
    manifest: Mapping[str, Any]
    files: tuple[Mapping[str, Any], ...]
    kept_bins: tuple[int, ...]
    dropped_bins: tuple[int, ...]
    parts_read: int
    parts: int
    slices: tuple[Slice, ...]
    yields: tuple[Yield, ...]
    looked_at: int
    no_languages: str
    unsure: Unsure | None
    trained_on: TrainedOn | None
    drift: Drift | None
    samples: tuple[Sample, ...]
    no_scorer: str
    unread: Mapping[str, str]
    passages: PassagesTold | None
    leaks: RunLeaks | None
    cut_of: str
    page_of_origin: str
    how_to_read: str
    choice: ChoiceTold | None
    several: SeveralAgree | None
    explained: str


def gather_report(
    out: str,
    *,
    samples: bool = True,
    made_by: MadeBy | None = None,
    counted: Counted = lambda kept, dropped, keep_at: None,
    reporter: Reporter | None = None,
) -> RunReport:
    """Return what there is to show of a finished run, in memory that does not grow with its rows.

    Parameters
    ----------
    out : str
    samples : bool
        Whether to show documents.
    made_by : MadeBy, optional
    counted : callable, optional
        Is told the spread of the scores as soon as it is known, and the cut: documents are read only then.
    reporter : Reporter, optional
        What is told about progress; nobody if not given.

    Raises
    ------
    OutputError
        If `out` holds no finished run.
    """
    folder = RunFolder(out)
    plan, manifest = folder.read_finished_plan(), folder.read_manifest()
    read = plan.facts.row_reader
    run = RunScores(RunDecisions(folder, plan, _scores_of(folder, plan)), plan.parts)
    stored = run.stored()
    bins, groups = count_and_pick(run, stored)
    kept_bins, dropped_bins = tuple(bins[1].tolist()), tuple(bins[0].tolist())
    counted(kept_bins, dropped_bins, plan.facts.keep_at if plan.facts.choice is None else None)
    several = None
    if plan.facts.combine is not None and stored:
        several, differing = compare_scorers(run, stored)
        groups = differing | groups  # a document of two groups is shown in the first
    addresses = scorers_of(manifest)
    explained = explained_by(plan.facts.combine, addresses)
    first = next(iter(addresses), "")  # which speaks for languages, as in the run
    scorer, no_scorer = _scorer_of(plan, addresses.get(first), first)
    explains = scorer if explained == first else _scorer_of(plan, addresses[explained], explained)[0]
    rows = choose_rows(plan.parts, stored)
    reporter = reporter or ConsoleReporter("none")
    whole = yield_of_run(run, stored, manifest["rows"])
    scored_tokens = None if whole is None else whole.tokens
    labels = None if scorer is None else open_nested(addresses[first])
    seen = look_at(run, rows, read, scorer, labels, scored_tokens=scored_tokens, reporter=reporter)
    groups[TENTH_GROUP] = one_of_each_tenth(seen.picks, groups)
    picked = without_repeats(groups) if samples else {}
    own = explained if several is not None else None
    shown, unread = read_samples(
        run, picked, read, explains, points_by=own, is_code=seen.is_code, reporter=reporter
    )
    path = folder.run / "manifest.parquet"
    with as_written(path), open_parquet(folder.own_file(path)) as file:
        files = of_schema(file.read(use_threads=False), MANIFEST_SCHEMA)
    unsure = None if scorer is None else _unsure_of(scorer, seen)
    return RunReport(
        out=out,
        made_by=made_by,
        manifest=manifest,
        files=tuple(files.to_pylist()) if len(plan.parts) <= FEW_FILES else (),
        kept_bins=kept_bins,
        dropped_bins=dropped_bins,
        parts_read=len(stored),
        parts=len(plan.parts),
        slices=(*_by_file(files), *seen.slices),
        yields=() if whole is None else (whole, *seen.yields),
        looked_at=len(seen.picks),
        no_languages=seen.no_languages,
        unsure=unsure,
        trained_on=seen.trained_on,
        drift=_drift_of(scorer, seen, unsure) if scorer and unsure else None,
        samples=tuple(shown),
        no_scorer=no_scorer,
        unread=unread,
        passages=gather_passages(run, manifest, scorer, samples=samples),
        leaks=gather_leaks(folder, plan, manifest, samples=samples),
        cut_of=plan.origin,
        page_of_origin=_page_of(plan.origin, out),
        how_to_read=plan.how_to_read if manifest["set_aside"] else "",
        choice=read_told(folder),
        several=several,
        explained=explained if several is not None else "",
    )


def _unsure_of(scorer: SignalScorer, seen: RowSample) -> Unsure:
    """Return how many of the rows that were looked at a scorer does not know."""
    words = [None if text is None else text.encode(errors="replace") for text in seen.texts]
    kept = [pick.kept for pick in seen.picks]
    unsure = count_unsure(scorer.languages, scorer.novelty, words, seen.languages, kept)
    return replace(unsure, source_files=seen.source_files, prose=seen.prose)


def _drift_of(scorer: SignalScorer, seen: RowSample, unsure: Unsure) -> Drift | None:
    """Return how far the rows that were looked at lie from what a scorer knows; None of too few."""
    texts = [text for text in seen.texts if text is not None]
    if len(texts) < MIN_DOCUMENTS:
        return None
    return measure_drift(scorer, texts, top=SHIFTS, unsure=unsure)


def _page_of(origin: str, out: str) -> str:
    """Return the link from the page of a run to that of another one."""
    if not origin or is_store(origin) or is_store(out):
        return ""
    page = Path(absolute(origin), "run", "report.html")
    return quote(os.path.relpath(page, Path(absolute(out), "run"))) if page.exists() else ""


def _scores_of(folder: RunFolder, plan: Plan) -> RunFolder:
    """Return the run that holds the scores; the run itself where that one is gone."""
    try:
        return holder_of_scores(folder, plan)
    except OutputError:
        return folder


def _scorer_of(plan: Plan, address: str | None, name: str) -> tuple[SignalScorer | None, str]:
    """Return the signals that a run was scored by; or why they are not to be had."""
    if address is None:
        return None, ""
    try:
        scorer = open_signals(address)
        refuse_other_scorer(address, scorer.digest, plan.facts.digests.get(name, plan.facts.scorer_sha256))
    except EdufilterError as error:
        return None, str(error)
    return scorer, ""


def _by_file(files: pa.Table) -> list[Slice]:
    good = files.filter(pc.equal(files["set_aside"], "")).select(["relative", "rows", "kept"])
    sums = good.group_by("relative").aggregate([("rows", "sum"), ("kept", "sum")])
    counts = {one["relative"]: (one["rows_sum"], one["kept_sum"]) for one in sums.to_pylist()}
    return slices_of(INPUT_FILE, counts)
