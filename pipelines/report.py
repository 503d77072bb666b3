"""The page of a run: one file that opens offline, on a phone, in the dark and without JavaScript.

All that comes from data is escaped, and the page has no script of its own and forbids any: charts
are drawn here, as SVG.
"""

import io
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from filtering.calibration import POINTS
from filtering.extras import require
from pipelines.audit import Agreement, agreement_of
from pipelines.paths import AnyPath
from pipelines.report_data import BINS_PER_POINT, EXCERPT_CHARS, GROUPS, RunReport, Sample, gather_report
from pipelines.store import RunFolder

CHARTS = {"wide": (1200, 260), "narrow": (340, 230)}
"""Width and height of the two drawings in pixels; the style shows the one that fits the screen."""
LABEL_ABOVE = -9
"""Pixels from the top of the bars' area to the middle of the cut's label."""
SET_ASIDE_SHOWN = 100
BINS_PER_ROW = 5
"""Bins of the chart that are one row of its table: half a point."""
CONTROL_CHARACTERS = {code: 0xFFFD for code in (*range(9), 11, 12, *range(14, 32), 127, 0x202D, 0x202E)}
"""What a page may not hold, or what turns the order of letters, is shown as U+FFFD."""

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="referrer" content="no-referrer">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<main>
{body}
</main>
</body>
</html>
"""

STYLE = """
:root { color-scheme: light dark; --page: #f6f7f9; --card: #fff; --ink: #16202e; --soft: #56637a;
  --line: #dde2ea; --kept: #0d7d72; --dropped: #b3bccb; --kept-ink: #0b6a61; --dropped-ink: #5b6679; }
@media (prefers-color-scheme: dark) { :root { --page: #10151d; --card: #18202b; --ink: #e6ebf2;
  --soft: #97a4b8; --line: #2c3747; --kept: #2fb5a5; --dropped: #4d5b70; --kept-ink: #4fd0c0;
  --dropped-ink: #a3b0c4; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); line-height: 1.5;
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; }
main { max-width: 78rem; margin: 0 auto; padding: 1.6rem 1rem 3rem; }
h1 { font-size: 1.55rem; margin: 0; line-height: 1.25; }
h2 { font-size: 1.15rem; margin: 2.4rem 0 .6rem; }
h3 { font-size: 1rem; margin: 1.4rem 0 .5rem; }
p { margin: .4rem 0; } .soft { color: var(--soft); font-size: .88rem; overflow-wrap: anywhere; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(9.2rem, 1fr)); gap: .7rem;
  margin: 1.2rem 0 0; }
.card, .tiles > div { background: var(--card); border: 1px solid var(--line); border-radius: .6rem; }
.tiles > div { padding: .7rem .9rem; } .tiles dt { color: var(--soft); font-size: .8rem; }
.tiles dd { margin: 0; font-size: 1.4rem; font-weight: 650; font-variant-numeric: tabular-nums; }
.tiles dd + dd { font-size: .8rem; font-weight: 400; color: var(--soft); }
.share { height: .55rem; border-radius: .3rem; margin-top: .9rem; background: var(--dropped);
  overflow: hidden; } .share div { height: 100%; background: var(--kept); }
.card { padding: .9rem; } .narrow { display: none; } .card svg { display: block; width: 100%; height: auto; }
.card svg text { font-family: inherit; }
.key::before { content: ""; display: inline-block; width: .7em; height: .7em; border-radius: .15em;
  margin: 0 .4em 0 0; background: var(--kept); } .key.dropped::before { background: var(--dropped); }
.key { margin-right: 1rem; }
details { margin-top: .5rem; } summary { cursor: pointer; color: var(--soft); font-size: .88rem; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; width: 100%; font-size: .9rem; }
caption { text-align: left; font-weight: 650; padding: .2rem 0 .4rem; }
th, td { text-align: left; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid var(--line);
  vertical-align: top; overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }
th { color: var(--soft); font-weight: 500; white-space: nowrap; }
td:first-child { min-width: 9rem; }
.number { text-align: right; white-space: nowrap; } tr:last-child td { border-bottom: 0; }
.columns { display: grid; grid-template-columns: 1fr 1fr; gap: 0 1rem; }
.columns > * { min-width: 0; } .below { margin-top: 1rem; } .tables { gap: 1rem; align-items: start; }
.sample { margin: 0 0 .7rem; padding: 0; overflow: hidden; border-left: 4px solid var(--kept); }
.sample.dropped { border-left-color: var(--dropped); }
.sample header { display: flex; gap: .7rem; align-items: baseline; padding: .5rem .8rem;
  border-bottom: 1px solid var(--line); }
.sample b { font-size: 1.1rem; color: var(--kept-ink); font-variant-numeric: tabular-nums; }
.sample.dropped b { color: var(--dropped-ink); }
.sample pre { margin: 0; padding: .6rem .8rem; max-height: 13rem; overflow: auto; unicode-bidi: isolate;
  font: .76rem/1.5 ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace;
  white-space: pre-wrap; overflow-wrap: anywhere; tab-size: 4; }
.sample details { margin: 0; border-top: 1px solid var(--line); } .sample summary { padding: .35rem .8rem; }
.sample details pre { max-height: 70vh; }
@media (max-width: 44rem) { .columns { grid-template-columns: 1fr; } .wide { display: none; }
  .narrow { display: block; } main { padding-top: 1rem; } .sample pre { max-height: 10rem; } }
"""


def write_report(out: str) -> AnyPath:
    """Write ``OUT/run/report.html`` of a finished run, and return its path.

    Raises
    ------
    OutputError
        If `out` holds no finished run.
    MissingExtraError
        If the extra ``report`` is not installed.
    """
    report = gather_report(out)
    charts = {name: draw_scores(report, *size) for name, size in CHARTS.items()}
    folder = RunFolder(out)
    path = folder.run / "report.html"
    folder.write_bytes(path, render_page(report, charts).encode(errors="replace"))
    return path


def draw_scores(report: RunReport, width: int, height: int) -> str:
    """Return the histogram of scores as SVG.

    Its colours are variables of the page's style, so that it follows the reader's light or dark mode.
    """
    alt = require("report", "altair")
    require("report", "vl_convert")  # what altair draws SVG with
    bins = [
        {"from": i / BINS_PER_POINT, "to": (i + 1) / BINS_PER_POINT, "rows": rows, "what": what}
        for what, counts in (("kept", report.kept_bins), ("dropped", report.dropped_bins))
        for i, rows in enumerate(counts)
    ]
    keep_at = float(report.manifest["settings"]["keep_at"])
    axis_x = (
        alt.X("from:Q", bin="binned", title="score (rubric points)")
        .scale(domain=[0, POINTS])
        .axis(values=list(range(POINTS + 1)), format="d", grid=False)
    )
    axis_y = alt.Y("rows:Q", stack=True, title=None).axis(format="~s", tickCount=5)
    colors = alt.Scale(domain=["kept", "dropped"], range=["var(--kept)", "var(--dropped)"])
    bars = (
        alt.Chart(alt.Data(values=bins))
        .mark_bar(binSpacing=1)
        .encode(x=axis_x, x2="to:Q", y=axis_y, color=alt.Color("what:N", legend=None, scale=colors))
    )
    marked = alt.Chart(alt.Data(values=[{"at": keep_at, "label": f"cut {keep_at:.4g}"}])).encode(x="at:Q")
    rule = marked.mark_rule(color="var(--ink)", strokeWidth=1.5, strokeDash=[5, 3])
    label = marked.mark_text(color="var(--ink)", fontSize=13, fontWeight=600)
    label = label.encode(y=alt.value(LABEL_ABOVE), text="label:N")
    chart = (
        alt.layer(bars, rule, label)
        .properties(width=width, height=height, background="transparent")
        .configure(autosize=alt.AutoSizeParams(type="fit", contains="padding"))
        .configure_view(stroke=None)
        .configure_axis(
            **dict.fromkeys(("domainColor", "gridColor", "tickColor"), "var(--line)"),
            **dict.fromkeys(("labelColor", "titleColor"), "var(--soft)"),
            **dict.fromkeys(("labelFontSize", "titleFontSize"), 12),
            titleFontWeight="normal",
        )
    )
    drawing = io.StringIO()
    chart.save(drawing, format="svg")
    return drawing.getvalue()


def render_page(report: RunReport, charts: Mapping[str, str]) -> str:
    """Return the page as HTML.

    Parameters
    ----------
    report : RunReport
    charts : mapping
        SVG by class of the style: ``wide`` and ``narrow``.
    """
    body = [_head(report), _scores(report, charts), _samples(report), _details(report)]
    return PAGE.format(title=_text(f"edufilter: {report.out}"), style=STYLE, body="\n".join(body))


def _text(value: object) -> str:
    """Return any value as HTML text: the one way for data into the page."""
    return escape(str(value).translate(CONTROL_CHARACTERS))


def _percent(part: float, whole: float) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "none"


def _size(size_bytes: float) -> str:
    for unit in ("bytes", "kB", "MB", "GB"):
        if size_bytes < 1000 or unit == "GB":
            break
        size_bytes /= 1000
    return f"{size_bytes:,.0f} {unit}" if size_bytes >= 100 or unit == "bytes" else f"{size_bytes:.1f} {unit}"


def _table(caption: str, head: Sequence[str], rows: Iterable[Sequence[object]], *, texts: int = 1) -> str:
    """Return a table; its first `texts` columns are text, the others numbers."""
    kinds = ["" if column < texts else " class=number" for column in range(len(head))]
    top = "".join(f"<th{kind}>{_text(name)}</th>" for kind, name in zip(kinds, head, strict=True))
    lines = [
        "".join(f"<td{kind}>{_number_or_text(cell)}</td>" for kind, cell in zip(kinds, row, strict=True))
        for row in rows
    ]
    body = "\n".join(f"<tr>{line}</tr>" for line in lines)
    return f"<div class=scroll><table><caption>{_text(caption)}</caption><tr>{top}</tr>\n{body}</table></div>"


def _number_or_text(cell: object) -> str:
    return f"{cell:,}" if isinstance(cell, int) else _text(cell)


def _head(report: RunReport) -> str:
    run = report.manifest
    rows, kept = run["rows"], run["kept"]
    aside = len(run["set_aside"])
    tiles = [
        ("documents read", f"{rows:,}", f"{_size(run['text_bytes'])} of text"),
        ("kept", _percent(kept, rows), f"{kept:,} documents"),
        ("of the text", _percent(run["kept_text_bytes"], run["text_bytes"]), _size(run["kept_text_bytes"])),
        ("kept from", f"{run['settings']['keep_at']:.4g}", f"rubric points, of {POINTS}"),
        ("without a score", f"{run['without_score']:,}", ", ".join(run["reasons"]) or "all were scored"),
        ("set aside", f"{aside:,}", "could not be read" if aside else "all files were read"),
    ]
    shown = "".join(
        f"<div><dt>{_text(name)}</dt><dd>{_text(value)}</dd><dd>{_text(more)}</dd></div>"
        for name, value, more in tiles
    )
    return (
        f"<h1>{kept:,} of {rows:,} documents kept</h1>\n"
        f"<p class=soft>{_text(report.out)} · edufilter {_text(run['edufilter'])}</p>\n"
        f"<div class=share><div style='width:{100 * kept / max(rows, 1):.2f}%'></div></div>\n"
        f"<dl class=tiles>{shown}</dl>"
    )


def _scores(report: RunReport, charts: Mapping[str, str]) -> str:
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
        rows.append((f"{low:.1f} to {high:.1f}", count, _percent(count, total), kept, _percent(above, total)))
    head = ("score", "documents", "share", "kept", "at least that")
    return (
        "<h2>Scores</h2>\n<div class=card><span class=key>kept</span><span class='key dropped'>dropped</span>"
        f"{drawn}\n<details><summary>As a table</summary>{_table('', head, rows)}</details></div>\n"
        "<p class=soft>A score is in points of the rubric, 0 to 5: of documents that score 3, about half "
        "have a label of 3 or more. The last column of the table is the share that a cut there would "
        "keep; <code>edufilter recut</code> makes one without scoring again.</p>"
    )


def _samples(report: RunReport) -> str:
    if not report.samples and not report.unread:
        return ""
    gone = "".join(f"<li>{_text(file)}: {_text(why)}</li>" for file, why in report.unread.items())
    missing = f"<p>Documents of these inputs cannot be shown:</p><ul>{gone}</ul>" if gone else ""
    columns = []
    for group in GROUPS:
        cards = [_sample(one) for one in report.samples if one.group == group]
        columns.append(
            f"<section><h3>{group}</h3>{''.join(cards) or '<p class=soft>No others.</p>'}</section>"
        )
    return (
        "<h2>Documents to read</h2>\n<p class=soft>Read from the inputs, by file and row (from 0). Of a "
        "document over 2,400 bytes only the beginning, the middle and the end decide its score.</p>"
        f"{missing}\n<div class=columns>{''.join(columns)}</div>"
    )


def _sample(sample: Sample) -> str:
    rest = sample.text[EXCERPT_CHARS:]
    more = ""
    if rest:
        unseen = sample.characters - len(sample.text)
        end = f"<p class=soft>{unseen:,} more characters are in the file.</p>" if unseen else ""
        more = (
            f"<details><summary>{sample.characters - EXCERPT_CHARS:,} more characters</summary>"
            f"<pre dir=auto>{_text(rest)}</pre>{end}</details>"
        )
    kind = "sample card" if GROUPS[sample.group][0] else "sample dropped card"
    return (
        f"<article class='{kind}'><header><b>{sample.score:.3f}</b>"
        f"<span class=soft>{_text(sample.file)}, row {sample.row:,}</span></header>"
        f"<pre dir=auto>\n{_text(sample.text[:EXCERPT_CHARS])}</pre>{more}</article>"
    )


def _details(report: RunReport) -> str:
    run = report.manifest
    counts = [("kept", run["kept"]), ("dropped", run["dropped"])]
    counts += [(f"no score: {name}", count) for name, count in run["reasons"].items()]
    counts += [(f"unusual: {name}", count) for name, count in run["unusual"].items()]
    shares = [(name, count, _percent(count, run["rows"])) for name, count in counts]
    settings = [(name, _setting(name, value)) for name, value in sorted(run["settings"].items())]
    tables = [
        _table("Counts", ("documents", "rows", "share"), shares),
        _table("Settings", ("setting", "value"), [*settings, ("plan", run["plan"][:12])], texts=2),
    ]
    files = [
        (
            one["output"],
            one["rows"],
            one["kept"],
            _percent(one["kept"], one["rows"]),
            _size(one["data_bytes"]),
        )
        for one in report.files
        if not one["set_aside"]
    ]
    wide = []
    if files:
        wide.append(_table("Files", ("below data/", "rows", "kept", "share", "size"), files))
    else:
        wide.append(f"<p>{run['output_files']:,} files; run/manifest.parquet has a row for each.</p>")
    if run["set_aside"]:
        aside = [(one["relative"], one["why"], one["rows"]) for one in run["set_aside"][:SET_ASIDE_SHOWN]]
        caption = f"Set aside: {len(run['set_aside']):,}, could not be read"
        wide.append(_table(caption, ("file", "why", "rows"), aside, texts=2))
    if run["tokens"]:
        beyond = run["tokens"] - run["tokens_read"]
        tokens = [
            ("read by the embedder", run["tokens_read"], _percent(run["tokens_read"], run["tokens"])),
            ("beyond what it reads", beyond, _percent(beyond, run["tokens"])),
        ]
        tables.append(_table("Tokens of the documents' windows", ("", "tokens", "share"), tokens))
    agreement = agreement_of(run)
    if agreement is not None:
        tables.append(_agreement_table(agreement, run))
    cards = "".join(f"<div class=card>{table}</div>" for table in tables)
    return f"<h2>Counts, files and settings</h2>\n<div class='columns tables'>{cards}</div>\n" + "\n".join(
        f"<div class='card below'>{table}</div>" for table in wide
    )


def _agreement_table(found: Agreement, run: Mapping[str, Any]) -> str:
    """Return what the audit of a cascade found."""
    low, high = (f"{100 * share:.2f}" for share in (found.low, found.high))
    promised = "nothing" if found.promised is None else f"at most {100 * found.promised:g} %"
    rows = [
        ("embedded, since signals were not sure", _percent(run["audit"]["embedded"], run["rows"])),
        ("left early and looked at again", f"{found.looked_at:,}"),
        ("decided otherwise, of all documents", f"{100 * found.disagreement:.2f} % [{low}, {high}]"),
        ("asked for", promised + (": not held on this dump" if found.is_broken else "")),
        ("lost, of what effort full keeps", f"{100 * found.lost_keepers:.1f} %"),
        ("false, of what was kept", f"{100 * found.false_keeps:.1f} %"),
    ]
    return _table("Decisions against those of effort full", ("", "share"), rows)


def _setting(name: str, value: object) -> object:
    return str(value)[:12] if name.endswith("sha256") or name == "recut_from" else value
