"""What a run keeps beside it of its search for benchmark leaks: the tasks, and what was found of them.

::

    out/run/tasks.json       the tasks that were looked for: workers, `recut` and the report read them here
    out/run/untold.json      those of them that cannot be told, as a worker found that has made the index
    out/run/hits/...         hits of each part that has any, by the paths of the output
    out/run/hits.parquet     all of them
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from importlib.resources import files

import pyarrow as pa

from filtering.leaks import LeakSettings, Task
from filtering.leaks.hits import SCHEMA
from filtering.regular_files import parse_json
from pipelines.dump.parts import Part
from pipelines.dump.reading import open_parquet
from pipelines.names import lookup_below
from pipelines.run_folder.folder import RunFolder
from pipelines.run_folder.own_files import as_written
from pipelines.run_folder.plan import Plan

LEAKS_VERSION = 4
"""Raised when the same tasks would be found in other texts."""
LEAK_OF = "leak of "
"""Begins the names of counts of leaks by benchmark in a manifest."""
HITS_SCHEMA = pa.schema([pa.field("file", pa.string(), nullable=False), *SCHEMA])
"""File below its input and row in it, from 0; lines from 1; see `filtering.leaks.search`."""
FOUND_BY = {
    "ngram": "the words",
    "near": "nearly the words",
    "structure": "the structure",
    "prose": "the words",
}
"""Methods in words: what of a task a document holds."""


def found_by(method: str, part: str) -> str:
    """Return how a task was found, in words.

    Examples
    --------
    >>> found_by("near", "prompt"), found_by("structure", "signature")
    ('nearly the words of the prompt', 'the signature')
    """
    return "the signature" if part == "signature" else f"{FOUND_BY.get(method, method)} of the {part}"


def tasks_json(tasks: Sequence[Task]) -> bytes:
    r"""Return what ``run/tasks.json`` holds.

    Examples
    --------
    >>> tasks = [Task("a", "arc", 'Why "so"?', "é, \n"), Task("b", "arc", "How?", "", is_common=True)]
    >>> tasks_json(tasks) == json.dumps([asdict(task) for task in tasks], indent=1).encode()
    True
    """
    # As with indent=1, which Python's encoder writes in four times the time.
    encode = json.JSONEncoder(separators=(",\n  ", ": ")).encode
    return "[\n{}\n]".format(",\n".join(f" {{\n  {encode(vars(task))[1:-1]}\n }}" for task in tasks)).encode()


def read_tasks(folder: RunFolder) -> tuple[Task, ...]:
    """Return the tasks that a run looks for."""
    path = folder.run / "tasks.json"
    with as_written(path):
        return tuple(Task(**task) for task in parse_json(folder.read_own(path)))


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


def write_untold(folder: RunFolder, sha256: str, tasks: Sequence[Task]) -> None:
    """Write ``run/untold.json``, unless it is there: which tasks of a search, by its digest, are not told."""
    if read_untold(folder, sha256) is None:
        untold = [[task.benchmark, task.id] for task in tasks]
        folder.write_json(folder.run / "untold.json", {"search_sha256": sha256, "untold": untold})


def read_untold(folder: RunFolder, sha256: str) -> set[tuple[str, str]] | None:
    """Return benchmark and id of each task of a search that cannot be told; None where no worker said."""
    path = folder.run / "untold.json"
    if not path.exists():
        return None
    with as_written(path):
        found = parse_json(folder.read_own(path))
        if found["search_sha256"] != sha256:
            return None
        return {(str(benchmark), str(task)) for benchmark, task in found["untold"]}


def write_all_hits(folder: RunFolder, plan: Plan) -> None:
    """Write ``run/hits.parquet``: the hits of all parts, in the order of the plan."""
    has_hits = lookup_below(folder.hits)

    def tables() -> Iterator[pa.Table]:
        for part in plan.parts:
            if has_hits(part.output):
                yield read_hits(folder, part)

    folder.write_tables(folder.run / "hits.parquet", HITS_SCHEMA, tables())


def read_hits(folder: RunFolder, part: Part) -> pa.Table:
    """Return the hits of a part that has any, in `HITS_SCHEMA`."""
    place = folder.place_of(folder.hits, part.output)
    with as_written(place), open_parquet(folder.own_file(place)) as file:
        return file.read(use_threads=False).select(HITS_SCHEMA.names).cast(HITS_SCHEMA)
