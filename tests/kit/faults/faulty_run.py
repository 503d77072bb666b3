"""Runs the command in a process that is killed, or loses its rights, at a chosen point: a script for tests.

    faulty_run.py POINT NUMBER COMMAND...

At the NUMBER-th time that POINT is reached (from 1), the fault strikes. The product has no hooks for
this: the functions around the point are wrapped here.
"""

import os
import signal
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path

import pipelines.run.plan_to_manifest
import pipelines.run_folder.receipts
from pipelines.run_folder.folder import RunFolder
from pipelines.worker.output import GatheringWriter
from pipelines.worker.part_worker import PartWorker
from tests.kit.runs.few_rows import run_command as run
from tests.kit.runs.warm_start import load_all

NOBODY = 65534

Strike = Callable[[], None]


def die() -> None:
    """End as by kill -9."""
    os.kill(os.getpid(), signal.SIGKILL)


def nth(number: int, strike: Strike) -> Strike:
    """Return a function that strikes at its `number`-th call."""
    left = [number]

    def count() -> None:
        left[0] -= 1
        if left[0] == 0:
            strike()

    return count


def wrap(owner: object, name: str, *, before: Strike | None = None, after: Strike | None = None) -> None:
    """Replace a function by one that reaches a point before or after it."""
    inner = getattr(owner, name)

    @wraps(inner)
    def outer(*arguments: object, **options: object) -> object:
        if before:
            before()
        result = inner(*arguments, **options)
        if after:
            after()
        return result

    setattr(owner, name, outer)


def wrap_publish(folder: str, reach: Strike) -> None:
    """Reach a point after each file that gets its final name below `folder`."""
    inner = RunFolder.publish

    def publish(self: RunFolder, temporary: Path, final: Path, rows: int) -> object:
        result = inner(self, temporary, final, rows)
        if final.is_relative_to(getattr(self, folder)):
            reach()
        return result

    RunFolder.publish = publish  # type: ignore[method-assign, assignment]  # the fault


def before_json(name: str, reach: Strike) -> None:
    """Reach a point before the JSON file of a name is written."""
    inner = RunFolder.write_json

    def write_json(self: RunFolder, path: Path, value: object) -> None:
        if path.name == name:
            reach()
        inner(self, path, value)

    RunFolder.write_json = write_json  # type: ignore[method-assign]  # the fault


def lose_rights() -> None:
    """Take the right to write from all folders of the run, as an administrator might."""
    out = Path(sys.argv[sys.argv.index("--out") + 1])
    for folder in (out / "run" / "tmp", *out.rglob("*/"), out):
        folder.chmod(0o555)


def become_nobody() -> None:
    """Give up the rights of root, who may write everywhere."""
    if os.getuid() == 0:
        load_all()  # while files of libraries may be read
        os.setgid(NOBODY)
        os.setuid(NOBODY)


POINTS: dict[str, Callable[[Strike], None]] = {
    "before the plan": lambda reach: before_json("plan.json", reach),
    "before write": lambda reach: wrap(PartWorker, "_write", before=reach),
    "mid-write": lambda reach: wrap(GatheringWriter, "_flush", after=reach),
    "after close": lambda reach: wrap(RunFolder, "publish", before=reach),
    "after rename of scores": lambda reach: wrap_publish("scores", reach),
    "after rename of data": lambda reach: wrap_publish("data", reach),
    "after receipt": lambda reach: wrap(RunFolder, "write_receipts", after=reach),
    "before manifest": lambda reach: wrap(pipelines.run.plan_to_manifest, "write_manifest", before=reach),
    "within manifest": lambda reach: before_json("manifest.json", reach),
    "after manifest": lambda reach: wrap(pipelines.run.plan_to_manifest, "write_manifest", after=reach),
    "within update": lambda reach: wrap(RunFolder, "write_plan", after=reach),
}


def main() -> int:
    """Arm the fault and run the command."""
    point, number = sys.argv[1], int(sys.argv[2])
    pipelines.run_folder.receipts.WRITE_EVERY_S = (
        0.0  # each receipt by itself, so that faults can be counted by them
    )
    if point in ("lose-permission", "as-nobody"):
        become_nobody()
        wrap(RunFolder, "write_receipts", after=nth(number, lose_rights))
    else:
        POINTS[point](nth(number, die))
    return run(sys.argv[3:])


if __name__ == "__main__":
    raise SystemExit(main())
