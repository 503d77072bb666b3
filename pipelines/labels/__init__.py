"""Verbs about labels: sample, annotate, import, agreement.

Here: files and folders around the questions of the package `annotations`.
Not here: the questions themselves, and training.
To add a verb about labels, add a module here, its settings to `settings/labels.py` and its command to
`commands/labels.py`.
"""
