"""Runs parts on a Ray cluster: one task a part, only parts go out and only receipts come back.

Tasks and not Ray Data, whose output is neither deterministic nor resumable; tasks and not actors, which
burn their retries in seconds when a node goes (docs/decisions/0012). A part whose worker or node is lost is
sent again, and runs in a process of its own there: where that ends too, the part is set aside. Each part
notes on a board how far it is; one that notes nothing for `stall_s` hangs, is ended and sent again too.
"""

import math
import os
import socket
import sys
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import asdict, dataclass, field
from typing import Any

from filtering.embedding.sentence_transformer import DECIDING_LIBRARIES
from filtering.errors import RunError, SettingsError
from filtering.extras import require
from filtering.machine import available_cpus
from pipelines.dump.parts import Part
from pipelines.preflight import DECIDING, describe_code
from pipelines.run_folder.receipts import Receipt
from pipelines.worker.part_worker import Tick
from pipelines.worker.worker_settings import WorkerSettings

PARTS_PER_GPU = 2
"""One reads while the other scores."""
MEMORY_BYTES = {"fast": 768 << 20, "balanced": 1536 << 20, "full": 1536 << 20}
"""What a worker process takes with the shipped scorers, and some more (docs/benchmarks.md)."""
LOST_TRIES = 20
"""Times that a part is sent whose worker or node is lost: more than `tries`, for the part is not to blame."""
CONNECT_TIMEOUT_S = 10.0
LOOK_EVERY_S = 0.5
RESOURCES_EVERY_S = 5.0


class RayExecutor:
    """Runs parts as tasks of Ray.

    Uses the connection that the process has. Where it has none, connects to `address`, or to what
    RAY_ADDRESS says (as under ``ray job submit``), or starts Ray on this machine; that connection alone is
    closed again in the end.

    Parameters
    ----------
    address : str, optional
        Of a cluster, as `ray.init` takes it: ``auto`` or ``host:port``.
    workers : int, optional
        Parts at a time; as many as the cluster has room for if not given.
    cpus_per_part : float
        CPUs that a task asks for, and threads that score in it.
    memory_per_part_bytes : int, optional
        Memory that a task asks for; what the shipped scorers need if not given.
    stall_s : float
        Seconds without a finished batch after which a part counts as hanging.
    tries : int
        Times that a part is tried where it hangs or fails for a reason that is not the data's.

    Raises
    ------
    MissingExtraError
        If the ``ray`` extra is not installed.
    """

    def __init__(
        self,
        address: str | None = None,
        *,
        workers: int | None = None,
        cpus_per_part: float = 1.0,
        memory_per_part_bytes: int | None = None,
        stall_s: float = 600.0,
        tries: int = 3,
    ) -> None:
        self._ray = require("ray", "ray")  # now, and not when a plan is written
        self._address = address
        self._workers = workers
        self._cpus = cpus_per_part
        self._memory_bytes = memory_per_part_bytes
        self._stall_s = stall_s
        self._tries = tries

    def waits_for(self, settings: WorkerSettings) -> str:
        """Return what happens before the first row is read."""
        if self._ray.is_initialized() or self._address or os.environ.get("RAY_ADDRESS"):
            return "Starting workers on the Ray cluster"
        return "Starting Ray on this machine"

    def run(self, settings: WorkerSettings, parts: Sequence[Part], tick: Tick) -> Generator[Receipt]:
        """Run all parts and yield their receipts as they come."""
        if not parts:
            return
        ray = self._ray
        with _connected(ray, self._address, self._workers):
            resources = self._resources(ray, settings)
            yield from _Tasks(ray, settings, resources, self._workers, self._stall_s, self._tries).run(
                parts, tick
            )

    def _resources(self, ray: Any, settings: WorkerSettings) -> dict[str, float]:
        """Return what a task asks for, after checking that some node has it."""
        nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
        device = settings.placement.device
        on_gpu = settings.embeds and (
            device.startswith("cuda") or (device == "auto" and any(node.get("GPU") for node in nodes))
        )
        wanted = {
            "CPU": self._cpus,
            "GPU": 1 / PARTS_PER_GPU if on_gpu else 0.0,
            "memory": self._memory_bytes or MEMORY_BYTES[settings.effort if settings.embeds else "fast"],
        }
        if not any(all(node.get(name, 0) >= amount for name, amount in wanted.items()) for node in nodes):
            needs = ", ".join(f"{amount:g} {name}" for name, amount in wanted.items() if amount)
            raise SettingsError(
                f"Some node of the cluster must have {needs} for a part. None of {len(nodes)} has. Start "
                "one, or ask for less: --device cpu, or RayExecutor(cpus_per_part=, memory_per_part_bytes=)."
            )
        return wanted


@contextmanager
def _connected(ray: Any, address: str | None, workers: int | None) -> Iterator[None]:
    """Use the connection that there is, or make one and close it again.

    While our own is open, what Ray prints goes to standard error: it is no result of a command.
    """
    if ray.is_initialized():
        yield
        return
    with redirect_stdout(sys.stderr):
        _connect(ray, address, workers)
        try:
            yield
        except (
            KeyboardInterrupt
        ):  # closing takes seconds; Ray ends with this process, or the next run uses it
            raise
        except BaseException:
            ray.shutdown()
            raise
        ray.shutdown()


def _connect(ray: Any, address: str | None, workers: int | None) -> None:
    address = address or os.environ.get("RAY_ADDRESS")
    quiet = {"log_to_driver": False, "logging_level": "CRITICAL"}
    host, _, port = (address or "").rpartition(":")
    try:
        if address:
            if port.isdigit() and "://" not in address:
                # Ray alone would try for 14 minutes where nobody answers.
                socket.create_connection((host, int(port)), CONNECT_TIMEOUT_S).close()
            os.environ.setdefault("RAY_gcs_server_port_wait_time_s", "2")  # tries of one second each
            ray.init(address, **quiet)
        else:
            # "local", for without an address Ray joins any cluster that it finds on the machine.
            ray.init("local", num_cpus=workers or available_cpus(), include_dashboard=False, **quiet)
    except (OSError, RuntimeError, ValueError, ray.exceptions.RayError) as error:
        first_line = str(error).partition("\n")[0]
        raise SettingsError(
            f"A Ray cluster must answer at {address or 'this machine'}. {first_line} Check --ray-address (or "
            "RAY_ADDRESS), and RAY_AUTH_MODE and RAY_AUTH_TOKEN."
        ) from error


@dataclass
class _Sent:
    """A part in the cluster: which try it is, and what it told.

    Parameters
    ----------
    part : Part
    failed, lost : int
        Earlier tries that failed or hung, and those whose worker or node was lost.
    sent_s : float
    told_s : float, optional
        When it last told something; None while it may still wait for room in the cluster.
    counted : (int, int, int)
        Rows, bytes of text and rows kept that were passed on.
    """

    part: Part
    failed: int = 0
    lost: int = 0
    sent_s: float = field(default_factory=time.monotonic)
    told_s: float | None = None
    counted: tuple[int, int, int] = (0, 0, 0)

    @property
    def number(self) -> int:
        """How many tries were before this one."""
        return self.failed + self.lost

    def silent_s(self, now: float) -> float:
        """Return for how long a part that runs has told nothing."""
        return 0.0 if self.told_s is None else now - self.told_s

    def count(self, totals: tuple[int, int, int], tick: Tick) -> None:
        """Pass on what is new since the last time; less than nothing where the part is begun again."""
        rows, text_bytes, kept = (new - old for new, old in zip(totals, self.counted, strict=True))
        tick(rows, text_bytes, kept)
        self.counted = totals


def _next_try(sent: _Sent, why: str, *, lost: bool, tries: int) -> _Sent:
    """Return a part to send again.

    A part that is lost with its worker or node is not to blame for that, and may be lost `LOST_TRIES` times;
    one that fails or hangs may `tries` times.

    Raises
    ------
    RunError
        If that was one time too many.
    """
    again = _Sent(sent.part, sent.failed + (not lost), sent.lost + lost)
    if again.failed >= tries or again.lost >= LOST_TRIES:
        raise RunError(
            f"{sent.part.name} failed {again.number} times: {why}. "
            "Mend that, then run the same command again: it goes on where it was."
        )
    return again


class _Tasks:
    """Parts in flight: sent, watched, sent again."""

    def __init__(
        self,
        ray: Any,
        settings: WorkerSettings,
        resources: dict[str, float],
        workers: int | None,
        stall_s: float,
        tries: int,
    ) -> None:
        from pipelines import preflight
        from pipelines.executors import ray_task

        for module in (preflight, ray_task):
            ray.cloudpickle.register_pickle_by_value(module)
        self._ray = ray
        self._resources = resources
        self._workers, self._stall_s, self._tries = workers, stall_s, tries
        self._task = ray.remote(ray_task.run_part).options(
            num_cpus=resources["CPU"],
            num_gpus=resources["GPU"],
            memory=resources["memory"],
            max_retries=0,  # Ray itself would try without end what runs out of memory
        )
        here = ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy(
            ray.get_runtime_context().get_node_id(), soft=True
        )
        self._board = (
            ray.remote(ray_task.Board).options(num_cpus=0, max_restarts=-1, scheduling_strategy=here).remote()
        )
        libraries = (*DECIDING, *(DECIDING_LIBRARIES if settings.embeds else ()))
        self._code = ray.put(describe_code(libraries))
        self._settings = settings.absolute().model_dump_json()
        self._running: dict[Any, _Sent] = {}
        self._limit, self._limit_s = 0, -math.inf
        self._begun_s = -math.inf  # when the last part was sent that is known to have begun

    def run(self, parts: Sequence[Part], tick: Tick) -> Generator[Receipt]:
        """Run all parts and yield their receipts as they come."""
        waiting = iter(parts)
        try:
            while True:
                while len(self._running) < self._room() and (part := next(waiting, None)) is not None:
                    self._send(_Sent(part))
                if not self._running:
                    return
                for reference in self._finished():
                    sent = self._running.pop(reference)
                    self._begun_s = max(self._begun_s, sent.sent_s)
                    receipt = self._outcome(reference, sent)
                    if receipt is not None:
                        good = not receipt.set_aside
                        totals = (receipt.rows, receipt.text_bytes, receipt.kept) if good else (0, 0, 0)
                        sent.count(totals, tick)
                        yield receipt
                self._look_at_board(tick)
                self._end_hanging(tick)
        finally:
            for reference in self._unfinished():
                # Not by force: Ray aborts the driver where a task ends while it is killed (2.60).
                self._ray.cancel(reference)
            self._ray.kill(self._board)

    def _room(self) -> int:
        """Return how many parts may be in flight: what has room now, and as many to follow."""
        if time.monotonic() - self._limit_s > RESOURCES_EVERY_S:
            there = self._ray.cluster_resources()
            slots = min(
                int(there.get(name, 0) / amount) for name, amount in self._resources.items() if amount
            )
            self._limit = min(2 * max(slots, 1), self._workers or 1 << 30)
            self._limit_s = time.monotonic()
        return self._limit

    def _send(self, sent: _Sent) -> None:
        # Where a worker was lost, it may be the part that ended it: then it is known.
        apart = sent.lost > 0
        reference = self._task.remote(
            self._settings, asdict(sent.part), sent.number, apart, self._code, self._board
        )
        self._running[reference] = sent

    def _unfinished(self) -> list[Any]:
        references = list(self._running)
        if not references:
            return []
        left: list[Any] = self._ray.wait(references, num_returns=len(references), timeout=0)[1]
        return left

    def _finished(self) -> list[Any]:
        references = list(self._running)
        if not self._ray.wait(references, num_returns=1, timeout=LOOK_EVERY_S)[0]:
            return []
        ready: list[Any] = self._ray.wait(references, num_returns=len(references), timeout=0)[0]
        return ready

    def _outcome(self, reference: Any, sent: _Sent) -> Receipt | None:
        """Return the receipt of a task that ended, or None where its part was sent again.

        Raises
        ------
        SettingsError
            If the worker refused the part, for it would refuse any.
        RunError
            If the part failed too often.
        """
        lost = False
        try:
            outcome = self._ray.get(reference)
        except self._ray.exceptions.OutOfMemoryError:
            why = "it ran out of memory; ask for more with memory_per_part_bytes"
        except self._ray.exceptions.RayError as error:
            lost, why = True, f"its worker was lost ({type(error).__name__})"
        else:
            if "receipt" in outcome:
                return Receipt(**outcome["receipt"])
            if "refused" in outcome:
                raise SettingsError(
                    f"A worker refused to run parts. {outcome['refused']}. All nodes must have the same "
                    "edufilter, libraries and scorer as the driver."
                )
            why = outcome["failed"]
        self._send(_next_try(sent, why, lost=lost, tries=self._tries))
        return None

    def _look_at_board(self, tick: Tick) -> None:
        try:
            notes = self._ray.get(self._board.take.remote(), timeout=LOOK_EVERY_S)
        except self._ray.exceptions.RayError:
            return  # it is being started again; parts will note once more
        for sent in self._running.values():
            number, *totals = notes.get(sent.part.key, (-1,))
            if number == sent.number:
                sent.count((totals[0], totals[1], totals[2]), tick)
                sent.told_s = time.monotonic()
                self._begun_s = max(self._begun_s, sent.sent_s)

    def _end_hanging(self, tick: Tick) -> None:
        now = time.monotonic()
        for sent in self._running.values():
            # Ray begins parts in the order of sending: this one's worker hangs, or its note was lost.
            if sent.told_s is None and sent.sent_s < self._begun_s:
                sent.told_s = now
        hanging = [ref for ref, sent in self._running.items() if sent.silent_s(now) > self._stall_s]
        for reference in hanging:
            sent = self._running.pop(reference)
            self._ray.cancel(reference, force=True)
            sent.count((0, 0, 0), tick)
            why = f"nothing came from it for {self._stall_s:g} s"
            self._send(_next_try(sent, why, lost=False, tries=self._tries))
