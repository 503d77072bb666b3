"""Benchmark leaks: which texts hold the prompts, solutions or signatures of a benchmark's tasks.

Here: tasks of benchmarks, an index of them, places in texts where they may stand, and the judgement of
each place by words, by text and by syntax tree.
Not here: what a run does with a document that leaks (`pipelines/worker/leak_finder.py`), and the
files of hits.
To add a way to tell a leak, add its judgement to `search.py` and its threshold to `settings.py`, and raise
`LEAKS_VERSION` in `pipelines/store/leak_files.py`.
"""

from filtering.leaks.index import LeakIndex
from filtering.leaks.search import Leaks, find_leaks
from filtering.leaks.settings import LeakSettings
from filtering.leaks.tasks import Fields, Task, read_benchmark

__all__ = ["Fields", "LeakIndex", "LeakSettings", "Leaks", "Task", "find_leaks", "read_benchmark"]
