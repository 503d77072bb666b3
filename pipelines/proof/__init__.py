"""Proofs: small language models that tell whether a model learns more from what a filter keeps.

Here: arms (documents drawn from a finished run by stored scores), texts to measure on, tokens, models and
their training, what models think of texts, differences with intervals, and the LEGO task.
Not here: the page of a proof (`reports/`).
To add an arm that is always there, touch `settings/proof.py` and `arms.py`; a form of evaluation files,
`evaluation_texts.py`; a size of models, `SIZES` in `language_model.py`.
"""
