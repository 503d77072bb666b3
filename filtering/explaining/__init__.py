"""Why a document has its score, and whether a set of documents looks like the seed.

Here: contributions of n-grams and statistics to one score, the sentence, groups and names that readers
see, passages, the quantiles of the seed, and drift from it.
Not here: whether a score is right, which is `judging/`.
To explain a new part of a score, add its contribution to `contributions.py`, and its group to `groups.py`.
"""
