"""Scorers: from texts to rubric points, in one stage or two, and the folder that a scorer is saved in.

Here: `Scores`, the `Scorer` protocol, scorers of signals and of embeddings, the cascade with the exits
between its stages, several scorers in one pass, calibration to rubric points, passages of long documents,
which documents a scorer does not know, and reading and writing of saved scorers.
Not here: fitting (`fitting/`), cuts that keep a promise (`judging/thresholds.py`), runs over files (the
package `pipelines`).
To add a scorer, write a class with the methods of `Scorer` in `scorers.py`. To store a new head,
add it to `stored_stage.py`, and raise `FORMAT` in `scorer_files.py` if older versions cannot read it.
"""
