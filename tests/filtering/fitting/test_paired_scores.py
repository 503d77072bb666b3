"""Proves which documents of a pool are evidence for exits: none that the stages were fitted to a copy of."""

import numpy as np
import pytest

from filtering.errors import LabelsError
from filtering.fitting.paired_scores import first_of_groups, pair
from tests.kit.scorers.fitted import embedded_data, made_embedding_scorer

LABELLED = 250


def made_pool(distinct, copies, of_labels):
    """Return documents of which the last ones are near-duplicates of the first ones, and of labels."""
    random = np.random.default_rng(0)
    texts = [" ".join(f"w{number}" for number in random.integers(0, 9999, size=60)) for _ in range(distinct)]
    labels = [text.decode() for text in embedded_data(LABELLED).texts[:of_labels]]
    copied = [f"{text} indeed" for text in (*texts[:copies], *labels)]
    return [text.encode() for text in (*texts, *copied)]


def paired(documents, groups):
    scorer, data = made_embedding_scorer("ridge"), embedded_data(LABELLED)
    return pair(scorer, documents, groups, data, recipe="linear", head="ridge")


def test_exact_bounds_rest_on_one_of_near_duplicates_and_on_none_of_a_label():
    documents = made_pool(1500, 100, 50)
    found = paired(documents, [f"other-{number}" for number in range(len(documents))])
    assert found.is_exact
    assert len(found) == 1500


def test_stages_fitted_anew_are_judged_on_no_near_duplicate_of_a_label_either():
    documents = made_pool(800, 50, 50)
    sites = embedded_data(LABELLED).groups
    found = paired(documents, [sites[number % LABELLED] for number in range(len(documents))])
    assert not found.held_out
    assert len(found) == 800


def test_near_duplicates_make_no_pool_large_enough():
    documents = made_pool(700, 300, 100)
    with pytest.raises(LabelsError, match=r"no near-duplicates .* Found 700\."):
        paired(documents, [f"other-{number}" for number in range(len(documents))])


def test_the_first_of_each_group_that_is_not_known_is_taken():
    order = np.array([4, 2, 0, 3, 1])
    assert first_of_groups(order, ["a", "b", "c", "a", "b"], {"c"}).tolist() == [4, 0]
    assert first_of_groups(order, [7, 8, 9, 7, 8], ()).tolist() == [4, 2, 0]
