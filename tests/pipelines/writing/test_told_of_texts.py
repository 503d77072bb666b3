"""Proves that the command says what came of writing, what it cost, and what to do next."""

import json
import signal
import time

import pytest

from pipelines import write_texts
from pipelines.progress import ConsoleReporter
from tests.kit.scripted.server import ScriptedServer, refused
from tests.kit.scripted.writer import Writer
from tests.kit.writing.texts import kept, write_config, write_process


@pytest.fixture
def told(command, tmp_path, own):
    """Return what runs the command on a recipe of one's own."""

    def run(server, *options, out="out"):
        asked = ("--model", "scripted", "--base-url", server.base_url)
        return command("write", own, *asked, "--out", tmp_path / out, *options)

    return run


def test_texts_without_grades_are_to_be_graded_or_cut_and_the_cut_halves_them(told, tmp_path):
    with ScriptedServer(Writer()) as server:
        first = told(server, "--n", 20)
        assert "next: the same command with --grade MODEL has them graded, to train a scorer on" in first.out
        cut = first.out.rpartition("with --keep-at ")[2].split()[0]
        second = told(server, "--n", 20, "--keep-at", cut)
    assert "Nothing was asked: all replies were there." in second.err
    assert 10 <= len(kept(tmp_path / "out", "mine")) < 20
    assert "with --keep-at" not in second.out


def test_enough_grades_lead_to_train(command, tmp_path):
    with ScriptedServer(Writer()) as server:
        asked = ("--model", "scripted", "--base-url", server.base_url, "--grade", "judge")
        few = command("write", "story", *asked, "--n", 20, "--out", tmp_path / "out")
        many = command("write", "story", *asked, "--n", 110, "--out", tmp_path / "out")
    assert "next: train needs 100 texts with a grade: the same command with a larger --n" in few.out
    assert f"train {tmp_path / 'out' / 'data' / 'story.parquet'} --out SCORER --domain story" in many.out


def test_grades_of_a_part_are_said_to_be_of_a_part(told):
    def script(request):
        is_third = request.body["model"] == "judge" and request.count % 3 == 0
        return refused() if is_third else Writer()(request)

    with ScriptedServer(script) as server:
        done = told(server, "--n", 15, "--grade", "judge")
        assert "grades of judge, mean of 10 of 15 texts kept: " in done.out
        price = ("--price", "scripted=0/0", "--price", "judge=0/1000", "--budget-usd", "0.5")
        part = told(server, "--n", 15, "--grade", "judge", *price, out="part")
    assert part.code == 3
    assert ", so far, mean of " in part.out


def test_a_budget_that_ended_says_how_large_a_one_is_enough(told):
    with ScriptedServer(Writer()) as server:
        arguments = ("--n", 15, "--price", "1/1000", "--concurrency", 2)
        part = told(server, *arguments, "--budget-usd", 5)
        assert part.code == 3
        assert "what is left of it may be less than the dearest possible reply" in part.out
        assert "  not asked: " in part.out
        enough = part.out.partition(" is enough.")[0].split()[-1]
        assert told(server, *arguments, "--budget-usd", enough).code == 0
        assert server.count == 15


def test_replies_without_a_price_are_told_beside_what_is_known(told, tmp_path):
    with ScriptedServer(Writer()) as server:
        told(server, "--n", 5, "--price", "1/1")
        done = told(server, "--n", 10)
        assert "and what replies of scripted cost that came without a --price" in done.out
        summary = json.loads((tmp_path / "out" / "summary.json").read_text())
        assert summary["unpriced"] == ["scripted"]
        assert summary["is_graded"] is False
        assert "without a --price" not in told(server, "--n", 10, "--price", "1/1").out


def test_fields_of_a_benchmark_may_be_named_and_what_was_searched_is_told(told, tmp_path):
    tasks = tmp_path / "tasks.jsonl"
    tasks.write_text('{"name": "a", "words": "Add two numbers that somebody gives you, one by one."}\n')
    with ScriptedServer(Writer()) as server:
        wrong = told(server, "--n", 5, "--decontaminate", tasks)
        assert (wrong.code, server.count) == (2, 0)
        assert "--fields" in wrong.err
        done = told(server, "--n", 5, "--decontaminate", tasks, "--fields", "id=name,prompt=words")
    assert "searched for tasks of benchmarks: 5 (tasks: 1)" in done.out


def test_replies_are_counted_by_the_reasons_for_which_texts_are_thrown_away(tmp_path, own):
    meters = []

    class KeepingMeters(ConsoleReporter):
        def track(self, meter):
            meters.append(meter)
            return super().track(meter)

    with ScriptedServer(Writer({"short": 0.3, "refusal": 0.3})) as server:
        config = write_config(tmp_path / "out", server.base_url, own)
        result = write_texts(config, reporter=KeepingMeters("none"))
    figures = meters[0].figures()
    assert result.faults.keys() == {"too short", "refusal"}
    assert {reason: figures[reason] for reason in result.faults} == dict(result.faults)


def test_where_nothing_is_kept_no_mean_is_told(told):
    with ScriptedServer(Writer()) as server:
        done = told(server, "--n", 5, "--keep-at", 5)
    assert "0 texts of 5" in done.out
    assert "mean score" not in done.out


def test_a_folder_of_more_than_can_be_drawn_names_another_out_once_it_is_begun(told):
    with ScriptedServer(Writer()) as server:
        assert "another --out" not in told(server, "--n", 21).err
        told(server, "--n", 2)
        assert "or give its slots more values and choose another --out." in told(server, "--n", 21).err


def test_a_rubric_that_is_not_there_is_told_before_anything_is_graded(told, own):
    own.write_text(f'rubric = "wob"\n{own.read_text()}')
    with ScriptedServer(Writer()) as server:
        done = told(server, "--n", 2, "--dry-run")
    assert done.code == 2
    assert f"'rubric' in {own} must name a rubric. A rubric must be" in done.err
    assert "Got 'wob'" in done.err


def test_what_came_before_an_interrupt_can_be_read_by_the_number_that_is_told(begin, tmp_path, command):
    with ScriptedServer(Writer(latency_s=0.05)) as server:
        process = write_process(begin, tmp_path / "out", server.base_url, "--n", 300, "--concurrency", 2)
        while server.count < 12 and process.poll() is None:
            time.sleep(0.002)
        process.send_signal(signal.SIGINT)
        said = "".join(filter(None, process.communicate(timeout=60)))
        there = int(said.partition("give the same command --n ")[2].partition(".")[0])
        assert 8 <= there <= server.count
        asked = ("--model", "scripted", "--base-url", server.base_url)
        assert command("write", "story", *asked, "--n", there, "--out", tmp_path / "out").code == 0
    assert len(kept(tmp_path / "out")) == there
