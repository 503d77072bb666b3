"""Proves that the kernel gives what plain Python gives, for every kind of text."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filtering.errors import ShapeError
from filtering.signals import kernel
from filtering.signals import read_signals as reading
from filtering.signals.ngram_cells import CELLS
from filtering.signals.read_signals import SCORE_COLUMNS, read_cells, read_signals
from filtering.signals.style import STATISTICS
from filtering.text.windows import REACH
from tests.kit.dumps.odd_texts import any_text, code_like, long_text, short_text
from tests.kit.reference.signals import (
    character_cells,
    ngram_score,
    normalised,
    pieces_of,
    reason_of,
    statistics_of,
    unusual_of,
    word_cells,
)
from tests.kit.reference.weighted_reading import CHARACTER_WEIGHTS, WORD_WEIGHTS, read

# The reference takes about a second for a long text: a test of its own compares these.
documents = st.lists(st.none() | short_text.map(str.encode) | st.binary(max_size=40), max_size=6)


def assert_as_reference(texts):
    """Hold every output of the kernel to the reference, document by document."""
    found = read(pa.array(texts, pa.binary()))
    assert found.reason.tolist() == [reason_of(text) for text in texts]
    assert found.unusual.tolist() == [unusual_of(text) for text in texts]
    for text, row, reason in zip(texts, found.features, found.reason, strict=True):
        if reason:
            assert not row.any()
            continue
        pieces = pieces_of(text)
        words, characters = word_cells(pieces), character_cells(pieces)
        scores = [
            ngram_score(words, WORD_WEIGHTS) if words else 0.0,
            ngram_score(characters, CHARACTER_WEIGHTS) if characters else 0.0,
        ]
        np.testing.assert_allclose(row[:SCORE_COLUMNS], [*scores, 0.0], rtol=1e-4, atol=1e-5)
        statistics = statistics_of(text)
        assert set(statistics) == set(STATISTICS)
        wanted = dict(zip(STATISTICS, row[SCORE_COLUMNS:].tolist(), strict=True))
        assert wanted == {name: pytest.approx(statistics[name], rel=1e-5, abs=1e-5) for name in STATISTICS}


@settings(deadline=None, max_examples=150)
@given(documents)
def test_kernel_and_reference_agree_on_any_bytes(texts):
    assert_as_reference(texts)


@settings(deadline=None, max_examples=250)
@given(st.lists(code_like.map(str.encode), min_size=1, max_size=4))
def test_kernel_and_reference_agree_on_code_like_text(texts):
    assert_as_reference(texts)


@settings(deadline=None, max_examples=20)
@given(st.lists(long_text.map(str.encode), min_size=1, max_size=2))
def test_kernel_and_reference_agree_on_long_text_with_characters_over_the_cuts(texts):
    assert_as_reference(texts)


@pytest.mark.parametrize("character", ["a", "\u00e9", "\u6771", "\U0001f600"])
@pytest.mark.parametrize("size", [15_999, 16_000, 16_001, 16_003, 16_014, 39_999])
def test_kernel_and_reference_agree_around_the_size_of_the_reach(character, size):
    texts = [("a" * shift + character * size).encode()[:size] for shift in range(4)]
    # Cut back to whole characters, so that all can be scored.
    assert_as_reference([text.decode(errors="ignore").encode() for text in texts])


def test_kernel_and_reference_agree_on_source_files_of_this_machine():
    paths = (kernel.__file__, reading.__file__, np.__file__, pytest.__file__)
    assert_as_reference([Path(path).read_bytes() for path in paths])


def statistics_by_name(text):
    return dict(zip(STATISTICS, read_signals([text]).features[0, SCORE_COLUMNS:].tolist(), strict=True))


def test_one_document_by_hand():
    text = "Why so? Because x_1 = 22.\n\n    # first line here\n"
    row = statistics_by_name(text)
    expected = {
        "words_reason": 3 / 8,  # why, so, because
        "words_sequence": 1 / 8,  # first
        "char_?": 1 / len(text),
        "log_lines": np.log1p(3),  # two lines with tokens, one blank
        "blank_line_share": 1 / 3,
        "comment_line_share": 1 / 2,
        "comment_word_share": 3 / 8,
        "stop_ends": 1 / 2,
        "indent_mean": 2.0,  # four columns on one of two lines
        "number_share": 1 / 8,
        "snake_share": 1 / 8,
        "sentences_per_word": 2 / 8,
        "sentence_words_mean": 2.5,  # of two and three words
        "line_characters_max": 25.0,
    }
    assert {name: row[name] for name in expected} == pytest.approx(expected, rel=1e-5)


def test_repeated_lines_of_a_long_document_are_counted_exactly_and_distinct_words_nearly():
    lines = [f"w{number} = o{number}\n" for number in range(800)]
    row = statistics_by_name("".join(lines))
    assert (row["distinct_word_share"], row["repeated_line_share"]) == (pytest.approx(1.0, abs=0.005), 0.0)
    row = statistics_by_name("".join([*lines, *lines[:200]]))
    assert row["distinct_word_share"] == pytest.approx(1_600 / 2_000, abs=0.005)
    assert row["repeated_line_share"] == pytest.approx(200 / 1_000)


def test_more_distinct_lines_than_there_is_room_for_end_and_pass_for_seen():
    lines = [f"{number:x}z+" for number in range(5_000)]
    text = "\n".join(lines)[: REACH.whole]
    row = statistics_by_name(text)
    assert 0.0 <= row["repeated_line_share"] < 0.05


@pytest.mark.parametrize("lines", [1, 15, 20, 21, 100])
def test_comment_shares_are_of_the_first_and_last_twenty_lines(lines):
    text = "\n\n".join(["# told"] * 3 + ["x = 1"] * lines + ['"""One.', 'two."""'])
    row = statistics_by_name(text)
    edge = min(20, lines + 5)
    assert row["first_comment_share"] == pytest.approx((5 if lines <= 15 else 3) / edge)
    assert row["last_comment_share"] == pytest.approx((5 if lines <= 15 else 2) / edge)


@pytest.mark.parametrize(
    "weights", [np.zeros(CELLS), np.zeros(CELLS - 1, np.float32), np.zeros((CELLS, 1), np.float32)], ids=repr
)
def test_weights_of_another_shape_or_dtype_are_refused(weights):
    with pytest.raises(ShapeError, match="Weights must be float32"):
        read_signals(["a"], weights)
    with pytest.raises(ShapeError, match="Weights must be float32"):
        read_signals(["a"], WORD_WEIGHTS, weights)


def test_an_empty_word_table_is_refused():
    with pytest.raises(ShapeError, match="Weights must be float32"):
        read_signals(["a"], np.zeros(0, np.float32))


@settings(deadline=None, max_examples=60)
@given(st.lists(any_text, min_size=1, max_size=4))
def test_cells_weighted_and_summed_are_the_ngram_scores(texts):
    wanted = read(texts)
    found, cells = read_cells(texts)
    np.testing.assert_array_equal(found.features[:, SCORE_COLUMNS:], wanted.features[:, SCORE_COLUMNS:])
    weights = np.concatenate([WORD_WEIGHTS, CHARACTER_WEIGHTS])
    for row, (start, stop) in enumerate(zip(cells.row_starts, cells.row_starts[1:], strict=False)):
        at, values = cells.cells[start:stop], cells.values[start:stop]
        for column, table in enumerate((at < CELLS, at >= CELLS)):
            score = float(values[table].astype(np.float64) @ weights[at[table]])
            assert score == pytest.approx(float(wanted.features[row, column]), rel=1e-4, abs=1e-5)


@settings(deadline=None, max_examples=60)
@given(code_like.filter(lambda text: bool(text) and not text.isspace()))
def test_cells_are_those_of_the_reference(text):
    _, cells = read_cells([text])
    found = dict(zip(cells.cells.tolist(), cells.values.tolist(), strict=True))
    assert len(found) == len(cells.cells), "a cell stands twice"
    pieces = pieces_of(text.encode())
    wanted = normalised(word_cells(pieces))
    wanted |= {cell + CELLS: value for cell, value in normalised(character_cells(pieces)).items()}
    assert found == pytest.approx(wanted, rel=1e-5)


def test_rows_of_cells_with_a_reason_are_empty():
    _, cells = read_cells([None, "a b", "", "c"])
    assert np.diff(cells.row_starts).astype(bool).tolist() == [False, True, False, True]


def test_the_character_table_is_read_only_where_it_has_weights():
    scores = read_signals(["some text"], WORD_WEIGHTS).features[0, :SCORE_COLUMNS]
    assert scores[0] != 0
    assert scores[1] == 0


def test_statistics_have_no_name_twice():
    assert len(set(STATISTICS)) == len(STATISTICS)
