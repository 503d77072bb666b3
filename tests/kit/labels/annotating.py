"""Writes samples, has them annotated, and reads the labels."""

import os

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from pipelines import AnnotateConfig
from tests.kit.dumps.small import make_texts

KEY = "sk-sentinel-9876543210"


def write_sample(path, rows, **columns):
    """Write texts with groups, picks and probabilities; columns that are given replace these."""
    texts = [f"{text} Page {number}." for number, text in enumerate(make_texts(rows, seed=3))]
    table = pa.table(
        {
            "id": [f"d{number}" for number in range(rows)],
            "text": texts,
            "group": [f"site-{number % 20}" for number in range(rows)],
            "picked": ["stratified" if number % 2 else "high" for number in range(rows)],
            "probability": [0.25 if number % 2 else None for number in range(rows)],
            **columns,
        }
    )
    pq.write_table(table, path)
    return str(path)


def config(sample, tmp_path, **changed):
    """Return settings that ask one model about a sample."""
    values = {"sample": sample, "out": tmp_path / "labels", "models": ("scripted",), **changed}
    return AnnotateConfig(**values)


def read(out, name="labels.parquet"):
    """Return the rows of a table in a folder of labels."""
    return pq.read_table(out / name).to_pylist()


def annotate_process(begin, sample, out, url, *options):
    """Begin the command in a process of its own."""
    arguments = ["annotate", sample, "--model", "scripted", "--base-url", url, "--out", out, *options]
    return begin(*arguments, env={**os.environ, "OPENAI_API_KEY": KEY})
