"""What is known of a row: its language, human or of programs, its site, its length, its value of a column.

Here: what tells documents apart in tables by slice, and by which a choice is made.
Not here: how rows are read (`dump/rows.py`, `dump/batches.py`).
To add a kind of value, add a module, and read it where slices are counted (`reports/runs/row_sample.py`).
"""
