"""Proves what counts as a leak: copies, however they are laid out, edited or renamed; and what does not."""

import ast
import builtins
import json
from collections import Counter
from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filtering.errors import SettingsError, ShapeError
from filtering.leaks import LeakIndex, LeakSettings, Task, find_leaks, read_benchmark
from filtering.leaks.candidate_places import Documents, find_places, find_runs
from filtering.leaks.common_knowledge import Common, load_common
from filtering.leaks.syntax_trees import function_blocks
from filtering.text.arrow import HUGE_BYTES
from tests.kit.dumps.leaking import FIB, OTHER, PROMPT, SOLUTION, WHOLE
from tests.kit.places import SHARED
from tests.kit.reference.common_counts import NOTHING_COMMON, fit_common, save_common

MADE = Task("Made/0", "made", PROMPT, SOLUTION, "", "weigh_baskets")


@cache
def index(*methods):
    return LeakIndex.of([MADE, FIB], LeakSettings(methods=methods) if methods else None)


def hits(text, *methods):
    """Return {(part, method): verdict} of one text."""
    found = find_leaks(index(*methods), [text]).hits.to_pylist()
    return {(hit["part"], hit["method"]): hit["verdict"] for hit in found}


def renamed(source):
    """Return a function with other names, other layout and no docstring."""
    function = next(node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef))
    function.name, function.body = "compute", function.body[1:]
    names = {}
    for node in ast.walk(function):
        if isinstance(node, ast.arg):
            node.arg, node.annotation = names.setdefault(node.arg, f"v{len(names)}"), None
    for node in ast.walk(function):
        if isinstance(node, ast.Name) and not hasattr(builtins, node.id):
            node.id = names.setdefault(node.id, f"v{len(names)}")
    return ast.unparse(function)


def test_a_copy_is_found_by_all_methods_with_its_lines():
    text = OTHER + "\n" + WHOLE + "\n" + OTHER
    found = find_leaks(index(), pa.array([OTHER, text])).hits
    rows = found.to_pylist()
    assert {(hit["part"], hit["method"]) for hit in rows} == {
        ("prompt", "ngram"), ("prompt", "near"), ("solution", "ngram"), ("solution", "near"),
        ("solution", "structure"), ("signature", "structure"),
    }  # fmt: skip
    assert {(hit["row"], hit["task"], hit["benchmark"], hit["verdict"]) for hit in rows} == {
        (1, "Made/0", "made", "leak")
    }
    lines = {(hit["part"], hit["method"]): (hit["first_line"], hit["last_line"]) for hit in rows}
    assert lines["prompt", "ngram"] == (5, 12)
    assert lines["signature", "structure"] == (8, 8)
    assert lines["solution", "ngram"][0] >= 14
    assert lines["solution", "ngram"][1] == 20
    assert all(0.9 < hit["strength"] <= 1 for hit in rows)


@pytest.mark.parametrize(
    "text",
    [
        "\n".join(f"// * {line}" for line in PROMPT.splitlines()),
        "\n".join(f"#   {line.strip().upper()}" for line in PROMPT.splitlines()),
        PROMPT.replace("\n", "\r\n"),
        " ".join(PROMPT.split()),
        json.dumps({"prompt": PROMPT}),
        json.dumps({"cells": [{"source": PROMPT.splitlines(keepends=True)}]}),
    ],
    ids=["comment", "shouted", "windows", "one-line", "json", "notebook"],
)
def test_layout_does_not_hide_a_prompt(text):
    assert hits(text, "ngram") == {("prompt", "ngram"): "leak"}


def test_half_a_prompt_is_enough_and_a_sentence_of_it_is_not():
    words = PROMPT.split()
    assert hits(" ".join(words[: len(words) * 6 // 10]), "ngram")
    assert not hits(" ".join(words[:14]), "ngram")


def test_an_edited_prompt_is_no_ngram_but_near():
    words = PROMPT.split()
    words[3::6] = ["changed"] * len(words[3::6])
    assert hits(" ".join(words), "ngram", "near") == {("prompt", "near"): "leak"}


def test_pieces_of_a_prompt_that_are_far_apart_are_not_near():
    words = PROMPT.split()
    pieces = [" ".join(words[at : at + 5]) for at in range(0, len(words), 5)]
    filler = "\n" + "lorem " * 200 + "\n"
    assert hits("\n".join(pieces), "near") == {("prompt", "near"): "leak"}
    assert not hits(filler.join(pieces), "near")


def test_a_near_match_lies_where_most_of_it_is():
    words = PROMPT.split()
    words[3::6] = ["changed"] * len(words[3::6])
    text = " ".join(PROMPT.split()[:6]) + "\n" + "lorem " * 200 + "\n" * 5 + " ".join(words)
    (hit,) = find_leaks(index("near"), [text]).hits.to_pylist()
    assert hit["first_line"] == 7


def test_runs_count_only_where_they_stand_together():
    words = PROMPT.split()
    pieces = [" ".join(words[at : at + 5]) for at in range(0, len(words), 5)]
    counts = Counter()
    documents = Documents.of(pa.array([("\n" + "lorem " * 200).join(pieces).encode()]), counts)
    runs, parts = index().short, index().parts
    found = find_runs(runs, documents, documents.is_read)
    shares, windows = np.full(len(parts), 0.2), np.array([part.window for part in parts])
    assert [place.part for place in find_places(runs, found, shares)] == [0]
    assert not list(find_places(runs, found, shares, windows))


def test_two_runs_are_chance_unless_a_part_has_no_more():
    words = "one two three four five six seven eight nine ten eleven twelve".split()
    longer, shorter = Task("a", "b", "", " ".join(words[:11])), Task("c", "b", "", " ".join(words[:9]))
    text = " ".join(words[:9])
    found = [find_leaks(LeakIndex.of([task]), [text]).hits.num_rows for task in (longer, shorter)]
    assert found == [0, 1]


def test_a_solution_of_one_line_has_no_structure_to_be_found_by():
    for body, count in (("return a + b", 0), ("return a + b if a > b and len(a) < 2 else [a[0], sum(b)]", 1)):
        task = Task("a", "b", "", f"def total(a, b):\n    {body}\n", "", "total")
        index = LeakIndex.of([task], LeakSettings(methods=("structure",)), NOTHING_COMMON)
        text = renamed(task.solution.replace(body, f"''\n    {body}"))
        assert find_leaks(index, [text]).hits.num_rows == count


def test_functions_around_a_place_are_told_by_indentation():
    text = b"""class A:
    def outer(
        self,
    ):
        x = 1

        def inner(): pass
        y = 2
def next(): pass
"""
    at = text.index(b"y = 2")
    assert [name for name, _ in function_blocks(text, at, at + 1)] == ["outer"]
    assert function_blocks(text, at, at + 1)[0][1].endswith(b"y = 2")
    at = text.index(b"pass")
    assert [name for name, _ in function_blocks(text, at, at + 1)] == ["outer", "inner"]
    long = b"def f():\n" + b"    x = 1\n" * 7000 + b"    y = 2\n"
    assert not function_blocks(long, 100, 101)


def test_a_renamed_solution_keeps_its_structure():
    text = renamed(WHOLE)
    assert "place" not in text
    assert hits(text) == {("solution", "structure"): "leak"}
    in_class = (
        "class A:\n    @cached\n"
        + "\n".join("    " + line for line in text.splitlines())
        + "\nprint 'python 2'\n"
    )
    assert hits(in_class) == {("solution", "structure"): "leak"}


def test_structure_is_not_looked_for_in_other_languages():
    text = renamed(WHOLE)
    languages = ["Java", None, "python", "Python"]
    found = find_leaks(index(), [text] * 4, languages)
    assert found.hits["row"].to_pylist() == [1, 2, 3]


def test_a_signature_needs_the_name_and_all_parameters():
    assert hits("Implement `def weigh_baskets(baskets, limit=1)`:") == {("signature", "structure"): "leak"}
    assert hits("def weigh_baskets(\n    baskets: list,\n    *,\n    limit: (int)\n) -> None: ...")
    assert hits("class A:\n  def weigh_baskets(self, baskets, limit): ...")
    assert hits("def weigh_baskets(limit): pass\ndef weigh_baskets(baskets, limit): pass")
    for other in (
        "weigh_baskets(baskets)",
        "weigh_baskets(limit, baskets)",
        "weigh_baskets2(baskets, limit)",
        "Weigh_baskets(baskets, limit)",
        "weigh_baskets(baskets, limit",
        "weigh_baskets((a, b), limit)",
    ):
        assert not hits(f"def {other}: pass")


def test_what_everybody_writes_is_common_knowledge():
    assert set(hits("x = 1\n" + FIB.solution).values()) == {"common knowledge"}
    settings = LeakSettings(signature_strength=0.1)
    strict = LeakIndex.of([FIB], settings, NOTHING_COMMON)
    assert set(find_leaks(strict, [FIB.solution]).hits["verdict"].to_pylist()) == {"leak"}


def test_a_solution_in_a_function_that_everybody_knows_is_common_knowledge():
    text = renamed(WHOLE)
    for name, verdict in (
        ("bubbleSort", "common knowledge"),
        ("binary_search", "common knowledge"),
        ("solve", "leak"),
        ("weigh_baskets", "leak"),
    ):
        assert hits(text.replace("compute", name), "structure")["solution", "structure"] == verdict


def test_a_prompt_is_never_common_knowledge():
    pieces = frozenset(piece for piece, _ in LeakIndex.of([MADE]).known[0].trees)
    index = LeakIndex.of([MADE], common=Common(fit_common([WHOLE.encode()] * 3, "abc").names, pieces))
    found = find_leaks(index, [WHOLE]).hits.to_pylist()
    assert {hit["part"] for hit in found if hit["verdict"] == "leak"} == {"prompt"}
    assert {hit["part"] for hit in found if hit["verdict"] == "common knowledge"} == {"solution", "signature"}


def test_boilerplate_of_a_benchmark_is_nothing_of_a_task():
    opening = "Write a function that takes the given list of all numbers and returns "
    tasks = [Task(str(at), "made", opening + f"word{at} " * 12, "", "", "") for at in range(6)]
    assert not find_leaks(LeakIndex.of(tasks), [opening]).hits.num_rows
    assert find_leaks(LeakIndex.of(tasks[:5]), [opening]).hits.num_rows


def test_rows_and_hits_do_not_depend_on_the_kind_of_column():
    texts = [None, WHOLE, OTHER, "", WHOLE, PROMPT, None]
    wanted = find_leaks(index(), texts)
    assert set(wanted.hits["row"].to_pylist()) == {1, 4, 5}
    column = pa.array(texts, pa.large_string())
    for kind in (
        pa.array(texts, pa.string()),
        pa.array(["x", *texts])[1:],
        column.cast(pa.binary()),
        column.dictionary_encode(),
        pa.chunked_array([column[:1], column[1:1], column[1:5], column[5:]]),
        pa.array(texts, pa.string_view()),
    ):
        found = find_leaks(index(), kind, [None] * 7)
        assert found.hits.equals(wanted.hits)
        assert found.counts == {"null": 2, "empty": 1}
    assert find_leaks(index(), []).hits.schema == wanted.hits.schema
    assert find_leaks(index(), pa.nulls(3)).counts == {"null": 3}


def test_bad_documents_are_counted_and_read_as_far_as_they_can():
    latin = WHOLE.replace("apples", "Äpfel").encode("latin-1")
    nul = WHOLE.replace("\n", "\x00\n").encode()
    deep = ("def f():\n" + renamed(WHOLE).partition("\n")[2]).replace("sorted(", "sorted(" + "(" * 3000)
    texts = [latin, nul, b" \n", deep.encode(), b"\xff\xfe" + WHOLE.encode("utf-16-le")]
    found = find_leaks(index(), texts)
    assert {0, 1} <= set(found.hits["row"].to_pylist())
    assert found.counts["invalid-utf8"] >= 1
    assert found.counts["nul-characters"] == 2
    assert found.counts["white-space"] == 1
    assert found.counts["unparsable"] >= 1


def test_a_huge_text_is_searched_for_ngrams_and_signatures_alone():
    text = "word another\n" * (HUGE_BYTES // 13 + 1) + WHOLE
    found = find_leaks(index(), [text])
    assert found.counts == {"huge": 1}
    assert {(hit["part"], hit["method"]) for hit in found.hits.to_pylist()} == {
        ("prompt", "ngram"), ("solution", "ngram"), ("signature", "structure")
    }  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.binary(max_size=60) | st.text(max_size=60).map(str.encode) | st.none(), max_size=5),
    st.integers(0, 5),
)
def test_no_bytes_break_the_search(texts, at):
    whole = WHOLE.encode()
    cut = [text and whole[:200] + text + whole[200:] for text in texts]
    found = find_leaks(index(), [*texts, *cut])
    assert all(1 <= hit["first_line"] <= hit["last_line"] for hit in found.hits.to_pylist())


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"methods": ()}, "must be some of ngram, near, structure"),
        ({"methods": ("ast",)}, "Got \\('ast',\\)"),
        ({"ngram_words": 7}, r"\[8, 13\]"),
        ({"near_words": 1}, r"\[2, 7\]"),
        ({"structure_shapes": 32}, r"\[4, 31\]"),
        ({"ngram_prompt_share": 0.0}, r"'ngram_prompt_share' must lie in \(0, 1\]"),
        ({"signature_strength": float("nan")}, "signature_strength"),
    ],
)
def test_wrong_settings_are_refused(given, message):
    with pytest.raises(SettingsError, match=message):
        LeakSettings(**given)


def test_wrong_arguments_are_refused():
    with pytest.raises(SettingsError, match="at least one task"):
        LeakIndex.of([])
    with pytest.raises(ShapeError, match=r"as long as 'texts', 1\. Got 2"):
        find_leaks(index(), ["a"], ["Python", None])
    with pytest.raises(ShapeError, match="string or binary"):
        find_leaks(index(), pa.array([1]))


def test_tasks_without_code_or_prompt_are_indexed_as_far_as_they_go():
    tasks = [
        Task("a", "b", "", ""), Task("c", "b", "x", "def ("), Task("d", "b", PROMPT, "", "", "nowhere"),
        Task("e", "b", "\ud800", "class A: pass", "", "\ud800"),
    ]  # fmt: skip
    found = find_leaks(LeakIndex.of(tasks), [WHOLE]).hits.to_pylist()
    assert {hit["task"] for hit in found} == {"d"}


def test_names_and_pieces_are_common_from_three_projects_on(tmp_path):
    texts = [FIB.solution.encode()] * 3 + [WHOLE.encode()] * 3 + [None, b"def broken(:"]
    groups = ["a", "b", "c", "a", "a", "b", "d", "e"]
    common = fit_common(texts, groups)
    assert common.has_name("FIB")
    assert not common.has_function("fib")
    assert not common.has_name("weigh_baskets")
    assert not common.has_name("broken")
    assert len(common.pieces) > 3
    save_common(common, tmp_path / "common.safetensors")
    assert LeakIndex.of([FIB], common=common).known[0].has_common_solution
    assert not LeakIndex.of([MADE], common=common).known[0].has_common_solution


def test_what_is_shipped_knows_textbook_functions():
    common = load_common()
    for name in ("fib", "is_prime", "binary_search", "add"):
        assert common.has_name(name)
    assert not common.has_name("weigh_baskets")
    gcd = Task(
        "g", "b", "", "def gcd(a, b):\n    while b:\n        a, b = b, a % b\n    return a\n", "", "g_c_d"
    )
    assert LeakIndex.of([gcd]).known[0].has_common_solution


def test_real_copies_of_humaneval_are_found():
    path = SHARED / "decontamination"
    if not path.exists():
        pytest.skip(f"no benchmarks at {path}")
    table = pq.read_table(path / "contaminated.parquet")
    found = find_leaks(
        LeakIndex.of(read_benchmark(path / "HumanEval.jsonl.gz")), table["text"], table["lang"].to_pylist()
    )
    leaks = {(hit["row"], hit["task"]) for hit in found.hits.to_pylist() if hit["verdict"] == "leak"}
    has_text = np.flatnonzero(table["docstring_8gram_max"].to_numpy() > 0).tolist()
    tasks = [one.split(",") for one in table["task_ids"].to_pylist()]
    assert all(any((row, task) in leaks for task in tasks[row]) for row in has_text)
    assert len(load_common().names) > 100
