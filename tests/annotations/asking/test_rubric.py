"""Proves that rubrics are read as they are written, and that broken ones are refused by key."""

import re

import pytest

from annotations import load_rubric
from filtering.errors import RubricError

GOOD = """
name = "toys"
version = 1
domain = "toys"
instructions = "Judge the toy."
overall = "mean"

[[scale]]
score = 0
name = "bad"
description = "breaks"

[[scale]]
score = 2
name = "good"
description = "lasts"

[[dimensions]]
name = "safety"
question = "Is it safe?"

[[dimensions]]
name = "fun"
question = "Is it fun?"
"""
SCALE = GOOD[GOOD.index("[[scale]]") : GOOD.index("[[dimensions]]")]
DIMENSIONS = GOOD[GOOD.index("[[dimensions]]") :]


def folded(text):
    return " ".join(text.split())


@pytest.fixture
def write(tmp_path):
    def write_rubric(*changes):
        text = GOOD
        for old, new in changes:
            assert old in text
            text = text.replace(old, new, 1)
        path = tmp_path / "toys.toml"
        path.write_text(text)
        return str(path)

    return write_rubric


def refusal(path):
    with pytest.raises(RubricError) as caught:
        load_rubric(path)
    return str(caught.value)


@pytest.mark.parametrize("name", ["web", "code"])
def test_a_shipped_rubric_says_what_the_written_one_says(name, shared):
    written = (shared / f"RUBRIC-{name}.md").read_text()
    rubric = load_rubric(name)
    paragraphs = [part for part in written.split("\n\n") if part.strip()]
    question, _, instructions = paragraphs[1].partition("\n")
    question = question.removeprefix("The question: ")
    rows = re.findall(r"^\| (\d) \| (.+?) \| (.+?) \|$", written, re.MULTILINE)
    assert len(rows) == 6
    assert [(str(p.score), folded(p.name), folded(p.description)) for p in rubric.scale] == rows
    assert folded(rubric.dimensions[0].question) == folded(question[0].upper() + question[1:])
    assert folded(rubric.instructions) == folded(f"{instructions} {paragraphs[-1]}")
    assert len(rubric.dimensions) == 1


@pytest.mark.parametrize("name", ["web", "code", "story"])
def test_a_shipped_rubric_has_its_name_and_whole_points_from_0_to_5(name):
    rubric = load_rubric(name)
    assert (rubric.name, rubric.domain) == (name, name)
    for dimension in rubric.dimensions:
        assert [point.score for point in rubric.scale_of(dimension)] == [0, 1, 2, 3, 4, 5]


def test_the_story_rubric_has_three_dimensions_with_scales_of_their_own():
    rubric = load_rubric("story")
    assert [dimension.name for dimension in rubric.dimensions] == ["grammar", "creativity", "consistency"]
    scales = [rubric.scale_of(dimension) for dimension in rubric.dimensions]
    assert len(set(scales)) == 3
    assert rubric.scale == ()


def test_a_rubric_of_ones_own_is_read_as_it_stands(write):
    rubric = load_rubric(write(('"Judge the toy."', '"""\nJudge\nthe toy.\n"""')))
    assert (rubric.name, rubric.version, rubric.domain) == ("toys", 1, "toys")
    assert rubric.instructions == "Judge\nthe toy."
    assert [(point.score, point.name) for point in rubric.scale] == [(0, "bad"), (2, "good")]
    assert [rubric.scale_of(dimension) for dimension in rubric.dimensions] == [rubric.scale] * 2


def test_a_dimension_may_have_another_scale_than_the_rubric(write):
    own = SCALE.replace("[[scale]]", "[[dimensions.scale]]").replace("score = 2", "score = 5")
    rubric = load_rubric(write(('"Is it fun?"\n', f'"Is it fun?"\n{own}')))
    safety, fun = (rubric.scale_of(dimension) for dimension in rubric.dimensions)
    assert [point.score for point in safety] == [0, 2]
    assert [point.score for point in fun] == [0, 5]


def test_the_overall_score_is_the_mean_of_all_dimensions_or_one_of_them(write):
    scores = {"safety": 2, "fun": 1}
    assert load_rubric(write()).overall_score(scores) == 1.5
    assert load_rubric(write(('overall = "mean"\n', ""))).overall_score(scores) == 1.5
    assert load_rubric(write(('"mean"', '"fun"'))).overall_score(scores) == 1.0


@pytest.mark.parametrize("key", ["name", "version", "domain", "instructions"])
def test_a_missing_key_is_named(write, key):
    line = re.search(rf"^{key} = .*\n", GOOD, re.MULTILINE).group()
    path = write((line, ""))
    text = refusal(path)
    assert path in text
    assert f"'{key}' in {path} must be given." in text


@pytest.mark.parametrize(
    ("change", "key", "must", "came"),
    [
        (("overall", "colour"), "'colour'", "unknown key", "It may be name, version"),
        (
            ('"Is it fun?"', '"Is it fun?"\nweight = 2'),
            "'dimensions[1].weight'",
            "unknown key",
            "It may be name, question, scale",
        ),
        (
            ('"lasts"', '"lasts"\ncolour = "red"'),
            "'scale[1].colour'",
            "unknown key",
            "It may be score, name, description",
        ),
        (("version = 1", 'version = "1"'), "'version'", "must be a whole number", "Got '1'"),
        (("version = 1", "version = true"), "'version'", "must be a whole number", "Got True"),
        (("version = 1", "version = 0"), "'version'", "at least 1", "Got 0"),
        (("version = 1", "version = 2026-01-01"), "'version'", "must be a whole number", "Got 2026-01-01"),
        (('"Judge the toy."', '["Judge", "the toy."]'), "'instructions'", "must be text", "Got a list"),
        (('"Judge the toy."', '" \\n "'), "'instructions'", "must not be empty", "Got"),
        (('name = "toys"', 'name = "Toys!"'), "'name'", "made of a to z", "Got 'Toys!'"),
        (('"safety"', '"is it safe"'), "'dimensions[0].name'", "made of a to z", "Got 'is it safe'"),
        (("score = 2", "score = 6"), "'scale[1].score'", "at most 5", "Got 6"),
        (("score = 0", "score = -1"), "'scale[0].score'", "at least 0", "Got -1"),
        (("score = 2", "score = 2.5"), "'scale[1].score'", "must be a whole number", "Got 2.5"),
        (("score = 0", "score = 2"), "'scale'", "rising", "Got [2, 2]"),
        (("score = 0", "score = 3"), "'scale'", "rising", "Got [3, 2]"),
        ((SCALE[SCALE.rindex("[[scale]]") :], ""), "'scale'", "at least two points", "Got [0]"),
        ((SCALE, ""), "'dimensions[0].scale'", "must be given", "Got none"),
        ((DIMENSIONS, ""), "'dimensions'", "must be given", ""),
        ((DIMENSIONS, "[dimensions]\n"), "'dimensions'", "must be a list", "Got a table"),
        (('"fun"', '"safety"'), "'dimensions'", "names of their own", "Got 'safety'"),
        (('"fun"', '"reason"'), "'dimensions'", "none of them 'reason'", "Got 'reason'"),
        (('"mean"', '"speed"'), "'overall'", "must be 'mean' or one of safety, fun", "Got 'speed'"),
    ],
    ids=lambda value: None if isinstance(value, tuple) else value,
)
def test_a_broken_rubric_names_the_key_what_must_hold_what_came_and_the_file(write, change, key, must, came):
    path = write(change)
    text = refusal(path)
    for part in (key, must, came, path):
        assert part in text


def test_no_dimensions_at_all_are_refused(write):
    path = write((DIMENSIONS, ""), ('overall = "mean"', "dimensions = []"))
    assert f"'dimensions' in {path} must not be empty." in refusal(path)


@pytest.mark.parametrize(
    ("change", "wrong", "meant"),
    [
        ((DIMENSIONS, DIMENSIONS.replace("[[dimensions]]", "[[dimension]]")), "dimension", "dimensions"),
        (("[[scale]]", "[[scales]]"), "scales", "scale"),
        (("version", "verson"), "verson", "version"),
        (("question", "qestion"), "dimensions[0].qestion", "question"),
        (("description", "descripton"), "scale[0].descripton", "description"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_a_misspelt_key_is_told_once_with_the_one_that_was_meant(write, change, wrong, meant):
    path = write(change)
    text = refusal(path)
    assert text.startswith(f"{path} has an unknown key {wrong!r}. Did you mean {meant!r}?")
    assert "must be given." not in text
    assert "Got" not in text


def test_of_a_list_whose_entries_are_all_wrong_no_more_is_said_than_what_is_wrong(write):
    second = DIMENSIONS[DIMENSIONS.index("[[dimensions]]", 1) :]
    text = refusal(write((second, ""), ("question", "questoin")))
    assert text.count("dimensions") == 1
    assert "must not be empty" not in text
    assert "must not be empty. Got an empty list instead." in refusal(
        write((DIMENSIONS, ""), ("[[scale]]", "dimensions = []\n[[scale]]"))
    )


def test_a_broken_scale_of_one_dimension_is_named_by_its_number(write):
    own = "[[dimensions.scale]]\nscore = 3\nname = 'x'\ndescription = 'x'\n"
    text = refusal(write(('"Is it fun?"\n', f'"Is it fun?"\n{own}')))
    assert "'dimensions[1].scale' must have at least two points" in text
    assert "Got [3]" in text


def test_all_that_is_broken_is_told_at_once(write):
    text = refusal(write(("version = 1", "version = 0"), ('domain = "toys"\n', "")))
    assert "'version'" in text
    assert "'domain'" in text


def test_broken_toml_is_told_with_file_and_line(write):
    path = write(("version = 1", "version ="))
    text = refusal(path)
    assert path in text
    assert "TOML" in text
    assert "line 3" in text


def test_bytes_that_are_not_utf8_are_told_with_their_place(write, tmp_path):
    path = tmp_path / "latin.toml"
    path.write_bytes(GOOD.encode().replace(b"Judge", b"J\xfcdge"))
    text = refusal(str(path))
    assert str(path) in text
    assert "0xfc" in text


@pytest.mark.parametrize(
    "name", ["", "wbe", "missing/toys.toml", ".", "x" * 300, "a\0b"], ids=lambda name: ascii(name[:16])
)
def test_where_there_is_no_such_rubric_the_shipped_ones_are_named(name):
    text = refusal(name)
    assert "code, story, textbook, web" in text
    assert repr(name) in text


@pytest.mark.parametrize(
    "deep",
    [
        "a = " + "[" * 50_000,
        "a = " + "{a=" * 50_000,
        ".".join(["a"] * 400) + " = 1",
        ".".join(["a"] * 100_000) + " = 1",
        f"[{' . '.join(['a'] * 100_000)}]",
        '."a"' * 5_000 + " = 1",
        "scale = " + "[" * 900 + "]" * 900,
    ],
    ids=["lists", "tables", "a key", "a long key", "a header", "a quoted key", "closed lists"],
)
def test_toml_that_is_nested_deep_is_the_fault_of_the_rubric(tmp_path, deep):
    path = tmp_path / "deep.toml"
    path.write_text(deep.removeprefix("."))
    text = refusal(str(path))
    assert "Tables or arrays are nested too deep" in text
    assert str(path) in text


@pytest.mark.parametrize(
    ("content", "words"), [("version = " + "9" * 5000, "limit"), ("#" * (2 << 20), "1,048,576 bytes")]
)
def test_toml_without_end_is_the_fault_of_the_rubric(tmp_path, content, words):
    path = tmp_path / "long.toml"
    path.write_text(content)
    assert words in refusal(str(path))
