"""The tasks that a run looks for: those of its benchmarks, with what its settings say of them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from filtering.errors import BadFileError, SettingsError
from filtering.leaks import Task, read_benchmark
from filtering.leaks.benchmark_files import find_benchmarks
from filtering.leaks.search import COMMON_TEXT
from filtering.leaks.settings import benchmark_name
from filtering.printable import listed, printable
from filtering.regular_files import check_regular
from pipelines.dump.reading import open_parquet
from pipelines.paths import path_of
from pipelines.settings.runs import BenchmarkSettings
from pipelines.store.leaked_items import CONTAMINATED, FILE, MANY_SITES, read_items


def gather_tasks(
    against: Sequence[str],
    settings: BenchmarkSettings = BenchmarkSettings(),  # noqa: B008 - it is frozen
) -> tuple[Task, ...]:
    """Return the tasks of benchmarks: of files, folders of such, and patterns.

    Raises
    ------
    SettingsError
        If one cannot be read, as `filtering.leaks.read_benchmark` says; or if two files of one name have
        tasks of one id; or if fields are those of no benchmark; or if the file of common items cannot be
        read.
    """
    fields = {one.benchmark: one.fields for one in settings.fields}
    files = [file for one in against for file in find_benchmarks(one)]
    names = [benchmark_name(file) for file in files]
    if unknown := sorted(fields.keys() - {"", *names}):
        raise SettingsError(
            f"'fields' (--fields) must begin with the name of a benchmark of the run: {listed(names)}. Got "
            f"'{printable(unknown[0])}' instead."
        )
    try:
        tasks = [
            task
            for path, name in zip(files, names, strict=True)
            for task in read_benchmark(path, fields.get(name, fields.get("")))
        ]
    except BadFileError as error:  # a benchmark is a setting, not data
        raise SettingsError(str(error)) from error
    repeated = [
        one for one, count in Counter((task.benchmark, task.id) for task in tasks).items() if count > 1
    ]
    if repeated:
        raise SettingsError(
            "Benchmarks must differ in their names or in the ids of their tasks. "
            f"{repeated[0][0]!r} comes twice with the task {repeated[0][1]!r}. Name each file once."
        )
    common = set() if settings.common_items is None else _common_items(settings.common_items)
    return tuple(
        replace(one, passage_leaks=settings.passage_leaks, is_common=(one.benchmark, one.id) in common)
        for one in tasks
    )


def _common_items(path: str) -> set[tuple[str, str]]:
    """Return the benchmark and task of items that an earlier run found on more than `MANY_SITES`."""
    try:
        place = path_of(path)
        if isinstance(place, Path):
            check_regular(place, (place.resolve().parent,))
        with open_parquet(place) as file:
            table = read_items(file)
    except Exception as error:  # pyarrow raises nearly any
        raise SettingsError(
            f"'common_items' (--common-items) must be run/{FILE} of a run. "
            f"Got '{printable(path)}', which cannot be read ({type(error).__name__})."
        ) from error
    is_many = pc.fill_null(pc.greater(table["sites"], MANY_SITES), False)
    is_found = pc.is_in(table["status"], pa.array([CONTAMINATED, COMMON_TEXT]))
    chosen = table.filter(pc.and_(is_many, is_found))
    return set(zip(chosen["benchmark"].to_pylist(), chosen["task"].to_pylist(), strict=True))
