"""Draws documents to label from a dump of any size: by row groups, each document with its probability."""

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, replace
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
from numpy.typing import NDArray

from annotations.asking.rubric import Rubric, load_rubric
from annotations.labels.columns import SAMPLE_SCHEMA, sample_row
from annotations.labels.label_rubric import with_rubric
from annotations.labels.label_studio import labelling_config, tasks_of
from annotations.labels.sources import read_table, require_column
from annotations.labels.spreadsheet_cells import guarded
from annotations.labels.whole_texts import texts_beside
from annotations.samples.active import choose_active, diversity_features
from annotations.samples.sampling import draw_groups, draw_systematically, stratified_order
from filtering.errors import BadFileError, OutputError, SettingsError
from filtering.extras import require_all
from filtering.scoring.scorers import Scorer
from filtering.scoring.settings import SHIPPED
from filtering.text.near_duplicates import representatives
from filtering.text.windows import cut_window
from pipelines.dump.column_doubts import doubt_of_sample
from pipelines.dump.inputs import PARQUET_SUFFIXES, find_inputs
from pipelines.dump.parts import Part, SetAside
from pipelines.dump.rows import RowReader
from pipelines.dump.split_files import PartSize, split_files
from pipelines.new_files import written_whole
from pipelines.page_kit.cards import CARD_CHARS, Card, CardSection, card_section
from pipelines.page_kit.page import whole_page
from pipelines.progress import ConsoleReporter, Meter, Reporter
from pipelines.scorer_addresses import open_scorer
from pipelines.scorer_rubric import rubric_of_scorer
from pipelines.settings.labels import TASKS_SUFFIX, SampleConfig
from pipelines.settings.scorers import NEEDED

CANDIDATES_PER_LABEL = 20
MIN_CANDIDATES = 20_000
"""Rows that are read and scored for a sample; of a smaller dump all are."""
GROUPS_READ = 256
"""Row groups that they are taken from, where these are large enough."""
READ_BYTES = 16 << 30
"""Text to decode at most, as far as at least `FEWEST_GROUPS` row groups are visited."""
FEWEST_GROUPS = 16
SPARE = 1.25
"""So many more are chosen actively, to make up for near-duplicates that are left out."""
FIRST_COLUMNS = ("number", "score", "text", "id")
"""Of a sample for people: the number on the page, and the score, which is theirs to fill in."""


@dataclass(frozen=True)
class SampleResult:
    """What was drawn.

    Parameters
    ----------
    out : str
        The file.
    wanted, rows : int
        Documents that were asked for, and those in it: fewer, where there are no more, or near-duplicates.
    picked : dict of str to int
        Documents by why they were taken.
    dump_rows, read_rows : int
        Rows of the dump, and those of them that were read and scored to draw from.
    near_duplicates : int
        Drawn documents that were left out, since another one stands for them.
    groups : int
        Sites, books or repositories in the sample.
    scorer : str
        Name or folder of the scorer whose scores it was drawn by.
    rubric : str, optional
        Name or file of the rubric to score by; None where none is known.
    beside : tuple of str
        Files beside a sample for people: the page to read or the labelling config, and the whole texts.
    set_aside : tuple of SetAside
        Files or row groups that could not be read.
    labelled : int
        Documents that were read and left out, since they have labels.
    """

    out: str
    wanted: int
    rows: int
    picked: dict[str, int]
    dump_rows: int
    read_rows: int
    near_duplicates: int
    groups: int
    scorer: str
    rubric: str | None
    beside: tuple[str, ...]
    set_aside: tuple[SetAside, ...]
    labelled: int = 0


def sample_dump(config: SampleConfig, *, reporter: Reporter | None = None) -> SampleResult:
    """Draw documents to label, and write them with where they come from and how likely that was.

    The file has its rows in random order: the first of them are a smaller sample.

    Parameters
    ----------
    config : SampleConfig
    reporter : Reporter, optional
        What is told about progress; standard error if not given.

    Raises
    ------
    SettingsError
        If a setting or an input is wrong, or the file exists.
    MissingExtraError
        If the ``annotate`` extra is not installed.
    """
    reporter = reporter or ConsoleReporter()
    require_all({"annotate": "rensa"}, then=NEEDED)  # which is used when all is read
    refuse_taken_file(config.out, overwrite=config.overwrite)
    rubric = rubric_to_show(config.rubric, config.scorer)
    dump = split_files(
        find_inputs(config.inputs, config.out, reporter.say),
        text_column=config.text_column,
        size=PartSize(rows=1),  # a part for each row group
    )
    random = np.random.default_rng(config.seed)
    read = RowReader(dump.text_column, config.group_column, checksums=not config.ignore_checksums)
    labelled = set() if config.labels is None else _labelled_in(config.labels)
    candidates = _Candidates(open_scorer(config.scorer), read, labelled)
    visits = list(_visits(dump.parts, max(MIN_CANDIDATES, CANDIDATES_PER_LABEL * config.n), random))
    meter = Meter(sum(take for _, take, _ in visits), 0)
    set_aside = list(dump.set_aside)
    with reporter.track(meter):
        for part, take, probability in visits:
            try:
                candidates.add(part, np.sort(random.choice(part.rows, size=take, replace=False)), probability)
            except BadFileError as error:
                set_aside.append(SetAside(part.relative, part.rows, part.first_row, str(error)))
            meter.count(take)
    if doubt := doubt_of_sample(dump.parts, dump.text_column, candidates.texts):
        reporter.say(f"Warning: {doubt}")
    nothing: list[dict[str, Any]] = []
    is_all_bad = bool(set_aside) and not candidates.found
    rows, near_duplicates = (nothing, 0) if is_all_bad else candidates.draw(config, random)
    result = write_sample(
        rows,
        config.out,
        random,
        wanted=config.n,
        scorer=config.scorer,
        rubric=rubric,
        named=config.rubric,
        dump_rows=int(dump.parts.column("rows").sum()),
        read_rows=candidates.read_rows,
        near_duplicates=near_duplicates,
        set_aside=tuple(set_aside),
    )
    return replace(result, labelled=candidates.labelled)


def _visits(
    parts: Sequence[Part], wanted: int, random: np.random.Generator
) -> Iterator[tuple[Part, int, float]]:
    """Yield the row groups to read, how many rows to take of each, and each row's chance of that."""
    rows = np.array([part.rows for part in parts], dtype=np.int64)
    # Small groups yield few rows, so more of them are visited; huge ones take long to decode.
    if not len(parts):
        return
    visits = max(GROUPS_READ, ceil(wanted * len(parts) / max(int(rows.sum()), 1)))
    mean_bytes = sum(part.text_bytes for part in parts) / len(parts)
    visits = min(visits, len(parts), max(FEWEST_GROUPS, int(READ_BYTES / max(mean_bytes, 1))))
    draw = draw_groups(rows, visits=visits, rows_per_visit=ceil(wanted / visits), random=random)
    for number in np.flatnonzero(draw.take).tolist():
        yield parts[number], int(draw.take[number]), float(draw.probability[number])


class _Candidates:
    """The rows that were read to draw from: documents with a score and no label, in the order of the dump."""

    def __init__(self, scorer: Scorer, read: RowReader, labelled: Container[str]) -> None:
        self._scorer = scorer
        self._read = read
        self._labelled = labelled
        self._rows: list[dict[str, Any]] = []
        self.read_rows = self.labelled = 0

    @property
    def found(self) -> int:
        """Number of documents to draw from."""
        return len(self._rows)

    @property
    def texts(self) -> list[pa.Array]:
        """Texts of the rows that were read; null where there was none, or one that cannot be scored."""
        without = pa.nulls(self.read_rows - self.found, pa.string())
        return [pa.array([row["text"] for row in self._rows], pa.large_string()), without]

    def add(self, part: Part, rows: NDArray[np.int64], probability: float) -> None:
        """Read and score some rows of a row group; a document without text has no label either."""
        found = list(self._read(part, rows))
        scores = self._scorer.score([row.data for row in found])
        for row, score, reason in zip(found, scores.value.tolist(), scores.reason.tolist(), strict=True):
            if row.origin["id"] in self._labelled:
                self.labelled += 1
            elif row.data is not None and not reason:
                drawn = {"probability": probability, "edu_score": score}
                self._rows.append(sample_row(row.data.decode(), **row.origin, **drawn))
        self.read_rows += len(rows)

    def draw(self, config: SampleConfig, random: np.random.Generator) -> tuple[list[dict[str, Any]], int]:
        """Return the rows of the sample, each likeness once, and how many near-duplicates were left out."""
        if not self._rows:
            without = " and without a label" if self.labelled else ""
            raise SettingsError(f"An input must hold a document with text{without}. Found none.")
        points = np.array([row["edu_score"] for row in self._rows], dtype=np.float32)
        lengths = np.array([row["text_bytes"] for row in self._rows], dtype=np.int64)
        before = np.array([row["probability"] for row in self._rows])
        active = config.strategy == "active"
        count = min(config.n, len(self._rows))
        at_random = round(count * config.random_share) if active else count
        order = stratified_order(points, lengths)
        drawn, chance = draw_systematically(1 / before[order], count=at_random, random=random)
        probabilities = dict(
            zip(order[drawn].tolist(), (chance * before[order[drawn]]).tolist(), strict=True)
        )
        found = [
            {**self._rows[row], "picked": "stratified", "probability": p, "weight": 1 / p}
            for row, p in probabilities.items()
        ]
        if active:
            found += self._choose(config, points, probabilities, round((count - at_random) * SPARE))
        kept = _each_likeness_once(found)
        return kept[:count], len(found) - len(kept)

    def _choose(
        self, config: SampleConfig, points: NDArray[np.float32], taken: Container[int], count: int
    ) -> list[dict[str, Any]]:
        left = np.array([row for row in range(len(points)) if row not in taken], dtype=np.int64)
        features = diversity_features([self._rows[row]["text"] for row in left])
        rows, why = choose_active(
            points[left], features, count=count, keep_at=config.keep_at, seed=config.seed
        )
        return [
            {**self._rows[left[row]], "picked": reason, "probability": None, "weight": None}
            for row, reason in zip(rows.tolist(), why, strict=True)
        ]


def _labelled_in(folder: str) -> set[str]:
    """Return the ids of documents that have labels in a folder."""
    table, name = read_table(folder, ("id",))
    require_column(table, "id", "--labels", folder, name)
    return set(table["id"].to_pylist())


def _each_likeness_once(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Leave near-duplicates out; the first of a likeness stands for those that were drawn at random too."""
    first = representatives([cut_window(row["text"]) for row in rows])
    weights: dict[int, float] = {}
    for row, stands in zip(rows, first.tolist(), strict=True):
        weights[stands] = weights.get(stands, 0.0) + (row["weight"] or 0.0)
    return [{**rows[at], "weight": weights[at] or None} for at in sorted(weights)]


def refuse_taken_file(out: str, *, overwrite: bool) -> None:
    """Check that a sample may be written to a file.

    Raises
    ------
    OutputError
        If the file exists, and is not to be replaced, or its folder does not.
    """
    path = Path(out)
    if path.suffix.lower() not in (*PARQUET_SUFFIXES, ".csv", TASKS_SUFFIX):
        raise OutputError(
            f"A sample must go to a file that ends in .parquet or .csv, or in {TASKS_SUFFIX} with --format "
            f"label-studio. Got {out!r} instead."
        )
    taken = next(
        (one for one in (path, *_beside(path)) if one.is_dir() or (one.exists() and not overwrite)), None
    )
    if taken is not None:
        raise OutputError(
            f"A sample must go to a new file. {str(taken)!r} exists. Choose another --out, or --overwrite."
        )
    if not path.parent.is_dir():
        raise OutputError(
            f"The folder of a sample must exist. Got {out!r}. Make it, or choose another --out."
        )


def rubric_to_show(named: str | None, scorer: str) -> Rubric | None:
    """Return the rubric to score by: the one that was named, else that by which a scorer was trained.

    Raises
    ------
    RubricError
        If there is no such rubric, or it is broken.
    """
    return rubric_of_scorer(scorer) if named is None else load_rubric(named)


def _beside(out: Path) -> tuple[Path, ...]:
    """Return the files beside a sample for people: what helps to read it, and the whole texts."""
    first = {".csv": ".html", TASKS_SUFFIX: ".xml"}.get(out.suffix.lower())
    return () if first is None else (out.with_suffix(first), texts_beside(str(out)))


@dataclass(frozen=True)
class _View:
    """What the template ``sample.html`` shows."""

    documents: CardSection
    rubric: Rubric | None


def _write_page(table: pa.Table, page: Path, rubric: Rubric | None) -> None:
    """Write the documents of a sample to read, by their ids, in the order of the table; without scores."""
    columns = zip(*(table[name].to_pylist() for name in ("id", "text", "genre", "language")), strict=True)
    cards = []
    for number, (name, document, genre, language) in enumerate(columns, start=1):
        window = cut_window(document)
        slices = {kind: value for kind, value in (("genre", genre), ("language", language)) if value}
        about = f"{number:,} · {name}"
        cards.append(Card("Documents", None, True, about, window[:CARD_CHARS], len(window), slices))
    view = _View(card_section(cards, ("Documents",), kinds="genres and languages"), rubric)
    shown = whole_page("sample.html", f"{len(table):,} documents to score", view)
    page.write_text(shown, encoding="utf-8", errors="replace")


def write_sample(
    rows: Sequence[dict[str, Any]],
    out: str,
    random: np.random.Generator,
    *,
    wanted: int,
    scorer: str,
    rubric: Rubric | None,
    named: str | None,
    dump_rows: int,
    read_rows: int,
    near_duplicates: int = 0,
    set_aside: tuple[SetAside, ...] = (),
) -> SampleResult:
    """Write a sample in random order, in one step, and return what was drawn.

    `rubric` is what people score by, and `named` what the user called it.

    Beside a table for people go a page to read it by, and the whole texts with the rubric, which
    `import_labels` takes.
    Beside tasks for Label Studio go its labelling config, and the same.
    """
    table = pa.Table.from_pylist([rows[at] for at in random.permutation(len(rows))], SAMPLE_SCHEMA)
    suffix, beside = Path(out).suffix.lower(), _beside(Path(out))
    if beside:
        page, texts = beside
        if suffix == TASKS_SUFFIX:
            page.write_bytes(labelling_config(rubric))
        else:
            _write_page(table, page, rubric)
        whole = with_rubric(table.select(["id", "text"]), rubric)
        with written_whole(texts) as place, open(place, "wb") as file:
            pq.write_table(whole, file, compression="zstd", write_page_checksum=True)
    with written_whole(Path(out)) as place, open(place, "wb") as file:
        if suffix == TASKS_SUFFIX:
            file.write(tasks_of(table, rubric))
        elif beside:  # who read what a model is shown, and no score; a cell has its limits, too
            windows = pa.array([cut_window(text) for text in table["text"].to_pylist()], pa.large_string())
            table = table.set_column(table.column_names.index("text"), "text", windows)
            empty = table.append_column("score", pa.nulls(len(table), pa.string()))
            numbered = empty.append_column("number", pa.array(range(1, len(table) + 1), pa.int64()))
            rest = [name for name in SAMPLE_SCHEMA.names if name not in (*FIRST_COLUMNS, "edu_score")]
            told = [name for name in rest if table[name].null_count < len(table)]
            pyarrow.csv.write_csv(guarded(numbered.select([*FIRST_COLUMNS, *told])), file)
        else:
            pq.write_table(table, file, compression="zstd", write_page_checksum=True)
    counts = table["picked"].value_counts().to_pylist()
    return SampleResult(
        out=out,
        wanted=wanted,
        rows=len(table),
        picked={one["values"]: one["counts"] for one in counts},
        dump_rows=dump_rows,
        read_rows=read_rows,
        near_duplicates=near_duplicates,
        groups=len(set(table["group"].to_pylist())),
        scorer=scorer,
        rubric=named or (scorer if scorer in SHIPPED else None),
        beside=tuple(map(str, beside)),
        set_aside=set_aside,
    )
