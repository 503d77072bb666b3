"""Proves that the documentation is true: its code runs, its links lead somewhere, nothing is left out."""

import inspect
import os
import re
import shlex
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import typer

ROOT = Path(__file__).parents[1]
PAGES = ("README.md", "docs/tutorial.md", "docs/how-to.md")
BLOCK = re.compile(r"^```(sh|python)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")
NOT_RUN = ("git ", "make ", "pip ", "cd ")
"""Lines of set-up: `make` and a clone would start the tests from within the tests."""

TEACHING = (
    "A prime number is a whole number above one that no smaller number divides. For example, seven is "
    "prime, because neither two nor three divides it. Let us see why: three times two is six. "
)
SELLING = "Buy {0} shoes now! Free shipping | Login | Cart | {0} % off | Subscribe to our newsletter today. "


@pytest.fixture
def place(tmp_path):
    """Return a folder with what the pages speak of: `dump/` and `labels.parquet`."""
    folder = tmp_path
    rng = np.random.default_rng(0)
    texts, labels = [], []
    for number in range(300):
        teaches = int(rng.integers(0, 6))
        text = TEACHING * teaches + SELLING.format(number) * (5 - teaches)
        texts.append(f"{text} Page {number}.")
        labels.append(teaches)
    (folder / "dump").mkdir()
    pq.write_table(pa.table({"id": range(300), "text": texts}), folder / "dump" / "a.parquet")
    groups = [f"site-{number % 60}" for number in range(300)]
    table = pa.table({"text": texts, "score": labels, "group": groups})
    pq.write_table(table, folder / "labels.parquet")
    (folder / "labels.md").write_text(TEACHING)
    return folder


def environment():
    scripts = str(Path(sys.executable).parent)
    return {**os.environ, "PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}"}


@pytest.mark.parametrize("page", PAGES)
def test_the_code_of_a_page_runs_as_it_stands(page, place):
    blocks = BLOCK.findall((ROOT / page).read_text())
    assert blocks, f"{page} has no code"
    for language, code in blocks:
        if language == "python":
            commands = [[sys.executable, "-c", code]]
        else:
            lines = [line for line in code.splitlines() if line and not line.startswith(("#", *NOT_RUN))]
            commands = [shlex.split(line, comments=True) for line in lines]
        for command in commands:
            done = subprocess.run(command, cwd=place, env=environment(), capture_output=True, text=True)
            assert done.returncode == 0, f"{page}: {' '.join(command)}\n{done.stdout}{done.stderr}"


@pytest.mark.parametrize(
    "page",
    sorted(
        path.relative_to(ROOT).as_posix()
        for pattern in ("*.md", "docs/**/*.md", "filtering/models/*/*.md")
        for path in ROOT.glob(pattern)
    ),
)
def test_links_between_pages_lead_somewhere(page):
    for target in LINK.findall((ROOT / page).read_text()):
        assert (ROOT / page).parent.joinpath(target).exists(), f"{page} links to {target}"


def test_every_command_and_option_has_help_and_stands_in_the_reference():
    from pipelines.commands import app

    reference = (ROOT / "docs" / "reference.md").read_text()
    for name, command in typer.main.get_command(app).commands.items():
        assert command.help, name
        section = reference.partition(f"### `edufilter {name}")[2].partition("\n### ")[0]
        assert section, f"{name} is not in the reference"
        for option in command.params:
            if option.name == "help":
                continue
            assert option.help, f"{name}: {option.name} has no help"
            assert option.help.replace("|", "/") in section, f"{name}: {option.name} is not in the reference"


def test_every_public_name_has_a_docstring_and_stands_in_the_reference():
    reference = (ROOT / "docs" / "reference.md").read_text()
    for package in ("filtering", "annotations", "pipelines"):
        module = import_module(package)
        for name in module.__all__:
            assert inspect.getdoc(getattr(module, name)), f"{package}.{name}"
            assert f"| `{name}` |" in reference, f"{package}.{name}"


def test_every_error_stands_in_the_reference_and_in_the_tree():
    errors = import_module("filtering.errors")
    reference = (ROOT / "docs" / "reference.md").read_text()
    for name, error in vars(errors).items():
        if inspect.isclass(error):
            assert f"`{name}`" in reference
            assert name in errors.__doc__
