"""Which items of benchmarks a run found, one row each: ``run/contaminated_items.parquet``.

A model can then be measured on the items that are clean. Items that many documents have may be common text,
which everybody writes or quotes: another run takes the file and keeps these documents.
"""

from collections import Counter

import pyarrow as pa

from filtering.leaks.prose_index import PASSAGE, ProseIndex
from filtering.leaks.search import COMMON, COMMON_TEXT, LEAK
from pipelines.names import lookup_below
from pipelines.store.leak_files import read_hits, read_tasks
from pipelines.store.plan import Plan
from pipelines.store.run_folder import RunFolder

MANY_DOCUMENTS = 20
"""An item in more of them may be common text."""
CONTAMINATED, CLEAN, UNTOLD = "contaminated", "clean", "cannot be told"
STATUS_OF = {LEAK: CONTAMINATED, COMMON_TEXT: COMMON_TEXT, PASSAGE: PASSAGE, COMMON: COMMON}
"""What hits of a verdict make of an item, those that say most first."""
ITEMS_SCHEMA = pa.schema(
    [
        pa.field(name, kind, nullable=False)
        for name, kind in (
            ("benchmark", pa.string()),
            ("task", pa.string()),
            ("status", pa.string()),
            ("documents", pa.int64()),
        )
    ]
)
"""``documents`` are those whose hits gave the item its status."""
FILE = "contaminated_items.parquet"


def write_items(folder: RunFolder, plan: Plan) -> int:
    """Write ``run/contaminated_items.parquet``; return how many items more than `MANY_DOCUMENTS` leak."""
    tasks = read_tasks(folder)
    documents = _documents_by_item(folder, plan)
    prose = ProseIndex.of([task for task in tasks if task.kind == "prose"])
    untold = {(prose.tasks[at].benchmark, prose.tasks[at].id) for at in prose.untold}
    rows = []
    for task in tasks:
        item = (task.benchmark, task.id)
        verdict = next((one for one in STATUS_OF if documents[*item, one]), None)
        status = STATUS_OF[verdict] if verdict else UNTOLD if item in untold else CLEAN
        rows.append(dict(zip(ITEMS_SCHEMA.names, (*item, status, documents[*item, verdict]), strict=True)))
    folder.write_tables(folder.run / FILE, ITEMS_SCHEMA, [pa.Table.from_pylist(rows, ITEMS_SCHEMA)])
    return sum(one["status"] == CONTAMINATED and one["documents"] > MANY_DOCUMENTS for one in rows)


def _documents_by_item(folder: RunFolder, plan: Plan) -> Counter[tuple[str, str, str | None]]:
    """Count the documents of a run by benchmark, task and verdict."""
    has_hits, counts = lookup_below(folder.hits), Counter[tuple[str, str, str | None]]()
    for part in plan.parts:
        if has_hits(part.output):
            hits = read_hits(folder, part).group_by(["benchmark", "task", "verdict"])
            for row in hits.aggregate([("row", "count_distinct")]).to_pylist():
                counts[row["benchmark"], row["task"], row["verdict"]] += row["row_count_distinct"]
    return counts
