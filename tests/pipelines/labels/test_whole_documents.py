"""Proves that labels hold whole documents, though models and people see windows of them."""

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from annotations.labels.text_files import read_text_file
from annotations.labels.whole_texts import texts_beside
from filtering.text.windows import REACH, WINDOW, cut_window
from pipelines import ImportConfig, annotate_sample, import_labels
from tests.kit.dumps.small import make_texts
from tests.kit.labels.annotating import config, read, write_sample
from tests.kit.runs.outcomes import QUIET
from tests.kit.scripted.server import ScriptedServer, labelled

pytestmark = pytest.mark.usefixtures("key")


def write_long_sample(tmp_path, rows=12):
    """Return a sample of long documents, the same as a table for people, and the texts."""
    texts = [f"{number}: {' '.join(make_texts(12, seed=number))}" for number in range(rows)]
    sizes = [len(text.encode()) for text in texts]
    assert WINDOW.whole < min(sizes) <= max(sizes) < REACH.whole
    sample = write_sample(tmp_path / "long.parquet", rows, text=texts, text_bytes=sizes)
    windows = pa.array([cut_window(text) for text in texts])
    table = pq.read_table(sample).set_column(1, "text", windows)
    pyarrow.csv.write_csv(
        table.append_column("score", pa.array([row % 6 for row in range(rows)])), tmp_path / "checks.csv"
    )
    return sample, str(tmp_path / "checks.csv"), texts


@pytest.mark.parametrize("order", ["table first", "sample first"])
def test_labels_hold_whole_documents_though_their_windows_were_labelled_too(tmp_path, order):
    sample, checks, texts = write_long_sample(tmp_path)
    first, second = (checks, sample) if order == "table first" else (sample, checks)
    with ScriptedServer(lambda _: labelled(1)) as server:
        given = {"base_url": server.base_url}
        before = annotate_sample(config(first, tmp_path, **given), reporter=QUIET)
        after = annotate_sample(config(second, tmp_path, **given), reporter=QUIET)
        assert server.count == len(texts)
    assert before.cut_texts == (len(texts) if first == checks else 0)
    assert after.cut_texts == 0
    assert [row["text"] for row in read(tmp_path / "labels")] == texts


@pytest.mark.parametrize("ids", ["known", "of their own"])
def test_an_imported_table_takes_whole_documents_from_the_folder(tmp_path, ids):
    sample, checks, texts = write_long_sample(tmp_path)
    if ids == "of their own":
        table = pyarrow.csv.read_csv(checks, parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True))
        pyarrow.csv.write_csv(table.drop_columns(["id"]), checks)
    with ScriptedServer(lambda _: labelled(1)) as server:
        annotate_sample(config(sample, tmp_path, base_url=server.base_url), reporter=QUIET)
    result = import_labels(ImportConfig(source=checks, out=tmp_path / "labels", rater="people"))
    assert (result.labels, result.cut_texts) == (len(texts), 0)
    assert [(row["text"], row["raters"]) for row in read(tmp_path / "labels")] == [(one, 2) for one in texts]


def test_an_import_of_whole_documents_brings_them_to_windows_that_are_known(tmp_path):
    sample, checks, texts = write_long_sample(tmp_path)
    mine = ImportConfig(source=checks, out=tmp_path / "labels", rater="people")
    assert import_labels(mine).cut_texts == len(texts)
    scored = pq.read_table(sample).append_column("score", pa.array([2] * len(texts)))
    pq.write_table(scored, sample)
    theirs = import_labels(ImportConfig(source=sample, out=tmp_path / "labels", rater="others"))
    assert theirs.cut_texts == 0
    assert [row["text"] for row in read(tmp_path / "labels")] == texts


def test_the_text_of_a_known_document_that_was_edited_is_not_taken(sample, tmp_path):
    with ScriptedServer(lambda _: labelled(1)) as server:
        annotate_sample(config(sample, tmp_path, base_url=server.base_url), reporter=QUIET)
    before = [row["text"] for row in read(tmp_path / "labels")]
    edited = tmp_path / "edited.csv"
    edited.write_text(f"id,text,score\nd3,{'edited ' * 2000},3\n")
    import_labels(ImportConfig(source=edited, out=tmp_path / "labels", rater="people"))
    assert [row["text"] for row in read(tmp_path / "labels")] == before


def test_a_table_for_people_brings_the_whole_texts_that_lie_beside_it(tmp_path):
    sample, checks, texts = write_long_sample(tmp_path)
    table = pq.read_table(sample).select(["id", "text"])
    edited = pa.array([*texts[:-1], "another text"])
    pq.write_table(table.set_column(1, "text", edited), texts_beside(checks))
    result = import_labels(ImportConfig(source=checks, out=tmp_path / "labels", rater="people"))
    assert (result.labels, result.cut_texts) == (len(texts), 1)  # text that is not of the window is not taken
    assert [row["text"] for row in read(tmp_path / "labels")][:-1] == texts[:-1]


@pytest.mark.parametrize("keep", [["id", "text", "score"], ["text", "score"]], ids=" ".join)
def test_a_table_that_was_saved_under_another_name_finds_its_whole_texts(tmp_path, keep):
    sample, checks, texts = write_long_sample(tmp_path)
    pq.write_table(pq.read_table(sample).select(["id", "text"]), texts_beside(checks))
    pq.write_table(pa.table({"id": ["z"], "text": ["of another sample"]}), tmp_path / "a-texts.parquet")
    filled = read_text_file(str(checks), ["id"]).select(keep)
    saved = tmp_path / "filled in by me.csv"
    pyarrow.csv.write_csv(filled, saved)
    saved.write_bytes(saved.read_bytes().replace(b"\n", b"\r\n"))  # as spreadsheets of Windows do
    result = import_labels(ImportConfig(source=saved, out=tmp_path / "labels", rater="people"))
    assert (result.labels, result.cut_texts) == (len(texts), 0)
    assert [row["text"] for row in read(tmp_path / "labels")] == texts


def test_a_table_for_people_is_to_be_imported_before_it_trains(tmp_path, command):
    sample, checks, _ = write_long_sample(tmp_path, rows=120)
    whole = texts_beside(checks)
    pq.write_table(pq.read_table(sample).select(["id", "text"]), whole)
    refused = command("train", checks, "--out", tmp_path / "scorer")
    assert refused.code == 2
    assert f"{whole} has the whole texts" in refused.err
    assert f"edufilter annotate --import {checks} --rater NAME --out labels" in refused.err
    assert "edufilter train labels --out SCORER" in refused.err
    assert not (tmp_path / "scorer").exists()


def test_labels_whose_texts_were_cut_are_told_with_what_to_do(tmp_path, command, hasty):
    _, checks, texts = write_long_sample(tmp_path, rows=120)
    out = tmp_path / "labels"
    imported = command("annotate", "--import", checks, "--rater", "me", "--out", out)
    trained = command(*("train", out, "--out", tmp_path / "scorer", "--signals", "linear"))
    for told, times in ((imported.said, 1), (trained.said, 2)):  # a training is long: at its end again
        assert told.count(f"{len(texts)} of {len(texts)} labels hold less of their document") == times
        assert "annotate the .parquet sample" in told
