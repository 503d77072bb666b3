"""Verbs about texts that a model writes: write them, and grade models by what they write.

Here: folders of texts, the topics, draws over documents, which texts are kept, running the code of exercises,
and models that write on after beginnings.
Not here: recipes, checks and measures of diversity (`annotations/writing/`), and the pages (`reports/`).
To add a check that looks at many texts or at other files, add it to `sieve.py` with its reason.
"""
