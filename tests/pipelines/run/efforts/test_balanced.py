"""Proves that effort balanced runs like the others, audits itself, and says where its promise is broken."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from annotations import read_labels
from filtering import load_scorer, save_scorer
from filtering.embedding.settings import Placement
from filtering.errors import LabelsError, OutputError, SettingsError
from filtering.fitting.paired_scores import pair
from filtering.rate_bounds import rate_bound
from filtering.scoring.cascade_exits import PairedScores, find_exits
from filtering.scoring.settings import ExitSettings
from pipelines import (
    FilterConfig,
    RecutConfig,
    TrainConfig,
    evaluate_scorer,
    filter_dump,
    recut_run,
    train_scorer,
    write_report,
)
from pipelines.run.audit import Side, agreement_of, audit_shares
from pipelines.run.filter import describe_exits
from pipelines.scorers.evaluate import fit_data_of, points_of_labels
from pipelines.worker.row_chances import row_chances
from tests.kit.dumps.small import lasting, make_texts, write_dump
from tests.kit.pages.run_pages import text_of_page
from tests.kit.runs.outcomes import QUIET

CPU = Placement(device="cpu")
AT, LOST, FALSE = 2.5, 0.02, 0.03


@pytest.fixture(scope="session")
def source(tmp_path_factory):
    return write_dump(tmp_path_factory.mktemp("balanced"), rows=(2600, 900, 40), row_group_size=300)


@pytest.fixture(scope="session")
def given(source, cascade):
    return {
        "inputs": [str(source)], "scorer": str(cascade.out), "effort": "balanced", "device": "cpu",
        "keep_at": AT, "max_lost": LOST, "max_false": FALSE, "audit": 400, "rows_per_part": 600,
    }  # fmt: skip


@pytest.fixture(scope="session")
def finished(given, tmp_path_factory):
    out = tmp_path_factory.mktemp("finished") / "out"
    return filter_dump(FilterConfig(**given, out=out), reporter=QUIET)


def run(given, out, **more):
    return filter_dump(FilterConfig(**given | {"out": out, **more}), reporter=QUIET)


@pytest.fixture(scope="session")
def both(source, cascade):
    """Return fast and full scores of all rows of the dump."""
    files = [pq.read_table(path)["text"] for path in sorted(source.rglob("*.parquet"))]
    scorers = [load_scorer(str(cascade.out), effort=effort, placement=CPU) for effort in ("fast", "full")]
    return [np.concatenate([scorer.score(texts).value for texts in files]) for scorer in scorers]


@pytest.fixture(scope="session")
def exits(given, cascade):
    settings = FilterConfig(**given, out="out").exit_settings
    return load_scorer(str(cascade.out), effort="balanced", placement=CPU, exits=settings).exits


def test_decisions_are_those_of_the_stages_and_few_are_embedded(both, exits, finished):
    passed = exits.leaves_open(both[0])
    assert finished.kept == (np.where(passed, both[1], both[0]) >= AT).sum()
    assert finished.manifest["audit"]["embedded"] == passed.sum()
    assert 0 < passed.mean() < 0.7
    stages = [pq.read_table(path)["edu_stage"].to_numpy() for path in scores_of(finished.out)]
    assert (np.concatenate(stages) == 2).sum() == passed.sum()


def test_the_audit_looks_at_about_as_many_as_asked_for_and_finds_what_is_there(both, exits, finished):
    found = finished.agreement
    assert 280 < found.looked_at < 520
    wrong = ~exits.leaves_open(both[0]) & ((both[0] >= AT) != (both[1] >= AT))
    lost = wrong & (both[1] >= AT)
    rates = {
        "disagreement": wrong.mean(), "lost_keepers": lost.sum() / (both[1] >= AT).sum(),
        "false_keeps": (wrong & ~lost).sum() / finished.kept,
    }  # fmt: skip
    for name, true in rates.items():
        rate = getattr(found, name)
        assert rate.low <= true <= rate.high
    assert (found.max_lost, found.max_false, found.max_disagreement) == (LOST, FALSE, None)
    assert not found.is_broken
    assert finished.exit_code == 0


def scores_of(out):
    return sorted(Path(out, "run", "scores").rglob("*.parquet"))


@pytest.mark.parametrize("workers", [1, 3])
def test_any_number_of_workers_writes_the_same_bytes_and_audits_the_same_rows(
    given, finished, tmp_path, workers
):
    result = run(given, tmp_path / "out", workers=workers)
    assert lasting(tmp_path / "out") == lasting(Path(finished.out))
    assert result.agreement == finished.agreement


def test_the_audit_changes_no_byte_of_data_and_scores(given, finished, tmp_path):
    run(given, tmp_path / "out", audit=0)
    keep = {name: digest for name, digest in lasting(Path(finished.out)).items() if "manifest" not in name}
    assert {
        name: digest for name, digest in lasting(tmp_path / "out").items() if "manifest" not in name
    } == keep


def test_a_promise_that_does_not_hold_is_told_and_fails_if_asked_to(cascade, given, command, tmp_path):
    """A scorer that was paired on documents on which its stages agree: it embeds nothing."""
    full = load_scorer(str(cascade.out), effort="full", placement=CPU)
    points = np.linspace(0, 5, 2000, dtype=np.float32)
    paired = PairedScores(points, points, np.arange(2000, dtype=np.int32), held_out=True)
    save_scorer(replace(full, paired=paired), str(tmp_path / "sure"), metrics={}, card="")
    arguments = [
        "filter", *given["inputs"], "--scorer", tmp_path / "sure", "--effort", "balanced", "--device", "cpu",
        "--keep-at", AT, "--max-lost", 0.005, "--max-false", 0.005, "--no-report", "--out", tmp_path / "out",
    ]  # fmt: skip
    done = command(*arguments, "--audit", 1000, "--on-drift", "fail")
    assert done.code == 4
    assert "more than the 0.5 % that effort balanced promises" in done.out
    assert "Exit code 4: " in done.out
    write_report(str(tmp_path / "out"))
    page = text_of_page(tmp_path / "out")
    [said] = [line for line in done.out.splitlines() if line.startswith("Warning: ")]
    figure, _, meaning = said.removeprefix("Warning: ").partition(" % ")
    assert f"{figure} %" in page
    assert meaning in page  # one verdict on the screen and on the page
    assert json.loads((tmp_path / "out" / "run" / "manifest.json").read_text())["audit"]["embedded"] == 0
    assert command(*arguments).code == 0  # complete, and a warning alone


def test_the_report_and_another_cut_say_what_was_embedded(finished, command, tmp_path):
    page = write_report(finished.out).read_text()
    assert "Decisions against those of effort full" in page
    assert f"{finished.agreement.looked_at:,}" in page
    said = command("recut", finished.out, "--keep-at", 1, "--no-report", "--to", tmp_path / "out").err
    assert "near this cut, from" in said
    assert "They were not embedded in the first run" in said
    assert f"--keep-at 1 --out {finished.out}-1-embedded" in said
    settings = json.loads((tmp_path / "out" / "run" / "manifest.json").read_text())["settings"]
    assert [settings[name] for name in ("effort", "max_lost", "max_false", "exits")] == [
        "balanced", None, None, None,
    ]  # fmt: skip
    same = recut_run(RecutConfig(run=finished.out, to=str(tmp_path / "same"), keep_at=AT), reporter=QUIET)
    assert same.kept == finished.kept
    assert [same.manifest["settings"][name] for name in ("max_lost", "max_false")] == [LOST, FALSE]


def test_a_cut_by_another_scorer_says_that_nobody_knows_what_is_unsure_there(
    given, cascade, command, tmp_path
):
    scorer = shutil.copytree(cascade.out, tmp_path / "scorer")
    filter_dump(FilterConfig(**given | {"scorer": str(scorer)}, out=tmp_path / "run"), reporter=QUIET)
    described = json.loads((scorer / "scorer.json").read_text())
    (scorer / "scorer.json").write_text(json.dumps(described))  # as good, and of another digest
    found = command("recut", tmp_path / "run", "--keep-at", 2, "--no-report", "--to", tmp_path / "to")
    assert found.code == 0
    assert "Whether it does at 2 is not known" in found.err
    assert "It is another" in found.err


def test_another_cut_on_a_finished_run_is_refused_by_the_setting_that_was_typed(given, finished, tmp_path):
    usual = {**given, "max_lost": None, "max_false": None}
    run(usual, tmp_path / "usual")
    for settings, out in ((given, finished.out), (usual, tmp_path / "usual")):
        with pytest.raises(OutputError, match=r"'keep_at' .--keep-at. of") as refused:
            run(settings, out, keep_at=2.0)
        assert f"edufilter recut {out} --keep-at 2 --to {out}-2" in str(refused.value)


def data_of(out):
    return pa.concat_tables(pq.read_table(path) for path in sorted(Path(out, "data").rglob("*.parquet")))


def stored(out, column):
    return np.concatenate([pq.read_table(path)[column].to_numpy() for path in scores_of(out)])


def test_a_new_cut_counts_the_rows_about_which_signals_are_not_sure_there(
    finished, both, cascade, command, tmp_path
):
    at = ExitSettings(keep_at=1.0, max_lost=LOST, max_false=FALSE)
    exits = load_scorer(str(cascade.out), effort="balanced", placement=CPU, exits=at).exits
    unseen = stored(finished.out, "edu_stage") != 2
    told = command("recut", finished.out, "--keep-at", 1, "--no-report", "--to", tmp_path / "to")
    assert told.code == 0
    assert f"{(exits.leaves_open(both[0]) & unseen).sum():,} document" in told.err


def test_where_stages_mix_a_column_says_which_decided(given, finished, both, exits, tmp_path):
    rows = data_of(Path(finished.out))
    cascade = np.where(exits.leaves_open(both[0]), both[1], both[0])
    passed = exits.leaves_open(both[0])[cascade >= AT]
    assert rows["edu_stage"].to_pylist() == ["embedding" if one else "signals" for one in passed]
    run(given, tmp_path / "all", write="all", score_column="quality_score")
    names = pq.read_schema(next((tmp_path / "all" / "data").rglob("*.parquet"))).names
    added = ("score", "unsure", "keep", "reason", "stage")
    assert names[-5:] == [f"quality_{name}" for name in added]


def test_settings_that_do_not_go_together_are_refused(given):
    with pytest.raises(SettingsError, match="must come with --effort balanced"):
        FilterConfig(**given | {"effort": "fast"}, out="out")
    with pytest.raises(SettingsError, match=r"Got 'max_lost' .--max-lost. beside it\. Leave one of them out"):
        FilterConfig(**given, max_disagreement=0.01, out="out")
    for one in ({"max_disagreement": 0.1}, {"max_lost": 0.1}, {"audit": 10}, {"on_drift": "fail"}):
        with pytest.raises(SettingsError, match="must come with --effort balanced"):
            FilterConfig(inputs=given["inputs"], out="out", **one)  # which embeds nothing by default


def test_chances_are_the_same_for_a_row_wherever_a_batch_begins():
    whole = row_chances("a/b.parquet", 0, 1000)
    np.testing.assert_array_equal(row_chances("a/b.parquet", 300, 50), whole[300:350])
    assert not np.array_equal(row_chances("a/c.parquet", 0, 1000), whole)
    many = row_chances("a/b.parquet", 0, 200_000)
    assert (many >= 0).all()
    assert (many < 1).all()
    counts, _ = np.histogram(many, 20, (0, 1))
    assert np.abs(counts - 10_000).max() < 500


def test_a_run_says_what_its_exits_promise_and_where_the_usual_bounds_cannot_be_shown():
    points = np.linspace(0, 5, 1000, dtype=np.float32)
    moved = np.clip(points + np.where(np.arange(1000) % 2, 0.2, -0.2), 0, 5).astype(np.float32)
    paired = PairedScores(moved, points, np.arange(1000, dtype=np.int32), held_out=True)

    def told(**asked):
        settings = ExitSettings(**asked)
        return describe_exits(find_exits(paired, settings), settings)

    usual, high = told(), told(keep_at=4.5)
    assert "It drops at most 2 % of the documents that effort full keeps." in usual
    assert "effort full would drop at most 5 %." in usual
    assert "usual bounds" not in usual
    assert "It drops at most 3.7 % of the documents that effort full keeps." in high
    assert "The usual bounds are 2 % and 5 %." in high
    assert high.endswith("the scorer was tuned on 100.")
    assert "usual bounds" not in told(keep_at=4.5, max_lost=0.1, max_false=0.1)
    assert "at most 1 % of all documents differently from effort full." in told(max_disagreement=0.01)


def test_small_runs_are_audited_less():
    exits = SimpleNamespace(dropped=0.8, kept=0.1, documents=1000)
    assert audit_shares(exits, 10_000, None) == (pytest.approx(100 / 8000), pytest.approx(100 / 1000))
    assert audit_shares(exits, 10**9, None)[0] == pytest.approx(500 / 8e8)
    assert audit_shares(exits, 100, 1000) == (1.0, 1.0)
    # A dump may keep far more than the pool did: of those kept a tenth is looked at, at most.
    assert audit_shares(SimpleNamespace(dropped=0.8, kept=0.01, documents=1000), 10_000, None)[1] == 0.1
    assert audit_shares(exits, 0, None) == (0.0, 0.0)


def test_agreement_weighs_both_sides_by_what_left_there():
    audit = {
        "embedded": 100, "embedded_kept": 40, "audited_dropped": 500, "audited_lost": 5, "audited_kept": 100,
        "audited_false": 10,
    }  # fmt: skip
    manifest = {"kept": 240, "dropped": 860, "audit": audit, "settings": {"max_false": 0.05}}
    found = agreement_of(manifest)
    lost, false = 800 * 5 / 500, 200 * 10 / 100
    assert found.disagreement.found == pytest.approx((lost + false) / 1100)
    assert found.false_keeps.found == pytest.approx(false / 240)
    assert found.lost_keepers.found == pytest.approx(lost / (240 - false + lost))
    lost, false = 800 * rate_bound(5, 500, 0.975), 200 * rate_bound(10, 100, 0.975)
    assert found.disagreement.high == pytest.approx((lost + false) / 1100)
    assert found.false_keeps.high == pytest.approx(false / 240)
    assert found.lost_keepers.high == pytest.approx(lost / (240 - false + lost))
    assert found.is_untold
    assert found.is_broken == (found.false_keeps.low > 0.05)
    assert agreement_of({"audit": dict.fromkeys(audit, 0)}) is None


def test_of_a_side_at_which_nobody_looked_none_or_all_may_be_wrong():
    unseen, empty = Side(rows=200, seen=0, wrong=0), Side(rows=0, seen=0, wrong=0)
    assert (unseen.low, unseen.otherwise, unseen.high) == (0, 0, 200)
    assert (empty.low, empty.otherwise, empty.high) == (0, 0, 0)


def test_evaluate_judges_a_cascade_nested(cascade, labels, hasty):
    fast, balanced, full = (
        evaluate_scorer(str(cascade.out), str(labels), effort=effort, placement=CPU)
        for effort in ("fast", "balanced", "full")
    )
    assert balanced.nested
    assert balanced.effort == "balanced"
    worst, best = sorted([fast.metrics["rho"].value, full.metrics["rho"].value])
    assert worst - 0.05 < balanced.metrics["rho"].value < best + 0.05


@pytest.mark.parametrize("effort", ["fast", "balanced", "full"])
def test_what_judges_rewrites_gives_a_document_that_stays_as_it_is_its_own_points(
    cascade, labels, hasty, effort
):
    judged = points_of_labels(str(cascade.out), str(labels), effort=effort, placement=CPU)
    assert judged.nested
    places = np.arange(0, len(judged.points), 7)
    texts = [str(judged.labels.texts[int(judged.rows[place])]) for place in places]
    again = judged.score([*texts, ""], np.append(places, 0))
    np.testing.assert_allclose(again[:-1], judged.points[places], atol=1e-6)
    assert np.isnan(again[-1])


def test_a_pool_of_the_labelled_sites_is_scored_by_stages_that_did_not_see_them(
    labels, tiny_model, hasty, tmp_path
):
    sites = pq.read_table(labels)["group"].to_pylist()
    texts, groups = make_texts(1000, seed=5), [sites[row % 60] for row in range(1000)]
    pq.write_table(pa.table({"content": texts, "group": groups}), tmp_path / "pool.parquet")
    config = {
        "labels": labels, "signals": "linear", "embedder": tiny_model, "head": "joint", "max_tokens": 32,
        "device": "cpu", "domain": "toys",
    }  # fmt: skip
    result = train_scorer(
        TrainConfig(**config, out=tmp_path / "out", pool=tmp_path / "pool.parquet"), reporter=QUIET
    )
    paired = load_scorer(str(tmp_path / "out"), effort="full", placement=CPU).paired
    assert not paired.held_out
    assert 850 < len(paired) < 1000  # without near-duplicates of labels, and of each other
    own = result.scorer.signals.score(texts).value
    assert not np.isin(paired.fast, own).all()
    shares = np.arange(1, 20) / 20
    assert np.corrcoef(np.quantile(own, shares), np.quantile(paired.fast, shares))[0, 1] > 0.95
    few, data = [text.encode() for text in texts[:100]], fit_data_of(read_labels(str(labels)), "toys")
    with pytest.raises(LabelsError, match="at least 736 documents"):
        pair(result.scorer, few, groups[:100], data, recipe="linear", head="joint")
