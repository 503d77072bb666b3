"""Texts that a model writes: what must hold of an answer, and how different many answers are.

Here: the checks of an answer (`checks.py`) with what they look for (talk of models, exercises of Python, forms
of words), and measures of diversity over many answers.
Not here: asking (`asking/`), and running the code of an exercise (`pipelines/writing/`).
To add a check, add its reason to `REASONS` and its function to `checks.py`.
"""
