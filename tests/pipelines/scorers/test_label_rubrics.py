"""Proves that labels by another rubric than a scorer was trained by are told, where both say which it is."""

import pyarrow.parquet as pq
import pytest

from annotations import load_rubric
from annotations.labels.label_rubric import with_rubric
from pipelines.progress import ConsoleReporter
from pipelines.scorers.label_rubrics import tell_other_rubric
from tests.kit.dumps.small import make_labels


@pytest.mark.parametrize(("rubric", "is_told"), [("web", False), ("code", True), (None, False)])
def test_labels_by_another_rubric_are_told(tmp_path, capsys, rubric, is_told):
    path, table = tmp_path / "labels.parquet", make_labels(rows=20, groups=4)
    pq.write_table(table if rubric is None else with_rubric(table, load_rubric(rubric)), path)
    tell_other_rubric("web", str(path), ConsoleReporter())
    said = "these labels follow the rubric 'code', and 'web' was trained by another"
    assert (said in capsys.readouterr().err) == is_told
