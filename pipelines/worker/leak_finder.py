"""Finds benchmark leaks in the batches of a part."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from filtering.errors import OutputError
from filtering.leaks.hits import COMMON, COMMON_TEXT, LEAK, PASSAGE, SCHEMA
from filtering.text.arrow import text_chunks
from pipelines.dump.parts import Part
from pipelines.run_folder.folder import RunFolder
from pipelines.run_folder.leak_files import (
    HITS_SCHEMA,
    LEAK_OF,
    read_tasks,
    search_digest,
    tasks_json,
    write_untold,
)
from pipelines.settings.runs import LeakAction
from pipelines.worker.worker_settings import LeakSearch

if TYPE_CHECKING:
    from filtering.leaks import Task


def leak_settings(search: LeakSearch) -> Mapping[str, str]:
    """Return what the plan of a run says of its search for leaks."""
    return {"leaks_sha256": search.sha256, "leak_action": search.action}


def search_of(tasks: "Sequence[Task]", action: LeakAction) -> LeakSearch:
    """Return the search for tasks."""
    return LeakSearch(sha256=search_digest(tasks_json(tasks)), action=action)


@dataclass(frozen=True)
class FoundLeaks:
    """What was found in a batch.

    Parameters
    ----------
    hits : pa.Table
        Of `HITS_SCHEMA`.
    at : int64 array
        The row of the batch that each hit is in.
    counts : mapping
        Documents that could not be searched as others, as in `filtering.leaks.search.Leaks`.
    """

    hits: pa.Table
    at: NDArray[np.int64]
    counts: Mapping[str, int]

    def rows_with(self, verdict: str, rows: int) -> NDArray[np.bool_]:
        """Return which of the rows of the batch have a hit of this verdict."""
        found = np.zeros(rows, dtype=bool)
        found[self.at[pc.equal(self.hits["verdict"], verdict).to_numpy()]] = True
        return found

    def of_rows(self, chosen: NDArray[np.bool_]) -> "FoundLeaks":
        """Return what was found in some rows of the batch."""
        mine = chosen[self.at]
        return FoundLeaks(self.hits.filter(pa.array(mine)), self.at[mine], self.counts)

    def counted(self, rows: int) -> tuple[int, Counter[str]]:
        """Return how many of the rows of the batch have a leak, and numbers of documents by what was found.

        These are of documents with a leak by benchmark, of others by what they hold instead, and of such that
        could not be searched as others.
        """
        leaked = self.rows_with(LEAK, rows)
        documents = Counter(self.counts)
        for verdict in (COMMON, COMMON_TEXT, PASSAGE):
            if count := int((self.rows_with(verdict, rows) & ~leaked).sum()):
                documents[verdict] += count
        pairs = zip(self.at.tolist(), self.hits["benchmark"].to_pylist(), strict=True)
        is_leak = pc.equal(self.hits["verdict"], LEAK).to_pylist()
        of_leaks = {pair for pair, counts in zip(pairs, is_leak, strict=True) if counts}
        documents.update(f"{LEAK_OF}{benchmark}" for _, benchmark in of_leaks)
        return int(leaked.sum()), documents


class LeakFinder:
    """Looks for the tasks of a run.

    Parameters
    ----------
    folder : RunFolder
    search : LeakSearch

    Raises
    ------
    OutputError
        If the tasks in the folder are not those that the run was planned with.
    """

    def __init__(self, folder: RunFolder, search: LeakSearch) -> None:
        if search_digest(folder.read_own(folder.run / "tasks.json")) != search.sha256:
            raise OutputError(
                f"{folder.run / 'tasks.json'} must hold the tasks that the run was begun with. "
                "It has changed."
            )
        from filtering.leaks import LeakIndex, find_leaks  # late: most runs look for no leaks

        tasks = read_tasks(folder)
        self._index, self._find_leaks = LeakIndex.of(tasks), find_leaks
        write_untold(folder, search.sha256, self._index.prose.untold_tasks)
        # What is compiled on its first use is compiled now, while nothing is measured.
        find_leaks(self._index, [one.prompt for one in tasks[:1]])

    def find(self, part: Part, texts: pa.Array, first: int, candidates: NDArray[np.bool_]) -> FoundLeaks:
        """Find leaks in some rows of a batch.

        Parameters
        ----------
        part : Part
        texts : Arrow array, length n
        first : int
            Row of the part that the batch begins with.
        candidates : bool array, shape (n,)
            Rows to look at.
        """
        rows = np.flatnonzero(candidates)
        found = self._find_leaks(self._index, _take(texts, rows) if len(rows) < len(texts) else texts)
        at = rows[found.hits["row"].to_numpy()]
        columns = {name: found.hits[name] for name in SCHEMA.names}
        columns |= {
            "file": pa.array([part.relative] * len(at), pa.string()),
            "row": pa.array(part.first_row + first + at),
        }
        hits = pa.table([columns[name] for name in HITS_SCHEMA.names], schema=HITS_SCHEMA)
        return FoundLeaks(hits, at, found.counts)


def _take(texts: pa.Array, rows: NDArray[np.int64]) -> pa.Array:
    (plain,) = text_chunks(texts)  # pyarrow cannot take from string views (26.0)
    return plain.take(pa.array(rows))


def leaked_tasks(found: FoundLeaks, rows: int) -> pa.Array:
    """Return for each row of a batch the ids of tasks that leaked there, with commas; null where none did."""
    tasks: list[list[str]] = [[] for _ in range(rows)]
    is_leak = pc.equal(found.hits["verdict"], LEAK).to_pylist()
    for at, task, leaked in zip(found.at.tolist(), found.hits["task"].to_pylist(), is_leak, strict=True):
        if leaked and task not in tasks[at]:
            tasks[at].append(task)
    return pa.array([", ".join(names) or None for names in tasks], pa.string())
