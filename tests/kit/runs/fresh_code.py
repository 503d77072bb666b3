"""Runs code as a fresh interpreter does, but one in which numba has been imported: a program for tests.

fresh_code.py CODE ARGUMENTS... Of this project nothing is imported yet; PYTHONPATH says where it lies.
"""

import os
import sys
import tempfile

OWN = ("filtering", "pipelines", "annotations")


def main() -> None:
    """Be the code."""
    for name in [name for name in sys.modules if name.partition(".")[0] in OWN]:
        del sys.modules[name]
    tempfile.tempdir = None  # found anew, from this environment
    sys.dont_write_bytecode = bool(os.environ.get("PYTHONDONTWRITEBYTECODE"))
    sys.path.insert(0, os.environ["PYTHONPATH"])
    code = sys.argv.pop(1)
    exec(compile(code, "<code>", "exec"), {"__name__": "__main__"})
