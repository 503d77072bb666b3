"""Settings of the verbs that filter: checked once, at the edge; inner code takes plain values."""

from typing import Literal

from pydantic import Field, field_validator

from filtering.embedders import Placement
from filtering.errors import SettingsError
from filtering.exits import ExitSettings
from filtering.reasons_of_code import Rule, named_rules, usual_rules
from filtering.scorers import Effort
from pipelines.config_base import KEEP_AT, ExecutorName, Settings, Write, as_paths, setting_name
from pipelines.config_worker import ROWS_PER_PART, LeakAction, exit_settings_of

OnDrift = Literal["warn", "fail"]
RecutWrite = Literal["kept", "all"]


class FilterConfig(Settings):
    """Settings of `filter_dump`.

    Parameters
    ----------
    inputs : sequence of str
        Parquet files, folders or glob patterns. A file's path below its folder (below the part of
        the pattern before the first wildcard) is its path in the output.
    out : str
        Folder of the run; new, empty, or of the same run begun earlier.
    scorer : str
        A shipped scorer, ``web`` or ``code``, or the folder of a trained one.
    text_column : str, optional
        Column that holds the text. Found by itself where a file has just one of ``text``, ``content``,
        ``raw_content`` and ``code`` that holds text.
    keep_at : float
        Rubric points from which a document is kept, in [0, 5].
    write : {"kept", "all", "scores"}
        Which rows go to ``out/data``: those kept, all with ``edu_keep`` and ``edu_reason``, or none.
    effort : {"fast", "balanced", "full"}
        Which stages score: ``fast`` is signals alone; ``full`` embeds every document as well; ``balanced``,
        the default, those alone about which the signals are not sure enough. These need the ``embed`` extra.
    max_disagreement : float, optional
        For ``balanced``: share of all documents, in (0, 1), on which it may decide otherwise than ``full``,
        with 95 % confidence for documents like those that the scorer was paired on; 0.01 if not given.
    full_fraction : float, optional
        For ``balanced``, instead of `max_disagreement`: share of documents, in [0, 1], that are embedded.
    audit : int, optional
        For ``balanced``: documents that are embedded although they need not, to measure the disagreement;
        at most 1,000 and 2 % of the rows if not given.
    rules : str, optional
        What is a reason to give a document no score (`filtering.reasons_of_code`): some of ``license-only``,
        ``generated``, ``minified``, ``too-short``, ``data``, with commas; or ``none``. All of them where the
        scorer's domain is ``code``, else none, if not given.
    on_drift : {"warn", "fail"}
        What happens where the audit shows that `max_disagreement` does not hold on this dump.
    device : str
        Where the embedder runs: ``auto`` (a GPU where there is one), ``cpu``, ``cuda``, ``cuda:1``, ``mps``.
    embedder : str, optional
        Folder of the scorer's embedder, if it is not where it was when the scorer was trained.
    trust_remote_code : bool
        Agree to run the code that the scorer's embedder brings.
    score_column : str
        Name of the column of scores; ``<name less _score>_keep`` and ``_reason`` go with it.
    rows_per_part : int
        A part is closed at the row group in which it reaches this many rows.
    workers : int, optional
        Parts at a time, and threads that score; as many as this process has CPUs if not given. Under Ray
        parts at a time, as many as the cluster has room for if not given.
    executor : {"local", "ray"}
        Where parts run: in this process, or as tasks of a Ray cluster.
    ray_address : str, optional
        Address of the cluster; what RAY_ADDRESS says if not given, else Ray is started on this machine.
    strict : bool
        Stop at the first bad file instead of setting it aside.
    update : bool
        Take in input files that are new or changed since the run was started.
    decontaminate : sequence of str
        Files of benchmarks whose leaks are looked for in what would be kept; see `DecontaminateConfig`.
    leak_action : {"drop", "mark"}
        What becomes of a document with a leak; see `DecontaminateConfig`.
    """

    inputs: tuple[str, ...] = Field(min_length=1)
    out: str = Field(min_length=1)
    scorer: str = Field(default="web", min_length=1)
    text_column: str | None = Field(default=None, min_length=1)
    keep_at: float = Field(default=KEEP_AT, ge=0.0, le=5.0, allow_inf_nan=False)
    write: Write = "kept"
    effort: Effort = "balanced"
    max_disagreement: float | None = Field(default=None, gt=0.0, lt=1.0, allow_inf_nan=False)
    full_fraction: float | None = Field(default=None, ge=0.0, le=1.0, allow_inf_nan=False)
    audit: int | None = Field(default=None, ge=0)
    rules: str | None = None
    on_drift: OnDrift = "warn"
    device: str = Field(default="auto", min_length=1)
    embedder: str | None = Field(default=None, min_length=1)
    trust_remote_code: bool = False
    score_column: str = Field(default="edu_score", min_length=1)
    rows_per_part: int = Field(default=ROWS_PER_PART, ge=1)
    workers: int | None = Field(default=None, ge=1, le=4096)
    executor: ExecutorName = "local"
    ray_address: str | None = Field(default=None, min_length=1)
    strict: bool = False
    update: bool = False
    decontaminate: tuple[str, ...] = ()
    leak_action: LeakAction = "drop"

    def __init__(self, **values: object) -> None:
        super().__init__(**values)
        if self.decontaminate and self.write == "scores":
            raise SettingsError(
                "'decontaminate' (--decontaminate) must come with rows that are written. Got --write scores; "
                "run 'edufilter decontaminate' on what you keep."
            )
        if self.leak_action != "drop" and not self.decontaminate:
            raise SettingsError(
                "'leak_action' (--leak-action) must come with --decontaminate. "
                f"Got {self.leak_action!r} alone."
            )
        if self.max_disagreement is not None and self.full_fraction is not None:
            raise SettingsError(
                "At most one of 'max_disagreement' and 'full_fraction' must be given. "
                f"Got {self.max_disagreement} and {self.full_fraction} instead."
            )
        for name in ("max_disagreement", "full_fraction", "audit"):
            if self.effort != "balanced" and getattr(self, name) is not None:
                raise SettingsError(
                    f"{setting_name((name,))} must come with effort balanced. Got {self.effort!r}."
                )

    @property
    def exit_settings(self) -> ExitSettings:
        """What the exits of a cascade must hold."""
        return exit_settings_of(self.keep_at, self.max_disagreement, self.full_fraction)

    @property
    def placement(self) -> Placement:
        """Where the embedder lies and runs."""
        return Placement(
            device=self.device,
            threads=self.workers,
            folder=self.embedder,
            trust_remote_code=self.trust_remote_code,
        )

    def rules_for(self, domain: str) -> tuple[Rule, ...]:
        """Return the rules that were asked for, else those usual for a domain."""
        return usual_rules(domain) if self.rules is None else named_rules(self.rules)

    @field_validator("rules")
    @classmethod
    def _are_rules(cls, rules: str | None) -> str | None:
        return rules if rules is None else ",".join(named_rules(rules)) or "none"

    @field_validator("inputs", "decontaminate", mode="before")
    @classmethod
    def _as_tuple(cls, paths: object) -> object:
        return as_paths(paths)


class RecutConfig(Settings):
    """Settings of `recut_run`: the same run with another cut, from its stored scores.

    Parameters
    ----------
    run : str
        Folder of a finished run.
    to : str
        Folder of the new run.
    keep_at : float, optional
        Rubric points from which a document is kept. Either this or `keep_fraction`.
    keep_fraction : float, optional
        Share of all rows to keep, in (0, 1]: exactly ``round(keep_fraction * rows)`` rows, or all
        that have a score where those are fewer. Of rows with the very score of the cut the first
        ones are kept, in the order of the plan.
    write : {"kept", "all"}
        As in `FilterConfig`.
    workers : int, optional
        As in `FilterConfig`.
    executor : {"local", "ray"}
        As in `FilterConfig`.
    ray_address : str, optional
        As in `FilterConfig`.
    """

    run: str = Field(min_length=1)
    to: str = Field(min_length=1)
    keep_at: float | None = Field(default=None, ge=0.0, le=5.0, allow_inf_nan=False)
    keep_fraction: float | None = Field(default=None, gt=0.0, le=1.0, allow_inf_nan=False)
    write: RecutWrite = "kept"
    workers: int | None = Field(default=None, ge=1, le=4096)
    executor: ExecutorName = "local"
    ray_address: str | None = Field(default=None, min_length=1)

    def __init__(self, **values: object) -> None:
        super().__init__(**values)
        if (self.keep_at is None) == (self.keep_fraction is None):
            raise SettingsError(
                "Exactly one of 'keep_at' and 'keep_fraction' must be given. "
                f"Got keep_at={self.keep_at} and keep_fraction={self.keep_fraction} instead."
            )
