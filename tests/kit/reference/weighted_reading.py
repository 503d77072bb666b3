"""Reads texts with weights of every cell, and holds two readings equal."""

import numpy as np

from filtering.signals.ngram_cells import CELLS
from filtering.signals.read_signals import read_signals

RNG = np.random.default_rng(20)
WORD_WEIGHTS = RNG.normal(size=CELLS).astype(np.float32)
CHARACTER_WEIGHTS = RNG.normal(size=CELLS).astype(np.float32)


def read(texts):
    """Return the signals of texts under the weights above."""
    return read_signals(texts, WORD_WEIGHTS, CHARACTER_WEIGHTS)


def assert_same(found, wanted):
    """Hold two readings equal, bit for bit."""
    np.testing.assert_array_equal(found.features, wanted.features)
    np.testing.assert_array_equal(found.reason, wanted.reason)
    np.testing.assert_array_equal(found.unusual, wanted.unusual)
