"""Proves that exercises are run against their own tests where that was asked for, each once."""

import os

import pytest

from filtering.errors import RunError, SettingsError
from pipelines.progress import Meter
from pipelines.writing import sifting
from pipelines.writing.code_runs import run_code, run_code_once
from pipelines.writing.code_runs.run_code import run_exercise
from tests.kit.scripted.server import ScriptedServer
from tests.kit.scripted.writer import FAULTS, Writer
from tests.kit.writing.texts import failed, kept, write


@pytest.mark.usefixtures("_shut_in")
def test_exercises_whose_tests_fail_are_set_aside_and_each_is_run_once(tmp_path, monkeypatch):
    runs = []

    def counted(exercise):
        runs.append(exercise)
        return run_exercise(exercise)

    monkeypatch.setattr(run_code_once, "run_exercise", counted)
    with ScriptedServer(Writer({"wrong tests": 0.4})) as server:
        result = write(tmp_path / "out", server.base_url, "exercise", n=6, run_code=True)
        write(tmp_path / "out", server.base_url, "exercise", n=6, run_code=True)
        assert server.count == 6
    assert len(runs) == 6
    assert dict(result.faults) == {FAULTS["wrong tests"][1]: 6 - result.kept}
    assert 0 < result.kept < 6
    assert {row["text"] for row in (*kept(tmp_path / "out", "exercise"), *failed(tmp_path / "out"))} == set(
        runs
    )


def test_without_the_option_no_code_is_run(tmp_path, monkeypatch):
    monkeypatch.setattr(run_code_once, "run_exercise", None)
    with ScriptedServer(Writer({"wrong tests": 0.4})) as server:
        assert write(tmp_path / "out", server.base_url, "exercise", n=10).kept == 10


def test_where_code_cannot_be_shut_in_nothing_is_asked(tmp_path, monkeypatch):
    def refuse(_):
        raise RunError("Code must be shut in before it is run.")

    monkeypatch.setattr(run_code, "run_exercise", refuse)
    with ScriptedServer(Writer()) as server, pytest.raises(SettingsError, match="must be shut in"):
        write(tmp_path / "out", server.base_url, "exercise", n=6, run_code=True)
    assert server.count == 0


@pytest.mark.usefixtures("_shut_in")
def test_exercises_are_counted_a_few_at_a_time_while_they_are_run(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    counted = []

    class Keeping(Meter):
        def count(self, number, **more):
            counted.append((self.doing, number))
            super().count(number, **more)

    monkeypatch.setattr(sifting, "Meter", Keeping)
    with ScriptedServer(Writer()) as server:
        write(tmp_path / "out", server.base_url, "exercise", n=6, run_code=True)
    assert counted == [("checking", sifting.RUNS_A_CORE), ("checking", 2)]
