"""What a run will do, decided before the first row is read: its settings, and a key for each part.

A key says what the output of a part depends on; a receipt under that key means that the part is done. Time
stamps are not in the key, so a copied dump goes on where it was; neither are workers, executor or progress.
"""

import hashlib
import json
import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from itertools import pairwise
from typing import Annotated, Any

from pydantic import BeforeValidator, TypeAdapter

from filtering.printable import printable
from filtering.scoring.settings import Effort, ExitSettings
from pipelines.dump.inputs import InputFile
from pipelines.dump.parts import Fields, Parts, SetAside
from pipelines.dump.rows import RowReader
from pipelines.dump.split_files import PartSize, split_files
from pipelines.object_stores import absolute
from pipelines.settings.base import NO_SAMPLES, OpenShare, with_options
from pipelines.settings.runs import LanguagesFrom, LeakAction, UnsureAction

OUTPUT_FORMAT = 11
"""Number of the layout and content of `out/`; raised when either changes."""
SCORED_FORMATS = (9, 10, OUTPUT_FORMAT)
"""Of runs whose scores can be cut anew; those of format 9 have no sizes of documents."""

PlanSettings = Mapping[str, str | float | int | None]
"""What decides rows and bytes of the output, by the names that `plan.json` has; `RunFacts` reads it."""

CUT_OF = "recut_from"
"""The setting of a new cut that holds the digest of the plan that it is a cut of."""
KEY_FIELDS = (
    *("relative", "output", "size_bytes", "footer_sha256"),
    *("first_row_group", "stop_row_group", "first_row", "rows", "tie_quota"),
)
"""What decides a part's output beside the settings."""


EARLIER_NAMES = {"text": "column, text", "path": "column, path"}
"""What runs that were begun earlier call what tells languages."""


def _as_named_now(languages_from: object) -> object:
    return (
        EARLIER_NAMES.get(languages_from, languages_from)
        if isinstance(languages_from, str)
        else languages_from
    )


@dataclass(frozen=True)
class RunFacts:
    """What the settings of a plan say, by their names and types, and by default where they say nothing.

    Parameters
    ----------
    text_column : str
    keep_at : float
        Rubric points; 0 where nothing is scored.
    scorer_sha256 : str, optional
        Digest of the scorer, of several the first; None where nothing is scored.
    scorers, combine : str, optional
        Of several scorers: their names and digests, as `several_in_words` has them, and what is made of their
        points; None where there is one.
    effort, score_column, max_lost, max_false, max_disagreement, ignore_checksums
        As in `FilterConfig`.
    full_fraction : float, optional
        Share of documents that were embedded; plans of earlier runs may have it.
    leaks_sha256, leak_action : str, optional
        Digest of the search for leaks, and what becomes of these; None where none are looked for.
    write_origin : bool
        Whether rows of the output say where they are from.
    passages_at : float, optional
        Points from which a segment of a long document belongs to a passage; None where documents are judged
        as wholes alone.
    choice : str, optional
        Digest of how often each row is used; None where the cut alone decides.
    unsure, known_languages, languages_from : str
        What becomes of documents in languages that the scorer does not know; those that it knows, with commas
        (None where it does not say); and what tells them, as in `UnsureSearch`.
    """

    text_column: str
    keep_at: float
    scorer_sha256: str | None = None
    scorers: str | None = None
    combine: str | None = None
    effort: Effort = "fast"
    score_column: str = "edu_score"
    max_lost: OpenShare | None = None
    max_false: OpenShare | None = None
    max_disagreement: float | None = None
    full_fraction: float | None = None
    ignore_checksums: bool = False
    leaks_sha256: str | None = None
    leak_action: LeakAction | None = None
    write_origin: bool = False
    passages_at: float | None = None
    choice: str | None = None
    unsure: UnsureAction = "keep"
    known_languages: str | None = None
    languages_from: Annotated[LanguagesFrom, BeforeValidator(_as_named_now)] = "column"

    @property
    def scores(self) -> bool:
        """Whether documents have scores at all: not where leaks alone were looked for."""
        return self.scorer_sha256 is not None

    @property
    def digests(self) -> Mapping[str, str]:
        """Digests of several scorers by name; empty where there is one."""
        return dict(one.split("=", 1) for one in (self.scorers or "").split() if "=" in one)

    @property
    def exits(self) -> ExitSettings:
        """What exits at the cut hold, or would hold at another effort than ``balanced``."""
        return ExitSettings(
            self.keep_at, self.max_disagreement, self.full_fraction, self.max_lost, self.max_false
        )

    @property
    def row_reader(self) -> RowReader:
        """What reads documents again as the run read them."""
        return RowReader(self.text_column, checksums=not self.ignore_checksums)


def several_in_words(digests: Mapping[str, str]) -> str:
    """Return the names and digests of several scorers as a plan has them.

    Examples
    --------
    >>> several_in_words({"web": "0f", "mine": "1e"})
    'web=0f mine=1e'
    """
    return " ".join(f"{name}={digest}" for name, digest in digests.items())


_FACTS = TypeAdapter(RunFacts)


def _typed(command: Sequence[str]) -> str:
    """Return a command as it is typed, on one line whatever its words hold."""
    return printable(shlex.join(command))


def named_here(command: tuple[str, ...], root: str) -> tuple[str, ...]:
    """Return the words of a run's command with the folder in which it lies now, as a copy of it does."""
    option = "--to" if command[1:2] == ("recut",) else "--out"
    given = next((to for word, to in pairwise(command) if word == option), None)
    if given is None or absolute(given) == absolute(root):
        return command
    return tuple(with_options(command, {option: root}))


@dataclass(frozen=True)
class Plan:
    """All that a run will do, decided before the first row is read.

    Parameters
    ----------
    settings : mapping
        What decides rows and bytes of the output, the scorer's digest included.
    parts : Parts
        In order of relative path and rows.
    set_aside : tuple of SetAside
        Files whose footer cannot be read.
    losses : tuple of str
        As in `FoundParts`, where the inputs were read for this plan; they are not stored.
    command : tuple of str
        Words of the command line that makes the run, and finishes it. They decide nothing.
    """

    settings: PlanSettings
    parts: Parts
    set_aside: tuple[SetAside, ...]
    losses: tuple[str, ...] = field(default=(), compare=False)
    command: tuple[str, ...] = field(default=(), compare=False)

    @property
    def shows_documents(self) -> bool:
        """Whether pages of the run may show documents: not where it was begun with ``--no-samples``."""
        return NO_SAMPLES not in self.command

    @property
    def typed(self) -> str:
        """The command that began the run, as it is typed; empty if that is not known."""
        return _typed(self.command)

    @property
    def how_to_finish(self) -> str:
        """What to do to finish the run, as a sentence."""
        if not self.command:
            return "Finish it with the command that began it."
        return f"To finish it:\n  {self.typed}"

    @property
    def how_to_read(self) -> str:
        """What to do so that files which were set aside are read, as a sentence."""
        repair = "To read what was set aside: repair it, then run"
        if self.origin:
            origin = printable(self.origin)
            return f"{repair} the command that made '{origin}' with --update, and recut that anew."
        if not self.command:
            return f"{repair} the same command with --update."
        more = () if "--update" in self.command else ("--update",)
        return f"{repair}:\n  {_typed((*self.command, *more))}"

    @property
    def origin(self) -> str:
        """The run that this one is a new cut of, as it was typed; empty if there is none, or none known."""
        return next(iter(self.command[2:]), "") if self.command[:2] == ("edufilter", "recut") else ""

    @cached_property
    def digest(self) -> str:
        """sha256 over settings, parts and files set aside."""
        aside = [one.relative for one in self.set_aside]  # why names the path, which may change
        digest = _hash([dict(self.settings), aside])
        for batch in self.parts.table.select(["key"]).to_batches():
            digest.update("".join(batch.column(0).to_pylist()).encode())
        return digest.hexdigest()

    @cached_property
    def places(self) -> str:
        """sha256 over where the inputs lie, and why some cannot be read: what the digest leaves out."""
        paths = self.parts.table["path"].unique().to_pylist()
        return _hash([paths, [one.why for one in self.set_aside]]).hexdigest()

    @cached_property
    def facts(self) -> RunFacts:
        """What the settings say, by type: they may come out of a file.

        Raises
        ------
        ValueError
            If one is of another type.
        """
        known: Mapping[str, Any] = {
            one.name: self.settings[one.name] for one in fields(RunFacts) if one.name in self.settings
        }
        return _FACTS.validate_python(known)

    @cached_property
    def rows(self) -> int:
        """Rows of all parts."""
        return int(self.parts.column("rows").sum())


def _hash(value: object) -> "hashlib._Hash":
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode())


def keys_under(settings: PlanSettings) -> Callable[[Fields], str]:
    """Return the function from a part's fields to its key: the sha256 of what decides the part's output."""
    base = _hash([dict(settings), OUTPUT_FORMAT])

    def key_of(row: Fields) -> str:
        digest = base.copy()
        digest.update("\0".join([str(row[name]) for name in KEY_FIELDS]).encode(errors="surrogatepass"))
        return digest.hexdigest()

    return key_of


def rekeyed(parts: Parts, settings: PlanSettings, tie_quotas: Iterable[int]) -> Parts:
    """Return parts with other quotas of ties, and their keys under other settings."""
    key_of = keys_under(settings)
    rows = ({**vars(part), "tie_quota": quota} for part, quota in zip(parts, tie_quotas, strict=True))
    return Parts.from_rows({**row, "key": key_of(row)} for row in rows)


def make_plan(
    files: Sequence[InputFile],
    *,
    settings: PlanSettings,
    text_column: str | None,
    new_columns: Sequence[str],
    size: PartSize,
    strict: bool = False,
) -> Plan:
    """Read all footers, split the files into parts, and give these their keys.

    Parameters
    ----------
    settings : mapping
        What decides the output beside the files; the name of the text column is added.
    files, text_column, new_columns, size, strict
        As for `split_files`, which says too what is raised.
    """

    def with_column(name: str) -> PlanSettings:
        return {**settings, "text_column": name}

    found = split_files(
        files,
        text_column=text_column,
        size=size,
        new_columns=new_columns,
        key_under=lambda name: keys_under(with_column(name)),
        strict=strict,
    )
    return Plan(with_column(found.text_column), found.parts, found.set_aside, found.losses)
