"""Finds documents that hold what models are measured on: by runs of words; code as `decontaminate` does."""

from collections.abc import Sequence

import pyarrow.compute as pc

from filtering.leaks import LeakIndex, Task, find_leaks
from filtering.leaks.hits import LEAK
from filtering.text.near_duplicates import WORD
from pipelines.proof.evaluation_texts import Evaluation

RUN_WORDS = 13
"""A document that shares so many words in a row with an item holds it; as for GPT-3 (arXiv:2005.14165, C)."""


class EvaluationLeaks:
    """What to look for in documents.

    Parameters
    ----------
    evaluations : sequence of Evaluation
    """

    def __init__(self, evaluations: Sequence[Evaluation]) -> None:
        self._runs: dict[str, str] = {}
        tasks = []
        for evaluation in evaluations:
            for at, item in enumerate(evaluation.items):
                for run in _runs(f"{item.prompt} {item.completion}"):
                    self._runs.setdefault(run, evaluation.name)
                if evaluation.kind == "completion":
                    solution = _with_head(item.prompt, item.completion)
                    if solution:
                        tasks.append(Task(f"{evaluation.name}/{at}", evaluation.name, "", solution))
        self._index = LeakIndex.of(tasks) if tasks else None

    def names(self, texts: Sequence[str]) -> list[str | None]:
        """Return the name of an evaluation that each text holds an item of; None where it holds none."""
        found: list[str | None] = [
            next((self._runs[run] for run in _runs(text) if run in self._runs), None) for text in texts
        ]
        if self._index is not None:
            hits = find_leaks(self._index, list(texts)).hits
            hits = hits.filter(pc.equal(hits["verdict"], LEAK))
            for row, name in zip(hits["row"].to_pylist(), hits["benchmark"].to_pylist(), strict=True):
                found[row] = found[row] or name
        return found


def _runs(text: str) -> list[str]:
    words = WORD.findall(text.lower())
    return list(map(" ".join, zip(*(words[at:] for at in range(RUN_WORDS)), strict=False)))


def _with_head(prompt: str, completion: str) -> str:
    """Return a completion with the head of its function, be it in the prompt; empty if there is none."""
    if "def " in completion:
        return completion
    at = prompt.rfind("\ndef ") + 1 if "\ndef " in prompt else 0 if prompt.startswith("def ") else -1
    return f"{prompt[at:].splitlines()[0]}\n{completion}" if at >= 0 else ""
