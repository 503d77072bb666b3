"""Verbs about texts that a model writes: write them, and grade models by what they write.

Here: folders of texts, the topics, draws over documents and which texts are kept. The code of exercises is
run in the room `code_runs/`, and models are graded in `grading/`.
Not here: recipes, checks and measures of diversity (`annotations/writing/`), and the pages (`reports/`).
To add a check that looks at many texts or at other files, add it to `sieve.py` with its reason.
"""
