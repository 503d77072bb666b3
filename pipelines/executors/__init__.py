"""Where parts are run: in this process, or on a Ray cluster.

Here: the `Executor` protocol, the local executor, and the files that import Ray: in the driver, and
within a task.
Not here: what is done with a part (`worker/`), and in which order a run goes on (`run/`).
To add an executor, write a class with the one method of `Executor` (see `local.py`) and name it in
`executor_of` and in `settings/runs.py`.
"""
