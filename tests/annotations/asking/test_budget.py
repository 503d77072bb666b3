"""Proves that questions go out evenly, and that a budget holds whatever they cost, in whatever order."""

import asyncio
from types import SimpleNamespace

import numpy as np
import pytest

from annotations import Price
from annotations.asking import budget
from annotations.asking.budget import Budget, BudgetSpent, Pace
from filtering.errors import SettingsError


class ClockLoop(asyncio.SelectorEventLoop):
    """An event loop whose time passes only while all wait, and then at once."""

    def __init__(self):
        super().__init__()
        self.now_s = 1000.0
        look = self._selector.select

        def select(timeout):
            self.now_s += timeout or 0.0
            return look(0)

        self._selector.select = select

    def time(self):
        return self.now_s


@pytest.fixture
def run(monkeypatch):
    """Return a function that runs a coroutine by a clock of its own."""

    def run_by_clock(work):
        with asyncio.Runner(loop_factory=ClockLoop) as runner:
            clock = SimpleNamespace(monotonic=runner.get_loop().time)
            monkeypatch.setattr(budget, "time", clock)
            return runner.run(work)

    return run_by_clock


async def times_of(pace, amounts, *, delays=None):
    """Return when each amount went out, in seconds after the start; all are asked for at once or delayed."""
    clock = asyncio.get_running_loop().time
    start_s = clock()

    async def take(amount, delay_s):
        await asyncio.sleep(delay_s)
        await pace.take(amount)
        return clock() - start_s

    delays = delays or [0.0] * len(amounts)
    return await asyncio.gather(*map(take, amounts, delays))


def test_amounts_go_out_evenly(run):
    assert run(times_of(Pace(60), [1] * 5)) == pytest.approx([0, 1, 2, 3, 4], abs=1e-6)
    assert run(times_of(Pace(600), [1] * 4)) == pytest.approx([0, 0.1, 0.2, 0.3], abs=1e-6)


def test_a_large_amount_makes_the_next_one_wait_longer(run):
    assert run(times_of(Pace(6000), [100, 300, 50, 1])) == pytest.approx([0, 1, 4, 4.5], abs=1e-6)


def test_an_idle_time_is_not_made_up_for(run):
    found = run(times_of(Pace(60), [1] * 4, delays=[0.0, 10.0, 10.0, 10.5]))
    assert found == pytest.approx([0, 10, 11, 12], abs=1e-6)


def test_no_minute_lets_more_through_than_its_share(run):
    random = np.random.default_rng(0)
    amounts = random.uniform(1, 400, 300)
    times = np.array(run(times_of(Pace(1000), amounts, delays=random.uniform(0, 300, 300).tolist())))
    for start_s in times:
        within = (times >= start_s) & (times < start_s + 60)
        # The last one may go out within the minute and be counted for the next.
        assert amounts[within].sum() <= 1000 + amounts.max() + 1e-6


def test_without_a_limit_nothing_waits(run):
    assert run(times_of(Pace(None), [1, 1e9, 1])) == [0, 0, 0]


@pytest.mark.parametrize("per_minute", [None, 60])
def test_a_pause_holds(run, per_minute):
    async def paused():
        pace = Pace(per_minute)
        pace.pause(30)
        pace.pause(5)  # a shorter one does not end it
        return await times_of(pace, [1, 1])

    each = 1 if per_minute else 0
    assert run(paused()) == pytest.approx([30, 30 + each], abs=1e-6)


def test_a_pause_holds_those_that_wait_already(run):
    async def paused():
        pace = Pace(60)
        asyncio.get_running_loop().call_later(1.5, pace.pause, 30)
        return await times_of(pace, [1] * 4)

    assert run(paused()) == pytest.approx([0, 1, 31.5, 32.5], abs=1e-6)


def test_a_price_is_for_a_million_tokens_each_way():
    price = Price(0.15, 0.6)
    assert price.of(1_000_000, 0) == 0.15
    assert price.of(0, 1_000_000) == 0.6
    assert price.of(2_000, 50) == pytest.approx(0.0003 + 0.00003)
    assert Price(0.0, 0.0).of(10**9, 10**9) == 0


@pytest.mark.parametrize("seed", range(40))
def test_what_is_spent_and_set_aside_never_exceeds_the_limit(seed):
    random = np.random.default_rng(seed)
    # Whole parts of 64 add up exactly.
    limit, before = float(random.integers(1, 3000)) / 64, float(random.integers(0, 64)) / 64
    set_aside, refused = {}, []

    async def ask(number, budget):
        for _ in range(random.integers(0, 4)):
            await asyncio.sleep(0)
        most = float(random.integers(0, 200)) / 64
        try:
            await budget.reserve(most)
        except BudgetSpent:
            refused.append(number)
            assert not set_aside
            assert budget.spent_usd + most > limit
            return
        set_aside[number] = most
        assert budget.spent_usd + sum(set_aside.values()) <= max(limit, before)
        for _ in range(random.integers(0, 6)):
            await asyncio.sleep(0)
        price = float(random.integers(0, round(most * 64) + 1)) / 64
        settled.append(price)
        del set_aside[number]
        await budget.settle(most, price)
        assert budget.spent_usd + sum(set_aside.values()) <= max(limit, before)

    async def all_of_them():
        budget = Budget(limit, before)
        await asyncio.gather(*(ask(number, budget) for number in range(60)))
        return budget.spent_usd

    settled = []
    spent = asyncio.run(all_of_them())
    assert spent == before + sum(settled)
    assert len(settled) + len(refused) == 60


def test_a_question_waits_and_goes_on_where_others_cost_less_than_they_might_have():
    async def work():
        budget, done = Budget(1.0, 0.0), []
        await budget.reserve(0.75)

        async def second():
            await budget.reserve(0.5)
            done.append("second")

        waiting = asyncio.create_task(second())
        await asyncio.sleep(0)
        assert not done
        await budget.settle(0.75, 0.25)
        await waiting
        return done

    assert asyncio.run(work()) == ["second"]


def test_a_question_that_waited_is_refused_where_others_cost_their_most():
    async def work():
        budget = Budget(1.0, 0.0)
        await budget.reserve(0.75)
        waiting = asyncio.create_task(budget.reserve(0.5))
        await asyncio.sleep(0)
        await budget.settle(0.75, 0.75)
        with pytest.raises(BudgetSpent):
            await waiting
        await budget.reserve(0.25)  # what is left is still there for a smaller one

    asyncio.run(work())


def test_a_question_that_gave_up_waiting_holds_nothing():
    async def work():
        budget = Budget(1.0, 0.0)
        await budget.reserve(1.0)
        waiting = asyncio.create_task(budget.reserve(1.0))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        await budget.settle(1.0, 0.0)
        await budget.reserve(1.0)

    asyncio.run(work())


def test_what_was_spent_before_counts():
    async def work():
        with pytest.raises(BudgetSpent):
            await Budget(1.0, 0.75).reserve(0.5)
        await Budget(1.0, 0.5).reserve(0.5)

    asyncio.run(work())


def test_without_a_limit_all_may_be_asked_and_what_it_costs_is_counted():
    async def work():
        budget = Budget(None, 1.0)
        for most in (None, 5.0):
            await budget.reserve(most)
        await budget.settle(None, None)
        await budget.settle(5.0, 2.0)
        return budget.spent_usd

    assert asyncio.run(work()) == 3.0


def test_a_budget_without_prices_is_refused_with_the_option_to_give():
    with pytest.raises(SettingsError, match="--price"):
        asyncio.run(Budget(1.0, 0.0).reserve(None))
