"""Proves that a new cut equals a fresh run at that cut, and that a share to keep is kept exactly."""

import json
import shlex
import shutil

import pyarrow as pa
import pyarrow.dataset
import pyarrow.parquet as pq
import pytest

from filtering.errors import OutputError, SettingsError
from filtering.text.windows import REACH
from pipelines import FilterConfig, RecutConfig, filter_dump, recut_run, verify_run
from pipelines.amount_formats import points_from
from pipelines.run_folder.folder import RunFolder
from tests.kit.dumps.small import BARE, CUT, digests, lasting
from tests.kit.runs.outcomes import QUIET


def rows_of(out):
    return pyarrow.dataset.dataset(out / "data").to_table().sort_by("id").to_pylist()


def data_of(out):
    return digests(out / "data")


@pytest.mark.parametrize("keep_at", [0.0, 0.7, 2.0, 5.0])
@pytest.mark.parametrize("write", ["kept", "all"])
def test_a_new_cut_writes_the_bytes_of_a_fresh_run_at_that_cut(finished, settings, tmp_path, keep_at, write):
    fresh, cut = tmp_path / "fresh", tmp_path / "cut"
    changes = {"keep_at": keep_at, "write": write}
    expected = filter_dump(FilterConfig(**settings | changes, out=fresh), reporter=QUIET)
    result = recut_run(RecutConfig(run=finished, to=cut, workers=2, **changes), reporter=QUIET)
    assert data_of(cut) == data_of(fresh)
    assert (result.rows, result.kept) == (expected.rows, expected.kept)
    assert verify_run(str(cut)) == []


def test_a_run_that_wrote_scores_alone_can_be_cut(settings, finished, tmp_path):
    scored, cut = tmp_path / "scored", tmp_path / "cut"
    filter_dump(FilterConfig(**settings | {"write": "scores"}, out=scored), reporter=QUIET)
    recut_run(RecutConfig(run=scored, to=cut, keep_at=CUT), reporter=QUIET)
    assert data_of(cut) == data_of(finished)


@pytest.mark.parametrize("fraction", [0.004, 0.1, 0.25, 0.5, 0.999, 1.0])
def test_a_fraction_keeps_exactly_that_share_and_the_highest_scores(finished, settings, tmp_path, fraction):
    cut, whole = tmp_path / "cut", tmp_path / "whole"
    result = recut_run(RecutConfig(run=finished, to=cut, keep_fraction=fraction), reporter=QUIET)
    kept = [row["edu_score"] for row in rows_of(cut)]
    assert len(kept) == result.kept == round(fraction * 410)
    filter_dump(FilterConfig(**settings | {"keep_at": 0.0}, out=whole), reporter=QUIET)
    scores = sorted((row["edu_score"] for row in rows_of(whole)), reverse=True)
    assert sorted(kept, reverse=True) == scores[: len(kept)]


def test_a_fraction_cuts_through_ties_in_the_order_of_the_plan(web, tmp_path):
    source = tmp_path / "in"
    source.mkdir()
    for number in range(3):
        table = pa.table(
            {"id": range(100 * number, 100 * number + 100), "text": ["The very same text."] * 100}
        )
        pq.write_table(table, source / f"{number}.parquet", row_group_size=25)
    config = FilterConfig(
        effort="fast", inputs=[str(source)], out=tmp_path / "out", scorer=web, rows_per_part=50
    )
    filter_dump(config, reporter=QUIET)
    for workers in (1, 3):
        cut = tmp_path / f"cut{workers}"
        recut_run(RecutConfig(run=config.out, to=cut, keep_fraction=0.4, workers=workers), reporter=QUIET)
        assert [row["id"] for row in rows_of(cut)] == list(range(120))


def test_a_fraction_never_keeps_rows_without_a_score(web, tmp_path):
    pq.write_table(
        pa.table({"id": range(10), "text": [None, ""] * 4 + ["One.", "Two."]}), tmp_path / "a.parquet"
    )
    config = FilterConfig(
        effort="fast", inputs=[str(tmp_path / "a.parquet")], out=tmp_path / "out", scorer=web
    )
    filter_dump(config, reporter=QUIET)
    recut_run(RecutConfig(run=config.out, to=tmp_path / "cut", keep_fraction=0.9), reporter=QUIET)
    assert [row["id"] for row in rows_of(tmp_path / "cut")] == [8, 9]


def test_what_signals_do_not_read_counts_where_they_read_and_a_document_has_a_score(web, tmp_path, command):
    beyond, taken = 40_000, "Atoms bind. " * 12_000
    texts = [taken[: REACH.whole + beyond].encode(), b"One.", None, b" " * 200_000, b"\xff" * 200_000]
    path, out = tmp_path / "a.parquet", tmp_path / "out"
    pq.write_table(pa.table({"text": pa.array(texts, pa.binary()), "id": range(5)}), path)
    read = command("filter", path, "--scorer", web, *BARE, "--out", out)
    assert read.code == 0, read.said
    cut = command("recut", out, "--keep-at", "1", "--to", tmp_path / "cut", "--no-report")
    manifests = [json.loads((at / "run" / "manifest.json").read_text()) for at in (out, tmp_path / "cut")]
    assert [one["unread_bytes"] for one in manifests] == [beyond, 0]
    assert cut.code == 0


@pytest.fixture
def own(dump, settings, tmp_path):
    """Return a copy of the dump, and a finished run over it."""
    source, out = tmp_path / "in", tmp_path / "out"
    shutil.copytree(dump, source)
    filter_dump(FilterConfig(**settings | {"inputs": [str(source)]}, out=out), reporter=QUIET)
    return source, out


def test_a_changed_input_is_refused(own, command, tmp_path):
    source, out = own
    pq.write_table(pq.read_table(source / "part-2.parquet").slice(1), source / "part-2.parquet")
    outcome = command("recut", out, "--to", tmp_path / "cut", "--keep-at", 2)
    assert outcome.code == 2
    assert "part-2.parquet has changed" in outcome.err
    assert not (tmp_path / "cut").exists()


@pytest.mark.parametrize("damage", ["gone", "broken"])
def test_an_input_that_is_gone_or_broken_is_refused(own, command, tmp_path, damage):
    source, out = own
    path = source / "part-2.parquet"
    path.unlink() if damage == "gone" else path.write_bytes(b"")
    outcome = command("recut", out, "--to", tmp_path / "cut", "--keep-at", 2)
    assert outcome.code == 2
    assert str(path) in outcome.err
    assert not (tmp_path / "cut").exists()


def test_a_dump_that_moved_can_be_cut_once_the_run_has_seen_its_new_place(own, settings, tmp_path):
    source, out = own
    moved = source.rename(tmp_path / "moved")
    with pytest.raises(SettingsError, match="must be readable"):
        recut_run(RecutConfig(run=out, to=tmp_path / "cut", keep_at=2.0), reporter=QUIET)
    result = filter_dump(FilterConfig(**settings | {"inputs": [str(moved)]}, out=out), reporter=QUIET)
    assert result.rows_scored == 0
    assert recut_run(RecutConfig(run=out, to=tmp_path / "cut", keep_at=0.0), reporter=QUIET).kept == 410


def test_a_new_cut_of_a_new_cut_is_one_of_the_run_with_the_scores(finished, tmp_path):
    cut = tmp_path / "cut"
    recut_run(RecutConfig(run=finished, to=cut, keep_at=1.0), reporter=QUIET)
    for run, to in ((finished, tmp_path / "one"), (cut, tmp_path / "other")):
        recut_run(RecutConfig(run=run, to=to, keep_at=0.5), reporter=QUIET)
    assert lasting(tmp_path / "one") == lasting(tmp_path / "other")
    assert RunFolder(str(tmp_path / "other")).read_plan().origin == str(finished)


def test_a_used_folder_of_a_new_cut_is_refused_with_a_command_that_works(settings, command, own, tmp_path):
    _, run = own
    cut = tmp_path / "cut"
    recut_run(RecutConfig(run=run, to=cut, keep_at=1.0), reporter=QUIET)
    for option, value in (("--keep-at", "2"), ("--keep-fraction", "0.5")):
        refused = command("recut", run, option, value, "--to", cut)
        assert refused.code == 2
        [offered] = [line for line in refused.err.splitlines() if "edufilter recut" in line]
        program, *words = shlex.split(offered)
        assert (program, words) == (
            "edufilter", ["recut", str(run), option, value, "--to", f"{run}-{value}"],
        )  # fmt: skip
        assert command(*words, "--no-report").code == 0
    with pytest.raises(OutputError, match=r"holds a new cut of .*/out'"):
        filter_dump(FilterConfig(**settings | {"inputs": [str(own[0])]}, out=cut), reporter=QUIET)


def test_a_share_says_which_cut_it_found(finished, command, tmp_path):
    done = command("recut", finished, "--keep-fraction", 0.2, "--to", tmp_path / "cut", "--no-report")
    lowest = min(row["edu_score"] for row in rows_of(tmp_path / "cut"))
    assert f"kept 82 of 410 documents (20.0 %), down to {points_from(lowest)} points" in done.out


def test_a_share_in_percent_is_refused_with_what_a_share_is(finished, command, tmp_path):
    refused = command("recut", finished, "--keep-fraction", 20, "--to", tmp_path / "cut")
    assert refused.code == 2
    assert "Got 20 instead. Did you mean 0.2?" in refused.err


def test_scores_that_are_gone_are_named_with_the_way_to_mend_it(own, command, tmp_path):
    _, out = own
    next((out / "run" / "scores").rglob("*.parquet")).unlink()
    outcome = command("recut", out, "--keep-fraction", 0.5, "--to", tmp_path / "cut")
    assert outcome.code == 2
    assert f"edufilter clean {out} --damaged" in outcome.err


def test_an_unfinished_run_and_no_run_are_refused(own, tmp_path):
    _, out = own
    (out / "run" / "manifest.json").unlink()
    for folder, wanted in ((out, "must hold a finished run"), (tmp_path / "none", "must hold a run")):
        with pytest.raises(OutputError, match=wanted):
            recut_run(RecutConfig(run=folder, to=tmp_path / "cut", keep_at=2.0), reporter=QUIET)


def test_the_run_itself_is_refused_as_target(finished, tmp_path):
    link = tmp_path / "link"
    link.symlink_to(finished)
    for target in (finished, link):
        with pytest.raises(OutputError, match="must go to another folder"):
            recut_run(RecutConfig(run=finished, to=target, keep_at=2.0), reporter=QUIET)


def test_another_cut_on_a_started_target_is_refused_naming_it(finished, tmp_path):
    recut_run(RecutConfig(run=finished, to=tmp_path / "cut", keep_at=2.0), reporter=QUIET)
    with pytest.raises(OutputError, match="'keep_at'"):
        recut_run(RecutConfig(run=finished, to=tmp_path / "cut", keep_at=2.5), reporter=QUIET)
    again = recut_run(RecutConfig(run=finished, to=tmp_path / "cut", keep_at=2.0), reporter=QUIET)
    assert again.rows_scored == 0


def test_two_kinds_of_cut_are_refused(command, finished, tmp_path):
    outcome = command("recut", finished, "--to", tmp_path / "cut", "--keep-at", 2, "--keep-fraction", 0.1)
    assert outcome.code == 2
    assert "Got --keep-at 2 and --keep-fraction 0.1" in outcome.err


def test_what_was_set_aside_stays_set_aside_in_the_cut(dump, settings, tmp_path, command):
    source, out = tmp_path / "in", tmp_path / "out"
    shutil.copytree(dump, source)
    path = source / "part-2.parquet"
    content = path.read_bytes()
    path.write_bytes(b"")
    filter_dump(FilterConfig(**settings | {"inputs": [str(source)]}, out=out), reporter=QUIET)
    outcome = command("recut", out, "--to", tmp_path / "cut", "--keep-at", 0)
    assert outcome.code == 3
    assert "could not be read: part-2.parquet" in outcome.out
    path.write_bytes(content)
    assert len(rows_of(tmp_path / "cut")) == 350
