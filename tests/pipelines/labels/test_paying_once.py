"""Proves that labels are paid once and within the budget, whatever is killed."""

import signal
import sqlite3
import time

import numpy as np
import pytest

from annotations.labels.sources import JOURNAL_FILE
from filtering.errors import SettingsError
from pipelines import annotate_sample, estimate_annotation
from pipelines.commands.asking import prices_in_words
from pipelines.labels.label_folder import RATINGS_FILE
from tests.kit.labels.annotating import annotate_process, config, read
from tests.kit.runs.outcomes import QUIET
from tests.kit.scripted import server as scripted
from tests.kit.scripted.judge import document_of, judge
from tests.kit.scripted.server import ScriptedServer

pytestmark = pytest.mark.usefixtures("key")

KILLS = 3


def test_a_second_run_asks_nothing_and_changes_nothing(sample, tmp_path):
    with ScriptedServer(judge) as server:
        settings = config(sample, tmp_path, base_url=server.base_url)
        annotate_sample(settings, reporter=QUIET)
        before = read(tmp_path / "labels"), read(tmp_path / "labels", RATINGS_FILE)
        asked = server.count
        annotate_sample(settings, reporter=QUIET)
        assert server.count == asked == 120
    assert (read(tmp_path / "labels"), read(tmp_path / "labels", RATINGS_FILE)) == before


def answered(out):
    path = out / JOURNAL_FILE
    if not path.exists():
        return set()
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        return {key for (key,) in connection.execute("SELECT window_sha256 FROM replies WHERE status = 'ok'")}
    except sqlite3.OperationalError:  # killed before the tables were made
        return set()
    finally:
        connection.close()


def test_killed_at_any_point_nothing_answered_is_asked_again(begin, sample, tmp_path):
    out, concurrency, kept = tmp_path / "labels", 4, []
    random = np.random.default_rng(0)
    with ScriptedServer(lambda request: scripted.slow(judge(request), 0.05)) as server:
        for kill in range(KILLS + 1):
            started = server.count
            process = annotate_process(begin, sample, out, server.base_url, "--concurrency", concurrency)
            if kill == KILLS:
                said = process.communicate(timeout=120)
                assert process.returncode == 0, said
                break
            # Not before it asks: most of a short run is Python that starts.
            goal = started + int(random.integers(1, 120 // KILLS - concurrency))
            while server.count < goal and process.poll() is None:
                time.sleep(0.002)
            process.send_signal(signal.SIGKILL)
            process.communicate()
            kept.append(answered(out))
            assert len(kept[-1]) >= server.count - concurrency * (kill + 1)
        asked = [document_of(request) for request in server.requests]
    assert kept[0] < kept[1] < kept[2]
    assert len(set(asked)) == 120
    assert len(asked) <= 120 + KILLS * concurrency
    labels = read(out)
    assert [row["id"] for row in labels] == [f"d{number}" for number in range(120)]


def test_ctrl_c_keeps_what_was_answered_and_says_how_to_go_on(begin, sample, tmp_path):
    out = tmp_path / "labels"
    with ScriptedServer(lambda request: scripted.slow(judge(request), 0.05)) as server:
        process = annotate_process(begin, sample, out, server.base_url, "--concurrency", 4)
        while server.count < 20:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
        assert process.returncode == 130
        assert "To go on:" in err
        assert "Traceback" not in err
        kept = len(read(out))
        assert kept >= 16
        process = annotate_process(begin, sample, out, server.base_url)
        assert process.communicate(timeout=60)
        assert process.returncode == 0
        assert server.count <= 120 + 4
    assert len(read(out)) == 120


def test_two_at_once_on_one_folder_are_kept_apart(begin, sample, tmp_path, command):
    with ScriptedServer(lambda request: scripted.slow(judge(request), 0.1)) as server:
        first = annotate_process(begin, sample, tmp_path / "labels", server.base_url, "--concurrency", 4)
        while server.count < 4:
            time.sleep(0.01)
        second = command(
            "annotate", sample, "--model", "m", "--base-url", server.base_url, "--out", tmp_path / "labels"
        )
        first.communicate(timeout=120)
    assert second.code == 2
    assert "Another one is at work" in second.err
    assert first.returncode == 0


def test_an_estimate_sends_nothing_and_a_run_stays_below_it(sample, tmp_path, monkeypatch, command):
    monkeypatch.delenv("OPENAI_API_KEY")
    options = ["--model", "scripted", "--price", "0.5/2", "--out", tmp_path / "labels"]
    outcome = command("annotate", sample, *options, "--dry-run")
    assert outcome.code == 0
    assert "120 of 120 questions to ask" in outcome.out
    assert not (tmp_path / "labels").exists()
    with ScriptedServer(judge) as server:
        settings = config(sample, tmp_path, base_url=server.base_url, prices=prices_in_words(["0.5/2"]))
        estimate = estimate_annotation(settings)
        result = annotate_sample(settings, reporter=QUIET)
    assert 0 < estimate.usd < estimate.most_usd
    assert result.spent_usd <= estimate.most_usd
    after = estimate_annotation(settings)
    assert (after.answered, after.usd, after.spent_usd) == (120, 0, result.spent_usd)


def test_a_budget_ends_a_run_with_whole_documents_and_a_larger_one_goes_on(sample, tmp_path, command):
    with ScriptedServer(judge) as server:
        arguments = ["annotate", sample, "--model", "scripted", "--base-url", server.base_url]
        arguments += ["--out", tmp_path / "labels", "--price", "1/1"]
        first = command(*arguments, "--budget-usd", "0.01")
        assert first.code == 3
        assert "The budget holds no further question" in first.out
        some = len(read(tmp_path / "labels"))
        assert 0 < some < 120
        assert server.count == some
        second = command(*arguments, "--budget-usd", "1")
        assert second.code == 0
        assert server.count == 120


def test_what_was_asked_without_a_price_counts_once_the_price_is_known(sample, tmp_path):
    with ScriptedServer(judge) as server:
        free = config(sample, tmp_path, base_url=server.base_url)
        assert annotate_sample(free, reporter=QUIET).spent_usd == 0
        other = {"models": ("other",), "base_url": server.base_url, "budget_usd": 1.0}
        with pytest.raises(SettingsError, match="Got none for replies of 'scripted'"):
            annotate_sample(
                config(sample, tmp_path, **other, prices=prices_in_words(["other=1/1"])), reporter=QUIET
            )
        assert server.count == 120
        known = {**prices_in_words(["other=1/1"]), **prices_in_words(["scripted=2/2"])}
        result = annotate_sample(config(sample, tmp_path, **other, prices=known), reporter=QUIET)
    tokens = [row["tokens_in"] + row["tokens_out"] for row in read(tmp_path / "labels", RATINGS_FILE)]
    assert result.spent_usd == pytest.approx((sum(tokens[::2]) * 1 + sum(tokens[1::2]) * 2) / 1e6)
