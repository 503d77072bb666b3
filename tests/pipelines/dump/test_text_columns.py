"""Proves that all verbs find the text of public dumps by one rule, and say what to do where they cannot."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from filtering.errors import ColumnError
from filtering.text.text_columns import find_text_column
from pipelines import TrainConfig, train_scorer
from pipelines.dump.reading import resolve_text_column
from pipelines.scorers.train import read_pool
from tests.kit.dumps.small import make_texts
from tests.kit.runs.outcomes import QUIET, Recorder

TEXT, NUMBER = pa.string(), pa.int64()
V2 = ["blob_id", "path", "repo_name", "src_encoding", "language", "length_bytes"]
LAYOUTS = {
    "the-stack": (["hexsha", "lang", "max_stars_repo_path", "max_stars_repo_name", "content"], "content"),
    "starcoderdata": (["max_stars_repo_path", "max_stars_repo_name", "id", "content"], "content"),
    "codeparrot-clean": (["repo_name", "path", "copies", "size", "content", "license"], "content"),
    "github-code": (["code", "repo_name", "path", "language", "license", "size"], "code"),
    "github-jupyter": (["repo_name", "path", "license", "content"], "content"),
    "kaggle notebooks": (["text"], "text"),
    "redpajama": (["url", "raw_content"], "raw_content"),
}  # fmt: skip


def schema_of(names, kind=TEXT):
    return pa.schema([(name, kind) for name in names])


@pytest.mark.parametrize("name", LAYOUTS)
def test_the_text_of_public_dumps_is_found(name):
    columns, text = LAYOUTS[name]
    assert find_text_column(schema_of(columns), name) == text


def test_a_column_of_numbers_is_no_candidate_beside_one_of_text():
    schema = pa.schema([("text", TEXT), ("code", NUMBER)])
    assert find_text_column(schema, "x") == "text"


def test_several_candidates_are_named():
    with pytest.raises(
        ColumnError, match=r"x must have only one of .*\. Found content, code\. .*--text-column"
    ):
        find_text_column(schema_of(["code", "content"]), "x")


@pytest.mark.parametrize(
    "schema",
    [schema_of(V2), pa.schema([("repo_name", TEXT), ("files", pa.list_(pa.struct([("blob_id", TEXT)])))])],
    ids=["files", "files of a repository"],
)
def test_of_the_stack_v2_it_is_said_where_its_texts_are(schema):
    with pytest.raises(ColumnError, match=r"'blob_id', as The Stack v2.*s3://softwareheritage.*'content'"):
        resolve_text_column(schema, "x.parquet", None)


def test_a_pool_goes_by_the_same_rule(tmp_path):
    texts = make_texts(120)
    pq.write_table(pa.table({"code": texts, "repo_name": ["a"] * 120}), tmp_path / "code.parquet")
    documents, groups = read_pool(str(tmp_path / "code.parquet"), QUIET)
    assert (documents[0].decode(), set(groups)) == (texts[0], {"a"})
    pq.write_table(pa.table({"code": texts, "text": texts}), tmp_path / "both.parquet")
    with pytest.raises(ColumnError, match="Found text, code"):
        read_pool(str(tmp_path / "both.parquet"), QUIET)


def test_labels_go_by_the_same_rule(command, tmp_path):
    table = pa.table(
        {"content": make_texts(5), "score": [1, 2, 3, 4, 5], "max_stars_repo_path": ["a.py"] * 5}
    )
    pq.write_table(table, tmp_path / "mine.parquet")
    out = tmp_path / "labels"
    assert command("annotate", "--import", tmp_path / "mine.parquet", "--out", out).code == 0
    labels = pq.read_table(out / "labels.parquet")
    assert labels["text"].to_pylist() == table["content"].to_pylist()
    assert labels["path"].to_pylist() == ["a.py"] * 5
    both = table.append_column("text", table["content"])
    pq.write_table(both, tmp_path / "both.parquet")
    outcome = command("annotate", "--import", tmp_path / "both.parquet", "--out", tmp_path / "others")
    assert outcome.code == 2
    assert "Found text, content" in outcome.err


@pytest.mark.parametrize("text", ["https://a.b/{row}", "page-{row}", "", " "])
def test_documents_that_are_none_are_doubted_where_no_option_names_their_column(tmp_path, text):
    texts = [text.format(row=row) for row in range(30)] + make_texts(20)
    pq.write_table(pa.table({"text": texts}), tmp_path / "pool.parquet")
    read_pool(str(tmp_path / "pool.parquet"), recorder := Recorder())
    (said,) = [one for one in recorder.said if one.startswith("Warning: 30 of 50 documents")]
    assert "Is 'text' the column of the documents? If another one is, give it this name." in said


@pytest.mark.parametrize("text", ["Two words {row}.", "词语。{row}"])
def test_short_documents_are_documents(tmp_path, text):
    pq.write_table(pa.table({"text": [text.format(row=row) for row in range(30)]}), tmp_path / "pool.parquet")
    read_pool(str(tmp_path / "pool.parquet"), recorder := Recorder())
    assert not [one for one in recorder.said if "Warning" in one]


def test_labels_and_dumps_of_other_verbs_are_doubted_alike(tmp_path, command):
    texts = [f"https://a.b/{row}" for row in range(120)]
    columns = {"text": texts, "score": [1.0, 4.0] * 60, "group": [f"g{row % 20}" for row in range(120)]}
    pq.write_table(pa.table(columns), tmp_path / "labels.parquet")
    (tmp_path / "b.jsonl").write_text('{"id": "a", "question": "What is it that is asked for here?"}\n')
    arguments = [
        "--against",
        tmp_path / "b.jsonl",
        "--fields",
        "id=id,prompt=question",
        "--out",
        tmp_path / "out",
    ]
    said = command("decontaminate", tmp_path / "labels.parquet", *arguments, "--no-report").err
    assert "Warning, by a sample of this dump: 120 of 120 documents hold fewer than 100 bytes." in said
    with pytest.raises(Enough):
        train_scorer(
            TrainConfig(labels=tmp_path / "labels.parquet", out=tmp_path / "x"), reporter=UntilDoubt()
        )


def test_a_sample_is_doubted_before_anything_is_paid_for(tmp_path, command):
    columns = {"url": [f"https://a.b/{row}" for row in range(20)], "text": make_texts(20)}
    pq.write_table(pa.table(columns), tmp_path / "a.parquet")
    options = ["--model", "m", "--out", tmp_path / "labels", "--dry-run"]
    said = command("annotate", tmp_path / "a.parquet", "--text-column", "url", *options).err
    assert "Warning: 20 of 20 documents hold fewer than 100 bytes. Is 'url' the text column?" in said
    assert "Warning" not in command("annotate", tmp_path / "a.parquet", *options).err


class Enough(Exception):
    """Ends a training that would take long."""


class UntilDoubt(Recorder):
    """A reporter that ends what it is told of at the first doubt about a column."""

    def say(self, message):
        if message.startswith("Warning: 120 of 120 documents hold fewer than 100 bytes."):
            raise Enough
