"""Proves that two runs on one output do not mix: neither at one time, nor with another setting or scorer."""

import shutil
import time

import psutil
import pytest

from pipelines import FilterConfig, filter_dump
from tests.kit.dumps.small import BARE, CUT, copy_of_scorer, digests, write_dump
from tests.kit.runs.outcomes import QUIET


def test_a_second_run_on_one_output_is_refused_while_the_first_is_at_work(command, begin, web, tmp_path):
    source = write_dump(tmp_path / "in", rows=(20_000,), row_group_size=500)
    out = tmp_path / "out"
    arguments = ["filter", *BARE, source, "--out", out, "-s", web, "--rows-per-part", 500]
    with begin(*arguments) as first:
        while not list((out / "run" / "receipts").rglob("*.parquet")) and first.poll() is None:
            time.sleep(0.005)
        (worker,) = psutil.Process(first.pid).children()
        worker.suspend()  # it holds still, and holds the lock
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
            worker.resume()
        assert first.wait() == 0
    assert command("verify", out).code == 0


def test_two_runs_in_one_process_are_held_apart_too(settings, tmp_path):
    from pipelines.run.upkeep import status_of_run
    from pipelines.run_folder.folder import RunFolder

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
        ("--keep-at", ["--keep-at", "2.5"]),
        ("--write", ["--write", "all"]),
        ("rows_per_part", ["--rows-per-part", "100"]),
        ("--score-column", ["--score-column", "quality_score"]),
        ("--text-column", ["--text-column", "url"]),
        ("--scorer", []),
    ],
)
def test_another_setting_or_scorer_on_a_started_output_is_refused_naming_it(
    command, web, dump, finished, tmp_path, name, change
):
    scorer = copy_of_scorer(web, tmp_path / "other", domain="other") if name == "--scorer" else web
    out = tmp_path / "out"
    shutil.copytree(finished, out)
    before = digests(out)
    rows = [] if name == "rows_per_part" else ["--rows-per-part", 80]
    outcome = command("filter", *BARE, dump, "-s", scorer, "--keep-at", CUT, *rows, *change, "-o", out)
    assert outcome.code == 2
    assert name in outcome.err
    assert ("edufilter recut" if name == "--keep-at" else "--out") in outcome.err
    assert digests(out) == before
