"""What a worker is built from, in whichever process it runs."""

from dataclasses import replace
from pathlib import Path
from typing import Literal

from pydantic import field_validator

from filtering.embedders import Placement
from filtering.exits import ExitSettings
from filtering.reasons_of_code import Rule
from filtering.scorers import Effort
from filtering.storage import SHIPPED
from pipelines.config_base import Settings, Write
from pipelines.paths import path_of

ROWS_PER_PART = 1_000_000
"""A part is closed at the row group in which it reaches this many rows."""

LeakAction = Literal["drop", "mark"]


class LeakSearch(Settings):
    """A search for benchmark leaks in what would be kept.

    Parameters
    ----------
    sha256 : str
        Digest of the tasks in the folder of the run, and of how they are looked for.
    action : {"drop", "mark"}
        As in `DecontaminateConfig`.
    """

    sha256: str
    action: LeakAction


class WorkerSettings(Settings):
    """What a worker is built from: plain values that go to another process as JSON.

    Parameters
    ----------
    out : str
        Folder of the run.
    scorer : str, optional
        Name or folder of the scorer; None where stored scores alone are cut anew, or nothing is scored.
    scorer_sha256 : str, optional
        Digest that the scorer must have.
    scores_from : str, optional
        Folder of the run whose stored scores are used instead of a scorer.
    text_column, keep_at, write, effort, score_column
        As in `FilterConfig`.
    max_disagreement, full_fraction
        As in `FilterConfig`.
    rules : tuple of str
        What is a reason to give a document no score; see `filtering.reasons_of_code`.
    audit_shares : (float, float)
        Shares of the documents that are dropped, and kept, by the signals of a cascade, that are looked at.
    placement : Placement
        Where the embedder lies and runs.
    leaks : LeakSearch, optional
        What is looked for in rows that would be kept.
    threads : int
        Threads that score inside this worker.
    """

    out: str
    scorer: str | None
    scorer_sha256: str | None = None
    scores_from: str | None = None
    text_column: str
    keep_at: float
    write: Write
    effort: Effort
    score_column: str
    max_disagreement: float | None = None
    full_fraction: float | None = None
    rules: tuple[Rule, ...] = ()
    audit_shares: tuple[float, float] = (0.0, 0.0)
    placement: Placement = Placement()
    leaks: LeakSearch | None = None
    threads: int = 1

    @property
    def scores(self) -> bool:
        """Whether rows have scores at all."""
        return self.scorer is not None or self.scores_from is not None

    @property
    def embeds(self) -> bool:
        """Whether this worker loads an embedder: not where stored scores are cut anew."""
        return self.effort != "fast" and self.scorer is not None and self.scores_from is None

    @property
    def exit_settings(self) -> ExitSettings:
        """What the exits of a cascade must hold."""
        return exit_settings_of(self.keep_at, self.max_disagreement, self.full_fraction)

    @field_validator("audit_shares", "rules", mode="before")
    @classmethod
    def _as_tuple(cls, values: object) -> object:
        return tuple(values) if isinstance(values, list) else values

    @field_validator("leaks", mode="before")
    @classmethod
    def _search_from_json(cls, leaks: object) -> object:
        return LeakSearch(**leaks) if isinstance(leaks, dict) else leaks

    @field_validator("placement", mode="before")
    @classmethod
    def _from_json(cls, placement: object) -> object:
        return Placement(**placement) if isinstance(placement, dict) else placement

    def with_threads(self, threads: int) -> "WorkerSettings":
        """Return these settings for a worker of some threads; an embedder gets as many."""
        placement = replace(self.placement, threads=threads)
        return self.model_copy(update={"threads": threads, "placement": placement})

    def absolute(self) -> "WorkerSettings":
        """Return these settings with whole paths: another process may have another working directory."""
        folder = self.placement.folder
        return self.model_copy(
            update={
                "out": _absolute(self.out),
                "scorer": self.scorer and (self.scorer if self.scorer in SHIPPED else _absolute(self.scorer)),
                "scores_from": self.scores_from and _absolute(self.scores_from),
                "placement": replace(self.placement, folder=folder and _absolute(folder)),
            }
        )


def exit_settings_of(
    keep_at: float, max_disagreement: float | None, full_fraction: float | None
) -> ExitSettings:
    """Return what the exits of a cascade must hold, where a bound was given or not."""
    allowed = ExitSettings().max_disagreement if max_disagreement is None else max_disagreement
    return ExitSettings(keep_at, allowed, full_fraction)


def _absolute(address: str) -> str:
    path = path_of(address)
    return str(path.resolve() if isinstance(path, Path) else path)
