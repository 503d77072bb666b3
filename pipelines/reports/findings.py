"""The three things of a finished run that matter most: one figure each, and what it means."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby, islice

from filtering.explaining.drift import OTHER_UNLIKE, Drift
from pipelines.amounts_in_words import percent
from pipelines.reports.kept_shares import Slice
from pipelines.reports.run_report_data import RunReport
from pipelines.run.audit import AuditResult

SHOWN = 3


@dataclass(frozen=True)
class Finding:
    """A figure that matters, and what it means: the sentence goes on where the figure ends."""

    figure: str
    meaning: str


def find_what_matters(report: RunReport, audit: AuditResult | None) -> list[Finding]:
    """Return up to `SHOWN` findings: first what calls scores into question, then what is kept otherwise."""
    return list(islice(_all(report, audit), SHOWN))


def _all(report: RunReport, audit: AuditResult | None) -> Iterator[Finding]:
    if report.drift is not None and report.drift.looks_other:
        yield _other_data(report.drift)
    if audit is not None and audit.is_broken:
        yield Finding(
            percent(audit.low, 1),
            "of the documents, at least, are decided otherwise than by effort full. You asked for less. "
            "Filter with --effort full, or train the scorer on this dump.",
        )
    if report.manifest["set_aside"]:
        count = len(report.manifest["set_aside"])
        files = "file or part of a file" if count == 1 else "files or parts of files"
        yield Finding(f"{count:,}", f"{files} could not be read. The last table of this page names them.")
    # How long a document is says least: short ones hold little.
    for one in sorted(_farthest(report.slices), key=lambda one: (one.kind == "length", -_amiss(one))):
        often = "far more" if one.share > one.share_of_rest else "far less"
        yield Finding(
            percent(one.share, 1),
            f"of the documents of {one.kind} {one.value} are kept, {often} than of the others.",
        )


def _other_data(drift: Drift) -> Finding:
    if drift.unlike_share >= OTHER_UNLIKE:
        figure, what = (
            percent(drift.unlike_share, 1),
            "of the documents have words that the scorer does not know.",
        )
    else:
        figure, what = (
            f"{drift.distance:.2f}",
            "is how far this dump lies from what the scorer knows, from 0 to 1.",
        )
    return Finding(figure, f"{what} Label some of this dump before you trust the scores.")


def _farthest(slices: tuple[Slice, ...]) -> Iterator[Slice]:
    """Yield of each kind the slice that differs from the rest by most documents, if one differs far."""
    for _, some in groupby(slices, key=lambda one: one.kind):
        far = [one for one in some if one.is_far]
        if far:
            yield max(far, key=_amiss)


def _amiss(one: Slice) -> float:
    """Return how many more or fewer documents are kept than at the share of the rest."""
    return abs(one.share - one.share_of_rest) * one.rows
