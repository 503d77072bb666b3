"""Verbs that use the stored scores of a run: other choices of documents, cuts with evidence, comparisons.

Here: verbs that score nothing anew. Cuts with evidence have a room of their own, `thresholds/`.
Not here: metrics and bands (`filtering/judging/`), and runs (`run/`).
To add a way to choose documents, add a rule to `rules.py`, and settings to `pipelines/settings/choosing.py`.
"""
