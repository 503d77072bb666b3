"""Proves that the kernel's vectors and bumps are what plain numpy makes of a document's cells."""

from dataclasses import replace

import numpy as np
import pytest

from filtering.errors import ScorerError
from filtering.fitting.joint import fit_joint, fit_vectors, linear_values
from filtering.signals.ngram_cells import CELLS, VECTOR_WIDTH
from filtering.signals.read_signals import read_signals
from filtering.signals.vectors import NO_VECTORS, Vectors, check_vectors
from tests.kit.reference.signals import character_cells, normalised, pieces_of, word_cells
from tests.kit.scorers.fitted import made_data, made_documents

RNG = np.random.default_rng(5)
WEIGHTS = RNG.normal(size=CELLS).astype(np.float32)
BOTH = Vectors(
    table=RNG.integers(-127, 128, size=(2 * CELLS, VECTOR_WIDTH), dtype=np.int8),
    scales=RNG.uniform(0.001, 0.01, size=VECTOR_WIDTH).astype(np.float32),
    landmarks=RNG.normal(size=(40, VECTOR_WIDTH)).astype(np.float32),
    weights=RNG.normal(size=40),
    gamma=0.05,
)
WORDS = replace(BOTH, table=BOTH.table[:CELLS])
TEXTS = [*made_documents(20)[0], "one", "!!", "é東 x_1 = 22;\n\n    return", "word " * 30_000]


def by_hand(text, vectors, tables):
    """Return a document's score: the sum of its cells' vectors, then the sum of bumps."""
    pieces, found = pieces_of(text.encode()), np.zeros(VECTOR_WIDTH)
    for first, count_cells in tables:
        for cell, value in normalised(count_cells(pieces)).items():
            found += value * vectors.table[first + cell].astype(float) * vectors.scales
    distances = ((vectors.landmarks - found) ** 2).sum(axis=1)
    return (vectors.weights * np.exp(-vectors.gamma * distances)).sum()


@pytest.mark.parametrize(
    ("vectors", "tables"),
    [(WORDS, [(0, word_cells)]), (BOTH, [(0, word_cells), (CELLS, character_cells)])],
)
def test_the_kernel_gives_what_numpy_gives(vectors, tables):
    character_weights = WEIGHTS if len(tables) == 2 else np.zeros(0, np.float32)
    found = read_signals(TEXTS, WEIGHTS, character_weights, vectors).features[:, 2]
    wanted = [by_hand(text, vectors, [one for one in tables]) for text in TEXTS]
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-4)
    assert np.std(found) > 0.01


def test_without_vectors_the_score_is_nothing_and_the_rest_stays():
    plain, with_vectors = read_signals(TEXTS, WEIGHTS), read_signals(TEXTS, WEIGHTS, vectors=WORDS)
    assert not plain.features[:, 2].any()
    np.testing.assert_array_equal(np.delete(plain.features, 2, 1), np.delete(with_vectors.features, 2, 1))


@pytest.mark.parametrize("characters", [False, True])
def test_what_is_fitted_to_cells_is_what_the_kernel_reads(characters):
    data = made_data(200)
    linear = fit_joint(data, np.arange(len(data)), characters=characters).linear
    assert len(linear.vectors.table) == (1 + characters) * CELLS
    fitted = linear_values(linear, data, np.arange(len(data)))
    np.testing.assert_allclose(linear.predict(linear.read(list(data.texts)).features), fitted, atol=1e-3)


def test_vectors_are_those_of_a_singular_value_decomposition():
    data = made_data(120)
    cells = data.cells[:, :CELLS]
    vectors = fit_vectors(cells, data.products.times(np.arange(120), characters=False))
    _, _, leading = np.linalg.svd(cells.toarray(), full_matrices=False)
    wanted = cells @ leading[:4].T
    found = vectors.of_cells(cells)[:, :4]
    for column in range(4):
        assert abs(np.corrcoef(found[:, column], wanted[:, column])[0, 1]) > 0.99
    assert vectors.table.dtype == np.int8


def test_few_documents_have_shorter_vectors():
    data = made_data(120)
    vectors = fit_vectors(data.cells[:2], data.products.times(np.arange(2), characters=True))
    assert np.flatnonzero(vectors.table.any(axis=0)).max() <= 1


@pytest.mark.parametrize(
    "change",
    [
        {"table": BOTH.table[:7]},
        {"table": BOTH.table.astype(np.int16)},
        {"landmarks": BOTH.landmarks[:, :3]},
        {"weights": BOTH.weights[:3]},
        {"gamma": np.array([-1.0])},
        {"gamma": np.array([np.nan])},
        {"scales": np.full(VECTOR_WIDTH, np.inf, np.float32)},
    ],
)
def test_damaged_vectors_are_refused(change):
    assert check_vectors(BOTH.arrays()).gamma == BOTH.gamma
    assert len(check_vectors(NO_VECTORS.arrays()).table) == 0
    (name,) = change
    with pytest.raises(ScorerError, match=f"'{name}' must be"):
        check_vectors(BOTH.arrays() | change)


@pytest.mark.parametrize("name", ["table", "scales", "landmarks", "weights", "gamma"])
@pytest.mark.parametrize(
    "damaged", [np.zeros(0), np.array(0.5), np.zeros((0, 0, 2)), np.zeros(0, np.float32)]
)
def test_arrays_of_any_other_shape_are_refused_by_name(name, damaged):
    with pytest.raises(ScorerError, match=rf"'{name}' must be .* Got float\d\d \("):
        check_vectors(BOTH.arrays() | {name: damaged})
