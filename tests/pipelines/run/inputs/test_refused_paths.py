"""Proves that inputs and outputs that would hide, mix or overwrite anything are refused before the run."""

import shutil

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.kit.dumps.small import BARE, digests, make_table, write_dump
from tests.kit.runs.outcomes import manifest_of


def test_an_input_that_has_a_score_is_refused_with_the_option_that_renames_ours(command, web, tmp_path):
    table = make_table(20).append_column("edu_score", pa.array([4.5] * 20))
    pq.write_table(table, tmp_path / "a.parquet")
    arguments = ["filter", *BARE, tmp_path / "a.parquet", "-o", tmp_path / "out", "-s", web, "--write", "all"]
    outcome = command(*arguments)
    assert outcome.code == 2
    for part in ("edu_score", "--score-column", "a.parquet"):
        assert part in outcome.err
    named = (
        "--score-column edu2_score, which names all of them: edu2_score, edu2_unsure, edu2_keep, edu2_reason."
    )
    assert named in outcome.err
    assert not (tmp_path / "out").exists()
    assert command(*arguments, "--score-column", "our_score").code == 0
    found = pq.read_table(tmp_path / "out" / "data" / "a.parquet")
    ours = ["our_score", "our_unsure", "our_keep", "our_reason"]
    assert found.column_names == ["id", "url", "text", "edu_score", *ours]
    assert found["edu_score"].to_pylist() == [4.5] * 20


@pytest.mark.parametrize("column", ["edu_keep", "edu_reason"])
def test_columns_that_only_mode_all_adds_are_refused_there_alone(command, web, tmp_path, column):
    pq.write_table(make_table(5).append_column(column, pa.array(range(5))), tmp_path / "a.parquet")
    arguments = ["filter", *BARE, tmp_path / "a.parquet", "-s", web]
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
    outcome = command("filter", *BARE, dump, "-o", tmp_path / "out", "-s", web)
    assert outcome.code == 2
    assert "--out" in outcome.err
    assert path.read_text() == "mine"
    assert len(digests(tmp_path / "out")) == 1


def test_an_output_that_is_a_file_is_refused(command, web, dump, tmp_path):
    (tmp_path / "out").write_text("mine")
    outcome = command("filter", *BARE, dump, "-o", tmp_path / "out", "-s", web)
    assert outcome.code == 2
    assert "--out must be a folder" in outcome.err


@pytest.mark.parametrize("place", ["out", "deep/out"])
def test_an_output_inside_an_input_is_refused(command, web, tmp_path, place):
    source = write_dump(tmp_path / "in", rows=(10, 10))
    before = digests(source)
    outcome = command("filter", *BARE, source, "-o", source / place, "-s", web)
    assert outcome.code == 2
    assert "OUT must not lie inside an input" in outcome.err
    assert digests(source) == before


def test_an_output_that_is_its_input_is_refused(command, web, tmp_path):
    source = write_dump(tmp_path / "in", rows=(10, 10))
    before = digests(source)
    outcome = command("filter", *BARE, source, "-o", source, "-s", web)
    assert outcome.code == 2
    assert "--out" in outcome.err
    assert digests(source) == before


def test_two_inputs_with_one_relative_path_are_refused(command, web, tmp_path):
    one, two = write_dump(tmp_path / "one", rows=(10,)), write_dump(tmp_path / "two", rows=(10,))
    outcome = command("filter", *BARE, one, two, "-o", tmp_path / "out", "-s", web)
    assert outcome.code == 2
    for part in (str(one / "part-0.parquet"), str(two / "part-0.parquet"), "one relative path"):
        assert part in outcome.err
    assert not (tmp_path / "out").exists()


def test_one_file_that_is_named_twice_is_read_once(command, web, tmp_path):
    one = write_dump(tmp_path / "in", rows=(10,))
    outcome = command("filter", *BARE, one, one / "part-0.parquet", "-o", tmp_path / "out", "-s", web)
    assert outcome.code == 0
    assert manifest_of(tmp_path / "out")["rows"] == 10


def test_two_inputs_whose_outputs_would_have_one_name_are_refused(command, web, tmp_path):
    source = write_dump(tmp_path / "in", rows=(10,))
    shutil.copy(source / "part-0.parquet", source / "part-0.pq")
    outcome = command("filter", *BARE, source, "-o", tmp_path / "out", "-s", web)
    assert outcome.code == 2
    for part in ("'part-0.parquet'", "'part-0.pq'"):
        assert part in outcome.err


def test_a_pattern_that_climbs_after_its_wildcard_is_refused(command, web, dump, tmp_path):
    outcome = command("filter", *BARE, f"{dump}/*/../*.parquet", "-o", tmp_path / "out", "-s", web)
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
    outcome = command("filter", *BARE, named, "-o", tmp_path / "out", "-s", web)
    assert outcome.code == 2
    assert "must not lead out" in outcome.err
    assert "linked" in outcome.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("given", ["nothing.parquet", "nothing/*.parquet"])
def test_an_input_that_is_not_there_is_refused(command, web, tmp_path, given):
    outcome = command("filter", *BARE, tmp_path / given, "-o", tmp_path / "out", "-s", web)
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
    assert command("filter", *BARE, source, "-o", tmp_path / "out", "-s", web).code == 0
    pattern = command("filter", *BARE, source / "*", "-o", tmp_path / "out2", "-s", web)
    assert pattern.code == 3  # a pattern asks for README.md by name
    assert [one["relative"] for one in manifest_of(tmp_path / "out2")["set_aside"]] == ["README.md"]
    for out in ("out", "out2"):
        assert sorted(digests(tmp_path / out / "data")) == ["part-0.parquet"]
