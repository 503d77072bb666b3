"""Measures this project beside other means to the same end: the same documents, labels and machine.

``make bench BENCH_FLAGS='--only side-by-side'``. The other programs are those of `theirs.py`; their
environment is made once, in ``bench/others``.
"""

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from annotations import Labels, read_labels
from filtering import EmbeddingScorer, load_scorer
from filtering.embedding.embedders import locate
from filtering.embedding.settings import EmbedderSettings, Placement
from filtering.errors import SettingsError
from filtering.scoring.cascade_exits import Exits, PairedScores, find_exits
from filtering.scoring.settings import ExitSettings
from pipelines.scorers.evaluate import fit_data_of
from tests.benchmarks.measure import EDUFILTER, FILTER, peak, run_process
from tests.benchmarks.others.quality import Quality, others_quality, own_quality, write_seed
from tests.benchmarks.others.speeds import (
    BOUNDS,
    CORES,
    ENVIRONMENT,
    ROWS,
    RUNS,
    SHORT_S,
    START_DOCUMENTS,
    START_RUNS,
    Program,
    Speed,
    commands_of,
    make_dump,
    measured,
    others_commands,
    others_python,
    run_others,
)
from tests.benchmarks.plots import OTHERS, OWN, draw_disagreement, draw_side_by_side
from tests.benchmarks.speed.embedding import BERT_DOCUMENTS, BERT_TOKENS, DOCUMENTS, data_type
from tests.kit.places import ROOT

DOCS = ROOT / "docs"
SCORERS = {"web": "web", "code": "code"}
ASSIGNMENTS = 1
"""Of groups to folds; each takes a hundred fits. Model cards have five, and intervals."""
SCALING = (100_000, 1_000_000, 10_000_000)
FRACTIONS = (0, 0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5)
TITLES = {
    "copy": "plain pyarrow read + write, zstd: the limit",
    "fast": "`edufilter filter --effort fast`",
    **{f"balanced {bound}": f"`--effort balanced --max-disagreement {bound}`" for bound in BOUNDS},
    "full": "`--effort full`",
    "ridge": "MiniLM + ridge, FineWeb-Edu's recipe with a small embedder (speed of `full`)",
    "bert": f"BERT-base, {BERT_TOKENS} tokens, random weights (no trained ones can be had here)",
    "fasttext": "fastText through datatrove",
    "model2vec": "model2vec of MiniLM, 512 tokens + ridge",
}
NAMES = {
    "copy": "pyarrow copy", "fast": "fast", "balanced 0.01": "balanced 1 %",
    "balanced 0.002": "balanced 0.2 %", "full": "full", "ridge": "MiniLM + ridge", "bert": "BERT-base",
    "fasttext": "fastText, datatrove", "model2vec": "model2vec + ridge",
}  # fmt: skip


@dataclass(frozen=True)
class Domain:
    """What was found on the documents of a domain, by a short name of each way to filter."""

    speeds: Mapping[str, Speed]
    qualities: Mapping[str, Quality]
    paired: PairedScores


def side_by_side_section(
    shared: Path,
    folder: Path,
    *,
    scorers: Mapping[str, str] = SCORERS,
    rows: int = ROWS,
    full_rows: int = DOCUMENTS,
    bert_rows: int = BERT_DOCUMENTS,
    assignments: int = ASSIGNMENTS,
) -> list[str]:
    """Measure all, draw the plots, and return the lines of the page."""
    folder = folder / "side-by-side"
    folder.mkdir()
    python, distilled = others_python(), folder / "distilled"
    minilm, _ = locate(EmbedderSettings(), Placement())
    run_others(python, "distill", minilm, distilled)
    sizes = {"copy": rows, "fast": rows, "full": full_rows, "bert": bert_rows}
    sizes |= {"fasttext": rows // 8, "model2vec": rows // 8}
    found = {}
    for domain, name in scorers.items():
        models = folder / domain / "models"
        models.mkdir(parents=True)
        seed, source = (shared / kind / f"{domain}.parquet" for kind in ("seed", "pool"))
        scorer = load_scorer(name, effort="full")
        if not isinstance(scorer, EmbeddingScorer) or scorer.paired is None:
            raise SettingsError(f"A scorer must have been trained with a --pool here. {name!r} was not.")
        exits = exits_of(scorer.paired)
        labels = read_labels(str(seed))
        data, qualities = fit_data_of(labels, "web"), known_quality(name, scorer, labels, exits, assignments)
        write_seed(data, models / "seed.parquet", assignments)
        run_others(python, "learn", models / "seed.parquet", distilled, models)
        qualities |= others_quality(models / "verdicts.parquet", data.labels, assignments)
        commands = commands_of(name) | others_commands(python, models, distilled)
        asked = sizes | dict.fromkeys(exits, rows // 8)
        programs = {way: Program(commands[way], documents) for way, documents in asked.items()}
        found[domain] = Domain(measured(programs, source, folder / domain), qualities, scorer.paired)
    draw(found)
    return section_lines(found, assignments)


def known_quality(
    name: str, scorer: EmbeddingScorer, labels: Labels, exits: dict[str, Exits], assignments: int
) -> dict[str, Quality]:
    """Return the quality of each effort; what was found once for a scorer stands in ``bench/``."""
    path = ENVIRONMENT.parent / f"quality-{scorer.digest[:16]}-{assignments}.json"
    if not path.exists():
        found = own_quality(name, scorer, labels, exits, assignments)
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps({way: asdict(one) for way, one in found.items()}))
    return {
        way: Quality(**{key: tuple(values) for key, values in one.items()})
        for way, one in json.loads(path.read_text()).items()
    }


def exits_of(paired: PairedScores) -> dict[str, Exits]:
    """Return the exits that hold each bound, without those that the pool is too small to show."""
    found = {}
    for bound in BOUNDS:
        try:
            found[f"balanced {bound}"] = find_exits(paired, ExitSettings(max_disagreement=bound))
        except SettingsError as error:
            sys.stderr.write(f"{error}\n")
    return found


def section_lines(found: Mapping[str, Domain], assignments: int) -> list[str]:
    """Return tables and ratios."""
    lines = [
        "## Side by side: the same documents, labels and machine",
        "",
        "How it was measured:",
        "",
        f"- **Work**: whole processes from Parquet to kept Parquet, on all {CORES} cores. The "
        "documents are the pool, repeated or spread over it. "
        f"BERT computes in {str(data_type()).removeprefix('torch.')}.",
        f"- **Speed**: medians of {RUNS} runs in turn, or one run where it takes more than {SHORT_S:.0f} s. "
        f"{START_RUNS} runs on {START_DOCUMENTS} documents tell start-up apart.",
        f"- **Memory** is the peak of the largest process. datatrove and model2vec run {CORES} "
        "processes beside one that waits.",
        f"- **Quality** is nested on the seed labels by group, over the first {assignments} of the fold "
        "assignments. The model cards have all five. The exits of `balanced` are the scorer's.",
        "- **F1** of edufilter and of MiniLM + ridge is that of 3 points, calibrated on documents that were "
        "drawn at random. fastText and model2vec are cut where F1 is best on inner folds of "
        "their training folds, which favours them. This takes six fits a fold, so it is done by the first "
        "assignment alone.",
        "",
        "![Area under the curve against documents a second](side-by-side.svg)",
        "",
    ]
    for domain, one in found.items():
        lines += [
            f"| {domain} | documents | documents/s, start-up included | start-up, s | documents/s then | "
            "MB/s of text then | peak memory, MB | rho | AUC at 3 | F1 at 3 |",
            "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
        ]
        for way, title in TITLES.items():
            speed = one.speeds[way].cells() if way in one.speeds else " | ".join([""] * 6)
            quality = one.qualities[way].cells() if way in one.qualities else " | ".join([""] * 3)
            if way.startswith("balanced") and way not in one.speeds:
                title += " (the pool is too small to show it)"
            lines.append(f"| {title} | {speed} | {quality} |")
        lines.append("")
    lines += ["The aims of the project, start-up left out on both sides:", ""]
    lines += ["| times as fast | aim | " + " | ".join(found) + " |", "| --- | --- |" + " --- |" * len(found)]
    for ours, theirs, aim in (("fast", "bert", 8000), ("balanced 0.01", "bert", 50), ("fast", "fasttext", 5)):
        cells = [
            f"{one.speeds[ours].then / one.speeds[theirs].then:,.1f}" if ours in one.speeds else ""
            for one in found.values()
        ]
        lines.append(f"| {NAMES[ours]} / {NAMES[theirs]} | {aim:,} | {' | '.join(cells)} |")
    for way in ("fast", "fasttext"):
        cells = [f"{np.mean(one.qualities[way].auc):.3f}" for one in found.values()]
        lines.append(f"| AUC at 3 points of {NAMES[way]} | | {' | '.join(cells)} |")
    return [
        *lines,
        "",
        "The more documents effort `balanced` embeds, the fewer it decides otherwise than `full`, here on "
        "the pool. Its speed follows from the rates of `fast` and `full` above:",
        "",
        "![Decided otherwise against embedded](disagreement.svg)",
        "",
    ]


def draw(found: Mapping[str, Domain]) -> None:
    """Draw both plots into the docs."""
    points: list[dict[str, Any]] = []
    marks: list[dict[str, Any]] = []
    rows: list[dict[str, Any]] = []
    for domain, one in found.items():
        speeds = {way: speed.then for way, speed in one.speeds.items()}
        speeds["ridge"] = speeds["full"]
        for way, speed in speeds.items():
            about = {"domain": domain, "name": NAMES[way], "speed": speed}
            if way in one.qualities:
                whose = OWN if way.partition(" ")[0] in ("fast", "balanced", "full") else OTHERS
                points.append({**about, "whose": whose, "auc": float(np.mean(one.qualities[way].auc))})
            else:
                marks.append(about)
        for fraction in FRACTIONS:
            exits = find_exits(one.paired, ExitSettings(full_fraction=fraction))
            embedded = 1 - exits.dropped - exits.kept
            rows.append(
                {
                    "domain": domain,
                    "embedded": 100 * embedded,
                    "disagreement": 100 * exits.disagreement,
                    "times": 1 / (embedded + speeds["full"] / speeds["fast"]),
                }
            )
    draw_side_by_side(points, marks, DOCS / "side-by-side.svg")
    draw_disagreement(rows, DOCS / "disagreement.svg")


def scaling_section(shared: Path, folder: Path, sizes: Sequence[int] = SCALING) -> list[str]:
    """Return what effort fast takes of more and more documents."""
    source = shared / "pool" / "web.parquet"
    lines = [
        "## Effort fast on more and more documents, the web pool repeated",
        "",
        "| documents | seconds | documents/s | peak memory, MB |",
        "| --- | --- | --- | --- |",
    ]
    for size in sizes:
        dump, documents, _ = make_dump(source, size, folder / f"scaling-{size}")
        out = folder / "scaling-out"
        arguments = [str(dump), "--out", str(out), "--effort", "fast"]
        ways = {"": FILTER, ", with its report": (EDUFILTER, "filter")}
        for name, command in ways.items() if size == sizes[0] else [("", FILTER)]:
            run = run_process([*command, *arguments])
            shutil.rmtree(out)
            rate = documents / run.wall_s
            lines.append(f"| {documents:,}{name} | {run.wall_s:.1f} | {rate:,.0f} | {peak([run])} |")
    return [*lines, "", "(One run each.)", ""]


def main() -> None:
    """Measure this section alone, on fewer documents if so asked, and print it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shared", type=Path, required=True, help="folder that holds pool/ and seed/")
    parser.add_argument("--web", default="web", help="name or folder of the scorer")
    parser.add_argument("--code", default="code", help="likewise")
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--full-rows", type=int, default=DOCUMENTS)
    parser.add_argument("--bert-rows", type=int, default=BERT_DOCUMENTS)
    parser.add_argument("--assignments", type=int, default=ASSIGNMENTS)
    given = vars(parser.parse_args())
    scorers = {domain: given.pop(domain) for domain in SCORERS}
    with tempfile.TemporaryDirectory(prefix="edufilter-bench-") as folder:
        lines = side_by_side_section(given.pop("shared"), Path(folder), scorers=scorers, **given)
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
