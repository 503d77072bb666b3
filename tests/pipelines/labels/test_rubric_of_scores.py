"""Proves that scores of people carry the rubric they were given by, and that rubrics are not mixed."""

import json

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from annotations import load_rubric, read_labels
from annotations.asking.prompt import rubric_digest
from annotations.asking.rubric import KIND
from annotations.labels.label_rubric import rubric_of
from filtering.errors import LabelsError, OutputError
from pipelines import ImportConfig, SampleConfig, import_labels, sample_dump
from pipelines.labels.agreement import agreement_of_labels
from tests.kit.dumps.small import make_texts
from tests.kit.labels.annotating import read
from tests.kit.labels.label_studio import annotation, as_csv, export, flat

STORY = rubric_digest(load_rubric("story"))


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """Return a folder with the same dump drawn as tasks and as a table, by the rubric story."""
    folder = tmp_path_factory.mktemp("drawn")
    pq.write_table(pa.table({"text": make_texts(6)}), folder / "dump.parquet")
    for name, form in (("tasks.json", "label-studio"), ("table.csv", "table")):
        sample_dump(
            SampleConfig(
                inputs=[folder / "dump.parquet"], out=folder / name, n=6, format=form, rubric="story"
            )
        )
    return folder


@pytest.fixture(scope="module")
def exported(drawn):
    tasks = json.loads((drawn / "tasks.json").read_text())
    return export(tasks, [[annotation(place, 1, {"number": place % 6})] for place in range(len(tasks))])


def imported(source, out, **settings):
    import_labels(ImportConfig(source=source, out=out, **settings))
    return {row["rubric_sha256"] for row in read(out)}, rubric_of(str(out))


@pytest.mark.parametrize("form", ["json", "min", "csv"])
def test_an_export_carries_its_rubric_without_any_other_file(exported, tmp_path, form):
    rows, source = flat(exported), tmp_path / f"export.{'csv' if form == 'csv' else 'json'}"
    if form == "csv":
        cells = as_csv(rows)
        pa.csv.write_csv(pa.Table.from_pylist(cells), source)
    else:
        source.write_text(json.dumps(exported if form == "json" else rows))
    assert imported(source, tmp_path / "labels") == ({STORY}, load_rubric("story"))
    assert [row["score"] for row in read(tmp_path / "labels")] == [0, 1, 2, 3, 4, 5]


def test_a_table_for_people_has_the_rubric_of_the_whole_texts_beside_it(drawn, tmp_path):

    rows = pa.csv.read_csv(drawn / "table.csv", parse_options=pa.csv.ParseOptions(newlines_in_values=True))
    rows = rows.set_column(rows.column_names.index("score"), "score", pa.array([3.0] * len(rows)))
    pa.csv.write_csv(rows, drawn / "mine.csv")
    assert imported(drawn / "mine.csv", tmp_path / "labels") == ({STORY}, load_rubric("story"))


def test_scores_of_nobody_knows_which_rubric_take_the_one_that_is_named(tmp_path):
    (tmp_path / "theirs.csv").write_text("text,score\nsome text,3\n")
    assert imported(tmp_path / "theirs.csv", tmp_path / "plain") == ({""}, None)
    web = load_rubric("web")
    named = imported(tmp_path / "theirs.csv", tmp_path / "named", rubric="web")
    assert named == ({rubric_digest(web)}, web)


def test_a_rubric_of_ones_own_that_is_not_at_hand_is_asked_for(drawn, tmp_path, exported):
    own = tmp_path / "own.toml"
    source = (KIND.shipped["web"]).read_text()
    own.write_text(source.replace('name = "web"', 'name = "own"').replace("useful", "quite useful"))
    digest = rubric_digest(load_rubric(str(own)))
    tasks = [{**one, "data": {**one["data"], "rubric_sha256": digest}} for one in exported]
    (tmp_path / "export.json").write_text(json.dumps(tasks))
    with pytest.raises(LabelsError, match=rf"at hand \(sha256 {digest[:12]}\).*with --rubric"):
        imported(tmp_path / "export.json", tmp_path / "labels")
    found = imported(tmp_path / "export.json", tmp_path / "labels", rubric=str(own))
    assert found == ({digest}, load_rubric(str(own)))


def test_another_rubric_than_that_of_the_scores_is_refused(exported, tmp_path, command):
    (tmp_path / "export.json").write_text(json.dumps(exported))
    given = ("annotate", "--import", tmp_path / "export.json", "--out", tmp_path / "labels")
    done = command(*given, "--rubric", "code")
    assert done.code == 2
    assert f"were given by (sha256 {STORY[:12]}). 'code' asks something else" in done.err
    assert command(*given, "--rubric", "story").code == 0


def test_a_folder_takes_no_scores_of_a_second_rubric(exported, tmp_path):
    (tmp_path / "export.json").write_text(json.dumps(exported))
    imported(tmp_path / "export.json", tmp_path / "labels")
    (tmp_path / "theirs.csv").write_text("text,score\nsome text,3\n")
    with pytest.raises(OutputError, match="must hold labels of one rubric"):
        imported(tmp_path / "theirs.csv", tmp_path / "labels", rubric="web")


def test_labels_of_several_rubrics_are_neither_trained_on_nor_compared(exported, tmp_path):
    (tmp_path / "export.json").write_text(json.dumps(exported))
    imported(tmp_path / "export.json", tmp_path / "labels")
    table = pq.read_table(tmp_path / "labels" / "labels.parquet")
    web = pa.array([rubric_digest(load_rubric("web"))] * len(table))
    other = table.set_column(table.column_names.index("rubric_sha256"), "rubric_sha256", web)
    pq.write_table(pa.concat_tables([table, other]), tmp_path / "both.parquet")
    with pytest.raises(LabelsError, match="must be given by one rubric"):
        read_labels(str(tmp_path / "both.parquet"))
    with pytest.raises(LabelsError, match="must be given by one rubric"):
        import_labels(ImportConfig(source=tmp_path / "both.parquet", out=tmp_path / "new"))
    pq.write_table(other, tmp_path / "other.parquet")
    with pytest.raises(LabelsError, match="must be given by one rubric"):
        agreement_of_labels(str(tmp_path / "labels"), human=str(tmp_path / "other.parquet"))
