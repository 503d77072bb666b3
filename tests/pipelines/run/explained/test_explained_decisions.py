"""Proves that what is explained of a document of a run is what the run decided of it, whatever it went by."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from filtering.errors import OutputError, SettingsError
from pipelines import (
    DecontaminateConfig,
    ExplainConfig,
    FilterConfig,
    RecutConfig,
    decontaminate_dump,
    explain_row,
    filter_dump,
    recut_run,
)
from pipelines.choosing.sample_near_cut import sample_near_cut
from pipelines.choosing.thresholds.score_spread import read_population
from pipelines.reports.runs.run_report_data import gather_report
from pipelines.run.explain_row import explain_document
from pipelines.run.upkeep import status_of_run
from pipelines.settings.labels import NearCutConfig
from tests.kit.dumps.leaking import FIB, WHOLE, make_task
from tests.kit.dumps.small import make_texts
from tests.kit.runs.outcomes import QUIET

ROWS, CUT = 40, 1.0
LEAKED, COMMON, NOTHING, UNKNOWN = 5, 8, 9, 20
"""Rows with a task, with textbook code, without text, and in a language that the scorer does not know."""
SAME = (12, 33)
"""Rows of one text, and so of one score."""


@pytest.fixture(scope="module")
def made(tmp_path_factory, web):
    """Return a folder with a dump, a benchmark, and runs over the dump. Not to be written to."""
    folder = tmp_path_factory.mktemp("decisions")
    texts = make_texts(ROWS)
    texts[LEAKED], texts[COMMON], texts[NOTHING] = WHOLE, FIB.solution, None
    texts[SAME[1]] = texts[SAME[0]]
    languages = ["en"] * ROWS
    languages[UNKNOWN] = "Georgian"
    table = pa.table({"id": range(ROWS), "text": texts, "language": languages})
    pq.write_table(table, folder / "a.parquet", row_group_size=15)
    fib = make_task("Made/1", prompt="", canonical_solution=FIB.solution, entry_point="fib")
    (folder / "made.jsonl").write_text("\n".join(map(json.dumps, [make_task("Made/0"), fib])))
    against = {"against": [folder / "made.jsonl"], "inputs": [folder / "a.parquet"]}
    runs = {
        "leaks": against,
        "leaks-all": against | {"write": "all"},
        "marked": against | {"leak_action": "mark"},
        "unsure": {"unsure": "drop"},
        "both": against | {"unsure": "drop", "write": "all"},
        "flagged": {},
    }
    usual = {"inputs": [folder / "a.parquet"], "scorer": web, "keep_at": CUT, "effort": "fast"}
    for name, options in runs.items():
        config = usual | {"rows_per_part": 15, "out": folder / name} | options
        filter_dump(FilterConfig(**config), reporter=QUIET)
    decontaminate_dump(DecontaminateConfig(**against, out=folder / "clean", rows_per_part=15), reporter=QUIET)
    cuts = {
        "share": {"run": "flagged", "keep_fraction": 0.4},
        "cut-unsure": {"run": "flagged", "unsure": "drop", "keep_at": 0.5},
        "cut-leaks": {"run": "leaks", "keep_at": 0.5, "write": "all"},
    }
    for name, options in cuts.items():
        whole = options | {"run": folder / options["run"], "to": folder / name}
        recut_run(RecutConfig(**whole), reporter=QUIET)
    return folder


def kept_rows(out):
    """Return the rows that a run kept, as its output says."""
    table = pq.read_table(out / "data")
    keeps = table["edu_keep"].to_pylist() if "edu_keep" in table.column_names else [True] * len(table)
    return {row for row, keep in zip(table["id"].to_pylist(), keeps, strict=True) if keep}


def explained(out, row):
    return explain_document(ExplainConfig(run=out, id=str(row)))


RUNS = [
    "leaks",
    "leaks-all",
    "marked",
    "unsure",
    "both",
    "flagged",
    "clean",
    "share",
    "cut-unsure",
    "cut-leaks",
]


@pytest.mark.parametrize("name", RUNS)
def test_a_document_is_said_to_be_kept_if_and_only_if_the_run_kept_it(made, name):
    kept = kept_rows(made / name)
    assert 0 < len(kept) < ROWS or name == "flagged"
    for row in {LEAKED, COMMON, NOTHING, UNKNOWN, *SAME, 0, 30}:
        assert explained(made / name, row).why.kept == (row in kept), row


@pytest.mark.parametrize("name", ["leaks", "unsure", "clean", "share", "cut-unsure"])
def test_a_row_of_the_output_is_found_again_whatever_was_left_out_before_it(made, name):
    ids = pq.read_table(made / name / "data")["id"].to_pylist()
    for place in (0, len(ids) // 2, len(ids) - 1):
        found = explain_document(ExplainConfig(run=made / name, output_row=place))
        assert (found.row, found.why.kept) == (ids[place], True)


@pytest.mark.parametrize(
    ("name", "row", "said"),
    [
        ("leaks", LEAKED, "holds Made/0 (leak)"),
        ("leaks-all", LEAKED, "holds Made/0 (leak)"),
        ("cut-leaks", LEAKED, "holds Made/0 (leak)"),
        ("clean", LEAKED, "holds Made/0 (leak)"),
        ("unsure", UNKNOWN, "unsure, dropped by --unsure drop"),
        ("both", UNKNOWN, "unsure, dropped by --unsure drop"),
        ("cut-unsure", UNKNOWN, "unsure, dropped by --unsure drop"),
    ],
)
def test_a_document_that_is_dropped_in_spite_of_its_score_is_told_why(command, made, name, row, said):
    assert explained(made / name, row).why.dropped_for == said
    lines = command("explain", "--run", made / name, "--id", row).out.splitlines()
    assert lines[1] == f"not kept: {said}"
    assert name == "clean" or lines[2].startswith("its score: ")
    assert ("leak: Made/0 of made, lines 1 to" in "\n".join(lines)) == (row == LEAKED)
    assert json.loads(command("explain", "--run", made / name, "--id", row, "--json").out)["kept"] is False


def test_of_documents_with_the_score_of_a_cut_that_keeps_a_share_the_first_are_kept(made, tmp_path):
    scores = {row: explained(made / "flagged", row).why.score for row in range(ROWS) if row != NOTHING}
    better = sum(one > scores[SAME[0]] for one in scores.values())
    cut = RecutConfig(run=made / "flagged", to=tmp_path / "cut", keep_fraction=(better + 1) / ROWS)
    recut_run(cut, reporter=QUIET)
    first, second = (explained(tmp_path / "cut", row).why for row in SAME)
    assert (first.kept, second.kept) == (True, False)
    assert second.dropped_for.startswith("others have the same score, and the first of them")


def test_the_score_alone_is_the_reason_where_nothing_else_is(made):
    for row in (0, 30):
        assert explained(made / "leaks", row).why.dropped_for == ""
    assert explain_row(ExplainConfig(run=made / "leaks", id=str(NOTHING))).reason == "null"


def test_a_document_that_is_marked_is_kept_and_said_to_hold_a_task(command, made):
    out = command("explain", "--run", made / "marked", "--id", LEAKED).out
    assert "It holds a benchmark task, and is marked: kept all the same" in out
    assert "not kept" not in out


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (COMMON, "it holds textbook code, which is no leak"),
        (NOTHING, "null, and so not searched for benchmark tasks"),
        (0, "it holds no benchmark task"),
    ],
)
def test_a_run_without_scores_says_of_a_document_why_it_is_kept(command, made, row, said):
    assert f"kept: {said}\n" in command("explain", "--run", made / "clean", "--id", row).out


def test_what_needs_scores_says_that_a_decontaminate_run_has_none(command, made, tmp_path):
    clean = made / "clean"
    for act in (
        lambda: recut_run(RecutConfig(run=clean, to=tmp_path / "cut"), reporter=QUIET),
        lambda: sample_near_cut(NearCutConfig(run=clean, n=2, out=tmp_path / "sample.parquet")),
        lambda: read_population(str(clean), "web", None),
    ):
        with pytest.raises(OutputError, match=r"A decontaminate run has no scores.*explain --run"):
            act()
    out = command("report", clean, "--slices").out
    assert "This run has none." in out
    assert "longest document that is scored" not in (clean / "run" / "report.html").read_text()


def test_the_page_says_of_its_documents_what_the_run_decided(made):
    report = gather_report(str(made / "both"))
    kept = kept_rows(made / "both")
    for sample in report.samples:
        assert sample.kept == sample.why.kept == (sample.row in kept)
        assert sample.dropped_for == sample.why.dropped_for
        assert (sample.score, CUT) == (sample.why.score, sample.why.keep_at)
    left_out = {sample.row: sample.dropped_for for sample in report.samples if sample.dropped_for}
    assert left_out.keys() <= {LEAKED, UNKNOWN}
    assert left_out


def test_what_was_set_aside_is_named_with_the_next_step_wherever_it_is_met(command, made, web, tmp_path):
    (tmp_path / "bad.parquet").write_bytes(b"PAR1 no more")
    given = ["filter", made / "a.parquet", tmp_path / "bad.parquet", "-s", web, "--effort", "fast"]
    dry = command(*given, "--out", tmp_path / "out", "--dry-run")
    assert "The run would leave out what cannot be read" in dry.out
    ended = command(*given, "--out", tmp_path / "out")
    step = "To read what was set aside: repair it, then run:\n  edufilter filter "
    assert step in ended.out
    assert ended.out.partition(step)[2].partition("\n")[0].endswith("--update")
    assert step in command("status", tmp_path / "out").out
    assert "--update" in status_of_run(str(tmp_path / "out")).next_step
    page = (tmp_path / "out" / "run" / "report.html").read_text()
    assert "To read what was set aside" in page
    assert "The table of input files" not in page  # of one there is none
    for place in ({"file": "bad.parquet", "row": 0}, {"id": "none"}):
        with pytest.raises(SettingsError, match=r"bad\.parquet.* To read what was set aside"):
            explain_row(ExplainConfig(run=tmp_path / "out", **place))
