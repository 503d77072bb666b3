"""Proves that the site builds without warnings, holds together, and needs no network to be read."""

import json
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from importlib import import_module
from urllib.parse import unquote, urlsplit

import pytest

from tests.kit.places import ROOT

LOADED = {("script", "src"), ("img", "src"), ("iframe", "src"), ("source", "src"), ("link", "href")}
NOT_LOADED = {"canonical", "next", "prev"}
"""Links of a page's head that a browser does not follow by itself."""
IN_STYLE = re.compile(r"""(?:url\(|@import)\s*["']?([^"')\s;]+)""")


class Found(HTMLParser):
    """What a page has: anchors, links, what a browser loads for it, classes, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.anchors, self.links, self.loaded, self.classes = {""}, [], [], set()
        self.text = ""
        self.feed(page)
        self.loaded += IN_STYLE.findall("".join(re.findall(r"<style.*?</style>", page, re.DOTALL)))

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attributes}
        self.anchors.add(found.get("id", ""))
        self.classes.update(found.get("class", "").split())
        self.links += [found["href"]] if tag == "a" and "href" in found else []
        for name in found:
            if (tag, name) in LOADED and found.get("rel") not in NOT_LOADED:
                self.loaded.append(found[name])

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Return the folder of the site, and what mkdocs said."""
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", folder],
        cwd=ROOT, env={**os.environ, "NO_MKDOCS_2_WARNING": "1"}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return folder, done.stdout + done.stderr


@pytest.fixture(scope="module")
def pages(built):
    """Return what each page has, by its path on the site."""
    folder, _ = built
    return {
        path.relative_to(folder).as_posix(): Found(path.read_text(encoding="utf-8"))
        for path in sorted(folder.rglob("*.html"))
    }


def test_the_site_builds_without_a_warning(built):
    _, said = built
    assert "Documentation built" in said
    assert "WARNING" not in said
    assert "ERROR" not in said


def test_each_page_of_the_repository_is_on_the_site(pages):
    for path in (ROOT / "docs").rglob("*.md"):
        page = path.relative_to(ROOT / "docs").with_suffix(".html").as_posix()
        assert page.replace("README", "index") in pages, path
    assert "Two commands" in pages["index.html"].text
    assert "What it is bad at" in pages["project/web.html"].text
    for path in (ROOT / "docs" / "decisions").glob("0*.md"):
        assert f"{path.stem}.html" in pages["decisions/index.html"].links


def test_links_between_pages_of_the_site_lead_somewhere(built, pages):
    folder, _ = built
    for page, found in pages.items():
        for link in found.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            # Only the page for addresses that there are not speaks of the top of the server.
            start = folder if parts.path.startswith("/") else (folder / page).parent
            target = start / unquote(parts.path).lstrip("/") if parts.path else folder / page
            target = target / "index.html" if target.is_dir() else target
            assert target.is_file(), f"{page} links to {link}"
            if target.suffix == ".html":
                name = target.resolve().relative_to(folder.resolve()).as_posix()
                assert unquote(parts.fragment) in pages[name].anchors, f"{page} links to {link}"


def test_nothing_is_loaded_from_elsewhere(built, pages):
    folder, _ = built
    for page, found in pages.items():
        assert found.loaded, f"{page} has no style"
        for address in found.loaded:
            assert not urlsplit(address).netloc, f"{page} loads {address}"
        assert "mermaid" not in found.classes, f"{page} has a diagram, for which the theme loads a script"
    for style in folder.rglob("*.css"):
        for address in IN_STYLE.findall(style.read_text(encoding="utf-8")):
            assert not urlsplit(address).netloc, f"{style} loads {address}"


def test_the_search_index_has_what_pages_and_docstrings_say(built):
    folder, _ = built
    found = json.loads((folder / "search" / "search_index.json").read_text(encoding="utf-8"))["docs"]
    said = {entry["location"]: entry["text"] for entry in found}
    assert "receipt" in said["explanation.html#exactly-once"]
    assert "rubric points" in said["api/filtering.html#filtering.Scores"].lower()


@pytest.mark.parametrize("package", ["filtering", "annotations", "pipelines"])
def test_every_public_name_is_on_the_page_of_its_package(package, pages):
    page = pages[f"api/{package}.html"]
    module = import_module(package)
    for name in module.__all__:
        assert f"{package}.{name}" in page.anchors, name
        # Inline code loses its marks on the page, and lines are broken elsewhere.
        first = getattr(module, name).__doc__.partition("\n\n")[0].replace("`", "")
        assert " ".join(first.split()) in " ".join(page.text.split()), name


def test_settings_are_shown_with_their_fields_and_defaults(pages):
    from pipelines import FilterConfig

    shown = pages["api/pipelines.html"].text.partition("FilterConfig(")[2].partition("\n)")[0]
    for name, field in FilterConfig.model_fields.items():
        assert f"\n    {name}: " in shown, name
        if isinstance(field.default, float):
            assert f"{name}: float = {field.default}," in shown
