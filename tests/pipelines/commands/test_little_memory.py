"""Proves that little memory is told before libraries hang for it, and that no run fails for its page."""

import resource
import subprocess
import sys

import pytest

from pipelines import preflight
from pipelines.commands import cli
from pipelines.page_kit import svg_charts
from pipelines.preflight import ADDRESSES, check_memory, limit_of
from tests.kit.dumps.small import CUT, FAST
from tests.kit.runs.outcomes import manifest_of


@pytest.fixture
def limited(monkeypatch):
    """Return a function that has a limit of this process look lower than it is."""

    def limit(kind, to_bytes):
        monkeypatch.setattr(resource, "getrlimit", lambda one: (to_bytes if one == kind else -1, -1))

    return limit


@pytest.mark.parametrize(
    ("kind", "option"), [(resource.RLIMIT_AS, "ulimit -v"), (resource.RLIMIT_DATA, "ulimit -d")]
)
def test_too_little_memory_is_said_with_the_limit_that_is_in_the_way(limited, kind, option):
    check_memory()
    limited(kind, 300 << 20)
    with pytest.raises(MemoryError, match=rf"It may have 0\.3 GB \({option}\)"):
        check_memory()
    limited(kind, 1 << 40)
    check_memory()
    assert limit_of(kind) == 1 << 40


def test_each_cpu_needs_some(limited, monkeypatch):
    limited(ADDRESSES, 3 << 30)
    monkeypatch.setattr(preflight.os, "cpu_count", lambda: 2)
    check_memory()
    monkeypatch.setattr(preflight.os, "cpu_count", lambda: 64)
    with pytest.raises(MemoryError):
        check_memory()


def test_the_command_ends_before_it_loads_what_would_hang(tmp_path):
    """A limit holds for a whole process, so that one of its own is needed."""
    code = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_AS, (800 << 20,) * 2);"
        "sys.argv = ['edufilter', 'filter', 'in', '--out', 'out'];"
        "from pipelines.__main__ import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.returncode, "ulimit -v" in done.stderr) == (2, True)


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("can't start new thread")])
def test_memory_that_runs_out_in_the_middle_is_an_error_and_no_traceback(command, monkeypatch, error):
    def fail(**options):
        raise error

    monkeypatch.setattr(cli, "app", fail)
    outcome = command("status", "out")
    assert outcome.code == 1
    assert "Memory must suffice" in outcome.err
    assert "--workers" in outcome.err


def break_limit(patch):
    patch.setattr(svg_charts, "limit_of", lambda kind: 4 << 30)
    return "(ulimit -v)"


def break_engine(patch):
    patch.setattr(svg_charts, "DRAW", "import os; os.abort()")
    return "It ended with signal 6"


def break_start_of_processes(patch):
    def refuse(*arguments, **options):
        raise BlockingIOError(11, "Resource temporarily unavailable")

    patch.setattr(svg_charts.subprocess, "run", refuse)
    return "BlockingIOError"


def break_library(patch):
    def fail(*arguments):
        raise AttributeError("a text of a document")

    patch.setattr("pipelines.reports.runs.write_report.draw_scores", fail)
    return "ended with AttributeError"


def fill_the_disk(patch):
    def refuse(*arguments):
        raise OSError(28, "No space left on device")

    patch.setattr("pipelines.reports.runs.write_report.render_page", refuse)
    return "No space left on device"


BREAKS = [break_limit, break_engine, break_start_of_processes, break_library, fill_the_disk]


@pytest.mark.parametrize("break_page", BREAKS, ids=lambda one: one.__name__.replace("_", " "))
def test_a_run_whose_page_cannot_be_drawn_ends_as_its_data_deserve_and_has_it_drawn_later(
    command, dump, web, tmp_path, monkeypatch, break_page
):
    out = tmp_path / "out"
    svg_charts._drawn.cache_clear()
    with monkeypatch.context() as patch:
        why = break_page(patch)
        done = command("filter", dump / "part-2.parquet", "-o", out, "-s", web, *FAST, "--keep-at", CUT)
    assert done.code == 0
    assert manifest_of(out)["rows"] == 60
    assert "No report." in done.err
    assert why in done.err
    assert f"edufilter report {out}" in done.err
    assert "a text of a document" not in done.said
    assert not (out / "run" / "report.html").exists()
    assert command("report", out).code == 0
    assert (out / "run" / "report.html").exists()
