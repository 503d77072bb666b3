"""What keeping from each cut means: kept shares, precision and recall, cut by cut."""

from dataclasses import dataclass

from filtering.judging.bands import Bands
from filtering.judging.intervals import Estimate
from filtering.judging.thresholds import Curve


@dataclass(frozen=True)
class CutRow:
    """What keeping from a cut means.

    Parameters
    ----------
    cut : float
        Rubric points.
    labels : int
        Labels at or above it.
    documents, tokens : Estimate
        Kept shares.
    precision, recall : Estimate
        Against the labels.
    """

    cut: float
    labels: int
    documents: Estimate
    tokens: Estimate
    precision: Estimate
    recall: Estimate


def rows_of(curve: Curve) -> tuple[CutRow, ...]:
    """Return the curve cut by cut."""

    def at(bands: Bands, place: int) -> Estimate:
        return Estimate(float(bands.value[place]), float(bands.low[place]), float(bands.high[place]))

    return tuple(
        CutRow(
            cut=float(cut),
            labels=int(curve.rows[place]),
            documents=at(curve.documents, place),
            tokens=at(curve.tokens, place),
            precision=at(curve.precision, place),
            recall=at(curve.recall, place),
        )
        for place, cut in enumerate(curve.cuts)
    )
