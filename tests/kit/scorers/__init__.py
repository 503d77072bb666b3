"""Scorers that are fitted in a moment, saved ones, and tiny models: random but always the same.

Not here: scorers that many tests share, which are fixtures in `tests/conftest.py`.
"""
