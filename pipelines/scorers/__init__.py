"""Verbs that make and judge scorers: train, distill, evaluate, audit, push, the learning curve, the card.

Here: files around the fits of `filtering/fitting`, and the tables of an evaluation.
Not here: fits and metrics themselves, and the page of a scorer (`reports/`).
To add a row or table to an evaluation, add it to `evaluation_tables.py`: screen, page and model card
show it.
"""
