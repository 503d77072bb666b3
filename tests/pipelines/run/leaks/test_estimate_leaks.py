"""Proves that a dry run of decontaminate searches a sample, tells what it holds, and writes nothing."""

import json

import pytest

from filtering.errors import SettingsError
from pipelines import decontaminate_dump, estimate_decontamination
from tests.kit.dumps.leaking import LEAKY, ROWS, config_of, make_task, write_source
from tests.kit.runs.outcomes import QUIET


def test_a_dry_run_tells_of_a_sample_what_the_run_finds_and_writes_nothing(command, tmp_path):
    source, benchmark = write_source(tmp_path / "dump"), tmp_path / "Made.jsonl"
    benchmark.write_text(json.dumps(make_task("Made/0")))
    config = config_of(source, benchmark, tmp_path / "out")
    before = sorted(tmp_path.rglob("*"))
    estimate = estimate_decontamination(config, reporter=QUIET)
    told = command("decontaminate", source, "--against", benchmark, "--out", tmp_path / "out", "--dry-run")
    assert sorted(tmp_path.rglob("*")) == before
    share, low, high = estimate.share
    assert (estimate.sampled_rows, estimate.leaked, estimate.rows_left) == (ROWS, len(LEAKY), ROWS)
    assert low < share == len(LEAKY) / ROWS < high
    assert told.code == 0
    assert f"would remove about {len(LEAKY)} of {ROWS} documents" in told.out
    assert decontaminate_dump(config, reporter=QUIET).kept == ROWS - len(LEAKY)
    assert estimate_decontamination(config, reporter=QUIET).rows_left == 0


def test_a_dry_run_refuses_what_the_run_refuses(tmp_path):
    source = write_source(tmp_path / "dump")
    itself = config_of(source, next(source.rglob("*.parquet")), tmp_path / "out")
    for verb in (estimate_decontamination, decontaminate_dump):
        with pytest.raises(SettingsError, match="which is both"):
            verb(itself, reporter=QUIET)


def test_a_second_benchmark_without_its_option_is_no_part_of_the_dump(tmp_path):
    config = config_of(write_source(tmp_path / "dump"), tmp_path / "Made.jsonl", tmp_path / "out")
    config = config.model_copy(update={"inputs": (*config.inputs, "more tasks.jsonl.gz")})
    (tmp_path / "Made.jsonl").write_text(json.dumps(make_task("Made/0")))
    for verb in (estimate_decontamination, decontaminate_dump):
        with pytest.raises(SettingsError, match=r"--against 'more tasks.jsonl.gz'"):
            verb(config, reporter=QUIET)
    assert not (tmp_path / "out").exists()
