"""Proves that questions of benchmarks in prose are found however they are written, and nothing else is."""

import random
import unicodedata
from dataclasses import replace

import pyarrow as pa
import pytest

from filtering.leaks import LeakIndex, LeakSettings, Task, find_leaks
from filtering.leaks.prose_index import Words
from filtering.leaks.prose_search import BLOCK_WORDS

QUESTION = (
    "A gardener plants 24 bulbs in rows of 6 beside the café wall, and the naïve mole eats 3 of every row. "
    "How many bulbs does the gardener still have when spring comes?"
)
ANSWER = "twelve bulbs are left"
PASSAGE = (
    "The lighthouse of the northern cape was built by two brothers who had never seen the sea before, and "
    "its lamp was carried up the stairs in a basket made of willow."
)
SHORT = Task("short", "made", "Which bird sleeps in the lamp?", "a willow warbler", kind="prose")
TASKS = (
    Task("garden", "made", QUESTION, ANSWER, kind="prose"),
    Task("cape", "made", "Who built it?", "brothers", passage=PASSAGE, kind="prose"),
    SHORT,
)
INDEX = LeakIndex.of(TASKS)
FILLER = "Nothing of this has to do with what is asked elsewhere. " * 20


def parts_in(text, index=INDEX):
    hits = find_leaks(index, [text]).hits.to_pylist()
    return {(hit["task"], hit["part"], hit["verdict"]) for hit in hits}


LEAKED = {("garden", "question", "leak")}
ANSWERED = {("garden", "question and answer", "leak")}
WAYS = {
    "as it is": QUESTION,
    "in capitals": QUESTION.upper(),
    "without punctuation": QUESTION.replace(",", "").replace(".", "").replace("?", ""),
    "in lines": QUESTION.replace(" ", "\n"),
    "in the middle of a line": f"{FILLER}{QUESTION} {FILLER}",
    "in JSON": QUESTION.replace(". ", '.\\n\\"'),
    "with accents apart": unicodedata.normalize("NFD", QUESTION),
    "without accents": QUESTION.replace("é", "e").replace("ï", "i"),
    "full-width": "".join(chr(ord(one) + 0xFEE0) if "!" <= one <= "~" else one for one in QUESTION),
    "with soft hyphens": QUESTION.replace("rd", "r\u00add"),
    "in bold letters of Markdown": QUESTION.replace(" bulbs ", " **bulbs** "),
    "with each word in a tag": "".join(f'<span class="w">{one}</span>' for one in QUESTION.split()),
    "with entities for blanks": QUESTION.replace(" ", "&nbsp;").replace(",", "&#44;"),
    "in a paragraph with inequalities": f"a<b & c>d; {QUESTION} 3 <x & y> 5",
    "with other numbers": QUESTION.replace("24", "1,036").replace("6", "9.5").replace("3", "27"),
    "with a word left out": QUESTION.replace("beside the ", "beside "),
    "with words put in": QUESTION.replace("bulbs in", "bulbs of white and yellow flowers in"),
    "behind bytes that are no UTF-8": b"\xff\xfe \xe2\x82 " + QUESTION.encode() + b"\xf0\x9f",
}


@pytest.mark.parametrize("text", WAYS.values(), ids=WAYS)
def test_a_question_is_found_however_it_is_written(text):
    assert parts_in(text) == LEAKED


def test_a_fifth_of_the_words_may_be_others():
    chance, found = random.Random(0), 0
    for _ in range(50):
        words = QUESTION.split()
        for at in chance.sample(range(len(words)), len(words) // 5):
            words[at] = "other"
        found += parts_in(" ".join(words)) == LEAKED
    assert found >= 45


def test_a_question_with_its_answer_near_is_told_as_both():
    assert parts_in(f"{QUESTION}\nAnswer: Twelve bulbs are left.") == ANSWERED
    assert parts_in(f"{QUESTION}\n(A) nine\n(B) twelve bulbs are left\n(C) none") == ANSWERED
    assert parts_in(f"{QUESTION}\n{FILLER}\n{ANSWER}") == LEAKED


def test_the_lines_and_the_strength_of_a_hit_are_told():
    (hit,) = find_leaks(INDEX, ["x", f"one\ntwo\n{QUESTION}\nthree"]).hits.to_pylist()
    assert (hit["row"], hit["first_line"], hit["last_line"]) == (1, 3, 3)
    assert (hit["method"], hit["benchmark"], hit["strength"]) == ("prose", "made", 1.0)


OTHERS = {
    "an answer alone": f"{FILLER}{ANSWER}{FILLER}",
    "words of a question in any order": " ".join(sorted(QUESTION.split())),
    "half of a question": " ".join(QUESTION.split()[:15]),
    "a table of numbers": "24 6 3 " * 200,
    "what multiple choice looks like": "Question: Which of these is it?\n(A) one\n(B) two\nAnswer: B\n" * 20,
    "nothing": "",
    "a short question without its answer": f"Which bird sleeps in the lamp? {FILLER}",
    "a short question far from its answer": f"Which bird sleeps in the lamp? {FILLER} A willow warbler.",
    "a short question in other words": "Which small animal sleeps below the lamp? A willow warbler.",
}


@pytest.mark.parametrize("text", OTHERS.values(), ids=OTHERS)
def test_what_is_no_question_is_not_found(text):
    assert parts_in(text) == set()


def test_a_short_question_is_found_with_its_answer_even_where_a_word_is_another():
    wanted = {("short", "question and answer", "leak")}
    assert parts_in("Which small bird sleeps in the lamp? A willow warbler.") == wanted
    assert parts_in("Which bird dozes in the lamp? A willow warbler.") == set()  # of six words, a heavy one
    longer = Task("short", "made", "Which bird sleeps in the lamp of the tower?", "a warbler", kind="prose")
    assert (
        parts_in("Which bird sleeps in the lamp of the castle? A warbler.", LeakIndex.of([longer])) == wanted
    )
    numbered = replace(longer, prompt="Which of the 12 birds sleeps in the lamp of the tower?")
    index = LeakIndex.of([numbered])
    assert parts_in("Which of the 12 birds sleeps in a lamp of the tower? A warbler.", index) == wanted
    assert parts_in("Which of the 13 birds sleeps in a lamp of the tower? A warbler.", index) == set()
    assert parts_in("WHICH BIRD sleeps\nin the lamp?\n(A) an owl (B) a Willow Warbler") == wanted
    assert parts_in("A willow warbler: which bird sleeps in the lamp?") == wanted


def test_a_short_question_is_told_by_its_numbers_too():
    index = LeakIndex.of([Task("sum", "made", "What is 12 and 30 of them?", "it is forty two", kind="prose")])
    assert parts_in("What is 12 and 30 of them? It is forty two.", index)
    assert not parts_in("What is 12 and 31 of them? It is forty two.", index)


def test_a_passage_is_told_and_is_a_leak_only_where_that_was_asked():
    assert parts_in(f"{FILLER}{PASSAGE}{FILLER}") == {("cape", "passage", "passage")}
    task = Task("cape", "made", "Who?", "they", passage=PASSAGE, kind="prose", passage_leaks=True)
    strict = LeakIndex.of([task])
    assert parts_in(PASSAGE, strict) == {("cape", "passage", "leak")}


def test_questions_that_cannot_be_told_are_known():
    tasks = [
        Task("no answer", "made", "Which bird sleeps in the lamp?", "", kind="prose"),
        Task("few words", "made", "Who built it?", "brothers", kind="prose"),
        Task("none", "made", "", "I saw this thing.", kind="prose"),
        Task("numbers", "made", "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16", "17", kind="prose"),
        SHORT,
    ]
    prose = LeakIndex.of(tasks).prose
    assert [prose.tasks[at].id for at in prose.untold] == ["no answer", "few words", "none", "numbers"]


def test_long_prompts_are_told_by_their_end_and_long_passages_by_their_beginning():
    index = LeakIndex.of(
        [
            Task(
                "long", "made", f"{FILLER}{QUESTION}", "", passage=f"{PASSAGE} {FILLER}{FILLER}", kind="prose"
            )
        ],
        LeakSettings(prose_share=0.2),
    )
    assert ("long", "question", "leak") in parts_in(QUESTION, index)
    assert ("long", "passage", "passage") in parts_in(PASSAGE, index)


@pytest.mark.parametrize("shift", [-40, -1, 0, 1, 200])
def test_a_question_is_found_wherever_it_stands_in_a_document_of_many_words(shift):
    text = "word " * (BLOCK_WORDS - 256 + shift) + f"{QUESTION} {ANSWER} " + "word " * 500
    assert parts_in(text) == ANSWERED
    assert parts_in(text + "word " * BLOCK_WORDS) == ANSWERED


def test_what_many_items_share_tells_none_of_them():
    head = (
        "Which of the following statements about the history of the town is best supported by the passage: "
    )
    tasks = [Task(str(at), "made", f"{head} item {at} of it?", "", kind="prose") for at in range(60)]
    index = LeakIndex.of([*tasks, TASKS[0]])
    assert parts_in(head * 3, index) == set()
    assert parts_in(QUESTION, index) == LEAKED


def test_code_and_prose_are_looked_for_together():
    code = Task(
        "code",
        "other",
        "def weigh(baskets):\n" + '    """Return the sum of the weights of all baskets."""\n',
        "",
    )
    index = LeakIndex.of([*TASKS, code])
    hits = find_leaks(index, pa.array([QUESTION, code.prompt, None, "x"])).hits.to_pylist()
    assert {(hit["row"], hit["benchmark"]) for hit in hits} == {(0, "made"), (1, "other")}
    assert find_leaks(INDEX, [code.prompt]).hits.num_rows == 0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Don’t stop—now", ["Don", "t", "stop", "now"]),
        ("ﬁne Straße", ["fine", "strasse"]),
        ("3,500.25 apples in 5km", ["7", "apples", "in", "9", "km"]),
        ("東京 is", ["東", "京", "is"]),
        ("ΜΟΣΧΑ Ёлка ४२", ["μοσχα", "елка", "1"]),
        ("snake_case", ["snake", "case"]),
        ("\u200bzero\u200dwidth\ufeff", ["zerowidth"]),
        ("𝒳 🙂 ok", ["𝒳", "ok"]),
    ],
)
def test_words_are_told_in_any_script(text, words):
    assert Words.of([text]).hashes.tolist() == Words.of([" ".join(words)]).hashes.tolist()
    assert len(Words.of([text]).hashes) == len(words)


CHINESE = "园丁在旧墙边种了二十四棵郁金香，每一排有六棵，鼹鼠吃掉了每排的三棵，到了春天园丁还剩下多少棵花？"


def test_letters_of_scripts_without_spaces_are_no_whole_words():
    tasks = [
        Task("long", "made", CHINESE, "", kind="prose"),
        Task("short", "made", "第十六条本条例自公布之日起施行吗", "是的没有错", kind="prose"),
        Task("thai", "made", "วันพุธที่เป็นวันหยุดราชการ", "", kind="prose"),
    ]
    index = LeakIndex.of(tasks)
    assert [index.tasks[at].id for at in index.prose.untold] == ["thai"]
    assert parts_in(f"{FILLER}{CHINESE.replace('旧', '新').replace('鼹鼠', '老鼠')}", index) == {
        ("long", "question", "leak")
    }
    assert parts_in("第十六条本条例自公布之日起施行吗？是的，没有错。", index) == {
        ("short", "question and answer", "leak")
    }
    assert parts_in("第二十条本解释自公布之日起施行吗？是的，没有错。", index) == set()


def test_an_answer_that_the_question_has_itself_is_told_only_where_it_stands_again():
    task = Task("garden", "made", QUESTION, "the naïve mole", kind="prose")
    short = Task("short", "made", "Which bird sleeps in the lamp, a robin or a wren?", "wren", kind="prose")
    index = LeakIndex.of([task, short])
    assert parts_in(f"{QUESTION} Nobody.", index) == LEAKED
    assert parts_in(f"{QUESTION} It is the naïve mole.", index) == ANSWERED
    assert parts_in(f"{short.prompt} Nobody knows.", index) == set()
    assert parts_in(f"{short.prompt} A wren.", index) == {("short", "question and answer", "leak")}
