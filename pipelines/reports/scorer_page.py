"""The page of a scorer: how good it is, where it is weak, what it follows, and its worst errors."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic_core import to_jsonable_python

from filtering.judging.bias import SourceBias
from filtering.judging.intervals import Estimate
from pipelines.amount_formats import percent
from pipelines.page_kit.cards import Card, CardSection, card_section
from pipelines.page_kit.page import Table, Tile, whole_page
from pipelines.page_kit.svg_charts import draw_calibration, draw_flips
from pipelines.reports.scorer_report_data import (
    TOO_HIGH,
    TOO_LOW,
    ScorerReport,
    WrongScore,
    gather_scorer_report,
)
from pipelines.scorers.evaluation import Evaluation, JudgedPoints
from pipelines.scorers.evaluation_tables import (
    FIGURES,
    UNKNOWN_ORIGIN,
    audit_notes,
    audit_table,
    confusion_table,
    flip_rows,
    reliability_table,
    what_scored,
)
from pipelines.scorers.kind_tables import kind_notes, kinds_table, values_tables

FORMAT = 2
"""Number of the layout of the JSON file beside the page."""
DRAWINGS = {"wide": (1200, 380), "narrow": (340, 300)}
"""Width and height of the two drawings in pixels; the style shows the one that fits the screen."""
FLIPS_DRAWINGS = {"wide": (1200, 300), "narrow": (340, 340)}
"""The same of the drawing of flips, whose rewrites stand below each other."""


@dataclass(frozen=True)
class _View:
    """What the template ``scorer.html`` shows beside the report."""

    report: ScorerReport
    what_scored: str
    charts: Mapping[str, str]
    curve: str
    curve_says: Sequence[str]
    tiles: Sequence[Tile]
    biased: Mapping[str, SourceBias]  # what scores follow more than labels do
    metrics: Table
    confusion: Table
    reliability: Table
    kinds: Sequence[Table]
    notes: Sequence[str]
    bias: Table | None  # None where nothing tells where documents are from
    flips: Mapping[str, str]
    audit: Table
    audit_notes: Sequence[str]
    too_high: int
    documents: CardSection
    unknown_origin: str = UNKNOWN_ORIGIN


def write_scorer_report(
    scorer: str,
    labels: str,
    path: str,
    *,
    judged: JudgedPoints,
    samples: bool = True,
    curve: str = "",
    curve_says: Sequence[str] = (),
) -> ScorerReport:
    """Write the page of a scorer that was judged by labels; its figures as JSON beside it.

    Parameters
    ----------
    scorer, labels : str
        As for `points_of_labels`.
    path : str
        File to write, as `page_kit.page.refuse_page` lets it pass.
    judged : JudgedPoints
        What `points_of_labels` gave.
    samples : bool
        Whether to show documents; not for confidential ones.
    curve : str
        A learning curve as SVG, to show as well.
    curve_says : sequence of str
        What it says, in sentences.

    Raises
    ------
    MissingExtraError
        If the extra ``report`` is not installed.
    """
    page = Path(path)
    report = gather_scorer_report(scorer, labels, judged=judged, samples=samples)
    charts = draw_calibration(report.evaluation.reliability, DRAWINGS)
    data = {"format": FORMAT, **to_jsonable_python(report, inf_nan_mode="null")}
    page.with_suffix(".json").write_text(json.dumps(data, indent=1, sort_keys=True) + "\n")
    flips = draw_flips(flip_rows(report.audit), FLIPS_DRAWINGS)
    page.write_text(render_page(report, charts, flips, curve, curve_says), encoding="utf-8", errors="replace")
    return report


def render_page(
    report: ScorerReport,
    charts: Mapping[str, str],
    flips: Mapping[str, str],
    curve: str,
    curve_says: Sequence[str],
) -> str:
    """Return the page as HTML; charts and flips, by class of the style, and a curve (or none) are SVG."""
    one = report.evaluation
    view = _View(
        report=report,
        what_scored=what_scored(one),
        charts=charts,
        curve=curve,
        curve_says=curve_says,
        tiles=_tiles(one),
        biased={kind: bias for kind, bias in report.bias.items() if bias.is_biased},
        metrics=_metrics(report),
        confusion=replace(confusion_table(one), caption="Labels in rows, scores in columns"),
        reliability=reliability_table(one),
        kinds=(kinds_table(one, report.held_out), *values_tables(one)),
        notes=kind_notes(one, report.held_out),
        bias=_bias(report.bias) if report.bias else None,
        flips=flips,
        audit=audit_table(report.audit),
        audit_notes=audit_notes(report.audit),
        too_high=sum(one.kind == TOO_HIGH for one in report.errors),
        documents=card_section([_card(one) for one in report.errors], (TOO_HIGH, TOO_LOW)),
    )
    return whole_page("scorer.html", f"edufilter: scorer {report.scorer}", view)


def _tiles(one: Evaluation) -> list[Tile]:
    found, how = one.believed, _how_chosen(one)
    return [
        *(Tile(FIGURES[name], *_value_and_interval(found[name])) for name in ("rho", "auc_at_3", "f1_at_3")),
        Tile("labelled documents", f"{one.rows:,}", f"of {one.groups:,} groups"),
        Tile("labelled 3 or more", percent(one.labelled_keep_share, 1), how),
        Tile("scored 3 or more", percent(one.predicted_keep_share, 1), how),
    ]


def _how_chosen(one: Evaluation) -> str:
    return "chosen without scores" if one.origin_known else "taken as random"


def _value_and_interval(estimate: Estimate) -> tuple[str, str]:
    if estimate.value != estimate.value:
        return "not defined", ""
    return f"{estimate.value:.3f}", f"{estimate.low:.3f} to {estimate.high:.3f}"


def _metrics(report: ScorerReport) -> Table:
    one = report.evaluation
    ceilings = {} if report.agreement is None else {"rho": str(report.agreement.rho_ceiling)}
    rows = [
        (shown, str(one.metrics[name]), str(one.unbiased_metrics[name]), ceilings.get(name, ""))
        for name, shown in FIGURES.items()
    ]
    table = Table("Against labels", ("", "all", _how_chosen(one), "best possible"), rows)
    if report.agreement is None:  # then nothing is known of the best
        table = replace(table, head=table.head[:-1], rows=[row[:-1] for row in rows])
    return table


def _bias(bias: Mapping[str, SourceBias]) -> Table:
    rows = [
        (kind, one.sources, str(one.of_scores), str(one.of_labels), str(one.excess), str(one.rho_within))
        for kind, one in bias.items()
    ]
    head = ("", "sources", "of scores", "of labels", "difference", "rho within")
    return Table("", head, rows)


def _card(error: WrongScore) -> Card:
    return Card(
        group=error.kind,
        score=error.score,
        kept=error.kind == TOO_HIGH,
        about=f"label {error.label:g} · {error.group}, row {error.row} of the labels",
        content=error.text,
        characters=error.characters,
        slices=error.slices,
    )
