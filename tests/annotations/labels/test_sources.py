"""Proves that the same labels are read from a file, a folder and `datasets`, or refused by name."""

import json
import os
import sys

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from annotations import read_labels
from annotations.labels import sources
from annotations.labels.sources import BATCH_ROWS, read_table
from filtering.errors import LabelsError, MissingExtraError
from tests.kit.dumps.small import make_labels
from tests.kit.late import Late

datasets = Late("datasets")

TABLE = make_labels().append_column("genre", pa.array(["blog", None, "shop"] * 100))


def same(found, wanted):
    """Return whether two sets of labels are the same, row by row."""
    return (
        found.texts.equals(wanted.texts)
        and found.scores.tolist() == wanted.scores.tolist()
        and found.groups == wanted.groups
        and found.unbiased.tolist() == wanted.unbiased.tolist()
        and found.slices == wanted.slices
    )


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """Return a folder with the labels in every form that lies on a disk."""
    root = tmp_path_factory.mktemp("sources")
    pq.write_table(TABLE, root / "labels.parquet")
    for name, first, last in (("a.parquet", 0, 120), ("b.parquet", 120, 300)):
        (root / "folder").mkdir(exist_ok=True)
        pq.write_table(TABLE.slice(first, last - first), root / "folder" / name)
    (root / "lines").mkdir()
    dataset = datasets.Dataset(TABLE)
    dataset.to_json(root / "lines" / "labels.jsonl")
    dataset.save_to_disk(root / "saved")
    datasets.DatasetDict(train=dataset, test=dataset.select(range(9))).save_to_disk(root / "splits")
    return root


@pytest.fixture(scope="module")
def wanted(root):
    return read_labels(str(root / "labels.parquet"))


@pytest.fixture
def dataset():
    return datasets.Dataset(TABLE)


def rows():
    yield from TABLE.to_pylist()


@pytest.mark.parametrize("name", ["folder", "lines", "saved", "splits"])
def test_every_form_on_a_disk_gives_the_labels_of_the_file(root, wanted, name):
    assert same(read_labels(str(root / name)), wanted)


@pytest.mark.parametrize(
    "form",
    [
        lambda one: one,
        lambda one: one.with_format("numpy"),
        lambda one: one.select(range(299, -1, -1)).select(range(299, -1, -1)),
        lambda one: one.to_iterable_dataset(num_shards=3),
        lambda one: datasets.IterableDataset.from_generator(rows),
        lambda one: one.to_iterable_dataset().map(lambda row: row | {"text": row["text"]}),
    ],
    ids=["Dataset", "with another format", "with its rows reordered", "IterableDataset", "generator", "map"],
)
def test_every_object_of_datasets_gives_the_labels_of_the_file(dataset, wanted, form):
    assert same(read_labels(form(dataset)), wanted)


def test_a_stream_of_parquet_gives_the_labels_of_the_file(root, wanted):
    files = str(root / "folder" / "*.parquet")
    stream = datasets.load_dataset("parquet", data_files=files, split="train", streaming=True)
    assert same(read_labels(stream), wanted)


def test_more_rows_than_a_batch_all_come_in_order():
    rows = 2 * BATCH_ROWS + 7
    dataset = datasets.Dataset.from_dict({"text": [f"text {row}" for row in range(rows)]})
    for source in (dataset, dataset.to_iterable_dataset()):
        table, name = read_table(source, ("text", "score"))
        assert table.column_names == ["text"]
        assert table["text"].to_pylist() == [f"text {row}" for row in range(rows)]
        assert name == "the data set"


def test_only_the_columns_that_are_asked_for_are_read(root):
    for source in (str(root / "labels.parquet"), str(root / "saved"), datasets.Dataset(TABLE)):
        assert read_table(source, ("score", "text", "licence"))[0].column_names == ["text", "score"]


@pytest.mark.parametrize("missing", ["text", "score", "group"])
@pytest.mark.parametrize("streamed", [False, True], ids=["Dataset", "IterableDataset"])
def test_a_missing_column_of_a_data_set_is_named(dataset, missing, streamed):
    lacking = dataset.remove_columns(missing)
    wanted = f"the data set must have the columns text, score and group. It has no {missing!r}"
    with pytest.raises(LabelsError) as caught:
        read_labels(lacking.to_iterable_dataset() if streamed else lacking)
    assert wanted in str(caught.value)


@pytest.mark.parametrize(
    ("source_of", "kind"),
    [
        (lambda dataset: datasets.DatasetDict(train=dataset), "DatasetDict"),
        (
            lambda dataset: datasets.IterableDatasetDict(train=dataset.to_iterable_dataset()),
            "IterableDatasetDict",
        ),
        (lambda _: TABLE, "Table"),
        (lambda _: TABLE.to_pylist(), "list"),
        (lambda _: None, "NoneType"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_data_set_is_refused_by_its_type(dataset, source_of, kind):
    with pytest.raises(
        LabelsError, match=rf"datasets\.Dataset .* Got {kind} instead\. Of a DatasetDict take"
    ):
        read_labels(source_of(dataset))


@pytest.mark.parametrize("name", ["", "labels", "/no/such/folder", "three/part/name"])
def test_a_name_of_nothing_here_that_cannot_be_on_the_hub_is_refused(name):
    with pytest.raises(LabelsError, match=rf"\(owner/name\)\. Found no {name or repr(name)}\."):
        read_labels(name)


def broken(folder, name):
    """Make a folder from which no labels come."""
    folder.mkdir()
    if name == "damaged":
        pq.write_table(TABLE, folder / "a.parquet")
        content = (folder / "a.parquet").read_bytes()
        (folder / "a.parquet").write_bytes(content[:4] + b"\xff" * 2000 + content[2004:])
    elif name == "no Parquet":
        (folder / "a.parquet").write_bytes(b"PAR1")
    elif name == "no train":
        pq.write_table(TABLE, folder / "test.parquet")
    elif name == "saved by halves":
        (folder / "state.json").write_text("{}")


@pytest.mark.parametrize("name", ["empty", "damaged", "no Parquet", "no train", "saved by halves"])
def test_a_folder_that_holds_no_labels_is_refused_by_name(tmp_path, name):
    broken(tmp_path / "labels", name)
    with pytest.raises(LabelsError, match="Labels must be a data set that can be") as caught:
        read_labels(str(tmp_path / "labels"))
    assert str(tmp_path / "labels") in str(caught.value)


def test_a_hub_name_that_cannot_be_fetched_is_refused_by_name_and_ends_with_2(command_process, tmp_path):
    outcome = command_process(
        "train", "nobody/nothing", "--out", tmp_path / "out",
        env=os.environ | {"HF_HUB_OFFLINE": "1"}, cwd=tmp_path,
    )  # fmt: skip
    assert outcome.code == 2
    assert "nobody/nothing is no file or folder here, and fetching it from the hub failed" in outcome.err
    assert "Traceback" not in outcome.err
    assert list(tmp_path.iterdir()) == []


def test_without_datasets_a_folder_brings_the_pip_line_and_a_file_does_not(root, wanted, monkeypatch):
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(MissingExtraError, match=r"pip install '\.\[hub\]'"):
        read_labels(str(root / "folder"))
    assert same(read_labels(str(root / "labels.parquet")), wanted)


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("a.jsonl", '{"a": "x"}\n' * 6 + "{\n", "The trouble is in line 7."),
        ("a.jsonl", '\n\n{"a": "x"}\n' * 2 + "no\n", "The trouble is in line 7."),
        ("a.jsonl", '{"a": "x"}\n' * 6 + '{"a": 3}\n', "'a' is string before line 7, and number there."),
        ("a.jsonl", "no\n", "The trouble is in line 1."),
        ("a.csv", "a,b\n" + "1,2\n" * 6 + "1,2,3\n", "The trouble is in data row 7."),
        ("a.csv", "a,b\n" + '1,"2\n3"\n' * 6 + "1,2,3\n", "The trouble is in data row 7."),
    ],
)
def test_where_the_trouble_of_a_text_file_is_is_told_as_people_count(tmp_path, name, text, told):
    (tmp_path / name).write_text(text)
    with pytest.raises(LabelsError) as caught:
        read_table(str(tmp_path / name), ("a",))
    assert str(caught.value).endswith(told)


@pytest.mark.parametrize(
    "deep",
    [
        "[" * 20_000,
        '{"a":' * 20_000,
        "[\n" * 20_000,
        "[" * 10_000 + "]" * 10_000,
        '"\\\\", "y": ' + "[" * 20_000,
        "1}\n" + "]" * 20_000 + '\n{"x":' + "[" * 20_000,
    ],
    ids=["lists", "objects", "lines", "closed", "after a string", "after others that close"],
)
@pytest.mark.parametrize("place", ["labels.jsonl", "folder/train.json"])
def test_json_that_is_nested_deep_is_the_fault_of_its_file(tmp_path, deep, place):
    path = tmp_path / place
    path.parent.mkdir(exist_ok=True)
    path.write_text(f'{{"text": "a", "x": {deep}')
    with pytest.raises(
        LabelsError, match="must have at most 100 lists and objects within each other"
    ) as caught:
        read_labels(str(path if path.parent == tmp_path else path.parent))
    assert str(path) in str(caught.value)


def test_brackets_within_a_text_are_no_nesting(tmp_path):
    path = tmp_path / "labels.jsonl"
    rows = [{"text": '[{"' * 500 + "\\", "x": [[1]]}] * 3
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    table, _ = read_table(str(path), ["text", "x"])
    assert table.to_pylist() == rows


def test_parquet_that_grows_without_measure_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(sources, "LEAST_ALLOWED_BYTES", 10 << 20)
    path = tmp_path / "labels.parquet"
    texts = pa.DictionaryArray.from_arrays(pa.array([0] * 1000, pa.int32()), pa.array(["teach " * 20_000]))
    pq.write_table(pa.table({"text": texts}), path, compression="zstd", store_schema=False)
    with pytest.raises(LabelsError, match=r"must not grow more than 100 times.*labels\.parquet.* in text"):
        read_table(str(path), ["text"])


@pytest.mark.parametrize(
    ("file", "told"),
    [
        ("write.json", "Beginnings must not be a folder of texts. {} is one: name a file below {}/data."),
        ("grades.parquet", "Beginnings must not be a folder of grades. {} is one."),
        (
            "run/plan.json",
            "Beginnings must not be a run. {} is one, and has scores. Where a command takes both",
        ),
        ("journal.sqlite", "{} must hold labels.parquet. The command that began it was stopped"),
    ],
)
def test_a_folder_of_another_command_is_called_what_it_is(tmp_path, file, told):
    (tmp_path / file).parent.mkdir(exist_ok=True)
    (tmp_path / file).touch()
    with pytest.raises(LabelsError) as caught:
        read_table(str(tmp_path), ("text",), called="Beginnings")
    assert told.replace("{}", str(tmp_path)) in str(caught.value)
