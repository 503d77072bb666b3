"""The verbs of edufilter, and where they run. Names are imported when they are first used."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipelines.config import FilterConfig, RecutConfig, TrainConfig
    from pipelines.demo import run_demo
    from pipelines.executors import Executor, LocalExecutor
    from pipelines.filter import FilterResult, estimate_run, filter_dump
    from pipelines.recut import recut_run
    from pipelines.report import write_report
    from pipelines.train import evaluate_scorer, train_scorer
    from pipelines.upkeep import clean_run, status_of_run, verify_run

_HOMES = {
    "Executor": "executors",
    "FilterConfig": "config",
    "FilterResult": "filter",
    "LocalExecutor": "executors",
    "RecutConfig": "config",
    "TrainConfig": "config",
    "clean_run": "upkeep",
    "estimate_run": "filter",
    "evaluate_scorer": "train",
    "filter_dump": "filter",
    "recut_run": "recut",
    "run_demo": "demo",
    "status_of_run": "upkeep",
    "train_scorer": "train",
    "verify_run": "upkeep",
    "write_report": "report",
}

__all__ = [
    "Executor",
    "FilterConfig",
    "FilterResult",
    "LocalExecutor",
    "RecutConfig",
    "TrainConfig",
    "clean_run",
    "estimate_run",
    "evaluate_scorer",
    "filter_dump",
    "recut_run",
    "run_demo",
    "status_of_run",
    "train_scorer",
    "verify_run",
    "write_report",
]


def __getattr__(name: str) -> object:
    from importlib import import_module

    from pipelines.preflight import check_one_place

    if name not in _HOMES:
        raise AttributeError(f"module 'pipelines' has no attribute {name!r}")
    check_one_place()
    return getattr(import_module(f"pipelines.{_HOMES[name]}"), name)
