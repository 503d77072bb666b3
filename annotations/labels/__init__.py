"""Labels: the files and data sets that hold them, the tables of ratings, and how far raters agree.

Here: reading labels in any form (`labels.py`), the columns and code languages that documents and labels
bring along, consensus of several ratings, and the ceiling that disagreement sets.
Not here: asking for ratings (`asking/`).
To read labels from another kind of file, add it to `sources.py`; CSV and JSON are read in `text_files.py`.
"""
