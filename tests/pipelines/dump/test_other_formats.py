"""Proves that what is no Parquet is named, with a line that makes Parquet of it; the lines are run."""

import bz2
import gzip
import io
import json
import lzma
import os
import pickle
import re
import shlex
import shutil
import subprocess
import sys

import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pyarrow.orc
import pyarrow.parquet as pq
import pytest

from filtering.errors import BadFileError
from pipelines.dump import foreign_files
from pipelines.dump.other_formats import how_to_convert, how_to_convert_all
from pipelines.dump.to_parquet import main
from tests.kit.places import ROOT

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
}


def run_line(line):
    """Run the line in this process, as a shell would."""
    python, option, module, *arguments = shlex.split(line[line.rindex(sys.executable) :])
    assert (python, option, module) == (sys.executable, "-m", "pipelines.dump.to_parquet")
    assert main(arguments) == 0


def run_lines(refused):
    """Run all lines of a refusal in a shell, and return how many there are."""
    lines = [
        line.partition(" convert ")[2].partition(": ")[2]
        for line in refused.splitlines()
        if line.startswith("Found '")
    ]
    for line in lines:
        subprocess.run(["bash", "-c", line], check=True)
    return len(lines)


@pytest.mark.parametrize("name", FILES)
def test_the_line_makes_parquet_of_the_file(name, tmp_path):
    (tmp_path / name).write_bytes(FILES[name])
    run_line(how_to_convert(str(tmp_path / name)))
    made = pq.read_table(tmp_path / f"{name}.parquet")
    assert made.select(["id", "text"]).to_pylist() == ROWS


LATIN = 'id;text\n1;"Fünf; Wörter,\nzwei Zeilen"\n2;naïve\n'
SHEETS = {
    "semicolons.csv": LATIN.encode(),
    "mark.csv": LATIN.encode("utf-8-sig"),
    "latin.csv": LATIN.encode("latin-1"),
    "windows.csv.gz": gzip.compress(LATIN.encode("cp1252")),
    "undefined.csv": LATIN.replace("naïve", "na\x81ve").encode("latin-1"),
    "wide.csv": LATIN.encode("utf-16"),
    "tabs.csv": LATIN.replace(";", "\t").encode("latin-1"),
    "tabs.tsv": LATIN.replace(";", "\t").encode(),
    "bars.csv": LATIN.replace(";", "|").encode(),
    "carriage.csv": LATIN.replace("\n", "\r\n").encode(),
}


@pytest.mark.parametrize("name", SHEETS)
def test_csv_is_read_as_spreadsheets_of_all_countries_save_it(name, tmp_path):
    (tmp_path / name).write_bytes(SHEETS[name])
    run_line(how_to_convert(str(tmp_path / name)))
    first, second = pq.read_table(tmp_path / f"{name}.parquet").to_pylist()
    assert first["id"] == 1
    assert re.sub(r"[;\t|]", ";", first["text"]).replace("\r", "") == "Fünf; Wörter,\nzwei Zeilen"
    assert second["text"] == ("na\x81ve" if name == "undefined.csv" else "naïve")


MIXED = [
    {"id": 1, "text": "one", "at": "2026-01-01", "meta": {"url": "a", "n": 1}, "none": {}, "list": [1]},
    {"id": "two", "text": "two", "at": "soon", "meta": {"url": None, "m": 2.5}, "none": {}, "list": []},
    {"id": None, "text": None, "at": None, "n": 1, "list": None, "more": [{"a": 1}, "b"]},
    {"id": [3], "text": "four", "n": 0.5, "more": True},
]


@pytest.mark.parametrize("block", [1, 64 << 20])
@pytest.mark.parametrize("form", ["lines", "list"])
def test_a_field_of_several_kinds_of_values_becomes_text(form, block, tmp_path, monkeypatch):
    monkeypatch.setattr(foreign_files, "BLOCK_BYTES", block)
    content = "\n\n".join(map(json.dumps, MIXED)) if form == "lines" else json.dumps(MIXED, indent=1)
    (tmp_path / "a.json").write_text(content)
    run_line(how_to_convert(str(tmp_path / "a.json")))
    made = pq.read_table(tmp_path / "a.json.parquet")
    assert made["id"].to_pylist() == ["1", "two", None, "[3]"]
    assert made["text"].to_pylist() == ["one", "two", None, "four"]
    assert made["at"].to_pylist() == ["2026-01-01", "soon", None, None]
    assert made["n"].to_pylist() == [None, None, 1.0, 0.5]
    assert made["meta"].to_pylist()[:2] == [
        {"url": "a", "n": 1, "m": None},
        {"url": None, "n": None, "m": 2.5},
    ]
    assert made["none"].to_pylist() == ["{}", "{}", None, None]
    assert made["list"].to_pylist() == [[1], [], None, None]
    assert made["more"].to_pylist() == [None, None, '[{"a": 1}, "b"]', "true"]


def test_moments_stay_the_texts_that_they_were(tmp_path):
    rows = [{"text": "a", "at": "2026-01-01T10:00:00Z", "meta": {"at": "2026-01-01"}}]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    run_line(how_to_convert(str(tmp_path / "a.jsonl")))
    assert pq.read_table(tmp_path / "a.jsonl.parquet").to_pylist() == rows


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.jsonl", b'{"text": "secret"}\n{"text": "secr', "An object a line or a list of objects"),
        ("a.jsonl", b'["secret"]\n', "It holds other values"),
        ("a.jsonl", b'{"text": "a"}\n{"b": ' + b"[" * 200_000 + b"]" * 200_000 + b"}", "at most 100 lists"),
        ("a.jsonl", b'"secret"\n', "It holds other values"),
        ("a.csv", b"a,b\nsecret,2\nsecret,2,3\n", "the same number of columns in each row"),
        ("a.bin", b"secret", "of a format that is known"),
        ("a.arrow", FILES["a.arrow"][:-1000], "is it whole?"),
        ("a.jsonl.gz", FILES["a.jsonl.gz"][:-20], "is it whole?"),
        ("gone.csv", None, "There is none"),
    ],
    ids=[
        *("half a line", "a list a line", "too deep", "a text a line", "uneven rows", "no format"),
        *("half of arrow", "half of gzip", "gone"),
    ],  # names of their own, since bytes of gzip tell the time, and workers must find the same tests
)
def test_a_broken_file_is_named_without_its_texts_and_nothing_is_left(
    name, content, message, tmp_path, capsys
):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    assert main([str(tmp_path / name)]) == 2
    said = capsys.readouterr().err
    assert name in said
    assert message.lower() in said.lower()
    assert "secret" not in said
    assert [one.name for one in tmp_path.iterdir()] == [name] * (content is not None)


def test_a_sheet_of_excel_becomes_a_table(tmp_path):
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    for row in (["id", "text", None], [1, "one"], ["b", "two"]):
        book.active.append(row)
    book.save(tmp_path / "a.xlsx")
    run_line(how_to_convert(str(tmp_path / "a.xlsx")))
    assert pq.read_table(tmp_path / "a.xlsx.parquet").to_pylist() == [
        {"id": "1", "text": "one"}, {"id": "b", "text": "two"},
    ]  # fmt: skip


def test_a_text_file_becomes_a_document(tmp_path):
    for name, pack in (("a.txt", bytes), ("b.md.gz", gzip.compress), ("c.txt.xz", lzma.compress)):
        (tmp_path / name).write_bytes(pack("\ufeffA naïve text.\r\n\nTwo.\n".encode() + b"\xff"))
        run_line(how_to_convert(str(tmp_path / name)))
        (row,) = pq.read_table(tmp_path / f"{name}.parquet").to_pylist()
        assert row == {"id": str(tmp_path / name), "text": "A naïve text.\r\n\nTwo.\n\ufffd"}


def test_a_folder_of_text_files_becomes_one_file_of_documents(command, web, tmp_path):
    dump = tmp_path / "some texts"
    dump.mkdir()
    for number in range(5):
        (dump / f"{number}.txt").write_text(f"A prime has two divisors, not {number}.")
    arguments = ("filter", dump, "-o", tmp_path / "out", "-s", web, "--effort", "fast", "--no-report")
    refused = command(*arguments).err
    run_lines(refused)
    table = pq.read_table(dump / "documents.parquet")
    assert table["id"].to_pylist() == [str(dump / f"{number}.txt") for number in range(5)]
    done = command(*arguments)
    assert (done.code, "of 5 documents" in done.out) == (0, True)


def test_a_note_beside_other_files_is_neither_converted_nor_named(command, web, tmp_path):
    dump = tmp_path / "in"
    dump.mkdir()
    (dump / "README.txt").write_text("Pages of 2026.")
    (dump / "z.jsonl").write_bytes(LINES)
    refused = command("filter", dump, "-o", tmp_path / "out", "-s", web, "--effort", "fast").err
    assert f"Found '{dump / 'z.jsonl'}'. It is JSON lines." in refused
    assert "README" not in refused
    run_lines(refused)
    done = command("filter", dump, "-o", tmp_path / "out", "-s", web, "--effort", "fast", "--dry-run")
    assert (done.code, "README" in done.err) == (0, False)


def test_every_kind_of_file_in_every_folder_has_a_line_and_is_read_then(command, web, tmp_path):
    contents = {
        "a.csv": FILES["a.csv"],
        "a.jsonl": LINES,
        "deep [1]/b.jsonl.gz": gzip.compress(LINES),
        "deep [1]/c.jsonl.xz": lzma.compress(LINES),
        "deep [1]/even/d.json": FILES["a.json"],
        "part-00000": LINES,
        "part-00001": LINES,
    }
    for name, content in contents.items():
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / name).write_bytes(content)
    arguments = ("filter", tmp_path / "in", "-o", tmp_path / "out", "-s", web, "--effort", "fast")
    refused = command(*arguments)
    assert (refused.code, "Convert it, line by line, then run the same again." in refused.err) == (2, True)
    assert run_lines(refused.err) == 3
    outcome = command(*arguments, "--no-report")
    assert (outcome.code, f"of {len(contents) * len(ROWS)} documents" in outcome.out) == (0, True)
    assert "Not Parquet" not in outcome.err


def test_documents_in_several_folders_and_of_several_ends_become_one_file(tmp_path):
    names = ["a.md", "b.rst", "deep/c.txt", "deep/er/d.tex.gz"]
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(gzip.compress(b"Two.") if name.endswith(".gz") else b"Two.")
    (tmp_path / "index.csv").write_bytes(FILES["a.csv"])  # one table among more documents
    paths = [str(tmp_path / name) for name in (*names, "index.csv")]
    text, table = sorted(how_to_convert_all(paths, "go on").splitlines()[1:], key=lambda one: "CSV" in one)
    assert "index.csv'. It is CSV." in table
    run_line(text)
    made = pq.read_table(tmp_path / "documents.parquet")
    assert made.to_pylist() == [{"id": str(tmp_path / name), "text": "Two."} for name in names]


def test_files_that_are_not_parquet_are_named_once_wherever_a_folder_is_read(command, web, dump, tmp_path):
    shutil.copytree(dump, tmp_path / "in")
    for name in ("a.csv", "deep/b.jsonl", "c.bin", "_SUCCESS", ".hidden.csv", "part-2.parquet.crc"):
        (tmp_path / "in" / name).write_bytes(b"x")
    said = "Not Parquet, so not read: a.csv, c.bin, deep/b.jsonl."
    of_run = ("filter", tmp_path / "in", "-o", tmp_path / "out", "-s", web, "--effort", "fast", "--no-report")
    of_sample = ("sample", tmp_path / "in", "--n", "3", "--out", tmp_path / "s.parquet", "-s", web)
    for arguments in ((*of_run, "--dry-run"), of_run, of_sample):
        outcome = command(*arguments)
        assert (outcome.code, outcome.err.count(said)) == (0, 1)
        assert "b.jsonl'. It is JSON lines. To convert it:" in outcome.err
    pattern = command("filter", tmp_path / "in" / "*.parquet", *of_run[2:], "--dry-run")
    assert "Not Parquet" not in pattern.err


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


@pytest.mark.parametrize("name", CRAWLED)
def test_pages_of_a_crawl_become_texts(name, tmp_path):
    pytest.importorskip("fastwarc")
    pytest.importorskip("resiliparse")
    (tmp_path / name).write_bytes(CRAWLED[name])
    run_line(how_to_convert(str(tmp_path / name)))
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
    assert run_lines(outcome.err) == 1
    outcome = command(*arguments, "--no-report")
    assert (outcome.code, "of 6 documents" in outcome.out) == (0, True)


@pytest.mark.parametrize("given", ["a.csv", "*.csv"])
def test_nothing_but_other_formats_is_an_error_and_beside_parquet_they_are_set_aside(
    command, web, dump, tmp_path, given
):
    (tmp_path / "a.csv").write_bytes(FILES["a.csv"])
    arguments = ("-o", tmp_path / "out", "-s", web, "--effort", "fast", "--no-report")
    outcome = command("filter", tmp_path / given, *arguments)
    assert outcome.code == 2
    assert "Convert it, then give the .parquet file instead.\nFound" in outcome.err
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
        ("a.xlsx", b"", " -m pip install openpyxl && "),
    ],
)
def test_what_needs_another_package_says_which(tmp_path, name, content, words):
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_bytes(content)
    line = how_to_convert(str(tmp_path / name))
    assert words in line


class MakesAFolder:
    """What runs code where it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("name", ["a.pkl", "a.bin"])
def test_a_pickle_is_no_format_and_its_code_is_not_run(tmp_path, name):
    (tmp_path / name).write_bytes(pickle.dumps(MakesAFolder(tmp_path / "made")))
    assert how_to_convert(str(tmp_path / name)) == ""
    assert main([str(tmp_path / name)]) == 2
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize("name", ["a.parquet", "a.bin", "gone.parquet"])
def test_of_parquet_and_of_what_is_not_known_nothing_is_said(tmp_path, name):
    (tmp_path / "a.parquet").write_bytes(b"PAR1 and what is left of it")
    (tmp_path / "a.bin").write_bytes(b"Any text.")
    assert how_to_convert(str(tmp_path / name)) == ""


def test_of_files_that_a_pattern_finds_each_has_its_line(command, web, tmp_path):
    for name in ("a.jsonl", "b.jsonl", "c.csv"):
        (tmp_path / name).write_bytes(FILES["a" + name[1:]])
    arguments = ("-o", tmp_path / "out", "-s", web, "--effort", "fast", "--no-report")
    refused = command("filter", tmp_path / "*[lv]", *arguments)
    assert "Convert it, line by line, then give the .parquet files instead." in refused.err
    assert (refused.code, run_lines(refused.err)) == (2, 2)
    outcome = command("filter", tmp_path / "*.parquet", *arguments)
    assert "of 9 documents" in outcome.out


def test_the_lines_of_the_docs_are_those_of_the_refusals():
    page = (ROOT / "docs" / "how-to" / "filter.md").read_text()
    for ends in ([".jsonl", ".jsonl.gz"], [".csv"]):
        names = [f"dump/{name}{end}" for end in ends for name in ("a", "deep/b")]
        line = how_to_convert_all(names, "go on").partition("To convert them: ")[2]
        assert line.replace(sys.executable, "python") in page


def test_what_was_made_is_told_by_file_rows_and_columns(tmp_path, capsys):
    path = tmp_path / "a.csv"
    path.write_text("id,text\n1,One.\n2,Two.\n")
    assert main([str(path)]) == 0
    assert capsys.readouterr().out == f"{path}.parquet: 2 rows, columns id, text\n"


def test_a_quote_that_is_never_closed_takes_no_rows_of_csv_away(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text('id,text\n1,"One."\n2,"Two\n3,Three.\n')
    with pytest.raises(BadFileError, match=r"must close each quote\. One that opens in line 3 or below"):
        list(foreign_files.csv_tables(str(path)))
    path.write_text('id,text\n1,"One\nand a half."\n2,"Two\n\nTwo."\n')
    (table,) = foreign_files.csv_tables(str(path))
    assert table["text"].to_pylist() == ["One\nand a half.", "Two\n\nTwo."]
