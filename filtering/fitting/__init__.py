"""Everything that is fitted to labels: recipes of signals, heads over embeddings, nested cross-validation.

Here: scikit-learn and LightGBM, imported late. What a fit returns is a value of `signals/`, `embedding/`
or `scoring/`, which needs neither.
Not here: reading labels from files (`annotations/labels/`), and the verb `train` (`pipelines/scorers/`).
To add a recipe of signals, add it to `recipes.py`; to add a head over embeddings, add it to `fit_heads.py`.
`train` compares all of them by `cross_validation.py`.
"""
