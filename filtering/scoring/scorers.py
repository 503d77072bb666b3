"""What gives documents their scores."""

import sys
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from filtering.brief import brief
from filtering.embedding.embedders import Embedder, text_for
from filtering.embedding.heads import Head
from filtering.embedding.settings import EmbedderSettings
from filtering.scoring.calibration import Calibration
from filtering.scoring.cascade_exits import PairedScores
from filtering.scoring.datasets_map import Mappable
from filtering.scoring.novelty import Novelty
from filtering.scoring.scores import EMBEDDING_STAGE, NO_STAGE, SIGNALS_STAGE, Scores
from filtering.scoring.unsure import (
    UnknownTextsWarning,
    Unsure,
    count_unsure,
    find_languages,
    is_unsure,
    warning_of,
)
from filtering.signals.linear import LinearSignals
from filtering.signals.read_signals import Signals
from filtering.signals.reasons_of_code import apply_rules
from filtering.signals.settings import Rule
from filtering.signals.trees import Trees
from filtering.text.arrow import Texts, text_bytes, text_reasons

OURS = ("filtering", "datasets")
"""Packages to whose lines a warning does not point."""
LOOKED_AT = 50
"""Of the texts of a call, for a warning: that takes a few thousandths of a second."""


class Scorer(Protocol):
    """What gives documents their scores.

    A document's score depends on its text alone, not on its neighbours or their number.
    """

    @property
    def digest(self) -> str:
        """sha256 of everything that decides a score; empty if it was never saved."""
        ...

    def score(self, texts: Texts) -> Scores:
        """Score documents.

        Parameters
        ----------
        texts : Arrow array or chunked array of strings, bytes, or a dictionary of them; or a sequence

        Returns
        -------
        Scores

        Raises
        ------
        ShapeError
            If `texts` holds no text.
        """
        ...

    def unlike_seed(self, texts: Texts) -> NDArray[np.bool_]:
        """Return which documents are unlike those that the scorer was fitted on.

        Documents without a score are not.
        """
        ...


@dataclass(frozen=True)
class SignalScorer(Mappable):
    """Scores documents by their signals.

    Parameters
    ----------
    domain : str
        ``web``, ``code``, or a name of the user's own.
    linear : LinearSignals
    trees : Trees, optional
        Over the linear value and the statistics.
    calibration : Calibration
    novelty : Novelty
    digest : str
        sha256 of the saved scorer.
    rules : tuple of str
        What is a reason to give a document no score (`filtering.signals.reasons_of_code`); none unless
        asked for.
    languages : dict of str to int
        How many labels it was fitted to, by language, most first; empty where that is not known.
    warns : bool
        Whether `score` warns once of texts that the scorer does not know: as `load_scorer` returns it.
    """

    __repr__ = brief

    domain: str
    linear: LinearSignals
    trees: Trees | None
    calibration: Calibration
    novelty: Novelty
    digest: str = field(default="")
    rules: tuple[Rule, ...] = ()
    languages: Mapping[str, int] = field(default_factory=dict)
    warns: bool = False

    def with_rules(self, rules: tuple[Rule, ...]) -> "SignalScorer":
        """Return this scorer with other rules.

        Examples
        --------
        >>> from filtering import load_scorer
        >>> from filtering.signals.reasons_of_code import RULES
        >>> load_scorer("code").with_rules(RULES).score(["x = 1"]).reason.tolist()
        [8]
        """
        return replace(self, rules=rules)

    def score(self, texts: Texts) -> Scores:
        """Score documents; see `Scorer.score`.

        Examples
        --------
        >>> from filtering import load_scorer
        >>> scores = load_scorer("web").score(["Buy now! Free shipping.", ""])
        >>> bool(scores.value[0] < 2), scores.reason.tolist()
        (True, [0, 2])
        """
        self.warn_if_unsure(texts)
        return self.score_read(texts, self.linear.read(texts))

    @property
    def weighted(self) -> LinearSignals:
        """The weights that texts are read with."""
        return self.linear

    def score_read(self, texts: Texts, signals: Signals) -> Scores:
        """Score documents whose signals were read with the weights of `weighted`."""
        signals = apply_rules(texts, signals, self.rules)
        return _scores(signals, self.calibration.apply(self.raw(signals)), SIGNALS_STAGE)

    def raw(self, signals: Signals) -> NDArray[np.float64]:
        """Return raw values of signals that were read with the weights of `linear`."""
        raw = self.linear.predict(signals.features)
        return raw if self.trees is None else self.trees.predict(raw, signals.features)

    def unlike_seed(self, texts: Texts) -> NDArray[np.bool_]:
        """Return which documents are unlike the seed; see `Scorer.unlike_seed`."""
        scored = text_reasons(texts) == 0
        return np.asarray(self.novelty.unlike(text_bytes(texts)) & scored, dtype=bool)

    def unsure_of(self, texts: Texts, languages: Sequence[str | None] | None = None) -> Unsure:
        """Return how many documents the scorer does not know, of those with a score.

        Parameters
        ----------
        texts : Arrow array or chunked array of strings, bytes, or a dictionary of them; or a sequence
            Length n.
        languages : sequence of str or None, length n, optional
            Of each; detected if not given (of source files they are not).
        """
        documents, scored = text_bytes(texts), np.flatnonzero(text_reasons(texts) == 0)
        documents = [documents[row] for row in scored]
        if languages is None:
            known = find_languages(documents, self.domain)
        else:
            known = [languages[row] for row in scored.tolist()]
        return count_unsure(self.languages, self.novelty, documents, known)

    def tell_unsure(self, texts: Texts, named: Sequence[str | None] | None = None) -> list[bool | None]:
        """Return which documents are in a language that the scorer does not know; None where nobody can tell.

        That is of those without a score, and of source files as well.

        Parameters
        ----------
        texts : Arrow array or chunked array of strings, bytes, or a dictionary of them; or a sequence
            Length n.
        named : sequence of str or None, length n, optional
            The language of each, as ``en``, ``eng_Latn`` or ``English``; detected where none is named.

        Examples
        --------
        >>> from filtering import load_scorer
        >>> load_scorer("web").tell_unsure(["A prime has two divisors.", "Algarvu."], ["en", "Estonian"])
        [False, True]
        """
        documents = [
            None if why else text for text, why in zip(text_bytes(texts), text_reasons(texts), strict=True)
        ]
        languages = find_languages(documents, self.domain, named)
        return [
            None if text is None else is_unsure(self.languages, language)
            for text, language in zip(documents, languages, strict=True)
        ]

    def warn_if_unsure(self, texts: Texts) -> None:
        """Warn of texts that the scorer does not know: once, as Python does of one place in the code."""
        if self.warns and self.unsure_of(texts[:LOOKED_AT]).sentence:
            warnings.warn(warning_of(self.languages), UnknownTextsWarning, stacklevel=_level_of_the_user())


def _level_of_the_user() -> int:
    """Return how far above its caller the code lies that is of neither this package nor `datasets`."""
    frame, level = sys._getframe(1), 1
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] in OURS:
        frame, level = frame.f_back, level + 1
    return level


def _scores(
    signals: Signals, value: NDArray[np.float32], stage: int, *, tokens: int = 0, tokens_read: int = 0
) -> Scores:
    scored = signals.reason == 0
    return Scores(
        value=np.where(scored, value, np.float32(np.nan)),
        reason=signals.reason,
        unusual=signals.unusual,
        stage=np.where(scored, np.uint8(stage), np.uint8(NO_STAGE)),
        tokens=tokens,
        tokens_read=tokens_read,
    )


@dataclass(frozen=True)
class EmbeddingStage:
    """The second stage of a scorer: a head over embeddings, alone or beside signals.

    raw(document) = head(embedding) + linear(signals), or what trees make of that and the statistics

    Parameters
    ----------
    name : str
        Name of the head, one of `filtering.fitting.fit_heads.HEADS`; ``teacher`` where a classifier's own
        points are taken as they are.
    embedder : EmbedderSettings
    head : Head
    linear : LinearSignals, optional
        Weights of signals that were fitted together with the head.
    trees : Trees, optional
        Over the sum of both and the statistics.
    calibration : Calibration
    """

    __repr__ = brief

    name: str
    embedder: EmbedderSettings
    head: Head
    linear: LinearSignals | None
    trees: Trees | None
    calibration: Calibration


@dataclass(frozen=True)
class EmbeddingScorer(Mappable):
    """Scores documents by an embedding of each and a head over it, beside their signals.

    Parameters
    ----------
    signals : SignalScorer
        The first stage.
    stage : EmbeddingStage
    embedder : Embedder
    digest : str
        sha256 of the saved scorer.
    paired : PairedScores, optional
        Documents scored by both stages, by which the exits of a cascade are found.
    """

    __repr__ = brief

    signals: SignalScorer
    stage: EmbeddingStage
    embedder: Embedder
    digest: str = field(default="")
    paired: PairedScores | None = None

    @property
    def domain(self) -> str:
        """What the scorer is for."""
        return self.signals.domain

    def with_rules(self, rules: tuple[Rule, ...]) -> "EmbeddingScorer":
        """Return this scorer with other rules; see `SignalScorer`."""
        return replace(self, signals=self.signals.with_rules(rules))

    def score(self, texts: Texts) -> Scores:
        """Score documents; see `Scorer.score`.

        The embedder sees windows (a classifier beginnings), and of these as many tokens as it reads. A text
        that occurs several times is embedded once.
        """
        self.signals.warn_if_unsure(texts)
        return self.score_read(texts, self.weighted.read(texts))

    @property
    def weighted(self) -> LinearSignals:
        """The weights that texts are read with."""
        return self.stage.linear or self.signals.linear

    def score_read(self, texts: Texts, signals: Signals) -> Scores:
        """Score documents whose signals were read with the weights of `weighted`."""
        signals = apply_rules(texts, signals, self.signals.rules)
        documents = text_bytes(texts)
        scored = np.flatnonzero(signals.reason == 0)
        places: dict[bytes, int] = {}
        found = [places.setdefault(documents[row] or b"", len(places)) for row in scored]
        embeddings = self.embedder.embed([text_for(self.stage.embedder, document) for document in places])
        raw = np.zeros(len(documents), dtype=np.float64)
        raw[scored] = self.stage.head.predict(embeddings.vectors)[found]
        if self.stage.linear is not None:
            raw += self.stage.linear.predict(signals.features)
        if self.stage.trees is not None:
            raw = self.stage.trees.predict(raw, signals.features)
        return _scores(
            signals,
            self.stage.calibration.apply(raw),
            EMBEDDING_STAGE,
            tokens=int(embeddings.tokens[found].sum()),
            tokens_read=int(embeddings.tokens_read[found].sum()),
        )

    def unlike_seed(self, texts: Texts) -> NDArray[np.bool_]:
        """Return which documents are unlike the seed; see `Scorer.unlike_seed`."""
        return self.signals.unlike_seed(texts)

    def unsure_of(self, texts: Texts, languages: Sequence[str | None] | None = None) -> Unsure:
        """Return how many documents the scorer does not know; see `SignalScorer.unsure_of`."""
        return self.signals.unsure_of(texts, languages)

    def tell_unsure(self, texts: Texts, named: Sequence[str | None] | None = None) -> list[bool | None]:
        """Return which documents the scorer does not know; see `SignalScorer.tell_unsure`."""
        return self.signals.tell_unsure(texts, named)
