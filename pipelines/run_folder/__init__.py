"""The folder of a run: its plan, receipts, manifest and stored scores, on a disk or in an object store.

Here: what is written below `out/run`, in which order, how it is read back, what each part left
(`receipts.py`), which parts are done (`folder.py`), and what it says that a run decided of a document
(`decisions.py`).
Not here: the rows that are kept (`worker/output.py`), and whether a run may begin or go on in a folder
(`run/resume.py`).
To store something new of each part, add a column to `receipts.py`; raise `OUTPUT_FORMAT` in `plan.py` if
rows change.
"""
