"""Proves that near-duplicates are found and nothing else, and how they stand for and join each other."""

import numpy as np
import pytest

from filtering.text.near_duplicates import near_duplicate_clusters, representatives, runs_of_words


def words(count, seed=0):
    random = np.random.default_rng(seed)
    return [f"w{number}" for number in random.choice(100_000, size=count, replace=False)]


def with_changes(text, places):
    return [f"other{place}" if place in places else word for place, word in enumerate(text)]


def clusters(texts):
    return near_duplicate_clusters([text.encode() for text in texts]).tolist()


def similarity(one, other):
    one, other = set(runs_of_words(one)), set(runs_of_words(other))
    return len(one & other) / len(one | other)


BOTH = pytest.mark.parametrize(
    "find", [lambda texts: representatives(texts).tolist(), clusters], ids=["representatives", "clusters"]
)


@BOTH
def test_near_duplicates_share_the_first_of_them(find):
    text = words(300)
    windows = [text, words(300, seed=1), with_changes(text, {40, 210}), text[:-3], text]
    assert find([" ".join(window) for window in windows]) == [0, 1, 0, 0, 0]


@BOTH
def test_case_and_signs_make_no_difference(find):
    assert find(["The cat, it sat on a mat.", "the cat (it) sat: on a MAT"]) == [0, 0]


@BOTH
def test_different_texts_are_not_alike(find):
    text = words(300)
    windows = [text, text[::-1], text[:150] + words(150, seed=5), [*text, *words(400, seed=6)], text[:100]]
    assert find([" ".join(window) for window in windows]) == [0, 1, 2, 3, 4]


@BOTH
def test_the_same_boilerplate_around_different_texts_makes_them_not_alike(find):
    frame = words(60)
    windows = [" ".join(frame + words(200, seed=seed) + frame) for seed in range(20)]
    assert find(windows) == list(range(20))


@BOTH
def test_texts_without_words_are_alike_only_where_they_are_the_same(find):
    assert find(["!!!", "", "???", "!!!", "", "hello", " "]) == [0, 1, 2, 0, 1, 5, 6]


@BOTH
def test_texts_of_few_words_are_alike_where_the_words_are(find):
    assert find(["Add to cart", "add to cart!", "Add to basket"]) == [0, 0, 2]


@BOTH
def test_no_texts_have_no_near_duplicates(find):
    assert find([]) == []


@BOTH
def test_scripts_without_spaces_are_read_by_characters(find):
    text = "".join(chr(0x4E00 + number) for number in np.random.default_rng(0).integers(0, 20_000, size=300))
    other = "".join(chr(0x4E00 + number) for number in np.random.default_rng(1).integers(0, 20_000, size=300))
    assert find([text, text[:200] + "的" + text[201:], other]) == [0, 0, 2]


def test_half_alike_is_enough_to_be_kept_apart_but_not_to_stand_for_one():
    text = words(400)
    one, other = " ".join(text), " ".join(with_changes(text, set(range(10, 200, 10))))
    assert 0.6 < similarity(one, other) < 0.75
    assert clusters([one, other]) == [0, 0]
    assert representatives([one, other]).tolist() == [0, 1]


def chain():
    """Return three texts of which the neighbours are .86 alike, and the ends .75."""
    first = words(200)
    second = with_changes(first, {30, 60, 90})
    third = with_changes(second, {15, 45, 75})
    return [" ".join(text) for text in (first, second, third)]


def test_what_another_one_stands_for_stands_for_none():
    first, second, third = chain()
    assert representatives([first, second, third]).tolist() == [0, 0, 2]
    assert representatives([second, first, third]).tolist() == [0, 0, 0]
    assert representatives([first, third, second]).tolist() == [0, 1, 0]


def test_a_text_between_two_joins_their_clusters_in_any_order():
    text = words(400)
    ends = [text[:240], text[120:360]]
    first, last, middle = (" ".join(one) for one in (*ends, text[60:300]))
    assert similarity(first, last) < 0.4
    assert min(similarity(first, middle), similarity(middle, last)) > 0.55
    other = " ".join(words(200, seed=9))
    assert clusters([other, first, last]) == [0, 1, 2]
    assert clusters([other, first, middle, last]) == [0, 1, 1, 1]
    assert clusters([last, other, first, middle, first]) == [0, 1, 0, 0, 0]


def test_nearly_all_pairs_above_half_are_found_and_none_far_below():
    found = {0.55: 0, 0.4: 0}
    trials = 100
    for seed in range(trials):
        text = words(400, seed=seed)
        for share in found:
            # Of runs of two texts of 400 words that share s in one piece, s / (800 - s) are shared.
            shared = round(800 * share / (1 + share))
            pair = [text, text[:shared] + words(400 - shared, seed=seed + trials)]
            found[share] += clusters([" ".join(one) for one in pair]) == [0, 0]
    assert found[0.55] >= 85  # the estimate's standard error is .031
    assert found[0.4] <= 5


def test_what_is_found_does_not_change_from_run_to_run():
    texts = [" ".join(words(200, seed=seed)[: 100 + seed]) for seed in range(30)] * 2
    assert clusters(texts) == clusters(texts) == [*range(30), *range(30)]


def test_all_of_a_document_that_signals_read_is_compared_and_no_more():
    texts = [bytearray(" ".join(words(60_000, seed=seed))[:300_000].encode()) for seed in range(3)]
    for start, stop in ((0, 6_000), (148_000, 152_000), (294_000, 300_000)):  # a reach
        texts[1][start:stop] = texts[0][start:stop]
    for start, stop in ((0, 1_400), (149_750, 150_250), (299_500, 300_000)):  # a window
        texts[2][start:stop] = texts[0][start:stop]
    assert near_duplicate_clusters([bytes(text) for text in texts]).tolist() == [0, 0, 2]
