"""What is made of stored scores: another cut, a threshold with evidence, a sample near the cut.

Here: verbs that need no new scoring.
Not here: metrics and bands (`filtering/judging/`), and runs (`run/`).
To add a way to choose rows by their scores, add a module here.
"""
