"""Proves that what is no Parquet is named, with a line that makes Parquet of it; the lines are run."""

import bz2
import gzip
import io
import json
import lzma
import pickle
import shlex
import subprocess
import sys

import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pyarrow.orc
import pyarrow.parquet as pq
import pytest
from places import ROOT

from pipelines.dump.other_formats import how_to_convert

TEXTS = ["one line", 'two lines,\n"quoted"', "naïve " + "x" * 2_000_000]
ROWS = [{"id": number, "text": text} for number, text in enumerate(TEXTS)]
TABLE = pa.Table.from_pylist(ROWS)
LINES = "".join(json.dumps(row) + "\n" for row in ROWS).encode()


def csv_of(delimiter=","):
    sink = io.BytesIO()
    pyarrow.csv.write_csv(TABLE, sink, pyarrow.csv.WriteOptions(delimiter=delimiter))
    return sink.getvalue()


def arrow_of(new):
    sink = io.BytesIO()
    with new(sink, TABLE.schema) as writer:
        writer.write_table(TABLE)
    return sink.getvalue()


def orc_of():
    sink = io.BytesIO()
    pyarrow.orc.write_table(TABLE, sink)
    return sink.getvalue()


def zstd_of(content):
    return pa.compress(content, "zstd", asbytes=True)


FILES = {
    "a.jsonl": LINES,
    "a.jsonl.gz": gzip.compress(LINES),
    "a.JSONL.zst": zstd_of(LINES),
    "a.ndjson": LINES,
    "a.json": json.dumps(ROWS).encode(),
    "a.json.gz": gzip.compress(json.dumps(ROWS, indent=2).encode()),
    "a.jsonl.xz": lzma.compress(LINES),
    "a.json.xz": lzma.compress(json.dumps(ROWS).encode()),
    "a.csv.bz2": bz2.compress(csv_of()),
    "lines.json": LINES,
    "part-00000": LINES,
    "in fact lines.parquet": LINES,
    "a.csv": csv_of(),
    "it's.csv.gz": gzip.compress(csv_of()),
    "a.csv.zst": zstd_of(csv_of()),
    "a.tsv": csv_of("\t"),
    "a.feather": arrow_of(pa.ipc.new_file),
    "a.arrow": arrow_of(pa.ipc.new_stream),
    "a.orc": orc_of(),
    "a.pkl": pickle.dumps(pd.DataFrame(ROWS)),
}


def run_line(line, monkeypatch):
    """Run the line in this process, as a shell would."""
    python, option, code, *files = shlex.split(line[line.rindex(sys.executable) :])
    assert (python, option) == (sys.executable, "-c")
    monkeypatch.setattr(sys, "argv", ["-c", *files])
    exec(compile(code, "line", "exec"), {})


@pytest.mark.parametrize("name", FILES)
def test_the_line_makes_parquet_of_the_file(name, tmp_path, monkeypatch):
    (tmp_path / name).write_bytes(FILES[name])
    run_line(how_to_convert(str(tmp_path / name)), monkeypatch)
    made = pq.read_table(tmp_path / f"{name}.parquet")
    assert made.select(["id", "text"]).to_pylist() == ROWS


def test_a_text_file_becomes_a_document(tmp_path, monkeypatch):
    for name, pack in (("a.txt", bytes), ("b.md.gz", gzip.compress), ("c.txt.xz", lzma.compress)):
        (tmp_path / name).write_bytes(pack("\ufeffA naïve text.\r\n\nTwo.\n".encode() + b"\xff"))
        run_line(how_to_convert(str(tmp_path / name)), monkeypatch)
        (row,) = pq.read_table(tmp_path / f"{name}.parquet").to_pylist()
        assert row == {"id": str(tmp_path / name), "text": "A naïve text.\r\n\nTwo.\n\ufffd"}


def test_a_folder_of_text_files_becomes_one_file_of_documents(command, web, tmp_path):
    dump = tmp_path / "some texts"
    dump.mkdir()
    for number in range(5):
        (dump / f"{number}.txt").write_text(f"A prime has two divisors, not {number}.")
    arguments = ("filter", dump, "-o", tmp_path / "out", "-s", web, "--effort", "fast", "--no-report")
    refused = command(*arguments).err
    subprocess.run(["bash", "-c", refused[refused.index(sys.executable) :]], check=True)
    table = pq.read_table(dump / "documents.parquet")
    assert table["id"].to_pylist() == [str(dump / f"{number}.txt") for number in range(5)]
    done = command(*arguments)
    assert (done.code, "of 5 documents" in done.out) == (0, True)


def test_a_note_beside_other_files_is_not_what_is_converted(command, web, tmp_path):
    dump = tmp_path / "in"
    dump.mkdir()
    (dump / "README.txt").write_text("Pages of 2026.")
    (dump / "z.jsonl").write_bytes(LINES)
    refused = command("filter", dump, "-o", tmp_path / "out", "-s", web, "--effort", "fast").err
    assert "z.jsonl'. It is JSON lines." in refused


def warc_of(kind, media, body):
    """Return a record of WARC, and before it one of another kind."""
    http = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" if kind == "response" else b""
    records = b""
    for what, content in (("warcinfo", b"software: none\r\n"), (kind, http + body)):
        about = {"warcinfo": "application/warc-fields"}.get(what, media)
        records += (
            f"WARC/1.0\r\nWARC-Type: {what}\r\nWARC-Target-URI: https://a.b/c\r\nContent-Type: {about}\r\n"
            f"WARC-Record-ID: <urn:uuid:0>\r\nContent-Length: {len(content)}\r\n\r\n"
        ).encode() + content + b"\r\n\r\n"  # fmt: skip
    return records


PAGE = b"<html><body><main><p>A prime has two divisors.</p></main></body></html>"
CRAWLED = {
    "a.warc": warc_of("response", "application/http; msgtype=response", PAGE),
    "a.warc.gz": gzip.compress(warc_of("response", "application/http; msgtype=response", PAGE)),
    "a.warc.wet.gz": gzip.compress(warc_of("conversion", "text/plain", b"A prime has two divisors.")),
}


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # the line closes no file
@pytest.mark.parametrize("name", CRAWLED)
def test_pages_of_a_crawl_become_texts(name, tmp_path, monkeypatch):
    pytest.importorskip("fastwarc")
    pytest.importorskip("resiliparse")
    (tmp_path / name).write_bytes(CRAWLED[name])
    run_line(how_to_convert(str(tmp_path / name)), monkeypatch)
    made = pq.read_table(tmp_path / f"{name}.parquet").to_pylist()
    assert made == [{"url": "https://a.b/c", "text": "A prime has two divisors."}]


def test_the_line_of_a_folder_makes_a_dump_of_it(command, web, tmp_path):
    for name in ("deep dir/a.jsonl", "deep dir/b.jsonl", "README.md"):
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / name).write_bytes(LINES)
    arguments = ("filter", tmp_path / "in", "-o", tmp_path / "out", "-s", web, "--effort", "fast")
    outcome = command(*arguments, "--no-report")
    assert outcome.code == 2
    assert "Convert it, then run the same again." in outcome.err
    line = outcome.err[outcome.err.index(sys.executable) :]
    subprocess.run(["bash", "-c", line], check=True)
    outcome = command(*arguments, "--no-report")
    assert (outcome.code, "of 6 documents" in outcome.out) == (0, True)


@pytest.mark.parametrize("given", ["a.csv", "*.csv"])
def test_nothing_but_other_formats_is_an_error_and_beside_parquet_they_are_set_aside(
    command, web, dump, tmp_path, given
):
    (tmp_path / "a.csv").write_bytes(FILES["a.csv"])
    arguments = ("-o", tmp_path / "out", "-s", web, "--effort", "fast", "--no-report")
    outcome = command("filter", tmp_path / given, *arguments)
    assert (outcome.code, "It is CSV. Convert it, then give the .parquet file instead." in outcome.err) == (
        2,
        True,
    )
    assert not (tmp_path / "out").exists()
    outcome = command("filter", tmp_path / given, dump / "part-2.parquet", *arguments)
    assert (outcome.code, "It is CSV. Convert it, then give the .parquet file instead." in outcome.out) == (
        3,
        True,
    )


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.warc.gz", b"", " -m pip install fastwarc resiliparse && "),
        ("crawl", b"WARC/1.0\r\n", " -m pip install fastwarc resiliparse && "),
        ("a.warc.wet.gz", b"", " -m pip install fastwarc && "),
        ("a.avro", b"Obj\x01", " -m pip install fastavro && "),
        ("a.lance/data/0.lance", b"", " -m pip install pylance && "),
        ("a.pickle", b"", "only if you trust it"),
    ],
)
def test_what_needs_another_package_says_which(tmp_path, name, content, words):
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_bytes(content)
    line = how_to_convert(str(tmp_path / name))
    assert words in line
    compile(shlex.split(line[line.rindex(sys.executable) :])[2], "line", "exec")


@pytest.mark.parametrize("name", ["a.parquet", "a.bin", "gone.parquet"])
def test_of_parquet_and_of_what_is_not_known_nothing_is_said(tmp_path, name):
    (tmp_path / "a.parquet").write_bytes(b"PAR1 and what is left of it")
    (tmp_path / "a.bin").write_bytes(b"Any text.")
    assert how_to_convert(str(tmp_path / name)) == ""


def test_the_lines_of_the_docs_are_those_of_the_refusals():
    page = (ROOT / "docs" / "how-to" / "filter.md").read_text()
    for name, many in (("dump/a.jsonl", "dump/*.jsonl*"), ("dump/a.csv", "dump/*.csv")):
        line = how_to_convert(name, together=True).partition("Convert it: ")[2]
        assert line.replace(f"dump/*{name[6:]}", many) in page
