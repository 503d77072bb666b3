"""The page of a run: what was kept, what was not, where that differs, and documents to read."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from annotations.budget import BYTES_PER_TOKEN
from filtering.explain import Explanation, NgramAmount
from filtering.points import POINTS
from filtering.readable import range_in_words
from filtering.scorers import EMBEDDING_STAGE, STAGES
from pipelines.audit import AuditResult, agreement_of
from pipelines.cards import Card, card_section
from pipelines.leak_section import leak_section
from pipelines.page import percent, size, table, text, tiles, whole_page
from pipelines.picks import BINS_PER_POINT, GROUPS, TENTH_GROUP
from pipelines.report_data import RunReport, Sample
from pipelines.slices import OTHERS, Slice

SET_ASIDE_SHOWN = 100
BINS_PER_ROW = 5
"""Bins of the chart that are one row of its table: half a point."""
FINDINGS_SHOWN = 4
"""Values of a kind that are named; the tables have all."""


def render_page(report: RunReport, charts: Mapping[str, str]) -> str:
    """Return the page as HTML.

    Parameters
    ----------
    report : RunReport
    charts : mapping
        SVG by class of the style: ``wide`` and ``narrow``.
    """
    return whole_page(
        f"edufilter: {report.out}",
        [
            _head(report),
            _findings(report),
            _scores(report, charts),
            leak_section(report.leaks) if report.leaks is not None else "",
            _shares(report),
            _drift(report),
            _samples(report),
            _details(report),
        ],
    )


def _head(report: RunReport) -> str:
    run = report.manifest
    rows, kept = run["rows"], run["kept"]
    aside = len(run["set_aside"])
    tokens, kept_tokens = (run[name] / BYTES_PER_TOKEN for name in ("text_bytes", "kept_text_bytes"))
    made = report.made_by
    shown = [
        ("documents read", f"{rows:,}", f"{size(run['text_bytes'])} of text"),
        ("kept", percent(kept, rows), f"{kept:,} documents"),
        ("of the text", percent(run["kept_text_bytes"], run["text_bytes"]), size(run["kept_text_bytes"])),
        (
            "tokens kept, about",
            _rounded(kept_tokens),
            f"of {_rounded(tokens)}, at {BYTES_PER_TOKEN} bytes each",
        ),
        ("set aside", f"{aside:,}", "could not be read" if aside else "all files were read"),
    ]
    if run["scorer"] is not None:
        keep_at = f"{run['settings']['keep_at']:.4g}"
        reasons = ", ".join(run["reasons"]) or "all were scored"
        shown.insert(4, ("kept from", keep_at, f"rubric points, of {POINTS}"))
        shown.insert(5, ("without a score", f"{run['without_score']:,}", reasons))
    if report.leaks is not None:
        shown.append(("with a leak", f"{report.leaks.leaked:,}", "documents with benchmark tasks"))
    if made is not None and made.rows_scored:
        rate = made.rows_scored / max(made.seconds, 1e-9)
        shown.append(("documents/s", f"{rate:,.0f}", f"{made.rows_scored:,} in {made.seconds:,.1f} s"))
    command = f"<p class=soft><code>{text(made.command)}</code></p>" if made is not None else ""
    return (
        f"<h1>{kept:,} of {rows:,} documents kept</h1>\n"
        f"<p class=soft>{text(report.out)} · edufilter {text(run['edufilter'])}{_scorer(run)}</p>\n{command}"
        f"<div class=share><div style='width:{100 * kept / max(rows, 1):.2f}%'></div></div>\n{tiles(shown)}"
    )


def _scorer(run: Mapping[str, Any]) -> str:
    if run["scorer"] is None:
        return ""
    settings = run["settings"]
    digest, effort = str(settings["scorer_sha256"])[:12], settings["effort"]
    return f" · scorer {text(run['scorer'])} {text(digest)} · effort {text(effort)}"


def _rounded(number: float) -> str:
    """Return a number with two or three digits, and what it counts by."""
    for unit in ("", " k", " M", " B"):
        if number < 1000 or unit == " B":
            break
        number /= 1000
    return f"{number:,.0f}{unit}" if number >= 100 or not unit else f"{number:.1f}{unit}"


def _findings(report: RunReport) -> str:
    """Return what a reader should not miss, in plain sentences."""
    run = report.manifest
    drift = report.drift
    found = [text(drift.sentence)] if drift is not None and drift.looks_other else []
    agreement = agreement_of(run)
    if agreement is not None and agreement.is_broken:
        found.append(
            "The promise of the cascade does not hold on this dump: at least "
            f"{100 * agreement.low:.2f} % are decided otherwise than with effort full."
        )
    if run["set_aside"]:
        found.append(
            f"{len(run['set_aside']):,} files or parts of files could not be read; they are named below."
        )
    for kind, slices in groupby(report.slices, key=lambda one: one.kind):
        far = [one for one in slices if one.is_far]
        named = "; ".join(
            f"<b>{text(one.value)}</b> {_share(one.share)} against {_share(one.share_of_rest)} of the rest"
            for one in far[:FINDINGS_SHOWN]
        )
        more = f"; and {len(far) - FINDINGS_SHOWN:,} more" if len(far) > FINDINGS_SHOWN else ""
        if far:
            found.append(f"Kept far more or less often, by {text(kind)}: {named}{more}.")
    if not found:
        return ""
    items = "".join(f"<li>{one}</li>" for one in found)
    return f"<h2>Worth a look</h2>\n<ul class=findings>{items}</ul>"


def _share(share: float) -> str:
    return f"{100 * share:.1f} %"


def _scores(report: RunReport, charts: Mapping[str, str]) -> str:
    if report.manifest["scorer"] is None:
        return ""
    if not report.kept_bins:
        return (
            "<h2>Scores</h2><p>This run stores no scores of its own: it is a new cut of another run. "
            "The report of that run shows their spread, and documents to read.</p>"
        )
    drawn = "".join(f"<div class={name}>{svg}</div>" for name, svg in charts.items())
    total = sum(report.kept_bins) + sum(report.dropped_bins)
    rows, above = [], 0
    for start in reversed(range(0, len(report.kept_bins), BINS_PER_ROW)):
        kept = sum(report.kept_bins[start : start + BINS_PER_ROW])
        count = kept + sum(report.dropped_bins[start : start + BINS_PER_ROW])
        above += count
        low, high = start / BINS_PER_POINT, (start + BINS_PER_ROW) / BINS_PER_POINT
        rows.append((f"{low:.1f} to {high:.1f}", count, percent(count, total), kept, percent(above, total)))
    head = ("score", "documents", "share", "kept", "at least that")
    some = f"Of {report.parts_read:,} of {report.parts:,} parts. " if report.parts_read < report.parts else ""
    return (
        "<h2>Scores</h2>\n<div class=card><span class=key>kept</span><span class='key dropped'>dropped</span>"
        f"{drawn}\n<details><summary>As a table</summary>{table('', head, rows)}</details></div>\n"
        f"<p class=soft>{some}A score is in points of the rubric, 0 to 5: of documents that score 3, about "
        "half have a label of 3 or more. The last column of the table is the share that a cut there would "
        "keep; <code>edufilter recut</code> makes one without scoring again.</p>"
    )


def _shares(report: RunReport) -> str:
    """Return kept shares by slice, each kind as a table with bars."""
    if not report.slices:
        return ""
    cards = "".join(
        f"<div class=card>{_slice_table(kind, list(slices))}</div>"
        for kind, slices in groupby(report.slices, key=lambda one: one.kind)
    )
    languages = f" Languages were not identified. {text(report.no_languages)}" if report.no_languages else ""
    looked_at = (
        f"By all else: {report.looked_at:,} rows with a score, spread over the run."
        if report.looked_at
        else ""
    )
    return (
        f"<h2>What is kept of what</h2>\n<p class=soft>By input file: all rows. {looked_at}{languages} A bar "
        "is the share that is kept, as long as the largest of its table is full; the line in it is that of "
        "the rest. Bold is what differs from the rest by at least a factor of two in the odds, and not by "
        "accident (99 %).</p>\n"
        f"<div class=masonry>{cards}</div>"
    )


def _slice_table(kind: str, slices: Sequence[Slice]) -> str:
    most = max(*(max(one.share, one.share_of_rest) for one in slices), 1e-9)
    lines = []
    for one in slices:
        share = (
            f"<div title='{100 * one.low:.1f} to {100 * one.high:.1f} %'>"
            f"<i style='width:{100 * one.share / most:.1f}%'></i>"
            f"<u style='left:{100 * one.share_of_rest / most:.1f}%'></u></div>"
        )
        name = f"<i>{OTHERS}</i>" if one.value == OTHERS else text(one.value)
        lines.append(
            f"<tr{' class=far' if one.is_far else ''}><td>{name}</td><td class=number>{one.rows:,}</td>"
            f"<td class=number>{_share(one.share)}</td><td class=bar>{share}</td></tr>"
        )
    return (
        f"<div class=scroll><table><caption>{text(kind)}</caption><tr><th></th>"
        "<th class=number>documents</th><th class=number>kept</th><th></th></tr>\n"
        f"{''.join(lines)}</table></div>"
    )


def _drift(report: RunReport) -> str:
    drift = report.drift
    if drift is None:
        return ""
    rows = [
        (one.meaning, f"{one.distance:.2f}", f"{one.median:.3g}", f"{one.seed_median:.3g}")
        for one in drift.shifts
    ]
    head = ("", "distance", "median here", "median of the seed")
    shown = table("The statistics that differ most", head, rows)
    return (
        f"<h2>Is this what the scorer knows?</h2>\n<p>{text(drift.sentence)}</p>\n"
        f"<details><summary>Which statistics differ</summary><div class=card>{shown}</div></details>"
    )


def _samples(report: RunReport) -> str:
    if not report.samples and not report.unread:
        return ""
    gone = "".join(f"<li>{text(file)}: {text(why)}</li>" for file, why in report.unread.items())
    why = (
        f" {text(report.no_scorer)} So nothing is said of why scores are as they are."
        if report.no_scorer
        else ""
    )
    missing = f"<p>Documents of these inputs cannot be shown:</p><ul>{gone}</ul>" if gone else ""
    return (
        "<h2>Documents to read</h2>\n<p class=soft>Read from the inputs, by file and row (from 0). The worst "
        f"that were kept stand just over the cut, the best that were dropped just under it.{why}</p>"
        f"{missing}\n{card_section([_card(one) for one in report.samples], (*GROUPS, TENTH_GROUP))}"
    )


def _card(sample: Sample) -> Card:
    embedded = ", embedded" if sample.stage == STAGES[EMBEDDING_STAGE] else ""
    return Card(
        group=sample.group,
        score=sample.score,
        kept=sample.kept,
        about=f"{sample.file}, row {sample.row:,}{embedded}",
        content=sample.text,
        characters=sample.characters,
        slices={"input file": sample.file, "decided by": sample.stage, **sample.slices},
        **({} if sample.why is None else _moved(sample.why)),
    )


def _moved(why: Explanation) -> dict[str, list[str]]:
    """Return in words what raised and what lowered a score."""
    statistics = [
        (
            f"{one.meaning}: {one.value:.3g}, usual "
            f"{range_in_words(one.usual_low, one.usual_high, digits=3)} ({one.points:+.2f})",
            one.points > 0,
        )
        for one in why.statistics
    ]
    return {
        "raised": [_ngram(one) for one in why.raised] + [words for words, up in statistics if up],
        "lowered": [_ngram(one) for one in why.lowered] + [words for words, up in statistics if not up],
    }


def _ngram(one: NgramAmount) -> str:
    return f"{one.text} ({one.points:+.2f})"


def _details(report: RunReport) -> str:
    run = report.manifest
    counts = [("kept", run["kept"]), ("dropped", run["dropped"])]
    counts += [(f"no score: {name}", count) for name, count in run["reasons"].items()]
    counts += [(f"unusual: {name}", count) for name, count in run["unusual"].items()]
    shares = [(name, count, percent(count, run["rows"])) for name, count in counts]
    settings = [(name, _setting(name, value)) for name, value in sorted(run["settings"].items())]
    tables = [
        table("Counts", ("documents", "rows", "share"), shares),
        table("Settings", ("setting", "value"), [*settings, ("plan", run["plan"][:12])], texts=2),
    ]
    if run["tokens"]:
        beyond = run["tokens"] - run["tokens_read"]
        tokens = [
            ("read by the model", run["tokens_read"], percent(run["tokens_read"], run["tokens"])),
            ("beyond what it reads", beyond, percent(beyond, run["tokens"])),
        ]
        tables.append(table("Tokens that the model was given of documents", ("", "tokens", "share"), tokens))
    agreement = agreement_of(run)
    if agreement is not None:
        tables.append(_agreement_table(agreement, run))
    cards = "".join(f"<div class=card>{one}</div>" for one in tables)
    wide = "\n".join(f"<div class='card below'>{one}</div>" for one in _file_tables(report))
    return f"<h2>Counts, files and settings</h2>\n<div class='columns tables'>{cards}</div>\n{wide}"


def _file_tables(report: RunReport) -> list[str]:
    run = report.manifest
    files = [
        (one["output"], one["rows"], one["kept"], percent(one["kept"], one["rows"]), size(one["data_bytes"]))
        for one in report.files
        if not one["set_aside"]
    ]
    found = [f"<p>{run['output_files']:,} files; run/manifest.parquet has a row for each.</p>"]
    if files:
        found = [table("Files", ("below data/", "rows", "kept", "share", "size"), files)]
    if run["set_aside"]:
        aside = [(one["relative"], one["why"], one["rows"]) for one in run["set_aside"][:SET_ASIDE_SHOWN]]
        caption = f"Set aside: {len(run['set_aside']):,}, could not be read"
        found.append(table(caption, ("file", "why", "rows"), aside, texts=2))
    return found


def _agreement_table(found: AuditResult, run: Mapping[str, Any]) -> str:
    """Return what the audit of a cascade found."""
    low, high = (f"{100 * share:.2f}" for share in (found.low, found.high))
    promised = "nothing" if found.promised is None else f"at most {100 * found.promised:g} %"
    rows = [
        ("embedded, since signals were not sure", percent(run["audit"]["embedded"], run["rows"])),
        ("left early and looked at again", f"{found.looked_at:,}"),
        ("decided otherwise, of all documents", f"{100 * found.disagreement:.2f} % [{low}, {high}]"),
        ("asked for", promised + (": not held on this dump" if found.is_broken else "")),
        ("lost, of what effort full keeps", f"{100 * found.lost_keepers:.1f} %"),
        ("false, of what was kept", f"{100 * found.false_keeps:.1f} %"),
    ]
    return table("Decisions against those of effort full", ("", "share"), rows)


def _setting(name: str, value: object) -> object:
    return str(value)[:12] if name.endswith("sha256") or name == "recut_from" else value
