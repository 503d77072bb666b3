"""Proves that an audit counts flips, moves and verdicts of scorers whose ways are known."""

import numpy as np
import pytest

from filtering.judging.audit import AuditedDocuments, audit
from filtering.judging.rewrites import Rewrite

ROWS = 400


def shout(text):
    """Apply to three in four documents."""
    return None if text.endswith("0") else text.upper()


def made(points, *, groups=None, worth=None):
    """Return documents with numbers as words, every fourth of which ends in 0."""
    points = np.asarray(points, dtype=np.float64)
    texts = [f"word {row} {row % 4}" for row in range(len(points))]
    return AuditedDocuments(
        texts,
        points,
        points if worth is None else worth,
        groups or [f"site {row}" for row in range(len(points))],
    )


def effect_of(documents, moves, *, kind="harmless", rewrite=shout, keep_at=3.0):
    """Return what a rewrite does if it moves each document's score by so many points."""
    seen = []

    def score(texts, places):
        seen.extend(zip(texts, places.tolist(), strict=True))
        return documents.points[places] + np.asarray(moves, dtype=np.float64)[places]

    [found] = audit(documents, [Rewrite("made up", kind, rewrite)], score, keep_at=keep_at)
    assert all(text == rewrite(documents.texts[place]) for text, place in seen)
    return found


def test_each_flip_is_counted_on_its_side_of_those_that_are_rewritten():
    moves = np.zeros(ROWS)
    moves[1], moves[[2, 3]] = -1, 2
    points = np.full(ROWS, 2.5)
    points[1] = 3.0
    found = effect_of(made(points), moves)
    assert (found.documents, found.rewritten, found.groups) == (400, 300, 300)
    assert found.flipped.value == pytest.approx(3 / 300)
    assert (found.to_dropped.value, found.to_kept.value) == pytest.approx((1 / 300, 2 / 300))
    assert found.flipped.low < 3 / 300 < found.flipped.high < 0.03
    assert found.moved.value == pytest.approx(3 / 300)
    assert found.verdict == "yes"
    assert effect_of(made(points), moves, keep_at=0.5).flipped.value == 0


def test_half_a_point_is_how_far_nearly_all_move_whatever_the_direction():
    moves = np.where(np.arange(ROWS) % 2, 0.5, -0.5)
    moves[:12] = 4
    assert effect_of(made(np.full(ROWS, 1.0)), moves).moved_far == 0.5


@pytest.mark.parametrize(("flips", "verdict"), [(0, "yes"), (9, "not shown"), (60, "no")])
def test_a_verdict_is_given_where_the_interval_lies_on_one_side_of_the_aim(flips, verdict):
    moves = np.where(np.arange(ROWS) < flips, 2, 0)
    assert effect_of(made(np.full(ROWS, 2.0)), moves).verdict == verdict


def test_words_are_appended_to_poor_documents_and_good_ones_are_harmed():
    points = np.repeat([1.0, 2.5, 4.0], 200)
    moves = np.repeat([3.0, 0.0, -0.1], 200)
    appended = effect_of(made(points), moves, kind="appended")
    assert (appended.documents, appended.flipped.value, appended.verdict) == (200, 1.0, "no")
    harmed = effect_of(made(points), moves, kind="harmful")
    assert (harmed.documents, harmed.flipped.value, harmed.verdict) == (200, 0.0, "yes")
    assert effect_of(made(points), -moves, kind="harmful").verdict == "no"
    # Labels say which are poor, where there are some: here all of those that score high.
    assert effect_of(made(points, worth=5 - points), moves, kind="appended").to_kept.value == 0


def test_documents_of_one_group_count_for_less():
    moves = np.where(np.arange(ROWS) < 24, 2, 0)
    points, houses = np.full(ROWS, 2.0), [f"site {row // 20}" for row in range(ROWS)]
    alone, alike = (effect_of(made(points, groups=groups), moves).flipped for groups in (None, houses))
    assert alone.value == alike.value
    assert alike.low < alone.low < alone.high < alike.high
    few = effect_of(made(points, groups=[f"site {row % 4}" for row in range(ROWS)]), np.zeros(ROWS))
    assert few.verdict == "not shown"


def test_what_has_no_score_after_it_or_does_not_apply_is_left_out():
    moves = np.where(np.arange(ROWS) < 100, np.nan, 0)
    assert effect_of(made(np.full(ROWS, 2.0)), moves).rewritten == 225
    none = effect_of(made(np.full(ROWS, 2.0)), moves, rewrite=lambda text: None)
    assert (none.documents, none.rewritten, none.verdict) == (400, 0, "not shown")
    assert np.isnan(none.flipped.value)
