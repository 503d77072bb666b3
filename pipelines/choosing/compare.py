"""Compares what two runs over the same dump keep: both of them, and each alone, with documents to read."""

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from annotations.asking.budget import BYTES_PER_TOKEN
from filtering.arrays import Bools, Floats, Ints
from filtering.errors import SettingsError
from filtering.printable import printable
from pipelines.choosing.slices import Names, slice_reader
from pipelines.dump.changed_inputs import refuse_changed_inputs
from pipelines.dump.parts import Part
from pipelines.dump.row_values.lengths import LENGTHS, lengths_of
from pipelines.dump.row_values.slice_values import LANGUAGE
from pipelines.dump.rows_of_finished_runs import read_again
from pipelines.page_kit.cards import CARD_CHARS
from pipelines.progress import ConsoleReporter, Meter, Reporter
from pipelines.run_folder.decisions import RunDecisions
from pipelines.run_folder.folder import RunFolder
from pipelines.run_folder.manifest import scored_parts, written_passages
from pipelines.run_folder.stored_scores import SIZE, read_scores
from pipelines.settings.choosing import CompareConfig
from pipelines.worker.row_chances import row_chances

BOTH, FIRST, SECOND, NEITHER = "both", "first only", "second only", "neither"
KINDS = (BOTH, FIRST, SECOND, NEITHER)
"""What becomes of a document in two runs."""
SHOWN = (FIRST, SECOND, BOTH)
"""Those of which documents are shown."""
SAMPLES = 8
"""Of each."""
FEW_FILES = 20
LENGTH, INPUT_FILE = "length", "input file"


@dataclass(frozen=True)
class Kept:
    """Documents of one kind.

    Parameters
    ----------
    documents : int
    tokens : float
        By their bytes.
    points, other_points : float
        Mean score in the first and in the second run; NaN of none.
    """

    documents: int
    tokens: float
    points: float
    other_points: float


@dataclass(frozen=True)
class ComparedSlice:
    """Documents of a slice by what becomes of them: of a language, say."""

    kind: str
    value: str
    documents: Mapping[str, int]

    @property
    def shared(self) -> float:
        """Share that both keep of what one of them keeps; NaN where none keeps any."""
        return _share(self.documents[BOTH], self.documents[FIRST] + self.documents[SECOND])


@dataclass(frozen=True)
class ComparedDocument:
    """A document to read.

    Parameters
    ----------
    kind : str
        One of `SHOWN`.
    points, other_points : float, optional
        Its score in the first and in the second run; None where there is none.
    file, row : str, int
    text : str
        Its beginning.
    characters : int
        Length of the whole.
    """

    kind: str
    points: float | None
    other_points: float | None
    file: str
    row: int
    text: str
    characters: int


@dataclass(frozen=True)
class Comparison:
    """What two selections share.

    Parameters
    ----------
    run, other : str
        Folders of the runs.
    kinds : mapping of str to Kept
        By what becomes of documents: ``both``, ``first only``, ``second only`` or ``neither`` keeps them.
        Each has ``documents``, ``tokens`` by their bytes, and the mean scores ``points`` in the first run
        and ``other_points`` in the second; NaN of none.
    slices : sequence of ComparedSlice
        By kind of slice, the largest first. Each has ``kind`` such as ``language``, ``value``, ``documents``
        by the kinds above, and ``shared`` as below.
    documents : sequence of ComparedDocument
        Some of each kind to read. Each has ``kind``, ``points`` and ``other_points``, None without a score;
        ``file``, ``row``, the beginning ``text``, and the ``characters`` of the whole.
    unread : mapping of str to str
        Inputs that could not be read again, and why.
    not_in_both : int
        Documents that one of the runs could not read: they are left out.
    passages, of_documents : (int, int)
        Passages that the first and the second run wrote, and the documents that these are of: they are not
        compared.
    """

    run: str
    other: str
    kinds: Mapping[str, Kept]
    slices: Sequence[ComparedSlice]
    documents: Sequence[ComparedDocument]
    unread: Mapping[str, str] = field(default_factory=dict)
    not_in_both: int = 0
    passages: tuple[int, int] = (0, 0)
    of_documents: tuple[int, int] = (0, 0)

    @property
    def not_compared(self) -> Sequence[str]:
        """What the runs wrote beside whole documents, as a sentence each."""
        return [
            f"The {name} run also wrote {passages:,} {'passage' if passages == 1 else 'passages'} of "
            f"{documents:,} {'document' if documents == 1 else 'documents'} that it did not keep whole. They "
            "are not counted here."
            for name, passages, documents in zip(
                ("first", "second"), self.passages, self.of_documents, strict=True
            )
            if passages
        ]

    @property
    def shared(self) -> float:
        """Share that both keep of what one of them keeps; NaN where none keeps any."""
        both, *alone = (self.kinds[kind].documents for kind in (BOTH, FIRST, SECOND))
        return _share(both, sum(alone))


def _share(both: int, alone: int) -> float:
    return both / (both + alone) if both + alone else float("nan")


def compare_runs(
    config: CompareConfig, *, samples: bool = True, reporter: Reporter | None = None
) -> Comparison:
    """Return what two finished runs over the same dump keep of it: both of them, and each alone.

    Parameters
    ----------
    config : CompareConfig
    samples : bool
        Whether to show documents; none where one of the runs was begun with ``--no-samples``.
    reporter : Reporter, optional
        What is told about progress; standard error if not given.

    Raises
    ------
    OutputError
        If one of them is no finished run with scores.
    SettingsError
        If they are not over the same files, these have changed since, or there is no such column.
    """
    first, second = _Run(config.run), _Run(config.other)
    _refuse_other_dump(first, second)
    refuse_changed_inputs(part for parts in first.by_file.values() for part in parts)
    by, names = slice_reader(config.by or LANGUAGE, first.plan.facts), Names(config.by or LANGUAGE)
    sums, not_in_both, counts, picks = np.zeros((4, len(KINDS))), 0, _Counts(), _Picks()
    with (reporter or ConsoleReporter()).track(meter := Meter(first.plan.rows, 0, doing="Comparing")):
        for relative, parts in first.by_file.items():
            count = sum(part.rows for part in parts)
            one, other = (run.whole(relative, parts[-1].row_range.stop) for run in (first, second))
            there = one.there & other.there
            not_in_both += int((one.there ^ other.there).sum())
            kind = np.where(there, 2 * ~one.kept + ~other.kept, -1)
            sums += _sums(kind, one, other)
            counts.add(LENGTH, LENGTHS, lengths_of(one.size), kind)
            if len(first.by_file) <= FEW_FILES:
                counts.add(INPUT_FILE, [printable(relative)], np.zeros(len(kind), np.int64), kind)
            if config.by is not None or by.column_in(parts[0].path) is not None:
                for part in parts:
                    rows = slice(part.row_range.start, part.row_range.stop)
                    codes = np.concatenate(
                        [np.zeros(0, np.int64), *map(names.codes_of, by(part, there[rows]))]
                    )
                    counts.add(by.by.words, names.known, codes, kind[rows])
            picks.add(relative, kind)
            meter.count(count)
    shown = samples and first.plan.shows_documents and second.plan.shows_documents
    documents, unread = _read(first, second, picks) if shown else ([], {})
    return Comparison(
        run=config.run,
        other=config.other,
        kinds={name: _kept(*column) for name, column in zip(KINDS, sums.T.tolist(), strict=True)},
        slices=counts.slices(),
        documents=documents,
        unread=unread,
        not_in_both=not_in_both,
        passages=(first.passages[0], second.passages[0]),
        of_documents=(first.passages[2], second.passages[2]),
    )


@dataclass(frozen=True)
class _Whole:
    """The n rows of a file, as a run decided on them.

    Parameters
    ----------
    there, kept : bool array, shape (n,)
        Those that the run read, and kept.
    points : float64 array, shape (n,)
        NaN where there are none.
    size : int64 array, shape (n,)
        Bytes.
    """

    there: Bools
    kept: Bools
    points: Floats
    size: Ints


class _Run:
    """A finished run with scores.

    Parameters
    ----------
    out : str
    """

    def __init__(self, out: str) -> None:
        folder = RunFolder(out)
        self.plan, self.passages = folder.read_finished_plan(), written_passages(folder.read_manifest())
        scored = scored_parts(folder, self.plan)
        self.out, self._decisions = out, RunDecisions(folder, self.plan, scored.folder)
        self.by_file: dict[str, list[Part]] = {}
        for part in sorted(scored.parts, key=lambda one: (one.relative, one.first_row)):
            self.by_file.setdefault(part.relative, []).append(part)

    def whole(self, relative: str, rows: int) -> _Whole:
        """Return what was decided of so many rows of a file."""
        found = _Whole(
            np.zeros(rows, dtype=bool),
            np.zeros(rows, dtype=bool),
            np.full(rows, np.nan),
            np.zeros(rows, np.int64),
        )
        for part in self.by_file[relative]:
            at, decided = slice(part.row_range.start, part.row_range.stop), self._decisions.of_part(part)
            count = len(found.there[at])
            (size,) = read_scores(self._decisions.holder, part, SIZE)
            found.there[at], found.kept[at] = True, decided.kept[:count]
            found.points[at], found.size[at] = decided.value[:count], size[:count]
        return found


def _refuse_other_dump(first: _Run, second: _Run) -> None:
    """Check that two runs are over the same files, by their footers."""
    for relative in sorted(first.by_file.keys() | second.by_file.keys()):
        prints = [
            {(part.size_bytes, part.footer_sha256) for part in run.by_file.get(relative, ())}
            for run in (first, second)
        ]
        if prints[0] != prints[1]:
            what = (
                "differs between them"
                if all(prints)
                else f"is in {(first if prints[0] else second).out} alone"
            )
            raise SettingsError(
                f"Runs must be over the same dump to be compared. {printable(relative)} {what}. Filter the "
                "same files into both."
            )


def _sums(kind: Ints, one: _Whole, other: _Whole) -> Floats:
    """Return documents, bytes, and points in either run, by what becomes of documents, shape (4, kinds)."""
    there = kind >= 0
    weights = (None, one.size, np.nan_to_num(one.points), np.nan_to_num(other.points))
    return np.stack(
        [
            np.bincount(kind[there], None if weight is None else weight[there], len(KINDS))
            for weight in weights
        ]
    ).astype(np.float64)


def _kept(documents: float, size: float, points: float, other_points: float) -> Kept:
    means = [total / documents if documents else float("nan") for total in (points, other_points)]
    return Kept(int(documents), size / BYTES_PER_TOKEN, *means)


class _Counts:
    """Documents by kind of slice, by value, and by what becomes of them."""

    def __init__(self) -> None:
        self._counts: dict[str, dict[str, Ints]] = {}

    def add(self, slice_kind: str, names: Sequence[str], codes: Ints, kind: Ints) -> None:
        """Count rows, whose values have names by their codes."""
        there = kind >= 0
        found = np.bincount(codes[there] * len(KINDS) + kind[there], minlength=len(names) * len(KINDS))
        of_kind = self._counts.setdefault(slice_kind, {})
        for name, counts in zip(names, found.reshape(-1, len(KINDS)), strict=True):
            if counts.any():
                of_kind[name] = of_kind.get(name, 0) + counts

    def slices(self) -> list[ComparedSlice]:
        """Return all of them: lengths in their order, others the largest first; none of a single value."""
        return [
            ComparedSlice(kind, value, dict(zip(KINDS, counts.tolist(), strict=True)))
            for kind, by_value in self._counts.items()
            if len(by_value) > 1
            for value, counts in sorted(
                by_value.items(),
                key=lambda one: LENGTHS.index(one[0]) if kind == LENGTH else -int(one[1].sum()),
            )
        ]


class _Picks:
    """Documents to show: of each kind those whose numbers are smallest, which is a draw."""

    def __init__(self) -> None:
        self._best: dict[str, list[tuple[float, str, int]]] = {kind: [] for kind in SHOWN}

    def add(self, relative: str, kind: Ints) -> None:
        """Look at the rows of a file."""
        chances = row_chances(relative, 0, len(kind))
        for name, best in self._best.items():
            rows = np.flatnonzero(kind == KINDS.index(name))
            rows = rows[np.argsort(chances[rows])[:SAMPLES]]
            found = [(float(chances[row]), relative, row) for row in rows.tolist()]
            self._best[name] = heapq.nsmallest(SAMPLES, [*best, *found])

    def kinds(self) -> dict[tuple[str, int], str]:
        """Return the kind of each, by file and row."""
        return {(relative, row): name for name, best in self._best.items() for _, relative, row in best}


def _read(first: _Run, second: _Run, picks: _Picks) -> tuple[list[ComparedDocument], dict[str, str]]:
    """Read the documents to show; return why some inputs could not be read, too."""
    kinds = picks.kinds()
    files = {relative for relative, _ in kinds}
    parts = [part for relative in sorted(files) for part in first.by_file[relative]]
    places = {
        (number, row - part.first_row): (relative, row)
        for relative, row in kinds
        for number, part in enumerate(parts)
        if part.relative == relative and row in part.row_range
    }
    points = [
        {
            relative: run.whole(relative, first.by_file[relative][-1].row_range.stop).points
            for relative in files
        }
        for run in (first, second)
    ]
    rows, unread = read_again(parts, places, first.plan.facts.row_reader)
    found = []
    for place, row in rows:
        relative, number = places[place]
        text = (row.data or b"").decode(errors="replace")
        own, other = (
            None if np.isnan(of[relative][number]) else float(of[relative][number]) for of in points
        )
        kind = kinds[relative, number]
        found.append(
            ComparedDocument(kind, own, other, printable(relative), number, text[:CARD_CHARS], len(text))
        )
    return sorted(found, key=lambda one: SHOWN.index(one.kind)), unread
