"""Proves that texts are paid once and within the budget, whatever is killed, and folders stay of one kind."""

import signal
import time

import pytest

from annotations.asking.prices import Price
from filtering.errors import EndpointError, OutputError, RunError, SettingsError
from pipelines import estimate_writing, write_texts
from tests.kit.runs.outcomes import Recorder
from tests.kit.scripted import server as scripted
from tests.kit.scripted.server import MODEL, ScriptedServer, completion, text_parts
from tests.kit.scripted.writer import TOPICS_SYSTEM, Writer, said
from tests.kit.writing.texts import kept, write, write_config, write_process


def requests_of(server):
    return [text_parts(request.body, "user")[-1] for request in server.requests]


def test_a_second_run_asks_nothing_and_a_larger_n_asks_the_rest(tmp_path):
    with ScriptedServer(Writer()) as server:
        write(tmp_path / "out", server.base_url, grader="judge")
        before = kept(tmp_path / "out")
        write(tmp_path / "out", server.base_url, grader="judge")
        assert server.count == 40
        assert kept(tmp_path / "out") == before
        write(tmp_path / "out", server.base_url, grader="judge", n=30)
        assert server.count == 60
    assert kept(tmp_path / "out")[:20] == before


def test_other_checks_are_applied_to_what_is_there_and_cost_nothing(tmp_path, own):
    with ScriptedServer(Writer()) as server:
        write(tmp_path / "out", server.base_url, own)
        before, text = kept(tmp_path / "out", "mine"), own.read_text()
        own.write_text(text.replace("min_words = 40", "min_words = 156"))
        fewer = write(tmp_path / "out", server.base_url, own)
        assert fewer.faults.keys() == {"too short"}
        assert 0 < fewer.kept < 20
        own.write_text(text)
        write(tmp_path / "out", server.base_url, own)
        assert kept(tmp_path / "out", "mine") == before
        assert server.count == 20


def test_killed_at_any_point_nothing_answered_is_asked_again(begin, tmp_path):
    out = tmp_path / "out"
    with ScriptedServer(Writer(latency_s=0.05)) as server:
        for goal in (10, 25):
            process = write_process(begin, out, server.base_url, "--n", 40, "--concurrency", 4)
            while server.count < goal and process.poll() is None:
                time.sleep(0.002)
            process.send_signal(signal.SIGKILL)
            process.communicate()
        process = write_process(begin, out, server.base_url, "--n", 40, "--concurrency", 4)
        said = process.communicate(timeout=120)
        assert process.returncode == 0, said
        asked = requests_of(server)
    assert len(set(asked)) == 40
    assert len(asked) <= 40 + 2 * 4
    assert len(kept(out)) == 40


def test_two_at_once_on_one_folder_are_kept_apart(begin, tmp_path, command):
    with ScriptedServer(Writer(latency_s=0.1)) as server:
        first = write_process(begin, tmp_path / "out", server.base_url, "--n", 20, "--concurrency", 4)
        while server.count < 4:
            time.sleep(0.01)
        url = server.base_url
        second = command("write", "story", "--model", "m", "--base-url", url, "--out", tmp_path / "out")
        first.communicate(timeout=120)
    assert second.code == 2
    assert "Another one is at work" in second.err
    assert first.returncode == 0


def test_a_budget_is_never_passed_and_a_larger_one_goes_on(tmp_path):
    price = {"*": Price(1.0, 1000.0)}  # a story of 200 tokens costs 0.2 dollars
    with ScriptedServer(Writer()) as server:
        result = write(tmp_path / "out", server.base_url, prices=price, budget_usd=5.0, concurrency=2)
        assert 0 < result.spent_usd <= 5.0
        assert result.faults["not asked"] > 0
        assert result.exit_code == 3
        assert result.kept == server.count
        whole = write(tmp_path / "out", server.base_url, prices=price, budget_usd=50.0)
        assert (whole.kept, server.count, whole.exit_code) == (20, 20, 0)


def test_a_budget_that_ends_with_the_grades_leaves_texts_and_says_so(tmp_path):
    prices = {"scripted": Price(0.0, 0.0), "judge": Price(0.0, 1000.0)}
    with ScriptedServer(Writer()) as server:
        result = write(tmp_path / "out", server.base_url, grader="judge", prices=prices, budget_usd=0.5)
    assert (result.kept, result.is_graded, result.exit_code) == (20, False, 3)
    assert result.spent_usd <= 0.5


def test_a_budget_that_ends_with_the_topics_is_gone_on_with(tmp_path):
    def long_lists(request):
        done = Writer()(request)
        is_list = TOPICS_SYSTEM in text_parts(request.body, "system")
        return completion(said(done), usage=(50, 1500)) if is_list else done

    prices = {"*": Price(0.0, 1000.0)}
    with ScriptedServer(long_lists) as server:
        more = {"topics": 20, "prices": prices, "concurrency": 1}
        reporter = Recorder()
        config = write_config(tmp_path / "out", server.base_url, "textbook", budget_usd=20.0, **more)
        result = write_texts(config, reporter=reporter)
        assert (result.kept, result.faults, result.exit_code) == (0, {"not asked": 20}, 3)
        assert result.spent_usd <= 20.0
        assert "The budget ended before all topics were listed, so no text was asked for." in reporter.said
        assert write(tmp_path / "out", server.base_url, "textbook", budget_usd=1000.0, **more).kept == 20


@pytest.mark.parametrize(
    ("recipe", "budget_usd", "what"), [("story", 0.1, "a text"), ("textbook", 3.0, "the topics and a text")]
)
def test_a_budget_that_ends_before_a_text_is_refused_with_one_that_is_enough(
    tmp_path, recipe, budget_usd, what
):
    more = {"prices": {"*": Price(0.0, 1000.0)}, "n": 4}
    with ScriptedServer(Writer()) as server:
        with pytest.raises(SettingsError, match=f"must hold {what}, which may cost") as refused:
            write(tmp_path / "out", server.base_url, recipe, budget_usd=budget_usd, **more)
        assert server.count == 0
        enough = float(str(refused.value).partition(" is enough for all.")[0].split()[-1])
        assert write(tmp_path / "out", server.base_url, recipe, budget_usd=enough, **more).kept == 4


def test_an_estimate_sends_nothing_writes_nothing_and_a_run_stays_below_its_bound(tmp_path, command):
    prices = {"*": Price(0.5, 2.0)}
    with ScriptedServer(Writer()) as server:
        out = tmp_path / "out"
        settings = write_config(out, server.base_url, "textbook", topics=20, prices=prices, grader="judge")
        estimate = estimate_writing(settings)
        assert server.count == 0
        assert not out.exists()
        result = write(out, server.base_url, "textbook", topics=20, prices=prices, grader="judge")
        assert 0 < result.spent_usd <= estimate.most_usd
        assert server.count <= estimate.questions
        again = estimate_writing(settings)
        assert (again.answered, again.questions, again.most_usd) == (server.count, server.count, 0)
    said = command(
        *("write", "story", "--model", "m", "--n", 100, "--price", "0.5/2", "--dry-run"),
        *("--out", tmp_path / "new"),
    )
    assert said.code == 0
    assert "100 of 100 questions to ask (texts: 100)\n" in said.out
    assert not (tmp_path / "new").exists()


def test_topics_are_asked_for_once_and_stay(tmp_path):
    with ScriptedServer(Writer()) as server:
        write(tmp_path / "out", server.base_url, "textbook", topics=30, n=5)
        lists = sum(TOPICS_SYSTEM in text_parts(one.body, "system") for one in server.requests)
        topics = (tmp_path / "out" / "topics.jsonl").read_bytes()
        write(tmp_path / "out", server.base_url, "textbook", topics=30, n=9)
        again = sum(TOPICS_SYSTEM in text_parts(one.body, "system") for one in server.requests)
    assert lists == again > 0
    assert (tmp_path / "out" / "topics.jsonl").read_bytes() == topics


def test_a_folder_has_no_more_topics_than_texts_it_began_with_unless_asked_for(tmp_path):
    reporter = Recorder()
    with ScriptedServer(Writer()) as server:
        first = write(tmp_path / "out", server.base_url, "textbook", n=3)
        assert (first.topics, first.kept, server.count) == (3, 3, 6)
        larger = write_config(tmp_path / "out", server.base_url, "textbook", n=5)
        assert write_texts(larger, reporter=reporter).kept == 5
        assert server.count == 8
        assert write(tmp_path / "more", server.base_url, "textbook", n=3, topics=4).topics == 4
    told = "This folder began with 3 topics, which 5 texts share. For more topics choose another --out."
    assert told in reporter.said


def test_no_text_is_drawn_before_all_topics_are_there(tmp_path):
    def script(request):
        return scripted.bad_request("no") if request.count == 3 else Writer()(request)

    with ScriptedServer(script) as server:
        with pytest.raises(RunError, match=r"1 of [\d,]+ questions found no answer. The same command"):
            write(tmp_path / "out", server.base_url, "textbook", topics=30, concurrency=1)
        assert not (tmp_path / "out" / "topics.jsonl").exists()
        assert write(tmp_path / "out", server.base_url, "textbook", topics=30).kept == 20


@pytest.mark.parametrize(
    "changed", ["no JSON\n", "[]\n", '["cookery of Mars", "x"]\n', '["physics", 3]\n', "", "3"]
)
def test_topics_that_were_changed_are_refused(tmp_path, changed):
    with ScriptedServer(Writer()) as server:
        write(tmp_path / "out", server.base_url, "textbook", topics=30, n=5)
        (tmp_path / "out" / "topics.jsonl").write_text(changed)
        with pytest.raises(OutputError, match=r"topics\.jsonl must have lines"):
            write(tmp_path / "out", server.base_url, "textbook", topics=30, n=5)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"seed": 1}, "another --seed"), ({"model": "other"}, "another --model"),
        ({"temperature": 0.5}, "another --temperature"), ({"recipe": "exercise"}, "another recipe"),
    ],
)  # fmt: skip
def test_a_folder_stays_of_one_recipe_model_and_seed(tmp_path, changed, told):
    with ScriptedServer(Writer()) as server:
        write(tmp_path / "out", server.base_url, n=2)
        with pytest.raises(OutputError, match=told):
            write(tmp_path / "out", server.base_url, **{"n": 2, **changed})
        assert server.count == 2


def test_a_folder_in_which_nothing_was_answered_may_become_another(tmp_path):
    with ScriptedServer(scripted.unauthorized) as server, pytest.raises(EndpointError):
        write(tmp_path / "out", server.base_url, n=2)
    with ScriptedServer(Writer()) as server:
        assert write(tmp_path / "out", server.base_url, "exercise", n=2, seed=5).kept == 2


def test_questions_without_an_answer_are_asked_again(tmp_path):
    def script(request):
        return scripted.bad_request("no") if request.count in (5, 8) else Writer()(request)

    with ScriptedServer(script) as server:
        first = write(tmp_path / "out", server.base_url, concurrency=1)
        assert (first.faults["no answer"], first.kept, first.exit_code) == (2, 18, 3)
        again = write(tmp_path / "out", server.base_url)
        assert (again.kept, again.exit_code, server.count) == (20, 0, 22)


def test_another_folder_is_not_written_to(tmp_path, command):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").touch()
    done = command("write", "story", "--model", MODEL, "--base-url", "http://a/v1", "--out", tmp_path / "out")
    assert done.code == 2
    assert "Texts must go to a new or empty folder, or to one of texts." in done.err
