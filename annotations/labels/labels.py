"""The label schema: one row a labelled document.

========  ================  ====================================================================
column    type              meaning
========  ================  ====================================================================
text      string            the document, up to the reach of `filtering.text.windows`: signals read all of
                            it. Its window serves where there is no more, but signals then see less
                            than when they score
score     number            rubric points that the labeller gave, in [0, 5]
group     string            site, book or repository; splits never part a group
picked    string, optional  how the document was chosen; ``random`` and ``stratified`` were drawn
                            at random, and they alone serve calibration and rates.
                            ``unknown`` counts as ``random``, and so do rows without this column
weight    number, optional  documents that it stands for; else 1 / ``probability``, that a random draw
                            takes it. Where rows have either, those without were no random draw
========  ================  ====================================================================

Columns named ``genre``, ``source``, ``lang``, ``language`` or ``programming_language`` are optional too:
quality is also told within each of their values. ``path``, or what dumps call it, tells the language of
source files. And ``text_bytes``, the size of the whole document, tells which texts were cut.
"""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from annotations.labels.code_languages import LANGUAGE_COLUMNS, PATH_COLUMNS
from annotations.labels.columns import DIGEST, check_scores, is_number, is_string, is_text
from annotations.labels.label_rubric import digests_of, refuse_several
from annotations.labels.sources import read_table, schema_of
from annotations.labels.whole_texts import with_whole_texts
from annotations.samples.sampling import UNBIASED_PICKS, UNKNOWN_PICK
from filtering.brief import brief
from filtering.errors import LabelsError
from filtering.printable import listed, printable
from filtering.rubric_points import KEEP_AT, MIN_SIDE_ROWS, POINTS
from filtering.text.windows import REACH

LOWEST, HIGHEST = 0.0, float(POINTS)
SLICE_COLUMNS = ("genre", "source", *LANGUAGE_COLUMNS)
NEAR_CUT = "near-cut"
"""On which side of the cut is not said: who labels them is not to be led."""
NUMBERS = ("probability", "weight", "text_bytes", "edu_score")
SCRIPT_CHARS = 2000
ASCII_SHARE = 0.8
LABEL_MORE = "Label more: 'edufilter sample --labels LABELS' draws others than these."
WRITTEN = ("recipe", "draw")
"""Columns by which texts are known that `edufilter write` had written."""
WRITE_MORE = (
    "Have more texts written and graded: the same 'edufilter write' with a larger --n adds to these, as far "
    "as the slots of the recipe have other combinations."
)
UNCUT = (
    "Texts of low grades were thrown away: the same 'edufilter write' without --keep-grade brings them back "
    "and costs nothing. Train on those."
)
GRADE = "The same 'edufilter write' with --grade MODEL has texts graded."
GRADE_ALL = (
    "The same 'edufilter write' asks for grades that are missing. With --keep-grade 0 it keeps graded texts "
    "alone."
)
IMPORT = (
    "Of a table that people fill in, 'edufilter annotate --import FILE --rater NAME --out labels' takes the "
    "scores that are there; then train on labels."
)
MIN_ROWS = 100
MIN_GROUPS = 10


@dataclass(frozen=True)
class Labels:
    """Labelled documents.

    Parameters
    ----------
    texts : Arrow large_string array, length n
    scores : float64 array, shape (n,)
        Rubric points in [0, 5].
    groups : tuple of str, length n
    unbiased : bool array, shape (n,)
        Rows that were drawn at random.
    slices : mapping of str to tuple of str or None, length n
        Genre, source and the like of each document.
    cut_texts : int
        As `count_cut_texts` counts them.
    weights : float64 array, shape (n,), optional
        Documents that each stands for; NaN where that is not known. None where the labels do not say.
    text_bytes : int64 array, shape (n,), optional
        UTF-8 bytes of each document, of which `texts` may have a part.
    near_cut : float64 array, shape (n,), optional
        Rubric points of documents that were drawn from near the cut of a run, by its scorer; NaN for others.
        None where none was.
    paths : tuple of str or None, length n
        Of source files; empty where no column tells.
    origin_known : bool
        Whether the labels say of all documents how they were chosen; otherwise those of unknown origin count
        as chosen at random.
    """

    __repr__ = brief

    texts: pa.Array
    scores: NDArray[np.float64]
    groups: tuple[str, ...]
    unbiased: NDArray[np.bool_]
    slices: Mapping[str, tuple[str | None, ...]]
    cut_texts: int = 0
    weights: NDArray[np.float64] | None = None
    text_bytes: NDArray[np.int64] | None = None
    near_cut: NDArray[np.float64] | None = None
    paths: tuple[str | None, ...] = ()
    origin_known: bool = True

    def __len__(self) -> int:
        return len(self.scores)


HOW_TO_GET = {
    "text": "Call the column of documents 'text'.",
    "score": "If it has labels under another name, call that column 'score'. If it has none, draw documents "
    "('edufilter sample DUMP --out sample.parquet') and have them labelled ('edufilter annotate "
    "sample.parquet --out labels').",
    "group": "A group is the site, book or repository that a document is from. If all are from different "
    "ones, fill 'group' with an id of each.",
}
"""What to do about a column that labels lack."""


def read_labels(source: Any) -> Labels:  # noqa: ANN401 - a path, or an object of `datasets`
    """Read labels and check that a scorer can be fitted to them.

    Parameters
    ----------
    source : str or datasets.Dataset or datasets.IterableDataset
        A file, a folder, a data set on the hub, or one that is loaded; see `annotations.labels.sources`.

    Raises
    ------
    LabelsError
        If a column is missing, or labels are missing, out of range, constant, too few, of too few groups,
        or by several rubrics, or of a table for people that is to be imported; the message says what is
        needed.
    """
    texts = ("text", "group", "picked", *SLICE_COLUMNS, *PATH_COLUMNS)
    table, path = read_table(source, (*texts, "score", DIGEST, *NUMBERS, *WRITTEN), strings=texts)
    refuse_several(digests_of(table), path)
    is_written = all(name in table.column_names for name in WRITTEN)
    for name in ("text", "score", "group"):
        if name not in table.column_names:
            raise LabelsError(
                f"{path} must have the columns text, score and group. It has no {name!r}. Found "
                f"{listed(schema_of(source).names) or 'none'}. {GRADE if is_written else HOW_TO_GET[name]}"
            )
    for name in ("text", "group"):
        if not is_string(table[name].type):
            raise LabelsError(f"{name!r} in {path} must be string. Got {table[name].type} instead.")
    check_scores(table["score"], "score", path)
    for name in ("text", "score", "group"):
        if table[name].null_count:
            row = int(pc.index(pc.is_null(table[name]), True).as_py())
            how = "Drop them, or label them again."
            if name == "score":
                how = GRADE_ALL if is_written else IMPORT
            raise LabelsError(
                f"Each row of {path} must have a {name}. {table[name].null_count} have none, "
                f"the first in data row {row + 1:,}. {how}"
            )
    scores = table["score"].to_numpy().astype(np.float64)
    groups = tuple(table["group"].to_pylist())
    picked = table["picked"].to_pylist() if "picked" in table.column_names else [UNKNOWN_PICK] * len(scores)
    check_labels(scores, groups, path, more=_how_to_get_more(scores, picked) if is_written else None)
    if (cut_texts := count_cut_texts(table)) and isinstance(source, str):
        _refuse_if_whole_texts_lie_beside(table, source, cut_texts)
    documents = table["text"].cast(pa.large_string()).combine_chunks()
    unbiased = np.array([pick in (*UNBIASED_PICKS, UNKNOWN_PICK) for pick in picked], dtype=bool)
    if unbiased.sum() < MIN_ROWS // 2:
        raise LabelsError(
            f"At least {MIN_ROWS // 2} rows of {path} must be drawn at random ('picked' is "
            f"{' or '.join(UNBIASED_PICKS)}), for calibration. Found {int(unbiased.sum())}."
        )
    slices = _strings(table, SLICE_COLUMNS)
    slices["script"] = tuple(_script(document) for document in documents)
    weights = _weights(table, path, unbiased)
    return Labels(
        documents,
        scores,
        groups,
        unbiased,
        slices,
        cut_texts=cut_texts,
        weights=weights,
        text_bytes=_text_bytes(table, documents),
        near_cut=_near_cut(table, picked),
        paths=next(iter(_strings(table, PATH_COLUMNS).values()), ()),
        origin_known=_is_origin_known(picked, weights),
    )


def _how_to_get_more(scores: NDArray[np.float64], picked: Sequence[str | None]) -> str:
    """Return how to get more labels of texts that were written, also where a cut by grades has taken them."""
    few_below = int((scores < KEEP_AT).sum()) < MIN_SIDE_ROWS
    return UNCUT if few_below and UNKNOWN_PICK in picked else WRITE_MORE


def _strings(table: pa.Table, names: Sequence[str]) -> dict[str, tuple[str | None, ...]]:
    """Return those of some columns that hold text."""
    there = [name for name in names if name in table.column_names and is_text(table[name].type)]
    return {name: tuple(_texts(table[name])) for name in there}


def _texts(column: pa.ChunkedArray) -> Iterator[str | None]:
    if not pa.types.is_dictionary(column.type):
        yield from column.to_pylist()
        return
    for chunk in column.chunks:
        values = chunk.dictionary.to_pylist()
        yield from (None if place is None else values[place] for place in chunk.indices.to_pylist())


def count_cut_texts(table: pa.Table) -> int:
    """Return how many texts lack what the reach has of their documents, by the column ``text_bytes``.

    Parameters
    ----------
    table : Table
        With a column ``text``; without a column ``text_bytes`` of integers nothing is known to be cut.
    """
    if "text_bytes" not in table.column_names or not pa.types.is_integer(table["text_bytes"].type):
        return 0
    # A reach written out is never shorter than the longest text that is read whole: its seams are longer
    # than what its cuts may move.
    read_bytes = pc.min_element_wise(table["text_bytes"].cast(pa.int64()), REACH.whole, skip_nulls=False)
    lengths = pc.binary_length(table["text"].cast(pa.large_string()))
    return int(pc.sum(pc.less(lengths, read_bytes)).as_py() or 0)


def cut_texts_warning(cut_texts: int, documents: int) -> str:
    """Return in words that texts were cut, and what to do."""
    return (
        f"Warning: {cut_texts:,} of {documents:,} labels hold less of their document than a scorer reads: a "
        "sample for people holds its beginning, middle and end. The whole texts are in the file that "
        "'edufilter sample' wrote beside it, whose name ends in -texts.parquet. Put that file into the "
        "folder of the table, and import the table again ('edufilter annotate --import TABLE --rater NAME "
        "--out labels'). Or annotate the .parquet sample of the same "
        "documents into the folder of labels."
    )


def _refuse_if_whole_texts_lie_beside(table: pa.Table, source: str, cut_texts: int) -> None:
    """Refuse a table for people that was not imported, where that would bring the whole texts."""
    _, _, beside = with_whole_texts(table, source)
    if beside:
        given = ["edufilter", "annotate", "--import", source, "--rater", "NAME", "--out", "labels"]
        raise LabelsError(
            f"A table that people filled in must be imported. {cut_texts:,} of {len(table):,} rows of "
            f"{printable(source)} hold less of their document than a scorer reads, and "
            f"{printable(beside[0])} has the whole texts. Import both first:\n"
            f"  {printable(shlex.join(given))}\n"
            "Then name the folder:\n  edufilter train labels --out SCORER"
        )


def _weights(table: pa.Table, path: str, unbiased: NDArray[np.bool_]) -> NDArray[np.float64] | None:
    """Return how many documents each row stands for; None where no row of a random draw says so."""
    weight, probability = (_numbers(table, name, path) for name in ("weight", "probability"))
    if weight is None or probability is None:
        known = weight if probability is None else 1 / probability
    else:
        known = np.where(np.isnan(weight), 1 / probability, weight)
    return None if known is None or np.isnan(known[unbiased]).all() else known


def _is_origin_known(picked: Sequence[str | None], weights: NDArray[np.float64] | None) -> bool:
    """Tell whether each row says how it was chosen: by name, or by how likely that was."""
    unknown = np.array([pick == UNKNOWN_PICK for pick in picked], dtype=bool)
    return not unknown.any() if weights is None else not np.isnan(weights[unknown]).any()


def _numbers(table: pa.Table, name: str, path: str) -> NDArray[np.float64] | None:
    if name not in table.column_names or table[name].null_count == len(table):
        return None
    kind = table[name].type
    if not is_number(kind):
        raise LabelsError(f"{name!r} in {path} must be a number. Got {kind} instead.")
    values: NDArray[np.float64] = table[name].to_numpy().astype(np.float64)
    highest = 1.0 if name == "probability" else np.inf
    wrong = np.flatnonzero((values <= 0) | (values > highest) | np.isinf(values))
    if len(wrong):
        row = int(wrong[0])
        bounds = "in (0, 1]" if name == "probability" else "above 0"
        raise LabelsError(
            f"{name!r} in {path} must lie {bounds}. Got {values[row]:g} in data row {row + 1:,}."
        )
    return values


def _near_cut(table: pa.Table, picked: Sequence[str | None]) -> NDArray[np.float64] | None:
    near = np.array([pick == NEAR_CUT for pick in picked], dtype=bool)
    if not near.any() or "edu_score" not in table.column_names:
        return None
    return np.where(near, pc.cast(table["edu_score"], pa.float64()).to_numpy(), np.nan)


def _text_bytes(table: pa.Table, documents: pa.Array) -> NDArray[np.int64]:
    """Return the length of each document, of which the text may be a part."""
    own: NDArray[np.int64] = pc.binary_length(documents).to_numpy(zero_copy_only=False).astype(np.int64)
    if "text_bytes" not in table.column_names or not pa.types.is_integer(table["text_bytes"].type):
        return own
    whole = pc.fill_null(table["text_bytes"].combine_chunks(), 0).to_numpy().astype(np.int64)
    longer: NDArray[np.int64] = np.maximum(own, whole)
    return longer


def _script(text: pa.Scalar) -> str:
    """Return whether a text is mostly ASCII: no more than a hint at its language."""
    sample = str(text)[:SCRIPT_CHARS]
    return "mostly ASCII" if sample.isascii() or _share_ascii(sample) >= ASCII_SHARE else "other scripts"


def _share_ascii(sample: str) -> float:
    return sum(character.isascii() for character in sample) / len(sample)


def check_labels(
    scores: NDArray[np.float64], groups: Sequence[str], where: str, *, more: str | None = None
) -> None:
    """Check that a scorer can be fitted to labels.

    Parameters
    ----------
    scores : float64 array, shape (n,)
        Rubric points.
    groups : sequence of str, length n
    where : str
        What the labels are, or where they lie, for messages.
    more : str, optional
        What to do where they are too few, or too much alike, if not to label more.

    Raises
    ------
    LabelsError
        If labels are too few, out of range, constant, on one side of 3, or of too few groups.
    """
    if len(scores) < MIN_ROWS:
        raise LabelsError(
            f"{where} must have at least {MIN_ROWS} labels. Found {len(scores)}. {more or LABEL_MORE}"
        )
    outside = ~((scores >= LOWEST) & (scores <= HIGHEST))
    if outside.any():
        row = int(np.flatnonzero(outside)[0])
        raise LabelsError(
            f"Scores in {where} must lie in [{LOWEST:g}, {HIGHEST:g}]. Got {scores[row]:g} in data row "
            f"{row + 1:,} ({int(outside.sum())} in all)."
        )
    if scores.min() == scores.max():
        raise LabelsError(
            f"Scores in {where} must differ. All are {scores[0]:g}. {more or 'Label other documents too.'}"
        )
    reached = int((scores >= KEEP_AT).sum())
    if min(reached, len(scores) - reached) < MIN_SIDE_ROWS:
        raise LabelsError(
            f"{where} must have at least {MIN_SIDE_ROWS} labels on either side of {KEEP_AT:g}. "
            f"Found {reached} of at least {KEEP_AT:g} and {len(scores) - reached} below. "
            f"{more or 'Label more of the rarer kind.'}"
        )
    if len(set(groups)) < MIN_GROUPS:
        raise LabelsError(
            f"{where} must have documents of at least {MIN_GROUPS} groups (sites, books, repositories), for "
            f"scorers are judged on groups that they have not seen. Found {len(set(groups))}. "
            f"{more or 'Label documents of other groups.'}"
        )
