"""Finds one document of a dump or a run by what the user has: a row, a row of the output, or a value."""

import os
import re
import shlex
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from filtering.errors import OutputError, SettingsError
from filtering.printable import listed, printable
from filtering.wrong_values import near_name
from pipelines.dump.batches import read_batches
from pipelines.dump.inputs import InputFile, find_inputs
from pipelines.dump.parts import Part, Parts, SetAside
from pipelines.dump.reading import open_parquet, read_footer, resolve_text_column
from pipelines.dump.rows import Row, RowReader
from pipelines.dump.rows_of_finished_runs import read_unchanged
from pipelines.names import name_of
from pipelines.object_stores import absolute
from pipelines.run_folder.decisions import RunDecisions
from pipelines.run_folder.folder import RunFolder
from pipelines.run_folder.manifest import read_set_aside, receipts_of_manifest
from pipelines.run_folder.own_files import as_written
from pipelines.run_folder.plan import Plan
from pipelines.settings.explain import ExplainConfig
from pipelines.worker.output import AddedColumns

FILES_NAMED = 5
FILES_COMPARED = 2000
"""With a name that none has: a run may have a million."""
FILE_AND_ROW = re.compile(r"(.+)#([0-9]+)")
"""What `sample` calls a document."""


@dataclass(frozen=True)
class FoundDocument:
    """A document that was asked for.

    Parameters
    ----------
    file : str
        Its file: as it is named, or, of a run, by its path below the input.
    row : Row
        The document; its number is that within the file, or within `part`.
    number : int
        Its row in the file, from 0.
    part : Part
        Of the run; of a dump, the whole file.
    passage : int
        Where a row of the output was asked for: how many rows before it are of the same document.
    """

    file: str
    row: Row
    number: int
    part: Part
    passage: int = 0


def file_of_dump(dump: str, given: str) -> str:
    """Return the name of the file of a dump that is meant: by its path, or by that below the dump.

    Raises
    ------
    SettingsError
        If there is no such dump, or no such file in it.
    """
    files = find_inputs([dump], os.devnull)
    names, whole = {name_of(given), given}, name_of(absolute(given))
    for file in files:
        if file.relative in names or file.path == whole:
            return file.path
    raise SettingsError(
        f"'file' (--file) must be one of {printable(dump)}, by its path or by that below it. "
        f"'{name_of(given)}' is not. It has {_some([file.relative for file in files], given)}."
    )


def find_in_dump(config: ExplainConfig) -> FoundDocument:
    """Return the document that settings without a run name.

    Raises
    ------
    SettingsError
        If there is no such file, column, row or value.
    BadFileError
        If a file cannot be read.
    RunError
        If the system does not let us read it.
    """
    files = find_inputs([config.file or ""], os.devnull)
    parts = [_whole(file) for file in files]
    part, place = _place(parts, config, str(config.file))
    schema = read_footer(part.path).schema
    reader = RowReader(
        resolve_text_column(schema, part.path, config.text_column), checksums=not config.ignore_checksums
    )
    (row,) = reader(part, np.array([place]))
    return FoundDocument(part.path, row, place, part)


def find_in_run(config: ExplainConfig, run: RunDecisions, good: Parts) -> FoundDocument:
    """Return the document that settings with a run name; its input must be as the run read it.

    Parameters
    ----------
    config : ExplainConfig
    run : RunDecisions
    good : Parts
        Those that could be read.

    Raises
    ------
    SettingsError
        If there is no such file, column, row or value, or an input has changed.
    OutputError
        If the output has other rows than the run decided to keep.
    BadFileError
        If a file cannot be read.
    RunError
        If the system does not let us read it.
    """
    passage = 0
    if config.output_row is not None:
        part, place, passage = _place_of_output(config, run, good)
    else:
        unread = _Unread(read_set_aside(run.folder.read_manifest()), run.plan)
        if config.row is None:
            part, place = _search(_named(good, config, unread), config, unread)
        else:
            part, place = _place_of_row(config, good, unread)
    (row,) = read_unchanged(part, np.array([place]), run.plan.facts.row_reader)
    return FoundDocument(part.relative, row, part.first_row + place, part, passage)


def _whole(file: InputFile) -> Part:
    footer = read_footer(file.path)
    groups, rows = footer.metadata.num_row_groups, footer.metadata.num_rows
    return Part("", file.path, file.relative, "", footer.size_bytes, footer.sha256, 0, groups, 0, rows, 0)


def _place(parts: Sequence[Part], config: ExplainConfig, source: str) -> tuple[Part, int]:
    """Return the part of a document of a dump, and its row in it."""
    if config.row is None:
        return _search(parts, config)
    part = _only_file(parts, source)
    _refuse_beyond(part.path, config.row, part.rows)
    return part, config.row


def _only_file(parts: Sequence[Part], source: str) -> Part:
    """Return the first part of the one file there is."""
    files = list(dict.fromkeys(part.relative for part in parts))
    if len(files) > 1:
        raise SettingsError(
            f"A row must be of one file. {source} has {len(files):,}: {_some(files)}. Name one with --file, "
            f"such as --file {files[0]}."
        )
    return parts[0]


@dataclass(frozen=True)
class _Unread:
    """What a run could not read, and its plan."""

    set_aside: Sequence[SetAside]
    plan: Plan

    @property
    def not_searched(self) -> str:
        """What was not searched for a value; empty where all was."""
        files = list(dict.fromkeys(one.relative for one in self.set_aside))
        if not files:
            return ""
        return f" Not searched, for the run could not read it: {_some(files)}. {self.plan.how_to_read}"

    def refuse_any(self, names: Container[str], path: str) -> None:
        """Raise the error for one of these files, by a name or by its path, if it was not read."""
        for one in self.set_aside:
            if one.relative in names or path.endswith(f"/{one.relative}"):
                raise self.refusal(one)

    def refusal(self, one: SetAside) -> SettingsError:
        """Return the error for a document that was not read."""
        how = self.plan.how_to_read
        return SettingsError(f"The run must have read the document. It {one.in_words} {how}")


def _named(parts: Parts, config: ExplainConfig, unread: _Unread | None = None) -> list[Part]:
    """Return the parts of the files of a run that are meant: named below its input, or as typed before."""
    given = config.file
    if given is None:
        return list(parts)
    # As it is named, or as names are shown; or by the path that the run was given.
    names = {name_of(given), given}
    found = [part for part in parts if part.relative in names]
    whole = name_of(absolute(given))
    found = found or [part for part in parts if part.path == whole or part.path.startswith(f"{whole}/")]
    if not found:  # by its last name, where one file alone has it
        alike = {part.relative for part in parts if part.relative.rpartition("/")[2] in names}
        found = [part for part in parts if part.relative in alike] if len(alike) == 1 else []
    if not found:
        if unread is not None:
            unread.refuse_any(names, whole)
        files = list(dict.fromkeys(part.relative for part in parts))
        raise SettingsError(
            f"The file must be an input of {config.run}, by its path or by that below its folder. "
            f"'{name_of(given)}' is not. Its inputs are {_some(files, given)}. For a row of its output use "
            "--output-row."
        )
    return found


def _place_of_row(config: ExplainConfig, good: Parts, unread: _Unread) -> tuple[Part, int]:
    named = _named(unread.plan.parts, config, unread)
    file, row = _only_file(named, str(config.run)).relative, config.row or 0
    of_file = [part for part in named if part.relative == file]
    _refuse_beyond(file, row, max(part.first_row + part.rows for part in of_file))
    inside = [part for part in good if part.relative == file and 0 <= row - part.first_row < part.rows]
    if not inside:
        of_same = [one for one in unread.set_aside if one.relative == file]
        raise unread.refusal(next(one for one in of_same if 0 <= row - one.first_row < one.rows))
    return inside[0], row - inside[0].first_row


def _place_of_output(config: ExplainConfig, run: RunDecisions, good: Parts) -> tuple[Part, int, int]:
    """Return the part and row that a row of the output is from, and how many rows before it are of that."""
    counts = {one.output: one.data_rows for one in receipts_of_manifest(run.folder)}
    parts = sorted(_of_output(good, config, run.folder), key=lambda part: part.output)
    left = config.output_row or 0
    for part in parts:
        count = counts[part.output]
        if left < count:
            rows = _written_rows(run, part, count)
            return part, int(rows[left]), int(np.count_nonzero(rows[:left] == rows[left]))
        left -= count
    if not any(counts[part.output] for part in parts):
        raise SettingsError(f"The output of {config.run} must have rows to explain one. Nothing was kept.")
    raise SettingsError(
        f"'output_row' (--output-row) must be below the {sum(counts[part.output] for part in parts):,} rows "
        f"of the output. Got {config.output_row:,}; the first is 0."
    )


def _of_output(good: Parts, config: ExplainConfig, folder: RunFolder) -> list[Part]:
    """Return the parts whose output files are meant: by names below ``data``, by paths, or all."""
    if config.file is None:
        return list(good)
    names = {name_of(config.file), config.file}
    whole = absolute(config.file)
    found = [
        part
        for part in good
        if part.output in names or absolute(str(folder.place_of(folder.data, part.output))) == whole
    ]
    return found or _named(good, config)


def _written_rows(run: RunDecisions, part: Part, count: int) -> NDArray[np.int64]:
    """Return which rows of a part were written: as its output says, else as the run decided."""
    facts = run.plan.facts
    column = AddedColumns.named(facts.score_column).row
    place = run.folder.place_of(run.folder.data, part.output)
    with as_written(place), open_parquet(run.folder.own_file(place)) as file:
        if column in file.schema_arrow.names and facts.write_origin:
            rows = file.read(columns=[column], use_threads=False)[column]
            return np.asarray(rows.to_numpy(), dtype=np.int64) - part.first_row
    if run.plan.settings.get("write") == "all":
        return np.arange(part.rows)
    kept = np.flatnonzero(run.of_part(part).kept)
    if len(kept) != count:
        raise OutputError(
            f"{place} must hold the {len(kept):,} rows that the run decided to keep. It holds {count:,}. "
            "Find the document by --where."
        )
    return kept


def _search(parts: Iterable[Part], config: ExplainConfig, unread: _Unread | None = None) -> tuple[Part, int]:
    """Return the first row that has the value that is looked for."""
    assert config.wanted is not None
    column, value = config.wanted
    seen: dict[str, None] = {}
    is_there = False
    for part in parts:
        names = read_footer(part.path).schema.names
        seen |= dict.fromkeys(names)
        if column not in names:
            continue
        is_there, first = True, 0
        for batch in read_batches(
            part.path,
            part.row_groups,
            [column],
            rows=part.row_range,
            checksums=not config.ignore_checksums,
        ):
            found = np.flatnonzero(_equals(batch.column(0), value))
            if len(found):
                return part, first + int(found[0])
            first += batch.num_rows
    where = config.run or config.file
    if not is_there:
        other = "Name another in --where." if config.id is None else "Name another with --id-column."
        near = near_name(column, seen)
        raise SettingsError(
            f"{where} must have the column {column!r}. Found {listed(seen) or 'no columns'}. {other}"
            + (f" Did you mean {printable(near)!r}?" if near else "")
        )
    others = listed(name for name in seen if name != column)
    elsewhere = "" if config.id is None else f" Look into another column with --id-column: {others}."
    if config.id is not None and (place := FILE_AND_ROW.fullmatch(config.id)):
        file, row = map(shlex.quote, map(printable, place.groups()))
        elsewhere = f" If a sample named it, this is its file and row: --file {file} --row {row}."
    elsewhere += "" if unread is None else unread.not_searched
    raise SettingsError(f"A document of {where} must have {value!r:.200} in {column!r}. None has.{elsewhere}")


def _equals(values: pa.Array, wanted: str) -> NDArray[np.bool_]:
    """Tell which values are the wanted one, in words."""
    try:
        words = values.cast(pa.string())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError):
        return np.array([str(value) == wanted for value in values.to_pylist()], dtype=bool)
    return np.asarray(pc.fill_null(pc.equal(words, wanted), False))


def _refuse_beyond(file: str, row: int, rows: int) -> None:
    if row >= rows:
        raise SettingsError(
            f"'row' (--row) must be below the {rows:,} rows of {file}. Got {row:,}; the first is 0."
        )


def _some(files: Sequence[str], wanted: str = "") -> str:
    """Return some of the files, those first whose names are nearest to a wanted one."""
    if len(files) <= FILES_NAMED:
        return ", ".join(files)
    near = get_close_matches(wanted, files[:FILES_COMPARED], FILES_NAMED) if wanted else []
    named = [*near, *(file for file in files[: 2 * FILES_NAMED] if file not in near)][:FILES_NAMED]
    return f"{', '.join(named)} and {len(files) - FILES_NAMED:,} more"
