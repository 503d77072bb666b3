"""Why a document has its score, and whether a set of documents looks like the seed.

Here: contributions of n-grams and statistics to one score, the names that readers see, the quantiles of
the seed, and drift from it.
Not here: whether a score is right, which is `judging/`.
To explain a new part of a score, add its contribution to `contributions.py`.
"""
