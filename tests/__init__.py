"""The tests: their folders are those of the packages, a room of tests for each room of code.

Not of one room: `docs/` (the documentation is run), `kit/` (what tests share), `benchmarks/` (what is
measured, and never asserted), and the files beside this one. `conftest.py` has the fixtures that all may use.
"""
