"""Proves that a plan follows from footers and settings alone, and that keys change with what they must."""

import dataclasses
import hashlib
import os
import shutil

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import settings as budget
from hypothesis import strategies as st

from filtering.scoring.settings import ExitSettings
from pipelines.dump.batches import read_batches
from pipelines.dump.inputs import InputFile, find_inputs
from pipelines.dump.parts import Part, Parts
from pipelines.dump.reading import read_footer
from pipelines.dump.rows import RowReader
from pipelines.dump.split_files import PartSize, output_name, split_files
from pipelines.run_folder.plan import Plan, keys_under, make_plan, named_here
from tests.kit.dumps.small import make_table

SETTINGS = {"scorer_sha256": "0" * 64, "keep_at": 3.0}


def plan_of(folder, *, settings=SETTINGS, rows_per_part=80, size=None, text_column=None):
    files = find_inputs([str(folder)], str(folder.parent / "nowhere" / "out"))
    return make_plan(
        files,
        settings=settings,
        text_column=text_column,
        new_columns=["edu_score"],
        size=size or PartSize(rows_per_part),
    )


def keys_of(plan):
    return [part.key for part in plan.parts]


def test_copying_and_touching_a_dump_changes_no_key(dump, tmp_path):
    moved = tmp_path / "elsewhere"
    shutil.copytree(dump, moved)
    for path in moved.rglob("*.parquet"):
        os.utime(path, (1, 1))
    assert keys_of(plan_of(moved)) == keys_of(plan_of(dump))
    assert plan_of(moved).digest == plan_of(dump).digest


def test_files_may_be_given_in_any_order(dump):
    one, *others = find_inputs([str(dump)], "/nowhere/out")
    names = [file.path for file in (*others[::-1], one)]
    assert [file.path for file in find_inputs(names, "/nowhere/out")] == sorted(
        names, key=lambda name: os.path.basename(name)
    )


def test_any_setting_changes_every_key(dump):
    before = keys_of(plan_of(dump))
    for change in ({"keep_at": 2.0}, {"scorer_sha256": "1" * 64}, {"new": None}):
        assert not set(before) & set(keys_of(plan_of(dump, settings=SETTINGS | change)))


def test_a_changed_row_changes_the_keys_of_its_file_alone(dump, tmp_path):
    source = tmp_path / "in"
    shutil.copytree(dump, source)
    before = plan_of(source)
    path = source / "part-2.parquet"
    table = pq.read_table(path)
    pq.write_table(table.set_column(0, "id", pa.array(range(60))), path, row_group_size=40)
    after = plan_of(source)
    for old, new in zip(before.parts, after.parts, strict=True):
        assert (old.key != new.key) == (old.relative == "part-2.parquet")


def test_a_renamed_file_changes_its_key(tmp_path):
    pq.write_table(make_table(10), tmp_path / "a.parquet")
    [before] = keys_of(plan_of(tmp_path))
    (tmp_path / "a.parquet").rename(tmp_path / "b.parquet")
    assert keys_of(plan_of(tmp_path)) != [before]


@pytest.mark.parametrize(
    ("name", "value", "matters"),
    [
        ("relative", "other", True),
        ("output", "other", True),
        ("size_bytes", 11, True),
        ("footer_sha256", "b", True),
        ("first_row_group", 1, True),
        ("stop_row_group", 3, True),
        ("first_row", 1, True),
        ("rows", 4, True),
        ("tie_quota", 5, True),
        ("path", "/elsewhere", False),
    ],
)
def test_a_key_follows_what_decides_the_output_of_a_part_and_not_its_place(name, value, matters):
    row = dataclasses.asdict(Part("", "/p", "r", "o", 10, "a", 0, 2, 0, 5, 100))
    key_of = keys_under(SETTINGS)
    assert len(key_of(row)) == 64
    assert (key_of({**row, name: value}) != key_of(row)) == matters
    assert keys_under({**SETTINGS, "keep_at": 2.0})(row) != key_of(row)


def test_keys_stay_the_same_from_version_to_version():
    # A key that changes for no reason makes every started run begin anew.
    row = dataclasses.asdict(Part("", "/p", "r", "o", 10, "a", 0, 2, 0, 5, 100))
    content = '[{"keep_at": 3.0}, 11]r\0o\x0010\0a\x000\x002\x000\x005\0-1'
    assert keys_under({"keep_at": 3.0})(row) == hashlib.sha256(content.encode()).hexdigest()


def test_parts_are_a_sequence_that_can_be_cut_masked_and_ordered(dump):
    parts = plan_of(dump).parts
    objects = list(parts)
    assert (len(parts), parts[1], parts[-1]) == (len(objects), objects[1], objects[-1])
    assert list(parts[1:3]) == objects[1:3]
    assert Parts.from_rows(map(dataclasses.asdict, objects)) == parts
    assert parts[1:] != parts
    large = parts.column("rows") >= 80
    assert list(parts.where(large)) == [part for part in objects if part.rows >= 80]
    sizes = [part.text_bytes for part in parts.largest_first(large)]
    assert sizes == sorted((part.text_bytes for part in objects if part.rows >= 80), reverse=True)
    ordered = parts.largest_first(large)
    assert [ordered[0], *ordered[1:]] == list(ordered)
    assert parts.of_key(objects[2].key) == objects[2]
    assert parts.has_key(parts[2:4].table["key"]).tolist() == [
        number in (2, 3) for number in range(len(parts))
    ]
    with pytest.raises(IndexError):
        parts[len(parts)]


@budget(max_examples=40, deadline=None)
@given(
    groups=st.lists(st.integers(0, 30), max_size=12),
    rows_per_part=st.integers(1, 70),
)
def test_parts_of_any_file_cover_its_row_groups_once_and_in_order(tmp_path_factory, groups, rows_per_part):
    folder = tmp_path_factory.mktemp("plan") / "in"
    folder.mkdir()
    table = make_table(sum(groups))
    with pq.ParquetWriter(folder / "a.parquet", table.schema) as writer:
        first = 0
        for rows in groups:
            writer.write_table(table.slice(first, rows))
            first += rows
    groups = [
        pq.read_metadata(folder / "a.parquet").row_group(index).num_rows
        for index in range(pq.read_metadata(folder / "a.parquet").num_row_groups)
    ]
    parts = plan_of(folder, rows_per_part=rows_per_part).parts
    assert [index for part in parts for index in part.row_groups] == list(range(len(groups)))
    assert sum(part.rows for part in parts) == len(table)
    first_row = 0
    for number, part in enumerate(parts):
        sizes = [groups[index] for index in part.row_groups]
        assert (part.first_row, part.rows) == (first_row, sum(sizes))
        assert sum(sizes[:-1]) < rows_per_part  # closed as soon as it is full
        assert part.rows >= rows_per_part or number == len(parts) - 1
        assert part.output == output_name("a.parquet", number, len(parts))
        first_row += part.rows
        batches = list(read_batches(part.path, part.row_groups))
        ids = [row for batch in batches for row in batch.column("id").to_pylist()]
        assert ids == list(range(part.first_row, part.first_row + part.rows))
    assert len({part.key for part in parts}) == len(parts) >= 1


@budget(max_examples=40, deadline=None)
@given(groups=st.lists(st.integers(0, 30), min_size=1, max_size=8), rows=st.integers(1, 12))
def test_large_row_groups_are_split_into_parts_that_cover_each_row_once(tmp_path_factory, groups, rows):
    folder = tmp_path_factory.mktemp("plan") / "in"
    folder.mkdir()
    table = make_table(sum(groups))
    with pq.ParquetWriter(folder / "a.parquet", table.schema) as writer:
        for at, count in enumerate(groups):
            writer.write_table(table.slice(sum(groups[:at]), count))
    parts = plan_of(folder, size=PartSize(rows, splits_row_groups=True)).parts
    assert all(part.rows <= 1.5 * rows or part.rows == 1 for part in parts if len(part.row_groups) == 1)
    ids = []
    for part in parts:
        batches = read_batches(part.path, part.row_groups, rows=part.row_range)
        mine = [row for batch in batches for row in batch.column("id").to_pylist()]
        assert mine == list(part.row_range)
        chosen = np.arange(0, part.rows, 3)
        assert [row.origin["row"] for row in RowReader("text")(part, chosen)] == [*(part.first_row + chosen)]
        ids += mine
    assert ids == table["id"].to_pylist()
    assert len({part.key for part in parts}) == len(parts)


def test_a_part_is_closed_by_its_text_too(tmp_path):
    pq.write_table(make_table(100), tmp_path / "a.parquet", row_group_size=10, use_dictionary=False)
    [whole] = plan_of(tmp_path, rows_per_part=1000).parts
    size = PartSize(1000, text_bytes=whole.text_bytes // 4)
    assert 3 <= len(plan_of(tmp_path, size=size).parts) <= 5


@pytest.mark.parametrize(
    ("relative", "number", "count", "name"),
    [
        ("a.parquet", 0, 1, "a.parquet"),
        ("a.pq", 0, 1, "a.parquet"),
        ("deep/b.parq", 1, 3, "deep/b.part-00002-of-00003.parquet"),
        ("no-suffix", 0, 1, "no-suffix.parquet"),
        ("x.snappy.parquet", 0, 2, "x.snappy.part-00001-of-00002.parquet"),
        ("data.v2", 0, 1, "data.v2.parquet"),
    ],
)
def test_an_output_is_named_by_its_input_and_its_place(relative, number, count, name):
    assert output_name(relative, number, count) == name


def test_two_inputs_never_share_an_output(tmp_path):
    for name in ("a.parquet", "a.pq"):
        pq.write_table(make_table(5), tmp_path / name)
    with pytest.raises(ValueError, match="must come from one input"):
        plan_of(tmp_path)


def test_a_footer_is_what_pyarrow_reads(dump):
    path = dump / "part-0.parquet"
    footer = read_footer(str(path))
    assert footer.size_bytes == path.stat().st_size
    assert footer.metadata.equals(pq.read_metadata(path))
    assert footer.schema.equals(pq.read_schema(path), check_metadata=True)


def test_text_bytes_are_those_of_the_text_column(tmp_path):
    table = make_table(100).append_column("text.note", pa.array(["x" * 1000] * 100))
    pq.write_table(table, tmp_path / "a.parquet", row_group_size=50, use_dictionary=False)
    [part] = plan_of(tmp_path, text_column="text").parts
    actual = sum(len(text) for text in table["text"].to_pylist())
    assert actual <= part.text_bytes < actual + 50_000


def test_a_file_without_row_groups_is_one_part(tmp_path):
    pq.ParquetWriter(tmp_path / "a.parquet", make_table(0).schema).close()
    [part] = plan_of(tmp_path).parts
    assert (part.rows, list(part.row_groups), part.output) == (0, [], "a.parquet")


def test_a_part_is_plain_values(dump):
    for value in dataclasses.astuple(plan_of(dump).parts[0]):
        assert type(value) in (str, int)


def facts_of(settings):
    return Plan(settings, Parts.from_rows([]), ()).facts


def test_a_plan_tells_its_cut_exits_and_leaks_and_what_it_leaves_out():
    cut = {"text_column": "text", "keep_at": 3.5}
    facts = facts_of({**cut, "leaks_sha256": "a", "leak_action": "mark"})
    assert (facts.scorer_sha256, facts.effort, facts.exits) == (None, "fast", ExitSettings(3.5))
    assert (facts.leaks_sha256, facts.leak_action) == ("a", "mark")
    given = {"scorer_sha256": "b", "effort": "balanced", "score_column": "points", "max_disagreement": 0.05}
    facts = facts_of({**cut, **given, "full_fraction": None, "exits": "3 to 4"})
    assert facts.exits == ExitSettings(3.5, 0.05)
    assert (facts.text_column, facts.keep_at, facts.score_column) == ("text", 3.5, "points")
    assert (facts.scorer_sha256, facts.effort, facts.leak_action) == ("b", "balanced", None)


def test_files_are_split_without_keys_where_nothing_is_written(dump):
    files = find_inputs([str(dump)], "/nowhere/out")
    found = split_files(files, text_column=None, size=PartSize(80))
    assert (found.text_column, found.set_aside) == ("text", ())
    assert [dataclasses.replace(part, key="") for part in plan_of(dump).parts] == list(found.parts)


def test_a_named_file_gets_its_name_and_a_folder_its_paths(dump):
    [named] = find_inputs([str(dump / "deep" / "part-1.parquet")], "/nowhere/out")
    assert named == InputFile(str(dump / "deep" / "part-1.parquet"), "part-1.parquet")
    pattern = find_inputs([str(dump / "*" / "*.parquet")], "/nowhere/out")
    assert [file.relative for file in pattern] == ["deep/part-1.parquet"]
    assert [file.relative for file in find_inputs([str(dump)], "/nowhere/out")] == [
        "deep/part-1.parquet", "part-0.parquet", "part-2.parquet",
    ]  # fmt: skip


def test_batches_follow_from_the_file_and_hold_about_the_same_bytes(tmp_path):
    texts = ["x" * 100_000] * 300
    pq.write_table(pa.table({"text": texts}), tmp_path / "a.parquet", row_group_size=300)
    sizes = [batch.num_rows for batch in read_batches(str(tmp_path / "a.parquet"), range(1))]
    assert sum(sizes) == 300
    assert sizes == [batch.num_rows for batch in read_batches(str(tmp_path / "a.parquet"), range(1))]
    assert max(sizes) <= 42


@pytest.mark.parametrize(("verb", "option"), [("filter", "--out"), ("recut", "--to")])
def test_a_command_names_the_folder_in_which_its_run_lies_now(verb, option, tmp_path):
    words = ("edufilter", verb, "in", option)
    for began, now in (("s3://bucket/out", "s3://bucket/copy"), ("s3://bucket/out", str(tmp_path))):
        assert named_here((*words, began, "--strict"), now)[-2:] == (option, now)
        assert named_here((*words, began, "--strict"), began)[-2:] == (began, "--strict")
    assert named_here(("edufilter", verb, "in"), "s3://bucket/copy") == ("edufilter", verb, "in")
