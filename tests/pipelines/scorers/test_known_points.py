"""Proves that a scorer is judged at once, and honestly, on documents that it was fitted to."""

import json
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from filtering import load_scorer
from filtering.errors import SettingsError
from pipelines.scorers import evaluate
from pipelines.scorers.audit_points import audit_points
from pipelines.scorers.evaluate import points_of_labels
from tests.kit.dumps.small import make_labels
from tests.kit.runs.outcomes import QUIET

pytestmark = pytest.mark.usefixtures("hasty")


@pytest.fixture(autouse=True)
def no_fits(monkeypatch):
    """Let nothing be fitted anew."""

    def refuse(*_):
        raise AssertionError("something was fitted")

    monkeypatch.setattr(evaluate, "refit", refuse)


def with_labels(table, scores):
    return table.set_column(table.schema.get_field_index("score"), "score", pa.array(scores))


def test_the_labels_of_a_scorer_are_judged_as_it_was_when_it_was_trained(trained, labels):
    judged = points_of_labels(trained.out, str(labels))
    assert judged.nested
    assert judged.judge() == trained.evaluations[0]


def test_both_stages_are_judged_without_an_embedder(two_stages, labels, monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("the embedder was loaded")

    monkeypatch.setattr(evaluate, "open_scorer", refuse)
    for effort, evaluation in zip(("fast", "full"), two_stages.evaluations, strict=True):
        assert points_of_labels(two_stages.out, str(labels), effort=effort).judge() == evaluation


def test_other_labels_of_the_same_documents_change_figures_and_no_points(trained, labels, tmp_path):
    table = pq.read_table(labels)
    changed = tmp_path / "changed.parquet"
    pq.write_table(with_labels(table, [5 - one for one in table["score"].to_pylist()]), changed)
    before, after = (points_of_labels(trained.out, str(path)) for path in (labels, changed))
    np.testing.assert_array_equal(before.points, after.points)
    assert after.nested
    assert after.judge().metrics["rho"].value < 0 < before.judge().metrics["rho"].value


def test_documents_that_it_has_not_seen_have_its_own_scores_beside_the_nested_ones(trained, labels, tmp_path):
    known, fresh = pq.read_table(labels), make_labels(seed=1)
    columns = [name for name in known.column_names if name in fresh.column_names]
    both = pa.concat_tables([known.select(columns).slice(0, 100), fresh.select(columns)])
    pq.write_table(both, tmp_path / "both.parquet")
    judged = points_of_labels(trained.out, str(tmp_path / "both.parquet"))
    nested = points_of_labels(trained.out, str(labels))
    own = load_scorer(trained.out).score(both["text"]).value
    np.testing.assert_array_equal(judged.points[:100], nested.points[:100])
    np.testing.assert_allclose(judged.points[100:], own[100:], atol=1e-6)
    assert judged.nested
    assert judged.known == 100


def test_a_scorer_in_the_place_of_the_labels_is_told(trained, labels):
    with pytest.raises(SettingsError, match="The scorer comes first, then the labels"):
        points_of_labels(str(labels), str(trained.out))


def test_rewrites_of_a_mixture_are_scored_by_the_scorer_alone_and_so_are_the_documents_they_change(
    trained, labels, tmp_path
):
    some = tmp_path / "some.parquet"
    pq.write_table(pq.read_table(labels).slice(0, 120), some)
    judged = points_of_labels(trained.out, str(some))
    own = load_scorer(trained.out).score(judged.labels.texts).value[judged.rows]
    assert np.abs(judged.points - own).max() > 0.01
    np.testing.assert_allclose(judged.score(judged.labels.texts, None)[judged.rows], own, atol=1e-6)
    found = audit_points(judged, reporter=QUIET)
    wanted = audit_points(replace(judged, points=own.astype(np.float64), scores_anew=False), reporter=QUIET)
    assert found.effects == wanted.effects
    assert (found.nested, found.known) == (False, 120)


@pytest.mark.parametrize("rows", [(0, 120), (60, 60), (0, 0)], ids=["all known", "some", "none"])
def test_a_page_and_the_screen_tell_the_same_figures_with_and_without_a_page(
    command, trained, labels, tmp_path, rows
):
    known, fresh = pq.read_table(labels), make_labels(seed=1)
    columns = [name for name in known.column_names if name in fresh.column_names]
    parts = [
        known.select(columns).slice(*rows),
        *([] if rows[0] == 0 != rows[1] else [fresh.select(columns)]),
    ]
    pq.write_table(pa.concat_tables(parts), tmp_path / "some.parquet")
    given = ["evaluate", trained.out, tmp_path / "some.parquet", "--json"]
    alone = json.loads(command(*given).out)
    assert json.loads(command(*given, "--html", tmp_path / "page.html").out) == alone
    stored = json.loads((tmp_path / "page.json").read_text())
    assert stored["evaluation"] == alone
    assert alone["known"] == rows[1]
    page = (tmp_path / "page.html").read_text()
    screen = command(*given[:-1]).out
    told = {120: "had not seen its group", 60: f"60 of these {alone['rows']} documents", 0: "none of these"}
    for said in (page, screen):
        assert told[rows[1]] in " ".join(said.split())
