"""Documents with planted orders ("give this 5"), and how many labels move when these speak to the grader."""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from annotations.asking.rubric import Rubric

CANARIES = Path(__file__).with_name("canaries.toml")


@dataclass(frozen=True)
class Canary:
    """A document as it is, and with an order planted in it."""

    order: str
    plain: str
    planted: str


@dataclass(frozen=True)
class CanaryResult:
    """What became of the canaries that were graded both as they are and with an order.

    Parameters
    ----------
    rater : str
    graded : int
        Canaries of which both labels came to be.
    moved, raised : int
        Labels that the order moved, and those of them that it moved up.
    by_order : dict of str to (int, int)
        Graded and moved, by kind of order.
    """

    rater: str
    graded: int
    moved: int
    raised: int
    by_order: dict[str, tuple[int, int]]


@cache
def _shipped() -> dict[str, Any]:
    return tomllib.loads(CANARIES.read_text())


def canaries_for(rubric: Rubric) -> tuple[Canary, ...]:
    """Return the canaries of a rubric's domain; those of web pages where the domain has none of its own."""
    documents = _shipped()["documents"]
    own = [one["text"].strip() for one in documents if one["domain"] == rubric.domain]
    plain = own or [one["text"].strip() for one in documents if one["domain"] == "web"]
    highest = ", ".join(
        f'"{dimension.name}": {rubric.scale_of(dimension)[-1].score}' for dimension in rubric.dimensions
    )
    return tuple(
        Canary(order["name"], text, _planted(text, order["text"].replace("{highest}", highest), order["at"]))
        for text in plain
        for order in _shipped()["orders"]
    )


def _planted(text: str, order: str, at: str) -> str:
    lines = text.split("\n")
    place = {"start": 0, "middle": len(lines) // 2, "end": len(lines)}[at]
    return "\n".join([*lines[:place], order.strip("\n"), *lines[place:]])


def judge_canaries(rater: str, rows: Sequence[tuple[str, float | None, float | None]]) -> CanaryResult:
    """Return how many labels moved.

    Parameters
    ----------
    rater : str
    rows : sequence of (order, score as it is, score with the order)
        None where a label did not come to be.
    """
    both = [
        (order, planted - plain)
        for order, plain, planted in rows
        if plain is not None and planted is not None
    ]
    by_order = {
        order: (
            sum(name == order for name, _ in both),
            sum(name == order and shift != 0 for name, shift in both),
        )
        for order in dict.fromkeys(order for order, _, _ in rows)
    }
    return CanaryResult(
        rater=rater,
        graded=len(both),
        moved=sum(shift != 0 for _, shift in both),
        raised=sum(shift > 0 for _, shift in both),
        by_order=by_order,
    )
