"""Proves that runs find tasks in prose, tell passages and common text, and say which tasks are clean."""

import json
import os
import shutil
from dataclasses import replace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from filtering.errors import SettingsError
from filtering.leaks import Task
from pipelines import decontaminate_dump, write_report
from pipelines.run_folder.benchmark_tasks import doubt_of_tasks, gather_tasks
from pipelines.settings.filter import FilterConfig
from tests.kit.dumps.leaking import config_of, make_task
from tests.kit.dumps.small import make_texts
from tests.kit.runs.outcomes import QUIET

QUESTION = (
    "A gardener plants 24 bulbs in rows of 6 beside the old wall, and a mole eats 3 bulbs of every row. "
    "How many bulbs does the gardener still have when spring comes?"
)
PASSAGE = (
    "The lighthouse of the northern cape was built by two brothers who had never seen the sea before, and "
    "its lamp was carried up the stairs in a basket of willow."
)
FAMOUS = "Four score and seven sailors ago our mothers brought forth upon this harbour a new and salty keeper"
RECORDS = [
    {"id": "garden", "question": QUESTION, "choices": ["ten", "twelve bulbs"], "answer": "B"},
    {
        "id": "cape",
        "passage": PASSAGE,
        "question": "Who built the lighthouse of the northern cape?",
        "answer": "brothers",
    },
    {"id": "famous", "question": FAMOUS, "answer": "yes"},
    {"id": "clean", "question": QUESTION[::-1], "answer": "no"},
    {"id": "short", "question": "Who?", "answer": "they"},
]
ROWS = 60
LEAKY, OF_PASSAGE = 7, 13
MANY = range(20, 45)


@pytest.fixture(scope="module")
def benchmark(tmp_path_factory):
    path = tmp_path_factory.mktemp("prose") / "Prose.jsonl"
    path.write_text("\n".join(map(json.dumps, RECORDS)))
    return path


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dump") / "pages"
    folder.mkdir()
    texts = make_texts(ROWS)
    texts[LEAKY] += f"\n{QUESTION.upper().replace('24', '30')} (a) none (b) Twelve bulbs"
    texts[OF_PASSAGE] += f"\n{PASSAGE}\nMore of it."
    for row in MANY:
        texts[row] = f"{FAMOUS}! {texts[row]}"
    pq.write_table(pa.table({"text": texts, "id": range(ROWS)}), folder / "a.parquet", row_group_size=20)
    return folder


@pytest.fixture(scope="module")
def cleaned(source, benchmark, tmp_path_factory):
    out = tmp_path_factory.mktemp("clean") / "out"
    decontaminate_dump(config_of(source, benchmark, str(out)), reporter=QUIET)
    return out


def kept_ids(out):
    return pq.read_table(out / "data")["id"].to_pylist()


def statuses(out):
    items = pq.read_table(out / "run" / "contaminated_items.parquet").to_pylist()
    return {one["task"]: (one["status"], one["documents"]) for one in items}


STATUSES = {
    "garden": ("contaminated", 1),
    "cape": ("passage", 1),
    "famous": ("contaminated", 25),
    "clean": ("clean", 0),
    "short": ("cannot be told", 0),
}


def test_documents_with_a_question_are_left_out_and_those_with_a_passage_stay(cleaned):
    assert kept_ids(cleaned) == [row for row in range(ROWS) if row != LEAKY and row not in MANY]
    hits = pq.read_table(cleaned / "run" / "hits.parquet").to_pylist()
    assert {(hit["row"], hit["part"], hit["verdict"]) for hit in hits if hit["row"] not in MANY} == {
        (LEAKY, "question and answer", "leak"), (OF_PASSAGE, "passage", "passage"),
    }  # fmt: skip


def test_each_task_has_a_row_that_says_what_became_of_it(cleaned):
    assert statuses(cleaned) == STATUSES


def test_each_task_that_was_found_has_its_strongest_hit(cleaned):
    items = pq.read_table(cleaned / "run" / "contaminated_items.parquet").to_pylist()
    hits = pq.read_table(cleaned / "run" / "hits.parquet").to_pylist()
    best = {
        one["task"]: max(hits, key=lambda hit: (hit["task"] == one["task"], hit["strength"])) for one in items
    }
    assert {one["task"]: (one["strength"], one["part"]) for one in items} == {
        task: (best[task]["strength"], best[task]["part"]) for task in ("garden", "cape", "famous")
    } | dict.fromkeys(["clean", "short"], (None, None))


def test_fields_of_one_of_several_benchmarks_can_be_named(source, benchmark, tmp_path, command):
    odd = tmp_path / "odd.jsonl"
    odd.write_text(json.dumps({"nr": "n7", "ask": QUESTION, "ends": ["ten", "twelve bulbs"], "key": 1}))
    fields = "odd.jsonl:id=nr,question=ask,choices=ends,answer=key"
    words = ["decontaminate", source, "--against", benchmark, "--against", odd, "--out", tmp_path / "out"]
    wrong = command(*words, "--fields", "od:question=ask")
    assert "must begin with the name of a benchmark of the run: Prose, odd. Got 'od'" in " ".join(
        wrong.err.split()
    )
    done = command(*words, "--fields", fields)
    assert done.code == 0, done.said
    assert "1 of 6 tasks could not be looked for" in " ".join(done.said.split())
    assert statuses(tmp_path / "out") == STATUSES | {"n7": ("contaminated", 1)}
    plan = json.loads((tmp_path / "out" / "run" / "plan.json").read_text())
    assert fields in json.dumps(plan)


def test_passages_are_removed_where_that_was_asked(source, benchmark, tmp_path):
    decontaminate_dump(
        config_of(source, benchmark, str(tmp_path / "out"), passage_leaks=True), reporter=QUIET
    )
    assert OF_PASSAGE not in kept_ids(tmp_path / "out")
    assert statuses(tmp_path / "out")["cape"] == ("contaminated", 1)


def test_what_many_documents_have_is_kept_as_common_text_by_another_run(
    source, benchmark, cleaned, tmp_path, command
):
    items = cleaned / "run" / "contaminated_items.parquet"
    arguments = ["decontaminate", source, "--against", benchmark, "--out"]
    first = command(*arguments, tmp_path / "first")
    many = "1 benchmark item is on more than 20 sites: famous (25). If you know"
    assert many in first.said, first.said
    assert many in command(*arguments, tmp_path / "first").said  # which is complete
    page = (tmp_path / "first" / "run" / "report.html").read_text()
    assert "Tasks on more than 20 sites, which may be common text" in page
    assert "Textbook code" not in page
    done = command(*arguments, tmp_path / "out", "--common-items", cleaned)
    assert done.code == 0, done.said
    assert "removed 1 document that holds a benchmark task\n" in done.out
    assert (
        "25 other documents match a task that is common text. That is no leak, and such documents are kept\n"
        in done.out
    )
    assert "  1 of 5 tasks could not be looked for: their questions are empty, too short," in done.out
    assert "1 other document matches the passage of a task, and not its question" in done.out
    assert "more than 20 sites" not in done.said
    assert kept_ids(tmp_path / "out") == [row for row in range(ROWS) if row != LEAKY]
    assert statuses(tmp_path / "out") == STATUSES | {"famous": ("common text", 25)}
    again = command(*arguments, tmp_path / "again", "--common-items", tmp_path / "out" / "run" / items.name)
    assert again.code == 0
    assert statuses(tmp_path / "again") == statuses(tmp_path / "out")
    page = " ".join((tmp_path / "out" / "run" / "report.html").read_text().split())
    assert "1 document holds one of the 4 tasks that were looked for." in page
    assert "1 could not be looked for: " in page
    assert "25 other documents match a task that is common text." in page
    assert "1 other document has the passage of a task without its question, and is kept." in page
    why = command("explain", "--run", tmp_path / "out", "--row", OF_PASSAGE)
    assert "it holds the passage of a task without its question, which is no leak" in why.out, why.said
    assert "passage of a benchmark: cape of Prose, line" in why.out


@pytest.mark.parametrize("action", ["drop", "mark"])
def test_a_run_most_of_whose_documents_hold_a_task_asks_whether_that_is_a_benchmark(
    tmp_path, command, action
):
    texts = make_texts(9)
    pq.write_table(pa.table({"text": texts}), tmp_path / "web.parquet")
    for count, leaks in (("4", False), ("5", True)):
        pq.write_table(pa.table({"question": texts[: int(count)]}), tmp_path / "pages.parquet")
        words = ["--against", tmp_path / "pages.parquet", "--leak-action", action, "--out", tmp_path / count]
        done = command("decontaminate", tmp_path / "web.parquet", *words, "--no-report")
        assert (done.code, f"{count} documents that hold a benchmark task" in done.out) == (0, True), (
            done.said
        )
        said = " ".join(done.err.split())
        assert (
            "5 of 9 documents hold a benchmark task: more than half. Most hold one of pages." in said
        ) == leaks


@pytest.mark.parametrize("verb", ["decontaminate", "filter"])
def test_a_file_of_the_dump_that_is_given_as_benchmark_is_refused(tmp_path, command, verb):
    (tmp_path / "dump").mkdir()
    pq.write_table(pa.table({"text": make_texts(9)}), tmp_path / "dump" / "web.parquet")
    (tmp_path / "bench.parquet").symlink_to(tmp_path / "dump" / "web.parquet")
    for given in (tmp_path / "dump", tmp_path / "bench.parquet"):
        done = command(verb, tmp_path / "dump", "--against", given, "--out", tmp_path / "out")
        assert "--against must name files of benchmarks, none of which is a file of the dump" in done.err
        assert (done.code, (tmp_path / "out").exists()) == (2, False), done.said


def test_pages_whose_paragraphs_pass_for_passages_are_told_as_no_benchmark():
    page = Task("1", "web", "Is the last paragraph long?", "", kind="prose", passage="page " * 900)
    assert doubt_of_tasks([page]).startswith("Half of the questions of web have 4,527 characters and more")
    assert not doubt_of_tasks([replace(page, solution="No, it is short.")])


@pytest.mark.parametrize(
    ("column", "sites"),
    [
        ({"url": [f"https://www.quiz.example/{row}" for row in range(ROWS)]}, 1),
        ({"url": [f"https://site-{row}.example/" for row in range(ROWS)]}, 25),
        ({"url": [None] * ROWS}, 25),
        ({"repo": ["a/b", "c/d"] * (ROWS // 2) + ["a/b"] * (ROWS % 2), "url": ["https://a.b"] * ROWS}, 2),
    ],
)
def test_what_one_site_repeats_on_its_pages_is_no_common_text(
    source, benchmark, tmp_path, command, column, sites
):
    table = pq.ParquetDataset(source).read()
    for name, values in column.items():
        table = table.append_column(name, pa.array(values, pa.string()))
    pq.write_table(table, tmp_path / "sites.parquet", row_group_size=10)
    arguments = ["decontaminate", tmp_path / "sites.parquet", "--against", benchmark, "--out"]
    first = command(*arguments, tmp_path / "first")
    assert ("1 benchmark item is on more than 20 sites: " in first.said) == (sites > 20)
    items = tmp_path / "first" / "run" / "contaminated_items.parquet"
    assert {row["task"]: row["sites"] for row in pq.read_table(items).to_pylist()} == {
        "garden": 1, "cape": 1, "famous": sites, "clean": 0, "short": 0,
    }  # fmt: skip
    assert command(*arguments, tmp_path / "out", "--common-items", items).code == 0
    assert statuses(tmp_path / "out")["famous"][0] == ("common text" if sites > 20 else "contaminated")


def test_items_of_a_run_that_counted_no_sites_are_taken_by_their_documents(
    source, benchmark, cleaned, tmp_path
):
    table = pq.read_table(cleaned / "run" / "contaminated_items.parquet").drop_columns(["sites"])
    pq.write_table(table, tmp_path / "items.parquet")
    config = config_of(source, benchmark, str(tmp_path / "out"), common_items=str(tmp_path / "items.parquet"))
    decontaminate_dump(config, reporter=QUIET)
    assert statuses(tmp_path / "out")["famous"] == ("common text", 25)


def test_the_page_has_the_tasks_by_benchmark(cleaned):
    page = write_report(str(cleaned)).read_text()
    assert "Tasks by benchmark" in page
    assert "the words of the question and answer" in page


def test_the_page_shows_the_answer_that_stands_below_its_question(benchmark, tmp_path):
    texts = [f"A quiz.\n{QUESTION}\n\nTwelve bulbs!\nThe end.", f"A quiz.\n{FAMOUS}\nThe end."]
    pq.write_table(pa.table({"text": texts}), tmp_path / "quiz.parquet")
    decontaminate_dump(config_of(tmp_path / "quiz.parquet", benchmark, str(tmp_path / "out")), reporter=QUIET)
    page = " ".join(write_report(str(tmp_path / "out")).read_text().split())
    assert "row 0, lines 2 to 4" in page
    assert "Twelve bulbs!" in page
    assert "The end." not in page
    assert "row 1, line 2<" in page


def test_code_and_prose_are_looked_for_in_one_run(source, benchmark, tmp_path):
    code = tmp_path / "Code.jsonl"
    code.write_text(json.dumps(make_task("Made/0")))
    config = config_of(source, benchmark, str(tmp_path / "out"))
    config = config.model_copy(update={"against": (str(benchmark), str(code))})
    decontaminate_dump(config, reporter=QUIET)
    assert statuses(tmp_path / "out") == STATUSES | {"Made/0": ("clean", 0)}


def test_benchmarks_are_taken_from_a_folder_and_by_a_pattern(benchmark, tmp_path):
    folder = tmp_path / "benchmarks"
    (folder / "deep").mkdir(parents=True)
    (folder / "README.txt").write_text("no benchmark")
    (folder / "deep" / "Code.jsonl").write_text(json.dumps(make_task("Made/0")))
    shutil.copy(benchmark, folder)
    tasks = gather_tasks([str(benchmark), str(folder / "deep" / "Code.jsonl")])
    assert set(gather_tasks([str(folder)])) == set(tasks)
    assert gather_tasks([f"{folder}/*/*.json*"]) == gather_tasks([str(folder / "deep" / "Code.jsonl")])
    (folder / "nothing.jsonl").touch()
    assert set(gather_tasks([str(folder)])) == set(tasks)
    with pytest.raises(SettingsError, match=r"that exists. Got '.*/benchmark' instead. Did you mean"):
        gather_tasks([str(tmp_path / "benchmark")])
    shutil.copy(benchmark, folder / "deep")
    with pytest.raises(SettingsError, match=r"twice .*Prose.jsonl, .*Prose.jsonl. Give one of them another"):
        gather_tasks([str(folder)])
    (tmp_path / "empty").mkdir()
    for given in (f"{folder}/*.csv", str(tmp_path / "empty")):
        with pytest.raises(SettingsError, match="must hold at least one file whose name ends in"):
            gather_tasks([given])


@pytest.mark.parametrize("content", [None, b"PAR1", "other columns", "a pipe"])
def test_a_file_of_common_items_that_is_none_is_refused(content, source, benchmark, tmp_path):
    path = tmp_path / "items.parquet"
    if content == "other columns":
        pq.write_table(pa.table({"task": ["a"]}), path)
    elif content == "a pipe":
        os.mkfifo(path)
    elif content:
        path.write_bytes(content)
    with pytest.raises(SettingsError, match=r"\(--common-items\) must be run/contaminated_items\.parquet"):
        decontaminate_dump(
            config_of(source, benchmark, str(tmp_path / "out"), common_items=str(path)), reporter=QUIET
        )
    assert not (tmp_path / "out").exists()


def test_common_items_of_other_benchmarks_are_refused(source, benchmark, cleaned, tmp_path):
    renamed = shutil.copy(benchmark, tmp_path / "Renamed.jsonl")
    config = config_of(source, renamed, str(tmp_path / "out"), common_items=str(cleaned))
    with pytest.raises(SettingsError, match=r"its tasks are of Prose, .* looks for Renamed"):
        decontaminate_dump(config, reporter=QUIET)
    items = pq.read_table(cleaned / "run" / "contaminated_items.parquet")
    pq.write_table(items.slice(0, 1), tmp_path / "none.parquet")  # which is on few sites
    config = config.model_copy(update={"common_items": str(tmp_path / "none.parquet")})
    with pytest.raises(SettingsError, match=r"its tasks are of Prose, .* looks for Renamed"):
        decontaminate_dump(config, reporter=QUIET)


def test_a_run_tells_the_common_items_of_each_benchmark(source, web, benchmark, cleaned, tmp_path, command):
    renamed = shutil.copy(benchmark, tmp_path / "Renamed.jsonl")
    words = [source, "--against", benchmark, "--against", renamed, "--common-items", cleaned, "--no-report"]
    for verb in (["decontaminate"], ["filter", "--scorer", web]):
        said = " ".join(command(*verb, *words, "--out", tmp_path / verb[0]).err.split())
        assert "Looking for the 10 tasks of Prose, Renamed." in said
        assert "Common items (--common-items), by benchmark: Prose 1, Renamed none." in said


def test_benchmarks_that_are_given_once_alone_are_told_with_the_earlier_command(
    source, web, benchmark, tmp_path, command
):
    begun = ["filter", source, "--scorer", web, "--no-report", "--out"]
    found, none = [*begun, tmp_path / "found", "--against", benchmark], [*begun, tmp_path / "none"]
    assert [command(*words).code for words in (found, none)] == [0, 0]
    told = command(*begun, tmp_path / "found").err
    assert "found looks for benchmarks (--against)." in told
    assert f"--against {benchmark}" in told
    assert "none looks for no benchmark (--against)." in command(*none, "--against", benchmark).err


def test_pages_in_place_of_a_benchmark_are_warned_of(source, tmp_path, command):
    pages = [{"id": row, "text": f"{row} is the number of this page. {30 * PASSAGE}"} for row in range(9)]
    (tmp_path / "pages.jsonl").write_text("\n".join(map(json.dumps, pages)))
    done = command("decontaminate", source, "--against", tmp_path / "pages.jsonl", "--out", tmp_path / "out")
    assert done.code == 0
    assert "Warning: Half of the questions of pages have" in done.said


@pytest.mark.parametrize("setting", [{"passage_leaks": True}, {"common_items": "a"}])
def test_settings_of_leaks_come_with_a_benchmark(setting):
    with pytest.raises(SettingsError, match="must come with --against"):
        FilterConfig(inputs=["a"], out="b", **setting)
