"""Proves that labels are paid once, whatever is killed, that no secret leaves, and that train takes them."""

import json
import os
import signal
import sqlite3
import subprocess
import time

import datasets
import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
import scripted_server as scripted
from dumps import make_texts
from fakes import FakeAnnotator
from runs import QUIET
from scripted_judge import document_of, judge
from scripted_server import Judge, ScriptedServer, labelled

from annotations.asking.annotator import Rater, Reply
from annotations.asking.canaries import canaries_for
from annotations.asking.ladder import WAYS
from annotations.asking.prompt import rubric_digest
from annotations.asking.rubric import RUBRICS, load_rubric
from annotations.labels.sources import JOURNAL_FILE
from filtering.errors import ColumnError, LabelsError, OutputError, SettingsError
from filtering.text.windows import WINDOW, cut_window
from pipelines import AnnotateConfig, ImportConfig, annotate_sample, estimate_annotation, import_labels
from pipelines.labels.label_folder import RATINGS_FILE

KEY = "sk-sentinel-9876543210"
KILLS = 3


@pytest.fixture(autouse=True)
def key(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)


@pytest.fixture
def sample(tmp_path):
    """Return a file of 120 texts with groups and picks."""
    return write_sample(tmp_path / "sample.parquet", 120)


def write_sample(path, rows, **columns):
    texts = [f"{text} Page {number}." for number, text in enumerate(make_texts(rows, seed=3))]
    table = pa.table(
        {
            "id": [f"d{number}" for number in range(rows)],
            "text": texts,
            "group": [f"site-{number % 20}" for number in range(rows)],
            "picked": ["stratified" if number % 2 else "high" for number in range(rows)],
            "probability": [0.25 if number % 2 else None for number in range(rows)],
            **columns,
        }
    )
    pq.write_table(table, path)
    return str(path)


def config(sample, tmp_path, **changed):
    values = {"sample": sample, "out": tmp_path / "labels", "models": ("scripted",), **changed}
    return AnnotateConfig(**values)


def read(out, name="labels.parquet"):
    return pq.read_table(out / name).to_pylist()


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


def test_a_second_run_asks_nothing_and_changes_nothing(sample, tmp_path):
    with ScriptedServer(judge) as server:
        settings = config(sample, tmp_path, base_url=server.base_url)
        annotate_sample(settings, reporter=QUIET)
        before = read(tmp_path / "labels"), read(tmp_path / "labels", RATINGS_FILE)
        asked = server.count
        annotate_sample(settings, reporter=QUIET)
        assert server.count == asked == 120
    assert (read(tmp_path / "labels"), read(tmp_path / "labels", RATINGS_FILE)) == before


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


def annotate_process(edufilter, sample, out, url, *options):
    arguments = ["annotate", sample, "--model", "scripted", "--base-url", url, "--out", out, *options]
    return subprocess.Popen(
        [edufilter, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "OPENAI_API_KEY": KEY},
    )


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


def test_killed_at_any_point_nothing_answered_is_asked_again(edufilter, sample, tmp_path):
    out, concurrency, kept = tmp_path / "labels", 4, []
    random = np.random.default_rng(0)
    with ScriptedServer(lambda request: scripted.slow(judge(request), 0.05)) as server:
        for kill in range(KILLS + 1):
            started = server.count
            process = annotate_process(edufilter, sample, out, server.base_url, "--concurrency", concurrency)
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


def test_ctrl_c_keeps_what_was_answered_and_says_how_to_go_on(edufilter, sample, tmp_path):
    out = tmp_path / "labels"
    with ScriptedServer(lambda request: scripted.slow(judge(request), 0.05)) as server:
        process = annotate_process(edufilter, sample, out, server.base_url, "--concurrency", 4)
        while server.count < 20:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
        assert process.returncode == 130
        assert "go on with" in err
        assert "Traceback" not in err
        kept = len(read(out))
        assert kept >= 16
        process = annotate_process(edufilter, sample, out, server.base_url)
        assert process.communicate(timeout=60)
        assert process.returncode == 0
        assert server.count <= 120 + 4
    assert len(read(out)) == 120


def test_two_at_once_on_one_folder_are_kept_apart(edufilter, sample, tmp_path, command):
    with ScriptedServer(lambda request: scripted.slow(judge(request), 0.1)) as server:
        first = annotate_process(edufilter, sample, tmp_path / "labels", server.base_url, "--concurrency", 4)
        while server.count < 4:
            time.sleep(0.01)
        second = command(
            "annotate", sample, "--model", "m", "--base-url", server.base_url, "--out", tmp_path / "labels"
        )
        first.communicate(timeout=120)
    assert second.code == 2
    assert "Another one is at work" in second.err
    assert first.returncode == 0


def test_the_key_is_in_no_file_and_in_nothing_that_is_said(edufilter, sample, tmp_path):
    def script(request):
        if request.count % 5 == 1:
            return scripted.bad_request(f"You sent {request.headers['authorization']}")
        if request.count % 5 == 2:
            return scripted.completion(f'{{"reason": "{KEY}", "educational_value": 2}}')
        return judge(request) if request.count < 60 else scripted.unauthorized(request)

    with ScriptedServer(script) as server:
        options = ("--price", "1/1", "--budget-usd", "1", "--json-log", "--canaries")
        process = annotate_process(edufilter, sample, tmp_path / "labels", server.base_url, *options)
        said = "".join(process.communicate(timeout=60))
        sent = server.requests[0].headers["authorization"]
    assert process.returncode == 1
    assert KEY in sent
    assert "401" in said
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {"journal.sqlite", "ratings.parquet", "labels.parquet"} <= {path.name for path in files}
    assert all(KEY.encode() not in path.read_bytes() for path in files)
    # Parquet is compressed: look at the values too.
    assert KEY not in repr([*read(tmp_path / "labels"), *read(tmp_path / "labels", RATINGS_FILE)])
    assert KEY not in said


def test_no_words_of_a_document_are_said(edufilter, tmp_path):
    sample = write_sample(tmp_path / "s.parquet", 12, text=[f"Zanzibar quagga {n}" for n in range(12)])
    with ScriptedServer(lambda one: scripted.bad_request(f"bad: {document_of(one)}, Zanzibar")) as server:
        process = annotate_process(edufilter, sample, tmp_path / "labels", server.base_url)
        said = "".join(process.communicate(timeout=60))
    assert process.returncode == 1
    assert "refused in every form: 400 (its message quotes the document" in said
    assert "Zanzibar" not in said


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


def test_an_estimate_sends_nothing_and_a_run_stays_below_it(sample, tmp_path, monkeypatch, command):
    monkeypatch.delenv("OPENAI_API_KEY")
    options = ["--model", "scripted", "--price", "0.5/2", "--out", tmp_path / "labels"]
    outcome = command("annotate", sample, *options, "--estimate")
    assert outcome.code == 0
    assert "questions: 120, 120 left to ask" in outcome.out
    assert not (tmp_path / "labels").exists()
    with ScriptedServer(judge) as server:
        settings = config(sample, tmp_path, base_url=server.base_url, prices=prices("0.5/2"))
        estimate = estimate_annotation(settings)
        result = annotate_sample(settings, reporter=QUIET)
    assert 0 < estimate.usd < estimate.most_usd
    assert result.spent_usd <= estimate.most_usd
    after = estimate_annotation(settings)
    assert (after.answered, after.usd, after.spent_usd) == (120, 0, result.spent_usd)


def prices(text):
    from pipelines.commands.labels import _prices

    return _prices([text])


def test_a_budget_ends_a_run_with_whole_documents_and_a_larger_one_goes_on(sample, tmp_path, command):
    with ScriptedServer(judge) as server:
        arguments = ["annotate", sample, "--model", "scripted", "--base-url", server.base_url]
        arguments += ["--out", tmp_path / "labels", "--price", "1/1"]
        first = command(*arguments, "--budget-usd", "0.01")
        assert first.code == 3
        assert "The budget is spent" in first.out
        some = len(read(tmp_path / "labels"))
        assert 0 < some < 120
        assert server.count == some
        second = command(*arguments, "--budget-usd", "1")
        assert second.code == 0
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
    outcome = command(
        *("train", tmp_path / "labels", "--out", tmp_path / "scorer", "--signals", "linear"),
        *("--embedder", "none"),
    )
    assert outcome.code == 0, outcome.said
    assert (tmp_path / "scorer" / "scorer.json").exists()


@pytest.mark.parametrize("suffix", [".parquet", ".jsonl", ".csv"])
def test_scores_that_exist_are_imported_into_the_same_schema(tmp_path, suffix, command):
    texts = [f"{text}\nPage {number}." for number, text in enumerate(make_texts(60))]
    table = pa.table(
        {
            "content": texts,
            "int_score": [number % 6 for number in range(60)],
            "url": [f"https://www.site-{number % 12}.org/{number}" for number in range(60)],
        }
    )
    path = tmp_path / f"theirs{suffix}"
    if suffix == ".parquet":
        pq.write_table(table, path)
    elif suffix == ".csv":
        pyarrow.csv.write_csv(table, path)
    else:
        path.write_text("".join(json.dumps(row) + "\n" for row in table.to_pylist()))
    outcome = command(
        *("annotate", "--import", path, "--text-column", "content", "--score-column", "int_score"),
        *("--rater", "theirs", "--out", tmp_path / "labels"),
    )
    assert outcome.code == 0, outcome.said
    labels = read(tmp_path / "labels")
    assert [(row["text"], row["score"]) for row in labels] == [
        (text, number % 6) for number, text in enumerate(texts)
    ]
    assert labels[13]["group"] == "site-1.org"
    assert {row["picked"] for row in labels} == {"random"}
    assert {row["rater"] for row in read(tmp_path / "labels", RATINGS_FILE)} == {"theirs"}


def test_a_data_set_in_the_layout_of_published_labels_is_imported(tmp_path, command):
    texts = make_texts(40)
    rows = {
        "text": texts,
        "score": [number % 6 for number in range(40)],
        "metadata": [{"url": f"https://a{number % 9}.org", "domain": None} for number in range(40)],
        "prompt": ["Below is an extract from a web page."] * 40,
    }
    datasets.Dataset.from_dict(rows).save_to_disk(tmp_path / "published")
    outcome = command(
        *("annotate", "--import", tmp_path / "published", "--text-column", "text"),
        *("--score-column", "score", "--out", tmp_path / "labels"),
    )
    assert outcome.code == 0, outcome.said
    labels = read(tmp_path / "labels")
    assert [(row["text"], row["score"]) for row in labels] == [
        (text, number % 6) for number, text in enumerate(texts)
    ]
    assert {row["rubric_sha256"] for row in labels} == {""}


@pytest.mark.parametrize(
    "save",
    [
        lambda path, text: path.write_bytes(b"\xef\xbb\xbf" + text.encode()),
        lambda path, text: path.write_bytes(b"\xef\xbb\xbf" + text.replace(",", ";").encode()),
        lambda path, text: path.write_text(text.replace(",", "\t")),
        lambda path, text: path.write_bytes(text.replace("\n", "\r\n").encode()),
    ],
    ids=["mark", "semicolons", "tabs", "carriage-returns"],
)
def test_tables_are_read_as_spreadsheets_save_them(tmp_path, save):
    path = tmp_path / "theirs.csv"
    save(path, 'id,text,score\n007,"Naïve ""question"".",3\n8,plain,\n')
    import_labels(ImportConfig(source=path, out=tmp_path / "labels"))
    [row] = read(tmp_path / "labels")
    assert (row["id"], row["text"], row["score"]) == ("007", 'Naïve "question".', 3.0)


def test_a_table_in_another_encoding_is_refused_by_name(tmp_path):
    path = tmp_path / "theirs.csv"
    for encoding in ("utf-16", "cp1252"):
        path.write_bytes("id,text,score\na,Fünf Wörter,3\n".encode(encoding))
        with pytest.raises(LabelsError, match="must be a readable CSV file in UTF-8") as caught:
            import_labels(ImportConfig(source=path, out=tmp_path / "labels"))
        assert "Wörter" not in str(caught.value)


def test_what_was_asked_without_a_price_counts_once_the_price_is_known(sample, tmp_path):
    with ScriptedServer(judge) as server:
        free = config(sample, tmp_path, base_url=server.base_url)
        assert annotate_sample(free, reporter=QUIET).spent_usd == 0
        other = {"models": ("other",), "base_url": server.base_url, "budget_usd": 1.0}
        with pytest.raises(SettingsError, match="Got none for replies of 'scripted'"):
            annotate_sample(config(sample, tmp_path, **other, prices=prices("other=1/1")), reporter=QUIET)
        assert server.count == 120
        known = {**prices("other=1/1"), **prices("scripted=2/2")}
        result = annotate_sample(config(sample, tmp_path, **other, prices=known), reporter=QUIET)
    tokens = [row["tokens_in"] + row["tokens_out"] for row in read(tmp_path / "labels", RATINGS_FILE)]
    assert result.spent_usd == pytest.approx((sum(tokens[::2]) * 1 + sum(tokens[1::2]) * 2) / 1e6)


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


def test_settings_that_hold_documents_do_not_show_them(tmp_path):
    with pytest.raises(SettingsError) as caught:
        config({"text": ["Zanzibar"]}, tmp_path)
    assert "Zanzibar" not in str(caught.value)


def test_scores_of_people_join_the_documents_of_the_folder_by_id(sample, tmp_path):
    with ScriptedServer(lambda _: labelled(1)) as server:
        annotate_sample(config(sample, tmp_path, base_url=server.base_url), reporter=QUIET)
    checks = tmp_path / "checks.csv"
    checks.write_text("id,score\nd3,3\nd4,\nd5,2.5\n")
    result = import_labels(ImportConfig(source=checks, out=tmp_path / "labels", rater="people"))
    assert dict(result.statuses) == {"imported": 2, "without a score": 1}
    labels = {row["id"]: row for row in read(tmp_path / "labels")}
    assert len(labels) == 120
    assert (labels["d3"]["score"], labels["d3"]["raters"]) == (2.0, 2)
    assert (labels["d4"]["score"], labels["d4"]["raters"]) == (1.0, 1)
    assert labels["d5"]["highest"] == 2.5


def write_long_sample(tmp_path, rows=12):
    """Return a sample of long documents, the same as a table for people, and the texts."""
    texts = [f"{number}: {' '.join(make_texts(60, seed=number))}" for number in range(rows)]
    sizes = [len(text.encode()) for text in texts]
    assert min(sizes) > WINDOW.whole
    sample = write_sample(tmp_path / "long.parquet", rows, text=texts, text_bytes=sizes)
    windows = pa.array([cut_window(text) for text in texts])
    table = pq.read_table(sample).set_column(1, "text", windows)
    pyarrow.csv.write_csv(
        table.append_column("score", pa.array([row % 6 for row in range(rows)])), tmp_path / "checks.csv"
    )
    return sample, str(tmp_path / "checks.csv"), texts


@pytest.mark.parametrize("order", ["table first", "sample first"])
def test_labels_hold_whole_documents_though_their_windows_were_labelled_too(tmp_path, order):
    sample, checks, texts = write_long_sample(tmp_path)
    first, second = (checks, sample) if order == "table first" else (sample, checks)
    with ScriptedServer(lambda _: labelled(1)) as server:
        given = {"base_url": server.base_url}
        before = annotate_sample(config(first, tmp_path, **given), reporter=QUIET)
        after = annotate_sample(config(second, tmp_path, **given), reporter=QUIET)
        assert server.count == len(texts)
    assert before.cut_texts == (len(texts) if first == checks else 0)
    assert after.cut_texts == 0
    assert [row["text"] for row in read(tmp_path / "labels")] == texts


@pytest.mark.parametrize("ids", ["known", "of their own"])
def test_an_imported_table_takes_whole_documents_from_the_folder(tmp_path, ids):
    sample, checks, texts = write_long_sample(tmp_path)
    if ids == "of their own":
        table = pyarrow.csv.read_csv(checks, parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True))
        pyarrow.csv.write_csv(table.drop_columns(["id"]), checks)
    with ScriptedServer(lambda _: labelled(1)) as server:
        annotate_sample(config(sample, tmp_path, base_url=server.base_url), reporter=QUIET)
    result = import_labels(ImportConfig(source=checks, out=tmp_path / "labels", rater="people"))
    assert (result.labels, result.cut_texts) == (len(texts), 0)
    assert [(row["text"], row["raters"]) for row in read(tmp_path / "labels")] == [(one, 2) for one in texts]


def test_an_import_of_whole_documents_brings_them_to_windows_that_are_known(tmp_path):
    sample, checks, texts = write_long_sample(tmp_path)
    mine = ImportConfig(source=checks, out=tmp_path / "labels", rater="people")
    assert import_labels(mine).cut_texts == len(texts)
    scored = pq.read_table(sample).append_column("score", pa.array([2] * len(texts)))
    pq.write_table(scored, sample)
    theirs = import_labels(ImportConfig(source=sample, out=tmp_path / "labels", rater="others"))
    assert theirs.cut_texts == 0
    assert [row["text"] for row in read(tmp_path / "labels")] == texts


def test_the_text_of_a_known_document_that_was_edited_is_not_taken(sample, tmp_path):
    with ScriptedServer(lambda _: labelled(1)) as server:
        annotate_sample(config(sample, tmp_path, base_url=server.base_url), reporter=QUIET)
    before = [row["text"] for row in read(tmp_path / "labels")]
    edited = tmp_path / "edited.csv"
    edited.write_text(f"id,text,score\nd3,{'edited ' * 2000},3\n")
    import_labels(ImportConfig(source=edited, out=tmp_path / "labels", rater="people"))
    assert [row["text"] for row in read(tmp_path / "labels")] == before


def test_labels_whose_texts_were_cut_are_told_once_with_what_to_do(tmp_path, command, hasty):
    _, checks, texts = write_long_sample(tmp_path, rows=120)
    out = tmp_path / "labels"
    imported = command("annotate", "--import", checks, "--rater", "me", "--out", out)
    trained = command(
        *("train", out, "--out", tmp_path / "scorer", "--signals", "linear"), *("--embedder", "none")
    )
    for told in (imported.said, trained.said):
        assert told.count(f"{len(texts)} of {len(texts)} labels hold less of their document") == 1
        assert "Annotate the .parquet sample" in told


def test_rows_without_text_and_texts_that_come_twice_are_counted(tmp_path):
    path = tmp_path / "theirs.csv"
    path.write_text("id,text,score\na,some text,1\nb,,2\nc,some text,4\nd,more text,\n")
    result = import_labels(ImportConfig(source=path, out=tmp_path / "labels"))
    assert dict(result.statuses) == {
        "imported": 1, "without a score": 1, "without text": 1, "the same text again": 1
    }  # fmt: skip
    assert [(row["id"], row["score"]) for row in read(tmp_path / "labels")] == [("a", 4.0)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("id,text,score\na,b,9\n", r"must lie in \[0, 5\]\. Got 9 in data row 1"),
        ("id,text,score\na,b,good\n", "must be a number, or empty. Got string"),
        ("id,text,score\na,b,\n", "must hold a score. All 1 are empty"),
        ("id,text\na,b\n", "must have a column 'score'"),
        ("id,score\na,1\n", "must have one of the columns text, .* Found id, score"),
    ],
)
def test_scores_that_are_none_are_refused_by_name(tmp_path, text, message):
    path = tmp_path / "theirs.csv"
    path.write_text(text)
    with pytest.raises((LabelsError, ColumnError), match=message):
        import_labels(ImportConfig(source=path, out=tmp_path / "labels"))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "model must be named with --model"),
        (["--model", "m", "--price", "cheap"], "--price must be"),
        (["--model", "m", "--budget-usd", "1"], "budget needs the price"),
        (["--model", "m", "--model", "m"], "must differ"),
        (["--model", "m", "--rubric", "none.toml"], "A rubric must be one of code, story, web"),
        (["--model", "m", "--repeat", "0"], "--repeat"),
        (["--model", "m", "--import", "x.csv"], "asks nobody"),
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
    with pytest.raises(SettingsError, match="'sample' must be given, or 'canaries'"):
        config(None, tmp_path)
