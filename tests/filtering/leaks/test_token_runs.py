"""Proves that the kernel finds the runs of tokens that plain Python finds, in any bytes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filtering.hashing import make_table, word_hash
from filtering.leaks.token_runs import KEPT, NAME_MARK, hash_runs, list_tokens, scan
from filtering.text.arrow import frozen
from tests.kit.reference.leaks import runs, shapes, words

PIECES = [
    *("def", "return", "class", "None", "x", "Total", "len", "sorted", "self", "é", "Ünï"),
    *("12", "3.14", "7.x", ".append", ".", "(", ")", "==", ":", "#", '"', "'", "\\", "10'"),
    *("b'a'", 'f"x{1}"', "ab'c'", 'abc"d"', "'open\n", '"esc \\" end"', "''", '""'),
    *('"""doc\nmore"""', "'''a\\'''", "# note\n", "\\n", "\\t", "\n", "  ", "\t", "\x00"),
]
code = st.lists(st.sampled_from(PIECES), max_size=40).map("".join).map(str.encode)
spaced = st.lists(st.sampled_from(PIECES), max_size=40).map(" ".join).map(str.encode)
anything = code | spaced | st.binary(max_size=80)


def as_array(text):
    return frozen(np.frombuffer(text, dtype=np.uint8))


def scan_texts(texts, keys, run, is_shapes, room=0):
    """Return {document: {key position: (start, stop)}} as the kernel finds them."""
    data = as_array(b"".join(texts))
    offsets = np.cumsum([0, *map(len, texts)])
    seen = np.full(len(keys), -1, dtype=np.int64)
    found = np.empty((len(keys) + room, 4), dtype=np.int64)
    wanted, table = np.ones(len(texts), bool), make_table(keys)
    places, document = {at: {} for at in range(len(texts))}, 0
    while document < len(texts):
        document, written = scan(data, offsets, wanted, document, is_shapes, run, table, KEPT, seen, found)
        for at, position, start, stop in found[:written].tolist():
            assert position not in places[at], "a run is told once a document"
            places[at][position] = (start - int(offsets[at]), stop - int(offsets[at]))
    return places


@settings(max_examples=300, deadline=None)
@given(anything, st.booleans())
def test_tokens_are_those_of_plain_python(text, is_shapes):
    tokens, starts = list_tokens(as_array(text), is_shapes, KEPT)
    wanted = (shapes if is_shapes else words)(text)
    assert list(zip(tokens.tolist(), starts.tolist(), strict=True)) == [(one, at) for one, at, _ in wanted]


@settings(max_examples=100, deadline=None)
@given(st.lists(anything, min_size=1, max_size=4), st.booleans(), st.integers(1, 5))
def test_runs_are_found_where_plain_python_finds_them(texts, is_shapes, run):
    read = shapes if is_shapes else words
    # All runs of the first text are looked for in all.
    keys = np.array(sorted(set(runs(read(texts[0]), run)) - {0}), dtype=np.uint64)
    places = scan_texts(texts, keys, run, is_shapes)
    for at, text in enumerate(texts):
        expected = runs(read(text), run)
        wanted = {position: expected[key] for position, key in enumerate(keys.tolist()) if key in expected}
        assert places[at] == wanted


@pytest.mark.parametrize("run", [1, 8, 31])
def test_the_rolling_hash_forgets_what_has_left_the_run(run):
    text = b" ".join(b"w%d" % number for number in range(200))
    tokens, _ = list_tokens(as_array(text), False, KEPT)
    keys = np.unique(hash_runs(tokens, run))
    assert len(keys) == 200 - run + 1
    assert len(scan_texts([text], keys, run, False)[0]) == len(keys)


def test_a_small_buffer_is_filled_several_times():
    texts = [b"a b c d", b"a b c d", b"x", b"b c a b"]
    keys = np.array(sorted(runs(words(texts[0]), 2)), dtype=np.uint64)
    assert scan_texts(texts, keys, 2, False) == scan_texts(texts, keys, 2, False, room=100)


def test_names_after_def_are_found_beside_a_run_that_ends_with_them():
    keys = np.array(
        [next(iter(runs(words(b"a def gcd"), 3))), word_hash(b"gcd") ^ int(NAME_MARK)], dtype=np.uint64
    )
    assert scan_texts([b"a def GCD(x)", b"gcd", b"def gcdx"], keys, 3, False) == {
        0: {0: (0, 9), 1: (6, 9)}, 1: {}, 2: {},
    }  # fmt: skip


def test_a_document_that_is_not_wanted_is_not_read():
    data, offsets = as_array(b"a b"), np.array([0, 3])
    keys = np.array(list(runs(words(b"a b"), 2)), dtype=np.uint64)
    found, seen = np.empty((9, 4), dtype=np.int64), np.full(1, -1, dtype=np.int64)
    table = make_table(keys)
    assert scan(data, offsets, np.array([False]), 0, False, 2, table, KEPT, seen, found) == (1, 0)
    assert scan(data, offsets, np.array([True]), 0, False, 2, table, KEPT, seen, found) == (1, 1)
