"""The tasks that a run looks for: those of its benchmarks, with what its settings say of them."""

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pyarrow as pa

from filtering.errors import BadFileError, SettingsError
from filtering.leaks import Task, read_benchmark
from filtering.leaks.benchmark_files import find_benchmarks
from filtering.leaks.hits import COMMON_TEXT
from filtering.leaks.settings import benchmark_name
from filtering.printable import listed, printable
from filtering.regular_files import check_regular
from pipelines.dump.reading import open_parquet
from pipelines.object_stores import path_of
from pipelines.run_folder.leaked_items import CONTAMINATED, FILE, on_many_sites, read_items
from pipelines.settings.runs import BenchmarkSettings

LONG_QUESTION = 2000
"""Characters; questions of benchmarks have 50 to 500, pages of the web 2,700, each at the median."""


def gather_tasks(
    against: Sequence[str],
    settings: BenchmarkSettings = BenchmarkSettings(),  # noqa: B008 - it is frozen
    searched: Sequence[str] = (),
) -> tuple[Task, ...]:
    """Return the tasks of benchmarks: of files, folders of such, and patterns.

    Parameters
    ----------
    against : sequence of str
    settings : BenchmarkSettings
    searched : sequence of str
        Files of the dump, none of which can be a benchmark too.

    Raises
    ------
    SettingsError
        If one cannot be read, as `filtering.leaks.read_benchmark` says; or if two files of one name have
        tasks of one id; or if fields are those of no benchmark; or if the file of common items cannot be
        read; or if a file is also one of `searched`.
    """
    fields = {one.benchmark: one.fields for one in settings.fields}
    files = [file for one in against for file in find_benchmarks(one)]
    dump = {os.path.realpath(one) for one in searched} if files else set()
    if both := [file for file in files if os.path.realpath(file) in dump]:
        raise SettingsError(
            "'against' (--against) must name files of benchmarks, none of which is a file of the dump. Got "
            f"'{printable(str(both[0]))}', which is both: each of its documents would be taken for a leak. "
            "Name the file of a benchmark, or move that file out of the dump."
        )
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
    ids = {(task.benchmark, task.id) for task in tasks}
    if len(ids) < len(tasks):
        _refuse_repeated(tasks, files)
    common: set[tuple[str, str]] = set()
    if settings.common_items is not None:
        items = _items_of(settings.common_items)
        if items.num_rows and not _ids_of(items) & ids:
            raise SettingsError(
                "'common_items' (--common-items) must have tasks of the run. It has none: its tasks are of "
                f"{listed(sorted({printable(name) for name, _ in _ids_of(items)}))}, the run looks for "
                f"{listed(sorted(set(names)))}. A benchmark is called as its file: give the file the name "
                "that it had, or leave --common-items out."
            )
        common = _ids_of(on_many_sites(items, [CONTAMINATED, COMMON_TEXT]))
    if settings.passage_leaks:
        tasks = [replace(one, passage_leaks=True) for one in tasks]
    return tuple(replace(one, is_common=True) if (one.benchmark, one.id) in common else one for one in tasks)


def doubt_of_tasks(tasks: Sequence[Task]) -> str:
    """Return why a benchmark may be none, such as a dump in its place; empty if nothing says so.

    Examples
    --------
    >>> pages = [Task(str(at), "web", 900 * "page ", "", kind="prose") for at in range(9)]
    >>> doubt_of_tasks(pages).partition(".")[0]
    'Half of the questions of web have 4,500 characters and more'
    >>> doubt_of_tasks([Task("a", "mine", "Why?", "", kind="prose")])
    ''
    """
    lengths: dict[str, list[int]] = {}
    for task in tasks:
        if task.kind == "prose":
            # Pages have paragraphs before their last one, which pass for what a question is about.
            before = "" if task.solution else task.passage
            lengths.setdefault(task.benchmark, []).append(len(before) + len(task.prompt))
    middle = {name: sorted(some)[len(some) // 2] for name, some in lengths.items()}
    if not (long := {name: count for name, count in middle.items() if count > LONG_QUESTION}):
        return ""
    name = max(long, key=lambda one: long[one])
    return (
        f"Half of the questions of {name} have {long[name]:,} characters and more. Is it a benchmark? Every "
        "document that has the end of one is taken for a leak. If a field holds what the question is about, "
        f"name it: --fields {name}:question=NAME,passage=NAME"
    )


def _refuse_repeated(tasks: Sequence[Task], files: Sequence[Path]) -> None:
    counts = Counter((task.benchmark, task.id) for task in tasks)
    name, task = next(one for one, count in counts.items() if count > 1)
    paths = [file for file in files if benchmark_name(file) == name]
    is_once = len({file.resolve() for file in paths}) == len(paths)
    raise SettingsError(
        f"Benchmarks must differ in their names or in the ids of their tasks. {name!r} comes twice with the "
        f"task {task!r}: {listed([printable(str(file)) for file in paths])}. "
        f"{'Give one of them another name.' if is_once else 'Name each file once.'}"
    )


def common_in_words(tasks: Sequence[Task]) -> str:
    """Return how many tasks of each benchmark are common text.

    Examples
    --------
    >>> common_in_words([Task("a", "arc", "Why?", "", is_common=True), Task("b", "gsm8k", "How?", "")])
    'Common items (--common-items), by benchmark: arc 1, gsm8k none.'
    """
    counts = Counter({one.benchmark: 0 for one in tasks})
    counts.update(one.benchmark for one in tasks if one.is_common)
    named = ", ".join(f"{name} {f'{count:,}' if count else 'none'}" for name, count in sorted(counts.items()))
    return f"Common items (--common-items), by benchmark: {named}."


def _ids_of(items: pa.Table) -> set[tuple[str, str]]:
    """Return the benchmark and task of each item."""
    return set(zip(items["benchmark"].to_pylist(), items["task"].to_pylist(), strict=True))


def _items_of(path: str) -> pa.Table:
    """Return the items that an earlier run wrote down."""
    try:
        place = path_of(path)
        if isinstance(place, Path):
            place = place / "run" / FILE if place.is_dir() else place
            check_regular(place, (place.resolve().parent,))
        with open_parquet(place) as file:
            return read_items(file)
    except Exception as error:  # pyarrow raises nearly any
        what = "which is no such file" if "://" in path or os.path.lexists(path) else "which is not there"
        raise SettingsError(
            f"'common_items' (--common-items) must be run/{FILE} of a run, or the folder of that run. "
            f"Got '{printable(path)}', {what}."
        ) from error
