"""What asking would take and cost, before anything is sent."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from annotations.asking.budget import BYTES_PER_TOKEN
from annotations.asking.question_loop import PricedQuestion


@dataclass(frozen=True)
class AnnotationEstimate:
    """What a call would ask and cost.

    Parameters
    ----------
    documents : int
        In the sample; of `write_texts` the texts that are asked for.
    questions, answered : int
        Documents times raters, and those of them that need not be asked again; canaries, topics and grades
        included.
    tokens_in, tokens_out : int
        Of what is left to ask, roughly.
    most_tokens_in, most_tokens_out : int
        Bounds: a token has at least one byte, and replies are cut at their limit.
    usd, most_usd : float, optional
        The same in dollars; None where a price is not known. Questions asked again after a broken connection
        come on top.
    spent_usd : float
        What the folder has cost so far.
    left : mapping of str to int
        Questions that are left to ask, by what comes of them, where that is of several kinds.
    unpriced : tuple of str
        Models of questions that are left whose price is not known.
    """

    documents: int
    questions: int
    answered: int
    tokens_in: int
    tokens_out: int
    most_tokens_in: int
    most_tokens_out: int
    usd: float | None
    most_usd: float | None
    spent_usd: float
    left: Mapping[str, int] = field(default_factory=dict)
    unpriced: tuple[str, ...] = ()

    def with_also(self, other: "AnnotationEstimate") -> "AnnotationEstimate":
        """Return what this and other questions about the same documents take and cost."""
        return AnnotationEstimate(
            documents=self.documents,
            questions=self.questions + other.questions,
            answered=self.answered + other.answered,
            tokens_in=self.tokens_in + other.tokens_in,
            tokens_out=self.tokens_out + other.tokens_out,
            most_tokens_in=self.most_tokens_in + other.most_tokens_in,
            most_tokens_out=self.most_tokens_out + other.most_tokens_out,
            usd=_sum(self.usd, other.usd),
            most_usd=_sum(self.most_usd, other.most_usd),
            spent_usd=self.spent_usd,
            left={**self.left, **other.left},
            unpriced=tuple(dict.fromkeys((*self.unpriced, *other.unpriced))),
        )

    def with_at_most(self, other: "AnnotationEstimate") -> "AnnotationEstimate":
        """Return this, with bounds that hold other questions too, which nobody expects."""
        return replace(
            self,
            most_tokens_in=self.most_tokens_in + other.most_tokens_in,
            most_tokens_out=self.most_tokens_out + other.most_tokens_out,
            most_usd=_sum(self.most_usd, other.most_usd),
        )


def _sum(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else one + other


def estimate_asking(
    pending: Iterable[PricedQuestion],
    answered: int,
    measured: Mapping[str, tuple[float, float]],
    reply_tokens: float,
    *,
    documents: int,
    spent_usd: float,
    things: str = "",
) -> AnnotationEstimate:
    """Return what asking takes and costs.

    Parameters
    ----------
    pending : iterable of PricedQuestion
        What is left to ask; taken one by one.
    answered : int
        Questions that are not.
    measured : mapping of str to (float, float)
        Tokens of a question and of a reply as servers counted them, by model, where there are replies.
    reply_tokens : float
        Of a usual reply, where none was measured.
    documents : int
    spent_usd : float
    things : str
        What comes of the questions, where they are of several kinds.
    """
    left = tokens_in = tokens_out = most_in = most_out = 0.0
    usd, most_usd, unpriced = 0.0, 0.0, dict[str, None]()
    for task in pending:
        rater = task.question.rater
        about = measured.get(rater.model, (task.prompt_bytes / BYTES_PER_TOKEN, reply_tokens))
        about = min(about[0], task.prompt_bytes), min(about[1], rater.max_completion_tokens)
        left += 1
        tokens_in, tokens_out = tokens_in + about[0], tokens_out + about[1]
        most_in, most_out = most_in + task.prompt_bytes, most_out + rater.max_completion_tokens
        if task.price is None:
            unpriced[rater.model] = None
        else:
            usd, most_usd = usd + task.price.of(*about), most_usd + (task.most_usd or 0.0)
    return AnnotationEstimate(
        documents=documents,
        questions=round(left) + answered,
        answered=answered,
        tokens_in=round(tokens_in),
        tokens_out=round(tokens_out),
        most_tokens_in=round(most_in),
        most_tokens_out=round(most_out),
        usd=None if unpriced else usd,
        most_usd=None if unpriced else most_usd,
        spent_usd=spent_usd,
        left={things: round(left)} if things else {},
        unpriced=tuple(unpriced),
    )
