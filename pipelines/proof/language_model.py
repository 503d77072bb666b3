"""Small language models: made, trained from nothing, saved, and what they think of a text.

They are models of transformers (`LlamaForCausalLM`), so that all of its world can load them. The loop is
plain PyTorch: AdamW, a warm-up, a cosine; at the end the mean of the last weights.
"""

import math
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from filtering.arrays import Floats, Ints32
from filtering.embedding.devices import find_device, one_core_threads
from filtering.embedding.transformer_models import quiet
from filtering.extras import require
from filtering.machine import available_cpus

EXTRA = "prove"
"""The extra that has torch and transformers."""
WARM_UP, LAST_RATE = 0.05, 0.1
"""Share of the steps in which the learning rate rises, and what is left of it in the end."""
BETAS, WEIGHT_DECAY, CLIP = (0.9, 0.95), 0.1, 1.0
AVERAGED_AT = (0.9, 0.95, 1.0)
"""Shares of the steps after which weights are taken, whose mean is the model: less noise at no cost
("Signal and Noise", arXiv:2508.13144)."""
CURVE_POINTS = 40
"""Of a loss curve."""
END = 0
"""The token between documents, which also begins each text that is measured."""
TIMED_STEPS = 3

_seeding = threading.Lock()
"""Held while first weights are drawn: torch has one generator for all threads."""


@dataclass(frozen=True)
class Size:
    """The shape of a model, and how it is trained.

    Parameters
    ----------
    layers, width, heads, inner : int
    vocabulary : int
        Tokens.
    context : int
        Tokens that it sees at once.
    batch : int
        Sequences of `context` tokens a step.
    learning_rate : float
        The highest.
    token_bytes : float
        Of text, about: for plans, before the tokens are learned.
    """

    layers: int
    width: int
    heads: int
    inner: int
    vocabulary: int
    context: int
    batch: int
    learning_rate: float
    token_bytes: float

    @property
    def parameters(self) -> int:
        """Numbers that are trained; the table of tokens serves both ends."""
        layer = 4 * self.width**2 + 3 * self.width * self.inner + 2 * self.width
        return self.vocabulary * self.width + self.layers * layer + self.width


SIZES: Mapping[str, Size] = {
    "toy": Size(2, 16, 2, 40, 300, 64, 8, 1e-2, 1.4),
    "tiny": Size(4, 256, 4, 688, 4096, 256, 4, 1.5e-3, 3.0),
    "small": Size(8, 512, 8, 1376, 8192, 512, 64, 1.5e-3, 3.5),
    "base": Size(12, 768, 12, 2048, 32768, 1024, 128, 6e-4, 4.0),
}
"""About 13 thousand, 4, 30 and 110 million parameters."""


@dataclass(frozen=True)
class CurvePoint:
    """A place of a loss curve.

    Parameters
    ----------
    seen_bytes : int
        Text that the model has seen so far, each pass counted.
    bits_per_byte : float
        Of what it was trained on since the last place, before it learned from it.
    """

    seen_bytes: int
    bits_per_byte: float


class LanguageModel:
    """A model on a device.

    Parameters
    ----------
    network : LlamaForCausalLM
    device : torch.device
    number_type : torch.dtype
        In which products are computed: bfloat16 where the device has it.
    """

    def __init__(self, network: Any, device: Any, number_type: Any) -> None:
        self.network, self.device, self.number_type = network, device, number_type

    @property
    def context(self) -> int:
        """Tokens that it sees at once."""
        return int(self.network.config.max_position_embeddings)

    def save(self, folder: Path) -> None:
        """Write ``config.json`` and ``model.safetensors``."""
        with quiet():
            self.network.save_pretrained(folder)

    def bits(self, tokens: Sequence[Sequence[int]]) -> list[Floats]:
        """Return what each token of some texts costs after those before it, the first of each after `END`.

        Parameters
        ----------
        tokens : sequence of sequence of int
            Each of at most `context` - 1 tokens.

        Returns
        -------
        list of float64 array
            Bits of each token.
        """
        found: list[Floats] = [np.zeros(0)] * len(tokens)
        longest_first = sorted(range(len(tokens)), key=lambda at: -len(tokens[at]))
        self.network.eval()
        for rows in _batches(longest_first, tokens, self.context):
            length = len(tokens[rows[0]])
            padded = np.full((len(rows), length + 1), END, dtype=np.int64)
            for at, row in enumerate(rows):
                padded[at, 1 : 1 + len(tokens[row])] = tokens[row]
            costs = self._costs(padded)
            for at, row in enumerate(rows):
                found[row] = costs[at, : len(tokens[row])]
        return found

    def _costs(self, padded: NDArray[np.int64]) -> Floats:
        torch = require(EXTRA, "torch")
        with torch.inference_mode(), self._precision():
            ids = torch.from_numpy(padded).to(self.device)
            logits = self.network(input_ids=ids[:, :-1]).logits.float()
            costs = torch.nn.functional.cross_entropy(
                logits.flatten(0, 1), ids[:, 1:].flatten(), reduction="none"
            )
        return np.asarray(costs.cpu().double().numpy()).reshape(len(padded), -1) / math.log(2)

    def write_on(self, tokens: Sequence[int], count: int, seed: int) -> list[int]:
        """Return tokens that follow some others, drawn by a seed among the likeliest."""
        torch = require(EXTRA, "torch")
        self.network.eval()
        random = torch.Generator().manual_seed(seed)
        text = [END, *tokens][-(self.context - count) :]
        begun = len(text)
        with torch.inference_mode(), self._precision():
            for _ in range(count):
                logits = self.network(input_ids=torch.tensor([text], device=self.device)).logits[0, -1]
                best = torch.topk(logits.float().cpu() / 0.8, min(40, logits.shape[-1]))
                drawn = torch.multinomial(torch.softmax(best.values, 0), 1, generator=random)
                text.append(int(best.indices[drawn]))
                if text[-1] == END:
                    return text[begun:-1]
        return text[begun:]

    def _precision(self) -> Any:
        torch = require(EXTRA, "torch")
        return torch.autocast(
            self.device.type, dtype=self.number_type, enabled=self.number_type != torch.float32
        )

    def train(
        self,
        blocks: Ints32,
        *,
        steps: int,
        passes: int = 1,
        learning_rate: float,
        seed: int,
        bytes_per_token: float = 1.0,
        stepped: Callable[[], None] = lambda: None,
        reached: Mapping[float, Callable[[], None]] | None = None,
    ) -> list[CurvePoint]:
        """Train the model on blocks of tokens, each as often as the others.

        What is read is divided evenly into steps: models whose texts have equal bytes take equal steps, even
        if these make more tokens or fewer.

        Parameters
        ----------
        blocks : int32 array, shape (n, context)
        steps : int
            At least 1.
        passes : int
            How often each block is read.
        learning_rate : float
            The highest.
        seed : int
            Of the order of blocks: in each pass another one.
        bytes_per_token : float
            Of text, for the curve.
        stepped : callable
            Called after each step; an error in it ends the training.
        reached : mapping of float to callable, optional
            What is called once these shares of the steps are done, with the weights as they are then.

        Returns
        -------
        list of CurvePoint
        """
        torch = require(EXTRA, "torch")
        left = dict(sorted((reached or {}).items()))
        taken: list[dict[str, Any]] = []
        curve: list[CurvePoint] = []
        losses: list[float] = []
        optimizer = torch.optim.AdamW(
            self.network.parameters(), lr=learning_rate, betas=BETAS, weight_decay=WEIGHT_DECAY
        )
        order = _order(len(blocks), passes, seed)
        ends = np.linspace(0, len(order), steps + 1).round().astype(np.int64)
        averaged = {max(1, round(share * steps)) for share in AVERAGED_AT}
        points = {math.ceil(steps * (at + 1) / CURVE_POINTS) for at in range(CURVE_POINTS)}
        for step in range(1, steps + 1):
            self.network.train()
            chosen = blocks[order[ends[step - 1] : ends[step]]]
            for group in optimizer.param_groups:
                group["lr"] = learning_rate * _rate(step / steps)
            losses.append(self._step(torch, optimizer, chosen))
            if step in points:
                mean = sum(losses) / len(losses) / math.log(2) / bytes_per_token
                seen = round(int(ends[step]) * blocks.shape[1] * bytes_per_token)
                curve.append(CurvePoint(seen, mean))
                losses.clear()
            if step in averaged:
                taken.append({k: v.detach().clone() for k, v in self.network.state_dict().items()})
            stepped()
            for share in [share for share in left if step >= share * steps]:
                left.pop(share)()
        self.network.load_state_dict(
            {name: torch.stack([one[name] for one in taken]).mean(0) for name in taken[0]}
        )
        return curve

    def _step(self, torch: Any, optimizer: Any, chosen: Ints32) -> float:
        ids = torch.from_numpy(chosen.astype(np.int64)).to(self.device)
        with self._precision():
            loss = self.network(input_ids=ids, labels=ids).loss
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), CLIP)
        optimizer.step()
        return float(loss.detach())


def check_libraries() -> None:
    """Import what models need, and what finds near-duplicates.

    Raises
    ------
    MissingExtraError
        If the extra ``prove`` is not installed.
    """
    for name in ("torch", "transformers", "tokenizers", "rensa"):
        require(EXTRA, name)


def models_at_once(size: str, device: str) -> int:
    """Return how many models are trained at a time: as many as there are cores, or one on a GPU.

    Toys are trained one by one: their threads would wait for each other's Python most of the time.
    """
    place, _ = find_device(require(EXTRA, "torch"), device)
    return available_cpus() if place.type == "cpu" and size != "toy" else 1


def training_threads(count: int) -> ThreadPoolExecutor:
    """Return threads of one core each, one for each model that is trained at a time."""
    return one_core_threads(require(EXTRA, "torch"), count)


def new_model(size: Size, *, seed: int, device: str = "auto", vocabulary: int | None = None) -> LanguageModel:
    """Return a model with random weights: the same for the same seed.

    Parameters
    ----------
    size : Size
    seed : int
    device : str
        ``auto``, ``cpu``, ``cuda``, ``cuda:1`` or ``mps``.
    vocabulary : int, optional
        Tokens, if other than those of the size.

    Raises
    ------
    MissingExtraError
        If the extra ``prove`` is not installed.
    SettingsError
        If there is no such device.
    """
    torch, transformers = require(EXTRA, "torch"), require(EXTRA, "transformers")
    place, number_type = find_device(torch, device)
    config = transformers.LlamaConfig(
        vocab_size=vocabulary or size.vocabulary,
        hidden_size=size.width,
        intermediate_size=size.inner,
        num_hidden_layers=size.layers,
        num_attention_heads=size.heads,
        num_key_value_heads=size.heads,
        max_position_embeddings=size.context,
        tie_word_embeddings=True,
        use_cache=False,
        bos_token_id=END,
        eos_token_id=END,
        pad_token_id=END,
    )
    with _seeding, torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = transformers.LlamaForCausalLM(config)
    return LanguageModel(network.to(place), place, number_type)


def load_model(folder: Path, *, device: str = "auto") -> LanguageModel:
    """Return a model that `LanguageModel.save` wrote."""
    torch, transformers = require(EXTRA, "torch"), require(EXTRA, "transformers")
    place, number_type = find_device(torch, device)
    with quiet():
        network = transformers.LlamaForCausalLM.from_pretrained(
            folder, local_files_only=True, dtype=torch.float32
        )
    return LanguageModel(network.to(place), place, number_type)


def time_step(size: Size, device: str) -> float:
    """Return the seconds that a step takes here: the least of a few."""
    steps = 1 + TIMED_STEPS
    blocks = np.zeros((steps * size.batch, size.context), dtype=np.int32)
    model, seconds, before = new_model(size, seed=0, device=device), [], 0.0

    def note() -> None:
        nonlocal before
        now = time.perf_counter()
        seconds.append(now - before)
        before = now

    before = time.perf_counter()
    model.train(blocks, steps=steps, learning_rate=0.0, seed=0, stepped=note)
    return min(seconds[1:])


def _rate(done: float) -> float:
    """Return the share of the highest learning rate, at a share of the steps in (0, 1]."""
    cosine = 0.5 * (1 + math.cos(math.pi * done))
    return min(done / WARM_UP, 1.0) * (LAST_RATE + (1 - LAST_RATE) * cosine)


def _order(blocks: int, passes: int, seed: int) -> NDArray[np.int64]:
    """Return the numbers of blocks: one pass after the other, each in an order of its own."""
    random = np.random.default_rng(seed)
    return np.concatenate([random.permutation(blocks) for _ in range(passes)])


def _batches(order: Sequence[int], tokens: Sequence[Sequence[int]], context: int) -> Iterator[list[int]]:
    """Yield rows, of nearly one length each, of about 16 contexts of tokens together."""
    batch: list[int] = []
    for row in order:
        if batch and (len(batch) + 1) * (len(tokens[batch[0]]) + 1) > 16 * context:
            yield batch
            batch = []
        if len(tokens[row]):
            batch.append(row)
    if batch:
        yield batch
