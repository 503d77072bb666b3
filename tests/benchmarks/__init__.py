"""What is measured, and never asserted: `run.py` writes docs/benchmarks.md, `proof.py` docs/proof.md.

- `speed/`: what verbs cost in time and memory. `others/`: this project beside other means.
- `scorers/`: how good scorers are, and how choices in them were made.
- `leaks/`: what finds benchmark leaks.

Each file runs by itself too, from the root: ``python -m tests.benchmarks.scorers.exits web``.
"""
