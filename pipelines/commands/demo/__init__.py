"""The demo: the main job on documents that any machine with Python has, or can get.

Here: `run_demo.py` does it, on prose and code of `documents.py`; some of it is downloaded (`archives.py`).
"""
