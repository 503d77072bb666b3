"""What a finished run says of its documents: their spread over scores, and how many tokens there are."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from annotations.asking.budget import BYTES_PER_TOKEN
from filtering.errors import SettingsError
from filtering.judging.thresholds import FINE_CUTS, above, fine_places
from filtering.scoring.settings import Effort, ExitSettings
from pipelines.run_folder.folder import RunFolder
from pipelines.run_folder.manifest import scored_parts
from pipelines.run_folder.plan import SCORED_FORMATS
from pipelines.run_folder.stored_scores import SIZE, have_sizes, read_scores
from pipelines.scorer_addresses import open_pairs, refuse_other_scorer


@dataclass(frozen=True)
class Population:
    """The documents of a run.

    Parameters
    ----------
    counts : int64 array, shape (len(FINE_CUTS),)
        Documents whose score lies from each of `FINE_CUTS` to the next.
    rows : int
        All documents, those without a score too.
    tokens : float
        Of all documents, by their bytes of text.
    text_bytes : float64 array, shape (len(FINE_CUTS),), optional
        Bytes of text of the documents of `counts`; None of a run that stored no sizes, as earlier ones did.
    effort : {"fast", "balanced", "full"}
        Which stages scored.
    exits : ExitSettings
        What the exits of effort ``balanced`` held.
    kept_from : float, optional
        Rubric points from which its documents were kept and written; None where none were written, or those
        with that very score only in part.
    """

    counts: NDArray[np.int64]
    rows: int
    tokens: float
    text_bytes: NDArray[np.float64] | None
    effort: Effort
    exits: ExitSettings
    kept_from: float | None

    @property
    def kept_shares(self) -> NDArray[np.float64]:
        """Share of all documents that each of `FINE_CUTS` keeps."""
        return above(self.counts) / self.rows

    @property
    def kept_text(self) -> NDArray[np.float64] | None:
        """Share of all text that each of `FINE_CUTS` keeps; None where sizes are not known."""
        if self.text_bytes is None:
            return None
        return above(self.text_bytes) / (self.tokens * BYTES_PER_TOKEN)


def read_population(out: str, scorer: str, effort: Effort | None) -> Population:
    """Read how the documents of a finished run are spread over scores.

    Parameters
    ----------
    out : str
        Folder of the run.
    scorer : str
        Name or folder of the scorer that it must have been made with.
    effort : {"fast", "balanced", "full"}, optional
        Which it must have been made at; any if not given.

    Raises
    ------
    OutputError
        If there is no finished run with scores.
    ScorerError
        If another scorer made it.
    SettingsError
        If it was made at another effort, or none of its documents has a score.
    """
    folder = RunFolder(out)
    plan = folder.read_finished_plan()
    signals, _ = open_pairs(scorer)
    scored = scored_parts(folder, plan)
    own = next((name for name, digest in plan.facts.digests.items() if digest == signals.digest), None)
    by_points = plan.facts.choice is None and (scored.parts.column("tie_quota") < 0).all()
    has_this_cut = plan.settings.get("write") != "scores" and bool(by_points) and own == plan.facts.combine
    facts = scored.folder.read_finished_plan(SCORED_FORMATS).facts  # a new cut keeps no exits
    made_with = folder.read_manifest()["scorer"]
    if own is None:
        refuse_other_scorer(scorer, signals.digest, facts.scorer_sha256, made_with)
    if effort not in (None, facts.effort):
        raise SettingsError(
            f"--effort must be that of the run {out}, {facts.effort}. Got {effort}. Leave it out."
        )
    counts, text_bytes = np.zeros(len(FINE_CUTS), dtype=np.int64), np.zeros(len(FINE_CUTS))
    columns = ["edu_score", *([SIZE] if have_sizes(scored.folder, scored.parts) else [])]
    for part in scored.parts:
        value, *sizes = read_scores(scored.folder, part, *columns, combine=own)
        has_score = ~np.isnan(value)
        places = fine_places(value[has_score])
        counts += np.bincount(places, minlength=len(FINE_CUTS))
        for size in sizes:
            text_bytes += np.bincount(places, size[has_score], minlength=len(FINE_CUTS))
    if not counts.any():
        raise SettingsError(f"Some document of the run {out} must have a score. None has.")
    return Population(
        counts=counts,
        rows=int(scored.parts.column("rows").sum()),
        tokens=folder.read_manifest()["text_bytes"] / BYTES_PER_TOKEN,
        text_bytes=text_bytes if SIZE in columns else None,
        effort=facts.effort,
        exits=facts.exits,
        kept_from=plan.facts.keep_at if has_this_cut else None,
    )
