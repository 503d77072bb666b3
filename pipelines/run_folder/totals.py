"""What is read of a finished run's manifest, and so must be in it; `manifest.py` writes it."""

from typing import Literal

from pydantic import BaseModel

from pipelines.dump.parts import SetAside


class _Cut(BaseModel):
    """What is read of a run's settings in its manifest."""

    keep_at: float = 0.0
    max_lost: float | None = None
    max_false: float | None = None
    max_disagreement: float | None = None
    leak_action: Literal["drop", "mark"] | None = None
    unsure: Literal["keep", "drop", "flag"] = "keep"


class _Address(BaseModel):
    """What a manifest says of one of several scorers."""

    name: str
    address: str


class Totals(BaseModel):
    """What a manifest holds at least."""

    rows: int
    kept: int
    dropped: int
    text_bytes: int
    unread_bytes: int
    tokens: int
    tokens_read: int
    leaked: int
    scorer: str | None
    scorers: list[_Address] = []
    settings: _Cut
    reasons: dict[str, int]
    unusual: dict[str, int]
    leaks: dict[str, int]
    unsure: dict[str, int]
    audit: dict[str, int]
    set_aside: list[SetAside]
