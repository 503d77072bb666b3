"""Proves that what writing would cost is told before anything is sent: by what is there, never too little."""

import json

import pytest

from annotations.asking.prices import Price
from filtering.errors import SettingsError
from pipelines import estimate_writing
from tests.kit.scripted.server import ScriptedServer, completion
from tests.kit.scripted.writer import SAME, Writer
from tests.kit.writing.texts import write, write_config

PRICES = {"*": Price(1.0, 1.0)}


def test_grades_that_are_there_are_not_reckoned_and_others_by_their_texts(tmp_path, own):
    with ScriptedServer(Writer({"the same": 0.4, "short": 0.2})) as server:
        url, more = server.base_url, {"prices": PRICES, "n": 12}
        write(tmp_path / "out", url, own, **more)
        written = server.count
        graded = write_config(tmp_path / "out", url, own, **more, grader="judge")
        before = estimate_writing(graded)
        result = write(tmp_path / "out", url, own, **more, grader="judge")
        assert (
            before.left
            == {"texts": 0, "grades": result.kept}
            == {"texts": 0, "grades": server.count - written}
        )
        after = estimate_writing(graded)
        assert (after.answered, after.questions, after.most_usd) == (server.count, server.count, 0)
        assert estimate_writing(write_config(tmp_path / "out", url, own, n=14, grader="judge")).left == {
            "texts": 2,
            "grades": 2,
        }


def test_bounds_hold_for_draws_in_place_of_near_duplicates(tmp_path, own):
    def script(request):
        return Writer()(request) if request.body["model"] == "judge" else completion(SAME)

    more = {"prices": PRICES, "n": 3, "grader": "judge"}
    with ScriptedServer(script) as server:
        once = estimate_writing(write_config(tmp_path / "out", server.base_url, own, **more))
        fresh = estimate_writing(
            write_config(tmp_path / "out", server.base_url, own, **more, until_fresh=True)
        )
        result = write(tmp_path / "out", server.base_url, own, **more, until_fresh=True)
    assert (once.questions, once.usd) == (fresh.questions, fresh.usd)
    assert result.asked == 13
    assert once.most_usd < fresh.most_usd
    assert result.spent_usd <= fresh.most_usd


def test_an_estimate_never_lies_above_its_bound(tmp_path):
    config = write_config(tmp_path / "out", "http://a/v1", prices=PRICES, max_reply_tokens=5)
    found = estimate_writing(config)
    assert found.tokens_out == found.most_tokens_out == 5 * config.n
    assert found.usd <= found.most_usd


def test_an_estimate_is_printed_as_json_where_that_is_asked_for(tmp_path, command):
    done = command(
        "write", "story", "--model", "m", "--n", 4, "--out", tmp_path / "out", "--dry-run", "--json"
    )
    assert done.code == 0
    assert json.loads(done.out)["left"] == {"texts": 4}


def test_the_model_whose_price_is_not_known_is_named(tmp_path, command):
    arguments = ("write", "story", "--model", "m", "--grade", "g", "--out", tmp_path / "out", "--dry-run")
    assert "price: not known for m. Give it with --price m=" in command(*arguments, "--price", "g=1/2").out
    both = command(*arguments, "--price", "1/2")
    assert "One --price is taken for each of m, g." in both.err
    assert "One --price" not in command(*arguments, "--price", "1/2", "--price", "g=1/1").err


def test_a_price_of_a_model_that_nobody_asks_is_refused(tmp_path, own):
    with ScriptedServer(Writer()) as server:
        more = {"n": 2, "prices": {"scriptd": Price(1.0, 1.0)}}
        for verb in (estimate_writing, lambda config: write(config.out, server.base_url, own, **more)):
            with pytest.raises(SettingsError, match="Did you mean 'scripted'"):
                verb(write_config(tmp_path / "out", server.base_url, own, **more))
        assert server.count == 0
        judged = {"n": 2, "grader": "judge"}
        write(tmp_path / "out", server.base_url, own, **judged)
        later = write(tmp_path / "out", server.base_url, own, **judged, prices={"judge": Price(1.0, 1.0)})
    assert later.spent_usd > 0  # for grades that were there without a price
    assert later.unpriced == ("scripted",)
