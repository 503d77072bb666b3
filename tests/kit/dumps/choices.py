"""A dump whose documents have languages, sites and paths; and what a run stored of each."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.dataset
import pyarrow.parquet as pq

from pipelines.run_folder.folder import RunFolder
from pipelines.run_folder.stored_scores import read_scores
from tests.kit.dumps.small import make_texts

LANGUAGES = ("en", "en", "en", "en", "de", "de", "fr", None)
ROWS = (130, 70, 40)


def write_mixed_dump(folder: Path) -> Path:
    """Write three files of documents with a language, an address, a path and a year; some have no text."""
    first = 0
    for number, count in enumerate(ROWS):
        ids = range(first, first + count)
        texts = make_texts(count, seed=number)
        texts[3], texts[9] = None, texts[8]
        table = pa.table(
            {
                "id": pa.array(ids, pa.int64()),
                "text": pa.array(texts, pa.string()),
                "language": pa.array([LANGUAGES[one % 8] for one in ids], pa.string()),
                "url": [f"https://www.site{one % 3}.example/{one % 5}/{one}" for one in ids],
                "path": [f"src/{'ab'[one % 2]}/{one}.py" for one in ids],
                "year": pa.array([2020 + one % 2 for one in ids], pa.int16()),
                "many": [f"value {one}" for one in ids],
            }
        )
        folder.mkdir(parents=True, exist_ok=True)
        pq.write_table(table, folder / f"{number}.parquet", row_group_size=30)
        first += count
    return folder


def stored_rows(out: Path, dump: Path) -> list[dict]:
    """Return what a run stored of each document in the order of its plan, with what the dump says of it."""
    folder, rows = RunFolder(str(out)), []
    for part in folder.read_plan().parts:
        columns = read_scores(folder, part, "edu_score", "edu_bytes")
        table = pq.read_table(dump / part.relative).slice(part.first_row, part.rows).to_pylist()
        for row, score, size in zip(table, *(column.tolist() for column in columns), strict=True):
            rows.append({**row, "score": None if np.isnan(score) else score, "size": size})
    return rows


def written(out: Path) -> list[dict]:
    """Return the rows that a run wrote."""
    return pyarrow.dataset.dataset(Path(out) / "data").to_table().to_pylist()


def best_first(rows: list[dict]) -> list[dict]:
    """Return documents with a score, the best first; of equal ones the first of the plan."""
    return sorted((row for row in rows if row["score"] is not None), key=lambda row: -row["score"])


def within(rows: list[dict], most: float) -> list[dict]:
    """Return the first of some documents whose bytes do not exceed so many."""
    ends = np.cumsum([row["size"] for row in rows])
    return rows[: int(np.searchsorted(ends, most, side="right"))]


def ids(rows: list[dict]) -> list[int]:
    """Return their ids, sorted."""
    return sorted(row["id"] for row in rows)
