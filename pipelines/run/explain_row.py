"""Explains the score of one document: of a text, of a dump, or of a finished run, and what that decided."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pyarrow as pa

from filtering import explain_documents
from filtering.errors import BadFileError, SettingsError
from filtering.explaining.explain import with_score
from filtering.explaining.explanation import Explanation, unscored
from filtering.scoring.cascade import AnyScorer, signals_of
from filtering.scoring.scores import STAGES
from filtering.signals.settings import usual_rules
from filtering.text.arrow import EMPTY, NULL, REASONS, TOO_LONG, WHITE_SPACE, text_reasons
from pipelines.dump.row_values.row_languages import knows_code, languages_of
from pipelines.dump.rows import Row
from pipelines.run.find_document import find_in_dump, find_in_run
from pipelines.run_folder.decisions import Decisions, RunDecisions
from pipelines.run_folder.folder import RunFolder
from pipelines.run_folder.manifest import read_parts, scored_parts, scorers_of
from pipelines.run_folder.plan import Plan, RunFacts
from pipelines.run_folder.stored_scores import UNSURE
from pipelines.scorer_addresses import open_scorer, refuse_other_scorer
from pipelines.settings.explain import ExplainConfig
from pipelines.worker.passages import look_for_passages

FLAGGED = "The run found it in a language that the scorer does not know: its score is not reliable."


@dataclass(frozen=True)
class ExplainedDocument:
    """A document, and why it has its score.

    Parameters
    ----------
    why : Explanation
    file : str
        Its file; empty for a text that was given.
    row : int, optional
        Its row there, from 0.
    is_scored : bool
        Whether scores were given at all: not by a run that looked for benchmarks alone.
    leaks : sequence of mapping, optional
        The hits of benchmarks that a run stored of it, leaks first: ``task``, ``benchmark``, ``first_line``
        and the other columns of ``run/hits.parquet``. None where none were looked for.
    points : mapping of str to float
        What each of several scorers of a run gave it; NaN where one gave none.
    scorer : str
        Of several, the one whose score is explained.
    combine : str
        Of several, what decided: ``max``, ``mean``, ``min``, or the name of one.
    combined : float
        Its points; NaN where it gave none.
    passages : sequence of (int, int, float)
        Those of a document that is not kept whole, by a run that looked for passages: where each starts and
        ends, in bytes of the text, and its points.
    passages_left_out : str
        Why the run did not write them; empty where it did.
    output_passage : int, optional
        Which of them, from 0, is the row of the output that was asked for; of a run with one scorer.
    chosen_by : str
        What a run chose by that has no cut of its own, in words; empty where one cut decides.
    run : str
        Folder of the run, whose dump has the document; empty without one.
    is_in_output : bool
        Whether its row was given, and the output has a file of the same name: a row of that may be meant.
    """

    why: Explanation
    file: str = ""
    row: int | None = None
    is_scored: bool = True
    leaks: Sequence[Mapping[str, Any]] | None = None
    points: Mapping[str, float] = field(default_factory=dict)
    scorer: str = ""
    combine: str = ""
    combined: float = 0.0
    passages: Sequence[tuple[int, int, float]] = ()
    passages_left_out: str = ""
    output_passage: int | None = None
    chosen_by: str = ""
    run: str = ""
    is_in_output: bool = False


def explain_row(config: ExplainConfig) -> Explanation:
    """Explain the score of a document.

    Of a run, score, stage and decision are those that it stored; nothing is embedded.

    Raises
    ------
    SettingsError
        If there is no such file, row or value, it cannot be read, or an input of a run has changed since.
    OutputError
        If there is no finished run, or its scores are gone.
    ScorerError
        If the scorer is not that of the run any more.
    RunError
        If the system does not let us read the file.
    """
    return explain_document(config).why


def explain_document(config: ExplainConfig) -> ExplainedDocument:
    """Explain the score of a document, and say where it lies; see `explain_row`."""
    try:
        return _explain_of_dump(config) if config.run is None else _explain_of_run(config, config.run)
    except BadFileError as error:  # the one file that was asked for is a setting, not data
        raise SettingsError(str(error)) from error


def _explain_of_dump(config: ExplainConfig) -> ExplainedDocument:
    found = None if config.text is not None else find_in_dump(config)  # before anything slow is loaded
    scorer = open_scorer(config.scorer or "web", config.effort or "fast", config.placement)
    scorer = scorer.with_rules(usual_rules(scorer.domain))  # as a run has them
    if found is None:
        (why,) = explain_documents(scorer, [config.text], top=config.top, keep_at=config.keep_at)
        return ExplainedDocument(why)
    languages = _languages_of(found.row, scorer)
    (why,) = explain_documents(
        scorer, [found.row.data], top=config.top, keep_at=config.keep_at, languages=languages
    )
    return ExplainedDocument(why, found.file, found.number)


def _explain_of_run(config: ExplainConfig, run: str) -> ExplainedDocument:
    folder = RunFolder(run)
    plan = folder.read_finished_plan()
    facts = plan.facts
    if facts.scores:
        scored = scored_parts(folder, plan)
        good, decisions = scored.parts, RunDecisions(folder, plan, scored.folder)
    else:
        good, decisions = read_parts(folder, plan), RunDecisions(folder, plan, folder)
    found = find_in_run(config, decisions, good)
    row = found.row.number
    scorers = scorers_of(folder.read_manifest())
    points = {
        name: float(decisions.of_part(found.part, name).value[row])
        for name in scorers
        if name in facts.digests
    }
    scorer = _explained(config, facts, scorers, points) if points else ""
    whole = decisions.of_part(found.part)
    decided = decisions.of_part(found.part, scorer) if scorer else whole
    passages: Sequence[tuple[int, int, float]] = ()
    if facts.scores:
        address = scorers[scorer] if scorer else config.scorer
        opened = _scorer_of_run(address, decisions, facts.digests.get(scorer, facts.scorer_sha256))
        why = _why_of_run(opened, facts, decided, found.row, top=config.top)
        if facts.passages_at is not None and decided.scored[row] and not decided.reached[row]:
            passages = _passages_of(found.row, opened, facts.passages_at)
    else:
        why = unscored(
            _why_not_searched(found.row.data, plan.settings.get("max_document_bytes")), facts.keep_at
        )
    why = replace(as_decided(why, decided, row), kept=bool(whole.kept[row]))
    if points:  # of which it is not those explained that decide
        why = replace(why, dropped_for=whole.why_not_kept(row))
    leaks = None if facts.leak_action is None else decided.hits_of(row)
    return ExplainedDocument(
        why=why,
        file=found.file,
        row=found.number,
        is_scored=facts.scores,
        leaks=leaks,
        points=points,
        scorer=scorer,
        combine=str(facts.combine or ""),
        combined=float(whole.value[row]),
        passages=passages,
        passages_left_out=_why_left_out(whole, row, plan.settings.get("write")),
        output_passage=None if config.output_row is None or points or not passages else found.passage,
        chosen_by=_chosen_by(plan) if decided.chosen else "",
        run=run,
        is_in_output=config.row is not None and found.part.output == found.file,
    )


def _chosen_by(plan: Plan) -> str:
    """Return by what documents were chosen, where more than one cut decided."""
    by = plan.settings.get("by")
    return f"{by} and score" if by is not None else "more than the score"


def _explained(
    config: ExplainConfig, facts: RunFacts, scorers: Mapping[str, str], points: Mapping[str, float]
) -> str:
    """Return the name of the scorer whose score is explained: that which is asked for, else that decided.

    Raises
    ------
    SettingsError
        If the run has no such scorer.
    """
    if config.scorer is None:
        if facts.combine in points:
            return str(facts.combine)
        sign = {"max": -1, "min": 1}.get(str(facts.combine), 0)  # of the mean the first is as good as any
        return min(points, key=lambda name: sign * points[name])
    for name, address in scorers.items():
        if config.scorer in (name, address) and name in points:
            return name
    raise SettingsError(
        f"'scorer' (--scorer) must be one of the scorers of the run: {', '.join(points)}. Got "
        f"{config.scorer!r:.100} instead."
    )


def _why_left_out(decided: Decisions, row: int, write: object) -> str:
    """Return why passages of a row are not in the output; empty where they are."""
    if write != "passages":
        return "--write passages writes them"
    why = decided.why_barred(row)
    return f"the document {'is ' if why.startswith('unsure') else ''}{why}" if why else ""


def _why_not_searched(text: bytes | None, most_bytes: object) -> str:
    """Return why a text is not searched for benchmarks, by the name of the reason; empty if it is."""
    if isinstance(most_bytes, int) and len(text or b"") > most_bytes:
        return REASONS[TOO_LONG]
    (reason,) = text_reasons([text]).tolist()
    return REASONS[reason] if reason in (NULL, EMPTY, WHITE_SPACE) else ""


def _scorer_of_run(address: str | None, run: RunDecisions, wanted: str | None) -> AnyScorer:
    """Return the scorer of a run, which must have this digest; from another address where one is given."""
    made_with = str(run.folder.read_manifest()["scorer"])
    name = address or made_with
    scorer = open_scorer(name)
    refuse_other_scorer(name, scorer.digest, wanted, None if run.plan.facts.digests else made_with)
    return scorer


def _why_of_run(scorer: AnyScorer, facts: RunFacts, decided: Decisions, row: Row, *, top: int) -> Explanation:
    """Return why a document has the score that a run stored of it."""
    languages = _languages_of(row, scorer)
    (why,) = explain_documents(scorer, [row.data], top=top, keep_at=facts.keep_at, languages=languages)
    if why.score is not None and not why.unsure and decided.unsure[row.number] == UNSURE:
        return replace(why, unsure=FLAGGED)
    return why


def _passages_of(row: Row, scorer: AnyScorer, keep_at: float) -> Sequence[tuple[int, int, float]]:
    """Return the passages of a document: where each starts and ends, and its points."""
    texts = pa.array([row.data], pa.large_binary())
    found = look_for_passages(scorer, texts, np.ones(1, dtype=bool), keep_at).passages
    return [*zip(found.start.tolist(), found.stop.tolist(), found.points.tolist(), strict=True)]


def as_decided(why: Explanation, decided: Decisions, row: int) -> Explanation:
    """Return an explanation with the score, the stage and the decision that a run stored of its document.

    Parameters
    ----------
    why : Explanation
        By the signals, at the cut of the run.
    decided : Decisions
        Of the part of the document.
    row : int
        Within that part.
    """
    if decided.reason[row]:
        return unscored(REASONS[decided.reason[row]], why.keep_at)
    if why.score is not None:
        why = with_score(replace(why, stage=STAGES[decided.stage[row]]), float(decided.value[row]))
    return replace(why, kept=bool(decided.kept[row]), dropped_for=decided.why_not_kept(row))


def _languages_of(row: Row, scorer: AnyScorer) -> list[str | None]:
    return languages_of([row.data], [row.origin], of_code=knows_code(signals_of(scorer)))
