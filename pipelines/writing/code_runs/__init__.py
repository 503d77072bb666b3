"""Running the code of exercises: shut in (`isolated_code.py`) or not at all, each text once.

Here: the limits of a run of code (`RunLimits` in `run_code.py`), what came out, and what is run again
(`run_code_once.py`).
Not here: which texts are dropped for it (`writing/sieve.py`).
"""
