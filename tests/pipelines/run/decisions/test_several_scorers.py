"""Proves that several scorers in one pass score as each does alone, and that their combination is exact."""

import json
import shutil
import signal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from filtering.errors import SettingsError
from pipelines import (
    ExplainConfig,
    FilterConfig,
    LocalExecutor,
    RayExecutor,
    RecutConfig,
    explain_row,
    filter_dump,
    recut_run,
    verify_run,
    write_report,
)
from pipelines.commands.printing.runs import print_result
from pipelines.reports.runs.run_report_data import gather_report
from pipelines.run_folder.folder import RunFolder
from tests.kit.dumps.small import CUT, lasting, make_texts, tables
from tests.kit.pages.run_pages import text_of_page
from tests.kit.runs.outcomes import QUIET, Recorder, manifest_of

COMBINED = {"max": np.maximum, "min": np.minimum, "mean": lambda one, other: (one + other) / 2}
FULL = {"device": "cpu", "rows_per_part": 40}


@pytest.fixture(scope="session")
def given(settings, trained):
    """Return settings of a run of two scorers; `out` is still to be given."""
    return settings | {"scorer": ("web", f"mine={trained.out}"), "write": "all"}


@pytest.fixture(scope="session")
def both(given, tmp_path_factory):
    """Return a run of two scorers that nothing disturbed. Not to be written to."""
    out = tmp_path_factory.mktemp("both") / "out"
    filter_dump(FilterConfig(**given, out=out), reporter=QUIET)
    return out


def rows_of(out):
    return tables(out / "data").sort_by("id")


def column(table, name):
    return table[name].to_numpy()


def assert_each_as_alone(given, together, folder):
    """Hold the column of each scorer, bit for bit, to the scores that it gives alone."""
    for name, address in (one.split("=") for one in given["scorer"]):
        alone = {key: value for key, value in given.items() if key != "combine"} | {"scorer": address}
        filter_dump(FilterConfig(**alone, out=folder / name), reporter=QUIET)
        wanted = rows_of(folder / name)
        np.testing.assert_array_equal(
            column(together, f"edu_score_{name}"), column(wanted, "edu_score"), strict=True
        )


def test_the_column_of_each_scorer_has_the_scores_that_it_gives_alone(given, both, tmp_path):
    named = given | {"scorer": ("web=web", given["scorer"][1])}
    assert_each_as_alone(named, rows_of(both), tmp_path)


@pytest.mark.parametrize("combine", [*COMBINED, "mine"])
def test_a_new_cut_by_any_combination_has_the_bytes_of_a_run_with_it(given, both, tmp_path, combine):
    fresh, cut = tmp_path / "fresh", tmp_path / "cut"
    filter_dump(FilterConfig(**given | {"combine": combine}, out=fresh), reporter=QUIET)
    recut_run(RecutConfig(run=both, to=cut, combine=combine, write="all"), reporter=QUIET)
    data = [{name: digest for name, digest in lasting(one).items() if "data" in name} for one in (cut, fresh)]
    assert data[0] == data[1]
    rows = rows_of(cut)
    points = [column(rows, f"edu_score_{name}").astype(np.float64) for name in ("web", "mine")]
    wanted = COMBINED.get(combine, lambda one, other: other)(*points).astype(np.float32)
    np.testing.assert_array_equal(column(rows, "edu_score"), wanted)
    np.testing.assert_array_equal(column(rows, "edu_keep"), wanted >= CUT)


def test_a_new_cut_by_one_of_them_keeps_what_that_scorer_keeps(settings, both, tmp_path, command):
    done = command("recut", both, "--score", "web", "--keep-at", 2, "--to", tmp_path / "cut", "--no-report")
    assert done.code == 0, done.said
    filter_dump(FilterConfig(**settings | {"keep_at": 2.0}, out=tmp_path / "web"), reporter=QUIET)
    assert rows_of(tmp_path / "cut")["id"].equals(rows_of(tmp_path / "web")["id"])
    assert verify_run(str(tmp_path / "cut")) == []


def test_a_share_of_a_new_cut_is_that_of_its_combination(both, tmp_path):
    recut_run(RecutConfig(run=both, to=tmp_path / "cut", combine="min", keep_fraction=0.2), reporter=QUIET)
    kept, rows = rows_of(tmp_path / "cut"), rows_of(both)
    lowest = np.minimum(column(rows, "edu_score_web"), column(rows, "edu_score_mine"))
    wanted = np.sort(lowest)[::-1][: kept.num_rows]
    assert kept.num_rows == 82
    np.testing.assert_array_equal(np.sort(column(kept, "edu_score"))[::-1], wanted)


def test_a_new_cut_of_a_new_cut_keeps_its_combination(both, tmp_path):
    recut_run(RecutConfig(run=both, to=tmp_path / "min", combine="min"), reporter=QUIET)
    recut_run(RecutConfig(run=tmp_path / "min", to=tmp_path / "again", keep_at=2.0), reporter=QUIET)
    rows = rows_of(tmp_path / "again")
    assert (
        column(rows, "edu_score") == np.minimum(*(column(rows, f"edu_score_{n}") for n in ("web", "mine")))
    ).all()


def test_any_number_of_workers_writes_the_same_bytes(given, both, tmp_path):
    filter_dump(FilterConfig(**given, out=tmp_path / "out"), executor=LocalExecutor(3), reporter=QUIET)
    assert lasting(tmp_path / "out") == lasting(both)


@pytest.mark.xdist_group("ray")
def test_a_cluster_writes_the_same_bytes(given, both, ray, tmp_path):
    filter_dump(FilterConfig(**given, out=tmp_path / "out"), executor=RayExecutor(), reporter=QUIET)
    assert lasting(tmp_path / "out") == lasting(both)


def test_a_killed_run_goes_on_to_the_same_bytes(warm_process, given, both, tmp_path):
    out = tmp_path / "out"
    scorers = [word for one in given["scorer"] for word in ("--scorer", one)]
    options = ["--keep-at", CUT, "--rows-per-part", 80, "--workers", 1, "--effort", "fast", "--write", "all"]
    words = ["filter", *given["inputs"], *scorers, *options, "--out", out, "--no-report"]
    done = warm_process("after rename of scores", 3, *map(str, words), program="faults.faulty_run")
    assert done.code == -signal.SIGKILL, done.err
    result = filter_dump(FilterConfig(**given, out=out), reporter=QUIET)
    assert 0 < result.rows_scored < result.rows
    assert lasting(out) == lasting(both)


def test_at_effort_full_each_scores_as_alone(dump, two_stages, cascade, tmp_path):
    given = {
        "inputs": [str(dump)], "scorer": (f"one={two_stages.out}", f"other={cascade.out}"), "effort": "full",
        "keep_at": CUT, "write": "all", "combine": "mean", **FULL,
    }  # fmt: skip
    filter_dump(FilterConfig(**given, out=tmp_path / "both"), reporter=QUIET)
    assert_each_as_alone(given, rows_of(tmp_path / "both"), tmp_path)


def test_at_effort_balanced_each_scores_as_alone_and_the_combination_is_audited(
    dump, cascade, tmp_path, capsys
):
    given = {
        "inputs": [str(dump)], "scorer": (f"one={cascade.out}", f"other={cascade.out}"), "effort": "balanced",
        "keep_at": CUT, "write": "all", "max_disagreement": 0.05, "audit": 100, **FULL,
    }  # fmt: skip
    result = filter_dump(FilterConfig(**given, out=tmp_path / "both"), reporter=QUIET)
    assert_each_as_alone(given, rows_of(tmp_path / "both"), tmp_path)
    assert result.manifest["settings"]["max_disagreement"] == 0.1
    alone = json.loads((tmp_path / "one" / "run" / "manifest.json").read_text())
    assert result.manifest["audit"] == alone["audit"]
    print_result(result)
    assert "embedded for each scorer: " in capsys.readouterr().out


def test_a_document_that_a_rule_of_one_scorer_leaves_out_keeps_the_points_of_the_other(tmp_path):
    pq.write_table(
        pa.table({"id": [0, 1], "text": ["x = 1", "def f(a):\n    return a\n" * 9]}), tmp_path / "a.parquet"
    )
    config = FilterConfig(
        inputs=[str(tmp_path / "a.parquet")], scorer=("web", "code"), out=tmp_path / "out", effort="fast",
        write="all",
    )  # fmt: skip
    filter_dump(config, reporter=QUIET)
    rows = rows_of(tmp_path / "out").to_pylist()
    assert [one["edu_reason"] for one in rows] == ["too-short", None]
    assert rows[0]["edu_score"] is None
    assert rows[0]["edu_score_code"] is None
    assert rows[0]["edu_score_web"] is not None


def test_a_run_by_other_scorers_or_another_combination_is_another_run(given, both, tmp_path):
    out = shutil.copytree(both, tmp_path / "out")
    with pytest.raises(SettingsError, match=r"'scorer' \(--scorer\) of .* is 'web, mine="):
        filter_dump(FilterConfig(**given | {"scorer": "web"}, out=out), reporter=QUIET)
    with pytest.raises(SettingsError, match=r"(?s)is 'max'. Now it is 'min'.*recut .*--combine min"):
        filter_dump(FilterConfig(**given | {"combine": "min"}, out=out), reporter=QUIET)


def test_the_report_tells_how_far_scorers_agree_and_shows_where_they_differ(both, tmp_path):
    out = shutil.copytree(both, tmp_path / "out")
    report, rows = gather_report(str(out)), rows_of(both)
    web, mine = (column(rows, f"edu_score_{name}") for name in ("web", "mine"))
    (pair,) = report.several.pairs
    assert (pair.both, pair.first_only, pair.second_only) == (
        ((web >= CUT) & (mine >= CUT)).sum(),
        ((web >= CUT) & (mine < CUT)).sum(),
        ((web < CUT) & (mine >= CUT)).sum(),
    )
    assert pair.rank_correlation == pytest.approx(spearman(web, mine), abs=1e-3)
    gaps = [one.points["web"] - one.points["mine"] for one in report.samples if "web far above" in one.group]
    assert gaps == pytest.approx(np.sort(web - mine)[::-1][: len(gaps)].tolist())
    write_report(str(out), reporter=QUIET)
    page = text_of_page(out)
    assert "How far the scorers agree" in page
    assert "by its labels; of those whose highest score is 3, fewer." in " ".join(page.split())
    assert "mine far above web" in page


def spearman(one, other):
    from scipy.stats import spearmanr

    return spearmanr(one, other).statistic


def test_a_document_of_such_a_run_is_explained_by_one_of_its_scorers(both):
    rows = rows_of(both)
    for name in ("web", "mine"):
        why = explain_row(ExplainConfig(run=str(both), output_row=0, scorer=name))
        first = tables(both / "data").slice(0, 1).to_pylist()[0]
        assert why.score == pytest.approx(first[f"edu_score_{name}"], abs=1e-5)
    with pytest.raises(SettingsError, match="one of the scorers of the run: web, mine"):
        explain_row(ExplainConfig(run=str(both), output_row=0, scorer="code"))
    assert rows.num_rows == 410


def test_explaining_says_which_points_decided_whoever_is_explained(both, tmp_path, command):
    recut_run(RecutConfig(run=both, to=tmp_path / "mean", combine="mean"), reporter=QUIET)
    recut_run(RecutConfig(run=both, to=tmp_path / "mine", combine="mine"), reporter=QUIET)
    # One that the two judge differently.
    rows = rows_of(both).to_pylist()
    row = next(one for one in rows if (one["edu_score_web"] >= CUT) != (one["edu_score_mine"] >= CUT))
    web, mine = row["edu_score_web"], row["edu_score_mine"]
    wanted = {
        both: ("The highest decides.", max(web, mine)),
        tmp_path / "mean": ("Their mean decides.", (web + mine) / 2),
        tmp_path / "mine": ("Those of mine decide.", mine),
    }
    for run, (which, points) in wanted.items():
        for name, own in (("web", web), ("mine", mine)):
            said = command("explain", "--run", run, "--id", row["id"], "--scorer", name).out.splitlines()
            assert f"points of each scorer: web {web:.2f}, mine {mine:.2f}. {which}" in said
            kept = "kept" if points >= CUT else "not kept"
            assert f"{kept}: {points:.2f} points (kept from {CUT:g} on)" in said
            assert any(
                one.startswith(f"What follows explains the {own:.2f} points of {name}") for one in said
            )


def test_a_document_that_the_explained_scorer_leaves_out_has_the_decision_of_the_run(tmp_path, command):
    pq.write_table(pa.table({"id": [0], "text": ["x = 1"]}), tmp_path / "a.parquet")
    wanted = {"max": "not kept: no score: too-short", "web": "kept: "}
    for combine, decision in wanted.items():
        config = FilterConfig(
            inputs=[str(tmp_path / "a.parquet")], scorer=("web", "code"), combine=combine, effort="fast",
            keep_at=0, out=tmp_path / combine,
        )  # fmt: skip
        filter_dump(config, reporter=QUIET)
        said = command("explain", "--run", tmp_path / combine, "--id", "0", "--scorer", "code").out
        assert decision in said
        assert "no score by code: too-short" in said


def test_what_decides_is_said_before_the_run(given, tmp_path):
    reporter = Recorder()
    filter_dump(FilterConfig(**given | {"combine": "min"}, out=tmp_path / "out"), reporter=reporter)
    assert "The lowest of their points decides." in " ".join(reporter.said)
    assert [one["name"] for one in manifest_of(tmp_path / "out")["scorers"]] == ["web", "mine"]
    assert RunFolder(str(tmp_path / "out")).read_plan().facts.digests.keys() == {"web", "mine"}


@pytest.mark.parametrize(
    ("settings", "refusal"),
    [
        ({"scorer": ("web", "web")}, "a name of its own. Got 'web' twice"),
        ({"scorer": ("web", "folder")}, r"web, code, or NAME=FOLDER. Got 'folder' instead.*mine=folder"),
        ({"scorer": ("web", "Mine=folder")}, "small letters, digits and _.*Got 'Mine' instead"),
        ({"scorer": ("web", "mean=folder")}, "is not max, mean, min. Got 'mean' instead"),
        ({"scorer": ("web", "mine=")}, "where the scorer 'mine' is"),
        ({"scorer": ("web", "code"), "combine": "code2"}, "or the name of a scorer: web, code. Got 'code2'"),
        (
            {"scorer": ("web", "code"), "combine": "mine"},
            r"^'combine' \(--combine\) must be .*'mine' instead.$",
        ),
        ({"scorer": "web", "combine": "max"}, "must come with several scorers. Got 'max' with one"),
        (
            {"scorer": ("web", "code"), "combine": "mean", "effort": "balanced"},
            "Choose --effort fast or full",
        ),
        ({"scorer": ("web", "code"), "passages": True}, "--passages must come with one scorer"),
        ({"scorer": ("web,mine=folder", "code")}, "example: --scorer web --scorer mine=folder"),
        ({"scorer": "web,mine=folder"}, "once for each scorer.*example: --scorer web --scorer mine=folder"),
        ({"scorer": ()}, "scorer"),
    ],
)
def test_scorers_that_cannot_be_are_refused_with_what_to_do(settings, refusal):
    with pytest.raises(SettingsError, match=refusal):
        FilterConfig(inputs=["dump"], out="out", **settings)


def test_texts_of_two_columns_are_not_scored_each_by_its_own_scorer(tmp_path):
    texts = make_texts(5)
    pq.write_table(pa.table({"text": texts, "content": texts}), tmp_path / "a.parquet")
    config = FilterConfig(
        inputs=[str(tmp_path / "a.parquet")], scorer=("web", "code"), out=tmp_path / "out", effort="fast"
    )
    with pytest.raises(SettingsError, match="--text-column"):
        filter_dump(config, reporter=QUIET)


def test_a_combination_of_a_run_of_one_scorer_is_refused(finished, tmp_path):
    with pytest.raises(SettingsError, match="--combine must come with a run of several scorers"):
        recut_run(RecutConfig(run=finished, to=tmp_path / "cut", combine="min"), reporter=QUIET)


def test_two_names_of_one_option_are_refused(both, tmp_path, command):
    done = command("recut", both, "--combine", "mean", "--score=web", "--to", tmp_path / "out")
    assert "--combine and --score are two names of one option. Give one of them." in done.err, done.said
    assert (done.code, (tmp_path / "out").exists()) == (2, False)


def test_a_run_of_the_format_before_can_be_cut_anew(finished, tmp_path):
    out = shutil.copytree(finished, tmp_path / "out")
    plan = out / "run" / "plan.json"
    plan.write_text(json.dumps(json.loads(plan.read_text()) | {"format": 10}))
    recut_run(RecutConfig(run=out, to=tmp_path / "cut", keep_at=CUT), reporter=QUIET)
    assert rows_of(tmp_path / "cut").equals(rows_of(finished))
