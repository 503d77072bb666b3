"""Kills runs of `edufilter filter` at random moments, over and over, and counts what that cost.

    .venv/bin/python -m tests.kit.faults.kills --kills 50

For each of a disk and an object store, by the local executor and by Ray, the real command runs over a dump
of many small files. Processes are killed by SIGKILL: the driver, and of Ray also workers and whole nodes.
After every kill an independent reader (DuckDB) looks at all that lies under a final name, and at the end of
every run each row of the dump is looked for. Commands begin as forks of a process that has imported what
they need, so that kills meet their work. The table goes into docs/reliability.md.
"""

import argparse
import hashlib
import os
import random
import secrets
import shutil
import sys
import tempfile
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import psutil
import pyarrow as pa
import pyarrow.fs as fs
import pyarrow.parquet as pq

from pipelines import verify_run
from tests.kit.dumps.small import CUT, FAST, digests, lasting, make_labels, make_table
from tests.kit.pages.written_pages import write_between
from tests.kit.places import ROOT
from tests.kit.runs.ray_cluster import HEAD
from tests.kit.runs.warm_start import Begun, WarmStart
from tests.kit.stores.servers import Store, moto_store

PAGE = ROOT / "docs" / "reliability.md"
SCRIPT = "make faults"
COMBINATIONS = ("disk, local", "store, local", "disk, ray", "store, ray")
EFFORTS = ("fast", "full")
VICTIMS = ("driver", "worker", "node")

FILES, ROWS = 80, 100
POLL_S = 0.1
RUN_S = 180.0
"""Until a run that is not killed must have done something."""
START_TRIES = 4
NEWS_S = 10.0
"""Until a worker or a node is killed although no file came since the last kill."""
LONGEST_S = {"fast": 0.6, "full": 4.0}
GROWTH = 1.6
"""A driver dies within so long of its first new file; with each try of a run later, so that it completes."""
NODE = {"num_cpus": 1, "memory": 4 << 30}


class Fault(Exception):
    """Something that a run must never do."""


@dataclass
class Tally:
    """What came of the kills of one combination."""

    combination: str
    kills: Counter[str] = field(default_factory=Counter)
    finished: Counter[str] = field(default_factory=Counter)
    rows: int = 0
    lost: int = 0
    twice: int = 0
    partial: int = 0
    again: int = 0
    drivers: int = 0

    @property
    def row(self) -> str:
        """A row of the table."""
        killed = [self.kills[name] for name in VICTIMS]
        runs = [self.finished[name] for name in EFFORTS]
        cells = (self.combination, self.kills.total(), *killed, *runs, f"{self.rows:,}", self.lost)
        return "| " + " | ".join(map(str, (*cells, self.twice, self.partial, self.again))) + " |"


def tell(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


# Where a run reads and writes.


@dataclass(frozen=True)
class Disk:
    """A folder of this machine."""

    root: Path

    def url(self, name: str) -> str:
        """Return what the command line takes."""
        return str(self.root / name)

    def stamps(self, name: str) -> dict[str, object]:
        """Return what changes when a file is written anew, by the path below a folder."""
        folder = self.root / name
        found = {}
        for path in folder.rglob("*.parquet"):
            status = path.stat()
            found[path.relative_to(folder).as_posix()] = (status.st_ino, status.st_mtime_ns)
        return found

    def fetched(self, name: str) -> Path:
        """Return a local folder of the files below a name."""
        return self.root / name

    def remove(self, name: str) -> None:
        """Remove a folder."""
        shutil.rmtree(self.root / name)


@dataclass(frozen=True)
class Bucket:
    """A bucket of an object store."""

    store: Store
    scratch: Path

    def url(self, name: str) -> str:
        """Return what the command line takes."""
        return f"s3://{self.store.bucket}/{name}"

    def _infos(self, name: str) -> dict[str, fs.FileInfo]:
        folder = f"{self.store.bucket}/{name}"
        selector = fs.FileSelector(folder, recursive=True, allow_not_found=True)
        found = self.store.filesystem().get_file_info(selector)
        return {one.path.removeprefix(f"{folder}/"): one for one in found if one.type == fs.FileType.File}

    def stamps(self, name: str) -> dict[str, object]:
        """Return what changes when an object is written anew, by the key below a prefix."""
        return {key: info.mtime_ns for key, info in self._infos(name).items() if key.endswith(".parquet")}

    def fetched(self, name: str) -> Path:
        """Bring the objects below a name here."""
        target = self.scratch / "fetched" / name
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(parents=True)
        filesystem = self.store.filesystem()
        for key, info in self._infos(name).items():
            (target / key).parent.mkdir(parents=True, exist_ok=True)
            with filesystem.open_input_file(info.path) as source:
                (target / key).write_bytes(source.read())
        return target

    def remove(self, name: str) -> None:
        """Leave it: the store is gone in the end, and each run has a name of its own."""


Place = Disk | Bucket


# What is run, and what must come of it.


def write_dump(folder: Path, files: int) -> None:
    """Write many small files whose rows tell the digest of their text."""
    folder.mkdir()
    for number in range(files):
        table = make_table(ROWS, first_id=number * ROWS, seed=number)
        contents = [hashlib.sha256(text.encode()).hexdigest() for text in table["text"].to_pylist()]
        table = table.append_column("digest", pa.array(contents))
        pq.write_table(table, folder / f"page-{number:03}.parquet", row_group_size=ROWS // 3)


def train_two_stages(folder: Path) -> str:
    """Train a scorer of signals and the embeddings of a tiny model."""
    import filtering.fitting.cross_validation
    import filtering.judging.intervals
    from pipelines import TrainConfig, train_scorer
    from pipelines.progress import ConsoleReporter
    from tests.kit.scorers.tiny_models import make_tiny_model  # imports torch

    filtering.judging.intervals.BOOTSTRAP_ROUNDS, filtering.fitting.cross_validation.ASSIGNMENTS = (
        5,
        2,
    )  # not judged here
    pq.write_table(make_labels(), folder / "labels.parquet")
    config = TrainConfig(
        labels=folder / "labels.parquet", out=folder / "joint", domain="toys", signals="linear",
        embedder=make_tiny_model(folder / "tiny"), head="joint", max_tokens=32, device="cpu",
    )  # fmt: skip
    train_scorer(config, reporter=ConsoleReporter("none"))
    return str(folder / "joint")


Begin = Callable[..., Begun]


def arguments_of(effort: str, scorer: str, dump: str, out: str, others: Sequence[str]) -> list[str]:
    """Return the command line."""
    device = ["--device", "cpu"] if effort == "full" else []
    options = ["--scorer", scorer, "--effort", effort, *device, "--keep-at", str(CUT), "--workers", "2"]
    return ["filter", *FAST, dump, "--out", out, *options, *others]


@dataclass(frozen=True)
class Work:
    """What all combinations run: the dump, a scorer an effort, and what undisturbed runs wrote."""

    dump: Path
    scorers: dict[str, str]
    undisturbed: dict[str, Path]
    expected: dict[str, dict[str, str]]
    options: tuple[str, ...]


def make_work(
    begin: Begin, folder: Path, efforts: Sequence[str], files: int, options: tuple[str, ...] = ()
) -> Work:
    """Write the dump, train what is to be trained, and run without a kill."""
    write_dump(folder / "dump", files)
    scorers = {effort: train_two_stages(folder) if effort == "full" else "web" for effort in efforts}
    outs = {effort: folder / f"undisturbed-{effort}" for effort in efforts}
    for effort, out in outs.items():
        done = begin(
            *arguments_of(effort, scorers[effort], str(folder / "dump"), str(out), options)
        ).outcome()
        if done.code:
            raise Fault(f"A run that nothing disturbed ended with {done.code}:\n{done.said}")
    expected = {effort: lasting(out) for effort, out in outs.items()}
    return Work(folder / "dump", scorers, outs, expected, options)


def broken_files(folder: Path, expected: dict[str, str]) -> list[str]:
    """Return the files under final names that DuckDB cannot read whole, or that have other bytes."""
    broken = []
    with duckdb.connect() as reader:
        for name, digest in digests(folder).items():
            try:
                reader.execute(f"SELECT bit_xor(hash(t)) FROM read_parquet('{folder / name}') t").fetchall()
            except duckdb.Error as error:
                broken.append(f"{name}: {error}")
                continue
            if digest != expected.get(f"data/{name}"):
                broken.append(f"{name}: other bytes")
    return broken


LEDGER = """
CREATE TEMP TABLE source AS SELECT parse_filename(filename) AS file, file_row_number AS line, id, digest
    FROM read_parquet('{dump}/*.parquet', filename=true, file_row_number=true);
CREATE TEMP TABLE scored AS SELECT parse_filename(filename) AS file, file_row_number AS line, edu_score
    FROM read_parquet('{out}/run/scores/*.parquet', filename=true, file_row_number=true);
CREATE TEMP TABLE kept AS SELECT id, digest, sha256(text) AS hashed, edu_score
    FROM read_parquet('{out}/data/*.parquet');
CREATE TEMP TABLE wanted AS SELECT id, digest, edu_score FROM source JOIN scored USING (file, line)
    WHERE edu_score >= {cut};
CREATE TEMP TABLE before AS SELECT id, digest, edu_score FROM read_parquet('{undisturbed}/data/*.parquet');
"""
LOST = """
SELECT (SELECT count(*) FROM source ANTI JOIN scored USING (file, line))
     + (SELECT count(*) FROM wanted ANTI JOIN kept USING (id, digest, edu_score))
     + (SELECT count(*) FROM before ANTI JOIN kept USING (id, digest, edu_score))
"""
TWICE = """
SELECT (SELECT count(*) - count(DISTINCT id) FROM kept)
     + (SELECT count(*) FROM scored) - (SELECT count(*) FROM (SELECT DISTINCT file, line FROM scored))
     + (SELECT count(*) FROM scored ANTI JOIN source USING (file, line))
     + (SELECT count(*) FROM kept WHERE digest <> hashed)
     + (SELECT count(*) FROM kept ANTI JOIN wanted USING (id, digest, edu_score))
     + (SELECT count(*) FROM kept ANTI JOIN before USING (id, digest, edu_score))
"""


def count_rows(dump: Path, out: Path, undisturbed: Path) -> tuple[int, int, int]:
    """Return the rows of a dump, those lost by a run, and those that it wrote without being asked to."""
    with duckdb.connect() as ledger:
        ledger.execute(LEDGER.format(dump=dump, out=out, undisturbed=undisturbed, cut=CUT))
        counts = (ledger.execute(query).fetchone() for query in ("SELECT count(*) FROM source", LOST, TWICE))
        rows, lost, twice = (int(found[0]) for found in counts if found)
    return rows, lost, twice


# Killing.


class Machines:
    """A Ray cluster of one node for the driver and two for the work; a node that dies is replaced."""

    def __init__(self) -> None:
        os.environ.update(RAY_AUTH_MODE="token", RAY_AUTH_TOKEN=secrets.token_hex(16))  # before the import
        from ray.cluster_utils import Cluster

        self._folder = tempfile.mkdtemp(prefix="rf", dir="/tmp")  # sockets have short names
        self._cluster = Cluster()
        self._add(**HEAD, temp_dir=self._folder)
        self._nodes = [self._add(**NODE) for _ in range(2)]
        self.address = self._cluster.address

    def _add(self, **given: object) -> object:
        """Start a node; on a busy machine Ray may give up on one of its own."""
        for left in reversed(range(START_TRIES)):
            try:
                return self._cluster.add_node(**given)
            except Exception:  # Ray raises nothing more special
                if not left:
                    raise
        raise AssertionError

    def workers(self) -> list[psutil.Process]:
        """Return the processes that run parts now."""
        return [
            process
            for node in self._nodes
            for process in _family_of(node)
            if "ray::run_part" in _title(process)
        ]

    def kill_node(self, clock: random.Random) -> None:
        """Kill a node with all that runs on it, and put another one in its place."""
        at = clock.randrange(len(self._nodes))
        node = self._nodes[at]
        for process in _family_of(node):
            with suppress(psutil.NoSuchProcess):
                process.kill()
        self._cluster.remove_node(node, allow_graceful=False)
        self._nodes[at] = self._add(wait=False, **NODE)

    def shutdown(self) -> None:
        """End all."""
        self._cluster.shutdown()
        shutil.rmtree(self._folder, ignore_errors=True)


def _family_of(node: object) -> list[psutil.Process]:
    """Return a node's raylet and all that it started; nothing if it died by itself."""
    [raylet] = node.all_processes["raylet"]  # type: ignore[attr-defined]
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(raylet.process.pid)
        return [process, *process.children(recursive=True)]
    return []


def _title(process: psutil.Process) -> str:
    with suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
        return " ".join(process.cmdline())
    return ""


class Trial:
    """Kills runs of one combination until there were enough kills and the last run is complete.

    Parameters
    ----------
    begin : callable
        Begins a command.
    work : Work
    place : Disk or Bucket
        Where the output goes.
    dump : str
        Where the input lies.
    machines : Machines or None
        Ray's; the local executor's run is a single process.
    tally : Tally
        Counts.
    kills : int
        How many.
    seed : int
        Of the moments and victims.
    """

    def __init__(
        self,
        begin: Begin,
        work: Work,
        place: Place,
        dump: str,
        machines: Machines | None,
        tally: Tally,
        kills: int,
        seed: int,
    ) -> None:
        self._begin = begin
        self._work, self._place, self._dump = work, place, dump
        self._machines, self.tally, self._kills = machines, tally, kills
        self._clock = random.Random(seed)
        self._name = ""
        self._effort = ""
        self._seen: dict[str, object] = {}

    def run(self) -> None:
        """Run until there were enough kills and the last run is complete."""
        number, efforts = 0, list(self._work.scorers)
        while self.tally.kills.total() < self._kills:
            self._name = f"{self.tally.combination.replace(', ', '-')}-{number}"
            self._effort = efforts[number % len(efforts)]
            self._seen = {}
            tries = 1
            while not self._drive(tries):
                tries += 1
            self._check_finished()
            self._place.remove(self._name)
            self._say(f"run {number} ({self._effort}) complete after {tries} drivers")
            number += 1

    def _say(self, text: str) -> None:
        kills = f"{self.tally.kills.total()}/{self._kills}"
        tell(f"{time.strftime('%X')} {self.tally.combination}: {kills} kills, {text}")

    def _drive(self, tries: int) -> bool:
        """Start a driver and kill something of it, or all of it; return whether it went through."""
        executor = ["--executor", "ray", "--ray-address", self._machines.address] if self._machines else []
        command = arguments_of(
            self._effort, self._work.scorers[self._effort], self._dump, self._place.url(self._name),
            [*self._work.options, *executor],
        )  # fmt: skip
        self.tally.drivers += 1
        with self._begin(*command) as driver:
            try:
                while driver.poll() is None and self.tally.kills.total() < self._kills:
                    self._kill_something(driver, tries)
                code = driver.wait(RUN_S)
            finally:
                driver.kill()
        if code == -9:
            return False
        if code:
            raise Fault(f"{' '.join(command)} ended with {code}:\n{driver.outcome().said}")
        return True

    def _kill_something(self, driver: Begun, tries: int) -> None:
        victim = "driver"
        if self._machines:
            victim = self._clock.choices(VICTIMS, (4, 10, 6))[0]
        longest_s = (
            LONGEST_S[self._effort] * GROWTH ** (tries - 1) if victim == "driver" else LONGEST_S["fast"]
        )
        if victim == "driver" and self._clock.random() < 0.2:  # at any moment from its start
            self._wait(driver, lambda: False, self._clock.uniform(0, longest_s + 1.5))
        else:
            self._wait(driver, self._has_news, RUN_S if victim == "driver" else NEWS_S)
            self._wait(driver, lambda: False, self._clock.uniform(0, longest_s))
        if driver.poll() is not None or not self._kill(victim, driver):
            return
        self.tally.kills[victim] += 1
        self._look(f"{victim} killed")

    def _kill(self, victim: str, driver: Begun) -> bool:
        if victim == "driver":
            driver.kill()
            driver.wait()
            return driver.returncode == -9
        assert self._machines is not None
        if victim == "node":
            self._machines.kill_node(self._clock)
            return True
        self._wait(driver, self._machines.workers, NEWS_S)
        workers = self._machines.workers()
        if driver.poll() is None and workers:
            with suppress(psutil.NoSuchProcess):
                self._clock.choice(workers[:2]).kill()
                return True
        return False

    def _wait(self, driver: Begun, until: Callable[[], object], seconds: float) -> None:
        ends_s = time.monotonic() + seconds
        while driver.poll() is None and time.monotonic() < ends_s and not until():
            time.sleep(POLL_S)

    def _has_news(self) -> bool:
        return self._place.stamps(f"{self._name}/data") != self._seen

    def _look(self, what: str) -> None:
        """Check all that lies under a final name."""
        stamps = self._place.stamps(f"{self._name}/data")
        self.tally.again += sum(1 for name in stamps if self._seen.get(name, stamps[name]) != stamps[name])
        self._seen = stamps
        broken = broken_files(self._place.fetched(f"{self._name}/data"), self._work.expected[self._effort])
        self.tally.partial += len(broken)
        self._say(f"{what}, {len(stamps)} of {len(self._work.expected[self._effort]) // 2} files")
        for one in broken:
            tell(f"  BROKEN {one}")

    def _check_finished(self) -> None:
        self._look("complete")
        out = self._place.fetched(self._name)
        rows, lost, twice = count_rows(self._work.dump, out, self._work.undisturbed[self._effort])
        self.tally.rows += rows
        self.tally.lost += lost
        self.tally.twice += twice
        self.tally.finished[self._effort] += 1
        if lasting(out) != self._work.expected[self._effort]:
            raise Fault(f"{self._name} differs from a run that nothing disturbed")
        if left := digests(out / "run" / "tmp"):
            raise Fault(f"{self._name} left {sorted(left)}")
        if wrong := verify_run(self._place.url(self._name)):
            raise Fault(f"{self._name} is not what its receipts say: {wrong}")


# All of it.


@contextmanager
def machines_for(needed: bool) -> Iterator[Machines | None]:
    """Run a Ray cluster if one is needed."""
    if not needed:
        yield None
        return
    machines = Machines()
    try:
        yield machines
    finally:
        machines.shutdown()


def try_all(
    combinations: Sequence[str],
    efforts: Sequence[str],
    kills: int,
    files: int,
    options: tuple[str, ...],
    write: Callable[[Sequence[Tally]], None],
) -> list[Tally]:
    """Kill runs of all combinations beside each other, for they wait much; but there is one Ray cluster."""
    tallies = {name: Tally(name) for name in combinations}
    complete: list[Tally] = []
    lock = threading.Lock()
    with (
        tempfile.TemporaryDirectory() as name, ExitStack() as after, moto_store() as store,
        ThreadPoolExecutor(2) as beside,
    ):  # fmt: skip
        folder = Path(name)
        (folder / "tmp" / "ray").mkdir(parents=True)  # Ray notes its last cluster there
        os.environ.update(store.environment | {"TMPDIR": str(folder / "tmp")})  # of all that we start
        warm = WarmStart()
        after.callback(warm.close)
        work = make_work(warm.begin, folder, efforts, files, options)
        bucket = Bucket(store, folder)
        for path in work.dump.iterdir():
            with store.filesystem().open_output_stream(f"{store.bucket}/dump/{path.name}") as target:
                target.write(path.read_bytes())

        def attempt(tally: Tally, machines: Machines | None) -> None:
            in_store = tally.combination.startswith("store")
            place, dump = (bucket, bucket.url("dump")) if in_store else (Disk(folder), str(work.dump))
            seed = COMBINATIONS.index(tally.combination)
            tell(f"{tally.combination}: seed {seed}")
            try:
                Trial(warm.begin, work, place, dump, machines, tally, kills, seed).run()
            except BaseException:
                tell(f"{tally.combination}: {traceback.format_exc()}")  # now, while others go on
                raise
            tell(tally.row)
            with lock:
                complete.append(tally)
                write(sorted(complete, key=lambda one: COMBINATIONS.index(one.combination)))

        by_ray = [tally for tally in tallies.values() if "ray" in tally.combination]
        local = [tally for tally in tallies.values() if "ray" not in tally.combination]
        with machines_for(bool(by_ray)) as machines:  # it starts before there is other work
            others = [beside.submit(attempt, tally, None) for tally in local]
            for tally in by_ray:
                attempt(tally, machines)
        for other in others:
            other.result()
    return list(tallies.values())


def table_of(tallies: Sequence[Tally], command: str) -> str:
    """Return what goes between the markers of the page."""
    killed = [f"of the {name}" for name in VICTIMS]
    runs = [f"runs finished, `{name}`" for name in EFFORTS]
    figures = ["kills", *killed, *runs, "rows checked", "rows lost", "rows twice", "partial files seen"]
    head = ["combination", *figures, "parts scored again"]
    lines = [f"| {' | '.join(head)} |", "| --- |" + " ---: |" * (len(head) - 1)]
    lines += [tally.row for tally in tallies]
    cores = len(os.sched_getaffinity(0))
    drivers = sum(tally.drivers for tally in tallies)
    lines += ["", f"`{command}` on a machine of {cores} cores; {drivers} drivers were started in all."]
    return "\n".join(lines)


def main() -> int:
    """Run by the command line; the exit code is 1 if a promise was broken."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--kills", type=int, default=50, help="for each combination")
    parser.add_argument("--only", action="append", choices=COMBINATIONS, help="default: all four")
    parser.add_argument("--efforts", nargs="+", choices=EFFORTS, default=EFFORTS)
    parser.add_argument("--files", type=int, default=FILES)
    parser.add_argument("--no-report", action="store_true", help="let runs draw no pages, to be quicker")
    parser.add_argument("--page", type=Path, default=PAGE, help="where the table goes")
    given = parser.parse_args()

    def write(tallies: Sequence[Tally]) -> None:
        command = f"python -m tests.kit.faults.kills {' '.join(sys.argv[1:])}".strip()
        write_between(given.page, SCRIPT, table_of(tallies, command))

    options = ("--no-report",) if given.no_report else ()
    tallies = try_all(given.only or COMBINATIONS, given.efforts, given.kills, given.files, options, write)
    return int(any(tally.lost or tally.twice or tally.partial for tally in tallies))


if __name__ == "__main__":
    sys.exit(main())
