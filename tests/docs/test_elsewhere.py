"""Proves that a scorer gives the same scores inside other libraries, by the code of the page about that.

What no list of ours installs is tested where it is, and skips elsewhere.
"""

import math
import os
import re
import shutil
import sys

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from filtering import load_scorer
from tests.kit.dumps.small import make_texts
from tests.kit.places import ROOT

PAGE = (ROOT / "docs" / "how-to" / "elsewhere.md").read_text()
TEXTS = [*make_texts(50), "", None, " \n", "\u6771\u4eac " * 3000, "A prime has two divisors.\n" * 2000]


def code_of(heading):
    """Return the code of a section of the page."""
    section = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return re.search(r"^```python[^\n]*\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)[1]


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Return a function that runs the code of a section beside a dump, and returns its names."""
    (tmp_path / "dump").mkdir()
    pq.write_table(pa.table({"id": range(len(TEXTS)), "text": TEXTS}), tmp_path / "dump" / "a.parquet")
    monkeypatch.chdir(tmp_path)

    def run_section(heading):
        names = {"__name__": "__main__"}
        exec(compile(code_of(heading), heading, "exec"), names)
        return names

    return run_section


@pytest.fixture(scope="module")
def wanted():
    """Return the score of each text; None where there is none."""
    scores = load_scorer("web").score(TEXTS)
    return [
        None if reason else score for score, reason in zip(scores.value.tolist(), scores.reasons, strict=True)
    ]


def test_scores_as_arrow_are_those_of_the_scorer_whatever_the_type_of_texts(wanted):
    score = load_scorer("web").score_arrow
    for kind in (pa.string(), pa.large_string(), pa.string_view(), pa.large_binary()):
        texts = pa.array(TEXTS, kind)
        assert score(texts).type == pa.float32()
        assert score(texts).to_pylist() == wanted
        assert score(pa.chunked_array([texts[:3], texts[3:3], texts[3:]])).to_pylist() == wanted
    assert score(pa.array(TEXTS).dictionary_encode()).to_pylist() == wanted
    assert score(pa.nulls(2)).to_pylist() == [None, None]
    assert score(pa.array([], pa.string())).to_pylist() == []


def test_a_record_batch_comes_back_as_one_with_the_columns_of_a_table():
    batch = pa.record_batch({"text": TEXTS, "edu_score": [9.0] * len(TEXTS)})
    to_map = load_scorer("web").as_map()
    scored = to_map(batch)
    assert isinstance(scored, pa.RecordBatch)
    assert pa.Table.from_batches([scored]) == to_map(pa.Table.from_batches([batch]))


def test_pandas_has_the_scores(run, wanted):
    found = run("pandas")["pages"]["edu_score"].tolist()
    assert [None if math.isnan(one) else one for one in found] == wanted


def test_pandas_gives_each_row_its_own_score_where_rows_were_moved_or_left_out(run, wanted, monkeypatch):
    pandas = pytest.importorskip("pandas")
    read = pandas.read_parquet
    monkeypatch.setattr(pandas, "read_parquet", lambda path: read(path).sample(frac=0.7, random_state=1))
    pages = run("pandas")["pages"]
    assert list(pages.index) != sorted(pages.index)
    for number, score in pages["edu_score"].items():
        assert (None if math.isnan(score) else score) == wanted[number]


def test_polars_has_the_scores(run, wanted):
    assert run("polars")["pages"].collect()["edu_score"].to_list() == wanted


def test_duckdb_has_the_scores(run, wanted, capsys):
    run("DuckDB")
    shown = [
        row.split("\u2502")[1].strip() for row in capsys.readouterr().out.splitlines() if "\u2502" in row
    ]
    kept = [str(number) for number, score in enumerate(wanted) if score is not None and score >= 3]
    assert [one for one in shown if one.isdecimal()] == kept
    assert kept


def test_datasets_has_the_scores(run, wanted):
    assert run("datasets")["pages"]["edu_score"][:] == wanted


def test_datatrove_keeps_what_the_scorer_keeps_and_says_why_it_drops_the_rest(run, wanted):
    names = run("datatrove")
    found = [doc.metadata["edu_score"] for doc in names["kept"]]
    assert found == [score for score in wanted if score is not None and score >= 3]
    keeper = names["EduFilter"]()
    document = sys.modules["datatrove.data"].Document
    list(keeper.run([document(text=text or "", id=str(number)) for number, text in enumerate(TEXTS)]))
    dropped = {name: stat.total for name, stat in keeper.stats.stats.items() if name.startswith("dropped_")}
    assert dropped["dropped_white-space"] == 1
    assert dropped["dropped_empty"] == 2
    assert dropped["dropped_edu_score"] == len(TEXTS) - 3 - len(found)


def test_spark_has_the_scores(run, wanted, monkeypatch, capfd):
    pytest.importorskip("pyspark", reason="needs pyspark, which no list of ours installs")
    if not shutil.which("java"):
        pytest.skip("needs Java")
    monkeypatch.setenv("PYSPARK_PYTHON", sys.executable)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]))
    run("Spark")
    rows = [
        line.split("|")[1].strip() for line in capfd.readouterr().out.splitlines() if line.startswith("|")
    ]
    assert rows[1:] == [str(number) for number, one in enumerate(wanted) if one is not None and one >= 3]


def test_a_stage_of_nemo_curator_has_the_scores(run, wanted):
    pytest.importorskip("nemo_curator", reason="needs nemo_curator, which no list of ours installs")
    names = run("NeMo Curator")
    stage = names["EduScore"]()
    stage.setup()
    task = names["DocumentBatch"](dataset_name="pages", data=pa.table({"text": TEXTS}))
    assert stage.process(task).data["edu_score"].to_pylist() == wanted
