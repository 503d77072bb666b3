"""The commands that make and judge scorers, and choose their cuts."""

import json
import shlex
from pathlib import Path
from typing import Annotated

from pydantic_core import to_jsonable_python
from typer import Option

from filtering.errors import SettingsError
from filtering.printable import printable
from pipelines.commands.command_signature import Given, JsonOption, NoSamplesOption, settings_of, takes
from pipelines.commands.printing.screen import show
from pipelines.progress import ConsoleReporter
from pipelines.settings.base import ScoringSettings, options_in_words
from pipelines.settings.push import PushConfig
from pipelines.settings.scorers import LABELS, AuditConfig, DistillConfig, ScorerArgument, TrainConfig
from pipelines.settings.threshold import ThresholdConfig


@takes(TrainConfig, first=("out", "embedder", "pool", "domain", "rubric", "overwrite"))
def train_command(given: Given, as_json: JsonOption = False) -> int:
    """Train a scorer on labels, and measure how good it is by cross-validation.

    Example: edufilter train labels --out scorer
    """
    config = settings_of(TrainConfig, given)
    reporter = ConsoleReporter()
    reporter.say(f"Looking for the labels of '{printable(config.labels)}' ...")
    from pipelines.commands.printing.scorers import print_scorer
    from pipelines.scorers.train import train_scorer

    result = train_scorer(config, reporter=reporter)
    return print_scorer(result, config, as_json=as_json)


@takes(DistillConfig, first=("teacher", "pool", "out", "n", "domain", "overwrite"))
def distill_command(given: Given, as_json: JsonOption = False) -> int:
    """Make a fast scorer from a slow classifier, which then only reads documents near the cut.

    Example: edufilter distill --teacher HuggingFaceFW/fineweb-edu-classifier --pool pool.parquet --out scorer
    """
    config = settings_of(DistillConfig, given)
    reporter = ConsoleReporter()
    reporter.say(f"Looking for the documents of '{printable(config.pool)}' ...")
    from pipelines.commands.printing.scorers import print_scorer
    from pipelines.scorers.distill import distill_scorer

    result = distill_scorer(config, reporter=reporter)
    return print_scorer(result, config, as_json=as_json)


@takes(ScoringSettings, first=("effort", "html", "curve"))
def evaluate_command(
    given: Given,
    scorer: ScorerArgument,
    labels: Annotated[str, LABELS],
    curve: Annotated[
        str | None,
        Option(
            "--learning-curve",
            help="SVG file for a chart of quality by number of labels and of groups. This is slow.",
        ),
    ] = None,
    html: Annotated[
        str | None,
        Option(
            "--html",
            help="HTML page to write, with figures and the worst errors. A JSON file goes beside it.",
        ),
    ] = None,
    no_samples: NoSamplesOption = False,
    as_json: JsonOption = False,
) -> int:
    """Measure how good a scorer is on labels.

    Example: edufilter evaluate scorer labels

    On the labels that it was trained on it is measured by cross-validation.
    """
    scoring = settings_of(ScoringSettings, given)
    ConsoleReporter().say(f"Looking for the labels of '{printable(labels)}' ...")
    from filtering.scoring.scorer_files import naming, read_metrics
    from pipelines.commands.printing.scorers import print_comparison, print_evaluation, print_learning_curve
    from pipelines.scorers.evaluate import points_of_labels
    from pipelines.scorers.evaluation_tables import which_to_believe
    from pipelines.scorers.other_efforts import at_other_efforts, has_two_efforts

    _check_outputs(scorer, labels, curve, html)
    placement = scoring.placement
    judged = points_of_labels(scorer, labels, effort=scoring.effort, placement=placement)
    evaluation = judged.judge()
    metrics = read_metrics(scorer)
    if as_json:
        show(json.dumps(to_jsonable_python(evaluation, inf_nan_mode="null")))
    else:
        if evaluation.nested:
            with naming(scorer):
                print_comparison(metrics)
        print_evaluation(evaluation, metrics.get("held_out", ()))
    drawn, says = "", []
    if curve is not None:
        from pipelines.scorers.learning_curve import more_labels_help, write_learning_curve

        rows = write_learning_curve(scorer, labels, curve, placement=placement, reporter=ConsoleReporter())
        if as_json:
            show(json.dumps(rows))
        else:
            print_learning_curve(rows)
            show(f"learning curve: {curve}")
        drawn, says = Path(curve).read_text(), more_labels_help(rows)
    if html is not None:
        from pipelines.reports.scorer_page import write_scorer_report

        write_scorer_report(
            scorer, labels, html, judged=judged, samples=not no_samples, curve=drawn, curve_says=says
        )
        if not as_json:
            show(f"report: {html}")
    if not as_json:
        others = at_other_efforts(scorer, judged)
        show(which_to_believe([evaluation, *others]))
        if has_two_efforts(scorer) and "full" not in {scoring.effort, *(one.effort for one in others)}:
            again = shlex.join(["edufilter", "evaluate", scorer, labels, "--effort", "full"])
            show(f"With an embedding of every document it has another figure: {again}")
        words = ["edufilter", "threshold", scorer, labels, *options_in_words(scoring)]
        show(f"next: {shlex.join(words)}")
    return 0


def _check_outputs(scorer: str, labels: str, curve: str | None, html: str | None) -> None:
    """Refuse a curve or a page that cannot be made: now, not after minutes of fitting."""
    if curve is not None:
        if not Path(curve).parent.is_dir():
            raise SettingsError(f"The folder of --learning-curve must exist. Got {curve!r} instead.")
        from pipelines.scorers.learning_curve import check_curve

        check_curve(scorer, labels)
    if html is not None:
        from pipelines.page_kit.page import refuse_page

        refuse_page(html)


@takes(AuditConfig, first=("keep_at", "effort", "documents"))
def audit_command(given: Given, as_json: JsonOption = False) -> int:
    """Rewrite documents automatically, and count how many decisions of a scorer flip.

    Example: edufilter audit scorer labels

    Few should flip where a document teaches the same as before.
    """
    config = settings_of(AuditConfig, given)
    reporter = ConsoleReporter()
    reporter.say(f"Looking for the documents of '{printable(config.labels)}' ...")
    from pipelines.commands.printing.scorers import print_audit
    from pipelines.scorers.audit import audit_scorer

    result = audit_scorer(config, reporter=reporter)
    if as_json:
        show(json.dumps(to_jsonable_python(result, inf_nan_mode="null")))
    else:
        print_audit(result, config)
    return 0


@takes(ThresholdConfig, first=("precision", "recall", "keep_fraction", "keep_tokens", "population"))
def threshold_command(given: Given, as_json: JsonOption = False) -> int:
    """Print precision and recall of each cut, and find the cut that reaches a goal.

    Example: edufilter threshold scorer labels --precision 0.9
    """
    config = settings_of(ThresholdConfig, given)
    ConsoleReporter().say(f"Looking for the labels of '{printable(config.labels)}' ...")
    from pipelines.choosing.thresholds.choose_threshold import choose_threshold
    from pipelines.commands.printing.scorers import print_threshold

    result = choose_threshold(config)
    if as_json:
        show(json.dumps(to_jsonable_python(result, inf_nan_mode="null")))
    else:
        print_threshold(result)
    return result.exit_code


@takes(PushConfig, first=("license", "private", "dry_run"))
def push_command(given: Given) -> int:
    """Put a scorer on the Hugging Face hub.

    Example: edufilter push scorer me/physics --license apache-2.0 --dry-run

    Whoever names it hf://me/physics scores with it. The token is that of 'hf auth login', or HF_TOKEN.
    """
    config = settings_of(PushConfig, given)
    ConsoleReporter().say(f"Looking at '{printable(config.scorer)}' ...")
    from pipelines.commands.printing.scorers import print_push
    from pipelines.scorers.push import push_scorer

    print_push(push_scorer(config))
    return 0
