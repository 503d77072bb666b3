"""Proves that labels are read as they are, and that each kind of bad label is refused with what is needed."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from annotations import read_labels
from annotations.labels.columns import sample_row
from annotations.labels.labels import count_cut_texts
from filtering.errors import LabelsError
from filtering.text.windows import REACH, cut_window

ROWS = 120


def columns(**changed):
    """Return good labels, with some columns changed or (None) left out."""
    good = {
        "text": pa.array([f"text {row}" for row in range(ROWS)]),
        "score": pa.array([row % 6 for row in range(ROWS)], pa.int8()),
        "group": pa.array([f"site-{row % 12}" for row in range(ROWS)]),
        "picked": pa.array(["random", "stratified", "uncertain-or-high"] * (ROWS // 3)),
    }
    return {name: values for name, values in {**good, **changed}.items() if values is not None}


@pytest.fixture
def write(tmp_path):
    def write_labels(**changed):
        path = tmp_path / "labels.parquet"
        pq.write_table(pa.table(columns(**changed)), path)
        return str(path)

    return write_labels


def test_good_labels_are_read_as_they_are(write):
    labels = read_labels(write())
    assert len(labels) == ROWS
    assert labels.texts.type == pa.large_string()
    assert labels.texts[7].as_py() == "text 7"
    assert labels.scores.dtype == np.float64
    assert labels.scores[:7].tolist() == [0, 1, 2, 3, 4, 5, 0]
    assert labels.groups[:2] == ("site-0", "site-1")
    assert labels.unbiased[:4].tolist() == [True, True, False, True]


def test_texts_that_were_cut_are_counted_where_the_size_of_the_document_is_known(write):
    document = "\u00e9tude " * 12_000
    size = len(document.encode())
    texts = [f"text {row}" for row in range(ROWS - 4)]
    texts += [cut_window(document, REACH), cut_window(document), "\u00e9" * 8, "\u00e9" * 8]
    sizes = [len(text) for text in texts[:-4]] + [size, size, 16, None]
    assert read_labels(write(text=pa.array(texts), text_bytes=pa.array(sizes))).cut_texts == 1
    assert read_labels(write(text=pa.array(texts))).cut_texts == 0
    assert read_labels(write(text=pa.array(texts), text_bytes=pa.array(["large"] * ROWS))).cut_texts == 0


@pytest.mark.parametrize("moved", range(4))
def test_a_whole_reach_is_not_cut_wherever_its_characters_fall(moved):
    document = "a" * moved + "\U0001f600" * 30_000
    table = pa.table({"text": [cut_window(document, REACH)], "text_bytes": [len(document.encode())]})
    assert count_cut_texts(table) == 0


@pytest.mark.parametrize("size", [10, 15_990, 16_010, 200_000])
def test_a_text_that_lacks_its_licence_header_alone_is_not_cut(size):
    row = sample_row("# Copyright 2001\n\n" + "y" * size, file="a", row=0)
    assert row["text"].startswith("yyyyy")
    assert row["text_bytes"] == size
    assert count_cut_texts(pa.table({name: [row[name]] for name in ("text", "text_bytes")})) == 0


@pytest.mark.parametrize("kind", [pa.int8(), pa.int64(), pa.uint8(), pa.float32(), pa.float64()], ids=str)
def test_scores_may_be_any_number(write, kind):
    scores = pa.array([row % 6 for row in range(ROWS)]).cast(kind)
    assert read_labels(write(score=scores)).scores[:3].tolist() == [0.0, 1.0, 2.0]


def test_halves_are_kept(write):
    scores = pa.array([(row % 11) / 2 for row in range(ROWS)])
    assert read_labels(write(score=scores)).scores[:3].tolist() == [0.0, 0.5, 1.0]


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.string_view()], ids=str)
def test_texts_may_be_any_string(write, kind):
    texts = pa.array([f"caf\u00e9 {row}" for row in range(ROWS)]).cast(kind)
    labels = read_labels(write(text=texts))
    assert labels.texts.type == pa.large_string()
    assert labels.texts[3].as_py() == "caf\u00e9 3"


def test_without_the_column_picked_all_rows_were_chosen_at_random(write):
    assert read_labels(write(picked=None)).unbiased.all()


def test_several_row_groups_are_one_set_of_labels(tmp_path):
    path = tmp_path / "labels.parquet"
    pq.write_table(pa.table(columns()), path, row_group_size=7)
    labels = read_labels(str(path))
    assert labels.texts.to_pylist() == [f"text {row}" for row in range(ROWS)]


def score(**at):
    values = [row % 6 for row in range(ROWS)]
    for row, value in at.items():
        values[int(row[1:])] = value
    return pa.array(values, pa.float64())


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"text": None}, r"must have the columns text, score and group\. It has no 'text'"),
        ({"score": None}, r"must have the columns text, score and group\. It has no 'score'"),
        ({"group": None}, r"must have the columns text, score and group\. It has no 'group'"),
        ({"text": pa.array(range(ROWS))}, r"'text' in .* must be string\. Got int64 instead"),
        ({"group": pa.array(range(ROWS))}, r"'group' in .* must be string\. Got int64 instead"),
        ({"score": pa.array(["3"] * ROWS)}, r"'score' in .* must be a number\. Got string instead"),
        (
            {"score": pa.array([True, False] * 60)},
            r"'score' in .* must be a number from 0 to 5\. Got bool instead",
        ),
        ({"score": score(r5=None, r9=None)}, r"must have a score\. 2 have none, the first in data row 6"),
        (
            {"text": pa.array([None] + ["x"] * 119)},
            r"must have a text\. 1 have none, the first in data row 1",
        ),
        (
            {"group": pa.array(["x"] * 119 + [None])},
            r"must have a group\. 1 have none, the first in data row 120",
        ),
        ({"score": score(r4=5.5)}, r"from 0 to 5\. Got 5\.5 in data row 5\. No other row is wrong"),
        ({"score": score(r4=-1, r6=9)}, r"from 0 to 5\. Got -1 in data row 5\. Also wrong: 9 in row 7\."),
        (
            {"score": pa.array(["3", "good", "7", "2.5", ""] * (ROWS // 5))},
            r"from 0 to 5\. Got 'good' in data row 2\. Also wrong: .*, and 43 more\.",
        ),
        ({"score": score(r3=float("nan"))}, r"from 0 to 5\. Got nan in data row 4"),
        ({"score": pa.array([2] * ROWS)}, r"must differ\. All are 2\. Label other documents too"),
        (
            {"score": pa.array([3] * 9 + [1] * 111)},
            r"at least 10 labels on either side of 3\. Found 9 of at least 3 and 111 below",
        ),
        (
            {"score": pa.array([4] * 112 + [1] * 8)},
            r"at least 10 labels on either side of 3\. Found 112 of at least 3 and 8 below",
        ),
        ({"group": pa.array(["one"] * ROWS)}, r"at least 10 groups .* Found 1\."),
        ({"group": pa.array([f"g{row % 9}" for row in range(ROWS)])}, r"at least 10 groups .* Found 9\."),
        (
            {"picked": pa.array(["random"] * 49 + ["uncertain-or-high"] * 71)},
            r"At least 50 rows .* drawn at random .*Found 49",
        ),
    ],
    ids=lambda value: "" if isinstance(value, str) else next(iter(value)),
)
def test_bad_labels_are_refused_with_what_is_needed(write, changed, message):
    path = write(**changed)
    with pytest.raises(LabelsError, match=message) as caught:
        read_labels(path)
    assert path in str(caught.value)


@pytest.mark.parametrize(
    ("changed", "is_known"),
    [
        ({}, True),
        ({"picked": pa.array(["random"] * ROWS)}, True),
        ({"picked": pa.array(["random"] * (ROWS - 1) + ["unknown"])}, False),
        ({"picked": None}, False),
        ({"picked": None, "probability": pa.array([0.5] * ROWS)}, True),
        ({"picked": None, "probability": pa.array([0.5] * (ROWS - 1) + [None])}, False),
    ],
    ids=["both", "random", "one unknown", "none", "probability", "one without"],
)
def test_documents_of_unknown_origin_count_as_drawn_at_random_and_are_told(write, changed, is_known):
    found = read_labels(write(**changed))
    assert found.origin_known == is_known
    assert found.unbiased.all() == ("picked" in changed)


def test_too_few_labels_are_refused(write):
    path = write(**{name: values.slice(0, 99) for name, values in columns().items()})
    with pytest.raises(LabelsError, match=r"at least 100 labels\. Found 99\. Label more"):
        read_labels(path)


def test_no_labels_at_all_are_refused(write):
    path = write(**{name: values.slice(0, 0) for name, values in columns().items()})
    with pytest.raises(LabelsError, match=r"at least 100 labels\. Found 0"):
        read_labels(path)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(
        LabelsError, match=r"Labels must be a Parquet, JSON or CSV file, .* Found no .*none\.parquet"
    ):
        read_labels(str(tmp_path / "none.parquet"))


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("a.parquet", "text,score,group\n", "Parquet"),
        ("a.jsonl", "secret", "JSON"),
        ("a.csv", "a\n1,2\n", "CSV"),
    ],
)
def test_what_is_not_what_its_name_says_is_refused_without_its_words(tmp_path, name, content, kind):
    (tmp_path / name).write_text(content)
    with pytest.raises(LabelsError, match=f"must be a readable {kind} file") as caught:
        read_labels(str(tmp_path / name))
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
def test_labels_may_be_lines_of_text(tmp_path, write, suffix):
    table = pq.read_table(write(text=pa.array([f'a "{row}",\nb' for row in range(ROWS)])))
    path = tmp_path / f"labels{suffix}"
    if suffix == ".csv":
        pyarrow.csv.write_csv(table, path)
    else:
        path.write_text("".join(json.dumps(row) + "\n" for row in table.to_pylist()))
    labels = read_labels(str(path))
    assert labels.texts.to_pylist() == table["text"].to_pylist()
    assert labels.scores.tolist() == table["score"].to_pylist()
    assert labels.groups == tuple(table["group"].to_pylist())


def test_messages_carry_no_text_of_a_document(write):
    path = write(text=pa.array(["secret words"] * ROWS), score=score(r4=7))
    with pytest.raises(LabelsError) as caught:
        read_labels(path)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("form", [pa.array, lambda values: pa.array(values).dictionary_encode()])
def test_genre_source_and_language_are_read_where_they_are_strings(write, form):
    genres = ["blog", None, "shop"] * (ROWS // 3)
    labels = read_labels(
        write(
            genre=form(genres),
            source=form(genres[::-1]),
            lang=pa.array(["de"] * ROWS).cast(pa.large_string()),
            language=pa.array(range(ROWS)),
        )
    )
    assert list(labels.slices) == ["genre", "source", "lang", "script"]
    assert labels.slices["genre"] == labels.slices["source"][::-1] == tuple(genres)
    assert labels.slices["lang"] == ("de",) * ROWS


def test_the_script_of_a_text_is_a_slice_of_its_own(write):
    texts = [
        "plain words",
        "naïve café au lait",
        "Über",
        "東京の光合成",
        "Фотосинтез",
        "",
        "x" * 2000 + "東" * 9000,
    ]
    labels = read_labels(write(text=pa.array(texts + ["x"] * (ROWS - len(texts)))))
    assert list(labels.slices) == ["script"]
    plain, other = "mostly ASCII", "other scripts"
    assert labels.slices["script"][:7] == (plain, plain, other, other, other, plain, plain)
