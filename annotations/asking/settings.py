"""Who is asked, and how hard: values alone, which load no library."""

import json
from dataclasses import dataclass


@dataclass(frozen=True)
class Rater:
    """Who is asked, and how: with the rubric and the window it decides what a question is.

    Parameters
    ----------
    model : str
    temperature : float, optional
        The model's own if not given.
    max_completion_tokens : int
        Tokens that a reply may have.
    """

    model: str
    temperature: float | None = None
    max_completion_tokens: int = 0

    @property
    def parameters(self) -> str:
        """What was sent beside the messages, as JSON."""
        return json.dumps(
            {"max_completion_tokens": self.max_completion_tokens, "temperature": self.temperature}
        )


@dataclass(frozen=True)
class Limits:
    """How hard an endpoint is asked.

    Parameters
    ----------
    concurrency : int
        Questions at a time.
    requests_per_minute, tokens_per_minute : float, optional
    budget_usd : float, optional
        What may be spent in all, earlier calls included.
    attempts : int
        Times that a question is asked before it counts as without answer.
    first_wait_s, longest_wait_s : float
        Bounds of the waits between attempts, which double. A server's ``Retry-After`` may be longer.
    """

    concurrency: int = 32
    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None
    budget_usd: float | None = None
    attempts: int = 6
    first_wait_s: float = 1.0
    longest_wait_s: float = 60.0
