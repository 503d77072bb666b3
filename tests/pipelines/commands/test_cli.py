"""Proves that the command line says what it does, in words and JSON, and never shows text of a document."""

import io
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import typer
from dumps import CHINESE, CUT, FAST, RUSSIAN, digests, make_table, make_texts, write_dump
from runs import QUIET

import pipelines
import pipelines.progress
import pipelines.run.filter
from filtering import load_scorer
from pipelines import DecontaminateConfig, FilterConfig, RecutConfig, TrainConfig, filter_dump
from pipelines.commands.app import app
from pipelines.commands.options import settings_of
from pipelines.progress import ConsoleReporter
from pipelines.scorer_addresses import open_scorer
from pipelines.settings.base import command_of

COMMANDS = typer.main.get_command(app).commands
SENTINEL = "xyzzyplugh"


# Help.


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_option_has_help(command, name):
    found = COMMANDS[name]
    assert found.help
    for parameter in found.params:
        assert getattr(parameter, "help", None), f"{name} {parameter.name}"
    outcome = command(name, "--help")
    assert outcome.code == 0
    for parameter in found.params:
        if parameter.param_type_name == "option":
            assert parameter.opts[0] in outcome.out


def test_help_lists_every_command(command):
    outcome = command("--help")
    assert outcome.code == 0
    for name in COMMANDS:
        assert re.search(rf"\b{name}\b", outcome.out)


def test_no_arguments_show_help_and_are_wrong_usage(command_process):
    outcome = command_process()
    assert outcome.code == 2
    assert "Usage" in outcome.said


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["filter", *FAST], "INPUT"),
        (["filter", *FAST, "x"], "--out"),
        (["filter", *FAST, "x", "-o", "y", "--keep-at", "high"], "--keep-at"),
        (["filter", *FAST, "x", "-o", "y", "--write", "some"], "--write"),
        (["filter", *FAST, "x", "-o", "y", "--colour"], "--colour"),
        (["filter", "x", "-o", "y", "--effort", "most"], "--effort"),
        (["train", "x", "-o", "y", "--signals", "joint"], "--signals"),
        (["train", "x", "-o", "y", "--head", "linear"], "--head"),
        (["recut", "x"], "--to"),
        (["filter", "x", "-o", "y", "--full-fraction", "0.1"], "--full-fraction"),
        (["filter", "x", "-o", "y", "--leak-action", "cut"], "--leak-action"),
        (["recut", "x", "--to", "y", "--rescore"], "--rescore"),
        (["report", "x", "--labels", "y"], "--labels"),
        (["annotate", "x", "-o", "y", "--max-reply-tokens", "9"], "--max-reply-tokens"),
        (["annotate", "x", "-o", "y", "--requests-per-minute", "9"], "--requests-per-minute"),
        (["annotate", "x", "-o", "y", "--tokens-per-minute", "9"], "--tokens-per-minute"),
        (["sift"], "sift"),
    ],
)
def test_wrong_usage_ends_with_2_and_names_what_is_wrong(command, arguments, named):
    outcome = command(*arguments)
    assert outcome.code == 2
    assert named in outcome.said
    assert "Traceback" not in outcome.said


@pytest.mark.parametrize("name", ["filter", "decontaminate"])
def test_rows_of_a_part_are_for_python_alone(name):
    assert "rows_per_part" not in [parameter.name for parameter in COMMANDS[name].params]
    assert FilterConfig(inputs=["a"], out="b").rows_per_part == 1_000_000


def test_the_version_is_printed(command):
    outcome = command("--version")
    assert outcome.code == 0
    assert re.fullmatch(r"\d+\.\d+\.\d+\n", outcome.out)


# Settings.


@pytest.mark.parametrize(
    ("option", "value", "field"),
    [
        ("--keep-at", "7", "keep_at"),
        ("--keep-at", "-1", "keep_at"),
        ("--keep-at", "nan", "keep_at"),
        ("--rows-per-part", "0", "rows_per_part"),
        ("--workers", "0", "workers"),
        ("--score-column", "", "score_column"),
        ("--text-column", "", "text_column"),
    ],
)
def test_a_wrong_setting_is_refused_by_name_with_what_came(command, dump, tmp_path, option, value, field):
    outcome = command("filter", *FAST, dump, "-o", tmp_path / "out", option, value)
    assert outcome.code == 2
    assert f"'{field}'" in outcome.err
    assert "Got" in outcome.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("kind", "values", "field"),
    [
        (FilterConfig, {"inputs": "a.parquet", "out": "o"}, "inputs"),
        (FilterConfig, {"inputs": [], "out": "o"}, "inputs"),
        (FilterConfig, {"inputs": ["a"], "out": "o", "keepat": 3}, "keepat"),
        (FilterConfig, {"inputs": ["a"], "out": "o", "workers": "2"}, "workers"),
        (FilterConfig, {"inputs": ["a"], "out": "o", "strict": 1}, "strict"),
        (FilterConfig, {"inputs": ["a"], "out": "o", "effort": "most"}, "effort"),
        (FilterConfig, {"inputs": ["a"], "out": "o", "device": ""}, "device"),
        (RecutConfig, {"run": "a", "to": "b", "keep_fraction": 1.5}, "keep_fraction"),
        (RecutConfig, {"run": "a", "to": "b", "keep_at": 1.0, "write": "scores"}, "write"),
        (TrainConfig, {"labels": "a", "out": "b", "head": "linear"}, "head"),
        (TrainConfig, {"labels": "a", "out": "b", "signals": "joint"}, "signals"),
        (TrainConfig, {"labels": "a", "out": "b", "max_tokens": 4}, "max_tokens"),
    ],
)
def test_wrong_settings_in_python_name_the_class_and_the_field(kind, values, field):
    with pytest.raises(ValueError, match=rf"{kind.__name__}.*'{field}'"):
        kind(**values)


@pytest.mark.parametrize(
    ("name", "config"),
    [
        ("filter", FilterConfig(inputs=["a b", "c"], out="o", audit=1, update=True, keep_at=2, rules="none")),
        ("filter", FilterConfig(inputs=["a"], out="o", decontaminate=["b", "c"], fields="id=d,prompt=e")),
        ("filter", FilterConfig(inputs=["a"], out="o", executor="ray", ray_address="r:1", rules="data")),
        ("decontaminate", DecontaminateConfig(inputs=["a"], out="o", against=["b"], action="mark")),
        ("recut", RecutConfig(run="a", to="b", keep_fraction=0.5, workers=1)),
    ],
)
def test_the_command_of_settings_makes_these_settings(name, config):
    words = shlex.split(command_of(name, config))
    given = COMMANDS[name].make_context(name, words[2:]).params
    assert settings_of(type(config), given) == config


def test_an_unknown_scorer_is_refused(command, dump, tmp_path):
    outcome = command("filter", *FAST, dump, "-o", tmp_path / "out", "-s", "wbe")
    assert outcome.code == 2
    assert "'wbe'" in outcome.err
    assert "web or code" in outcome.err
    assert not (tmp_path / "out").exists()


def test_every_public_name_can_be_imported():
    for name in pipelines.__all__:
        assert getattr(pipelines, name).__module__.startswith("pipelines")
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = pipelines.no_such_name


# Dry run, results and progress.


def test_a_dry_run_prints_plan_and_estimate_and_writes_nothing(command, dump, web, tmp_path):
    outcome = command(
        "filter",
        *FAST,
        dump,
        "-o",
        tmp_path / "out",
        "-s",
        web,
        "--dry-run",
        "--rows-per-part",
        80,
        "--keep-at",
        CUT,
    )
    assert outcome.code == 0
    assert "410 rows in 3 files, 6 parts" in outcome.out
    assert "text column: text" in outcome.out
    assert "signals alone" in outcome.out
    found = re.search(r"estimate from (\d+) rows .*: .* s, ([\d.]+) % kept, ([\d.]+) % unlike", outcome.out)
    assert found
    assert 200 < int(found[1]) <= 410
    assert 10 < float(found[2]) < 60
    assert list(tmp_path.iterdir()) == []


def test_a_dry_run_samples_a_thousand_rows_of_a_long_dump(command, web, tmp_path):
    write_dump(tmp_path / "in", rows=(3000, 3000), row_group_size=500)
    outcome = command("filter", *FAST, tmp_path / "in", "-o", tmp_path / "out", "-s", web, "--dry-run")
    assert "estimate from 1,000 rows" in outcome.out


def test_a_dry_run_on_a_begun_run_says_what_is_done_and_refuses_what_the_run_would(
    command, dump, web, finished
):
    arguments = ["filter", *FAST, dump, "-s", web, "--rows-per-part", 80, "--out", finished, "--dry-run"]
    outcome = command(*arguments, "--keep-at", CUT)
    assert outcome.code == 0
    assert "done already: 410 rows" in outcome.out
    refused = command(*arguments, "--keep-at", CUT + 1)
    assert refused.code == 2
    assert "'keep_at'" in refused.err


@pytest.mark.parametrize(
    ("given", "what"),
    [
        ("ftp://host/dump", "must be a local path or begin with s3://"),
        ("s3://key:secret@bucket/dump", "must hold no credentials"),
        ("gs://somebody@bucket/dump", "must hold no credentials"),
        ("s3:///dump", "must name a bucket"),
    ],
)
def test_an_address_that_cannot_be_meant_is_refused_without_its_secrets(command, tmp_path, given, what):
    for arguments in ((given, "--out", tmp_path / "out"), (tmp_path, "--out", given)):
        outcome = command("filter", *FAST, *arguments)
        assert outcome.code == 2
        assert what in outcome.err
        assert "secret" not in outcome.err


def test_the_folder_of_a_run_is_refused_as_input_and_its_data_named(command, finished, tmp_path):
    outcome = command("filter", *FAST, finished, "--out", tmp_path / "out")
    assert outcome.code == 2
    assert f"{finished}/data" in outcome.err


def test_a_run_that_writes_scores_alone_says_where_they_are(command, dump, web, tmp_path):
    outcome = command("filter", *FAST, dump, "-s", web, "--write", "scores", "--out", tmp_path / "out")
    assert outcome.code == 0
    assert f"{tmp_path / 'out'}/run/scores" in outcome.out


def test_score_of_a_parquet_file_points_to_filter(command, dump):
    outcome = command("score", next(dump.rglob("*.parquet")))
    assert outcome.code == 2
    assert "edufilter filter" in outcome.err


def test_a_dry_run_names_what_would_be_set_aside(command, web, tmp_path):
    source = write_dump(tmp_path / "in", rows=(10,))
    (source / "bad.parquet").write_bytes(b"")
    outcome = command("filter", *FAST, source, "-o", tmp_path / "out", "-s", web, "--dry-run")
    assert outcome.code == 3
    assert "set aside: bad.parquet" in outcome.out
    assert not (tmp_path / "out").exists()


def test_results_go_to_standard_output_and_the_rest_to_standard_error(command, dump, web, tmp_path):
    outcome = command("filter", *FAST, dump, "-o", tmp_path / "out", "-s", web, "--keep-at", CUT)
    kept = json.loads((tmp_path / "out" / "run" / "manifest.json").read_text())["kept"]
    assert f"410 rows, {kept} kept" in outcome.out
    assert str(tmp_path / "out") in outcome.out
    assert "Scoring with" in outcome.err
    assert "signals alone" in outcome.err
    assert "Scoring with" not in outcome.out


@pytest.fixture
def hurried(monkeypatch):
    """Let progress be shown far more often than every few seconds."""
    monkeypatch.setattr(pipelines.progress, "LINE_EVERY_S", 0.001)


def test_progress_is_plain_lines_where_there_is_no_terminal(hurried, settings, tmp_path):
    stream = io.StringIO()
    filter_dump(FilterConfig(**settings, out=tmp_path / "out"), reporter=ConsoleReporter(stream=stream))
    lines = [line for line in stream.getvalue().splitlines() if " rows, " in line]
    assert lines
    form = r"[\d,]+ of 410 rows, [\d,]+ rows/s, [\d.]+ MB/s, [\d.]+ % kept(, \d+ s left)?"
    assert all(re.fullmatch(form, line) for line in lines)
    assert "\x1b" not in stream.getvalue()


def test_json_log_is_one_object_a_line(hurried, command, dump, web, tmp_path):
    (source := tmp_path / "in").mkdir()
    for path in dump.rglob("*.parquet"):
        (source / path.name).write_bytes(path.read_bytes())
    (source / "bad.parquet").write_bytes(b"")
    outcome = command(
        "filter", *FAST, source, "-o", tmp_path / "out", "-s", web, "--json-log", "--rows-per-part", 40
    )
    events = [json.loads(line) for line in outcome.err.splitlines()]
    assert {event["event"] for event in events} == {"message", "progress", "done"}
    progress = [event for event in events if event["event"] == "progress"]
    assert {"rows", "rows_total", "rows_per_s", "mb_per_s", "kept_share", "left_s"} <= set(progress[0])
    assert all(0 <= event["rows"] <= event["rows_total"] == 410 for event in progress)
    assert [event["rows"] for event in progress] == sorted(event["rows"] for event in progress)


def test_a_new_cut_logs_its_end_as_filter_does(command, finished, tmp_path):
    cut = command("recut", finished, "--keep-at", 0, "--to", tmp_path / "cut", "--json-log", "--no-report")
    events = [json.loads(line) for line in cut.err.splitlines()]
    assert events[-1] == {"event": "done", "rows": 410, "kept": 410, "exit_code": 0}


def test_a_filter_loads_its_scorer_once_beside_its_workers(settings, tmp_path, monkeypatch):
    loads = []
    monkeypatch.setattr(pipelines.run.filter, "open_scorer", lambda *a: (loads.append(a), open_scorer(*a))[1])
    filter_dump(FilterConfig(**settings, out=tmp_path / "out"), reporter=ConsoleReporter("none"))
    assert len(loads) == 1


def test_a_terminal_gets_one_bar(dump, web, edufilter, tmp_path):
    primary, secondary = os.openpty()
    arguments = [edufilter, "filter", *FAST, str(dump), "-o", str(tmp_path / "out"), "-s", web]
    environment = os.environ | {"TERM": "xterm", "COLUMNS": "100"}
    done = subprocess.run(arguments, stderr=secondary, stdout=subprocess.PIPE, env=environment, timeout=120)
    os.close(secondary)
    shown = os.read(primary, 1 << 16).decode()
    os.close(primary)
    assert done.returncode == 0
    assert "100%" in shown
    assert "rows/s" in shown
    assert "MB/s" in shown


# Text of documents.


def test_logs_and_records_never_hold_text_of_a_document(command, command_process, web, tmp_path):
    source = tmp_path / "in"
    source.mkdir()
    texts = [f"{SENTINEL} {text} {SENTINEL}".encode() for text in make_texts(200)]
    texts += [
        SENTINEL.encode() + b" \xff\xfe",
        f"{SENTINEL} \0".encode(),
        RUSSIAN.encode() + SENTINEL.encode(),
    ]
    pq.write_table(pa.table({"text": texts}), source / "a.parquet", row_group_size=50)
    pq.write_table(pa.table({"text": texts}), source / "b.parquet", row_group_size=50, compression="none")
    content = bytearray((source / "b.parquet").read_bytes())
    start = pq.read_metadata(source / "b.parquet").row_group(1).column(0).data_page_offset
    content[start : start + 64] = b"\xff" * 64
    (source / "b.parquet").write_bytes(content)
    (source / "c.parquet").write_bytes(SENTINEL.encode() * 100)
    said = ""
    for options in (["--dry-run"], ["--json-log"], [], ["--write", "all"], ["--text-column", "a"]):
        way = command_process if options == ["--json-log"] else command
        outcome = way("filter", *FAST, source, "-o", tmp_path / "out", "-s", web, "--no-samples", *options)
        assert outcome.code in (2, 3)
        said += outcome.said
    for verb in (["status"], ["verify"], ["clean", "--damaged"]):
        said += command(*verb, tmp_path / "out").said
    assert "set aside" in said
    assert SENTINEL not in said
    kept = [path for path in (tmp_path / "out" / "run").rglob("*") if path.is_file()]
    assert len(kept) > 6
    for path in kept:
        assert SENTINEL.encode() not in path.read_bytes(), path
        if path.suffix == ".parquet":
            assert SENTINEL not in str(pq.read_table(path).to_pylist())


# Text unlike the seed.


@pytest.mark.parametrize("text", [RUSSIAN, CHINESE], ids=["russian", "chinese"])
def test_text_in_another_language_brings_a_warning_before_the_run(command, web, tmp_path, text):
    texts = [f"{text} {number}. {text[: number % 40]}" for number in range(300)]
    pq.write_table(pa.table({"text": texts}), tmp_path / "a.parquet")
    outcome = command("filter", *FAST, tmp_path / "a.parquet", "-o", tmp_path / "out", "-s", web)
    assert outcome.code == 0
    assert "Warning" in outcome.err
    assert "unlike" in outcome.err
    dry = command("filter", *FAST, tmp_path / "a.parquet", "-o", tmp_path / "dry", "-s", web, "--dry-run")
    assert float(re.search(r"([\d.]+) % unlike", dry.out)[1]) > 50


def test_ordinary_pages_bring_no_warning(command, shared, web, tmp_path):
    table = pq.read_table(shared / "pool" / "web.parquet", columns=["text"]).slice(0, 1500)
    pq.write_table(table, tmp_path / "a.parquet")
    outcome = command("filter", *FAST, tmp_path / "a.parquet", "-o", tmp_path / "out", "-s", web)
    assert outcome.code == 0
    assert "Warning" not in outcome.err


def test_docstrings_bring_no_warning(command, web, tmp_path):
    import collections
    import decimal
    import statistics
    import textwrap

    modules = (collections, decimal, statistics, textwrap, json, subprocess, io, re)
    found = [getattr(getattr(one, name), "__doc__", None) for one in modules for name in dir(one)]
    texts = [text for text in found if isinstance(text, str) and len(text) > 200]
    pq.write_table(pa.table({"text": texts}), tmp_path / "a.parquet")
    outcome = command("filter", *FAST, tmp_path / "a.parquet", "-o", tmp_path / "out", "-s", web)
    assert len(texts) > 50
    assert "Warning" not in outcome.err


# Single texts.


def test_score_prints_the_score_of_each_file(command, web, tmp_path):
    texts = {"good.txt": make_texts(1, seed=3)[0], "empty.txt": "", "other.txt": "Buy now!"}
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    paths = [str(tmp_path / name) for name in texts]
    scores = load_scorer(web).score(list(texts.values())).value
    outcome = command("score", *paths, "-s", web)
    assert outcome.code == 0
    assert outcome.out.splitlines() == [
        f"{scores[0]:.2f}\t{paths[0]}", f"empty\t{paths[1]}", f"{scores[2]:.2f}\t{paths[2]}",
    ]  # fmt: skip
    lines = [json.loads(line) for line in command("score", *paths, "-s", web, "--json").out.splitlines()]
    assert [line["file"] for line in lines] == paths
    assert [line["reason"] for line in lines] == [None, "empty", None]
    assert lines[1]["score"] is None
    assert [line["score"] for line in lines[::2]] == pytest.approx([scores[0], scores[2]], abs=1e-4)


def test_score_reads_standard_input(command_process, web):
    text = make_texts(1, seed=3)[0]
    outcome = command_process("score", "-", "-s", web, "--json", input=text)
    assert outcome.code == 0
    expected = float(load_scorer(web).score([text]).value[0])
    assert json.loads(outcome.out) == {
        "file": "-",
        "score": pytest.approx(expected, abs=1e-4),
        "reason": None,
    }


def test_score_of_a_file_that_is_not_there_is_refused(command, web, tmp_path):
    outcome = command("score", tmp_path / "none.txt", "-s", web)
    assert outcome.code == 2
    assert "none.txt" in outcome.err


# Names that hide ours.


@pytest.mark.parametrize("name", ["filtering", "annotations"])
@pytest.mark.parametrize("kind", ["package", "module", "folder"])
def test_a_foreign_package_of_our_name_is_refused_by_name(command_process, dump, tmp_path, name, kind):
    if kind == "module":
        (tmp_path / f"{name}.py").write_text("")
    else:
        (tmp_path / name).mkdir()
        (tmp_path / name / "part.py").write_text("")
        if kind == "package":
            (tmp_path / name / "__init__.py").write_text("")
    searched = [str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(searched)}
    outcome = command_process("filter", *FAST, dump, "-o", tmp_path / "out", "--dry-run", env=environment)
    assert "Traceback" not in outcome.err
    if kind == "folder" and outcome.code == 0:
        return  # a folder without code does not hide ours where ours is found by path
    assert outcome.code == 2
    assert "must come from one place" in outcome.err
    assert f"{name} in {'nowhere' if kind == 'folder' else tmp_path}" in outcome.err


def test_the_api_refuses_foreign_packages_too(tmp_path):
    (tmp_path / "annotations.py").write_text("")
    searched = [str(tmp_path), str(Path(pipelines.__file__).parents[1])]
    done = subprocess.run(
        [sys.executable, "-c", "from pipelines import filter_dump"],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(searched)}, cwd=tmp_path,
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 1
    assert "must come from one place" in done.stderr


def test_a_run_by_python_is_the_run_of_the_command(command, settings, dump, web, tmp_path):
    result = filter_dump(FilterConfig(**settings, out=tmp_path / "python"), reporter=QUIET)
    command(
        "filter", *FAST, dump, "-o", tmp_path / "command", "-s", web, "--keep-at", CUT, "--rows-per-part", 80
    )
    assert digests(tmp_path / "python" / "data") == digests(tmp_path / "command" / "data")
    assert result.exit_code == 0
    assert result.rows == len(make_table(230)) + len(make_table(120)) + len(make_table(60))
    assert result.manifest["kept"] == result.kept
