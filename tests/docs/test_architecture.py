"""Proves that the page on architecture shows the rooms that are there, and says to touch what is there."""

import re
from functools import cache

import pytest

from tests.kit.places import ROOT

PAGE = (ROOT / "docs" / "architecture.md").read_text()
PACKAGES = ("filtering", "annotations", "pipelines")
TABLE = PAGE.partition("\n## To add X")[2].partition("\n## ")[0]
TO_TOUCH = re.findall(r"^\| .+ \| (.*`.*) \|$", TABLE, re.MULTILINE)


@cache
def sources():
    """Return the text of all modules by path."""
    return {path: path.read_text() for name in PACKAGES for path in (ROOT / name).rglob("*.py")}


def test_the_picture_shows_every_room_and_no_other():
    rooms = {path.parent.name for name in PACKAGES for path in (ROOT / name).glob("*/__init__.py")}
    assert set(re.findall(r'\["(\w+)/<br>', PAGE)) == rooms


@pytest.mark.parametrize("to_touch", TO_TOUCH)
def test_what_is_to_be_touched_is_there(to_touch):
    files, numbers = (re.findall(r"`([^`]+)`", part) for part in re.split("; raise|$", to_touch, maxsplit=1))
    paths = [ROOT / one for one in files if one.startswith(PACKAGES)]
    folders = [path if path.is_dir() else path.parent for path in paths]
    assert all(path.exists() for path in paths)
    beside = [one for one in files if one.endswith(".py") and "/" not in one]
    paths += [folder / one for folder in folders for one in beside]
    assert all(any((folder / one).exists() for folder in folders) for one in beside)
    there = "\n".join(sources().get(path, "") for path in paths) or "\n".join(sources().values())
    for name in (one for one in files if one.isidentifier()):
        assert re.search(rf"^(class |def )?{name}\b", there, re.MULTILINE), name
    for name in numbers:
        assert any(re.search(rf"^{name} = ", text, re.MULTILINE) for text in sources().values()), name
