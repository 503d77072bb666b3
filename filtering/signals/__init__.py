"""Fast signals: the compiled kernel that reads every document, and what is made of its counts.

Here: one pass over the bytes that counts hashed n-grams and style statistics; the models that turn the
counts into points (linear weights, vectors, trees); and reasons that drop code without a model.
Not here: how the weights are fitted (`fitting/recipes.py`), and how their points become a score
(`scoring/`).
To add a style statistic, add its name and how it is computed to `style.py`, and its name for readers to
`explaining/readable.py`. Raise `SIGNALS_VERSION` in `read_signals.py`, and fit the scorers anew.
"""
