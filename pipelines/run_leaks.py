"""What a run found of benchmarks: counts by method, and documents side by side with tasks."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from filtering.errors import BadFileError, RunError, SettingsError
from filtering.leaks.search import COMMON, LEAK
from pipelines.leak_files import HITS_SCHEMA, read_tasks
from pipelines.parts import Part
from pipelines.reading import open_parquet
from pipelines.sample import RowReader
from pipelines.split_files import refuse_changed
from pipelines.store import RunFolder

PAIRS = 60
"""Documents shown beside a task."""
PAIR_CHARS = 1500
HITS_READ = 200_000
"""Hits that are counted by method and shown: they are held in memory."""


@dataclass(frozen=True)
class LeakCount:
    """Documents in which a method found tasks of a benchmark."""

    benchmark: str
    method: str
    part: str
    verdict: str
    documents: int
    tasks: int


@dataclass(frozen=True)
class LeakPair:
    """A document beside a task that was found in it.

    Parameters
    ----------
    task, benchmark : str
    found_by : sequence of str
        Methods and parts, with their strengths, the strongest first.
    verdict : str
        ``leak`` or ``common knowledge``.
    file, row : str, int
        Path of the input below its root, and position in it, from 0.
    first_line, last_line : int
        From 1.
    lines : str
        These lines of the document.
    task_text : str
        The part of the task that was found.
    """

    task: str
    benchmark: str
    found_by: Sequence[str]
    verdict: str
    file: str
    row: int
    first_line: int
    last_line: int
    lines: str
    task_text: str


@dataclass(frozen=True)
class RunLeaks:
    """What a run found.

    Parameters
    ----------
    action : str
        What became of documents with a leak.
    leaked : int
        Documents with a leak, of those that would be kept.
    tasks : int
        Tasks that were looked for.
    hits : int
        All that were found; counts and pairs are of the first `HITS_READ`.
    counts : sequence of LeakCount
    pairs : sequence of LeakPair
        Up to `PAIRS`, of as many tasks as there are; none where no documents are to be shown.
    unread : mapping
        Inputs that could not be read again, and why.
    """

    action: str
    leaked: int
    tasks: int
    hits: int
    counts: Sequence[LeakCount]
    pairs: Sequence[LeakPair]
    unread: Mapping[str, str]


def gather_leaks(
    folder: RunFolder, parts: Sequence[Part], manifest: Mapping[str, Any], *, samples: bool
) -> RunLeaks | None:
    """Return what a finished run found of benchmarks; None where it did not look."""
    settings = manifest["settings"]
    if "leak_action" not in settings:
        return None
    with open_parquet(str(folder.run / "hits.parquet")) as file:
        batches = file.iter_batches(batch_size=HITS_READ, use_threads=False)
        hits = pa.Table.from_batches(islice(batches, 1), HITS_SCHEMA)
        all_hits = file.metadata.num_rows
    keys = ["benchmark", "method", "part", "verdict"]
    placed = hits.append_column(
        "place", pc.binary_join_element_wise(hits["file"], hits["row"].cast("string"), "#")
    )
    counts = placed.group_by(keys).aggregate([("place", "count_distinct"), ("task", "count_distinct")])
    found = [
        LeakCount(
            benchmark=one["benchmark"],
            method=one["method"],
            part=one["part"],
            verdict=one["verdict"],
            documents=one["place_count_distinct"],
            tasks=one["task_count_distinct"],
        )
        for one in counts.sort_by([(key, "ascending") for key in keys]).to_pylist()
    ]
    tasks = {(task.benchmark, task.id): task for task in read_tasks(folder)}
    texts = {
        (*key, part): getattr(task, "prompt" if part == "signature" else part) or task.solution
        for key, task in tasks.items()
        for part in ("prompt", "solution", "signature")
    }
    chosen = _choose(hits.to_pylist()) if samples else []
    pairs, unread = _read_pairs(parts, chosen, str(settings["text_column"]), texts)
    return RunLeaks(
        action=settings["leak_action"],
        leaked=manifest["leaked"],
        tasks=len(tasks),
        hits=all_hits,
        counts=found,
        pairs=pairs,
        unread=unread,
    )


def _choose(hits: Sequence[Mapping[str, Any]]) -> list[list[Mapping[str, Any]]]:
    """Return hits by document and task, the strongest first; one document of each task before a second."""
    by_pair: dict[tuple[str, int, str, str], list[Mapping[str, Any]]] = defaultdict(list)
    for hit in hits:
        by_pair[hit["file"], hit["row"], hit["benchmark"], hit["task"]].append(hit)
    seen: dict[tuple[str, str, str], int] = defaultdict(int)
    ranked = []
    for pair, found in by_pair.items():
        found.sort(key=lambda hit: (hit["verdict"] != LEAK, -hit["strength"]))
        nth = seen[pair[2], pair[3], found[0]["verdict"]]
        seen[pair[2], pair[3], found[0]["verdict"]] += 1
        ranked.append((nth, found[0]["verdict"] == COMMON, -found[0]["strength"], pair, found))
    ranked.sort(key=lambda one: one[:4])
    return [found for *_, found in ranked[:PAIRS]]


def _read_pairs(
    parts: Sequence[Part],
    chosen: Sequence[Sequence[Mapping[str, Any]]],
    text_column: str,
    texts: Mapping[tuple[str, str, str], str],
) -> tuple[list[LeakPair], dict[str, str]]:
    """Read the documents of some hits again; also which inputs cannot be read, and why."""
    files = {hits[0]["file"] for hits in chosen}
    inside: dict[int, list[int]] = defaultdict(list)
    part_of = {number: part for number, part in enumerate(parts) if part.relative in files}
    for hits in chosen:
        for number, part in part_of.items():
            row = hits[0]["row"] - part.first_row
            if part.relative == hits[0]["file"] and 0 <= row < part.rows:
                inside[number].append(row)
    documents: dict[tuple[str, int], list[str]] = {}
    unread: dict[str, str] = {}
    read = RowReader(text_column, None)
    for number, rows in inside.items():
        part = part_of[number]
        try:
            refuse_changed(part)
            for data, origin in read(part, np.unique(rows)):
                documents[part.relative, origin["row"]] = (data or b"").decode(errors="replace").split("\n")
        except (BadFileError, RunError, SettingsError, OSError) as error:
            unread[part.relative] = str(error)
    pairs = []
    for hits in chosen:
        first, place = hits[0], (hits[0]["file"], hits[0]["row"])
        if place in documents:
            lines = documents[place][first["first_line"] - 1 : first["last_line"]]
            pairs.append(
                LeakPair(
                    task=first["task"],
                    benchmark=first["benchmark"],
                    found_by=[f"{hit['method']} of the {hit['part']}, {hit['strength']:.2f}" for hit in hits],
                    verdict=first["verdict"],
                    file=first["file"],
                    row=first["row"],
                    first_line=first["first_line"],
                    last_line=first["last_line"],
                    lines="\n".join(lines)[:PAIR_CHARS],
                    task_text=texts[first["benchmark"], first["task"], first["part"]][:PAIR_CHARS],
                )
            )
    return pairs, unread
