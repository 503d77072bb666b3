"""The command line: one file a family of commands, what they print (`printing/`), and the demo (`demo/`).

Here: arguments in, exit code and words out.
Not here: any work. A command checks its settings, calls one function of another room, and prints what
came.

Help and wrong options must come at once. So a command imports its function, and what prints, only when its
settings are right. At their head, the files of the families and `pipelines/settings/` load typer, pydantic
and values alone. The values of a room are in its file `settings.py`.

To add a command, write its function in the file of its family; `cli.py` lists it.
"""
