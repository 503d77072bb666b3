"""Some rows of a finished run, spread over all of it: to count kept shares by length, language and site on.

Rows lie together at the beginnings of row groups, and row groups are taken by their share of all rows, so
that little is read of large inputs. Which rows are read follows from the plan alone.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from annotations.labels.code_languages import LANGUAGE_COLUMNS
from annotations.labels.columns import first_told
from filtering.errors import MissingExtraError
from filtering.scoring.nested_points import NestedPoints
from filtering.scoring.scorers import SignalScorer
from filtering.scoring.unsure import BEGINNING_BYTES, LEAST_BYTES, find_languages
from filtering.text.human_languages import NOT_SURE, tell_languages
from filtering.text.windows import REACH, window_text
from pipelines.dump.parts import Part
from pipelines.dump.row_values.code_languages import (
    CODE_LANGUAGE,
    fill_in,
    is_code,
    language_told,
    without_languages,
)
from pipelines.dump.row_values.lengths import LENGTHS, length_of
from pipelines.dump.row_values.row_languages import (
    code_language,
    is_prose,
    is_source_file,
    knows_code,
    named_language,
)
from pipelines.dump.rows import Row, RowReader
from pipelines.dump.rows_of_finished_runs import read_again
from pipelines.dump.spread_rows import Rows, spread_rows
from pipelines.every_nth import step_over
from pipelines.progress import ConsoleReporter, Meter, Reporter
from pipelines.reports.runs.documents_to_show import Pick, RunScores
from pipelines.reports.runs.kept_shares import LENGTH, Slice, count_kept, say_the_same, slices_of
from pipelines.reports.runs.trained_on import TrainedOn
from pipelines.reports.runs.yields import Yield, yields_by_slice

ROWS = 20_000
PLACES = 200
"""Row groups that rows of larger runs are read from."""
READ_BYTES = 256 << 20
"""Bytes of text after which no more is read, each part by its share: documents may be of any size."""
TEXTS = 1000
"""Rows whose texts are kept, to compare them with the seed."""
TOLD_BY_TEXT = 250
"""Rows whose text tells a code language: that takes some 10 to 30 ms each."""
TOLD_AT_A_TIME, TEXTS_AT_A_TIME = 500, 50
"""Rows whose languages are detected: about a tenth of a second; and texts that tell those of code."""
ORIGINS = ("genre", "lang", "language")
"""Columns of the dump by whose values shares are told; of code its language is, not what these two say."""
IDENTIFIED = "language found"
KINDS = (LENGTH, *ORIGINS, "site", CODE_LANGUAGE, IDENTIFIED)
"""What slices are told by, in the order in which they are shown."""
OF_LANGUAGE = ("lang", "language", IDENTIFIED)
"""Of these, which often say the same, the first that says it is shown."""


@dataclass(frozen=True)
class RowSample:
    """Rows that were read for what they are.

    Parameters
    ----------
    picks : tuple of Pick
        Their places and scores.
    slices : tuple of Slice
    is_code : bool
        Whether they are source files, whose code language is among the slices.
    no_languages : str
        Why there are no languages among the slices, or some are unknown; empty if there are.
    texts : tuple of str or None
        What signals read of up to `TEXTS` of them, spread over all; None of the others.
    languages : tuple of str or None
        What tells whether the scorer knows it, of each row; None where that is not known.
    source_files, prose : int
        How many of them are source files, of a scorer that was not fitted to such; and pages of prose, of one
        that was fitted to source files.
    trained_on : TrainedOn, optional
        How many of them the scorer was trained on; None where that is not known.
    yields : tuple of Yield
        By kind of slice, as `slices`.
    """

    picks: tuple[Pick, ...]
    slices: tuple[Slice, ...]
    is_code: bool
    no_languages: str
    texts: tuple[str | None, ...]
    languages: tuple[str | None, ...]
    source_files: int
    prose: int
    trained_on: TrainedOn | None = None
    yields: tuple[Yield, ...] = ()


def choose_rows(parts: Sequence[Part], numbers: Sequence[int]) -> Rows:
    """Choose about `ROWS` rows of some parts, all of those of a small run.

    Parameters
    ----------
    parts : sequence of Part
    numbers : sequence of int
        Which of them may be chosen from.
    """
    return spread_rows(parts, numbers, rows=ROWS, places=PLACES)


def look_at(
    run: RunScores,
    rows: Rows,
    read: RowReader,
    scorer: SignalScorer | None = None,
    labels: NestedPoints | None = None,
    *,
    scored_tokens: float | None = None,
    reporter: Reporter | None = None,
) -> RowSample:
    """Read rows of a run, and keep of each what slices are told by.

    Parameters
    ----------
    run : RunScores
    rows : mapping
        Which rows to read. What cannot be read is left out: the report names it where it shows documents.
    read : RowReader
    scorer : SignalScorer, optional
        None where it is not known.
    labels : NestedPoints, optional
        Of the documents that the scorer was trained on; None where it does not say.
    scored_tokens : float, optional
        Of all documents of the run with a score; None where the run stores no sizes, and yields are not told.
    reporter : Reporter, optional
        What is told about progress; nobody if not given.
    """
    reporter = reporter or ConsoleReporter("none")
    step = step_over(sum(len(wanted) for wanted in rows.values()), TEXTS)
    picks = {pick.place: pick for number, wanted in rows.items() for pick in run.picks_of(number, wanted)}
    found, _ = read_again(run.parts, picks, read, most_bytes=READ_BYTES)
    seen, known, meter = [], [], Meter(len(picks), 0, doing="Reading documents")
    with reporter.track(meter):
        for number, (place, row) in enumerate(found):
            text = window_text(row.data or b"", REACH) if number % step == 0 else None
            seen.append(see(picks[place], row, text))
            if labels is not None and was_trained_on(labels, row.data or b""):
                known.append(seen[-1].pick.kept)
            meter.count(1)
    knows_programs = scorer is not None and knows_code(scorer)
    knows_pages = scorer is not None and not knows_programs
    of_code = is_code(scorer.domain if scorer else "", [row.named for row in seen])
    told, no_languages = slices_by_row(seen, of_code=of_code, reporter=reporter)
    slices = _slices(told, [row.pick.kept for row in seen])
    return RowSample(
        picks=tuple(row.pick for row in seen),
        slices=tuple(slices),
        yields=() if scored_tokens is None else tuple(_yields(told, seen, slices, scored_tokens)),
        is_code=of_code,
        no_languages=no_languages,
        texts=tuple(row.text for row in seen),
        languages=() if scorer is None else _languages(seen, told, of_code=knows_programs),
        source_files=sum(row.is_source_file for row in seen) if knows_pages else 0,
        prose=sum(is_prose(row.beginning, row.code_language) for row in seen) if knows_programs else 0,
        trained_on=None
        if labels is None
        else TrainedOn(len(known), sum(known), sum(row.pick.kept for row in seen)),
    )


def was_trained_on(labels: NestedPoints, data: bytes) -> bool:
    """Tell whether a scorer was trained on a document: on all its text, or on what a sample has of it."""
    return labels.have(data) or labels.have(window_text(data, REACH).encode(errors="surrogatepass"))


def _yields(
    told: Sequence[Mapping[str, str]],
    seen: Sequence["SeenRow"],
    slices: Sequence[Slice],
    scored_tokens: float,
) -> Iterator[Yield]:
    """Yield what the values of each kind of slice yield."""
    scores, sizes = [row.pick.score for row in seen], [row.size_bytes for row in seen]
    for kind in dict.fromkeys(one.kind for one in slices):
        yield from yields_by_slice(kind, [one.get(kind) for one in told], scores, sizes, scored_tokens)


def _languages(
    rows: Sequence["SeenRow"], told: Sequence[Mapping[str, str]], *, of_code: bool
) -> tuple[str | None, ...]:
    """Return the language of each row as a run tells it."""
    if of_code:
        return tuple(code_language(row.code_language) for row in rows)
    found = []
    for row, slices in zip(rows, told, strict=True):
        language = named_language(row.named)
        if language is None and IDENTIFIED in slices:  # it was detected already
            is_long = len(row.beginning) >= LEAST_BYTES and slices[IDENTIFIED] != NOT_SURE
            language = slices[IDENTIFIED] if is_long else None
        elif language is None:
            (language,) = find_languages([row.beginning], "")
        found.append(language)
    return tuple(found)


@dataclass(frozen=True)
class SeenRow:
    """What is kept of a row of a run that was read again.

    Parameters
    ----------
    pick : Pick
        Its place and score.
    slices : mapping of str to str
        Its slices by kind, but for what its text or its name tells of its language.
    named : str, optional
        Its language as a column says it.
    code_language : str, optional
        Its language, if it is code, as column, path or first lines tell it.
    beginning : bytes
        Its first `BEGINNING_BYTES`.
    text : str, optional
        What signals read of it, or all; of many rows only some have it.
    is_source_file : bool
        Whether column or path say that it is one.
    size_bytes : int
        Of its whole text.
    """

    pick: Pick
    slices: Mapping[str, str]
    named: str | None
    code_language: str | None
    beginning: bytes
    text: str | None
    is_source_file: bool
    size_bytes: int


def see(pick: Pick, row: Row, text: str | None) -> SeenRow:
    """Return what is kept of a row, `text` included."""
    data, origin = row.data or b"", row.origin
    found = {LENGTH: length_of(len(data)), **{name: origin.get(name) for name in ORIGINS}}
    if origin["group"] != origin["id"]:  # else no column tells where it is from
        found["site"] = origin["group"]
    return SeenRow(
        pick=pick,
        slices={kind: str(value) for kind, value in found.items() if value not in (None, "")},
        named=first_told(origin, LANGUAGE_COLUMNS),
        code_language=language_told(data, origin),
        beginning=data[:BEGINNING_BYTES],
        text=text,
        is_source_file=is_source_file(data, origin),
        size_bytes=len(data),
    )


def slices_by_row(
    rows: Sequence[SeenRow], *, of_code: bool, reporter: Reporter | None = None
) -> tuple[list[dict[str, str]], str]:
    """Return the slices of each row by kind, its language among them; and why languages are missing.

    Of code that neither column nor path tells the language of, texts do where they are kept, of
    `TOLD_BY_TEXT` rows at most, which are no prose; other such rows have none.
    """
    reporter = reporter or ConsoleReporter("none")
    if not of_code:
        try:
            languages, meter = [], Meter(len(rows), 0, doing="Telling languages")
            with reporter.track(meter):
                for start in range(0, max(len(rows), 1), TOLD_AT_A_TIME):
                    batch = rows[start : start + TOLD_AT_A_TIME]
                    languages += tell_languages([row.beginning.decode(errors="replace") for row in batch])
                    meter.count(len(batch))
        except MissingExtraError as error:
            return [dict(row.slices) for row in rows], str(error)
        told = zip(rows, languages, strict=True)
        return [{**row.slices, IDENTIFIED: language} for row, language in told], ""
    untold = {
        place: row.text.encode(errors="replace")
        for place, row in enumerate(rows)
        if row.code_language is None and row.text is not None and not is_prose(row.beginning, None)
    }
    some = list(untold)[:: step_over(len(untold), TOLD_BY_TEXT)]
    found, why = [row.code_language for row in rows], ""
    meter = Meter(len(some), 0, doing="Telling code languages by texts")
    with reporter.track(meter):
        for start in range(0, len(some), TEXTS_AT_A_TIME):
            places = some[start : start + TEXTS_AT_A_TIME]
            found, why = fill_in(found, {place: untold[place] for place in places})
            meter.count(len(places))
    return [
        without_languages(row.slices) | ({CODE_LANGUAGE: language} if language is not None else {})
        for row, language in zip(rows, found, strict=True)
    ], why


def _slices(told: Sequence[Mapping[str, str]], keeps: Sequence[bool]) -> list[Slice]:
    found: list[Slice] = []
    languages: list[list[str | None]] = []
    for kind in KINDS:
        values = [slices.get(kind) for slices in told]
        if kind in OF_LANGUAGE:
            known = [None if value == NOT_SURE else value for value in values]
            if any(say_the_same(known, others) for others in languages):
                continue
            languages.append(known)
        counts = count_kept(values, keeps)
        if kind == LENGTH:
            counts = {name: counts[name] for name in LENGTHS if name in counts}
        found += slices_of(kind, counts, in_order=kind == LENGTH)
    return found
