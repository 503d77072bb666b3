"""Proves that a run says how many of the documents that it keeps its scorer was trained on."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from filtering.scoring.nested_points import NestedPoints
from filtering.text.windows import REACH, cut_window
from pipelines.reports.runs.row_sample import was_trained_on
from pipelines.reports.runs.trained_on import TrainedOn
from tests.kit.dumps.small import CUT, make_texts


def test_a_run_over_its_own_labels_says_so_and_its_page_does(command, trained, labels, tmp_path):
    known = [text for text in pq.read_table(labels)["text"].to_pylist() if text]
    others = make_texts(50, seed=77)
    pq.write_table(pa.table({"text": [*known, *others]}), tmp_path / "dump.parquet")
    given = ("--scorer", trained.out, "--effort", "fast", "--keep-at", CUT, "--out", tmp_path / "out")
    outcome = command("filter", tmp_path / "dump.parquet", *given)
    report = json.loads((tmp_path / "out" / "run" / "report.json").read_text())
    found = TrainedOn(**report["trained_on"])
    assert found.documents == len(known) > found.kept > 0
    assert found.of_kept == report["manifest"]["kept"]
    assert found.in_words in outcome.out
    assert found.in_words.split(":")[0] in (tmp_path / "out" / "run" / "report.html").read_text()
    assert f"trained on {found.kept} of {found.of_kept} kept documents" in outcome.out


def test_nothing_is_said_where_no_such_document_is_kept(command, trained, dump, tmp_path):
    given = ("--scorer", trained.out, "--effort", "fast", "--keep-at", CUT, "--out", tmp_path / "out")
    outcome = command("filter", dump, *given)
    report = json.loads((tmp_path / "out" / "run" / "report.json").read_text())
    assert report["trained_on"]["kept"] == 0 < report["trained_on"]["of_kept"]
    assert "was trained on" not in outcome.out


def test_a_long_document_is_known_by_what_a_sample_has_of_it():
    long = "Why does a seed sprout? " * 2000
    cut = cut_window(long, REACH)
    assert len(cut) < len(long)
    for label in (long, cut):
        labels = NestedPoints.of([label.encode()], np.array([3.0]), None)
        assert was_trained_on(labels, long.encode())
        assert not was_trained_on(labels, b"Another document.")
