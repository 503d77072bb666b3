"""Proves that each slice gets the cut that its labels show, and the common one where these are too few."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from filtering.judging.thresholds import ScoredLabels
from pipelines.choosing.cut_file import read_cuts
from pipelines.choosing.thresholds.slice_thresholds import (
    NOT_REACHED,
    NOT_SHOWN,
    TOO_FEW,
    as_cuts,
    cuts_of_slices,
)
from pipelines.scorer_addresses import open_signals

ROWS = 400


def labels_of(shift):
    """Return labels that are good from so many points on, nearly always."""
    random = np.random.default_rng(0)
    points = random.uniform(0, 5, ROWS)
    good = points + random.normal(0, 0.2, ROWS) >= shift
    return points, good


@pytest.fixture
def of_languages():
    parts = {"en": labels_of(2.0), "de": labels_of(3.5), "fr": tuple(one[:30] for one in labels_of(3.0))}
    points, good = (np.concatenate([one[place] for one in parts.values()]) for place in (0, 1))
    count = len(points)
    labels = ScoredLabels(points, good, np.ones(count), np.full(count, 100), np.arange(count) % 80)
    return labels, [name for name, one in parts.items() for _ in one[0]]


@pytest.mark.usefixtures("in_fewer_rounds")
def test_a_slice_has_the_cut_that_reaches_the_goal_there(of_languages):
    labels, names = of_languages
    found = {one.value: one for one in cuts_of_slices(labels, names, ("precision", 0.9), 2.75)}
    assert list(found) == ["de", "en", "fr"]
    assert 1.5 <= found["en"].keep_at <= 2.25
    assert 3.0 <= found["de"].keep_at <= 3.75
    for language in ("en", "de"):
        one = found[language]
        assert one.is_promised
        assert one.precision.low >= 0.9
        mine = np.array(names) == language
        kept = mine & (labels.points >= one.keep_at)
        assert one.precision.value == pytest.approx(labels.good[kept].mean())
        assert (one.labels, one.good) == (mine.sum(), labels.good[mine].sum())
    assert (found["fr"].keep_at, found["fr"].why_common) == (2.75, TOO_FEW)
    cuts = as_cuts("language", list(found.values()), 2.75)
    assert cuts.cuts == {"de": found["de"].keep_at, "en": found["en"].keep_at}
    assert cuts.others == 2.75


@pytest.mark.usefixtures("in_fewer_rounds")
def test_a_slice_that_no_cut_makes_good_enough_takes_the_common_one():
    random = np.random.default_rng(0)
    labels = ScoredLabels(
        random.uniform(0, 4.9, ROWS),
        np.arange(ROWS) % 2 == 0,
        np.ones(ROWS),
        np.full(ROWS, 9),
        np.arange(ROWS) % 80,
    )
    [one] = cuts_of_slices(labels, ["x"] * ROWS, ("precision", 0.999), 3.0)
    assert (one.keep_at, one.why_common) == (3.0, NOT_REACHED)


@pytest.mark.usefixtures("in_fewer_rounds")
@pytest.mark.parametrize(("common", "own"), [(3.9, False), (0.5, True)])
def test_a_cut_that_labels_do_not_show_is_never_laxer_than_the_common_one(common, own):
    points, good = (one[:60] for one in labels_of(2.0))
    labels = ScoredLabels(points, good, np.ones(60), np.full(60, 9), np.arange(60))
    [one] = cuts_of_slices(labels, ["x"] * 60, ("precision", 0.97), common)
    assert not one.is_promised
    assert one.why_common == ("" if own else NOT_SHOWN)
    assert one.keep_at > common if own else one.keep_at == common


@pytest.mark.usefixtures("in_fewer_rounds")
def test_the_command_writes_cuts_that_recut_reads(trained, fresh, command, tmp_path):
    table = pq.read_table(fresh)
    languages = [
        ("en", "en", "de", "de", "de", "fr")[row % 6] if row % 7 else None for row in range(len(table))
    ]
    labels, path = tmp_path / "labels.parquet", tmp_path / "cuts.json"
    pq.write_table(table.append_column("tongue", pa.array(languages)), labels)
    done = command("threshold", trained.out, labels, "--precision", 0.8, "--by", "tongue", "--cuts", path)
    assert done.code in (0, 4), done.said
    cuts = read_cuts(str(path))
    assert cuts.by == "tongue"
    assert cuts.scorer_sha256 == open_signals(str(trained.out)).digest
    assert {"de"} <= set(cuts.cuts) <= {"en", "de", "fr", "(none)"}
    assert "A cut for each slice" in done.out
    assert f"recut OUT --cuts {path}" in done.out


def test_a_file_of_cuts_without_a_cut_is_not_written(trained, fresh, command, tmp_path):
    path = tmp_path / "cuts.json"
    refused = command("threshold", trained.out, fresh, "--precision", 0.8, "--by", "group", "--cuts", path)
    assert refused.code == 2
    assert "must have a cut of its own for --cuts. None has" in refused.err.replace("\n", " ")
    assert not path.exists()


def test_a_column_that_labels_lack_is_refused(trained, fresh, command):
    refused = command("threshold", trained.out, fresh, "--precision", 0.8, "--by", "topic")
    assert refused.code == 2
    assert "must have a column 'topic' for --by. Found" in refused.err.replace("\n", " ")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("--by language", "--by must come with --precision or --recall."),
        ("--keep-fraction .1 --by language", "--by must come with --precision or --recall."),
        ("--precision .8 --cuts a.json", "--cuts must come with --by"),
        ("--precision .8 --by group --cuts gone/a.json", "in a folder that exists. Got 'gone/a.json'"),
        ("--precision .8 --by group --cuts a.txt", "must be a file that ends in .json or .csv"),
    ],
)
def test_cuts_by_slice_need_a_goal_of_quality(trained, fresh, command, given, said):
    refused = command("threshold", trained.out, fresh, *given.split())
    assert refused.code == 2
    assert said in refused.err.replace("\n", " ")
