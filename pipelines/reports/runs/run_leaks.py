"""What a run found of benchmarks: counts by method, and documents side by side with tasks."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from filtering.leaks import Task
from filtering.leaks.hits import ANSWERED, COMMON, COMMON_TEXT, LEAK, PASSAGE, QUESTION
from pipelines.dump.parts import Part
from pipelines.dump.reading import open_parquet
from pipelines.dump.rows import RowReader
from pipelines.dump.rows_of_finished_runs import Place, read_again
from pipelines.run_folder.folder import RunFolder
from pipelines.run_folder.leak_files import HITS_SCHEMA, found_by, read_tasks
from pipelines.run_folder.leaked_items import CONTAMINATED, UNTOLD, count_statuses, leaks_on_many_sites
from pipelines.run_folder.own_files import as_written
from pipelines.run_folder.plan import Plan

PAIRS = 60
"""Documents shown beside a task."""
PAIR_CHARS = 1500
ANSWER_LINES = 10
"""Beside a question, in which its answer is shown."""
HITS_READ = 200_000
"""Hits that are counted by method and shown: they are held in memory."""
MANY_SHOWN = 100
"""Tasks on many sites that are named."""
ANY = "any"
"""Stands for all methods and parts together."""


@dataclass(frozen=True)
class LeakCount:
    """Documents in which a method found tasks of a benchmark.

    Parameters
    ----------
    benchmark, method, part : str
        The method and the part are `ANY` in the count of all together.
    found : int
        Documents with such a hit, be it a leak or common knowledge.
    leaked : int
        Those of them that hold a leak: the run left these out, or marked them.
    tasks : int
        Tasks that were found in them.
    """

    benchmark: str
    method: str
    part: str
    found: int
    leaked: int
    tasks: int


@dataclass(frozen=True)
class ItemCount:
    """Items of a benchmark by what was found of them.

    Parameters
    ----------
    benchmark : str
    items : int
        All of them.
    contaminated, common_text, untold : int
        Those that leaked; that are common text; and that cannot be told from other text.
    """

    benchmark: str
    items: int
    contaminated: int
    common_text: int
    untold: int


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
    common, common_text, passages : int
        Documents without one that hold common knowledge; a task that is common text; and a passage.
    items : sequence of ItemCount
        One a benchmark.
    many_sites : sequence of (str, int)
        Tasks that leak on so many sites that they may be common text, and on how many.
    is_code : bool
        Whether some tasks are code.
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
    common: int
    common_text: int
    passages: int
    items: Sequence[ItemCount]
    many_sites: Sequence[tuple[str, int]]
    is_code: bool
    tasks: int
    hits: int
    counts: Sequence[LeakCount]
    pairs: Sequence[LeakPair]
    unread: Mapping[str, str]


def gather_leaks(
    folder: RunFolder, plan: Plan, manifest: Mapping[str, Any], *, samples: bool
) -> RunLeaks | None:
    """Return what a finished run found of benchmarks; None where it did not look.

    Parameters
    ----------
    folder : RunFolder
    plan : Plan
    manifest : mapping
        Of the run, which counts documents.
    samples : bool
        Whether to show documents.
    """
    facts = plan.facts
    if facts.leak_action is None:
        return None
    path = folder.run / "hits.parquet"
    with as_written(path), open_parquet(folder.own_file(path)) as file:
        batches = file.iter_batches(batch_size=HITS_READ, use_threads=False)
        hits = pa.Table.from_batches(islice(batches, 1), HITS_SCHEMA)
        all_hits = file.metadata.num_rows
    tasks = {(task.benchmark, task.id): task for task in read_tasks(folder)}
    texts = {
        (*key, part): text or task.solution
        for key, task in tasks.items()
        for part, text in _texts_of(task).items()
    }
    chosen = _choose(hits.to_pylist()) if samples else []
    pairs, unread = _read_pairs(plan.parts, chosen, facts.row_reader, texts)
    return RunLeaks(
        action=facts.leak_action,
        leaked=manifest["leaked"],
        common=manifest["leaks"].get(COMMON, 0),
        common_text=manifest["leaks"].get(COMMON_TEXT, 0),
        passages=manifest["leaks"].get(PASSAGE, 0),
        items=_count_items(folder),
        many_sites=leaks_on_many_sites(folder)[:MANY_SHOWN],
        is_code=any(task.kind == "code" for task in tasks.values()),
        tasks=len(tasks),
        hits=all_hits,
        counts=_count(hits),
        pairs=pairs,
        unread=unread,
    )


def _texts_of(task: Task) -> dict[str, str]:
    """Return the text of a task to show for each part that may be found."""
    if task.kind == "code":
        return {"prompt": task.prompt, "solution": task.solution, "signature": task.prompt}
    return {QUESTION: task.prompt, ANSWERED: f"{task.prompt}\n{task.solution}", PASSAGE: task.passage}


def _count_items(folder: RunFolder) -> list[ItemCount]:
    found = count_statuses(folder)
    items = Counter[str]()
    for (name, _), count in found.items():
        items[name] += count
    return [
        ItemCount(name, count, found[name, CONTAMINATED], found[name, COMMON_TEXT], found[name, UNTOLD])
        for name, count in items.items()
    ]


def _count(hits: pa.Table) -> list[LeakCount]:
    """Count documents and tasks by benchmark, method and part; of each benchmark all together come last."""
    places = pc.binary_join_element_wise(hits["file"], hits["row"].cast("string"), "#")
    leaked = pc.is_in(places, pc.unique(places.filter(pc.equal(hits["verdict"], LEAK))))
    placed = hits.append_column("found", places).append_column("leaked", pc.if_else(leaked, places, None))
    together = placed.drop_columns(["method", "part"])
    for name in ("method", "part"):
        together = together.append_column(name, pa.repeat(pa.scalar(ANY), together.num_rows))
    counts = [
        one
        for table in (placed, together)
        for one in table.group_by(["benchmark", "method", "part"])
        .aggregate([(name, "count_distinct") for name in ("found", "leaked", "task")])
        .to_pylist()
    ]
    counts.sort(key=lambda one: (one["benchmark"], one["method"] == ANY, one["method"], one["part"]))
    return [
        LeakCount(
            benchmark=one["benchmark"],
            method=one["method"],
            part=one["part"],
            found=one["found_count_distinct"],
            leaked=one["leaked_count_distinct"],
            tasks=one["task_count_distinct"],
        )
        for one in counts
    ]


@dataclass(frozen=True)
class _Found:
    """A task that was found in a document.

    Parameters
    ----------
    file, row : str, int
        The document.
    benchmark, task : str
    hits : sequence of mapping
        How it was found, the strongest first.
    """

    file: str
    row: int
    benchmark: str
    task: str
    hits: Sequence[Mapping[str, Any]]

    @property
    def verdict(self) -> str:
        """What the strongest hit says."""
        return str(self.hits[0]["verdict"])


def _choose(hits: Sequence[Mapping[str, Any]]) -> list[_Found]:
    """Return up to `PAIRS` tasks in documents, the strongest first; one document of each before a second."""
    by_pair: dict[tuple[str, int, str, str], list[Mapping[str, Any]]] = defaultdict(list)
    for hit in hits:
        by_pair[hit["file"], hit["row"], hit["benchmark"], hit["task"]].append(hit)
    seen: Counter[tuple[str, str, str]] = Counter()
    ranks: dict[tuple[bool | int | float | str, ...], _Found] = {}
    for pair, of_pair in by_pair.items():
        found = _Found(*pair, sorted(of_pair, key=lambda hit: (hit["verdict"] != LEAK, -hit["strength"])))
        of_task = (found.benchmark, found.task, found.verdict)
        ranks[seen[of_task], found.verdict == COMMON, -found.hits[0]["strength"], *pair] = found
        seen[of_task] += 1
    return [ranks[rank] for rank in sorted(ranks)[:PAIRS]]


def _read_pairs(
    parts: Sequence[Part],
    chosen: Sequence[_Found],
    read: RowReader,
    texts: Mapping[tuple[str, str, str], str],
) -> tuple[list[LeakPair], dict[str, str]]:
    """Read the documents of some hits again; also which inputs cannot be read, and why."""
    rows, unread = read_again(parts, _places(parts, chosen), read)
    documents = {
        (row.origin["file"], row.origin["row"]): (row.data or b"").decode(errors="replace") for _, row in rows
    }
    pairs = [
        _pair(found, documents[found.file, found.row], texts)
        for found in chosen
        if (found.file, found.row) in documents
    ]
    return pairs, unread


def _places(parts: Sequence[Part], chosen: Sequence[_Found]) -> Iterator[Place]:
    """Yield the places of documents among the parts, by their files and rows."""
    rows_of: dict[str, list[int]] = defaultdict(list)
    for found in chosen:
        rows_of[found.file].append(found.row)
    for number, part in enumerate(parts):
        for row in rows_of.get(part.relative, ()):
            if part.first_row <= row < part.first_row + part.rows:
                yield number, row - part.first_row


def _pair(found: _Found, document: str, texts: Mapping[tuple[str, str, str], str]) -> LeakPair:
    best = found.hits[0]
    lines, first, last = document.split("\n"), best["first_line"], best["last_line"]
    if best["part"] == ANSWERED:
        question, both = (texts[found.benchmark, found.task, part] for part in (QUESTION, ANSWERED))
        first, last = lines_with_answer(lines, first, last, both.removeprefix(f"{question}\n"))
    return LeakPair(
        task=found.task,
        benchmark=found.benchmark,
        found_by=[f"{found_by(hit['method'], hit['part'])}, {hit['strength']:.2f}" for hit in found.hits],
        verdict=found.verdict,
        file=found.file,
        row=found.row,
        first_line=first,
        last_line=last,
        lines="\n".join(lines[first - 1 : last])[:PAIR_CHARS],
        task_text=texts[found.benchmark, found.task, best["part"]][:PAIR_CHARS],
    )


def lines_with_answer(lines: Sequence[str], first: int, last: int, answer: str) -> tuple[int, int]:
    """Return the first and last line to show of a question, from 1, so that its answer is among them.

    They are those of the question where it holds the answer, or none of the next lines does.

    Examples
    --------
    >>> lines_with_answer(["Quiz", "Which is red?", "", "Blood.", "More"], 2, 2, "blood")
    (2, 4)
    """
    wanted = answer.strip().lower()
    around = [last, *range(last + 1, last + ANSWER_LINES + 1), *range(first - 1, first - ANSWER_LINES, -1)]
    for line in around:
        start, stop = min(first, line), max(last, line)
        if start >= 1 and wanted in "\n".join(lines[start - 1 : stop]).lower():
            return start, min(stop, len(lines))
    return first, last
