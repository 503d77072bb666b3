"""Proves that time stamps stored as INT96 come out as they went in, or their part is set aside."""

import struct

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines import FilterConfig, filter_dump
from tests.kit.dumps.parquet_writers import FIRST_DAY, LAST_DAY, NOON
from tests.kit.runs.outcomes import QUIET

MICROSECONDS, NANOSECONDS = pa.timestamp("us"), pa.timestamp("ns")
TEXT = "A fraction tells how many parts of a whole we have."
FAR = [FIRST_DAY, NOON, None, LAST_DAY]
NEAR = [1, None, 10**18 + 1, -1]
LAST_DAY_JULIAN = 5373484
ENDS = [-(2**63) + 1, 2**63 - 1, 0, None]


def outcome(tmp_path, columns, change=lambda path: None, **options):
    """Return what came of a run over a file of INT96, two rows a row group and part, and its output."""
    table = pa.table({**columns, "text": [TEXT] * len(next(iter(columns.values())))})
    path = tmp_path / "a.parquet"
    pq.write_table(table, path, use_deprecated_int96_timestamps=True, row_group_size=2, **options)
    change(path)
    config = FilterConfig(
        inputs=[path], out=tmp_path / "out", effort="fast", keep_at=0.0, rows_per_part=2, workers=1
    )
    result = filter_dump(config, reporter=QUIET)
    parts = sorted((tmp_path / "out" / "data").iterdir())
    return result, pa.concat_tables([pq.read_table(part) for part in parts]) if parts else None


@pytest.mark.parametrize("use_dictionary", [True, False])
def test_dates_beyond_nanoseconds_are_read_in_microseconds_in_all_parts(tmp_path, use_dictionary):
    columns = {"far": pa.array(FAR, MICROSECONDS), "near": pa.array(NEAR, NANOSECONDS)}
    result, found = outcome(tmp_path, columns, use_dictionary=use_dictionary)
    assert result.set_aside == ()
    assert found["far"].to_pylist() == FAR
    assert found["near"].cast(pa.int64()).to_pylist() == NEAR
    assert [found.schema.field(name).type for name in columns] == [MICROSECONDS, NANOSECONDS]
    with duckdb.connect() as database:
        pattern = tmp_path / "out" / "data" / "*.parquet"
        for path in (tmp_path / "a.parquet", pattern):
            assert [row for (row,) in database.sql(f"SELECT far FROM '{path}'").fetchall()] == FAR


def test_where_nothing_is_far_nanoseconds_stay_exact(tmp_path):
    columns = {"near": pa.array(NEAR, NANOSECONDS), "ends": pa.array(ENDS, NANOSECONDS)}
    _, found = outcome(tmp_path, columns)
    assert found.schema.field("ends").type == NANOSECONDS
    assert found["near"].cast(pa.int64()).to_pylist() == NEAR
    assert found["ends"].cast(pa.int64()).to_pylist() == ENDS


def test_far_dates_within_structs_lists_and_maps_are_found(tmp_path):
    lists = [[{"x": [NOON]}], [], None, [None, {"x": [None, LAST_DAY]}]]
    maps = [[("k", NOON)], None, [("k", FIRST_DAY), ("l", None)], []]
    columns = {
        "lists": pa.array(lists, pa.list_(pa.struct([("x", pa.large_list(MICROSECONDS))]))),
        "maps": pa.array(maps, pa.map_(pa.string(), MICROSECONDS)),
        "lists.near": pa.array(NEAR, NANOSECONDS),
    }
    result, found = outcome(tmp_path, columns)
    assert result.set_aside == ()
    assert found["lists"].to_pylist() == lists
    assert found["maps"].to_pylist() == maps
    assert found["lists.near"].cast(pa.int64()).to_pylist() == NEAR


def on_another_day(path, nanoseconds, day):
    """Move a time stamp of 1970-01-01 to another Julian day, which no type of Arrow may reach."""
    content, before = path.read_bytes(), struct.pack("<QI", nanoseconds, 2440588)
    assert content.count(before) == 1
    path.write_bytes(content.replace(before, struct.pack("<QI", nanoseconds, day)))


def moved(tmp_path, values, nanoseconds, day):
    """Return the outcome of a run over a column of nanoseconds, one of which is moved to another day."""

    def move(path):
        on_another_day(path, nanoseconds, day)

    columns = {"t": pa.array(values, NANOSECONDS)}
    return outcome(tmp_path, columns, move, use_dictionary=False, compression="none")


def test_a_part_whose_far_dates_leave_no_room_for_its_nanoseconds_is_set_aside(tmp_path):
    result, found = moved(tmp_path, [1000, 2000, 7001, 3000], 7001, LAST_DAY_JULIAN)
    [aside] = result.set_aside
    assert (aside.relative, aside.first_row, aside.rows) == ("a.parquet", 2, 2)
    assert "column 't'" in aside.why
    assert found["t"].cast(pa.int64()).to_pylist() == [1, 2]
    assert found.schema.field("t").type == MICROSECONDS


def test_dates_beyond_microseconds_are_read_in_milliseconds(tmp_path):
    result, found = moved(tmp_path, [2 * 10**6, None, 7 * 10**6, 3 * 10**6], 7 * 10**6, 4 * 10**9)
    assert result.set_aside == ()
    assert found.schema.field("t").type == pa.timestamp("ms")
    days_ms = (4 * 10**9 - 2440588) * 86_400_000
    assert found["t"].cast(pa.int64()).to_pylist() == [2, None, days_ms + 7, 3]
