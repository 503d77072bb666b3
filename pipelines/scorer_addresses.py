"""Scorers by address: a shipped one, a folder, one on the hub, or a folder in an object store."""

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from filtering import load_scorer
from filtering.embedding.settings import Placement
from filtering.errors import ScorerError, SettingsError
from filtering.scoring.cascade import AnyScorer, with_warnings
from filtering.scoring.cascade_exits import Exits, PairedScores, find_exits
from filtering.scoring.hub_scorers import is_on_hub
from filtering.scoring.nested_points import NestedPoints
from filtering.scoring.scorer_files import FILES, SCORER_BYTES
from filtering.scoring.scorers import SignalScorer
from filtering.scoring.settings import Effort, ExitSettings
from filtering.scoring.storage import read_nested, read_scorer
from filtering.signals.settings import Rule
from pipelines.object_stores import StorePath, is_store


def open_scorer(
    name: str,
    effort: Effort = "fast",
    placement: Placement | None = None,
    exits: ExitSettings | None = None,
    rules: tuple[Rule, ...] = (),
) -> AnyScorer:
    """Load a scorer as `filtering.load_scorer` does, with rules; one in a store is brought here for that.

    It does not warn of texts that it does not know, as scorers in Python do: the verbs say so themselves.

    Raises
    ------
    SettingsError, ScorerError, MissingExtraError
        As `filtering.load_scorer`.
    RunError
        If the store does not let us read it.
    """
    with scorer_here(name) as local:
        scorer = load_scorer(
            local,
            effort=effort,
            placement=placement or Placement(),
            exits=exits or ExitSettings(),
        )
    return with_warnings(scorer.with_rules(rules), warns=False)


def open_signals(name: str) -> SignalScorer:
    """Load the first stage of a scorer, as `open_scorer` does."""
    with scorer_here(name) as local:
        return replace(load_scorer(local), warns=False)


def open_nested(name: str) -> NestedPoints | None:
    """Read which documents a scorer was trained on; see `filtering.scoring.storage.read_nested`."""
    with scorer_here(name) as local:
        return read_nested(local)


@dataclass(frozen=True)
class UntriedScorer:
    """What the files of a scorer say of it: enough to plan a run, and not to score.

    Parameters
    ----------
    signals : SignalScorer
        Its first stage.
    effort : {"fast", "balanced", "full"}
    exits : Exits, optional
        Between which effort ``balanced`` embeds.
    """

    signals: SignalScorer
    effort: Effort
    exits: Exits | None


def open_untried(name: str, effort: Effort, exits: ExitSettings) -> UntriedScorer:
    """Read what the files of a scorer say of it.

    Raises
    ------
    SettingsError, ScorerError
        As `filtering.load_scorer`.
    """
    signals, paired = open_pairs(name)
    found = None if paired is None or effort != "balanced" else find_exits(paired, exits)
    return UntriedScorer(signals, effort, found)


def open_pairs(name: str) -> tuple[SignalScorer, PairedScores | None]:
    """Read a scorer without trying it; see `filtering.scoring.storage.read_scorer`."""
    with scorer_here(name) as local:
        return read_scorer(local)


def refuse_other_scorer(name: str, digest: str, wanted: str | None, made_with: str | None = None) -> None:
    """Check that a scorer is the one that a run was planned with.

    Parameters
    ----------
    name : str
        As it was opened by.
    digest : str
        That it has.
    wanted : str, optional
        That the plan of the run names; any will do if not given.
    made_with : str, optional
        How the scorer of the run was named, for the message.

    Raises
    ------
    ScorerError
        If it is another one.
    """
    if wanted in (None, digest):
        return
    if made_with not in (None, name):
        words = ["edufilter", "filter", "DUMP", "--scorer", name, "--out", "OUT"]
        raise ScorerError(
            f"{name!r} must be the scorer that the run was made with, {made_with!r}. Name that one, or make "
            f"a run with this one:\n  {shlex.join(words)}"
        )
    raise ScorerError(
        f"{name!r} must be the scorer that the run was made with. It is another one: it was replaced, "
        "differs between machines, or is not the one that was meant."
    )


@contextmanager
def scorer_here(name: str) -> Iterator[str]:
    """Give the name or folder of a scorer on this machine."""
    if not is_store(name) or is_on_hub(name):  # which is brought here by who loads it
        yield name
        return
    folder = StorePath.parse(name)
    sizes = dict(folder.files())
    files = [one for one in ("scorer.json", *FILES) if one in sizes]  # no other names come out of a store
    if "scorer.json" not in files or sum(sizes[one] for one in files) > SCORER_BYTES:
        raise SettingsError(
            f"A scorer must be the folder of a scorer.json and a few megabytes beside it. {name} is not."
        )
    with TemporaryDirectory(prefix="edufilter-scorer-") as local:
        for one in files:
            Path(local, one).write_bytes((folder / one).read_bytes())
        yield local
