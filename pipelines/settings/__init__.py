"""Settings of the verbs: one frozen model a verb, one module a family, checked once at the edge.

Here: every setting with its type, its bounds, its default, and the help that its option shows.
Not here: what a setting does. Inner code takes plain arguments.
To add an option, add a field with its help to the model of its verb: the command, its `--help` and its
check follow.
"""
