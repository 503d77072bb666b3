"""Proves that the demo filters real files of this machine, the same each time, and harms no folder."""

import io
import json
import re
import sys
from contextlib import redirect_stdout

import pyarrow.parquet as pq
import pytest

from filtering.errors import OutputError
from pipelines import run_demo
from pipelines.commands.demo import archives as demo_archives
from pipelines.commands.demo import documents as demo_documents
from pipelines.commands.demo import run_demo as demo
from tests.kit.dumps.leaking import SOLUTION, WHOLE, make_task
from tests.kit.dumps.small import digests, make_texts
from tests.kit.runs.outcomes import QUIET, Recorder

DOCUMENTS = 40


@pytest.fixture(autouse=True, scope="module")
def unreachable():
    """Have no index to fetch from: what is fetched is proven by an archive made here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(demo_archives, "pip_index", lambda: "")
        yield


def run_and_read(out, **options):
    recorder, shown = Recorder(), io.StringIO()
    with redirect_stdout(shown):
        run_demo(str(out), reporter=recorder, documents=DOCUMENTS, **options)
    return shown.getvalue(), recorder.said


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    out = tmp_path_factory.mktemp("demo") / "out"
    return out, *run_and_read(out)


def hostile_documents(*_):
    for number, text in enumerate(make_texts(DOCUMENTS)):
        yield demo_documents.Document(
            f"[bold red]no markup[/] \x1b[31m {text}", f"[link=x]{number}\x1b[2J[/link]"
        )


def test_both_dumps_are_real_documents_in_several_files(done):
    out, _, _ = done
    for scorer in ("web", "code"):
        table = pq.read_table(out / scorer / "dump")
        assert table.column_names == ["text", "path", "site"]
        assert table.num_rows == DOCUMENTS == len(set(table["text"].to_pylist()))
        assert len(list((out / scorer / "dump").glob("*.parquet"))) == demo.FILES


def test_the_runs_are_those_of_the_filter_command(done, command):
    out, shown, _ = done
    for scorer in ("web", "code"):
        run = out / scorer / "out"
        assert command("verify", run).code == 0
        assert (run / "run" / "report.html").exists()
        assert f"{run}/data" in shown
        assert command("filter", out / scorer / "dump", "-s", scorer, "-o", run).code == 0


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    """Return what a demo shows and says that has neither of two extras."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(demo, "find_prose", hostile_documents)
        patch.setattr(demo, "find_code", hostile_documents)
        for library in ("torch", "vl_convert"):
            patch.setitem(sys.modules, library, None)
        return run_and_read(tmp_path_factory.mktemp("bare") / "out")


def test_the_demo_needs_no_embedder(bare):
    shown, said = bare
    assert not [line for line in said if "[embed]" in line]
    assert "web, best" in shown
    assert "embedded" not in shown


def test_what_each_run_did_and_its_best_and_worst_documents_are_shown(done):
    _, shown, _ = done
    assert shown.count(f" of {DOCUMENTS} documents (") == 2
    for title in ("web, best", "web, worst", "code, best", "code, worst"):
        assert title in shown
    sources = set(pq.read_table(done[0] / "code" / "dump")["path"].to_pylist())
    assert len([line for line in shown.splitlines() if line[8:] in sources]) >= 2


def test_documents_are_shown_behind_their_licence_and_long_paths_with_their_names(tmp_path, capsys):
    licence = "# Copyright 2022-present the authors.\n# All rights reserved.\n\n"
    documents = [
        demo_documents.Document(f"{licence}x = {number}", f"top/{'below/' * 30}{number}.py")
        for number in range(3)
    ]
    assert demo.write_dump(tmp_path / "dump", documents, 3) == 3
    sample = {"file": "001.parquet", "row": 0, "score": 2.5}
    demo._print_samples("code, best", tmp_path / "dump", [sample])
    _, _, place, text = capsys.readouterr().out.splitlines()
    assert re.fullmatch(r"  2\.50  top/\.\.\.(/below)+/1\.py", place)
    assert text.strip() == "x = 1"


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """Return the folder of a demo of documents that are after the terminal, one a leak, and what it shows."""

    def source_files():
        yield demo_documents.Document(WHOLE, "baskets.py")
        yield demo_documents.Document("x = 1", "tiny.py")
        yield demo_documents.Document(f"// {SOLUTION}", "other.js")
        yield from hostile_documents()

    folder = tmp_path_factory.mktemp("hostile")
    benchmark = folder / "Made.jsonl"
    benchmark.write_text(json.dumps(make_task("Made/0")))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(demo, "find_prose", hostile_documents)
        patch.setattr(demo, "find_code", source_files)
        shown, _ = run_and_read(folder / "out", decontaminate=[str(benchmark)])
    return folder / "out", shown


def test_languages_reasons_and_leaks_of_code_are_shown(hostile):
    out, shown = hostile
    of_web, _, of_code = shown.partition("\ncode\n")
    assert "without a score: 1 too-short" in of_code
    assert "documents that hold a benchmark task" in of_code
    assert "by benchmark: Made" in of_code
    assert "benchmark task" not in of_web
    page = (out / "code" / "out" / "run" / "report.html").read_text()
    assert "Benchmark leaks" in page
    assert "class=caption>code language" in page
    assert "JavaScript" in page


def test_text_of_documents_goes_to_standard_output_alone(done):
    out, _, said = done
    texts = pq.read_table(out / "web" / "dump")["text"].to_pylist()
    assert said
    assert not [text for text in texts if text[:40] in "\n".join(said)]


def test_a_second_demo_makes_the_same_dumps_anew_and_leaves_other_files(done):
    out, _, _ = done
    before = digests(out / "web" / "dump") | digests(out / "code" / "dump")
    (out / "web" / "old").touch()
    (out / "mine.txt").touch()
    run_and_read(out)
    assert digests(out / "web" / "dump") | digests(out / "code" / "dump") == before
    assert not (out / "web" / "old").exists()
    assert (out / "mine.txt").exists()


def test_a_folder_that_no_demo_made_is_refused_and_untouched(tmp_path):
    (tmp_path / "web").mkdir()
    (tmp_path / "web" / "thesis.txt").write_text("years of work")
    before = digests(tmp_path)
    with pytest.raises(OutputError, match="must be new, empty, or made by an earlier demo"):
        run_demo(str(tmp_path), reporter=QUIET, documents=DOCUMENTS)
    with pytest.raises(OutputError, match="must be a folder"):
        run_demo(str(tmp_path / "web" / "thesis.txt"), reporter=QUIET, documents=DOCUMENTS)
    assert digests(tmp_path) == before


def test_documents_cannot_steer_the_terminal(hostile):
    _, shown = hostile
    assert "[bold red]no markup[/] ?[31m" in shown
    assert "[link=x]" in shown
    assert "\x1b" not in shown


def test_without_the_report_extra_the_demo_says_the_pip_line(bare):
    shown, said = bare
    assert "pip install '.[report]'" in said[-1]
    assert "web, best" in shown


def test_the_standard_library_alone_is_enough(tmp_path, monkeypatch):
    paths = {**demo_documents.sysconfig.get_paths(), "purelib": str(tmp_path), "platlib": str(tmp_path)}
    monkeypatch.setattr(demo_documents.sysconfig, "get_paths", lambda: paths)
    assert demo.write_dump(tmp_path / "web", demo_documents.find_prose({}), 400) == 400
    assert demo.write_dump(tmp_path / "code", demo_documents.find_code(), 400) == 400


def test_files_that_are_not_python_are_passed_over():
    broken = ("def broken(:", "\0", "(" * 100_000)
    assert [list(demo_documents._docstrings_of(source)) for source in broken] == [[], [], []]


def test_docstrings_are_found_at_each_level():
    long = "It says how and why, with an example. " * 10
    source = f'"""{long}"""\nclass Leaf:\n    """{long}"""\n    async def grow(self):\n        """{long}"""\n'
    found = [name for name, _ in demo_documents._docstrings_of(source + 'def short():\n    """Short."""\n')]
    assert found == ["module", "Leaf", "grow"]
