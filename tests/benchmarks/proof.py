"""Proves the shipped scorers on small language models: ``make proof``; the tables go into docs/proof.md.

``python -m tests.benchmarks.proof --shared ../shared`` filters the pools of code and of English web pages,
trains models on what is kept, on random documents, on what is dropped and on what only looks like the kept,
and measures them. Web models are measured on textbooks of other sources too: labelled pages of sites that
the pool has not.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tests.benchmarks.plots import draw_proof

GOOD = 4
"""Rubric points from which a labelled page of another site counts as a textbook page."""
BEGIN, END = "<!-- begin: measured by make proof -->", "<!-- end -->"
CODE = ("codex_humaneval", "codex_mbpp", "mt_mbpp_java", "mt_mbpp_javascript", "basic_skills_coding")
WEB = (
    *("arc_easy", "arc_challenge", "openbookqa", "basic_skills_common_knowledge", "lambada"),
    "zorro_grammar",
)
ORDER = ("random", "kept", "style", "mix", "dropped")
ARMS = {"code": (), "web": ("mix=kept:0.5, random:0.5",)}
"""Beside those that every proof has."""


def run(*words: object) -> None:
    """Run a command of edufilter, whose lines are shown."""
    subprocess.run([str(Path(sys.executable).with_name("edufilter")), *map(str, words)], check=True)


def english_pool(shared: Path, build: Path) -> Path:
    """Write the English pages of the pool, and textbook pages of sites that it has not; return the first."""
    pool = pq.read_table(shared / "pool" / "web.parquet")
    pool = pool.filter(pc.equal(pool["language"], "en"))
    pq.write_table(pool.select(["id", "text", "url", "group"]), build / "web.parquet")
    seed = pq.read_table(shared / "seed" / "web.parquet")
    is_other = pc.invert(pc.is_in(seed["source"], pc.unique(pool["source"]).cast(pa.string())))
    is_good = pc.and_(pc.greater_equal(seed["score"], GOOD), pc.equal(seed["language"], "en"))
    good = seed.filter(pc.and_(is_other, is_good))
    pq.write_table(good.select(["text"]), build / "textbooks_of_other_sources.parquet")
    return build / "web.parquet"


def prove(domain: str, dump: Path, evaluations: Sequence[Path], build: Path, budget: str, seeds: int) -> dict:
    """Filter a dump and prove what is kept; return the figures."""
    out, proof = build / f"{domain}-out", build / f"{domain}-proof"
    run(
        "filter",
        dump,
        "--scorer",
        domain,
        "--effort",
        "fast",
        "--write",
        "scores",
        "--no-report",
        "--out",
        out,
    )
    evals = [word for path in evaluations for word in ("--eval", path)]
    arms = [word for arm in ARMS[domain] for word in ("--arm", arm)]
    run("prove", out, *evals, *arms, "--seeds", seeds, "--budget", budget, "--out", proof)
    return json.loads((proof / "proof.json").read_text())


def tables(domain: str, proof: dict) -> str:
    """Return the figures of a proof in Markdown."""
    arms = [arm for arm in ORDER if arm in proof["arms"]]
    often = "once" if proof["passes"] == 1 else f"{proof['passes']} times"
    lines = [
        f"### {domain}",
        "",
        f"{proof['parameters']:,} parameters, {proof['seeds']} seeds, {proof['arm_bytes'] / 1e6:.1f} "
        f"MB of text an arm, "
        f"read {often}. Bits per byte, lower is better.",
        "",
        f"| measured on | {' | '.join(arms)} | kept less random [95 %] | verdict |",
        f"| --- | {' | '.join('---' for _ in arms)} | --- | --- |",
    ]
    for one in (one for one in proof["differences"] if one["arm"] == "kept"):
        values, gap = proof["values"][one["evaluation"]], one["difference"]
        cells = " | ".join(f"{values[arm]:.3f}" for arm in arms)
        told = f"{gap['value']:+.3f} [{gap['low']:+.3f}, {gap['high']:+.3f}]"
        lines.append(f"| {one['evaluation']} | {cells} | {told} | {one['word']} |")
    return "\n".join(lines)


def drawn(domain: str, proof: dict) -> list[dict]:
    """Return the differences of kept, style and mixed text as the chart has them, in percent."""
    return [
        {
            "domain": domain,
            "evaluation": one["evaluation"],
            "arm": one["arm"],
            **{
                name: 100 * one["difference"][name] / proof["values"][one["evaluation"]]["random"]
                for name in ("value", "low", "high")
            },
        }
        for one in proof["differences"]
        if one["arm"] in ("kept", "style", "mix")
    ]


def main() -> None:
    """Prove both scorers, and write docs/proof.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shared", type=Path, required=True)
    parser.add_argument("--build", type=Path, default=Path("build/proof"))
    parser.add_argument("--page", type=Path, default=Path("docs/proof.md"))
    parser.add_argument("--budget", default="1h", help="of each domain")
    parser.add_argument("--domain", choices=("code", "web"), nargs="+", default=("code", "web"))
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    options.build.mkdir(parents=True, exist_ok=True)
    shared, build = options.shared, options.build
    evaluation = {name: shared / "evaluation" / f"{name}.jsonl.gz" for name in (*CODE, *WEB)}
    web = english_pool(shared, build)
    textbooks = build / "textbooks_of_other_sources.parquet"
    jobs = {
        "code": (shared / "pool" / "code.parquet", [evaluation[name] for name in CODE]),
        "web": (web, [textbooks, *(evaluation[name] for name in WEB)]),
    }
    found = {
        domain: prove(domain, dump, files, build, options.budget, options.seeds)
        for domain, (dump, files) in jobs.items()
        if domain in options.domain
    }
    text = "\n\n".join(tables(domain, proof) for domain, proof in found.items())
    page = options.page.read_text()
    head, _, rest = page.partition(BEGIN)
    _, _, tail = rest.partition(END)
    options.page.write_text(f"{head}{BEGIN}\n\n{text}\n\n{END}{tail}")
    rows = [row for domain, proof in found.items() for row in drawn(domain, proof)]
    draw_proof(rows, options.page.with_suffix(".svg"))


if __name__ == "__main__":
    main()
