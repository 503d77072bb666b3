"""Runs one part in a process of its own: where it ends that process, this one sets the part aside.

Both ends are here. Plain values go in as one line of JSON; ticks and the outcome come out, a line each.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from signal import Signals
from typing import Any

from filtering import errors
from filtering.being_read import died_of
from pipelines.dump.parts import Part
from pipelines.run_folder.receipts import Receipt
from pipelines.supervisor import end_when_closed
from pipelines.worker.part_worker import PartWorker, Tick
from pipelines.worker.worker_settings import WorkerSettings


def run_part(
    worker: Callable[[], PartWorker], settings: WorkerSettings, part: Part, tick: Tick, *, in_doubt: bool
) -> Receipt:
    """Run a part in this process; apart from it where it is in doubt, or where memory does not suffice here.

    Parameters
    ----------
    worker : callable
        Returns the worker of this process, which has these settings.
    settings, part, tick
        As in `run_apart`.
    in_doubt : bool
        Whether the part may have ended an earlier process.
    """
    counted = [0, 0, 0]

    def count(*figures: int) -> None:
        counted[:] = [old + new for old, new in zip(counted, figures, strict=True)]
        tick(*figures)

    if not in_doubt:
        with suppress(errors.OutOfMemoryError):  # other parts of this process may have taken it
            return worker().run(part, count)
        tick(*(-figure for figure in counted))
    return run_apart(settings, part, tick)


def run_apart(settings: WorkerSettings, part: Part, tick: Tick) -> Receipt:
    """Run a part in a new process; set it aside where a signal ends that, or memory does not suffice there.

    Parameters
    ----------
    settings : WorkerSettings
    part : Part
    tick : callable
        As in `PartWorker.run`; what it raises ends the process.

    Raises
    ------
    EdufilterError
        What `PartWorker.run` raises.
    RunError
        If the process ends in another way.
    """
    # Where the packages come from: here they may be found by means that a new process does not know.
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [sys.executable, "-m", __name__], stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True,
        env=environment, start_new_session=True,
    ) as process:  # fmt: skip
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            with suppress(BrokenPipeError):
                process.stdin.write(json.dumps([settings.model_dump_json(), asdict(part)]) + "\n")
                process.stdin.flush()
            for line in process.stdout:
                told = json.loads(line)
                if "ticked" in told:
                    tick(*told["ticked"])
                elif "receipt" in told:
                    return Receipt(**told["receipt"])
                elif told["error"] == errors.OutOfMemoryError.__name__:
                    why = f"{part.name} must fit into memory. {told['message']}"
                    return Receipt(key=part.key, output=part.output, rows=part.rows, set_aside=why)
                else:
                    raise getattr(errors, told["error"])(told["message"])
            code = process.wait()
        finally:
            process.kill()
    if code >= 0:
        raise errors.RunError(f"{part.name} must be run in a process of its own. It ended with code {code}.")
    why = died_of(part.name, Signals(-code).name)
    return Receipt(key=part.key, output=part.output, rows=part.rows, set_aside=why)


def _main() -> None:
    settings, part = json.loads(sys.stdin.readline())
    end_when_closed(sys.stdin.fileno())

    def tell(**what: Any) -> None:  # noqa: ANN401
        sys.stdout.write(json.dumps(what) + "\n")
        sys.stdout.flush()

    worker = PartWorker(WorkerSettings.model_validate_json(settings))
    try:
        receipt = worker.run(Part(**part), lambda *ticked: tell(ticked=ticked))
        tell(receipt=asdict(receipt))
    except errors.EdufilterError as error:
        tell(error=type(error).__name__, message=str(error))
    finally:
        worker.close()


if __name__ == "__main__":
    _main()
