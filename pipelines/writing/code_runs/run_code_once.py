"""Runs the code of exercises, each once: what came of it is kept in the journal beside the replies."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from annotations.asking.annotator import Reply
from annotations.asking.journal import Journal, Question, window_digest
from annotations.asking.settings import Rater
from pipelines.writing.code_runs.run_code import run_exercise

RUN = "run-code/1"
"""Stands for the digest of a form: raise its number when exercises are run in another way."""
PYTHON = Rater("python")


class CodeRuns:
    """Says what is wrong with exercises when they are run.

    Parameters
    ----------
    journal : Journal
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def __call__(self, exercises: Sequence[str]) -> list[str]:
        """Return what is wrong with each exercise; empty where its tests pass."""
        questions = [_question(one) for one in exercises]
        known = [self._journal.reply_to(one) for one in questions]
        fresh = [at for at, reply in enumerate(known) if reply is None]
        with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
            found = list(pool.map(run_exercise, (exercises[at] for at in fresh)))
        self._journal.record_all(
            (questions[at], Reply("unparseable" if fault else "ok", error=fault), 0.0)
            for at, fault in zip(fresh, found, strict=True)
        )
        new = dict(zip(fresh, found, strict=True))
        return [new[at] if reply is None else str(reply["error"]) for at, reply in enumerate(known)]

    def known(self, exercises: Sequence[str]) -> list[str]:
        """Return what was found to be wrong with each exercise; empty too where it was never run."""
        replies = [self._journal.reply_to(_question(one)) for one in exercises]
        return ["" if reply is None else str(reply["error"]) for reply in replies]


def _question(exercise: str) -> Question:
    return Question(RUN, PYTHON, window_digest(exercise))
