"""Which documents a scorer does not know: those in languages of few labels, and those of odd words.

For example: of 7,754 pages 5,033 are in languages of which a scorer was fitted to fewer than `FEW_LABELS`
labels. Their scores are not reliable, whatever they are.

The language of a document is what a column of the user's says, else what the extra ``report`` detects. Where
neither tells it, or the scorer does not say how many labels it had by language, words decide: a document is
odd if more of its words are unknown than in nearly all labelled ones (`novelty.py`).
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from filtering.errors import MissingExtraError
from filtering.scoring.novelty import Novelty
from filtering.text.human_languages import CHARS, NOT_SURE, tell_languages

FEW_LABELS = 30
"""A language with fewer labels is one that a scorer does not know."""
MANY = 0.15
"""Share of documents from which it is worth a warning. Of labelled documents themselves 0.05 have odd words,
and of pages of which sources say that they are in English 0.09 are not."""
LEAST_ODD = 20
"""Of fewer documents, one with odd words says nothing of the others."""
LANGUAGES_NAMED, KNOWN_NAMED = 3, 8
LEAST_BYTES = 40
"""Of a text whose language is told: names and headings are of any."""
CODE = "code"
"""Domain of scorers of source files; what they were fitted to is told by programming languages."""


class UnknownTextsWarning(UserWarning):
    """A scorer was given texts that it does not know: their scores are not reliable."""


@dataclass(frozen=True)
class Unsure:
    """How many documents of some a scorer does not know.

    Parameters
    ----------
    documents : int
        All of them.
    languages : dict of str to int
        Documents by language, of languages with fewer than `FEW_LABELS` labels; the most frequent first.
    labels : dict of str to int
        Labels of the scorer by language, the most frequent first; empty where it does not say.
    odd : int
        Documents of other languages that use words which the labelled documents hardly have.
    """

    documents: int
    languages: dict[str, int]
    labels: dict[str, int]
    odd: int

    @property
    def share(self) -> float:
        """Share of documents that the scorer does not know, in [0, 1]."""
        return (sum(self.languages.values()) + self.odd) / max(self.documents, 1)

    @property
    def sentence(self) -> str:
        """What there is to warn of, in words; empty where these are few documents.

        Examples
        --------
        >>> print(Unsure(7754, {"zh": 4730, "ar": 303}, {"en": 2162}, 0).sentence[:77])
        5,033 of 7,754 documents are in languages for which this scorer has fewer tha
        """
        said = []
        others = sum(self.languages.values())
        if others and others >= MANY * self.documents:
            where, what = f"{others:,} of {self.documents:,} documents are in languages", "their scores are"
            if self.documents == 1:
                where, what = "The text is in a language", "its score is"
            said.append(
                f"{where} for which this scorer has fewer than {FEW_LABELS} labels "
                f"({_counts(self.languages)}): {what} not reliable. It knows "
                f"{known_in_words(self.labels)}."
            )
        rest = self.documents - others
        if rest >= LEAST_ODD and self.odd >= MANY * rest:
            said.append(
                f"{self.odd:,} of {rest:,} {'other ' if said else ''}documents use words that the scorer's "
                "labelled documents hardly have: their scores may not be reliable. Read some of them, or "
                "train a scorer on labels of your own."
            )
        return " ".join(said)


def warning_of(labels: Mapping[str, int]) -> str:
    """Return what a scorer warns of that is given texts which it does not know: the same each time."""
    known = f" It knows {known_in_words(labels)}." if labels else ""
    return (
        "Some of the texts are in languages for which this scorer has few labels, or use words that its "
        f"labelled documents hardly have: their scores are not reliable.{known} "
        "scorer.unsure_of(texts) counts them."
    )


def find_languages(texts: Sequence[bytes | None], domain: str) -> list[str | None]:
    """Return the language of each text; None where it is not known, or `domain` is that of source files.

    Parameters
    ----------
    texts : sequence of bytes or None
        UTF-8.
    domain : str
        Of the scorer.
    """
    if domain == CODE:
        return [None] * len(texts)
    beginnings = [
        (text or b"")[: 4 * CHARS].decode(errors="replace") if len(text or b"") >= LEAST_BYTES else ""
        for text in texts
    ]
    try:
        told = tell_languages(beginnings)
    except MissingExtraError:
        return [None] * len(texts)
    return [None if language == NOT_SURE else language for language in told]


def count_unsure(
    labels: Mapping[str, int],
    novelty: Novelty,
    texts: Sequence[bytes | None],
    languages: Sequence[str | None],
) -> Unsure:
    """Return how many documents a scorer does not know.

    Parameters
    ----------
    labels : mapping of str to int
        How many labels it was fitted to, by language.
    novelty : Novelty
        The words that it knows.
    texts : sequence of bytes or None, length n
    languages : sequence of str or None, length n
    """
    few = [language if is_few(labels, language) else None for language in languages]
    others = [text for text, language in zip(texts, few, strict=True) if language is None]
    return Unsure(
        documents=len(few),
        languages=dict(Counter(language for language in few if language is not None).most_common()),
        labels=dict(labels),
        odd=int(novelty.unlike(others).sum()),
    )


def is_few(labels: Mapping[str, int], language: str | None) -> bool:
    """Tell whether a language is one that a scorer does not know; none is, where it does not say."""
    return bool(labels) and language is not None and labels.get(language, 0) < FEW_LABELS


def why_unsure(labels: Mapping[str, int], language: str | None, *, odd: bool) -> str:
    """Return why the score of one document is not reliable; empty where nothing says so.

    Examples
    --------
    >>> why_unsure({"en": 2162, "de": 27}, "de", odd=False)
    'This text is in a language (de) for which the scorer has 27 labels: its score is not reliable.'
    >>> why_unsure({"en": 2162}, "en", odd=True)
    'This text uses words that the labelled documents hardly have: its score may not be reliable.'
    """
    if is_few(labels, language):
        count = labels.get(language or "", 0)
        said = "no labels" if not count else "1 label" if count == 1 else f"{count} labels"
        return (
            f"This text is in a language ({language}) for which the scorer has {said}: "
            "its score is not reliable."
        )
    if odd:
        return "This text uses words that the labelled documents hardly have: its score may not be reliable."
    return ""


def known_in_words(labels: Mapping[str, int]) -> str:
    """Return the languages that a scorer knows, with labels."""
    known = [f"{name} ({count:,} labels)" for name, count in labels.items() if not is_few(labels, name)]
    return (
        ", ".join(known[:KNOWN_NAMED]) + ("" if len(known) <= KNOWN_NAMED else " and others") or "no language"
    )


def _counts(languages: Mapping[str, int]) -> str:
    items = list(languages.items())
    if sum(languages.values()) == 1:
        return items[0][0]
    named = ", ".join(f"{name} {count:,}" for name, count in items[:LANGUAGES_NAMED])
    rest = len(items) - LANGUAGES_NAMED
    return f"{named} and {rest:,} more" if rest > 0 else named
