"""Proves that what is no Parquet is named, with a line that makes Parquet of it; the lines are run."""

import gzip
import io
import json
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


@pytest.mark.parametrize("name", ["a.parquet", "a.txt", "gone.parquet"])
def test_of_parquet_and_of_what_is_not_known_nothing_is_said(tmp_path, name):
    (tmp_path / "a.parquet").write_bytes(b"PAR1 and what is left of it")
    (tmp_path / "a.txt").write_bytes(b"Any text.")
    assert how_to_convert(str(tmp_path / name)) == ""


def test_the_lines_of_the_docs_are_those_of_the_refusals():
    page = (ROOT / "docs" / "how-to" / "filter.md").read_text()
    for name, many in (("dump/a.jsonl", "dump/*.jsonl*"), ("dump/a.csv", "dump/*.csv")):
        line = how_to_convert(name, together=True).partition("Convert it: ")[2]
        assert line.replace(f"dump/*{name[6:]}", many) in page
