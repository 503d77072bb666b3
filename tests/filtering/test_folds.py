"""Proves that folds follow the written rule, so that figures of different programs can be compared."""

import hashlib
from collections import Counter

import numpy as np
import pytest

from filtering.folds import ASSIGNMENTS, FOLDS, fold_assignment

GROUPS = [f"site-{number}.example" for number in range(2_000)] + ["", "\u6771\u4eac", "a b"]


def by_the_rule(name):
    return int(hashlib.sha256(name.encode()).hexdigest()[:8], 16) % 5


def test_the_first_assignment_hashes_the_group_alone():
    assert fold_assignment(GROUPS, 0).tolist() == [by_the_rule(group) for group in GROUPS]


@pytest.mark.parametrize("number", range(1, ASSIGNMENTS))
def test_other_assignments_prefix_the_group_with_their_number(number):
    assert fold_assignment(GROUPS, number).tolist() == [by_the_rule(f"{number}:{group}") for group in GROUPS]


def test_a_fold_by_hand():
    assert hashlib.sha256(b"example.org").hexdigest().startswith("bfabc374")
    assert 0xBFABC374 == 3_215_704_948
    assert fold_assignment(["example.org"], 0).tolist() == [3]


def test_folds_are_near_a_fifth_each():
    counts = Counter(fold_assignment(GROUPS, 0).tolist())
    assert set(counts) == set(range(FOLDS))
    assert all(300 < count < 500 for count in counts.values())


def test_documents_of_one_group_never_part():
    folds = fold_assignment(["a", "b", "a", "c", "b", "a"], 2)
    assert folds[0] == folds[2] == folds[5]
    assert folds[1] == folds[4]


@pytest.mark.parametrize("number", range(ASSIGNMENTS))
def test_inner_folds_split_every_outer_fold_evenly(number):
    outer, inner = fold_assignment(GROUPS, number), fold_assignment(GROUPS, "inner")
    table = np.zeros((FOLDS, FOLDS))
    np.add.at(table, (outer, inner), 1)
    assert table.min() > 40  # 80 on average; were they not independent, some would be empty


def test_no_groups_give_no_folds():
    assert fold_assignment([], 0).shape == (0,)
    assert fold_assignment([], 0).dtype == np.int64
