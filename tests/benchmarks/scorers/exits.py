"""Prints where a scorer's exits lie for bounds and shares, what they promise, and what that costs.

It also finds exits on half of the groups and judges them on the other half.

``python -m tests.benchmarks.scorers.exits web``: a shipped scorer, or the folder of one.
"""

import sys

import numpy as np

from filtering.arrays import Bools
from filtering.errors import SettingsError
from filtering.scoring.cascade_exits import USUAL_BOUNDS, PairedScores, find_exits
from filtering.scoring.settings import ExitSettings
from filtering.scoring.storage import read_scorer

ALLOWED = (0.002, 0.005, 0.01, 0.02, 0.05)
SPLITS = 100
FRACTIONS = (0.01, 0.02, 0.05, 0.1, 0.2)


def main() -> None:
    """Print a table from the documents that a scorer was paired on."""
    _, paired = read_scorer(sys.argv[1])
    if paired is None:
        sys.exit(f"A scorer must have been trained with an embedder. {sys.argv[1]!r} was not.")
    lines = [
        f"{len(paired):,} documents, of which effort full keeps {(paired.full >= 3).sum():,}; bounds "
        + ("exact" if paired.is_exact else "approximate"),
        "",
        "| asked for | exits | embedded | lost | bound | false | bound | of all | bound |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    asked = {
        f"lost {100 * lost:g} %, false {100 * false:g} %": ExitSettings(max_lost=lost, max_false=false)
        for lost, false in USUAL_BOUNDS
    }
    asked |= {f"at most {100 * share:g} %": ExitSettings(max_disagreement=share) for share in ALLOWED}
    asked |= {f"{100 * share:g} % embedded": ExitSettings(full_fraction=share) for share in FRACTIONS}
    for what, settings in asked.items():
        try:
            found = find_exits(paired, settings)
        except SettingsError as error:
            lines.append(f"| {what} | {error} | | | | | | | |")
            continue
        embedded = abs(1 - found.dropped - found.kept)
        shares = (
            *(found.lost_keepers, found.lost_bound, found.false_keeps, found.false_bound),
            *(found.disagreement, found.disagreement_bound),
        )
        cells = " | ".join(f"{100 * share:.2f} %" for share in (embedded, *shares))
        lines.append(f"| {what} | {found.lower:g} to {found.upper:g} | {cells} |")
    lines += ["", *halves(paired)]
    sys.stdout.write("\n".join(lines) + "\n")


def halves(paired: PairedScores) -> list[str]:
    """Return a table of exits that were found on half of the groups, by what they do on the other half."""
    lines = [
        f"Found on half of the groups, judged on the others; means over {SPLITS} splits.",
        "",
        "| asked for | embedded | lost | false | of all | splits in which a bound does not hold |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    asked = {"the default": ExitSettings()}
    asked |= {f"at most {100 * share:g} %": ExitSettings(max_disagreement=share) for share in ALLOWED[:3]}
    for what, settings in asked.items():
        rows = [judged for seed in range(SPLITS) if (judged := _on_other_half(paired, settings, seed))]
        if len(rows) < SPLITS:
            lines.append(f"| {what} | cannot be shown in {SPLITS - len(rows)} splits | | | | |")
            continue
        cells = " | ".join(f"{100 * share:.2f} %" for share in np.mean(rows, axis=0))
        lines.append(f"| {what} | {cells} |")
    return lines


def _on_other_half(paired: PairedScores, settings: ExitSettings, seed: int) -> tuple[float, ...] | None:
    """Return what exits do on the half that they were not found on; None where none can be shown."""
    first = np.random.default_rng(seed).random(paired.groups.max() + 1)[paired.groups] < 0.5
    try:
        found = find_exits(_where(paired, first), settings)
    except SettingsError:
        return None
    other = _where(paired, ~first)
    cut = np.float32(found.settings.keep_at)
    keeps, kept = other.full >= cut, other.fast >= np.float32(found.upper)
    dropped = other.fast < np.float32(found.lower)
    lost, false = (keeps & dropped).sum(), (kept & ~keeps).sum()
    shares = lost / keeps.sum(), false / (keeps.sum() - lost + false), (lost + false) / len(other)
    bounds = found.settings.max_lost, found.settings.max_false, found.settings.max_disagreement
    broken = any(bound is not None and share > bound for share, bound in zip(shares, bounds, strict=True))
    return (float(found.leaves_open(other.fast).mean()), *map(float, shares), float(broken))


def _where(paired: PairedScores, rows: Bools) -> PairedScores:
    return PairedScores(paired.fast[rows], paired.full[rows], paired.groups[rows], paired.held_out)


if __name__ == "__main__":
    main()
