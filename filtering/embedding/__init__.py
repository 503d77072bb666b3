"""Embeddings of texts, and heads that turn an embedding into points.

Here: the `Embedder` protocol, the two files that import sentence-transformers and torch, and the heads.
Not here: how a head is fitted (`fitting/fit_heads.py`), and when a document is embedded
(`scoring/cascade.py`).
To add an embedder, write a class with the methods of `Embedder` and hand it to `load_scorer(...,
embedder=...)`; any sentence-transformers model needs no code. To add a head, add its class to `heads.py`,
its fit to `fitting/fit_heads.py`, and what is saved of it to `scoring/stored_stage.py`.
"""
