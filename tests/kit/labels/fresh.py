"""Makes labels that no scorer was fitted to."""

import numpy as np

from tests.kit.dumps.small import make_labels

ROWS = 600


def fresh_table(rows=ROWS):
    """Return labels that no scorer was fitted to, of as many groups as documents."""
    return make_labels(rows, groups=rows, seed=1)


def random_rows(table):
    """Return which labels were drawn at random, rather than chosen by score."""
    return np.array([pick == "random" for pick in table["picked"].to_pylist()])
