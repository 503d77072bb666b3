"""Proves that the end of a run says in words what matters, and that rates leave waits out."""

import csv
import html
import io
import json
import re
import shlex

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from annotations.labels.text_files import read_text_file
from filtering.leaks import LeakIndex, Task
from pipelines.commands.printing.languages import languages_in_words
from pipelines.commands.printing.runs import audit_in_words
from pipelines.commands.printing.slices import print_slices
from pipelines.progress import ConsoleReporter, RowMeter
from pipelines.reports.runs.run_page import _audit
from pipelines.reports.runs.write_report import write_report
from pipelines.run.audit import AuditResult, Side
from pipelines.scorers.evaluation_tables import UNKNOWN_ORIGIN
from pipelines.worker.worker_settings import LeakSearch, PlannedScorer, WorkerSettings
from tests.kit.dumps.small import BARE, CUT, make_labels, write_dump

WEB = PlannedScorer(name="web", address="web")


def audit(lost=(500, 0), false=(400, 0), **promised):
    """Return an audit of a run that keeps 200 of 1,000, by those looked at, and wrong, on either side."""
    promised = promised or {"max_lost": 0.05, "max_false": 0.1}
    return AuditResult(Side(800, *lost), Side(200, *false), kept_in_all=200, scored=1000, **promised)


# Verdicts.


def test_an_audit_that_shows_too_little_says_on_screen_and_page_what_would_tell_and_no_wide_bound():
    run = {"audit": {"embedded": 10}, "rows": 100_000}
    untold, told = _audit(audit(lost=(18, 0)), run), _audit(audit(), run)
    assert [row[2:4] for row in untold.rows] == [("", "")] * 4
    assert told.rows[0][2:4] == ("0.00 %", "2.88 %")
    assert untold.note.startswith("418 documents were compared with effort full, too few to tell whether")
    assert untold.note.endswith("To tell, filter it again with another --out and --audit 600.")
    assert audit_in_words(audit(lost=(18, 0))) == f"check: {untold.note}"
    assert "within the 5 % that effort balanced promises" in told.note


@pytest.mark.parametrize("promised", [{"max_lost": 0.001}, {"max_false": 0.01}, {"max_disagreement": 0.002}])
def test_a_dump_of_which_even_all_documents_would_not_tell_is_too_small(promised):
    assert audit(lost=(800, 0), false=(200, 0), **promised).is_untold
    small = audit(lost=(18, 0), false=(18, 0), **promised)
    assert small.needed is None
    assert small.verdict.endswith("The dump is too small for that. To be sure, use --effort full.")


@pytest.mark.parametrize(
    "promised",
    [{"max_lost": 0.05, "max_false": 0.1}, {"max_lost": 0.2, "max_false": 0.03}, {"max_disagreement": 0.02}],
)
def test_so_many_as_are_advised_do_tell(promised):
    each = audit(**promised).needed // 2
    assert not audit(lost=(each, 0), false=(each, 0), **promised).is_untold
    assert audit(lost=(each - 100, 0), false=(each - 100, 0), **promised).is_untold


def test_an_audit_that_shows_enough_says_of_either_bound_that_it_is_kept_and_tells_the_share_of_all():
    assert audit_in_words(audit(lost=(1000, 1), false=(400, 4))) == (
        "check: 0.40 % of the documents that effort full keeps were dropped (95 %: 0.01 to 2.23 %; 1,400 "
        "documents were compared), within the 5 % that effort balanced promises. 1.00 % of the documents "
        "that were kept would be dropped by effort full (95 %: 0.27 to 2.54 %), within the 10 %. 0.28 % of "
        "all documents are decided differently from effort full."
    )


def test_where_all_decisions_were_bounded_these_alone_are_told():
    said = audit_in_words(audit(lost=(5000, 0), false=(400, 0), max_disagreement=0.01))
    assert said.startswith("check: 0.00 % of all documents are decided differently from effort full (95 %")
    assert said.endswith("within the 1 % that effort balanced promises.")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"lost": (500, 50)}, "Warning: 28.57 % of the documents that effort full keeps were dropped"),
        ({"false": (400, 100)}, "Warning: 25.00 % of the documents that were kept would be dropped"),
        ({"lost": (500, 50), "max_disagreement": 0.02}, "Warning: 8.00 % of all documents are decided"),
    ],
)
def test_an_audit_that_shows_more_than_is_allowed_is_the_one_warning_and_says_what_to_do(wrong, said):
    warning = audit_in_words(audit(**wrong))
    assert warning.startswith(said)
    assert "so the promise does not hold for this dump. Use --effort full" in warning


# Languages.


def slices(**kept):
    return [
        {"kind": "lang", "value": name, "rows": rows, "kept": some} for name, (some, rows) in kept.items()
    ]


def test_kept_shares_are_told_by_language_the_largest_first():
    found = slices(pl=(0, 108), en=(590, 2721), es=(2, 536), de=(0, 500), fr=(1, 400), others=(0, 900))
    said = languages_in_words(found, "my out")
    begins = "by language (your column 'lang'): en 590 of 2,721 (21.7 %), es 2 of 536 (0.4 %), de 0 of 500"
    assert said.startswith(begins)
    assert said.endswith("all other languages 0 of 1,008 (0.0 %); all: edufilter report 'my out' --slices")


def test_the_largest_languages_are_named_first_whatever_is_kept_of_them():
    found = slices(pl=(37, 46), en=(590, 2721))
    found[0]["is_far"] = True
    said = languages_in_words(found, "out")
    assert said == ("by language (your column 'lang'): en 590 of 2,721 (21.7 %), pl 37 of 46 (80.4 %)")


def test_of_languages_of_one_size_the_same_are_named_whatever_the_cut_keeps_of_them():
    names = ("pl", "en", "ar", "tr", "es", "de")
    cuts = [slices(**{name: (kept, 130) for name in some}) for kept, some in ((5, names), (60, names[::-1]))]
    told = [re.findall(r"([a-z]{2}) \d+ of 130", languages_in_words(one, "out")) for one in cuts]
    assert told == [["ar", "de", "en", "es"]] * 2


def test_some_smaller_languages_are_named_that_are_kept_far_more_or_far_less_often():
    names = ("ar", "de", "en", "es", "fi", "fr", "ja", "ko", "pl", "tr")
    found = slices(**{name: (20, 80) for name in names})
    for one in found:
        one["is_far"] = one["value"] in ("en", "fi", "ja", "ko", "pl")
    said = languages_in_words(found, "out")
    assert re.findall(r"([a-z]{2}) 20 of 80", said) == ["ar", "de", "en", "es", "fi", "ja", "ko"]
    assert "all other languages 60 of 240" in said


def test_the_line_of_languages_says_what_tells_them():
    found = [{"kind": "language found", "value": value, "rows": 5, "kept": 1} for value in ("en", "de")]
    said = languages_in_words(found, "out")
    assert said.startswith("by language (10 documents, as detected in their text): ")
    of_column = [{"kind": "language", "value": value, "rows": 5, "kept": 1} for value in ("en", "de")]
    said = languages_in_words([*of_column, *found], "out")
    assert said.startswith("by language (your column 'language'): ")
    said = languages_in_words(of_column, "out", 10, is_sample=True)
    assert said.startswith("by language (your column 'language'; a sample of 10 documents): ")
    of_code = [{**one, "kind": "code language"} for one in found]
    said = languages_in_words(of_code, "out")
    assert said.startswith("by language (known for 10 of 10 documents, by a column, the path or the text): ")
    of_more = languages_in_words(of_code, "out", 13, kept=100)
    assert of_more == f"{said}, 3 other documents of unknown language".replace("10 of 10", "10 of 13")
    assert languages_in_words(of_code, "out", 10) == said


def test_documents_whose_language_is_not_sure_are_named_as_such_and_last():
    found = slices(
        en=(1, 9), de=(1, 8), fr=(1, 7), es=(1, 6), pl=(1, 5), cs=(1, 4), **{"not clear": (2, 100)}
    )
    said = languages_in_words(found, "out")
    assert (
        "all other languages 2 of 9 (22.2 %), language not clear 2 of 100 (2.0 %); all: edufilter report"
        in said
    )


def test_one_language_more_than_fit_is_named():
    found = slices(en=(1, 9), de=(1, 8), fr=(1, 7), es=(1, 6), pl=(1, 5))
    assert "es 1 of 6 (16.7 %), pl 1 of 5 (20.0 %)" in languages_in_words(found, "out")


def test_a_run_without_several_languages_has_no_line_of_them():
    assert languages_in_words([], "out") == ""
    assert languages_in_words([{"kind": "length", "value": "1 kB", "rows": 2, "kept": 1}], "out") == ""


def test_slices_are_printed_by_kind(command, finished):
    command("report", finished)
    said = command("report", finished, "--slices")
    assert said.code == 0
    found = json.loads((finished / "run" / "report.json").read_text())["slices"]
    assert found
    order, _, table = said.out.partition("By length: shortest first\n")
    assert "below 1 kB" in table
    assert "below 1 kB" not in order
    for one in found:
        assert one["kind"] in said.out
        assert f"{one['rows']:,}" in said.out


def test_all_languages_are_printed_and_of_more_sites_how_many_are_left(capsys, tmp_path):
    def some(kind, count):
        figures = {"kept": 1, "share": 0.5, "low": 0.1, "high": 0.9}
        return [{"kind": kind, "value": f"{kind}{at}", "rows": 2, **figures} for at in range(count)]

    found = {"slices": [*some("lang", 130), *some("site", 130)], "looked_at": 260}
    print_slices(found, str(tmp_path))
    said = capsys.readouterr().out
    assert all(f" lang{at} " in said for at in range(130))
    assert " site19 " in said
    assert " site20 " not in said
    assert f"110 more sites of 220 documents: 'slices' in {tmp_path}/run/report.json" in said
    assert said.index("By lang") < said.index("By site")


@pytest.mark.parametrize("single", [3, 40])
def test_sites_of_one_document_each_are_counted_and_not_listed_unless_they_are_few(
    capsys, tmp_path, single, monkeypatch
):
    monkeypatch.setenv("COLUMNS", "80")
    figures = {"kind": "site", "kept": 1, "share": 0.5, "low": 0.1, "high": 0.9}
    names = ["a-long-name-of-a-site-that-no-column-of-the-screen-holds.example.org", "b.org"]
    found = [{**figures, "value": name, "rows": 20} for name in names]
    found += [{**figures, "value": f"single{at}.org", "rows": 1} for at in range(single)]
    print_slices({"slices": found, "looked_at": 80}, str(tmp_path))
    said = capsys.readouterr().out
    assert ("single0.org" in said) == (single == 3)
    assert (f"{single} more sites of one document each" in said) == (single == 40)
    assert said.count("10.0 to 90.0 %") == (5 if single == 3 else 2)  # figures stay whole


# Waits.


def test_rates_begin_when_what_was_waited_for_is_there(monkeypatch):
    clock = [100.0]
    monkeypatch.setattr("pipelines.progress.time.monotonic", lambda: clock[0])
    meter = RowMeter(1000, 0, waits_for="Loading the embedder")
    assert meter.state() == "working on the first documents"
    clock[0] += 20
    meter.tick(0, 0, 0)
    clock[0] += 10
    meter.tick(500, 1, 0)
    assert meter.waits_for == ""
    assert (meter.seconds, meter.left_s) == (10, 10)
    assert meter.state().startswith("50 documents/s")
    clock[0] += 4  # within a batch it goes on
    assert meter.left_s == 6
    assert meter.line().endswith("6.0 s left")
    clock[0] += 40
    assert meter.left_s == 54  # at the rate so far, which falls while nothing is counted
    assert meter.line().endswith("nothing finished for 44 s")
    clock[0] -= 44
    clock[0] += 1990
    assert meter.state().startswith("4.0 s each")


def test_nothing_is_counted_on_the_screen_while_something_is_waited_for():
    stream = io.StringIO()
    reporter = ConsoleReporter(stream=stream)
    meter = RowMeter(10, 0, waits_for="Starting Ray on this machine")
    reporter._line(meter)
    assert stream.getvalue().startswith("Starting Ray on this machine: ")
    assert "documents" not in stream.getvalue()
    meter.tick(5, 1, 0)
    reporter._line(meter)
    assert "5 of 10 documents" in stream.getvalue()


@pytest.mark.parametrize(
    ("settings", "word"),
    [
        ({"effort": "full"}, "embedder"),
        ({"effort": "fast"}, ""),
        ({"effort": "full", "scores_from": "x"}, ""),
    ],
)
def test_what_a_worker_loads_is_said_if_it_takes_seconds(settings, word):
    given = {"out": "o", "scorers": (WEB,), "text_column": "text", "keep_at": 3, "write": "kept"}
    said = WorkerSettings(**given | settings, score_column="edu_score").waits_for
    assert word in said
    assert bool(said) == bool(word)


def test_the_search_for_leaks_is_waited_for_beside_the_embedder_and_compiling_it_once(tmp_path, monkeypatch):
    given = {
        "out": "o",
        "scorers": (WEB,),
        "text_column": "text",
        "keep_at": 3,
        "write": "kept",
        "effort": "full",
    }
    settings = WorkerSettings(**given, score_column="edu_score", leaks=LeakSearch(sha256="0", action="drop"))
    monkeypatch.setattr("filtering.compiled._cache_folder", lambda: tmp_path)
    loads = "Loading the embedder and preparing the search for leaks"
    assert settings.waits_for == f"{loads} (compiling it, once after each installation: about 20 seconds)"
    monkeypatch.undo()
    LeakIndex.of([Task("a", "mine", "def double(n):", "    return 2 * n")])
    assert settings.waits_for == loads


def test_time_left_never_falls_by_more_than_the_next_count_can_bring(monkeypatch):
    clock = [0.0]
    monkeypatch.setattr("pipelines.progress.time.monotonic", lambda: clock[0])
    meter = RowMeter(1000, 0)
    for _ in range(4):
        clock[0] += 5
        meter.tick(100, 1, 0)
    left = []
    for _ in range(30):
        clock[0] += 1
        left.append(meter.left_s)
    assert left[0] == 29
    assert min(left) == 25  # six hundred rows are left, of which only the next hundred may be under way
    assert left[20:] == sorted(left[20:])
    assert left[-1] > 60
    assert meter.left() == "nothing finished for 30 s"
    assert meter.figures()["left_s"] == left[-1]


def test_a_report_says_what_it_is_at_and_how_long_that_takes(finished, monkeypatch):
    stream, meters = io.StringIO(), []
    reporter = ConsoleReporter(stream=stream)
    track = reporter.track
    monkeypatch.setattr(reporter, "track", lambda meter: (meters.append(meter), track(meter))[1])
    write_report(str(finished), reporter=reporter)
    said = [meter.doing for meter in meters]
    assert said[:1] + said[-1:] == ["Reading documents", "Explaining scores"]
    assert all(meter.done == meter.total for meter in meters)
    assert re.match(r"Reading documents: 410 of 410 documents, [\d,.]+ ", meters[0].line())
    assert meters[0].figures()["doing"] == "Reading documents"


# Defaults.


def test_a_scorer_without_an_embedder_is_used_at_effort_fast_by_itself(command, trained, tmp_path):
    source = write_dump(tmp_path / "in", rows=(20,))
    done = command("filter", source, "-s", trained.out, "--out", tmp_path / "out", "--no-report")
    assert done.code == 0, done.said
    assert "at effort fast" in done.err
    dry = command("filter", source, "-s", trained.out, "--out", tmp_path / "dry", "--dry-run")
    assert "effort: fast" in dry.out


# Other inputs, other cuts.


def test_other_inputs_in_a_used_folder_are_told_as_what_they_are(command, finished, web, tmp_path):
    other = write_dump(tmp_path / "in", rows=(10,))
    (other / "part-0.parquet").rename(other / "web.parquet")
    refused = command(
        "filter", *BARE, other, "-s", web, "--keep-at", CUT, "--rows-per-part", 80, "-o", finished
    )
    assert refused.code == 2
    assert "has a run over other inputs" in refused.err
    assert "Got 'web.parquet'" in refused.err


def test_what_is_said_of_another_cut_is_said_of_the_same_inputs_alone(command, web, tmp_path):
    given = ("filter", *BARE, tmp_path / "in", "-s", web, "-o", tmp_path / "out")
    write_dump(tmp_path / "in", rows=(10,))
    assert command(*given, "--keep-at", CUT).code == 0
    table = pq.read_table(tmp_path / "in")
    same = command(*given, "--keep-at", 2.5).err
    assert "--keep-at of" in same
    assert "edufilter recut" in same
    pq.write_table(table.slice(1), tmp_path / "in" / "part-0.parquet")
    for more in ((), ("--update",)):
        changed = command(*given, "--keep-at", 2.5, *more).err
        assert ("is changed since" in changed) == (not more)
        assert "edufilter recut" not in changed
    (tmp_path / "in" / "part-0.parquet").rename(tmp_path / "in" / "own.parquet")
    for more in ((), ("--update",)):
        refused = command(*given, "--keep-at", 2.5, *more).err
        assert "has a run over other inputs" in refused
        assert "edufilter recut" not in refused


# Tables for people.


def test_a_sample_for_people_holds_no_formula_and_is_read_back_as_it_was(command, web, tmp_path):
    texts = ["=1+1 is two", "+49 30", "-5 apples", "@home", "\ttab", "'=quoted", "'plain", "ordinary text"]
    pq.write_table(pa.table({"text": [f"{text} {'word ' * 20}" for text in texts]}), tmp_path / "=a.parquet")
    out = tmp_path / "sample.csv"
    drawn = command("sample", tmp_path / "=a.parquet", "--n", 8, "--out", out, "-s", web)
    assert drawn.code == 0, drawn.said
    with open(out, newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert not [cell for cell in cells if cell[:1] in ("=", "+", "-", "@", "\t", "\r")]
    read = read_text_file(str(out), ["id"])
    assert sorted(text.split(" word")[0].strip(" ") for text in read["text"].to_pylist()) == sorted(texts)


# Labels of unknown origin.


def test_labels_of_unknown_origin_are_not_called_drawn_at_random(command, trained, tmp_path):
    table = make_labels(120, seed=5)
    pq.write_table(table.drop_columns(["picked"]), tmp_path / "imported.parquet")
    page = tmp_path / "page.html"
    said = command("evaluate", trained.out, tmp_path / "imported.parquet", "--html", page).out
    assert UNKNOWN_ORIGIN in said
    assert "drawn at random" not in said.replace(UNKNOWN_ORIGIN, "")
    assert ": AUC at 3 points" in said
    shown = html.unescape(page.read_text())
    assert UNKNOWN_ORIGIN in shown
    assert "chosen without" not in shown
    assert "best possible" not in shown
    pq.write_table(table, tmp_path / "drawn.parquet")
    said = command("evaluate", trained.out, tmp_path / "drawn.parquet").out
    assert " on the documents drawn at random. It is" in said
    assert UNKNOWN_ORIGIN not in said
    given = (trained.out, tmp_path / "drawn.parquet", "--device", "cpu")
    next_step = f"next: edufilter threshold {shlex.join(map(str, given))}\n"
    assert next_step in command("evaluate", *given).out
