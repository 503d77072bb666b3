"""Proves that no receipt is lost or in the wrong place, and that temporary folders go with their process."""

import hashlib
import threading
import time

import pyarrow as pa
import pytest

import pipelines.run_folder.receipts
from filtering.errors import RunError
from pipelines.dump.parts import Parts
from pipelines.run_folder.folder import RunFolder
from pipelines.run_folder.receipts import (
    RECEIPT_SCHEMA,
    Receipt,
    ReceiptLog,
    aligned,
    receipts_of,
    sum_of_counts,
    table_of,
)


def key(number):
    return hashlib.sha256(str(number).encode()).hexdigest()


def receipt(number, **more):
    return Receipt(key(number), f"{number}.parquet", rows=number, **more)


def parts_of(numbers):
    shared = {
        "path": "/in/a.parquet", "relative": "a.parquet", "size_bytes": 1, "footer_sha256": "f",
        "first_row_group": 0, "stop_row_group": 1, "rows": 10, "text_bytes": 1, "tie_quota": -1,
    }  # fmt: skip
    rows = [{**shared, "key": key(n), "output": f"{n}.parquet", "first_row": 10 * n} for n in numbers]
    return Parts.from_rows(rows)


class Shelf(list):
    """The segments written so far, or the error of writing one."""

    def __init__(self, error=None):
        super().__init__()
        self.error, self.asked = error, 0

    def write(self, receipts):
        self.asked += 1
        if self.error:
            raise self.error
        self.append([one.rows for one in receipts])


def wait_until(holds, seconds=5.0):
    ends_s = time.monotonic() + seconds
    while not holds() and time.monotonic() < ends_s:
        time.sleep(0.01)
    assert holds()


# The log.


def test_the_first_receipt_is_written_at_once_and_those_that_follow_at_the_end_in_one_segment():
    shelf = Shelf()
    with ReceiptLog(shelf.write) as log:
        log.add(receipt(1))
        assert shelf == [[1]]
        for number in range(2, 500):
            log.add(receipt(number))
        assert shelf == [[1]]
    assert shelf == [[1], list(range(2, 500))]


def test_a_receipt_that_comes_long_after_the_last_is_written_at_once(monkeypatch):
    monkeypatch.setattr(pipelines.run_folder.receipts, "WRITE_EVERY_S", 0.0)
    shelf = Shelf()
    with ReceiptLog(shelf.write) as log:
        for number in range(3):
            log.add(receipt(number))
            assert shelf[-1] == [number]
    assert shelf == [[0], [1], [2]]


def test_a_segment_holds_no_more_than_so_many_receipts(monkeypatch):
    monkeypatch.setattr(pipelines.run_folder.receipts, "SEGMENT_ROWS", 10)
    shelf = Shelf()
    with ReceiptLog(shelf.write) as log:
        for number in range(26):
            log.add(receipt(number))
        assert [len(segment) for segment in shelf] == [1, 10, 10]
    assert [len(segment) for segment in shelf] == [1, 10, 10, 5]
    assert [number for segment in shelf for number in segment] == list(range(26))


def test_stragglers_are_written_though_none_follows(monkeypatch):
    monkeypatch.setattr(pipelines.run_folder.receipts, "WRITE_EVERY_S", 0.2)
    shelf = Shelf()
    with ReceiptLog(shelf.write) as log:
        log.add(receipt(1))
        log.add(receipt(2))
        assert shelf == [[1]]
        wait_until(lambda: shelf == [[1], [2]])
    assert shelf == [[1], [2]]


def test_nothing_is_written_where_nothing_came():
    shelf = Shelf()
    with ReceiptLog(shelf.write):
        pass
    assert (shelf, shelf.asked) == ([], 0)


@pytest.mark.parametrize("error", [RuntimeError("worker"), KeyboardInterrupt(), RunError("store")])
def test_what_waits_is_written_when_the_run_fails_or_is_interrupted(error):
    shelf = Shelf()
    raising = pytest.raises(type(error))
    with raising, ReceiptLog(shelf.write) as log:
        log.add(receipt(1))
        log.add(receipt(2))
        raise error
    assert shelf == [[1], [2]]


def test_an_error_of_writing_comes_out_at_once_and_is_not_waited_for_again():
    shelf = Shelf(RunError("the disk is full"))
    raising = pytest.raises(RunError, match="the disk is full")
    with raising, ReceiptLog(shelf.write) as log:
        log.add(receipt(1))
    assert shelf.asked == 1


def test_an_error_of_writing_stragglers_comes_out_of_the_next_receipt(monkeypatch):
    monkeypatch.setattr(pipelines.run_folder.receipts, "WRITE_EVERY_S", 0.1)
    shelf = Shelf()
    raising = pytest.raises(OSError, match="away")
    with raising, ReceiptLog(shelf.write) as log:
        log.add(receipt(1))
        shelf.error = OSError("the store is away")
        log.add(receipt(2))
        wait_until(lambda: shelf.asked == 2)
        time.sleep(0.3)
        assert shelf.asked == 2  # a store that fails is not asked each tenth of a second
        log.add(receipt(3))
        pytest.fail("must not be reached")
    assert shelf == [[1]]


def test_an_error_of_writing_stragglers_comes_out_of_leaving_too(monkeypatch):
    monkeypatch.setattr(pipelines.run_folder.receipts, "WRITE_EVERY_S", 0.1)
    shelf = Shelf()
    raising = pytest.raises(OSError, match="away")
    with raising, ReceiptLog(shelf.write) as log:
        log.add(receipt(1))
        shelf.error = OSError("the store is away")
        log.add(receipt(2))
        wait_until(lambda: shelf.asked == 2)


def test_an_error_of_writing_what_waits_comes_out_of_leaving():
    shelf = Shelf()
    raising = pytest.raises(OSError, match="away")
    with raising, ReceiptLog(shelf.write) as log:
        log.add(receipt(1))
        log.add(receipt(2))
        shelf.error = OSError("the store is away")


def test_the_error_that_is_under_way_is_not_hidden_by_one_of_writing():
    shelf = Shelf()
    raising = pytest.raises(RuntimeError, match="worker")
    with raising, ReceiptLog(shelf.write) as log:
        log.add(receipt(1))
        log.add(receipt(2))
        shelf.error = RunError("the store is away")
        raise RuntimeError("worker")


def test_the_thread_of_a_log_ends_with_it():
    with ReceiptLog(Shelf().write) as log:
        log.add(receipt(1))
    assert "receipts" not in [thread.name for thread in threading.enumerate()]


# Tables of receipts.


def test_a_receipt_comes_back_from_a_table_as_it_was():
    receipts = [
        receipt(1),
        Receipt(
            key(2), "deep/päge.parquet", rows=10, kept=3, reasons={"empty": 2, "too-long": 1},
            unusual={"language": 5}, text_bytes=1 << 40, kept_text_bytes=7, unread_bytes=6, tokens=8,
            tokens_read=9, data_rows=3, data_bytes=11, data_sha256="d", scores_bytes=12, scores_sha256="s",
        ),
        receipt(3, set_aside="page 3 is corrupt"),
    ]  # fmt: skip
    table = table_of(receipts)
    assert table.schema == RECEIPT_SCHEMA
    assert list(receipts_of(table)) == receipts
    assert list(receipts_of(table_of([]))) == []


def test_counts_are_summed_by_name_over_all_chunks():
    tables = [
        table_of([receipt(1, reasons={"empty": 2}), receipt(2)]),
        table_of([]),
        table_of([receipt(3, reasons={"empty": 1, "binary": 4})]),
    ]
    assert sum_of_counts(pa.concat_tables(tables)["reasons"]) == {"binary": 4, "empty": 3}


# In the order of the parts.


def reader(receipts):
    """Return what reads columns of segments: here one segment for each chunk."""
    return lambda columns: (pa.Table.from_batches([batch]).select(columns) for batch in receipts.to_batches())


def in_order(parts, receipts):
    return [one for table in aligned(parts, reader(receipts)) for one in receipts_of(table)]


def test_receipts_of_many_segments_come_in_the_order_of_the_parts_in_several_pieces(monkeypatch):
    monkeypatch.setattr(pipelines.run_folder.receipts, "ALIGNED_ROWS", 10)
    parts = parts_of(range(35))
    segments = [table_of([receipt(n) for n in range(34 - k, -1, -7)]) for k in range(7)]
    strangers = table_of([receipt(n) for n in range(100, 120)])
    receipts = pa.concat_tables([strangers, *segments, strangers])
    assert [len(table) for table in aligned(parts, reader(receipts))] == [10, 10, 10, 5]
    assert [one.rows for one in in_order(parts, receipts)] == list(range(35))


@pytest.mark.parametrize("last", ["done", "set aside"])
def test_of_several_receipts_of_a_part_the_one_that_it_is_done_counts(last):
    done = table_of([receipt(n, kept=1) for n in range(3)])
    aside = table_of([receipt(n, set_aside="corrupt") for n in (2, 1, 3)])
    found = in_order(parts_of(range(4)), pa.concat_tables([aside, done] if last == "done" else [done, aside]))
    assert [(one.rows, one.kept, one.set_aside) for one in found] == [
        (0, 1, ""), (1, 1, ""), (2, 1, ""), (3, 0, "corrupt"),
    ]  # fmt: skip


def test_a_part_without_a_receipt_is_named():
    receipts = table_of([receipt(n) for n in (0, 1, 3)])
    with pytest.raises(KeyError, match=r"a\.parquet \(rows 20 to 30\)"):
        list(aligned(parts_of(range(4)), reader(receipts)))
    with pytest.raises(KeyError, match=r"a\.parquet \(rows 0 to 10\)"):
        list(aligned(parts_of(range(1)), reader(table_of([]))))


def test_no_parts_need_no_receipts():
    assert in_order(parts_of([]), table_of([receipt(1)])) == []


def test_a_folder_tells_what_is_done_and_what_was_set_aside_by_all_its_segments(tmp_path):
    folder, parts = RunFolder(str(tmp_path / "out")), parts_of(range(4))
    assert not folder.are_done(parts).any()
    segments = (
        [receipt(0)], [receipt(1, set_aside="corrupt"), receipt(2, set_aside="corrupt")], [receipt(2)],
    )  # fmt: skip
    for segment in (*segments, segments[0]):  # two drivers of one plan may write one segment each
        folder.write_receipts(segment)
    assert folder.are_done(parts).tolist() == [True, False, True, False]
    assert folder.states(parts).set_aside.tolist() == [False, True, False, False]
    assert len(list(folder.receipts.iterdir())) == 3
    with pytest.raises(RunError, match=r"a\.parquet \(rows 30 to 40\) has none"):
        list(folder.receipts_in_order(parts))
    folder.forget(parts[:2])
    assert folder.are_done(parts).tolist() == [False, False, True, False]
    assert not folder.states(parts).set_aside.any()
