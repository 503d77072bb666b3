"""Proves that the wheel is whole: installed with base dependencies alone, it filters as the source does."""

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path
from zipfile import ZipFile

import pytest

from pipelines import FilterConfig, filter_dump
from tests.kit.dumps.small import CUT, FAST, lasting
from tests.kit.places import ROOT
from tests.kit.runs.compiled_here import share_compiled
from tests.kit.runs.outcomes import QUIET

PACKAGES = ("filtering", "annotations", "pipelines")
WITHOUT_CACHES = shutil.ignore_patterns("__pycache__")
NAMES = """
import filtering, filtering.leaks, annotations, pipelines
for package in (filtering, filtering.leaks, annotations, pipelines):
    for name in package.__all__:
        getattr(package, name)
print(pipelines.__file__)
"""


def pip(*arguments):
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True)


def run(*command, **environment):
    """Run a command that finds nothing of this checkout."""
    ours = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    done = subprocess.run(
        list(map(str, command)), capture_output=True, text=True, cwd="/", env=ours | environment
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Return the wheel of a copy of the source, since building leaves files beside it."""
    folder = tmp_path_factory.mktemp("wheel")
    reached = pip("download", "--quiet", "--no-deps", "--dest", folder / "reached", "setuptools>=77")
    if reached.returncode:
        pytest.skip(f"no index of packages can be reached: {reached.stderr.strip().splitlines()[-1]}")
    for name in PACKAGES:
        shutil.copytree(ROOT / name, folder / "source" / name, ignore=WITHOUT_CACHES)
    for name in ("edufilter.py", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder / "source" / name)
    built = pip("wheel", "--quiet", "--no-deps", "--wheel-dir", folder / "built", folder / "source")
    assert built.returncode == 0, built.stderr
    (found,) = (folder / "built").iterdir()
    return found


@pytest.fixture(scope="module")
def scripts(wheel, tmp_path_factory):
    """Return where the commands of an environment lie that holds the wheel and what it depends on."""
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder, with_pip=False)
    target = ("--python", folder / "bin" / "python")
    given = ("--quiet", "--no-compile", "--constraint", ROOT / "constraints.txt", wheel)
    installed = pip(*target, "install", *given)
    assert installed.returncode == 0, installed.stderr
    (package,) = folder.glob("lib/*/site-packages/filtering")
    share_compiled(package, package / "__pycache__")
    return folder / "bin"


def test_the_wheel_holds_every_file_of_the_packages_and_no_other(wheel):
    files = (path for name in PACKAGES for path in (ROOT / name).rglob("*") if path.is_file())
    wanted = {path.relative_to(ROOT).as_posix() for path in files if "__pycache__" not in path.parts}
    found = {name for name in ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert found == {*wanted, "edufilter.py"}


def test_every_public_name_is_there_without_any_extra(scripts):
    where = Path(run(scripts / "python", "-c", NAMES).strip())
    assert where.is_relative_to(scripts.parent)


def test_filter_writes_what_it_writes_from_source(scripts, dump, web, settings, tmp_path):
    # Without the extra that detects languages nobody tells which documents are unsure.
    given = ("filter", dump, *FAST, "-s", web, "--keep-at", CUT, "--workers", 1, "--unsure", "keep")
    said = run(scripts / "edufilter", *given, "--out", tmp_path / "out")
    assert "of 410 documents" in said
    whole_files = {name: value for name, value in settings.items() if name != "rows_per_part"}
    filter_dump(FilterConfig(**whole_files, out=tmp_path / "from source", unsure="keep"), reporter=QUIET)
    assert lasting(tmp_path / "out") == lasting(tmp_path / "from source")
