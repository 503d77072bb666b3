"""Proves that a saved scorer comes back as it was, and that saving destroys nothing that was there."""

import hashlib
import json

import numpy as np
import pytest

from filtering import load_scorer, save_scorer
from filtering.errors import SettingsError, ShapeError
from tests.kit.scorers.fitted import made_documents, made_scorer
from tests.kit.scorers.saved import CARD, METRICS, save_made


def test_a_saved_scorer_gives_the_same_scores(pristine):
    texts = [*made_documents(50, seed=3)[0], "", None, "\u6771\u4eac " * 2_000]
    first, again = made_scorer(pristine.name), load_scorer(str(pristine))
    np.testing.assert_array_equal(first.score(texts).value, again.score(texts).value)
    np.testing.assert_array_equal(first.unlike_seed(texts), again.unlike_seed(texts))
    assert again.domain == "web"


@pytest.mark.parametrize("effort", ["quick", "FAST", "", None])
def test_an_effort_that_does_not_exist_is_refused_with_those_that_do(effort):
    with pytest.raises(SettingsError, match=f"'effort' must be fast, balanced or full. Got {effort!r}"):
        load_scorer("web", effort=effort)


@pytest.mark.parametrize("texts", [["a text"], "a text", np.array(["a text"], dtype=object)])
def test_texts_that_are_no_arrow_array_are_refused_with_what_makes_one(pristine, texts):
    with pytest.raises(ShapeError, match=r"Got \w+ instead. Make one of it: pyarrow.array\(texts\)"):
        load_scorer(str(pristine)).score_arrow(texts)


def test_rows_and_frames_are_refused_with_what_makes_a_table(pristine):
    with pytest.raises(ShapeError, match=r"Got list instead. Of rows or a frame make a table: pyarrow.Table"):
        load_scorer(str(pristine)).as_map()([{"text": "a text"}])


def test_saving_twice_gives_the_same_bytes(pristine, tmp_path):
    save_made(tmp_path / "again", pristine.name)
    for path in pristine.iterdir():
        assert path.read_bytes() == (tmp_path / "again" / path.name).read_bytes()
    assert len(list(pristine.iterdir())) == 3


def test_a_loaded_scorer_saved_again_gives_the_same_bytes(pristine, tmp_path):
    save_scorer(load_scorer(str(pristine)), str(tmp_path / "again"), metrics=METRICS, card=CARD)
    for path in pristine.iterdir():
        assert path.read_bytes() == (tmp_path / "again" / path.name).read_bytes()


def test_the_digest_is_that_of_the_description(saved):
    content = (saved / "scorer.json").read_bytes()
    assert load_scorer(str(saved)).digest == hashlib.sha256(content).hexdigest()


def test_the_description_holds_metrics_and_the_card_is_written(saved):
    assert json.loads((saved / "scorer.json").read_text())["metrics"] == METRICS
    assert (saved / "README.md").read_text() == CARD


def test_a_foreign_folder_is_never_overwritten(tmp_path):
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "thesis.txt").write_text("years of work")
    for overwrite in (False, True):
        with pytest.raises(SettingsError, match="must be saved to a new or empty folder"):
            save_made(tmp_path / "notes", overwrite=overwrite)
    assert [path.name for path in (tmp_path / "notes").iterdir()] == ["thesis.txt"]


def test_a_file_in_place_of_the_folder_is_never_overwritten(tmp_path):
    (tmp_path / "notes").write_text("years of work")
    for overwrite in (False, True):
        with pytest.raises(SettingsError, match="must be saved to a new or empty folder"):
            save_made(tmp_path / "notes", overwrite=overwrite)
    assert (tmp_path / "notes").read_text() == "years of work"


def test_a_scorer_is_replaced_only_when_told_to(tmp_path):
    save_made(tmp_path / "scorer", "lightgbm")
    with pytest.raises(SettingsError, match="--overwrite"):
        save_made(tmp_path / "scorer")
    assert load_scorer(str(tmp_path / "scorer")).trees is not None
    save_made(tmp_path / "scorer", overwrite=True)
    assert load_scorer(str(tmp_path / "scorer")).trees is None


def test_an_empty_folder_and_missing_parents_are_fine(tmp_path):
    (tmp_path / "empty").mkdir()
    for folder in (tmp_path / "empty", tmp_path / "a" / "b"):
        assert save_made(folder).digest == load_scorer(str(folder)).digest


@pytest.mark.parametrize("name", ["nowhere", "", "Web", "../web"])
def test_a_name_of_no_scorer_is_refused(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SettingsError, match=r"A scorer must be web or code, a folder that .* wrote"):
        load_scorer(name)


def test_a_scorer_that_cannot_be_saved_leaves_the_one_that_was_there(tmp_path):
    first = save_made(tmp_path / "scorer")
    with pytest.raises(ValueError, match="JSON compliant"):
        save_scorer(
            made_scorer(), str(tmp_path / "scorer"), metrics={"rho": float("nan")}, card=CARD, overwrite=True
        )
    assert load_scorer(str(tmp_path / "scorer")).digest == first.digest


def test_a_scorer_without_a_second_stage_is_refused_where_one_is_asked_for(saved):
    with pytest.raises(SettingsError, match=r"--effort full.*was not.*--embedder"):
        load_scorer(str(saved), effort="full")
