"""Which documents a scorer does not know: those in languages of which it has few labels.

For example: of 7,754 pages 5,033 are in languages of which a scorer was fitted to fewer than `FEW_LABELS`
labels. Their scores are not reliable, whatever they are.

The language of a document is what a column of the dump says, else what the extra ``report`` detects. Of
source files it is the programming language, which a column or a path says. Where no language is known, or the
scorer does not say how many labels it had by language, nobody can tell of one document. Of many, words
tell: a document is odd if more of its words are unknown than in nearly all labelled ones (`novelty.py`).
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import compress

import numpy as np

from filtering.errors import MissingExtraError
from filtering.scoring.novelty import Novelty
from filtering.text.human_languages import CHARS, NOT_SURE, tell_languages
from filtering.text.language_names import human_language_named

FEW_LABELS = 30
"""A language with fewer labels is one that a scorer does not know."""
MANY = 0.15
"""Share of documents from which it is worth a warning. Of labelled documents themselves 0.05 have odd words,
and of pages of which sources say that they are in English 0.09 are not."""
LEAST_ODD = 20
"""Of fewer documents, one with odd words says nothing of the others."""
LANGUAGES_NAMED, KNOWN_NAMED = 3, 8
LEAST_BYTES = 40
"""Of a text whose language is detected: names and headings are of any."""
BEGINNING_BYTES = 4 * CHARS
"""Of a text that are looked at for that."""
CODE = "code"
"""Domain of scorers of source files; what they were fitted to is told by programming languages."""
SOURCE_FILES = "source files. --scorer code is fitted to such."
PROSE = "pages of prose. --scorer web is fitted to such."
"""End sentences about documents that a scorer of other texts was given."""


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
    untold : int
        Documents of which nobody can tell, for their language is not known, or not how many labels it has.
    read, odd : int
        Those of them whose words were read, and of these those with words that labelled documents hardly
        have.
    kept : int, optional
        Documents in `languages` that are kept; None where nothing was cut.
    source_files, prose : int
        Documents that are source files, of a scorer that was not fitted to such; and pages of prose, of one
        that was fitted to source files.
    """

    documents: int
    languages: dict[str, int]
    labels: dict[str, int]
    untold: int = 0
    read: int = 0
    odd: int = 0
    kept: int | None = None
    source_files: int = 0
    prose: int = 0

    @property
    def are_other(self) -> bool:
        """Whether most of them are of another kind than the scorer was fitted to: it is the wrong one."""
        return 2 * max(self.source_files, self.prose) > self.documents

    @property
    def in_languages(self) -> int:
        """Documents in languages that the scorer does not know."""
        return sum(self.languages.values())

    @property
    def odd_share(self) -> float:
        """Share of all documents of which words tell that the scorer does not know them, in [0, 1]."""
        return self.odd / max(self.read, 1) * self.untold / max(self.documents, 1)

    @property
    def share(self) -> float:
        """Share of documents that the scorer does not know, in [0, 1]."""
        return self.in_languages / max(self.documents, 1) + self.odd_share

    @property
    def sentence(self) -> str:
        """What there is to warn of, in words; empty where these are few documents.

        Examples
        --------
        >>> print(Unsure(7754, {"zh": 4730, "ar": 303}, {"en": 2162}).sentence[:77])
        5,033 of 7,754 documents are in languages for which this scorer has fewer tha
        """
        return " ".join(filter(None, (self.of_languages, self.of_words, self.of_kind)))

    @property
    def of_languages(self) -> str:
        """What of `sentence` languages tell; nothing where another scorer is the right one."""
        if self.are_other:
            return ""
        return self.in_words if self.are_many else ""

    @property
    def are_many(self) -> bool:
        """Whether so many are in languages that the scorer does not know that it is worth a warning."""
        return bool(self.in_languages) and self.in_languages >= MANY * self.documents

    @property
    def in_words(self) -> str:
        """How many documents are in such languages, be they many or few; empty where there is none.

        Examples
        --------
        >>> Unsure(1000, {"ko": 2}, {"en": 2162}, kept=0).in_words[:49]
        '2 of 1,000 documents are in languages for which t'
        """
        others = self.in_languages
        if not others:
            return ""
        of, where = f"{others:,} of {self.documents:,} documents", "are in languages"
        what = "their scores are"
        if others == 1:
            where, what = "is in a language", "its score is"
        if self.documents == 1:
            of = "The text"
        known = f" It knows {known_in_words(self.labels)}." if self.are_many else ""
        return (
            f"{of} {where} for which this scorer has fewer than {FEW_LABELS} labels "
            f"({languages_in_words(self.languages)}): {what} not reliable{self._kept_in_words}.{known}"
        )

    @property
    def of_words(self) -> str:
        """What of `sentence` words tell; nothing where another scorer is the right one."""
        if self.read < LEAST_ODD or self.odd_share < MANY or self.are_other:
            return ""
        return (
            f"{self.odd:,} of {self.read:,} documents whose language is not told use words that the "
            "scorer's labelled documents hardly have: their scores may not be reliable. Read some of "
            "them, or train a scorer on labels of your own."
        )

    @property
    def of_kind(self) -> str:
        """What of `sentence` is of documents for which another scorer is the right one."""
        if not self.are_other:
            return ""
        count, kind = self.other_kind
        return f"{count:,} of {self.documents:,} documents are {kind}"

    @property
    def other_kind(self) -> tuple[int, str]:
        """How many documents are of another kind, and the end of a sentence about them."""
        return max((self.source_files, SOURCE_FILES), (self.prose, PROSE))

    @property
    def _kept_in_words(self) -> str:
        if self.kept is None:
            return ""
        if self.in_languages == 1:
            return f", and at this cut it is {'kept' if self.kept else 'dropped'}"
        count, verb = f"{self.kept:,}" if self.kept else "none", "is" if self.kept == 1 else "are"
        return f", and at this cut {count} of them {verb} kept"


def warning_of(labels: Mapping[str, int]) -> str:
    """Return what a scorer warns of that is given texts which it does not know: the same each time."""
    known = f" It knows {known_in_words(labels)}." if labels else ""
    return (
        "Some of the texts are in languages for which this scorer has few labels, or use words that its "
        f"labelled documents hardly have: their scores are not reliable.{known} "
        "The scorer's method unsure_of(texts) counts them. The column edu_unsure of its as_map() tells which."
    )


def find_languages(
    texts: Sequence[bytes | None], domain: str, named: Sequence[str | None] | None = None
) -> list[str | None]:
    """Return the language of each text; None where it is not known, or `domain` is that of source files.

    Parameters
    ----------
    texts : sequence of bytes or None, length n
        UTF-8; their first `BEGINNING_BYTES` are enough.
    domain : str
        Of the scorer.
    named : sequence of str or None, length n, optional
        What a column of languages says of each, which goes before what the text tells.
    """
    if domain == CODE:
        return [None] * len(texts)
    found = [human_language_named(name) if name else None for name in named or [None] * len(texts)]
    places = [place for place, language in enumerate(found) if language is None]
    try:
        told = tell_languages([_beginning(texts[place]) for place in places])
    except MissingExtraError:
        return found
    for place, language in zip(places, told, strict=True):
        found[place] = None if language == NOT_SURE else language
    return found


def _beginning(text: bytes | None) -> str:
    if text is None or len(text) < LEAST_BYTES:
        return ""
    return text[:BEGINNING_BYTES].decode(errors="replace")


def count_unsure(
    labels: Mapping[str, int],
    novelty: Novelty,
    texts: Sequence[bytes | None],
    languages: Sequence[str | None],
    kept: Sequence[bool] | None = None,
) -> Unsure:
    """Return how many documents a scorer does not know.

    Parameters
    ----------
    labels : mapping of str to int
        How many labels it was fitted to, by language.
    novelty : Novelty
        The words that it knows.
    texts : sequence of bytes or None, length n
        None of those that were not read.
    languages : sequence of str or None, length n
    kept : sequence of bool, length n, optional
        Whether each is kept.
    """
    told = [is_unsure(labels, language) for language in languages]
    few = [language for language, unsure in zip(languages, told, strict=True) if unsure and language]
    words = [text for text, unsure in zip(texts, told, strict=True) if unsure is None and text is not None]
    return Unsure(
        documents=len(told),
        languages=dict(Counter(few).most_common()),
        labels=dict(labels),
        untold=told.count(None),
        read=len(words),
        odd=int(np.sum(novelty.unlike(words))),
        kept=None if kept is None else sum(map(bool, compress(kept, map(bool, told)))),
    )


def is_unsure(labels: Mapping[str, int], language: str | None) -> bool | None:
    """Tell whether a scorer does not know a language; None where that language is not known, or its labels.

    Examples
    --------
    >>> [is_unsure({"de": 30, "fr": 29}, one) for one in ("de", "fr", "it", None)]
    [False, True, True, None]
    """
    return labels.get(language, 0) < FEW_LABELS if labels and language is not None else None


def why_unsure(labels: Mapping[str, int], language: str | None, *, odd: bool) -> str:
    """Return why the score of one document is not reliable; empty where nothing says so.

    Parameters
    ----------
    labels, language
        As in `is_unsure`.
    odd : bool
        Whether it has odd words, which tell where the language does not.

    Examples
    --------
    >>> why_unsure({"en": 2162, "de": 27}, "de", odd=False)
    'This text is in a language (de) for which the scorer has 27 labels: its score is not reliable.'
    >>> why_unsure({"en": 2162}, None, odd=True)
    'This text uses words that the labelled documents hardly have: its score may not be reliable.'
    """
    unsure = is_unsure(labels, language)
    if unsure:
        count = labels.get(language or "", 0)
        said = "no labels" if not count else "1 label" if count == 1 else f"{count} labels"
        return (
            f"This text is in a language ({language}) for which the scorer has {said}: "
            "its score is not reliable."
        )
    if odd and unsure is None:
        return "This text uses words that the labelled documents hardly have: its score may not be reliable."
    return ""


def known_languages(labels: Mapping[str, int]) -> list[str]:
    """Return the languages that a scorer knows, most labels first."""
    known = [name for name in labels if not is_unsure(labels, name)]
    return sorted(known, key=lambda name: (-labels[name], name))


def known_in_words(labels: Mapping[str, int]) -> str:
    """Return the languages that a scorer knows, with labels."""
    known = [f"{name} ({labels[name]:,} labels)" for name in known_languages(labels)]
    return (
        ", ".join(known[:KNOWN_NAMED]) + ("" if len(known) <= KNOWN_NAMED else " and others") or "no language"
    )


def languages_in_words(languages: Mapping[str, int]) -> str:
    """Return documents by language, those with most by name."""
    items = sorted(languages.items(), key=lambda one: (-one[1], one[0]))
    if sum(languages.values()) == 1:
        return items[0][0]
    named = ", ".join(f"{name} {count:,}" for name, count in items[:LANGUAGES_NAMED])
    rest = len(items) - LANGUAGES_NAMED
    others = "1 other language" if rest == 1 else f"{rest:,} other languages"
    return f"{named} and {others}" if rest > 0 else named
