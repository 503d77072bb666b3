"""The verbs of edufilter, and where they run. Names are imported when they are first used."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipelines.agreement import agreement_of_labels
    from pipelines.annotate import AnnotationEstimate, annotate_sample, estimate_annotation
    from pipelines.config import DecontaminateConfig, ExplainConfig, FilterConfig, RecutConfig
    from pipelines.config_labels import AnnotateConfig, ImportConfig, NearCutConfig, SampleConfig
    from pipelines.config_scorers import DistillConfig, ThresholdConfig, TrainConfig
    from pipelines.demo import run_demo
    from pipelines.distill import distill_scorer
    from pipelines.estimate import estimate_run
    from pipelines.evaluate import evaluate_scorer
    from pipelines.executors import Executor, LocalExecutor
    from pipelines.explain import explain_row
    from pipelines.filter import decontaminate_dump, filter_dump
    from pipelines.importing import import_labels
    from pipelines.label_folder import AnnotateResult
    from pipelines.near_cut import sample_near_cut
    from pipelines.ray_data import ScoreBatches
    from pipelines.ray_executor import RayExecutor
    from pipelines.recut import recut_run
    from pipelines.report import write_report
    from pipelines.run_plan import FilterResult
    from pipelines.sample import SampleResult, sample_dump
    from pipelines.threshold import Threshold, choose_threshold
    from pipelines.train import train_scorer
    from pipelines.upkeep import clean_run, status_of_run, verify_run

_HOMES = {
    "AnnotateConfig": "config_labels",
    "AnnotateResult": "label_folder",
    "AnnotationEstimate": "annotate",
    "DecontaminateConfig": "config",
    "DistillConfig": "config_scorers",
    "Executor": "executors",
    "ExplainConfig": "config",
    "FilterConfig": "config",
    "FilterResult": "run_plan",
    "ImportConfig": "config_labels",
    "LocalExecutor": "executors",
    "NearCutConfig": "config_labels",
    "RayExecutor": "ray_executor",
    "RecutConfig": "config",
    "SampleConfig": "config_labels",
    "SampleResult": "sample",
    "ScoreBatches": "ray_data",
    "Threshold": "threshold",
    "ThresholdConfig": "config_scorers",
    "TrainConfig": "config_scorers",
    "agreement_of_labels": "agreement",
    "annotate_sample": "annotate",
    "choose_threshold": "threshold",
    "clean_run": "upkeep",
    "decontaminate_dump": "filter",
    "distill_scorer": "distill",
    "estimate_annotation": "annotate",
    "estimate_run": "estimate",
    "evaluate_scorer": "evaluate",
    "explain_row": "explain",
    "filter_dump": "filter",
    "import_labels": "importing",
    "recut_run": "recut",
    "run_demo": "demo",
    "sample_dump": "sample",
    "sample_near_cut": "near_cut",
    "status_of_run": "upkeep",
    "train_scorer": "train",
    "verify_run": "upkeep",
    "write_report": "report",
}

__all__ = [
    "AnnotateConfig",
    "AnnotateResult",
    "AnnotationEstimate",
    "DecontaminateConfig",
    "DistillConfig",
    "Executor",
    "ExplainConfig",
    "FilterConfig",
    "FilterResult",
    "ImportConfig",
    "LocalExecutor",
    "NearCutConfig",
    "RayExecutor",
    "RecutConfig",
    "SampleConfig",
    "SampleResult",
    "ScoreBatches",
    "Threshold",
    "ThresholdConfig",
    "TrainConfig",
    "agreement_of_labels",
    "annotate_sample",
    "choose_threshold",
    "clean_run",
    "decontaminate_dump",
    "distill_scorer",
    "estimate_annotation",
    "estimate_run",
    "evaluate_scorer",
    "explain_row",
    "filter_dump",
    "import_labels",
    "recut_run",
    "run_demo",
    "sample_dump",
    "sample_near_cut",
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
