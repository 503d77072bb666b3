"""Proves that scores that exist become labels, and that scores that are none are refused by name."""

import json
import sys

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from annotations.labels.labels import MIN_ROWS
from filtering.errors import ColumnError, LabelsError
from pipelines import ImportConfig, annotate_sample, import_labels
from pipelines.commands.printing.labels import print_annotation
from pipelines.labels.importing import SCORED_BEFORE
from pipelines.labels.label_folder import RATINGS_FILE, AnnotateResult
from tests.kit.dumps.small import make_texts
from tests.kit.labels.annotating import config, read
from tests.kit.late import Late
from tests.kit.runs.outcomes import QUIET
from tests.kit.scripted.server import ScriptedServer, labelled

datasets = Late("datasets")

pytestmark = pytest.mark.usefixtures("key")


@pytest.mark.parametrize("suffix", [".parquet", ".jsonl", ".csv"])
def test_scores_that_exist_are_imported_into_the_same_schema(tmp_path, suffix, command):
    texts = [f"{text}\nPage {number}." for number, text in enumerate(make_texts(60))]
    table = pa.table(
        {
            "content": texts,
            "int_score": [number % 6 for number in range(60)],
            "url": [f"https://www.site-{number % 12}.org/{number}" for number in range(60)],
        }
    )
    path = tmp_path / f"theirs{suffix}"
    if suffix == ".parquet":
        pq.write_table(table, path)
    elif suffix == ".csv":
        pyarrow.csv.write_csv(table, path)
    else:
        path.write_text("".join(json.dumps(row) + "\n" for row in table.to_pylist()))
    outcome = command(
        *("annotate", "--import", path, "--text-column", "content", "--score-column", "int_score"),
        *("--rater", "theirs", "--out", tmp_path / "labels"),
    )
    assert outcome.code == 0, outcome.said
    assert "train needs 100 labels: label 40 more" in outcome.out
    assert f"edufilter sample DUMP --labels {tmp_path / 'labels'} --n 40" in outcome.out
    assert "edufilter train" not in outcome.out
    labels = read(tmp_path / "labels")
    assert [(row["text"], row["score"]) for row in labels] == [
        (text, number % 6) for number, text in enumerate(texts)
    ]
    assert labels[13]["group"] == "site-1.org"
    assert {row["picked"] for row in labels} == {"unknown"}
    assert {row["rater"] for row in read(tmp_path / "labels", RATINGS_FILE)} == {"theirs"}


def test_a_data_set_in_the_layout_of_published_labels_is_imported(tmp_path, command):
    texts = make_texts(40)
    rows = {
        "text": texts,
        "score": [number % 6 for number in range(40)],
        "metadata": [{"url": f"https://a{number % 9}.org", "domain": None} for number in range(40)],
        "prompt": ["Below is an extract from a web page."] * 40,
    }
    datasets.Dataset.from_dict(rows).save_to_disk(tmp_path / "published")
    outcome = command(
        *("annotate", "--import", tmp_path / "published", "--text-column", "text"),
        *("--score-column", "score", "--out", tmp_path / "labels"),
    )
    assert outcome.code == 0, outcome.said
    labels = read(tmp_path / "labels")
    assert [(row["text"], row["score"]) for row in labels] == [
        (text, number % 6) for number, text in enumerate(texts)
    ]
    assert {row["rubric_sha256"] for row in labels} == {""}


@pytest.mark.parametrize(
    "save",
    [
        lambda path, text: path.write_bytes(b"\xef\xbb\xbf" + text.encode()),
        lambda path, text: path.write_bytes(b"\xef\xbb\xbf" + text.replace(",", ";").encode()),
        lambda path, text: path.write_text(text.replace(",", "\t")),
        lambda path, text: path.write_bytes(text.replace("\n", "\r\n").encode()),
    ],
    ids=["mark", "semicolons", "tabs", "carriage-returns"],
)
def test_tables_are_read_as_spreadsheets_save_them(tmp_path, save):
    path = tmp_path / "theirs.csv"
    save(path, 'id,text,score\n007,"Naïve ""question"".",3\n8,plain,\n')
    import_labels(ImportConfig(source=path, out=tmp_path / "labels"))
    [row] = read(tmp_path / "labels")
    assert (row["id"], row["text"], row["score"]) == ("007", 'Naïve "question".', 3.0)


@pytest.mark.parametrize("separator", [";", "\t"])
def test_where_a_comma_stands_in_numbers_it_is_read_as_one(tmp_path, separator):
    path = tmp_path / "theirs.csv"
    lines = ["id;text;score;weight", "1,5;One, two.;3,5;2,25", "b;Three.;;1", "c;Four.;4;1,5"]
    path.write_text("\n".join(lines).replace(";", separator))
    import_labels(ImportConfig(source=path, out=tmp_path / "labels"))
    rows = {row["id"]: row for row in read(tmp_path / "labels")}
    assert {name: (row["text"], row["score"]) for name, row in rows.items()} == {
        "1,5": ("One, two.", 3.5), "c": ("Four.", 4.0),
    }  # fmt: skip


def test_in_a_table_of_decimal_commas_what_is_no_number_is_named_alone(tmp_path):
    path = tmp_path / "hand.csv"
    path.write_text("id;text;score\na;One.;4,5\nb;Two.;3\nc;Three.;?\nd;Four.;")
    with pytest.raises(LabelsError, match=r"Got '\?' in data row 3 \(id 'c'\)\. No other row is wrong"):
        import_labels(ImportConfig(source=str(path), out=str(tmp_path / "labels"), rater="me"))
    path.write_text(path.read_text().replace("?", "0,5"))
    import_labels(ImportConfig(source=str(path), out=str(tmp_path / "labels"), rater="me"))
    assert [row["score"] for row in read(tmp_path / "labels")] == [4.5, 3.0, 0.5]


def test_where_what_trains_is_not_installed_the_next_step_says_so(capsys, monkeypatch):
    result = AnnotateResult(out="labels", labels=MIN_ROWS, statuses={"imported": MIN_ROWS}, spent_usd=0.0)
    print_annotation(result)
    assert "train needs more" not in capsys.readouterr().out
    monkeypatch.setitem(sys.modules, "lightgbm", None)
    print_annotation(result)
    line, needed = capsys.readouterr().out.splitlines()[-2:]
    assert needed.startswith("train needs more than is installed here. Install it ")
    assert "pip install '.[train]'" in needed
    assert line == "next: edufilter train labels --out SCORER"


def test_a_number_with_a_comma_in_a_table_of_commas_is_told_with_what_is_meant(tmp_path):
    path = tmp_path / "theirs.csv"
    path.write_text('id,text,score\na,some text,"3,5"\nb,more text,2\n')
    with pytest.raises(LabelsError, match=r"Got '3,5' in data row 1 \(id 'a'\)\. Did you mean 3\.5\?"):
        import_labels(ImportConfig(source=path, out=tmp_path / "labels"))


def test_a_table_in_another_encoding_is_refused_by_name(tmp_path):
    path = tmp_path / "theirs.csv"
    for encoding in ("utf-16", "cp1252"):
        path.write_bytes("id,text,score\na,Fünf Wörter,3\n".encode(encoding))
        with pytest.raises(LabelsError, match="must be a readable CSV file in UTF-8") as caught:
            import_labels(ImportConfig(source=path, out=tmp_path / "labels"))
        assert "Wörter" not in str(caught.value)


def test_scores_of_people_join_the_documents_of_the_folder_by_id(sample, tmp_path):
    with ScriptedServer(lambda _: labelled(1)) as server:
        annotate_sample(config(sample, tmp_path, base_url=server.base_url), reporter=QUIET)
    checks = tmp_path / "checks.csv"
    checks.write_text("id,score\nd3,3\nd4,\nd5,2.5\n")
    result = import_labels(ImportConfig(source=checks, out=tmp_path / "labels", rater="people"))
    assert dict(result.statuses) == {"imported": 2, SCORED_BEFORE: 2, "without a score": 1}
    labels = {row["id"]: row for row in read(tmp_path / "labels")}
    assert len(labels) == 120
    assert (labels["d3"]["score"], labels["d3"]["raters"]) == (2.0, 2)
    assert (labels["d4"]["score"], labels["d4"]["raters"]) == (1.0, 1)
    assert labels["d5"]["highest"] == 2.5


def test_scores_of_a_rater_without_a_name_are_not_replaced_by_those_of_another_table(tmp_path, command):
    mine, theirs, labels = tmp_path / "mine.csv", tmp_path / "theirs.csv", tmp_path / "labels"
    mine.write_text("text,score\nOne.,1\nTwo.,2\n")
    theirs.write_text("text,score\nOne.,5\nTwo.,4\nThree.,3\n")

    def bring(source, *options):
        return command("annotate", "--import", source, *options, "--out", labels)

    assert bring(mine).code == 0
    refused = bring(theirs)
    assert refused.code == 2
    assert f"2 scores of {theirs} differ from what {labels} holds" in refused.err
    assert f"edufilter annotate --import {theirs} --rater NAME --out {labels}" in refused.err
    assert bring(mine).code == 0, "the same table again changes nothing"
    assert [row["score"] for row in read(labels)] == [1, 2], "nothing of the other table was imported"
    assert bring(theirs, "--rater", "anna").code == 0
    assert [row["score"] for row in read(labels)] == [3, 3, 3]
    replaced = bring(theirs, "--rater", "imported")
    assert "2 scores replace different ones of the same rater" in replaced.out
    assert [row["score"] for row in read(labels)] == [5, 4, 3]


def test_rows_without_text_and_texts_that_come_twice_are_counted(tmp_path):
    path = tmp_path / "theirs.csv"
    path.write_text("id,text,score\na,some text,1\nb,,2\nc,some text,4\nd,more text,\n")
    result = import_labels(ImportConfig(source=path, out=tmp_path / "labels"))
    assert dict(result.statuses) == {
        "imported": 1, "without a score": 1, "without text": 1, "the same text again": 1
    }  # fmt: skip
    assert [(row["id"], row["score"]) for row in read(tmp_path / "labels")] == [("a", 4.0)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("id,text,score\na,b,9\n", r"from 0 to 5\. Got 9 in data row 1"),
        ("id,text,score\na,b,good\n", r"Got 'good' in data row 1 \(id 'a'\). No other row is wrong"),
        (
            "id,text,score\na,b,3\nc,d,\ne,f,good\ng,h,7\n",
            r"Got 'good' in data row 3 \(id 'e'\). Also wrong: ",
        ),
        (f"id,text,score\na,b,{'x' * 90}\n", f"Got '{'x' * 40}' in data row 1"),
        ("id,text,score\na,b,\n", "must hold a score. All 1 are empty"),
        ("id,text\na,b\n", "must have a column 'score'"),
        ("id,score\na,1\n", "must have one of the columns text, .* Found id, score"),
    ],
)
def test_scores_that_are_none_are_refused_by_name(tmp_path, text, message):
    path = tmp_path / "theirs.csv"
    path.write_text(text)
    with pytest.raises((LabelsError, ColumnError), match=message):
        import_labels(ImportConfig(source=path, out=tmp_path / "labels"))


@pytest.mark.parametrize("suffix", [".parquet", ".jsonl", ".csv"])
def test_a_column_that_is_missed_is_looked_for_among_all_that_there_are(tmp_path, suffix, command):
    table = pa.table({"id": ["a"], "body": ["b"], "grade": [3], "sites": ["c"], "size": [1]})
    path = tmp_path / f"odd{suffix}"
    if suffix == ".parquet":
        pq.write_table(table, path)
    elif suffix == ".csv":
        pyarrow.csv.write_csv(table, path)
    else:
        path.write_text(json.dumps(table.to_pylist()[0]) + "\n")
    given, found = (
        ("annotate", "--import", path, "--out", tmp_path / "labels"),
        "id, body, grade, sites, size",
    )
    assert f"must have a column 'score'. Found {found}. Name another one with --score-column." in (
        command(*given).err
    )
    named = (*given, "--score-column", "grade")
    assert f"Found {found}. Name the text column with --text-column." in command(*named).err
    named = (*named, "--text-column", "body")
    assert f"Found {found}. Name another one with --group-column. Did you mean 'sites'?" in (
        command(*named, "--group-column", "site").err
    )
    assert command(*named).code == 0
    for other in (
        ("train", path, "--out", tmp_path / "scorer"),
        ("train", path, "--embedder", "none-such", "--pool", path, "--out", tmp_path / "scorer"),
        ("annotate", path, "--model", "m", "--dry-run", "--out", tmp_path / "asked"),
        ("agreement", tmp_path / "labels", "--human", path),
    ):
        assert f"Found {found}" in command(*other).err


def test_a_column_of_texts_that_is_not_there_is_named_before_scores_are_judged(tmp_path):
    path = tmp_path / "theirs.csv"
    path.write_text("id,body,score\na,b,good\n")
    with pytest.raises(LabelsError, match="must have a column 'content'"):
        import_labels(ImportConfig(source=path, out=tmp_path / "labels", text_column="content"))
