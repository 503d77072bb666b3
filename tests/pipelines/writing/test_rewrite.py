"""Proves that documents of a dump are rewritten, each once, and that what they say gives no orders."""

import shutil
import signal
import time

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from filtering.errors import OutputError, SettingsError
from tests.kit.dumps.small import make_texts
from tests.kit.scripted.server import ScriptedServer, completion, text_parts
from tests.kit.scripted.writer import Writer
from tests.kit.writing.texts import failed, kept, write, write_process


@pytest.fixture
def dump(tmp_path):
    """Return a folder of two files with 50 documents of ten sites, some without text."""
    (tmp_path / "dump").mkdir()
    texts = [f"{text} Page {number}." for number, text in enumerate(make_texts(50, seed=2))]
    texts[7], texts[30] = None, "  "
    sites = [f"https://site-{number % 10}.org/{number}" for number in range(50)]
    for at, name in enumerate("ab"):
        some = slice(25 * at, 25 * at + 25)
        table = pa.table({"text": texts[some], "url": sites[some]})
        pq.write_table(table, tmp_path / "dump" / f"{name}.parquet", row_group_size=10)
    return str(tmp_path / "dump")


def documents_of(server):
    return [text_parts(one.body, "user")[-1].split("\n")[2] for one in server.requests]


def test_each_document_is_rewritten_once_and_keeps_its_group(dump, tmp_path):
    with ScriptedServer(Writer()) as server:
        result = write(tmp_path / "out", server.base_url, "rewrite", inputs=[dump], n=50)
        asked = documents_of(server)
    assert len(set(asked)) == len(asked) == 48 == result.kept == result.asked
    rows = kept(tmp_path / "out", "rewrite")
    assert {row["group"] for row in rows} == {f"site-{number}.org" for number in range(10)}
    assert len({row["style"] for row in rows}) > 3


def test_fewer_documents_are_drawn_by_the_seed_and_more_are_added_to_them(dump, tmp_path):
    with ScriptedServer(Writer()) as server:
        write(tmp_path / "a", server.base_url, "rewrite", inputs=[dump], n=10)
        first = set(documents_of(server))
        write(tmp_path / "a", server.base_url, "rewrite", inputs=[dump], n=30)
        assert server.count == len(set(documents_of(server)))
        write(tmp_path / "b", server.base_url, "rewrite", inputs=[dump], n=10, seed=1)
        assert set(documents_of(server)[-8:]) != first


def test_documents_without_text_are_passed_over_for_others(tmp_path):
    texts = [text if at % 3 == 0 else " " for at, text in enumerate(make_texts(30, seed=3))]
    pq.write_table(pa.table({"text": texts}), tmp_path / "sparse.parquet", row_group_size=7)
    with ScriptedServer(Writer()) as server:
        inputs = [str(tmp_path / "sparse.parquet")]
        some = write(tmp_path / "out", server.base_url, "rewrite", inputs=inputs, n=6)
        first = documents_of(server)
        assert (some.kept, some.asked, some.more_draws, len(first)) == (6, 6, 0, 6)
        most = write(tmp_path / "out", server.base_url, "rewrite", inputs=inputs, n=30)
        assert documents_of(server)[:6] == first
    assert (most.wanted, most.asked, most.exit_code, server.count) == (30, 10, 0, 10)


def test_a_lesson_says_where_its_document_is_from(tmp_path):
    table = pa.table(
        {
            "text": make_texts(9, seed=5),
            "id": range(100, 109),
            "url": [f"https://a.org/{at}" for at in range(9)],
            "licenses": [["MIT", "Apache-2.0"]] * 8 + [[]],
        }
    )
    pq.write_table(table, tmp_path / "a.parquet", row_group_size=4)
    with ScriptedServer(Writer()) as server:
        write(tmp_path / "out", server.base_url, "rewrite", inputs=[str(tmp_path / "a.parquet")], n=9)
        write(tmp_path / "other", server.base_url, n=1)
    rows = kept(tmp_path / "out", "rewrite")
    assert sorted(row["source_row"] for row in rows) == list(range(9))
    for row in rows:
        at = row["source_row"]
        assert (row["source_file"], row["source_id"]) == ("a.parquet", str(100 + at))
        assert row["source_url"] == f"https://a.org/{at}"
        assert row["source_license"] == ("MIT, Apache-2.0" if at < 8 else None)
    assert not [name for name in kept(tmp_path / "other")[0] if name.startswith("source_")]


def test_documents_that_are_shown_in_part_are_counted_and_marked(tmp_path, command):
    texts = [*make_texts(3, seed=6), *("\n\n".join(make_texts(40, seed=seed)) for seed in (7, 8))]
    assert [len(one) > 16_000 for one in texts] == [False] * 3 + [True] * 2
    pq.write_table(pa.table({"text": texts}), tmp_path / "a.parquet")
    with ScriptedServer(Writer()) as server:
        done = command(
            *("write", "rewrite", "--from", tmp_path / "a.parquet", "--n", 5, "--model", "scripted"),
            *("--base-url", server.base_url, "--out", tmp_path / "out"),
        )
    assert "long documents, of which beginning, middle and end were shown: 2" in done.out
    assert "long documents, of which a part was shown" in (tmp_path / "out" / "report.html").read_text()
    rows = kept(tmp_path / "out", "rewrite")
    assert {row["source_row"]: row["source_is_whole"] for row in rows} == {at: at < 3 for at in range(5)}


def test_the_same_page_twice_is_paid_once(tmp_path):
    pq.write_table(pa.table({"text": make_texts(1, seed=4) * 12}), tmp_path / "copies.parquet")
    (tmp_path / "mine.toml").write_text('name = "mine"\ninstructions = "Say it anew. {document}"\n')
    with ScriptedServer(Writer()) as server:
        recipe, inputs = tmp_path / "mine.toml", [str(tmp_path / "copies.parquet")]
        result = write(tmp_path / "out", server.base_url, recipe, inputs=inputs, n=12)
        assert server.count == 1
    assert dict(result.faults) == {"near-duplicate": 11}


def test_a_text_that_gives_its_document_back_is_no_echo_but_the_request_is(dump, tmp_path):
    def script(request):
        asked = text_parts(request.body, "user")[-1]
        lines = asked.split("\n")
        return completion(lines[2] + " And so on." if request.count else asked)

    with ScriptedServer(script) as server:
        result = write(tmp_path / "out", server.base_url, "rewrite", inputs=[dump], n=20, concurrency=1)
    assert "echo of the request" in result.faults
    assert result.faults["echo of the request"] == 1
    assert len(failed(tmp_path / "out")) + result.kept == result.asked


def test_more_than_there_are_documents_is_refused_with_their_number(dump, tmp_path):
    told = r"'n' \(--n\) must be at most 50, the number of documents"
    with ScriptedServer(Writer()) as server, pytest.raises(SettingsError, match=told):
        write(tmp_path / "out", server.base_url, "rewrite", inputs=[dump], n=51)
    assert server.count == 0


def test_a_dump_that_has_changed_is_refused(dump, tmp_path):
    with ScriptedServer(Writer()) as server:
        write(tmp_path / "out", server.base_url, "rewrite", inputs=[dump], n=5)
        pq.write_table(pa.table({"text": make_texts(9), "url": ["https://a.org"] * 9}), f"{dump}/c.parquet")
        with pytest.raises(OutputError, match="another --from"):
            write(tmp_path / "out", server.base_url, "rewrite", inputs=[dump], n=5)


def test_a_file_that_cannot_be_read_is_named_and_the_others_are_rewritten(dump, tmp_path):
    (tmp_path / "dump" / "c.parquet").write_bytes(b"PAR1 no more")
    with ScriptedServer(Writer()) as server:
        result = write(tmp_path / "out", server.base_url, "rewrite", inputs=[dump], n=50)
    assert list(result.unreadable) == ["c.parquet"]
    assert (result.kept, result.exit_code) == (48, 3)


@pytest.mark.parametrize("option", ["--from", "--against"])
def test_files_that_are_no_parquet_are_named(dump, tmp_path, command, option):
    other = tmp_path / "other"
    shutil.copytree(dump, other)
    (other / "notes.jsonl").write_text("{}")
    inputs = ("--from", other) if option == "--from" else ("--from", dump, "--against", other)
    with ScriptedServer(Writer()) as server:
        given = ("write", "rewrite", "--model", "scripted", "--base-url", server.base_url, *inputs, "--n", 2)
        for more in [("--dry-run",)] * (option == "--from") + [()]:
            done = command(*given, "--out", tmp_path / "out", *more)
            assert (done.code, "Not Parquet, so not read: notes.jsonl." in done.err) == (0, True)


def test_what_came_before_an_interrupt_can_be_read_by_the_budget_that_is_told(dump, begin, tmp_path, command):
    with ScriptedServer(Writer(latency_s=0.05)) as server:
        priced = ("--from", dump, "--n", 48, "--price", "1/1")
        process = write_process(
            begin, tmp_path / "out", server.base_url, *priced, "--concurrency", 2, recipe="rewrite"
        )
        while server.count < 12 and process.poll() is None:
            time.sleep(0.002)
        process.send_signal(signal.SIGINT)
        said = "".join(filter(None, process.communicate(timeout=60)))
        budget = said.partition("give the same command --budget-usd ")[2].partition(":")[0]
        asked, given = server.count, ("--model", "scripted", "--base-url", server.base_url, *priced)
        done = command("write", "rewrite", *given, "--budget-usd", budget, "--out", tmp_path / "out")
        assert (done.code, server.count) == (3, asked)
    assert 8 <= len(kept(tmp_path / "out", "rewrite")) <= asked
