"""Benchmark leaks: which texts hold the tasks of a benchmark, be they code or prose.

Here: tasks of benchmarks, an index of them, places in texts where they may stand, and the judgement of
each place: of code by words, by text and by syntax tree, of prose by words in their order.
Not here: what a run does with a document that leaks (`pipelines/worker/leak_finder.py`), and the
files of hits.
What hits are told by stands in `hits.py`.
To add a way to tell a leak, add its judgement to `search.py` and its threshold to `settings.py`, and raise
`LEAKS_VERSION` in `pipelines/run_folder/leak_files.py`.
"""

from typing import TYPE_CHECKING

from filtering.late_names import late_names

if TYPE_CHECKING:  # by their own names, which is how type checkers are told that these are public
    from filtering.leaks.index import LeakIndex as LeakIndex
    from filtering.leaks.search import Leaks as Leaks
    from filtering.leaks.search import find_leaks as find_leaks
    from filtering.leaks.settings import Fields as Fields
    from filtering.leaks.settings import LeakSettings as LeakSettings
    from filtering.leaks.tasks import Task as Task
    from filtering.leaks.tasks import read_benchmark as read_benchmark

_names, __getattr__ = late_names(
    __name__,
    {
        "index": ("LeakIndex",),
        "search": ("Leaks", "find_leaks"),
        "settings": ("Fields", "LeakSettings"),
        "tasks": ("Task", "read_benchmark"),
    },
)
__all__ = sorted(_names)
