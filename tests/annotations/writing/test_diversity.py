"""Proves that what is said of the diversity of texts is so, whatever their number."""

import random
import tracemalloc

import pytest

from annotations.writing import diversity
from annotations.writing.diversity import measure_diversity, warnings

WORDS = [f"w{number}" for number in range(3000)]


def make_texts(count, words=40, seed=1):
    chosen = random.Random(seed)
    return [" ".join(chosen.choices(WORDS, k=words)) for _ in range(count)]


def test_shares_are_those_of_a_count_by_hand():
    found = measure_diversity(["a b a b.", "A b c.", ""], [{"s": "x"}, {"s": "x"}, {"s": "y"}])
    assert (found.texts, found.compared) == (3, 3)
    assert found.distinct == (3 / 7, 3 / 5, 1.0, 1.0)  # ab ba ab ab bc; aba bab abc; abab
    assert found.openings == (("a b a b", 1 / 3), ("a b c", 1 / 3), ("", 1 / 3))
    assert found.values == {"s": 2}
    assert found.evenness["s"] == pytest.approx(0.918, abs=1e-3)
    assert found.near_duplicates == 0


def test_texts_that_differ_give_no_warning():
    texts = make_texts(100)
    found = measure_diversity(texts, [{"topic": str(number % 10)} for number in range(100)])
    assert found.near_duplicates == 0
    assert found.evenness["topic"] == pytest.approx(1)
    assert warnings(found) == []


@pytest.mark.parametrize(
    ("texts", "slots", "said"),
    [
        (make_texts(94) + make_texts(6), [{}] * 100, "near-duplicates"),
        ([f"Once upon a time there {text}" for text in make_texts(100)], [{}] * 100, "same five words"),
        ([f"{text} {' '.join(WORDS[:150])}" for text in make_texts(100)], [{}] * 100, "four words"),
        (make_texts(100), [{"topic": str(max(at - 90, 0))} for at in range(100)], "values of topic"),
    ],
)
def test_each_want_of_diversity_is_warned_of(texts, slots, said):
    [warning] = warnings(measure_diversity(texts, slots))
    assert said in warning


def test_of_few_texts_nothing_is_warned():
    assert warnings(measure_diversity(["The same."] * 10, [{}] * 10)) == []
    assert measure_diversity([], []).distinct == (1.0, 1.0, 1.0, 1.0)


def test_texts_and_slots_must_be_as_many():
    with pytest.raises(ValueError, match="argument"):
        measure_diversity(["a"], [])


def test_memory_does_not_grow_with_the_number_of_texts(monkeypatch):
    monkeypatch.setattr(diversity, "MOST_TEXTS", 50)
    monkeypatch.setattr(diversity, "MOST_VALUES", 50)

    def most_bytes(count):
        texts = (f"{number} {'word ' * 50}" for number in range(count))
        slots = ({"document": f"document {number} {'x' * 100}"} for number in range(count))
        tracemalloc.start()
        found = measure_diversity(texts, slots)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert (found.texts, found.compared, found.values["document"]) == (count, 50, 50)
        return peak

    most_bytes(100)  # what is loaded once
    assert most_bytes(5000) < 1.5 * most_bytes(500)
