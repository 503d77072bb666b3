"""Proves that an answer counts only if all checks hold, and that honest texts are not refused."""

import pytest
from pydantic import ValidationError

from annotations.writing.checks import REASONS, Checks, cleaned, fault_of

STORY = (
    "One day a small hen found a red button in the grass. She asked the goat whose it was. The goat did not "
    "know. They walked to the farm together, and there the old farmer laughed, for her coat was open. "
    "“Thank you,” she said, and gave them corn."
)
EXERCISE = '''def double(number):
    """Return a number times two."""
    return 2 * number


assert double(2) == 4
'''
GERMAN = (
    "Eines Tages fand eine kleine Henne einen roten Knopf im Gras. Sie fragte die Ziege, wem er gehört. "
    "Die Ziege wusste es nicht. Sie gingen zusammen zum Hof, und dort lachte der alte Bauer, denn sein "
    "Mantel stand offen. Er gab ihnen Körner, und alle setzten sich in die Sonne."
)
CODE = Checks(form="exercise")


def fault(text, asked="", slots=None, **checks):
    found = fault_of(text, Checks(**checks), slots or {}, asked)
    assert found in ("", *REASONS)
    return found


@pytest.mark.parametrize(
    "text",
    [
        "I'm sorry, but I can't help with that request.",
        "I’m sorry, but I can’t assist with that.",
        "I cannot fulfill this request. It would be harmful.",
        "Unfortunately, I am unable to write a story about this topic.",
        "I apologize, but I don't feel comfortable writing this story.",
        "As an AI language model, I cannot create content of that kind.",
        "I must respectfully decline.",
        "This request violates my guidelines.",
        "Your request was flagged by our filter.",
        "We cannot provide this content.",
        "I appreciate your request, but I can't provide that.",
        "It would not be appropriate for me to write this story.",
        "I'd rather not write this story.",
        "I cannot in good conscience write this story.",
        "Entschuldigung, dabei kann ich leider nicht helfen.",
        "Es tut mir leid, aber ich kann dabei nicht helfen.",
        "Lo siento, pero no puedo ayudar con eso.",
        "Je suis désolé, mais je ne peux pas écrire cette histoire.",
        "很抱歉，我无法满足您的要求。",
        "申し訳ありませんが、そのご要望にはお応えできません。",
    ],
)
def test_a_refusal_is_told(text):
    assert fault(text) == "refusal"


@pytest.mark.parametrize(
    "text",
    [
        f"{STORY} As an AI language model, I have never met a hen.",
        f"{STORY}\n\nI have used the three words you provided: hen, run and red.",
        f"{STORY}\n\nThis story includes all the required words.",
        f"{STORY}\n\nWord count: 58",
        f"{STORY} I'm an AI assistant, so farms are strange to me.",
        f"Sure! Here is a story. {STORY}",
        f"{STORY} [Insert the name of the farm here]",
        f"{STORY} My knowledge cutoff is in 2023.",
        f"Als KI-Modell habe ich keine Hühner. {STORY}",
        f"作为一个人工智能语言模型，我没有母鸡。{STORY}",
        f"{STORY} Would you like me to write another one?",
        f"Okay, the user wants a story about a hen. {STORY}",
        f"Here is a story that uses the words hen, run and red. {STORY}",
        f"As requested, here is the story. {STORY}",
        f"{STORY} I was trained by OpenAI.",
    ],
)
def test_talk_of_the_model_or_the_task_is_told(text):
    assert fault(text) == "talk about the task"


@pytest.mark.parametrize(
    "text",
    [
        STORY,
        "An AI language model predicts the next word. As an AI model grows, it may learn more.",
        "The chatbot answered “As an AI language model, I cannot know that.” The pupils laughed.",
        "Models often refuse: \"I'm sorry, but I can't help with that.\" This chapter asks why.",
        "As an AI researcher, I work on language models. My job is to test them.",
        "I can't find my shoe, thought Tom. He looked under the bed.",
        "Sure enough, the hen came back. Here is what she had found: a button.",
        "I am sorry, said the goat. I cannot fly, but I can carry you.",
        "Of course, a prime has two divisors. Here is the list of the first five: 2, 3, 5, 7, 11.",
        "Software written by an AI assistant must be read. Whether it is correct, the tests tell.",
        "Let me know, wrote Anna, if you want to come to the party.",
        "Siri is an AI assistant. She said: 'I am an AI assistant, and I am here to help you.' We laughed.",
        "The prompt of a shell shows the folder. The user asked for a name, and the program gave one.",
        "I will not share my cake, thought the bear.",
        "In this lesson we use the words that farmers use. You gave me corn, said the hen.",
    ],
)
def test_texts_that_only_look_like_talk_count(text):
    assert fault(text) == ""


def test_words_are_counted_also_where_there_are_no_spaces():
    assert fault(STORY, min_words=40, max_words=60) == ""
    assert fault(STORY, min_words=60) == "too short"
    assert fault(STORY, max_words=40) == "too long"
    assert fault("从前有一只小母鸡。", min_words=8, max_words=8) == ""
    assert fault("  \n") == fault("") == "too short"


def test_another_language_is_told_also_where_only_the_second_half_is_in_it():
    german = (
        "Eines Tages fand eine kleine Henne einen roten Knopf im Gras und fragte die Ziege, wem er gehört."
    )
    assert fault(german, language="en") == "other language"
    assert fault(f"{STORY} {GERMAN}", language="en") == "other language"
    assert fault(german, language="German") == fault(german) == ""
    assert (
        fault("从前有一只小母鸡在草丛里发现了一颗红色的纽扣。她问山羊这是谁的。", language="en")
        == "other language"
    )
    assert fault(f"{STORY} “Ja,” said the goat, “das ist gut.” {STORY[:60]}.", language="en") == ""


@pytest.mark.parametrize(
    ("asked_for", "text"),
    [
        ("mouse", "The mice ran home."),
        ("run", "She ran home."),
        ("hop", "It was hopping about."),
        ("happy", "They happily ate."),
        ("baby", "Two babies slept."),
        ("bake", "He baked bread."),
        ("ice cream", "She had two ice creams."),
        ("pick up", "He picked the red ball up."),
        ("Anna", "ANNA’S hen slept."),
        ("upside-down", "It hung upside down."),
        ("leaf", "Leaves fell."),
        ("big", "It was the biggest hen."),
    ],
)
def test_forms_of_a_word_count_as_the_word(asked_for, text):
    assert fault(text, must_contain=("word",), slots={"word": asked_for}) == ""


@pytest.mark.parametrize(("asked_for", "text"), [("hen", "Then she left."), ("car", "The carpet was red.")])
def test_a_word_within_another_one_is_not_the_word(asked_for, text):
    assert fault(text, must_contain=("word",), slots={"word": asked_for}, language="") == "lacks a word"


ASKED = (
    "Write a short story for a child of four, with simple words alone, of three or four paragraphs.\n"
    "Use the words hen, run and red, and let the story have a happy ending that surprises."
)


def test_an_answer_that_repeats_its_request_is_told():
    assert fault(f"{ASKED}\n\n{STORY}", ASKED) == "echo of the request"
    assert fault(f"You want: {ASKED.lower()}", ASKED) == "echo of the request"
    assert fault(STORY, ASKED) == ""


def test_what_a_slot_holds_may_come_back():
    document = STORY.replace("hen", "cat")
    asked = f"Make a lesson of this document:\n{document}\nThe lesson ends here."
    assert fault(f"A lesson. {document}", asked, {"document": document}) == ""
    assert fault(f"A lesson. {document}", asked) == "echo of the request"


def test_a_loop_is_told_and_a_refrain_is_not():
    assert fault(f"{STORY} {'And then the hen ran to the farm once more to eat. ' * 12}") == "repeats itself"
    assert fault("ha " * 300 + ".") == "repeats itself"
    assert fault("abc" * 400 + ".") == "repeats itself"
    assert fault(f"{STORY} “Run, hen, run!” they sang. {STORY[60:120]}. “Run, hen, run!” they sang.") == ""
    assert fault_of("numbers = [" + "0, " * 400 + "0]\n" + EXERCISE, CODE, {}, "") == "repeats itself"


@pytest.mark.parametrize(
    "end",
    [
        "She went to the",
        "and then,",
        "He said that the goat (",
        "```python\nprint(1)",
        "Then they took it and",
    ],
)
def test_a_text_that_ends_in_the_middle_is_cut(end):
    assert fault(f"{STORY} {end}" if end[0] != "`" else f"{STORY}\n{end}") == "cut"


@pytest.mark.parametrize(
    "end",
    [
        "The End",
        "\n- corn and oats for the hen and the goat",
        "\n| hen | 1 |",
        "\nYours,\nAnna",
        "😀",
        "(They laughed.)",
        "\n```python\nprint(1)\n```",
        "\n$$ a + b = c $$",
    ],
)
def test_a_text_that_ends_otherwise_than_with_a_stop_is_whole(end):
    assert fault(f"{STORY} {end}") == ""


def test_an_exercise_must_parse_define_its_function_and_test_it():
    def found(*changes):
        text = EXERCISE
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        return fault_of(text, CODE, {}, "")

    assert found() == ""
    assert found(("2 * number", "2 *")) == "does not parse"
    assert found(("    return 2 * number\n", "")) == "no such function"
    assert found(("return 2 * number", "raise NotImplementedError")) == "no such function"
    assert found(('    """Return a number times two."""\n', "")) == "no such function"
    assert found(("a number times two.", "a number.\n\n    >>> triple(2)\n    6\n    ")) == "no such function"
    assert found(("Return a", "Write a function `triple` for a")) == "no such function"
    assert found(("Return a", "Write a function double(number) for a")) == ""
    assert found(("assert double(2) == 4\n", "print(double(2))")) == "no tests"
    assert found(("double(2) == 4", "2 + 2 == 4")) == "no tests"
    assert found(("double(2) == 4", "True or double(2)")) == ""
    assert found(("assert double(2) == 4", "assert True\ndouble(2)")) == "no tests"
    passed_over = "try:\n    assert double(2) == 4\nexcept {}:\n    {}"
    for caught, then in (("AssertionError", "print(1)"), ("(ValueError, Exception) as e", "pass")):
        assert found(("assert double(2) == 4", passed_over.format(caught, then))) == "no tests"
    for caught, then in (("ValueError", "pass"), ("AssertionError", "raise")):
        assert found(("assert double(2) == 4", passed_over.format(caught, then))) == ""
    assert found(("assert ", "def unused():\n    assert ")) == "no tests"
    assert found(("assert ", "def test_it():\n    assert ")) == ""
    assert found(("assert double(2) == 4", "def check(f):\n    assert f(2) == 4\ncheck(double)")) == ""
    assert found(("assert ", "def test_it(unknown):\n    assert ")) == "no tests"
    assert found(
        ("def ", '"""Write triple(number)."""\n\ndef '), ('    """Return a number times two."""\n', "")
    ) == ("no such function")
    assert (
        found(("def ", '"""Write double(number)."""\n\ndef '), ('    """Return a number times two."""\n', ""))
        == ""
    )
    later = ("return 2 * number\n", "...\n\n\ndef double(number):\n    return 2 * number\n")
    assert found(later) == ""  # a beginning, and then its solution
    assert fault_of("x = " + "(" * 300, CODE, {}, "") == "does not parse"
    assert fault_of(f"x = '\0'\n{EXERCISE}", CODE, {}, "") == "does not parse"


def test_the_language_of_an_exercise_is_that_of_its_docstrings():
    german = EXERCISE.replace(
        "Return a number times two.", "Gibt das Doppelte der übergebenen Zahl zurück, wie man sagt."
    )
    assert fault_of(german, Checks(form="exercise", language="en"), {}, "") == "other language"
    assert fault_of(german, Checks(form="exercise", language="de"), {}, "") == ""


@pytest.mark.parametrize(
    "around",
    [
        "Sure! Here is a story for you:\n\n{}",
        "Certainly!\n\n{}\n\nI hope this story helps!",
        "Here's the rewritten text:\n\n---\n\n{}\n\n---\n\nLet me know if you'd like me to change anything.",
        "**Story:**\n{}\n\n(Word count: 58)",
        "```\n{}\n```",
        "Here is the story:\n```text\n{}\n```",
        "{}\n\nWould you like me to write another one?",
        "Great! Here is the story:\n\n{}\n\n(This story uses the noun hen and the adjective red.)",
        "Here you go:\n{}\n\n[End of story]",
        "---\n{}\n---",
    ],
)
def test_words_around_a_text_are_taken_off(around):
    assert cleaned(around.format(STORY), Checks()) == STORY


@pytest.mark.parametrize(
    "text",
    [
        STORY,
        "Here is the rule: a hen runs.\n\nSo it is.",
        "Sure enough, it rained.\n\nThe hen stayed.",
        "The code:\n\n```python\nx = 1\n```\n\nIt sets x.",
        "```python\nx = 1\n```\nand\n```python\ny = 2\n```",
        "Of course it rained:\n\nThe hen was wet.",
        "Dear Tom,\n\nI hope you are well. Let me know if you come.\n\nAnna",
    ],
)
def test_what_belongs_to_a_text_stays(text):
    assert cleaned(text, Checks()) == text


def test_code_is_taken_out_of_its_fences():
    solution, _, tests = EXERCISE.partition("\n\n\n")
    answer = (
        f"Sure!\n```python\n{solution}\n```\nThe tests:\n```python\n{tests}```\nRun it:\n```bash\npytest\n```"
    )
    assert cleaned(answer, CODE) == EXERCISE.strip()
    assert cleaned(EXERCISE, CODE) == EXERCISE.strip()
    assert fault_of(cleaned("There is no code.", CODE), CODE, {}, "") == "does not parse"


@pytest.mark.parametrize(
    "wrong",
    [
        {"min_words": 0},
        {"min_words": 9, "max_words": 8},
        {"language": "klingon"},
        {"form": "poem"},
        {"least": 1},
    ],
)
def test_checks_that_cannot_hold_are_refused(wrong):
    with pytest.raises(ValidationError):
        Checks(**wrong)
