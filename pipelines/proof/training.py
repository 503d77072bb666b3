"""Trains and measures the models of a proof: one core each on CPUs, one after the other on a GPU."""

import json
import shutil
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import as_completed
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

from filtering.errors import Interrupted
from pipelines.how_to_go_on import note_how_far
from pipelines.new_files import written_whole
from pipelines.progress import Meter
from pipelines.proof.byte_model import ByteModel
from pipelines.proof.evaluation_texts import Evaluation
from pipelines.proof.language_model import (
    SIZES,
    LanguageModel,
    load_model,
    models_at_once,
    new_model,
    time_step,
    training_threads,
)
from pipelines.proof.lego import Lego
from pipelines.proof.lego_probe import probe_lego
from pipelines.proof.measuring import Measured, measure, measure_bytes
from pipelines.proof.proof_folder import BYTES_TIER, HALF, QUARTER, WHOLE, ProofFolder
from pipelines.proof.tokens import Tokens

Thing = TypeVar("Thing")
SLOW = 0.1
"""Of the learning rate, in the runs that tell whether the order of arms holds there."""
EARLY_ITEMS = 8
"""At a quarter and at half one of so many items is measured: the curve needs no more."""
LEGO = Lego(variables=5, trained=3)
"""Of five variables in a chain the first three are told in training."""
LEGO_STEPS, LEGO_LOOKS = 300, 3
"""Steps that each model is trained on it, and how often its accuracy is measured meanwhile."""
SCRATCH = "scratch"
"""Begins the names of models that read nothing before."""
WRITTEN_TOKENS = 60
"""That a model writes after a prompt."""


@dataclass(frozen=True)
class Job:
    """A model to train.

    Parameters
    ----------
    arm : str
    seed : int
        From 0.
    rate : float
        Of the learning rate: 1, or `SLOW`.
    """

    arm: str
    seed: int
    rate: float = 1.0

    @property
    def name(self) -> str:
        """Of its files."""
        return f"{self.arm}-{self.seed + 1}" + ("" if self.rate == 1 else "-slow")

    @property
    def text_name(self) -> str:
        """Of the file of what it reads."""
        return f"{self.arm}-{self.seed + 1}"


@dataclass(frozen=True)
class Training:
    """How all models of a proof are trained.

    Parameters
    ----------
    size : str
    device : str
    passes, steps : int
        The same for all.
    seed : int
        Added to those of the jobs.
    evaluations : sequence of Evaluation
        Held-out documents among them.
    prompts : sequence of str
        That each model writes on after.
    """

    size: str
    device: str
    passes: int
    steps: int
    seed: int
    evaluations: Sequence[Evaluation]
    prompts: Sequence[str]


def seconds_a_step(size: str, device: str) -> float:
    """Return how long a step takes, with as many models at work as there will be."""
    at_once = models_at_once(size, device)
    pool = training_threads(at_once)
    with pool:
        return max(pool.map(lambda _: time_step(SIZES[size], device), range(at_once)))


def train_all(
    folder: ProofFolder, jobs: Sequence[Job], training: Training, tokens: Tokens, meter: Meter
) -> None:
    """Train and measure models that are not done yet.

    Raises
    ------
    Interrupted
        If this is interrupted: what is done stays.
    """
    _all_at_once(training, jobs, lambda job, stepped: _train(folder, job, training, tokens, stepped), meter)


def probe_all(
    folder: ProofFolder, names: Sequence[str], training: Training, vocabulary: int, meter: Meter
) -> None:
    """Train models further on the LEGO task, those of the proof and new ones, and note how well they do.

    Parameters
    ----------
    names : sequence of str
        Of models; those of `SCRATCH` begin with random weights.

    Raises
    ------
    Interrupted
        As `train_all`.
    """

    def probe(name: str, stepped: Callable[[], None]) -> None:
        seed = training.seed + int(name.rpartition("-")[2]) - 1
        if name.startswith(f"{SCRATCH}-"):
            model = new_model(SIZES[training.size], seed=seed, device=training.device, vocabulary=vocabulary)
        else:
            model = load_model(folder.model(name), device=training.device)
        found = probe_lego(model, LEGO, steps=LEGO_STEPS, seed=seed, looks=LEGO_LOOKS, stepped=stepped)
        folder.write_json(folder.probed(name), {"accuracies": found.tolist()})

    _all_at_once(training, names, probe, meter)


def _all_at_once(
    training: Training,
    things: Sequence[Thing],
    work: Callable[[Thing, Callable[[], None]], None],
    meter: Meter,
) -> None:
    """Do some work for each of several things, as many at a time as models are trained."""
    stopped, done = threading.Event(), 0

    def how_far() -> str:
        return f"{done} of {len(things)} models are done."

    def stepped() -> None:
        if stopped.is_set():
            raise Interrupted("The training was stopped.")
        meter.count(1)

    at_once = min(models_at_once(training.size, training.device), max(len(things), 1))
    pool = training_threads(at_once)
    try:
        futures = [pool.submit(work, one, stepped) for one in things]
        for future in as_completed(futures):
            note_how_far(how_far())
            future.result()
            done += 1
    except KeyboardInterrupt:
        raise Interrupted(how_far()) from None
    finally:
        stopped.set()
        pool.shutdown(cancel_futures=True)


def _train(
    folder: ProofFolder, job: Job, training: Training, tokens: Tokens, stepped: Callable[[], None]
) -> None:
    size = SIZES[training.size]
    texts = [text for _, text in folder.read_texts(folder.arm(job.text_name))]
    found: dict[str, Mapping[str, Measured]] = {}
    if job.rate == 1:
        counted = ByteModel("\n".join(texts).encode())
        found[BYTES_TIER] = {one.name: measure_bytes(counted, one) for one in training.evaluations}
    blocks, bytes_per_token = tokens.blocks(texts, size.context)
    model = new_model(size, seed=training.seed + job.seed, device=training.device, vocabulary=tokens.count)

    def note(when: str, every: int) -> None:
        found[when] = {one.name: measure(model, tokens, one.every(every)) for one in training.evaluations}

    early = {0.25: lambda: note(QUARTER, EARLY_ITEMS), 0.5: lambda: note(HALF, EARLY_ITEMS)}
    curve = model.train(
        blocks,
        steps=min(training.steps, len(blocks) * training.passes),
        passes=training.passes,
        learning_rate=size.learning_rate * job.rate,
        seed=training.seed + job.seed,
        bytes_per_token=bytes_per_token,
        stepped=stepped,
        reached=early if job.rate == 1 else None,
    )
    note(WHOLE, 1)
    shutil.rmtree(folder.model(job.name), ignore_errors=True)  # of a process that was killed just here
    with written_whole(folder.model(job.name)) as place:
        place.mkdir()
        model.save(place)
        tokens.save(place)
        facts = {
            "curve": [asdict(one) for one in curve],
            "written": _written(model, tokens, training.prompts),
        }
        folder.write_json(place / "training.json", facts)
    folder.write_measured(job.name, found)


def _written(model: LanguageModel, tokens: Tokens, prompts: Sequence[str]) -> list[str]:
    given = tokens.encode(list(prompts))
    count = min(WRITTEN_TOKENS, model.context // 2)
    return [tokens.decode(model.write_on(one, count, seed=0)) for one in given]


def read_training(folder: ProofFolder, job: Job) -> dict[str, Any]:
    """Return the loss curve of a model, and what it wrote."""
    return dict(json.loads((folder.model(job.name) / "training.json").read_text()))
