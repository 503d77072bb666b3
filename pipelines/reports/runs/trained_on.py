"""Documents of a run that its scorer was trained on, which score about as their labels say."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class TrainedOn:
    """How many of the documents that were looked at a scorer was trained on.

    Parameters
    ----------
    documents, kept : int
        All of these, and those of them that are kept.
    of_kept : int
        All documents kept, of those that were looked at.
    """

    documents: int
    kept: int
    of_kept: int

    @property
    def in_words(self) -> str:
        """What there is to say of them; empty where none is kept."""
        if not self.kept:
            return ""
        return (
            f"The scorer was trained on {self.kept:,} of {self.of_kept:,} kept documents. These score about "
            "as their labels say, so they do not tell how well it finds others: its card does."
        )


def trained_on_of(report: Mapping[str, Any]) -> str:
    """Return the same in words of what ``report.json`` holds; empty where it does not say."""
    found = report.get("trained_on")
    return TrainedOn(**found).in_words if isinstance(found, dict) else ""
