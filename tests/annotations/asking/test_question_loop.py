"""Proves that questions are asked again where that helps, within the budget, and stopped when in vain."""

import asyncio
import sqlite3
import time
from concurrent.futures import Future
from dataclasses import replace
from itertools import chain, cycle

import numpy as np
import pytest

from annotations.asking.annotator import Reply, Unanswered
from annotations.asking.journal import Journal, Question, window_digest
from annotations.asking.prices import Price
from annotations.asking.question_loop import (
    LAST_REPLIES,
    SILENT_IN_A_ROW,
    UNUSABLE_AT_FIRST,
    PricedQuestion,
    ask_all,
)
from annotations.asking.settings import Limits, Rater
from annotations.asking.unusable import Wanted
from filtering.errors import EndpointError, RunError
from pipelines.progress import ReplyMeter
from tests.kit.scripted.fakes import FakeAnnotator

PRICE = Price(1.0, 2.0)
RATER = Rater("fake", None, 50)
QUICK = {"first_wait_s": 0.0005, "longest_wait_s": 0.002}
SAID = []
GOOD = Reply("ok", {"educational_value": 3}, tokens_in=80, tokens_out=20)


def tasks(count, *, prompt_bytes=400, price=PRICE):
    windows = [f"document {number}" for number in range(count)]
    return [
        PricedQuestion(Question("rubric", RATER, window_digest(window)), window, prompt_bytes, price)
        for window in windows
    ]


def ask(journal, answer, *, count=10, todo=None, **limits):
    seen = []
    whole = ask_all(
        tasks(count) if todo is None else todo,
        [FakeAnnotator(answer, RATER)],
        journal,
        Limits(**{**QUICK, **limits}),
        lambda reply, spent: seen.append((reply.status, spent)),
        SAID.append,
    )
    return whole, seen


@pytest.fixture
def journal(tmp_path):
    with Journal(tmp_path / "journal.sqlite") as journal:
        yield journal


class Failing:
    """Answers a window after some failures."""

    def __init__(self, failures, error=None):
        self.failures, self.error, self.asked = failures, error or Unanswered("500"), {}

    def __call__(self, window):
        self.asked[window] = self.asked.get(window, 0) + 1
        if self.asked[window] <= self.failures:
            raise self.error
        return GOOD


def test_each_question_is_asked_once_and_each_reply_kept(journal):
    answer = Failing(0)
    whole, seen = ask(journal, answer, count=50, concurrency=8)
    assert whole
    assert set(answer.asked.values()) == {1}
    assert [status for status, _ in seen] == ["ok"] * 50
    assert all(journal.is_finished(task.question) for task in tasks(50))
    assert journal.spent_usd() == pytest.approx(50 * PRICE.of(80, 20))
    assert seen[-1][1] == pytest.approx(journal.spent_usd())


def test_no_more_are_asked_at_a_time_than_is_allowed(journal):
    class Counting(FakeAnnotator):
        now = most = 0

        async def annotate(self, window):
            Counting.now += 1
            Counting.most = max(Counting.most, Counting.now)
            await asyncio.sleep(0.001)
            Counting.now -= 1
            return GOOD

    ask_all(tasks(40), [Counting(GOOD, RATER)], journal, Limits(concurrency=7), lambda *_: None, SAID.append)
    assert Counting.most == 7


def test_it_is_told_how_many_questions_are_asked_again_until_none_is(journal):
    counts = []
    ask_all(
        tasks(3),
        [FakeAnnotator(Failing(2), RATER)],
        journal,
        Limits(concurrency=3, **QUICK),
        lambda *_: None,
        SAID.append,
        again=counts.append,
    )
    assert (max(counts), counts[-1]) == (3, 0)
    meter = ReplyMeter(3, 0, 0.0)
    meter.ask_again(2)
    assert meter.line() == "0 of 3 labels, working on the first labels, asked again: 2"


def test_a_question_that_fails_for_a_while_is_answered(journal):
    answer = Failing(3)
    ask(journal, answer, attempts=4)
    assert set(answer.asked.values()) == {4}
    assert {row["status"] for row in journal.ratings()} == {"ok"}


def test_trouble_is_told_at_once_and_each_kind_once(journal):
    SAID.clear()
    ask(journal, Failing(2, Unanswered("503 busy")), count=5)
    assert SAID == ["Asking again: 503 busy"]


def test_a_question_that_fails_for_good_is_an_error_that_is_asked_again_next_time(journal):
    answer = Failing(3)
    whole, seen = ask(journal, answer, count=3, attempts=2)
    assert whole
    assert [status for status, _ in seen] == ["api_error"] * 3
    assert journal.spent_usd() == 0
    assert not any(journal.is_finished(task.question) for task in tasks(3))
    ask(journal, answer, count=3, attempts=2)
    assert {row["status"] for row in journal.ratings()} == {"ok"}


def test_a_wait_that_the_server_asks_for_is_kept_and_holds_for_all(journal):
    asked_s = []

    def answer(_):
        asked_s.append(time.monotonic())
        if len(asked_s) == 1:
            raise Unanswered("429", retry_after_s=0.2)
        return GOOD

    ask(journal, answer, count=3, concurrency=3)
    assert len(asked_s) == 4
    assert all(later - asked_s[0] >= 0.2 for later in asked_s[1:])


def test_what_may_have_been_paid_without_an_answer_counts_as_spent_at_its_most(journal):
    ask(journal, Failing(2, Unanswered("cut", may_be_paid=True)), count=1)
    assert journal.spent_usd() == pytest.approx(2 * PRICE.of(400, 50) + PRICE.of(80, 20))


def test_a_reply_without_usage_costs_the_most_that_it_can(journal):
    ask(journal, lambda _: Reply("ok", {"educational_value": 3}), count=4)
    assert journal.spent_usd() == pytest.approx(4 * PRICE.of(400, 50))


@pytest.mark.parametrize("seed", range(8))
def test_the_budget_is_never_overshot_whatever_replies_cost(journal, seed):
    random = np.random.default_rng(seed)

    def answer(_):
        kind = random.random()
        if kind < 0.2:
            raise Unanswered("cut", may_be_paid=True)
        if kind < 0.3:
            return Reply("ok", {"educational_value": 1})
        return Reply(
            "unparseable" if kind < 0.4 else "ok", tokens_in=int(random.integers(0, 401)), tokens_out=9
        )

    budget = float(random.uniform(0.001, 0.02))
    whole, seen = ask(journal, answer, count=60, concurrency=16, budget_usd=budget, attempts=30)
    assert journal.spent_usd() <= budget
    assert max((spent for _, spent in seen), default=0) <= budget
    if not whole:  # what is left could not have held another question
        assert journal.spent_usd() + PRICE.of(400, 50) > budget


def test_a_larger_budget_goes_on_where_a_smaller_one_ended(journal):
    answer, each = Failing(0), PRICE.of(400, 50)
    assert not ask(journal, answer, budget_usd=2 * each)[0]
    half = set(answer.asked)
    assert 0 < len(half) < 10
    rest = [task for task in tasks(10) if not journal.is_finished(task.question)]
    assert ask(journal, answer, todo=rest, budget_usd=1.0)[0]
    assert set(answer.asked.values()) == {1}


def test_what_was_in_flight_when_a_run_was_killed_counts_against_the_budget(journal):
    journal.ask(Question("rubric", RATER, "killed"), PRICE.of(400, 50))
    assert not ask(journal, Failing(0), count=1, budget_usd=1.5 * PRICE.of(400, 50))[0]
    assert ask(journal, Failing(0), count=1, budget_usd=2 * PRICE.of(400, 50))[0]


def test_a_wrong_key_ends_everything_at_once(journal):
    def answer(_):
        raise EndpointError("401")

    with pytest.raises(EndpointError):
        ask(journal, answer, count=1000)
    assert not journal.ratings()
    assert journal.spent_usd() == 0


def test_an_endpoint_that_is_gone_ends_the_run_after_some_questions(journal):
    with pytest.raises(RunError, match=f"{SILENT_IN_A_ROW} questions in a row"):
        ask(journal, Failing(99), count=1000, attempts=2, concurrency=2)
    assert len(journal.ratings()) < 2 * SILENT_IN_A_ROW


def test_a_model_that_cannot_answer_by_the_rubric_is_not_paid_for_a_whole_sample(journal):
    kinds = [Reply("unparseable", error="no JSON object"), Reply("too_long", error="cut by the limit")]
    replies = cycle([kinds[0], kinds[0], kinds[1]])
    with pytest.raises(RunError) as caught:
        ask(journal, lambda _: next(replies), count=1000, concurrency=1)
    assert f"Of the last {UNUSABLE_AT_FIRST} of fake {UNUSABLE_AT_FIRST} do not: " in str(caught.value)
    assert "17 x no JSON object; 8 x cut by the limit. Try a model that follows orders" in str(caught.value)
    assert "max_reply_tokens" in str(caught.value)
    assert len(journal.ratings()) == UNUSABLE_AT_FIRST


def test_a_model_that_loses_its_way_later_is_stopped_too(journal):
    replies = chain([GOOD] * 300, cycle([GOOD, *[Reply("refused", error="the model would not")] * 2]))
    with pytest.raises(RunError, match=f"Of the last {LAST_REPLIES} of fake 51 do not: 51 x the model would"):
        ask(journal, lambda _: next(replies), count=1000, concurrency=1)
    assert 300 < len(journal.ratings()) < 400


def test_half_of_the_replies_without_a_label_end_nothing(journal):
    replies = cycle([GOOD, Reply("unparseable")])
    assert ask(journal, lambda _: next(replies), count=300, concurrency=1)[0]


def test_where_more_replies_may_be_unusable_more_are_asked_for(journal):
    replies = cycle([GOOD, *[Reply("unparseable", error="too short")] * 7])
    wanted = Wanted("Replies must be texts.", "They count as answered.", {}, most_unusable=0.9)
    asked = FakeAnnotator(lambda _: next(replies), RATER)
    limits = Limits(concurrency=1)
    assert ask_all(tasks(300), [asked], journal, limits, lambda *_: None, SAID.append, wanted)
    none = FakeAnnotator(lambda _: Reply("unparseable", error="too short"), RATER)
    todo = [replace(task, question=replace(task.question, repeat=2)) for task in tasks(300)]
    with pytest.raises(RunError, match=r"must be texts\. Of the last 25 of fake 25 do not: 25 x too short"):
        ask_all(todo, [none], journal, limits, lambda *_: None, SAID.append, wanted)


def test_of_two_models_the_one_that_cannot_is_found(journal):
    other = Rater("other", None, 50)
    todo = [
        one
        for task in tasks(500)
        for one in (task, replace(task, question=replace(task.question, rater=other)))
    ]
    bad = FakeAnnotator(lambda _: Reply("unparseable", error="no JSON object"), other)
    with pytest.raises(RunError, match=f"of other {UNUSABLE_AT_FIRST} do not"):
        ask_all(
            todo,
            [FakeAnnotator(lambda _: GOOD, RATER), bad],
            journal,
            Limits(concurrency=1),
            lambda *_: None,
            SAID.append,
        )


def test_an_interrupted_run_keeps_what_was_answered(journal):
    replies = iter([GOOD] * 5)

    def answer(_):
        try:
            return next(replies)
        except StopIteration:
            raise KeyboardInterrupt from None

    with pytest.raises(KeyboardInterrupt):
        ask(journal, answer, count=20, concurrency=1)
    assert sum(journal.is_finished(task.question) for task in tasks(20)) == 5


def test_it_works_in_a_notebook_where_a_loop_runs_already(journal):
    async def cell():
        return ask(journal, Failing(1), count=20)

    whole, seen = asyncio.run(cell())
    assert whole
    assert [status for status, _ in seen] == ["ok"] * 20


def test_an_interrupt_in_a_notebook_ends_it_after_what_is_being_asked(journal, monkeypatch):
    answer, result = Failing(0), Future.result

    def interrupted(self, timeout=None):
        while len(answer.asked) < 5:
            time.sleep(0.001)
        monkeypatch.setattr(Future, "result", result)
        raise KeyboardInterrupt

    class Slow(FakeAnnotator):
        async def annotate(self, window):
            await asyncio.sleep(0.01)
            return self.answer(window)

    async def cell():
        monkeypatch.setattr(Future, "result", interrupted)
        ask_all(
            tasks(10_000), [Slow(answer, RATER)], journal, Limits(concurrency=4), lambda *_: None, SAID.append
        )

    with pytest.raises(KeyboardInterrupt):
        asyncio.run(cell())
    assert 5 <= len(journal.ratings()) < 100


def test_a_question_is_noted_before_it_is_sent(tmp_path):
    path = tmp_path / "journal.sqlite"

    def answer(_):
        with sqlite3.connect(path) as other:
            noted.append(other.execute("SELECT COUNT(*) FROM asked").fetchone()[0])
        other.close()
        return GOOD

    noted = []
    with Journal(path) as journal:
        ask(journal, answer, count=3, concurrency=1)
        assert noted == [1, 1, 1]
