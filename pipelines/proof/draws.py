"""Draws documents of a finished run by stored scores: which ones follows from a seed and the documents alone.

Each document has a key, a number that follows from its file, its row and the seed; of any set those with the
smallest keys are drawn. So sets that overlap share documents, and two sets that are equal are drawn equal.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from filtering.arrays import Bools, Hashes, Ints
from filtering.errors import SettingsError
from pipelines.dump.parts import Part
from pipelines.dump.rows_of_finished_runs import Place, read_again
from pipelines.run_folder.decisions import RunDecisions
from pipelines.run_folder.folder import RunFolder
from pipelines.run_folder.manifest import scored_parts
from pipelines.settings.proof import AGAINST, DROPPED, KEPT, RANDOM, STYLE, Members

DOCUMENT_BYTES = 16_000
"""Text of a document that is used: so much of its beginning, as much as signals read."""
LEAST_PARTS = 64
"""Of a large run, to draw from at first: a few rows of each of its parts would take reading all of it."""
FINE = 4096
"""Steps of a rubric point by which ranks are told."""


@dataclass(frozen=True)
class Drawn:
    """A document of a run.

    Parameters
    ----------
    text : str
        At most `DOCUMENT_BYTES` of it.
    score : float
        Rubric points.
    key : int
        By which it is drawn: the smallest first.
    group, file : str
    row : int
        Of the file.
    """

    text: str
    score: float
    key: int
    group: str
    file: str
    row: int

    @property
    def place(self) -> tuple[str, int]:
        """What tells it from all others of the dump."""
        return self.file, self.row

    @property
    def size(self) -> int:
        """Bytes of its text."""
        return len(self.text.encode())


class Source:
    """A finished run with scores.

    Parameters
    ----------
    out : str

    Raises
    ------
    OutputError
        If there is no finished run, or scores are gone.
    """

    def __init__(self, out: str) -> None:
        folder = RunFolder(out)
        plan = folder.read_finished_plan()
        scored = scored_parts(folder, plan)
        self.out, self.plan, self.parts = out, plan, list(scored.parts)
        self.decisions = RunDecisions(folder, plan, scored.folder)
        manifest = folder.read_manifest()
        self.mean_bytes = manifest["text_bytes"] / max(int(manifest["rows"]), 1)
        self.scorer = str(manifest["scorer"])
        self.rows = int(manifest["rows"])
        self.part_order = _part_order(self.parts)


@dataclass(frozen=True)
class Candidates:
    """Documents of one set, by rising keys.

    Parameters
    ----------
    part, row : int64 array, shape (n,)
        Number of the part, and row within it.
    key : uint64 array, shape (n,)
    score : float32 array, shape (n,)
    count : int
        Documents of the set among the parts that were looked at.
    """

    part: Ints
    row: Ints
    key: Hashes
    score: NDArray[np.float32]
    count: int

    @property
    def places(self) -> list[Place]:
        """Where they are."""
        return list(zip(self.part.tolist(), self.row.tolist(), strict=True))


@dataclass(frozen=True)
class Wanted:
    """A set of documents.

    Parameters
    ----------
    members : Members
    without : tuple of Members
        Whose documents it has not.
    """

    members: Members
    without: tuple[Members, ...] = ()


def find_candidates(
    source: Source, sets: Sequence[Wanted], numbers: Sequence[int], most: Sequence[int], seed: int
) -> list[Candidates]:
    """Return those with the smallest keys of each of some sets.

    Parameters
    ----------
    source : Source
    sets : sequence of Wanted
    numbers : sequence of int
        Of the parts to look at.
    most : sequence of int
        Documents of each set.
    seed : int
    """
    cuts = _rank_cuts(source, {one for wanted in sets for one in (wanted.members, *wanted.without)}, numbers)
    best = [_none() for _ in sets]
    counts = [0] * len(sets)
    for number in numbers:
        part = source.parts[number]
        decided = source.decisions.of_part(part)
        keys = keys_of(part, seed)
        for at, wanted in enumerate(sets):
            inside = _is_member(wanted.members, decided.value, decided.kept, cuts)
            for other in wanted.without:
                inside &= ~_is_member(other, decided.value, decided.kept, cuts)
            rows = np.flatnonzero(inside)
            counts[at] += len(rows)
            best[at] = _smallest(best[at], number, rows, keys[rows], decided.value[rows], most[at])
    return [
        Candidates(one.part, one.row, one.key, one.score, count)
        for one, count in zip(best, counts, strict=True)
    ]


def _none() -> Candidates:
    nothing = np.zeros(0, np.int64)
    return Candidates(nothing, nothing, np.zeros(0, np.uint64), np.zeros(0, np.float32), 0)


def _smallest(
    one: Candidates, number: int, rows: Ints, keys: Hashes, scores: NDArray[np.float32], most: int
) -> Candidates:
    key = np.concatenate([one.key, keys])
    order = np.argsort(key, kind="stable")[:most]
    return Candidates(
        np.concatenate([one.part, np.full(len(rows), number)])[order],
        np.concatenate([one.row, rows])[order],
        key[order],
        np.concatenate([one.score, scores])[order],
        0,
    )


def _is_member(
    members: Members, value: NDArray[np.float32], kept: Bools, cuts: Mapping[Members, float]
) -> NDArray[np.bool_]:
    scored = ~np.isnan(value)
    if members.what in (KEPT, AGAINST):
        return kept & scored
    if members.what in (DROPPED, STYLE):
        return ~kept & scored
    if members.what == RANDOM:
        return scored
    if members.what == "top":
        return value >= np.float32(cuts[members])
    if members.what == "bottom":
        return value <= np.float32(cuts[members])
    return (value >= np.float32(members.low)) & (value < np.float32(members.high))


def _rank_cuts(source: Source, sets: Iterable[Members], numbers: Sequence[int]) -> Mapping[Members, float]:
    """Return the score at which each set that is told by rank ends."""
    ranked = [one for one in sets if one.what in ("top", "bottom")]
    if not ranked:
        return {}
    counts = np.zeros(5 * FINE + 1, dtype=np.int64)
    for number in numbers:
        value = source.decisions.of_part(source.parts[number]).value
        places = np.clip(value[~np.isnan(value)] * FINE, 0, 5 * FINE).astype(np.int64)
        counts += np.bincount(places, minlength=len(counts))
    if not counts.any():
        raise SettingsError(f"Some document of {source.out} must have a score. None has.")
    below = np.cumsum(counts) / counts.sum()
    cuts = {}
    for one in ranked:
        share = one.high if one.what == "bottom" else 1 - one.high
        place = int(np.searchsorted(below, share - 1e-12))
        cuts[one] = (place + (one.what == "top")) / FINE
    return cuts


def keys_of(part: Part, seed: int) -> Hashes:
    """Return the keys of the documents of a part: of a row of a file always the same.

    Returns
    -------
    uint64 array, shape (rows,)
    """
    digest = hashlib.sha256(f"{seed}/{part.relative}".encode(errors="surrogateescape")).digest()
    rows = np.arange(part.first_row, part.first_row + part.rows, dtype=np.uint64)
    return _mixed(rows + np.frombuffer(digest[:8], dtype="<u8")[0])


def _mixed(numbers: Hashes) -> Hashes:
    """Return numbers that look random: splitmix64 (Steele et al. 2014)."""
    with np.errstate(over="ignore"):
        numbers = numbers * np.uint64(0x9E3779B97F4A7C15)
        numbers = (numbers ^ (numbers >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        numbers = (numbers ^ (numbers >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return numbers ^ (numbers >> np.uint64(31))


def _part_order(parts: Sequence[Part]) -> list[int]:
    """Return the numbers of all parts in an order that nothing but chance decided, always the same."""
    digests = [
        hashlib.sha256(f"{part.relative}#{part.first_row}".encode(errors="surrogateescape")).digest()
        for part in parts
    ]
    return sorted(range(len(digests)), key=digests.__getitem__)


def read_documents(source: Source, sets: Sequence[Candidates]) -> dict[Place, Drawn]:
    """Return documents of some sets by their places, each read once; those without text are left out.

    Raises
    ------
    SettingsError
        If none can be read any more: an input is gone or has changed.
    """
    facts = {
        place: (int(key), float(score))
        for one in sets
        for place, key, score in zip(one.places, one.key.tolist(), one.score.tolist(), strict=True)
    }
    rows, unread = read_again(source.parts, facts, source.plan.facts.row_reader)
    found = {}
    for place, row in rows:
        text = (row.data or b"")[:DOCUMENT_BYTES].decode("utf-8", "ignore")
        if text.strip():
            key, score = facts[place]
            origin = row.origin
            found[place] = Drawn(text, score, key, str(origin["group"]), origin["file"], origin["row"])
    if unread and not found:
        name, why = next(iter(unread.items()))
        raise SettingsError(f"The inputs of {source.out} must be as they were. {name}: {why}")
    return found
