"""Proves that few documents like the seed are called unlike it, and those in other languages are."""

import numpy as np
import pyarrow.parquet as pq
import pytest

from filtering.folds import fold_assignment
from filtering.scoring.novelty import SEED_SHARE, fit_novelty
from tests.kit.dumps.small import ARMENIAN, GEORGIAN
from tests.kit.scorers.fitted import made_documents, made_scorer, require_seed

OTHER_TEXTS = {
    "Greek": "Η φωτοσύνθεση είναι η διαδικασία των φυτών.",
    "Russian": "Фотосинтез это работа зелёных растений при свете.",
    "Chinese": "光合作用是植物制造食物的过程。",
    "Finnish": "Yhteyttäminen tarkoittaa prosessia, jossa kasvit muodostavat sokeria valon avulla.",
    "base64": "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+P9/",
}  # fmt: skip


@pytest.fixture(scope="module")
def novelty():
    texts, _, groups = made_documents(1_000)
    return fit_novelty(as_bytes(texts), groups)


def as_bytes(texts):
    return [text.encode() for text in texts]


def documents_with_rare_words(rows, seed):
    """Return texts in which a few words of each are of no other text, some more, some less."""
    rng = np.random.default_rng(seed)
    texts, _, groups = made_documents(rows, seed=seed)
    shares = rng.beta(1, 12, size=rows)
    made = []
    for row, (text, share) in enumerate(zip(texts, shares, strict=True)):
        words = text.split()
        own = rng.random(len(words)) < share
        made.append(" ".join(f"w{seed}x{row}y{at}" if own[at] else word for at, word in enumerate(words)))
    return as_bytes(made), groups


def test_the_stated_share_of_documents_like_the_seed_is_unlike_it():
    novelty = fit_novelty(*documents_with_rare_words(1_500, seed=1))
    share = novelty.unlike(documents_with_rare_words(1_500, seed=2)[0]).mean()
    assert SEED_SHARE / 2 < share < SEED_SHARE * 2


@pytest.mark.parametrize("kind", OTHER_TEXTS)
def test_texts_of_another_kind_are_unlike_the_seed(novelty, kind):
    assert novelty.unlike(as_bytes(OTHER_TEXTS[kind] * times for times in range(1, 400, 40))).all()


def test_a_document_is_judged_alone(novelty):
    texts = as_bytes([*made_documents(50, seed=2)[0], *OTHER_TEXTS.values()])
    together = novelty.unlike(texts)
    assert together.any()
    assert not together.all()
    assert together.tolist() == [bool(novelty.unlike([text])[0]) for text in texts]


def test_capitals_make_no_difference(novelty):
    texts, _, _ = made_documents(50, seed=2)
    np.testing.assert_array_equal(
        novelty.unlike(as_bytes(texts)), novelty.unlike(as_bytes(text.upper() for text in texts))
    )


def test_documents_without_words_are_not_unlike(novelty):
    assert novelty.unlike([b"", None, b"123 456", b"?! -- ..."]).tolist() == [False] * 4


def test_no_documents_give_no_answers(novelty):
    assert novelty.unlike([]).shape == (0,)


def test_words_of_one_group_alone_are_not_known():
    shared, groups = [b"common words here"] * 40, [f"g{row}" for row in range(40)]
    novelty = fit_novelty([*shared, b"solo", b"solo"], [*groups, "one", "one"])
    assert novelty.unlike([b"common", b"words here", b"solo", b"new"]).tolist() == [False, False, True, True]
    both = fit_novelty([*shared, b"solo", b"solo"], [*groups, "one", "two"])
    assert both.unlike([b"common", b"solo", b"new"]).tolist() == [False, False, True]


def test_known_words_rise_and_do_not_repeat(novelty):
    assert novelty.words.dtype == np.uint32
    assert (novelty.words[1:] > novelty.words[:-1]).all()


@pytest.mark.parametrize("domain", ["web", "code"])
def test_of_real_labelled_documents_of_other_groups_few_are_unlike(domain):
    seed = pq.read_table(require_seed(domain), columns=["text", "group"])
    texts, groups = as_bytes(seed["text"].to_pylist()), seed["group"].to_pylist()
    held_out = fold_assignment(groups, 0) == 0
    novelty = fit_novelty(
        [text for text, out in zip(texts, held_out, strict=True) if not out],
        [group for group, out in zip(groups, held_out, strict=True) if not out],
    )
    seen = [text for text, out in zip(texts, held_out, strict=True) if out]
    assert novelty.unlike(seen).mean() < 2.5 * SEED_SHARE
    assert novelty.unlike(as_bytes([GEORGIAN, ARMENIAN, OTHER_TEXTS["base64"]])).all()


def test_a_scorer_calls_no_document_unlike_that_it_gives_no_score():
    found = made_scorer().unlike_seed(["", None, " ", b"\xff\xfe", OTHER_TEXTS["Chinese"]])
    assert found.tolist() == [False, False, False, False, True]
    assert found.dtype == bool
