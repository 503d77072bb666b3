"""Proves that documents are explained by file, and by row of a dump or a run; wrong ones are refused."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from dumps import CUT, make_texts

from filtering import explain_documents, load_scorer, save_scorer
from filtering.errors import OutputError, ScorerError, SettingsError
from pipelines import ExplainConfig, FilterConfig, RecutConfig, explain_row, filter_dump, recut_run
from pipelines.progress import ConsoleReporter

TEXTS = [*make_texts(60), "", "café\x1b[31m [bold]red[/bold]\n\tnaïve"]
QUIET = ConsoleReporter("none")


@pytest.fixture(scope="module")
def read(tmp_path_factory, web):
    """Return a folder with a dump of two row groups, and a run over it. Not to be written to."""
    folder = tmp_path_factory.mktemp("explain")
    (folder / "dump" / "sub").mkdir(parents=True)
    pq.write_table(pa.table({"text": TEXTS}), folder / "dump" / "sub" / "a.parquet", row_group_size=40)
    config = FilterConfig(
        inputs=[folder / "dump"], out=folder / "out", scorer=web, keep_at=CUT, effort="fast", rows_per_part=40
    )
    filter_dump(config, reporter=QUIET)
    return folder


@pytest.mark.parametrize("row", [0, 39, 40, 61])
def test_a_row_of_a_file_and_of_a_run_is_explained_as_its_text_is(read, row, web):
    (wanted,) = explain_documents(load_scorer(web), [TEXTS[row]], keep_at=CUT)
    file = read / "dump" / "sub" / "a.parquet"
    assert explain_row(ExplainConfig(file=file, row=row, keep_at=CUT)) == wanted
    assert explain_row(ExplainConfig(file=read / "dump", row=row, keep_at=CUT)) == wanted
    for named in ("sub/a.parquet", file, read / "dump", None):
        assert explain_row(ExplainConfig(run=read / "out", file=named, row=row)) == wanted


def test_a_run_tells_the_score_that_it_stored(read, tmp_path):
    shutil.copytree(read / "out", tmp_path / "out")
    stored = sorted((tmp_path / "out" / "run" / "scores").rglob("*.parquet"))
    table = pq.read_table(stored[0])
    at = table.column_names.index("edu_score")
    table = table.set_column(at, "edu_score", pa.array(np.full(len(table), 4.5, np.float32)))
    at = table.column_names.index("edu_stage")
    table = table.set_column(at, "edu_stage", pa.array(np.full(len(table), 2, np.uint8)))
    pq.write_table(table, stored[0])
    why = explain_row(ExplainConfig(run=tmp_path / "out", file="sub/a.parquet", row=1))
    assert (why.score, why.stage) == (4.5, "embedding")
    assert why.signals_score == load_scorer("web").score([TEXTS[1]]).value[0]
    assert explain_row(ExplainConfig(run=tmp_path / "out", file="sub/a.parquet", row=60)).reason == "empty"


def test_what_cannot_be_read_again_is_refused(read, tmp_path):
    def refused(error, match, **values):
        with pytest.raises(error, match=match):
            explain_row(ExplainConfig(**{"run": read / "out", "file": "sub/a.parquet", "row": 0, **values}))

    refused(SettingsError, r"must be below the 62 rows of sub/a\.parquet\. Got 62; the first is 0", row=62)
    refused(SettingsError, r"must be an input of .*'a\.parquet' is not", file="a.parquet")
    refused(OutputError, "must hold", run=tmp_path / "nothing")
    refused(SettingsError, "must not come with 'run'", effort="full")
    refused(ScorerError, "'code' must be the scorer that the run was made with", scorer="code")
    whole = read / "dump" / "sub" / "a.parquet"
    refused(SettingsError, "must be below the 62 rows", run=None, file=whole, row=62)
    refused(SettingsError, "'text' looks like the text column", run=None, file=whole, text_column="id")


def test_a_row_of_a_new_cut_is_explained_by_the_run_that_it_is_from(read, tmp_path):
    shutil.copytree(read / "out", tmp_path / "out")
    recut_run(RecutConfig(run=tmp_path / "out", to=tmp_path / "cut", keep_at=1.0), reporter=QUIET)
    of_run, of_cut = (
        explain_row(ExplainConfig(run=tmp_path / name, file="sub/a.parquet", row=0))
        for name in ("out", "cut")
    )
    assert (of_run.keep_at, of_cut.keep_at) == (CUT, 1.0)
    assert (of_run.score, of_run.groups) == (of_cut.score, of_cut.groups)
    written = pq.ParquetDataset(tmp_path / "cut" / "data").read()
    for row in (0, len(written) - 1):
        found = explain_row(ExplainConfig(run=tmp_path / "cut", output_row=row))
        assert found.score == written["edu_score"][row].as_py()
    shutil.rmtree(tmp_path / "out")
    with pytest.raises(OutputError, match=r"is a new cut of .*/out', and has no scores of its own"):
        explain_row(ExplainConfig(run=tmp_path / "cut", file="sub/a.parquet", row=0))
    filter_dump(
        FilterConfig(inputs=[read / "dump"], out=tmp_path / "out", scorer="web", effort="fast"),
        reporter=QUIET,
    )
    with pytest.raises(OutputError, match="holds another run now"):
        explain_row(ExplainConfig(run=tmp_path / "cut", file="sub/a.parquet", row=0))


@pytest.mark.parametrize("change", ["other rows", "no Parquet"])
def test_an_input_that_has_changed_is_refused(change, tmp_path, web):
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"text": TEXTS}), path)
    config = FilterConfig(inputs=[path], out=tmp_path / "out", scorer=web, effort="fast")
    filter_dump(config, reporter=QUIET)
    if change == "other rows":
        pq.write_table(pa.table({"text": [*TEXTS, "one more"]}), path)
    else:
        path.write_bytes(b"x" * 100)
    with pytest.raises(SettingsError, match=r"a\.parquet has changed"):
        explain_row(ExplainConfig(run=tmp_path / "out", file="a.parquet", row=0))


def test_the_command_says_why_in_words_first_and_in_harmless_signs(command, read, tmp_path):
    (tmp_path / "a.md").write_text(TEXTS[-1])
    done = command("explain", tmp_path / "a.md", "--top", 500)
    (why,) = explain_documents(load_scorer("web"), [TEXTS[-1]])
    assert done.code == 0
    first, second = done.out.splitlines()[:2]
    assert first == f"not kept: {why.score:.2f} points, decided by words and style (kept from 3 on)"
    assert second == why.sentence
    assert "raised it" in done.out
    assert "100 % of all that moved the score. The points of a word are its own" in done.out
    assert f"has {why.start:.2f} points." in done.out
    few = command("explain", tmp_path / "a.md", "--top", 1).out
    assert f"The other {why.others + len(why.raised) + len(why.lowered) - 2:,} are small amounts" in few
    assert "red" in done.out
    assert "\x1b" not in done.out
    file = read / "dump" / "sub" / "a.parquet"
    assert command("explain", file, "--row", 60).out == f"{file}, row 60\nno score: empty\n"


def test_the_command_prints_json_of_a_row_of_a_run(command, read):
    done = command("explain", "--run", read / "out", "--row", 3, "--json")
    found = json.loads(done.out)
    added = sum(group["points"] for group in found["groups"])
    assert found["start"] + added == pytest.approx(found["score"], abs=1e-4)
    assert len(found["raised"]) == 10
    assert (found["file"], found["row"]) == ("sub/a.parquet", 3)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "One of TEXT, --row, --output-row, --where and --id must say which document is meant. Got none"),
        (["x.md", "--file", "a.parquet", "--row", "0"], "A text is explained by itself. Got --row beside"),
        (["--file", "a.parquet"], "must say which document is meant"),
        (["a.parquet"], "a.parquet holds many documents. Say which one is meant"),
        (["x.md", "--row", "1"], "A text is explained by itself"),
        (["--run", "out", "x.md"], "A text is explained by itself"),
        (["--row", "1"], "--file or --run must say where --row is looked for"),
        (["a.parquet", "--output-row", "1"], "--run must say where"),
        (["a.parquet", "--row", "0", "--id", "x"], "Got --row and --id"),
        (["--run", "out", "--row", "0", "--keep-at", "2"], "--keep-at must not come with --run"),
        (["a.parquet", "--where", "url > 3"], "a column, an equals sign and a value in single quotes"),
        (["a.parquet", "--where", "url = 'x'"], "must have the column 'url'. Found text"),
        (["a.parquet", "--where", "text = 'x'"], "must have 'x' in 'text'. None has"),
        (["missing.md"], "A text file must exist"),
        (["missing", "--row", "1"], "A text file must exist"),
        (["--file", "a.parquet", "--row", "-1"], "--row must be at least 0"),
        (["x.md", "--scorer", "nothing"], "nothing"),
    ],
)
def test_wrong_arguments_say_what_to_do(command, tmp_path, monkeypatch, arguments, said):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x.md").write_text("some text")
    pq.write_table(pa.table({"text": ["a"]}), tmp_path / "a.parquet")
    done = command("explain", *arguments)
    assert done.code == 2
    assert said in done.err


def test_a_scorer_that_moved_is_named(read, tmp_path):
    scorer = replace(load_scorer("web"), domain="mine")
    save_scorer(scorer, tmp_path / "scorer", metrics={}, card="Made up.")
    config = FilterConfig(
        inputs=[read / "dump"], out=tmp_path / "out", scorer=tmp_path / "scorer", effort="fast"
    )
    filter_dump(config, reporter=QUIET)
    (tmp_path / "scorer").rename(tmp_path / "moved")
    wanted = ExplainConfig(run=tmp_path / "out", file="sub/a.parquet", row=0)
    with pytest.raises(SettingsError):
        explain_row(wanted)
    assert explain_row(wanted.model_copy(update={"scorer": str(tmp_path / "moved")})).score is not None
