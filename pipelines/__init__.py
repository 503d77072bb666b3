"""The verbs of edufilter, and where they run. Names are imported when they are first used.

Each room may import the rooms below it in this list:

- `commands/`: the command line.
- `reports/`: pages of a run, of a scorer, of a proof, of texts and of grades.
- `choosing/`: what is made of stored scores. `writing/`: texts that a model writes.
- `labels/`, `scorers/`, `run/`, `proof/`: the verbs, by what they work on.
- `executors/`: where parts run. `worker/`: the work on one part. `run_folder/`: the folder of a run.
- `settings/`: checked once. `page_kit/`: what all pages share.
- `dump/`: files, parts and rows of a dump.
- modules at the top level, which all rooms may import: names and addresses of files and scorers, locks,
  progress, formats of amounts, a few of many, the checks that the packages come from one place and that
  there is memory for them, signals to stop, and what keeps a command alive.

What a score is stands in the package `filtering`, what a label is in `annotations`.
To add a verb: its settings in `settings/`, its work in the room that fits, its command in `commands/`.
"""

import sys
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # by their own names, which is how type checkers are told that these are public
    from pipelines.choosing.compare import Comparison as Comparison
    from pipelines.choosing.compare import compare_runs as compare_runs
    from pipelines.choosing.recut import estimate_recut as estimate_recut
    from pipelines.choosing.recut import recut_run as recut_run
    from pipelines.choosing.sample_near_cut import sample_near_cut as sample_near_cut
    from pipelines.choosing.thresholds.choose_threshold import Threshold as Threshold
    from pipelines.choosing.thresholds.choose_threshold import choose_threshold as choose_threshold
    from pipelines.commands.demo.run_demo import run_demo as run_demo
    from pipelines.executors.local import Executor as Executor
    from pipelines.executors.local import LocalExecutor as LocalExecutor
    from pipelines.executors.ray_executor import RayExecutor as RayExecutor
    from pipelines.labels.agreement import agreement_of_labels as agreement_of_labels
    from pipelines.labels.annotate import annotate_sample as annotate_sample
    from pipelines.labels.annotate import estimate_annotation as estimate_annotation
    from pipelines.labels.estimates import AnnotationEstimate as AnnotationEstimate
    from pipelines.labels.importing import import_labels as import_labels
    from pipelines.labels.label_folder import AnnotateResult as AnnotateResult
    from pipelines.labels.sample import SampleResult as SampleResult
    from pipelines.labels.sample import sample_dump as sample_dump
    from pipelines.proof.proof_result import Proof as Proof
    from pipelines.proof.prove import prove_run as prove_run
    from pipelines.reports.runs.write_report import write_report as write_report
    from pipelines.run.estimate import estimate_run as estimate_run
    from pipelines.run.estimate_leaks import estimate_decontamination as estimate_decontamination
    from pipelines.run.explain_row import explain_row as explain_row
    from pipelines.run.filter import decontaminate_dump as decontaminate_dump
    from pipelines.run.filter import filter_dump as filter_dump
    from pipelines.run.plan_to_manifest import FilterResult as FilterResult
    from pipelines.run.upkeep import clean_run as clean_run
    from pipelines.run.upkeep import status_of_run as status_of_run
    from pipelines.run.upkeep import verify_run as verify_run
    from pipelines.scorers.audit import audit_scorer as audit_scorer
    from pipelines.scorers.audit_points import ScorerAudit as ScorerAudit
    from pipelines.scorers.distill import distill_scorer as distill_scorer
    from pipelines.scorers.evaluate import evaluate_scorer as evaluate_scorer
    from pipelines.scorers.push import PushResult as PushResult
    from pipelines.scorers.push import push_scorer as push_scorer
    from pipelines.scorers.train import train_scorer as train_scorer
    from pipelines.settings.choosing import CompareConfig as CompareConfig
    from pipelines.settings.choosing import RecutConfig as RecutConfig
    from pipelines.settings.explain import ExplainConfig as ExplainConfig
    from pipelines.settings.filter import FilterConfig as FilterConfig
    from pipelines.settings.grading import GradeConfig as GradeConfig
    from pipelines.settings.labels import AnnotateConfig as AnnotateConfig
    from pipelines.settings.labels import ImportConfig as ImportConfig
    from pipelines.settings.labels import NearCutConfig as NearCutConfig
    from pipelines.settings.labels import SampleConfig as SampleConfig
    from pipelines.settings.proof import ProveConfig as ProveConfig
    from pipelines.settings.push import PushConfig as PushConfig
    from pipelines.settings.runs import DecontaminateConfig as DecontaminateConfig
    from pipelines.settings.scorers import AuditConfig as AuditConfig
    from pipelines.settings.scorers import DistillConfig as DistillConfig
    from pipelines.settings.scorers import TrainConfig as TrainConfig
    from pipelines.settings.threshold import ThresholdConfig as ThresholdConfig
    from pipelines.settings.writing import WriteConfig as WriteConfig
    from pipelines.writing.estimate_writing import estimate_writing as estimate_writing
    from pipelines.writing.grading.grade import GradeResult as GradeResult
    from pipelines.writing.grading.grade import estimate_grading as estimate_grading
    from pipelines.writing.grading.grade import grade_texts as grade_texts
    from pipelines.writing.write import write_texts as write_texts
    from pipelines.writing.write_result import WriteResult as WriteResult

_HOMES = {
    "labels.agreement": ("agreement_of_labels",),
    "labels.annotate": ("annotate_sample", "estimate_annotation"),
    "labels.estimates": ("AnnotationEstimate",),
    "settings.choosing": ("CompareConfig", "RecutConfig"),
    "settings.explain": ("ExplainConfig",),
    "settings.filter": ("FilterConfig",),
    "settings.runs": ("DecontaminateConfig",),
    "settings.labels": ("AnnotateConfig", "ImportConfig", "NearCutConfig", "SampleConfig"),
    "settings.push": ("PushConfig",),
    "settings.scorers": ("AuditConfig", "DistillConfig", "TrainConfig"),
    "settings.threshold": ("ThresholdConfig",),
    "commands.demo.run_demo": ("run_demo",),
    "scorers.audit": ("audit_scorer",),
    "scorers.audit_points": ("ScorerAudit",),
    "scorers.distill": ("distill_scorer",),
    "run.estimate": ("estimate_run",),
    "run.estimate_leaks": ("estimate_decontamination",),
    "scorers.evaluate": ("evaluate_scorer",),
    "executors.local": ("Executor", "LocalExecutor"),
    "run.explain_row": ("explain_row",),
    "run.filter": ("decontaminate_dump", "filter_dump"),
    "labels.importing": ("import_labels",),
    "labels.label_folder": ("AnnotateResult",),
    "choosing.sample_near_cut": ("sample_near_cut",),
    "executors.ray_executor": ("RayExecutor",),
    "choosing.compare": ("Comparison", "compare_runs"),
    "choosing.recut": ("estimate_recut", "recut_run"),
    "proof.proof_result": ("Proof",),
    "proof.prove": ("prove_run",),
    "settings.proof": ("ProveConfig",),
    "reports.runs.write_report": ("write_report",),
    "run.plan_to_manifest": ("FilterResult",),
    "labels.sample": ("SampleResult", "sample_dump"),
    "choosing.thresholds.choose_threshold": ("Threshold", "choose_threshold"),
    "scorers.push": ("PushResult", "push_scorer"),
    "scorers.train": ("train_scorer",),
    "run.upkeep": ("clean_run", "status_of_run", "verify_run"),
    "settings.grading": ("GradeConfig",),
    "settings.writing": ("WriteConfig",),
    "writing.grading.grade": ("GradeResult", "estimate_grading", "grade_texts"),
    "writing.estimate_writing": ("estimate_writing",),
    "writing.write": ("write_texts",),
    "writing.write_result": ("WriteResult",),
}
RUNNABLE = (
    "pipelines", "pipelines.__main__", "pipelines.executors.part_process", "pipelines.dump.to_parquet"
)  # fmt: skip
"""What `python -m` may run: other modules would do nothing, and say nothing."""


def _refuse_to_run() -> None:
    """End the program if it is `python -m` of a module that is no program."""
    if sys.argv[:1] != ["-m"]:  # which Python puts there while it looks for the module
        return
    words = iter(sys.orig_argv[1:])
    asked = next((word.removeprefix("-m") or next(words, "") for word in words if word.startswith("-m")), "")
    if asked.startswith("pipelines.") and asked not in RUNNABLE:
        sys.exit(f"Error: {asked} is no program. Run 'edufilter' or 'python -m edufilter' instead.")


_refuse_to_run()
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}

__all__ = sorted(_HOME_OF)


def __getattr__(name: str) -> object:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'pipelines' has no attribute {name!r}")
    from pipelines.preflight import check_one_place

    check_one_place()
    return getattr(import_module(f"pipelines.{_HOME_OF[name]}"), name)
