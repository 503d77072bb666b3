"""Which files an input means: files, folders and patterns, on this machine or in an object store."""

import fnmatch
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath, PurePosixPath

from filtering.errors import OutputError, RunError, SettingsError
from pipelines.paths import AnyPath, StorePath, is_store

PARQUET_SUFFIXES = (".parquet", ".parq", ".pq")
WILDCARDS = frozenset("*?[")
HIDDEN = (".", "_")


@dataclass(frozen=True)
class InputFile:
    """One input file and the path that its output gets."""

    path: str
    relative: str


def find_inputs(inputs: Iterable[str], out: str) -> list[InputFile]:
    """Return the Parquet files behind files, folders and glob patterns, by relative path.

    Hidden files, ``.crc`` files and names that start with an underscore are not data and are left
    out, below folders with such names too. In folders, files with other suffixes are left out as
    well; a file that is named, or found by a pattern, is taken by any name.

    Raises
    ------
    SettingsError
        If an input does not exist, holds no Parquet file, leads out of its own root, or two files
        would have one relative path.
    OutputError
        If `out` lies inside one of the inputs.
    """
    found: dict[str, InputFile] = {}
    for given in inputs:
        files = _in_store(given, out) if is_store(given) else _on_disk(given, out)
        for file in files:
            before = found.setdefault(file.relative, file)
            if before.path != file.path:
                raise SettingsError(
                    f"Two inputs must not have one relative path. Got {file.relative!r} from {before.path!r} "
                    f"and {file.path!r}. Run them into two outputs, or name a folder above both."
                )
    return [found[relative] for relative in sorted(found)]


def _on_disk(given: str, out: str) -> Iterator[InputFile]:
    root, paths = _expand(given)
    if not is_store(out) and not root.is_file():
        below = Path(out).resolve()
        if below.is_relative_to(root) and _reaches(given, Path(given).exists(), below.relative_to(root)):
            raise _out_inside(given, out)
    own = root.parent if root.is_file() else root
    for path in paths:
        # Links alone can lead out, and looking each path up takes as long as reading its footer.
        if os.path.islink(path) or WILDCARDS & set(given):
            found = os.path.realpath(path)
            if not Path(found).is_relative_to(own):
                raise SettingsError(
                    f"An input must not lead out of its own folder. {path!r} is a link to {found!r}. "
                    "Name that file or folder as an input of its own."
                )
        yield InputFile(path, path[len(str(own)) :].lstrip("/"))


def _out_inside(given: str, out: str) -> OutputError:
    return OutputError(
        f"OUT must not lie inside an input. Got {out!r} inside {given!r}. Choose another --out."
    )


def _reaches(given: str, exists: bool, out: PurePath) -> bool:
    """Tell whether an input may come to hold files of ``out/data``: a pattern may be too shallow for that."""
    if exists:
        return True
    below = _pattern_parts(given)
    return "**" in below or len(below) >= len(out.parts) + 2


def _pattern_parts(given: str) -> tuple[str, ...]:
    """Return the parts of a pattern from the first that holds a wildcard on."""
    parts = PurePosixPath(given).parts
    first = next(index for index, part in enumerate(parts) if WILDCARDS & set(part))
    if ".." in parts[first:]:
        raise SettingsError(f"A pattern must not hold '..' after its first wildcard. Got {given!r} instead.")
    return parts[first:]


def _refuse_run(given: str, path: AnyPath) -> None:
    if (path / "run" / "plan.json").exists():
        raise SettingsError(f"An input must be a dump. {given!r} is the folder of a run: name {given}/data.")


def _found_none(given: str) -> SettingsError:
    return SettingsError(
        f"An input must hold at least one Parquet file ({', '.join(PARQUET_SUFFIXES)}). "
        f"Found none in {given!r}. Check the path."
    )


def _missing(given: str) -> SettingsError:
    return SettingsError(f"An input must exist. Got {given!r} instead. Check the path.")


def _in_store(given: str, out: str) -> Iterator[InputFile]:
    path = StorePath.parse(given)
    if path.is_file():
        yield InputFile(str(path), path.name)
        return
    exists = path.exists()
    if not exists and not WILDCARDS & set(given):
        raise _missing(given)
    _refuse_run(given, path)
    pattern = () if exists else _pattern_parts(path.url)
    root = StorePath.parse(path.url.removesuffix("/".join(pattern)))
    if f"{out}/".startswith(f"{root}/"):
        below = PurePosixPath(out[len(str(root)) + 1 :])
        if _reaches(path.url, exists, below):
            raise _out_inside(given, out)
    names = (PurePosixPath(name) for name, _ in root.files())
    files = [
        InputFile(str(root / str(name)), str(name))
        for name in names
        if _is_data(name) and (matches(name.parts, pattern) if pattern else _is_parquet(name.name))
    ]
    if not files:
        raise _found_none(given)
    yield from files


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
        return matches(parts, pattern[1:]) or matches(parts[1:], pattern)
    return fnmatch.fnmatchcase(parts[0], pattern[0]) and matches(parts[1:], pattern[1:])


def _expand(given: str) -> tuple[Path, list[str]]:
    """Return the root that relative paths are counted from, and the files below it."""
    fixed = Path(given)
    _refuse_run(given, fixed)
    if not fixed.exists() and WILDCARDS & set(given):
        below = Path(*_pattern_parts(given))
        root = Path(*fixed.parts[: -len(below.parts)]).resolve()
        paths = root.glob(str(below))
        files = [str(path) for path in paths if path.is_file() and _is_data(path.relative_to(root))]
    else:
        if not fixed.exists():
            raise _missing(given)
        root = fixed.parent.resolve() / fixed.name if fixed.is_symlink() else fixed.resolve()
        if root.is_file():
            return root, [str(root)]
        root = root.resolve()
        files = list(_walk(root))
    if not files:
        raise _found_none(given)
    return root, files


def _walk(root: Path) -> Iterator[str]:
    """Yield the Parquet files below a folder, and links to folders elsewhere, which are refused later."""
    for folder, folders, names in os.walk(root, onerror=_refuse_to_skip):
        if not _is_data(Path(folder).relative_to(root)):
            continue
        links = [path for name in folders if (path := Path(folder, name)).is_symlink()]
        outside = [path.name for path in links if not path.resolve().is_relative_to(root)]
        wanted = [name for name in names if _is_parquet(name)] + outside
        yield from (f"{folder}/{name}" for name in wanted if not name.startswith(HIDDEN))


def _refuse_to_skip(error: OSError) -> None:
    raise RunError(f"Each folder of an input must be readable. {error}. Mend that, then run the same again.")


def _is_parquet(name: str) -> bool:
    return name.lower().endswith(PARQUET_SUFFIXES)


def _is_data(relative: PurePath) -> bool:
    hidden = any(part.startswith(HIDDEN) for part in relative.parts)
    return not hidden and relative.suffix != ".crc"
