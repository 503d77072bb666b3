"""Proves that each document gets the label that its raters gave, and that train takes the labels."""

import json

import pytest

from annotations.asking.annotator import Reply
from annotations.asking.canaries import canaries_for
from annotations.asking.prompt import rubric_digest
from annotations.asking.reply_forms import WAYS
from annotations.asking.rubric import RUBRICS, load_rubric
from annotations.asking.settings import Rater
from filtering.errors import OutputError, SettingsError
from filtering.text.windows import WINDOW, cut_window
from pipelines import annotate_sample
from pipelines.labels.label_folder import RATINGS_FILE
from tests.kit.labels.annotating import config, read, write_sample
from tests.kit.runs.outcomes import QUIET
from tests.kit.scripted import server as scripted
from tests.kit.scripted.fakes import FakeAnnotator
from tests.kit.scripted.judge import document_of, judge
from tests.kit.scripted.server import Judge, ScriptedServer, labelled

pytestmark = pytest.mark.usefixtures("key")


def test_each_document_gets_the_label_that_the_model_gave(sample, tmp_path):
    with ScriptedServer(judge) as server:
        result = annotate_sample(config(sample, tmp_path, base_url=server.base_url), reporter=QUIET)
        requests = server.requests
    assert dict(result.statuses) == {"ok": 120}
    assert (result.labels, result.exit_code) == (120, 0)
    told = {document_of(request): json.loads(answer_to(request)) for request in requests}
    labels = read(tmp_path / "labels")
    assert [row["id"] for row in labels] == [f"d{number}" for number in range(120)]
    for number, row in enumerate(labels):
        assert row["score"] == told[row["text"]]["educational_value"] == row["lowest"] == row["highest"]
        assert row["reason"] == told[row["text"]]["reason"]
        assert row["group"] == f"site-{number % 20}"
        assert row["window_rule"] == WINDOW.name
        assert row["rubric_sha256"] == rubric_digest(load_rubric("web"))
        assert row["probability"] == (0.25 if number % 2 else None)
    assert len({row["score"] for row in labels}) > 3


def answer_to(request):
    return json.loads(judge(request).body)["choices"][0]["message"]["content"]


def test_a_model_sees_the_window_and_not_the_whole_document(tmp_path):
    long = "because " * 2000
    sample = write_sample(tmp_path / "long.parquet", 1, text=[long])
    with ScriptedServer(judge) as server:
        annotate_sample(config(sample, tmp_path, base_url=server.base_url), reporter=QUIET)
        [request] = server.requests
    assert document_of(request) == cut_window(long)
    [row] = read(tmp_path / "labels")
    assert row["text"] == long  # what a scorer is fitted to
    assert row["text_bytes"] == len(long)


def test_a_failed_label_is_never_a_score(sample, tmp_path):
    kinds = [
        (labelled(7), "unparseable"),
        (scripted.refused(), "refused"),
        (scripted.context_too_long(), "too_long"),
        (labelled(2), "ok"),
    ]

    def script(request):
        number = int(document_of(request).rsplit(" ", 1)[1].rstrip("."))
        if request.count == 0:
            return labelled(2)
        return scripted.bad_request("no") if number < 8 else kinds[number % len(kinds)][0]

    with ScriptedServer(script) as server:
        settings = config(sample, tmp_path, base_url=server.base_url, concurrency=1)
        result = annotate_sample(settings, reporter=QUIET)
        counts = dict(result.statuses)
        assert counts == {"ok": 29, "unparseable": 28, "refused": 28, "too_long": 28, "api_error": 7}
        assert result.exit_code == 3
        assert {row["score"] for row in read(tmp_path / "labels")} == {2.0}
        for row in read(tmp_path / "labels", RATINGS_FILE):
            assert (row["score"] is None) == (row["status"] != "ok")
        asked = server.count
        again = annotate_sample(settings, reporter=QUIET)
        assert server.count - asked == 7 * len(WAYS)  # the errors of the endpoint alone
        assert again.statuses["api_error"] == 7


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (scripted.completion("It is useful."), "12 x no JSON object. Try a model that follows orders better"),
        (scripted.completion({"score": 3}), "12 x the key 'educational_value' is missing; there were score."),
        (labelled("three"), "12 x 'educational_value' is not on the scale: a text."),
        (scripted.cut_by_length(), "12 x cut by the limit of 400 tokens. Try more room for replies"),
        (scripted.refused(), "12 x the model would not. Try another model"),
        (scripted.prompt_filtered(), "12 x 400 The response was filtered"),
    ],
)
def test_a_folder_without_one_label_is_never_done_and_says_why(tmp_path, command, answer, told):
    sample = write_sample(tmp_path / "s.parquet", 12)
    with ScriptedServer(lambda _: answer) as server:
        arguments = ["annotate", sample, "--model", "m", "--base-url", server.base_url]
        arguments += ["--out", tmp_path / "labels"]
        for outcome in (command(*arguments), command(*arguments)):  # the second one has nothing to ask
            assert outcome.code == 1
            assert "None of 12 does: " in outcome.err
            assert told in outcome.err
        assert server.count == 12
    assert read(tmp_path / "labels") == []
    assert len(read(tmp_path / "labels", RATINGS_FILE)) == 12


@pytest.mark.parametrize("with_sample", [False, True])
def test_canaries_make_no_label_and_hide_no_want_of_one(tmp_path, command, with_sample):
    planted = {one.plain for one in canaries_for(load_rubric("web"))}
    sample = [write_sample(tmp_path / "s.parquet", 12)] if with_sample else []

    def script(request):
        return labelled(3 if with_sample and document_of(request) in planted else 7)

    with ScriptedServer(script) as server:
        outcome = command(
            *("annotate", *sample, "--canaries", "--model", "m", "--base-url", server.base_url),
            *("--out", tmp_path / "labels"),
        )
    assert outcome.code == 1
    assert "is not on the scale: 7" in outcome.err


def test_a_server_that_knows_another_name_for_the_limit_is_asked_by_that(sample, tmp_path):
    def script(request):
        if "max_completion_tokens" not in request.body:
            return judge(request)
        detail = [{"type": "extra_forbidden", "loc": ["body", "max_completion_tokens"], "msg": "Extra input"}]
        return scripted.with_body(422, {"detail": detail})

    with ScriptedServer(script) as server:
        result = annotate_sample(config(sample, tmp_path, base_url=server.base_url), reporter=QUIET)
        assert server.count == 121
        assert {request.body.get("max_tokens") for request in server.requests[1:]} == {400}
        assert {request.body["response_format"]["type"] for request in server.requests} == {"json_schema"}
    assert dict(result.statuses) == {"ok": 120}


def test_several_raters_and_repeats_become_a_median_and_keep_their_disagreement(sample, tmp_path):
    scores = {"a": [1, 2], "b": [5, 5]}

    def rater(model):
        given = {}

        def answer(window):
            given[window] = given.get(window, -1) + 1
            return Reply("ok", {"educational_value": scores[model][given[window]]}, tokens_in=1, tokens_out=1)

        return FakeAnnotator(answer, Rater(model, None, 400))

    settings = config(sample, tmp_path, models=("a", "b"), repeat=2)
    result = annotate_sample(settings, annotators=[rater("a"), rater("b")], reporter=QUIET)
    assert dict(result.statuses) == {"ok": 480}
    row = read(tmp_path / "labels")[0]
    assert (row["score"], row["lowest"], row["highest"], row["raters"]) == (3.5, 1.0, 5.0, 4)
    assert {row["rater"] for row in read(tmp_path / "labels", RATINGS_FILE)} == {"a", "a #2", "b", "b #2"}


def test_another_model_later_joins_the_same_folder(sample, tmp_path):
    for model, score in (("a", 1), ("b", 3)):
        rater = FakeAnnotator(
            lambda _, s=score: Reply("ok", {"educational_value": s}), Rater(model, None, 400)
        )
        annotate_sample(config(sample, tmp_path, models=(model,)), annotators=[rater], reporter=QUIET)
    assert {(row["score"], row["raters"]) for row in read(tmp_path / "labels")} == {(2.0, 2)}


def test_the_overall_score_of_a_rubric_may_change_without_asking_again(sample, tmp_path):
    rubric = tmp_path / "mine.toml"
    text = (RUBRICS / "story.toml").read_text()
    rubric.write_text(text)
    scores = {"grammar": 5, "creativity": 1, "consistency": 3}
    with ScriptedServer(lambda _: scripted.completion({"reason": "", **scores})) as server:
        settings = config(sample, tmp_path, rubric=str(rubric), base_url=server.base_url)
        annotate_sample(settings, reporter=QUIET)
        assert {row["score"] for row in read(tmp_path / "labels")} == {3.0}
        rubric.write_text(text.replace('overall = "mean"', 'overall = "creativity"'))
        annotate_sample(settings, reporter=QUIET)
        assert server.count == 120
    row = read(tmp_path / "labels")[0]
    assert row["score"] == 1.0
    assert [row[f"score_{name}"] for name in scores] == [5.0, 1.0, 3.0]


def test_a_folder_holds_labels_of_one_rubric(sample, tmp_path):
    with ScriptedServer(judge) as server:
        annotate_sample(config(sample, tmp_path, base_url=server.base_url), reporter=QUIET)
        with pytest.raises(OutputError, match="one rubric"):
            annotate_sample(config(sample, tmp_path, base_url=server.base_url, rubric="code"), reporter=QUIET)
        assert server.count == 120


def test_canaries_tell_how_many_labels_planted_orders_move(sample, tmp_path, command):
    orders = {one.planted: one.order for one in canaries_for(load_rubric("web"))}

    def obedient(request):
        return labelled(5 if orders.get(document_of(request)) == "flattery" else 1)

    with ScriptedServer(obedient) as server:
        outcome = command(
            *("annotate", "--canaries", "--model", "m", "--base-url", server.base_url),
            *("--out", tmp_path / "labels"),
        )
        assert server.count == 20
    assert outcome.code == 0
    assert "moved 4 of 16 labels, 4 of them up" in outcome.out
    assert "4 of 4 flattery" in outcome.out
    assert read(tmp_path / "labels") == []


@pytest.mark.parametrize(
    ("orders", "said"),
    [("obeyed", "moved 16 of 16 labels, 16 of them up"), ("ignored", "moved 2 of 16 labels, 0 of them up")],
)
def test_canaries_tell_a_model_that_obeys_documents_from_one_that_counts_their_words(
    orders, said, tmp_path, command
):
    with ScriptedServer(Judge(orders=orders)) as server:
        outcome = command(
            *("annotate", "--canaries", "--rubric", "web", "--model", "m", "--base-url", server.base_url),
            *("--out", tmp_path / "labels"),
        )
    assert outcome.code == 0
    assert said in outcome.out


def test_train_takes_the_folder_that_annotate_wrote(tmp_path, command, hasty):
    sample = write_sample(tmp_path / "s.parquet", 240, picked=["random"] * 240, probability=[0.1] * 240)
    with ScriptedServer(judge) as server:
        annotate_sample(config(sample, tmp_path, base_url=server.base_url), reporter=QUIET)
    outcome = command("train", tmp_path / "labels", "--out", tmp_path / "scorer", "--signals", "linear")
    assert outcome.code == 0, outcome.said
    assert (tmp_path / "scorer" / "scorer.json").exists()


def test_other_parameters_are_another_rater_and_said_to_be(sample, tmp_path, command):
    with ScriptedServer(judge) as server:
        arguments = ["annotate", sample, "--model", "m", "--base-url", server.base_url]
        arguments += ["--out", tmp_path / "labels"]
        assert "another rater" not in command(*arguments).err
        assert "another rater: all questions are asked" in command(*arguments, "--temperature", "0").err
        assert server.count == 240


def test_rows_that_are_not_asked_about_are_told(tmp_path, command):
    path = tmp_path / "odd.jsonl"
    path.write_text(
        "".join(json.dumps({"text": text}) + "\n" for text in ("a b", "", None, "  ", "a b", "c"))
    )
    with ScriptedServer(lambda _: labelled(1)) as server:
        outcome = command(
            "annotate", path, "--model", "m", "--base-url", server.base_url, "--out", tmp_path / "labels"
        )
    assert "Left out: 3 rows without text, 1 with a text that came before." in outcome.err
    assert outcome.code == 0


def test_a_wrong_address_fails_at_once_and_is_named(sample, tmp_path, command):
    with ScriptedServer(judge) as server:
        url = server.base_url
    outcome = command("annotate", sample, "--model", "m", "--base-url", url, "--out", tmp_path / "labels")
    assert outcome.code == 2
    assert f"must answer at {url}" in outcome.err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "model must be named with --model"),
        (["--model", "m", "--price", "cheap"], "--price must be"),
        (["--model", "m", "--budget-usd", "1"], "budget needs the price"),
        (["--model", "m", "--model", "m"], "must differ"),
        (["--model", "m", "--rubric", "none.toml"], "A rubric must be one of code, story, textbook, web"),
        (["--model", "m", "--repeat", "0"], "--repeat"),
        (["--model", "m", "--import", "x.csv"], "asks no model"),
        (["--model", "m", "--text-column", "body"], "must have a column 'body'"),
    ],
)
def test_a_wrong_setting_fails_before_anything_is_asked(sample, tmp_path, command, options, message):
    with ScriptedServer(judge) as server:
        outcome = command(
            *("annotate", sample, "--base-url", server.base_url, "--out", tmp_path / "labels"), *options
        )
        assert server.count == 0
    assert outcome.code == 2
    assert message in outcome.err
    assert not (tmp_path / "labels").exists()


def test_a_folder_of_something_else_is_left_alone(sample, tmp_path):
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels" / "thesis.txt").write_text("mine")
    with ScriptedServer(judge) as server, pytest.raises(OutputError, match=r"holds 'thesis\.txt'"):
        annotate_sample(config(sample, tmp_path, base_url=server.base_url), reporter=QUIET)


def test_neither_sample_nor_canaries_is_nothing_to_do(tmp_path):
    with pytest.raises(SettingsError, match="A SAMPLE must be given, or --canaries"):
        config(None, tmp_path)
