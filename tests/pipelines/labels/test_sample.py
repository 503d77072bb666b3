"""Proves that samples are what they say: where rows come from, how likely they were, each likeness once."""

import csv
import json
import sys
from html import escape

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from annotations.asking.rubric import load_rubric
from annotations.labels.columns import SAMPLE_SCHEMA
from annotations.labels.label_rubric import rubric_of
from filtering import load_scorer, save_scorer
from filtering.errors import MissingExtraError, OutputError, SettingsError
from filtering.text.windows import REACH, cut_window
from pipelines import FilterConfig, NearCutConfig, SampleConfig, filter_dump, sample_dump, sample_near_cut
from pipelines.run_folder.folder import RunFolder
from pipelines.scorer_rubric import rubric_of_scorer, stored_rubric
from tests.kit.dumps.small import CUT, RUSSIAN, make_table, make_texts, write_dump
from tests.kit.runs.outcomes import QUIET


def draw(dump, out, **settings):
    result = sample_dump(SampleConfig(inputs=[str(dump)], out=out, **settings), reporter=QUIET)
    return result, pq.read_table(out).to_pylist()


def source_of(dump):
    """Return text and url of each row of a dump by file and row."""
    found = {}
    for path in dump.rglob("*.parquet"):
        name = path.relative_to(dump).as_posix()
        rows = pq.read_table(path).to_pylist()
        found |= {(name, number): row for number, row in enumerate(rows)}
    return found


def test_each_row_says_where_it_comes_from_and_holds_its_window(dump, tmp_path):
    result, rows = draw(dump, tmp_path / "s.parquet", n=100)
    assert result.rows == len(rows) == 100 - result.near_duplicates
    assert pq.read_schema(tmp_path / "s.parquet").equals(SAMPLE_SCHEMA)
    source = source_of(dump)
    for row in rows:
        origin = source[row["file"], row["row"]]
        assert row["text"] == cut_window(origin["text"], REACH)
        assert row["url"] == origin["url"]
        assert row["text_bytes"] == len(origin["text"].encode())
        assert row["id"] == f"{row['file']}#{row['row']}"
        assert row["group"] == "example.org"
        assert (row["picked"], row["probability"]) == ("stratified", pytest.approx(100 / 410))
    scores = load_scorer("web").score([row["text"] for row in rows]).value
    assert [row["edu_score"] for row in rows] == scores.tolist()


def test_files_lengths_and_scores_have_like_shares(tmp_path):
    folder = write_dump(tmp_path / "dump", rows=(900, 300, 300))
    _, rows = draw(folder, tmp_path / "s.parquet", n=500)
    everything = {row["id"]: row for row in draw(folder, tmp_path / "all.parquet", n=1500)[1]}
    for share_of in (
        lambda row: row["file"] == "part-0.parquet",
        lambda row: row["edu_score"] >= 2,
        lambda row: row["text_bytes"] < 500,
    ):
        wanted = np.mean([share_of(row) for row in everything.values()])
        assert abs(np.mean([share_of(row) for row in rows]) - wanted) < 0.03


def test_the_same_seed_draws_the_same_and_another_one_others(dump, tmp_path):
    first, again, other = (
        draw(dump, tmp_path / f"{number}.parquet", n=50, seed=seed)[1]
        for number, seed in enumerate((7, 7, 8))
    )
    assert first == again
    assert {row["id"] for row in first} != {row["id"] for row in other}


def test_weights_add_up_to_the_dump_over_many_draws(tmp_path):
    folder = write_dump(tmp_path / "dump", rows=(300, 90), row_group_size=30)
    totals, teaching = [], []
    for seed in range(24):
        rows = draw(folder, tmp_path / "s.parquet", n=60, seed=seed, overwrite=True)[1]
        totals.append(sum(row["weight"] for row in rows))
        teaching.append(sum(row["weight"] for row in rows if row["edu_score"] >= CUT))
    scores = load_scorer("web").score([row["text"] for row in source_of(folder).values()]).value
    assert np.mean(totals) == pytest.approx(390, rel=0.01)
    assert np.mean(teaching) == pytest.approx((scores >= CUT).sum(), rel=0.1)


def test_of_a_huge_dump_some_row_groups_are_read_and_probabilities_stay_exact(tmp_path, monkeypatch):
    import pipelines.dump.rows
    import pipelines.labels.sample

    monkeypatch.setattr(pipelines.labels.sample, "MIN_CANDIDATES", 60)
    monkeypatch.setattr(pipelines.labels.sample, "CANDIDATES_PER_LABEL", 2)
    monkeypatch.setattr(pipelines.labels.sample, "GROUPS_READ", 6)
    read = []
    inner = pipelines.dump.rows.read_chosen

    def noted(file, path, row_groups, rows, columns, **options):
        read.append((path, row_groups.start))
        return inner(file, path, row_groups, rows, columns, **options)

    monkeypatch.setattr(pipelines.dump.rows, "read_chosen", noted)
    folder = write_dump(tmp_path / "dump", rows=(400, 200, 200), row_group_size=40)
    totals = []
    for seed in range(30):
        read.clear()
        result, rows = draw(folder, tmp_path / "s.parquet", n=30, seed=seed, overwrite=True)
        assert (result.dump_rows, result.read_rows) == (800, 60)
        assert len(set(read)) <= 6
        assert np.allclose([row["probability"] for row in rows], 30 / 800)
        totals.append(sum(row["weight"] for row in rows if row["file"] == "part-0.parquet"))
    assert np.mean(totals) == pytest.approx(400, rel=0.1)


def test_near_duplicates_are_left_out_and_what_stands_for_them_weighs_more(tmp_path):
    texts = make_texts(60, seed=5)
    long = "A fraction tells how many parts of a whole we have, and this page explains it. " * 8
    texts += [f"{long} Visit number {number}." for number in range(20)]
    (tmp_path / "dump").mkdir()
    pq.write_table(pa.table({"text": texts}), tmp_path / "dump" / "a.parquet")
    result, rows = draw(tmp_path / "dump", tmp_path / "s.parquet", n=80)
    [kept] = [row for row in rows if row["text"].startswith(long)]
    assert kept["weight"] == 20
    assert result.near_duplicates >= 19
    assert sum(row["weight"] for row in rows) == 80


def test_an_active_sample_is_in_part_random_and_only_that_part_has_probabilities(tmp_path):
    folder = write_dump(tmp_path / "dump", rows=(900, 300))
    result, rows = draw(folder, tmp_path / "s.parquet", n=200, strategy="active", keep_at=CUT)
    assert set(result.picked) == {"stratified", "uncertain", "diverse", "high"}
    random = [row for row in rows if row["picked"] == "stratified"]
    chosen = [row for row in rows if row["picked"] != "stratified"]
    assert len(rows) == 200
    assert 0.27 * 200 <= len(random) <= 0.3 * 200
    assert np.allclose([row["probability"] for row in random], 60 / 1200)
    assert {(row["probability"], row["weight"]) for row in chosen} == {(None, None)}
    near = [abs(row["edu_score"] - CUT) for row in rows if row["picked"] == "uncertain"]
    assert np.mean(near) < np.mean([abs(row["edu_score"] - CUT) for row in random])
    high = [row["edu_score"] for row in rows if row["picked"] == "high"]
    assert np.mean(high) > np.mean([row["edu_score"] for row in random])


def test_the_random_part_of_an_active_sample_speaks_for_the_dump(tmp_path):
    folder = write_dump(tmp_path / "dump", rows=(500,))
    totals = []
    for seed in range(20):
        settings = {"n": 100, "strategy": "active", "random_share": 0.5, "overwrite": True, "seed": seed}
        rows = draw(folder, tmp_path / "s.parquet", **settings)[1]
        totals.append(sum(row["weight"] or 0 for row in rows))
    assert np.mean(totals) == pytest.approx(500, rel=0.01)


def test_documents_without_text_are_no_candidates(tmp_path):
    (tmp_path / "dump").mkdir()
    texts = pa.array(["", None, "  ", *make_texts(30), b"\xff\xfe".decode("latin-1")])
    pq.write_table(pa.table({"text": texts}), tmp_path / "dump" / "a.parquet")
    _, rows = draw(tmp_path / "dump", tmp_path / "s.parquet", n=100)
    assert all(row["text"].strip() for row in rows)
    assert {row["row"] for row in rows} <= set(range(3, 34))


def test_bytes_that_are_no_utf8_are_passed_over(tmp_path):
    (tmp_path / "dump").mkdir()
    texts = pa.array([b"\xff\xfe broken", RUSSIAN.encode(), *(text.encode() for text in make_texts(20))])
    pq.write_table(pa.table({"content": texts}), tmp_path / "dump" / "a.parquet")
    _, rows = draw(tmp_path / "dump", tmp_path / "s.parquet", n=100)
    assert RUSSIAN in {row["text"] for row in rows}
    assert 0 not in {row["row"] for row in rows}


@pytest.mark.parametrize(
    "kind",
    [pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int32(), pa.string())],
    ids=str,
)
def test_texts_may_be_of_any_kind(tmp_path, kind):
    (tmp_path / "dump").mkdir()
    texts = make_texts(30)
    array = (
        pa.array(texts).dictionary_encode() if pa.types.is_dictionary(kind) else pa.array(texts).cast(kind)
    )
    pq.write_table(pa.table({"text": array}), tmp_path / "dump" / "a.parquet")
    rows = draw(tmp_path / "dump", tmp_path / "s.parquet", n=10)[1]
    assert all(row["text"] == texts[row["row"]] for row in rows)


@pytest.mark.parametrize(
    ("columns", "group"),
    [
        ({"repo_name": "someone/something"}, "someone/something"),
        ({"url": "https://www.physics.example.edu/lecture"}, "physics.example.edu"),
        ({"url": "no address"}, None),
        ({}, None),
    ],
)
def test_groups_are_found_by_themselves(tmp_path, columns, group):
    (tmp_path / "dump").mkdir()
    texts = make_texts(20)
    table = pa.table({"text": texts, **{name: [value] * 20 for name, value in columns.items()}})
    pq.write_table(table, tmp_path / "dump" / "a.parquet")
    for row in draw(tmp_path / "dump", tmp_path / "s.parquet", n=5)[1]:
        assert row["group"] == (group or row["id"])


def test_a_group_column_may_be_named_and_must_exist(tmp_path):
    (tmp_path / "dump").mkdir()
    pq.write_table(pa.table({"text": make_texts(20), "crawl": range(20)}), tmp_path / "dump" / "a.parquet")
    rows = draw(tmp_path / "dump", tmp_path / "s.parquet", n=5, group_column="crawl")[1]
    assert {row["group"] for row in rows} == {str(row["row"]) for row in rows}
    with pytest.raises(SettingsError, match=r"must have a column 'team'\. Found text, crawl"):
        draw(tmp_path / "dump", tmp_path / "t.parquet", n=5, group_column="team")


def test_a_bad_file_is_named_and_the_rest_is_drawn_from(dump, tmp_path, command):
    folder = write_dump(tmp_path / "dump")
    (folder / "broken.parquet").write_bytes(b"PAR1 not really PAR1")
    outcome = command("sample", folder, "--n", 50, "--out", tmp_path / "s.parquet")
    assert outcome.code == 3
    assert "could not be read: broken.parquet" in outcome.out
    assert "train needs 100 labels" in outcome.out
    assert len(pq.read_table(tmp_path / "s.parquet")) > 40


def test_documents_that_have_labels_are_not_drawn_again(dump, tmp_path, command):
    _, rows = draw(dump, tmp_path / "s.parquet", n=300)
    table = pa.table({"id": [row["id"] for row in rows], "text": [row["text"] for row in rows]})
    (tmp_path / "labels").mkdir()
    scored = table.append_column("score", pa.array([1.0] * len(rows)))
    pq.write_table(scored, tmp_path / "labels" / "labels.parquet")
    again = ["sample", dump, "--n", 300, "--out", tmp_path / "more.parquet", "--labels", tmp_path / "labels"]
    outcome = command(*again)
    assert f"left out because they have labels already: {len(rows)}\n" in outcome.out
    assert f"--out {tmp_path / 'labels'}" in outcome.out  # where those of this sample are added
    assert "labels in all" not in outcome.out
    more = pq.read_table(tmp_path / "more.parquet")["id"].to_pylist()
    assert more
    assert not {row["id"] for row in rows}.intersection(more)


def test_more_than_there_is_takes_all(dump, tmp_path):
    result, rows = draw(dump, tmp_path / "s.parquet", n=100_000)
    assert len(rows) + result.near_duplicates == 410
    assert {row["probability"] for row in rows} == {1.0}


@pytest.fixture(scope="module")
def run(dump, tmp_path_factory):
    out = tmp_path_factory.mktemp("run") / "out"
    filter_dump(
        FilterConfig(effort="fast", inputs=[str(dump)], out=out, keep_at=CUT, rows_per_part=80),
        reporter=QUIET,
    )
    return out


def test_documents_near_the_cut_of_a_run_are_drawn_from_either_side(dump, run, tmp_path):
    out = tmp_path / "near.parquet"
    result = sample_near_cut(NearCutConfig(run=run, out=out, n=30))
    rows = pq.read_table(out).to_pylist()
    assert result.picked == {"near-cut": 30}
    source = source_of(dump)
    scores = load_scorer("web").score([row["text"] for row in source.values()]).value
    for is_over, count in (
        (False, ((scores < CUT) & (scores >= CUT - 0.5)).sum()),
        (True, ((scores >= CUT) & (scores <= CUT + 0.5)).sum()),
    ):
        mine = [row for row in rows if (row["edu_score"] >= CUT) == is_over]
        assert np.allclose([row["probability"] for row in mine], 15 / count)
    for row in rows:
        assert row["text"] == cut_window(source[row["file"], row["row"]]["text"], REACH)
        assert abs(row["edu_score"] - CUT) <= 0.5


def test_people_are_shown_the_rubric_that_the_scorer_of_a_run_was_trained_by(run, tmp_path, monkeypatch):
    story = load_rubric("story")
    save_scorer(load_scorer("web"), str(tmp_path / "own"), metrics=stored_rubric(story), card="A copy.\n")
    assert rubric_of_scorer(str(tmp_path / "own")) == story
    manifest = RunFolder(str(run)).read_manifest() | {"scorer": str(tmp_path / "own")}
    monkeypatch.setattr(RunFolder, "read_manifest", lambda folder: manifest)
    sample_near_cut(NearCutConfig(run=run, out=tmp_path / "checks.csv", n=2))
    page = (tmp_path / "checks.html").read_text()
    assert all(escape(one.question) in page for one in story.dimensions)
    assert rubric_of(str(tmp_path / "checks-texts.parquet")) == story


def test_people_get_a_table_to_fill_in_and_their_scores_come_back(run, tmp_path, command):
    path = tmp_path / "checks.csv"
    drawn = command("sample", "--near-cut", run, "--n", 10, "--out", path)
    assert drawn.code == 0
    assert "train needs" not in drawn.out
    assert f"read {tmp_path}/checks.html, and fill in the column score of {path}" in drawn.out
    assert f"{tmp_path}/checks-texts.parquet holds the whole texts" in drawn.out
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0])[:4] == ["number", "score", "text", "id"]
    assert [row["number"] for row in rows] == [str(number) for number in range(1, len(rows) + 1)]
    assert all(any(row[name] for row in rows) for name in rows[0] if name != "score"), "no column is empty"
    assert [row["score"] for row in rows] == [""] * 10
    whole = pq.read_table(tmp_path / "checks-texts.parquet")
    assert whole["id"].to_pylist() == [row["id"] for row in rows]
    page = (tmp_path / "checks.html").read_text()
    assert all(escape(point.description) in page for point in load_rubric("web").scale)
    places = [page.index(f"<span class=soft>{number} · {row['id']}<") for number, row in enumerate(rows, 1)]
    assert places == sorted(places)
    assert all(escape(row["text"][:60]) in page for row in rows)
    assert "edu_score" not in rows[0]  # nobody is to be led by it
    scores = load_scorer("web").score([row["text"] for row in rows]).value
    assert not any(f"{score:.3f}" in page for score in scores.tolist())
    assert {row["picked"] for row in rows} == {"near-cut"}
    path.rename(tmp_path / "filled.csv")  # a page is not written over, either
    again = command("sample", "--near-cut", run, "--n", 10, "--out", path)
    assert again.code != 0
    assert "checks.html' exists" in again.err
    (tmp_path / "filled.csv").rename(path)
    for number, row in enumerate(rows[:8]):
        row["score"] = str(number % 6)
    with open(path, "w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    outcome = command("annotate", "--import", path, "--rater", "people", "--out", tmp_path / "labels")
    assert outcome.code == 0, outcome.said
    assert "2 without a score" in outcome.out
    labels = {row["id"]: row for row in pq.read_table(tmp_path / "labels" / "labels.parquet").to_pylist()}
    assert len(labels) == 8
    for number, row in enumerate(rows[:8]):
        label = labels[row["id"]]
        assert label["score"] == number % 6
        assert (label["text"], label["picked"], label["file"]) == (row["text"], row["picked"], row["file"])
        assert label["probability"] == pytest.approx(float(row["probability"]))


def test_a_run_whose_input_has_changed_is_not_sampled(tmp_path):
    folder = write_dump(tmp_path / "dump", rows=(60, 60, 60))
    filter_dump(
        FilterConfig(effort="fast", inputs=[str(folder)], out=tmp_path / "out", keep_at=CUT), reporter=QUIET
    )
    for path in folder.rglob("*.parquet"):
        pq.write_table(make_table(50, seed=9), path)
    with pytest.raises(SettingsError, match="must be unchanged"):
        sample_near_cut(NearCutConfig(run=tmp_path / "out", out=tmp_path / "s.parquet"))


def test_an_existing_file_is_not_replaced_unless_asked(dump, tmp_path, command):
    out = tmp_path / "s.parquet"
    out.write_text("mine")
    refused = command("sample", dump, "--n", 5, "--out", out)
    assert refused.code == 2
    assert out.read_text() == "mine"
    assert command("sample", dump, "--n", 5, "--out", out, "--overwrite").code == 0
    with pytest.raises(OutputError, match="folder of a sample must exist"):
        draw(dump, tmp_path / "no" / "s.parquet", n=5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Either DUMP or --near-cut"),
        (["nowhere"], "An input must exist"),
        (["DUMP", "--n", "0"], "--n"),
        (["DUMP", "--strategy", "active", "--random-share", "0.1"], "--random-share"),
        (["DUMP", "--scorer", "none"], "none"),
    ],
)
def test_a_wrong_setting_fails_at_once(dump, tmp_path, command, arguments, message):
    arguments = [dump if one == "DUMP" else one for one in arguments]
    outcome = command("sample", *arguments, "--out", tmp_path / "s.parquet")
    assert outcome.code == 2
    assert message in outcome.err
    assert not (tmp_path / "s.parquet").exists()


def test_progress_may_be_read_by_machines(dump, tmp_path, command):
    outcome = command("sample", dump, "--n", 5, "--out", tmp_path / "s.parquet", "--json-log")
    assert all(json.loads(line) for line in outcome.err.splitlines())


def test_a_package_that_is_not_there_is_told_before_anything_is_read(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "rensa", None)
    with pytest.raises(MissingExtraError, match=r"\.\[annotate\]"):
        draw(tmp_path / "no dump", tmp_path / "s.parquet", n=5)
    monkeypatch.setitem(sys.modules, "lightgbm", None)  # which training on the labels will need
    with pytest.raises(MissingExtraError, match=r"\.\[annotate,train\]") as caught:
        draw(tmp_path / "no dump", tmp_path / "s.parquet", n=5)
    assert "bin/python -m pip" in str(caught.value)
