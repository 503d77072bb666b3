"""Texts that a model writes: what is asked for, what must hold of an answer, how different answers are.

Here: recipes and the draws that make requests of them, the forms of the questions, the checks of an answer
(`checks.py`) with what they look for (talk of models, exercises of Python, forms of words), and measures of
diversity over many answers.
Not here: asking (`asking/`), and what reads dumps, writes folders or runs the code of an exercise
(`pipelines/writing/`).
To add a recipe, add a TOML file to `annotations/recipes/`; a word list is a text file in `words/` below it.
To add a check, add its reason to `REASONS` and its function to `checks.py`.
"""
