"""Times a scorer inside other libraries, beside itself alone, on one core: see docs/how-to/elsewhere.md.

A library that is not installed is left out, and named. Starting one (imports, a JVM, a cluster) is not timed.

    python tests/benchmarks/elsewhere.py --shared ../shared
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from measure import alternate, rate, ratios, timed

from filtering import load_scorer
from pipelines import FilterConfig, filter_dump
from pipelines.progress import ConsoleReporter

RUNS = 3
SCORER = load_scorer("web")
SPARK_SCHEMA = "text string, edu_score float, edu_reason string"
Step = Callable[[], object]


@contextmanager
def alone(dump: Path) -> Iterator[Step]:
    """Give the scorer the column of texts."""
    yield lambda: pc.sum(SCORER.score_arrow(pq.read_table(dump, columns=["text"])["text"]))


@contextmanager
def edufilter_filter(dump: Path) -> Iterator[Step]:
    """Run the whole verb, which also writes rows, scores and receipts."""

    def run() -> None:
        with tempfile.TemporaryDirectory() as folder:
            config = FilterConfig(inputs=[dump], out=Path(folder, "out"), effort="fast", workers=1)
            filter_dump(config, reporter=ConsoleReporter("none"))

    yield run


@contextmanager
def in_pandas(dump: Path) -> Iterator[Step]:
    """Score a column of a frame."""
    import pandas

    yield lambda: SCORER.score_arrow(pa.array(pandas.read_parquet(dump)["text"])).to_pandas().sum()


@contextmanager
def in_polars(dump: Path) -> Iterator[Step]:
    """Score a column of a lazy frame."""
    import polars

    def score(texts: polars.Series) -> polars.Series:
        return polars.Series(SCORER.score_arrow(texts.to_arrow()))

    column = polars.col("text").map_batches(score, return_dtype=polars.Float32, is_elementwise=True)
    yield lambda: polars.scan_parquet(dump).select(column.sum()).collect()


@contextmanager
def in_duckdb(dump: Path) -> Iterator[Step]:
    """Score by a function of SQL."""
    import duckdb
    from duckdb.sqltypes import FLOAT, VARCHAR

    with duckdb.connect(config={"threads": 1}) as database:
        database.create_function(
            "edu_score", SCORER.score_arrow, [VARCHAR], FLOAT, type="arrow", null_handling="special"
        )
        yield lambda: database.sql(f"SELECT sum(edu_score(text)) FROM '{dump}'").fetchall()


@contextmanager
def in_datasets(dump: Path) -> Iterator[Step]:
    """Map a data set, whose batches are of Python values by default."""
    import datasets

    datasets.disable_progress_bars()
    to_map = SCORER.as_map(unsure="keep")
    with tempfile.TemporaryDirectory() as cache:
        pages = datasets.Dataset.from_parquet(str(dump), cache_dir=cache)
        pages = pages.with_format("arrow").select_columns("text")
        yield lambda: sum(
            one or 0
            for one in pages.map(to_map, batched=True, load_from_cache_file=False)["edu_score"].to_pylist()
        )


@contextmanager
def in_datatrove(dump: Path) -> Iterator[Step]:
    """Score documents of a reader, by hundreds."""
    from datatrove.pipeline.filters.base_filter import BaseFilter
    from datatrove.pipeline.readers import ParquetReader
    from loguru import logger

    logger.remove()

    class Score(BaseFilter):
        def filter(self, doc: object) -> bool:
            return self.filter_batch([doc])[0]

        def filter_batch(self, batch: list) -> list[bool]:
            return [value >= 3 for value in SCORER.score([doc.text for doc in batch]).value.tolist()]

    yield lambda: sum(
        1 for _ in Score(batch_size=1000).run(ParquetReader(str(dump.parent), doc_progress=False).run())
    )


@contextmanager
def in_ray_data(dump: Path) -> Iterator[Step]:
    """Score batches of Arrow in a worker."""
    import ray

    ray.init("local", num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="CRITICAL")
    ray.data.DataContext.get_current().enable_progress_bars = False
    pages = ray.data.read_parquet(str(dump)).select_columns(["text"])
    yield lambda: pages.map_batches(SCORER.as_map(unsure="keep"), batch_format="pyarrow").sum("edu_score")
    ray.shutdown()


@contextmanager
def in_spark(dump: Path) -> Iterator[Step]:
    """Score record batches in a worker of Python."""
    from pyspark.sql import SparkSession

    to_map = SCORER.as_map(unsure="keep")
    builder = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false")
    spark = builder.config("spark.log.level", "OFF").getOrCreate()
    pages = spark.read.parquet(str(dump)).select("text")
    scored = pages.mapInArrow(lambda batches: map(to_map, batches), SPARK_SCHEMA)
    yield lambda: scored.selectExpr("sum(edu_score)").collect()
    spark.stop()


WAYS = {
    "`edufilter filter --workers 1`, which also writes": edufilter_filter,
    "pandas": in_pandas,
    "polars": in_polars,
    "DuckDB": in_duckdb,
    "datasets": in_datasets,
    "datatrove": in_datatrove,
    "Ray Data": in_ray_data,
    "Spark": in_spark,
}


def say(line: str) -> None:
    """Print a line of the table."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    """Print the table."""
    # Before libraries count the cores; a JVM and a cluster inherit it.
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    os.environ |= {"POLARS_MAX_THREADS": "1", "PYSPARK_PYTHON": sys.executable}
    os.environ |= {"RAY_DATA_PARQUET_FOOTER_NUM_ACTORS": "1"}  # else 32 processes for one file
    pa.set_cpu_count(1)
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shared", type=Path, default=Path("../shared"))
    parser.add_argument("--only", choices=WAYS, action="append")
    options = parser.parse_args()
    table = pq.read_table(options.shared / "pool" / "web.parquet", columns=["text"])
    with tempfile.TemporaryDirectory() as folder:
        dump = Path(folder, "dump", "a.parquet")
        dump.parent.mkdir()
        pq.write_table(table, dump)
        say("| where | documents/s | against the scorer alone |\n| --- | --- | --- |")
        all_alone = []
        for name in options.only or WAYS:
            try:
                with alone(dump) as bare, WAYS[name](dump) as step:
                    pairs = alternate(lambda step=step: timed(step), lambda bare=bare: timed(bare), runs=RUNS)
            except ImportError as error:
                sys.stderr.write(f"{name} is left out: {error}\n")
                continue
            all_alone += [one for _, one in pairs]
            say(f"| {name} | {rate(len(table), [one for one, _ in pairs])} | {ratios(pairs)} |")
        say(f"| the scorer alone (`score_arrow`) | {rate(len(table), all_alone)} | 1 |")


if __name__ == "__main__":
    main()
