"""What a run leaves on disk, and how: nothing under a final name that is not whole.

::

    out/data/...                 kept rows, by the paths of the input
    out/run/plan.json, .parquet  settings and digests; one row a part
    out/run/receipts/ab/<key>.done.json, .aside.json   one a part; its name says that it is done
    out/run/scores/...           one score, stage and reason a row, by the paths of the output
    out/run/manifest.json, .parquet  totals; one row an output file. Written last
    out/run/tmp/                 what is being written
    out/run/lock                 held by the running process (fcntl: gone with it)

A file is written under ``tmp``, closed, read back as far as its footer, synced and renamed.
"""

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from filtering.errors import EdufilterError, OutputError, RunError
from pipelines.plan import Part, Plan, SetAside

DONE_SUFFIX = ".done.json"
SET_ASIDE_SUFFIX = ".aside.json"

PART_SCHEMA = pa.schema(
    [
        ("key", pa.string()),
        ("path", pa.string()),
        ("relative", pa.string()),
        ("output", pa.string()),
        ("size_bytes", pa.int64()),
        ("footer_sha256", pa.string()),
        ("first_row_group", pa.int32()),
        ("stop_row_group", pa.int32()),
        ("first_row", pa.int64()),
        ("rows", pa.int64()),
        ("text_bytes", pa.int64()),
        ("tie_quota", pa.int64()),
    ]
)


@dataclass(frozen=True)
class Receipt:
    """What became of a part; the only thing that a worker gives back.

    Parameters
    ----------
    key, output : str
        Of the part.
    rows, kept : int
        Rows read, and rows whose score reaches the cut.
    reasons : dict
        Number of documents without a score, by reason.
    unusual : dict
        Number of documents that were scored but counted as unusual, by kind.
    text_bytes, kept_text_bytes : int
        UTF-8 bytes of all documents, and of those kept.
    tokens, tokens_read : int
        Tokens of the windows that were embedded, and those of them that the embedder read.
    data_bytes, scores_bytes : int
        Size of the two output files; 0 where the file is not written.
    data_sha256, scores_sha256 : str
        Digests of the two output files; empty where the file is not written.
    data_rows : int
        Rows of the output file.
    set_aside : str
        Why the part could not be read; empty if it could.
    """

    key: str
    output: str
    rows: int
    kept: int = 0
    reasons: Mapping[str, int] | None = None
    unusual: Mapping[str, int] | None = None
    text_bytes: int = 0
    kept_text_bytes: int = 0
    tokens: int = 0
    tokens_read: int = 0
    data_rows: int = 0
    data_bytes: int = 0
    data_sha256: str = ""
    scores_bytes: int = 0
    scores_sha256: str = ""
    set_aside: str = ""


@dataclass(frozen=True)
class Written:
    """A file that was published: its size, its digest and its rows."""

    size_bytes: int
    sha256: str
    rows: int


class RunFolder:
    """The folder of one run.

    Parameters
    ----------
    out : str
        The OUT of the command line.
    """

    def __init__(self, out: str) -> None:
        self.root = Path(out)
        self.data = self.root / "data"
        self.run = self.root / "run"
        self.scores = self.run / "scores"
        self.temporary = self.run / "tmp"
        self.receipts = self.run / "receipts"
        self.manifest = self.run / "manifest.json"
        self.plan = self.run / "plan.json"

    @cached_property
    def is_begun(self) -> bool:
        """Whether a run was begun here."""
        return self.plan.exists()

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the run's lock; a second holder is refused.

        Raises
        ------
        OutputError
            If another run is at work on this folder.
        RunError
            If the system does not let us write to it, now or while the lock is held.
        """
        try:
            self.run.mkdir(parents=True, exist_ok=True)
            with hold_lock(self.run / "lock", self.root):
                yield
        except EdufilterError:
            raise
        except OSError as error:
            raise RunError(
                f"Writing {self.root} failed: {error}. "
                "Mend that, then run the same command again: it goes on where it was."
            ) from error

    @property
    def is_locked(self) -> bool:
        """Whether a process runs on this folder now."""
        try:
            with open(self.run / "lock") as file:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except FileNotFoundError:
            return False
        except BlockingIOError:
            return True
        return False

    def publish(self, temporary: Path, final: Path, rows: int) -> Written:
        """Check a closed Parquet file, sync it and give it its final name.

        Raises
        ------
        RunError
            If the file does not hold `rows` rows when it is read back.
        """
        found = pq.read_metadata(temporary).num_rows
        if found != rows:
            raise RunError(f"{temporary} must hold {rows} rows. It holds {found}. Run the same again.")
        with open(temporary, "rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            size = file.tell()
            os.fsync(file.fileno())
        final.parent.mkdir(parents=True, exist_ok=True)
        os.replace(temporary, final)
        _sync_folder(final.parent)
        return Written(size, digest, rows)

    def write_receipt(self, receipt: Receipt) -> None:
        """Publish a receipt: from now on the part is done, or set aside until the run is taken up again."""
        done, set_aside = self._receipt_paths(receipt.key)
        self.write_json(set_aside if receipt.set_aside else done, asdict(receipt))
        if not receipt.set_aside:
            set_aside.unlink(missing_ok=True)

    def read_receipt(self, key: str) -> Receipt:
        """Read the receipt of a part, be it done or set aside."""
        done, set_aside = self._receipt_paths(key)
        return Receipt(**json.loads((done if done.exists() else set_aside).read_text()))

    def read_receipts(self, plan: Plan) -> list[Receipt]:
        """Read the receipts of all parts of a finished run."""
        return [self.read_receipt(part.key) for part in plan.parts]

    def done(self) -> frozenset[str]:
        """Return the keys of the parts that are done: from file names alone."""
        return frozenset(self._receipt_keys(DONE_SUFFIX))

    def set_aside_keys(self) -> frozenset[str]:
        """Return the keys of the parts that were set aside: from file names alone."""
        return frozenset(self._receipt_keys(SET_ASIDE_SUFFIX))

    def _receipt_keys(self, suffix: str) -> Iterator[str]:
        for _, _, names in os.walk(self.receipts):
            yield from (name.removesuffix(suffix) for name in names if name.endswith(suffix))

    def _receipt_paths(self, key: str) -> tuple[Path, Path]:
        # Spread over 256 folders: a million names in one folder are slow on many file systems.
        folder = self.receipts / key[:2]
        return folder / f"{key}{DONE_SUFFIX}", folder / f"{key}{SET_ASIDE_SUFFIX}"

    def read_manifest(self) -> dict[str, Any]:
        """Read the totals of a finished run."""
        manifest: dict[str, Any] = json.loads(self.manifest.read_text())
        return manifest

    def write_json(self, path: Path, value: object) -> None:
        """Write a JSON file in one step."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self.temporary.mkdir(parents=True, exist_ok=True)
        temporary = self.temporary / f"{path.name}.{os.getpid()}"
        with open(temporary, "w") as file:
            json.dump(value, file, indent=1, sort_keys=True)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
        _sync_folder(path.parent)

    def write_table(self, path: Path, table: pa.Table) -> Written:
        """Write a small Parquet file in one step."""
        self.temporary.mkdir(parents=True, exist_ok=True)
        temporary = self.temporary / f"{path.name}.{os.getpid()}"
        pq.write_table(table, temporary, compression="zstd", write_page_checksum=True)
        return self.publish(temporary, path, table.num_rows)

    def write_plan(self, plan: Plan) -> None:
        """Write the plan: `plan.parquet` first, for `plan.json` says that a run was begun."""
        rows = [asdict(part) for part in plan.parts]
        self.write_table(self.run / "plan.parquet", pa.Table.from_pylist(rows, PART_SCHEMA))
        self.write_json(
            self.plan,
            {
                "digest": plan.digest,
                "parts": len(plan.parts),
                "rows": plan.rows,
                "set_aside": [asdict(one) for one in plan.set_aside],
                "settings": dict(plan.settings),
            },
        )

    def read_plan(self) -> Plan:
        """Read the plan of the run that was begun here.

        Raises
        ------
        OutputError
            If no run was begun here.
        """
        if not self.plan.exists():
            raise OutputError(f"{self.root} must hold a run. Found no {self.plan.relative_to(self.root)}.")
        plan = json.loads(self.plan.read_text())
        rows = pq.read_table(self.run / "plan.parquet", schema=PART_SCHEMA).to_pylist()
        return Plan(
            settings=plan["settings"],
            parts=tuple(Part(**row) for row in rows),
            set_aside=tuple(SetAside(**one) for one in plan["set_aside"]),
        )

    def forget(self, parts: Iterable[Part]) -> None:
        """Remove the receipts and files of parts; the receipts first, for they vouch for the files."""
        for part in parts:
            for receipt in self._receipt_paths(part.key):
                receipt.unlink(missing_ok=True)
            (self.data / part.output).unlink(missing_ok=True)
            (self.scores / part.output).unlink(missing_ok=True)

    def read_finished_plan(self) -> Plan:
        """Read the plan of the run that was finished here.

        Raises
        ------
        OutputError
            If no run was finished here.
        """
        plan = self.read_plan()
        if not self.manifest.exists():
            raise OutputError(
                f"{self.root} must hold a finished run. Finish it with the command that began it."
            )
        return plan

    def clear_temporary(self) -> int:
        """Remove what a killed run left half-written; return how many files that were."""
        left = sum(len(names) for _, _, names in os.walk(self.temporary))
        shutil.rmtree(self.temporary, ignore_errors=True)
        return left


@contextmanager
def hold_lock(path: Path, root: Path) -> Iterator[None]:
    """Hold the lock of a folder, which is gone with its process.

    Raises
    ------
    OutputError
        If another process, or another run of this one, holds it.
    """
    # flock, not lockf: held by this very descriptor, so that two runs of one process are kept
    # apart, and asking `is_locked` lets go of nothing.
    with open(path, "a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise OutputError(
                f"Only one run at a time may write to {root}. Another one is at work; "
                "wait for it, or choose another --out."
            ) from None
        yield


def refuse_foreign(folder: RunFolder) -> None:
    """Check that OUT is new, empty, or of a run.

    Raises
    ------
    OutputError
        If it holds anything else.
    """
    if folder.root.exists() and not folder.root.is_dir():
        raise OutputError(f"OUT must be a folder. {folder.root} is a file.")
    if folder.is_begun or not folder.root.exists():
        return
    strangers = sorted(set(os.listdir(folder.root)) - {"run"})
    run = sorted(set(os.listdir(folder.run)) - {"lock", "tmp", "plan.parquet"}) if folder.run.exists() else []
    if strangers or run:
        raise OutputError(
            f"OUT must be new, empty, or hold this very run. {folder.root} holds "
            f"{(strangers + run)[0]!r}. Choose another --out."
        )


def refuse_other_settings(folder: RunFolder, before: Plan, now: Plan) -> None:
    """Check that a run that was begun goes on with the same settings.

    Raises
    ------
    OutputError
        If a setting or the scorer differs, naming the first difference.
    """
    # The share that a person gave before the cut that follows from it.
    for name in sorted({*before.settings, *now.settings}, key=lambda name: (name != "keep_fraction", name)):
        old, new = before.settings.get(name), now.settings.get(name)
        if old != new:
            raise OutputError(
                f"A run must go on with the settings that it was begun with. {name!r} in {folder.root} "
                f"is {old!r}. Got {new!r} instead. Choose another folder (--out, or --to of recut)."
            )


def changed_files(before: Plan, now: Plan) -> Sequence[tuple[str, str]]:
    """Return relative paths and what happened to them: ``new``, ``changed`` or ``gone``."""
    old, new = _by_file(before), _by_file(now)
    changes = []
    for relative in sorted({*old, *new}):
        if old.get(relative) != new.get(relative):
            what = "new" if relative not in old else "gone" if relative not in new else "changed"
            changes.append((relative, what))
    return changes


def _by_file(plan: Plan) -> dict[str, tuple[str, ...]]:
    files: dict[str, tuple[str, ...]] = {one.relative: () for one in plan.set_aside}
    for part in plan.parts:
        files[part.relative] = (*files.get(part.relative, ()), part.key)
    return files


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
