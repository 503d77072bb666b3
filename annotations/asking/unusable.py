"""Says why replies are not what was asked for: by kind and count, and what to try."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from annotations.asking.annotator import Status

KINDS_TOLD = 5


@dataclass(frozen=True)
class Wanted:
    """What replies must be, and what to do about those that are not.

    Parameters
    ----------
    must : str
        A sentence.
    count_as_answered : str
        A sentence: what becomes of the others.
    to_try : mapping of Status to str
        What may help, by what became of a question.
    most_unusable : float
        Share of the last replies that may be none; of more, asking stops.
    called : mapping of Status to str
        How those are called that are not, where not by their status; what this lacks, by its error.
    """

    must: str
    count_as_answered: str
    to_try: Mapping[Status, str]
    most_unusable: float
    called: Mapping[Status, str] = field(default_factory=dict)

    def word(self, status: Status, error: str) -> str:
        """Return what became of a question, in a word or a few."""
        return status if status == "ok" or not self.called else self.called.get(status, error)


LABELS = Wanted(
    must="Replies must hold one JSON object with a number of the rubric's scale for each dimension.",
    count_as_answered="Replies without a label count as answered: another model, or other parameters, are "
    "asked anew.",
    to_try={
        "unparseable": "a model that follows orders better, or an endpoint that can hold it to a JSON schema",
        "too_long": "more room for replies, 4000 tokens for a model that thinks (in Python, "
        "AnnotateConfig(max_reply_tokens=4000)), or a model that takes longer texts",
        "refused": "another model, for this one will not grade such documents",
        "api_error": "what the endpoint asks for",
    },
    most_unusable=0.5,
)


def tell_unusable(replies: Iterable[tuple[Status, str]], wanted: Wanted = LABELS) -> str:
    """Return what was wrong with replies that are not what was wanted, and what to try.

    Parameters
    ----------
    replies : iterable of (status, error)
        Without those that are.
    wanted : Wanted

    Examples
    --------
    >>> tell_unusable([("refused", "the model would not")])
    '1 x the model would not. Try another model, for this one will not grade such documents.'
    """
    kinds = Counter(replies).most_common()
    told = [f"{count:,} x {error.rstrip('.')}" for (_, error), count in kinds[:KINDS_TOLD]]
    if more := sum(count for _, count in kinds[KINDS_TOLD:]):
        told.append(f"{more:,} of other kinds")
    to_try = dict.fromkeys(wanted.to_try[status] for (status, _), _ in kinds if status in wanted.to_try)
    return f"{'; '.join(told)}. Try {'; or '.join(to_try)}."
