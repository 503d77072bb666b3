"""Proves that few documents like the seed are called unlike it, and nearly all in other scripts or of no text."""

import numpy as np
import pytest
from filtering_fixtures import made_data, made_documents, require_seed, seed_data

from filtering.fitting import _knots, fit_scorer
from filtering.folds import fold_assignment
from filtering.novelty import SEED_SHARE, fit_novelty
from filtering.signals import SCORE_COLUMNS, read_signals

OTHER_TEXTS = {
    "Greek": "\u0397 \u03c6\u03c9\u03c4\u03bf\u03c3\u03cd\u03bd\u03b8\u03b5\u03c3\u03b7 \u03b5\u03af\u03bd\u03b1\u03b9 \u03b7 \u03b4\u03b9\u03b1\u03b4\u03b9\u03ba\u03b1\u03c3\u03af\u03b1. ",
    "Russian": "\u0424\u043e\u0442\u043e\u0441\u0438\u043d\u0442\u0435\u0437 \u044d\u0442\u043e \u043f\u0440\u043e\u0446\u0435\u0441\u0441 \u0432 \u0440\u0430\u0441\u0442\u0435\u043d\u0438\u044f\u0445. ",
    "Chinese": "\u5149\u5408\u4f5c\u7528\u662f\u690d\u7269\u5236\u9020\u98df\u7269\u7684\u8fc7\u7a0b\u3002",
    "Hindi": "\u092a\u094d\u0930\u0915\u093e\u0936 \u0938\u0902\u0936\u094d\u0932\u0947\u0937\u0923 \u090f\u0915 \u092a\u094d\u0930\u0915\u094d\u0930\u093f\u092f\u093e \u0939\u0948\u0964 ",
    "base64": "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+P9/",
    "numbers": "0.1234,5.678,9.101\n",
}  # fmt: skip


def statistics(texts):
    return read_signals(texts).features[:, SCORE_COLUMNS:]


@pytest.fixture(scope="module")
def novelty():
    data = made_data(2_000)
    seen = data.features[:, SCORE_COLUMNS:]
    return fit_novelty(seen, _knots(seen)[0], data.groups)


def test_about_one_in_a_hundred_documents_like_the_seed_is_unlike_it(novelty):
    texts, _, _ = made_documents(4_000, seed=1)
    assert SEED_SHARE / 3 < novelty.unlike(statistics(texts)).mean() < SEED_SHARE * 3


@pytest.mark.parametrize("kind", OTHER_TEXTS)
def test_texts_of_another_kind_are_unlike_the_seed(novelty, kind):
    assert novelty.unlike(statistics([OTHER_TEXTS[kind] * times for times in range(3, 40)])).mean() > 0.9


def test_a_document_is_judged_alone(novelty):
    texts, _, _ = made_documents(50, seed=2)
    texts += [text * 10 for text in OTHER_TEXTS.values()]
    together = novelty.unlike(statistics(texts))
    assert together.any()
    assert not together.all()
    np.testing.assert_array_equal(together, [novelty.unlike(statistics([text]))[0] for text in texts])


def test_no_documents_give_no_answers(novelty):
    assert novelty.unlike(statistics([])).shape == (0,)


def test_statistics_that_never_vary_in_the_seed_do_no_harm():
    rng = np.random.default_rng(0)
    seen = rng.normal(size=(300, 6)).astype(np.float32)
    seen[:, 2] = 7.0
    knots = _knots(seen)[0]
    novelty = fit_novelty(seen, knots, [str(row) for row in range(300)])
    assert novelty.unlike(seen).mean() < 0.03
    other = seen.copy()
    other[:, 2] = 9.0
    assert novelty.unlike(other).all()


@pytest.mark.parametrize("domain", ["web", "code"])
def test_of_real_labelled_documents_of_other_groups_few_are_unlike(domain):
    require_seed(domain)
    data = seed_data(domain)
    held_out = fold_assignment(data.groups, 0) == 0
    seen = data.features[:, SCORE_COLUMNS:]
    groups = [group for group, out in zip(data.groups, held_out, strict=True) if not out]
    novelty = fit_novelty(seen[~held_out], _knots(seen[~held_out])[0], groups)
    assert novelty.unlike(seen[held_out]).mean() < 0.05
    assert novelty.unlike(statistics([text * 20 for text in OTHER_TEXTS.values()])).mean() > 0.8


def test_a_scorer_calls_no_document_unlike_that_it_gives_no_score():
    scorer = fit_scorer(made_data(), "linear", "web")
    found = scorer.unlike_seed(["", None, " ", b"\xff", OTHER_TEXTS["Chinese"] * 20])
    assert found.tolist() == [False, False, False, False, True]
    assert found.dtype == bool
