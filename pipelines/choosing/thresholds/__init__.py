"""Cuts with evidence: what labels say that each cut keeps and is worth, and which one reaches a goal.

Here: the curve of a scorer on labels (`choose_threshold.py`), a cut for each slice (`slice_thresholds.py`),
and the answer in words.
Not here: bands and the choice on a curve (`filtering/judging/`), and
a cut that is applied (`choosing/recut.py`).
To add a goal, start at `choose_threshold.py`.
"""
