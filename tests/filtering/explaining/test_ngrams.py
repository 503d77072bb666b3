"""Proves that the n-grams that are shown are those that the kernel counts, and harmless on a screen."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filtering.explaining.contributions import ngram_shares
from filtering.explaining.ngrams import read_character_ngrams, read_word_ngrams
from filtering.explaining.readable import token_in_words
from filtering.signals.ngram_cells import CELLS
from filtering.signals.read_signals import read_cells
from tests.kit.dumps.odd_texts import HOSTILE, any_text, long_text
from tests.kit.reference.signals import reason_of
from tests.kit.scorers.fitted import made_documents


def kernel_cells(document):
    """Return the cells that the kernel has of a document, with their normalised counts."""
    _, cells = read_cells(pa.array([document], pa.binary()))
    return dict(zip(cells.cells.tolist(), cells.values.tolist(), strict=True))


def shown_cells(document):
    """Return the same from the n-grams by name."""
    found = {}
    for first, read in ((0, read_word_ngrams), (CELLS, read_character_ngrams)):
        ngrams = read(document)
        assert (ngrams.counts > 0).all()
        sums = np.bincount(ngrams.cells, weights=ngram_shares(ngrams), minlength=CELLS)
        found |= {first + cell: sums[cell] for cell in np.flatnonzero(sums).tolist()}
    return found


def assert_same_cells(document):
    if reason_of(document) == 0:
        assert shown_cells(document) == pytest.approx(kernel_cells(document), rel=1e-5)


@settings(max_examples=80, deadline=None)
@given(any_text.map(str.encode) | st.binary(max_size=60))
def test_the_cells_of_any_text_are_those_of_the_kernel(document):
    assert_same_cells(document)


@settings(max_examples=5, deadline=None)
@given(long_text)
def test_the_cells_of_long_texts_are_those_of_the_kernel(text):
    assert_same_cells(text.encode())


@pytest.mark.parametrize("text", [*HOSTILE, *made_documents(10)[0]])
def test_hostile_texts_have_the_same_cells_and_are_shown_in_harmless_signs(text):
    document = text.encode()
    assert_same_cells(document)
    for ngrams in (read_word_ngrams(document), read_character_ngrams(document)):
        for at in range(min(len(ngrams.cells), 300)):
            assert ngrams.show(at).isprintable()


def test_each_ngram_is_named_once_with_its_count():
    found = read_word_ngrams(b"One 1 fish, two 22 FISH;\n\n\tone 2 fish ......")
    names = [found.show(at) for at in range(len(found.cells))]
    assert len(names) == len(set(names))
    counts = dict(zip(names, found.counts.tolist(), strict=True))
    assert counts["fish"] == 3
    assert counts["one"] == 2
    assert counts["<1 digits>"] == 2
    assert counts["<1 digits> fish"] == 2
    assert counts["⏎⏎→→"] == 1
    assert counts["....+"] == 1
    assert {found.kind(at) for at in range(len(names))} == {"token", "pair"}
    characters = read_character_ngrams(b"a \t b\nA  B")
    assert [characters.show(at) for at in range(len(characters.cells))] == [
        "␣a␣b⏎",
        "␣b⏎a␣",
        "a␣b⏎a",
        "b⏎a␣b",
    ]
    assert characters.kind(0) == "characters"


def test_tokens_of_all_scripts_are_named_by_what_they_are_folded_to():
    found = read_word_ngrams("東МОСКВА ३४।। \u2026 \u201cÉté\u201d \u2192\u202e\uf8ff".encode())
    names = [found.show(at) for at in range(len(found.spellings))]
    assert names == ["東", "москва", "<2 digits>", "..", "...", '"', "été", "\\u2192", "\\uf8ff"]
    assert [token_in_words(one) for one in found.spellings] == [
        '"東"', '"москва"', "a number of 2 digits", "several full stops", "several full stops",
        "a double quote", '"été"', '"\\u2192"', '"\\uf8ff"',
    ]  # fmt: skip
    assert found.counts[names.index('"')] == 2
