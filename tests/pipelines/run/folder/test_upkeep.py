"""Proves that status, verify and clean see what is there, and that clean removes half-written files only."""

import json
import shlex
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pipelines.amount_formats import counted
from pipelines.run_folder.folder import RunFolder
from tests.kit.dumps.small import BARE, CUT, digests, lasting, write_dump


@pytest.fixture
def run_copy(finished, tmp_path):
    """Return a copy of a finished run, to be damaged."""
    return Path(shutil.copytree(finished, tmp_path / "out"))


@pytest.fixture
def killed_run(warm_process, dump, web, tmp_path):
    """Return a run that was killed while it wrote its third part."""
    out = tmp_path / "killed"
    arguments = [
        "filter",
        *BARE,
        dump,
        "-s",
        web,
        "--keep-at",
        CUT,
        "--rows-per-part",
        80,
        "--workers",
        1,
        "--out",
        out,
    ]
    warm_process("after close", 6, *arguments, program="faults.faulty_run")
    # Data and scores of the part, and perhaps the receipt of the part before, which the driver was writing.
    assert len(digests(out / "run" / "tmp")) in (2, 3)
    return out


def test_status_of_a_finished_run(command, finished):
    outcome = command("status", finished, "--json")
    assert outcome.code == 0
    assert json.loads(outcome.out) == {
        "state": "complete", "parts": 6, "parts_done": 6, "rows": 410, "rows_done": 410, "set_aside": 0,
        "set_aside_names": [], "next_step": "", "lacks_page": False,
    }  # fmt: skip
    assert command("status", finished).out == "complete: 6 of 6 parts, 410 of 410 documents, 0 set aside\n"


def test_status_of_a_killed_run_and_of_one_at_work(command, killed_run):
    status = json.loads(command("status", killed_run, "--json").out)
    folder = RunFolder(str(killed_run))
    assert status["state"] == "unfinished"
    assert 0 < status["parts_done"] == folder.are_done(folder.read_plan().parts).sum() < 6
    assert 0 < status["rows_done"] < 410
    with folder.lock():
        assert command("status", killed_run).out.startswith("running")
        assert "It is at work now: wait until it ends." in command("verify", killed_run).err


def test_a_run_that_was_killed_before_its_page_lacks_it_and_the_same_command_draws_it(command, web, tmp_path):
    source, out = write_dump(tmp_path / "in", rows=(20,)), tmp_path / "out"
    words = ("filter", source, "-s", web, "--out", out, "--no-samples")
    assert command(*words).code == 0
    (out / "run" / "report.html").unlink()
    told = command("status", out).out
    assert told.startswith("complete, but for its page: 1 of 1 parts")
    assert told.endswith(f"To draw it:\n  edufilter report {out} --no-samples\n")
    again = command(*words).err
    assert "is complete.\n" in again
    assert "Making the report, which is not there yet ..." in again
    assert command("status", out).out == "complete: 1 of 1 parts, 20 of 20 documents, 0 set aside\n"
    assert "There is nothing to do" in command(*words).err


def test_status_counts_files_and_parts_that_were_set_aside(command, dump, web, tmp_path):
    source, out = tmp_path / "in", tmp_path / "out"
    shutil.copytree(dump, source)
    (source / "part-2.parquet").write_bytes(b"")
    path = source / "part-0.parquet"
    start = pq.read_metadata(path).row_group(0).column(2).data_page_offset
    content = path.read_bytes()
    path.write_bytes(content[:start] + b"\xff" * 64 + content[start + 64 :])
    command("filter", *BARE, source, "-o", out, "-s", web, "--rows-per-part", 80)
    status = json.loads(command("status", out, "--json").out)
    assert (status["state"], status["set_aside"], status["parts_done"]) == ("complete", 2, 4)
    assert command("verify", out).code == 0


@pytest.mark.parametrize("verb", [["status"], ["verify"], ["clean", "--damaged"]], ids=" ".join)
def test_a_folder_without_a_run_is_refused(command, tmp_path, verb):
    outcome = command(*verb, tmp_path)
    assert outcome.code == 2
    assert "must hold a run" in outcome.err
    assert list(tmp_path.iterdir()) == []


def test_of_a_run_that_ended_before_its_plan_it_is_said_that_nothing_has_begun(command, tmp_path):
    (tmp_path / "run" / "tmp").mkdir(parents=True)
    (tmp_path / "run" / "lock").touch()
    for folder in (tmp_path, tmp_path / "gone"):
        assert "Nothing has begun there yet." in command("status", folder).err
    (tmp_path / "notes.txt").touch()
    assert "Found no run/plan.json" in command("status", tmp_path).err


def test_where_nothing_can_be_written_it_is_not_said_that_a_run_goes_on(command, dump, web):
    refused = command("filter", dump, "-s", web, "--effort", "fast", "--out", "/proc/foo")
    assert refused.code == 1
    assert "Nothing has begun there yet" in refused.err
    assert "goes on" not in refused.err


def test_verify_of_a_whole_run_finds_nothing(command, finished):
    outcome = command("verify", finished)
    assert (outcome.code, outcome.out) == (0, "all files are as they were written\n")


def flip(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def truncate(path):
    path.write_bytes(path.read_bytes()[:-1])


DATA = "data/deep/part-1.part-00001-of-00002.parquet"
SCORES = "run/scores/part-2.parquet"


@pytest.mark.parametrize("name", [DATA, SCORES])
@pytest.mark.parametrize("damage", [flip, truncate, Path.unlink], ids=["flipped bit", "truncated", "gone"])
def test_verify_names_a_file_that_is_damaged_or_gone(command, run_copy, name, damage):
    damage(run_copy / name)
    outcome = command("verify", run_copy)
    assert outcome.code == 1
    assert str(run_copy / name) in outcome.out
    assert "Problems: 1." in outcome.out


@pytest.mark.parametrize("name", ["data/stranger.parquet", "run/scores/deep/notes.txt"])
def test_verify_names_a_stranger(command, run_copy, name):
    (run_copy / name).write_text("not ours")
    outcome = command("verify", run_copy)
    assert outcome.code == 1
    assert f"{run_copy / name}: not a file of this run" in outcome.out
    assert "move it to another folder" in outcome.out
    assert "--damaged" not in outcome.out  # which would leave it there


def test_verify_finds_a_missing_receipt_and_totals_that_differ(command, run_copy):
    next((run_copy / "run" / "receipts").rglob("*.parquet")).unlink()
    manifest = run_copy / "run" / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"rows": 410', '"rows": 411'))
    outcome = command("verify", run_copy)
    assert outcome.code == 1
    assert "receipts do not add up" in outcome.out
    assert "rows: 410 in manifest.parquet, 411 in manifest.json" in outcome.out


def test_verify_of_an_unfinished_run_is_refused(command, killed_run):
    outcome = command("verify", killed_run)
    assert outcome.code == 2
    assert "must hold a finished run" in outcome.err
    assert "To finish it:\n  edufilter filter " in outcome.err
    told = command("status", killed_run).out
    assert "To finish it:\n  edufilter filter " in told
    assert told.endswith("--no-report\n")  # what it was begun with and decides no row: no page, no documents


def test_clean_removes_half_written_files_and_nothing_else(command, killed_run):
    before = digests(killed_run)
    left = len(digests(killed_run / "run" / "tmp"))
    outcome = command("clean", killed_run, "--damaged")
    assert outcome.code == 0
    assert outcome.out.startswith(f"{counted(left, 'half-written file')} removed\n0 parts forgotten")
    after = digests(killed_run)
    assert after == {name: digest for name, digest in before.items() if not name.startswith("run/tmp/")}
    assert command("clean", killed_run, "--damaged").out.startswith("0 half-written files removed\n")


def test_clean_alone_is_wrong_usage_and_says_what_to_do(command, killed_run):
    before = digests(killed_run)
    outcome = command("clean", killed_run)
    assert outcome.code == 2
    assert f"edufilter clean {killed_run} --damaged" in outcome.err
    assert "removed by the next run" in outcome.err
    assert digests(killed_run) == before


@pytest.mark.parametrize("where", ["data", "run/scores"])
def test_a_damaged_file_is_mended_by_clean_and_the_same_command(
    command, finished, run_copy, dump, web, where
):
    first, second = sorted((run_copy / where).rglob("*.parquet"))[:2]
    first.unlink()
    second.write_bytes(second.read_bytes()[:-1] + b"x")
    found = command("verify", run_copy)
    assert found.code == 1
    assert f"edufilter clean {run_copy} --damaged" in found.out
    cleaned = command("clean", run_copy, "--damaged")
    assert "2 parts forgotten" in cleaned.out
    arguments = ["-s", web, "--keep-at", CUT, "--rows-per-part", 80, "--workers", 1, "--out", run_copy]
    assert command("filter", *BARE, dump, *arguments).code == 0
    assert command("verify", run_copy).code == 0
    assert lasting(run_copy) == lasting(finished)


def test_clean_of_damaged_parts_leaves_a_whole_run_as_it_is(command, run_copy):
    before = digests(run_copy)
    assert "0 parts forgotten" in command("clean", run_copy, "--damaged").out
    assert digests(run_copy) == before


def test_clean_is_refused_while_a_run_is_at_work(command, killed_run):
    before = digests(killed_run)
    with RunFolder(str(killed_run)).lock():
        outcome = command("clean", killed_run, "--damaged")
    assert outcome.code == 2
    assert "Only one run at a time" in outcome.err
    assert digests(killed_run) == before


def test_looking_after_a_run_changes_no_file(command, run_copy):
    before = lasting(run_copy), digests(run_copy)
    for verb in (["status"], ["verify"], ["clean", "--damaged"]):
        assert command(*verb, run_copy).code == 0
    assert (lasting(run_copy), digests(run_copy)) == before


def test_a_copy_of_a_run_is_finished_and_mended_where_it_lies(command, run_copy):
    lost = next((run_copy / "data").rglob("*.parquet"))
    name = lost.relative_to(run_copy / "data")
    words = shlex.split(RunFolder(str(run_copy)).read_plan().how_to_finish.splitlines()[-1])
    assert words[words.index("--out") + 1] == str(run_copy)
    words += ["--rows-per-part", 80]  # no option: a run of Python alone has them
    lost.unlink()
    told = command(*words[1:]).err
    assert f"Warning: of its output '{name}' is gone" in told
    assert "There is nothing to do" not in told
    assert command("clean", run_copy, "--damaged").code == 0
    assert command(*words[1:]).code == 0
    assert lost.exists()
