"""The page of a run: what was kept, what was not, where that differs, and documents to read."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from math import isnan
from typing import Any

from rich.filesize import decimal as size

from annotations.asking.budget import BYTES_PER_TOKEN
from filtering.explaining.drift import OTHER_DISTANCE
from filtering.explaining.explanation import Explanation, SignalAmount
from filtering.explaining.groups import COMBINED, WHAT_COMBINES
from filtering.rubric_points import POINTS
from filtering.scoring.scores import DECIDED_BY, EMBEDDING_STAGE, STAGES
from pipelines.amount_formats import duration, percent, points_from, short_count
from pipelines.page_kit.cards import Card, CardSection, card_section
from pipelines.page_kit.page import Table, Tile, whole_page
from pipelines.reports.runs.documents_to_show import BINS_PER_POINT, GROUPS, TENTH_GROUP
from pipelines.reports.runs.findings import Finding, find_what_matters
from pipelines.reports.runs.kept_shares import (
    FAR_IN_WORDS,
    INPUT_FILE,
    MOST,
    OTHERS,
    SHOWN,
    Slice,
    order_in_words,
    shortened,
    without_value,
)
from pipelines.reports.runs.run_leaks import ANY, HITS_READ, LeakCount, RunLeaks
from pipelines.reports.runs.run_report_data import RunReport
from pipelines.reports.runs.settings_in_words import settings_table
from pipelines.reports.runs.several_scorers import agreement_tables, differing_groups
from pipelines.reports.runs.shown_documents import Sample
from pipelines.reports.runs.unsure_documents import languages_after, warning_after
from pipelines.reports.runs.yields import yields_table
from pipelines.run.audit import AuditResult, agreement_of, hundredths
from pipelines.run_folder.leak_files import found_by
from pipelines.run_folder.leaked_items import MANY_SITES
from pipelines.run_folder.manifest import scorers_of, written_passages

SET_ASIDE_SHOWN = 100
BINS_PER_ROW = 5
"""Bins of the chart that are one row of its table: half a point."""
WITHOUT_A_CUT = {
    "Just over the cut": "Worst kept",
    "Just under the cut": "Best that were not chosen",
}
"""Groups of documents to read, where more than a cut decided."""
LEAKS_DONE = {
    "drop": ("removed", "left out of the output"),
    "mark": ("marked", "kept, and the column edu_leak names what was found"),
}
"""By action: what became of documents with a leak, in a word and in more."""
MANY_TITLE = f"Tasks on more than {MANY_SITES} sites, which may be common text"
ITEMS_HEAD = ("benchmark", "tasks", "leaked", "common text", "cannot be told")


@dataclass(frozen=True)
class _View:
    """What the template ``run.html`` shows beside the report."""

    report: RunReport
    charts: Mapping[str, str]
    tiles: Sequence[Tile]
    findings: Sequence[Finding]
    scores: Table | None  # None where the run stores none
    several: Sequence[Table]  # how far several scorers agree
    yields: Sequence[Table]  # in all, and by kind
    slices: Mapping[str, Sequence[Slice]]  # by kind
    others: str  # the value of a slice that stands for several
    most: int  # values of a kind that the report has as data
    far: str  # what is said of a slice that is far from the rest
    files_kind: str  # the kind of slices that all rows are counted on
    other_distance: float  # from which documents are of another kind
    combines: str  # what combinations of signals are; empty where no document shows them
    leaks_done: str
    leak_counts: Sequence[Table]  # of tasks, and of documents by benchmark
    drift: Table | None
    knows: str  # whether this is what the scorer knows
    unsure: str  # what few documents it does not know
    documents: CardSection
    chosen: bool  # whether more than a cut decided
    tables: Sequence[Table]  # counts, settings and the like
    files: Table | None  # None where there are too many for a row each
    set_aside: Table | None
    hits_read: int

    def order_of(self, kind: str) -> str:
        """Return how the rows of a kind are sorted, in words."""
        some = self.slices[kind]
        order = order_in_words(kind, "bold", has_far=any(one.is_far for one in some))
        without = without_value(kind, sum(one.rows for one in some), self.report.looked_at)
        return "; ".join(filter(None, (order, without)))


def render_page(report: RunReport, charts: Mapping[str, str]) -> str:
    """Return the page as HTML.

    Parameters
    ----------
    report : RunReport
    charts : mapping
        SVG by class of the style: ``wide`` and ``narrow``.
    """
    run, leaks, audit = report.manifest, report.leaks, agreement_of(report.manifest)
    by_kind = groupby(report.slices, key=lambda one: one.kind)
    slices = {kind: shortened(list(some), SHOWN) for kind, some in by_kind}
    knows, unsure = _knows(report)
    view = _View(
        report=report,
        charts=charts,
        tiles=_tiles(report),
        findings=find_what_matters(report, audit),
        scores=_scores(report) if report.kept_bins else None,
        several=[] if report.several is None else agreement_tables(report.several, scorers_of(run)),
        yields=[yields_table(list(some)) for _, some in groupby(report.yields, key=lambda one: one.kind)],
        slices=slices,
        others=OTHERS,
        most=MOST,
        far=FAR_IN_WORDS,
        files_kind=INPUT_FILE,
        other_distance=OTHER_DISTANCE,
        combines=WHAT_COMBINES if _shows_combinations(report.samples) else "",
        leaks_done="" if leaks is None else LEAKS_DONE[leaks.action][1],
        leak_counts=() if leaks is None else _leak_counts(leaks),
        drift=_drift(report),
        knows=knows,
        unsure=unsure,
        documents=_documents(report, set(slices)),
        chosen=_is_chosen(report),
        tables=[
            _counts(run),
            settings_table(run),
            *([_tokens(run)] if run["tokens"] else []),
            *([] if audit is None else [_audit(audit, run)]),
        ],
        files=_files(report),
        set_aside=_set_aside(run, report.how_to_read) if run["set_aside"] else None,
        hits_read=HITS_READ,
    )
    return whole_page("run.html", f"edufilter: {report.out}", view)


def _shows_combinations(samples: Sequence[Sample]) -> bool:
    told = (one for sample in samples if sample.why for one in (*sample.why.raised, *sample.why.lowered))
    return any(one.group == COMBINED for one in told)


def _knows(report: RunReport) -> tuple[str, str]:
    """Return what the scorer does not know of the run, or that it knows it; and the same of few documents."""
    languages = languages_after(report.manifest, report.out, report.unsure)
    if report.unsure is None:
        return "", languages
    warning = warning_after(report.manifest, report.out, report.unsure)
    if report.unsure.of_languages:
        return f"{languages} {warning}".rstrip(), ""
    return warning or ("" if report.drift is None else report.drift.sentence), languages


def _tiles(report: RunReport) -> list[Tile]:
    run = report.manifest
    rows, kept = run["rows"], run["kept"]
    repeats = run.get("used", kept) - kept
    aside = len(run["set_aside"])
    tokens, kept_tokens = (run[name] / BYTES_PER_TOKEN for name in ("text_bytes", "kept_text_bytes"))
    by_bytes = ", at 4 bytes each" if run["settings"].get("tokenizer") is not None else ""
    made = report.made_by
    shown = [
        Tile("documents read", f"{rows:,}", f"{size(run['text_bytes'])} of text"),
        Tile("documents kept", percent(kept, rows), f"{kept:,} documents"),
        Tile("text kept", percent(run["kept_text_bytes"], run["text_bytes"]), size(run["kept_text_bytes"])),
        Tile("tokens kept, about", short_count(kept_tokens), f"of {short_count(tokens)}{by_bytes}"),
    ]
    passages, passage_bytes, cut = written_passages(run)
    if passages:
        others = "other document" if cut == 1 else "other documents"
        more = f"of {cut:,} {others}, about {short_count(passage_bytes / BYTES_PER_TOKEN)} tokens more"
        shown.append(Tile("passages", f"{passages:,}", more))
    if repeats:
        used = run["used_text_bytes"] / BYTES_PER_TOKEN
        shown.append(
            Tile("tokens used, about", short_count(used), f"documents are used {run['used']:,} times")
        )
    if run["scorer"] is not None:
        keep_at = points_from(run["settings"]["keep_at"])
        reasons = ", ".join(name for name, _ in Counter(run["reasons"]).most_common()) or "all were scored"
        shown.append(
            Tile("worst kept" if _is_chosen(report) else "kept from", keep_at, f"points of {POINTS}")
        )
        shown.append(Tile("without a score", f"{run['without_score']:,}", reasons))
    shown.append(Tile("not read", f"{aside:,}", "files or parts" if aside else "all files were read"))
    if report.leaks is not None:
        shown.append(Tile("with a leak", f"{report.leaks.leaked:,}", "documents with a task"))
    if made is not None and made.rows_scored:
        rate = made.rows_scored / max(made.seconds, 1e-9)
        shown.append(Tile("documents/s", f"{rate:,.0f}", f"in {duration(made.seconds)}"))
    return shown


def _scores(report: RunReport) -> Table:
    total = sum(report.kept_bins) + sum(report.dropped_bins)
    rows, above = [], 0
    for start in reversed(range(0, len(report.kept_bins), BINS_PER_ROW)):
        kept = sum(report.kept_bins[start : start + BINS_PER_ROW])
        count = kept + sum(report.dropped_bins[start : start + BINS_PER_ROW])
        above += count
        low, high = start / BINS_PER_POINT, (start + BINS_PER_ROW) / BINS_PER_POINT
        rows.append((f"{low:.1f} to {high:.1f}", count, percent(count, total), kept, percent(above, total)))
    return Table("", ("score", "documents", "share", "kept", "another cut there keeps"), rows)


def _leak_counts(found: RunLeaks) -> list[Table]:
    head = ("found by", "documents", LEAKS_DONE[found.action][0], "tasks")
    by_benchmark = groupby(found.counts, key=lambda one: one.benchmark)
    items = [(one.benchmark, one.items, one.contaminated, one.common_text, one.untold) for one in found.items]
    return [
        *([Table("Tasks by benchmark", ITEMS_HEAD, items)] if items else []),
        *([Table(MANY_TITLE, ("task", "sites"), found.many_sites)] if found.many_sites else []),
        *(
            Table(
                f"{name}: documents found, by what found them",
                head,
                [_leak_count(one) for one in counts],
            )
            for name, counts in by_benchmark
        ),
    ]


def _leak_count(one: LeakCount) -> tuple[str, int, int, int]:
    by = "any method" if one.method == ANY else found_by(one.method, one.part)
    return by, one.found, one.leaked, one.tasks


def _drift(report: RunReport) -> Table | None:
    if report.drift is None:
        return None
    rows = [
        (one.meaning, f"{one.distance:.2f}", f"{one.median:.3g}", f"{one.seed_median:.3g}")
        for one in report.drift.shifts
    ]
    head = ("", "difference, 0 to 1", "median here", "median of the labelled documents")
    return Table(
        "The statistics that differ most from the documents that the scorer was trained on", head, rows
    )


def _is_chosen(report: RunReport) -> bool:
    """Tell whether more than one cut for all decided which documents are kept."""
    return report.manifest["settings"].get("choice") is not None


def _documents(report: RunReport, kinds: Collection[str]) -> CardSection:
    """Return documents to read; where there is no cut, none stands just over or under it."""
    names = {name: WITHOUT_A_CUT.get(name, name) if _is_chosen(report) else name for name in GROUPS}
    cards = [_card(one, kinds) for one in report.samples]
    named = [replace(card, group=names.get(card.group, card.group)) for card in cards]
    differing = differing_groups([one.name for one in report.several.scorers]) if report.several else ()
    return card_section(named, (*names.values(), *differing, TENTH_GROUP))


def _card(sample: Sample, kinds: Collection[str]) -> Card:
    """Return a sample as a card that is found by those of its slices that the page shows."""
    embedded = ", embedded" if sample.stage == STAGES[EMBEDDING_STAGE] else ""
    dropped = f"; not kept: {sample.dropped_for}" if sample.dropped_for else ""
    points = "".join(f"; {name}: {_points(value)}" for name, value in sample.points.items())
    return Card(
        group=sample.group,
        score=sample.score,
        kept=sample.kept,
        about=f"{sample.file}, row {sample.row}{points}{embedded}{dropped}",
        content=sample.text,
        characters=sample.characters,
        slices={
            "input file": sample.file,
            "decided by": DECIDED_BY.get(sample.stage, sample.stage),
            **{kind: value for kind, value in sample.slices.items() if kind in kinds},
        },
        **({} if sample.why is None else _moved(sample.why)),
    )


def _points(value: float) -> str:
    return "no points" if isnan(value) else f"{value:.2f}"


def _moved(why: Explanation) -> dict[str, list[str]]:
    """Return in words what raised and what lowered a score."""
    return {"raised": list(map(_signal, why.raised)), "lowered": list(map(_signal, why.lowered))}


def _signal(one: SignalAmount) -> str:
    return f"{', '.join(filter(None, (one.name, one.amount)))} ({one.points:+.2f})"


def _counts(run: Mapping[str, Any]) -> Table:
    unsure, action = sum(run["unsure"].values()), run["settings"].get("unsure")
    counts = [("kept", run["kept"], run["rows"]), ("dropped", run["dropped"], run["rows"])]
    if cut := written_passages(run)[2]:
        counts.append(("of the dropped: passages are kept", cut, run["dropped"]))
    if unsure:
        of = "dropped" if action == "drop" else "kept"
        counts.append((f"of the {of}: unsure", unsure, run[of]))
    for what, name in (("no score", "reasons"), ("unusual", "unusual")):
        found = Counter(run[name]).most_common()
        counts += [(f"{what}: {kind}", count, run["rows"]) for kind, count in found]
    rows = [(name, count, percent(count, of)) for name, count, of in counts]
    return Table("Counts", ("", "documents", "share"), rows)


def _tokens(run: Mapping[str, Any]) -> Table:
    beyond = run["tokens"] - run["tokens_read"]
    rows = [
        ("read by the embedding model", run["tokens_read"], percent(run["tokens_read"], run["tokens"])),
        ("beyond what it reads", beyond, percent(beyond, run["tokens"])),
    ]
    return Table("Tokens of the documents that were embedded", ("", "tokens", "share"), rows)


def _audit(found: AuditResult, run: Mapping[str, Any]) -> Table:
    """Return what the audit of a cascade found."""
    rows = [
        (
            rate.meaning,
            rate.figure,
            # Where too few were compared to tell, these are far from what is promised, and say nothing.
            *(("", "") if found.is_untold else (hundredths(rate.low), hundredths(rate.high))),
            "" if rate.promised is None else hundredths(rate.promised),
        )
        for rate in found.rates
    ]
    rows.append(
        ("of all documents were embedded", percent(run["audit"]["embedded"], run["rows"]), "", "", "")
    )
    caption = "Decisions against those of effort full"
    head = ("documents", "share, about", "at least (95 % sure)", "at most (95 % sure)", "promised at most")
    return Table(caption, head, rows, note=found.verdict)


def _files(report: RunReport) -> Table | None:
    files = [
        (
            one["output"],
            one["rows"],
            one["kept"],
            percent(one["kept"], one["rows"]),
            size(one["data_bytes"]),
        )
        for one in report.files
        if not one["set_aside"]
    ]
    return Table("Files", ("below data/", "documents", "kept", "share", "size"), files) if files else None


def _set_aside(run: Mapping[str, Any], how_to_read: str) -> Table:
    rows = [(one["relative"], one["why"], one["rows"]) for one in run["set_aside"][:SET_ASIDE_SHOWN]]
    caption = f"Set aside: {len(run['set_aside']):,}, could not be read"
    return Table(caption, ("file", "why", "documents"), rows, texts=2, note=how_to_read)
