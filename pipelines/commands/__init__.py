"""The command line: one file a family of commands, what they print, and the demo.

Here: arguments in, exit code and words out.
Not here: any work. A command checks its settings, calls one function of another room, and prints what
came. It imports that function, and what prints, once its settings are right: all that the files of the
families and `pipelines/settings/` load at their head is typer, pydantic and values (a room's values have a
file `settings.py`), so that help and wrong options come at once.
To add a command, write its function in the file of its family; `cli.py` lists it.
"""
