"""Says why replies hold no label: by kind and count, and what to try."""

from collections import Counter
from collections.abc import Iterable

from annotations.asking.annotator import Status

REPLIES_MUST = "Replies must hold one JSON object with a number of the rubric's scale for each dimension."
COUNT_AS_ANSWERED = (
    "Replies without a label count as answered: another model, or other parameters, are asked anew."
)
KINDS_TOLD = 5
TO_TRY: dict[Status, str] = {
    "unparseable": "a model that follows orders better, or an endpoint that can hold it to a JSON schema",
    "too_long": "more room for replies, 4000 tokens for a model that thinks (in Python, "
    "AnnotateConfig(max_reply_tokens=4000)), or a model that takes longer texts",
    "refused": "another model, for this one will not grade such documents",
    "api_error": "what the endpoint asks for",
}


def tell_unusable(replies: Iterable[tuple[Status, str]]) -> str:
    """Return what was wrong with replies that hold no label, and what to try.

    Parameters
    ----------
    replies : iterable of (status, error)
        Without those that hold one.

    Examples
    --------
    >>> tell_unusable([("refused", "the model would not")])
    '1 x the model would not. Try another model, for this one will not grade such documents.'
    """
    kinds = Counter(replies).most_common()
    told = [f"{count:,} x {error.rstrip('.')}" for (_, error), count in kinds[:KINDS_TOLD]]
    if more := sum(count for _, count in kinds[KINDS_TOLD:]):
        told.append(f"{more:,} of other kinds")
    to_try = dict.fromkeys(TO_TRY[status] for (status, _), _ in kinds if status in TO_TRY)
    return f"{'; '.join(told)}. Try {'; or '.join(to_try)}."
