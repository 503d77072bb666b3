"""Proves what scorers promise: a score depends on the text alone, and is NaN where there is a reason."""

import sys
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filtering import EmbeddingScorer, Scorer, SignalScorer, load_scorer
from filtering.embedding.settings import EmbedderSettings
from filtering.errors import MissingExtraError, ShapeError
from filtering.fitting.recipes import fit_signals
from filtering.text.arrow import REASONS
from filtering.text.windows import cut_window
from tests.kit.scorers.fitted import (
    EMBEDDER,
    made_data,
    made_documents,
    made_embedding_scorer,
    made_scorer,
    run_python,
)
from tests.kit.scripted.fakes import HashingEmbedder

TEXTS = [
    *made_documents(12, seed=5)[0],
    'def gcd(a, b):\n    """Return the greatest common divisor."""\n    while b:\n        a, b = b, a % b\n',
    "<html><a href='x'>Buy now</a></html> " * 300,
    *("", None, " \n\t", "a", "\u6771\u4eac", "with\x00nul", "x" * 3_000),
]
BAD = {"": 2, None: 1, " \n\t": 3}


SHIPPED = ("web", "code")
RECIPES = ("linear", "characters", "lightgbm")
HEADS = ("ridge", "joint")


@pytest.fixture(params=[*SHIPPED, *RECIPES, *HEADS])
def scorer(request) -> Scorer:
    """Return the shipped scorers' first stages, and one of each recipe and of each head fitted here."""
    if request.param in SHIPPED:
        return load_scorer(request.param)
    return made_scorer(request.param) if request.param in RECIPES else made_embedding_scorer(request.param)


def assert_same(found, wanted):
    for name in ("value", "reason", "unusual", "stage"):
        np.testing.assert_array_equal(getattr(found, name), getattr(wanted, name))


def test_scores_are_rubric_points_and_nan_exactly_where_there_is_a_reason(scorer):
    scores = scorer.score(TEXTS)
    assert scores.reason.tolist() == [BAD.get(text, 0) for text in TEXTS]
    assert (np.isnan(scores.value) == (scores.reason > 0)).all()
    good = scores.value[scores.reason == 0]
    assert ((good >= 0) & (good <= 5)).all()
    assert len(np.unique(good)) > 5
    decided = 2 if isinstance(scorer, EmbeddingScorer) else 1
    np.testing.assert_array_equal(scores.stage, np.where(scores.reason == 0, decided, 0))


def test_scores_have_their_dtypes_and_one_row_a_document(scorer):
    scores = scorer.score(TEXTS)
    assert scores.value.dtype == np.float32
    assert {array.dtype for array in (scores.reason, scores.unusual, scores.stage)} == {np.dtype(np.uint8)}
    for array in (scores.value, scores.reason, scores.unusual, scores.stage):
        assert array.shape == (len(TEXTS),)
    assert scores.reason.max() < len(REASONS)


@pytest.mark.parametrize(
    "none", [[], pa.array([], pa.string()), pa.chunked_array([], pa.large_string())], ids=str
)
def test_no_documents_have_no_scores(scorer, none):
    scores = scorer.score(none)
    assert scores.value.shape == scores.reason.shape == scores.stage.shape == (0,)
    assert scorer.unlike_seed(none).shape == (0,)


def test_bad_documents_alone_have_no_scores(scorer):
    assert np.isnan(scorer.score([None, "", b"\xff"]).value).all()
    assert scorer.score([None, "", b"\xff"]).reason.tolist() == [1, 2, 4]


def test_a_score_does_not_depend_on_order(scorer):
    order = np.random.default_rng(0).permutation(len(TEXTS))
    np.testing.assert_array_equal(
        scorer.score([TEXTS[i] for i in order]).value, scorer.score(TEXTS).value[order]
    )


def test_a_score_does_not_depend_on_the_batch(scorer):
    together = scorer.score(TEXTS).value
    np.testing.assert_array_equal([scorer.score([text]).value[0] for text in TEXTS], together)
    np.testing.assert_array_equal(scorer.score(TEXTS * 40).value, np.tile(together, 40))


def test_scoring_twice_gives_the_same_bytes(scorer):
    assert scorer.score(TEXTS).value.tobytes() == scorer.score(TEXTS).value.tobytes()


def test_every_form_of_input_gives_the_same_scores(scorer):
    wanted = scorer.score(TEXTS)
    data = [None if text is None else text.encode() for text in TEXTS]
    for texts in (
        tuple(TEXTS),
        data,
        pa.array(TEXTS),
        pa.array(TEXTS, pa.large_string()),
        pa.array(TEXTS, pa.string_view()),
        pa.array(data, pa.binary()),
        pa.array(TEXTS).dictionary_encode(),
        pa.chunked_array([TEXTS[:5], TEXTS[5:]]),
    ):
        assert_same(scorer.score(texts), wanted)


def test_what_holds_no_text_is_refused(scorer):
    for texts in (pa.array([1]), [1], "one text"):
        with pytest.raises(ShapeError):
            scorer.score(texts)


def test_unlike_seed_is_one_answer_a_document_and_no_for_those_without_a_score(scorer):
    found = scorer.unlike_seed(TEXTS)
    assert found.dtype == bool
    assert found.shape == (len(TEXTS),)
    assert not found[scorer.score(TEXTS).reason > 0].any()


@settings(deadline=None, max_examples=60)
@given(st.lists(st.none() | st.text(max_size=60) | st.binary(max_size=20), max_size=5))
def test_any_documents_get_a_score_or_a_reason(texts):
    for scorer in (made_scorer("characters"), made_scorer("lightgbm"), made_embedding_scorer("joint")):
        scores = scorer.score(texts)
        good = scores.reason == 0
        assert np.isfinite(scores.value[good]).all()
        assert np.isnan(scores.value[~good]).all()


class Recording:
    """Embeds by the fake, and notes what it was given."""

    def __init__(self) -> None:
        self.settings = EMBEDDER.settings
        self.calls: list[list[str]] = []

    def embed(self, texts):
        self.calls.append(list(texts))
        return EMBEDDER.embed(texts)


def test_the_embedder_sees_the_window_of_each_different_document_that_has_a_score_and_no_more():
    embedder = Recording()
    long = " ".join(f"word{number}" for number in range(3_000))
    texts = [long, "short text", None, "", b"\xff", "short text", long, "another"]
    found = replace(made_embedding_scorer("joint"), embedder=embedder).score(texts)
    assert embedder.calls == [[cut_window(long), "short text", "another"]]
    assert found.reason.tolist() == [0, 0, 1, 2, 4, 0, 0, 0]
    assert found.value[0] == found.value[6]
    assert found.value[1] == found.value[5]


def test_tokens_are_counted_for_each_document_that_has_a_score():
    scorer = made_embedding_scorer("ridge")
    brief = replace(scorer, embedder=HashingEmbedder(EmbedderSettings(max_tokens=3), EMBEDDER.width))
    texts = ["one two", None, "a b c d e", "one two", ""]
    assert (brief.score(texts).tokens, brief.score(texts).tokens_read) == (9, 7)
    assert (scorer.score([]).tokens, scorer.score([None]).tokens_read) == (0, 0)
    assert (made_scorer().score(texts).tokens, made_scorer().score(texts).tokens_read) == (0, 0)


def test_words_move_the_score_of_a_head_alone_and_order_does_not():
    scorer = made_embedding_scorer("ridge")
    teaching, selling = "explain because example therefore " * 9, "buy cheap offer cart " * 9
    scores = scorer.score([teaching, selling, " ".join(reversed(teaching.split()))]).value
    assert scores[0] > scores[1] + 1
    assert scores[2] == pytest.approx(scores[0], abs=1e-4)


def test_scores_give_their_reasons_by_name():
    assert made_scorer().score(["words", "", None]).reasons == [None, "empty", "null"]


def test_the_shipped_scorers_have_a_digest_and_a_fitted_one_has_none():
    digests = {load_scorer(name).digest for name in ("web", "code")}
    assert len(digests) == 2
    assert all(len(digest) == 64 for digest in digests)
    assert made_scorer().digest == ""


@pytest.mark.parametrize(
    ("domain", "better", "worse"),
    [
        (
            "web",
            "Why does ice float? Because water expands when it freezes, the same mass fills more space. "
            "For example, a litre of water becomes about 1.09 litres of ice. Let us compute the density.",
            "HOME | CART | LOGIN\nBuy 2 get 1 free! Click here to subscribe. Free shipping on all orders!!!",
        ),
        (
            "code",
            'def binary_search(items, wanted):\n    """Return the position of `wanted` in a list, or -1.\n\n'
            '    >>> binary_search([1, 3, 5], 3)\n    1\n    """\n    low, high = 0, len(items) - 1\n'
            "    # Each step halves the part that can still hold it.\n    while low <= high:\n"
            "        middle = (low + high) // 2\n"
            "        if items[middle] == wanted:\n            return middle\n"
            "        if items[middle] < wanted:\n            low = middle + 1\n        else:\n"
            "            high = middle - 1\n    return -1\n",
            "module.exports = {\n  a: require('./a'),\n  b: require('./b'),\n  c: require('./c'),\n};\n",
        ),
    ],
)
def test_shipped_scorers_tell_what_teaches(domain, better, worse):
    scores = load_scorer(domain).score([better, worse]).value
    assert scores[0] > scores[1] + 0.5


def test_public_names_come_from_their_homes():
    import filtering

    assert filtering.SignalScorer is SignalScorer
    assert filtering.EmbeddingScorer is EmbeddingScorer
    assert set(filtering.__all__) == {
        *("EmbeddingScorer", "Explanation", "Placement", "Scorer", "Scores", "SignalScorer"),
        *(
            "UnknownTextsWarning",
            "Unsure",
            "Drift",
            "explain_documents",
            "load_scorer",
            "measure_drift",
            "save_scorer",
        ),
    }
    for name in filtering.__all__:
        assert getattr(filtering, name).__name__ == name
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        filtering.nothing  # noqa: B018 - reading the attribute is the act


HEAVY = (
    "torch",
    "ray",
    "sklearn",
    "scipy",
    "numba",
    "lightgbm",
    "pyarrow",
    "pandas",
    "sentence_transformers",
)
LOADED = "import sys; print(' '.join(name for name in {names!r} if name in sys.modules))"


def loaded_after(code, names):
    return run_python(f"{code}\n{LOADED.format(names=names)}").stdout.split()


def test_importing_filtering_imports_no_large_library():
    assert loaded_after("import filtering", HEAVY) == []


@pytest.mark.parametrize("domain", ["web", "code"])
def test_scoring_imports_neither_the_libraries_that_fit_nor_torch(domain):
    code = f"from filtering import load_scorer\nload_scorer({domain!r}).score(['some text'])"
    # numba imports scipy's top module where it is installed, to see its version; that is quick.
    assert loaded_after(code, ("lightgbm", "sklearn", "scipy.stats", "scipy.sparse", "torch", "ray")) == []


@pytest.mark.parametrize(
    ("missing", "recipe", "named"),
    [
        ("sklearn", "linear", "sklearn.kernel_approximation"),
        ("scipy", "linear", "scipy"),
        ("lightgbm", "lightgbm", "lightgbm"),
    ],
)
def test_a_missing_extra_is_named_with_its_pip_line_when_it_is_used(monkeypatch, missing, recipe, named):
    for name in [name for name in sys.modules if name.startswith(f"{missing}.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, missing, None)  # as if it were not installed
    with pytest.raises(
        MissingExtraError, match=rf"This needs the extra 'train', which .*{named}.*pip install '\.\[train\]'"
    ) as caught:
        fit_signals(made_data.__wrapped__(100), recipe, "web")
    assert isinstance(caught.value, ImportError)
    assert isinstance(caught.value, ValueError)
