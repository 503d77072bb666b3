"""What may be believed of scores: metrics, also within kinds, cuts with evidence, bias, effects of rewrites.

Here: numbers that compare scores with labels, or with those of the same documents rewritten.
Not here: cross-validation, which makes the scores that are judged (`fitting/cross_validation.py`), and the
pages that show the numbers (`pipelines/reports/`).
To add a metric, add a function to `metrics.py` and its row to the tables in `pipelines/scorers/`; its
interval comes from `intervals.py`. To add a rewrite, see `rewrites.py`.
"""
