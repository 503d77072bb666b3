"""Which documents to label: stratified at random, or where a scorer is least sure.

Here: draws with known inclusion probabilities, over values that the caller has read.
Not here: reading the dump that is sampled (`pipelines/labels/sample.py`).
To add a way to choose, add a module with one function that returns row numbers and probabilities.
"""
