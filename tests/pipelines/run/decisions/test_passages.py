"""Proves that a run tells the segments of long documents, and writes passages with where they are from."""

import re
import shutil
import signal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from filtering import load_scorer
from filtering.errors import SettingsError
from filtering.scoring.cascade import CascadeScorer
from filtering.scoring.scorers import EmbeddingScorer
from pipelines import FilterConfig, RecutConfig, filter_dump, recut_run, verify_run, write_report
from pipelines.reports.runs.passages import _pieces
from pipelines.worker.passages import look_for_passages
from tests.kit.dumps.leaking import WHOLE, make_task
from tests.kit.dumps.long_texts import CUT, make_long_text
from tests.kit.dumps.small import BARE, lasting, tables
from tests.kit.runs.outcomes import QUIET, Recorder

ADDED = ["edu_score", "edu_unsure", "edu_passages", "edu_best", "edu_start", "edu_end", "edu_file", "edu_row"]


@pytest.fixture(scope="module")
def marked(of_long, tmp_path_factory):
    """Return a run that writes all documents with their segments. Not to be written to."""
    out = tmp_path_factory.mktemp("marked") / "out"
    result = filter_dump(FilterConfig(**of_long, out=out, write="all", passages=True), reporter=QUIET)
    return out, result


def texts_by_id(folder):
    table = tables(folder)
    return dict(zip(table["id"].to_pylist(), table["text"].to_pylist(), strict=True))


def test_documents_have_the_points_of_their_segments_and_scores_as_without_them(
    marked, of_long, long_dump, tmp_path
):
    out, _ = marked
    rows, texts, scorer = tables(out / "data").to_pylist(), texts_by_id(long_dump), load_scorer("web")
    filter_dump(FilterConfig(**of_long, out=tmp_path / "plain", write="all"), reporter=QUIET)
    plain = tables(tmp_path / "plain" / "data")
    assert tables(out / "data").select(plain.column_names).equals(plain)
    for row in rows:
        text = texts[row["id"]].encode()
        assert (row["edu_passages"] is None) == (len(text) <= 4_000) == (row["edu_best"] is None)
        if row["edu_passages"] is not None:
            pieces = [text[one["start"] : one["end"]] for one in row["edu_passages"]]
            assert b"".join(pieces) == text
            points = [one["points"] for one in row["edu_passages"]]
            assert points == scorer.score(pieces).value.tolist()
            assert row["edu_best"] == max(points)


def test_passages_are_rows_of_their_own_and_kept_documents_stay_whole(passages, marked, long_dump):
    texts = texts_by_id(long_dump)
    rows = tables(passages / "data").to_pylist()
    whole = [row for row in rows if row["edu_start"] is None]
    parts = [row for row in rows if row["edu_start"] is not None]
    decided = tables(marked[0] / "data").to_pylist()
    assert [row["id"] for row in whole] == [row["id"] for row in decided if row["edu_keep"]]
    assert all(row["text"] == texts[row["id"]] and row["edu_end"] is None for row in whole)
    for row in parts:
        assert row["text"].encode() == texts[row["id"]].encode()[row["edu_start"] : row["edu_end"]]
    assert all(row["edu_score"] >= CUT for row in rows)
    expected = []
    for row in decided:
        before = None
        for one in row["edu_passages"] or []:
            if row["edu_keep"] or one["points"] < CUT:
                continue
            if before == one["start"]:
                expected[-1][2] = one["end"]
            else:
                expected.append([row["id"], one["start"], one["end"]])
            before = one["end"]
    assert [[row["id"], row["edu_start"], row["edu_end"]] for row in parts] == expected != []
    assert [row["edu_row"] for row in rows] == [row["id"] % 60 for row in rows]
    assert pq.read_schema(next((passages / "data").rglob("*.parquet"))).names == ["id", "text", *ADDED]


def test_a_run_counts_its_passages_by_documents_and_bytes(marked):
    out, result = marked
    rows, found = tables(out / "data").to_pylist(), result.manifest["passages"]
    long = [row for row in rows if row["edu_passages"]]
    cut = [row for row in long if not row["edu_keep"] and row["edu_best"] >= CUT]
    good = [one for row in cut for one in row["edu_passages"] if one["points"] >= CUT]
    assert found["documents"] == len(long)
    assert found["segments"] == sum(len(row["edu_passages"]) for row in long)
    assert found["cut"] == len(cut)
    assert found["cut_bytes"] == sum(len(row["text"].encode()) for row in cut)
    assert found["passage_bytes"] == sum(one["end"] - one["start"] for one in good)
    assert found["whole"] == found["weak_bytes"] == 0  # none of them is kept


def test_segments_are_scored_by_the_first_stage_at_any_effort():
    texts, scored, signals = pa.array([make_long_text(1)]), np.ones(1, dtype=bool), load_scorer("web")
    full = EmbeddingScorer(signals, stage=None, embedder=None)
    expected = look_for_passages(signals, texts, scored, CUT)
    for scorer in (full, CascadeScorer(full, exits=None)):
        found = look_for_passages(scorer, texts, scored, CUT)
        assert found.segments.points.tolist() == expected.segments.points.tolist()
        assert found.passages.start.tolist() == expected.passages.start.tolist() != []


@pytest.fixture(scope="module")
def books(tmp_path_factory):
    """Return a dump of long lessons that are kept, with offers in them."""
    folder = tmp_path_factory.mktemp("books")
    texts = [make_long_text(seed, selling=4, teaching=30) for seed in range(4)]
    pq.write_table(pa.table({"text": texts}), folder / "a.parquet")
    return folder


def test_a_kept_document_keeps_its_weak_segments_which_are_told(books, web, tmp_path, command):
    options = ["--keep-at", CUT, "--write", "passages", "--passages-at", 2.5, "--out", tmp_path / "out"]
    done = command("filter", *BARE, books, "-s", web, *options)
    rows = tables(tmp_path / "out" / "data")
    assert rows["text"].equals(tables(books)["text"])
    assert rows["edu_start"].null_count == 4
    weak = [one for row in rows["edu_passages"].to_pylist() for one in row if not one["points"] >= 2.5]
    share = sum(one["end"] - one["start"] for one in weak) / sum(
        len(text) for text in rows["text"].to_pylist()
    )
    assert 0 < share < 1
    assert "4 of 4 documents of more than 4,000 bytes are kept whole" in done.out
    assert f"Of their text, {100 * share:.1f} % is below 2.5 points" in done.out.replace("\n", " ")


@pytest.mark.parametrize("workers", [2, 3])
def test_any_number_of_workers_writes_the_same_bytes(of_long, passages, tmp_path, workers):
    config = FilterConfig(**of_long | {"workers": workers}, out=tmp_path / "out", write="passages")
    filter_dump(config, reporter=QUIET)
    assert lasting(tmp_path / "out") == lasting(passages)


def test_a_killed_run_goes_on_to_the_same_bytes(
    of_long, passages, long_dump, web, tmp_path, warm_process, command
):
    out = tmp_path / "out"
    arguments = ["filter", *BARE, str(long_dump), "-s", web, "--keep-at", str(CUT), "--rows-per-part", "20"]
    arguments += ["--workers", "1", "--write", "passages", "--out", out]
    done = warm_process("mid-write", 3, *arguments, program="faults.faulty_run")
    assert done.code == -signal.SIGKILL
    assert command(*arguments).code == 0
    assert lasting(out) == lasting(passages)
    assert verify_run(str(out)) == []


def test_a_changed_byte_of_a_passage_is_told(passages, tmp_path):
    out = shutil.copytree(passages, tmp_path / "out")
    changed = next(
        path for path in sorted((out / "data").rglob("*.parquet"))
        if pc.count(pq.read_table(path)["edu_start"]).as_py()
    )  # fmt: skip
    content = bytearray(changed.read_bytes())
    content[len(content) // 2] ^= 1
    changed.write_bytes(content)
    (problem,) = verify_run(str(out))
    assert problem.startswith(f"{changed}: ")


def test_documents_that_hold_a_task_give_no_passages_and_none_are_shown(web, tmp_path, command):
    (tmp_path / "dump").mkdir()
    texts = [make_long_text(1), make_long_text(2) + WHOLE]
    pq.write_table(pa.table({"id": range(2), "text": texts}), tmp_path / "dump" / "a.parquet")
    pq.write_table(pa.Table.from_pylist([make_task("Made/0")]), tmp_path / "tasks.parquet")
    rows = {}
    for action in ("drop", "mark"):
        config = FilterConfig(
            inputs=[str(tmp_path / "dump")], scorer=web, keep_at=5, passages_at=CUT, effort="fast",
            write="passages", out=tmp_path / action, against=[str(tmp_path / "tasks.parquet")],
            leak_action=action,
        )  # fmt: skip
        result = filter_dump(config, reporter=QUIET)
        rows[action] = tables(tmp_path / action / "data").to_pylist()
        assert result.manifest["leaked"] == 1
    assert {row["id"] for row in rows["drop"]} == {0}
    assert {row["id"]: row["edu_leak"] for row in rows["mark"]} == {0: None, 1: "Made/0"}
    explained = command("explain", "--run", tmp_path / "drop", "--id", "1").out
    assert "not kept: " in explained
    assert "They are not in the output: the document holds Made/0 (leak)." in explained
    explained = command("explain", "--run", tmp_path / "mark", "--id", "1").out
    assert "not kept as a whole: " in explained
    assert "They are rows of the output, each marked as a leak" in explained
    assert "looked for in the whole document, of which only these parts are written." in explained
    page = write_report(str(tmp_path / "drop")).read_text()
    assert "a.parquet, row 0" in page.partition("Passages of long documents")[2].partition("<h2>")[0]
    assert "a.parquet, row 1" not in page.partition("Passages of long documents")[2].partition("<h2>")[0]


def test_documents_in_other_languages_give_no_passages_where_these_are_dropped(web, tmp_path, command):
    (tmp_path / "dump").mkdir()
    table = pa.table({"text": [make_long_text(1)] * 2, "language": ["en", "et"], "id": [0, 1]})
    pq.write_table(table, tmp_path / "dump" / "a.parquet")
    config = FilterConfig(
        inputs=[str(tmp_path / "dump")], scorer=web, keep_at=CUT, effort="fast", write="passages",
        out=tmp_path / "out", unsure="drop",
    )  # fmt: skip
    filter_dump(config, reporter=QUIET)
    assert set(tables(tmp_path / "out" / "data")["id"].to_pylist()) == {0}
    explained = command("explain", "--run", tmp_path / "out", "--id", "1").out
    assert "They are not in the output: the document is unsure, dropped by --unsure drop." in explained


def test_odd_documents_are_scored_or_counted_as_ever(web, tmp_path):
    texts = [
        b"x" * 9_000, b"word " * 200_000, b"\n" * 9_000, b"\xff\xfe" * 4_000, b"", None,
        make_long_text(3).encode(), make_long_text(4).replace("\n", "\r\n").encode(),
        make_long_text(5).replace(" ", "\x00 ").encode(), b"Begin." + b"\n" * 9_000 + b"End.",
    ]  # fmt: skip
    (tmp_path / "dump").mkdir()
    pq.write_table(pa.table({"text": pa.array(texts, pa.binary())}), tmp_path / "dump" / "a.parquet")
    config = FilterConfig(
        inputs=[str(tmp_path / "dump")], scorer=web, keep_at=CUT, effort="fast", write="all",
        out=tmp_path / "out", passages=True, max_document_bytes=900_000,
    )  # fmt: skip
    result = filter_dump(config, reporter=QUIET)
    rows = tables(tmp_path / "out" / "data").to_pylist()
    told = [row["edu_passages"] is not None for row in rows]
    assert told == [True, False, False, False, False, False, True, True, True, True]
    assert [one["points"] for one in rows[9]["edu_passages"]].count(None) > 1  # segments of white space
    assert result.manifest["reasons"] == {
        "null": 1, "empty": 1, "white-space": 1, "invalid-utf8": 1, "too-long": 1,
    }  # fmt: skip


@pytest.mark.parametrize(
    "kind", [pa.large_string(), pa.string_view(), pa.dictionary(pa.int32(), pa.string())]
)
def test_passages_are_of_the_type_of_their_column(web, tmp_path, kind):
    (tmp_path / "dump").mkdir()
    pq.write_table(
        pa.table({"text": pa.array([make_long_text(1)]).cast(kind)}), tmp_path / "dump" / "a.parquet"
    )
    config = FilterConfig(
        inputs=[str(tmp_path / "dump")], scorer=web, keep_at=CUT, effort="fast", write="passages",
        out=tmp_path / "out",
    )  # fmt: skip
    filter_dump(config, reporter=QUIET)
    rows = tables(tmp_path / "out" / "data")
    assert (
        rows.schema.field("text").type == pq.read_schema(tmp_path / "dump" / "a.parquet").field("text").type
    )
    spans = zip(rows["edu_start"].to_pylist(), rows["edu_end"].to_pylist(), strict=True)
    assert (
        [str(text) for text in rows["text"]] == [make_long_text(1)[start:stop] for start, stop in spans] != []
    )


def test_passages_of_a_nested_column_lie_where_their_document_did(web, tmp_path):
    (tmp_path / "dump").mkdir()
    content = pa.array([{"title": "a", "text": make_long_text(1)}, None, {"title": "b", "text": "short"}])
    pq.write_table(pa.table({"content": content}), tmp_path / "dump" / "a.parquet")
    config = FilterConfig(
        inputs=[str(tmp_path / "dump")], scorer=web, keep_at=CUT, effort="fast", write="passages",
        out=tmp_path / "out", text_column="content.text",
    )  # fmt: skip
    filter_dump(config, reporter=QUIET)
    for row in (rows := tables(tmp_path / "out" / "data").to_pylist()):
        assert row["content"]["title"] == "a"
        assert row["content"]["text"] == make_long_text(1)[row["edu_start"] : row["edu_end"]]
    assert rows


def test_a_passage_of_the_output_is_explained_by_its_document(passages, long_dump, command):
    rows = tables(passages / "data").to_pylist()
    number = next(number for number, row in enumerate(rows) if row["edu_start"] is not None)
    done = command("explain", "--run", passages, "--output-row", number)
    assert done.code == 0, done.err
    row = rows[number]
    assert f"row {row['edu_row']} of the dump\nnot kept as a whole: " in done.out
    place = f"bytes {row['edu_start']:,} to {row['edu_end']:,} ({row['edu_score']:.2f} points)"
    assert place in done.out
    assert "They are rows of the output." in done.out


def test_of_several_passages_the_row_that_was_asked_for_is_named(web, tmp_path, command):
    pq.write_table(pa.table({"text": [make_long_text(1) + make_long_text(2)]}), tmp_path / "a.parquet")
    words = ["filter", tmp_path / "a.parquet", "--scorer", web, "--keep-at", CUT, "--write", "passages"]
    assert command(*words, "--effort", "fast", "--no-report", "--out", tmp_path / "out").code == 0
    rows = tables(tmp_path / "out" / "data").to_pylist()
    assert len(rows) == 2
    for number, row in enumerate(rows):
        done = command("explain", "--run", tmp_path / "out", "--output-row", number)
        wanted = f"The row that you asked for is bytes {row['edu_start']:,} to {row['edu_end']:,}."
        assert wanted in done.out


def test_a_new_cut_is_of_whole_documents_and_says_so(passages, tmp_path):
    said = Recorder()
    recut_run(RecutConfig(run=str(passages), to=str(tmp_path / "cut"), keep_at=1.3), reporter=said)
    assert any("no columns edu_passages and edu_best: these stand in the output" in one for one in said.said)
    rows = tables(tmp_path / "cut" / "data")
    assert not {"edu_passages", "edu_best", "edu_start"} & set(rows.column_names)
    assert pc.max(pc.utf8_length(rows["text"])).as_py() > 4_000
    assert (rows["edu_score"].to_numpy() >= np.float32(1.3)).all()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"passages": True, "write": "scores"}, "must come with documents that are written"),
        ({"passages_at": 2.0}, "must come with --passages or --write passages. Got 2.0 with --write kept"),
        (
            {"scorer": ("web", "code"), "write": "passages"},
            "--write passages must come with one scorer, which scores segments",
        ),
    ],
)
def test_settings_that_do_not_fit_are_refused(of_long, tmp_path, options, said):
    with pytest.raises(SettingsError, match=said):
        FilterConfig(**of_long | options, out=tmp_path / "out")


def test_a_page_shows_documents_with_their_passages_marked(passages):
    html = write_report(str(passages)).read_text()
    told = html.partition("Passages of long documents")[2].partition("<h2>")[0]
    assert told.count("<mark>") >= 6
    assert "points as a whole" in told
    assert "rows of their own" in told
    assert re.search(r"row [\d,]+, id \d+</b>", told)
    rows = tables(passages / "data")
    written = rows.filter(pc.is_valid(rows["edu_start"]))
    assert f"of {len(set(written['id'].to_pylist()))} other documents, about" in html  # a tile
    assert "of the dropped: passages are kept" in html


def test_what_is_shown_of_a_long_piece_begins_and_ends_with_words():
    text = " ".join(f"word{number}" for number in range(2_000))
    (piece,) = _pieces(text.encode(), [(0, len(text), 3.0)])
    begins, left_out, ends = piece.text.split("\n")
    words = text.split()
    assert (begins[-1], ends[0]) == ("…", "…")
    assert begins[:-1].split() == words[: len(begins.split())]
    assert ends[1:].split() == words[-len(ends.split()) :]
    assert left_out == f"[{len(text) - len(begins) - len(ends) + 2:,} characters]"


def test_the_headline_counts_passages_beside_whole_documents(passages, capsys, long_dump, web, command):
    rows = tables(passages / "data")
    written = rows.filter(pc.is_valid(rows["edu_start"]))
    options = ["--keep-at", CUT, "--rows-per-part", 20, "--write", "passages", "--out", passages]
    done = command("filter", *BARE, long_dump, "-s", web, *options)
    of = len(set(written["id"].to_pylist()))
    assert f"and {len(written)} passages of {of} others, about " in done.out.replace("\n", " ")


def test_a_comparison_tells_of_passages_that_it_does_not_compare(passages, marked, command):
    rows = tables(passages / "data")
    written = rows.filter(pc.is_valid(rows["edu_start"]))
    done = command("compare", passages, marked[0])
    of = len(set(written["id"].to_pylist()))
    said = f"The first run also wrote {len(written)} passages of {of} documents that it did not keep whole."
    assert said in done.out.replace("\n", " ")
    assert "The second run" not in done.out


def test_an_estimate_looks_for_passages_too(of_long, tmp_path, command, long_dump, web):
    options = ["--keep-at", CUT, "--passages", "--dry-run", "--out", tmp_path / "out"]
    done = command("filter", *BARE, long_dump, "-s", web, *options)
    assert done.code == 0
    assert "passages: would find about " in done.out
    assert "--write passages writes them" in done.out.replace("\n", " ")


def test_a_cut_of_passages_above_that_of_documents_is_told(of_long, tmp_path):
    said = Recorder()
    filter_dump(FilterConfig(**of_long, out=tmp_path / "out", passages=True, passages_at=4.5), reporter=said)
    assert any("A passage must have more points than a whole document" in one for one in said.said)
