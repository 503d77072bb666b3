"""Measures what writing costs beside the endpoint, and whether its memory grows with the number of texts."""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from measure import EDUFILTER, Run, run_process

from tests.kit.scripted.server import scripted_process

TEXTS, FEW_TEXTS = 20_000, 5_000
LATENCY_S = 0.2
CONCURRENCY = 64
WRITER = "tests.kit.scripted.writer"


def writing_section(folder: Path) -> list[str]:
    """Return the time that texts take as a ratio to what the endpoint takes, and peak memory of few and many.

    The whole command is measured: start-up, questions, checks, near-duplicates, scores, files, page.
    """
    os.environ["OPENAI_API_KEY"] = "sk-bench"
    with scripted_process("--latency-s", str(LATENCY_S), program=WRITER) as url:
        found = {texts: _write(texts, url, folder / f"{texts}") for texts in (FEW_TEXTS, TEXTS)}
        # With every answer there: what is not asking.
        after = _write(TEXTS, url, folder / f"{TEXTS}")
    lines = [
        f"## Writing: {TEXTS:,} stories, an endpoint that takes {LATENCY_S * 1000:.0f} ms, {CONCURRENCY} at "
        "a time",
        "",
        "`edufilter write`, the whole process. The ideal is what the endpoint alone takes; it runs on the "
        "same machine and takes its share of it.",
        "",
        "| texts | times the ideal | of it without asking | peak memory, MB |",
        "| --- | --- | --- | --- |",
    ]
    for texts, run in found.items():
        ideal_s = -(-texts // CONCURRENCY) * LATENCY_S
        rest = f"{after.wall_s / ideal_s:.2f}" if texts == TEXTS else ""
        lines.append(f"| {texts:,} | {run.wall_s / ideal_s:.2f} | {rest} | {run.peak_mb:,.0f} |")
    return [*lines, ""]


def _write(texts: int, url: str, out: Path) -> Run:
    options = ["--n", str(texts), "--base-url", url, "--concurrency", str(CONCURRENCY), "--out", str(out)]
    return run_process([EDUFILTER, "write", "story", "--model", "scripted", *options])
