"""What a search for leaks looks for, and how strong a hit has to be."""

import os
from dataclasses import dataclass, fields
from pathlib import Path

from filtering.errors import SettingsError
from filtering.printable import printable

METHODS = ("ngram", "near", "structure", "prose")
MAX_RUN = 31
"""Tokens of a run at most: the kernel keeps 32 of them."""


@dataclass(frozen=True)
class LeakSettings:
    """What is looked for, and how strong a hit has to be.

    The defaults were chosen on half of HumanEval's tasks (docs/decontamination.md).

    Parameters
    ----------
    methods : tuple of str
        Some of `METHODS`.
    ngram_words : int
        Words of a run, 8 to 13.
    ngram_prompt_share, ngram_solution_share : float
        Share of a prompt's, and of a solution's, runs that a text must have.
    near_words : int
        Words of the shorter runs by which places for near matches are found.
    near_gate : float
        Share of a part's shorter runs from which on a place is looked at closely.
    near_prompt_share, near_solution_share : float
        Share of a prompt's, and of a solution's, pairs of words that must stand there.
    structure_shapes : int
        Shapes of a run.
    structure_gate : float
        Share of a solution's runs of shapes from which on functions are parsed.
    structure_share : float
        What their syntax trees must have in common with the solution's.
    signature_strength : float
        How telling a signature must be; see `filtering.leaks.syntax_trees.Signature.strength`.
    prose_share : float
        Share of the letters of a question or passage whose words must stand in its order.
    short_prose_share : float
        The same of a question of fewer than 13 words, which must have its answer near.
    """

    methods: tuple[str, ...] = METHODS
    ngram_words: int = 8
    ngram_prompt_share: float = 0.3
    ngram_solution_share: float = 0.45
    near_words: int = 3
    near_gate: float = 0.2
    near_prompt_share: float = 0.4
    near_solution_share: float = 0.55
    structure_shapes: int = 12
    structure_gate: float = 0.3
    structure_share: float = 0.65
    signature_strength: float = 0.75
    prose_share: float = 0.65
    short_prose_share: float = 0.8

    def __post_init__(self) -> None:
        if not self.methods or not set(self.methods) <= set(METHODS):
            raise SettingsError(
                f"'methods' must be some of {', '.join(METHODS)}. Got {self.methods} instead."
            )
        for name, low, high in (
            ("ngram_words", 8, 13),
            ("near_words", 2, 7),
            ("structure_shapes", 4, MAX_RUN),
        ):
            if not low <= getattr(self, name) <= high:
                raise SettingsError(
                    f"{name!r} must lie in [{low}, {high}]. Got {getattr(self, name)} instead."
                )
        for field in fields(self):
            if field.type is float and not 0 < getattr(self, field.name) <= 1:
                got = getattr(self, field.name)
                raise SettingsError(f"{field.name!r} must lie in (0, 1]. Got {got} instead.")


@dataclass(frozen=True)
class Fields:
    """Which fields of a benchmark's file hold what; what has an empty name is told by its usual names.

    Parameters
    ----------
    id, prompt, solution, test, entry_point, choices, passage : str
        Of prose, ``prompt`` is the question and ``solution`` the right answer: its text, or the label or
        the number of one of the ``choices``, from 0 or from 1 as all answers of the file tell.
    """

    id: str = "task_id"
    prompt: str = "prompt"
    solution: str = ""
    test: str = ""
    entry_point: str = ""
    choices: str = ""
    passage: str = ""

    def names(self) -> tuple[str, ...]:
        """Return the fields that a file must have."""
        return tuple(name for name in vars(self).values() if name)


def benchmark_name(path: str | Path) -> str:
    """Return the name of a benchmark: that of its file, without endings.

    Examples
    --------
    >>> benchmark_name("tests/HumanEval.jsonl.gz")
    'HumanEval'
    """
    return printable(os.fsencode(Path(path).name).split(b".")[0])
