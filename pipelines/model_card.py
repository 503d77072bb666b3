"""The model card of a scorer, in Markdown: what it is, how good it is, what it is bad at."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from filtering.fitting import RecipeFigures
from filtering.windows import WINDOW_RULE

if TYPE_CHECKING:
    from pipelines.train import Evaluation


def model_card(domain: str, recipe: str, figures: Sequence[RecipeFigures], evaluation: "Evaluation") -> str:
    """Return the model card of a scorer.

    Parameters
    ----------
    domain, recipe : str
    figures : sequence of RecipeFigures
        Nested figures of the recipes that were compared.
    evaluation : Evaluation
        Nested.
    """
    summaries = [(one.recipe, one.summary()) for one in figures]
    compared = "\n".join(
        f"| {name} | {row['rho']:.4f} ± {row['rho_spread']:.4f} | "
        f"{row['auc_at_3']:.4f} ± {row['auc_at_3_spread']:.4f} |"
        for name, row in summaries
    )
    metrics = "\n".join(
        f"| {name} | {evaluation.metrics[name]} | {evaluation.unbiased_metrics[name]} |"
        for name in evaluation.metrics
    )
    confusion = "\n".join(
        f"| {label} | " + " | ".join(str(count) for count in row) + " |"
        for label, row in enumerate(evaluation.confusion)
    )
    return f"""# Scorer `{domain}`

Gives a document rubric points from 0 to 5: how much a learner gains by reading it. Signals only: hashed
n-grams and style statistics, joined by the recipe `{recipe}`. A score of k means that a label of at least k
is as likely as not, on documents that were sampled without looking at scores.

Reads the window `{WINDOW_RULE}`: texts up to 2,400 bytes whole, of longer ones the beginning, middle and end.

## Quality

Fitted to {evaluation.rows:,} labelled documents of {evaluation.groups:,} groups (sites, books, repositories).
All figures are nested: each document was scored by a model, a calibration included, that was fitted without
its fold of groups. Intervals hold 95 % of a bootstrap over whole groups.

| metric | all documents | the {evaluation.unbiased_rows:,} chosen without looking at scores |
| --- | --- | --- |
{metrics}

Of the latter {100 * evaluation.labelled_keep_share:.1f} % have a label of at least 3;
{100 * evaluation.predicted_keep_share:.1f} % get a score of at least 3.

Recipes compared, mean ± spread over five fold assignments:

| recipe | rank correlation (rho) | area under the curve at 3 |
| --- | --- | --- |
{compared}

The rule, written down beforehand: the simplest recipe whose mean rho is within two spreads of the best.

Labels (rows) against scores (columns), in whole points:

| | 0 | 1 | 2 | 3 | 4 | 5 |
| --- | --- | --- | --- | --- | --- | --- |
{confusion}

## What it is bad at

- Text unlike its seed: other languages and scripts above all. Runs warn when a sample of a dump is.
- Truth. It sees how a text is written, not whether it is right.
- The parts of a long document outside the window.

## How it was made

`edufilter train LABELS --domain {domain} --out FOLDER`; the figures above are in `scorer.json` too.
"""
