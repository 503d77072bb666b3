"""Proves that results, progress and scores go where they belong, and that logs hold no text of a document."""

import io
import json
import os
import re
import subprocess
import time

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import pipelines
import pipelines.progress
import pipelines.run.scorers_of_run
from filtering import load_scorer
from pipelines import FilterConfig, filter_dump
from pipelines.progress import ConsoleReporter, Meter
from pipelines.scorer_addresses import open_scorer
from tests.kit.dumps.small import BARE, CUT, RUSSIAN, digests, make_table, make_texts
from tests.kit.runs.outcomes import QUIET

# Results and progress.


def test_a_run_that_writes_scores_alone_says_where_they_are(command, dump, web, tmp_path):
    outcome = command("filter", *BARE, dump, "-s", web, "--write", "scores", "--out", tmp_path / "out")
    assert outcome.code == 0
    assert f"{tmp_path / 'out'}/run/scores" in outcome.out


def test_results_go_to_standard_output_and_the_rest_to_standard_error(command, dump, web, tmp_path):
    outcome = command("filter", *BARE, dump, "-o", tmp_path / "out", "-s", web, "--keep-at", CUT)
    kept = json.loads((tmp_path / "out" / "run" / "manifest.json").read_text())["kept"]
    assert outcome.out.startswith(f"kept {kept} of 410 documents")
    assert str(tmp_path / "out") in outcome.out
    assert "Scoring with" in outcome.err
    assert "words and style, no embedding" in outcome.err
    assert "Scoring with" not in outcome.out


@pytest.fixture
def hurried(monkeypatch):
    """Let progress be shown far more often than every few seconds."""
    monkeypatch.setattr(pipelines.progress, "LINE_EVERY_S", 0.001)


def test_progress_is_plain_lines_where_there_is_no_terminal(hurried, settings, tmp_path):
    stream = io.StringIO()
    filter_dump(FilterConfig(**settings, out=tmp_path / "out"), reporter=ConsoleReporter(stream=stream))
    lines = [line for line in stream.getvalue().splitlines() if " documents, " in line]
    assert lines
    form = r"[\d,]+ of 410 documents, [\d,]+ documents/s, [\d.]+ MB/s, [\d.]+ % kept(, [\d.]+ s left)?"
    before = "0 of 410 documents, working on the first documents"
    assert all(line == before or re.fullmatch(form, line) for line in lines)
    assert "\x1b" not in stream.getvalue()


def test_the_last_line_of_progress_is_of_the_whole(hurried):
    stream, meter = io.StringIO(), Meter(10, 0)
    with ConsoleReporter(stream=stream).track(meter):
        meter.count(4)
        while "4 of 10" not in stream.getvalue():
            time.sleep(0.001)
        meter.count(6)
    assert stream.getvalue().splitlines()[-1].startswith("10 of 10 documents, ")


def test_json_log_is_one_object_a_line(hurried, command, dump, web, tmp_path):
    (source := tmp_path / "in").mkdir()
    for path in dump.rglob("*.parquet"):
        (source / path.name).write_bytes(path.read_bytes())
    (source / "bad.parquet").write_bytes(b"")
    outcome = command(
        "filter", *BARE, source, "-o", tmp_path / "out", "-s", web, "--json-log", "--rows-per-part", 40
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
    monkeypatch.setattr(
        pipelines.run.scorers_of_run, "open_scorer", lambda *a: (loads.append(a), open_scorer(*a))[1]
    )
    filter_dump(FilterConfig(**settings, out=tmp_path / "out"), reporter=ConsoleReporter("none"))
    assert len(loads) == 1


def test_a_terminal_gets_one_bar(dump, web, edufilter, tmp_path):
    primary, secondary = os.openpty()
    arguments = [edufilter, "filter", *BARE, str(dump), "-o", str(tmp_path / "out"), "-s", web]
    environment = os.environ | {"TERM": "xterm", "COLUMNS": "100"}
    done = subprocess.run(arguments, stderr=secondary, stdout=subprocess.PIPE, env=environment, timeout=120)
    os.close(secondary)
    shown = os.read(primary, 1 << 16).decode()
    os.close(primary)
    assert done.returncode == 0
    assert "100%" in shown
    assert "documents/s" in shown
    assert "MB/s" in shown


def test_a_run_by_python_is_the_run_of_the_command(command, settings, dump, web, tmp_path):
    result = filter_dump(FilterConfig(**settings, out=tmp_path / "python"), reporter=QUIET)
    command(
        "filter", *BARE, dump, "-o", tmp_path / "command", "-s", web, "--keep-at", CUT, "--rows-per-part", 80
    )
    assert digests(tmp_path / "python" / "data") == digests(tmp_path / "command" / "data")
    assert result.exit_code == 0
    assert result.rows == len(make_table(230)) + len(make_table(120)) + len(make_table(60))
    assert result.manifest["kept"] == result.kept


# Text of documents.


SENTINEL = "xyzzyplugh"


def test_logs_and_records_never_hold_text_of_a_document(command, warm_process, web, tmp_path):
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
        way = warm_process if options == ["--json-log"] else command
        outcome = way("filter", *BARE, source, "-o", tmp_path / "out", "-s", web, "--no-samples", *options)
        assert outcome.code in (2, 3)
        said += outcome.said
    for verb in (["status"], ["verify"], ["clean", "--damaged"]):
        said += command(*verb, tmp_path / "out").said
    assert "could not be read" in said
    assert SENTINEL not in said
    kept = [path for path in (tmp_path / "out" / "run").rglob("*") if path.is_file()]
    assert len(kept) > 6
    for path in kept:
        assert SENTINEL.encode() not in path.read_bytes(), path
        if path.suffix == ".parquet":
            assert SENTINEL not in str(pq.read_table(path).to_pylist())


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
        "unsure": load_scorer(web).tell_unsure([text])[0],
    }


def test_score_of_a_file_that_is_not_there_is_refused(command, web, tmp_path):
    outcome = command("score", tmp_path / "none.txt", "-s", web)
    assert outcome.code == 2
    assert "none.txt" in outcome.err
