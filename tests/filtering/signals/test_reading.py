"""Proves that the kernel gives what plain Python gives, for every kind of text and Arrow column."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from odd_texts import any_text, code_like, long_text, short_text
from reference_signals import (
    character_cells,
    ngram_score,
    normalised,
    pieces_of,
    reason_of,
    statistics_of,
    unusual_of,
    word_cells,
)

from filtering.errors import ShapeError
from filtering.signals import kernel, reading
from filtering.signals.kernel import CELLS
from filtering.signals.reading import SCORE_COLUMNS, WIDTH, read_cells, read_signals
from filtering.signals.style import STATISTICS
from filtering.text.arrow import (
    EMPTY,
    HUGE_BIT,
    INVALID_UTF8,
    NUL_BIT,
    NULL,
    WHITE_SPACE,
    text_lengths,
    text_reasons,
)
from filtering.text.windows import REACH, cut_window

RNG = np.random.default_rng(20)
WORD_WEIGHTS = RNG.normal(size=CELLS).astype(np.float32)
CHARACTER_WEIGHTS = RNG.normal(size=CELLS).astype(np.float32)
LOG_TEXT_BYTES = SCORE_COLUMNS + STATISTICS.index("log_text_bytes")

# The reference takes about a second for a long text: a test of its own compares these.
documents = st.lists(st.none() | short_text.map(str.encode) | st.binary(max_size=40), max_size=6)


def read(texts):
    return read_signals(texts, WORD_WEIGHTS, CHARACTER_WEIGHTS)


def assert_same(found, wanted):
    np.testing.assert_array_equal(found.features, wanted.features)
    np.testing.assert_array_equal(found.reason, wanted.reason)
    np.testing.assert_array_equal(found.unusual, wanted.unusual)


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
        scores = [
            ngram_score(word_cells(pieces), WORD_WEIGHTS) if word_cells(pieces) else 0.0,
            ngram_score(character_cells(pieces), CHARACTER_WEIGHTS) if character_cells(pieces) else 0.0,
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
@pytest.mark.parametrize("size", [63_999, 64_000, 64_001, 64_003, 64_014, 99_999])
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
        "line_bytes_max": 25.0,
    }
    assert {name: row[name] for name in expected} == pytest.approx(expected, rel=1e-5)


def test_distinct_words_and_repeated_lines_of_a_long_document_are_counted_exactly():
    lines = [f"word{number} = other{number}\n" for number in range(2_000)]
    row = statistics_by_name("".join(lines))
    assert (row["distinct_word_share"], row["repeated_line_share"]) == (1.0, 0.0)
    row = statistics_by_name("".join([*lines, *lines[:500]]))
    assert row["distinct_word_share"] == pytest.approx(4_000 / 5_000)
    assert row["repeated_line_share"] == pytest.approx(500 / 2_500)


def test_more_distinct_words_than_there_is_room_for_end_and_pass_for_seen():
    words = [f"{number:x}z" for number in range(40_000)]
    text = " ".join(words)[: REACH.whole]
    row = statistics_by_name(text)
    assert 0.9 < row["distinct_word_share"] <= 1.0


@pytest.mark.parametrize("lines", [1, 15, 20, 21, 100])
def test_comment_shares_are_of_the_first_and_last_twenty_lines(lines):
    text = "\n\n".join(["# told"] * 3 + ["x = 1"] * lines + ['"""One.', 'two."""'])
    row = statistics_by_name(text)
    edge = min(20, lines + 5)
    assert row["first_comment_share"] == pytest.approx((5 if lines <= 15 else 3) / edge)
    assert row["last_comment_share"] == pytest.approx((5 if lines <= 15 else 2) / edge)


# Every place where white space differs between str.isspace, str.split, ASCII and Unicode's own list.
SPACES = "".join(chr(code) for code in range(0x10000) if chr(code).isspace())
NEAR_SPACES = (
    "\x00\x08\x0e\x1b\x7f\u180e\u200b\u200c\u2060\ufeff\u1681\u2010\u2027\u202a\u2030\u205e\u3001\u2800"
)


@settings(deadline=None, max_examples=300)
@given(st.text(st.sampled_from(SPACES + NEAR_SPACES) | st.characters(codec="utf-8"), max_size=8))
def test_white_space_is_what_str_isspace_says(text):
    expected = EMPTY if not text else WHITE_SPACE if text.isspace() else 0
    assert read_signals([text]).reason.tolist() == [expected]


def test_each_code_point_alone_is_white_space_as_str_isspace_says():
    codes = [code for code in range(0x110000) if not 0xD800 <= code < 0xE000]
    texts = [chr(code) for code in codes[:0x3100]] + [chr(code) for code in codes[0x3100::97]]
    expected = [WHITE_SPACE if text.isspace() else 0 for text in texts]
    assert text_reasons(texts).tolist() == expected
    # With one bad document in the batch, each of them is decoded by itself.
    assert text_reasons([*texts, b"\xff"]).tolist() == [*expected, INVALID_UTF8]


UTF8_PARTS = (
    *(b"a", "\u00e9".encode(), "\u6771".encode(), "\U0001f600".encode()),
    *(
        b"\x80",
        b"\xc0\x80",
        b"\xc1\xbf",
        b"\xc2",
        b"\xe0\x80\x80",
        b"\xe0\x9f\xbf",
        b"\xe0\xa0\x80",
        b"\xed\x9f\xbf",
    ),
    *(b"\xed\xa0\x80", b"\xef\xbf\xbf", b"\xf0\x80\x80\x80", b"\xf0\x8f\xbf\xbf", b"\xf0\x90\x80\x80"),
    *(b"\xf4\x8f\xbf\xbf", b"\xf4\x90\x80\x80", b"\xf5\x80\x80\x80", b"\xff", b"\xe2\x82", b"\xf0\x9f\x98"),
)


@settings(deadline=None, max_examples=300)
@given(st.lists(st.sampled_from(UTF8_PARTS) | st.binary(max_size=4), min_size=1, max_size=5).map(b"".join))
def test_invalid_utf8_is_what_decode_refuses(data):
    neighbour = b"\xff"  # so that Arrow's check of the whole batch never settles it
    assert read_signals([data, neighbour]).reason.tolist() == [reason_of(data), INVALID_UTF8]
    assert read_signals([data]).reason.tolist() == [reason_of(data)]


def test_nul_characters_are_scored_and_counted():
    found = read(["plain", "with\x00nul", "\x00"])
    assert found.reason.tolist() == [0, 0, 0]
    assert found.unusual.tolist() == [0, NUL_BIT, NUL_BIT]


def test_lone_surrogates_in_python_strings_are_invalid_utf8():
    assert read_signals(["fine", "bad \ud800 one"]).reason.tolist() == [0, INVALID_UTF8]


def test_a_document_of_50_mb_is_read_by_its_reach():
    text = "Let us see why: a\u00e9\u6771 = 1;\n" * (50_000_000 // 28)
    found = read(pa.array([text, cut_window(text, REACH)], pa.large_string()))
    assert found.reason.tolist() == [0, 0]
    assert found.unusual.tolist() == [HUGE_BIT, 0]
    differs = np.flatnonzero(found.features[0] != found.features[1])
    assert differs.tolist() == [LOG_TEXT_BYTES]


def test_a_huge_document_of_white_space_has_a_reason_and_is_counted():
    found = read([" " * 10_000_001, " " * 10_000_000])
    assert found.reason.tolist() == [WHITE_SPACE, WHITE_SPACE]
    assert found.unusual.tolist() == [HUGE_BIT, 0]


TEXTS = [
    "def f(x):\n    return x",
    None,
    "",
    " \n",
    "\u6771\u4eac and caf\u00e9",
    "twice",
    "twice",
    "x" * 5_000,
    None,
]
BINARY = [None if text is None else text.encode() for text in TEXTS]


def dictionary(values, indices, index_type):
    return pa.DictionaryArray.from_arrays(pa.array(indices, index_type), values)


def as_dictionary(index_type):
    # A null value in the dictionary, a null index, and a value that no row uses.
    values = pa.array([*TEXTS[:1], None, *TEXTS[2:6], TEXTS[7], "unused"], pa.string())
    return dictionary(values, [0, 1, 2, 3, 4, 5, 5, 6, None], index_type)


def with_offset(array):
    return pa.concat_arrays([array.slice(4, 3), array, array.slice(0, 2)]).slice(3, len(array))


KINDS = {
    "sequence of str": TEXTS,
    "sequence of bytes": BINARY,
    "tuple": tuple(TEXTS),
    "string": pa.array(TEXTS, pa.string()),
    "large_string": pa.array(TEXTS, pa.large_string()),
    "string_view": pa.array(TEXTS, pa.string_view()),
    "binary": pa.array(BINARY, pa.binary()),
    "large_binary": pa.array(BINARY, pa.large_binary()),
    "binary_view": pa.array(BINARY, pa.binary_view()),
    "string, slice": with_offset(pa.array(TEXTS, pa.string())),
    "large_string, slice": with_offset(pa.array(TEXTS, pa.large_string())),
    "string_view, slice": with_offset(pa.array(TEXTS, pa.string_view())),
    "binary_view, slice": with_offset(pa.array(BINARY, pa.binary_view())),
    "dictionary, int8": as_dictionary(pa.int8()),
    "dictionary, int16": as_dictionary(pa.int16()),
    "dictionary, int32": as_dictionary(pa.int32()),
    "dictionary, int64": as_dictionary(pa.int64()),
    "dictionary, uint8": as_dictionary(pa.uint8()),
    "dictionary, slice": pa.concat_arrays([as_dictionary(pa.int32())] * 2).slice(9),
    "dictionary of large_string": as_dictionary(pa.int32()).cast(
        pa.dictionary(pa.int32(), pa.large_string())
    ),
    "dictionary of binary": pa.array(BINARY, pa.binary()).dictionary_encode(),
    "dictionary of string_view": dictionary(pa.array(TEXTS, pa.string_view()), range(9), pa.int8()),
    "chunked dictionary of string_view": pa.chunked_array(
        [
            dictionary(pa.array(TEXTS, pa.string_view()), rows, pa.int8())
            for rows in (range(0, 2), range(2, 9))
        ]
    ),
    "chunked": pa.chunked_array([TEXTS[:2], [], TEXTS[2:]], pa.string()),
    "chunked dictionary": pa.chunked_array(
        [as_dictionary(pa.int8()).slice(0, 4), as_dictionary(pa.int8()).slice(4)]
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_arrow_kind_gives_the_same_signals(kind):
    found = read(KINDS[kind])
    assert_same(found, read(pa.array(TEXTS, pa.string())))
    assert found.reason.tolist() == [reason_of(text) for text in BINARY]


@pytest.mark.parametrize("kind", KINDS)
def test_every_arrow_kind_gives_the_same_cells(kind):
    _, found = read_cells(KINDS[kind])
    _, wanted = read_cells(pa.array(TEXTS, pa.string()))
    np.testing.assert_array_equal(found.row_starts, wanted.row_starts)
    np.testing.assert_array_equal(found.cells, wanted.cells)
    np.testing.assert_array_equal(found.values, wanted.values)


@pytest.mark.parametrize("kind", [name for name, texts in KINDS.items() if isinstance(texts, pa.Array)])
def test_text_lengths_are_bytes_of_utf8(kind):
    assert text_lengths(KINDS[kind]).tolist() == [len(text or b"") for text in BINARY]


EMPTY_KINDS = {
    "no sequence": [],
    "string": pa.array([], pa.string()),
    "string view": pa.array([], pa.string_view()),
    "slice of none": pa.array(TEXTS).slice(3, 0),
    "dictionary": pa.array([], pa.dictionary(pa.int8(), pa.string())),
    "null type": pa.nulls(0),
    "no chunks": pa.chunked_array([], pa.string()),
    "empty chunks": pa.chunked_array([[], []], pa.large_string()),
}


@pytest.mark.parametrize("kind", EMPTY_KINDS)
def test_zero_rows_give_zero_rows(kind):
    found = read(EMPTY_KINDS[kind])
    assert found.features.shape == (0, WIDTH)
    assert found.reason.shape == found.unusual.shape == (0,)
    signals_too, cells = read_cells(EMPTY_KINDS[kind])
    assert signals_too.features.shape == (0, WIDTH)
    assert cells.row_starts.tolist() == [0]


@pytest.mark.parametrize(
    "kind",
    [
        pa.null(),
        pa.string(),
        pa.large_string(),
        pa.string_view(),
        pa.binary(),
        pa.binary_view(),
        pa.dictionary(pa.int8(), pa.string()),
    ],
    ids=str,
)
def test_a_column_of_nulls_is_null(kind):
    found = read(pa.nulls(3, kind))
    assert found.reason.tolist() == [NULL] * 3
    assert not found.features.any()


def test_bytes_under_a_null_are_not_read():
    # Arrow lets a null row lie over any bytes; these are neither UTF-8 nor without NUL.
    offsets = pa.py_buffer(np.array([0, 2, 5], dtype=np.int32))
    validity = pa.py_buffer(bytes([0b10]))
    column = pa.Array.from_buffers(pa.binary(), 2, [validity, offsets, pa.py_buffer(b"\xff\x00abc")])
    found = read(column)
    assert found.reason.tolist() == [NULL, 0]
    assert found.unusual.tolist() == [0, 0]


@pytest.mark.parametrize(
    "texts",
    [
        pa.array([1, 2]),
        pa.array([[b"a"]]),
        pa.array([b"ab"], pa.binary(2)),
        pa.array([1]).dictionary_encode(),
        [1, 2],
        [["a"]],
        [3.0],
        "one text",
        b"one text",
    ],
    ids=lambda texts: str(getattr(texts, "type", texts)),
)
def test_what_holds_no_texts_is_refused(texts):
    with pytest.raises(ShapeError, match="'texts' must"):
        read_signals(texts)


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
@given(st.lists(st.none() | any_text, max_size=5), st.data())
def test_dictionary_columns_give_what_plain_columns_give(values, data):
    index = st.none() | st.integers(0, len(values) - 1) if values else st.none()
    indices = data.draw(st.lists(index, max_size=12))
    kind = data.draw(st.sampled_from([pa.int8(), pa.int16(), pa.int32(), pa.int64()]))
    column = dictionary(pa.array(values, pa.string()), indices, kind)
    assert_same(read(column), read(column.cast(pa.string())))


def test_dictionary_columns_read_each_distinct_value_once(monkeypatch):
    rows_read = []
    plain = reading.read_documents
    monkeypatch.setattr(reading, "read_documents", lambda *a: (rows_read.append(len(a[2])), plain(*a))[1])
    read(pa.array(["a", "b"] * 500).dictionary_encode())
    assert rows_read == [2]


@settings(deadline=None, max_examples=60)
@given(st.lists(st.none() | any_text.map(str.encode) | st.binary(max_size=9), max_size=8), st.data())
def test_signals_do_not_depend_on_neighbours_or_batches(texts, data):
    together = read(pa.array(texts, pa.binary()))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(texts)), max_size=3)))
    parts = [texts[a:b] for a, b in zip([0, *cuts], [*cuts, len(texts)], strict=True)]
    assert_same(read(pa.chunked_array(parts, pa.binary())), together)
    order = data.draw(st.permutations(range(len(texts))))
    shuffled = read(pa.array([texts[i] for i in order], pa.binary()))
    np.testing.assert_array_equal(shuffled.features, together.features[list(order)])
    np.testing.assert_array_equal(shuffled.reason, together.reason[list(order)])


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


def test_buffers_that_cannot_be_written_compile_no_second_kernel():
    read_signals(["warm"])
    compiled = len(kernel.read_documents.signatures)
    offsets = pa.py_buffer(np.array([0, 1, 3], dtype=np.int32).tobytes())
    column = pa.Array.from_buffers(pa.string(), 2, [None, offsets, pa.py_buffer(b"abc")])
    frozen = WORD_WEIGHTS.copy()
    frozen.flags.writeable = False
    wanted = read_signals(["a", "bc"], WORD_WEIGHTS)
    assert_same(read_signals(column, frozen), wanted)
    assert_same(read_signals(column, np.repeat(WORD_WEIGHTS, 2)[::2]), wanted)
    read_signals(pa.nulls(2))
    assert len(kernel.read_documents.signatures) == compiled


def test_statistics_have_no_name_twice():
    assert len(set(STATISTICS)) == len(STATISTICS)
