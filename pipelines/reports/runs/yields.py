"""How many tokens each cut would keep, in all and of each slice: what a run yields."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from annotations.asking.budget import BYTES_PER_TOKEN
from filtering.arrays import AnyFloats, Floats, Ints
from pipelines.amount_formats import short_count, short_percent
from pipelines.dump.row_values.lengths import LENGTHS
from pipelines.page_kit.page import Table
from pipelines.reports.runs.documents_to_show import RunScores
from pipelines.reports.runs.kept_shares import LENGTH
from pipelines.run_folder.stored_scores import SIZE, have_sizes, read_scores

CUTS = (1.0, 2.0, 2.5, 3.0, 3.5, 4.0)
"""In rubric points."""
ALL = "all"
SHOWN = 20
"""Values of a kind that a page shows."""


@dataclass(frozen=True)
class Yield:
    """Tokens of documents with a score, by their bytes.

    Parameters
    ----------
    kind, value : str
        ``language`` and ``de``, say; both `ALL` of all documents.
    tokens : float
        In all.
    above : tuple of float
        At or above each of `CUTS`.
    """

    kind: str
    value: str
    tokens: float
    above: tuple[float, ...]


def yield_of_run(run: RunScores, stored: Sequence[int], rows: int) -> Yield | None:
    """Return what a run yields by the scores of some of its parts; None where it stores no sizes.

    Parameters
    ----------
    run : RunScores
    stored : sequence of int
        Numbers of the parts; of the others as much is expected for each document.
    rows : int
        Documents of the run.
    """
    holder = run.decisions.holder
    if not stored or not have_sizes(holder, run.decisions.plan.parts[stored[0] : stored[0] + 1]):
        return None
    sums, read, combine = np.zeros(1 + len(CUTS)), 0, run.decisions.plan.facts.combine
    for number in stored:
        score, size = read_scores(holder, run.parts[number], "edu_score", SIZE, combine=combine)
        sums += _sums(score, size)
        read += len(score)
    return _yield(ALL, ALL, sums * (rows / max(read, 1)))


def yields_by_slice(
    kind: str,
    values: Sequence[str | None],
    scores: Sequence[float],
    sizes: Sequence[int],
    scored_tokens: float,
) -> list[Yield]:
    """Return what values of a kind yield, by some documents of a run: the largest first, lengths in order.

    Parameters
    ----------
    kind : str
    values : sequence of str or None, length n
    scores : sequence of float, length n
    sizes : sequence of int, length n
        Bytes.
    scored_tokens : float
        Of all documents of the run with a score: what these stand for.
    """
    points, size = np.array(scores), np.array(sizes, dtype=np.float64)
    scale = scored_tokens * BYTES_PER_TOKEN / max(float(size.sum()), 1.0)
    names = np.array(["" if value is None else value for value in values], dtype=object)
    found = [
        _yield(kind, value, scale * _sums(points[names == value], size[names == value]))
        for value in sorted(set(names.tolist()) - {""})
    ]
    return sorted(found, key=lambda one: LENGTHS.index(one.value) if kind == LENGTH else -one.tokens)


def yields_table(yields: Sequence[Yield]) -> Table:
    """Return the yields of one kind as a table; that of all documents has a row for each cut."""
    kind = yields[0].kind
    if kind == ALL:
        (whole,) = yields
        cuts = [("all", whole.tokens), *zip((f"\u2265 {cut:g}" for cut in CUTS), whole.above, strict=True)]
        by_cut = [
            (name, short_count(tokens), short_percent(tokens / max(whole.tokens, 1.0)))
            for name, tokens in cuts
        ]
        return Table("all documents", ("points", "tokens", "% of all"), by_cut)
    shown, rest = list(yields[:SHOWN]), yields[SHOWN:]
    if rest:
        above = tuple(map(sum, zip(*(one.above for one in rest), strict=True)))
        shown.append(Yield(kind, f"({len(rest):,} others)", sum(one.tokens for one in rest), above))
    rows = [(one.value, short_count(one.tokens), *map(short_count, one.above)) for one in shown]
    return Table(kind, ("", "all", *(f"\u2265 {cut:g}" for cut in CUTS)), rows)


def _sums(score: AnyFloats, size: Ints | Floats) -> Floats:
    """Return the bytes of documents with a score, and of those at or above each cut."""
    with np.errstate(invalid="ignore"):
        return np.array([float(size[score >= np.float32(cut)].sum()) for cut in (0.0, *CUTS)])


def _yield(kind: str, value: str, sums: Floats) -> Yield:
    tokens, *above = (sums / BYTES_PER_TOKEN).tolist()
    return Yield(kind, value, tokens, tuple(above))
