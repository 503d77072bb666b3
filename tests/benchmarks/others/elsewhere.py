"""Times a scorer inside other libraries, beside itself alone, on one core: see docs/how-to/elsewhere.md.

A library that is not installed is left out, and named. What each run begins with is not counted: a worker,
say.

    python -m tests.benchmarks.others.elsewhere --shared ../shared
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from statistics import median

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from filtering import load_scorer
from pipelines import FilterConfig, filter_dump
from pipelines.progress import ConsoleReporter
from tests.benchmarks.measure import Run, alternate, rate, ratios, timed

RUNS = 3
SCORER = load_scorer("web")
SPARK_SCHEMA = "text string, edu_score float, edu_reason string"
START_DOCUMENTS = 32
"""Of the runs that tell what each run begins with: a worker of Ray, say."""
Step = Callable[[Path], object]


@contextmanager
def alone() -> Iterator[Step]:
    """Give the scorer the column of texts."""
    yield lambda dump: pc.sum(SCORER.score_arrow(pq.read_table(dump, columns=["text"])["text"]))


@contextmanager
def edufilter_filter() -> Iterator[Step]:
    """Run the whole verb, which also writes rows, scores and receipts."""

    def run(dump: Path) -> None:
        with tempfile.TemporaryDirectory() as folder:
            config = FilterConfig(inputs=[dump], out=Path(folder, "out"), effort="fast", workers=1)
            filter_dump(config, reporter=ConsoleReporter("none"))

    yield run


@contextmanager
def in_pandas() -> Iterator[Step]:
    """Score a column of a frame."""
    import pandas

    yield lambda dump: SCORER.score_arrow(pa.array(pandas.read_parquet(dump)["text"])).to_pandas().sum()


@contextmanager
def in_polars() -> Iterator[Step]:
    """Score a column of a lazy frame."""
    import polars

    def score(texts: polars.Series) -> polars.Series:
        return polars.Series(SCORER.score_arrow(texts.to_arrow()))

    column = polars.col("text").map_batches(score, return_dtype=polars.Float32, is_elementwise=True)
    yield lambda dump: polars.scan_parquet(dump).select(column.sum()).collect()


@contextmanager
def in_duckdb() -> Iterator[Step]:
    """Score by a function of SQL."""
    import duckdb
    from duckdb.sqltypes import FLOAT, VARCHAR

    with duckdb.connect(config={"threads": 1}) as database:
        database.create_function(
            "edu_score", SCORER.score_arrow, [VARCHAR], FLOAT, type="arrow", null_handling="special"
        )
        yield lambda dump: database.sql(f"SELECT sum(edu_score(text)) FROM '{dump}'").fetchall()


@contextmanager
def in_datasets() -> Iterator[Step]:
    """Map a data set in the format of Arrow; that of Parquet was read before."""
    import datasets

    datasets.disable_progress_bars()
    to_map = SCORER.as_map(unsure="keep")
    with tempfile.TemporaryDirectory() as cache:

        def run(dump: Path) -> object:
            pages = datasets.Dataset.from_parquet(str(dump), cache_dir=cache).with_format("arrow")
            scored = pages.map(to_map, batched=True, load_from_cache_file=False)
            return pc.sum(scored.data["edu_score"])

        yield run


@contextmanager
def in_datatrove() -> Iterator[Step]:
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

    yield lambda dump: sum(
        1 for _ in Score(batch_size=1000).run(ParquetReader(str(dump.parent), doc_progress=False).run())
    )


@contextmanager
def in_ray_data() -> Iterator[Step]:
    """Score batches of Arrow in a worker."""
    import ray

    ray.init("local", num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="CRITICAL")
    ray.data.DataContext.get_current().enable_progress_bars = False
    to_map = SCORER.as_map(unsure="keep")

    def run(dump: Path) -> object:
        pages = ray.data.read_parquet(str(dump)).select_columns(["text"])
        return pages.map_batches(to_map, batch_format="pyarrow").sum("edu_score")

    yield run
    ray.shutdown()


@contextmanager
def in_spark() -> Iterator[Step]:
    """Score record batches in a worker of Python."""
    from pyspark.sql import SparkSession

    to_map = SCORER.as_map(unsure="keep")
    builder = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false")
    spark = builder.config("spark.log.level", "OFF").getOrCreate()

    def run(dump: Path) -> object:
        pages = spark.read.parquet(str(dump)).select("text")
        scored = pages.mapInArrow(lambda batches: map(to_map, batches), SPARK_SCHEMA)
        return scored.selectExpr("sum(edu_score)").collect()

    yield run
    spark.stop()


@contextmanager
def in_nemo_curator() -> Iterator[Step]:
    """Score a batch as a stage does, without an executor, which is Ray's."""
    from nemo_curator.stages.base import ProcessingStage
    from nemo_curator.tasks import DocumentBatch

    to_map = SCORER.as_map(unsure="keep")

    class Score(ProcessingStage[DocumentBatch, DocumentBatch]):
        name = "edufilter"

        def process(self, task: DocumentBatch) -> DocumentBatch:
            return DocumentBatch(dataset_name=task.dataset_name, data=to_map(task.to_pyarrow()))

    stage = Score()
    yield lambda dump: pc.sum(
        stage.process(DocumentBatch(dataset_name="pages", data=pq.read_table(dump))).data["edu_score"]
    )


WAYS = {
    "`edufilter filter --workers 1`, which also writes": edufilter_filter,
    "pandas": in_pandas,
    "polars": in_polars,
    "DuckDB": in_duckdb,
    "datasets": in_datasets,
    "datatrove": in_datatrove,
    "Ray Data": in_ray_data,
    "Spark": in_spark,
    "NeMo Curator, the stage alone": in_nemo_curator,
}


def say(line: str) -> None:
    """Print a line of the table."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def compare(step: Step, bare: Step, dump: Path, few: Path) -> list[tuple[Run, ...]]:
    """Return runs of a step, less what it takes for hardly any documents, beside runs of the scorer alone."""
    pairs = alternate(lambda: timed(lambda: step(dump)), lambda: timed(lambda: bare(dump)), runs=RUNS)
    start_s = median(timed(lambda: step(few)).wall_s for _ in range(RUNS))
    return [(replace(one, wall_s=one.wall_s - start_s), other) for one, other in pairs]


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
        dump, few = Path(folder, "dump", "a.parquet"), Path(folder, "few", "a.parquet")
        for path, some in ((dump, table), (few, table.slice(0, START_DOCUMENTS))):
            path.parent.mkdir()
            pq.write_table(some, path)
        say("| where | documents/s | against the scorer alone |\n| --- | --- | --- |")
        all_alone = []
        for name in options.only or WAYS:
            try:
                with alone() as bare, WAYS[name]() as step:
                    pairs = compare(step, bare, dump, few)
            except ImportError as error:
                sys.stderr.write(f"{name} is left out: {error}\n")
                continue
            all_alone += [one for _, one in pairs]
            say(f"| {name} | {rate(len(table), [one for one, _ in pairs])} | {ratios(pairs)} |")
        say(f"| the scorer alone (`score_arrow`) | {rate(len(table), all_alone)} | 1 |")


if __name__ == "__main__":
    main()
