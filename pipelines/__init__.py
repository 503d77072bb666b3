"""The verbs of edufilter, and where they run. Names are imported when they are first used."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # by their own names, which is how type checkers are told that these are public
    from pipelines.agreement import agreement_of_labels as agreement_of_labels
    from pipelines.annotate import AnnotationEstimate as AnnotationEstimate
    from pipelines.annotate import annotate_sample as annotate_sample
    from pipelines.annotate import estimate_annotation as estimate_annotation
    from pipelines.config import DecontaminateConfig as DecontaminateConfig
    from pipelines.config import ExplainConfig as ExplainConfig
    from pipelines.config import FilterConfig as FilterConfig
    from pipelines.config import RecutConfig as RecutConfig
    from pipelines.config_labels import AnnotateConfig as AnnotateConfig
    from pipelines.config_labels import ImportConfig as ImportConfig
    from pipelines.config_labels import NearCutConfig as NearCutConfig
    from pipelines.config_labels import SampleConfig as SampleConfig
    from pipelines.config_scorers import DistillConfig as DistillConfig
    from pipelines.config_scorers import ThresholdConfig as ThresholdConfig
    from pipelines.config_scorers import TrainConfig as TrainConfig
    from pipelines.demo import run_demo as run_demo
    from pipelines.distill import distill_scorer as distill_scorer
    from pipelines.estimate import estimate_run as estimate_run
    from pipelines.evaluate import evaluate_scorer as evaluate_scorer
    from pipelines.executors import Executor as Executor
    from pipelines.executors import LocalExecutor as LocalExecutor
    from pipelines.explain import explain_row as explain_row
    from pipelines.filter import decontaminate_dump as decontaminate_dump
    from pipelines.filter import filter_dump as filter_dump
    from pipelines.importing import import_labels as import_labels
    from pipelines.label_folder import AnnotateResult as AnnotateResult
    from pipelines.near_cut import sample_near_cut as sample_near_cut
    from pipelines.ray_executor import RayExecutor as RayExecutor
    from pipelines.recut import recut_run as recut_run
    from pipelines.report import write_report as write_report
    from pipelines.run_plan import FilterResult as FilterResult
    from pipelines.sample import SampleResult as SampleResult
    from pipelines.sample import sample_dump as sample_dump
    from pipelines.threshold import Threshold as Threshold
    from pipelines.threshold import choose_threshold as choose_threshold
    from pipelines.train import train_scorer as train_scorer
    from pipelines.upkeep import clean_run as clean_run
    from pipelines.upkeep import status_of_run as status_of_run
    from pipelines.upkeep import verify_run as verify_run

_HOMES = {
    "agreement": ("agreement_of_labels",),
    "annotate": ("AnnotationEstimate", "annotate_sample", "estimate_annotation"),
    "config": ("DecontaminateConfig", "ExplainConfig", "FilterConfig", "RecutConfig"),
    "config_labels": ("AnnotateConfig", "ImportConfig", "NearCutConfig", "SampleConfig"),
    "config_scorers": ("DistillConfig", "ThresholdConfig", "TrainConfig"),
    "demo": ("run_demo",),
    "distill": ("distill_scorer",),
    "estimate": ("estimate_run",),
    "evaluate": ("evaluate_scorer",),
    "executors": ("Executor", "LocalExecutor"),
    "explain": ("explain_row",),
    "filter": ("decontaminate_dump", "filter_dump"),
    "importing": ("import_labels",),
    "label_folder": ("AnnotateResult",),
    "near_cut": ("sample_near_cut",),
    "ray_executor": ("RayExecutor",),
    "recut": ("recut_run",),
    "report": ("write_report",),
    "run_plan": ("FilterResult",),
    "sample": ("SampleResult", "sample_dump"),
    "threshold": ("Threshold", "choose_threshold"),
    "train": ("train_scorer",),
    "upkeep": ("clean_run", "status_of_run", "verify_run"),
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}

__all__ = sorted(_HOME_OF)


def __getattr__(name: str) -> object:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'pipelines' has no attribute {name!r}")
    from pipelines.preflight import check_one_place

    check_one_place()
    return getattr(import_module(f"pipelines.{_HOME_OF[name]}"), name)
