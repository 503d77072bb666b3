"""Measures what finds leaks of benchmarks in prose: questions planted in web pages, and the pages alone.

Items of one half of each benchmark are planted, edited in one way each; ``--choose`` prints what each
threshold would find of the other half, and in how many pages as they are.
"""

import argparse
import random
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from filtering.leaks import LeakIndex, LeakSettings, Task, find_leaks, read_benchmark
from tests.benchmarks.leaks.code import half_of, share
from tests.benchmarks.measure import best_cpu_s

PLANTED = 2_000
LARGE_ITEMS = 100_000
LARGE_PAGES = 4_000
ITEM_WORDS = 40
CUTS = tuple(round(0.5 + 0.05 * step, 2) for step in range(9))
LOWEST = LeakSettings(prose_share=CUTS[0])
WORD = re.compile(r"[^\W\d_]+")
NUMBER = re.compile(r"\d+")
REPLACED = 0.2
NO_PROMPTS = "zorro_grammar"
"""Pairs of sentences without a question: none of them can be told."""

Edit = Callable[[Task, Sequence[Task], random.Random], str]


def exact(task: Task, _: Sequence[Task], __: random.Random) -> str:
    """Return a question and its answer."""
    return f"{task.prompt}\n{task.solution}"


def recased(task: Task, _: Sequence[Task], chance: random.Random) -> str:
    """Return them in other letters, with other punctuation and line breaks."""
    text = chance.choice((str.upper, str.lower, str.title))(f"{task.prompt}\n{task.solution}")
    text = re.sub(r"[,;:.!?\"]", lambda _: chance.choice(("", " ", " - ", ",")), text)
    return re.sub(r" ", lambda _: chance.choice(" \n") if chance.random() < 0.1 else " ", text).replace(
        "'", "’"
    )


def reordered(task: Task, others: Sequence[Task], chance: random.Random) -> str:
    """Return a question and choices in any order, the right one among them."""
    wrong = [one.solution for one in others if one.benchmark == task.benchmark and one != task]
    choices = [task.solution, *chance.sample(wrong, 3)]
    chance.shuffle(choices)
    listed = "\n".join(f"({letter}) {choice}" for letter, choice in zip("ABCD", choices, strict=True))
    return f"Question: {task.prompt}\n{listed}\nAnswer: {'ABCD'[choices.index(task.solution)]}"


def renumbered(task: Task, _: Sequence[Task], chance: random.Random) -> str:
    """Return a question with other numbers, and its answer with others again."""
    return NUMBER.sub(lambda _: str(chance.randint(2, 999)), f"{task.prompt}\n{task.solution}")


def reworded(task: Task, others: Sequence[Task], chance: random.Random) -> str:
    """Return a question of whose words a fifth are those of others, and its answer."""
    words = list(WORD.finditer(task.prompt))
    text = task.prompt
    chosen = sorted(chance.sample(range(len(words)), round(REPLACED * len(words))), reverse=True)
    for word in (words[at] for at in chosen):
        other = chance.choice(WORD.findall(chance.choice(others).prompt) or ["other"])
        text = f"{text[: word.start()]}{other}{text[word.end() :]}"
    return f"{text}\n{task.solution}"


EDITS: dict[str, Edit] = {
    "none": exact,
    "other case and punctuation": recased,
    "choices in another order": reordered,
    "other numbers": renumbered,
    "a fifth of the words replaced": reworded,
}


def read_prose(shared: Path) -> list[Task]:
    """Return the tasks in prose of the evaluation files."""
    files = sorted((shared / "evaluation").glob("*.jsonl.gz"))
    tasks = [task for path in files for task in read_benchmark(path) if task.kind == "prose"]
    return [task for task in tasks if task.benchmark != NO_PROMPTS]


def key_of(task: Task) -> str:
    """Return a name that no other task has."""
    return name_of(task.benchmark, task.id)


def name_of(benchmark: str, task: str) -> str:
    """Return the name of a task; some have that of their benchmark in their id."""
    return f"{benchmark}/{task.removeprefix(f'{benchmark}/')}"


def plant(text: str, page: str, chance: random.Random) -> str:
    """Return a page with a text between two of its lines."""
    lines = page.split("\n")
    at = chance.randint(0, len(lines))
    return "\n".join([*lines[:at], text, *lines[at:]])


def found_of(
    tasks: Sequence[Task], pages: Sequence[str], edit: Edit, chance: random.Random
) -> list[tuple[Task, float]]:
    """Return the tasks, and how strongly each was found in a page in which it was planted, edited."""
    index = LeakIndex.of(tasks, LOWEST)
    texts = [plant(edit(task, tasks, chance), chance.choice(pages), chance) for task in tasks]
    strengths = dict.fromkeys(map(key_of, tasks), 0.0)
    for hit in find_leaks(index, texts).hits.to_pylist():
        name = name_of(hit["benchmark"], hit["task"])
        if name == key_of(tasks[hit["row"]]):
            strengths[name] = hit["strength"]
    return [(task, strengths[key_of(task)]) for task in tasks]


def is_short(index: LeakIndex) -> dict[str, bool]:
    """Tell of each task that can be told whether its question is short."""
    prose, untold = index.prose, set(index.prose.untold)
    return {
        key_of(prose.tasks[at]): bool(prose.is_short[at])
        for at in range(len(prose.tasks))
        if at not in untold
    }


def recall_table(tasks: Sequence[Task], pages: Sequence[str], planted: int) -> list[str]:
    """Return what is found of each kind of edit, of questions of 13 words and more and of shorter ones."""
    chance = random.Random(1)
    tasks = chance.sample(tasks, min(planted, len(tasks)))
    short = is_short(LeakIndex.of(tasks))
    tasks = [task for task in tasks if key_of(task) in short]
    lines = ["| edit | 13 words and more: found | shorter: found |", "| --- | --- | --- |"]
    for name, edit in EDITS.items():
        own = [task for task in tasks if edit is not renumbered or NUMBER.search(task.prompt)]
        found = found_of(own, pages, edit, chance)
        cells = []
        for side in (False, True):
            strengths = [strength for task, strength in found if short[key_of(task)] == side]
            cells.append(share(sum(one >= LeakSettings().prose_share for one in strengths), len(strengths)))
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return lines


def choose(tasks: Sequence[Task], pages: pa.ChunkedArray, planted: int) -> list[str]:
    """Return the recall of rewording, and the pages as they are that are called a leak, by threshold."""
    chance = random.Random(2)
    index = LeakIndex.of(tasks, LOWEST)
    false: dict[int, float] = {}
    for hit in find_leaks(index, pages).hits.to_pylist():
        false[hit["row"]] = max(false.get(hit["row"], 0.0), hit["strength"])
    short = is_short(index)
    long = [task for task in tasks if not short.get(key_of(task), True)]
    own = chance.sample(long, min(planted, len(long)))
    found = [one for _, one in found_of(own, pages.to_pylist(), reworded, chance)]
    lines = ["| threshold | reworded, found | pages called a leak |", "| --- | --- | --- |"]
    for cut in CUTS:
        pages_called = sum(one >= cut for one in false.values())
        lines.append(f"| {cut} | {share(sum(one >= cut for one in found), len(own))} | {pages_called} |")
    return lines


def false_table(tasks: Sequence[Task], pages: pa.ChunkedArray) -> list[str]:
    """Return each hit in pages as they are, to be read."""
    wording = {key_of(task): task.prompt for task in tasks}
    lines = ["| page | task | part | strength | question |", "| --- | --- | --- | --- | --- |"]
    for hit in find_leaks(LeakIndex.of(tasks), pages).hits.to_pylist():
        name = name_of(hit["benchmark"], hit["task"])
        question = wording[name][-200:].replace("\n", " ").replace("|", "/")
        cells = (str(hit["row"]), name, hit["part"], f"{hit['strength']:.2f}", question)
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def many(pages: pa.ChunkedArray, count: int) -> list[Task]:
    """Return as many tasks as asked, which are pieces of pages."""
    words = (page.split() for page in pages.to_pylist())
    pieces = (" ".join(own[at : at + ITEM_WORDS]) for own in words for at in range(0, len(own), ITEM_WORDS))
    return [
        Task(str(at), "made", one, "", kind="prose") for at, one in zip(range(count), pieces, strict=False)
    ]


def speed_table(tasks: Sequence[Task], table: pa.Table, large: int) -> list[str]:
    """Return how fast pages are searched, on one core: for tasks, and for pieces of pages of other sites."""
    halves = pa.array([half_of(group) for group in table["group"].to_pylist()])
    own, others = (table.filter(pc.equal(halves, half))["text"] for half in (0, 1))
    own = own.slice(0, LARGE_PAGES)
    lines = ["| items | pages/s a core | MB/s a core |", "| --- | --- | --- |"]
    for items in (tasks, many(others, large)):
        index = LeakIndex.of(items)
        seconds = best_cpu_s(lambda index=index: find_leaks(index, own), repeats=3)
        lines.append(f"| {len(items):,} | {len(own) / seconds:,.0f} | {own.nbytes / seconds / 1e6:,.0f} |")
    return lines


def text_leaks_section(shared: Path, planted: int = PLANTED) -> list[str]:
    """Return what is found, what is wrongly found, and how fast."""
    tasks = read_prose(shared)
    table = pq.read_table(shared / "pool" / "web.parquet", columns=["text", "group"])
    pages = table["text"]
    half = [task for task in tasks if half_of(key_of(task)) == 1]
    untold = LeakIndex.of(tasks).prose.untold
    return [
        "## Leaks of prose",
        "",
        f"{len(tasks):,} items of {len({one.benchmark for one in tasks})} benchmarks; {len(untold)} cannot "
        f"be told. Up to {planted:,} items of one half were planted in pages of the web; the threshold was "
        "chosen on the other half. With exact 95 % intervals:",
        "",
        *recall_table(half, pages.to_pylist(), planted),
        "",
        f"Hits in {len(pages):,} pages as they are:",
        "",
        *false_table(tasks, pages),
        "",
        *speed_table(tasks, table, LARGE_ITEMS),
        "",
    ]


def main() -> None:
    """Print the section, or what each threshold brings."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shared", type=Path, required=True, help="folder that holds pool/ and evaluation/")
    parser.add_argument("--planted", type=int, default=PLANTED, help="items that are planted")
    parser.add_argument("--choose", action="store_true", help="print what each threshold would bring")
    options = parser.parse_args()
    if not options.choose:
        print("\n".join(text_leaks_section(options.shared, options.planted)))  # noqa: T201
        return
    tasks = [task for task in read_prose(options.shared) if half_of(key_of(task)) == 0]
    pages = pq.read_table(options.shared / "pool" / "web.parquet", columns=["text"])["text"]
    print("\n".join(choose(tasks, pages, options.planted)))  # noqa: T201


if __name__ == "__main__":
    main()
