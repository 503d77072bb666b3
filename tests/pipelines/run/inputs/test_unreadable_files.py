"""Proves that a file that cannot be read is set aside by name, and a corrupt page costs its part alone."""

import os
import shutil

import pyarrow.dataset
import pyarrow.parquet as pq
import pytest

from tests.kit.dumps.small import BARE, CUT, FAST, digests, make_table
from tests.kit.runs.outcomes import manifest_of


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


def corrupt_a_compressed_page(path, group=1):
    pq.write_table(pq.read_table(path), path, row_group_size=40, compression="zstd", use_dictionary=False)
    start, _ = page_span(path, group)
    content = bytearray(path.read_bytes())
    content[start : start + 64] = b"\xff" * 64
    path.write_bytes(content)


def corrupt_the_first_page(path):
    corrupt_a_compressed_page(path, group=0)


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
    outcome = command("filter", *BARE, broken, "-o", out, "-s", web, "--keep-at", CUT)
    assert outcome.code == 3
    assert "could not be read: part-0.parquet" in outcome.out
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


@pytest.mark.parametrize(
    "broken", [empty, corrupt_the_first_page], indirect=True, ids=lambda one: one.__name__
)
def test_a_dry_run_names_what_cannot_be_read_and_ends_as_the_run_would(command, web, tmp_path, broken):
    arguments = ["filter", *BARE, broken, "-o", tmp_path / "out", "-s", web]
    outcome = command(*arguments, "--dry-run")
    assert outcome.code == 3
    assert "could not be read: part-0.parquet. " in outcome.out
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("broken", PAGES, indirect=True, ids=lambda one: one.__name__.replace("_", " "))
def test_a_corrupt_page_sets_only_its_own_part_aside(command, web, tmp_path, broken):
    out = tmp_path / "out"
    outcome = command("filter", *BARE, broken, "-o", out, "-s", web, "--keep-at", CUT, "--rows-per-part", 40)
    assert outcome.code == 3
    assert "Could not be read: part-0.parquet (rows 40 to 80)" in outcome.err
    [aside] = manifest_of(out)["set_aside"]
    assert (aside["relative"], aside["first_row"], aside["rows"]) == ("part-0.parquet", 40, 40)
    assert manifest_of(out)["rows"] == 410 - 40


@pytest.mark.parametrize("broken", [empty, *PAGES], indirect=True, ids=lambda one: one.__name__)
def test_strict_stops_at_the_first_bad_file_and_a_run_without_it_goes_on(command, web, tmp_path, broken):
    arguments = ["filter", *BARE, broken, "-o", tmp_path / "out", "-s", web, "--keep-at", CUT]
    outcome = command(*arguments, "--strict", "--workers", 1)
    assert outcome.code == 1
    assert str(broken / "part-0.parquet") in outcome.err
    assert not (tmp_path / "out" / "run" / "manifest.json").exists()
    assert command(*arguments).code == 3


def test_pages_with_wrong_checksums_are_read_where_that_is_asked_for(command, web, tmp_path):
    path, out, sample = tmp_path / "a.parquet", tmp_path / "out", tmp_path / "sample.parquet"
    pq.write_table(
        make_table(80), path, row_group_size=40, compression="none", use_dictionary=False,
        write_page_checksum=True,
    )  # fmt: skip
    start, size = page_span(path)
    content = path.read_bytes()
    pages = content[start : start + size].replace(b"fraction", b"FRACTION")
    path.write_bytes(content[:start] + pages + content[start + size :])
    arguments = ["filter", *FAST, "-s", web, "--keep-at", CUT, path, "-o"]
    refused = command(*arguments, tmp_path / "refused", "--no-report")
    assert refused.code == 3
    assert "--ignore-checksums" in refused.out
    assert command(*arguments, out, "--ignore-checksums").code == 0
    assert manifest_of(out)["rows"] == 80
    page = (out / "run" / "report.html").read_text()
    assert "CRC" not in page
    place = ["--file", "a.parquet", "--row", 79]
    assert command("explain", *place, "--run", out).code == 0
    assert command("recut", out, "--to", tmp_path / "recut", "--keep-at", 0, "--no-report").code == 0
    assert any(b"FRACTION" in file.read_bytes() for file in (tmp_path / "recut" / "data").iterdir())
    assert command("sample", "--near-cut", out, "-o", sample, "--n", 80).code == 0
    again = command(*arguments, out, "--no-report")
    assert again.code == 2
    assert "--ignore-checksums" in again.err
    draw = ["sample", path, "-s", web, "-o", sample, "--n", 80, "--overwrite"]
    assert [command(*draw).code, command(*draw, "--ignore-checksums").code] == [3, 0]
    explain = ["explain", "--file", path, "--row", 79, "-s", web]
    assert [command(*explain).code, command(*explain, "--ignore-checksums").code] == [2, 0]
