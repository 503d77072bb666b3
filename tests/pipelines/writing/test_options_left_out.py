"""Proves that a later call with fewer options takes no grade away, and lets no wrong text count."""

import pyarrow.parquet as pq
import pytest

from annotations.labels.labels import read_labels
from filtering.errors import OutputError
from pipelines import estimate_writing, write_texts
from pipelines.writing.code_runs.run_code import RUN_REASONS
from pipelines.writing.left_out import FOUND_BY
from pipelines.writing.marks import MARKED
from pipelines.writing.sieve import NEAR_DUPLICATE, SIFTED
from pipelines.writing.text_folder import FAILED_FILE, data_file
from tests.kit.runs.outcomes import Recorder
from tests.kit.scripted.server import ScriptedServer
from tests.kit.scripted.writer import Writer
from tests.kit.writing.texts import failed, kept, write, write_config


def files_of(out, recipe="mine"):
    return [path.read_bytes() for path in (data_file(out, recipe), out / FAILED_FILE)]


def test_grades_stay_in_the_texts_until_they_are_moved_away(tmp_path, own):
    out = tmp_path / "out"
    with ScriptedServer(Writer({"short": 0.2})) as server:
        write(out, server.base_url, own, n=8, grader="judge")
        before, asked = files_of(out), server.count
        for verb in (estimate_writing, write_texts):
            with pytest.raises(OutputError, match="Give --grade judge again, which asks nothing twice"):
                verb(write_config(out, server.base_url, own, n=8))
        assert (files_of(out), server.count) == (before, asked)
        data_file(out, "mine").unlink()
        (out / FAILED_FILE).unlink()
        write(out, server.base_url, own, n=8)
        assert "grader" not in pq.read_schema(data_file(out, "mine")).names
        write(out, server.base_url, own, n=8, grader="judge")
        assert (files_of(out), server.count) == (before, asked)


def test_grades_of_another_model_are_told_to_take_the_place_of_those_there(tmp_path, own):
    said = Recorder()
    with ScriptedServer(Writer()) as server:
        write(tmp_path / "out", server.base_url, own, n=4, grader="judge")
        write_texts(write_config(tmp_path / "out", server.base_url, own, n=4, grader="other"), reporter=said)
    assert any("have grades of judge. They get grades of other instead." in one for one in said.said)


@pytest.mark.usefixtures("_shut_in")
def test_exercises_that_failed_when_they_were_run_do_not_count_without_running_them(tmp_path):
    out = tmp_path / "out"
    with ScriptedServer(Writer({"wrong tests": 0.5})) as server:
        result = write(out, server.base_url, "exercise", n=6, run_code=True)
        [(_, wrong)] = result.faults.items()
        before = files_of(out, "exercise")
        with pytest.raises(OutputError, match=rf"has {wrong} that --run-code found"):
            write(out, server.base_url, "exercise", n=6)
        assert files_of(out, "exercise") == before
        (out / FAILED_FILE).unlink()
        assert write(out, server.base_url, "exercise", n=6).kept == 6


def test_a_cut_that_is_taken_back_costs_nothing_and_is_told(tmp_path, own):
    said = Recorder()
    with ScriptedServer(Writer()) as server:
        judged = {"n": 12, "grader": "judge"}
        cut = write(tmp_path / "out", server.base_url, own, **judged, keep_grade=3.0)
        lower = cut.faults["low grade"]
        assert len(failed(tmp_path / "out")) == lower
        asked = server.count
        write_texts(write_config(tmp_path / "out", server.base_url, own, **judged), reporter=said)
        assert server.count == asked
    assert f"Without --keep-grade, texts count that it threw away before: {lower}." in said.said
    assert len(kept(tmp_path / "out", "mine")) == 12


def test_texts_cut_by_their_grades_do_not_lead_to_train_but_to_those_that_were_cut(tmp_path, command):
    with ScriptedServer(Writer()) as server:
        asked = ("write", "story", "--model", "scripted", "--base-url", server.base_url, "--grade", "judge")
        arguments = (*asked, "--n", 240, "--out", tmp_path / "out")
        for cut in ("3", "4.9"):
            done = command(*arguments, "--keep-grade", cut)
            assert "next: to train a scorer, the same command without --keep-grade: it brings" in done.out
            assert "train needs 100" not in done.out
            texts = data_file(tmp_path / "out", "story")
            refused = command("train", texts, "--domain", "story", "--out", tmp_path / "scorer")
            assert "the same 'edufilter write' without --keep-grade brings them back" in refused.err
        count = server.count
        assert f"next: edufilter train {texts} --out SCORER --domain story" in command(
            *arguments
        ).out.replace("\n", " ")
        assert server.count == count
    assert read_labels(str(texts)).scores.min() < 3


def test_each_reason_that_an_option_finds_names_that_option():
    assert set(FOUND_BY) == {*SIFTED, *MARKED} - {NEAR_DUPLICATE}
    assert set(RUN_REASONS) <= set(FOUND_BY)
