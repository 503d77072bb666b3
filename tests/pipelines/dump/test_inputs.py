"""Proves that whatever lies in a dump is read or named: links, pipes, folders like files, lost files."""

import os
import socket

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from filtering.errors import BadFileError, RunError, SettingsError
from pipelines.dump.batches import read_batches
from pipelines.dump.inputs import find_inputs
from pipelines.dump.reading import read_footer
from pipelines.dump.split_files import PartSize, split_files
from tests.kit.dumps.small import BARE, make_table
from tests.kit.runs.outcomes import manifest_of


def found(*given):
    return [file.relative for file in find_inputs([str(one) for one in given], "/nowhere/out")]


def split(*given):
    return split_files(
        find_inputs(list(map(str, given)), "/nowhere/out"), text_column=None, size=PartSize(80)
    )


@pytest.fixture
def good(tmp_path):
    pq.write_table(make_table(20), tmp_path / "good.parquet")
    return tmp_path


def make_pipe(path):
    os.mkfifo(path)


def make_socket(path):
    with socket.socket(socket.AF_UNIX) as one:
        before = os.getcwd()
        os.chdir(path.parent)  # addresses of sockets are short
        one.bind(path.name)
        os.chdir(before)


def link_to_a_device(path):
    path.symlink_to("/dev/null")


def link_to_nothing(path):
    path.symlink_to("gone.parquet")


def link_out_to_nothing(path):
    path.symlink_to("/nowhere/at/all.parquet")


def link_to_itself(path):
    path.symlink_to(path.name)


NO_FILES = {
    make_pipe: "a pipe",
    make_socket: "a socket",
    link_to_a_device: "a device",
    link_to_nothing: "a link to gone.parquet, where nothing is",
    link_out_to_nothing: "a link to /nowhere/at/all.parquet, where nothing is",
    link_to_itself: "a link to odd.parquet, where nothing is",
}


@pytest.mark.parametrize("given", ["folder", "pattern", "name"])
@pytest.mark.parametrize("make", NO_FILES, ids=lambda one: one.__name__.replace("_", " "))
def test_what_is_no_file_is_set_aside_with_the_reason_and_blocks_nothing(good, make, given):
    make(good / "odd.parquet")
    names = {"folder": [good], "pattern": [good / "*"], "name": [good / "good.parquet", good / "odd.parquet"]}
    dump = split(*names[given])
    [aside] = dump.set_aside
    assert (aside.relative, dump.parts.files) == ("odd.parquet", {"good.parquet"})
    assert NO_FILES[make] in aside.why


def test_a_pipe_that_takes_the_place_of_a_file_is_not_waited_for(good):
    path = good / "good.parquet"
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(BadFileError, match=r"must be a regular file\. It is a pipe"):
        list(read_batches(str(path), range(1)))


def test_a_pipe_as_standard_input_gets_the_reason():
    read, write = os.pipe()
    try:
        with pytest.raises(SettingsError, match="a pipe, which is read once and not from its end"):
            split(f"/dev/fd/{read}")
    finally:
        os.close(read)
        os.close(write)


def test_a_file_that_is_gone_since_it_was_found_is_set_aside_and_a_lost_folder_ends_the_run(good):
    pq.write_table(make_table(5), good / "other.parquet")
    files = find_inputs([str(good)], "/nowhere/out")
    (good / "good.parquet").unlink()
    [aside] = split_files(files, text_column=None, size=PartSize(80)).set_aside
    assert "must be there. It is gone, or never was" in aside.why
    with pytest.raises(RunError, match="No such file"):
        read_footer(str(good / "unmounted" / "good.parquet"))


def test_folders_called_like_files_are_read_as_folders_by_a_pattern_as_by_name(tmp_path):
    for name in ("x.parquet/part-0.parquet", "x.parquet/deep/part-1.parquet", "y.parquet/part.0.parquet"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(make_table(5), tmp_path / name)
    (tmp_path / "x.parquet" / "_SUCCESS").touch()
    (tmp_path / "x.parquet" / "notes.txt").touch()
    everything = ["x.parquet/deep/part-1.parquet", "x.parquet/part-0.parquet", "y.parquet/part.0.parquet"]
    assert found(tmp_path) == found(tmp_path / "*.parquet") == found(tmp_path / "*") == everything
    assert found(tmp_path / "x*") == everything[:2]
    assert found(tmp_path / "**" / "part.?.parquet") == everything[2:]
    with pytest.raises(SettingsError, match="OUT must not lie inside an input"):
        find_inputs([str(tmp_path / "*.parquet")], str(tmp_path / "x.parquet" / "out"))


def test_a_pattern_follows_a_link_to_a_folder_that_it_names_and_no_circle(tmp_path):
    (tmp_path / "v1").mkdir()
    pq.write_table(make_table(5), tmp_path / "v1" / "a.parquet")
    (tmp_path / "now").symlink_to("v1")
    (tmp_path / "v1" / "up").symlink_to("..")
    assert found(tmp_path / "n*" / "*.parquet") == ["now/a.parquet"]
    assert found(tmp_path / "**" / "*.parquet") == found(tmp_path) == ["v1/a.parquet"]


def test_a_pattern_finds_files_of_any_depth_and_says_where_it_found_none(good):
    assert found(good / "**") == found(good / "*[d].parquet") == ["good.parquet"]
    for pattern in ("*/*.parquet", "good*/x.parquet", "no**thing"):
        with pytest.raises(SettingsError, match="Found none in"):
            found(good / pattern)


def test_a_folder_that_cannot_be_listed_is_named_by_a_pattern_too(good, monkeypatch):
    (good / "secret").mkdir()
    scandir = os.scandir

    def refuse(folder):
        if str(folder).endswith("secret"):
            raise PermissionError(13, "Permission denied", str(folder))
        return scandir(folder)

    monkeypatch.setattr(os, "scandir", refuse)
    for given in (good, good / "*" / "*.parquet", good / "**" / "*.parquet"):
        with pytest.raises(RunError, match=r"secret': Permission denied"):
            found(given)


def test_a_name_that_is_too_long_for_any_file_does_not_exist(tmp_path):
    with pytest.raises(SettingsError, match="An input must exist"):
        found(tmp_path / ("a" * 300))


def test_empty_files_need_no_text_and_rows_without_columns_are_set_aside(command, web, good):
    pq.write_table(pa.table({}), good / "a.parquet")
    pq.write_table(pa.table({"other": pa.array([], pa.int64())}), good / "z.parquet")
    pq.write_table(pa.table({"content": pa.array([], pa.string())}), good / "b.parquet")
    outcome = command("filter", *BARE, good, "-o", good / "out.d", "-s", web)
    assert outcome.code == 2  # OUT inside the input
    out = good.parent / f"{good.name}-out"
    assert command("filter", *BARE, good, "-o", out, "-s", web).code == 0
    assert pq.read_schema(out / "data" / "a.parquet").names == ["edu_score", "edu_unsure"]
    assert manifest_of(out)["settings"]["text_column"] == "text"
    assert command("verify", out).code == 0
    nothing = pa.table({"x": [1, 2]}).select([])
    pq.write_table(nothing, good / "c.parquet")
    if pq.read_metadata(good / "c.parquet").num_rows:
        [aside] = split(good).set_aside
        assert aside.relative == "c.parquet"


def test_a_dump_of_nothing_but_bad_files_is_refused_at_once_and_leaves_nothing(command, web, tmp_path):
    source, out, sample = tmp_path / "in", tmp_path / "out", tmp_path / "sample.parquet"
    source.mkdir()
    (source / "bad.parquet").write_bytes(b"")
    (source / "worse.parquet").write_bytes(b"a = 1")
    arguments = ("filter", source, "-o", out, "-s", web, "--effort", "fast")
    for words in (arguments, (*arguments, "--dry-run"), ("sample", source, "-o", sample)):
        outcome = command(*words)
        assert outcome.code == 2
        assert "None of 2 files can be read. " in outcome.err
        assert "bad.parquet must be a Parquet file. It has 0 bytes." in outcome.err
    assert not out.exists()
    assert not sample.exists()
    pq.write_table(make_table(20).rename_columns(["id", "url", "content"]), source / "bad.parquet")
    assert command(*arguments, "--no-report").code == 3
    assert manifest_of(out)["rows"] == 20
