"""The part of a run's page that shows what was found of benchmarks."""

from itertools import groupby

from pipelines.page import table, text
from pipelines.run_leaks import HITS_READ, LeakCount, LeakPair, RunLeaks

DONE = {
    "drop": "They are left out of the output.",
    "mark": "They are kept, with their tasks in the column edu_leak.",
}


def leak_section(found: RunLeaks) -> str:
    """Return what was found, counted and side by side, as HTML."""
    head = ("found by", "verdict", "documents", "tasks")
    counts = "".join(
        f"<div class=card>{table(benchmark, head, [_row(one) for one in rows], texts=2)}</div>"
        for benchmark, rows in groupby(found.counts, key=lambda one: one.benchmark)
    )
    gone = "".join(f"<li>{text(file)}: {text(why)}</li>" for file, why in found.unread.items())
    missing = f"<p>Documents of these inputs cannot be shown:</p><ul>{gone}</ul>" if gone else ""
    pairs = "".join(map(_pair, found.pairs))
    shown = (
        f"<details><summary>Side by side: {len(found.pairs)} documents and the tasks in them</summary>\n"
        f"{pairs}</details>"
        if pairs
        else ""
    )
    some = f" Counted are the first {HITS_READ:,} of {found.hits:,} hits." if found.hits > HITS_READ else ""
    done = text(DONE[found.action]) if found.leaked else ""
    return (
        f"<h2>Benchmark leaks</h2>\n<p>{found.leaked:,} documents, of those not dropped for another reason, "
        f"hold a task of the {found.tasks:,} that were looked for. {done}</p>\n"
        "<p class=soft>A document is found by several methods, often. Common knowledge is what people write "
        "who never saw the benchmark: textbook algorithms under their usual names; it is no leak. "
        f"<code>run/hits.parquet</code> names file, row, lines and task of every hit.{some}</p>\n"
        f"<div class='columns tables'>{counts}</div>\n{missing}{shown}"
    )


def _row(one: LeakCount) -> tuple[str, str, int, int]:
    return f"{one.method}, {one.part}", one.verdict, one.documents, one.tasks


def _pair(pair: LeakPair) -> str:
    found_by = "; ".join(pair.found_by)
    return (
        f"<div class='card below pair'><p><b>{text(pair.task)}</b> <span class=soft>{text(pair.verdict)} · "
        f"{text(found_by)}</span></p>\n<div class=columns>"
        f"<div><p class=soft>{text(pair.file)}, row {pair.row:,}, lines {pair.first_line:,} to "
        f"{pair.last_line:,}</p><pre>{text(pair.lines)}</pre></div>"
        f"<div><p class=soft>{text(pair.benchmark)}</p><pre>{text(pair.task_text)}</pre></div></div></div>\n"
    )
