"""Proves that a run that was killed or interrupted anywhere goes on to the same bytes, each row once."""

import json
import os
import random
import re
import shlex
import shutil
import signal
import time

import pyarrow.parquet as pq
import pytest

from filtering.errors import OutputError
from pipelines import FilterConfig, filter_dump, status_of_run, verify_run, write_report
from tests.kit.dumps.small import BARE, CUT, digests, lasting, make_table, write_dump
from tests.kit.runs.outcomes import QUIET, Recorder, assert_each_row_once


def arguments_of(dump, web, out, *, workers=1):
    options = ["--keep-at", CUT, "--rows-per-part", 80, "--workers", workers, "--out", out]
    return ["filter", *BARE, str(dump), "-s", web, *map(str, options)]


@pytest.fixture
def killed(warm_process):
    """Return a function that runs a command which is killed at a point."""

    def run_killed(point, number, arguments):
        done = warm_process(point, number, *arguments, program="faults.faulty_run")
        assert done.code == -signal.SIGKILL, done.err

    return run_killed


@pytest.mark.parametrize(
    ("point", "number", "workers", "again"),
    [
        ("before the plan", 1, 1, 2),
        ("before write", 1, 2, 1),
        ("before write", 4, 1, 3),
        ("mid-write", 5, 1, 2),
        ("after close", 4, 1, 1),
        ("after close", 9, 2, 1),
        ("after rename of scores", 3, 1, 2),
        ("after rename of data", 3, 1, 2),
        ("after receipt", 3, 2, 1),
        ("after receipt", 6, 1, 2),
        ("before manifest", 1, 2, 1),
        ("within manifest", 1, 1, 2),
        ("after manifest", 1, 1, 2),
    ],
)
def test_a_run_killed_anywhere_goes_on_to_the_same_bytes_with_each_row_once(
    killed, dump, web, settings, finished, tmp_path, point, number, workers, again
):
    out = tmp_path / "out"
    killed(point, number, arguments_of(dump, web, out, workers=workers))
    assert lasting(out).items() <= lasting(finished).items()
    filter_dump(FilterConfig(**settings | {"workers": again}, out=out), reporter=QUIET)
    assert lasting(out) == lasting(finished)
    assert digests(out / "run" / "tmp") == {}
    assert verify_run(str(out)) == []
    assert_each_row_once(dump, out)


def test_a_run_killed_over_and_over_at_random_ends_with_the_same_bytes(
    dump, web, settings, finished, tmp_path, begin
):
    out = tmp_path / "out"
    clock = random.Random(0)
    arguments = arguments_of(dump, web, out, workers=2)
    for _ in range(5):
        with begin(*arguments) as process:
            while not (out / "run").exists() and process.poll() is None:
                time.sleep(0.002)
            time.sleep(clock.uniform(0, 0.15))
            process.kill()
        assert lasting(out).items() <= lasting(finished).items()
    filter_dump(FilterConfig(**settings, out=out), reporter=QUIET)
    assert lasting(out) == lasting(finished)
    assert_each_row_once(dump, out)


def test_parts_that_are_done_are_not_scored_again(killed, dump, web, settings, tmp_path):
    out = tmp_path / "out"
    killed("after receipt", 3, arguments_of(dump, web, out))
    done = status_of_run(str(out))
    assert (done.state, done.parts_done, done.parts) == ("unfinished", 3, 6)
    result = filter_dump(FilterConfig(**settings, out=out), reporter=QUIET)
    assert result.rows == 410
    assert result.rows_scored == 410 - done.rows_done


def test_a_second_run_scores_nothing_and_changes_no_file(command, dump, web, finished, tmp_path):
    out = tmp_path / "out"
    shutil.copytree(finished, out)
    write_report(str(out))
    before = {
        path: (path.stat().st_mtime_ns, path.stat().st_ino) for path in out.rglob("*") if path.is_file()
    }
    content = digests(out)
    outcome = command(*arguments_of(dump, web, out))
    assert outcome.code == 0
    assert "complete. There is nothing to do" in outcome.err
    assert "documents/s" not in outcome.out
    after = {path: (path.stat().st_mtime_ns, path.stat().st_ino) for path in out.rglob("*") if path.is_file()}
    assert after == before
    assert digests(out) == content


def test_a_dump_that_was_moved_and_touched_goes_on_where_it_was(
    killed, dump, web, settings, finished, tmp_path
):
    out, moved = tmp_path / "out", tmp_path / "moved"
    killed("after receipt", 3, arguments_of(dump, web, out))
    shutil.copytree(dump, moved)
    for path in moved.rglob("*.parquet"):
        os.utime(path, (1, 1))
    result = filter_dump(FilterConfig(**settings | {"inputs": [str(moved)]}, out=out), reporter=QUIET)
    assert 0 < result.rows_scored < 410
    assert lasting(out) == lasting(finished)


@pytest.fixture(scope="module")
def long_dump(tmp_path_factory):
    return write_dump(tmp_path_factory.mktemp("long"), rows=(6_000, 2_000), row_group_size=100)


@pytest.fixture(scope="module")
def long_finished(long_dump, web, tmp_path_factory):
    out = tmp_path_factory.mktemp("long-finished") / "out"
    config = FilterConfig(
        effort="fast", inputs=[str(long_dump)], out=out, scorer=web, keep_at=CUT, rows_per_part=100
    )
    filter_dump(config, reporter=QUIET)
    return out


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "sigterm"])
@pytest.mark.parametrize("workers", [1, 2])
def test_an_interrupted_run_ends_with_130_says_how_to_go_on_and_does(
    long_dump, long_finished, web, begin, warm_process, tmp_path, number, workers
):
    out = tmp_path / "out"
    arguments = [
        "filter", *BARE, str(long_dump), "--out", str(out), "-s", web, "--keep-at", str(CUT),
        "--rows-per-part", "100", "--workers", str(workers),
    ]  # fmt: skip
    with begin(*arguments) as process:
        while len(list((out / "data").rglob("*.parquet"))) < 4 and process.poll() is None:  # of 80
            time.sleep(0.005)
        process.send_signal(number)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in said
    [again] = [line.strip() for line in said.splitlines() if line.strip().startswith("edufilter filter")]
    assert re.search(r"\d+ of 80 parts are finished", said)
    assert not (out / "run" / "manifest.json").exists()
    assert status_of_run(str(out)).state == "unfinished"
    program, *arguments = shlex.split(again)
    done = warm_process(*arguments, "--rows-per-part", 100)
    assert (program, done.code) == ("edufilter", 0), done.err
    assert "Going on with" in done.err
    assert lasting(out) == lasting(long_finished)


# New and changed inputs.


@pytest.fixture
def growing(dump, settings, tmp_path):
    """Return a copy of the dump, settings of a run over it, and the finished run."""
    source, out = tmp_path / "in", tmp_path / "out"
    shutil.copytree(dump, source)
    settings = settings | {"inputs": [str(source)], "out": str(out)}
    filter_dump(FilterConfig(**settings), reporter=QUIET)
    return source, settings, out


def fresh(settings, out):
    filter_dump(FilterConfig(**settings | {"out": str(out)}), reporter=QUIET)
    return lasting(out)


def test_a_new_file_is_refused_without_update_and_scored_alone_with_it(growing, tmp_path):
    source, settings, out = growing
    pq.write_table(make_table(50, first_id=1000, seed=9), source / "new.parquet")
    before = digests(out)
    with pytest.raises(OutputError, match=r"'new\.parquet' is new.*--update"):
        filter_dump(FilterConfig(**settings), reporter=QUIET)
    assert digests(out) == before
    result = filter_dump(FilterConfig(**settings, update=True), reporter=QUIET)
    assert (result.rows, result.rows_scored) == (460, 50)
    assert lasting(out) == fresh(settings, tmp_path / "fresh")
    assert verify_run(str(out)) == []


@pytest.mark.parametrize("rows", [300, 60], ids=["more parts", "fewer parts"])
def test_a_changed_file_is_refused_without_update_and_scored_alone_with_it(growing, tmp_path, rows):
    source, settings, out = growing
    pq.write_table(make_table(rows, first_id=2000, seed=9), source / "part-0.parquet", row_group_size=40)
    with pytest.raises(OutputError, match=r"'part-0\.parquet' is changed.*--update"):
        filter_dump(FilterConfig(**settings), reporter=QUIET)
    result = filter_dump(FilterConfig(**settings, update=True), reporter=QUIET)
    assert (result.rows, result.rows_scored) == (180 + rows, rows)
    assert lasting(out) == fresh(settings, tmp_path / "fresh")
    assert verify_run(str(out)) == []
    assert_each_row_once(source, out)


@pytest.mark.parametrize("update", [False, True])
def test_a_file_that_is_gone_is_refused_with_and_without_update(growing, update):
    source, settings, out = growing
    (source / "part-2.parquet").unlink()
    before = digests(out)
    with pytest.raises(OutputError, match=r"'part-2\.parquet' is not among those given now"):
        filter_dump(FilterConfig(**settings, update=update), reporter=QUIET)
    assert digests(out) == before


@pytest.mark.parametrize("content", [b"", b"PAR1" * 9], ids=["empty", "broken"])
def test_a_file_that_could_not_be_read_and_is_gone_is_forgotten_with_update(growing, tmp_path, content):
    source, settings, out = growing
    before = fresh(settings, tmp_path / "fresh")
    (source / "bad.parquet").write_bytes(content)
    shutil.rmtree(out)
    assert filter_dump(FilterConfig(**settings), reporter=QUIET).exit_code == 3
    (source / "bad.parquet").unlink()
    with pytest.raises(OutputError, match=r"'bad\.parquet' could not be read, and is gone\..*add --update"):
        filter_dump(FilterConfig(**settings), reporter=QUIET)
    said = Recorder()
    result = filter_dump(FilterConfig(**settings, update=True), reporter=said)
    assert (result.exit_code, result.rows_scored) == (0, 0)
    assert "Forgotten: 'bad.parquet', which could not be read, and is gone." in said.said
    assert lasting(out) == before


@pytest.mark.parametrize(
    ("point", "number"), [("before the plan", 1), ("within update", 1), ("after close", 2)]
)
def test_an_update_that_is_killed_goes_on_to_the_bytes_of_a_fresh_run(
    killed, growing, tmp_path, web, point, number
):
    source, settings, out = growing
    pq.write_table(make_table(60, first_id=2000, seed=9), source / "part-0.parquet", row_group_size=40)
    killed(point, number, [*arguments_of(source, web, out), "--update"])
    assert not (out / "run" / "manifest.json").exists()
    filter_dump(FilterConfig(**settings, update=True), reporter=QUIET)
    assert lasting(out) == fresh(settings, tmp_path / "fresh")
    assert verify_run(str(out)) == []


def test_a_changed_file_that_cannot_be_read_leaves_nothing_of_its_old_rows(growing):
    source, settings, out = growing
    (source / "part-0.parquet").write_bytes(b"")
    result = filter_dump(FilterConfig(**settings, update=True), reporter=QUIET)
    assert [one.relative for one in result.set_aside] == ["part-0.parquet"]
    assert result.rows == 180
    assert sorted(digests(out / "data")) == [
        "deep/part-1.part-00001-of-00002.parquet", "deep/part-1.part-00002-of-00002.parquet",
        "part-2.parquet",
    ]  # fmt: skip
    assert verify_run(str(out)) == []


@pytest.mark.parametrize("damage", ["footer", "page"])
def test_a_part_that_was_set_aside_is_tried_again_with_update_once_its_file_is_mended(
    dump, settings, finished, tmp_path, damage
):
    source, out = tmp_path / "in", tmp_path / "out"
    shutil.copytree(dump, source)
    path = source / "part-2.parquet"
    content = path.read_bytes()
    if damage == "footer":
        path.write_bytes(content[:-50])
    else:
        start = pq.read_metadata(path).row_group(0).column(2).data_page_offset
        path.write_bytes(content[:start] + b"\xff" * 64 + content[start + 64 :])
    settings = settings | {"inputs": [str(source)], "out": str(out)}
    first = filter_dump(FilterConfig(**settings), reporter=QUIET)
    assert [one.relative for one in first.set_aside] == ["part-2.parquet"]
    assert first.exit_code == 3
    again = filter_dump(FilterConfig(**settings), reporter=QUIET)
    assert (again.rows_scored, again.exit_code) == (0, 3)
    path.write_bytes(content)
    mended = filter_dump(FilterConfig(**settings, update=True), reporter=QUIET)
    assert (mended.rows_scored, mended.set_aside) == (60, ())
    assert lasting(out) == lasting(finished)
    assert verify_run(str(out)) == []
    assert json.loads((out / "run" / "manifest.json").read_text())["set_aside"] == []


def test_a_moved_dump_with_a_bad_file_is_still_the_same_dump(dump, settings, tmp_path):
    source, moved, out = tmp_path / "in", tmp_path / "moved", tmp_path / "out"
    shutil.copytree(dump, source)
    (source / "part-2.parquet").write_bytes(b"")
    settings = settings | {"out": str(out)}
    filter_dump(FilterConfig(**settings | {"inputs": [str(source)]}), reporter=QUIET)
    source.rename(moved)
    result = filter_dump(FilterConfig(**settings | {"inputs": [str(moved)]}), reporter=QUIET)
    assert (result.rows, result.rows_scored, len(result.set_aside)) == (350, 0, 1)
