"""What models think of evaluation texts: bits of what is to be told, and of what would be wrong."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from filtering.arrays import Floats, Ints
from pipelines.proof.byte_model import ByteModel
from pipelines.proof.evaluation_texts import Evaluation
from pipelines.proof.language_model import LanguageModel
from pipelines.proof.tokens import Tokens

TOLD_SHARE = 0.75
"""Of a model's context for what is to be told; the rest is for what is given before it."""


@dataclass(frozen=True)
class Measured:
    """What a model thinks of the n items of an evaluation.

    Parameters
    ----------
    bits : float64 array, shape (n,)
        What the text to be told costs.
    sizes : int64 array, shape (n,)
        Its bytes.
    margins : float64 array, shape (n,)
        Bits per byte of the best wrong choice, less those of the right one; NaN where there are no choices.
    """

    bits: Floats
    sizes: Ints
    margins: Floats

    @property
    def bits_per_byte(self) -> float:
        """Of all items together."""
        return float(self.bits.sum() / max(self.sizes.sum(), 1))

    def every(self, step: int) -> "Measured":
        """Return every so many-th item alone."""
        return Measured(self.bits[::step], self.sizes[::step], self.margins[::step])


Texts = Sequence[tuple[str, str]]
"""What is given, and what is to be told after it."""


def measure(model: LanguageModel, tokens: Tokens, evaluation: Evaluation) -> Measured:
    """Return what a language model thinks of an evaluation."""

    def costs(texts: Texts) -> tuple[Floats, Ints]:
        return _costs(model, tokens, texts)

    return _measured(evaluation, costs)


def measure_bytes(model: ByteModel, evaluation: Evaluation) -> Measured:
    """Return what a model of bytes thinks of an evaluation."""

    def costs(texts: Texts) -> tuple[Floats, Ints]:
        pairs = [(given.encode(), told.encode()) for given, told in texts]
        return model.bits(pairs), np.array([len(told) for _, told in pairs])

    return _measured(evaluation, costs)


def _measured(evaluation: Evaluation, costs: Callable[[Texts], tuple[Floats, Ints]]) -> Measured:
    items = evaluation.items
    bits, sizes = costs([(item.prompt, item.completion) for item in items])
    margins = np.full(len(items), np.nan)
    if evaluation.kind == "choices":
        owners = np.repeat(np.arange(len(items)), [len(item.wrong) for item in items])
        wrong, wrong_sizes = costs([(item.prompt, one) for item in items for one in item.wrong])
        best = np.full(len(items), np.inf)
        np.minimum.at(best, owners, wrong / np.maximum(wrong_sizes, 1))
        margins = best - bits / np.maximum(sizes, 1)
    return Measured(bits, sizes, margins)


def _costs(model: LanguageModel, tokens: Tokens, texts: Texts) -> tuple[Floats, Ints]:
    """Return bits and bytes of what is to be told of each text; a document is read window by window."""
    room = model.context - 1
    given = tokens.encode([prompt for prompt, _ in texts])
    told = tokens.encode([text for _, text in texts])
    windows, owners, starts = [], [], []
    for row, (before, after) in enumerate(zip(given, told, strict=True)):
        if not before:  # a document, all of it in windows of its own
            pieces = [after[at : at + room] for at in range(0, len(after), room)]
            windows += pieces
            owners += [row] * len(pieces)
            starts += [0] * len(pieces)
        else:
            after = after[: int(TOLD_SHARE * room)]
            before = before[len(after) - room :] if len(before) + len(after) > room else before
            windows.append([*before, *after])
            owners.append(row)
            starts.append(len(before))
    bits, sizes = np.zeros(len(texts)), np.zeros(len(texts), dtype=np.int64)
    for row, start, window, costs in zip(owners, starts, windows, model.bits(windows), strict=True):
        bits[row] += costs[start:].sum()
        sizes[row] += tokens.sizes[window[start:]].sum()
    return bits, sizes
