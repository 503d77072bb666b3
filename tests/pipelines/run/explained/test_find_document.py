"""Proves that a document is found by what the user has: a value, a row of the output, a path typed before."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from filtering.errors import SettingsError
from pipelines import ExplainConfig, FilterConfig, RecutConfig, filter_dump, recut_run
from pipelines.progress import ConsoleReporter
from pipelines.run.explain_row import explain_document
from pipelines.settings.explain import read_condition
from tests.kit.dumps.small import CUT, make_texts, tables

ROWS = 90
QUIET = ConsoleReporter("none")


@pytest.fixture(scope="module")
def made(tmp_path_factory, web):
    """Return a folder with a dump of two files, and a run over it in parts. Not to be written to."""
    folder = tmp_path_factory.mktemp("find")
    table = pa.table(
        {
            "text": make_texts(ROWS),
            "url": [f"https://a.b/it's {number}" for number in range(ROWS)],
            "number": pa.array(range(ROWS), pa.int32()),
            "kind": pa.array([f"k{number % 7}" for number in range(ROWS)]).dictionary_encode(),
            "raw": pa.array([None if number < 5 else bytes([255, number]) for number in range(ROWS)]),
        }
    )
    (folder / "dump" / "deep").mkdir(parents=True)
    pq.write_table(table.slice(0, 40), folder / "dump" / "deep" / "a.parquet", row_group_size=20)
    pq.write_table(table.slice(40), folder / "dump" / "z.parquet", row_group_size=10)
    run(folder, web, "out", write_origin=True)
    return folder


def run(folder, web, name, **options):
    values = {"scorer": web, "keep_at": CUT, "effort": "fast", "rows_per_part": 20, **options}
    filter_dump(FilterConfig(inputs=[folder / "dump"], out=folder / name, **values), reporter=QUIET)


def found(**values):
    document = explain_document(ExplainConfig(**values))
    return document.file, document.row


@pytest.mark.parametrize(
    ("wanted", "number"),
    [
        ({"where": "url = 'https://a.b/it''s 47'"}, 47),
        ({"where": "number=47"}, 47),
        ({"where": "number == 8"}, 8),
        ({"where": "kind = 'k5'"}, 5),
        ({"id": "47", "id_column": "number"}, 47),
        ({"id": "https://a.b/it's 3", "id_column": "url"}, 3),
    ],
)
def test_a_value_finds_the_first_document_of_a_dump_and_of_a_run(made, wanted, number):
    file, row = ("deep/a.parquet", number) if number < 40 else ("z.parquet", number - 40)
    assert found(run=made / "out", **wanted) == (file, row)
    assert found(file=made / "dump", **wanted) == (str(made / "dump" / file), row)
    assert found(run=made / "out", file=made / "dump" / file, **wanted) == (file, row)


def test_a_value_that_is_not_there_or_a_column_is_said(made):
    with pytest.raises(SettingsError, match=r"must have '90' in 'number'\. None has"):
        found(run=made / "out", where="number = 90")
    with pytest.raises(
        SettingsError, match=r"must have the column 'id'\. Found text, url, number, kind, raw"
    ):
        found(file=made / "dump", id="3")
    with pytest.raises(SettingsError, match="None has"):
        found(file=made / "dump", where="raw = 'nothing'")
    with pytest.raises(SettingsError, match=r"None has\. .*: --file deep/a\.parquet --row 3\."):
        found(run=made / "out", id="deep/a.parquet#3", id_column="url")


def test_each_row_of_the_output_knows_where_it_is_from(made):
    out = tables(made / "out" / "data")
    source = {"deep/a.parquet": 0, "z.parquet": 40}
    assert len(out) > 10
    for row in out.to_pylist():
        assert source[row["edu_file"]] + row["edu_row"] == row["number"]
    assert out.schema.field("edu_row").type == pa.int64()


@pytest.mark.parametrize("how", ["origin", "plain", "all", "cut anew"])
def test_a_row_of_the_output_is_found_again(made, web, tmp_path, how):
    out = made / "out"
    if how in ("plain", "all"):
        (tmp_path / "dump").symlink_to(made / "dump")
        run(tmp_path, web, "out", write="all" if how == "all" else "kept")
        out = tmp_path / "out"
    if how == "cut anew":
        recut_run(RecutConfig(run=out, to=tmp_path / "cut", keep_at=CUT / 2), reporter=QUIET)
        for row in tables(tmp_path / "cut" / "data").to_pylist()[:3]:
            assert found(run=out, file=row["edu_file"], row=row["edu_row"])[1] == row["edu_row"]
        return
    rows = tables(out / "data").to_pylist()
    for place in (0, 5, len(rows) - 1):
        file, row = found(run=out, output_row=place)
        assert {"deep/a.parquet": 0, "z.parquet": 40}[file] + row == rows[place]["number"]
    with pytest.raises(SettingsError, match=rf"must be below the {len(rows)} rows of the output"):
        found(run=out, output_row=len(rows))


def test_an_output_file_may_be_named(made):
    files = sorted((made / "out" / "data").rglob("*.parquet"))
    for path in files:
        numbers = pq.read_table(path)["number"].to_pylist()
        for named in (path, path.relative_to(made / "out" / "data")):
            file, row = found(run=made / "out", file=named, output_row=len(numbers) - 1)
            assert {"deep/a.parquet": 0, "z.parquet": 40}[file] + row == numbers[-1]


def test_an_input_is_found_by_its_last_name_where_one_alone_has_it(made):
    assert found(run=made / "out", file="a.parquet", row=3) == ("deep/a.parquet", 3)


def test_a_row_of_several_files_asks_for_one(made):
    for place in ({"file": made / "dump"}, {"run": made / "out"}):
        with pytest.raises(SettingsError, match=r"has 2: .*z\.parquet\. Name one with --file"):
            found(row=3, **place)


def test_the_origin_cannot_be_written_without_rows_or_over_a_column_of_the_dump(made, web, tmp_path):
    with pytest.raises(SettingsError, match="must come with documents that are written"):
        FilterConfig(inputs=["a"], out="b", write="scores", write_origin=True)
    (tmp_path / "dump").mkdir()
    pq.write_table(pa.table({"text": ["a"], "edu_row": [1]}), tmp_path / "dump" / "a.parquet")
    with pytest.raises(SettingsError, match="edu_row"):
        run(tmp_path, web, "out", write_origin=True)


@pytest.mark.parametrize(
    "words", ["", "url", "url =", "= 'a'", "url = 'a' and b = 'c'", "url = 'it's'", "url != 'a'"]
)
def test_what_is_no_condition_is_refused(words):
    with pytest.raises(SettingsError, match="must be a column, an equals sign and a value"):
        read_condition(words)


def test_a_condition_may_have_quotes_and_spaces():
    assert read_condition("  \"a column\" = 'it''s = here' ") == ("a column", "it's = here")


def test_a_run_that_kept_nothing_has_no_row_to_explain(made, web, tmp_path):
    (tmp_path / "dump").symlink_to(made / "dump")
    run(tmp_path, web, "out", keep_at=5.0)
    with pytest.raises(SettingsError, match="Nothing was kept"):
        found(run=tmp_path / "out", output_row=0)


def test_a_row_of_the_output_is_found_again_where_a_document_leaked(made, web, tmp_path):
    texts = make_texts(ROWS)
    task = {
        "task_id": "Made/0",
        "prompt": texts[0],
        "canonical_solution": "x",
        "test": "y",
        "entry_point": "f",
    }
    (tmp_path / "bench.jsonl").write_text(json.dumps(task))
    (tmp_path / "dump").symlink_to(made / "dump")
    options = {"keep_at": 0.0, "decontaminate": [tmp_path / "bench.jsonl"]}
    run(tmp_path, web, "plain", **options)
    run(tmp_path, web, "told", write_origin=True, **options)
    rows = tables(tmp_path / "told" / "data").to_pylist()
    assert len(rows) < ROWS
    assert found(run=tmp_path / "told", output_row=0) == (rows[0]["edu_file"], rows[0]["edu_row"])
    for place in (0, len(rows) - 1):
        assert found(run=tmp_path / "plain", output_row=place) == found(
            run=tmp_path / "told", output_row=place
        )
