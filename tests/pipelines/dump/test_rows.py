"""Proves that rows are read again as they were, each file opened once, and that what has changed is named."""

from collections import Counter

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from filtering.errors import SettingsError
from pipelines.dump import reading, rows
from pipelines.dump.parts import Part
from pipelines.dump.reading import read_footer
from pipelines.dump.rows import RowReader
from pipelines.dump.rows_of_finished_runs import read_again, read_unchanged

FIRST_ROW = 10
"""Of each part in its file, behind a row group of others: rows are named by their place in the file."""


def part_of(path, texts):
    sites = [f"{number}.org" for number in range(len(texts))]
    before = ["before"] * FIRST_ROW
    pq.write_table(pa.table({"text": before + texts, "site": before + sites}), path, row_group_size=10)
    footer = read_footer(str(path))
    return Part(
        key="",
        path=str(path),
        relative=path.name,
        output=path.name,
        size_bytes=footer.size_bytes,
        footer_sha256=footer.sha256,
        first_row_group=1,
        stop_row_group=footer.metadata.num_row_groups,
        first_row=FIRST_ROW,
        rows=len(texts),
        text_bytes=0,
    )


@pytest.fixture
def parts(tmp_path):
    """Return three parts of 30 rows, each of which names itself."""
    return [
        part_of(tmp_path / f"{name}.parquet", [f"{name} {row:02}" for row in range(30)]) for name in "abc"
    ]


@pytest.fixture
def opened(monkeypatch):
    """Return how often each file was opened for its rows."""
    counts = Counter()
    inner = reading.open_parquet

    def noted(path, **options):
        counts[path] += 1
        return inner(path, **options)

    monkeypatch.setattr(reading, "open_parquet", noted)
    monkeypatch.setattr(rows, "open_parquet", noted)
    return counts


def test_a_file_is_opened_once_however_many_row_groups_hold_the_rows(parts, opened):
    found = list(RowReader("text")(parts[0], np.array([3, 12, 15, 29])))
    assert [(row.number, row.data) for row in found] == [
        (number, f"a {number:02}".encode()) for number in (3, 12, 15, 29)
    ]
    assert [row.origin["id"] for row in found] == [f"a.parquet#{FIRST_ROW + row.number}" for row in found]
    assert [row.origin["group"] for row in found] == [f"{row.number}.org" for row in found]
    assert opened == {parts[0].path: 1}


def test_places_are_read_once_each_in_their_order(parts):
    places = [(2, 5), (0, 7), (0, 3), (2, 5)]
    found, unread = read_again(parts, places, RowReader("text"))
    assert [(place, row.data) for place, row in found] == [
        ((0, 3), b"a 03"),
        ((0, 7), b"a 07"),
        ((2, 5), b"c 05"),
    ]
    assert unread == {}


def test_inputs_that_are_gone_or_changed_are_told_and_the_others_read(parts, tmp_path):
    (tmp_path / "a.parquet").unlink()
    part_of(tmp_path / "b.parquet", ["another"] * 30)
    found, unread = read_again(parts, [(0, 1), (1, 1), (2, 1)], RowReader("text"))
    assert [place for place, _ in found] == [(2, 1)]
    assert set(unread) == {"a.parquet", "b.parquet"}
    assert unread["b.parquet"].endswith("must be as it was. It has changed since the run.")
    with pytest.raises(SettingsError, match="has changed"):
        list(read_unchanged(parts[1], np.array([1]), RowReader("text")))
    assert [row.data for row in read_unchanged(parts[2], np.array([1]), RowReader("text"))] == [b"c 01"]


def test_each_part_has_its_share_of_the_bytes(parts):
    places = [(number, row) for number, wanted in ((0, 20), (1, 10)) for row in range(wanted)]
    found, _ = read_again(parts, places, RowReader("text"), most_bytes=12 * 4)  # of four bytes a text
    assert Counter(number for (number, _), _ in found) == {0: 8, 1: 4}


def test_nothing_is_read_of_nothing(parts, opened):
    found, unread = read_again(parts, [], RowReader("text"), most_bytes=10)
    assert (list(found), unread, opened) == ([], {}, {})
