"""Which items of benchmarks a run found, one row each: ``run/contaminated_items.parquet``.

A model can then be measured on the items that are clean. Items that many sites have may be common text,
which everybody writes or quotes: another run takes the file and keeps these documents. What one site repeats
on all of its pages is told by nobody else: however often it is there, it is one site.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from filtering.errors import EdufilterError
from filtering.leaks.hits import COMMON, COMMON_TEXT, LEAK, PASSAGE
from pipelines.dump.reading import OpenParquet, open_parquet
from pipelines.dump.row_values.row_sites import sites_of
from pipelines.names import lookup_below
from pipelines.run_folder.folder import RunFolder
from pipelines.run_folder.leak_files import read_hits, read_tasks, read_untold
from pipelines.run_folder.own_files import as_written
from pipelines.run_folder.plan import Plan

MANY_SITES = 20
"""An item on more of them may be common text. A document of which nothing tells the site is one."""
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
    + [pa.field("sites", pa.int64()), pa.field("strength", pa.float32()), pa.field("part", pa.string())]
)
"""``documents`` are those whose hits gave the item its status, and ``sites`` those that they are from;
``strength`` and ``part`` are those of the strongest of these hits, null where there is none."""
Found = tuple[str, str, str | None]
"""Benchmark, task and verdict."""
FILE = "contaminated_items.parquet"


@dataclass
class _Hits:
    """Hits of an item with one verdict: how many documents have some, and the strongest of them."""

    documents: int = 0
    strength: float | None = None
    part: str | None = None

    def add(self, documents: int, strength: float, part: str) -> None:
        """Count the hits of a file."""
        self.documents += documents
        if self.strength is None or strength > self.strength:
            self.strength, self.part = strength, part


def write_items(folder: RunFolder, plan: Plan) -> None:
    """Write ``run/contaminated_items.parquet``."""
    tasks = read_tasks(folder)
    hits = _hits_by_item(folder, plan)
    untold = read_untold(folder, str(plan.facts.leaks_sha256))
    if untold is None:  # of a run that was begun by an earlier edufilter
        from filtering.leaks.prose_index import ProseIndex  # late: most runs need no index here

        prose = ProseIndex.of([task for task in tasks if task.kind == "prose"])
        untold = {(one.benchmark, one.id) for one in prose.untold_tasks}
    for item in untold:  # whatever the dump holds of its passage, its question was never looked for
        hits.pop((*item, PASSAGE), None)
    verdicts = {
        item: next((one for one in STATUS_OF if (*item, one) in hits), None)
        for item in ((task.benchmark, task.id) for task in tasks)
    }
    found = {item: hits[*item, verdict] if verdict else _Hits() for item, verdict in verdicts.items()}
    several = {(*item, one) for item, one in verdicts.items() if one and found[item].documents > 1}
    sites = _sites_by_item(folder, plan, several) if several else {}
    rows = []
    for item, verdict in verdicts.items():
        status = STATUS_OF[verdict] if verdict else UNTOLD if item in untold else CLEAN
        best = found[item]
        on = sites.get((*item, verdict), best.documents) if verdict else 0
        values = (*item, status, best.documents, on, best.strength, best.part)
        rows.append(dict(zip(ITEMS_SCHEMA.names, values, strict=True)))
    folder.write_tables(folder.run / FILE, ITEMS_SCHEMA, [pa.Table.from_pylist(rows, ITEMS_SCHEMA)])


def read_items(file: OpenParquet) -> pa.Table:
    """Return what ``run/contaminated_items.parquet`` holds; of a run that did not count sites, documents.

    Strengths and parts are null of a run that did not tell them.
    """
    table = file.read(use_threads=False)
    if "sites" not in table.column_names:
        table = table.append_column("sites", table["documents"])
    for name in ("strength", "part"):
        if name not in table.column_names:
            field = ITEMS_SCHEMA.field(name)
            table = table.append_column(field, pa.nulls(table.num_rows, field.type))
    return table.select(ITEMS_SCHEMA.names).cast(ITEMS_SCHEMA)


def count_statuses(folder: RunFolder) -> Counter[tuple[str, str]]:
    """Count the items of a run by benchmark and status; none of a run that wrote down none."""
    table = _own_items(folder)
    return Counter(zip(table["benchmark"].to_pylist(), table["status"].to_pylist(), strict=True))


def leaks_on_many_sites(folder: RunFolder) -> list[tuple[str, int]]:
    """Return the items of a run that leak on more than `MANY_SITES`, and on how many; most sites first."""
    table = on_many_sites(_own_items(folder), [CONTAMINATED])
    table = table.sort_by([("sites", "descending"), ("benchmark", "ascending"), ("task", "ascending")])
    return list(zip(table["task"].to_pylist(), table["sites"].to_pylist(), strict=True))


def on_many_sites(items: pa.Table, statuses: Sequence[str]) -> pa.Table:
    """Return those of some items that have one of these statuses on more than `MANY_SITES`."""
    is_many = pc.fill_null(pc.greater(items["sites"], MANY_SITES), False)
    return items.filter(pc.and_(is_many, pc.is_in(items["status"], pa.array(statuses, pa.string()))))


def _own_items(folder: RunFolder) -> pa.Table:
    """Return the items of a run; none of a run that wrote down none."""
    path = folder.run / FILE
    if not path.exists():
        return ITEMS_SCHEMA.empty_table()
    with as_written(path), open_parquet(folder.own_file(path)) as file:
        return read_items(file)


def _sites_by_item(folder: RunFolder, plan: Plan, several: Set[Found]) -> Mapping[Found, int]:
    """Count the sites of items; documents of a part that cannot be read again are sites of their own."""
    has_hits = lookup_below(folder.hits)
    sites: defaultdict[Found, set[str]] = defaultdict(set)
    for part in plan.parts:
        if not has_hits(part.output):
            continue
        hits = read_hits(folder, part)
        keys = zip(*(hits[name].to_pylist() for name in ("benchmark", "task", "verdict")), strict=True)
        mine = [(key, row) for key, row in zip(keys, hits["row"].to_pylist(), strict=True) if key in several]
        rows = {row for _, row in mine}
        if not rows:
            continue
        try:
            found = sites_of(part, rows, checksums=not plan.facts.ignore_checksums)
        except (EdufilterError, OSError):
            found = {row: f"{part.relative}#{row}" for row in rows}
        for key, row in mine:
            sites[key].add(found[row])
    return {key: len(some) for key, some in sites.items()}


def _hits_by_item(folder: RunFolder, plan: Plan) -> dict[Found, _Hits]:
    """Return the hits of a run by benchmark, task and verdict."""
    has_hits, found = lookup_below(folder.hits), defaultdict[Found, _Hits](_Hits)
    for part in plan.parts:
        if has_hits(part.output):
            hits = read_hits(folder, part).sort_by([("strength", "descending"), ("part", "ascending")])
            hits = hits.group_by(
                ["benchmark", "task", "verdict"], use_threads=False
            )  # so that first is first
            named = [("row", "count_distinct"), ("strength", "first"), ("part", "first")]
            for row in hits.aggregate(named).to_pylist():
                key = row["benchmark"], row["task"], row["verdict"]
                found[key].add(row["row_count_distinct"], row["strength_first"], row["part_first"])
    return found
