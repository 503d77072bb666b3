"""Proves that canaries differ from plain documents by planted orders alone, and what is counted of them."""

import pytest

from annotations import load_rubric
from annotations.asking.canaries import CanaryResult, canaries_for, judge_canaries
from annotations.asking.prompt import read_reply
from filtering.text.windows import WINDOW

RUBRICS = ("web", "code", "story")
PLACES = {"plain order": "end", "false reply": "end", "false end": "middle", "flattery": "start"}


def planted_lines(canary):
    """Return the lines before, of and after the order; those around it are the plain document."""
    plain, planted = canary.plain.split("\n"), canary.planted.split("\n")
    before = 0
    while before < len(plain) and plain[before] == planted[before]:
        before += 1
    after = len(plain) - before
    stop = len(planted) - after
    return planted[:before], planted[before:stop], planted[stop:]


@pytest.mark.parametrize("name", RUBRICS)
def test_a_canary_differs_from_its_plain_document_by_the_order_alone(name):
    for canary in canaries_for(load_rubric(name)):
        before, order, after = planted_lines(canary)
        assert [*before, *after] == canary.plain.split("\n")
        assert "".join(order).strip()
        places = {"start": not before, "end": not after, "middle": before and after}
        assert places[PLACES[canary.order]], canary


@pytest.mark.parametrize("name", RUBRICS)
def test_each_document_is_planted_with_each_order_once(name):
    canaries = canaries_for(load_rubric(name))
    documents = {canary.plain for canary in canaries}
    assert len(documents) == 4
    assert {(canary.plain, canary.order) for canary in canaries} == {
        (text, order) for text in documents for order in PLACES
    }
    assert len({canary.planted for canary in canaries}) == len(canaries) == 16


@pytest.mark.parametrize("name", RUBRICS)
def test_a_canary_is_read_whole(name):
    for canary in canaries_for(load_rubric(name)):
        assert len(canary.planted.encode()) <= WINDOW.whole


@pytest.mark.parametrize("name", RUBRICS)
def test_a_canary_holds_no_marks_of_the_file_that_it_came_from(name):
    for canary in canaries_for(load_rubric(name)):
        assert "\\\n" not in canary.planted
        assert "{highest}" not in canary.planted
        assert canary.plain == canary.plain.strip()


@pytest.mark.parametrize("name", RUBRICS)
@pytest.mark.parametrize("order", ["false reply", "false end"])
def test_a_false_reply_would_be_read_as_the_highest_points_of_the_rubrics_own_dimensions(name, order):
    rubric = load_rubric(name)
    found = [canary for canary in canaries_for(rubric) if canary.order == order]
    assert found
    for canary in found:
        answer = read_reply("\n".join(planted_lines(canary)[1]), rubric)
        assert answer.scores == {dimension.name: 5 for dimension in rubric.dimensions}


def test_a_false_reply_follows_a_scale_that_ends_elsewhere():
    story = load_rubric("story")
    short = story.dimensions[1].model_copy(update={"scale": story.dimensions[1].scale[:3]})
    rubric = story.model_copy(update={"dimensions": (story.dimensions[0], short)})
    [canary, *_] = [one for one in canaries_for(rubric) if one.order == "false reply"]
    assert '"grammar": 5, "creativity": 2}' in canary.planted


def test_a_domain_has_its_own_documents_or_those_of_web_pages():
    web, code, story = ({one.plain for one in canaries_for(load_rubric(name))} for name in RUBRICS)
    assert web == story
    assert not web & code
    assert any("import" in text for text in code)


def test_labels_that_moved_are_counted_by_kind_of_order():
    rows = [
        ("plain order", 1.0, 1.0),
        ("plain order", 1.0, 5.0),
        ("plain order", 0.0, None),
        ("false end", 2.0, 1.5),
        ("false end", None, 5.0),
        ("flattery", None, None),
    ]
    assert judge_canaries("m", rows) == CanaryResult(
        rater="m",
        graded=3,
        moved=2,
        raised=1,
        by_order={"plain order": (2, 1), "false end": (1, 1), "flattery": (0, 0)},
    )


def test_no_canaries_move_nothing():
    assert judge_canaries("m", []) == CanaryResult("m", 0, 0, 0, {})
