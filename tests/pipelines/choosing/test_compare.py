"""Proves that two selections are compared document by document, by slices, and on a page."""

import json
import shutil

import pyarrow.parquet as pq
import pytest

from filtering.errors import OutputError, SettingsError
from pipelines import CompareConfig, FilterConfig, RecutConfig, compare_runs, filter_dump, recut_run
from tests.kit.dumps.choices import write_mixed_dump, written
from tests.kit.runs.outcomes import QUIET


@pytest.fixture(scope="module")
def selections(mixed, tmp_path_factory):
    """Return a cut and a draw of the same run, and the ids that each keeps."""
    folder = tmp_path_factory.mktemp("selections")
    recut_run(RecutConfig(run=mixed[1], to=folder / "cut", keep_fraction=0.3), reporter=QUIET)
    recut_run(
        RecutConfig(run=mixed[1], to=folder / "drawn", keep_fraction=0.3, temperature=2.0), reporter=QUIET
    )
    cut, drawn = folder / "cut", folder / "drawn"
    return cut, drawn, *({row["id"] for row in written(out)} for out in (cut, drawn))


def test_documents_are_counted_by_who_keeps_them(mixed, selections):
    cut, drawn, first, second = selections
    found = compare_runs(CompareConfig(run=cut, other=drawn, by="language"), reporter=QUIET)
    expected = {"both": first & second, "first only": first - second, "second only": second - first}
    sizes = {row["id"]: row["size"] for row in mixed[2]}
    for kind, ids in expected.items():
        assert found.kinds[kind].documents == len(ids) > 0
        assert found.kinds[kind].tokens == sum(sizes[one] for one in ids) / 4
    assert found.kinds["neither"].documents == len(mixed[2]) - len(first | second)
    assert found.shared == len(first & second) / len(first | second)
    assert {one.kind for one in found.slices} == {"length", "input file", "language"}
    for language in ("en", "(none)"):
        named = None if language == "(none)" else language
        mine = {row["id"] for row in mixed[2] if row["language"] == named}
        [one] = [one for one in found.slices if (one.kind, one.value) == ("language", language)]
        assert one.documents["second only"] == len(mine & (second - first))
        assert sum(one.documents.values()) == len(mine)


def test_documents_of_each_kind_are_shown_as_they_are(mixed, selections):
    cut, drawn, first, second = selections
    found = compare_runs(CompareConfig(run=cut, other=drawn), reporter=QUIET)
    ids = {"both": first & second, "first only": first - second, "second only": second - first}
    for kind, wanted in ids.items():
        shown = [one for one in found.documents if one.kind == kind]
        assert len(shown) == min(8, len(wanted))
        for one in shown:
            row = pq.read_table(mixed[0] / one.file).slice(one.row, 1).to_pylist()[0]
            assert row["id"] in wanted
            assert one.text == row["text"]
            assert one.points == one.other_points


def test_runs_that_split_the_dump_otherwise_are_compared(mixed, selections, web, tmp_path):
    config = FilterConfig(
        inputs=[str(mixed[0])], out=tmp_path / "other", scorer=web, effort="fast", keep_at=1.0
    )
    filter_dump(config, reporter=QUIET)
    found = compare_runs(CompareConfig(run=mixed[1], other=tmp_path / "other"), samples=False, reporter=QUIET)
    assert found.shared == 1
    assert found.documents == []


def test_a_run_is_compared_on_the_screen_as_json_and_on_a_page(selections, command, tmp_path):
    cut, drawn, first, second = selections
    page = tmp_path / "compared.html"
    done = command("compare", cut, drawn, "--by", "host", "--html", page)
    assert done.code == 0, done.said
    assert f"both keep {len(first & second):,}" in done.out
    assert "site1.example" in done.out
    text = page.read_text()
    assert "What two selections share" in text
    assert text.count("<article") == 24
    refused = command("compare", cut, drawn, "--html", tmp_path / "none" / "a.html")
    assert (refused.code, "in a folder that exists" in refused.err) == (2, True)
    told = json.loads(command("compare", cut, drawn, "--json", "--no-samples").out)
    assert told["kinds"]["both"]["documents"] == len(first & second)
    assert told["documents"] == []
    many = command("compare", cut, drawn, "--by", "many", "--no-samples").out
    assert "201 others)" in many
    assert "at least one run keeps" in many


def test_runs_over_other_dumps_and_no_runs_are_refused(mixed, selections, web, tmp_path):
    source = write_mixed_dump(tmp_path / "dump")
    pq.write_table(pq.read_table(source / "1.parquet").slice(1), source / "1.parquet")
    other = tmp_path / "other"
    filter_dump(FilterConfig(inputs=[str(source)], out=other, scorer=web, effort="fast"), reporter=QUIET)
    with pytest.raises(SettingsError, match=r"1.parquet differs between them"):
        compare_runs(CompareConfig(run=mixed[1], other=other), reporter=QUIET)
    shutil.rmtree(other)
    (source / "1.parquet").unlink()
    filter_dump(FilterConfig(inputs=[str(source)], out=other, scorer=web, effort="fast"), reporter=QUIET)
    with pytest.raises(SettingsError, match=r"1.parquet is in .*out alone"):
        compare_runs(CompareConfig(run=mixed[1], other=other), reporter=QUIET)
    with pytest.raises(OutputError, match="must hold a run"):
        compare_runs(CompareConfig(run=mixed[1], other=tmp_path / "none"), reporter=QUIET)


@pytest.mark.parametrize("given", [[], ["--by", "host"], ["--no-samples"]])
@pytest.mark.parametrize("gone", [False, True])
def test_inputs_that_have_changed_are_refused(mixed, web, command, tmp_path, given, gone):
    source, out = write_mixed_dump(tmp_path / "dump"), tmp_path / "out"
    filter_dump(FilterConfig(inputs=[str(source)], out=out, scorer=web, effort="fast"), reporter=QUIET)
    first = source / "0.parquet"
    pq.write_table(pq.read_table(first).slice(0, 20), first)
    if gone:
        first.unlink()
    refused = command("compare", out, out, *given)
    assert (refused.code, refused.out) == (2, "")
    assert "0.parquet must be there." if gone else "0.parquet has changed." in refused.err.replace("\n", " ")
    assert "Put it back as it was" in refused.err.replace("\n", " ")
