"""The three things of a finished run that matter most: one figure each, and what it means."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby, islice

from filtering.scoring.unsure import Unsure
from pipelines.amount_formats import percent
from pipelines.dump.row_values.code_languages import CODE_LANGUAGE
from pipelines.reports.runs.kept_shares import Slice
from pipelines.reports.runs.row_sample import OF_LANGUAGE
from pipelines.reports.runs.run_report_data import RunReport
from pipelines.run.audit import AuditResult

SHOWN = 3
OF_KIND = {
    "input file": "in the input file",
    "length": "with a length of",
    "site": "of the site",
    "genre": "of the genre",
    CODE_LANGUAGE: "in the code language",
    **dict.fromkeys(OF_LANGUAGE, "in the language"),
}
"""How documents of a slice are named, by kind."""


@dataclass(frozen=True)
class Finding:
    """A figure that matters, what it means, and whether it is of a slice of the run.

    The sentence goes on where the figure ends.
    """

    figure: str
    meaning: str
    is_slice: bool = False


def find_what_matters(report: RunReport, audit: AuditResult | None) -> list[Finding]:
    """Return up to `SHOWN` findings: first what calls scores into question, then what is kept otherwise."""
    return list(islice(_all(report, audit), SHOWN))


def _all(report: RunReport, audit: AuditResult | None) -> Iterator[Finding]:
    if report.unsure is not None and report.unsure.sentence:
        yield _other_data(report.unsure)
    if audit is not None and audit.is_broken:
        yield Finding(audit.figure, audit.meaning)
    if report.manifest["set_aside"]:
        count = len(report.manifest["set_aside"])
        files = "file or part of a file" if count == 1 else "files or parts of files"
        yield Finding(
            f"{count:,}",
            f"{files} could not be read. The last table of this page names them, and says what to do.",
        )
    # How long a document is says least: short ones hold little.
    for _, one in sorted(_farthest(report.slices), key=lambda found: (found[1].kind == "length", -found[0])):
        documents = f"of the documents {OF_KIND.get(one.kind, one.kind)} {one.value} are kept"
        rest = f"{percent(one.share_of_rest, 1)} of all others"
        yield Finding(percent(one.share, 1), f"{documents}, and {rest}.", True)


def _other_data(unsure: Unsure) -> Finding:
    if unsure.are_other:
        count, kind = unsure.other_kind
        return Finding(percent(count, unsure.documents), f"of the documents looked at are {kind}")
    others, odd = unsure.in_languages, unsure.odd_share * unsure.documents
    what = (
        "are in languages for which the scorer has few labels"
        if others >= odd
        else "use words that the scorer's labelled documents hardly have"
    )
    return Finding(
        percent(max(others, odd), unsure.documents),
        f"of the documents looked at {what}. Label some of this dump before you trust the scores.",
    )


def _farthest(slices: tuple[Slice, ...]) -> Iterator[tuple[float, Slice]]:
    """Yield of each kind the slice that differs most from the others, if one differs far, and by how much.

    It counts too how many documents a slice parts from the others, or the others from it.
    """
    for _, grouped in groupby(slices, key=lambda one: one.kind):
        some = list(grouped)
        rows = sum(one.rows for one in some)
        far = [
            (abs(one.share - one.share_of_rest) * min(one.rows, rows - one.rows), one)
            for one in some
            if one.is_far
        ]
        if far:
            yield max(far, key=lambda found: (found[0], -found[1].rows))
