"""Prints what small models make of the LEGO task: beyond the chains they were trained on, and by shortcuts.

``python -m tests.benchmarks.lego``. All models have random weights at first. Two are trained at a time,
each on one thread.
"""

import argparse
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import torch

from pipelines.proof.finite_groups import D3, SIGNS
from pipelines.proof.language_model import Size, new_model
from pipelines.proof.lego import Lego
from pipelines.proof.lego_probe import probe_lego

LAYERS, WIDTH, HEADS = 4, 64, 2
BATCH, LEARNING_RATE, LOOKS = 64, 1e-3, 6
NAMES = 8
TASKS = {
    "5 variables, trained on the first 2": (Lego(5, 2, SIGNS, NAMES), 300),
    "5 variables, trained on the first 3": (Lego(5, 3, SIGNS, NAMES), 900),
    "4 variables, trained on all: counting signs tells the last": (Lego(4, 4, SIGNS, NAMES), 700),
    "4 variables, trained on all, in D3, where the order of factors counts": (Lego(4, 4, D3, NAMES), 700),
}
"""Each with its steps."""


def main() -> None:
    """Print a table of accuracies by place in the chain for each task."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=1, help="models of each task")
    parser.add_argument("--steps", type=float, default=1.0, help="share of the steps")
    options = parser.parse_args()
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        found = {
            what: [
                pool.submit(accuracies, task, max(LOOKS, round(steps * options.steps)), seed)
                for seed in range(options.seeds)
            ]
            for what, (task, steps) in TASKS.items()
        }
        for what, (task, _) in TASKS.items():
            places = " | ".join(f"place {place}" for place in range(task.variables))
            lines = [f"{what} (guessing: {1 / task.group.size:.2f})", ""]
            lines += [f"| seed | step | {places} |", "| --- " * (2 + task.variables) + "|"]
            for seed, one in enumerate(found[what]):
                for step, shares in one.result():
                    cells = " | ".join(f"{share:.2f}" for share in shares)
                    lines.append(f"| {seed} | {step:,} | {cells} |")
            sys.stdout.write("\n".join(lines) + "\n\n")
            sys.stdout.flush()


def accuracies(task: Lego, steps: int, seed: int) -> list[tuple[int, list[float]]]:
    """Return at some steps how often a new model tells values right, by place in the chain."""
    torch.set_num_threads(1)
    size = Size(LAYERS, WIDTH, HEADS, 2 * WIDTH, task.vocabulary, task.length, BATCH, LEARNING_RATE)
    shares = probe_lego(
        new_model(size, seed=seed, device="cpu"),
        task,
        steps=steps,
        seed=seed,
        batch=size.batch,
        learning_rate=size.learning_rate,
        looks=LOOKS,
    )
    return [(-(-steps * (look + 1) // LOOKS), row.tolist()) for look, row in enumerate(shares)]


if __name__ == "__main__":
    main()
