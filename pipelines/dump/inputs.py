"""Which files an input means: files, folders and patterns, on this machine or in an object store."""

import fnmatch
import os
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path, PurePosixPath

from filtering.errors import OutputError, RunError, SettingsError
from filtering.printable import listed, printable
from filtering.wrong_values import near_path
from pipelines.dump.other_formats import how_to_convert_all, is_converted, is_table
from pipelines.names import name_of
from pipelines.object_stores import AnyPath, StorePath, is_store

PARQUET_SUFFIXES = (".parquet", ".parq", ".pq")
WILDCARDS = frozenset("*?[")
HIDDEN = (".", "_")
NOTE = re.compile(r"(?i:readme|licen[cs]e)\b")
"""Begins the name of a file that says what a folder holds, as nearly every data set has one."""
NAMES_SHOWN = 5
"""Of files that are left out."""

Parts = tuple[str, ...]
"""A path below a root, part by part."""


@dataclass(frozen=True)
class InputFile:
    """One input file and the path that its output gets; both as names (`pipelines.names`)."""

    path: str
    relative: str


@dataclass(frozen=True)
class _Found:
    """What lies behind one input: the files that it means, and the names and paths of others in its folder.

    What a pattern passes by is not meant to be read, and is told only where it finds nothing.
    """

    files: Sequence[InputFile]
    others: Sequence[InputFile] = ()
    is_pattern: bool = False


def find_inputs(
    inputs: Iterable[str], out: str, tell: Callable[[str], object] | None = None
) -> list[InputFile]:
    """Return the Parquet files behind files, folders and glob patterns, by relative path.

    Hidden files, ``.crc`` files and names that start with an underscore are not data and are left
    out, below folders with such names too. In folders, files with other suffixes are left out as
    well; a file that is named, or found by a pattern, is taken by any name. A folder that a pattern
    finds is read as one if it is called like a Parquet file, as Spark and Dask do.

    Whether there is a file behind a name, and not a pipe or a link to nothing, is seen where it is opened.

    Parameters
    ----------
    inputs : iterable of str
    out : str
    tell : callable, optional
        Is told which files of the folders are left out, in one line; nobody is if not given.

    Raises
    ------
    SettingsError
        If an input does not exist, holds no Parquet file, leads out of its own root, or two files
        would have one relative path.
    OutputError
        If `out` lies inside one of the inputs.
    """
    found: dict[str, InputFile] = {}
    beside: dict[str, str] = {}
    for given in inputs:
        behind = _in_store(given, out) if is_store(given) else _on_disk(given, out)
        if not behind.files:
            raise _found_none(given, [other.path for other in behind.others])
        names = {file.relative for file in behind.files}
        if not behind.is_pattern:
            beside |= {
                one.relative: one.path
                for one in behind.others
                if not is_converted(one.relative, names) and not NOTE.match(PurePosixPath(one.relative).name)
            }
        for file in behind.files:
            before = found.setdefault(file.relative, file)
            if before.path != file.path:
                raise SettingsError(
                    f"Two inputs must not have one relative path. Got '{file.relative}' from '{before.path}' "
                    f"and '{file.path}'. Run them into two outputs, or name a folder above both."
                )
    if beside and tell is not None:
        advice = how_to_convert_all([*filter(is_table, beside.values())], "run the same again")
        tell(f"Not Parquet, so not read: {_some(sorted(beside))}.{advice and f' {advice}'}")
    return [found[relative] for relative in sorted(found)]


def _some(names: Sequence[str]) -> str:
    rest = f" and {len(names) - NAMES_SHOWN:,} more" if len(names) > NAMES_SHOWN else ""
    return f"{listed(names[:NAMES_SHOWN])}{rest}"


def _on_disk(given: str, out: str) -> _Found:
    pattern: Parts = ()
    if not os.path.lexists(given):
        if not WILDCARDS & set(given):
            raise _missing(given)
        pattern = _pattern_parts(given)
        root = os.path.realpath(Path(*Path(given).parts[: -len(pattern)]))
    elif os.path.isdir(given):
        _refuse_run(given, Path(given))
        root = os.path.realpath(given)
    else:
        folder, name = os.path.split(given)
        return _Found([_inside(os.path.realpath(folder or "."), (name,))])
    if not is_store(out):
        below = Path(os.path.realpath(out))
        if below.is_relative_to(root) and _reaches(pattern, below.relative_to(root).parts):
            raise _out_inside(given, out)
    others: list[InputFile] = []

    def is_wanted(parts: Parts) -> bool:
        if _is_wanted(parts, pattern):
            return True
        if _is_data(parts):
            others.append(InputFile(name_of(os.path.join(root, *parts)), name_of("/".join(parts))))
        return False

    found = list(_walk(root, pattern, is_wanted))
    files = [_inside(root, parts, is_pattern=bool(pattern)) for parts in found]
    return _Found(files, others, is_pattern=bool(pattern))


def _inside(root: str, parts: Parts, *, is_pattern: bool = False) -> InputFile:
    path = os.path.join(root, *parts)
    # Links alone can lead out, and looking each path up takes as long as reading its footer.
    if is_pattern or os.path.islink(path):
        target = os.path.realpath(path)
        is_there = os.path.isfile(target) or os.path.isdir(target)
        if is_there and not Path(target).is_relative_to(root):
            raise SettingsError(
                f"An input must not lead out of its own folder. '{name_of(path)}' is a link to "
                f"'{name_of(target)}'. Name '{name_of(target)}' as an input instead."
            )
    return InputFile(name_of(path), name_of("/".join(parts)))


def _walk(root: str, pattern: Parts, is_wanted: Callable[[Parts], bool]) -> Iterator[Parts]:
    """Yield the wanted files of the folders that a pattern leads into; of all below, if there is none.

    Of links to folders only those that a pattern's own parts name are followed, so that no circle is endless.
    Others that lead elsewhere are yielded, to be refused; the rest lead to what is found anyway.
    """
    waiting: list[Parts] = [()]
    while waiting:
        above = waiting.pop()
        for entry in _entries(os.path.join(root, *above)):
            parts = (*above, entry.name)
            if entry.name.startswith(HIDDEN):
                continue
            if not (os.path.isdir(entry.path) if entry.is_symlink() else entry.is_dir()):
                if is_wanted(parts):
                    yield parts
            elif not pattern or _leads_on(parts, pattern) or _in_parquet_folder(parts, pattern):
                steps = "**" not in pattern and len(parts) <= len(pattern)
                if not entry.is_symlink() or steps:
                    waiting.append(parts)
                elif not Path(os.path.realpath(entry.path)).is_relative_to(root):
                    yield parts


def _entries(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except (FileNotFoundError, NotADirectoryError):  # a pattern below no folder; one that went meanwhile
        return []
    except OSError as error:
        raise RunError(
            f"Each folder of an input must be readable. '{name_of(folder)}': {error.strerror}. "
            "Mend that, then run the same again."
        ) from error


def _out_inside(given: str, out: str) -> OutputError:
    return OutputError(
        f"OUT must not lie inside an input. Got '{printable(out)}' inside '{printable(given)}'. "
        "Choose another --out."
    )


def _reaches(pattern: Parts, out: Parts) -> bool:
    """Tell whether an input may come to hold files of ``out/data``: a pattern may be too shallow for that."""
    if not pattern or "**" in pattern or len(pattern) >= len(out) + 2:
        return True
    return _in_parquet_folder(out, pattern)


def _pattern_parts(given: str) -> Parts:
    """Return the parts of a pattern from the first that holds a wildcard on."""
    parts = PurePosixPath(given).parts
    first = next(index for index, part in enumerate(parts) if WILDCARDS & set(part))
    if ".." in parts[first:]:
        raise SettingsError(
            f"A pattern must not hold '..' after its first wildcard. Got '{printable(given)}' instead."
        )
    return parts[first:]


def _refuse_run(given: str, path: AnyPath) -> None:
    if (path / "run" / "plan.json").exists():
        shown = printable(given)
        raise SettingsError(f"An input must be a dump. '{shown}' is the folder of a run: name {shown}/data.")


def _missing(given: str) -> SettingsError:
    near = near_path(given) or " Check the path."
    return SettingsError(f"An input must exist. Got '{printable(given)}' instead.{near}")


def _found_none(given: str, others: Collection[str]) -> SettingsError:
    """Return the error for an input without Parquet, with the lines that convert what it has instead."""
    advice = how_to_convert_all(others, "run the same again") if others else ""
    leads = "/".join(takewhile(lambda part: not WILDCARDS & set(part), given.split("/")))
    return SettingsError(
        f"An input must hold at least one Parquet file ({', '.join(PARQUET_SUFFIXES)}). "
        f"Found none in '{printable(given)}'. {advice or near_path(leads).strip() or 'Check the path.'}"
    )


def _in_store(given: str, out: str) -> _Found:
    path = StorePath.parse(given)
    if path.is_file():
        return _Found([InputFile(name_of(path), name_of(path.name))])
    exists = path.exists()
    if not exists and not WILDCARDS & set(given):
        raise _missing(given)
    _refuse_run(given, path)
    pattern = () if exists else _pattern_parts(path.url)
    root = StorePath.parse(path.url.removesuffix("/".join(pattern)))
    if f"{out}/".startswith(f"{root}/"):
        below = PurePosixPath(out[len(str(root)) + 1 :])
        if _reaches(pattern, below.parts):
            raise _out_inside(given, out)
    names = [PurePosixPath(name).parts for name, _ in root.files()]
    visible = [parts for parts in names if not any(part.startswith(HIDDEN) for part in parts)]
    files, others = [], []
    for parts in visible:
        relative = "/".join(parts)
        file = InputFile(name_of(root / relative), name_of(relative))
        if _is_wanted(parts, pattern):
            files.append(file)
        elif _is_data(parts):
            others.append(file)
    return _Found(files, others, is_pattern=bool(pattern))


def _is_wanted(parts: Parts, pattern: Parts) -> bool:
    """Tell whether an input means a file below its root."""
    name = parts[-1]
    if not _is_data(parts):
        return False
    if pattern and matches(parts, pattern):
        return True
    return _is_parquet(name) and (not pattern or _in_parquet_folder(parts[:-1], pattern))


def _is_data(parts: Parts) -> bool:
    """Tell whether a file is more than a checksum of another."""
    return not parts[-1].endswith(".crc")


def _in_parquet_folder(folder: Parts, pattern: Parts) -> bool:
    """Tell whether a folder, or one above it, is called like a Parquet file and found by a pattern."""
    above = (folder[:count] for count in range(1, len(folder) + 1))
    return any(_is_parquet(parts[-1]) and matches(parts, pattern) for parts in above)


def _leads_on(folder: Parts, pattern: Parts) -> bool:
    """Tell whether a pattern may find something below a folder."""
    if not folder or not pattern:
        return bool(pattern)
    if pattern[0] == "**":
        return True
    return fnmatch.fnmatchcase(folder[0], pattern[0]) and _leads_on(folder[1:], pattern[1:])


def matches(parts: Sequence[str], pattern: Sequence[str]) -> bool:
    """Tell whether the parts of a path match those of a glob pattern; ``**`` is any number of folders.

    `glob` lists only disks, and `glob.translate`, which would serve stores too, is of Python 3.13.

    Examples
    --------
    >>> matches(("x", "a1.parquet"), ("*", "a?.parquet")), matches(("x", "y", "a"), ("**", "a"))
    (True, True)
    >>> matches(("x", "a.parquet"), ("*.parquet",))
    False
    """
    if not pattern or not parts:
        return not pattern and not parts
    if pattern[0] == "**":
        return len(pattern) == 1 or matches(parts, pattern[1:]) or matches(parts[1:], pattern)
    return fnmatch.fnmatchcase(parts[0], pattern[0]) and matches(parts[1:], pattern[1:])


def _is_parquet(name: str) -> bool:
    return name.lower().endswith(PARQUET_SUFFIXES)
