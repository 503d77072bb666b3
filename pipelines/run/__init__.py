"""Runs over a dump: filter, decontaminate, resume, estimate, audit, explain a document, look after a run.

Here: the verbs that plan parts, run them and write the manifest; and those that look at one run.
Not here: verbs that use stored scores only (`choosing/`), and pages (`reports/`).
To add a verb that goes over all rows, start from `filter.py`: a plan, an executor, a manifest.
"""
