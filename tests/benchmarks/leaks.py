"""Measures what finds benchmark leaks: HumanEval in files that hold it and in others, MBPP in the latter.

Thresholds are chosen on half of HumanEval's tasks and judged on the other half. ``--fit-common`` writes
`filtering/leaks/common.safetensors`; ``--choose`` prints what each threshold would bring on the first half.
"""

import argparse
import ast
import hashlib
import random
import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from measure import best_cpu_s
from scipy.stats import beta

from filtering.leaks import LeakIndex, LeakSettings, Task, find_leaks, read_benchmark
from filtering.leaks.common_knowledge import Common

sys.path.insert(0, str(Path(__file__).parents[2]))
from tests.kit.reference.common_counts import fit_common, save_common

METHODS = ("ngram", "near", "structure")
LOWEST = LeakSettings(
    ngram_prompt_share=0.2,
    ngram_solution_share=0.2,
    near_gate=0.15,
    near_prompt_share=0.2,
    near_solution_share=0.2,
    structure_gate=0.2,
    structure_share=0.4,
    signature_strength=0.3,
)
"""What is tried when thresholds are chosen."""
CUTS = tuple(round(0.2 + 0.05 * step, 2) for step in range(17))
ALLOWED_FILES = {"prompt": 0, "solution": 0, "signature": 1}
"""Of the pool, that a threshold may flag with half of the tasks."""
EDITS = (0.0, 0.1, 0.2, 0.3)
WORD = re.compile(r"[0-9A-Za-z_\x80-\uffff]+")


@dataclass(frozen=True)
class Pool:
    """Ordinary code, in two halves by repository, and what is common in the other half."""

    tables: tuple[pa.Table, pa.Table]
    common: tuple[Common, Common]

    def __len__(self) -> int:
        return sum(map(len, self.tables))


def half_of(name: str) -> int:
    """Return the half that a task or repository belongs to, for good."""
    return int(hashlib.sha256(name.encode()).hexdigest()[:8], 16) % 2


def read_pool(shared: Path) -> Pool:
    """Return the code pool; what is common is counted in the half that is not searched."""
    table = pq.read_table(shared / "pool" / "code.parquet")
    halves = [half_of(repo) for repo in table["repo"].to_pylist()]
    tables = [table.filter(pa.array([half == side for half in halves])) for side in (0, 1)]
    common = [_common_of(one) for one in tables]
    return Pool((tables[0], tables[1]), (common[1], common[0]))


def _common_of(table: pa.Table) -> Common:
    texts = (text.encode() for text in table["text"].to_pylist())
    return fit_common(texts, table["repo"].to_pylist())


def pool_hits(pool: Pool, tasks: Sequence[Task], settings: LeakSettings) -> list[dict[str, object]]:
    """Return hits in ordinary code, with ``id``, ``repo`` and ``path`` of the file."""
    found = []
    for table, common in zip(pool.tables, pool.common, strict=True):
        index = LeakIndex.of(tasks, settings, common)
        names = table.select(["id", "repo", "path"]).to_pylist()
        hits = find_leaks(index, table["text"], table["lang"].to_pylist()).hits.to_pylist()
        found += [hit | names[hit["row"]] for hit in hits]
    return found


def share(hits: int, of: int) -> str:
    """Return hits, and the exact interval of 95 % of their share (Clopper and Pearson 1934)."""
    low = 100 * beta.ppf(0.025, hits, of - hits + 1) if hits else 0.0
    high = 100 * beta.ppf(0.975, hits + 1, of - hits) if hits < of else 100.0
    return f"{hits} of {of} ({low:.0f} to {high:.0f} %)" if of else "none"


def choose(pool: Pool, tasks: Sequence[Task]) -> list[str]:
    """Return the files of the pool that each threshold flags, and the lowest one that flags few enough."""
    half = [task for task in tasks if half_of(task.id) == 0]
    hits = [hit for hit in pool_hits(pool, half, LOWEST) if hit["verdict"] == "leak"]
    lines = [f"| method | part | {' | '.join(map(str, CUTS))} | chosen |", "| --- " * (len(CUTS) + 3) + "|"]
    for method, part in (
        ("ngram", "prompt"), ("ngram", "solution"), ("near", "prompt"), ("near", "solution"),
        ("structure", "solution"), ("structure", "signature"),
    ):  # fmt: skip
        own = [hit for hit in hits if (hit["method"], hit["part"]) == (method, part)]
        flagged = [len({hit["id"] for hit in own if hit["strength"] >= cut}) for cut in CUTS]
        chosen = next(cut for cut, files in zip(CUTS, flagged, strict=True) if files <= ALLOWED_FILES[part])
        lines.append(f"| {method} | {part} | {' | '.join(map(str, flagged))} | {chosen} |")
    return lines


def overlap(tasks: Iterable[Task], texts: Iterable[str], words: int) -> list[bool]:
    """Tell of each text whether it has any run of so many words of any task: what is commonly done."""

    def runs(text: str) -> set[tuple[str, ...]]:
        found = [word.lower() for word in WORD.findall(text)]
        return {tuple(found[at : at + words]) for at in range(len(found) - words + 1)}

    known = set().union(*(runs(text) for task in tasks for text in (task.prompt, task.solution)))
    return [not known.isdisjoint(runs(text)) for text in texts]


def kinds_of(table: pa.Table) -> dict[str, list[int]]:
    """Return the rows of files that hold HumanEval by what they hold of it, of tasks of the second half."""
    rows = table.to_pylist()
    own = [at for at, row in enumerate(rows) if half_of(row["task_ids"].split(",")[0]) == 1]
    prompt = [at for at in own if rows[at]["docstring_8gram_max"] > 0]
    solution = [at for at in own if rows[at]["solution_12token_max"] > 0]
    return {
        "prompt text": prompt,
        "solution text": solution,
        "either": [at for at in own if at in prompt or at in solution],
        "signature alone": [at for at in own if at not in prompt and at not in solution],
    }


def recall_table(table: pa.Table, pool: Pool, tasks: Sequence[Task]) -> list[str]:
    """Return what each method finds, alone and together, beside plain overlap."""
    kinds = kinds_of(table)
    task_ids = [ids.split(",") for ids in table["task_ids"].to_pylist()]
    lines = [
        f"| method | {' | '.join(kinds)} | ordinary files: leak | common knowledge |",
        "| --- " * (len(kinds) + 3) + "|",
    ]
    texts = [text for one in pool.tables for text in one["text"].to_pylist()]
    for words in (13, 10):
        found = overlap(tasks, table["text"].to_pylist(), words)
        cells = [share(sum(found[at] for at in rows), len(rows)) for rows in kinds.values()]
        flagged = sum(overlap(tasks, texts, words))
        lines.append(f"| plain {words}-gram overlap | {' | '.join(cells)} | {_files(flagged, pool)} | |")
    for methods in (*((method,) for method in METHODS), METHODS):
        settings = LeakSettings(methods=methods)
        for verdicts in (("leak",),) if len(methods) == 1 else (("leak",), ("leak", "common knowledge")):
            hits = find_leaks(LeakIndex.of(tasks, settings), table["text"], table["lang"].to_pylist()).hits
            found = {
                hit["row"]
                for hit in hits.to_pylist()
                if hit["verdict"] in verdicts and hit["task"] in task_ids[hit["row"]]
            }
            cells = [share(len(found.intersection(rows)), len(rows)) for rows in kinds.values()]
            ordinary = pool_hits(pool, tasks, settings)
            leaks = {hit["id"] for hit in ordinary if hit["verdict"] == "leak"}
            common = {hit["id"] for hit in ordinary} - leaks
            name = methods[0] if len(methods) == 1 else "all" + ", or common knowledge" * (len(verdicts) - 1)
            lines.append(
                f"| {name} | {' | '.join(cells)} | {_files(len(leaks), pool)} | {_files(len(common), pool)} |"
            )
    return lines


def _files(files: int, pool: Pool) -> str:
    return f"{files} ({100 * files / len(pool):.3f} %)"


def planted_table(pool: Pool, tasks: Sequence[Task]) -> list[str]:
    """Return what is found of parts of the second half, edited and put into ordinary files."""
    own = [task for task in tasks if half_of(task.id) == 1]
    rng = random.Random(0)

    def edited(text: str, share_of_words: float) -> str:
        return WORD.sub(
            lambda word: rng.choice(vocabulary) if rng.random() < share_of_words else word[0], text
        )

    is_python = pc.equal(pool.tables[0]["lang"], "Python")
    hosts = rng.sample(pool.tables[0].filter(is_python)["text"].to_pylist(), len(own))
    vocabulary = [word for host in hosts for word in WORD.findall(host)]
    lines = [
        "| what is put in | words replaced | ngram | near | structure | all |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for part in ("prompt", "solution", "renamed solution"):
        for edits in EDITS if part != "renamed solution" else (0.0,):
            texts = []
            for task, host in zip(own, hosts, strict=True):
                leak = _renamed(task) if part == "renamed solution" else getattr(task, part)
                leak = edited(leak, edits)
                at = host.find("\n") + 1
                texts.append(f"{host[:at]}\n{leak}\n{host[at:]}")
            cells = []
            for methods in (*((method,) for method in METHODS), METHODS):
                hits = find_leaks(LeakIndex.of(tasks, LeakSettings(methods=methods)), texts).hits.to_pylist()
                found = {hit["row"] for hit in hits if hit["task"] == own[hit["row"]].id}
                cells.append(share(len(found), len(own)))
            lines.append(f"| {part} | {100 * edits:.0f} % | {' | '.join(cells)} |")
    return lines


def _renamed(task: Task) -> str:
    """Return a solution with the names of its parameters and variables changed."""
    tree = ast.parse(task.prompt + task.solution)
    bound = {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    bound |= {
        node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }
    bound.add(task.entry_point)
    function = next(
        node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == task.entry_point
    )
    numbers = {name: f"value_{number}" for number, name in enumerate(sorted(bound))}
    function.body = function.body[1:] or function.body
    return re.sub(r"\b[A-Za-z_]\w*\b", lambda name: numbers.get(name[0], name[0]), ast.unparse(function))


def speed_table(shared: Path, benchmarks: dict[str, tuple[Task, ...]]) -> list[str]:
    """Return files a second a core, by what is searched for."""
    table = pq.read_table(shared / "pool" / "code.parquet")
    texts, languages = table["text"].combine_chunks(), table["lang"].to_pylist()
    lines = ["| searched for | methods | files/s a core | MB/s a core |", "| --- | --- | --- | --- |"]
    for name, tasks in benchmarks.items():
        for methods in (("ngram",), METHODS):
            index = LeakIndex.of(tasks, LeakSettings(methods=methods))
            spent_s = best_cpu_s(lambda index=index: find_leaks(index, texts, languages))
            which = "n-grams" if len(methods) == 1 else "all"
            lines.append(
                f"| {name} | {which} | {len(texts) / spent_s:,.0f} | {texts.nbytes / spent_s / 1e6:,.0f} |"
            )
    return lines


def hits_table(pool: Pool, tasks: Sequence[Task]) -> list[str]:
    """Return each leak that ordinary code is said to have."""
    lines = ["| file | lines | task | part | method | strength |", "| --- | --- | --- | --- | --- | --- |"]
    hits = [hit for hit in pool_hits(pool, tasks, LeakSettings()) if hit["verdict"] == "leak"]
    for hit in sorted(hits, key=lambda hit: (hit["repo"], hit["path"])):
        cells = (
            f"{hit['repo']} `{hit['path']}`",
            f"{hit['first_line']} to {hit['last_line']}",
            f"{hit['benchmark']} {hit['task']}",
            hit["part"],
            hit["method"],
            f"{hit['strength']:.2f}",
        )
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def leaks_section(shared: Path) -> list[str]:
    """Return what is found, what is wrongly found, and how fast."""
    folder = shared / "decontamination"
    human = read_benchmark(folder / "HumanEval.jsonl.gz")
    mbpp = read_benchmark(folder / "mbpp-sanitized.jsonl")
    table, pool = pq.read_table(folder / "contaminated.parquet"), read_pool(shared)
    ordinary = {hit["id"] for hit in pool_hits(pool, mbpp, LeakSettings()) if hit["verdict"] == "leak"}
    return [
        "## Benchmark leaks",
        "",
        f"HumanEval ({len(human)} tasks) was searched for in {len(table)} files that hold it and in "
        f"{len(pool):,} ordinary ones. Thresholds were chosen on one half of its tasks; the table counts "
        "files with tasks of the other half, with exact 95 % intervals. What is common knowledge was counted "
        "in repositories other than those searched. "
        f"Of MBPP ({len(mbpp)} tasks), {_files(len(ordinary), pool)} ordinary files are called a leak.",
        "",
        *recall_table(table, pool, human),
        "",
        "Parts of the tasks of that half were put into ordinary files, with some words replaced by others at "
        "random. So many were found:",
        "",
        *planted_table(pool, human),
        "",
        "Ordinary files that are called a leak:",
        "",
        *hits_table(pool, [*human, *mbpp]),
        "",
        *speed_table(shared, {"HumanEval": human, "HumanEval and MBPP": (*human, *mbpp)}),
        "",
    ]


def main() -> None:
    """Fit what is common, or show how thresholds were chosen."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--shared", type=Path, required=True, help="folder that holds pool/ and decontamination/"
    )
    parser.add_argument("--fit-common", action="store_true", help="write what the package ships")
    options = parser.parse_args()
    if options.fit_common:
        save_common(_common_of(pq.read_table(options.shared / "pool" / "code.parquet")))
        return
    tasks = read_benchmark(options.shared / "decontamination" / "HumanEval.jsonl.gz")
    print("\n".join(choose(read_pool(options.shared), tasks)))  # noqa: T201


if __name__ == "__main__":
    main()
