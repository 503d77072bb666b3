"""Proves that rules are reasons of a run like all others: counted, stored, written, kept out, switchable."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from filtering.errors import OutputError, SettingsError
from filtering.signals.settings import RULES
from filtering.text.arrow import REASONS
from pipelines import FilterConfig, RecutConfig, filter_dump, recut_run
from tests.kit.dumps.odd_texts import CODE, HITS
from tests.kit.runs.outcomes import QUIET

NAMES = [None, *HITS]
TEXTS = [CODE, *(hits[0] for hits in HITS.values())]


@pytest.fixture
def run(tmp_path):
    pq.write_table(pa.table({"text": TEXTS, "id": range(len(TEXTS))}), tmp_path / "a.parquet")

    def run_over(name, **changes):
        settings = {"scorer": "code", "effort": "fast", "keep_at": 0.0, "write": "all", "workers": 1}
        config = FilterConfig(inputs=[tmp_path / "a.parquet"], out=tmp_path / name, **settings | changes)
        return filter_dump(config, reporter=QUIET)

    return run_over


def written(tmp_path, name):
    return pq.read_table(tmp_path / name / "data" / "a.parquet")


def test_documents_that_a_rule_hits_are_counted_and_written_with_their_reason(run, tmp_path):
    result = run("out")
    assert result.reasons == dict.fromkeys(RULES, 1)
    assert (result.rows, result.kept) == (len(TEXTS), 1)
    assert result.manifest["settings"]["rules"] == ",".join(RULES)
    table = written(tmp_path, "out")
    assert table["edu_reason"].to_pylist() == NAMES
    assert [score is None for score in table["edu_score"].to_pylist()] == [name is not None for name in NAMES]
    assert table["edu_keep"].to_pylist() == [name is None for name in NAMES]
    stored = pq.read_table(tmp_path / "out" / "run" / "scores" / "a.parquet")["edu_reason"].to_pylist()
    assert [REASONS[code] or None for code in stored] == NAMES


def test_a_new_cut_keeps_none_of_them(run, tmp_path):
    run("out")
    config = RecutConfig(run=tmp_path / "out", to=tmp_path / "cut", keep_fraction=1.0, write="all")
    assert recut_run(config, reporter=QUIET).kept == 1
    assert written(tmp_path, "cut")["edu_reason"].to_pylist() == NAMES


@pytest.mark.parametrize(
    ("changes", "hit"),
    [
        ({"rules": "none"}, []),
        ({"scorer": "web"}, []),
        ({"rules": "minified,generated"}, ["generated", "minified"]),
    ],
)
def test_rules_are_those_asked_for_and_none_for_other_domains(run, changes, hit):
    result = run("out", **changes)
    assert result.reasons == dict.fromkeys(hit, 1)
    assert result.kept == len(TEXTS) - len(hit)


def test_a_run_goes_on_with_the_rules_that_it_was_begun_with(run):
    run("out")
    assert run("out", rules=",".join(reversed(RULES))).rows_scored == 0
    with pytest.raises(OutputError, match="'rules'"):
        run("out", rules="none")


def test_an_unknown_rule_is_refused_before_anything_is_started(run, tmp_path):
    with pytest.raises(SettingsError, match=r"'rules' \(--rules\).*must be none, or some of license-only"):
        run("out", rules="minify")
    assert not (tmp_path / "out").exists()


def test_the_command_takes_rules_and_says_what_they_hit(command, run, tmp_path):
    run("other")
    made = command(
        "filter", tmp_path / "a.parquet", "--scorer", "code", "--effort", "fast", "--rules", "minified,data",
        "--out", tmp_path / "out",
    )  # fmt: skip
    assert made.code == 0, made.said
    assert "minified" in made.out
    assert "generated" not in made.out
    page = (tmp_path / "out" / "run" / "report.html").read_text()
    assert "no score: minified" in page
    reported = json.loads((tmp_path / "out" / "run" / "report.json").read_text())
    assert reported["manifest"]["reasons"] == {"minified": 1, "data": 2}  # "x = 1" is data, too
    assert reported["manifest"]["settings"]["rules"] == "minified,data"
