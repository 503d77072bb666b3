"""Proves that help covers every option, and that wrong usage, settings and packages are refused by name."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import typer

import pipelines
from filtering.errors import BadFileError, SettingsError
from pipelines import DecontaminateConfig, FilterConfig, RecutConfig, TrainConfig
from pipelines.commands.cli import app
from pipelines.commands.command_signature import settings_of
from pipelines.settings.base import command_of
from tests.kit.dumps.small import FAST

COMMANDS = typer.main.get_command(app).commands

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
            assert (parameter.opts[0] in outcome.out) != parameter.hidden, parameter.name


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
        (["filter", *FAST], "DUMP"),
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
        (["annotate", "x", "-o", "y", "-m", "m", "--requests-per-minute", "0"], "--requests-per-minute"),
        (["annotate", "x", "-o", "y", "--tokens-per-minute", "9"], "--tokens-per-minute"),
        (["sift"], "sift"),
    ],
)
def test_wrong_usage_ends_with_2_and_names_what_is_wrong(command, arguments, named):
    outcome = command(*arguments)
    assert outcome.code == 2
    assert named in outcome.said
    assert "Traceback" not in outcome.said


@pytest.mark.parametrize("name", COMMANDS)
def test_an_option_that_misses_its_value_is_named(command, name):
    for option in COMMANDS[name].params:
        if option.param_type_name == "option" and not option.is_flag:
            for typed in option.opts:
                outcome = command(name, "x", typed)
                assert outcome.code == 2
                assert outcome.err == f"Error: Option '{typed}' requires an argument.\n"


@pytest.mark.parametrize("name", ["filter", "decontaminate"])
def test_rows_of_a_part_are_for_python_alone(name):
    assert "rows_per_part" not in [parameter.name for parameter in COMMANDS[name].params]
    assert FilterConfig(inputs=["a"], out="b").rows_per_part is None


def test_the_version_is_printed(command):
    outcome = command("--version")
    assert outcome.code == 0
    assert re.fullmatch(r"\d+\.\d+\.\d+\n", outcome.out)


# Settings.


@pytest.mark.parametrize(
    ("option", "value", "named"),
    [
        ("--keep-at", "7", "--keep-at"),
        ("--keep-at", "-1", "--keep-at"),
        ("--keep-at", "nan", "--keep-at"),
        ("--rows-per-part", "0", "'rows_per_part'"),  # which help does not show
        ("--workers", "0", "--workers"),
        ("--score-column", "", "--score-column"),
        ("--text-column", "", "--text-column"),
    ],
)
def test_a_wrong_setting_is_refused_by_name_with_what_came(command, dump, tmp_path, option, value, named):
    outcome = command("filter", *FAST, dump, "-o", tmp_path / "out", option, value)
    assert outcome.code == 2
    assert named in outcome.err
    assert "Got" in outcome.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("filter x -o y --keep-at 3,5", "--keep-at must be a number. Got '3,5' instead. Did you mean 3.5?"),
        ("filter x -o y --keep-at three", "--keep-at must be a number. Got 'three' instead.\n"),
        ("filter x -o y --workers 1.5", "--workers must be a whole number. Got '1.5' instead.\n"),
        ("filter x -o y --keep-at -1", "--keep-at must be at least 0. Got -1 instead."),
        ("sample x -o y.csv --n 2,000", "must be a whole number. Got '2,000' instead. Did you mean 2000?"),
        ("threshold x y --precision 90%", "must be a number. Got '90%' instead. Did you mean 0.9?"),
        ("filter x -o y --keep-at 30%", "--keep-at must be points from 0 to 5, not a share. Got '30%'"),
        ("filter x -o y --keep-at 0.3%", "run: edufilter recut OUT --keep-fraction 0.003 --to OUT-0.003\n"),
        ("filter x -o y --keep-at 30", "from 0 to 5. Got 30 instead. For the best 30 % of the documents"),
        ("recut x --to y --keep-at 30%", "For the best 30 % of the documents: --keep-fraction 0.3\n"),
        ("filter x -o y --workers 100%", "--workers must be a whole number. Got '100%' instead.\n"),
        ("threshold x y --recall 90", "--recall must be below 1. Got 90 instead. Did you mean 0.9?\n"),
        ("filter x -o y --effort ful", "fast, balanced, full. Got 'ful' instead. Did you mean 'full'?"),
        ("train x -o y --signals ridge", "characters, lightgbm. Got 'ridge' instead.\n"),
    ],
)  # fmt: skip
def test_a_value_that_is_none_is_answered_in_plain_words_with_the_nearest_one(command, words, said):
    outcome = command(*words.split())
    assert outcome.code == 2
    assert said in outcome.err
    assert "Input should" not in outcome.err


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
def test_wrong_settings_in_python_name_the_field_in_plain_words(kind, values, field):
    with pytest.raises(ValueError, match=rf"^.{field}. .*(must|is not)") as refused:
        kind(**values)
    assert kind.__name__ not in str(refused.value)
    assert "Value error" not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "config"),
    [
        ("filter", FilterConfig(inputs=["a b", "c"], out="o", update=True, keep_at=2, rules="none")),
        ("filter", FilterConfig(inputs=["a"], out="o", effort="balanced", audit=1)),
        ("filter", FilterConfig(inputs=["a"], out="o", against=["b", "c"], fields="id=d,prompt=e")),
        ("filter", FilterConfig(inputs=["a"], out="o", executor="ray", ray_address="r:1", rules="data")),
        ("decontaminate", DecontaminateConfig(inputs=["a"], out="o", against=["b"], leak_action="mark")),
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


# What cannot be meant.


@pytest.mark.parametrize(
    ("given", "what"),
    [
        ("ftp://host/dump", "must be a local path or begin with s3://"),
        ("s3://key:hidden@bucket/dump", "must hold no credentials"),
        ("gs://somebody@bucket/dump", "must hold no credentials"),
        ("hf://datasets/some/dump?token=hf_hidden", "must hold no credentials"),
        ("abfs://container@account/dump?sv=1&sig=hidden", "must hold no credentials"),
        ("s3:///dump", "must name a bucket"),
    ],
)
def test_an_address_that_cannot_be_meant_is_refused_without_its_secrets(command, tmp_path, given, what):
    for arguments in ((given, "--out", tmp_path / "out"), (tmp_path, "--out", given)):
        outcome = command("filter", *FAST, *arguments)
        assert outcome.code == 2
        assert what in outcome.err
        assert "hidden" not in outcome.err


def test_the_folder_of_a_run_is_refused_as_input_and_its_data_named(command, finished, tmp_path):
    outcome = command("filter", *FAST, finished, "--out", tmp_path / "out")
    assert outcome.code == 2
    assert f"{finished}/data" in outcome.err


def test_score_of_a_parquet_file_points_to_filter(command, dump):
    outcome = command("score", next(dump.rglob("*.parquet")))
    assert outcome.code == 2
    assert "edufilter filter" in outcome.err


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


TOKEN = "hf_" + "aB3" * 11


@pytest.mark.parametrize(
    "arguments",
    [
        ["filter", f"hf://datasets/some/dump@{TOKEN}", "--out", "out"],
        ["filter", f"hf:/datasets/some/{TOKEN}", "--out", "out"],
        ["filter", f"hf://user:{TOKEN}@datasets/some/dump", "--out", "out"],
        ["filter", "a.parquet", "--scorer", f"hf://{TOKEN}/scorer", "--out", "out"],
        ["filter", "a.parquet", "--scorer", f"hf:/{TOKEN}/scorer", "--out", "out"],
        ["filter", "a.parquet", "--out", f"hf://datasets/some/{TOKEN}"],
        ["train", f"hf://datasets/some/{TOKEN}", "--out", "out"],
        ["status", f"hf://datasets/some/dump?access_token={TOKEN}"],
        ["status", f"https://datasets/some/dump?token={TOKEN}"],
    ],
)
def test_a_token_in_an_address_is_never_shown(command, arguments):
    outcome = command(*arguments)
    assert outcome.code == 2, outcome.said
    assert TOKEN not in outcome.said


def test_secrets_in_an_error_are_masked_whoever_raised_it():
    of_addresses = "https://user:pass@host/x", "s3://b/k?X-Amz-Signature=abc&x=1", "a?b=1&sig=ab%3D"
    for secret in (TOKEN, *of_addresses, "Illegal header value b'Bearer abc'"):
        shown = str(SettingsError(f"Reading '{secret}' failed"))
        assert "[secret]" in shown
        assert not any(word in shown for word in (TOKEN, "pass", "abc", "ab%3D"))
    for plain in ("hf_datasets/a", "a@b.c", "12:30 a@b", "s3://bucket/a:b", "hf://datasets/owner/name@main"):
        assert str(BadFileError(plain)) == plain
