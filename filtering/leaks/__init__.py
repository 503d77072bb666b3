"""Benchmark leaks: which texts hold the prompts, solutions or signatures of a benchmark's tasks."""

from filtering.leaks.index import LeakIndex
from filtering.leaks.search import Leaks, find_leaks
from filtering.leaks.settings import LeakSettings
from filtering.leaks.tasks import Fields, Task, read_benchmark

__all__ = ["Fields", "LeakIndex", "LeakSettings", "Leaks", "Task", "find_leaks", "read_benchmark"]
