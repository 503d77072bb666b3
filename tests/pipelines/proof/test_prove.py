"""Proofs from end to end: real runs, real models of a few thousand parameters, kills, and wrong settings."""

import json
import shutil
import signal
import subprocess
import time
from dataclasses import replace
from types import SimpleNamespace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from filtering.errors import Interrupted, OutputError, SettingsError
from pipelines import FilterConfig, ProveConfig, filter_dump, prove_run
from pipelines.commands.printing import proof as print_proof
from pipelines.locks import is_locked
from pipelines.proof import prove as prove_module
from pipelines.proof import training as training_module
from pipelines.proof.findings import findings
from pipelines.proof.proof_folder import ProofFolder
from pipelines.proof.prove import estimate_proof
from tests.kit.dumps.small import CUT, SELLING, TEACHING, make_texts
from tests.kit.runs.outcomes import QUIET, Recorder


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return a folder with a run over 700 documents, and files to measure on."""
    folder = tmp_path_factory.mktemp("prove")
    (folder / "dump").mkdir()
    pq.write_table(pa.table({"text": make_texts(700, seed=11)}), folder / "dump" / "a.parquet")
    config = FilterConfig(
        inputs=[folder / "dump"], out=folder / "out", scorer="web", effort="fast", keep_at=CUT, workers=1
    )
    filter_dump(config, reporter=QUIET)
    for name, texts in (("lessons", TEACHING), ("adverts", SELLING)):
        lines = [
            json.dumps({"prompt": one[:40], "completion": f" {other[:40]}"})
            for one in texts
            for other in texts
        ]
        (folder / f"{name}.jsonl").write_text("\n".join(lines))  # runs of words too short for a leak
    return folder


def settings(folder, out, **more) -> ProveConfig:
    named = {
        "run": folder / "out",
        "out": out,
        "evaluations": [folder / "lessons.jsonl", folder / "adverts.jsonl"],
        "size": "toy",
        "seeds": 1,
        "arm_bytes": 20_000,
        "passes": 3,
        "device": "cpu",
        **more,
    }
    return ProveConfig(**named)


@pytest.fixture(scope="module")
def proof(folder):
    """Return a proof with an arm that equals random, and one that repeats a few documents."""
    config = settings(folder, folder / "proof", arms=["again=score>=0", "few=top 0.3%*200"])
    return prove_run(config, reporter=QUIET)


def words_of(proof, arm):
    return {one.evaluation: one.word for one in proof.differences if one.arm == arm}


def test_what_teaches_is_told_better_on_lessons_and_what_sells_on_adverts(proof):
    assert words_of(proof, "kept")["lessons"] == "better"
    assert words_of(proof, "kept")["adverts"] != "better"
    assert words_of(proof, "dropped")["adverts"] == "better"
    toys, kept, *_ = findings(proof)
    assert "tell nothing" in toys
    assert "better on lessons" in kept


def test_two_equal_arms_are_told_equal(proof):
    mine = [one for one in proof.differences if one.arm == "again"]
    assert {one.word for one in mine} == {"cannot be told"}
    assert {one.difference.value for one in mine} == {0.0}


def test_an_arm_of_repeated_text_is_told_worse_on_other_text(proof):
    assert proof.arms["few"].repeats > 5
    words = words_of(proof, "few")
    assert words["held-out random"] == words["held-out dropped"] == "worse"


def test_the_negative_controls_and_all_arms_are_measured(proof):
    assert set(proof.evaluations) >= {
        "lessons",
        "adverts",
        "held-out random",
        "held-out dropped",
        "held-out kept",
    }
    for of_one in proof.values.values():
        assert set(of_one) == {"kept", "random", "dropped", "style", "again", "few"}
    assert set(proof.early["lessons"]) == set(proof.curves) == set(proof.arms)
    assert proof.curves["kept"][-1].bits_per_byte < proof.curves["kept"][0].bits_per_byte
    assert proof.curves["kept"][-1].seen_bytes == pytest.approx(60_000, rel=0.1)
    assert len(proof.written["kept"]) == len(proof.prompts) > 0
    same, sure = proof.agreement
    assert 0 < same <= sure


def test_the_same_command_trains_only_what_is_left(folder, proof, monkeypatch):
    root = folder / "again"
    shutil.copytree(folder / "proof", root)
    place = ProofFolder(root)
    place.measured("dropped-1").unlink()
    trained = []
    train = training_module._train
    monkeypatch.setattr(
        training_module,
        "_train",
        lambda folder, job, *rest: trained.append(job.name) or train(folder, job, *rest),
    )
    config = settings(folder, root, arms=["again=score>=0", "few=top 0.3%*200"])
    recorder = Recorder()
    assert prove_run(config, reporter=recorder) == replace(proof)
    assert trained == ["dropped-1"]
    assert any("7 of 8 models are trained" in line for line in recorder.said)


def test_a_probe_trains_each_model_and_a_new_one_further(folder, proof, tmp_path, monkeypatch):
    root = tmp_path / "probed"
    shutil.copytree(folder / "proof", root)
    for module in (prove_module, training_module):
        monkeypatch.setattr(module, "LEGO_STEPS", 3)
    config = settings(folder, root, arms=["again=score>=0", "few=top 0.3%*200"], probe="lego")
    found = prove_run(config, reporter=QUIET)
    assert set(found.lego) == {*proof.arms, "scratch"}
    assert all(len(looks) == 3 for looks in found.lego.values())
    assert all(
        len(places) == 5 and all(0 <= share <= 1 for share in places) for (*_, places) in found.lego.values()
    )
    assert found.lego["again"] == found.lego["random"] != found.lego["kept"]
    assert found.values == proof.values


def test_a_proof_that_is_killed_goes_on_where_it_was(folder, proof, edufilter):
    out = folder / "killed"
    words = [
        edufilter,
        "prove",
        folder / "out",
        "--out",
        out,
        "--size",
        "toy",
        "--seeds",
        "1",
        "--bytes",
        "20k",
    ]
    words += ["--passes", "3", "--device", "cpu", "--arm", "again=score>=0", "--arm", "few=top 0.3%*200"]
    words += ["--eval", folder / "lessons.jsonl", "--eval", folder / "adverts.jsonl", "--no-samples"]
    process = subprocess.Popen(list(map(str, words)), stderr=subprocess.DEVNULL)
    while process.poll() is None and not list((out / "measured").glob("*.parquet")):
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    while is_locked(out / "lock"):  # by what the supervisor had begun, which ends with it
        time.sleep(0.05)
    done = {path.name: path.stat().st_mtime_ns for path in (out / "measured").glob("*.parquet")}
    assert done
    config = settings(folder, out, arms=["again=score>=0", "few=top 0.3%*200"], samples=False)
    again = prove_run(config, reporter=QUIET)
    assert {name: (out / "measured" / name).stat().st_mtime_ns for name in done} == done
    assert again.values == proof.values
    assert again.prompts == ()


def test_an_interrupted_proof_says_how_far_it_is(folder, proof, tmp_path, monkeypatch):
    root = tmp_path / "stopped"
    shutil.copytree(folder / "proof", root)
    for name in ("few-1", "again-1"):
        ProofFolder(root).measured(name).unlink()
    train = training_module._train

    def interrupt(folder, job, *rest):
        if job.name == "few-1":
            raise KeyboardInterrupt
        train(folder, job, *rest)

    monkeypatch.setattr(training_module, "_train", interrupt)
    config = settings(folder, root, arms=["again=score>=0", "few=top 0.3%*200"])
    with pytest.raises(Interrupted, match="1 of 2 models are done"):
        prove_run(config, reporter=QUIET)
    assert ProofFolder(root).measured("again-1").exists()


def test_other_settings_and_another_folder_are_refused(folder, proof, tmp_path):
    with pytest.raises(OutputError, match="another run, or with other settings"):
        prove_run(settings(folder, folder / "proof", passes=2), reporter=QUIET)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("x")
    with pytest.raises(OutputError, match=r"notes\.txt"):
        prove_run(settings(folder, tmp_path / "mine"), reporter=QUIET)
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["notes.txt"]


def test_another_run_must_be_over_the_same_dump(folder, tmp_path):
    other = tmp_path / "dump"
    other.mkdir()
    pq.write_table(pa.table({"text": make_texts(60, seed=1)}), other / "a.parquet")
    config = FilterConfig(inputs=[other], out=tmp_path / "out", scorer="web", effort="fast", workers=1)
    filter_dump(config, reporter=QUIET)
    with pytest.raises(SettingsError, match="same dump"):
        prove_run(settings(folder, tmp_path / "proof", against=tmp_path / "out"), reporter=QUIET)


def test_too_little_time_and_too_little_text_are_refused_with_what_would_do(folder, tmp_path):
    with pytest.raises(SettingsError, match="--budget must be enough") as refused:
        estimate_proof(settings(folder, tmp_path, arm_bytes=None, passes=None, budget="1s"), reporter=QUIET)
    assert "takes about" in str(refused.value)
    with pytest.raises(SettingsError, match="at least 20,000 bytes"):
        prove_run(settings(folder, tmp_path / "x", arms=["none=score>=4.99"]), reporter=QUIET)


def test_a_toy_leads_to_models_without_what_made_it_a_toy(folder):
    trial = settings(folder, "trial", arm_bytes=10_000, passes=1)
    told = print_proof._next_step(SimpleNamespace(size="toy"), trial)
    assert "--out NEW" in told
    assert not [one for one in ("--bytes", "--seeds", "--passes", "--budget", "toy") if one in told]


def test_an_estimate_writes_nothing(folder, tmp_path):
    said = estimate_proof(settings(folder, tmp_path / "new", arm_bytes=None, budget="10m"), reporter=QUIET)
    assert "6 models" in said
    assert "in all" in said
    assert not (tmp_path / "new").exists()
