"""The page of a proof: what may be said, the differences behind it, and what was drawn and trained."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle
from math import isfinite
from pathlib import Path

from pydantic_core import to_jsonable_python

from filtering.printable import printable
from pipelines.amount_formats import short_count
from pipelines.new_files import written_whole
from pipelines.page_kit.page import Table, Tile, whole_page
from pipelines.page_kit.svg_charts import draw_differences, draw_early, draw_losses
from pipelines.proof.evaluation_texts import HELD_OUT
from pipelines.proof.findings import LIMITS, findings
from pipelines.proof.proof_folder import ProofFolder
from pipelines.proof.proof_result import Proof
from pipelines.proof.training import EARLY_ITEMS, Job
from pipelines.reports.proof_tables import (
    WHENS,
    accuracy_table,
    arms_of,
    crossing,
    difference_rows,
    differences_table,
    drawn_tables,
    early_rows,
    early_table,
    evaluations_of,
    kept_table,
    lego_table,
    losses_table,
    margins_table,
    settings_table,
    verdicts_table,
)
from pipelines.settings.proof import DROPPED, KEPT, RANDOM, STYLE, ProveConfig

FORMAT = 1
"""Number of the layout of ``proof.json``."""
PAGE = "proof.html"
HOW_TO_INSTALL = "pip install 'lm_eval[hf]'"
"""What measures models of others, which edufilter does not need itself."""
WIDTHS = {"wide": 1200, "narrow": 340}
"""Of the two drawings in pixels; the style shows the one that fits the screen."""
LOSSES_HEIGHT = 300
EARLY_SIZE = (340, 210)
MARK_PX, ROW_PX, AROUND_PX = 13, 14, 70
"""Height of a mark, of what lies between evaluations, and of axis and titles."""
SIDES = 0.45
"""Of the longer side of an axis that the shorter has at least: there stands which side is better."""
AROUND = 1.04
"""Of the farthest end of an interval: there the axis ends."""
COLORS = {KEPT: "var(--kept)", STYLE: "var(--style)", DROPPED: "var(--dropped-ink)", RANDOM: "var(--random)"}
OWN_KIND = f"{HELD_OUT}{KEPT}"
OTHER_COLORS = [f"var(--other-{number})" for number in range(1, 4)]
"""Of arms of the user, by turns."""


@dataclass(frozen=True)
class Written:
    """What models write after a prompt.

    Parameters
    ----------
    prompt : str
    texts : mapping of str to str
        By arm.
    """

    prompt: str
    texts: Mapping[str, str]


@dataclass(frozen=True)
class _View:
    """What the template ``proof.html`` shows beside the proof."""

    proof: Proof
    tiles: Sequence[Tile]
    findings: Sequence[str]
    limits: Sequence[str]
    colors: Mapping[str, str]  # of all arms but random
    all_colors: Mapping[str, str]
    held_out: str  # the evaluation on documents that were kept; empty where there is none
    differences: Mapping[str, str]
    differences_table: Table
    controls: Mapping[str, str]
    controls_table: Table
    kept: Table
    verdicts: Table
    by_bytes: Table
    accuracy: Table
    margins: Table
    untold: Sequence[str]  # evaluations with choices whose accuracy tells nothing
    losses: Mapping[str, str]
    losses_table: Table
    early: Mapping[str, str]  # drawings by evaluation
    early_table: Table
    early_items: int  # of so many one was measured
    crossing: Sequence[str]
    lego: Table | None  # None where nothing was probed
    written: Sequence[Written]
    drawn: Sequence[Table]
    settings: Table
    models: str
    how_to_install: str
    how_to_go_on: str


def write_proof_page(proof: Proof, config: ProveConfig) -> Path:
    """Write ``PROOF/proof.json`` and ``proof.html``, and return the path of the page.

    Parameters
    ----------
    proof : Proof
        What `prove_run` gave.
    config : ProveConfig
        What it was given: `out` is where to write.

    Raises
    ------
    MissingExtraError
        If the extra ``report`` is not installed.
    RunError
        If it cannot be drawn here, for want of memory say.
    """
    folder = ProofFolder(Path(config.out))
    figures = to_jsonable_python(proof, inf_nan_mode="null")
    settings = config.model_dump(mode="json")
    # First what needs no drawing, which may fail.
    folder.write_json(folder.root / "proof.json", {"format": FORMAT, "settings": settings, **figures})
    page, path = render_page(proof, config), folder.root / PAGE
    with written_whole(path) as place:
        place.write_text(page, encoding="utf-8", errors="replace")
    return path


def render_page(proof: Proof, config: ProveConfig) -> str:
    """Return the page as HTML."""
    evaluations, controls = evaluations_of(proof)
    rows, control_rows = (difference_rows(proof, some) for some in (evaluations, controls))
    all_colors = _colors(proof)
    colors = {arm: color for arm, color in all_colors.items() if arm != RANDOM}
    domain = _domain([float(row[end]) for row in (*rows, *control_rows) for end in ("low", "high")])

    def drawn(some: Sequence[Mapping[str, str | float]]) -> Mapping[str, str]:
        height = len({row["evaluation"] for row in some}) * (MARK_PX * len(colors) + ROW_PX) + AROUND_PX
        sizes = {name: (width, height) for name, width in WIDTHS.items()}
        return draw_differences(some, colors, domain, sizes) if some else {}

    def told(some: Sequence[str], caption: str) -> Table:
        mine = [one for one in proof.differences if one.evaluation in some]
        return differences_table(mine, caption)

    early = {name: some for name in (*evaluations, *controls) if (some := early_rows(proof, name))}
    view = _View(
        proof=proof,
        tiles=_tiles(proof),
        findings=findings(proof),
        limits=LIMITS,
        colors=colors,
        all_colors=all_colors,
        held_out=OWN_KIND if OWN_KIND in proof.evaluations else "",
        differences=drawn(rows),
        differences_table=told(evaluations, "Differences, bits per byte"),
        controls=drawn(control_rows),
        controls_table=told(controls, "Differences on the controls, bits per byte"),
        kept=kept_table(proof, arms_of(proof)),
        verdicts=verdicts_table(proof),
        by_bytes=differences_table(proof.byte_differences, "Differences, bits per byte"),
        accuracy=accuracy_table(proof),
        margins=margins_table(proof),
        untold=[name for name in proof.margins if name not in proof.accuracies],
        losses=_losses(proof, all_colors),
        losses_table=losses_table(proof),
        early=dict(zip(early, draw_early(list(early.values()), colors, WHENS, EARLY_SIZE), strict=True)),
        early_table=early_table(proof),
        early_items=EARLY_ITEMS,
        crossing=crossing(proof),
        lego=lego_table(proof) if proof.lego else None,
        written=_written(proof),
        drawn=drawn_tables(proof),
        settings=settings_table(proof, config),
        models=models_of(config.out),
        how_to_install=HOW_TO_INSTALL,
        how_to_go_on=how_to_go_on(config.out),
    )
    return whole_page("proof.html", f"edufilter: proof of {proof.run}", view)


def page_of(folder: str) -> str:
    """Return where the page of a proof is, as it may be printed."""
    return printable(str(Path(folder) / PAGE))


def models_of(folder: str) -> str:
    """Return where the models of a proof lie, as it may be printed."""
    return printable(str(ProofFolder(Path(folder)).model("")))


def how_to_go_on(folder: str) -> str:
    """Return a command that measures a model of a proof by another task, as it may be printed."""
    model = ProofFolder(Path(folder)).model(Job(KEPT, 0).name)
    words = ["lm_eval", "--model", "hf", "--model_args", f"pretrained={model}", "--tasks", "TASK"]
    return printable(shlex.join(words))


def _colors(proof: Proof) -> dict[str, str]:
    others = cycle(OTHER_COLORS)
    return {arm: COLORS.get(arm) or next(others) for arm in arms_of(proof)}


def _domain(ends: Sequence[float]) -> tuple[float, float]:
    """Return ends of an axis that has room on both sides of 0."""
    low, high = min([0.0, *ends]), max([0.0, *ends])
    longer = AROUND * max(high, -low) or 1.0
    return min(AROUND * low, -SIDES * longer), max(AROUND * high, SIDES * longer)


def _tiles(proof: Proof) -> list[Tile]:
    seeds = "other first weights and documents each" if proof.seeds > 1 else "intervals leave luck out"
    return [
        Tile("size of the models", proof.size, f"{short_count(proof.parameters)} parameters"),
        Tile("arms", f"{len(proof.arms):,}", ", ".join(arms_of(proof))),
        Tile("models of each arm", f"{proof.seeds:,}", seeds),
        Tile("text of an arm", f"{proof.arm_bytes / 1e6:.3g} MB", "as much for each"),
        Tile("passes", f"{proof.passes:,}", "over that text"),
    ]


def _losses(proof: Proof, colors: Mapping[str, str]) -> Mapping[str, str]:
    rows = [
        {"arm": arm, "seen": point.seen_bytes / 1e6, "bits": point.bits_per_byte}
        for arm in colors
        for point in proof.curves.get(arm, ())
        if isfinite(point.bits_per_byte)
    ]
    sizes = {name: (width, LOSSES_HEIGHT) for name, width in WIDTHS.items()}
    return draw_losses(rows, colors, sizes) if rows else {}


def _written(proof: Proof) -> list[Written]:
    return [
        Written(
            prompt,
            {arm: texts[at] for arm in arms_of(proof) if at < len(texts := proof.written.get(arm, ()))},
        )
        for at, prompt in enumerate(proof.prompts)
    ]
