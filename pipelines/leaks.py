"""Finds benchmark leaks in the batches of a part, and keeps what was found beside the run.

::

    out/run/tasks.json       the tasks that were looked for: workers, `recut` and the report read them here
    out/run/hits/...         hits of each part that has any, by the paths of the output
    out/run/hits.parquet     all of them
"""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.resources import files

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from filtering.errors import BadFileError, OutputError, SettingsError
from filtering.leaks import Fields, LeakIndex, LeakSettings, Task, find_leaks, read_benchmark
from filtering.leaks.search import COMMON, LEAK, SCHEMA
from filtering.signals import text_bytes, text_chunks
from pipelines.config import LeakAction
from pipelines.config_worker import LeakSearch
from pipelines.paths import files_below
from pipelines.plan import Part, Plan
from pipelines.reading import open_parquet
from pipelines.store import RunFolder

LEAKS_VERSION = 1
"""Raised when the same tasks would be found in other texts."""
WORD = re.compile(rb"[^\W_]|[\x80-\xff]")
HITS_SCHEMA = pa.schema([pa.field("file", pa.string(), nullable=False), *SCHEMA])
"""File below its input and row in it, from 0; lines from 1; see `filtering.leaks.search`."""


def gather_tasks(against: Sequence[str], fields: Fields | None = None) -> tuple[Task, ...]:
    """Return the tasks of benchmarks.

    Raises
    ------
    SettingsError
        If one cannot be read, as `filtering.leaks.read_benchmark` says; or if two files of one name have
        tasks of one id.
    """
    try:
        tasks = [task for path in against for task in read_benchmark(path, fields)]
    except BadFileError as error:  # a benchmark is a setting, not data
        raise SettingsError(str(error)) from error
    repeated = [
        one for one, count in Counter((task.benchmark, task.id) for task in tasks).items() if count > 1
    ]
    if repeated:
        raise SettingsError(
            "Benchmarks must differ in their names or in the ids of their tasks. "
            f"{repeated[0][0]!r} comes twice with the task {repeated[0][1]!r}. Name each file once."
        )
    return tuple(tasks)


def tasks_json(tasks: Sequence[Task]) -> bytes:
    """Return what ``run/tasks.json`` holds."""
    return json.dumps([asdict(task) for task in tasks], indent=1).encode()


def read_tasks(folder: RunFolder) -> tuple[Task, ...]:
    """Return the tasks that a run looks for."""
    return tuple(Task(**task) for task in json.loads((folder.run / "tasks.json").read_bytes()))


def search_digest(content: bytes) -> str:
    """Return the digest of all that decides what is found: tasks, settings, and what everybody writes."""
    common = files("filtering.leaks").joinpath("common.safetensors").read_bytes()
    settings = json.dumps([LEAKS_VERSION, asdict(LeakSettings())]).encode()
    parts = (hashlib.sha256(one).digest() for one in (content, settings, common))
    return hashlib.sha256(b"".join(parts)).hexdigest()


def write_tasks(folder: RunFolder, tasks: Sequence[Task]) -> None:
    """Write ``run/tasks.json``, unless it is there."""
    path = folder.run / "tasks.json"
    if not path.exists():
        folder.write_bytes(path, tasks_json(tasks))


def leak_settings(search: LeakSearch) -> Mapping[str, str]:
    """Return what the plan of a run says of its search for leaks."""
    return {"leaks_sha256": search.sha256, "leak_action": search.action}


def search_of(tasks: Sequence[Task], action: LeakAction) -> LeakSearch:
    """Return the search for tasks."""
    return LeakSearch(sha256=search_digest(tasks_json(tasks)), action=action)


@dataclass(frozen=True)
class FoundLeaks:
    """What was found in a batch.

    Parameters
    ----------
    hits : pa.Table
        Of `HITS_SCHEMA`.
    at : int64 array
        The row of the batch that each hit is in.
    counts : mapping
        Documents that could not be searched as others, as in `filtering.leaks.search.Leaks`.
    """

    hits: pa.Table
    at: NDArray[np.int64]
    counts: Mapping[str, int]

    def rows_with(self, verdict: str, rows: int) -> NDArray[np.bool_]:
        """Return which of the rows of the batch have a hit of this verdict."""
        found = np.zeros(rows, dtype=bool)
        found[self.at[pc.equal(self.hits["verdict"], verdict).to_numpy()]] = True
        return found

    def of_rows(self, chosen: NDArray[np.bool_]) -> "FoundLeaks":
        """Return what was found in some rows of the batch."""
        mine = chosen[self.at]
        return FoundLeaks(self.hits.filter(pa.array(mine)), self.at[mine], self.counts)


class LeakFinder:
    """Looks for the tasks of a run.

    Parameters
    ----------
    folder : RunFolder
    search : LeakSearch

    Raises
    ------
    OutputError
        If the tasks in the folder are not those that the run was planned with.
    """

    def __init__(self, folder: RunFolder, search: LeakSearch) -> None:
        if search_digest((folder.run / "tasks.json").read_bytes()) != search.sha256:
            raise OutputError(
                f"{folder.run / 'tasks.json'} must hold the tasks that the run was begun with. "
                "It has changed."
            )
        self._index = LeakIndex.of(read_tasks(folder))

    def find(self, part: Part, texts: pa.Array, first: int, candidates: NDArray[np.bool_]) -> FoundLeaks:
        """Find leaks in some rows of a batch.

        Parameters
        ----------
        part : Part
        texts : Arrow array, length n
        first : int
            Row of the part that the batch begins with.
        candidates : bool array, shape (n,)
            Rows to look at.
        """
        rows = np.flatnonzero(candidates)
        found = find_leaks(self._index, _take(texts, rows) if len(rows) < len(texts) else texts)
        at = rows[found.hits["row"].to_numpy()]
        columns = {name: found.hits[name] for name in SCHEMA.names}
        columns |= {
            "file": pa.array([part.relative] * len(at), pa.string()),
            "row": pa.array(part.first_row + first + at),
        }
        hits = pa.table([columns[name] for name in HITS_SCHEMA.names], schema=HITS_SCHEMA)
        return FoundLeaks(hits, at, found.counts)


def _take(texts: pa.Array, rows: NDArray[np.int64]) -> pa.Array:
    (plain,) = text_chunks(texts)  # pyarrow cannot take from string views (26.0)
    return plain.take(pa.array(rows))


def leaked_tasks(found: FoundLeaks, rows: int) -> pa.Array:
    """Return for each row of a batch the ids of tasks that leaked there, with commas; null where none did."""
    tasks: list[list[str]] = [[] for _ in range(rows)]
    is_leak = pc.equal(found.hits["verdict"], LEAK).to_pylist()
    for at, task, leaked in zip(found.at.tolist(), found.hits["task"].to_pylist(), is_leak, strict=True):
        if leaked and task not in tasks[at]:
            tasks[at].append(task)
    return pa.array([", ".join(names) or None for names in tasks], pa.string())


def without_leaks(texts: pa.Array, found: FoundLeaks) -> tuple[pa.Array, NDArray[np.bool_]]:
    """Return texts, of the same type, without the lines of their leaks; and of which nothing would be left.

    These stay as they are.
    """
    is_gone = np.zeros(len(texts), dtype=bool)
    lines: dict[int, set[int]] = {}
    hits = found.hits.select(["first_line", "last_line", "verdict"]).to_pylist()
    for at, hit in zip(found.at.tolist(), hits, strict=True):
        if hit["verdict"] == LEAK:
            lines.setdefault(at, set()).update(range(hit["first_line"], hit["last_line"] + 1))
    if not lines:
        return texts, is_gone
    rows = np.array(sorted(lines))
    changed = []
    for row, text in zip(rows.tolist(), text_bytes(_take(texts, rows)), strict=True):
        left = b"\n".join(_lines_left((text or b"").split(b"\n"), lines[row]))
        is_gone[row] = not left.strip()
        changed.append(text if is_gone[row] else left)
    is_changed = np.zeros(len(texts), dtype=bool)
    is_changed[rows] = True
    plain = text_chunks(texts)[0].cast(pa.large_binary())
    out = pc.replace_with_mask(plain, pa.array(is_changed), pa.array(changed, pa.large_binary()))
    return _of_type(out, texts.type), is_gone


def _lines_left(lines: Sequence[bytes], cut: set[int]) -> list[bytes]:
    """Return lines, from 1, but those to cut and the lines without a word beside these: a lone quote."""
    gone = cut & set(range(1, len(lines) + 1))
    for step in (1, -1):
        for number in sorted(gone, reverse=step < 0):
            while 0 < (number := number + step) <= len(lines) and not WORD.search(lines[number - 1]):
                gone.add(number)
    return [line for number, line in enumerate(lines, 1) if number not in gone]


def _of_type(texts: pa.Array, kind: pa.DataType) -> pa.Array:
    """Return large binary as another type of text, whatever its bytes are."""
    if pa.types.is_dictionary(kind):
        encoded = _of_type(texts, kind.value_type).dictionary_encode()
        return pa.DictionaryArray.from_arrays(
            encoded.indices.cast(kind.index_type), encoded.dictionary, ordered=kind.ordered
        )
    is_text = pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    return (texts.view(pa.large_string()) if is_text else texts).cast(kind)


def apply_action(
    action: LeakAction, batch: pa.RecordBatch, text_column: str, keep: NDArray[np.bool_], found: FoundLeaks
) -> tuple[pa.RecordBatch, NDArray[np.bool_]]:
    """Return a batch and which of its rows are kept, after what an action does to rows with a leak.

    Parameters
    ----------
    action : {"drop", "mark", "cut"}
    batch : RecordBatch
    text_column : str
    keep : bool array, shape (n,)
    found : FoundLeaks
        In rows that are kept.
    """
    if action == "mark":
        return batch, keep
    if action == "drop":
        return batch, keep & ~found.rows_with(LEAK, len(keep))
    texts, is_gone = without_leaks(batch.column(text_column), found)
    place = batch.schema.get_field_index(text_column)
    return batch.set_column(place, batch.schema.field(place), texts), keep & ~is_gone


class LeakTally:
    """Counts over the rows of a part that would be kept."""

    def __init__(self) -> None:
        self.leaked = 0
        self.counts: Counter[str] = Counter()

    def add(self, found: FoundLeaks, rows: int, emptied: int) -> None:
        """Count a batch: documents with a leak, by benchmark or verdict; and those that a cut empties."""
        if emptied:
            self.counts["nothing but a leak"] += emptied
        leaked = found.rows_with(LEAK, rows)
        self.leaked += int(leaked.sum())
        self.counts.update(found.counts)
        common = found.rows_with(COMMON, rows) & ~leaked
        if common.any():
            self.counts[COMMON] += int(common.sum())
        pairs = zip(found.at.tolist(), found.hits["benchmark"].to_pylist(), strict=True)
        is_leak = pc.equal(found.hits["verdict"], LEAK).to_pylist()
        documents = {pair for pair, counts in zip(pairs, is_leak, strict=True) if counts}
        self.counts.update(f"leak of {benchmark}" for _, benchmark in documents)


def write_all_hits(folder: RunFolder, plan: Plan) -> None:
    """Write ``run/hits.parquet``: the hits of all parts, in the order of the plan."""
    names = {name for name, _ in files_below(folder.hits)}

    def tables() -> Iterator[pa.Table]:
        for part in plan.parts:
            if part.output in names:
                with open_parquet(str(folder.hits / part.output)) as file:
                    yield file.read(use_threads=False).cast(HITS_SCHEMA)

    folder.write_tables(folder.run / "hits.parquet", HITS_SCHEMA, tables())
