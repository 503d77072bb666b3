"""What may be believed of scores: metrics, intervals, cuts with evidence, and the bias of a source.

Here: numbers that compare scores with labels.
Not here: cross-validation, which makes the scores that are judged (`fitting/cross_validation.py`), and the
pages that show the numbers (`pipelines/reports/`).
To add a metric, add a function to `metrics.py` and its row to the tables in `pipelines/scorers/`.
"""
