"""Scorers that are fitted in a moment, saved ones, and tiny models: random but always the same.

And how scorers are trained in haste, and read by processes that share them; they are fixtures in
`tests/conftest.py`.
"""
