"""Embeds texts by a sentence-transformers model, or by a classifier, whose vector is one number of points.

The only file that imports torch, with `transformer_models.py`, which loads the models.

A text's embedding does not depend on its neighbours, bit for bit on one kind of CPU: texts are
padded to multiples of `LENGTH_STEP` tokens, only texts of one padded length share a batch, and each
batch has the same number of rows for its length, the last one filled up with empty rows. So the
same text gives the same numbers alone, in a run over Parquet, and through `datasets`.

Batches of one core each, side by side, beat one batch over all cores, and small ones stay in the
cache: 1.4 times the rate of `SentenceTransformer.encode` (docs/experiments.md).
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from dataclasses import replace
from math import ceil
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from filtering.embedding.devices import find_device, one_core_threads
from filtering.embedding.embedders import Embeddings, digest_of, locate
from filtering.embedding.settings import EmbedderSettings, Placement
from filtering.embedding.transformer_models import load_model
from filtering.errors import ScorerError, SettingsError
from filtering.extras import require
from filtering.machine import available_cpus

DECIDING_LIBRARIES = ("torch", "transformers", "tokenizers", "sentence-transformers")
"""Those whose version may change an embedding, as they are called by pip."""
LENGTH_STEP = 32
CPU_BATCH_TOKENS = 1024
GPU_BATCH_TOKENS = 1 << 15
CHUNK_TEXTS = 512
"""Texts that are tokenised at a time: bounds memory, whatever the number of texts."""


class SentenceTransformerEmbedder:
    """Embeds texts by a sentence-transformers model or a classifier.

    Parameters
    ----------
    settings : EmbedderSettings
        With a digest, the model must have it.
    placement : Placement

    Raises
    ------
    SettingsError
        If there is no such model, or it cannot embed text.
    MissingExtraError
        If the ``embed`` extra is not installed.
    ScorerError
        If the model is not the one whose digest `settings` has.
    """

    def __init__(self, settings: EmbedderSettings, placement: Placement | None = None) -> None:
        placement = placement or Placement()
        self._placement = placement
        torch = require("embed", "torch")
        # After a fork torch makes its threads anew at the first call, which must not be two calls at once.
        torch.set_num_threads(torch.get_num_threads())
        folder, commit = locate(settings, placement)
        digest = digest_of(folder)
        if settings.digest not in ("", digest):
            raise ScorerError(
                f"The {settings.role} {settings.name!r} must be the one that the scorer was trained with "
                f"(sha256 {settings.digest[:12]}...). Found another ({digest[:12]}...). Bring "
                "that one, or train again."
            )
        self._device, data_type = find_device(torch, placement.device)
        self._model = load_model(
            folder, settings, self._device, data_type, trust_remote_code=placement.trust_remote_code
        )
        self._tokenizer = self._model.plain_tokenizer
        prompt = self._model.prompt if settings.prompt is None else settings.prompt
        self._settings = replace(settings, revision=commit or settings.revision, prompt=prompt, digest=digest)
        self._static = not hasattr(self._model.tokenizer, "pad_token_id")
        self._prompt_tokens, self._prompt_end = _prompt_tokens(self._tokenizer, prompt) if prompt else (0, 0)
        special = 0 if self._static else self._tokenizer.num_special_tokens_to_add(False)
        self._room = settings.max_tokens - special
        self._limit = self._model.longest
        if not self._prompt_tokens < self._room or settings.max_tokens > self._limit:
            raise SettingsError(
                f"'max_tokens' (--max-tokens) of the {settings.role} {settings.name!r} must leave room for "
                f"text, and be at most {self._limit}, what the model can read. "
                f"Got {settings.max_tokens} instead."
            )
        self.width = self._model.width
        on_cpu = self._device.type == "cpu"
        self._batch_tokens = CPU_BATCH_TOKENS if on_cpu else GPU_BATCH_TOKENS
        # On a GPU these threads tokenise ahead of it, and launch its work.
        self._pool = one_core_threads(torch, placement.threads or available_cpus())

    def __reduce__(self) -> tuple[type[Self], tuple[EmbedderSettings, Placement]]:
        """Go to another process as settings: threads cannot, and weights need not."""
        return type(self), (self._settings, self._placement)

    @property
    def settings(self) -> EmbedderSettings:
        """What decides an embedding, with commit, prompt and digest as they are."""
        return self._settings

    def embed(self, texts: Sequence[str]) -> Embeddings:
        """Return the embeddings of texts; see `Embedder.embed`.

        Vectors are finite float32. The model computes in bf16 where the device has it, which moves a
        vector by less than 0.02 (cosine above 0.999) from float32.
        """
        vectors = np.zeros((len(texts), self.width), dtype=np.float32)
        tokens = np.zeros((2, len(texts)), dtype=np.int64)
        starts = range(0, len(texts), CHUNK_TEXTS)
        tokenized = self._tokenize_ahead(texts, starts)
        for start, (rows, counts) in zip(starts, tokenized, strict=True):
            stop = start + len(rows)
            tokens[:, start:stop] = counts
            self._embed_chunk(rows, vectors[start:stop])
        if not np.isfinite(vectors).all():
            raise ScorerError(
                f"Embeddings must be finite. {self._settings.name!r} gave others; try another --device or "
                f"{self._settings.role}."
            )
        return Embeddings(vectors, tokens[0], tokens[1])

    def _tokenize_ahead(
        self, texts: Sequence[str], starts: range
    ) -> Iterator[tuple[list[list[int]], NDArray[np.int64]]]:
        """Yield the tokens of each chunk; the next one is read while the last one is embedded."""
        waiting: Future[tuple[list[list[int]], NDArray[np.int64]]] | None = None
        for start in starts:
            following = self._pool.submit(self._tokenize, texts[start : start + CHUNK_TEXTS])
            if waiting is not None:
                yield waiting.result()
            waiting = following
        if waiting is not None:
            yield waiting.result()

    def _tokenize(self, texts: Sequence[str]) -> tuple[list[list[int]], NDArray[np.int64]]:
        """Return the token numbers that are read of each text, and how many it has and are read of it."""
        prompt = self._settings.prompt or ""
        clean = [_without_surrogates(prompt + text) for text in texts]
        found = self._tokenizer.encode_batch_fast(clean, add_special_tokens=False)
        count = np.array([len(one) for one in found], dtype=np.int64) - self._prompt_tokens
        for one in found:
            one.truncate(self._room)
        whole = found if self._static else [self._tokenizer.post_process(one) for one in found]
        read = np.minimum(count, self._room - self._prompt_tokens)
        return [one.ids for one in whole], np.maximum(np.stack([count, read]), 0)

    def _embed_chunk(self, rows: list[list[int]], out: NDArray[np.float32]) -> None:
        batches = list(self._batches(rows))
        for (_, members), vectors in zip(
            batches, self._pool.map(lambda batch: self._forward(rows, *batch), batches), strict=True
        ):
            out[members] = vectors

    def _batches(self, rows: list[list[int]]) -> Iterator[tuple[int, list[int]]]:
        """Yield padded lengths and the rows of that length that make a batch, longest first."""
        by_length: dict[int, list[int]] = {}
        for row, numbers in enumerate(rows):
            padded = max(1, ceil(len(numbers) / LENGTH_STEP)) * LENGTH_STEP
            by_length.setdefault(min(padded, self._limit), []).append(row)
        for padded in sorted(by_length, reverse=True):
            members, size = by_length[padded], self._rows_of_batch(padded)
            for start in range(0, len(members), size):
                yield padded, members[start : start + size]

    def _rows_of_batch(self, padded: int) -> int:
        return max(1, self._batch_tokens // padded)

    def _forward(self, rows: list[list[int]], padded: int, members: list[int]) -> NDArray[np.float32]:
        """Return the vectors of a batch: float32 array, shape (len(members), width)."""
        torch = require("embed", "torch")
        chosen = [rows[row] for row in members]
        features = _bags(chosen) if self._static else self._padded(chosen, padded)
        with torch.inference_mode():
            found = self._model.forward(
                {name: torch.from_numpy(one).to(self._device) for name, one in features.items()}
            )
            vectors: NDArray[np.float32] = found[: len(members)].float().cpu().numpy()
        return vectors

    def _padded(self, rows: list[list[int]], padded: int) -> dict[str, NDArray[np.int64]]:
        """Return what a transformer reads: token numbers filled up to one length, and which of them count."""
        # On a GPU the number of rows may differ: there no two runs promise the same bits anyway.
        size = self._rows_of_batch(padded) if self._device.type == "cpu" else len(rows)
        tokenizer = self._model.tokenizer
        numbers = np.full((size, padded), tokenizer.pad_token_id or 0, dtype=np.int64)
        mask = np.zeros((size, padded), dtype=np.int64)
        mask[len(rows) :] = 1  # an empty row must not divide by nothing
        for row, found in enumerate(rows):
            at = slice(padded - len(found), padded) if tokenizer.padding_side == "left" else slice(len(found))
            numbers[row, at] = found
            mask[row, at] = 1
        features = {"input_ids": numbers, "attention_mask": mask}
        if "token_type_ids" in tokenizer.model_input_names:
            features["token_type_ids"] = np.zeros_like(numbers)
        if self._prompt_tokens and not self._model.pools_prompt:
            features["prompt_length"] = np.array([self._prompt_end])
        return features


def _bags(rows: list[list[int]]) -> dict[str, NDArray[np.int64]]:
    """Return what a static model reads: all token numbers in a row, and where each text's begin."""
    flat = [number for numbers in rows for number in numbers]
    offsets = np.cumsum([0, *(len(numbers) for numbers in rows[:-1])])
    return {"input_ids": np.array(flat, dtype=np.int64), "offsets": offsets.astype(np.int64)}


def _without_surrogates(text: str) -> str:
    """Return a text as the tokenizer takes it: a lone surrogate is no character."""
    return text.encode("utf-8", "replace").decode()


def _prompt_tokens(tokenizer: Any, prompt: str) -> tuple[int, int]:
    """Return how many tokens a prompt has, and where it ends after the special ones before it."""
    special = tokenizer.encode(_without_surrogates(prompt)).special_tokens_mask
    return special.count(0), len(special) - special[::-1].index(0) if 0 in special else 0
