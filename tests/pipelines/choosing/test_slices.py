"""Proves what parts documents: columns of all kinds, addresses and paths, and languages that are found."""

from collections import Counter

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from annotations.labels.columns import host_of
from filtering.errors import OutputError, SettingsError
from pipelines import FilterConfig, RecutConfig, estimate_recut, filter_dump, recut_run
from pipelines.choosing.cut_file import SliceCuts, read_cuts, write_cuts
from pipelines.run_folder.folder import RunFolder
from tests.kit.dumps.choices import written
from tests.kit.dumps.small import GEORGIAN, RUSSIAN, make_texts
from tests.kit.runs.outcomes import QUIET, Recorder


@pytest.fixture
def slices_of(web, tmp_path):
    """Return a function that filters a table, and gives its documents by slice."""

    def slices(table, by, reporter=QUIET):
        pq.write_table(table, tmp_path / "a.parquet", row_group_size=7)
        config = FilterConfig(
            inputs=[str(tmp_path / "a.parquet")],
            out=tmp_path / "out",
            scorer=web,
            effort="fast",
            rows_per_part=7,
        )
        filter_dump(config, reporter=QUIET)
        found = estimate_recut(
            RecutConfig(run=tmp_path / "out", to="x", by=by, keep_fraction=1.0), reporter=reporter
        )
        return {one.name: one.there.documents for one in found.slices}

    return slices


TEXTS = make_texts(12)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (pa.array(["a", "b", None, "", "a", "b"] * 2), {"a": 4, "b": 4, "(none)": 4}),
        (pa.array(["a", "b"] * 6).dictionary_encode(), {"a": 6, "b": 6}),
        (pa.array(["a", "b"] * 6, pa.string_view()), {"a": 6, "b": 6}),
        (pa.array([b"a", b"\xff"] * 6), {"a": 6, "\\xff": 6}),
        (pa.array([1, 2, None] * 4, pa.int8()), {"1": 4, "2": 4, "(none)": 4}),
        (pa.array([True, False] * 6), {"True": 6, "False": 6}),
        (pa.array([None] * 12, pa.null()), {"(none)": 12}),
        (pa.array(["two\nlines", "\x1b[31m"] * 6), {"two\\nlines": 6, "\\x1b[31m": 6}),
    ],
)
def test_values_of_any_kind_of_column_part_documents(slices_of, values, expected):
    assert slices_of(pa.table({"text": TEXTS, "kind": values}), "kind") == expected


def test_a_field_of_a_struct_parts_documents(slices_of):
    kinds = pa.array([{"lang": "en"}, {"lang": "de"}, None] * 4)
    assert slices_of(pa.table({"text": TEXTS, "meta": kinds}), "meta.lang") == {"en": 4, "de": 4, "(none)": 4}


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        ("host", {"a.org": 6, "b.org": 4, "(none)": 2}),
        ("url:1", {"www.a.org": 4, "a.org": 2, "b.org": 4, "(none)": 2}),
        ("url:2", {"www.a.org/x": 4, "a.org/y": 2, "b.org/z": 4, "(none)": 2}),
        ("path:1", {"src": 8, "docs": 4}),
        ("path:2", {"src/a.py": 4, "src/sub": 4, "docs/b.md": 4}),
    ],
)
def test_addresses_and_paths_part_documents_by_their_first_steps(slices_of, by, expected):
    urls = [
        "https://www.a.org/x/1",
        "https://www.a.org/x",
        "http://a.org/y",
        "https://b.org/z/2",
        "https://b.org/z",
        "",
    ]
    table = pa.table({"text": TEXTS, "url": urls * 2, "path": ["src/a.py", "/src/sub/c.py", "docs/b.md"] * 4})
    assert slices_of(table, by) == expected


ODD = [
    "https://www.a.org:80/x?y#z", "http://user:p@b.org/", "//c.org/x", "mailto:x@y", "a.b/c", "https://",
    "ftp://[::1]:8/x", "HTTPS://WWW.UP.org/x", " https://s.org/x", "https://é.org/a//b", "http://[bad/x",
]  # fmt: skip


def test_odd_addresses_have_the_host_that_groups_of_labels_have(slices_of):
    hosts = Counter(host_of(url) or "(none)" for url in ODD)
    assert slices_of(pa.table({"text": TEXTS[: len(ODD)], "url": ODD}), "host") == hosts


@pytest.mark.parametrize("tags", [[["a"], ["b"]] * 6, [{"a": 1}] * 12], ids=["lists", "structs"])
def test_a_column_of_lists_or_structs_parts_nothing(slices_of, tags):
    with pytest.raises(SettingsError, match="must hold texts, numbers or the like"):
        slices_of(pa.table({"text": TEXTS, "tags": tags}), "tags")


def test_two_columns_of_a_name_part_nothing(slices_of):
    table = pa.Table.from_arrays(
        [pa.array(TEXTS), pa.array(TEXTS), pa.array(TEXTS)], ["text", "kind", "kind"]
    )
    with pytest.raises(SettingsError, match="must have a column 'kind' for --by"):
        slices_of(table, "kind")


def test_a_column_of_languages_goes_by_its_other_names(slices_of):
    assert slices_of(pa.table({"text": TEXTS, "lang": ["en", "de"] * 6}), "language") == {"en": 6, "de": 6}


def test_languages_that_no_column_tells_are_found_in_the_texts_and_that_is_said(slices_of):
    heard = Recorder()
    texts = [RUSSIAN, GEORGIAN, RUSSIAN, None]
    found = slices_of(pa.table({"text": texts, "id": range(4)}), "language", reporter=heard)
    assert found == {"ru": 2, "ka": 1, "(none)": 1}
    assert any("found in the texts" in line for line in heard.said)


def scorer_of(out):
    return RunFolder(str(out)).read_plan().facts.scorer_sha256


@pytest.mark.parametrize("name", ["cuts.json", "cuts.csv"])
def test_cuts_of_another_scorer_are_refused_whatever_the_kind_of_file(mixed, tmp_path, name):
    path, heard = str(tmp_path / name), Recorder()
    write_cuts(path, SliceCuts("language", {"en": 1.0}, 1.0, "0" * 64))
    config = RecutConfig(run=mixed[1], to="x", cuts=path)
    with pytest.raises(SettingsError, match="is of digest 000000000000"):
        estimate_recut(config, reporter=heard)
    write_cuts(path, SliceCuts("language", {"en": 1.0}, 1.0))
    estimate_recut(config, reporter=heard)
    assert any(f"{name} names no scorer." in line for line in heard.said)


def test_values_as_long_as_documents_are_shown_as_names(slices_of):
    texts = make_texts(300)
    table = pa.table({"text": texts, "prompt": [f"{one} {text} {one}" for one, text in enumerate(texts)]})
    heard = Recorder()
    slices_of(table, "prompt", heard)
    assert any("'prompt' has 300 values in 300 documents: most" in line for line in heard.said)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_cuts_are_read_as_spreadsheets_of_any_country_save_them(tmp_path, delimiter):
    rows = [("language", "keep_at"), ("en", '"3,5"'), ("de", "2.25"), ("(others)", "3")]
    text = "".join(f"{delimiter.join(row)}\r\n" for row in rows)
    (tmp_path / "cuts.csv").write_text(f"\ufeff{text}", newline="")
    assert read_cuts(str(tmp_path / "cuts.csv")) == SliceCuts("language", {"en": 3.5, "de": 2.25}, 3.0)


def test_a_value_that_stands_twice_is_named(tmp_path):
    (tmp_path / "cuts.csv").write_text("language,keep_at\n\nen,2\nen,3\n(others),2\n")
    with pytest.raises(SettingsError, match="'en' stands twice, the second time in line 4"):
        read_cuts(str(tmp_path / "cuts.csv"))


@pytest.mark.parametrize("name", ["cuts.json", "cuts.csv"])
def test_cuts_of_a_file_keep_each_value_from_its_own_points(mixed, tmp_path, name):
    cuts = SliceCuts("language", {"en": 1.5, "(none)": 0.5, "xx": 1.0}, 1.0, scorer_of(mixed[1]))
    write_cuts(str(tmp_path / name), cuts)
    assert read_cuts(str(tmp_path / name)) == cuts
    config = RecutConfig(run=mixed[1], to=tmp_path / "cut", cuts=str(tmp_path / name))
    recut_run(config, reporter=QUIET)
    kept = {row["id"] for row in written(tmp_path / "cut")}
    at = {"en": 1.5, None: 0.5}
    expected = {
        row["id"]
        for row in mixed[2]
        if row["score"] is not None and row["score"] >= at.get(row["language"], 1.0)
    }
    assert kept == expected
    (tmp_path / name).unlink()
    write_cuts(str(tmp_path / name), SliceCuts("language", {"en": 2.0}, 1.0))
    with pytest.raises(OutputError, match="The files of --cuts or --tokenizer"):
        recut_run(config, reporter=QUIET)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.json", "[]"),
        ("a.json", '{"by": "x", "cuts": {"a": "high"}, "others": 1}'),
        ("a.json", '{"by": "x", "cuts": {"a": 7}, "others": 1}'),
        ("a.json", '{"by": "x", "cuts": {"a": 1}}'),
        ("a.json", '{"by": "", "cuts": {}, "others": 1}'),
        ("a.json", '{"by": "x", "cuts": {}, "others": NaN}'),
        ("a.csv", ""),
        ("a.csv", "language,keep_at\nen,2\n"),
        ("a.csv", "language,points\n(others),2\n"),
        ("a.csv", "language,keep_at\nen,2\nen,3\n(others),2\n"),
        ("a.csv", "language,keep_at\nen,two\n(others),2\n"),
        ("a.csv", "language\nen\n(others)\n"),
        ("a.json", '{"by": "x", "cuts": ["a"], "others": 1}'),
        ("a.json", '{"by": "x", "cuts": {}, "others": 1, "scorer_sha256": 5}'),
    ],
)
def test_a_file_of_cuts_that_says_something_else_is_refused_in_plain_words(tmp_path, name, content):
    (tmp_path / name).write_text(content)
    with pytest.raises(SettingsError, match="--cuts must be a file that threshold --by wrote") as refused:
        read_cuts(str(tmp_path / name))
    assert not any(
        word in str(refused.value) for word in ("convert", "unpack", "attribute", "'str'", "Error")
    )
