"""Proves that a sample goes to Label Studio and its scores come back, in each of the documented forms."""

import csv
import json
from xml.etree import ElementTree

import jsonschema
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from annotations import load_rubric
from annotations.labels.label_studio import labelling_config
from filtering.errors import LabelsError, SettingsError
from filtering.text.windows import cut_window
from pipelines import ImportConfig, SampleConfig, import_labels, sample_dump
from pipelines.labels.label_folder import RATINGS_FILE
from tests.kit.dumps.small import make_texts
from tests.kit.labels.annotating import read
from tests.kit.labels.label_studio import EXPORT, TASKS, annotation, as_csv, export, flat

LONG = "A prime has two divisors, and \\n \u6771 is no letter of Latin. <b>Not bold.</b>\n" * 200


@pytest.fixture(scope="module")
def sampled(tmp_path_factory):
    """Return the folder of a sample of ten documents for Label Studio, one of which is long."""
    folder = tmp_path_factory.mktemp("studio")
    texts = [*make_texts(9), LONG]
    urls = [f"https://site-{number}.org/a" for number in range(10)]
    pq.write_table(pa.table({"text": texts, "url": urls}), folder / "dump.parquet")
    config = SampleConfig(
        inputs=[folder / "dump.parquet"], out=folder / "tasks.json", n=10, format="label-studio"
    )
    sample_dump(config)
    return folder


@pytest.fixture(scope="module")
def tasks(sampled):
    return json.loads((sampled / "tasks.json").read_text())


@pytest.fixture
def labels_of(sampled, tmp_path):
    """Return a function that imports a file which lies beside the tasks, and returns labels and ratings."""

    def run(name, content, **settings):
        source, out = sampled / name, tmp_path / f"labels of {name}"
        if isinstance(content, str):
            source.write_text(content)
        else:
            with open(source, "w", newline="") as file:
                writer = csv.DictWriter(file, dict.fromkeys(key for row in content for key in row))
                writer.writeheader()
                writer.writerows(content)
        import_labels(ImportConfig(source=source, out=out, rater="people", **settings))
        source.unlink()
        return read(out), read(out, RATINGS_FILE)

    return run


def two_annotators(tasks, kind="choices"):
    """Return an export: the first annotator scores nearly all, the second fewer; one is skipped."""

    def value(points):
        return {kind: [str(points)] if kind == "choices" else points}

    given = [
        [annotation(10 * place, 1, value(place % 6)), annotation(10 * place + 1, 2, value(5))]
        for place in range(len(tasks))
    ]
    given[0].pop()
    given[1][1]["was_cancelled"] = True
    given[2] = []
    given[3][1]["result"] = []
    return export(tasks, given)


def test_tasks_are_as_the_schema_says_and_show_no_score(tasks):
    jsonschema.validate(tasks, TASKS)
    for task in tasks:
        assert "edu_score" not in task["data"]
        assert {"document", "text", "group", "picked", "probability"} <= set(task["data"])
    assert cut_window(LONG) in [task["data"]["text"] for task in tasks]


@pytest.mark.parametrize("rubric", [None, "web", "code", "story"])
def test_the_config_asks_for_points_of_the_text_of_the_tasks(rubric):
    view = ElementTree.fromstring(labelling_config(rubric and load_rubric(rubric)))
    text = view.find("Text")
    assert (view.tag, text.get("value"), text.get("valueType")) == ("View", "$text", "text")
    asking = view.find("Number") if rubric == "story" else view.find("Choices")
    assert (asking.get("name"), asking.get("toName")) == ("score", text.get("name"))
    if rubric != "story":
        assert [one.get("value") for one in asking] == ["0", "1", "2", "3", "4", "5"]
        assert all(one.get("hint") for one in asking) == (rubric is not None)
        shown = [one.get("value") for one in view.findall("Header")][1:]
        assert shown == [f"{one.get('value')} {one.get('hint')}" for one in asking if rubric]


@pytest.mark.parametrize("kind", ["choices", "number", "rating"])
def test_scores_of_an_export_come_back_as_ratings_of_each_annotator(tasks, labels_of, kind):
    exported = two_annotators(tasks, kind)
    jsonschema.validate(exported, EXPORT)
    labels, ratings = labels_of("export.json", json.dumps(exported))
    found = {(row["id"], row["rater"]): row["score"] for row in ratings}
    ids = [task["data"]["document"] for task in tasks]
    wanted = {(name, "people 1"): place % 6 for place, name in enumerate(ids) if place != 2}
    wanted |= {(name, "people 2"): 5 for place, name in enumerate(ids) if place > 3}
    assert found == wanted
    assert {row["id"]: row["score"] for row in labels}[ids[4]] == 4.5
    assert {row["group"] for row in labels} <= {f"site-{number}.org" for number in range(10)}
    assert {row["picked"] for row in labels} == {"stratified"}


@pytest.mark.parametrize("kind", ["choices", "number", "rating"])
def test_all_three_forms_of_an_export_give_the_same_labels(tasks, labels_of, kind):
    exported = two_annotators(tasks, kind)
    rows = flat(exported)
    labels, _ = labels_of("export.json", json.dumps(exported))
    assert labels_of("min.json", json.dumps(rows, indent=2))[0] == labels
    assert labels_of("export.csv", as_csv(rows))[0] == labels


def test_the_whole_text_of_a_long_document_comes_back(tasks, labels_of):
    labels, _ = labels_of("export.json", json.dumps(two_annotators(tasks)))
    assert LONG in [row["text"] for row in labels]


def test_a_second_export_adds_what_is_new_and_pays_for_nothing_twice(tasks, labels_of):
    exported = two_annotators(tasks)
    first = [{**task, "annotations": task["annotations"][:1]} for task in exported]
    labels_of("export.json", json.dumps(first))
    again = labels_of("export.json", json.dumps(exported))
    assert {row["rater"] for row in again[1]} == {"people 1", "people 2"}
    assert len(again[1]) == 9 + 6


def test_a_project_with_other_names_and_annotators_that_are_objects_is_read_too(tasks, labels_of):
    who = {"id": 7, "email": "ann@example.org"}
    given = [[annotation(place, who, {"rating": 4})] for place in range(len(tasks))]
    text = json.dumps(export(tasks, given)).replace('"score"', '"worth"')
    labels, ratings = labels_of("export.json", text, score_column="worth")
    assert {row["score"] for row in labels} == {4}
    assert {row["rater"] for row in ratings} == {"people 7"}


def test_a_list_of_objects_that_is_no_export_is_labels_as_lines_are(tmp_path, command):
    rows = [{"text": text, "score": 2} for text in make_texts(5)]
    (tmp_path / "a.json").write_text(json.dumps(rows, indent=2))
    done = command("annotate", "--import", tmp_path / "a.json", "--out", tmp_path / "labels")
    assert done.code == 0, done.err
    assert [row["score"] for row in read(tmp_path / "labels")] == [2] * 5


# What is refused.


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[1, 2]", "one list of objects"),
        ("[", "one list of objects"),
        ('[{"a": 1}, {"a": "b"}]', "same type"),
        ('[{"id": ' + "9" * 40 + "}]", "same type"),
        ('[{"text": "\\ud800", "score": 1}]', "readable JSON"),
        ("[" * 200 + "]" * 200, "at most 100 lists"),
        ("[]", "must hold labels. It is an empty list"),
        ('[{"data": {"text": "a"}, "annotations": []}]', "1 tasks that nobody has answered"),
        ('[{"data": {"text": "a"}}]', "nobody has answered"),
        ('[{"data": {"text": "a"}, "annotations": [], "predictions": [{"result": []}]}]', "nobody has ans"),
        ('[{"data": {"text": "a"}, "annotations": [{"id": 1, "was_cancelled": true}]}]', "skipped"),
        ('[{"data": {"text": "a"}, "annotations": [{"id": 1', "breaks off at its end"),
        ('[{"data": {"text": "a"}, "annotations": }]', "The trouble is in line 1, at character 41"),
    ],
)
def test_a_broken_export_is_a_fault_of_that_file(content, message, labels_of):
    with pytest.raises(LabelsError, match=message):
        labels_of("export.json", content)


def test_two_answers_to_one_question_are_refused_with_their_document(tasks, labels_of):
    given = [[annotation(place, 1, {"choices": ["3"]})] for place in range(len(tasks))]
    given[4][0] = annotation(4, 1, {"choices": ["2", "4"]})
    exported = export(tasks, given)
    document = tasks[4]["data"]["document"]
    for content in (exported, flat(exported)):
        with pytest.raises(LabelsError, match=f"Got '2, 4' in data row 5 .id '{document}'"):
            labels_of("export.json", json.dumps(content))


def test_what_a_person_should_know_of_an_export_is_told(tasks, sampled, tmp_path, command):
    def told(name, exported):
        (sampled / name).write_text(json.dumps(exported))
        done = command("annotate", "--import", sampled / name, "--out", tmp_path / "labels", "--rater", "me")
        (sampled / name).unlink()
        assert done.code == 0, done.err
        return done.out

    mine = export(tasks, [[annotation(place, 1, {"choices": ["3"]})] for place in range(len(tasks))])
    first = told("mine.json", mine)
    assert not any(word in first for word in ("Warning", "drawn", "none of", "differ"))
    others = [{"data": {"text": text}} for text in make_texts(30)[20:]]
    strange = export(others, [[annotation(place, 1, {"choices": ["3"]})] for place in range(len(others))])
    said = told("theirs.json", strange)
    assert "Warning: 10 of 10 rows hold texts that are not of the sample in tasks-texts.parquet." in said
    assert "10 of 10 documents are new to " in said
    assert "10 documents do not say how they were drawn: they count as drawn at random." in said
    for place in (2, 5):
        answers = mine[place]["annotations"]
        answers.append({**annotation(90 + place, 1, {"choices": ["1"]})})
    assert "2 scores replace different ones of the same rater for the same text" in told("mine.json", mine)


@pytest.mark.parametrize("value", [{"choices": ["good"]}, {"choices": ["1", "2"]}, {"number": 7}, {"x": 1}])
def test_an_answer_that_is_no_point_is_refused_or_none(value, tasks, labels_of):
    given = [[annotation(place, 1, value)] for place in range(len(tasks))]
    with pytest.raises(LabelsError, match=r"must be a number from 0 to 5|must hold a score"):
        labels_of("export.json", json.dumps(export(tasks, given)))


@pytest.mark.parametrize(
    ("out", "form"), [("a.json", "table"), ("a.csv", "label-studio"), ("a", "label-studio")]
)
def test_the_ending_and_the_format_must_go_together(out, form):
    with pytest.raises(SettingsError, match=r"must end in \.|label-studio, --out must end in \.json"):
        SampleConfig(inputs=["dump"], out=out, format=form)


def test_a_cell_that_is_nested_deep_is_a_fault_of_that_file(tasks, labels_of):
    rows = as_csv(flat(two_annotators(tasks)))
    rows[0]["score"] = "[{" * 50_000
    with pytest.raises(LabelsError, match="must be a number from 0 to 5"):
        labels_of("export.csv", rows)


def test_files_that_are_there_are_not_replaced_without_a_word(sampled, command):
    words = ("sample", sampled / "dump.parquet", "--out", sampled / "tasks.json", "--format", "label-studio")
    done = command(*words)
    assert (done.code, "--overwrite" in done.err) == (2, True)
    done = command(*words, "--overwrite")
    assert done.code == 0, done.err
    assert "labelling config" in done.out
    assert "annotate --import EXPORT.json" in done.out


def test_label_studio_itself_takes_the_tasks_and_the_answers(sampled, tasks):
    """Its package brings half a gigabyte, so it is tested where it is installed."""
    interface = pytest.importorskip("label_studio_sdk.label_interface", reason="needs label-studio-sdk")
    project = interface.LabelInterface((sampled / "tasks.xml").read_text())
    project.validate()
    assert all(project.validate_task(task) for task in tasks)
    assert project.validate_annotation(annotation(1, 1, {"choices": ["3"]}))
