"""What a document has much or little of, in a sentence: its traits that moved its score most.

For example: "It gives examples and addresses the reader; it has few links. Against it: it has many short
lines." Of a document that is not kept, what speaks against it stands first; that is listed among the signals
which lowered its score. A trait is named for the statistics that count it (`groups.py`). Where a document has
more of it than is usual, it moved the score by what these statistics and their words added; where it has
less, by the statistics alone, for words that are not there add nothing. Nothing is named that is usual, or
that added next to nothing, nor a trait whose group moved the score the other way: the table of groups would
contradict the sentence.
"""

from collections import defaultdict
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass

from filtering.arrays import Floats
from filtering.explaining.groups import CODE, COMBINED, GROUP_OF, PROSE_ALONE, TRAITS, WORDS
from filtering.explaining.readable import joined
from filtering.explaining.single_signals import AT, Amounts, Signal
from filtering.scoring.unsure import CODE as CODE_DOMAIN

LEAST_RAW = 0.02
"""Of a trait, in units of the raw value, which are about rubric points."""
RAISING, LOWERING = 5, 3
"""Traits that are named, at most."""
WORDS_NAMED = 3
"""Words that are named, where these moved a score most."""
SHORT = 4
"""Letters of the longest words that are taken for those that any text has: the, that, und, para."""
HAS = "has "
NOTHING = "No trait stands out: many small signals add up."


@dataclass(frozen=True)
class _Trait:
    phrase: str
    group: str
    is_much: bool
    raw: float


def traits_in_words(
    signals: Sequence[Signal],
    amounts: Amounts,
    usual: Floats,
    domain: str,
    *,
    listed: Container[str],
    slope: float = 1.0,
) -> tuple[str, str]:
    """Return which traits of a document raised its score, and which lowered it: two clauses, or empty.

    Groups of signals stand first that moved it more than any trait: its words, with the strongest of them,
    what its combined signals did, and the largest group, if no trait of that is named.

    Parameters
    ----------
    signals : sequence of Signal
    amounts : Amounts
        What the signals were made of.
    usual : float64 array, shape (len(STATISTICS), 2)
        Of each statistic in the seed, between what it usually lies: that is no trait.
    domain : str
        Of the scorer: ``if`` is control flow in code alone.
    listed : container of str
        Statistics whose signals are listed among those that lowered the score: no others speak against it.
    slope : float
        Rubric points of a unit of the raw value.
    """
    raws: defaultdict[str, float] = defaultdict(float)
    group_raws: defaultdict[str, float] = defaultdict(float)
    for one in signals:
        group_raws[one.group] += one.raw
        if one.statistic:
            raws[one.statistic] += one.raw
    found = []
    for names, (much, little) in TRAITS.items():
        if names[0] in PROSE_ALONE if domain == CODE_DOMAIN else GROUP_OF[names[0]] == CODE:
            continue
        at = AT[max(names, key=lambda name: abs(raws[name]))]
        if amounts.statistics[at] > usual[at, 1]:
            raw, is_much = sum(raws[name] for name in names), True
        elif amounts.statistics[at] < usual[at, 0]:
            raw, is_much = sum(float(amounts.statistic_raws[AT[name]]) for name in names), False
        else:
            continue
        if any(raw * group_raws[GROUP_OF[name]] < 0 for name in names):
            continue
        if raw > 0 or any(name in listed for name in names):
            found.append(_Trait(much if is_much else little, GROUP_OF[names[0]], is_much, raw))
    found.sort(key=lambda one: -abs(one.raw))
    raising = [one for one in found if one.raw >= LEAST_RAW][:RAISING]
    lowering = [one for one in found if one.raw <= -LEAST_RAW][:LOWERING]
    sides = ((1, raising), (-1, lowering))
    first, second = (
        "; ".join(filter(None, (*_group_clauses(signals, traits, side, slope), _clause(traits))))
        for side, traits in sides
    )
    return first, second


def _group_clauses(
    signals: Sequence[Signal], traits: Sequence[_Trait], side: int, slope: float
) -> Iterator[str]:
    """Yield what groups of signals did on one side, unless a trait of that side did more, or is of them."""
    least = max([LEAST_RAW, *(abs(one.raw) for one in traits)])
    by_group: defaultdict[str, list[Signal]] = defaultdict(list)
    for one in signals:
        by_group[one.group].append(one)
    moved = {group: sum(one.raw for one in some) for group, some in by_group.items()}
    told = {one.group for one in traits} - {WORDS}
    largest = max(moved, key=lambda name: side * moved[name], default=WORDS)
    for group in dict.fromkeys((WORDS, COMBINED, largest)):
        if side * moved.get(group, 0.0) >= least and group not in told:
            such = _strongest_words(by_group[group], side) if group == WORDS else ""
            yield f"its {group} ({slope * moved[group]:+.2f}){such}"


def _strongest_words(of_words: Sequence[Signal], side: int) -> str:
    """Return the words that moved a score most; short ones such as "the" only where there are no others."""
    strongest = sorted((one for one in of_words if side * one.raw > 0), key=lambda one: -side * one.raw)
    named: list[str] = []
    short: list[str] = []
    for one in strongest:
        name = one.tell()[0]
        if name.startswith('"'):
            (short if _is_short(name.strip('"')) else named).append(name)
        if len(named) == WORDS_NAMED:
            break
    if not named:
        return f", short ones such as {joined(short[:WORDS_NAMED])}" if short else ""
    return f", such as {joined(named)}"


def _is_short(word: str) -> bool:
    """Tell whether a word may be one of those that any text has, such as articles, by its length alone.

    Scripts without cases, such as Chinese, have short words that say much.
    """
    return len(word) <= SHORT and word.upper() != word.lower()


def traits_sentence(
    speaks_for: str,
    speaks_against: str,
    *,
    kept: bool,
    starts_kept: bool = False,
    groups: Mapping[str, float] | None = None,
    lacks: str = "",
) -> str:
    """Return both clauses as sentences: first why a document is kept, or why it is not.

    Parameters
    ----------
    speaks_for, speaks_against : str
        As `traits_in_words` gives them.
    kept : bool
    starts_kept : bool
        Whether a document with nothing unusual would be kept.
    groups : mapping of str to float, optional
        Rubric points by group of signals: what moved the score where no trait did.
    lacks : str
        What a document that is not kept lacks, as a sentence, where nothing in it raises the score enough. It
        stands first.

    Examples
    --------
    >>> traits_sentence("it gives examples", "it has few steps", kept=False)
    'Against it: it has few steps. For it: it gives examples.'
    >>> traits_sentence("", "it tells a story", kept=True, groups={"words": 1.11, "layout": -0.2})
    'No single trait raised it; its words did (+1.11). Against it: it tells a story.'
    >>> traits_sentence("it has long lines", "", kept=False, groups={"words": -0.1})
    'Nothing raised it enough. For it: it has long lines.'
    """
    clauses = [("For", speaks_for), ("Against", speaks_against)]
    (side, first), (other_side, second) = clauses if kept else clauses[::-1]
    sentences = [lacks] if lacks else []
    if first:
        sentences.append(f"{side} it: {first}.")
    elif kept == starts_kept and groups and not lacks:
        sentences.append(f"Nothing {'lowered' if kept else 'raised'} it enough.")
    elif not lacks and (moved := _moved_by_group(groups or {}, kept=kept)):
        sentences.append(moved)
    if second:
        sentences.append(f"{other_side} it: {second}.")
    return " ".join(sentences) or NOTHING


def _moved_by_group(groups: Mapping[str, float], *, kept: bool) -> str:
    """Return which group of signals raised a score most, or lowered it; empty if none did."""
    side, moved = (1, "raised") if kept else (-1, "lowered")
    group = max(groups, key=lambda name: side * groups[name], default="")
    if not group or side * groups[group] < LEAST_RAW:
        return ""
    return f"No single trait {moved} it; its {group} did ({groups[group]:+.2f})."


def _clause(traits: Sequence[_Trait]) -> str:
    """Return traits in words: what there is much of as a sentence, then what there is little of."""
    much = [one.phrase for one in traits if one.is_much]
    had = [phrase.removeprefix(HAS) for phrase in much if phrase.startswith(HAS)]
    done = [phrase for phrase in much if not phrase.startswith(HAS)]
    little = [one.phrase for one in traits if not one.is_much]
    clauses = [[*done, HAS + joined(had)] if had else done, [HAS + joined(little)] if little else []]
    return "; ".join(f"it {joined(phrases)}" for phrases in clauses if phrases)
