"""Proves that quantiles of the seed come back out of a saved function exactly, or not at all."""

import numpy as np
import pytest
from scipy import sparse

from filtering import load_scorer
from filtering.explaining.quantiles import seed_quantiles
from filtering.fitting import fit_data
from filtering.fitting.recipes import RECIPES
from filtering.scoring.scorers import SignalScorer
from filtering.signals.linear import GRID, hat_values, mean_positions
from filtering.signals.ngram_cells import CELLS
from filtering.signals.read_signals import SCORE_COLUMNS, read_signals
from filtering.signals.style import STATISTICS
from tests.kit.scorers.fitted import made_data, made_scorer, seed_data


def wanted_of(statistics):
    return np.quantile(statistics, GRID, axis=0).T.astype(np.float32)


def assert_exact(scorer: SignalScorer, statistics):
    """Hold the quantiles to those of the documents; return the statistics whose own are not known."""
    found, wanted = seed_quantiles(scorer.linear), wanted_of(statistics)
    unknown = np.isnan(found).any(axis=1)
    np.testing.assert_array_equal(found[~unknown].astype(np.float32), wanted[~unknown])
    return [STATISTICS[at] for at in np.flatnonzero(unknown)]


@pytest.mark.parametrize("recipe", RECIPES)
def test_quantiles_of_made_up_documents_come_back(recipe):
    unknown = assert_exact(made_scorer(recipe), made_data().features[:, SCORE_COLUMNS:])
    assert len(unknown) < 10, unknown  # made-up texts have few lines, and whole numbers of them


def read_without_cells(texts):
    """Read what quantiles are of: to read the cells of all takes ten times as long."""
    signals = read_signals(texts)
    good = np.flatnonzero(signals.reason == 0)
    return signals.features[good], sparse.csr_matrix((len(good), 2 * CELLS)), good


@pytest.mark.parametrize("domain", ["web", "code"])
def test_the_shipped_scorers_hold_the_quantiles_of_what_they_were_fitted_to(monkeypatch, domain):
    monkeypatch.setattr(fit_data, "_read", read_without_cells)
    fitted = seed_data.__wrapped__(domain, rewritten=True)  # not to be remembered
    unknown = assert_exact(load_scorer(domain), fitted.features[:, SCORE_COLUMNS:])
    # Whole numbers, and shares of twenty lines, of which several are common.
    of_few_lines = ["first_comment_share"] if domain == "code" else []
    assert sorted(unknown) == sorted(["last_comment_share", "word_characters_max", *of_few_lines])


def with_one_function(quantiles, weights=(0.3, -0.7, 0.2, 0.9)):
    """Return a joint whose first statistic has these quantiles, as fitting would save it."""
    at, inverse = np.unique(np.asarray(quantiles, dtype=np.float32), return_inverse=True)
    linear = made_scorer().linear
    knots, values = linear.knots.copy(), linear.knot_values.copy()
    knots[0], values[0] = np.inf, 0.0
    knots[0, : len(at)] = at
    values[0, : len(at)] = hat_values(mean_positions(inverse)) @ np.array(weights)
    return type(linear)(**(vars(linear) | {"knots": knots, "knot_values": values}))


@pytest.mark.parametrize(
    "quantiles",
    [
        np.arange(25.0),
        np.full(25, 3.0),
        np.maximum(np.arange(25.0), 20),
        np.maximum(np.arange(25.0), 7),
        np.minimum(np.arange(25.0), 15),
        np.clip(np.arange(25.0), 4, 19),
    ],
    ids=["none", "one value", "nearly all lowest", "some lowest", "some highest", "both ends"],
)
def test_ties_at_the_ends_are_told(quantiles):
    np.testing.assert_array_equal(seed_quantiles(with_one_function(quantiles))[0], quantiles)


def test_ties_in_the_middle_are_not_known_rather_than_wrong():
    quantiles = np.concatenate([np.arange(8.0), np.full(9, 8.0), np.arange(9.0, 17.0)])
    assert np.isnan(seed_quantiles(with_one_function(quantiles))[0]).all()


def test_few_quantiles_are_not_known_where_the_lowest_is_no_floor():
    at = np.array([7.0, *[9.0] * 15, *[10.0] * 8, 11.0])
    assert np.isnan(seed_quantiles(with_one_function(at))[0]).all()
    floor = np.array([*[0.0] * 22, 1.0, 2.0, 3.0])
    np.testing.assert_array_equal(seed_quantiles(with_one_function(floor))[0], floor)


def test_a_statistic_that_has_no_effect_keeps_its_lowest_ties():
    quantiles = np.maximum(np.arange(25.0), 7)
    found = seed_quantiles(with_one_function(quantiles, weights=(0, 0, 0, 0)))[0]
    np.testing.assert_array_equal(found, quantiles)
