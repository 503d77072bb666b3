"""Proves that a run that somebody forged leads no verb to files elsewhere, and is refused by name."""

import json
import os
import re
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.kit.dumps.small import BARE, CUT, digests

DATA = "data/deep/part-1.part-00001-of-00002.parquet"
VERBS = {
    "status": ["status"],
    "verify": ["verify"],
    "clean": ["clean", "--damaged"],
    "report": ["report"],
}


@pytest.fixture
def forged(finished, tmp_path):
    """Return a copy of a finished run, to be forged, beside a file that is not its own."""
    (tmp_path / "thesis.txt").write_text("precious")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "thesis.parquet").write_text("precious")
    return Path(shutil.copytree(finished, tmp_path / "out"))


@pytest.fixture
def every_verb(command, dump, web, tmp_path):
    """Return a function that runs every verb on a folder, and gives what came of each."""

    def run(out, names=(*VERBS, "update", "recut", "sample")):
        parts = ("--rows-per-part", 80, "--workers", 1)
        verbs = {name: [*verb, out] for name, verb in VERBS.items()} | {
            "update": ["filter", *BARE, dump, "-o", out, "-s", web, "--keep-at", CUT, *parts, "--update"],
            "recut": ["recut", out, "--to", tmp_path / "cut", "--keep-at", 3, "--workers", 1],
            "sample": ["sample", "--near-cut", out, "--out", tmp_path / "near.parquet", "--n", 4],
        }
        return {name: command(*verbs[name]) for name in names}

    return run


def change(path, column, value, at=0):
    """Change a value in a table of a run."""
    table = pq.read_table(path)
    values = table[column].to_pylist()
    values[at] = value
    kind = table.schema.field(column).type
    plain = kind.value_type if pa.types.is_dictionary(kind) else kind
    place = table.column_names.index(column)
    pq.write_table(table.set_column(place, column, pa.array(values, plain)), path)


def change_receipts(out, column, value):
    for path in (out / "run" / "receipts").iterdir():
        change(path, column, value)


CHEAP = ("status", "verify", "recut", "sample", "clean")
LEADING_OUT = ["../../thesis.txt", "/etc/passwd", "deep/../../../thesis.txt", "..", "", "a\0b", "deep/.."]


@pytest.mark.parametrize("name", LEADING_OUT)
def test_a_plan_that_names_a_file_elsewhere_is_refused_by_every_verb(forged, every_verb, tmp_path, name):
    change(forged / "run" / "plan.parquet", "output", name)
    plan = json.loads((forged / "run" / "plan.json").read_text())
    (forged / "run" / "plan.json").write_text(json.dumps(plan | {"digest": "0" * 64}))
    before = digests(tmp_path)
    for verb, outcome in every_verb(forged).items():
        assert outcome.code == 2, (verb, outcome.said)
        assert "for one, which leads elsewhere" in outcome.err.replace("\n", " "), verb
    assert digests(tmp_path) == before


@pytest.mark.parametrize("name", LEADING_OUT)
def test_a_receipt_or_a_manifest_that_names_a_file_elsewhere_is_refused(forged, command, tmp_path, name):
    whole = shutil.copytree(forged, tmp_path / "whole")
    change(forged / "run" / "manifest.parquet", "output", name)
    change_receipts(whole, "output", name)
    before = digests(tmp_path)
    for outcome in (command("verify", forged), command("clean", "--damaged", whole)):
        assert (outcome.code, "which leads elsewhere" in outcome.err) == (2, True), outcome.said
    assert digests(tmp_path) == before


FOLDERS = ["data", "run", "run/scores", "run/receipts", "run/tmp", "run/hits", "run/choice"]


@pytest.mark.parametrize("name", FOLDERS)
def test_a_folder_of_a_run_that_is_a_link_is_refused_by_every_verb(forged, every_verb, tmp_path, name):
    if (forged / name).exists():
        (forged / name).rename(tmp_path / "moved")
    else:
        (tmp_path / "moved").mkdir()
    (forged / name).symlink_to(tmp_path / "moved")
    (tmp_path / "moved" / "thesis.txt").write_text("precious")
    before = digests(tmp_path)
    for verb, outcome in every_verb(forged).items():
        assert outcome.code == 2, (verb, outcome.said)
        assert "must be a folder of its own. It is a link" in outcome.err, verb
    assert digests(tmp_path) == before


def test_a_folder_among_the_data_that_is_a_link_leads_nowhere(forged, command, tmp_path):
    (tmp_path / "moved").mkdir()
    shutil.move(forged / "data" / "deep", tmp_path / "moved" / "deep")
    (forged / "data" / "deep").symlink_to(tmp_path / "moved" / "deep")
    (tmp_path / "moved" / "deep" / Path(DATA).name).write_text("precious")  # damaged, so it would be removed
    before = digests(tmp_path)
    for verb in ("verify", "clean"):
        outcome = command(*VERBS[verb], forged)
        assert (outcome.code, "which leads elsewhere" in outcome.err) == (2, True), outcome.said
    assert digests(tmp_path) == before


STRANGE = {
    "a link": lambda path, elsewhere: path.symlink_to(elsewhere / "thesis.parquet"),
    "a link to an endless device": lambda path, elsewhere: path.symlink_to("/dev/zero"),
    "a pipe": lambda path, elsewhere: os.mkfifo(path),
    "a folder": lambda path, elsewhere: path.mkdir(),
    "a link in a circle": lambda path, elsewhere: path.symlink_to(path.name),
}


@pytest.mark.parametrize("make", STRANGE.values(), ids=STRANGE)
def test_a_file_of_a_part_that_is_none_is_damage_and_is_not_read(forged, command, tmp_path, make):
    (forged / DATA).unlink()
    make(forged / DATA, tmp_path / "elsewhere")
    before = digests(tmp_path / "elsewhere")
    outcome = command("verify", forged)
    assert outcome.code == 1
    assert DATA in outcome.said
    cleaned = command("clean", "--damaged", forged)
    assert cleaned.code in (0, 1), cleaned.said  # a folder in its place is not removed
    assert "Traceback" not in cleaned.said
    assert digests(tmp_path / "elsewhere") == before


OWN = ["plan.json", "plan.parquet", "manifest.json", "manifest.parquet"]


@pytest.mark.parametrize("make", STRANGE.values(), ids=STRANGE)
@pytest.mark.parametrize("name", OWN)
def test_a_file_of_a_run_that_is_none_is_not_read(forged, every_verb, tmp_path, name, make):
    (forged / "run" / name).unlink()
    make(forged / "run" / name, tmp_path / "elsewhere")
    refused = 0
    for verb, outcome in every_verb(forged, CHEAP).items():
        assert outcome.code in (0, 1, 2), (verb, outcome.said)
        assert "Traceback" not in outcome.said
        refused += outcome.code != 0
    assert refused


@pytest.mark.parametrize("make", STRANGE.values(), ids=STRANGE)
def test_a_receipt_or_a_lock_that_is_none_is_not_read(forged, command, tmp_path, make):
    segment, *_ = (forged / "run" / "receipts").iterdir()
    segment.unlink()
    make(segment, tmp_path / "elsewhere")
    assert command("clean", "--damaged", forged).code in (0, 1, 2)
    (forged / "run" / "lock").unlink()
    make(forged / "run" / "lock", tmp_path / "elsewhere")
    (forged / "run" / "manifest.json").unlink()
    before = digests(tmp_path / "elsewhere")
    for verb in ("status", "clean"):
        assert command(*VERBS[verb], forged).code in (0, 1, 2)
    assert digests(tmp_path / "elsewhere") == before


def test_scores_by_a_link_are_not_read(forged, command, tmp_path):
    path = forged / "run" / "scores" / "part-2.parquet"
    path.rename(tmp_path / "elsewhere" / "scores.parquet")
    path.symlink_to(tmp_path / "elsewhere" / "scores.parquet")
    for verb in (["report", forged], ["recut", forged, "--to", tmp_path / "cut", "--keep-at", 3]):
        outcome = command(*verb)
        assert (outcome.code, "must be a file that the run wrote" in outcome.err) == (2, True), outcome.said


JSON = {
    "nothing": "", "no object": "[]", "null": "null", "no JSON": "{", "deep nesting": "[" * 100_000,
    "deep objects": '{"settings":' * 5_000, "a huge number": "9" * 10_000, "no fields": "{}",
}  # fmt: skip


@pytest.mark.parametrize("content", JSON.values(), ids=JSON)
@pytest.mark.parametrize("name", ["plan.json", "manifest.json"])
def test_json_of_a_run_that_is_none_is_an_error_that_names_it(forged, every_verb, name, content):
    (forged / "run" / name).write_text(content)
    for verb, outcome in every_verb(forged, CHEAP).items():
        assert outcome.code in (0, 1, 2), (verb, outcome.said)
        if outcome.code:
            assert re.search(r"^Error: ", outcome.err, re.MULTILINE), verb


SETTINGS = [
    "text_column",
    "keep_at",
    "effort",
    "score_column",
    "scorer_sha256",
    "scorers",
    "combine",
    "max_lost",
    "max_false",
    "max_disagreement",
    "leak_action",
    "unsure",
    "known_languages",
    "languages_from",
]


@pytest.mark.parametrize("value", [None, [], {}, "abc", -1e308, float("nan"), 10**30, True], ids=repr)
def test_settings_of_other_types_in_a_plan_are_no_traceback(forged, command, value):
    path = forged / "run" / "plan.json"
    whole = json.loads(path.read_text())
    for name in SETTINGS:
        path.write_text(json.dumps(whole | {"settings": whole["settings"] | {name: value}}))
        for verb in ("status", "verify", "clean"):
            outcome = command(*VERBS[verb], forged)
            assert outcome.code in (0, 1, 2)
    for name, wrong in (("settings", value), ("set_aside", value), ("set_aside", [value]), ("format", value)):
        path.write_text(json.dumps(whole | {name: wrong}))
        assert command("status", forged).code in (0, 2)


@pytest.mark.parametrize("content", ["[", "[" * 100_000, '{"made_by": {"command": 5}}'])
def test_a_report_that_was_forged_is_written_anew(forged, command, content):
    (forged / "run" / "report.json").write_text(content)
    assert command("report", forged, "--no-samples").code == 0
    (forged / "run" / "report.html").unlink()
    (forged / "run" / "report.html").symlink_to(forged.parent / "thesis.txt")
    assert command("report", forged, "--no-samples").code == 0
    assert (forged.parent / "thesis.txt").read_text() == "precious"


def other_column(path, name):
    table = pq.read_table(path)
    place = table.column_names.index(name)
    pq.write_table(table.set_column(place, name, pa.array([[b"x"]] * len(table))), path)


def lacking(path, name):
    pq.write_table(pq.read_table(path).drop_columns([name]), path)


@pytest.mark.parametrize("harm", [other_column, lacking, lambda path, name: change(path, name, None)])
@pytest.mark.parametrize("table", ["plan.parquet", "manifest.parquet", "receipts"])
def test_tables_of_other_columns_are_an_error_that_names_them(forged, every_verb, table, harm):
    path = forged / "run" / table
    path, *_ = path.iterdir() if path.is_dir() else [path]
    for name in ("output", "rows"):
        whole = path.read_bytes()
        harm(path, name)
        for verb, outcome in every_verb(forged, CHEAP).items():
            assert outcome.code in (0, 1, 2), (verb, outcome.said)
            assert "Traceback" not in outcome.said
        path.write_bytes(whole)
