"""Proves that a run keeps its promises from and to object stores, on real servers."""

import json
import os
import random
import time

import pyarrow.fs as fs
import pyarrow.parquet as pq
import pytest

from filtering.errors import OutputError
from pipelines import (
    RecutConfig,
    SampleConfig,
    clean_run,
    decontaminate_dump,
    recut_run,
    sample_dump,
    status_of_run,
    verify_run,
    write_report,
)
from pipelines.dump.inputs import find_inputs
from pipelines.object_stores import path_of
from pipelines.run_folder.folder import RunFolder
from tests.kit.dumps.leaking import config_of, make_task, write_source
from tests.kit.dumps.small import BARE, CUT, copy_of_scorer, digests, lasting, make_table
from tests.kit.runs.outcomes import QUIET, assert_each_row_once
from tests.kit.scripted.hub import REPOSITORY, scripted_hub
from tests.kit.stores.runs import LOCAL, fetched, run, use
from tests.kit.stores.servers import moto_store


@pytest.mark.parametrize("source", ["here", "store"])
@pytest.mark.parametrize("target", ["here", "store"])
def test_a_run_from_and_to_a_store_writes_the_bytes_of_a_local_one(
    source, target, store, folder, remote_dump, dump, settings, finished, tmp_path
):
    inputs = [dump if source == "here" else remote_dump]
    out = tmp_path / "out" if target == "here" else f"s3://{folder}/out"
    assert run(settings, inputs, out).rows_scored == 410
    if target == "store":
        assert verify_run(out) == []
        assert status_of_run(out).state == "complete"
        assert run(settings, inputs, out).rows_scored == 0
        out = fetched(store, out, tmp_path / "fetched")
    assert lasting(out) == lasting(finished)
    assert_each_row_once(dump, out)


def test_leaks_are_found_in_a_store_as_they_are_here(store, folder, tmp_path):
    source, here = write_source(tmp_path / "dump"), tmp_path / "here"
    (tmp_path / "Made.jsonl").write_text(json.dumps(make_task("Made/0")))
    decontaminate_dump(config_of(source, tmp_path / "Made.jsonl", here), reporter=QUIET)
    fs.copy_files(
        str(source), f"{folder}/in", source_filesystem=LOCAL, destination_filesystem=store.filesystem()
    )
    out = f"s3://{folder}/out"
    config = config_of(f"s3://{folder}/in", tmp_path / "Made.jsonl", out)
    assert decontaminate_dump(config, reporter=QUIET).manifest["leaked"] == 4
    assert verify_run(out) == []
    assert decontaminate_dump(config, reporter=QUIET).rows_scored == 0
    write_report(out)
    assert lasting(fetched(store, out, tmp_path / "fetched")) == lasting(here)


def test_objects_and_files_of_any_name_come_from_a_store_and_go_to_one(store, folder, settings, tmp_path):
    for number, name in enumerate(("café", "back\\xe9", "a\u202eb", "x.parquet/part-0")):
        with store.filesystem().open_output_stream(f"{folder}/in/{name}.parquet") as file:
            pq.write_table(make_table(10, first_id=10 * number), file)
    source, out = f"s3://{folder}/in", f"s3://{folder}/out"
    shown = [r"a\u202eb.parquet", r"back\\xe9.parquet", "café.parquet", "x.parquet/part-0.parquet"]
    assert [file.relative for file in find_inputs([f"{source}/*.parquet"], "/nowhere/out")] == shown
    (tmp_path / "in").mkdir()
    for name in ("caf\udce9", "two\nlines"):
        with open(tmp_path / "in" / f"{name}.parquet", "wb") as file:
            pq.write_table(make_table(10), file)
    assert run(settings, [source, tmp_path / "in"], out).rows == 60
    assert verify_run(out) == []
    assert run(settings, [source, tmp_path / "in"], out).rows_scored == 0
    names = {name for name, _ in path_of(f"{out}/data").files()}
    assert names == {"a\\u202eb.parquet", "back\\xe9.parquet", "café.parquet", "x.parquet/part-0.parquet",
                     "caf\\xe9.parquet", "two\\nlines.parquet"}  # fmt: skip


def test_patterns_and_files_of_a_store_mean_what_they_mean_here(store, folder, remote_dump, dump):
    def names(*given):
        return [file.relative for file in find_inputs(given, "/nowhere/out")]

    everything = ["deep/part-1.parquet", "part-0.parquet", "part-2.parquet"]
    for hidden in ("_temporary/a.parquet", ".b.parquet", "_SUCCESS", "a.parquet.crc"):
        with store.filesystem().open_output_stream(f"{folder}/in/{hidden}") as stream:
            stream.write(b"no data")
    assert names(remote_dump) == names(f"{remote_dump}/") == everything
    assert names(f"{remote_dump}/part-2.parquet") == ["part-2.parquet"]
    for pattern in ("*.parquet", "*/*.parquet", "**/part-?.parquet", "d[de]ep/*"):
        assert names(f"{remote_dump}/{pattern}") == names(f"{dump}/{pattern}") != []
    for missing in (f"{remote_dump}/none", f"{remote_dump}/*.csv"):
        with pytest.raises(ValueError, match="Check the path"):
            names(missing)
    with pytest.raises(OutputError, match="inside an input"):
        find_inputs([remote_dump], f"{remote_dump}/out")


def test_a_second_run_scores_nothing_and_writes_nothing_to_the_store(proxy, folder, remote_dump, settings):
    out = f"s3://{folder}/out"
    run(settings, [remote_dump], out)
    written = len(proxy.log)
    assert run(settings, [remote_dump], out).rows_scored == 0
    again = proxy.log[written:]
    assert again
    assert {method for method, *_ in again} <= {"GET", "HEAD"}


def test_a_new_and_a_changed_file_are_scored_alone_and_a_bad_one_set_aside_by_name(
    store, folder, remote_dump, settings
):
    out = f"s3://{folder}/out"
    run(settings, [remote_dump], out)
    filesystem = store.filesystem()
    pq.write_table(make_table(50, first_id=1000, seed=9), f"{folder}/in/new.parquet", filesystem=filesystem)
    with filesystem.open_output_stream(f"{folder}/in/bad.parquet") as stream:
        stream.write(b"PAR1 this is no Parquet file at all")
    with pytest.raises(OutputError, match="--update"):
        run(settings, [remote_dump], out)
    result = run(settings, [remote_dump], out, update=True)
    assert (result.rows, result.rows_scored) == (460, 50)
    assert [one.relative for one in result.set_aside] == ["bad.parquet"]
    assert verify_run(out) == []
    pq.write_table(make_table(60, first_id=2000, seed=8), f"{folder}/in/new.parquet", filesystem=filesystem)
    result = run(settings, [remote_dump], out, update=True)
    assert (result.rows, result.rows_scored) == (470, 60)
    assert verify_run(out) == []


def test_a_run_killed_over_and_over_ends_with_the_same_bytes_and_shows_whole_files_alone(
    store, folder, remote_dump, dump, web, settings, finished, tmp_path, begin
):
    out = f"s3://{folder}/out"
    clock = random.Random(0)
    arguments = [
        "filter", *BARE, remote_dump, "--out", out, "-s", web, "--keep-at", CUT, "--rows-per-part", 80,
        "--workers", 2,
    ]  # fmt: skip
    wanted = lasting(finished)
    for number in range(4):
        with begin(*arguments) as process:
            while not path_of(f"{out}/run/plan.json").exists() and process.poll() is None:
                time.sleep(0.01)
            time.sleep(clock.uniform(0, 0.6))
            process.kill()
        assert lasting(fetched(store, out, tmp_path / str(number))).items() <= wanted.items()
    run(settings, [remote_dump], out)
    local = fetched(store, out, tmp_path / "fetched")
    assert lasting(local) == wanted
    assert_each_row_once(dump, local)


def test_another_plan_on_one_output_is_refused_and_one_that_came_between_stops_the_first(
    store, folder, remote_dump, settings
):
    out = f"s3://{folder}/out"
    run(settings, [remote_dump], out)
    with pytest.raises(OutputError, match="'keep_at'"):
        run(settings, [remote_dump], out, keep_at=4.0)
    plan = RunFolder(out).read_plan()
    RunFolder(out).write_json(RunFolder(out).plan, {"digest": "another"})
    with pytest.raises(OutputError, match="Only one run at a time"):
        RunFolder(out).refuse_other_plan(plan)
    with store.filesystem().open_output_stream(f"{folder}/taken/notes.txt") as stream:
        stream.write(b"not ours")
    with pytest.raises(OutputError, match=r"'notes\.txt'"):
        run(settings, [remote_dump], f"s3://{folder}/taken")


def test_two_drivers_of_one_plan_do_no_harm(store, folder, remote_dump, dump, web, finished, tmp_path, begin):
    out = f"s3://{folder}/out"
    arguments = [
        "filter", *BARE, remote_dump, "--out", out, "-s", web, "--keep-at", CUT, "--rows-per-part", 80,
    ]  # fmt: skip
    for done in [process.outcome() for process in [begin(*arguments) for _ in range(2)]]:
        assert done.code == 0, done.err
    assert verify_run(out) == []
    assert lasting(fetched(store, out, tmp_path / "fetched")) == lasting(finished)


@pytest.fixture(scope="module")
def moto():
    """Return another store, where pyarrow can remove an object."""
    with moto_store() as store:
        yield store


def test_a_run_in_a_store_is_recut_reported_sampled_and_mended(
    moto, dump, web, settings, tmp_path, monkeypatch
):
    use(moto, monkeypatch)
    folder, filesystem = f"{moto.bucket}/mended", moto.filesystem()
    remote_dump, out = f"s3://{folder}/in", f"s3://{folder}/out"
    scorer = copy_of_scorer(web, tmp_path / "scorer", domain="mine")
    for source, name in ((str(dump), "in"), (scorer, "scorer")):
        fs.copy_files(source, f"{folder}/{name}", source_filesystem=LOCAL, destination_filesystem=filesystem)
    run(settings, [remote_dump], out, scorer=f"s3://{folder}/scorer")
    assert (
        recut_run(RecutConfig(run=out, to=f"s3://{folder}/cut", keep_fraction=0.1), reporter=QUIET).kept == 41
    )
    assert path_of(str(write_report(out))).exists()
    sampled = sample_dump(
        SampleConfig(inputs=[remote_dump], out=str(tmp_path / "sample.parquet"), n=20), reporter=QUIET
    )
    assert sampled.rows > 0
    lost = f"{folder}/out/data/part-2.parquet"
    filesystem.delete_file(lost)
    assert verify_run(out) == [f"s3://{lost}: gone"]
    assert clean_run(out).forgotten == 1
    assert run(settings, [remote_dump], out, scorer=f"s3://{folder}/scorer").rows_scored == 60
    assert verify_run(out) == []


def test_a_choice_of_a_run_in_a_store_is_that_of_the_same_run_on_disk(
    store, folder, remote_dump, finished, settings, tmp_path
):
    out, cut = f"s3://{folder}/out", f"s3://{folder}/cut"
    run(settings, [remote_dump], out)
    way = {"by": "url:1", "keep_tokens": 9000.0, "temperature": 1.0}
    recut_run(RecutConfig(run=out, to=cut, **way), reporter=QUIET)
    recut_run(RecutConfig(run=finished, to=tmp_path / "cut", **way), reporter=QUIET)
    assert verify_run(cut) == []
    assert digests(fetched(store, cut, tmp_path / "fetched") / "data") == digests(tmp_path / "cut" / "data")


def test_another_store_holds_a_run_by_the_command_too(moto, dump, web, finished, tmp_path, warm_process):
    out = f"s3://{moto.bucket}/out"
    done = warm_process(
        "filter", *BARE, dump, "--out", out, "-s", web, "--keep-at", CUT, "--rows-per-part", 80,
        env=os.environ | moto.environment,
    )  # fmt: skip
    assert done.code == 0, done.err
    assert lasting(fetched(moto, out, tmp_path / "fetched")) == lasting(finished)


def test_pages_of_the_hub_are_read_and_nothing_is_written_there(dump, web, finished, tmp_path, warm_process):
    with scripted_hub(dump) as environment:
        done = [
            warm_process(
                "filter", *BARE, f"hf://datasets/{REPOSITORY}", "--out", out, "-s", web, "--keep-at", CUT,
                "--rows-per-part", 80, env=os.environ | environment,
            )
            for out in (tmp_path / "out", f"hf://datasets/{REPOSITORY}/out")
        ]  # fmt: skip
    assert done[0].code == 0, done[0].err
    assert lasting(tmp_path / "out") == lasting(finished)
    assert done[1].code == 2
    assert "for reading alone" in done[1].err
