"""What the tests share: scorers, labels, a dump, a run that nothing disturbed, and the command line."""

import gc
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from _pytest.doctest import DoctestModule

from annotations import read_labels
from filtering import compiled
from filtering.fitting.paired_scores import pair
from pipelines import FilterConfig, TrainConfig, filter_dump, train_scorer
from pipelines.page_kit import svg_charts
from pipelines.scorers.evaluate import fit_data_of, points_of_labels
from pipelines.scorers.train import read_pool, save_judged
from tests.kit.dumps.long_texts import CUT as LONG_CUT
from tests.kit.dumps.long_texts import write_long_dump
from tests.kit.dumps.small import CUT, make_labels, make_texts, write_dump
from tests.kit.longest_first import LONGEST_FIRST
from tests.kit.made_once import made_once
from tests.kit.pages.warm_drawing import drawing_process
from tests.kit.places import ROOT, SHARED
from tests.kit.runs.few_rows import run_command as run
from tests.kit.runs.outcomes import QUIET, Outcome
from tests.kit.runs.ray_cluster import connected_cluster
from tests.kit.runs.warm_start import Begun, WarmStart, load_all
from tests.kit.scorers.haste import make_haste
from tests.kit.scorers.trained import Trained, read_trained, save_trained

if TYPE_CHECKING:
    from ray.cluster_utils import Cluster

DRAWING = pytest.StashKey[str]()
"""The program that draws charts, of the process that all workers have in common."""

CLUSTER = pytest.StashKey[tuple["Cluster", ExitStack]]()
"""The cluster of Ray that tests of the group "ray" have in common, and what ends it."""

gc.disable()
"""Until all tests are found: looking for rubbish among what they import takes a quarter of that time."""


def pytest_configure(config: pytest.Config) -> None:
    """Compile the kernels once where they are not: each worker would spend twenty seconds on that."""
    folder = compiled._cache_folder()
    if config.getoption("numprocesses", None) and folder is not None and not any(folder.rglob("*.nbi")):
        load_all()


@pytest.hookimpl(wrapper=True)
def pytest_collect_file() -> Generator[None, list[pytest.Collector], list[pytest.Collector]]:
    """Look for examples in docstrings of the product alone, and not in all that tests import."""
    found = yield
    return [one for one in found if not isinstance(one, DoctestModule)]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the files that take longest first; of each, and of all others, the order stays.

    A file stays with one worker, so that its fixtures are made once, unless it marks a group.
    """
    places = {name: place for place, name in enumerate(LONGEST_FIRST)}

    def place_of(item: pytest.Item) -> int:
        path = item.path.as_posix()
        return min((place for name, place in places.items() if path.endswith(name)), default=len(places))

    items.sort(key=place_of)
    for item in items:
        if not item.get_closest_marker("xdist_group"):
            item.add_marker(pytest.mark.xdist_group(item.path.as_posix()))


def pytest_collection_finish() -> None:
    """Look for rubbish from now on, but never among what is there for good."""
    gc.freeze()
    gc.enable()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_node_collection_finished(ids: list[str]) -> None:
    """See, before a test is run, that groups are kept."""
    if not all("@" in one for one in ids):
        raise pytest.UsageError(
            "A worker must run whole groups of tests. Give no other --dist than loadgroup, and install the "
            "versions of constraints.txt: with pytest 9.2, pytest-xdist 3.8 keeps no group."
        )


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node) -> None:
    """Tell a worker which program draws the charts of pages; all have one engine in common."""
    node.workerinput["drawing"] = drawing_of(node.config)


def drawing_of(config: pytest.Config) -> str:
    """Return the program that hands charts to an engine that has started; start it if it has not."""
    if DRAWING not in config.stash:
        folder = Path(tempfile.mkdtemp(prefix="drawing-"))
        drawing = ExitStack()
        drawing.callback(shutil.rmtree, folder)
        config.stash[DRAWING] = drawing.enter_context(drawing_process(folder))
        config.add_cleanup(drawing.close)
    return config.stash[DRAWING]


@pytest.fixture(scope="session", autouse=True)
def own_drawing(pytestconfig) -> Iterator[str]:
    """Let an engine that has started draw the charts of pages; return the program that starts one itself."""
    own = svg_charts.DRAW
    input_of_worker = getattr(pytestconfig, "workerinput", None)
    program = input_of_worker["drawing"] if input_of_worker else drawing_of(pytestconfig)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(svg_charts, "DRAW", program)
        yield own


@pytest.fixture(scope="session")
def web() -> str:
    """Return the name of the shipped scorer for web pages."""
    return "web"


@pytest.fixture(scope="session")
def shared() -> Path:
    """Return the folder of labels and pools beside the checkout, where there is one."""
    if not (SHARED / "pool").exists():
        pytest.skip(f"needs {SHARED}, which is not part of the repository")
    return SHARED


@pytest.fixture(scope="session")
def dump(tmp_path_factory) -> Path:
    """Return a dump of three files, with 410 rows in all."""
    return made_once(tmp_path_factory, "dump", write_dump)


@pytest.fixture(scope="session")
def settings(dump, web) -> dict[str, object]:
    """Return settings that make six parts of the dump; `out` is still to be given."""
    return {
        "inputs": [str(dump)],
        "scorer": web,
        "keep_at": CUT,
        "rows_per_part": 80,
        "workers": 1,
        "effort": "fast",
    }


@pytest.fixture(scope="session")
def finished(settings, tmp_path_factory) -> Path:
    """Return a run over the dump that nothing disturbed. Not to be written to."""

    def make(folder: Path) -> None:
        filter_dump(FilterConfig(**settings, out=folder / "out"), reporter=QUIET)

    return made_once(tmp_path_factory, "finished", make) / "out"


@pytest.fixture(scope="session")
def long_dump(tmp_path_factory) -> Path:
    """Return a dump of two files, with 120 rows in all, of which every fourth is long."""
    return made_once(tmp_path_factory, "long", write_long_dump)


@pytest.fixture(scope="session")
def of_long(settings, long_dump) -> dict[str, object]:
    """Return settings that make six parts of that dump; `out` is still to be given."""
    return settings | {"inputs": [str(long_dump)], "keep_at": LONG_CUT, "rows_per_part": 20}


@pytest.fixture(scope="session")
def passages(of_long, tmp_path_factory) -> Path:
    """Return a run that writes passages. Not to be written to."""

    def make(folder: Path) -> None:
        filter_dump(FilterConfig(**of_long, out=folder / "out", write="passages"), reporter=QUIET)

    return made_once(tmp_path_factory, "passages", make) / "out"


@pytest.fixture(scope="session")
def labels(tmp_path_factory) -> Path:
    """Return a Parquet file of 300 labelled documents of 60 groups."""

    def make(folder: Path) -> None:
        pq.write_table(make_labels(), folder / "labels.parquet")

    return made_once(tmp_path_factory, "labels", make) / "labels.parquet"


@pytest.fixture
def hasty(monkeypatch) -> None:
    """Fit and judge scorers in a hurry: for tests that prove what is judged, not its figures."""
    make_haste(monkeypatch)


@pytest.fixture(scope="session")
def haste() -> Callable[[], AbstractContextManager[None]]:
    """Return a context in which the same holds while a fixture of the session is made."""

    @contextmanager
    def in_haste() -> Iterator[None]:
        with pytest.MonkeyPatch.context() as patch:
            make_haste(patch)
            yield

    return in_haste


@pytest.fixture(scope="session")
def trained(labels, haste, tmp_path_factory) -> Trained:
    """Return a scorer of signals alone."""

    def make(folder: Path) -> None:
        given = {"labels": labels, "out": folder / "linear", "domain": "toys"}
        config = TrainConfig(**given, signals="linear")
        with haste():
            save_trained(train_scorer(config, reporter=QUIET))

    return read_trained(made_once(tmp_path_factory, "trained", make) / "linear")


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory) -> Path:
    """Return the folder of a tiny model that embeds nothing sensibly."""

    def make(folder: Path) -> None:
        from tests.kit.scorers.tiny_models import make_tiny_model  # imports torch: most tests do without

        make_tiny_model(folder)

    return made_once(tmp_path_factory, "embedder", make)


@pytest.fixture(scope="session")
def two_stages(labels, tiny_model, haste, tmp_path_factory) -> Trained:
    """Return a scorer of signals and the embeddings of the tiny model."""

    def make(folder: Path) -> None:
        config = TrainConfig(
            labels=labels, out=folder / "joint", domain="toys",
            signals="linear", embedder=tiny_model, head="joint", max_tokens=32, device="cpu",
        )  # fmt: skip
        with haste():
            save_trained(train_scorer(config, reporter=QUIET))

    return read_trained(made_once(tmp_path_factory, "two-stages", make) / "joint")


@pytest.fixture(scope="session")
def pool(tmp_path_factory) -> Path:
    """Return a file of documents without labels, each of a site of its own."""

    def make(folder: Path) -> None:
        pq.write_table(pa.table({"text": make_texts(1800, seed=3)}), folder / "pool.parquet")

    return made_once(tmp_path_factory, "pool", make) / "pool.parquet"


@pytest.fixture(scope="session")
def cascade(labels, two_stages, pool, haste, tmp_path_factory) -> Trained:
    """Return the same, paired on a pool as training with one does: what effort balanced takes."""

    def make(folder: Path) -> None:
        found, scorer = read_labels(str(labels)), two_stages.scorer
        documents, groups = read_pool(str(pool), QUIET)
        paired = pair(scorer, documents, groups, fit_data_of(found, "toys"), recipe="linear", head="joint")
        with haste():
            efforts = ("fast", "full")
            judged = {one: points_of_labels(two_stages.out, str(labels), effort=one) for one in efforts}
            result = save_judged(
                replace(scorer, paired=paired), str(folder / "cascade"),
                two_stages.metrics, judged, found, ["train"], overwrite=False, reporter=QUIET,
            )  # fmt: skip
            save_trained(result)

    return read_trained(made_once(tmp_path_factory, "cascade", make) / "cascade")


@pytest.fixture(scope="session")
def tiny_teacher(tmp_path_factory) -> Path:
    """Return the folder of a tiny classifier that gives points without sense."""

    def make(folder: Path) -> None:
        from tests.kit.scorers.tiny_models import make_tiny_classifier

        make_tiny_classifier(folder)

    return made_once(tmp_path_factory, "teacher", make)


@pytest.fixture
def cluster(pytestconfig) -> "Cluster":
    """Connect to a cluster of Ray of the tests' own, which ends with the last test of the group."""
    if CLUSTER not in pytestconfig.stash:
        ending = ExitStack()
        pytestconfig.stash[CLUSTER] = ending.enter_context(connected_cluster(cpus=2)), ending
    return pytestconfig.stash[CLUSTER][0]


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """End the cluster once no test of the group follows: its processes never rest."""
    follows = nextitem and nextitem.get_closest_marker("xdist_group")
    if CLUSTER in item.config.stash and not (follows and follows.args == ("ray",)):
        _, ending = item.config.stash[CLUSTER]
        del item.config.stash[CLUSTER]
        ending.close()


@pytest.fixture
def ray(cluster) -> ModuleType:
    """Return Ray, connected so: a bare init would join any cluster on the machine."""
    return import_module("ray")


@pytest.fixture
def command(capsys) -> Callable[..., Outcome]:
    """Return a function that runs a command line in this process."""

    def run_command(*arguments: object) -> Outcome:
        capsys.readouterr()
        code = run([str(argument) for argument in arguments])
        return Outcome(code, *capsys.readouterr())

    return run_command


@pytest.fixture(scope="session")
def edufilter(tmp_path_factory) -> str:
    """Return the path of the command, which here may have parts of few rows too."""
    path = tmp_path_factory.mktemp("bin") / "edufilter"
    code = f"import sys\nsys.path.append({str(ROOT)!r})\nfrom tests.kit.runs.few_rows import main\nmain()\n"
    path.write_text(f"#!{sys.executable}\n{code}")
    path.chmod(0o755)
    return str(path)


@pytest.fixture
def command_process() -> Callable[..., Outcome]:
    """Return a function that runs the installed command in a process of its own, from its very start."""
    program = str(Path(sys.executable).with_name("edufilter"))

    def run_process(*arguments: object, **options: object) -> Outcome:
        done = subprocess.run(
            [program, *map(str, arguments)], capture_output=True, text=True, timeout=120, **options
        )
        return Outcome(done.returncode, done.stdout, done.stderr)

    return run_process


@pytest.fixture(scope="session")
def begin() -> Iterator[Callable[..., Begun]]:
    """Return a function that begins a command in a process of its own, which is warm."""
    warm = WarmStart()
    yield warm.begin
    warm.close()


@pytest.fixture
def warm_process(begin) -> Callable[..., Outcome]:
    """Return a function that runs a command so."""
    return lambda *arguments, **options: begin(*arguments, **options).outcome()
