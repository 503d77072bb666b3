"""Proves that forms of reply are tried from strict to loose, and that one which was taken stays."""

import pytest

from annotations.asking.reply_forms import FORM_REFUSED, LIMITS, WAYS, Ladder


def refused(*statuses):
    """Return what is to be done after each refusal, and the ladder after all of them."""
    ladder = Ladder()
    return [ladder.step_down(status) for status in statuses], ladder


def test_the_strictest_form_is_asked_for_first():
    assert Ladder().way == WAYS[0]
    assert not Ladder().is_settled


@pytest.mark.parametrize("status", sorted(FORM_REFUSED))
def test_each_refusal_leads_to_the_next_looser_form(status):
    ladder, seen = Ladder(), []
    while ladder.step_down(status) == "looser":
        seen.append(ladder.way)
    assert tuple(seen) == WAYS[1:]


def test_a_document_that_is_refused_in_every_form_is_given_up_and_the_next_begins_at_the_top():
    steps, ladder = refused(*[400] * len(WAYS))
    assert steps == ["looser"] * 3 + ["none"]
    assert ladder.way == WAYS[0]
    assert not ladder.is_settled


def test_a_form_is_left_after_the_second_500_alone():
    steps, ladder = refused(500, 500, 500)
    assert steps == ["again", "looser", "again"]
    assert ladder.way == WAYS[1]


def test_a_500_in_every_form_is_asked_again_and_not_given_up():
    steps, ladder = refused(*[500] * 2 * len(WAYS))
    assert steps == ["again", "looser"] * 3 + ["again", "again"]
    assert ladder.way == WAYS[0]


def test_a_refusal_in_between_forgets_a_500():
    steps, ladder = refused(500, 400, 500)
    assert steps == ["again", "looser", "again"]
    assert ladder.way == WAYS[1]


def test_a_form_that_was_taken_stays_whatever_is_answered_later():
    _, ladder = refused(400)
    assert ladder.may_refuse(400)
    assert ladder.may_refuse(500)
    assert not ladder.may_refuse(429)
    ladder.settle()
    assert ladder.is_settled
    assert ladder.way == WAYS[1]
    assert not ladder.may_refuse(400)
    assert not ladder.may_refuse(500)


@pytest.mark.parametrize("words", [f"Unknown field: {LIMITS[0]}", f"{LIMITS[1]}: Field required"])
def test_a_refusal_that_speaks_of_the_limit_changes_its_name_and_nothing_else(words):
    ladder = Ladder()
    assert ladder.step_down(422, words) == "renamed"
    assert (ladder.way, ladder.limit) == (WAYS[0], LIMITS[1])
    assert ladder.step_down(400, "no such response_format") == "looser"
    assert (ladder.way, ladder.limit) == (WAYS[1], LIMITS[1])


def test_a_server_that_wants_the_first_name_after_all_gets_it():
    ladder = Ladder()
    ladder.step_down(400, f"{LIMITS[0]} is too large")
    ladder.step_down(400, f"{LIMITS[1]} is not supported. Use {LIMITS[0]} instead.")
    assert (ladder.way, ladder.limit) == (WAYS[1], LIMITS[0])


def test_a_server_that_speaks_of_the_limit_for_ever_comes_to_an_end():
    ladder, steps = Ladder(), []
    while not steps or steps[-1] != "none":
        steps.append(ladder.step_down(400, LIMITS[0]))
    assert steps == ["renamed", *["looser"] * (len(WAYS) - 1), "none"]
    assert (ladder.way, ladder.limit) == (WAYS[0], LIMITS[0])
