"""What a worker is built from, in whichever process it runs."""

from dataclasses import replace

from pydantic import BaseModel, ConfigDict

from filtering.compiled import is_compiled
from filtering.embedding.settings import Placement
from filtering.scoring.settings import SHIPPED, Effort, ExitSettings
from filtering.signals.settings import Rule
from pipelines.object_stores import absolute
from pipelines.settings.filter import Write
from pipelines.settings.runs import MAX_DOCUMENT_BYTES, LanguagesFrom, LeakAction, UnsureAction


class LeakSearch(BaseModel):
    """A search for benchmark leaks in what would be kept.

    Parameters
    ----------
    sha256 : str
        Digest of the tasks in the folder of the run, and of how they are looked for.
    action : {"drop", "mark"}
        As in `DecontaminateConfig`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    sha256: str
    action: LeakAction


class UnsureSearch(BaseModel):
    """A search for documents in languages that the scorer does not know, in what is written.

    Parameters
    ----------
    action : {"drop", "flag"}
        As in `FilterConfig`.
    known : tuple of str, optional
        Languages that it knows; None where it does not say how many labels it has by language.
    languages_from : {"column, text", "column", "column, path"}
        What tells a language: a column, and the text where that says nothing; a column alone; of code a
        column, and a path where that says nothing.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    action: UnsureAction
    known: tuple[str, ...] | None
    languages_from: LanguagesFrom


class PlannedScorer(BaseModel):
    """A scorer that a run was planned with.

    Parameters
    ----------
    name : str
        Of several, that by which its column is called.
    address : str
        Name, folder or address.
    sha256 : str, optional
        Digest that it must have; any will do if not given.
    rules : tuple of str
        What is a reason to give a document no score; see `filtering.signals.reasons_of_code`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    address: str
    sha256: str | None = None
    rules: tuple[Rule, ...] = ()

    def absolute(self) -> "PlannedScorer":
        """Return it with a whole path."""
        if self.address in SHIPPED:
            return self
        return self.model_copy(update={"address": absolute(self.address)})


class WorkerSettings(BaseModel):
    """What a worker is built from: plain values that go to another process as JSON.

    Parameters
    ----------
    out : str
        Folder of the run.
    scorers : tuple of PlannedScorer
        One, or several in their order; none where nothing is scored.
    combine : str, optional
        What is made of the points of several.
    scores_from : str, optional
        Folder of the run whose stored scores are used instead of a scorer.
    text_column, keep_at, write, effort, score_column, ignore_checksums, max_document_bytes, write_origin
        As in `FilterConfig`.
    exits : ExitSettings
        What the exits of effort ``balanced`` must hold.
    chosen : bool
        Whether the folder of the run says how often each row is used: the cut then decides nothing.
    repeats : bool
        Whether a column says how often.
    expand : bool
        Whether rows are written as often as they are used.
    audit_shares : (float, float)
        Shares of the documents that are dropped, and kept, by the signals of a cascade, that are looked at.
    placement : Placement
        Where the embedder lies and runs.
    passages_at : float, optional
        Points from which a segment of a long document belongs to a passage; None where documents are judged
        as wholes alone.
    leaks : LeakSearch, optional
        What is looked for in rows that would be kept.
    unsure : UnsureSearch, optional
        Which documents are told to be unsure.
    threads : int
        Threads that score inside this worker.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    out: str
    scorers: tuple[PlannedScorer, ...] = ()
    combine: str | None = None
    scores_from: str | None = None
    text_column: str
    keep_at: float
    write: Write
    effort: Effort
    score_column: str
    exits: ExitSettings = ExitSettings()
    ignore_checksums: bool = False
    max_document_bytes: int = MAX_DOCUMENT_BYTES
    audit_shares: tuple[float, float] = (0.0, 0.0)
    placement: Placement = Placement()
    passages_at: float | None = None
    leaks: LeakSearch | None = None
    unsure: UnsureSearch | None = None
    write_origin: bool = False
    chosen: bool = False
    repeats: bool = False
    expand: bool = False
    threads: int = 1

    @property
    def scores(self) -> bool:
        """Whether rows have scores at all."""
        return bool(self.scorers)

    @property
    def embeds(self) -> bool:
        """Whether this worker loads an embedder: not where stored scores are cut anew."""
        return self.effort != "fast" and self.scores and self.scores_from is None

    @property
    def names(self) -> tuple[str, ...]:
        """Names of several scorers, each of which has a column; none of one alone."""
        return () if self.combine is None else tuple(one.name for one in self.scorers)

    @property
    def waits_for(self) -> str:
        """What a worker loads before its first row, if that takes seconds; else nothing."""
        waits = ["loading the embedder"] if self.embeds else []
        about = ""
        if self.leaks is not None:
            waits.append("preparing the search for leaks")
            once = " (compiling it, once after each installation: about 20 seconds)"
            about = "" if _search_is_compiled() else once
        return f"{' and '.join(waits).capitalize()}{about}"

    def with_threads(self, threads: int) -> "WorkerSettings":
        """Return these settings for a worker of some threads; an embedder gets as many."""
        placement = replace(self.placement, threads=threads)
        return self.model_copy(update={"threads": threads, "placement": placement})

    def absolute(self) -> "WorkerSettings":
        """Return these settings with whole paths: another process may have another working directory."""
        folder = self.placement.folder
        return self.model_copy(
            update={
                "out": absolute(self.out),
                "scorers": tuple(one.absolute() for one in self.scorers),
                "scores_from": self.scores_from and absolute(self.scores_from),
                "placement": replace(self.placement, folder=folder and absolute(folder)),
            }
        )


def _search_is_compiled() -> bool:
    from filtering.leaks.prose_search import scan_prose  # late: most runs look for no leaks
    from filtering.leaks.token_runs import list_tokens

    return is_compiled(scan_prose) or is_compiled(list_tokens)
