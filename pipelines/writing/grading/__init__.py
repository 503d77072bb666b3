"""Grades of models by what they write after given beginnings, with intervals over beginnings.

Here: the verb (`grade.py`), what models write on (`completions.py`, `sampled.py`), and their sums
(`grades.py`).
Not here: who is asked for grades (`writing/asker.py`), and the page (`reports/grade_page.py`).
"""
