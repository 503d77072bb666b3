"""Proves that Python, command and card audit scorers alike, by what has not seen the documents."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pydantic_core import to_jsonable_python

from filtering.errors import SettingsError
from filtering.fitting.cross_validation import nested_points
from filtering.fitting.recipes import signals_fit
from filtering.judging.rewrites import rewrites_of
from pipelines import AuditConfig, audit_scorer
from pipelines.commands.printing.scorers import print_audit
from pipelines.scorers.audit_points import audit_points
from pipelines.scorers.evaluate import fit_data_of, points_of_labels
from pipelines.scorers.evaluation import JudgedPoints
from pipelines.scorers.evaluation_tables import audit_table, audit_verdict
from tests.kit.dumps.small import make_labels, make_texts
from tests.kit.runs.outcomes import QUIET

pytestmark = pytest.mark.usefixtures("hasty")


@pytest.fixture
def fresh(tmp_path):
    """Return labels that no scorer was fitted to."""
    pq.write_table(make_labels(seed=1), tmp_path / "fresh.parquet")
    return tmp_path / "fresh.parquet"


def test_command_and_python_say_the_same_of_fresh_labels(command, trained, fresh):
    found = audit_scorer(AuditConfig(scorer=trained.out, labels=fresh, documents=90), reporter=QUIET)
    assert (found.nested, found.is_labelled, found.documents) == (False, True, 90)
    assert [one.name for one in found.effects] == [one.name for one in rewrites_of(is_code=False)]
    words = {one.kind: one for one in found.effects if one.kind != "harmless"}
    assert words["appended"].documents + words["harmful"].documents < 90
    arguments = ("audit", trained.out, fresh, "--documents", 90)
    outcome = command(*arguments, "--json")
    assert outcome.code == 0
    assert json.loads(outcome.out) == to_jsonable_python(found, inf_nan_mode="null")
    shown = command(*arguments)
    assert shown.code == 0
    assert "Rewriting documents" in shown.err
    for one in found.effects:
        assert one.name in shown.out
    lines, _, next_step = shown.out.partition("rewrites do as they should.")
    assert max(len(line) for line in lines.splitlines() if not line.endswith(".")) <= 80
    assert f"\nnext: edufilter audit {trained.out} {fresh} --documents {found.available}\n" in next_step


def test_an_audit_of_few_documents_says_that_more_of_any_kind_would_tell(command, trained, tmp_path):
    pq.write_table(pa.table({"text": make_texts(30)}), tmp_path / "few.parquet")
    shown = command("audit", trained.out, tmp_path / "few.parquet").out
    assert "rewrites do as they should. Of " in shown
    assert "it is unclear, for the documents are too few: Markdown taken off" in shown
    assert "if your dump has more than these 30:\n  edufilter sample DUMP --n 2000" in shown
    assert "--out sample-2000.parquet\n" in shown


@pytest.mark.parametrize(
    ("verdict", "start"),
    [("yes", "filter DUMP"), ("not shown", "audit"), ("no", "sample DUMP --n 2000 --scorer SCORER --out")],
)
def test_what_to_do_after_an_audit_keeps_cut_effort_and_place(trained, fresh, verdict, start, capsys):
    effects = [replace(one, verdict=verdict) for one in trained.audit.effects]
    given = AuditConfig(scorer=trained.out, labels=fresh, keep_at=2.5, effort="full", device="cpu")
    few = replace(trained.audit, effects=effects, available=trained.audit.documents + 1)
    print_audit(few, given)
    said = capsys.readouterr().out.partition("next: ")[2].replace(trained.out, "SCORER")
    assert f"edufilter {start}" in said
    if verdict != "no":
        for words in ("--keep-at 2.5", "--effort full", "--device cpu"):
            assert words in said


def test_rewrites_that_fail_are_named_with_what_they_should_do(trained):
    effects = [
        replace(one, verdict="no" if one.kind == "harmful" else "yes") for one in trained.audit.effects
    ]
    said = audit_verdict(replace(trained.audit, effects=effects))
    assert said.startswith(
        "11 of 13 rewrites do as they should. These do not: sentences shuffled (should score"
    )
    assert "unclear" not in said
    few = [replace(one, verdict="not shown") for one in effects]
    assert "of fewer than 5 groups" in audit_verdict(replace(trained.audit, effects=few, groups=2))


def test_labels_that_the_scorer_was_fitted_to_are_audited_nested_as_its_card_says(trained, labels):
    found = audit_scorer(AuditConfig(scorer=trained.out, labels=labels), reporter=QUIET)
    figures, wanted = (to_jsonable_python(one, inf_nan_mode="null") for one in (found, trained.audit))
    assert figures == wanted
    assert found.nested
    stored = json.loads((Path(trained.out) / "scorer.json").read_text())["metrics"]["audit"]
    assert [one["name"] for one in stored["effects"]] == [one.name for one in found.effects]
    card = (Path(trained.out) / "README.md").read_text()
    for row in audit_table(found).rows:
        assert f"| {' | '.join(map(str, row))} |" in card


def test_signals_are_judged_as_nested_points_are(trained, labels):
    judged = points_of_labels(trained.out, str(labels))
    np.testing.assert_array_equal(
        judged.points, nested_points(fit_data_of(judged.labels, "toys"), signals_fit("linear"))
    )


def test_documents_without_labels_are_worth_what_they_score(command, trained, tmp_path):
    pq.write_table(pa.table({"content": [*make_texts(60), ""]}), tmp_path / "pool.parquet")
    outcome = command("audit", trained.out, tmp_path / "pool.parquet", "--json", "--keep-at", 2)
    assert outcome.code == 0, outcome.err
    found = json.loads(outcome.out)
    assert (found["is_labelled"], found["documents"], found["keep_at"]) == (False, 60, 2)
    assert "1 of 61 documents" in outcome.err
    poor, good = (next(e for e in found["effects"] if e["kind"] == kind) for kind in ("appended", "harmful"))
    assert 0 < poor["documents"] < 60 - good["documents"]
    assert "scored below 2" in command("audit", trained.out, tmp_path / "pool.parquet").out


def test_source_files_are_rewritten_as_such_by_labels_and_by_the_scorer(command, trained, fresh, tmp_path):
    table = pq.read_table(fresh).append_column("lang", pa.array(["Python"] * 300))
    pq.write_table(table, tmp_path / "code.parquet")
    pq.write_table(table.select(["text"]), tmp_path / "files.parquet")
    of_code = [one.name for one in rewrites_of(is_code=True)]
    for scorer, documents in ((trained.out, "code.parquet"), ("code", "files.parquet")):
        outcome = command("audit", scorer, tmp_path / documents, "--json", "--documents", 20)
        assert [one["name"] for one in json.loads(outcome.out)["effects"]] == of_code


def test_the_seed_decides_which_documents_are_drawn(trained, fresh):
    found = [
        audit_scorer(AuditConfig(scorer=trained.out, labels=fresh, documents=40, seed=seed), reporter=QUIET)
        for seed in (0, 0, 1)
    ]
    assert found[0] == found[1] != found[2]


def test_documents_that_all_have_no_score_are_refused(command, trained, tmp_path):
    pq.write_table(pa.table({"text": ["", " "]}), tmp_path / "pool.parquet")
    outcome = command("audit", trained.out, tmp_path / "pool.parquet")
    assert outcome.code == 2
    assert f"At least one document of {tmp_path / 'pool.parquet'} must have a score" in outcome.err


def test_points_alone_cannot_be_audited(trained, labels):
    judged = points_of_labels(trained.out, str(labels))
    alone = JudgedPoints(judged.points, judged.rows, judged.labels, "fast", nested=True)
    with pytest.raises(SettingsError, match="what scores rewrites"):
        audit_points(alone)


@pytest.mark.parametrize("option", [("--documents", 0), ("--keep-at", 6), ("--effort", "slow")])
def test_wrong_settings_are_refused(command, trained, fresh, option):
    outcome = command("audit", trained.out, fresh, *option)
    assert outcome.code == 2
    assert option[0] in outcome.err
