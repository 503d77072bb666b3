"""The command line: one file a family of commands, what they print, and the demo.

Here: arguments in, exit code and words out.
Not here: any work. A command checks its settings, calls one function of another room, and prints what
came.
To add a command, write its function in the file of its family; `cli.py` lists it.
"""
