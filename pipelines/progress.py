"""How a run shows that it goes on: one bar on a terminal, plain lines elsewhere, JSON for machines.

Nothing here ever shows text of a document.
"""

import json
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Literal, Protocol, TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

LINE_EVERY_S = 5.0

Style = Literal["auto", "json", "none"]


class Reporter(Protocol):
    """What is told how a run goes on."""

    def say(self, message: str) -> None:
        """Show one line that a person should see."""
        ...

    def track(self, rows_total: int, rows_done: int) -> "AbstractContextManager[Meter]":
        """Open a meter over the rows of a run."""
        ...


class Meter:
    """Counts rows, bytes and rows kept, from any thread, and shows them now and then."""

    def __init__(self, rows_total: int, rows_done: int) -> None:
        self.rows_total = rows_total
        self.rows_before = self.rows = rows_done
        self.text_bytes = self.kept = 0
        self.started_s = time.monotonic()
        self._lock = threading.Lock()

    def tick(self, rows: int, text_bytes: int, kept: int) -> None:
        """Count a batch."""
        with self._lock:
            self.rows += rows
            self.text_bytes += text_bytes
            self.kept += kept

    @property
    def seconds(self) -> float:
        """Seconds since the meter was opened."""
        return max(time.monotonic() - self.started_s, 1e-9)

    def figures(self) -> dict[str, float | int]:
        """Return what is shown: rows, megabytes a second, kept share, seconds left."""
        fresh = self.rows - self.rows_before
        rate = fresh / self.seconds
        left = (self.rows_total - self.rows) / rate if rate else 0.0
        return {
            "rows": self.rows,
            "rows_total": self.rows_total,
            "rows_per_s": round(rate),
            "mb_per_s": round(self.text_bytes / 1e6 / self.seconds, 1),
            "kept_share": round(self.kept / fresh, 4) if fresh else 0.0,
            "left_s": round(left, 1),
        }


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
        self._console = Console(file=self._stream, soft_wrap=True, highlight=False, markup=False)

    def say(self, message: str) -> None:
        """Show one line that a person should see."""
        if self._style == "json":
            self.event("message", message=message)
        elif self._style == "auto":
            self._console.print(message)

    def event(self, name: str, **values: object) -> None:
        """Write one JSON object on a line."""
        self._stream.write(json.dumps({"event": name, **values}) + "\n")
        self._stream.flush()

    @contextmanager
    def track(self, rows_total: int, rows_done: int) -> Iterator[Meter]:
        """Open a meter over the rows of a run."""
        meter = Meter(rows_total, rows_done)
        stop = threading.Event()
        bar = self._bar() if self._style == "auto" and self._console.is_terminal else None
        thread = threading.Thread(target=self._show, args=(meter, bar, stop), daemon=True)
        thread.start()
        try:
            yield meter
        finally:
            stop.set()
            thread.join()

    def _bar(self) -> Progress:
        return Progress(
            BarColumn(),
            TaskProgressColumn(),
            TextColumn("{task.fields[text]}"),
            TimeRemainingColumn(),
            console=self._console,
        )

    def _show(self, meter: Meter, bar: Progress | None, stop: threading.Event) -> None:
        if bar is None:
            while not stop.wait(LINE_EVERY_S):
                self._line(meter)
            return
        with bar:
            task = bar.add_task("", total=max(meter.rows_total, 1), completed=meter.rows, text="")
            while not stop.wait(0.2):
                bar.update(task, completed=meter.rows, text=_in_words(meter))
            bar.update(task, completed=meter.rows, text=_in_words(meter))

    def _line(self, meter: Meter) -> None:
        if self._style == "json":
            self.event("progress", **meter.figures())
        elif self._style == "auto":
            begun = meter.rows_before < meter.rows < meter.rows_total
            left = f", {meter.figures()['left_s']:.0f} s left" if begun else ""
            self._console.print(f"{meter.rows:,} of {meter.rows_total:,} rows, {_in_words(meter)}{left}")


def _in_words(meter: Meter) -> str:
    figures = meter.figures()
    return (
        f"{figures['rows_per_s']:,} rows/s, {figures['mb_per_s']} MB/s, "
        f"{100 * figures['kept_share']:.1f} % kept"
    )
