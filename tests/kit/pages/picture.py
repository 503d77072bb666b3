"""Takes the picture of a report that the README shows, in the browser of the tests.

``make picture`` runs the demo and then this. The picture is as wide as a page, and shows its upper part.
"""

import argparse
import shutil
from pathlib import Path

WIDTH, HEIGHT = 1200, 1000
"""Pixels."""


def find_chromium() -> str | None:
    """Return the path of the browser that the tests use; None where there is none."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return next(filter(None, map(shutil.which, names)), None)


def take_picture(browser, page: Path, picture: Path, width: int = WIDTH, height: int = HEIGHT) -> None:
    """Write the upper part of a page as PNG."""
    shown = browser.new_page(viewport={"width": width, "height": height}, color_scheme="light")
    shown.goto(page.resolve().as_uri())
    shown.screenshot(path=picture)
    shown.close()


if __name__ == "__main__":
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("page", type=Path)
    parser.add_argument("picture", type=Path)
    parser.add_argument("--width", type=int, default=WIDTH)
    parser.add_argument("--height", type=int, default=HEIGHT)
    with sync_playwright() as started:
        chromium = started.chromium.launch(executable_path=find_chromium(), args=["--no-sandbox"])
        take_picture(chromium, **vars(parser.parse_args()))
        chromium.close()
