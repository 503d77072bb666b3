"""Proves that what is easily mistyped is told at once, with what was meant: columns, folders, scorers."""

import json
import shlex
import shutil

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.commands.cli import LATE_COMMANDS
from pipelines.how_to_go_on import how_to_go_on
from pipelines.program import VERBS, as_called
from tests.kit.dumps.small import BARE, CUT, FAST, make_texts

ROWS = 60


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """Return a file of pages with addresses, of which two thirds are missing, titles and texts."""
    path = tmp_path_factory.mktemp("pages") / "pages" / "a.parquet"
    path.parent.mkdir()
    urls = [f"https://a.b/{row}" if row % 3 == 0 else ("" if row % 3 == 1 else None) for row in range(ROWS)]
    columns = {
        "url": pa.array(urls, pa.string()),
        "title": [f"Page {row}" for row in range(ROWS)],
        "text": make_texts(ROWS),
        "number": range(ROWS),
    }
    pq.write_table(pa.table(columns), path)
    return path


# The column of texts.


def test_a_column_that_is_mostly_empty_is_doubted_before_and_after_a_run(command, pages, web, tmp_path):
    given = ["filter", pages, "-s", web, *BARE, "--text-column", "url", "--out", tmp_path / "out"]
    said = "40 of 60 documents (66.7 %) have no text. Is 'url' the text column? 'text' looks like it"
    dry = command(*given, "--dry-run")
    assert f"Warning, by that sample: {said}" in dry.out
    done = command(*given)
    assert f"Warning, by a sample of this dump: {said}" in done.err
    assert f"Warning: {said}" in done.out
    assert f"Warning: {said}" in command(*given).out  # asked again


def test_a_column_of_titles_is_doubted_and_that_of_the_texts_is_not(command, pages, web, tmp_path):
    given = ["filter", pages, "-s", web, *BARE]
    wrong = command(*given, "--keep-at", 5, "--text-column", "title", "--out", tmp_path / "titles")
    assert "60 of 60 documents hold fewer than 100 bytes. Is 'title' the text column?" in wrong.err
    assert "Nothing was kept. Is 'title' the text column? 'text' looks like it" in wrong.out
    right = command(*given, "--keep-at", 5, "--out", tmp_path / "texts")
    assert "the text column?" not in right.said


@pytest.mark.parametrize(
    ("typed", "meant"), [("nope", "text"), ("txet", "text"), ("titel", "text"), ("number", "text")]
)
def test_a_column_that_is_none_brings_the_one_that_looks_like_it(command, pages, tmp_path, typed, meant):
    refused = command("filter", pages, *BARE, "--text-column", typed, "--out", tmp_path / "out")
    assert refused.code == 2
    assert f"'{meant}' looks like the text column: --text-column {meant}." in refused.err


# Names and folders.


@pytest.mark.parametrize(
    ("typed", "meant"), [("wep", "web"), ("Web", "web"), ("WEB", "web"), ("coed", "code")]
)
def test_a_scorer_that_is_nearly_one_is_asked_for(command, pages, tmp_path, typed, meant):
    refused = command("filter", pages, *BARE, "-s", typed, "--out", tmp_path / "out")
    assert refused.code == 2
    assert f"Did you mean '{meant}'?" in refused.err


@pytest.mark.parametrize("words", [["status"], ["report"], ["verify"], ["explain", "--row", "0", "--run"]])
@pytest.mark.parametrize("below", ["data", "run", "run/scores"])
def test_a_folder_within_a_run_brings_the_name_of_the_run(command, finished, words, below):
    refused = command(*words, finished / below)
    assert refused.code != 0
    assert f"It lies within the run {finished}: name that." in refused.err


@pytest.mark.parametrize("which", [["--id", "3"], ["--row", "3"], []])
def test_explain_of_a_run_brings_the_option_that_names_runs(command, finished, which):
    refused = command("explain", finished, *which)
    assert refused.code == 2
    assert f"edufilter explain --run {finished}" in refused.err


def test_a_folder_to_score_brings_the_command_for_it(command, pages):
    refused = command("score", pages.parent)
    assert refused.code == 2
    assert "is a folder. Use 'edufilter filter' for it." in refused.err
    assert "Errno" not in refused.err


def test_a_dump_is_trained_on_after_it_was_labelled(command, pages, tmp_path):
    refused = command("train", pages, "--out", tmp_path / "out")
    assert refused.code == 2
    assert "edufilter sample DUMP" in refused.err
    assert "edufilter annotate" in refused.err


# One document of a dump.


def test_a_row_of_a_file_of_a_dump_is_found_by_either_path_of_the_file(command, pages, tmp_path):
    folder = tmp_path / "dump"
    folder.mkdir()
    for name in ("a.parquet", "b.parquet"):
        shutil.copy(pages, folder / name)
    asked = command("explain", folder, "--row", 3)
    assert asked.code == 2
    assert "--file a.parquet" in asked.err
    for named in ("b.parquet", folder / "b.parquet"):
        found = command("explain", folder, "--file", named, "--row", 3, "--json")
        assert found.code == 0, found.err
        assert json.loads(found.out)["file"].endswith("dump/b.parquet")
    gone = command("explain", folder, "--file", "c.parquet", "--row", 3)
    assert "'c.parquet' is not. It has a.parquet, b.parquet." in gone.err
    none = command("explain", folder)
    assert none.code == 2
    assert "holds many documents. Say which one is meant: --id," in none.err
    assert all(option in none.err for option in ("--where", "--row", "--file", "--id-column"))


def test_a_column_that_is_not_there_is_answered_with_the_option_that_names_another(command, pages):
    by_id = command("explain", pages, "--id", 7)
    assert (
        "must have the column 'id'. Found url, title, text, number. Name another with --id-column."
        in by_id.err
    )
    near = command("explain", pages, "--id", 7, "--id-column", "nubmer")
    assert "--id-column. Did you mean 'number'?" in near.err
    assert "Name another in --where." in command("explain", pages, "--where", "page = 7").err
    assert (
        "Look into another column with --id-column: url, title, text."
        in command("explain", pages, "--id", 99, "--id-column", "number").err
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["explain", "x", "--url", "https://a.b"],
            "To find a document by a column: --where \"url = 'VALUE'\"",
        ),
        (["filter", "x", "--keep-att", "2"], "Did you mean --keep-at?"),
        (["recut", "out"], "For example:\n  edufilter recut out --keep-at 2.5 --to out-2.5\n"),
        (["filter", "x"], "For example:\n  edufilter filter dump --out out\n"),
        (["train"], "For example:\n  edufilter train labels --out scorer\n"),
    ],
)
def test_usage_that_is_wrong_is_answered_with_what_to_type(command, words, said):
    refused = command(*words)
    assert refused.code == 2
    assert said in refused.err
    assert "--run" not in refused.err  # whose letters are those of --url


@pytest.mark.parametrize(
    "words",
    [
        ["filter", "{near}", "--out", "{out}"],
        ["filter", "{near}/*.parquet", "--out", "{out}"],
        ["audit", "web", "{near}"],
        ["filter", "{there}", "--scorer", "{near}", "--out", "{out}"],
        ["decontaminate", "{there}", "--against", "{near}.jsonl", "--out", "{out}"],
        ["status", "{near}"],
        ["score", "{near}.txt"],
    ],
)
def test_a_path_that_is_not_there_is_answered_with_the_nearest_one(command, pages, tmp_path, words):
    there, out = pages.parent, tmp_path / "out"
    near = there.with_name("pgaes")
    refused = command(*(word.format(there=there, near=near, out=out) for word in words))
    assert refused.code == 2
    assert f"Did you mean '{there}'?" in refused.err


def test_no_name_is_guessed_where_none_is_near(command, tmp_path):
    (tmp_path / "dump.parquet").touch()
    refused = command("filter", tmp_path / "other.parquet", "--out", tmp_path / "out")
    assert "Did you mean" not in refused.err
    assert "Check the path." in refused.err


# How the program is called.


@pytest.mark.parametrize(
    ("called", "shown"),
    [
        ("bin/edufilter", "bin/edufilter recut out"),
        ("{tmp}/bin/edufilter", "bin/edufilter recut out"),
        ("/opt/tools/edufilter", "/opt/tools/edufilter recut out"),
        ("{tmp}/x/__main__.py", "edufilter recut out"),
    ],
)
def test_commands_are_shown_as_the_program_is_called_here(monkeypatch, tmp_path, called, shown):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", [called.format(tmp=tmp_path)])
    monkeypatch.setenv("PATH", "")
    assert as_called("To cut: edufilter recut out\nthe edufilter that began it, x/edufilter recut") == (
        f"To cut: {shown}\nthe edufilter that began it, x/edufilter recut"
    )


def test_a_program_that_is_found_by_its_name_is_shown_by_it(monkeypatch, tmp_path):
    program = tmp_path / "edufilter"
    program.touch(mode=0o755)
    monkeypatch.setattr("sys.argv", [str(program)])
    monkeypatch.setenv("PATH", str(tmp_path))
    assert as_called("edufilter recut out") == "edufilter recut out"


def test_the_program_knows_all_of_its_commands_by_name():
    assert set(VERBS) == set(LATE_COMMANDS)


# Runs.


def test_another_setting_is_refused_before_a_scorer_is_loaded(command, finished, dump, web):
    given = ["filter", dump, "-s", web, "--out", finished, "--rows-per-part", 80]
    for dry in ([], ["--dry-run"]):
        refused = command(*given, "--effort", "full", "--keep-at", CUT, *dry)
        assert refused.code == 2 or refused.code == 1
        assert "must go on with the settings" in refused.err
        assert "Loading" not in refused.err


def test_a_new_cut_that_is_none_says_so_and_names_its_options(command, finished, tmp_path):
    same = command("recut", finished, "--to", tmp_path / "same", "--no-report")
    assert same.code == 0
    assert "becomes a copy of it. Another cut is told by --keep-at" in same.err
    assert "documents/s" not in same.out
    other = command("recut", finished, "--keep-at", CUT + 1, "--to", tmp_path / "other", "--no-report")
    assert "becomes a copy" not in other.err


def test_slices_say_their_order_and_what_is_not_in_them(command, pages, web, tmp_path):
    urls = [f"https://{'ab'[row % 2]}.org/{row}" if row % 3 else None for row in range(ROWS)]
    table = pq.read_table(pages)
    table = table.set_column(0, "url", pa.array(urls, pa.string()))
    pq.write_table(table, tmp_path / "in.parquet")
    done = command("filter", tmp_path / "in.parquet", "-s", web, *FAST, "--out", tmp_path / "out")
    assert done.code == 0
    said = command("report", tmp_path / "out", "--slices")
    assert "most documents first; 20 of 60 documents have no site" in said.out
    assert said.out.splitlines()[-1].startswith("report: ")
    assert "20 of 60 documents have no site" in (tmp_path / "out" / "run" / "report.html").read_text()


# What an interrupted command says.


@pytest.mark.parametrize("option", [["--out", "OUT"], ["-o", "OUT"], ["--out=OUT"]], ids=str)
def test_an_interrupted_run_says_what_there_is(tmp_path, finished, option):
    def said(out):
        return how_to_go_on(["filter", "dump", *(word.replace("OUT", str(out)) for word in option)])

    assert said(tmp_path / "out") == "Nothing was begun."
    assert f"{finished} holds a finished run, which stays. For what it kept, and for its page:\n  " in said(
        finished
    )
    (tmp_path / "out" / "run").mkdir(parents=True)
    (tmp_path / "out" / "run" / "plan.json").touch()
    again = said(tmp_path / "out").splitlines()[-1]
    assert shlex.split(again)[:2] == ["edufilter", "filter"]


def test_an_option_whose_words_are_read_may_be_given_several_times(command, tmp_path):
    twice = ("--arm", "mine=score>=4", "--arm", "mine=score>=2")
    done = command("prove", tmp_path / "out", "--out", tmp_path / "proof", *twice)
    assert "--arm must have a name of its own. Got 'mine' twice" in done.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("filter", "dump", "--ou", "x"), "No such option: --ou. Did you mean --out?"),
        (("filter", "dump", "--threshold", "2"), "Did you mean --keep-at?"),
        (("recut", "out", "--output", "x"), "Did you mean --to?"),
        (
            ("filter", "dump", "--keep-fraction", ".1"),
            "--keep-fraction\n--keep-fraction is an option of recut",
        ),
        (("filter", "dump", "--resume"), "goes on by itself: type the same command without it."),
    ],
)
def test_an_option_of_other_programs_is_answered_with_what_is_meant(command, words, said):
    outcome = command(*words)
    assert (outcome.code, said in outcome.err) == (2, True)
