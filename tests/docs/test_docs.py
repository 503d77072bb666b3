"""Proves that the documentation is true: its code runs, its links lead somewhere, nothing is left out."""

import inspect
import os
import re
import shlex
import shutil
import subprocess
import sys
from contextlib import suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from random import Random

import numpy as np
import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import typer

from filtering.embedding import sentence_transformer
from filtering.embedding.embedders import Embeddings
from filtering.embedding.sentence_transformer import SentenceTransformerEmbedder
from pipelines import FilterConfig, filter_dump
from tests.kit.dumps.small import SELLING, TEACHING, digests, lasting, make_labels, make_texts
from tests.kit.places import ROOT
from tests.kit.runs.outcomes import QUIET
from tests.kit.runs.ray_cluster import FEWER_PROCESSES
from tests.kit.scripted.judge import judge
from tests.kit.scripted.server import ScriptedServer, completion, slow, text_parts
from tests.kit.scripted.writer import Writer, said

HOW_TO = tuple(path.relative_to(ROOT).as_posix() for path in sorted(ROOT.glob("docs/how-to/*.md")))
PAGES = (
    "README.md",
    "docs/tutorial.md",
    *HOW_TO,
    "docs/your-own-rubric.md",
    "docs/decontamination.md",
)
ALL_PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for pattern in ("*.md", "docs/**/*.md", "filtering/models/*/*.md")
    for path in ROOT.glob(pattern)
)
BLOCK = re.compile(r"^```(sh|python)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
RUBRIC = re.compile(r"^```toml\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")
NOT_RUN = ("git ", "make ", "pip ", "cd ")
"""Lines of set-up: `make` and a clone would start the tests from within the tests."""

ROWS, LABELS = 120, 150
START_CHARACTERS = 100
"""Of a document, which embedders of the pages read."""
HEAD = "127.0.0.1:6390"
FETCH = """
from pathlib import Path
from pipelines.object_stores import path_of
data = path_of("s3://bucket/again/data")
Path("fetched").mkdir()
for name, _ in data.files():
    Path("fetched", name).write_bytes((data / name).read_bytes())
"""


@pytest.fixture
def place(tmp_path):
    """Return a folder with what the pages speak of: `dump/`, `labels.parquet` and a text file."""
    texts = make_texts(ROWS)
    (tmp_path / "dump").mkdir()
    pq.write_table(pa.table({"id": range(ROWS), "text": texts}), tmp_path / "dump" / "a.parquet")
    pq.write_table(make_labels(LABELS), tmp_path / "labels.parquet")
    for name in ("labels.md", "page.txt"):
        (tmp_path / name).write_text(texts[0])
    return tmp_path


@pytest.fixture(scope="module")
def endpoint():
    """Return what says in the environment where the model of the pages is: one that knows what teaches."""
    with ScriptedServer(answer_of_the_pages) as server:
        yield {"OPENAI_BASE_URL": server.base_url, "OPENAI_API_KEY": "sk-of-the-pages"}


def answer_of_the_pages(request):
    """Grade by what teaches; write texts of which some teach more, some less."""
    if "response_format" in request.body:
        return judge(request)
    answer = Writer()(request)
    if "daily life" not in text_parts(request.body, "user")[-1]:
        return answer
    random = Random(request.digest)
    teaching = random.randrange(6)
    more = random.sample(TEACHING, teaching) + random.sample(SELLING, 5 - teaching)
    return completion(" ".join([said(answer), *more]))


@pytest.fixture(scope="module")
def embedded_once():
    """Read and load each model once and embed each text once for all pages: they do it up to thirty times.

    Of the documents of the pages the start is enough. What is read to check a scorer is read whole.
    """
    vectors = {}
    embed = SentenceTransformerEmbedder.embed

    def embed_new(self, texts):
        known = vectors.setdefault(self.settings, {})
        new = [text for text in dict.fromkeys(texts) if text not in known]
        found = embed(self, [start_of(text) for text in new])
        known.update(zip(new, zip(found.vectors, found.tokens, found.tokens_read, strict=True), strict=True))
        columns = zip(*(known[text] for text in texts), strict=True)
        return Embeddings(*map(np.array, columns)) if texts else found

    with pytest.MonkeyPatch.context() as patch:
        for name in ("load_model", "digest_of"):
            patch.setattr(sentence_transformer, name, cache(getattr(sentence_transformer, name)))
        patch.setattr(SentenceTransformerEmbedder, "embed", embed_new)
        yield


def start_of(text):
    return text[:START_CHARACTERS] if text.startswith((*TEACHING, *SELLING)) else text


def environment(endpoint):
    scripts = str(Path(sys.executable).parent)
    return {**os.environ, **endpoint, "PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}"}


@pytest.mark.usefixtures("hasty", "embedded_once")
@pytest.mark.parametrize("page", PAGES)
def test_the_code_of_a_page_runs_as_it_stands(page, place, endpoint, command, monkeypatch):
    """All of it in this process, which loads libraries once: other tests prove that the command starts."""
    monkeypatch.chdir(place)
    for name, value in endpoint.items():
        monkeypatch.setenv(name, value)
    text = (ROOT / page).read_text()
    blocks = BLOCK.findall(text)
    assert blocks, f"{page} has no code"
    for rubric in RUBRIC.findall(text):
        (place / "mine.toml").write_text(rubric)
    for language, code in blocks:
        if language == "python":
            exec(compile(code, page, "exec"), {"__name__": "__main__"})
            continue
        for line in code.splitlines():
            if line and not line.startswith(("#", *NOT_RUN)):
                program, *arguments = shlex.split(line, comments=True)
                done = command(*arguments)
                assert (program, done.code) == ("edufilter", 0), f"{page}: {line}\n{done.said}"


def test_the_script_of_the_whole_chain_runs_with_a_kill_in_the_middle(place):
    rows, some = 160, 40
    pq.write_table(pa.table({"text": make_texts(rows)}), place / "dump" / "a.parquet")
    # The script waits by `sleep` before it kills: here until some questions are answered, on any machine.
    wait = place / "bin" / "sleep"
    wait.parent.mkdir()
    wait.write_text("#!/bin/sh\nuntil [ -e answered ]; do command -p sleep 0.02; done\n")
    wait.chmod(0o755)
    # It takes the command from beside itself.
    script = place / "docs" / "labels.sh"
    script.parent.mkdir()
    shutil.copy(ROOT / "docs" / "labels.sh", script)
    program = place / ".venv" / "bin" / "edufilter"
    program.parent.mkdir(parents=True)
    program.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m tests.kit.runs.hasty "$@"\n')
    program.chmod(0o755)

    def answer(request):
        if request.count == some:
            (place / "answered").touch()
        return slow(judge(request), 0.05)

    with ScriptedServer(answer) as server:
        found = environment({"OPENAI_BASE_URL": server.base_url, "OPENAI_API_KEY": "sk-of-the-script"})
        done = subprocess.run(
            ["bash", script, "dump", "made", "scripted"], cwd=place,
            env=found | {"PATH": f"{wait.parent}{os.pathsep}{found['PATH']}"}, capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        asked = server.count
    assert "killed" in done.stdout
    resumed = re.search(r"([\d,]+) of ([\d,]+) questions are answered", done.stderr)
    answered, questions = (int(number.replace(",", "")) for number in resumed.groups())
    assert 0 < answered < questions
    assert questions <= asked <= questions + 8
    assert pq.read_table(place / "made" / "labels" / "labels.parquet").num_rows == questions // 2
    kept = pq.read_table(place / "made" / "kept" / "data")
    assert 0 < kept.num_rows < rows


@pytest.mark.xdist_group("ray")  # so that one Ray starts at a time
def test_the_commands_of_the_cluster_page_run_one_after_the_other(place):
    """Among them one that starts Ray and ends it, and a job that is submitted to a real head in token mode.

    Both write what local runs write. What is Python runs while the head is there, and uses it.
    """
    blocks = BLOCK.findall((ROOT / "docs" / "cluster.md").read_text())
    script = "\n".join(code for language, code in blocks if language == "sh")
    (place / "page.py").write_text("\n".join(code for language, code in blocks if language == "python"))
    script = script.replace(
        "kill $HEAD", f"RAY_ADDRESS={HEAD} {sys.executable} page.py > page.txt\nkill $HEAD"
    )
    script = script.replace("kill $STORE", f"{sys.executable} -c '{FETCH}'\nkill $STORE")
    script = script.replace("export RAY_AUTH_MODE", f"echo {HEAD} >&2\nexport RAY_AUTH_MODE")
    ours = {name: value for name, value in environment({}).items() if not name.startswith("RAY_")}
    ours |= FEWER_PROCESSES
    mark = {"MARK_OF_THIS_TEST": str(place)}
    # Whatever fails or hangs, what the script started ends with it.
    ending = "trap 'kill $(jobs -p) 2> /dev/null' EXIT"
    done = subprocess.run(
        ["timeout", "--kill-after=30", "240", "bash", "-c", f"set -euo pipefail\n{ending}\n{script}"],
        cwd=place, env=ours | mark, capture_output=True, text=True,
    )  # fmt: skip
    logs = [path.read_text() for path in sorted(place.glob("*.log"))]
    assert done.returncode == 0, "\n".join([done.stdout, done.stderr, *logs])
    assert "Traceback" not in done.stdout
    without_head = done.stderr.partition(HEAD)[0]
    assert [word for word in ("Traceback", "raylet", "WARNING", "ERROR") if word in without_head] == []
    here = FilterConfig(inputs=[str(place / "dump")], out=place / "here", scorer="web", effort="fast")
    filter_dump(here, reporter=QUIET)
    assert lasting(place / "out-ray") == lasting(place / "here")
    assert digests(place / "fetched") == digests(place / "out-strict" / "data") != {}
    assert done.stdout.count("complete: 1 of 1 parts") == 2
    assert "all files are as they were written" in done.stdout
    kept = [int(line) for line in (place / "page.txt").read_text().splitlines() if line.isdigit()]
    assert len(kept) == 2
    assert kept[0] == kept[1] > 0
    assert psutil.wait_procs(marked(mark), timeout=10)[1] == []


def marked(mark):
    """Return the processes that have this in their environment."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if mark.items() <= process.environ().items():
                found.append(process)
    return found


@pytest.mark.parametrize("page", ALL_PAGES)
def test_a_heading_stands_after_an_empty_line(page):
    text = re.sub(r"^```.*?^```$", "", (ROOT / page).read_text(), flags=re.MULTILINE | re.DOTALL)
    assert re.findall(r"[^\n]\n(#+ .*)", text) == []


@pytest.mark.parametrize("page", ALL_PAGES)
def test_links_between_pages_lead_somewhere(page):
    for target in LINK.findall((ROOT / page).read_text()):
        assert (ROOT / page).parent.joinpath(target).exists(), f"{page} links to {target}"


def test_every_experiment_is_found_by_its_question():
    text = (ROOT / "docs" / "experiments.md").read_text()
    titles = re.findall(r"^## [\d-]+: (.*)$", text, re.MULTILINE)
    assert titles
    for title in titles:
        assert f"| [{title}](#" in text, title


def test_every_command_and_option_has_help_and_stands_in_the_reference():
    from pipelines.commands.cli import app

    reference = (ROOT / "docs" / "reference.md").read_text()
    for name, command in typer.main.get_command(app).commands.items():
        assert command.help, name
        section = reference.partition(f"### `edufilter {name}")[2].partition("\n### ")[0]
        assert section, f"{name} is not in the reference"
        options = [one for one in command.params if one.name != "help" and not getattr(one, "hidden", False)]
        assert all(option.help for option in options), f"{name}: an option has no help"
        rows = [line for line in section.splitlines() if line.startswith("| `")]
        assert rows == [row_of(option) for option in options], name


def test_a_setting_is_checked_and_told_as_its_option_says():
    """A field has one meaning: that of its option, or its own where it has none."""
    import pipelines
    from pipelines.commands.cli import app
    from pipelines.settings.base import Settings, info_of, names_of

    commands = typer.main.get_command(app).commands
    options = [option for command in commands.values() for option in command.params]
    models = [getattr(pipelines, name) for name in pipelines.__all__]
    for model in (one for one in models if isinstance(one, type) and issubclass(one, Settings)):
        for name in names_of(model):
            field, info = model.model_fields[name], info_of(model, name)
            meaning = info.help if info else field.description
            assert meaning, f"{model.__name__}.{name}"
            assert f"    {meaning}\n" in model.__doc__
            assert not info or any((option.name, option.help) == (name, meaning) for option in options)


def row_of(option):
    """Return the row of an option or argument in the reference."""
    meaning = f"| {option.help.replace('|', '/')} |"
    if option.param_type_name == "argument":
        return f"| `{option.metavar}` {meaning}  |"
    shown = option.show_default if isinstance(option.show_default, str) else option.default
    default = "" if shown is None or shown is False else f"`{shown}`"
    names = ", ".join(f"`{name}`" for name in option.opts)
    return f"| {names} {meaning} {'required' if option.required else default} |"


def test_every_public_name_has_a_docstring_and_stands_in_the_reference():
    reference = (ROOT / "docs" / "reference.md").read_text()
    for package in ("filtering", "filtering.leaks", "annotations", "pipelines"):
        module = import_module(package)
        for name in module.__all__:
            assert inspect.getdoc(getattr(module, name)), f"{package}.{name}"
            assert f"| `{name}` |" in reference, f"{package}.{name}"


def test_every_error_stands_in_the_reference_and_in_the_tree():
    errors = import_module("filtering.errors")
    reference = (ROOT / "docs" / "reference.md").read_text()
    for name, error in vars(errors).items():
        if inspect.isclass(error):
            assert f"`{name}`" in reference
            assert name in errors.__doc__
