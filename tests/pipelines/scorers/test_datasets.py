"""Proves that `datasets` is served: labels of any form train one scorer; maps score as the command does."""

import json
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from filtering import load_scorer
from filtering.embedding.settings import Placement
from filtering.errors import LabelsError, ShapeError
from pipelines import FilterConfig, TrainConfig, evaluate_scorer, filter_dump, train_scorer
from tests.kit.dumps.small import make_labels, make_texts
from tests.kit.late import Late
from tests.kit.runs.outcomes import QUIET

datasets = Late("datasets")

ONE_STAGE = ["--signals", "linear"]
TABLE = make_labels()
ROWS = 2100
"""More than two batches of `Dataset.map` by default."""


# Labels.


@pytest.fixture(scope="session")
def digest(haste, labels, tmp_path_factory):
    """Return the digest of the scorer that the Parquet file gives."""
    with haste():
        return digest_of(labels, tmp_path_factory.mktemp("file") / "out")


def digest_of(labels, out):
    config = TrainConfig(labels=labels, out=out, signals="linear")
    return train_scorer(config, reporter=QUIET).scorer.digest


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("form", ["Dataset", "IterableDataset"])
def test_a_data_set_trains_the_very_scorer_of_its_parquet_file(digest, tmp_path, form):
    dataset = datasets.Dataset(TABLE)
    labels = dataset if form == "Dataset" else dataset.to_iterable_dataset(num_shards=2)
    assert digest_of(labels, tmp_path / "out") == digest


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("form", ["folder of Parquet", "saved by datasets"])
def test_a_folder_trains_and_judges_by_command_the_very_scorer_of_its_parquet_file(
    digest, command, tmp_path, form
):
    folder = tmp_path / "labels"
    if form == "saved by datasets":
        datasets.Dataset(TABLE).save_to_disk(folder)
    else:
        folder.mkdir()
        pq.write_table(TABLE.slice(0, 100), folder / "0.parquet")
        pq.write_table(TABLE.slice(100), folder / "1.parquet")
    assert command("train", folder, "--out", tmp_path / "out", *ONE_STAGE).code == 0
    assert load_scorer(str(tmp_path / "out")).digest == digest
    # Nested, so these are known as the labels that it was fitted to.
    found = command("evaluate", tmp_path / "out", folder, "--json")
    assert json.loads(found.out)["nested"]


def test_a_scorer_is_judged_by_a_data_set_as_by_its_parquet_file(hasty, trained, tmp_path):
    fresh = make_labels(seed=1)
    pq.write_table(fresh, tmp_path / "fresh.parquet")
    by_file = evaluate_scorer(trained.out, str(tmp_path / "fresh.parquet"))
    assert evaluate_scorer(trained.out, datasets.Dataset(fresh)) == by_file


def test_a_dict_of_data_sets_is_refused_before_anything_is_made(trained, tmp_path):
    splits = datasets.DatasetDict(train=datasets.Dataset(TABLE))
    config = TrainConfig(labels=splits, out=tmp_path / "out", signals="linear")
    with pytest.raises(LabelsError, match=r"Got DatasetDict instead\. Of a DatasetDict take one split"):
        train_scorer(config, reporter=QUIET)
    with pytest.raises(LabelsError, match="Of a DatasetDict take one split"):
        evaluate_scorer(trained.out, splits)
    assert not (tmp_path / "out").exists()


def test_a_data_set_without_a_column_is_refused_by_train_and_evaluate_alike(trained, tmp_path):
    lacking = datasets.Dataset(TABLE).remove_columns("group")
    config = TrainConfig(labels=lacking, out=tmp_path / "out")
    for act in (lambda: train_scorer(config, reporter=QUIET), lambda: evaluate_scorer(trained.out, lacking)):
        with pytest.raises(LabelsError, match=r"text, score and group\. It has no 'group'"):
            act()


@pytest.mark.parametrize("verb", ["train", "evaluate"])
def test_without_datasets_a_folder_ends_with_2_and_the_pip_line(
    command, trained, tmp_path, monkeypatch, verb
):
    monkeypatch.setitem(sys.modules, "datasets", None)
    (folder := tmp_path / "labels").mkdir()
    options = ["--out", tmp_path / "out", *ONE_STAGE]
    outcome = command(
        *(["train", folder, *options] if verb == "train" else ["evaluate", trained.out, folder])
    )
    assert outcome.code == 2
    assert "pip install '.[hub]'" in outcome.err


# Maps.


@pytest.fixture(scope="module", params=["fast", "full"])
def effort(request):
    return request.param


@pytest.fixture(scope="module")
def scorer(effort, two_stages):
    return load_scorer(two_stages.out, effort=effort, placement=Placement(device="cpu"))


@pytest.fixture(scope="module")
def texts():
    """Return texts of which the first two thousand all have a score, and some repeat."""
    return [*make_texts(1000), *make_texts(1000), None, "", " \n", *make_texts(97, seed=5)]


@pytest.fixture(scope="module")
def pages(texts):
    return datasets.Dataset.from_dict({"id": list(range(ROWS)), "text": texts})


@pytest.fixture(scope="module")
def wanted(scorer, texts):
    """Return the scores that the API gives, None where there is none."""
    return [None if np.isnan(value) else value for value in scorer.score(texts).value.tolist()]


@pytest.mark.parametrize(
    ("options", "first"),
    [
        ({}, 0),
        ({"batch_size": 7}, 1900),
        ({"batch_size": None}, 1500),
        ({"num_proc": 2, "batch_size": 50}, 1700),
    ],
    ids=["by default", "in small batches", "in one batch", "in two processes"],
)
def test_a_map_gives_the_very_scores_of_the_scorer_whatever_the_batches(
    pages, scorer, wanted, options, first
):
    some = pages.select(range(first, ROWS))
    scored = some.map(scorer.as_map(), batched=True, load_from_cache_file=False, **options)
    assert scored.column_names == ["id", "text", "edu_score", "edu_reason", "edu_unsure"]
    assert scored["edu_score"][:] == wanted[first:]
    reasons = scored["edu_reason"][:]
    assert reasons == [None] * (2000 - first) + ["null", "empty", "white-space"] + [None] * 97
    assert scored["id"][:] == some["id"][:]
    assert scored.data.schema.field("edu_score").type == pa.float32()


def test_a_map_gives_the_very_scores_of_the_command(pages, effort, two_stages, wanted, tmp_path):
    pages.to_parquet(tmp_path / "pages.parquet")
    config = FilterConfig(
        inputs=[str(tmp_path / "pages.parquet")], out=tmp_path / "out", scorer=two_stages.out,
        effort=effort, write="scores", device="cpu",
    )  # fmt: skip
    filter_dump(config, reporter=QUIET)
    stored = pq.read_table(tmp_path / "out" / "run" / "scores" / "pages.parquet")
    assert stored["edu_score"].to_pylist() == wanted


@pytest.mark.parametrize("form", ["numpy", "arrow", "torch"])
def test_a_map_of_a_formatted_data_set_keeps_its_columns_and_gives_the_same(pages, scorer, wanted, form):
    some = pages.select(range(1900, 2050))
    scored = some.with_format(form).map(scorer.as_map(), batched=True, load_from_cache_file=False)
    assert scored.column_names == ["id", "text", "edu_score", "edu_reason", "edu_unsure"]
    plain = scored.with_format(None)
    assert plain["edu_score"][:] == wanted[1900:2050]
    assert plain["edu_reason"][98:104] == [None, None, "null", "empty", "white-space", None]
    assert plain["id"][:] == some["id"][:]


@pytest.mark.parametrize("form", ["pandas", "polars"])
def test_a_map_of_data_frames_is_refused_saying_what_to_do(pages, scorer, form):
    with pytest.raises(ShapeError, match=r"Got DataFrame instead.*with_format\(None\)"):
        pages.with_format(form).map(scorer.as_map(), batched=True, load_from_cache_file=False)


def test_a_streamed_data_set_gives_the_same(pages, scorer, wanted):
    stream = pages.select(range(1900, 2050)).to_iterable_dataset().map(scorer.as_map(), batched=True)
    assert [row["edu_score"] for row in stream] == wanted[1900:2050]


def test_columns_of_other_names_are_read_and_written(pages, scorer, wanted):
    named = pages.select(range(1990, 2010)).rename_column("text", "body")
    scored = named.map(
        scorer.as_map(text_column="body", score_column="worth"), batched=True, load_from_cache_file=False
    )
    assert scored.column_names == ["id", "body", "worth", "worth_reason", "worth_unsure"]
    assert scored["worth"][:] == wanted[1990:2010]
    assert scored["worth_reason"][10:14] == ["null", "empty", "white-space", None]


def test_a_second_score_takes_the_place_of_the_first(pages, scorer, wanted):
    old = pages.select(range(50)).map(lambda row: {"edu_score": -1.0, "edu_reason": "old"})
    for form in (None, "arrow"):
        scored = old.with_format(form).map(scorer.as_map(), batched=True, load_from_cache_file=False)
        assert scored.with_format(None)["edu_score"][:] == wanted[:50]
        assert scored.column_names == ["id", "text", "edu_score", "edu_reason", "edu_unsure"]


def test_a_second_map_of_the_same_scorer_is_found_in_the_cache(pages, two_stages, scorer, effort, tmp_path):
    pages.select(range(60)).save_to_disk(tmp_path / "pages")
    source = datasets.load_from_disk(tmp_path / "pages")
    first = source.map(scorer.as_map(), batched=True)
    again = load_scorer(two_stages.out, effort=effort, placement=Placement(device="cpu"))
    second = source.map(again.as_map(), batched=True)
    assert first.cache_files == second.cache_files != source.cache_files
    other = source.map(again.as_map(score_column="other"), batched=True)
    assert other.cache_files != first.cache_files


def test_two_processes_know_a_map_by_one_hash(two_stages):
    found = load_scorer(two_stages.out)
    found.score(["Scoring leaves no mark."])
    code = (
        "import sys; from datasets.fingerprint import Hasher; from filtering import load_scorer; "
        "print(Hasher.hash(load_scorer(sys.argv[1]).as_map()))"
    )
    done = subprocess.run([sys.executable, "-c", code, two_stages.out], capture_output=True, text=True)
    assert done.stdout.strip() == datasets.fingerprint.Hasher.hash(found.as_map()), done.stderr
