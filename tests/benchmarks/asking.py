"""Measures what asking costs beside the endpoint: labels by `edufilter annotate` against the ideal."""

import asyncio
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

import openai
import pyarrow as pa

sys.path.insert(0, str(Path(__file__).parents[2]))

from annotations.asking.chat_api import ChatAnnotator
from annotations.asking.journal import Journal, Question, window_digest
from annotations.asking.prompt import SYSTEM, RubricForm, prompt_parts
from annotations.asking.question_form import prompt_bytes
from annotations.asking.question_loop import PricedQuestion, ask_all
from annotations.asking.rubric import load_rubric
from annotations.asking.settings import Limits, Rater
from filtering.text.windows import cut_window
from tests.kit.scripted.server import scripted_process

LABELS = 5000
LATENCY_S = 0.2
CONCURRENCY = 64
RUNS = 5
MODEL = "scripted"


def asking_section(texts: pa.Array, folder: Path) -> list[str]:
    """Return the time that labels take, start-up excluded, as a ratio to what the endpoint takes."""
    windows = list(dict.fromkeys(cut_window(text) for text in texts.to_pylist()))[:LABELS]
    ideal_s = -(-len(windows) // CONCURRENCY) * LATENCY_S
    ours: list[float] = []
    bare: list[float] = []
    with scripted_process("--port", "0", "--latency-s", str(LATENCY_S)) as url:
        os.environ["OPENAI_API_KEY"] = "sk-bench"
        for run in range(RUNS):
            ours.append(_ask(windows, url, folder / f"journal-{run}.sqlite") / ideal_s)
            bare.append(asyncio.run(_ask_bare(windows, url)) / ideal_s)
    return [
        f"## Asking: {len(windows):,} labels, an endpoint that takes {LATENCY_S * 1000:.0f} ms, "
        f"{CONCURRENCY} questions at a time",
        "",
        f"The ideal is {ideal_s:.1f} s. Start-up is left out. The endpoint runs on the same machine "
        "and takes its share of it.",
        "",
        "| what | times the ideal (median [lowest, highest] of " + f"{RUNS} runs in turn) |",
        "| --- | --- |",
        f"| `ask_all`, as `annotate` calls it: journal, budget, retries, replies read | {_figure(ours)} |",
        f"| a bare `openai.AsyncOpenAI` with a semaphore, replies thrown away | {_figure(bare)} |",
        "",
    ]


def _figure(ratios: Sequence[float]) -> str:
    return f"{median(ratios):.2f} [{min(ratios):.2f}, {max(ratios):.2f}]"


def _ask(windows: Sequence[str], url: str, path: Path) -> float:
    form, rater = RubricForm(load_rubric("web")), Rater(MODEL, None, 200)
    fixed_bytes = prompt_bytes(form, "")
    tasks = [
        PricedQuestion(
            Question(form.digest, rater, window_digest(window)),
            window,
            fixed_bytes + len(window.encode()),
            None,
        )
        for window in windows
    ]
    annotator = ChatAnnotator(form, rater, base_url=url)
    replies: list[str] = []
    with Journal(path) as journal:
        started_s = time.perf_counter()
        ask_all(
            tasks,
            [annotator],
            journal,
            Limits(concurrency=CONCURRENCY),
            lambda reply, _: replies.append(reply.status),
            sys.stderr.write,
        )
        spent_s = time.perf_counter() - started_s
    if replies != ["ok"] * len(windows):
        raise RuntimeError("the endpoint did not answer all questions")
    return spent_s


async def _ask_bare(windows: Sequence[str], url: str) -> float:
    rubric = load_rubric("web")
    room = asyncio.Semaphore(CONCURRENCY)
    async with openai.AsyncOpenAI(base_url=url, max_retries=0) as client:

        async def one(window: str) -> None:
            parts = [{"type": "text", "text": part} for part in prompt_parts(rubric, window, "x" * 16)]
            messages = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": parts}]
            async with room:
                await client.chat.completions.create(
                    model=MODEL,
                    messages=messages,  # type: ignore[arg-type]  # plain dictionaries, as everybody writes them
                    max_completion_tokens=200,
                )

        started_s = time.perf_counter()
        await asyncio.gather(*(one(window) for window in windows))
        return time.perf_counter() - started_s
