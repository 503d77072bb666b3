"""Proves that recipes are read whole, and that what is wrong in one is told with file and line or key."""

from pathlib import Path

import pytest

from annotations import load_recipe
from annotations.writing.recipe import RECIPES, filled, recipe_digest
from filtering.errors import RecipeError
from tests.kit.writing.texts import OWN

THINGS = '["lamp", "river", "clock", "bridge", "mill"]'
SHIPPED = ("exercise", "rewrite", "story", "story_instructions", "textbook")


@pytest.fixture
def write_recipe(tmp_path):
    """Return a function that writes the recipe of the tests, with changes."""

    def write(*changes):
        text = OWN
        for old, new in changes:
            assert old in text
            text = text.replace(old, new, 1)
        path = tmp_path / "mine.toml"
        path.write_text(text)
        return str(path)

    return write


def refusal(path):
    with pytest.raises(RecipeError) as caught:
        load_recipe(path)
    return str(caught.value)


def test_what_is_shipped_is_what_the_help_names():
    assert tuple(sorted(path.stem for path in RECIPES.glob("*.toml"))) == SHIPPED


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_recipe_draws_from_every_slot_it_names(name):
    recipe = load_recipe(name)
    assert recipe.name == name
    assert all(f"{{{slot}}}" in recipe.instructions for slot in recipe.names)
    assert all(values for values in recipe.slots.values())
    assert recipe.most_reply_tokens >= 400


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_recipe_names_the_papers_it_comes_from(name):
    head = (RECIPES / f"{name}.toml").read_text().partition("name =")[0]
    assert "arXiv:" in head


def test_a_list_may_lie_beside_the_recipe(write_recipe, tmp_path):
    (tmp_path / "things.txt").write_text("# a remark\nlamp\n\n  river \n")
    recipe = load_recipe(write_recipe((THINGS, '"things.txt"')))
    assert recipe.slots["thing"] == ("lamp", "river")


def test_what_stands_in_a_slot_is_not_read_as_a_place():
    assert filled("{a} {b} {c}", {"a": "{b}", "b": "x"}) == "{b} x {c}"


@pytest.mark.parametrize(
    "change",
    [
        ("Write about", "Tell of"), ('"lamp", "river"', '"river", "lamp"'), ('"mill"', '"mill", "tower"'),
        ("{thing} in {manner}", "{manner} in {thing}"),
    ],
)  # fmt: skip
def test_what_a_model_is_told_changes_the_digest(write_recipe, change):
    assert recipe_digest(load_recipe(write_recipe())) != recipe_digest(load_recipe(write_recipe(change)))


@pytest.mark.parametrize(
    "change",
    [
        ("min_words = 40", "min_words = 50"), ('name = "mine"', 'name = "ours"'),
        ('group = "thing"', 'group = "manner"\nrubric = "story"\noutput = "{thing}: {text}"'),
    ],
)  # fmt: skip
def test_what_no_model_is_told_does_not(write_recipe, change):
    assert recipe_digest(load_recipe(write_recipe())) == recipe_digest(load_recipe(write_recipe(change)))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (('name = "mine"\n', ""), "'name' in {path} must be given."),
        (("instructions", "instuctions"), "has an unknown key 'instuctions'. Did you mean 'instructions'?"),
        (("min_words", "min_word"), "has an unknown key 'checks.min_word'. Did you mean 'min_words'?"),
        (("min_words = 40", "min_words = -1"), "'checks.min_words' in {path} must be at least 1. Got -1"),
        (("min_words = 40", 'min_words = "40"'), "'checks.min_words' in {path} must be a whole number."),
        (("min_words = 40", "min_words = 40\nmax_words = 4"),
         "{path}, 'checks': 'max_words' must be at least 'min_words', 40. Got 4."),
        (("{thing}", "{{thing}"), "such as {{thing}}. Got {{{{thing}}."),
        (("{thing}", "{thing}}"), "such as {{thing}}. Got {{thing}}}}."),
        (("{thing}", "{{thing}}"), "Got {{{{thing}}}}."),
        (("{thing}", "{ thing }"), "Got {{ thing }}."),
        (("{thing}", "{Thing}"), "Got {{Thing}}."),
        (("a {thing}", "a {thing} {manner"), "Got {{manner."),
        (("{thing}", "{thnig}"), "'instructions' must name slots of the recipe in braces"),
        (("{thing}", "{thnig}"), "Got {{thnig}}. Did you mean {{thing}}?"),
        ((" in {manner}", ""), "{{manner}} is missing: put it in, or leave the slot out"),
        (('group = "thing"', 'group = "things"'), "'group' must be one of the slots thing, manner."),
        (('manner = ["short', 'manner = [1, "short'), "'slots.manner[0]' in {path} must be text. Got 1"),
        (('"a letter"', '" "'), "'slots.manner[2]' in {path} must not be empty."),
        (('"a letter"', '"short words"'), "'slots.manner' must hold each text once. Got 'short words' twice"),
        ((THINGS, "[]"), "'slots.thing' must hold a text"),
        ((THINGS, '"nuons"'), "Got 'nuons'. No such file lies beside it. Did you mean 'nouns'?"),
        ((THINGS, "3"), "'slots.thing' in {path} must be a list. Got 3"),
        (("[slots]", '[slots]\ntext = ["a"]'), "'slots' must have names of their own. 'text' has another"),
        (("[slots]", '[slots]\n"A b" = ["a"]'), "'slots' must have names made of a to z"),
        (('group = "thing"', 'output = "x"'), "'output' must hold {{text}}"),
        (("min_words = 40", 'must_contain = ["thin"]'), "'checks.must_contain[0]' must be one of the slots"),
        (("min_words = 40", 'form = "poem"'), "'checks.form' in {path} must be 'prose' or 'exercise'"),
        (("min_words = 40", 'language = "Klingonish"'), "'checks.language' in {path} must be"),
        (('[checks]', '[topics]\nslot = "x"\nof = "thingy"\ninstructions = "{count}"\n[checks]'),
         "'topics.of' must be one of the slots thing, manner. Got 'thingy'. Did you mean 'thing'?"),
        (('[checks]', '[topics]\nslot = "x"\nof = "thing"\ninstructions = "{thing}"\n[checks]'),
         "'topics.instructions' must hold {{count}}"),
        (("thing =", "thing ="), None),
    ],
)  # fmt: skip
def test_a_broken_recipe_is_told_with_its_key_and_what_is_meant(write_recipe, change, told):
    path = write_recipe(change)
    if told is None:
        assert load_recipe(path).names == ["thing", "manner"]
        return
    said = refusal(path)
    assert path in said
    assert told.format(path=path) in said


def test_braces_that_are_meant_for_the_model_come_in_pairs(write_recipe):
    path = write_recipe(("{thing}", '{thing} as {\\"a\\": {thing}}'))
    assert load_recipe(path).names == ["thing", "manner"]


def test_broken_toml_is_told_with_its_line(write_recipe):
    assert "line 4" in refusal(write_recipe(('group = "thing"', 'group = "thing')))


@pytest.mark.parametrize("name", ["storie", "no/such.toml", ""])
def test_a_recipe_that_is_not_there_is_told_with_those_that_are(name):
    said = refusal(name)
    assert (
        "A recipe must be one of exercise, rewrite, story, story_instructions, textbook, or the path" in said
    )
    assert repr(name) in said


def test_no_question_ends_in_two_signs(write_recipe):
    assert refusal(write_recipe(("{thing}", "{thnig}"))).endswith("Did you mean {thing}?")
    assert refusal(write_recipe(('group = "thing"', 'group = "thnig"'))).endswith("Did you mean 'thing'?")


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("mine", "Got 'mine'. That is a folder. Did you mean 'mine.toml'?"),
        ("yours", "Got 'yours'. There is no such file. Did you mean 'yours.toml'?"),
        ("yuors.toml", "Got 'yuors.toml'. There is no such file. Did you mean 'yours.toml'?"),
        ("storie", "Got 'storie'. There is no such file. Did you mean 'story'?"),
        ("storys", "Got 'storys'. There is no such file. Did you mean 'story'?"),
        ("mine2.toml", "Got 'mine2.toml'. There is no such file. Did you mean 'mine.toml'?"),
        ("zzzz.toml", "Got 'zzzz.toml'. There is no such file."),
    ],
)
def test_of_a_recipe_that_is_no_file_it_is_said_what_there_is(tmp_path, monkeypatch, name, told):
    monkeypatch.chdir(tmp_path)
    for one in ("mine", "stories"):
        (tmp_path / one).mkdir()
    for one in ("mine", "yours"):
        (tmp_path / f"{one}.toml").write_text(OWN)
    assert refusal(name).endswith(told)


def test_a_list_of_a_near_name_beside_the_recipe_is_asked_after(write_recipe, tmp_path):
    (tmp_path / "things.txt").write_text("lamp\n")
    assert "Got 'thing.txt'. No such file lies beside it. Did you mean 'things.txt'?" in refusal(
        write_recipe((THINGS, '"thing.txt"'))
    )


@pytest.mark.parametrize("called", ["/etc/hostname", "../secret.txt", "link.txt", "a\\u0000b", "."])
def test_a_list_from_elsewhere_is_not_read(write_recipe, tmp_path, called):
    (tmp_path / "secret.txt").write_text("a secret\n")
    (tmp_path / "recipes").mkdir()
    (tmp_path / "recipes" / "link.txt").symlink_to(tmp_path / "secret.txt")
    recipe = Path(write_recipe((THINGS, f'"{called}"')))
    said = refusal(str(recipe.rename(tmp_path / "recipes" / "mine.toml")))
    assert "a text file beside the recipe" in said
    assert "a secret" not in said


def test_a_list_that_is_no_text_is_told(write_recipe, tmp_path):
    (tmp_path / "things.txt").write_bytes(b"l\xffmp\n")
    said = refusal(write_recipe((THINGS, '"things.txt"')))
    assert "'slots.thing'" in said
    assert "things.txt" in said
