"""Proves that help, refusals and old names are told in words that lead on, wherever the output goes."""

import subprocess
import sys

import pytest
import typer

from pipelines import AnnotateConfig, DecontaminateConfig, FilterConfig
from pipelines.commands.cli import COMMANDS, app
from tests.kit.dumps.small import BARE, FAST, write_dump

PARSED = typer.main.get_command(app).commands
PROGRAM = [sys.executable, "-m", "edufilter"]


def options_before_all_headings(name):
    return [
        one.opts[0]
        for one in PARSED[name].params
        if one.param_type_name == "option" and not one.hidden and one.rich_help_panel is None
    ]


# Help.


def test_filter_shows_its_seven_everyday_options_before_all_others():
    first = options_before_all_headings("filter")
    assert first[:3] == ["--out", "--scorer", "--keep-at"]
    assert set(first[3:]) - {"--help"} == {"--effort", "--text-column", "--write", "--dry-run"}


@pytest.mark.parametrize("name", [name for commands in COMMANDS.values() for name in commands])
def test_every_command_begins_with_an_example_that_is_its_own(name):
    if name == "explain":  # whose words are another room's
        return
    assert f"\n\nExample: edufilter {name}" in PARSED[name].help


def test_edufilter_alone_shows_three_examples_and_its_commands_in_groups(command):
    said = command().said
    places = [said.index(word) for word in ("edufilter demo", "edufilter filter", "edufilter recut")]
    assert places == sorted(places)
    headings = [said.index(f" {heading} ") for heading in ("Run", "Labels and scorers", "Look")]
    assert places[-1] < headings[0]
    assert headings == sorted(headings)


# One name for one thing.


def test_names_that_settings_had_before_go_on_working():
    assert FilterConfig(inputs=["a"], out="b", decontaminate=["c"]).against == ("c",)
    assert DecontaminateConfig(inputs=["a"], out="b", against=["c"], action="mark").leak_action == "mark"
    with pytest.raises(ValueError, match="must be given once"):
        FilterConfig(inputs=["a"], out="b", decontaminate=["c"], against=["c"])


@pytest.mark.parametrize(
    ("name", "old", "now"),
    [
        ("annotate", "--estimate", "--dry-run"),
        ("filter", "--decontaminate", "--against"),
        ("decontaminate", "--action", "--leak-action"),
        ("demo", "--decontaminate", "--against"),
    ],
)
def test_an_old_option_works_and_is_not_shown(command, name, old, now):
    [option] = [one for one in PARSED[name].params if old in one.opts]
    assert option.hidden
    assert now in option.help
    said = command(name, "--help").out
    assert now in said
    assert f"{old} " not in said


def test_an_old_option_of_a_run_does_what_the_new_one_does(command, tmp_path):
    source = write_dump(tmp_path / "in", rows=(10,))
    (tmp_path / "b.jsonl").write_text(
        '{"task_id": "a/1", "prompt": "p", "canonical_solution": "s", "test": ""}'
    )
    for option in ("--action", "--leak-action"):
        out = tmp_path / option
        given = ("--against", tmp_path / "none.jsonl", option, "mark", "--no-report", "--out", out)
        refused = command("decontaminate", source, *given)
        assert "none.jsonl" in refused.err


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (
            ["filter", "x", "--keep-fraction", "1"],
            "--keep-fraction is an option of recut and threshold. Filter first, then: edufilter recut OUT",
        ),
        (
            ["score", "x", "--estimate"],
            "--estimate is now --dry-run. --dry-run is an option of filter, recut, decontaminate, prove",
        ),
        (["score", "x", "--write", "all"], "--write is an option of filter and recut."),
    ],
)
def test_an_option_of_another_command_says_whose_it_is(command, arguments, hint):
    outcome = command(*arguments)
    assert outcome.code == 2
    assert hint in outcome.err


@pytest.mark.parametrize("option", ["--repeat=2", "--budget-usd=1", "--canaries", "--dry-run"])
def test_what_asks_a_model_is_refused_beside_import(command, option):
    outcome = command("annotate", "--import", "a.csv", "--out", "labels", option)
    assert outcome.code == 2
    assert f"{option.partition('=')[0]} must not come with --import" in outcome.err


@pytest.mark.parametrize("option", ["--rater=me", "--score-column=points"])
def test_what_only_an_import_needs_is_refused_beside_a_model(command, option):
    outcome = command("annotate", "a.parquet", "--model", "m", "--out", "labels", option)
    assert outcome.code == 2
    assert f"{option.partition('=')[0]} must come with --import" in outcome.err


def test_what_only_a_dump_needs_is_refused_beside_a_run(command):
    outcome = command("sample", "--near-cut", "out", "--out", "a.parquet", "--strategy", "stratified")
    assert outcome.code == 2
    assert "--strategy must not come with --near-cut" in outcome.err


def test_defaults_that_options_show_are_those_of_the_settings():
    """An option of one of several models has no default of its own, so that it is seen when it is given."""
    shown = {one.name: one.show_default for one in PARSED["annotate"].params}
    settings = AnnotateConfig(sample="a", out="b", models=["m"])
    assert shown["repeat"] == str(settings.repeat)


# Refusals.


@pytest.mark.parametrize(
    ("name", "what"), [("missing", "no such folder"), ("empty", "no scorer.json"), ("file", "is a file")]
)
def test_a_scorer_that_is_none_is_told_by_what_is_there(command, dump, tmp_path, name, what):
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").touch()
    outcome = command("filter", *FAST, dump, "--out", tmp_path / "out", "-s", tmp_path / name)
    assert outcome.code == 2
    assert what in outcome.err


@pytest.mark.parametrize("name", ["a.jsonl", "a.csv", "a.tsv"])
def test_a_tiny_file_of_another_format_brings_the_line_that_converts_it(command, tmp_path, name):
    (tmp_path / name).write_text("a")
    outcome = command("filter", *FAST, tmp_path / name, "--out", tmp_path / "out")
    assert outcome.code == 2
    assert f"To convert it: {sys.executable} -m pipelines.dump.to_parquet" in outcome.err


@pytest.mark.parametrize("column", ["EDU_SCORE", "Edu_Score", "edu_score"])
def test_a_column_that_differs_from_ours_by_capitals_alone_is_refused(command, tmp_path, column):
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"text": ["a"], column: [1.0]}), tmp_path / "a.parquet")
    outcome = command("filter", *BARE, tmp_path / "a.parquet", "--out", tmp_path / "out")
    assert outcome.code == 2
    assert f"Found {column}." in outcome.err
    assert "--score-column" in outcome.err


# Wherever it runs.


@pytest.mark.parametrize("columns", ["0", "00", "3"])
def test_a_width_that_cannot_be_meant_is_left_out_of_account(command, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", columns)
    assert "Keep the part of a web or code dump" in command("--help").out


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1"])
def test_help_is_readable_where_output_is_not_utf_8(command_process, encoding):
    import os

    outcome = command_process("--help", env={**os.environ, "PYTHONIOENCODING": encoding})
    assert outcome.code == 0
    assert "edufilter filter dump --out out" in outcome.out


def test_a_current_folder_that_was_removed_is_said(tmp_path):
    gone = tmp_path / "gone"
    gone.mkdir()
    script = f"import os\nos.chdir({str(gone)!r})\nos.rmdir({str(gone)!r})\n"
    script += "from pipelines.commands.cli import run\nraise SystemExit(run(['filter', 'x', '--out', 'y']))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 2
    gone = "Error: The current folder must exist. It was removed. Change to another one."
    assert done.stderr.splitlines()[1:] == [gone]


def test_a_module_that_is_no_program_says_so():
    for module in ("pipelines.commands.cli", "pipelines.run.filter"):
        done = subprocess.run([sys.executable, "-m", module, "filter"], capture_output=True, text=True)
        assert done.returncode == 1
        assert "python -m edufilter" in done.stderr


def test_python_runs_the_command_by_its_name():
    done = subprocess.run([*PROGRAM, "--version"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
