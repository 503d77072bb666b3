"""Proves that signals that are read once and weighed for several scorers are those that each reads alone."""

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pytest

from filtering.errors import ShapeError
from filtering.signals.ngram_cells import CELLS, VECTOR_WIDTH
from filtering.signals.read_signals import NO_TABLE, read_signals, read_signals_of_all
from filtering.signals.vectors import NO_VECTORS, Vectors
from filtering.signals.weights import stack_weights
from tests.kit.reference.weighted_reading import assert_same
from tests.kit.scorers.fitted import made_documents

RNG = np.random.default_rng(35)
TEXTS = [*made_documents(20)[0], None, "", "one", "!!", "é東 x_1 = 22;\n\n    return", "word " * 30_000]


@dataclass(frozen=True)
class Own:
    """Weights of one scorer."""

    word_weights: np.ndarray
    character_weights: np.ndarray
    vectors: Vectors


def weights():
    return RNG.normal(size=CELLS).astype(np.float32)


def vectors(rows, landmarks):
    return Vectors(
        table=RNG.integers(-127, 128, size=(rows, VECTOR_WIDTH), dtype=np.int8),
        scales=RNG.uniform(0.001, 0.01, size=VECTOR_WIDTH).astype(np.float32),
        landmarks=RNG.normal(size=(landmarks, VECTOR_WIDTH)).astype(np.float32),
        weights=RNG.normal(size=landmarks),
        gamma=float(RNG.uniform(0.01, 0.1)),
    )


SCORERS = {
    "all": Own(weights(), weights(), vectors(2 * CELLS, 40)),
    "all, other landmarks": Own(weights(), weights(), vectors(2 * CELLS, 7)),
    "vectors of words": Own(weights(), weights(), vectors(CELLS, 12)),
    "no characters": Own(weights(), NO_TABLE, vectors(CELLS, 3)),
    "vectors of characters that are not read": Own(weights(), NO_TABLE, vectors(2 * CELLS, 3)),
    "no vectors": Own(weights(), weights(), NO_VECTORS),
    "words alone": Own(weights(), NO_TABLE, NO_VECTORS),
}


def read_alone(texts, one):
    return read_signals(texts, one.word_weights, one.character_weights, one.vectors)


@pytest.mark.parametrize(
    "names",
    [
        [*SCORERS],
        [*reversed(SCORERS)],
        ["all", "all"],
        ["words alone", "all"],
        ["no characters", "words alone"],
    ],
)
def test_several_scorers_read_what_each_reads_alone(names):
    scorers = [SCORERS[name] for name in names]
    for texts in (TEXTS, pa.array([*TEXTS[:9], *TEXTS[:9]]).dictionary_encode(), []):
        found = read_signals_of_all(texts, stack_weights(scorers))
        assert len(found) == len(scorers)
        for signals, one in zip(found, scorers, strict=True):
            assert_same(signals, read_alone(texts, one))


def test_weights_of_another_shape_are_refused():
    wrong = replace(SCORERS["all"], word_weights=np.zeros(7, np.float32))
    with pytest.raises(ShapeError, match="must be float32 of shape"):
        stack_weights([SCORERS["all"], wrong])
