"""The work on one part: read its rows, score them, look for leaks, write the output, return a receipt.

Here: `PartWorker`, which the local executor and Ray call alike, and the settings that it is built from.
Not here: which parts there are (`run_folder/plan.py`), and where they run (`executors/`).
To do one more thing with every document, add a module like `passages.py`, and call it in `part_worker.py`.
"""
