"""What commands print when they end: results, as words and tables.

Here: one file a family of commands, as in the folder above, and the screen that they print on.
Not here: what a run says while it works (`pipelines/progress.py`), and pages (`pipelines/reports/`).
"""
