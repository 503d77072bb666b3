"""What a model makes of the LEGO task after some training on it: accuracy by place in the chain.

The layers of a model are kept, its table of tokens is replaced. So two models differ in what their layers
learned before, and in nothing else: steps, batches and the new table are the same for all models of a seed.
"""

import copy
import math
from collections.abc import Callable
from math import ceil
from types import ModuleType

import numpy as np

from filtering.arrays import Floats
from filtering.extras import require
from pipelines.proof.language_model import BETAS, CLIP, EXTRA, WEIGHT_DECAY, LanguageModel
from pipelines.proof.lego import FIRST_ELEMENT, Chains, Lego, draw_chains

BATCH = 64
"""Sequences a step."""
LEARNING_RATE = 1e-3
WARM_UP = 0.1
"""Share of the steps in which the learning rate rises; then it falls to nothing."""
MEASURED, MEASURED_AT_A_TIME = 1000, 250
"""Sequences that accuracy is told of: its standard error is 1.6 % at most."""


def probe_lego(
    model: LanguageModel,
    task: Lego,
    *,
    steps: int,
    seed: int,
    batch: int = BATCH,
    learning_rate: float = LEARNING_RATE,
    looks: int = 1,
    stepped: Callable[[], None] = lambda: None,
) -> Floats:
    """Return how often a model tells the values of variables right, once it was trained on the task.

    Parameters
    ----------
    model : LanguageModel
        Left as it is: a copy is trained.
    task : Lego
    steps : int
        At least 1.
    seed : int
        Of the new table of tokens, of all sequences, and of nothing else.
    batch : int
        Sequences a step. None is seen twice.
    learning_rate : float
        The highest.
    looks : int
        How often accuracy is measured, the last time at the end: at most `steps`.
    stepped : callable
        Called after each step; an error in it ends the training.

    Returns
    -------
    float64 array, shape (looks, variables)
        Shares of sequences, by place in the chain. Guessing gives one over the size of the group. Places from
        `trained` on were not told in training.
    """
    torch = require(EXTRA, "torch")
    probe = _with_new_table(torch, model, task, seed)
    to_learn = draw_chains(task, steps * batch, np.random.default_rng([seed, 0]))
    to_measure = draw_chains(task, MEASURED, np.random.default_rng([seed, 1]))
    labels = to_learn.labels(task.trained)
    optimizer = torch.optim.AdamW(
        probe.network.parameters(), lr=learning_rate, betas=BETAS, weight_decay=WEIGHT_DECAY
    )
    measured_at = {ceil(steps * (look + 1) / looks) for look in range(looks)}
    found: list[Floats] = []
    for step in range(1, steps + 1):
        probe.network.train()
        for group in optimizer.param_groups:
            group["lr"] = learning_rate * _rate(step / steps)
        rows = slice((step - 1) * batch, step * batch)
        ids, told = (
            torch.from_numpy(one[rows].astype(np.int64)).to(probe.device) for one in (to_learn.tokens, labels)
        )
        loss = probe.network(input_ids=ids, labels=told).loss
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(probe.network.parameters(), CLIP)
        optimizer.step()
        if step in measured_at:
            found.append(_accuracies(torch, probe, task, to_measure))
        stepped()
    return np.array(found)


def _with_new_table(torch: ModuleType, model: LanguageModel, task: Lego, seed: int) -> LanguageModel:
    """Return a copy of a model whose tokens are those of the task, drawn at the scale of the old ones."""
    network = copy.deepcopy(model.network).float()
    old = network.get_input_embeddings().weight.detach()
    table = torch.nn.Embedding(task.vocabulary, old.shape[1])
    random = torch.Generator().manual_seed(seed)
    torch.nn.init.normal_(table.weight, std=float(old.std()), generator=random)
    network.set_input_embeddings(table.to(model.device))
    network.lm_head.weight = network.get_input_embeddings().weight
    network.config.vocab_size = network.vocab_size = task.vocabulary
    return LanguageModel(network, model.device, torch.float32)


def _accuracies(torch: ModuleType, probe: LanguageModel, task: Lego, chains: Chains) -> Floats:
    """Return shares of values told right, by place in the chain; what is told is the likeliest element."""
    elements = slice(FIRST_ELEMENT, FIRST_ELEMENT + task.group.size)
    right: list[Floats] = []
    probe.network.eval()
    with torch.inference_mode():
        for begin in range(0, MEASURED, MEASURED_AT_A_TIME):
            rows = slice(begin, begin + MEASURED_AT_A_TIME)
            ids = torch.from_numpy(chains.tokens[rows].astype(np.int64)).to(probe.device)
            told = probe.network(input_ids=ids).logits[:, :, elements].argmax(-1).cpu().numpy()
            right.append(np.take_along_axis(told, chains.told_at[rows], axis=1) == chains.values[rows])
    return np.asarray(np.concatenate(right).mean(axis=0))


def _rate(done: float) -> float:
    """Return the share of the highest learning rate, at a share of the steps in (0, 1]."""
    return min(done / WARM_UP, 1.0) * 0.5 * (1 + math.cos(math.pi * done))
