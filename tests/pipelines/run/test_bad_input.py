"""Proves what each kind of bad input gets: a reason, a place aside, or a refusal that says what to do."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress

import numpy as np
import pyarrow as pa
import pyarrow.dataset
import pyarrow.parquet as pq
import pytest
from dumps import CUT, FAST, copy_of_scorer, digests, lasting, make_table, make_texts, write_dump
from places import KIT
from runs import QUIET, Outcome

from filtering import load_scorer
from pipelines import FilterConfig, filter_dump

HELPER = KIT / "faulty_run.py"


def manifest_of(out):
    return json.loads((out / "run" / "manifest.json").read_text())


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
        "filter", *FAST, tmp_path / "a.parquet", "--out", tmp_path / "out", "-s", web, "--keep-at", 0
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
        "filter", *FAST, tmp_path / "a.parquet", "-o", tmp_path / "out", "-s", web, "--write", "all"
    )
    assert outcome.code == 0
    assert "1 huge" in outcome.out
    assert "1 nul-characters" in outcome.out
    assert "signals: 99.9 % of the text lie beyond" in outcome.out
    table = pq.read_table(tmp_path / "out" / "data" / "a.parquet")
    assert table["edu_score"].to_pylist() == load_scorer(web).score(texts).value.tolist()
    assert table["text"].to_pylist() == texts


def test_a_text_column_of_the_null_type_is_a_column_of_nulls(command, web, tmp_path):
    write_texts(tmp_path / "a.parquet", [None] * 5, pa.null())
    outcome = command(
        "filter", *FAST, tmp_path / "a.parquet", "-o", tmp_path / "out", "-s", web, "--write", "all"
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
        "filter", *FAST, tmp_path / "a.parquet", "-o", tmp_path / "out", "-s", web, "--write", write
    )
    assert outcome.code == 0
    table = pq.read_table(tmp_path / "out" / "data" / "a.parquet")
    source = pq.read_schema(tmp_path / "a.parquet")
    added = [pa.field("edu_score", pa.float32())]
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
        ({}, [], ["no columns"]),
    ],
    ids=["no such column", "no named column", "numbers", "lists", "two candidates", "no columns"],
)
def test_a_wrong_text_column_is_refused_naming_file_column_finding_and_option(
    command, tmp_path, web, columns, options, found
):
    pq.write_table(pa.table(columns), tmp_path / "a.parquet")
    outcome = command("filter", *FAST, tmp_path / "a.parquet", "-o", tmp_path / "out", "-s", web, *options)
    assert outcome.code == 2
    for part in [str(tmp_path / "a.parquet"), "--text-column", *found]:
        assert part in outcome.err
    assert not (tmp_path / "out").exists()


def test_two_columns_of_the_texts_name_are_refused(command, tmp_path, web):
    table = pa.Table.from_arrays([pa.array(["a"]), pa.array(["b"])], names=["text", "text"])
    pq.write_table(table, tmp_path / "a.parquet")
    outcome = command("filter", *FAST, tmp_path / "a.parquet", "-o", tmp_path / "out", "-s", web)
    assert outcome.code == 2
    assert "must have one column 'text'. Found 2" in outcome.err


def test_two_candidate_columns_are_no_trouble_once_one_is_named(command, tmp_path, web):
    texts = make_texts(30)
    pq.write_table(pa.table({"text": ["x"] * 30, "content": texts}), tmp_path / "a.parquet")
    outcome = command(
        "filter", *FAST, tmp_path / "a.parquet", "-o", tmp_path / "out", "-s", web,
        "--text-column", "content", "--write", "all",
    )  # fmt: skip
    assert outcome.code == 0
    table = pq.read_table(tmp_path / "out" / "data" / "a.parquet")
    assert table["edu_score"].to_pylist() == load_scorer(web).score(texts).value.tolist()


def test_files_that_hold_their_text_in_different_columns_are_refused(command, tmp_path, web):
    pq.write_table(pa.table({"text": ["x"]}), tmp_path / "a.parquet")
    pq.write_table(pa.table({"content": ["x"]}), tmp_path / "b.parquet")
    outcome = command(
        "filter", *FAST, tmp_path / "a.parquet", tmp_path / "b.parquet", "-o", tmp_path / "o", "-s", web
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
    outcome = command("filter", *FAST, source, "-o", tmp_path / "out", "-s", web, "--keep-at", 0)
    assert outcome.code == 0
    for name in ("a", "b", "c"):
        before = pq.read_table(source / f"{name}.parquet")
        after = pq.read_table(tmp_path / "out" / "data" / f"{name}.parquet")
        assert after.drop_columns("edu_score").equals(before)


# Files that cannot be read are set aside.


def truncate(path):
    os.truncate(path, path.stat().st_size - 100)


def empty(path):
    path.write_bytes(b"")


def replace_by_text(path):
    path.write_text("id,text\n1,This is CSV.\n" * 20)


def encrypt(path):
    path.write_bytes(path.read_bytes()[:-4] + b"PARE")


def lie_about_the_footer(path):
    content = path.read_bytes()
    path.write_bytes(content[:-8] + (1 << 31).to_bytes(4, "little") + b"PAR1")


def wreck_the_footer(path):
    content = bytearray(path.read_bytes())
    length = int.from_bytes(content[-8:-4], "little")
    content[-8 - length : -8 - length // 2] = b"\xff" * (length - length // 2)
    path.write_bytes(content)


def page_span(path, group=1):
    column = pq.read_metadata(path).row_group(group)
    chunk = next(
        column.column(i) for i in range(column.num_columns) if column.column(i).path_in_schema == "text"
    )
    return chunk.data_page_offset, chunk.total_compressed_size


def corrupt_a_compressed_page(path):
    pq.write_table(pq.read_table(path), path, row_group_size=40, compression="zstd", use_dictionary=False)
    start, _ = page_span(path)
    content = bytearray(path.read_bytes())
    content[start : start + 64] = b"\xff" * 64
    path.write_bytes(content)


def flip_a_bit_under_a_checksum(path):
    pq.write_table(
        pq.read_table(path), path, row_group_size=40, compression="none", use_dictionary=False,
        write_page_checksum=True,
    )  # fmt: skip
    start, size = page_span(path)
    content = bytearray(path.read_bytes())
    content[start + size // 2] ^= 1
    path.write_bytes(content)


BREAKS = [
    truncate, empty, replace_by_text, encrypt, lie_about_the_footer, wreck_the_footer,
    corrupt_a_compressed_page, flip_a_bit_under_a_checksum,
]  # fmt: skip
PAGES = (corrupt_a_compressed_page, flip_a_bit_under_a_checksum)


@pytest.fixture
def broken(request, tmp_path, dump):
    source = tmp_path / "in"
    shutil.copytree(dump, source)
    request.param(source / "part-0.parquet")
    return source


@pytest.mark.parametrize("broken", BREAKS, indirect=True, ids=lambda one: one.__name__.replace("_", " "))
def test_a_file_that_cannot_be_read_is_set_aside_by_name_and_the_others_finish(
    command, web, tmp_path, broken, finished
):
    out = tmp_path / "out"
    outcome = command("filter", *FAST, broken, "-o", out, "-s", web, "--keep-at", CUT)
    assert outcome.code == 3
    assert "set aside: part-0.parquet" in outcome.out
    [aside] = manifest_of(out)["set_aside"]
    assert aside["relative"] == "part-0.parquet"
    assert "part-0.parquet" in aside["why"]
    assert sorted(digests(out / "data")) == ["deep/part-1.parquet", "part-2.parquet"]
    kept = pyarrow.dataset.dataset(out / "data").to_table(columns=["id"])["id"].to_pylist()
    whole = pyarrow.dataset.dataset(finished / "data").to_table(columns=["id"])["id"].to_pylist()
    assert sorted(kept) == sorted(row for row in whole if row >= 230)
    assert command("status", out).out.startswith("complete")
    assert "1 set aside" in command("status", out).out
    assert command("verify", out).code == 0


@pytest.mark.parametrize("broken", PAGES, indirect=True, ids=lambda one: one.__name__.replace("_", " "))
def test_a_corrupt_page_sets_only_its_own_part_aside(command, web, tmp_path, broken):
    out = tmp_path / "out"
    outcome = command("filter", *FAST, broken, "-o", out, "-s", web, "--keep-at", CUT, "--rows-per-part", 40)
    assert outcome.code == 3
    assert "Set aside part-0.parquet (rows 40 to 80)" in outcome.err
    [aside] = manifest_of(out)["set_aside"]
    assert (aside["relative"], aside["first_row"], aside["rows"]) == ("part-0.parquet", 40, 40)
    assert manifest_of(out)["rows"] == 410 - 40


@pytest.mark.parametrize("broken", [empty, *PAGES], indirect=True, ids=lambda one: one.__name__)
def test_strict_stops_at_the_first_bad_file_and_a_run_without_it_goes_on(command, web, tmp_path, broken):
    arguments = ["filter", *FAST, broken, "-o", tmp_path / "out", "-s", web, "--keep-at", CUT]
    outcome = command(*arguments, "--strict", "--workers", 1)
    assert outcome.code == 1
    assert str(broken / "part-0.parquet") in outcome.err
    assert not (tmp_path / "out" / "run" / "manifest.json").exists()
    assert command(*arguments).code == 3


def test_nothing_but_unreadable_files_is_refused(command, web, tmp_path):
    (tmp_path / "a.parquet").write_bytes(b"")
    outcome = command("filter", *FAST, tmp_path / "a.parquet", "-o", tmp_path / "out", "-s", web)
    assert outcome.code == 2
    assert "a.parquet" in outcome.err
    assert not (tmp_path / "out").exists()


# What is there already.


def test_an_input_that_has_a_score_is_refused_with_the_option_that_renames_ours(command, web, tmp_path):
    table = make_table(20).append_column("edu_score", pa.array([4.5] * 20))
    pq.write_table(table, tmp_path / "a.parquet")
    arguments = ["filter", *FAST, tmp_path / "a.parquet", "-o", tmp_path / "out", "-s", web, "--write", "all"]
    outcome = command(*arguments)
    assert outcome.code == 2
    for part in ("edu_score", "--score-column", "a.parquet"):
        assert part in outcome.err
    assert not (tmp_path / "out").exists()
    assert command(*arguments, "--score-column", "our_score").code == 0
    found = pq.read_table(tmp_path / "out" / "data" / "a.parquet")
    assert found.column_names == ["id", "url", "text", "edu_score", "our_score", "our_keep", "our_reason"]
    assert found["edu_score"].to_pylist() == [4.5] * 20


@pytest.mark.parametrize("column", ["edu_keep", "edu_reason"])
def test_columns_that_only_mode_all_adds_are_refused_there_alone(command, web, tmp_path, column):
    pq.write_table(make_table(5).append_column(column, pa.array(range(5))), tmp_path / "a.parquet")
    arguments = ["filter", *FAST, tmp_path / "a.parquet", "-s", web]
    outcome = command(*arguments, "-o", tmp_path / "all", "--write", "all")
    assert (outcome.code, column in outcome.err) == (2, True)
    assert command(*arguments, "-o", tmp_path / "kept").code == 0


@pytest.mark.parametrize("stranger", ["notes.txt", "data/old.parquet", "run/receipts/x"])
def test_an_output_that_holds_something_else_is_refused_and_left_as_it_is(
    command, web, dump, tmp_path, stranger
):
    path = tmp_path / "out" / stranger
    path.parent.mkdir(parents=True)
    path.write_text("mine")
    outcome = command("filter", *FAST, dump, "-o", tmp_path / "out", "-s", web)
    assert outcome.code == 2
    assert "--out" in outcome.err
    assert path.read_text() == "mine"
    assert len(digests(tmp_path / "out")) == 1


def test_an_output_that_is_a_file_is_refused(command, web, dump, tmp_path):
    (tmp_path / "out").write_text("mine")
    outcome = command("filter", *FAST, dump, "-o", tmp_path / "out", "-s", web)
    assert outcome.code == 2
    assert "OUT must be a folder" in outcome.err


@pytest.mark.parametrize("place", ["out", "deep/out"])
def test_an_output_inside_an_input_is_refused(command, web, tmp_path, place):
    source = write_dump(tmp_path / "in", rows=(10, 10))
    before = digests(source)
    outcome = command("filter", *FAST, source, "-o", source / place, "-s", web)
    assert outcome.code == 2
    assert "OUT must not lie inside an input" in outcome.err
    assert digests(source) == before


def test_an_output_that_is_its_input_is_refused(command, web, tmp_path):
    source = write_dump(tmp_path / "in", rows=(10, 10))
    before = digests(source)
    outcome = command("filter", *FAST, source, "-o", source, "-s", web)
    assert outcome.code == 2
    assert "--out" in outcome.err
    assert digests(source) == before


def test_two_inputs_with_one_relative_path_are_refused(command, web, tmp_path):
    one, two = write_dump(tmp_path / "one", rows=(10,)), write_dump(tmp_path / "two", rows=(10,))
    outcome = command("filter", *FAST, one, two, "-o", tmp_path / "out", "-s", web)
    assert outcome.code == 2
    for part in (str(one / "part-0.parquet"), str(two / "part-0.parquet"), "one relative path"):
        assert part in outcome.err
    assert not (tmp_path / "out").exists()


def test_one_file_that_is_named_twice_is_read_once(command, web, tmp_path):
    one = write_dump(tmp_path / "in", rows=(10,))
    outcome = command("filter", *FAST, one, one / "part-0.parquet", "-o", tmp_path / "out", "-s", web)
    assert outcome.code == 0
    assert manifest_of(tmp_path / "out")["rows"] == 10


def test_two_inputs_whose_outputs_would_have_one_name_are_refused(command, web, tmp_path):
    source = write_dump(tmp_path / "in", rows=(10,))
    shutil.copy(source / "part-0.parquet", source / "part-0.pq")
    outcome = command("filter", *FAST, source, "-o", tmp_path / "out", "-s", web)
    assert outcome.code == 2
    for part in ("'part-0.parquet'", "'part-0.pq'"):
        assert part in outcome.err


def test_a_pattern_that_climbs_after_its_wildcard_is_refused(command, web, dump, tmp_path):
    outcome = command("filter", *FAST, f"{dump}/*/../*.parquet", "-o", tmp_path / "out", "-s", web)
    assert outcome.code == 2
    assert "'..'" in outcome.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("given", ["folder", "pattern"])
@pytest.mark.parametrize("what", ["file", "folder"])
def test_a_link_out_of_an_input_is_refused(command, web, dump, tmp_path, what, given):
    source = write_dump(tmp_path / "in", rows=(10,))
    if what == "file":
        (source / "linked.parquet").symlink_to(dump / "part-2.parquet")
        named = source if given == "folder" else source / "*.parquet"
    else:
        (source / "linked").symlink_to(dump)
        named = source if given == "folder" else source / "*" / "*.parquet"
    outcome = command("filter", *FAST, named, "-o", tmp_path / "out", "-s", web)
    assert outcome.code == 2
    assert "must not lead out" in outcome.err
    assert "linked" in outcome.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("given", ["nothing.parquet", "nothing/*.parquet"])
def test_an_input_that_is_not_there_is_refused(command, web, tmp_path, given):
    outcome = command("filter", *FAST, tmp_path / given, "-o", tmp_path / "out", "-s", web)
    assert outcome.code == 2
    assert given in outcome.err


def test_checksum_marker_and_hidden_files_are_ignored(command, web, tmp_path):
    source = write_dump(tmp_path / "in", rows=(30,))
    for name in (
        "part-0.parquet.crc", ".part-0.parquet.crc", "_SUCCESS", "_metadata.parquet", ".hidden.parquet",
        "README.md", "_temporary/part-1.parquet", ".cache/part-2.parquet",
    ):  # fmt: skip
        (source / name).parent.mkdir(exist_ok=True)
        (source / name).write_text("no data")
    assert command("filter", *FAST, source, "-o", tmp_path / "out", "-s", web).code == 0
    pattern = command("filter", *FAST, source / "*", "-o", tmp_path / "out2", "-s", web)
    assert pattern.code == 3  # a pattern asks for README.md by name
    assert [one["relative"] for one in manifest_of(tmp_path / "out2")["set_aside"]] == ["README.md"]
    for out in ("out", "out2"):
        assert sorted(digests(tmp_path / out / "data")) == ["part-0.parquet"]


# The system fails in the middle.


def incompressible(folder, *, files=6, rows=400):
    random = np.random.default_rng(0)
    folder.mkdir()
    for number in range(files):
        noise = [random.bytes(500) for _ in range(rows)]
        table = make_table(rows, first_id=number * rows, seed=number)
        pq.write_table(table.append_column("noise", pa.array(noise)), folder / f"{number}.parquet")
    return folder


def assert_only_whole_files(out, reference):
    """Whatever stands under a final name is, byte for byte, what an undisturbed run writes there."""
    whole = lasting(reference)
    found = lasting(out)
    assert found.items() <= whole.items()
    return found


@pytest.fixture
def small_disk(tmp_path):
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", place], capture_output=True, text=True
    )
    if mounted.returncode:
        pytest.skip(f"needs the right to mount a small disk: {mounted.stderr.strip()}")
    yield place
    subprocess.run(["umount", place], check=True)


def test_a_full_disk_fails_clearly_leaves_whole_files_only_and_resumes_once_there_is_room(
    command_process, web, tmp_path, small_disk
):
    source = incompressible(tmp_path / "in")
    reference, out = tmp_path / "reference", small_disk / "out"
    arguments = ["filter", *FAST, source, "-s", web, "--write", "all", "--workers", 2, "-o"]
    assert command_process(*arguments, reference).code == 0
    outcome = command_process(*arguments, out)
    assert outcome.code == 1
    assert "No space left on device" in outcome.err
    assert str(out) in outcome.err
    assert "run the same command again" in outcome.err
    assert "Traceback" not in outcome.err
    found = assert_only_whole_files(out, reference)
    assert len(found) < len(lasting(reference))
    assert digests(out / "run" / "tmp") == {}
    subprocess.run(["mount", "-o", "remount,size=64m", small_disk], check=True)
    assert command_process(*arguments, out).code == 0
    assert lasting(out) == lasting(reference)


def fill_up(path):
    with open(path, "wb", buffering=0) as file, suppress(OSError):
        while file.write(bytes(4096)):
            pass


@pytest.mark.parametrize("free_pages", [0, 3, 12])
def test_a_disk_too_full_for_the_plan_fails_clearly_and_resumes(
    command_process, web, tmp_path, small_disk, dump, finished, free_pages
):
    out = small_disk / "out"
    filler = small_disk / "filler"
    fill_up(filler)
    os.truncate(filler, filler.stat().st_size - free_pages * 4096)
    arguments = ["filter", *FAST, dump, "-s", web, "--keep-at", CUT, "--rows-per-part", 80, "-o", out]
    outcome = command_process(*arguments)
    assert outcome.code == 1
    assert "No space left on device" in outcome.err
    assert "run the same command again" in outcome.err
    assert "Traceback" not in outcome.err
    filler.unlink()
    assert command_process(*arguments).code == 0
    assert lasting(out) == lasting(finished)


@pytest.fixture
def open_to_all(tmp_path, dump):
    """Return a folder with a copy of the dump in `in`, that a process without rights may read and write."""
    for folder in (tmp_path, *tmp_path.parents):
        if folder.name.startswith(("pytest-", "popen-")):
            folder.chmod(0o755)
    shutil.copytree(dump, tmp_path / "in")
    for folder in (tmp_path, tmp_path / "in", tmp_path / "in" / "deep"):
        folder.chmod(0o777)
    return tmp_path


def faulty_run(*arguments):
    done = subprocess.run(
        [sys.executable, HELPER, *map(str, arguments)], capture_output=True, text=True, timeout=120
    )
    return Outcome(done.returncode, done.stdout, done.stderr)


def test_permission_lost_in_the_middle_fails_clearly_and_resumes_once_it_is_back(
    open_to_all, settings, web, finished
):
    source, out = open_to_all / "in", open_to_all / "out"
    arguments = ["filter", *FAST, source, "-s", web, "--keep-at", CUT, "--rows-per-part", 80, "--workers", 1]
    outcome = faulty_run("lose-permission", 3, *arguments, "--out", out)
    assert outcome.code == 1, outcome.err
    assert "Permission denied" in outcome.err
    assert str(out) in outcome.err
    assert "run the same command again" in outcome.err
    assert "Traceback" not in outcome.err
    found = assert_only_whole_files(out, finished)
    assert 0 < len(found) < len(lasting(finished))
    for folder in (out, *out.rglob("*/")):
        folder.chmod(0o755)
    filter_dump(FilterConfig(**settings | {"inputs": [str(source)]}, out=out), reporter=QUIET)
    assert lasting(out) == lasting(finished)


@pytest.mark.parametrize("what", ["part-2.parquet", "deep"])
def test_an_input_that_may_not_be_read_fails_the_run_and_is_never_counted_as_bad(open_to_all, web, what):
    (open_to_all / "in" / what).chmod(0)
    outcome = faulty_run(
        "as-nobody", 0, "filter", *FAST, open_to_all / "in", "-s", web, "--out", open_to_all / "out"
    )
    assert outcome.code == 1, outcome.err
    assert "Permission denied" in outcome.err
    assert str(open_to_all / "in" / what) in outcome.err
    assert "Traceback" not in outcome.err
    assert "set aside" not in outcome.said


# Two runs on one output.


def test_a_second_run_on_one_output_is_refused_while_the_first_is_at_work(command, edufilter, web, tmp_path):
    source = write_dump(tmp_path / "in", rows=(20_000,), row_group_size=500)
    out = tmp_path / "out"
    arguments = ["filter", *FAST, str(source), "--out", str(out), "-s", web, "--rows-per-part", "500"]
    with subprocess.Popen([edufilter, *arguments], stderr=subprocess.PIPE, stdout=subprocess.PIPE) as first:
        while not list((out / "run" / "receipts").rglob("*.parquet")) and first.poll() is None:
            time.sleep(0.005)
        first.send_signal(signal.SIGSTOP)  # it holds still, and holds the lock
        try:
            assert first.poll() is None
            second = command(*arguments)
            assert second.code == 2
            assert "Only one run at a time" in second.err
            assert str(out) in second.err
            cleaned = command("clean", out, "--damaged")
            assert (cleaned.code, "Only one run at a time" in cleaned.err) == (2, True)
            assert command("status", out).out.startswith("running")
        finally:
            first.send_signal(signal.SIGCONT)
        first.communicate(timeout=60)
        assert first.returncode == 0
    assert command("verify", out).code == 0


def test_two_runs_in_one_process_are_held_apart_too(settings, tmp_path):
    from pipelines.run.upkeep import status_of_run
    from pipelines.store.run_folder import RunFolder

    out = tmp_path / "out"
    filter_dump(FilterConfig(**settings, out=out), reporter=QUIET)
    (out / "run" / "manifest.json").unlink()
    with RunFolder(str(out)).lock():
        assert status_of_run(str(out)).state == "running"
        assert status_of_run(str(out)).state == "running"  # asking lets go of no lock
        with pytest.raises(ValueError, match="Only one run at a time"):
            filter_dump(FilterConfig(**settings, out=out), reporter=QUIET)
    assert status_of_run(str(out)).state == "unfinished"


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("keep_at", ["--keep-at", "2.5"]),
        ("write", ["--write", "all"]),
        ("rows_per_part", ["--rows-per-part", "100"]),
        ("score_column", ["--score-column", "quality_score"]),
        ("text_column", ["--text-column", "url"]),
        ("scorer_sha256", []),
    ],
)
def test_another_setting_or_scorer_on_a_started_output_is_refused_naming_it(
    command, web, dump, finished, tmp_path, name, change
):
    if name == "scorer_sha256":
        change = ["-s", copy_of_scorer(web, tmp_path / "other", domain="other")]
    out = tmp_path / "out"
    shutil.copytree(finished, out)
    before = digests(out)
    rows = [] if name == "rows_per_part" else ["--rows-per-part", 80]
    outcome = command("filter", *FAST, dump, "-s", web, "--keep-at", CUT, *rows, *change, "-o", out)
    assert outcome.code == 2
    assert repr(name) in outcome.err
    assert "--out" in outcome.err
    assert digests(out) == before


# Small files that decode to much.


PEAK = """
import re, sys
from pathlib import Path
from pipelines.commands.app import run
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
    texts = pa.array(["a" * 800_000] * 1000)
    bomb = tmp_path / "bomb.parquet"
    pq.write_table(pa.table({"text": texts}), bomb, compression="zstd", use_dictionary=True)
    decoded_mb = 800
    assert bomb.stat().st_size < 500
    calm = write_dump(tmp_path / "calm", rows=(50,))
    options = ["-s", web, "--workers", 2, "--write", "all"]
    usual = peak_mb("filter", *FAST, calm, "-o", tmp_path / "out1", *options)
    under_bomb = peak_mb("filter", *FAST, bomb, "-o", tmp_path / "out2", *options)
    assert under_bomb - usual < decoded_mb / 2
    found = pq.read_table(tmp_path / "out2" / "data" / "bomb.parquet", columns=["edu_score"])
    assert (found.num_rows, found["edu_score"].null_count) == (1000, 0)
