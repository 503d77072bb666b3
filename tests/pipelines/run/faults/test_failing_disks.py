"""Proves that a full disk or a lost permission ends a run in words and whole files, and it goes on later."""

import os
import shutil
import subprocess
import tempfile
from contextlib import suppress
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines import FilterConfig, filter_dump, verify_run
from tests.kit.dumps.small import BARE, CUT, digests, lasting, make_table
from tests.kit.runs.outcomes import QUIET


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


def test_a_full_disk_fails_clearly_leaves_whole_files_only_and_resumes_once_there_is_room(
    warm_process, web, tmp_path, small_disk
):
    source = incompressible(tmp_path / "in")
    reference, out = tmp_path / "reference", small_disk / "out"
    arguments = ["filter", *BARE, source, "-s", web, "--write", "all", "--workers", 2, "-o"]
    assert warm_process(*arguments, reference).code == 0
    outcome = warm_process(*arguments, out)
    assert outcome.code == 1
    assert "No space left on device" in outcome.err
    assert str(out) in outcome.err
    assert "run the same command again" in outcome.err
    assert "goes on where it was" in outcome.err
    assert "Traceback" not in outcome.err
    found = assert_only_whole_files(out, reference)
    assert 0 < len(found) < len(lasting(reference))
    assert digests(out / "run" / "tmp") == {}
    subprocess.run(["mount", "-o", "remount,size=64m", small_disk], check=True)
    assert warm_process(*arguments, out).code == 0
    assert lasting(out) == lasting(reference)
    assert verify_run(str(out)) == []


def fill_up(path):
    with open(path, "wb", buffering=0) as file, suppress(OSError):
        while file.write(bytes(4096)):
            pass


@pytest.mark.parametrize("free_pages", [0, 3, 12])
def test_a_disk_too_full_for_the_plan_fails_clearly_and_resumes(
    warm_process, web, tmp_path, small_disk, dump, finished, free_pages
):
    out = small_disk / "out"
    filler = small_disk / "filler"
    fill_up(filler)
    os.truncate(filler, filler.stat().st_size - free_pages * 4096)
    arguments = ["filter", *BARE, dump, "-s", web, "--keep-at", CUT, "--rows-per-part", 80, "-o", out]
    outcome = warm_process(*arguments)
    assert outcome.code == 1
    assert "No space left on device" in outcome.err
    begun = (out / "run" / "plan.json").exists()
    assert ("run the same command again" if begun else "Nothing has begun there yet") in outcome.err
    assert "Traceback" not in outcome.err
    filler.unlink()
    assert warm_process(*arguments).code == 0
    assert lasting(out) == lasting(finished)


@pytest.fixture
def open_to_all(dump):
    """Return a folder with a copy of the dump in `in`, that a process without rights may read and write.

    It does not lie below those of pytest, which closes them to others whenever it begins.
    """
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        shutil.copytree(dump, place / "in")
        for folder in (place, place / "in", place / "in" / "deep"):
            folder.chmod(0o777)
        yield place


@pytest.fixture
def faulty_run(warm_process):
    """Return a function that runs a command which loses its rights at a point."""
    return partial(warm_process, program="faults.faulty_run")


def test_permission_lost_in_the_middle_fails_clearly_and_resumes_once_it_is_back(
    faulty_run, open_to_all, settings, web, finished
):
    source, out = open_to_all / "in", open_to_all / "out"
    arguments = ["filter", *BARE, source, "-s", web, "--keep-at", CUT, "--rows-per-part", 80, "--workers", 1]
    outcome = faulty_run("lose-permission", 3, *arguments, "--out", out)
    assert outcome.code == 1, outcome.err
    assert "Permission denied" in outcome.err
    assert str(out) in outcome.err
    assert "run the same command again" in outcome.err
    assert "Traceback" not in outcome.err
    found = assert_only_whole_files(out, finished)
    assert 0 < len(found) < len(lasting(finished)), outcome.err
    for folder in (out, *out.rglob("*/")):
        folder.chmod(0o755)
    filter_dump(FilterConfig(**settings | {"inputs": [str(source)]}, out=out), reporter=QUIET)
    assert lasting(out) == lasting(finished)


@pytest.mark.parametrize("what", ["part-2.parquet", "deep"])
def test_an_input_that_may_not_be_read_fails_the_run_and_is_never_counted_as_bad(
    faulty_run, open_to_all, web, what
):
    (open_to_all / "in" / what).chmod(0)
    outcome = faulty_run(
        "as-nobody", 0, "filter", *BARE, open_to_all / "in", "-s", web, "--out", open_to_all / "out"
    )
    assert outcome.code == 1, outcome.err
    assert "Permission denied" in outcome.err
    assert str(open_to_all / "in" / what) in outcome.err
    assert "Traceback" not in outcome.err
    assert "set aside" not in outcome.said
