"""Verbs that use the stored scores of a run: another cut, a threshold with evidence, a sample near the cut.

Here: verbs that score nothing anew.
Not here: metrics and bands (`filtering/judging/`), and runs (`run/`).
To add a way to choose rows by their scores, add a module here.
"""
