"""Proves that benchmarks of prose are read in the forms that people have, and told from those of code."""

import json

import pytest

from filtering.errors import BadFileError, SettingsError
from filtering.leaks import Fields, read_benchmark

ENDS = ["blood", "grass"]
TABLE = {"text": ENDS, "label": ["A", "B"]}
SAMPLE = {"doc_id": 3, "target": " blood"}
FORMS = {
    "ARC, its own": (
        {
            "id": "M1",
            "question": {"stem": "Red", "choices": [{"text": "blood", "label": "A"}]},
            "answerKey": "A",
        },
        ("M1", "Red", "blood", ""),
    ),
    "ARC": ({"id": "M1", "question": "Red", "choices": TABLE, "answerKey": "A"}, ("M1", "Red", "blood", "")),
    "OpenBookQA": (
        {"id": "7", "question_stem": "Red", "choices": TABLE, "answerKey": "B", "fact1": "Blood is red."},
        ("made/7", "Red", "grass", "Blood is red."),
    ),
    "MMLU": (
        {"question": "Red", "subject": "x", "choices": ENDS, "answer": 1},
        ("made/0", "Red", "grass", ""),
    ),
    "MMLU-Pro": (
        {"question_id": 5, "question": "Red", "options": ENDS, "answer": "B"},
        ("made/5", "Red", "grass", ""),
    ),
    "HellaSwag": (
        {"ind": 4, "ctx": "Red is", "endings": ENDS, "label": "1"},
        ("made/4", "Red is", "grass", ""),
    ),
    "HellaSwag without answers": (
        {"ind": 4, "ctx": "Red", "endings": ENDS, "label": ""},
        ("made/4", "Red", "", ""),
    ),
    "PIQA": (
        {"goal": "Be red.", "sol1": "blood", "sol2": "grass", "label": 1},
        ("made/0", "Be red.", "grass", ""),
    ),
    "Winogrande": (
        {"sentence": "_ is red", "option1": "blood", "option2": "grass", "answer": "1"},
        ("made/0", "_ is red", "blood", ""),
    ),
    "BoolQ": ({"question": "red", "passage": "All.", "answer": True}, ("made/0", "red", "True", "All.")),
    "SQuAD": (
        {"id": "q", "context": "All.", "question": "Red", "answers": {"text": ENDS, "answer_start": [1, 2]}},
        ("q", "Red", "blood", "All."),
    ),
    "SciQ": (
        {"question": "Red", "distractor1": "grass", "correct_answer": "blood", "support": "All."},
        ("made/0", "Red", "blood", "All."),
    ),
    "GPQA": (
        {"Question": "Red", "Correct Answer": "blood", "Incorrect Answer 1": "no"},
        ("made/0", "Red", "blood", ""),
    ),
    "TriviaQA": ({"question": "Red", "answer": {"value": "blood"}}, ("made/0", "Red", "blood", "")),
    "GSM8K": (
        {"question": "8 / 2?", "answer": "It is <<8/2=4>>4.\n#### 4"},
        ("made/0", "8 / 2?", "It is 4.\n 4", ""),
    ),
    "LAMBADA": ({"text": "Red is blood"}, ("made/0", "Red is blood", "", "")),
    "choices at a place": (
        {"prompt": "Question: Red\nAnswer:", "choices": [" blood", " grass"], "answer": 0},
        ("made/0", "Red", " blood", ""),
    ),
    "completion": ({"prompt": "Q: Red\nA:", "completion": " blood"}, ("made/0", "Red", "blood", "")),
    "a sample of an evaluation": (
        {**SAMPLE, "doc": {"question": "Red", "choices": ENDS, "answer": 1}},
        ("made/3", "Red", "grass", ""),
    ),
    "a sample whose task has an id": (
        {**SAMPLE, "doc": {"id": "My_3", "name": "x", "question": "Red", "answer": "blood"}},
        ("My_3", "Red", "blood", ""),
    ),
    "a sample whose task has a name alone": (
        {**SAMPLE, "doc": {"name": "x", "question": "Red", "answer": "blood"}},
        ("made/3", "Red", "blood", ""),
    ),
    "a sample that says what was given": (
        {
            **SAMPLE,
            "doc": {"x": 1},
            "arguments": {"gen_args_0": {"arg_0": "Red?\n(A) grass\n(B) blood\nAnswer:"}},
        },
        ("made/3", "Red?", "blood", ""),
    ),
    "a sample with pairs": (
        {**SAMPLE, "doc": {"x": 1}, "arguments": [["Question: Red\nAnswer:", " blood"]]},
        ("made/3", "Red", "blood", ""),
    ),
}


@pytest.mark.parametrize(("record", "wanted"), FORMS.values(), ids=FORMS)
def test_forms_of_prose_are_told_by_their_usual_names(tmp_path, record, wanted):
    (tmp_path / "made.jsonl").write_text(json.dumps(record))
    (task,) = read_benchmark(tmp_path / "made.jsonl")
    assert (task.id, task.prompt, task.solution, task.passage) == wanted
    assert (task.kind, task.benchmark) == ("prose", "made")


SIQA = {"context": "Kai paid.", "question": "Why?", "answerA": "debt", "answerB": "fun", "answerC": "habit"}
PIQA = {"goal": "Be red.", "sol1": "debt", "sol2": "fun", "sol3": "habit"}
WINO = {"sentence": "_ is red", "option1": "debt", "option2": "fun", "option3": "habit"}
LIST = {"question": "Why?", "choices": ["debt", "fun", "habit"]}
LETTERED = {"question": "Why?", "choices": {"text": ["debt", "fun", "habit"], "label": ["A", "B", "C"]}}
COUNTED = {"question": "Why?", "choices": {"text": ["debt", "fun", "habit"], "label": ["1", "2", "3"]}}
ANSWERS = {
    "SIQA": (SIQA, "label", ["1", "3", "2"], ["debt", "habit", "fun"]),
    "SIQA with numbers": (SIQA, "label", [1, 3, 2], ["debt", "habit", "fun"]),
    "SIQA from 0": (SIQA, "label", ["0", "2", "1"], ["debt", "habit", "fun"]),
    "SIQA with letters": (SIQA, "answer", ["A", "c", "(B)"], ["debt", "habit", "fun"]),
    "SIQA with texts": (SIQA, "answer", ["debt", "habit", "fun"], ["debt", "habit", "fun"]),
    "PIQA": (PIQA, "label", [0, 2, 1], ["debt", "habit", "fun"]),
    "PIQA of a table": (PIQA, "label", ["0", "2", "1"], ["debt", "habit", "fun"]),
    "PIQA without a first one": (PIQA, "label", [2, 1, -1], ["habit", "fun", ""]),
    "Winogrande": (WINO, "answer", ["1", "2", "2"], ["debt", "fun", "fun"]),
    "a list from 0": (LIST, "answer", [0, 1.0, "2"], ["debt", "fun", "habit"]),
    "a list from 1": (LIST, "answer", [1, 2, 3], ["debt", "fun", "habit"]),
    "a list that nothing tells of": (LIST, "answer", [1, 2, 1], ["fun", "habit", "fun"]),
    "a list with letters": (LIST, "answer", ["B.", "a", "c)"], ["fun", "debt", "habit"]),
    "labels that are letters": (LETTERED, "answerKey", ["B", 3, 1], ["fun", "habit", "debt"]),
    "labels that are numbers": (COUNTED, "answerKey", ["2", 2, 1], ["fun", "fun", "debt"]),
}


@pytest.mark.parametrize(("item", "name", "answers", "wanted"), ANSWERS.values(), ids=ANSWERS)
def test_right_answers_are_told_by_letters_by_texts_and_by_numbers_from_0_or_1(
    tmp_path, item, name, answers, wanted
):
    records = [{**item, name: answer} for answer in answers]
    (tmp_path / "made.jsonl").write_text("\n".join(map(json.dumps, records)))
    assert [task.solution for task in read_benchmark(tmp_path / "made.jsonl")] == wanted


def test_numbers_of_which_nobody_knows_where_they_begin_are_refused(tmp_path):
    (tmp_path / "made.jsonl").write_text(
        "\n".join(json.dumps({**SIQA, "question": one, "label": "2"}) for one in "ab")
    )
    with pytest.raises(
        SettingsError, match=r"from 0 or from 1\. In .*made\.jsonl none is 0, .*as letters or as texts"
    ):
        read_benchmark(tmp_path / "made.jsonl")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", '\ufeffquestion,A,B,answer\n"Red,\nsay?",blood,grass,B\n'),
        ("a.csv", '"Red,\nsay?",blood,grass,B\n'),
        ("a.json", json.dumps([{"question": "Red,\nsay?", "choices": ENDS, "answer": "b"}])),
        ("a.json", json.dumps({"n": 1, "data": [{"question": "Red,\nsay?", "answer": "grass"}]})),
    ],
)
def test_tables_and_lists_are_read(tmp_path, name, content):
    (tmp_path / name).write_text(content)
    (task,) = read_benchmark(tmp_path / name)
    assert (task.id, task.prompt, task.solution) == ("a/0", "Red,\nsay?", "grass")


@pytest.mark.parametrize(
    ("name", "content", "error", "message"),
    [
        ("a.csv", "question,answer\nRed?,blood\nBlue?\n", BadFileError, r"the 2 fields.*line 3 has 1"),
        ("a.csv", 'question,answer\n"Red?,blood\n', BadFileError, "unexpected end of data"),
        ("a.json", '[{"question": secret}]', BadFileError, r"must be JSON.*line 1: Expecting value"),
        ("a.json", '{"question": "secret"}', SettingsError, "must hold a list of objects"),
        ("a.json", "[" * 100_000, BadFileError, "nested too deeply"),
        ("a.jsonl", '{"question": "Red?"}\n{"answer": "secret"}', SettingsError, "task 2 has answer"),
    ],
)  # fmt: skip
def test_broken_files_are_told_by_line_and_never_quoted(tmp_path, name, content, error, message):
    (tmp_path / name).write_text(content)
    with pytest.raises(error, match=message) as raised:
        read_benchmark(tmp_path / name)
    assert "secret" not in str(raised.value)


def test_fields_of_choices_answers_and_passages_can_be_named(tmp_path):
    record = {"ask": "Red?", "ends": ENDS, "key": "B", "about": "All."}
    (tmp_path / "own.jsonl").write_text(json.dumps(record))
    fields = Fields(id="", prompt="ask", solution="key", choices="ends", passage="about")
    (task,) = read_benchmark(tmp_path / "own.jsonl", fields)
    assert (task.id, task.prompt, task.solution, task.passage) == ("own/0", "Red?", "grass", "All.")


@pytest.mark.parametrize(
    ("moved", "part"),
    [("question", "prompt"), ("id", "id"), ("answers", "solution"), ("context", "passage")],
)
def test_what_is_not_named_is_told_by_its_usual_names(tmp_path, moved, part):
    record = {**FORMS["SQuAD"][0], "text": "no question"}
    record["new"] = record.pop(moved)
    (tmp_path / "made.jsonl").write_text(json.dumps(record))
    (task,) = read_benchmark(tmp_path / "made.jsonl", Fields(**{"id": "", "prompt": "", part: "new"}))
    assert (task.id, task.prompt, task.solution, task.passage) == FORMS["SQuAD"][1]


@pytest.mark.parametrize(
    "fields", [{"prompt": "ask"}, {"prompt": "ask", "solution": "key"}, {"choices": "ends"}]
)
def test_answers_are_told_by_choices_of_which_one_or_neither_is_named(tmp_path, fields):
    record = {"ask": "Red", "question": "Red", "key": "B", "answer": "B", "ends": ENDS, "choices": ENDS}
    (tmp_path / "made.jsonl").write_text(json.dumps(record))
    (task,) = read_benchmark(tmp_path / "made.jsonl", Fields(**{"id": "", "prompt": "", **fields}))
    assert (task.id, task.prompt, task.solution) == ("made/0", "Red", "grass")


@pytest.mark.parametrize("keys", [[0, 1, 3], ["A", "d", "B."], ["", "2", 3]])
def test_answers_that_tell_a_place_among_choices_that_are_not_named_are_refused(tmp_path, keys):
    ends = ["debt", "fun", "habit", "rain"]
    records = [{"ask": f"Why {key}?", "ends": ends, "tags": ["a"], "key": key} for key in keys]
    (tmp_path / "own.jsonl").write_text("\n".join(map(json.dumps, records)))
    told = r"field 'ends', which is not named\. Name it: --fields question=ask,choices=ends,answer=key\."
    with pytest.raises(SettingsError, match=told):
        read_benchmark(tmp_path / "own.jsonl", Fields(id="", prompt="ask", solution="key"))
    assert read_benchmark(tmp_path / "own.jsonl", Fields(id="", prompt="ask"))[0].solution == ""


def test_an_answer_that_is_a_number_of_its_own_is_taken_beside_a_list(tmp_path):
    records = [{"ask": f"How many {at}?", "tags": ["sums", "fun"], "key": at} for at in (2, 1, 7)]
    (tmp_path / "own.jsonl").write_text("\n".join(map(json.dumps, records)))
    tasks = read_benchmark(tmp_path / "own.jsonl", Fields(id="", prompt="ask", solution="key"))
    assert [task.solution for task in tasks] == ["2", "1", "7"]


def test_worked_examples_before_the_prompts_of_many_are_left_out(tmp_path):
    shots = "Question: Is it?\nAnswer: yes\n\nQuestion: Was it?\nAnswer: no\n\n"
    records = [{"prompt": f"{shots}Question: Number {at}?\nAnswer:", "completion": "x"} for at in range(9)]
    (tmp_path / "shots.jsonl").write_text("\n".join(map(json.dumps, records)))
    tasks = read_benchmark(tmp_path / "shots.jsonl")
    assert [task.prompt for task in tasks] == [f"Number {at}?" for at in range(9)]


def test_prompts_with_code_are_tasks_of_code(tmp_path):
    records = [{"prompt": f"def twice_{at}(x):\n", "completion": "    return 2 * x\n"} for at in range(3)]
    (tmp_path / "code.jsonl").write_text("\n".join(map(json.dumps, records)))
    tasks = read_benchmark(tmp_path / "code.jsonl")
    wanted = {("code", f"twice_{at}") for at in range(3)}
    assert {(task.kind, task.entry_point) for task in tasks} == wanted


def test_ids_that_come_twice_are_replaced_by_places(tmp_path):
    records = [{"id": "a", "question": "One?"}, {"id": "a", "question": "Two?"}]
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, records)))
    assert [task.id for task in read_benchmark(tmp_path / "a.jsonl")] == ["a/0", "a/1"]


FAMOUS = "It was the best of times, it was the worst of times, it was the age of wisdom, of foolishness."


@pytest.mark.parametrize(
    "prompt",
    [
        f"{FAMOUS}\n\nWhich age does the text speak of?\n(A) wisdom\n(B) iron\nAnswer:",
        f"{FAMOUS}\nQuestion: Which age does the text speak of?\nAnswer:",
        f"Question: {FAMOUS}\n\n\nWhich age does the text speak of?\n\nA. wisdom\nB. iron",
    ],
)
def test_a_text_before_a_question_is_its_passage(tmp_path, prompt):
    (tmp_path / "a.jsonl").write_text(json.dumps({"prompt": prompt, "completion": "wisdom"}))
    (task,) = read_benchmark(tmp_path / "a.jsonl")
    assert (task.passage, task.prompt) == (FAMOUS, "Which age does the text speak of?")


@pytest.mark.parametrize("prompt", [f"{FAMOUS}\n\nWhy?", "A text.\n\nWhich age does it speak of?", FAMOUS])
def test_what_is_too_short_for_a_passage_or_a_question_is_one_question(tmp_path, prompt):
    (tmp_path / "a.jsonl").write_text(json.dumps({"prompt": prompt, "completion": "wisdom"}))
    (task,) = read_benchmark(tmp_path / "a.jsonl")
    assert (task.passage, task.prompt) == ("", prompt)
