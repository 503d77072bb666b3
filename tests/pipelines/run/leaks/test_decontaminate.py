"""Proves that a run finds leaks wherever they stand, does with them what was asked, and nothing else."""

import json
import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from filtering import load_scorer
from filtering.errors import OutputError, SettingsError
from filtering.leaks.settings import Fields
from pipelines import (
    FilterConfig,
    LocalExecutor,
    RecutConfig,
    decontaminate_dump,
    filter_dump,
    recut_run,
    write_report,
)
from pipelines.reports.runs.run_report_data import gather_report
from pipelines.run.upkeep import clean_run, verify_run
from pipelines.run_folder.folder import RunFolder
from pipelines.settings.benchmark_fields import read_fields
from tests.kit.dumps.leaking import (
    FIB,
    LEAKY,
    OTHER,
    PROMPT,
    ROWS,
    SOLUTION,
    WHOLE,
    config_of,
    make_task,
    source_texts,
    write_source,
)
from tests.kit.dumps.small import FAST, digests, lasting
from tests.kit.runs.outcomes import QUIET

LINES = ("first_line", "last_line")
HOSTILE = "</pre><script>alert(1)</script>"


@pytest.fixture(scope="module")
def benchmark(tmp_path_factory):
    path = tmp_path_factory.mktemp("benchmark") / "Made.jsonl"
    fib = make_task("Made/1", prompt="", canonical_solution=FIB.solution, entry_point="fib")
    path.write_text("\n".join(map(json.dumps, [make_task("Made/0"), fib])))
    return path


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    return write_source(tmp_path_factory.mktemp("source") / "dump")


@pytest.fixture(scope="module")
def cleaned(source, benchmark, tmp_path_factory):
    out = tmp_path_factory.mktemp("cleaned") / "out"
    decontaminate_dump(config_of(source, benchmark, out), reporter=QUIET)
    return out


def read_out(out):
    return pq.read_table(out / "data").sort_by("id")


def test_documents_with_a_leak_are_left_out_and_all_others_are_as_they_were(source, cleaned):
    before, after = pq.read_table(source).sort_by("id"), read_out(cleaned)
    assert after.schema.equals(before.schema, check_metadata=True)
    kept = [row not in LEAKY for row in range(ROWS)]
    assert after.equals(before.filter(pa.array(kept)))
    manifest = json.loads((cleaned / "run" / "manifest.json").read_text())
    assert (manifest["rows"], manifest["kept"], manifest["leaked"]) == (ROWS, ROWS - 4, 4)
    assert manifest["leaks"]["leak of Made"] == 4
    assert manifest["leaks"]["common knowledge"] == 1
    assert verify_run(str(cleaned)) == []
    assert not (cleaned / "run" / "scores").exists()


def test_each_hit_names_file_row_lines_and_task(cleaned):
    hits = pq.read_table(cleaned / "run" / "hits.parquet").to_pylist()
    leaks = [hit for hit in hits if hit["verdict"] == "leak"]
    assert {60 * int(hit["file"][0]) + hit["row"] for hit in leaks} == set(LEAKY)
    assert {hit["task"] for hit in leaks} == {"Made/0"}
    (row,) = {hit["row"] for hit in hits if hit["verdict"] == "common knowledge"}
    assert row == 10
    first = OTHER.count("\n") + 3
    inside = [hit for hit in leaks if hit["row"] == 33 and hit["part"] == "solution"]
    assert inside
    for hit in inside:
        assert first <= hit["first_line"] <= hit["last_line"] <= first + WHOLE.count("\n")


def test_no_hit_of_a_document_with_several_is_lost(cleaned):
    of_prompt = {
        ("near", "prompt", 1, 8),  # from "from typing" to the example's answer
        ("ngram", "prompt", 1, 8),
        ("structure", "signature", 4, 4),
    }
    of_solution = {(method, "solution", 10, 16) for method in ("near", "ngram", "structure")}
    before = {5: 0, 33: OTHER.count("\n") + 2, 61: OTHER.count("\n"), 62: 1}  # lines before the task
    expected = [
        (row, method, part, lines + first, lines + last)
        for row, lines in before.items()
        for method, part, first, last in of_prompt | (set() if row == 61 else of_solution)
    ]
    hits = pq.read_table(cleaned / "run" / "hits.parquet").to_pylist()
    found = [
        (60 * int(hit["file"][0]) + hit["row"], *(hit[name] for name in ("method", "part", *LINES)))
        for hit in hits
        if hit["verdict"] == "leak"
    ]
    assert sorted(found) == sorted(expected)


def test_marked_documents_stay_with_their_tasks(source, benchmark, tmp_path):
    out = tmp_path / "out"
    result = decontaminate_dump(config_of(source, benchmark, out, action="mark"), reporter=QUIET)
    after = read_out(out)
    assert result.kept == after.num_rows == ROWS
    marks = after["edu_leak"].to_pylist()
    assert [row for row, mark in enumerate(marks) if mark is not None] == sorted(LEAKY)
    assert {mark for mark in marks if mark} == {"Made/0"}
    assert after.drop_columns(["edu_leak"]).equals(pq.read_table(source).sort_by("id"))


KINDS = [
    pa.string(), pa.large_string(), pa.string_view(), pa.binary(), pa.large_binary(),
    pa.dictionary(pa.int16(), pa.string()),
]  # fmt: skip


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_leaks_are_found_whatever_the_type_of_the_column(kind, benchmark, tmp_path):
    source = write_source(tmp_path / "dump", kind)
    decontaminate_dump(config_of(source, benchmark, tmp_path / "out"), reporter=QUIET)
    before, after = pq.read_table(source), pq.read_table(tmp_path / "out" / "data")
    assert after.schema.equals(before.schema)
    left = {row: before["text"][row].as_py() for row in range(ROWS) if row not in LEAKY}
    assert dict(zip(after["id"].to_pylist(), after["text"].to_pylist(), strict=True)) == left


def test_documents_without_text_stay_whatever_the_action(benchmark, tmp_path):
    (tmp_path / "dump").mkdir()
    table = pa.table({"text": [None, "", " \n", b"\xff\xfe".decode("latin-1"), OTHER, WHOLE]})
    pq.write_table(table, tmp_path / "dump" / "a.parquet")
    for action in ("drop", "mark"):
        out = tmp_path / action
        result = decontaminate_dump(
            config_of(tmp_path / "dump", benchmark, out, action=action), reporter=QUIET
        )
        kept = table.slice(0, 5) if action == "drop" else table
        assert pq.read_table(out / "data").select(["text"]).equals(kept)
        assert result.manifest["leaks"]["null"] == result.manifest["leaks"]["empty"] == 1


def test_of_a_run_that_writes_all_a_document_that_is_a_leak_keeps_its_text(source, benchmark, web, tmp_path):
    run = {"inputs": [str(source)], "scorer": web, "effort": "fast", "keep_at": 0.0, "write": "all"}
    leaks = {"decontaminate": [str(benchmark)], "leak_action": "drop"}
    filter_dump(FilterConfig(**run, **leaks, out=tmp_path / "out"), reporter=QUIET)
    rows = read_out(tmp_path / "out").to_pylist()
    assert (rows[5]["text"], rows[5]["edu_keep"], rows[5]["edu_leak"]) == (WHOLE, False, "Made/0")
    assert (rows[62]["edu_keep"], rows[62]["edu_leak"]) == (False, "Made/0")


def test_a_run_that_was_stopped_goes_on_to_the_same_bytes(source, benchmark, cleaned, tmp_path):
    class Stopped(LocalExecutor):
        def run(self, settings, parts, tick):
            for number, receipt in enumerate(super().run(settings, parts, tick)):
                if number == 2:
                    raise KeyboardInterrupt
                yield receipt

    config = config_of(source, benchmark, tmp_path / "out")
    with pytest.raises(KeyboardInterrupt):
        decontaminate_dump(config, executor=Stopped(1), reporter=QUIET)
    assert not (tmp_path / "out" / "run" / "manifest.json").exists()
    result = decontaminate_dump(config, reporter=QUIET)
    assert 0 < result.rows_scored < ROWS
    assert digests(tmp_path / "out" / "data") == digests(cleaned / "data")
    assert lasting(tmp_path / "out") == lasting(cleaned)
    assert decontaminate_dump(config, reporter=QUIET).rows_scored == 0


def test_damaged_hits_are_found_and_made_again(source, benchmark, tmp_path):
    out = tmp_path / "out"
    config = config_of(source, benchmark, out)
    decontaminate_dump(config, reporter=QUIET)
    before = lasting(out)
    damaged = sorted((out / "run" / "hits").rglob("*.parquet"))[0]
    damaged.write_bytes(damaged.read_bytes()[:-10] + b"0123456789")
    assert any(str(damaged) in problem for problem in verify_run(str(out)))
    assert clean_run(str(out)).forgotten == 1
    decontaminate_dump(config, reporter=QUIET)
    assert lasting(out) == before


def test_filter_keeps_what_teaches_and_holds_no_leak(source, benchmark, web, tmp_path):
    keep_at = 1.5
    scores = load_scorer(web).score(source_texts()).value
    leaky = np.isin(np.arange(ROWS), list(LEAKY))
    assert (scores[leaky] >= keep_at).any()
    run = {"inputs": [str(source)], "scorer": web, "effort": "fast", "keep_at": keep_at, "rows_per_part": 20,
           "decontaminate": [str(benchmark)]}  # fmt: skip
    filter_dump(FilterConfig(**run, out=tmp_path / "out"), reporter=QUIET)
    kept = np.flatnonzero((scores >= keep_at) & ~leaky)
    assert read_out(tmp_path / "out")["id"].to_pylist() == kept.tolist()
    hits = pq.read_table(tmp_path / "out" / "run" / "hits.parquet")
    found = {60 * int(hit["file"][0]) + hit["row"] for hit in hits.to_pylist()}
    assert found <= set(np.flatnonzero(scores >= keep_at).tolist())  # no other was looked at
    recut_run(RecutConfig(run=tmp_path / "out", to=tmp_path / "low", keep_at=0.0), reporter=QUIET)
    assert read_out(tmp_path / "low")["id"].to_pylist() == np.flatnonzero(~leaky).tolist()
    with pytest.raises(OutputError, match=r"looks for benchmarks \(--against\)"):
        filter_dump(FilterConfig(**run | {"decontaminate": []}, out=tmp_path / "out"), reporter=QUIET)
    filter_dump(FilterConfig(**run, write="all", out=tmp_path / "all"), reporter=QUIET)
    every = read_out(tmp_path / "all")
    assert every["edu_keep"].to_pylist() == ((scores >= keep_at) & ~leaky).tolist()
    marked = pc.is_valid(every["edu_leak"]).to_numpy()
    assert marked.tolist() == ((scores >= keep_at) & leaky).tolist()


def test_another_benchmark_or_action_is_another_run(source, benchmark, cleaned, tmp_path):
    other = tmp_path / "Made.jsonl"
    other.write_text(json.dumps(make_task("Made/7")))
    with pytest.raises(OutputError, match="--against"):
        decontaminate_dump(config_of(source, other, cleaned), reporter=QUIET)
    with pytest.raises(OutputError, match="'leak_action'"):
        decontaminate_dump(config_of(source, benchmark, cleaned, action="mark"), reporter=QUIET)


def test_tasks_that_were_changed_in_the_folder_stop_the_run(source, benchmark, tmp_path):
    out = tmp_path / "out"
    config = config_of(source, benchmark, out)
    decontaminate_dump(config, reporter=QUIET)
    (out / "run" / "tasks.json").write_text("[]")
    RunFolder(str(out)).manifest.unlink()
    for segment in (out / "run" / "receipts").iterdir():
        segment.unlink()
    with pytest.raises(OutputError, match="tasks that the run was begun with"):
        decontaminate_dump(config, reporter=QUIET)


def test_fields_of_other_layouts_are_named(source, tmp_path):
    path = tmp_path / "mine.jsonl"
    path.write_text(json.dumps({"name": "a", "asked": PROMPT, "told": SOLUTION}))
    with pytest.raises(SettingsError, match="must have a question"):
        decontaminate_dump(config_of(source, path, tmp_path / "out"), reporter=QUIET)
    assert not (tmp_path / "out").exists()
    config = config_of(source, path, tmp_path / "out", fields="id=name,prompt=asked,solution=told")
    assert decontaminate_dump(config, reporter=QUIET).kept == ROWS - 4
    assert read_fields("prompt=a, test=b") == Fields(id="", prompt="a", test="b")
    twice = config.model_copy(update={"against": (str(path), str(path))})
    with pytest.raises(SettingsError, match="Name each file once"):
        decontaminate_dump(twice, reporter=QUIET)
    for words in ("prompt", "prompt=", "what=a", "prompt=a,prompt=b", 3, "m:", ["prompt=a", "prompt=b"]):
        with pytest.raises(SettingsError, match="'fields'"):
            config_of(source, path, tmp_path / "out", fields=words)


def test_a_benchmark_that_cannot_be_read_is_named_before_anything_starts(source, tmp_path):
    (tmp_path / "broken.jsonl").write_text("{]")
    for path in (tmp_path / "gone.jsonl", tmp_path / "broken.jsonl"):
        with pytest.raises(SettingsError, match=path.name):
            decontaminate_dump(config_of(source, path, tmp_path / "out"), reporter=QUIET)
    assert not (tmp_path / "out").exists()
    with pytest.raises(SettingsError, match=r"'leak_action' \(--leak-action\) must come with --against"):
        FilterConfig(inputs=["a"], out="b", leak_action="mark")
    with pytest.raises(SettingsError, match=r"'fields' \(--fields\) must come with --against"):
        FilterConfig(inputs=["a"], out="b", fields="prompt=question")
    with pytest.raises(SettingsError, match="against"):
        FilterConfig(inputs=["a"], out="b", write="scores", against=["c.jsonl"])


def test_the_page_shows_documents_beside_tasks_and_no_script_of_either(tmp_path, command):
    (tmp_path / "dump").mkdir()
    texts = [f"{HOSTILE}\n{WHOLE}", OTHER]
    pq.write_table(pa.table({"text": texts}), tmp_path / "dump" / "a.parquet")
    hostile = make_task("Made/0", prompt=f"# {HOSTILE}\n{PROMPT}")
    (tmp_path / "Made.jsonl").write_text(json.dumps(hostile))
    arguments = ("decontaminate", tmp_path / "dump", "--against", tmp_path / "Made.jsonl")
    done = command(*arguments, "--out", tmp_path / "out")
    assert done.code == 0, done.said
    assert "removed 1 document that holds a benchmark task\n" in done.out
    assert "  by benchmark: Made 1 (1 of its 1 tasks)\n" in done.out
    page = (tmp_path / "out" / "run" / "report.html").read_text()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert page.count("places of those that are heavier") == 2  # in the document, and in the task
    assert "edufilter decontaminate" in page
    assert "rubric points" not in page
    assert "keep_at" not in page  # no score, no cut
    assert command(*arguments, "--out", tmp_path / "secret", "--no-samples").code == 0
    assert "heavier" not in (tmp_path / "secret" / "run" / "report.html").read_text()
    pq.write_table(pa.table({"text": ["another"]}), tmp_path / "dump" / "a.parquet")
    write_report(str(tmp_path / "out"))
    assert "has changed" in (tmp_path / "out" / "run" / "report.html").read_text()


def test_the_command_of_filter_takes_benchmarks(source, benchmark, web, tmp_path, command):
    out = tmp_path / "out"
    done = command(
        "filter", source, "--scorer", web, *FAST, "--against", benchmark, "--keep-at", 0, "--out", out
    )
    assert done.code == 0, done.said
    assert "removed 4 documents that hold a benchmark task, of those that reach the cut\n" in done.out
    page = (out / "run" / "report.html").read_text()
    assert f"--against {benchmark}" in re.sub(r"<[^>]+>", "", page)
    assert "Benchmark leaks" in page


@pytest.mark.parametrize("action", ["drop", "mark"])
def test_leaks_that_are_removed_count_as_kept_nowhere_in_the_report(action, benchmark, web, tmp_path):
    source = write_source(tmp_path / "dump")
    for path in source.iterdir():
        table = pq.read_table(path)
        languages = ["de" if row % 2 else "en" for row in table["id"].to_pylist()]
        pq.write_table(table.append_column("language", [languages]), path)
    run = {"inputs": [str(source)], "scorer": web, "effort": "fast", "keep_at": 0.0, "rows_per_part": 20}
    leaks = {"decontaminate": [str(benchmark)], "leak_action": action}
    kept = filter_dump(FilterConfig(**run, **leaks, out=tmp_path / "out"), reporter=QUIET).kept
    assert kept == ROWS - (4 if action == "drop" else 0)
    report = gather_report(str(tmp_path / "out"))
    assert sum(report.kept_bins) == kept
    assert sum(report.kept_bins) + sum(report.dropped_bins) == ROWS
    kept_by = {kind: sum(one.kept for one in report.slices if one.kind == kind) for kind in
               {one.kind for one in report.slices}}  # fmt: skip
    assert kept_by.keys() >= {"input file", "length", "language"}
    assert set(kept_by.values()) == {kept}
    samples = {60 * int(one.file[0]) + one.row: one for one in report.samples}
    assert all(one.kept == (action == "mark" or row not in LEAKY) for row, one in samples.items())
    assert not [one for one in report.samples if one.group.endswith(("dropped", "under the cut"))]


def test_leaks_and_common_knowledge_are_told_apart_on_the_screen_and_the_page(
    source, benchmark, tmp_path, command
):
    arguments = ("decontaminate", source, "--against", benchmark)
    done = command(*arguments, "--out", tmp_path / "out")
    common = "  1 other document matches a task by textbook code alone"
    assert "\nremoved 4 documents that hold a benchmark task\n" in done.out
    assert common in done.out
    page = " ".join((tmp_path / "out" / "run" / "report.html").read_text().split())
    assert (
        "4 documents hold one of the 2 tasks that were looked for. They are left out of the output. 1 other "
        "document matches a task by textbook code alone. That is no leak, and such documents are kept."
        in page
    )
    done = command(*arguments, "--leak-action", "mark", "--out", tmp_path / "marked")
    assert "\nkept and marked 4 documents that hold a benchmark task\n" in done.out
    assert common in done.out


def test_a_page_of_more_hits_than_are_held_says_so(cleaned, monkeypatch):
    monkeypatch.setattr("pipelines.reports.runs.run_leaks.HITS_READ", 3)
    monkeypatch.setattr("pipelines.reports.runs.run_page.HITS_READ", 3)
    all_hits = pq.read_table(cleaned / "run" / "hits.parquet").num_rows
    page = write_report(str(cleaned)).read_text()
    assert f"The tables count the first 3 of {all_hits} hits." in page


def test_a_run_without_a_hit_says_so(benchmark, tmp_path):
    (tmp_path / "dump").mkdir()
    pq.write_table(pa.table({"text": [OTHER]}), tmp_path / "dump" / "a.parquet")
    decontaminate_dump(config_of(tmp_path / "dump", benchmark, tmp_path / "out"), reporter=QUIET)
    page = write_report(str(tmp_path / "out")).read_text()
    assert "No document holds one of the" in " ".join(page.split())
    assert "left out of the output" not in page


def test_a_benchmark_of_which_no_task_can_be_told_is_named(source, benchmark, tmp_path, command):
    short = tmp_path / "short.jsonl"
    short.write_text('{"task_id": "a", "prompt": "Why?"}\n')
    for against in ([benchmark, short], [short]):
        out = tmp_path / str(len(against))
        given = [word for path in against for word in ("--against", path)]
        told = command("decontaminate", source, *given, "--out", out, "--no-report").out
        assert "none of the tasks of short could be looked for" in told
        assert ("no task could be looked for" in told) == (len(against) == 1)


def test_the_command_of_filter_takes_fields_of_other_layouts(source, web, tmp_path, command):
    path = tmp_path / "mine.jsonl"
    path.write_text(json.dumps({"name": "a", "asked": PROMPT, "told": SOLUTION}))
    fields = "id=name,prompt=asked,solution=told"
    arguments = ["filter", source, "--scorer", web, *FAST, "--keep-at", 0, "--against", path]
    done = command(*arguments, "--out", tmp_path / "none")
    assert (done.code, "must have a question" in done.err) == (2, True)
    done = command(*arguments, "--fields", fields, "--out", tmp_path / "out")
    assert done.code == 0, done.said
    assert "removed 4 documents that hold a benchmark task, of those that reach the cut\n" in done.out
    page = (tmp_path / "out" / "run" / "report.html").read_text()
    assert f"--fields {fields}" in re.sub(r"<[^>]+>", "", page)
    assert page.count("Documents with a leak are counted too, although no cut keeps them.") == 2
