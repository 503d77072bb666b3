"""Programs that strike: kills of runs, flipped bits, faults in the source that tests must see.

`make faults` and `make mutations` run some of them; others strike one run at a chosen point.
"""
