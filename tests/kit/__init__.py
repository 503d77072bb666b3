"""What tests share, in rooms; at the top only where the checkout lies, and libraries that are imported late.

- `dumps/`: texts and Parquet files to read, sound and odd.
- `labels/`: samples, labels, and files of Label Studio. `writing/`: texts and completions of a model.
- `scorers/`: scorers and models that are made in a moment.
- `runs/`: the command in a process, and what came of it. `stores/`: object stores that runs go to.
- `pages/`: reports, read and drawn.
- `scripted/`: servers and models that answer as a script says.
- `faults/`: programs that kill, damage and plant faults.
- `reference/`: the kernels in plain Python.

Fixtures that many tests use stand in `tests/conftest.py`.
"""
