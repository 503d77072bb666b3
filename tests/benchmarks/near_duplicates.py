"""Prints how alike documents must be to tell each other's label, how many are, and what that does to figures.

``python tests/benchmarks/near_duplicates.py --shared ../shared``; with ``--counts`` all but the figures.
"""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import scipy.sparse
from numpy.typing import NDArray

from annotations import read_labels
from filtering.fitting.cross_validation import nested_figures
from filtering.fitting.fit_data import read_fit_data
from filtering.fitting.recipes import signals_fit
from filtering.folds import fold_assignment
from filtering.scoring.scorer_files import read_metrics
from filtering.text import near_duplicates
from filtering.text.near_duplicates import near_duplicate_clusters, runs_of_words
from filtering.text.windows import REACH, cut_window

DOMAINS = ("web", "code")
BOUNDS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 1.01)
RUNS = (3, 5, 8)
CHUNK_ROWS = 500


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shared", type=Path, required=True, help="folder that holds seed/ and pool/")
    parser.add_argument("--counts", action="store_true", help="fit nothing")
    options = parser.parse_args()
    between = " | ".join(f"{low} to {high}" for low, high in pairwise(BOUNDS[:-1]))
    print_lines(
        f"| pairs of a seed, words in a run | any of one group | {between} | {BOUNDS[-2]} and more | "
        "from .5 across groups | joined by the finder: from .5, below |",
        "| --- " * (len(BOUNDS) + 4) + "|",
    )
    for domain in DOMAINS:
        for words in RUNS:
            print_lines(told_labels(domain, options.shared / "seed" / f"{domain}.parquet", words))
    print_lines(
        "",
        "| documents | in clusters | clusters | largest: documents, groups | of several groups: clusters, "
        "documents | over several folds | groups, joined by these: the largest | documents/s |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    )
    for domain in DOMAINS:
        sources = [options.shared / kind / f"{domain}.parquet" for kind in ("seed", "pool")]
        for name, files in ((f"{domain} seed", sources[:1]), (f"{domain} seed and pool", sources)):
            print_lines(f"| {name}: {counted(files)} |")
    if not options.counts:
        print_lines("", "| nested, signals | rho | AUC at 3 |", "| --- | --- | --- |")
        for domain in DOMAINS:
            print_lines(*figures(domain, options.shared / "seed" / f"{domain}.parquet"))


def print_lines(*lines: str) -> None:
    """Print lines now: fits take minutes."""
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


def told_labels(domain: str, seed: Path, words: int) -> str:
    """Return a row: pairs by the exact Jaccard index of their reaches, and how far labels lie apart, mean."""
    table = pq.read_table(seed, columns=["text", "group", "score"])
    groups, scores = np.array(table["group"].to_pylist()), table["score"].to_numpy().astype(float)
    near_duplicates.RUN_WORDS = words
    one, other, alike = alike_pairs([cut_window(text, REACH) for text in table["text"].to_pylist()])
    clusters = near_duplicate_clusters([text.encode() for text in table["text"].to_pylist()])
    near_duplicates.RUN_WORDS = 5
    apart = np.abs(scores[one] - scores[other])
    of_one_group = (groups[:, None] == groups) & ~np.eye(len(groups), dtype=bool)
    cells = [f"{np.abs(scores[:, None] - scores)[of_one_group].mean():.2f}"]
    for low, high in pairwise(BOUNDS):
        inside = (alike >= low) & (alike < high)
        cells.append(f"{inside.sum()}: {apart[inside].mean():.2f}" if inside.any() else "0")
    across = (groups[one] != groups[other]) & (alike >= 0.5)
    cells.append(f"{across.sum()}: {apart[across].mean():.2f}")
    joined = clusters[one] == clusters[other]
    cells.append(f"{(joined & (alike >= 0.5)).sum()}, {(joined & (alike < 0.5)).sum()}")
    return f"| {domain}, {words} | {' | '.join(cells)} |"


def alike_pairs(
    texts: Sequence[str],
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Return all pairs of texts that share a run of words, and their Jaccard indices."""
    numbers: dict[str, int] = {}
    sets = [sorted({numbers.setdefault(run, len(numbers)) for run in runs_of_words(text)}) for text in texts]
    starts = np.cumsum([0, *map(len, sets)])
    runs = scipy.sparse.csr_matrix((np.ones(starts[-1], np.int32), np.concatenate(sets), starts))
    sizes, found = np.diff(starts), []
    for start in range(0, len(texts), CHUNK_ROWS):
        shared = (runs[start : start + CHUNK_ROWS] @ runs.T).tocoo()
        one, other = shared.row + start, shared.col
        alike = shared.data / (sizes[one] + sizes[other] - shared.data)
        found.append([column[one < other] for column in (one, other, alike)])
    one, other, alike = (np.concatenate(column) for column in zip(*found, strict=True))
    return one, other, alike


def counted(files: Sequence[Path]) -> str:
    """Return the cells of a row about the documents of some files."""
    tables = [pq.read_table(path, columns=["text", "group"]) for path in files]
    documents = [text.encode() for table in tables for text in table["text"].to_pylist()]
    groups = np.array([group for table in tables for group in table["group"].to_pylist()])
    started_s = time.process_time()
    clusters = near_duplicate_clusters(documents)
    spent_s = time.process_time() - started_s
    folds = fold_assignment(groups.tolist(), 0)
    sizes = {cluster: size for cluster, size in Counter(clusters.tolist()).items() if size > 1}
    wide = {cluster for cluster in sizes if len(set(groups[clusters == cluster])) > 1}
    split = {cluster for cluster in wide if len(set(folds[clusters == cluster])) > 1}
    largest = max(sizes, key=sizes.__getitem__)
    joined = joined_groups(clusters, groups)
    return " | ".join(
        (
            f"{len(documents):,}",
            f"{sum(sizes.values()):,}",
            f"{len(sizes):,}",
            f"{sizes[largest]}, {len(set(groups[clusters == largest]))}",
            f"{len(wide)}, {sum(sizes[one] for one in wide)}",
            f"{len(split)}, {sum(sizes[one] for one in split)}",
            f"{len(set(groups)):,}, {len(set(joined)):,}: {Counter(joined.tolist()).most_common(1)[0][1]:,}",
            f"{len(documents) / spent_s:,.0f}",
        )
    )


def joined_groups(clusters: NDArray[np.int64], groups: NDArray[np.str_]) -> NDArray[np.int64]:
    """Return a number for each document that groups share which any cluster joins."""
    joined = np.unique(groups, return_inverse=True)[1].astype(np.int64)
    for cluster in np.flatnonzero(np.bincount(clusters) > 1):
        met = np.unique(joined[clusters == cluster])
        joined[np.isin(joined, met)] = met[0]
    return joined


def figures(domain: str, seed: Path) -> list[str]:
    """Return rows of nested figures, by the recipe of the shipped scorer, of both ways to split."""
    labels = read_labels(str(seed))
    data = read_fit_data(labels.texts, labels.scores, labels.groups, labels.unbiased)
    fit = signals_fit(read_metrics(domain)["signals"]["kept"])
    alone = replace(data, clusters=np.arange(len(data)))
    by_lot = np.random.default_rng(0).permutation(data.clusters)
    ways = {
        "by group alone": alone,
        "by group, near-duplicates apart": data,
        "by group, as large clusters drawn by lot apart": replace(data, clusters=by_lot),
        "by document, near-duplicates apart": replace(data, groups=tuple(map(str, data.rows))),
        "by document": replace(alone, groups=tuple(map(str, data.rows))),
    }
    rows = []
    for name, one in ways.items():
        found = nested_figures(one, name, fit).summary()
        rows.append(
            f"| {domain}, {name} | {found['rho']:.4f} ± {found['rho_spread']:.4f} | "
            f"{found['auc_at_3']:.4f} ± {found['auc_at_3_spread']:.4f} |"
        )
    return rows


if __name__ == "__main__":
    main()
