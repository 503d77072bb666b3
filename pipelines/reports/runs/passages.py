"""What a run found in the parts of long documents: in words, and some of these with their passages marked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa

from annotations.asking.budget import BYTES_PER_TOKEN
from filtering.errors import OutputError
from filtering.scoring.scorers import SignalScorer
from filtering.text.segments import LONG_BYTES
from pipelines.amount_formats import counted, percent, short_count
from pipelines.dump.rows_of_finished_runs import Place, read_again
from pipelines.every_nth import step_over
from pipelines.reports.runs.documents_to_show import RunScores
from pipelines.run_folder.stored_scores import SIZE, read_scores
from pipelines.worker.passages import look_for_passages

SHOWN = 6
"""Documents that are shown."""
LOOKED_AT = 120
"""Documents, just under the cut, of which these are chosen: they are read and scored once more."""
PARTS = 20
"""Parts that these are looked for in, spread over the run."""
MOST_BYTES = 16 << 20
ID, ID_CHARS = "id", 100
"""The usual column of ids, and characters of one that are shown."""
PIECE_CHARS, REST_CHARS = 2_400, 400
"""Characters that are shown of a passage, and of what lies between passages."""


@dataclass(frozen=True)
class Piece:
    """A part of a document that is shown.

    Parameters
    ----------
    points : float, optional
        Of a passage; None of what is none.
    text : str
        Its beginning, and its end if that is far.
    """

    points: float | None
    text: str


@dataclass(frozen=True)
class MarkedDocument:
    """A document that is not kept whole, with its passages.

    Parameters
    ----------
    file, row : str, int
        Path of the input below its root, and position in it, from 0.
    id : str
        Empty where it has none.
    score : float
        Rubric points of the whole.
    pieces : tuple of Piece
        In order, from its beginning to its end.
    """

    file: str
    row: int
    id: str
    score: float
    pieces: tuple[Piece, ...]


@dataclass(frozen=True)
class PassagesTold:
    """What is told of the passages of a run.

    Parameters
    ----------
    sentences : tuple of str
    examples : tuple of MarkedDocument
    """

    sentences: tuple[str, ...]
    examples: tuple[MarkedDocument, ...]


def passages_in_words(manifest: Mapping[str, Any]) -> tuple[str, ...]:
    """Return sentences about the passages of a run; none where it looked for none.

    Parameters
    ----------
    manifest : mapping
        Of the run. Its figures of passages are documents of more than `LONG_BYTES`, and their segments; those
        of them that are kept whole, their bytes, and the bytes of their segments below the cut; those that
        are not kept and have passages, and their bytes; and these passages, and their bytes.

    Examples
    --------
    >>> found = {"documents": 9, "segments": 60, "whole": 4, "whole_bytes": 40_000, "weak_bytes": 8_000}
    >>> found |= {"cut": 2, "cut_bytes": 20_000, "passages": 3, "passage_bytes": 6_000}
    >>> settings = {"passages_at": 3.0, "keep_at": 3.0, "write": "passages"}
    >>> for sentence in passages_in_words({"settings": settings, "passages": found}):
    ...     print(sentence)
    4 of 9 documents of more than 4,000 bytes are kept whole. Of their text, 20.0 % is below 3 points.
    2 others have 3 passages of 3 points and more, about 1.5k tokens: rows of their own.
    To keep these 2 whole would take 5k tokens; passages save 70.0 % of that.
    """
    found, settings = manifest.get("passages"), manifest["settings"]
    if not found or not found["documents"]:
        return ()
    at = f"{settings['passages_at']:g}"
    weak = percent(found["weak_bytes"], found["whole_bytes"])
    documents = counted(found["documents"], "document")
    whole = f"{found['whole']:,} of {documents} of more than {LONG_BYTES:,} bytes {_are(found['whole'])}"
    their = "its" if found["whole"] == 1 else "their"
    below = f" Of {their} text, {weak} is below {at} points." if found["whole"] else ""
    said = [f"{whole} kept whole.{below}"]
    if not found["cut"]:
        return (*said, f"None of the others has a passage: a segment of {at} points and more.")
    kept, instead = (_tokens(found[name]) for name in ("passage_bytes", "cut_bytes"))
    own = "a row of its own" if found["passages"] == 1 else "rows of their own"
    written = own if settings["write"] == "passages" else "--write passages writes them"
    passages = f"{counted(found['passages'], 'passage')} of {at} points and more"
    one = found["cut"] == 1
    said.append(
        f"{found['cut']:,} {'other has' if one else 'others have'} {passages}, "
        f"about {kept} tokens: {written}."
    )
    saved = percent(found["cut_bytes"] - found["passage_bytes"], found["cut_bytes"])
    these = "this one" if one else f"these {found['cut']:,}"
    return (*said, f"To keep {these} whole would take {instead} tokens; passages save {saved} of that.")


def gather_passages(
    run: RunScores, manifest: Mapping[str, Any], scorer: SignalScorer | None, *, samples: bool
) -> PassagesTold | None:
    """Return what there is to tell of the passages of a run; None where it looked for none.

    Parameters
    ----------
    run : RunScores
    manifest : mapping
    scorer : SignalScorer, optional
        That the run scored by; nothing is shown without it.
    samples : bool
        Whether to show documents.
    """
    sentences = passages_in_words(manifest)
    at = run.decisions.plan.facts.passages_at
    if not sentences or at is None:
        return None
    if scorer is None or not samples or not manifest["passages"]["cut"]:
        return PassagesTold(sentences, ())
    scores = _just_under_the_cut(run)
    reader = run.decisions.plan.facts.row_reader
    read = replace(reader, more=(*reader.more, ID))
    rows, _ = read_again(run.parts, scores, read, most_bytes=MOST_BYTES)
    found, ids = [], []
    for place, row in rows:
        if row.data is not None:
            found.append((place, row.data))
            ids.append(row.values.get(ID))
    texts = pa.array([data for _, data in found], pa.large_binary())
    passages = look_for_passages(scorer, texts, np.ones(len(found), dtype=bool), at).passages
    sizes = np.bincount(passages.row, passages.stop - passages.start, minlength=len(found))
    # Of a megabyte of data with a lesson in it there is nothing to learn: the larger the share, the better.
    shares = sizes / np.array([max(len(data), 1) for _, data in found])
    best = [number for number in np.argsort(-shares, kind="stable")[:SHOWN].tolist() if sizes[number]]
    examples = []
    for number in best:
        (part, row), data = found[number]
        mine = passages.row == number
        start, stop, points = (one[mine].tolist() for one in (passages.start, passages.stop, passages.points))
        examples.append(
            MarkedDocument(
                file=run.parts[part].relative,
                row=run.parts[part].first_row + row,
                id="" if ids[number] is None else str(ids[number])[:ID_CHARS],
                score=scores[part, row],
                pieces=_pieces(data, list(zip(start, stop, points, strict=True))),
            )
        )
    return PassagesTold(sentences, tuple(examples))


def _just_under_the_cut(run: RunScores) -> dict[Place, float]:
    """Return the places and scores of long documents that did not reach the cut, the best of some parts."""
    stored = run.stored()
    numbers = stored[:: step_over(len(stored), PARTS)]
    scores: dict[Place, float] = {}
    for number in numbers:
        decided = run.of_part(number)
        try:
            (size,) = read_scores(run.decisions.holder, run.parts[number], SIZE)
        except OutputError:  # is gone: other parts may be there
            continue
        rows = np.flatnonzero(decided.scored & ~decided.reached & ~decided.barred & (size > LONG_BYTES))
        rows = rows[np.argsort(-decided.value[rows], kind="stable")[: LOOKED_AT // len(numbers)]]
        scores |= {(number, row): float(decided.value[row]) for row in rows.tolist()}
    return scores


def _pieces(data: bytes, spans: Sequence[tuple[int, int, float]]) -> tuple[Piece, ...]:
    pieces, end = [], 0
    for start, stop, points in spans:
        pieces += [Piece(None, _shortened(data[end:start], REST_CHARS))] if end < start else []
        pieces.append(Piece(points, _shortened(data[start:stop], PIECE_CHARS)))
        end = stop
    rest = [Piece(None, _shortened(data[end:], REST_CHARS))] if end < len(data) else []
    return (*pieces, *rest)


def _shortened(data: bytes, chars: int) -> str:
    """Return the beginning and the end of a text in UTF-8, each of whole words."""
    text = data.decode(errors="replace")
    if len(text) <= chars:
        return text
    half = chars // 2
    begins, ends = _up_to_a_word(text[: half + 1]), _up_to_a_word(text[-half - 1 :][::-1])[::-1]
    left_out = len(text) - len(begins) - len(ends)
    return f"{begins}…\n[{left_out:,} characters]\n…{ends}"


def _up_to_a_word(text: str) -> str:
    """Return a text without its last character, and without the word that this would break, if it is short.

    Examples
    --------
    >>> _up_to_a_word("Squares are number"), _up_to_a_word("x" * 99)[:3], _up_to_a_word("Squares are ")
    ('Squares are', 'xxx', 'Squares are')
    """
    whole = text[:-1] if text[-1].isspace() else text.rpartition(" ")[0]
    return whole if 2 * len(whole) > len(text) else text[:-1]


def _tokens(text_bytes: int) -> str:
    return short_count(text_bytes / BYTES_PER_TOKEN)


def _are(count: int) -> str:
    return "is" if count == 1 else "are"
