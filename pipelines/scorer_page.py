"""The page of a scorer: how good it is, where it is weak, what it follows, and its worst errors."""

from collections.abc import Mapping, Sequence
from itertools import groupby

from filtering.bias import SourceBias
from filtering.metrics import Estimate
from pipelines.cards import Card, card_section
from pipelines.evaluate import Evaluation
from pipelines.language_notes import language_notes
from pipelines.page import percent, table, text, tiles, whole_page
from pipelines.scorer_report import TOO_HIGH, TOO_LOW, ScorerReport, WrongScore

NAMES = {
    "rho": "rank correlation",
    "weighted_kappa": "weighted kappa",
    "auc_at_3": "AUC at 3",
    "f1_at_3": "F1 at 3",
    "precision_at_3": "precision at 3",
    "recall_at_3": "recall at 3",
}


def render_page(report: ScorerReport, charts: Mapping[str, str], curve: str) -> str:
    """Return the page as HTML.

    Parameters
    ----------
    report : ScorerReport
    charts : mapping
        The calibration as SVG, by class of the style: ``wide`` and ``narrow``.
    curve : str
        The learning curve as SVG; empty for none.
    """
    body = [
        _head(report),
        _findings(report),
        _quality(report),
        _calibration(report.evaluation, charts),
        _slices(report.evaluation),
        _bias(report.bias),
        f"<h2>Would more labels help?</h2>\n<div class=card>{curve}</div>" if curve else "",
        _errors(report),
    ]
    return whole_page(f"edufilter: scorer {report.scorer}", body)


def _head(report: ScorerReport) -> str:
    one = report.evaluation
    how = (
        "Each document was scored by a model that saw nothing of its group's fold."
        if one.nested
        else "The saved scorer gave the scores: they hold where none of these documents was fitted to."
    )
    found = one.unbiased_metrics if one.unbiased_rows else one.metrics
    shown = [
        ("rank correlation", _value(found["rho"]), _interval(found["rho"])),
        ("AUC at 3", _value(found["auc_at_3"]), _interval(found["auc_at_3"])),
        ("F1 at 3", _value(found["f1_at_3"]), _interval(found["f1_at_3"])),
        ("labelled documents", f"{one.rows:,}", f"of {one.groups:,} groups"),
        ("labelled 3 or more", f"{100 * one.labelled_keep_share:.1f} %", "of those chosen without scores"),
        ("scored 3 or more", f"{100 * one.predicted_keep_share:.1f} %", "of the same"),
    ]
    return (
        f"<h1>Scorer {text(report.scorer)}, effort {text(one.effort)}</h1>\n"
        f"<p class=soft>Judged by {text(report.labels)}. {how} The figures in boxes are of the "
        f"{one.unbiased_rows:,} documents that were chosen without looking at scores.</p>\n{tiles(shown)}"
    )


def _value(estimate: Estimate) -> str:
    return f"{estimate.value:.3f}" if estimate.value == estimate.value else "not defined"


def _interval(estimate: Estimate) -> str:
    return f"{estimate.low:.3f} to {estimate.high:.3f}" if estimate.value == estimate.value else ""


def _findings(report: ScorerReport) -> str:
    found = [
        f"Scores follow the {text(kind)} more than labels do: {100 * one.of_scores.value:.0f} % of their "
        f"variance lies between values of it, against {100 * one.of_labels.value:.0f} % of that of labels."
        for kind, one in report.bias.items()
        if one.is_biased
    ]
    items = "".join(f"<li>{one}</li>" for one in found)
    return f"<h2>Worth a look</h2>\n<ul class=findings>{items}</ul>" if items else ""


def _quality(report: ScorerReport) -> str:
    one = report.evaluation
    rows = []
    for name, shown in NAMES.items():
        ceiling = str(report.agreement.rho_ceiling) if report.agreement is not None and name == "rho" else ""
        cells = [str(one.metrics[name]), str(one.unbiased_metrics[name]), ceiling]
        rows.append((shown, *cells))
    why = f" {text(report.no_agreement)}" if report.no_agreement else ""
    head = ("label", *(str(point) for point in range(6)))
    confusion = [(str(label), *row) for label, row in enumerate(one.confusion)]
    figures = table("Against labels", ("", "all", "chosen without scores", "best possible"), rows)
    return (
        "<h2>How good it is</h2>\n<p class=soft>Intervals hold 95 % of a bootstrap over whole groups. The "
        f"best possible is what a perfect scorer could reach, since raters differ.{why}</p>\n"
        f"<div class=masonry><div class=card>{figures}</div>"
        f"<div class=card>{table('Labels in rows, scores in columns', head, confusion)}</div></div>"
    )


def _calibration(one: Evaluation, charts: Mapping[str, str]) -> str:
    drawn = "".join(f"<div class={name}>{svg}</div>" for name, svg in charts.items())
    rows = [
        (f"{point} to {point + 1}", count, _number(score), _number(label))
        for point, (count, score, label) in enumerate(one.reliability)
    ]
    shown = table("", ("score", "documents", "mean score", "mean label"), rows)
    return (
        f"<h2>What a score means</h2>\n<div class=card>{drawn}\n<details><summary>As a table</summary>{shown}"
        "</details></div>\n<p class=soft>Of documents chosen without looking at scores: the mean label of "
        "those whose score lies within each whole point. A score of k says that a label of k or more is as "
        "likely as not; labels are whole, so their means lie about half a point below the dashed line.</p>"
    )


def _number(value: float) -> str:
    return f"{value:.2f}" if value == value else ""


def _slices(one: Evaluation) -> str:
    if not one.slices:
        return ""
    found = sorted(one.slices, key=lambda slice: slice.column)
    cards = "".join(
        "<div class=card>"
        + table(
            kind,
            ("", "documents", "rank correlation", "AUC at 3"),
            [(one.value, one.rows, str(one.metrics["rho"]), str(one.metrics["auc_at_3"])) for one in slices],
        )
        + "</div>"
        for kind, slices in groupby(found, key=lambda slice: slice.column)
    )
    notes = "".join(f"<p class=soft>{text(note)}</p>" for note in language_notes(one))
    return f"<h2>Where it is weak</h2>\n{notes}<div class=masonry>{cards}</div>"


def _bias(bias: Mapping[str, SourceBias]) -> str:
    if not bias:
        return ""
    rows = [
        (kind, one.sources, str(one.of_scores), str(one.of_labels), str(one.excess), str(one.rho_within))
        for kind, one in bias.items()
    ]
    head = ("", "values", "of scores", "of labels", "difference", "rank correlation within")
    return (
        "<h2>Does it follow the source?</h2>\n<p class=soft>Share of the variance that lies between the "
        "values of each kind (intraclass correlation): how well the source alone says what a document's "
        "score, and what its label is. Where the difference is surely above 0, scores follow the source more "
        "than labels do. The last column is how well scores rank documents of one source.</p>\n"
        f"<div class=card>{table('', head, rows)}</div>"
    )


def _errors(report: ScorerReport) -> str:
    if not report.errors:
        return ""
    wrong = sum(one.kind == TOO_HIGH for one in report.errors)
    return (
        "<h2>Its worst errors</h2>\n<p class=soft>Documents whose score lies farthest from their label: "
        f"{wrong:,} too high, {len(report.errors) - wrong:,} too low, of {report.evaluation.rows:,} "
        f"({percent(len(report.errors), report.evaluation.rows)}).</p>\n"
        f"{card_section(_cards(report.errors), (TOO_HIGH, TOO_LOW))}"
    )


def _cards(errors: Sequence[WrongScore]) -> list[Card]:
    return [
        Card(
            group=one.kind,
            score=one.score,
            kept=one.kind == TOO_HIGH,
            about=f"label {one.label:g} · {one.group}, row {one.row:,} of the labels",
            content=one.text,
            characters=one.characters,
            slices=one.slices,
        )
        for one in errors
    ]
