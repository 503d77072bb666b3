"""Finds the documents of a batch that are in languages which the scorer does not know."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from filtering.errors import SettingsError
from filtering.scoring.scorers import SignalScorer
from filtering.scoring.unsure import BEGINNING_BYTES, known_languages
from filtering.text.arrow import text_beginnings
from filtering.text.human_languages import can_tell_languages, load_detector
from pipelines.dump.row_values.row_languages import knows_code, languages_of, telling_columns
from pipelines.dump.texts_of_tables import texts_of
from pipelines.run_folder.folder import RunFolder
from pipelines.run_folder.plan import EARLIER_NAMES, PlanSettings, RunFacts
from pipelines.run_folder.stored_scores import KNOWN, UNSURE
from pipelines.settings.runs import LanguagesFrom, UnsureAction
from pipelines.worker.worker_settings import UnsureSearch

BETWEEN = ", "
"""Names of languages in a plan."""


def unsure_settings(folder: RunFolder, scorer: SignalScorer, action: UnsureAction) -> PlanSettings:
    """Return what the plan of a run says of documents that a scorer does not know.

    A run that was begun goes on by what told it languages then, whatever is installed now.
    """
    begun = folder.read_json(folder.plan).get("settings") if folder.plan.exists() else None
    source = begun.get("languages_from") if isinstance(begun, dict) else None
    if source not in (*get_args(LanguagesFrom), *EARLIER_NAMES):
        source = "column, text" if can_tell_languages() else "column"
        if knows_code(scorer):
            source = "column, path"
    known = known_languages(scorer.languages)
    return {
        "unsure": action,
        "known_languages": BETWEEN.join(known) if scorer.languages else None,
        "languages_from": source,
    }


def unsure_search_of(facts: RunFacts, write: str) -> UnsureSearch | None:
    """Return the search for such documents in what a run writes; None where nothing becomes of them."""
    if facts.unsure == "keep" or write == "scores":
        return None
    known = facts.known_languages
    return UnsureSearch(
        action=facts.unsure,
        known=None if known is None else tuple(known.split(BETWEEN)),
        languages_from=facts.languages_from,
    )


def check_search(search: UnsureSearch | None) -> None:
    """Check that a search can do here what was asked for.

    Raises
    ------
    SettingsError
        If documents are to be dropped, and the scorer does not say what it knows.
    MissingExtraError
        If languages are to be detected for that, and what does so is not installed.
    """
    if search is None:
        return
    if search.action == "drop" and search.known is None:
        raise SettingsError(
            "The scorer must say how many labels it has by language for --unsure drop. This one, of an "
            "earlier version, does not. Train it again, or choose --unsure keep."
        )
    if search.languages_from == "column, text" or (search.action, search.languages_from) == (
        "drop",
        "column",
    ):
        load_detector()


def describe_blindness(search: UnsureSearch | None) -> str:
    """Return what a run cannot tell of its documents, and what to do; empty if there is nothing."""
    if search is None:
        return ""
    if search.known is None:
        return (
            "This scorer does not say how many labels it has by language. Which documents are unsure is not "
            "told: edu_unsure is empty."
        )
    if search.languages_from == "column":
        return (
            "Languages are not detected, for the extra 'report' is not installed. Where no column 'lang' or "
            "'language' tells one, edu_unsure is empty. To detect them: pip install '.[report]' in a clone "
            "of edufilter."
        )
    return ""


@dataclass(frozen=True)
class FoundUnsure:
    """What was found in a batch of n rows.

    Parameters
    ----------
    codes : uint8 array, shape (n,)
        `KNOWN` and `UNSURE` of `pipelines.run_folder.stored_scores`; 0 where nobody can tell, or nobody
        looked.
    languages : sequence of str or None, length n
    """

    codes: NDArray[np.uint8]
    languages: Sequence[str | None]

    @property
    def is_unsure(self) -> NDArray[np.bool_]:
        """Which rows the scorer does not know, shape (n,)."""
        return np.equal(self.codes, UNSURE)

    def counted(self, rows: NDArray[np.bool_]) -> Counter[str]:
        """Return by language how many of some rows, of shape (n,), are unsure."""
        return Counter(self.languages[row] or "" for row in np.flatnonzero(rows & self.is_unsure).tolist())


class UnsureFinder:
    """Tells of documents whether a scorer knows their language.

    Parameters
    ----------
    search : UnsureSearch
    text_column : str

    Raises
    ------
    MissingExtraError
        If languages are to be detected, and what does that is not installed here.
    """

    def __init__(self, search: UnsureSearch, text_column: str) -> None:
        self._search, self._text_column = search, text_column
        if search.languages_from == "column, text":
            load_detector()

    def find(self, batch: pa.RecordBatch, rows: NDArray[np.bool_]) -> FoundUnsure:
        """Tell it of some rows of a batch.

        Parameters
        ----------
        batch : RecordBatch of n rows
        rows : bool array, shape (n,)
            Rows to look at.
        """
        codes = np.zeros(len(rows), np.uint8)
        languages: list[str | None] = [None] * len(rows)
        found = FoundUnsure(codes, languages)
        chosen, search = np.flatnonzero(rows), self._search
        if search.known is None or not len(chosen):
            return found
        names = telling_columns(batch.schema)
        columns = {name: batch.column(name).to_pylist() for name in names}
        origins = [{name: values[row] for name, values in columns.items()} for row in chosen.tolist()]
        told = languages_of(
            text_beginnings(texts_of(batch, self._text_column), chosen, BEGINNING_BYTES),
            origins,
            of_code=search.languages_from == "column, path",
            detects=search.languages_from == "column, text",
        )
        for row, language in zip(chosen.tolist(), told, strict=True):
            if language is not None:
                languages[row] = language
                codes[row] = KNOWN if language in search.known else UNSURE
        return found
