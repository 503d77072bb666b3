"""Proves that what comes out is what went in, over files of every type by every writer at hand."""

import io

import duckdb
import pandas
import pyarrow.parquet as pq
import pytest

from pipelines import FilterConfig, filter_dump
from pipelines.progress import ConsoleReporter
from tests.kit.dumps.parquet_writers import KEPT, WRITERS

PLAIN_INTEGER = ("Int(bitWidth=32, isSigned=true)", "None")  # both say the same
NO_LONGER = {
    ("by_duckdb", "interval"): ("Interval", "None"),
    ("by_duckdb", "timetz"): ("isAdjustedToUTC=true", "isAdjustedToUTC=false"),
    ("by_duckdb", "variant"): ("Variant(1)", ""),
    ("with_annotations", "enum"): ("Enum", "None"),
    ("with_annotations", "bson"): ("BSON", "None"),
    ("with_names_of_hive", "lists"): ("bags", "list"),
    ("with_lists_of_two_levels", "arrays"): ("arrays.array", "arrays.list.array"),
}
"""What pyarrow cannot keep, by file and column."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return a folder with ``in`` and ``out`` of one run over all files, each there twice, in parts."""
    folder = tmp_path_factory.mktemp("conformance")
    said = io.StringIO()
    for place in ("in", "in/again"):
        (folder / place).mkdir()
        for name, write in WRITERS.items():
            write(folder / place / f"{name}.parquet")
    config = FilterConfig(
        inputs=[folder / "in"], out=folder / "out", effort="fast", keep_at=0.0, rows_per_part=20, workers=1
    )
    result = filter_dump(config, reporter=ConsoleReporter(stream=said))
    assert result.set_aside == ()
    (folder / "said.txt").write_text(said.getvalue())
    return folder


def before_and_after(folder, name):
    """Return the source and the parts of its output."""
    parts = sorted((folder / "out" / "data").glob(f"{name}.*parquet"))
    assert parts
    return pq.ParquetFile(folder / "in" / f"{name}.parquet"), [pq.ParquetFile(part) for part in parts]


def values_of(file, index):
    """Return the values of a column, by row groups: pyarrow cannot join dictionaries within lists (26.0)."""
    groups = range(file.metadata.num_row_groups)
    return [value for group in groups for value in file.read_row_group(group).column(index).to_pylist()]


def leaves(file):
    """Return what each leaf column is called, how it is stored, and what it is said to be."""
    group = file.metadata.row_group(0)
    leaves = [file.schema.column(index) for index in range(group.num_columns)]
    return [
        (leaf.path, leaf.physical_type, str(leaf.logical_type), leaf.max_definition_level,
         leaf.max_repetition_level, group.column(index).compression)
        for index, leaf in enumerate(leaves)
    ]  # fmt: skip


@pytest.mark.parametrize("name", WRITERS)
def test_values_types_and_metadata_of_each_field_come_out(folder, name):
    source, parts = before_and_after(folder, name)
    assert sum(part.metadata.num_rows for part in parts) == len(KEPT)
    for part in parts:
        for index, field in enumerate(source.schema_arrow):
            found = part.schema_arrow.field(index)
            if (name, field.name) == ("by_pyarrow_with_nested_views", "struct"):
                assert str(found.type) == str(field.type).replace("_view", "")
                field = field.with_type(found.type)
            assert found.equals(field, check_metadata=True)
        assert part.schema_arrow.names == [*source.schema_arrow.names, "edu_score", "edu_unsure"]
    for index in range(len(source.schema_arrow)):
        values = values_of(source, index)
        found = [value for part in parts for value in values_of(part, index)]
        assert found == [values[row] for row in KEPT]


@pytest.mark.parametrize("name", WRITERS)
def test_leaf_columns_keep_their_names_their_storage_and_their_codecs(folder, name):
    source, parts = before_and_after(folder, name)
    expected = []
    for path, physical, logical, *rest in leaves(source):
        before, after = NO_LONGER.get((name, path.split(".")[0]), ("", ""))
        logical = logical.replace(before, after).replace(*PLAIN_INTEGER)
        expected.append((path.replace(before, after), physical, logical, *rest))
    for part in parts:
        assert leaves(part) == [
            *expected,
            ("edu_score", "FLOAT", "None", 1, 0, "ZSTD"),
            ("edu_unsure", "BOOLEAN", "None", 1, 0, "ZSTD"),
        ]


@pytest.mark.parametrize("name", WRITERS)
def test_keys_of_the_footer_go_along(folder, name):
    source, parts = before_and_after(folder, name)
    keys = dict(source.metadata.metadata or {})
    keys.pop(b"ARROW:schema", None)
    if name == "by_fastparquet":  # a range numbers the rows of the source
        keys.pop(b"pandas")
    for part in parts:
        assert keys.items() <= part.metadata.metadata.items()


@pytest.mark.parametrize("name", ["by_pyarrow_with_old_names", "by_polars", "by_duckdb", "by_fastparquet"])
def test_another_reader_finds_the_same_values(folder, name):
    source = folder / "in" / f"{name}.parquet"
    pattern = folder / "out" / "data" / f"{name}.*parquet"
    kept = ", ".join(f'"{field}"' for field in pq.read_schema(source).names if (name, field) not in NO_LONGER)
    with duckdb.connect() as database:
        wanted = database.sql(f"SELECT {kept} FROM '{source}' WHERE text != ''").arrow().read_all()
        found = database.sql(f"SELECT {kept} FROM read_parquet('{pattern}')").arrow().read_all()
    assert found.to_pylist() == wanted.to_pylist()
    assert found.schema == wanted.schema


def test_a_data_frame_has_its_index_again(folder):
    [path] = (folder / "out" / "data").glob("by_pandas.*parquet")
    assert pandas.read_parquet(path).index.tolist() == KEPT


def test_each_column_that_cannot_stay_as_it_is_is_named_once(folder):
    lines = [line for line in (folder / "said.txt").read_text().splitlines() if "comes out otherwise" in line]
    named = [
        (name, column)
        for line in lines
        for name, column in NO_LONGER
        if f"{column!r} of" in line and f"{name}.parquet" in line
    ]
    assert sorted(named) == sorted(NO_LONGER)
    assert len(lines) == len(NO_LONGER)
