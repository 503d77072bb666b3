"""How a run shows that it goes on: one bar on a terminal, plain lines elsewhere, JSON for machines.

Nothing here ever shows text of a document.
"""

import json
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Literal, Protocol, TextIO

from filtering.errors import without_secrets
from filtering.printable import printable_lines
from pipelines.amount_formats import dollars, duration
from pipelines.program import as_called

if TYPE_CHECKING:
    from rich.progress import Progress

LINE_EVERY_S = 5.0
LATE_S, LATE_STEPS = 10.0, 3
"""Without a count for so long, and for so many times what one took so far, nothing moves."""

Style = Literal["auto", "json", "none"]


IN_JSON = {"documents": "rows"}
"""What machines are told of, where people read another word."""


class Meter:
    """Counts what is done, from any thread, and says how it goes on.

    Parameters
    ----------
    total, done : int
        Of things to do in all, and those done before.
    things : str
        What is counted.
    waits_for : str
        What is waited for until something is counted, be it none: rates leave that out.
    doing : str
        What is done with the things, where that is not what the command is for.
    """

    def __init__(
        self, total: int, done: int, things: str = "documents", *, waits_for: str = "", doing: str = ""
    ) -> None:
        self.total = total
        self.before = self.done = done
        self.things = things
        self.waits_for = waits_for
        self.doing = doing
        self.started_s = self._counted_s = time.monotonic()
        self._times = 0
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()

    def count(self, number: int, **more: int) -> None:
        """Count some more things, and what else there is to count of them."""
        with self._lock:
            self._counted_s = time.monotonic()
            if self.waits_for:
                self.waits_for, self.started_s = "", self._counted_s
            self.done += number
            self._times += bool(number)
            self._counts.update(more)

    @property
    def seconds(self) -> float:
        """Seconds since the meter was opened, or what it waited for was there."""
        return max(time.monotonic() - self.started_s, 1e-9)

    @property
    def fresh(self) -> int:
        """Things done since the meter was opened."""
        return self.done - self.before

    @property
    def still_s(self) -> float:
        """Seconds since the last count, where that is long: 0 while things move."""
        since_s = time.monotonic() - self._counted_s
        return since_s if self.fresh and since_s > max(LATE_S, LATE_STEPS * self._step_s) else 0.0

    @property
    def _step_s(self) -> float:
        """Seconds from one count to the next, so far."""
        return (self._counted_s - self.started_s) / max(self._times, 1)

    @property
    def left_s(self) -> float:
        """Seconds left, at the rate so far.

        That is as of the last count, less what has passed since, but no more than a count takes: what is not
        counted may not have moved. Where nothing moves it grows.
        """
        if not self.fresh:
            return 0.0
        left, since_s = self.total - self.done, time.monotonic() - self._counted_s
        if self.still_s:
            return left * self.seconds / self.fresh
        each_s = (self._counted_s - self.started_s) / self.fresh
        return max(left * each_s - min(since_s, self._step_s), 0.0)

    def figures(self) -> dict[str, float | int | str]:
        """Return what is shown, for machines: things done and in all, the rate, seconds left."""
        things = IN_JSON.get(self.things, self.things)
        return {
            things: self.done,
            f"{things}_total": self.total,
            f"{things}_per_s": round(self.fresh / self.seconds),
            "left_s": round(self.left_s, 1),
            **({"doing": self.doing} if self.doing else {}),
        }

    def words(self) -> str:
        """Return what is shown, for people."""
        each_s = self.seconds / max(self.fresh, 1)
        return f"{1 / each_s:,.0f} {self.things}/s" if self.fresh and each_s < 1 else f"{each_s:,.1f} s each"

    def state(self) -> str:
        """Return how it goes on, for people, also where nothing is counted yet."""
        return (
            self.words() if self.fresh else f"working on the {'next' if self.done else 'first'} {self.things}"
        )

    @property
    def begin(self) -> str:
        """What its lines begin with."""
        return f"{self.doing}: " if self.doing else ""

    def left(self) -> str:
        """Return how long it takes yet, for people, or for how long nothing moves; empty if not known."""
        if self.still_s and self.done < self.total:
            return f"nothing finished for {duration(self.still_s)}"
        left_s = self.left_s
        return f"{duration(left_s)} left" if left_s else ""

    def line(self) -> str:
        """Return all of it on a line, for people."""
        if self.waits_for:
            return f"{self.waits_for.partition(' (')[0]}: {duration(self.seconds)} so far"
        done = f"{self.begin}{self.done:,} of {self.total:,} {self.things}"
        return ", ".join(filter(None, (done, self.state(), self.left())))


class ShareMeter(Meter):
    """Counts steps that take some longer, some shorter: it says how far they are, and not how long it takes.

    Parameters
    ----------
    total : int
        Of steps.
    what : str
        What they make.
    """

    def __init__(self, total: int, what: str) -> None:
        super().__init__(total, 0, "steps")
        self.what = what

    def state(self) -> str:
        """Return what is made."""
        return self.what

    def left(self) -> str:
        """Return nothing: what is done says little of what is left."""
        return ""

    def line(self) -> str:
        """Return how far it is."""
        return f"{self.what}: {100 * self.done / max(self.total, 1):.0f} % done"


class RowMeter(Meter):
    """Counts rows, bytes and rows kept."""

    def tick(self, rows: int, text_bytes: int, kept: int) -> None:
        """Count a batch."""
        self.count(rows, text_bytes=text_bytes, kept=kept)

    @property
    def _mb_per_s(self) -> float:
        return self._counts["text_bytes"] / 1e6 / self.seconds

    @property
    def _kept_share(self) -> float:
        return self._counts["kept"] / self.fresh if self.fresh else 0.0

    def figures(self) -> dict[str, float | int | str]:
        """Return what is shown: also megabytes a second, and the share that is kept."""
        more = {"mb_per_s": round(self._mb_per_s, 1), "kept_share": round(self._kept_share, 4)}
        return {**super().figures(), **more}

    def words(self) -> str:
        """Return what is shown, for people."""
        return f"{super().words()}, {self._mb_per_s:.1f} MB/s, {100 * self._kept_share:.1f} % kept"


class ReplyMeter(Meter):
    """Counts replies by what became of them, and what they cost."""

    def __init__(self, total: int, done: int, spent_usd: float, things: str = "labels") -> None:
        super().__init__(total, done, things)
        self.spent_usd = spent_usd
        self.asked_again = 0

    def ask_again(self, count: int) -> None:
        """Note how many questions are asked again, for want of an answer."""
        self.asked_again = count

    def left(self) -> str:
        """Return how long it takes yet, and how many questions are asked again: all may wait for these."""
        again = f"asked again: {self.asked_again:,}" if self.asked_again else ""
        return ", ".join(filter(None, (again, super().left())))

    def tick(self, status: str, spent_usd: float) -> None:
        """Count a reply."""
        self.spent_usd = spent_usd
        self.count(1, **({} if status == "ok" else {status: 1}))

    def figures(self) -> dict[str, float | int | str]:
        """Return what is shown: also dollars, and failures by kind."""
        return {**super().figures(), "spent_usd": round(self.spent_usd, 4), **self._counts}

    def words(self) -> str:
        """Return what is shown, for people."""
        failures = "".join(f", {count:,} {name}" for name, count in sorted(self._counts.items()))
        spent = f", {dollars(self.spent_usd)} spent" if self.spent_usd else ""
        return f"{self.fresh / self.seconds:.1f} {self.things}/s{spent}{failures}"


class Reporter(Protocol):
    """What is told how a run goes on."""

    def say(self, message: str) -> None:
        """Show one line that a person should see."""
        ...

    def track(self, meter: Meter) -> "AbstractContextManager[None]":
        """Show a meter now and then while something goes on."""
        ...


class ConsoleReporter:
    """Shows progress on standard error, so that standard output stays clean for results.

    Parameters
    ----------
    style : {"auto", "json", "none"}
        ``auto`` is a bar on a terminal and a line every few seconds elsewhere; ``json`` one JSON
        object a line.
    """

    def __init__(self, style: Style = "auto", stream: TextIO | None = None) -> None:
        self._style = style
        self._stream = stream or sys.stderr
        self.began_s = time.monotonic()
        """When it was made: as soon as a command has its settings."""
        self._bar: Progress | None = None  # above which lines are shown while there is one

    def say(self, message: str) -> None:
        """Show one line that a person should see, less the secrets of addresses."""
        message = as_called(without_secrets(message))
        if self._style == "json":
            self.event("message", message=message)
        elif self._style == "auto":
            self._write(printable_lines(message))

    def event(self, name: str, **values: object) -> None:
        """Write one JSON object on a line."""
        self._write(json.dumps({"event": name, **values}))

    def _write(self, line: str) -> None:
        if self._bar is not None:
            self._bar.console.print(line)
            return
        self._stream.write(f"{line}\n")
        self._stream.flush()

    @contextmanager
    def track(self, meter: Meter) -> Iterator[None]:
        """Show a meter now and then while something goes on."""
        stop = threading.Event()
        self._bar = self._new_bar() if self._style == "auto" and self._stream.isatty() else None
        thread = threading.Thread(target=self._show, args=(meter, self._bar, stop), daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()
            self._bar = None

    def _new_bar(self) -> "Progress":
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

        return Progress(
            BarColumn(),
            TaskProgressColumn(),
            TextColumn("{task.fields[text]}"),
            console=Console(file=self._stream, soft_wrap=True, highlight=False, markup=False),
        )

    def _show(self, meter: Meter, bar: "Progress | None", stop: threading.Event) -> None:
        if bar is None:
            told = meter.done
            while not stop.wait(LINE_EVERY_S):
                told = meter.done
                self._line(meter)
            if meter.before < told < meter.done:  # a reader of lines would think that it stopped there
                self._line(meter)
            return
        with bar:
            task = bar.add_task("", total=max(meter.total, 1), completed=meter.done, text="")
            while not stop.wait(0.2):
                shown = meter.waits_for or meter.begin + ", ".join(
                    filter(None, (meter.state(), meter.left()))
                )
                bar.update(task, completed=meter.done, text=shown)
            bar.update(task, completed=meter.done, text=meter.begin + meter.state())

    def _line(self, meter: Meter) -> None:
        if self._style == "json":
            self.event("progress", **meter.figures())
        elif self._style == "auto":
            self._write(meter.line())


@contextmanager
def waiting(reporter: Reporter, doing: str) -> Iterator[None]:
    """Say what is being done, and again and again how long it has taken, while nothing of it can be counted.

    Parameters
    ----------
    reporter : Reporter
    doing : str
        Such as ``learning tokens``.
    """
    reporter.say(f"{doing[0].upper()}{doing[1:]} ...")
    with reporter.track(Meter(1, 0, "steps", waits_for=doing, doing=doing)):
        yield
