"""Where parts run. An executor takes parts and gives receipts; it decides nothing about either."""

import threading
from collections.abc import Generator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Protocol

from filtering.being_read import is_suspect
from filtering.errors import Interrupted
from filtering.machine import available_cpus
from pipelines.dump.parts import Part
from pipelines.executors.part_process import run_part
from pipelines.run_folder.receipts import Receipt
from pipelines.settings.runs import RunSettings
from pipelines.stop_signals import STOP_WITHIN_S
from pipelines.worker.part_worker import PartWorker, Tick
from pipelines.worker.worker_settings import WorkerSettings


class Executor(Protocol):
    """What runs parts somewhere."""

    def run(self, settings: WorkerSettings, parts: Sequence[Part], tick: Tick) -> Generator[Receipt]:
        """Run all parts and yield their receipts as they come, in any order.

        Parameters
        ----------
        settings : WorkerSettings
            What workers are built from.
        parts : sequence of Part
            In the order in which they should begin.
        tick : callable
            Called with rows, bytes of text and rows kept as work goes on, from any thread; with none where
            all is loaded.

        Raises
        ------
        RunError
            If a part failed for a reason that is not the data's. Parts with a receipt stay done.
        """
        ...

    def waits_for(self, settings: WorkerSettings) -> str:
        """Return what happens before the first row is read, if that takes seconds; else nothing."""
        return ""


def executor_of(config: RunSettings) -> Executor:
    """Return the executor that settings ask for."""
    if config.executor == "local":
        return LocalExecutor(config.workers)
    from pipelines.executors.ray_executor import RayExecutor

    return RayExecutor(config.ray_address, workers=config.workers)


class LocalExecutor:
    """Runs parts in threads of this process.

    Threads and not processes: reading, the kernel and compression release the GIL, and one model,
    one compilation and one start-up serve all (docs/benchmarks.md has the ratio). A part that was being read
    when an earlier process ended, or for which memory does not suffice, runs in a process of its own.

    Parameters
    ----------
    workers : int, optional
        Parts at a time, and threads that score; as many as this process has CPUs if not given.
    """

    def __init__(self, workers: int | None = None) -> None:
        self._workers = workers or available_cpus()

    def waits_for(self, settings: WorkerSettings) -> str:
        """Return what happens before the first row is read."""
        return settings.waits_for

    def run(self, settings: WorkerSettings, parts: Sequence[Part], tick: Tick) -> Generator[Receipt]:
        """Run all parts and yield their receipts as they come."""
        stop = threading.Event()

        def checked_tick(rows: int, text_bytes: int, kept: int) -> None:
            if stop.is_set():
                raise Interrupted("Stopped.")
            tick(rows, text_bytes, kept)

        def run(part: Part) -> Receipt:
            if stop.is_set():
                raise Interrupted("Stopped.")
            return run_part(lambda: worker, settings, part, checked_tick, in_doubt=is_suspect(part.name))

        settings = settings.model_copy(update={"threads": self._workers})
        worker = PartWorker(settings)
        pool = ThreadPoolExecutor(self._workers, thread_name_prefix="part")
        running: set[Future[Receipt]] = set()
        tick(0, 0, 0)  # it begins now: what was loaded and compiled before was waiting
        is_interrupted = False
        try:
            # A million parts are not queued at once: as many as there are workers, and one to follow.
            for part in parts:
                running.add(pool.submit(run, part))
                if len(running) > self._workers:
                    done, running = wait(running, return_when=FIRST_COMPLETED)
                    yield from (future.result() for future in done)
            while running:
                done, running = wait(running, return_when=FIRST_COMPLETED)
                yield from (future.result() for future in done)
        except KeyboardInterrupt:
            is_interrupted = True
            raise
        finally:
            stop.set()
            if is_interrupted:  # a batch may take longer than a person waits
                pool.shutdown(wait=False, cancel_futures=True)
                wait(running, STOP_WITHIN_S)
            else:
                pool.shutdown(cancel_futures=True)
            worker.close(wait=not is_interrupted)
