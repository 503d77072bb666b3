"""Proves that no way to choose passes its budget and that bounds hold, whatever slices and sizes are."""

from dataclasses import dataclass, replace
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filtering.errors import SettingsError
from pipelines import RecutConfig
from pipelines.choosing import budgets
from pipelines.choosing.budgets import Ranked, codes_of
from pipelines.choosing.chosen import count_chosen
from pipelines.choosing.rules import plain_rule, rule_of
from pipelines.choosing.scored_rows import Pool, ScoredRows
from pipelines.choosing.whole_documents import Budgets, ends_of, reached, spent

SLICES = 4
FEW_COUNTERS = 1 << 10
"""So that few rows are counted in little time; `test_budgets.py` has them many and few."""
SIZES = st.one_of(st.integers(1, 60), st.integers(400, 4000))
ROW = st.tuples(
    st.integers(0, SLICES - 1),
    st.one_of(st.none(), st.sampled_from([0.0, 2.5, 5.0]), st.floats(0, 5, width=32)),
    SIZES,
)
PARTS = st.lists(st.lists(ROW, max_size=20), min_size=1, max_size=3)


@pytest.fixture(scope="module", autouse=True)
def few_counters():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(budgets, "COUNTERS", FEW_COUNTERS)
        yield


@dataclass(frozen=True)
class HeldPool(Pool):
    """A pool whose rows are in memory."""

    held: tuple = ()

    def __iter__(self):
        for number, rows in enumerate(self.held):
            group, score, size = zip(*rows, strict=True) if rows else ((), (), ())
            score = [np.nan if one is None else one for one in score]
            # Of a part only what chances follow from is asked.
            part = SimpleNamespace(relative="a", first_row=100 * number, rows=len(rows))
            yield ScoredRows(
                part, np.array(score, np.float32), np.array(size, np.int64), np.array(group, np.int64)
            )


def pool_of(parts):
    names = tuple(f"slice {number}" for number in range(SLICES))
    return HeldPool(folder=None, parts=None, slices=names, held=tuple(parts))


def chosen_of(pool, config):
    """Return how often each row is used, and slice, score and size of each."""
    times_of = rule_of(pool, config, None).begin()
    times = np.concatenate([times_of(rows) for rows in pool]).astype(np.int64)
    held = [(rows.group, rows.score, rows.size) for rows in pool]
    return times, *(np.concatenate(column) for column in zip(*held, strict=True))


BOUNDS = st.fixed_dictionaries(
    {
        "floor": st.sampled_from([None, None, 1.0, 2.5]),
        "by": st.sampled_from([None, "x", "x"]),
        "share_at_least": st.sampled_from([None, None, 0.01, 0.1]),
        "at_most": st.sampled_from([None, None, 0.5, 0.8]),
        "balance": st.booleans(),
        "way": st.sampled_from(["cut", "draw", "curve"]),
    }
)


@settings(max_examples=300, deadline=None)
@given(parts=PARTS, asked=BOUNDS, share=st.floats(0.01, 1))
def test_a_budget_of_tokens_is_never_passed_and_bounds_by_slice_hold(parts, asked, share):
    pool, floor = pool_of(parts), np.float32(asked["floor"] or 0)
    there = sum(row[2] for rows in parts for row in rows if row[1] is not None)
    budget = max(share * there, 1) / 4
    changes = {"keep_tokens": budget, "floor": asked["floor"]}
    least = 0.0
    if asked["by"]:
        least = (asked["share_at_least"] or 0) * budget
        changes |= {"by": "x", "at_most": asked["at_most"], "balance": asked["balance"]}
        changes |= {"at_least": least} if least >= 1 else {}
    changes |= {"cut": {}, "draw": {"temperature": 1.0}, "curve": {"curve": True}}[asked["way"]]
    config = RecutConfig(run="a", to="b", **changes)
    try:
        times, group, score, size = chosen_of(pool, config)
    except SettingsError:
        return  # of which `test_choice_refusals.py` tells
    used = times * size
    assert used.sum() <= 4 * budget
    assert not times[np.isnan(score) | (score < floor)].any()
    good = ~np.isnan(score) & (score >= floor)
    largest = int(size[good].max(initial=0))
    if "at_most" not in changes or changes["at_most"] is None:
        assert int(4 * budget) - used.sum() < max(largest, 1)
    for number in range(SLICES if asked["by"] else 0):
        mine = good & (group == number)
        if changes["at_most"] is not None:
            assert used[mine].sum() <= changes["at_most"] * 4 * budget
        if "at_least" in changes:
            # How much a curve may use depends on its classes: the best document is of the best.
            best = size[mine][score[mine] == score[mine].max(initial=-1)].max(initial=0)
            all_of_it = 7 * int(best) if asked["way"] == "curve" else size[mine].sum()
            assert used[mine].sum() >= min(4 * least, all_of_it)
        if asked["way"] == "cut":
            best = np.flatnonzero(mine)[np.argsort(-score[mine], kind="stable")]
            assert (np.diff(times[best]) <= 0).all()


@settings(max_examples=200, deadline=None)
@given(parts=PARTS, wanted=st.lists(st.floats(0, 1), min_size=SLICES, max_size=SLICES))
def test_each_slice_is_within_a_document_of_its_budget(parts, wanted):
    ranked = [Ranked(rows.group, codes_of(np.nan_to_num(rows.score)), rows.size) for rows in pool_of(parts)]
    sizes = sum(np.bincount(one.group, one.size, SLICES) for one in ranked).astype(np.int64)
    amounts = (np.array(wanted) * sizes).astype(np.int64)
    taker = spent(lambda: ranked, ends_of(lambda: ranked, Budgets(amounts, sizes)))
    assert taker.used.sum() <= amounts.sum()
    for number in range(SLICES):
        largest = max((int(one.size[one.group == number].max(initial=0)) for one in ranked), default=0)
        assert abs(int(taker.used[number]) - int(amounts[number])) < max(largest, 1)
    least = reached(lambda: ranked, amounts)
    assert ((amounts <= least) & (least <= sizes)).all()


def test_a_slice_that_is_owed_most_of_a_document_gets_it():
    ranked = [
        Ranked(
            np.array([0, 0, 1, 2]), codes_of(np.array([5, 4, 3, 2], np.float32)), np.array([50, 50, 80, 90])
        )
    ]
    budgets = Budgets(np.array([60, 70, 20]), np.array([100, 80, 90]))
    assert spent(lambda: ranked, ends_of(lambda: ranked, budgets)).used.tolist() == [50, 80, 0]


def test_at_least_goes_on_past_a_long_document_and_is_refused_where_whole_documents_do_not_fit():
    rows = [(0, 5.0, 40), (0, 4.0, 4000), (0, 3.0, 40), (1, 5.0, 400), (1, 4.0, 20_000)]
    config = RecutConfig(run="a", to="b", by="x", keep_tokens=3000.0, at_least=50.0)
    times, group, _, size = chosen_of(pool_of([rows]), config)
    assert (times * size)[group == 0].sum() >= 4040
    tight = config.model_copy(update={"keep_tokens": 1000.0})
    with pytest.raises(SettingsError, match="1,110 together in whole documents"):
        rule_of(pool_of([rows]), tight, None)


def test_a_choice_is_counted_as_it_is_made():
    pool = pool_of([[(0, 5.0, 40), (1, 4.0, 40), (1, 3.0, 80)]])
    config = RecutConfig(run="a", to="b", by="x", keep_tokens=20.0)
    found = count_chosen(pool, rule_of(pool, config, None), plain_rule(pool, config))
    assert found.total.chosen.tokens <= 20
    assert replace(found.total.chosen, points=0).documents == 2
