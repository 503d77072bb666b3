"""Runs over a dump: filter, decontaminate, resume, estimate, explain a row of it, and look after it.

Here: the verbs that plan parts, run them and write the manifest.
Not here: verbs that use stored scores only (`choosing/`), and pages (`reports/`).
To add a verb that goes over all rows, start from `filter.py`: a plan, an executor, a manifest.
"""
