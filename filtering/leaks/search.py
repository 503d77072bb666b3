"""Looks for the tasks of an index in texts: the whole text, by up to four methods, cheap tests first.

- ``ngram``: the share of a part's runs of words that a text has.
- ``near``: where a text has enough of a part's shorter runs close together, the share of the part's pairs of
  words that stand there: an edited copy keeps more of these than of long runs.
- ``structure``: where a text has enough of a solution's shapes, what the syntax trees of the functions there
  have in common with that of the solution; and, at names of functions that tasks ask for, signatures.
- ``prose``: for tasks in prose, and the only one for these; see `prose_search.py`.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from filtering.arrays import Bools, Ints
from filtering.errors import ShapeError
from filtering.leaks.candidate_places import Documents, Place, find_places, find_runs
from filtering.leaks.hits import ANSWERED, COMMON, COMMON_TEXT, LEAK, PASSAGE, QUESTION, SCHEMA
from filtering.leaks.index import LeakIndex
from filtering.leaks.prose_search import find_prose
from filtering.leaks.syntax_trees import find_signatures, function_blocks, likeness, parse_function, subtrees
from filtering.text.arrow import Texts, text_chunks

LANGUAGE = "python"
MARGIN_BYTES = 30
"""Words about a place that belong to it though no run of theirs was found."""


@dataclass(frozen=True)
class Leaks:
    """What was found in n texts.

    Parameters
    ----------
    hits : pa.Table
        Of `SCHEMA`, by row, task, part and method; lines count from 1, ``strength`` lies in (0, 1].
    counts : dict of str to int
        Texts that were not read (null, empty, white-space), or with a reservation: invalid-utf8 and
        nul-characters as the bytes they are, huge for n-grams and signatures alone; and unparsable, where
        what looked like a solution is no Python that this one can read.
    """

    hits: pa.Table
    counts: dict[str, int]


@dataclass(frozen=True)
class Hit:
    """A place of a task; fields as in `SCHEMA`, but places in bytes and tasks by number."""

    row: int
    start: int
    stop: int
    task: int
    method: str
    part: str
    strength: float


def find_leaks(index: LeakIndex, texts: Texts, languages: Sequence[str | None] | None = None) -> Leaks:
    """Find tasks in texts.

    Parameters
    ----------
    index : LeakIndex
    texts : Arrow array or chunked array of strings, bytes, or a dictionary of them; or a sequence
        Length n.
    languages : sequence of str or None, length n, optional
        The structure of solutions is looked for in Python, and where the language is not known; all else in
        all texts.

    Raises
    ------
    ShapeError
        If `texts` holds no text, or `languages` is not as long.
    """
    chunks = text_chunks(texts)
    rows = sum(map(len, chunks))
    if languages is not None and len(languages) != rows:
        raise ShapeError(f"'languages' must be as long as 'texts', {rows:,}. Got {len(languages):,} instead.")
    is_python = np.ones(rows, dtype=bool)
    if languages is not None:
        is_python[:] = [one is None or one.lower() == LANGUAGE for one in languages]
    counts: Counter[str] = Counter()
    tables, first = [SCHEMA.empty_table()], 0
    for chunk in chunks:
        documents = Documents.of(chunk, counts)
        hits = _find(index, documents, is_python[first : first + len(chunk)], counts)
        tables.append(_table(index, documents, hits, first))
        first += len(chunk)
    return Leaks(pa.concat_tables(tables), dict(counts))


def _find(index: LeakIndex, documents: Documents, is_python: Bools, counts: Counter[str]) -> list[Hit]:
    hits = _code_hits(index, documents, is_python, counts) if index.known else []
    if index.prose.tasks and "prose" in index.settings.methods:
        hits += _prose_hits(index, documents)
    return hits


def _code_hits(index: LeakIndex, documents: Documents, is_python: Bools, counts: Counter[str]) -> list[Hit]:
    methods, read = index.settings.methods, documents.is_read
    hits: list[Hit] = []
    if "ngram" in methods or "structure" in methods:
        found = find_runs(index.words, documents, read)
        hits += _ngram_hits(index, found) if "ngram" in methods else ()
        hits += _signature_hits(index, documents, found) if "structure" in methods else ()
    if "near" in methods:
        hits += _near_hits(index, documents, find_runs(index.short, documents, read & ~documents.is_huge))
    if "structure" in methods:
        found = find_runs(index.shapes, documents, read & ~documents.is_huge & is_python, is_shapes=True)
        hits += _structure_hits(index, documents, found, counts)
    return hits


def _ngram_hits(index: LeakIndex, found: Ints) -> Iterator[Hit]:
    settings = index.settings
    shares = {"prompt": settings.ngram_prompt_share, "solution": settings.ngram_solution_share}
    for place in find_places(index.words, found, np.array([shares[part.name] for part in index.parts])):
        yield _hit(index, place, "ngram", place.share)


def _near_hits(index: LeakIndex, documents: Documents, found: Ints) -> Iterator[Hit]:
    settings, parts = index.settings, index.parts
    shares = {"prompt": settings.near_prompt_share, "solution": settings.near_solution_share}
    windows = np.array([part.window for part in parts])
    for place in find_places(index.short, found, np.full(len(parts), settings.near_gate), windows):
        text = documents.text(place.row, max(place.start - MARGIN_BYTES, 0), place.stop + MARGIN_BYTES)
        part = parts[place.part]
        strength = part.share_in(text)
        if strength >= shares[part.name]:
            yield _hit(index, place, "near", strength)


def _signature_hits(index: LeakIndex, documents: Documents, found: Ints) -> Iterator[Hit]:
    for row, key in found[found[:, 1] >= index.words.count, :2].tolist():
        text = documents.text(row)
        for task in index.names[key - index.words.count]:
            wanted = index.known[task].signature
            if wanted is None or wanted.strength < index.settings.signature_strength:
                continue
            for start, signature in find_signatures(text, wanted.name):
                if signature == wanted:
                    stop = start + len(wanted.name)
                    yield Hit(row, start, stop, task, "structure", "signature", wanted.strength)
                    break


def _structure_hits(
    index: LeakIndex, documents: Documents, found: Ints, counts: Counter[str]
) -> Iterator[Hit]:
    unparsable = set()
    gates = np.full(len(index.parts), index.settings.structure_gate)
    for place in find_places(index.shapes, found, gates):
        solution, best = index.known[index.parts[place.part].task].trees, 0.0
        for _, block in function_blocks(documents.text(place.row), place.start, place.stop):
            function = parse_function(block)
            if function is None:
                unparsable.add(place.row)
            else:
                best = max(best, likeness(subtrees(function), solution))
        if best >= index.settings.structure_share:
            yield _hit(index, place, "structure", best)
    if unparsable:
        counts["unparsable"] += len(unparsable)


def _prose_hits(index: LeakIndex, documents: Documents) -> Iterator[Hit]:
    prose = index.prose
    for hit in find_prose(prose, documents, index.settings.prose_share, index.settings.short_prose_share):
        task = len(index.known) + int(prose.task_of[hit.part])
        name = prose.names[hit.part]
        part = ANSWERED if name == QUESTION and hit.has_answer else name
        yield Hit(hit.row, hit.start, hit.stop, task, "prose", part, hit.share)


def _hit(index: LeakIndex, place: Place, method: str, strength: float) -> Hit:
    part = index.parts[place.part]
    return Hit(place.row, place.start, place.stop, part.task, method, part.name, strength)


def _verdict(index: LeakIndex, documents: Documents, hit: Hit) -> str:
    """Return whether a hit is a leak; text of a prompt always is, a passage where that was asked."""
    task = index.tasks[hit.task]
    if task.is_common:
        return COMMON_TEXT
    if hit.part == PASSAGE:
        return LEAK if task.passage_leaks else PASSAGE
    if hit.method == "prose":
        return LEAK
    known = index.known[hit.task]
    if hit.part == "signature":
        return COMMON if known.has_common_name else LEAK
    if hit.part == "prompt":
        return LEAK
    around = function_blocks(documents.text(hit.row), hit.start, hit.stop)
    is_known = known.has_common_solution or any(index.common.has_function(name) for name, _ in around)
    return COMMON if is_known else LEAK


def _table(index: LeakIndex, documents: Documents, hits: list[Hit], first_row: int) -> pa.Table:
    """Return hits as a table, by row, task, part and method."""
    rows = []
    for hit in sorted(hits, key=lambda hit: (hit.row, hit.task, hit.part, hit.method)):
        first_line = 1 + documents.text(hit.row, 0, hit.start).count(b"\n")
        task = index.tasks[hit.task]
        rows.append(
            {
                "row": first_row + hit.row,
                "first_line": first_line,
                "last_line": first_line + documents.text(hit.row, hit.start, hit.stop).count(b"\n"),
                "task": task.id,
                "benchmark": task.benchmark,
                "method": hit.method,
                "part": hit.part,
                "strength": hit.strength,
                "verdict": _verdict(index, documents, hit),
            }
        )
    return pa.Table.from_pylist(rows, SCHEMA)
