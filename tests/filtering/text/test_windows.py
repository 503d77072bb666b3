"""Proves that windows never split a character, that cutting is idempotent, and that the reference agrees."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filtering.signals.ngram_cells import CELLS
from filtering.signals.read_signals import SCORE_COLUMNS, read_signals
from filtering.signals.style import STATISTICS
from filtering.text.windows import (
    BOUNDARY_SLACK_BYTES,
    REACH,
    SEAM,
    WINDOW,
    cut_window,
    find_pieces,
    header_end,
    window_spans,
)
from tests.kit.reference.signals import WINDOW as WINDOW_SIZES
from tests.kit.reference.signals import header_end as reference_header_end
from tests.kit.reference.signals import pieces_of

HEADER = b"# Copyright 2001 Nobody\n#\n# Licensed under some terms.\n\n"
HEADER_PARTS = (
    *(
        b"/*",
        b"*/",
        b"//",
        b"--",
        b"#",
        b"# ",
        b"#a",
        b"%",
        b";",
        b"<!--",
        b"-->",
        b"(*",
        b"*)",
        b"{-",
        b"-}",
    ),
    *(b"\n", b" ", b"\t", b"\r\n", b"copyright", b"License", b"SPDX-LICENCE", b"redistribution", b"x = 1"),
    *(b"#!", b"<?php", b"\xef\xbb\xbf", b"*", b"/", b"-", b"<"),
)
header_like = st.lists(st.sampled_from(HEADER_PARTS), max_size=14).map(b"".join)

WEIGHTS = np.random.default_rng(3).normal(size=CELLS).astype(np.float32)
LOG_TEXT_BYTES = SCORE_COLUMNS + STATISTICS.index("log_text_bytes")

wide = st.text(st.sampled_from("ab \n\u00e9\u6771\U0001f600[].") | st.characters(codec="utf-8"), min_size=1)
texts = st.builds(
    lambda start, unit, size: start + unit * (size // len(unit.encode()) + 1),
    st.text(max_size=4),
    wide,
    st.integers(0, 9_000),
)


def pieces(data):
    return [data[start:stop] for start, stop in window_spans(data)]


@pytest.mark.parametrize("size", [0, 1, WINDOW.whole])
def test_a_short_text_is_read_whole(size):
    assert window_spans(b"x" * size) == ((0, size),)
    assert cut_window("x" * size) == "x" * size


def test_of_a_longer_text_head_middle_and_tail_are_read():
    assert window_spans(b"x" * 2_401) == ((0, 1_400), (950, 1_450), (1_901, 2_401))
    assert window_spans(b"x" * 100_001) == ((0, 1_400), (49_750, 50_250), (99_501, 100_001))


def test_cuts_move_inwards_to_whole_characters():
    # One byte, then characters of four: 1400, 4750 and 5250 of 10001 bytes all lie inside one.
    data = b"a" + "\U0001f600".encode() * 2_500
    spans = window_spans(data)
    assert spans == ((0, 1_397), (4_753, 5_249), (9_501, 10_001))


@settings(deadline=None, max_examples=300)
@given(texts)
def test_no_piece_splits_a_character(text):
    for piece in pieces(text.encode()):
        piece.decode()  # raises where a character is split


@settings(deadline=None, max_examples=300)
@given(texts)
def test_pieces_are_at_most_their_share_and_at_most_three_bytes_less_at_each_end(text):
    data = text.encode()
    spans = window_spans(data)
    sizes = [stop - start for start, stop in spans]
    if len(data) <= WINDOW.whole:
        assert sizes == [len(data)]
        return
    for size, share in zip(sizes, (WINDOW.head, WINDOW.middle, WINDOW.tail), strict=True):
        assert share - 2 * BOUNDARY_SLACK_BYTES <= size <= share


@settings(deadline=None, max_examples=300)
@given(texts)
def test_the_rule_is_that_of_the_reference(text):
    assert pieces(text.encode()) == pieces_of(text.encode(), WINDOW_SIZES)


@settings(deadline=None, max_examples=200)
@given(
    st.binary(min_size=2_000, max_size=3_000) | st.integers(0, 255).map(lambda byte: bytes([byte]) * 4_000)
)
def test_any_bytes_have_spans_inside_them(data):
    for start, stop in window_spans(data):
        assert 0 <= start <= stop <= len(data)


@settings(deadline=None, max_examples=300)
@given(texts)
def test_cutting_twice_is_cutting_once(text):
    once = cut_window(text)
    assert cut_window(once) == once
    assert pieces(once.encode()) == pieces(text.encode())


def test_a_text_of_window_size_without_seams_is_cut():
    text = "x" * (WINDOW.head + WINDOW.middle + WINDOW.tail + 2 * len(SEAM))
    assert len(window_spans(text.encode())) == 3
    assert window_spans(text.encode())[1] != (
        WINDOW.head + len(SEAM),
        WINDOW.head + len(SEAM) + WINDOW.middle,
    )


def test_a_text_with_one_seam_only_is_no_window():
    text = b"x" * WINDOW.head + SEAM + b"x" * 1_007
    assert len(text) == 2_414
    assert window_spans(text)[1] == (957, 1_457)


def test_a_longer_text_with_seams_in_it_is_cut():
    text = cut_window("y" * 9_000) + "z"
    assert window_spans(text.encode())[2] == (1_915, 2_415)


def test_lone_surrogates_are_cut_like_other_characters():
    once = cut_window("\ud800" * 3_000)
    assert cut_window(once) == once
    assert once.count("\ud800") == 466 + 166 + 166


very_long = st.builds(
    lambda start, unit, size: start + unit * (size // len(unit.encode()) + 1),
    st.text(max_size=4),
    wide,
    st.integers(15_900, 50_000),
).filter(lambda text: not text.isspace())


@settings(deadline=None, max_examples=30)
@given(very_long)
def test_the_kernel_reads_a_reach_that_was_cut_as_the_whole_text(text):
    whole, reach = read_signals([text, cut_window(text, REACH)], WEIGHTS, WEIGHTS).features
    assert set(np.flatnonzero(whole != reach)) <= {LOG_TEXT_BYTES}
    assert whole[LOG_TEXT_BYTES] == pytest.approx(np.log1p(len(text.encode())))


@settings(deadline=None, max_examples=30)
@given(very_long)
def test_the_window_of_a_reach_is_that_of_the_text_but_for_bytes_that_cuts_moved(text):
    """Samples hold reaches; what a labeller is shown of them is what a run's embedder sees of the text."""
    of_text, of_reach = text.encode(), cut_window(text, REACH).encode()
    before, after = (window_spans(data) for data in (of_text, of_reach))
    assert of_text[slice(*before[0])] == of_reach[slice(*after[0])]
    assert of_text[slice(*before[2])] == of_reach[slice(*after[2])]
    middles = of_text[slice(*before[1])], of_reach[slice(*after[1])]
    shifts = range(-2 * BOUNDARY_SLACK_BYTES, 2 * BOUNDARY_SLACK_BYTES + 1)
    core = middles[0][12:-12]
    assert any(middles[1][12 + shift :].startswith(core) for shift in shifts)


@pytest.mark.parametrize(
    "header",
    [
        b"# Copyright 2001 Nobody\n",
        b"#!/bin/sh\n# Licensed under MIT\n\n",
        b"# -*- coding: utf-8 -*-\n#\n# SPDX-License-Identifier: MIT\n",
        b"/* Permission is HEREBY granted,\n * free of charge */\n",
        b"<?php\n/** @license MIT */\n",
        b"<!-- Copyright -->\n",
        b"\xef\xbb\xbf// Redistribution and use\n// are permitted.\n\n",
        b"-- Copyright\n",
        b"% This licence is free.\n",
        b";; Copyright\n;;\n",
        b"(* Copyright *) ",
        b"{- Copyright -}\n",
        b"// Copyright\n\n/* License: MIT */\n",
        b"# Copyright " + b"x" * 4_900 + b"\n",
    ],
)
def test_a_licence_header_is_not_read(header):
    text = header + b"# Adds.\n\nx = 1 + 1\n" if header[:1] != b"#" else header + b"x = 1 + 1\n"
    assert header_end(text) == len(header)
    assert window_spans(text) == ((len(header), len(text)),)
    long = header + b"word " * 30_000
    start = len(header)
    middle = start + 75_000
    assert window_spans(long)[:2] == ((start, start + 1_400), (middle - 250, middle + 250))


@pytest.mark.parametrize(
    "text",
    [
        b"x = 1  # Copyright\n",
        b"# Adds.\n\n# Copyright\nx\n",
        b'"""Copyright."""\nx = 1\n',
        b"#include <license.h>\nint x;\n",
        b"/* Copyright, and no end\nx = 1\n",
        b"# Copyright " + b"x" * 5_000 + b"\nx\n",
        b"Copyright 2001\n",
        b"# Copyright\n# All of it.\n\n",
    ],
)
def test_what_is_no_header_is_read(text):
    assert window_spans(text) == ((0, len(text)),) or len(text) > WINDOW.whole
    assert window_spans(text)[0][0] == 0


@settings(deadline=None, max_examples=500)
@given(header_like | st.tuples(header_like, st.integers(4_900, 5_100)).map(lambda it: it[0] + b"x" * it[1]))
def test_headers_and_what_is_read_behind_them_are_those_of_the_reference_and_the_kernel(data):
    assert header_end(data) == reference_header_end(data)
    assert pieces(data) == pieces_of(data, WINDOW_SIZES)
    padded = np.frombuffer(b"#" + data + b"\n# Copyright", dtype=np.uint8)
    spans = np.zeros(6, dtype=np.int64)
    found = find_pieces(padded, 1, 1 + len(data), REACH.sizes, spans)
    assert tuple((spans.reshape(3, 2)[:found] - 1).ravel()) == sum(window_spans(data, REACH), ())


@settings(deadline=None, max_examples=300)
@given(header_like, st.integers(0, 9_000))
def test_cutting_twice_is_cutting_once_behind_a_header(start, size):
    once = cut_window((HEADER + start + b"y" * size).decode("utf-8"))
    assert cut_window(once) == once


@pytest.mark.parametrize("size", [0, 3_000, 63_990, 64_001, 90_000])
def test_a_document_with_a_header_has_the_signals_of_one_without(size):
    text = b"x = 1\n" + b"y = x + 2\n" * (size // 10)
    found = read_signals([HEADER + text, text], WEIGHTS, WEIGHTS).features
    np.testing.assert_array_equal(found[0], found[1])


def test_rules_are_named_by_what_they_do():
    assert WINDOW.name == "head1400-middle500-tail500-bytes/2"
    assert REACH.name == "head6000-middle4000-tail6000-bytes/2"
