"""Ways to run the command in a test, and what came of it.

A program with a function `main` here can begin warm (`warm_start.py`). Not here: programs that are killed
(`faults/`), and pages of runs (`pages/`).
"""
