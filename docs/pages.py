"""Pages of the site out of files that lie elsewhere, and links that lead to them.

Hooks of mkdocs. A link in a Markdown file is relative to that file in the repository, so that it leads
somewhere on a forge; on the site it leads to the page that the file became.
"""

import os.path
import posixpath
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[1]

PAGES = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "project/contributing.md",
    "CHANGELOG.md": "project/changes.md",
    "filtering/models/web/README.md": "project/web.md",
    "filtering/models/code/README.md": "project/code.md",
    "docs/decisions": "decisions/README.md",
}
"""Files and folders, and the pages that they become; files below docs/ become pages by themselves."""

SOURCES = {page: file for file, page in PAGES.items() if file.endswith(".md")}

MODULES = ("filtering", "filtering.leaks", "annotations", "pipelines", "filtering.errors")
"""Each gets a page of what it exports."""

NO_DESCRIPTION = re.compile(r'\s*\u2013\s*<div class="doc-md-description">\s*</div>')
"""What is rendered of a parameter whose name and type say enough: a dash before nothing."""

LINK = re.compile(r"^```.*?^```|(?<=\]\()(?![a-z]+:|#)([^)#\s]+)", re.MULTILINE | re.DOTALL)
"""Code, which stays as it is; or what a link is relative to its file."""

LINK_TO_CODE = re.compile(r"\[([^\]]+)\]\([^)]+\.py\)")
"""A link to a module, which is no page."""


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are no files below docs/."""
    for page, file in SOURCES.items():
        files.append(File.generated(config, page, abs_src_path=str(ROOT / file)))
    contents = {f"api/{name.rpartition('.')[2]}.md": f"# `{name}`\n\n::: {name}\n" for name in MODULES}
    for page, content in contents.items():
        files.append(File.generated(config, page, content=content))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Turn links between files of the repository into links between pages; modules are named without one."""
    uri = page.file.src_uri
    folder = posixpath.dirname(SOURCES.get(uri, f"docs/{uri}"))

    def to_page(match: re.Match[str]) -> str:
        if match[1] is None:
            return match[0]
        target = posixpath.normpath(posixpath.join(folder, match[1]))
        linked = PAGES.get(target, target.removeprefix("docs/"))
        return os.path.relpath(linked, posixpath.dirname(uri) or ".")

    return LINK.sub(to_page, LINK_TO_CODE.sub(r"`\1`", markdown))


def on_page_content(html: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Drop dashes with nothing behind them."""
    return NO_DESCRIPTION.sub("", html)
