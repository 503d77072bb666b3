"""Filters by other projects' means; runs in an environment of its own, which ``theirs.txt`` lists.

`side_by_side.py` makes that environment and calls a step by its name. Labels come in and verdicts go out as
Parquet, so that all are judged by the same folds and metrics.
"""

import json
import os
import sys
from collections.abc import Callable, Sequence
from functools import cache, partial
from itertools import starmap
from multiprocessing import get_context
from pathlib import Path
from tempfile import NamedTemporaryFile

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

CORES = len(os.sched_getaffinity(0))
CUT = 3.0
FOLDS = 5
FASTTEXT = {"epoch": 10, "wordNgrams": 2, "dim": 16, "bucket": 200_000, "thread": 10}
"""The best of some that were tried. Fewer threads leave weights unset, which fails at times."""
LEARNING_RATES = (0.5, 0.25, 0.1)
"""The first one with which training does not fail."""
RIDGE_PENALTY = 1.0
"""The best of .1 to 10; a logistic regression of the label at 3 ranks worse on web (AUC .82 against .85)."""
TOKENS = 512
"""That model2vec reads of a document."""
BATCH_ROWS = 1000

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]
ValuesOf = Callable[[Rows, Rows], Floats]
"""Returns the values of the second rows from what was fitted to the first."""


def distill_minilm(minilm: str, out: str) -> None:
    """Make a static embedding of MiniLM, as model2vec does by default."""
    from model2vec.distill import distill

    distill(minilm).save_pretrained(out)


def learn(seed: str, distilled: str, out: str) -> None:
    """Judge both ways of fitting by nested cross-validation, then fit each to all labels.

    Writes a column of values for each way and fold assignment, one of decisions by the first of these, and
    the models and their cuts.
    """
    table, folder = pq.read_table(seed), Path(out)
    texts, scores = table["text"].to_pylist(), table["score"].to_numpy()
    inner, rows = table["inner"].to_numpy(), np.arange(len(table))
    vectors = embedded(texts, distilled)
    ways = {
        "fasttext": partial(fasttext_values, texts, scores),
        "model2vec": partial(ridge_values, vectors, scores),
    }
    columns, cuts = {}, {}
    with get_context("fork").Pool(CORES) as workers:
        for name, values_of in ways.items():
            cut_of = partial(preferred_cut, values_of, scores, inner)
            for column in (one for one in table.column_names if one.startswith("fold_")):
                folds = table[column].to_numpy()
                splits = [(rows[folds != fold], rows[folds == fold]) for fold in range(FOLDS)]
                values = np.zeros(len(rows))
                for (_, test), found in zip(splits, workers.starmap(values_of, splits, 1), strict=True):
                    values[test] = found
                columns[f"{name}_{column}"] = values
                if column == "fold_0":  # six fits a fold: once is enough
                    found = np.array(workers.map(cut_of, [train for train, _ in splits], 1))
                    columns[f"{name}_kept"] = values >= found[folds]
            cuts[name] = cut_of(rows)
    pq.write_table(pa.table(columns), folder / "verdicts.parquet")
    train_fasttext(texts, scores).save_model(str(folder / "fasttext.bin"))
    head = fit_ridge(vectors, scores)
    np.savez(folder / "ridge.npz", weights=head.coef_, bias=head.intercept_)
    (folder / "cuts.json").write_text(json.dumps(cuts))


def preferred_cut(values_of: ValuesOf, scores: Floats, inner: Rows, rows: Rows) -> float:
    """Return the value from which keeping gives the best F1 on some rows, by values out of inner folds."""
    values = np.zeros(len(rows))
    for part in range(FOLDS):
        inside = inner[rows] == part
        values[inside] = values_of(rows[~inside], rows[inside])
    order = np.argsort(-values)
    hits = np.cumsum(scores[rows][order] >= CUT)
    return float(values[order][np.argmax(2 * hits / (np.arange(1, len(rows) + 1) + hits[-1]))])


def one_line(text: str) -> str:
    """Return a text as datatrove's filter gives it to fastText."""
    return text.strip().replace("\n", " ")


def train_fasttext(texts: Sequence[str], scores: Floats) -> object:
    """Return a fastText model of two labels."""
    import fasttext

    with NamedTemporaryFile("w", suffix=".txt") as file:
        for text, score in zip(texts, scores, strict=True):
            file.write(f"__label__{'good' if score >= CUT else 'bad'} {one_line(text)}\n")
        file.flush()
        for rate in LEARNING_RATES:
            try:
                return fasttext.train_supervised(file.name, verbose=0, lr=rate, **FASTTEXT)
            except RuntimeError:  # "Encountered NaN"
                if rate == LEARNING_RATES[-1]:
                    raise
    raise AssertionError


def fasttext_values(texts: Sequence[str], scores: Floats, train: Rows, test: Rows) -> Floats:
    """Return the chances of ``good``."""
    model = train_fasttext([texts[row] for row in train], scores[train])
    answers = (model.predict(one_line(texts[row]), k=-1) for row in test)
    return np.array([dict(zip(*answer, strict=True))["__label__good"] for answer in answers])


def embedded(texts: Sequence[str], distilled: str) -> NDArray[np.float32]:
    """Return static embeddings of texts."""
    return static_model(distilled).encode(list(texts), max_length=TOKENS)


@cache
def static_model(distilled: str) -> object:
    """Return a static embedding; a process loads it once."""
    from model2vec import StaticModel

    return StaticModel.from_pretrained(distilled)


def fit_ridge(vectors: NDArray[np.float32], scores: Floats) -> object:
    """Return a ridge regression of the labels' ranks, as edufilter's own heads are fitted."""
    from scipy.stats import rankdata
    from sklearn.linear_model import Ridge

    return Ridge(alpha=RIDGE_PENALTY).fit(vectors.astype(np.float64), rankdata(scores))


def ridge_values(vectors: NDArray[np.float32], scores: Floats, train: Rows, test: Rows) -> Floats:
    """Return estimated ranks of labels."""
    return fit_ridge(vectors[train], scores[train]).predict(vectors[test].astype(np.float64))


def filter_by_fasttext(dump: str, out: str, models: str) -> None:
    """Filter a folder by fastText through datatrove."""
    from datatrove.executor import LocalPipelineExecutor
    from datatrove.pipeline.filters import FastTextClassifierFilter
    from datatrove.pipeline.readers import ParquetReader
    from datatrove.pipeline.writers import ParquetWriter

    cut = json.loads(Path(models, "cuts.json").read_text())["fasttext"]
    added = [("file_path", pa.string()), ("__label__bad", pa.float64()), ("__label__good", pa.float64())]
    # Else the schema is that of the first document, and a column that is null there fails later.
    schema = pa.schema([*pq.read_schema(next(Path(dump).iterdir())), *starmap(pa.field, added)])
    steps = [
        ParquetReader(dump),
        FastTextClassifierFilter(f"{models}/fasttext.bin", ("good", cut), newline_replacement=" "),
        ParquetWriter(f"{out}/data", compression="zstd", expand_metadata=True, schema=schema),
    ]
    LocalPipelineExecutor(steps, tasks=CORES, workers=CORES, logging_dir=f"{out}/logs").run()


def filter_by_model2vec(dump: str, out: str, models: str, distilled: str) -> None:
    """Filter a folder by a static embedding and a ridge head, a file a process."""
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    with get_context("fork").Pool(CORES) as workers:
        workers.map(partial(filter_file, out, models, distilled), sorted(Path(dump).iterdir()), chunksize=1)


def filter_file(out: str, models: str, distilled: str, path: Path) -> None:
    """Write the rows of a file that a static embedding and a ridge head keep."""
    cut = json.loads(Path(models, "cuts.json").read_text())["model2vec"]
    head = np.load(f"{models}/ridge.npz")
    with pq.ParquetFile(path) as file:
        writer = pq.ParquetWriter(Path(out, path.name), file.schema_arrow, compression="zstd")
        with writer:
            for batch in file.iter_batches(BATCH_ROWS):
                values = embedded(batch["text"].to_pylist(), distilled) @ head["weights"] + head["bias"]
                writer.write_batch(batch.filter(pa.array(values >= cut)))


STEPS = {
    "distill": distill_minilm,
    "learn": learn,
    "fasttext": filter_by_fasttext,
    "model2vec": filter_by_model2vec,
}

if __name__ == "__main__":
    STEPS[sys.argv[1]](*sys.argv[2:])
