"""The part of a Ray task that runs once the worker is known to have the driver's code."""

import math
import platform
import time
import traceback
from collections.abc import Callable
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Any

from filtering.errors import EdufilterError, ScorerError, SettingsError
from filtering.extras import require
from pipelines.dump.parts import Part
from pipelines.executors.part_process import run_part
from pipelines.run_folder.folder import RunFolder
from pipelines.worker.part_worker import PartWorker
from pipelines.worker.worker_settings import WorkerSettings

NOTE_EVERY_S = 1.0

Note = Callable[[int, int, int], object]
"""Takes rows, bytes of text and rows kept since the part began."""


def run_here(settings: str, part: dict[str, Any], note: Note, *, apart: bool) -> dict[str, Any]:
    """Run a part with the CPUs that Ray granted, in this process or apart from it; return plain values.

    A failure that another try or another node may mend is ``failed``, one that it cannot is ``refused``.
    """
    granted = require("ray", "ray").get_runtime_context().get_assigned_resources()
    try:
        given = _checked(settings).with_threads(max(1, math.floor(granted.get("CPU", 1))))
        tick = _Notes(note).tick
        receipt = run_part(lambda: _worker(given), given, Part(**part), tick, in_doubt=apart)
        return {"receipt": asdict(receipt)}
    except EdufilterError as error:
        kind = "refused" if isinstance(error, (SettingsError, ScorerError)) else "failed"
        return {kind: f"{error} (on {platform.node()})"}
    except Exception as error:  # Ray would send it whole, and its message may hold text of a document
        return {"failed": f"{type(error).__name__} at {_place_of(error)} (on {platform.node()})"}


def _place_of(error: Exception) -> str:
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{Path(frame.filename).name}:{frame.lineno}"


@lru_cache(maxsize=1)
def _checked(settings: str) -> WorkerSettings:
    given = WorkerSettings.model_validate_json(settings)
    if not RunFolder(given.out).plan.exists():
        raise SettingsError(
            f"OUT must be one folder for all nodes. {given.out} is not there. Use a folder that all nodes "
            "share, or an object store."
        )
    return given


@lru_cache(maxsize=1)
def _worker(settings: WorkerSettings) -> PartWorker:
    """Return the worker of this process; its scorer is loaded once for all parts of a run."""
    return PartWorker(settings)


class _Notes:
    """Adds up ticks, and passes the totals on once a second."""

    def __init__(self, note: Note) -> None:
        self._note = note
        self._totals = (0, 0, 0)
        self._noted_s = time.monotonic()

    def tick(self, rows: int, text_bytes: int, kept: int) -> None:
        """Count a batch."""
        old = self._totals
        self._totals = (old[0] + rows, old[1] + text_bytes, old[2] + kept)
        if time.monotonic() - self._noted_s >= NOTE_EVERY_S:
            self._note(*self._totals)
            self._noted_s = time.monotonic()
