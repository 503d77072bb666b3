"""Proves that files of any name are read, written under the same bytes, and shown with escapes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pipelines import FilterConfig, filter_dump
from pipelines.run_folder.folder import RunFolder
from tests.kit.dumps.small import CUT, FAST, make_table
from tests.kit.places import ROOT
from tests.kit.runs.outcomes import QUIET, manifest_of

NAMES = {
    "caf\udce9.parquet": r"caf\xe9.parquet",
    "deep\udcff/a.parquet": r"deep\xff/a.parquet",
    "café.parquet": "café.parquet",
    "cafe\u0301.parquet": "cafe\u0301.parquet",
    "two\nlines.parquet": r"two\nlines.parquet",
    "\x1b[31mred.parquet": r"\x1b[31mred.parquet",
    "a\u202egnp.parquet": r"a\u202egnp.parquet",
    r"back\xe9.parquet": r"back\\xe9.parquet",
    "A.parquet": "A.parquet",
    "a.parquet": "a.parquet",
    "x" * 247 + ".parquet": "x" * 247 + ".parquet",
    "bad\udce9.parquet": r"bad\xe9.parquet",
}
"""Files by path, and as they are named."""
BAD = "bad\udce9.parquet"


@pytest.fixture(scope="module")
def odd(tmp_path_factory) -> Path:
    """Return a dump of files with odd names, one of which cannot be read, in a folder with an odd name."""
    root = tmp_path_factory.mktemp("odd") / "d\udcfcmp"
    for number, name in enumerate(NAMES):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        with open(root / name, "wb") as file:
            if name != BAD:
                pq.write_table(make_table(20, first_id=20 * number, seed=number), file, row_group_size=10)
    return root


@pytest.fixture(scope="module")
def odd_run(odd, web) -> Path:
    """Return a run over it, in two parts a file, below a folder with an odd name. Not to be written to."""
    out = odd.parent / "o\udcfct"
    config = FilterConfig(
        inputs=[odd], out=out, scorer=web, effort="fast", keep_at=CUT, rows_per_part=10, workers=1
    )
    filter_dump(config, reporter=QUIET)
    return out


TASK = {
    "task_id": "t/1",
    "prompt": "Photosynthesis is how plants make food from light. Water enters through the roots, and carbon "
    "dioxide through the leaves.",
    "canonical_solution": "Recall that energy is neither made nor destroyed; it only changes its form.",
    "test": "",
    "entry_point": "f",
}


def files_below(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_files_are_written_under_the_bytes_of_their_names(odd, odd_run, command):
    stems = [name.removesuffix(".parquet") for name in NAMES if name != BAD]
    whole = {
        f"{stem}.part-0000{part}-of-00002.parquet" for stem in stems if len(stem) < 200 for part in (1, 2)
    }
    written = files_below(odd_run / "data")
    assert whole < written
    assert len(written) == 2 * len(stems)
    assert all(len(os.fsencode(Path(name).name)) <= 255 for name in written)
    for name in whole:
        if name.startswith("caf\udce9"):
            with open(odd_run / "data" / name, "rb") as file:
                assert set(pq.read_table(file)["id"].to_pylist()) <= set(range(20))
    assert command("verify", odd_run).code == 0
    assert not RunFolder(str(odd_run)).read_plan().parts.files ^ {
        shown for name, shown in NAMES.items() if name != BAD
    }


def test_what_cannot_be_read_is_shown_with_escapes(odd, odd_run):
    [aside] = manifest_of(odd_run)["set_aside"]
    assert aside["relative"] == r"bad\xe9.parquet"
    assert r"d\xfcmp/bad\xe9.parquet must be a Parquet file" in aside["why"]


def test_a_run_over_odd_names_is_complete_and_one_file_gone_is_named(odd, odd_run, command):
    arguments = ("-s", "web", *FAST, "--keep-at", CUT, "--rows-per-part", 10, "--no-report")
    again = command("filter", odd, "-o", odd_run, *arguments)
    assert (again.code, "There is nothing to do" in again.err) == (3, True)
    gone = command("filter", odd / "caf?.parquet", "-o", odd_run, *arguments)
    assert gone.code == 2


def test_verbs_on_a_run_find_files_by_their_bytes_and_by_what_is_shown(odd, odd_run, command, tmp_path):
    whys = [
        command("explain", "--run", odd_run, "--file", file, "--row", 3, "--json")
        for file in ("caf\udce9.parquet", r"caf\xe9.parquet")
    ]
    alone = command("explain", "--file", odd / "caf\udce9.parquet", "--row", 3, "--json")
    assert {one.code for one in (*whys, alone)} == {0}
    assert len({json.loads(one.out)["score"] for one in (*whys, alone)}) == 1
    to = tmp_path / "t\udcfc"
    assert command("recut", odd_run, "--keep-at", 0, "--to", to, "--no-report").code == 3
    assert files_below(to / "data") == files_below(odd_run / "data")
    assert command("report", odd_run).code == 0
    page = (odd_run / "run" / "report.html").read_text()
    assert r"bad\xe9.parquet" in page
    assert "Photosynthesis" in page


def test_samples_and_hits_have_names_that_are_text(odd, command, tmp_path):
    for out in (tmp_path / "s\udce9.parquet", tmp_path / "s\udce9.csv"):
        assert command("sample", odd, "-o", out, "--n", 200).code == 3
    with open(tmp_path / "s\udce9.parquet", "rb") as file:
        sampled = pq.read_table(file)
    names = set(sampled["file"].to_pylist())
    assert {r"caf\xe9.parquet", r"two\nlines.parquet"} <= names <= set(NAMES.values())
    (tmp_path / "b\udce9nch.jsonl").write_text(json.dumps(TASK))
    out, against = tmp_path / "out", ("--against", tmp_path / "b\udce9nch.jsonl")
    assert command("decontaminate", odd, "-o", out, *against, "--no-report").code == 3
    hits = set(pq.read_table(out / "run" / "hits.parquet")["file"].to_pylist())
    assert hits
    assert hits <= set(NAMES.values())


def test_a_run_goes_on_where_the_locale_reads_no_accents(odd, odd_run, web):
    """A locale decides how Python sees names, so that a process of its own is needed."""
    code = "import sys; sys.path.append(sys.argv.pop(1)); from tests.kit.runs.few_rows import main; main()"
    done = subprocess.run(
        [
            *(sys.executable, "-c", code, ROOT, "filter", odd, "-o", odd_run, "-s", web, *FAST),
            *("--keep-at", str(CUT), "--rows-per-part", "10", "--no-report"),
        ],
        env={**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        capture_output=True,
        check=False,
    )
    assert (done.returncode, b"nothing to do" in done.stderr) == (3, True)
    assert rb"could not be read: bad\xe9.parquet" in done.stdout
