"""Chains of the LEGO task follow from their clauses, and a probe trains a copy of a model on them."""

import numpy as np
import pytest

from filtering.errors import SettingsError
from pipelines.proof.finite_groups import D3, SIGNS, Group, dihedral
from pipelines.proof.language_model import SIZES, LanguageModel, new_model
from pipelines.proof.lego import (
    CLAUSE_END,
    CLAUSE_TOKENS,
    FIRST_ELEMENT,
    MARK,
    NOT_TOLD,
    ONE,
    Chains,
    Lego,
    draw_chains,
)
from pipelines.proof.lego_probe import probe_lego

TASKS = [Lego(12, 6), Lego(4, 2, D3, names=5), Lego(1, 1, dihedral(4), names=1)]
SMALL = Lego(2, 1, names=3)


def drawn(task: Lego, count: int = 300, seed: int = 0) -> Chains:
    return draw_chains(task, count, np.random.default_rng(seed))


def corners(group: Group, element: int) -> tuple[int, ...]:
    """Return where an element takes the corners of a polygon: what it means, without the table."""
    sides = group.size // 2
    turns, is_flip = element % sides, element >= sides
    return tuple((turns + (-corner if is_flip else corner)) % sides for corner in range(sides))


def readings(task: Lego, tokens: list[int]) -> list[list[tuple[int, ...]]]:
    """Return the clauses of the first reading, and of the second."""
    half = CLAUSE_TOKENS * task.variables
    assert tokens[half] == MARK
    both = []
    for part in (tokens[:half], tokens[half + 1 :]):
        clauses = [tuple(part[at : at + CLAUSE_TOKENS]) for at in range(0, half, CLAUSE_TOKENS)]
        assert {clause[-1] for clause in clauses} == {CLAUSE_END}
        both.append(clauses)
    return both


def chain_of(clauses: list[tuple[int, ...]], name: int) -> list[int]:
    """Return the factors of a variable, its own first, its root's last."""
    [(element, of)] = [clause[1:3] for clause in clauses if clause[0] == name]
    return [element - FIRST_ELEMENT, *([] if of == ONE else chain_of(clauses, of))]


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.group.name)
def test_each_value_follows_from_the_clauses(task):
    chains = drawn(task)
    assert chains.tokens.shape == (300, task.length)
    assert chains.tokens.max() < task.vocabulary
    for tokens, told_at, values in zip(
        chains.tokens.tolist(), chains.told_at.tolist(), chains.values.tolist(), strict=True
    ):
        first, second = readings(task, tokens)
        assert sorted(first) == sorted(second)
        for place, (at, value) in enumerate(zip(told_at, values, strict=True)):
            assert tuple(tokens[at - 2 : at + 2]) in second
            factors = chain_of(first, tokens[at - 2])
            assert len(factors) == place + 1
            if task.group is SIGNS:
                assert value == sum(factors) % 2
            else:
                where = range(task.group.size // 2)
                for factor in reversed(factors):
                    where = [corners(task.group, factor)[corner] for corner in where]
                assert tuple(where) == corners(task.group, value)


def names_by_place(chains: Chains) -> np.ndarray:
    return np.take_along_axis(chains.tokens, chains.told_at - 2, axis=1)


def test_the_two_readings_have_orders_of_their_own():
    task = Lego(3, 3)
    chains = drawn(task)
    first = chains.tokens[:, : CLAUSE_TOKENS * 3 : CLAUSE_TOKENS]
    places = (first[:, :, None] == names_by_place(chains)[:, None, :]).argmax(axis=2)
    places_again = chains.told_at.argsort(axis=1)
    both = {(*a, *b) for a, b in zip(places.tolist(), places_again.tolist(), strict=True)}
    assert len(both) == 6 * 6


def test_names_and_values_are_each_as_likely_as_the_others():
    chains = drawn(Lego(4, 4, D3, names=5), 6000)
    names = names_by_place(chains)
    for place in range(4):
        assert np.bincount(chains.values[:, place], minlength=6) == pytest.approx(np.full(6, 1000), rel=0.15)
        counts = np.bincount(names[:, place] - names.min())
        assert counts == pytest.approx(np.full(5, 1200), rel=0.15)


def test_a_seed_draws_the_same_chains_again_and_another_draws_others():
    first, again, other = (drawn(Lego(12, 6), seed=seed).tokens for seed in (3, 3, 4))
    assert (first == again).all()
    assert (first != other).any()


def test_labels_stand_in_place_of_the_ends_of_the_first_clauses_of_a_chain():
    task = Lego(5, 2, D3)
    chains = drawn(task)
    labels = chains.labels(2)
    assert ((labels != NOT_TOLD).sum(axis=1) == 2).all()
    assert (chains.tokens[labels != NOT_TOLD] == CLAUSE_END).all()
    for place in (0, 1):
        told = np.take_along_axis(labels, chains.told_at[:, place : place + 1] + 1, axis=1)[:, 0]
        assert (told == FIRST_ELEMENT + chains.values[:, place]).all()


@pytest.mark.parametrize("sides", [3, 4, 5])
def test_a_product_in_a_dihedral_group_does_its_right_factor_first(sides):
    group = dihedral(sides)
    assert group.table[1][sides] != group.table[sides][1]
    for first in range(group.size):
        for then in range(group.size):
            after = tuple(corners(group, then)[corner] for corner in corners(group, first))
            assert corners(group, group.table[then][first]) == after


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ((), "neutral"),
        (((0, 1), (1,)), "row 1 has 1 columns"),
        (((0, 1), (1, 2)), "1 times 1 must be an element below 2. Got 2"),
        (((0, 1), (1, -1)), "Got -1"),
        (((0, 0), (1, 1)), "neutral"),
        (((0, 1), (1, 1)), "Element 1 has no inverse"),
        (((0, 1, 2), (1, 0, 0), (2, 0, 0)), "(1 times 1) times 2 is not 1 times (1 times 2)"),
    ],
)
def test_a_table_that_is_no_group_is_refused_with_the_reason(table, says):
    with pytest.raises(SettingsError) as caught:
        Group("mine", table)
    assert says in str(caught.value)
    assert "'mine'" in str(caught.value)


@pytest.mark.parametrize(("variables", "trained", "names"), [(4, 5, 26), (4, 0, 26), (27, 1, 26), (0, 0, 5)])
def test_a_task_that_cannot_be_is_refused(variables, trained, names):
    with pytest.raises(SettingsError, match=f"{trained}, {variables} and {names}"):
        Lego(variables, trained, names=names)


@pytest.fixture(scope="module")
def toy() -> LanguageModel:
    return new_model(SIZES["toy"], seed=0, device="cpu")


def test_a_probe_learns_the_root_and_leaves_its_model_as_it_was(toy):
    before = {name: weights.clone() for name, weights in toy.network.state_dict().items()}
    found = probe_lego(toy, SMALL, steps=60, seed=0, batch=64, learning_rate=1e-2, looks=3)
    assert found.shape == (3, 2)
    assert found[-1, 0] > 0.9
    after = toy.network.state_dict()
    assert all((before[name] == after[name]).all() for name in before)
    assert toy.network.config.vocab_size == SIZES["toy"].vocabulary


def test_figures_are_those_of_the_seed_and_of_what_layers_were_before(toy):
    def figures(model: LanguageModel, seed: int) -> list[float]:
        return probe_lego(model, SMALL, steps=10, seed=seed, batch=32, learning_rate=1e-2).ravel().tolist()

    first = figures(toy, 1)
    assert figures(toy, 1) == first
    assert figures(toy, 2) != first
    assert figures(new_model(SIZES["toy"], seed=9, device="cpu"), 1) != first
