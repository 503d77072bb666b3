"""Tokens of small language models: one byte-level BPE for all arms, and texts as blocks of tokens."""

from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from filtering.arrays import Ints, Ints32
from filtering.extras import require
from pipelines.proof.language_model import END, EXTRA

END_TEXT = "<|end|>"
"""Stands between documents; its number is `END`."""
TEXTS_AT_A_TIME = 512


class Tokens:
    """A tokenizer.

    Parameters
    ----------
    tokenizer : tokenizers.Tokenizer
    """

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer

    @cached_property
    def sizes(self) -> Ints:
        """Bytes of each token, shape (count,): letters of its name stand for a byte each; none of `END`."""
        names = [self._tokenizer.id_to_token(number) for number in range(self.count)]
        return np.array([0 if at == END else len(name) for at, name in enumerate(names)], dtype=np.int64)

    @property
    def count(self) -> int:
        """How many different tokens there are."""
        return int(self._tokenizer.get_vocab_size())

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the tokens of texts."""
        return [one.ids for one in self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)]

    def decode(self, tokens: Sequence[int]) -> str:
        """Return the text of tokens."""
        return str(self._tokenizer.decode(list(tokens)))

    def blocks(self, texts: Sequence[str], context: int) -> tuple[Ints32, float]:
        """Return texts as blocks of tokens, one after the other with `END` before each.

        What does not fill the last block is left out, unless there is no other.

        Returns
        -------
        int32 array, shape (n, context)
        float
            Bytes of text for each token of them.
        """
        pieces, count = [], 0
        for first in range(0, len(texts), TEXTS_AT_A_TIME):
            for tokens in self.encode(texts[first : first + TEXTS_AT_A_TIME]):
                pieces.append(np.array([END, *tokens], dtype=np.int32))
                count += len(tokens) + 1
        flat = np.concatenate([*pieces, np.full(max(context - count, 0), END, dtype=np.int32)])
        text_bytes = sum(len(text.encode()) for text in texts)
        return flat[: len(flat) // context * context].reshape(-1, context), text_bytes / max(count, 1)

    def save(self, folder: Path) -> None:
        """Write ``tokenizer.json`` and what transformers reads beside it."""
        transformers = require(EXTRA, "transformers")
        transformers.PreTrainedTokenizerFast(
            tokenizer_object=self._tokenizer, bos_token=END_TEXT, eos_token=END_TEXT, pad_token=END_TEXT
        ).save_pretrained(folder)


def learn_tokens(texts: Iterable[str], count: int) -> Tokens:
    """Return a byte-level BPE of at most `count` tokens, learned from texts.

    Raises
    ------
    MissingExtraError
        If the extra ``prove`` is not installed.
    """
    library = require(EXTRA, "tokenizers")
    tokenizer = library.Tokenizer(library.models.BPE())
    tokenizer.pre_tokenizer = library.pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = library.decoders.ByteLevel()
    trainer = library.trainers.BpeTrainer(
        vocab_size=count,
        special_tokens=[END_TEXT],
        initial_alphabet=library.pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return Tokens(tokenizer)


def load_tokens(path: Path) -> Tokens:
    """Return the tokenizer of a ``tokenizer.json``; texts are neither cut nor filled up, as it may say."""
    tokenizer = require(EXTRA, "tokenizers").Tokenizer.from_file(str(path))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return Tokens(tokenizer)
