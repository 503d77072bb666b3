"""Proves that a bad document gets a reason, a wrong column is refused by name, and memory stays bounded."""

import subprocess
import sys

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from filtering import load_scorer
from tests.kit.dumps.small import BARE, make_texts, write_dump
from tests.kit.runs.outcomes import manifest_of


def write_texts(path, texts, kind=None):
    pq.write_table(pa.table({"text": pa.array(texts, kind or pa.string())}), path)
    return path


# Bad documents are data.


@pytest.mark.parametrize(
    ("kind", "bad", "reasons"),
    [
        (
            pa.string(),
            [None, "", " \n\t ", None],
            {"null": 2, "empty": 1, "white-space": 1},
        ),
        (
            pa.binary(),
            [None, b"", b"\n\n", b"caf\xe9 au lait", b"\xed\xa0\x80"],
            {"null": 1, "empty": 1, "white-space": 1, "invalid-utf8": 2},
        ),
    ],
    ids=["string", "binary"],
)
def test_documents_without_a_score_are_counted_by_reason_and_the_run_goes_on(
    command, web, tmp_path, kind, bad, reasons
):
    good = make_texts(20)
    texts = [*bad, *good] if kind == pa.string() else [*bad, *(text.encode() for text in good)]
    write_texts(tmp_path / "a.parquet", texts, kind)
    outcome = command(
        "filter", *BARE, tmp_path / "a.parquet", "--out", tmp_path / "out", "-s", web, "--keep-at", 0
    )
    assert outcome.code == 0
    manifest = manifest_of(tmp_path / "out")
    assert manifest["reasons"] == reasons
    assert (manifest["rows"], manifest["without_score"], manifest["kept"]) == (len(texts), len(bad), 20)
    for reason, count in reasons.items():
        assert f"{count} {reason}" in outcome.out


def test_a_document_of_50_mb_and_one_with_nul_characters_are_scored_and_counted(command, web, tmp_path):
    texts = [" ".join(make_texts(1, seed=1)) + " word" * 10_000_000, "NUL \0 inside. " + make_texts(1)[0]]
    assert len(texts[0]) > 50_000_000
    write_texts(tmp_path / "a.parquet", texts)
    outcome = command(
        "filter", *BARE, tmp_path / "a.parquet", "-o", tmp_path / "out", "-s", web, "--write", "all"
    )
    assert outcome.code == 0
    manifest = manifest_of(tmp_path / "out")
    assert (manifest["unusual"]["huge"], manifest["unusual"]["nul-characters"]) == (1, 1)
    assert manifest["unread_bytes"] > 0.99 * manifest["text_bytes"]
    table = pq.read_table(tmp_path / "out" / "data" / "a.parquet")
    assert table["edu_score"].to_pylist() == load_scorer(web).score(texts).value.tolist()
    assert table["text"].to_pylist() == texts


def test_a_text_column_of_the_null_type_is_a_column_of_nulls(command, web, tmp_path):
    write_texts(tmp_path / "a.parquet", [None] * 5, pa.null())
    outcome = command(
        "filter", *BARE, tmp_path / "a.parquet", "-o", tmp_path / "out", "-s", web, "--write", "all"
    )
    assert outcome.code == 0
    assert "5 null" in outcome.out
    assert pq.read_table(tmp_path / "out" / "data" / "a.parquet")["edu_reason"].to_pylist() == ["null"] * 5


@pytest.mark.parametrize("groups", [0, 1])
@pytest.mark.parametrize("write", ["kept", "all"])
def test_no_rows_give_an_empty_output_with_the_right_schema(command, web, tmp_path, groups, write):
    schema = pa.schema([("text", pa.large_string()), ("tags", pa.list_(pa.string()))], metadata={"a": "b"})
    with pq.ParquetWriter(tmp_path / "a.parquet", schema) as writer:
        for _ in range(groups):
            writer.write_table(schema.empty_table())
    assert pq.read_metadata(tmp_path / "a.parquet").num_row_groups == groups
    outcome = command(
        "filter", *BARE, tmp_path / "a.parquet", "-o", tmp_path / "out", "-s", web, "--write", write
    )
    assert outcome.code == 0
    table = pq.read_table(tmp_path / "out" / "data" / "a.parquet")
    source = pq.read_schema(tmp_path / "a.parquet")
    added = [pa.field("edu_score", pa.float32()), pa.field("edu_unsure", pa.bool_())]
    if write == "all":
        added += [pa.field("edu_keep", pa.bool_()), pa.field("edu_reason", pa.string())]
    assert table.schema.equals(pa.schema([*source, *added], metadata={"a": "b"}), check_metadata=True)
    assert table.num_rows == 0
    assert manifest_of(tmp_path / "out")["rows"] == 0


# Wrong columns are refused before the run.


@pytest.mark.parametrize(
    ("columns", "options", "found"),
    [
        ({"id": [1], "body": ["x"]}, [], ["text, content, raw_content", "id, body"]),
        ({"id": [1], "text": ["x"]}, ["--text-column", "body"], ["'body'", "id, text"]),
        ({"text": [1, 2]}, [], ["'text'", "int64"]),
        ({"text": [["x"]]}, [], ["'text'", "list<"]),
        ({"text": ["x"], "content": ["y"]}, [], ["text, content"]),
    ],
    ids=["no such column", "no named column", "numbers", "lists", "two candidates"],
)
def test_a_wrong_text_column_is_refused_naming_file_column_finding_and_option(
    command, tmp_path, web, columns, options, found
):
    pq.write_table(pa.table(columns), tmp_path / "a.parquet")
    outcome = command("filter", *BARE, tmp_path / "a.parquet", "-o", tmp_path / "out", "-s", web, *options)
    assert outcome.code == 2
    for part in [str(tmp_path / "a.parquet"), "--text-column", *found]:
        assert part in outcome.err
    assert not (tmp_path / "out").exists()


def test_two_columns_of_the_texts_name_are_refused(command, tmp_path, web):
    table = pa.Table.from_arrays([pa.array(["a"]), pa.array(["b"])], names=["text", "text"])
    pq.write_table(table, tmp_path / "a.parquet")
    outcome = command("filter", *BARE, tmp_path / "a.parquet", "-o", tmp_path / "out", "-s", web)
    assert outcome.code == 2
    assert "must have one column 'text'. Found 2" in outcome.err


def test_two_candidate_columns_are_no_trouble_once_one_is_named(command, tmp_path, web):
    texts = make_texts(30)
    pq.write_table(pa.table({"text": ["x"] * 30, "content": texts}), tmp_path / "a.parquet")
    outcome = command(
        "filter", *BARE, tmp_path / "a.parquet", "-o", tmp_path / "out", "-s", web,
        "--text-column", "content", "--write", "all",
    )  # fmt: skip
    assert outcome.code == 0
    table = pq.read_table(tmp_path / "out" / "data" / "a.parquet")
    assert table["edu_score"].to_pylist() == load_scorer(web).score(texts).value.tolist()


def test_files_that_hold_their_text_in_different_columns_are_refused(command, tmp_path, web):
    pq.write_table(pa.table({"text": ["x"]}), tmp_path / "a.parquet")
    pq.write_table(pa.table({"content": ["x"]}), tmp_path / "b.parquet")
    outcome = command(
        "filter", *BARE, tmp_path / "a.parquet", tmp_path / "b.parquet", "-o", tmp_path / "o", "-s", web
    )
    assert outcome.code == 2
    for part in ("'text'", "'content'", "a.parquet", "b.parquet", "--text-column"):
        assert part in outcome.err


def test_files_with_other_schemas_each_keep_their_own(command, tmp_path, web):
    source = tmp_path / "in"
    source.mkdir()
    texts = make_texts(10)
    pq.write_table(pa.table({"text": texts, "n": range(10)}), source / "a.parquet")
    pq.write_table(
        pa.table({"date": ["2024"] * 10, "text": pa.array(texts, pa.large_string())}), source / "b.parquet"
    )
    pq.write_table(pa.table({"text": pa.array([t.encode() for t in texts])}), source / "c.parquet")
    outcome = command("filter", *BARE, source, "-o", tmp_path / "out", "-s", web, "--keep-at", 0)
    assert outcome.code == 0
    for name in ("a", "b", "c"):
        before = pq.read_table(source / f"{name}.parquet")
        after = pq.read_table(tmp_path / "out" / "data" / f"{name}.parquet")
        assert after.drop_columns(["edu_score", "edu_unsure"]).equals(before)


# Small files that decode to much.


PEAK = """
import re, sys
from pathlib import Path
from pipelines.commands.cli import run
assert run(sys.argv[1:]) == 0
print(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text()).group(1))
"""


def peak_mb(*arguments):
    """Return the peak memory of a command of its own process: not `ru_maxrss`, which a fork inherits."""
    done = subprocess.run(
        [sys.executable, "-c", PEAK, *map(str, arguments)], capture_output=True, text=True, check=True
    )
    return int(done.stdout.splitlines()[-1]) / 1000


def test_a_dictionary_bomb_of_469_bytes_takes_bounded_memory(web, tmp_path):
    texts = pa.DictionaryArray.from_arrays(pa.array([0] * 1000), ["a" * 800_000])
    bomb = tmp_path / "bomb.parquet"
    pq.write_table(pa.table({"text": texts}), bomb, compression="zstd", store_schema=False)
    decoded_mb = 800
    assert bomb.stat().st_size < 500
    calm = write_dump(tmp_path / "calm", rows=(50,))
    options = ["-s", web, "--workers", 2, "--write", "all"]
    usual = peak_mb("filter", *BARE, calm, "-o", tmp_path / "out1", *options)
    under_bomb = peak_mb("filter", *BARE, bomb, "-o", tmp_path / "out2", *options)
    assert under_bomb - usual < decoded_mb / 2
    found = pq.read_table(tmp_path / "out2" / "data" / "bomb.parquet", columns=["edu_score"])
    assert (found.num_rows, found["edu_score"].null_count) == (1000, 0)


def test_a_document_over_the_limit_is_counted_and_kept_as_the_mode_says(command, web, tmp_path):
    texts = pa.array(["a short page", "a long page " * 40, "another long page " * 40, None])
    for name, column in {"plain": texts, "coded": texts.dictionary_encode()}.items():
        pq.write_table(pa.table({"text": column}), tmp_path / f"{name}.parquet")
        options = ["-s", web, "-o", tmp_path / name, "--write", "all", "--max-document-bytes", 400]
        assert command("filter", *BARE, tmp_path / f"{name}.parquet", *options).code == 0
        assert manifest_of(tmp_path / name)["reasons"] == {"null": 1, "too-long": 2}
        assert manifest_of(tmp_path / name)["unusual"] == {"huge": 2}
        found = pq.read_table(tmp_path / name / "data" / f"{name}.parquet")
        assert found["text"].to_pylist() == texts.to_pylist()
        assert found["edu_reason"].to_pylist() == [None, "too-long", "too-long", "null"]
        assert found["edu_score"].null_count == 3
