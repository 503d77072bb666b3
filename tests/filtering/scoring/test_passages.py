"""Proves that a segment has the points of the same text alone, and that passages are runs of good ones."""

import numpy as np
import pyarrow as pa
import pytest

from filtering import load_scorer
from filtering.scoring.passages import ScoredSegments, find_passages, score_segments
from filtering.text.segments import LONG_BYTES
from tests.kit.dumps.long_texts import CUT, make_long_text
from tests.kit.dumps.odd_texts import CODE

TEXTS = (
    make_long_text(1),
    "A short one.",
    "Begin. " * 700 + "\n" * 5_000 + "End.",
    CODE * 60,
    "// Copyright 2001\n// All rights reserved.\n\n" + CODE * 50,
    "x" * LONG_BYTES,
    make_long_text(2).replace("\n", "\r\n").replace("e", "\x00é"),
)


@pytest.mark.parametrize("name", ["web", "code"])
def test_each_segment_has_the_points_of_its_text_as_a_document_of_its_own(name):
    scorer = load_scorer(name)
    found = score_segments(scorer, pa.array(TEXTS), np.ones(len(TEXTS), dtype=bool))
    spans = list(zip(found.row.tolist(), found.start.tolist(), found.stop.tolist(), strict=True))
    for place, (row, start, stop) in enumerate(spans):
        alone = scorer.score([TEXTS[row].encode()[start:stop]]).value
        np.testing.assert_array_equal(found.points[place : place + 1], alone)
    assert set(found.row.tolist()) == {0, 2, 3, 4, 6}
    assert np.isnan(found.points).sum() == sum(TEXTS[row].encode()[a:b].isspace() for row, a, b in spans) > 0
    best = found.best(len(TEXTS))
    assert np.isnan(best[[1, 5]]).all()
    assert best[0] == found.points[found.row == 0].max()


def test_documents_without_a_score_have_no_segments():
    texts = pa.array([TEXTS[0].encode(), b"\xff" * 9_000, b" " * 9_000, None])
    scorer = load_scorer("web")
    found = score_segments(scorer, texts, scorer.score(texts).reason == 0)
    assert set(found.row.tolist()) == {0}


def plain_passages(row, points, keep_at):
    """Return (document, first segment, last segment) of each run, one segment after the other."""
    runs = []
    for place, (document, value) in enumerate(zip(row, points, strict=True)):
        if not value >= keep_at:
            continue
        if runs and runs[-1][0] == document and runs[-1][2] == place - 1:
            runs[-1][2] = place
        else:
            runs.append([document, place, place])
    return runs


def test_passages_are_the_runs_that_reach_the_cut_with_the_mean_of_their_points_by_bytes():
    random = np.random.default_rng(0)
    row = np.repeat(np.arange(50), random.integers(0, 9, 50))
    sizes = random.integers(500, 2000, len(row))
    start = np.cumsum(sizes) - sizes
    points = random.choice(np.array([1, 2, 2.5, 3, 4, np.nan], np.float32), len(row))
    found = find_passages(ScoredSegments(row, start, start + sizes, points), CUT)
    runs = plain_passages(row.tolist(), points.tolist(), CUT)
    assert found.row.tolist() == [document for document, _, _ in runs]
    assert found.start.tolist() == [start[first] for _, first, _ in runs]
    assert found.stop.tolist() == [(start + sizes)[last] for _, _, last in runs]
    means = [np.average(points[a : b + 1], weights=sizes[a : b + 1]) for _, a, b in runs]
    np.testing.assert_allclose(found.points, means, rtol=1e-5)
    assert (found.points >= CUT).all()


def test_where_no_segment_reaches_the_cut_there_is_no_passage():
    none = ScoredSegments(np.zeros(1, int), np.zeros(1, int), np.ones(1, int), np.ones(1, np.float32))
    assert len(find_passages(none, CUT).row) == 0
    empty = ScoredSegments(*(np.zeros(0, int),) * 3, np.zeros(0, np.float32))
    assert len(find_passages(empty, CUT).row) == 0
