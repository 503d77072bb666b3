"""Proves that values with large arrays are one line at a prompt."""

import numpy as np
import pytest

from annotations import Labels
from filtering import load_scorer


@pytest.mark.parametrize("name", ["web", "code"])
def test_a_scorer_and_what_it_is_made_of_are_one_line(name):
    scorer = load_scorer(name)
    for value in (scorer, scorer.linear, scorer.linear.vectors, scorer.novelty, scorer.calibration):
        assert len(repr(value)) < 400
        assert "\n" not in repr(value)
    assert repr(scorer).startswith(f"SignalScorer(domain={name!r}")
    assert f"digest='{scorer.digest[:12]}'..." in repr(scorer)


def test_large_arrays_are_told_by_their_size_and_small_ones_shown():
    few, many = (repr(load_scorer("web").score(["one text"] * count)) for count in (2, 2000))
    assert "reason=[0, 0]" in few
    assert "value=<float32 (2000,)>" in many


def test_labels_show_no_text():
    labels = Labels(
        texts=["a text that nobody is to see"] * 9,
        scores=np.zeros(9),
        groups=("site",) * 9,
        unbiased=np.ones(9, dtype=bool),
        slices={},
    )
    assert "nobody" not in repr(labels)
    assert "groups=<9 items>" in repr(labels)
