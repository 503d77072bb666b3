"""Simulates labelling in rounds: what `annotations.samples.active` chooses against as many random documents.

``python -m tests.benchmarks.scorers.active --shared ../shared``. Of the labelled documents only those count
that were drawn at random. One fold of groups is held out, the rest is what can be bought;
no label is seen before it is bought. Each seed is a fold assignment and an order of random draws, which
both arms share.
"""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import altair
import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student
from sklearn.linear_model import LogisticRegression

from annotations import read_labels
from annotations.samples.active import choose_active, diversity_features
from filtering.arrays import Rows
from filtering.fitting.cross_validation import fit_calibration, out_of_fold
from filtering.fitting.fit_data import FitData, read_fit_data
from filtering.fitting.recipes import signals_fit
from filtering.fitting.ridge import CellProducts
from filtering.folds import FOLDS, fold_assignment
from filtering.judging.metrics import area_under_curve, rank_correlation
from filtering.scoring.calibration import Calibration
from filtering.signals.ngram_cells import CELLS

FIT = signals_fit("linear")
SIZES = (100, 200, 400, 800)
ALL = 10**6
"""As many labels as the training folds have."""
KEEP_AT = 3.0
RANDOM_SHARE = 0.3
"""Of each round of the active arm after the first."""
BOOTSTRAP_ROUNDS = 1000
WAYS = {
    "rubric": "kept from 3.0 up, calibrated on the random part",
    "all": "kept from 3.0 up, calibrated on all bought labels",
    "best": "kept from the cut that has the best expected F1 on the random part",
}


@dataclass(frozen=True)
class Arm:
    """A way to spend labels.

    Parameters
    ----------
    name : str
    is_active : bool
        Whether most of each round after the first is chosen, and not random.
    rounds : tuple of int
        Labels in all after each round.
    """

    name: str
    is_active: bool
    rounds: tuple[int, ...]


ARMS = (Arm("random", False, (*SIZES, ALL)), Arm("active", True, SIZES))


@dataclass(frozen=True)
class Outcome:
    """What an arm came to with so many labels.

    Parameters
    ----------
    kept : mapping of str to bool array, shape (seeds, documents)
        By way of cutting; each document was judged by what saw nothing of its fold.
    rho, auc : float array, shape (seeds,)
        Means over folds.
    positives, unbiased : float
        Labels from 3 up, and labels of the random part, that were bought; means.
    """

    kept: dict[str, NDArray[np.bool_]]
    rho: NDArray[np.float64]
    auc: NDArray[np.float64]
    positives: float
    unbiased: float


def read_domain(shared: Path, domain: str) -> FitData:
    """Return the documents that were drawn at random; of the cells only the word table."""
    labels = read_labels(str(shared / "seed" / f"{domain}.parquet"))
    data = read_fit_data(labels.texts, labels.scores, labels.groups, labels.unbiased)
    rows = np.flatnonzero(data.unbiased)
    return FitData(
        texts=tuple(data.texts[row] for row in rows),
        products=CellProducts(data.cells[rows][:, :CELLS].tocsr()),
        features=data.features[rows],
        labels=data.labels[rows],
        groups=tuple(data.groups[row] for row in rows),
        clusters=data.clusters[rows],
        unbiased=data.unbiased[rows],
        rows=np.arange(len(rows)),
        embeddings=data.embeddings[rows],
    )


@dataclass(frozen=True)
class Bought:
    """Labels that were bought, and what was fitted to them.

    Parameters
    ----------
    rows : int64 array, shape (m,)
    unbiased : bool array, shape (m,)
        Rows of the random part.
    raw : float64 array, shape (m,)
        Out-of-fold values.
    model : Fitted
    calibrations : mapping of str to Calibration
    """

    rows: Rows
    unbiased: NDArray[np.bool_]
    raw: NDArray[np.float64]
    model: Any
    calibrations: dict[str, Calibration]


def fit_bought(data: FitData, rows: Rows, unbiased: NDArray[np.bool_]) -> Bought:
    """Fit to what was bought, as the product does."""
    raw, labels = out_of_fold(data, rows, FIT), data.labels[rows]
    calibrations = {
        "rubric": fit_calibration(raw[unbiased], labels[unbiased]),
        "all": fit_calibration(raw, labels),
    }
    return Bought(rows, unbiased, raw, FIT(data, rows), calibrations)


def buy(
    data: FitData, features: NDArray[np.float32], arm: Arm, candidates: Rows, seed: tuple[int, int]
) -> Iterator[tuple[int, Bought]]:
    """Yield what was bought after each round."""
    # The random part is a beginning of one order of all candidates. A row of it that was chosen actively
    # before costs nothing and belongs to it: without such rows the random part would lack high scores.
    order = np.random.default_rng(seed).permutation(candidates)
    bought = np.zeros(len(data), dtype=bool)
    place = 0
    found: Bought | None = None
    for number, size in enumerate(arm.rounds):
        need = min(size, len(candidates)) - int(bought.sum())
        at_random = need if found is None or not arm.is_active else int(np.ceil(RANDOM_SHARE * need))
        wanted = int(bought.sum()) + at_random
        while bought.sum() < wanted:
            bought[order[place]] = True
            place += 1
        if found is not None and arm.is_active:
            left = candidates[~bought[candidates]]
            points = found.calibrations["rubric"].apply(found.model.predict(data, left))
            chosen, _ = choose_active(
                points, features[left], count=need - at_random, keep_at=KEEP_AT,
                seed=1000 * seed[0] + 100 * seed[1] + number,
            )  # fmt: skip
            bought[left[chosen]] = True
        rows = np.flatnonzero(bought)
        found = fit_bought(data, rows, np.isin(rows, order[:place]))
        yield size, found


def best_cut(found: Bought, labels: NDArray[np.float64]) -> float:
    """Return the raw value with the best expected F1 on the random part.

    By a logistic regression on the raw value: the best cut of the labels themselves jumps about.
    """
    raw, reached = found.raw[found.unbiased], labels[found.unbiased] >= KEEP_AT
    if not reached.any():
        return float("inf")
    spread = float(found.raw.std())
    model = LogisticRegression(C=1e4, max_iter=1000).fit(raw[:, None] / spread, reached)
    falling = np.sort(raw)[::-1]
    chance = model.predict_proba(falling[:, None] / spread)[:, 1]
    expected = 2 * np.cumsum(chance) / (np.arange(1, len(chance) + 1) + chance.sum())
    return float(falling[np.argmax(expected)])


def simulate(data: FitData, features: NDArray[np.float32], arm: Arm, seeds: int) -> dict[int, Outcome]:
    """Return what an arm comes to, by number of labels."""
    outcomes: dict[int, Outcome] = {}
    counts: dict[int, list[tuple[int, int]]] = {}
    for seed in range(seeds):
        folds = fold_assignment(data.groups, seed)
        for fold in range(FOLDS):
            test = np.flatnonzero(folds == fold)
            for size, found in buy(data, features, arm, np.flatnonzero(folds != fold), (seed, fold)):
                if size not in (*SIZES, ALL):
                    continue
                blank = {way: np.zeros((seeds, len(data)), dtype=bool) for way in WAYS}
                zeros = np.zeros(seeds)
                outcome = outcomes.setdefault(size, Outcome(blank, zeros, zeros.copy(), 0.0, 0.0))
                raw, labels = found.model.predict(data, test), data.labels[found.rows]
                for way, calibration in found.calibrations.items():
                    outcome.kept[way][seed, test] = calibration.apply(raw) >= KEEP_AT
                outcome.kept["best"][seed, test] = raw >= best_cut(found, labels)
                outcome.rho[seed] += rank_correlation(raw, data.labels[test]) / FOLDS
                outcome.auc[seed] += area_under_curve(raw, data.labels[test]) / FOLDS
                counts.setdefault(size, []).append(
                    (int((labels >= KEEP_AT).sum()), int(found.unbiased.sum()))
                )
    means = {size: np.mean(pairs, axis=0) for size, pairs in counts.items()}
    return {
        size: replace(one, positives=float(means[size][0]), unbiased=float(means[size][1]))
        for size, one in outcomes.items()
    }


def pooled_f1(
    kept: NDArray[np.bool_], data: FitData, times: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """Return F1 from pooled counts, by seed; each document counted so many times."""
    wanted = (data.labels >= KEEP_AT).astype(float)
    weights = np.ones(len(data)) if times is None else times
    both, either = (kept * wanted) @ weights, kept @ weights + wanted @ weights
    f1: NDArray[np.float64] = 2 * both / np.maximum(either, 1e-9)
    return f1


def difference(one: NDArray[np.float64], other: NDArray[np.float64]) -> str:
    """Return the mean paired difference over seeds and its 95 % interval by Student's t."""
    gaps = one - other
    half = student.ppf(0.975, len(gaps) - 1) * gaps.std(ddof=1) / np.sqrt(len(gaps))
    return f"{gaps.mean():+.3f} [{gaps.mean() - half:+.3f}, {gaps.mean() + half:+.3f}]"


def group_interval(one: NDArray[np.bool_], other: NDArray[np.bool_], data: FitData) -> str:
    """Return the middle 95 % of F1's mean difference when whole groups are drawn with replacement."""
    random = np.random.default_rng(0)
    _, codes = np.unique(np.asarray(data.groups), return_inverse=True)
    groups = int(codes.max()) + 1
    gaps = []
    for _ in range(BOOTSTRAP_ROUNDS):
        times = np.bincount(random.integers(groups, size=groups), minlength=groups)[codes].astype(float)
        gaps.append((pooled_f1(one, data, times) - pooled_f1(other, data, times)).mean())
    low, high = np.quantile(gaps, [0.025, 0.975])
    return f"[{low:+.3f}, {high:+.3f}]"


def labels_for(curve: dict[int, float], goal: float) -> str:
    """Return the number of labels at which a curve first reaches a figure, interpolated in log n."""
    sizes = sorted(curve)
    if curve[sizes[0]] >= goal:
        return f"at most {sizes[0]}"
    for low, high in pairwise(sizes):
        if curve[high] >= goal:
            part = (goal - curve[low]) / (curve[high] - curve[low])
            return f"{round(low * (high / low) ** part)}"
    return f"over {sizes[-1]}"


def tables(data: FitData, found: dict[str, dict[int, Outcome]]) -> Iterator[str]:
    """Yield the lines of Markdown that tell what was found."""
    random = found["random"]
    yield "| arm | labels | F1, rubric | F1, all | F1, best | rho | AUC at 3 | at least 3 | random |"
    yield "| --- | --- | --- | --- | --- | --- | --- | --- | --- |"
    for name, outcomes in found.items():
        for size, one in outcomes.items():
            figures = [pooled_f1(one.kept[way], data) for way in WAYS] + [one.rho, one.auc]
            cells = " | ".join(f"{figure.mean():.3f} ± {figure.std(ddof=1):.3f}" for figure in figures)
            labels = "all" if size == ALL else f"{size:,}"
            yield f"| {name} | {labels} | {cells} | {one.positives:.0f} | {one.unbiased:.0f} |"
    for name, outcomes in list(found.items())[1:]:
        for size, ours in outcomes.items():
            for against in (size, 2 * size):
                if against in random:
                    yield f"- {name}, {size} against {against}: {compared(ours, random[against], data)}"
        for way in WAYS:
            curve = {size: float(pooled_f1(one.kept[way], data).mean()) for size, one in outcomes.items()}
            for size in SIZES:
                goal = float(pooled_f1(random[size].kept[way], data).mean())
                yield f"- {name}, {way}: the F1 of {size} random ones with {labels_for(curve, goal)}"


def compared(ours: Outcome, theirs: Outcome, data: FitData) -> str:
    """Return paired differences: over seeds and, of F1, over groups."""
    found = []
    # Of random labels alone all are the random part, so two of the three ways are one.
    for way in WAYS:
        one, other = ours.kept[way], theirs.kept[way]
        seeds = difference(pooled_f1(one, data), pooled_f1(other, data))
        found.append(f"F1 {way} {seeds}, groups {group_interval(one, other, data)}")
    return "; ".join(
        [*found, f"rho {difference(ours.rho, theirs.rho)}", f"AUC {difference(ours.auc, theirs.auc)}"]
    )


def draw(data: FitData, found: dict[str, dict[int, Outcome]], path: Path) -> None:
    """Draw the curves of random and active labels."""
    ways = {"rubric": "F1 at 3", "best": "F1 at the best cut", "auc": "area under the curve at 3"}
    charts = []
    for way, title in ways.items():
        points = []
        for name in ("random", "active"):
            for size in SIZES:
                one = found[name][size]
                figure = one.auc if way == "auc" else pooled_f1(one.kept[way], data)
                mean, spread = float(figure.mean()), float(figure.std(ddof=1))
                points.append(
                    {
                        "choice": name,
                        "labels": size,
                        "mean": mean,
                        "low": mean - spread,
                        "high": mean + spread,
                    }
                )
        scale = altair.Scale(zero=False)
        base = altair.Chart(altair.Data(values=points)).encode(
            x=altair.X(
                "labels:Q",
                scale=altair.Scale(type="log", nice=False, padding=12),
                axis=altair.Axis(values=list(SIZES), format=",d"),
                title="labels",
            ),
            color=altair.Color("choice:N", title="choice"),
        )
        band = base.mark_area(opacity=0.2).encode(y=altair.Y("low:Q", scale=scale, title=title), y2="high:Q")
        line = base.mark_line(point=True).encode(y=altair.Y("mean:Q", scale=scale, title=title))
        charts.append((band + line).properties(width=260, height=220))
    altair.hconcat(*charts).save(str(path), format="svg")


def main(arguments: Sequence[str] | None = None) -> None:
    """Simulate, print the tables and draw the curves."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shared", type=Path, required=True, help="folder that holds seed/")
    parser.add_argument("--domain", choices=("web", "code"), action="append", help="both if not given")
    parser.add_argument("--seeds", type=int, default=10, help="fold assignments and orders of random draws")
    parser.add_argument("--out", help="SVG file to draw to, where {domain} stands for the domain")
    options = parser.parse_args(arguments)
    for domain in options.domain or ("web", "code"):
        data = read_domain(options.shared, domain)
        features = diversity_features(data.texts)
        print(f"\n{domain}: {len(data):,} documents of {len(set(data.groups)):,} groups", flush=True)  # noqa: T201 - a script
        found = {}
        for arm in ARMS:
            found[arm.name] = simulate(data, features, arm, options.seeds)
            if options.out and arm.name == "active":
                draw(data, found, Path(options.out.format(domain=domain)))
        print("\n".join(tables(data, found)), flush=True)  # noqa: T201 - a script


if __name__ == "__main__":
    main()
