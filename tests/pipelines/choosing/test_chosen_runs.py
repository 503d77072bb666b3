"""Proves that chosen runs go on after a kill, are looked after and explained, and are the same under Ray."""

import json
import shutil

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from filtering.errors import OutputError, SettingsError
from pipelines import (
    ExplainConfig,
    FilterConfig,
    LocalExecutor,
    RayExecutor,
    RecutConfig,
    clean_run,
    explain_row,
    filter_dump,
    recut_run,
    verify_run,
)
from pipelines.proof.tokens import learn_tokens
from pipelines.run_folder.decisions import RunDecisions
from pipelines.run_folder.folder import RunFolder
from tests.kit.dumps.choices import best_first, ids, written
from tests.kit.dumps.small import lasting
from tests.kit.runs.outcomes import QUIET, Recorder

WAYS = {
    "draw": {"keep_fraction": 0.4, "temperature": 1.0},
    "slices": {"by": "host", "keep_tokens": 4000.0, "at_most": 0.6},
    "curve": {"curve": True, "keep_tokens": 12000.0, "by": "language"},
    "repeats": {"repeat": "score>=1:2.5, score>=0.5:0.5", "expand": True},
}


class Ending(LocalExecutor):
    """Ends as a process that is killed: after so many parts nothing is written any more."""

    def __init__(self, after):
        super().__init__(1)
        self.after = after

    def run(self, settings, parts, tick):
        for number, receipt in enumerate(super().run(settings, parts, tick)):
            if number == self.after:
                raise SystemError("killed")
            yield receipt


@pytest.mark.parametrize("way", WAYS)
def test_a_run_that_is_killed_goes_on_to_the_same_bytes(mixed, tmp_path, way):
    config = {"run": mixed[1], **WAYS[way]}
    recut_run(RecutConfig(to=tmp_path / "whole", **config), reporter=QUIET)
    with pytest.raises(SystemError):
        recut_run(RecutConfig(to=tmp_path / "cut", **config), executor=Ending(3), reporter=QUIET)
    assert not (tmp_path / "cut" / "run" / "manifest.json").exists()
    heard = Recorder()
    result = recut_run(RecutConfig(to=tmp_path / "cut", **config), reporter=heard)
    assert not any("Choosing" in line for line in heard.said)
    assert 0 < result.rows_scored < result.rows
    assert lasting(tmp_path / "cut") == lasting(tmp_path / "whole")
    again = recut_run(RecutConfig(to=tmp_path / "cut", **config), reporter=QUIET)
    assert again.rows_scored == 0


def test_a_choice_that_was_half_written_is_made_again(mixed, tmp_path):
    config = {"run": mixed[1], **WAYS["slices"]}
    recut_run(RecutConfig(to=tmp_path / "whole", **config), reporter=QUIET)
    with pytest.raises(SystemError):
        recut_run(RecutConfig(to=tmp_path / "cut", **config), executor=Ending(0), reporter=QUIET)
    for path in sorted((tmp_path / "cut" / "run" / "choice").rglob("*.parquet"))[2:]:
        path.unlink()
    recut_run(RecutConfig(to=tmp_path / "cut", **config), reporter=QUIET)
    assert lasting(tmp_path / "cut") == lasting(tmp_path / "whole")


@pytest.mark.xdist_group("ray")
def test_under_ray_the_same_rows_are_chosen(ray, mixed, tmp_path):
    for name, executor in (("here", LocalExecutor(1)), ("ray", RayExecutor())):
        config = RecutConfig(run=mixed[1], to=tmp_path / name, **WAYS["curve"])
        recut_run(config, executor=executor, reporter=QUIET)
    assert lasting(tmp_path / "ray") == lasting(tmp_path / "here")


def test_a_damaged_choice_is_found_and_made_again(mixed, tmp_path):
    config = RecutConfig(run=mixed[1], to=tmp_path / "cut", **WAYS["draw"])
    recut_run(config, reporter=QUIET)
    before = lasting(tmp_path / "cut")
    path = sorted((tmp_path / "cut" / "run" / "choice").rglob("*.parquet"))[1]
    whole = pq.read_table(path)
    pq.write_table(whole.slice(1), path)
    [problem] = verify_run(str(tmp_path / "cut"))
    assert path.name in problem
    with pytest.raises(OutputError, match="must say of 30 rows"):
        decisions(tmp_path / "cut")
    assert clean_run(str(tmp_path / "cut")).forgotten == 1
    assert recut_run(config, reporter=QUIET).rows_scored == 30
    assert lasting(tmp_path / "cut") == before
    assert verify_run(str(tmp_path / "cut")) == []


NULLS = pa.array([None, *[0] * 29], pa.uint8())


@pytest.mark.parametrize(
    "forged",
    [
        {"times": NULLS}, {"times": pa.array([101] * 30, pa.uint8())}, {"times": ["1"] * 29 + ["x"]},
        {"other": [0] * 30}, {},
    ],
    ids=["nulls", "too often", "texts", "another column", "nothing"],
)  # fmt: skip
def test_a_choice_that_was_forged_is_an_error_that_names_it(mixed, command, tmp_path, forged):
    recut_run(RecutConfig(run=mixed[1], to=tmp_path / "cut", **WAYS["draw"]), reporter=QUIET)
    path = sorted((tmp_path / "cut" / "run" / "choice").rglob("*.parquet"))[0]
    pq.write_table(pa.table(forged), path)
    refused = command("report", tmp_path / "cut")
    assert refused.code == 2
    assert path.name in refused.err
    path.unlink()
    path.symlink_to("/dev/zero")
    assert command("report", tmp_path / "cut").code == 2


@pytest.mark.parametrize("forged", ["[]", "{}", '{"tables": [{"caption": 1}], "sentences": []}', "x"])
def test_a_told_choice_that_was_forged_is_an_error_that_names_it(mixed, command, tmp_path, forged):
    recut_run(RecutConfig(run=mixed[1], to=tmp_path / "cut", **WAYS["draw"]), reporter=QUIET)
    (tmp_path / "cut" / "run" / "chosen.json").write_text(forged)
    refused = command("report", tmp_path / "cut")
    assert (refused.code, "chosen.json" in refused.err) == (2, True), refused.said


def decisions(out):
    folder = RunFolder(str(out))
    plan = folder.read_finished_plan()
    run = RunDecisions(folder, plan, RunFolder(plan.origin))
    return [run.of_part(part) for part in plan.parts]


def test_what_was_kept_is_told_as_it_was_written(mixed, tmp_path):
    recut_run(RecutConfig(run=mixed[1], to=tmp_path / "cut", **WAYS["draw"]), reporter=QUIET)
    kept = np.concatenate([one.kept for one in decisions(tmp_path / "cut")])
    rows = [row["id"] for row, keep in zip(mixed[2], kept, strict=True) if keep]
    assert sorted(rows) == ids(written(tmp_path / "cut"))
    lowest = min(row["edu_score"] for row in written(tmp_path / "cut"))
    dropped = next(row for row in best_first(mixed[2]) if row["id"] not in rows and row["score"] > lowest)
    config = ExplainConfig(run=tmp_path / "cut", where=f"id = {dropped['id']}", scorer="web")
    why = explain_row(config)
    assert not why.kept
    assert why.dropped_for == (
        "others were chosen: more than one cut decided in this run, and not that of all documents"
    )


def test_of_a_run_that_chose_by_language_no_cut_is_named(mixed, command, tmp_path):
    recut_run(
        RecutConfig(run=mixed[1], to=tmp_path / "cut", by="language", keep_fraction=0.25), reporter=QUIET
    )
    explained = command("explain", "--run", tmp_path / "cut", "--output-row", "0")
    assert "(the run chose by language and score, not by one cut)" in explained.out
    assert "kept from" not in explained.out


def test_no_sample_is_drawn_near_a_cut_that_there_is_not(mixed, command, tmp_path):
    recut_run(RecutConfig(run=mixed[1], to=tmp_path / "cut", **WAYS["draw"]), reporter=QUIET)
    refused = command("sample", "--near-cut", tmp_path / "cut", "--out", tmp_path / "near.parquet")
    assert refused.code == 2
    assert f"Name the run that it is from, '{mixed[1]}'" in refused.err.replace("\n", " ")


def test_the_manifest_counts_repeats(mixed, command, tmp_path):
    done = command("recut", mixed[1], "--repeat", "score>=1:2.5", "--to", tmp_path / "cut", "--no-report")
    assert done.code == 0, done.said
    manifest = json.loads((tmp_path / "cut" / "run" / "manifest.json").read_text())
    rows = written(tmp_path / "cut")
    sizes = {row["id"]: row["size"] for row in mixed[2]}
    assert manifest["kept"] == len(rows)
    assert manifest["used"] == sum(row["edu_repeat"] for row in rows)
    assert manifest["used_text_bytes"] == sum(sizes[row["id"]] * row["edu_repeat"] for row in rows)
    assert f"used {manifest['used']:,} times" in done.out
    again = ("--repeat", "score>=1:2.5", "--to", tmp_path / "logged", "--json-log", "--no-report")
    logged = command("recut", mixed[1], *again)
    [event] = [json.loads(line) for line in logged.err.splitlines() if '"chosen"' in line]
    assert (event["documents"], event["used"]) == (manifest["kept"], manifest["used"])
    assert "score >= 1" in done.out
    assert command("report", tmp_path / "cut").code == 0
    assert "edufilter recut" in (tmp_path / "cut" / "run" / "report.html").read_text()


def test_a_dry_run_tells_and_writes_nothing(mixed, command, tmp_path):
    given = ("--by", "language", "--keep-fraction", 0.25, "--unsure", "drop", "--to", tmp_path / "cut")
    done = command("recut", mixed[1], *given, "--dry-run")
    assert done.code == 0, done.said
    assert "chosen: 60 of" in done.out
    assert "that the scorer does not know are left out when it is written" in done.err.replace("\n", " ")
    assert "(none)" in done.out
    assert not (tmp_path / "cut").exists()


@pytest.mark.parametrize("way", ["slices", "curve"])
def test_the_page_of_a_choice_has_its_table_and_no_cut(mixed, command, tmp_path, way):
    given = {
        "slices": ["--by", "host", "--keep-tokens", 4000],
        "curve": ["--curve", "--keep-tokens", 12000, "--by", "language"],
    }[way]
    done = command("recut", mixed[1], *given, "--to", tmp_path / "cut")
    assert done.code == 0, done.said
    page = (tmp_path / "cut" / "run" / "report.html").read_text()
    assert "What was chosen" in page
    assert ("Classes of documents" in page) == (way == "curve")
    assert "would keep \u2192 what is chosen" in page
    assert "kept from" not in page
    assert ">cut " not in page
    assert "wanted" in done.out


def test_scores_of_the_format_before_are_cut_but_hold_no_sizes(mixed, tmp_path):
    old = tmp_path / "old"
    shutil.copytree(mixed[1], old)
    for path in (old / "run" / "scores").rglob("*.parquet"):
        pq.write_table(pq.read_table(path).drop_columns(["edu_bytes"]), path)
    plan = json.loads((old / "run" / "plan.json").read_text())
    (old / "run" / "plan.json").write_text(json.dumps({**plan, "format": 9}))
    for name, run in (("new", mixed[1]), ("earlier", old)):
        recut_run(RecutConfig(run=run, to=tmp_path / name, keep_fraction=0.3), reporter=QUIET)
    assert ids(written(tmp_path / "new")) == ids(written(tmp_path / "earlier"))
    with pytest.raises(OutputError, match="earlier edufilter, which stored none"):
        recut_run(RecutConfig(run=old, to=tmp_path / "tokens", keep_tokens=100.0), reporter=QUIET)
    with pytest.raises(OutputError, match="must hold a run of format"):
        verify_run(str(old))


def test_tokens_are_counted_by_a_tokenizer_of_the_user_even_if_it_cuts_and_fills_up_texts(mixed, tmp_path):
    texts = [row["text"] or "" for row in mixed[2]]
    tokens = learn_tokens(texts, 300)
    counted = [len(ids_of) for ids_of in tokens.encode(texts)]
    tokens._tokenizer.enable_truncation(max_length=16)
    tokens._tokenizer.enable_padding(length=128)
    tokens._tokenizer.save(str(tmp_path / "tokenizer.json"))
    assert max(counted) > 16 > min(counted)
    for row, count in zip(mixed[2], counted, strict=True):
        row["tokens"] = count
    budget = 0.3 * sum(row["tokens"] for row in best_first(mixed[2]))
    config = RecutConfig(
        run=mixed[1], to=tmp_path / "cut", keep_tokens=budget, tokenizer=str(tmp_path / "tokenizer.json")
    )
    recut_run(config, reporter=QUIET)
    expected, left = [], budget
    for row in best_first(mixed[2]):
        left -= row["tokens"]
        if left < 0:
            break
        expected.append(row)
    assert ids(written(tmp_path / "cut")) == ids(expected)


@pytest.mark.parametrize("content", [None, "{}", "not JSON"])
def test_what_is_no_tokenizer_is_refused(mixed, tmp_path, content):
    if content is not None:
        (tmp_path / "t.json").write_text(content)
    config = RecutConfig(
        run=mixed[1], to=tmp_path / "cut", keep_tokens=10.0, tokenizer=str(tmp_path / "t.json")
    )
    with pytest.raises(SettingsError, match="--tokenizer must be"):
        recut_run(config, reporter=QUIET)


def test_a_column_that_is_there_already_is_refused(web, tmp_path):
    pq.write_table(pa.table({"text": ["One.", "Two."], "EDU_repeat": [1, 2]}), tmp_path / "a.parquet")
    run = FilterConfig(inputs=[str(tmp_path / "a.parquet")], out=tmp_path / "out", scorer=web, effort="fast")
    filter_dump(run, reporter=QUIET)
    repeats = {"run": tmp_path / "out", "repeat": "score>=0:2"}
    with pytest.raises(SettingsError, match="must have no column 'edu_repeat'"):
        recut_run(RecutConfig(**repeats, to=tmp_path / "cut"), reporter=QUIET)
    recut_run(RecutConfig(**repeats, to=tmp_path / "cut", expand=True), reporter=QUIET)
    assert len(written(tmp_path / "cut")) == 4
