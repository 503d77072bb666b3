"""Fakes for plug points: an embedder that needs no model, an annotator that asks nobody."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from annotations.asking.annotator import Reply
from annotations.asking.settings import Rater
from filtering.embedding.embedders import Embeddings
from filtering.embedding.settings import EmbedderSettings

HASHING = EmbedderSettings(name="hashing", digest=hashlib.sha256(b"hashing").hexdigest())
NOBODY = Rater("fake")


@dataclass(frozen=True)
class HashingEmbedder:
    """Signed counts of words in hashed dimensions, of length 1.

    Parameters
    ----------
    settings : EmbedderSettings
    width : int
        Numbers of an embedding.
    """

    settings: EmbedderSettings = HASHING
    width: int = 64

    def embed(self, texts: Sequence[str]) -> Embeddings:
        vectors = np.zeros((len(texts), self.width), dtype=np.float32)
        words = [text.split() for text in texts]
        for vector, row in zip(vectors, words, strict=True):
            for word in row[: self.settings.max_tokens]:
                number = int.from_bytes(
                    hashlib.blake2b(word.encode("utf-8", "replace"), digest_size=8).digest()
                )
                vector[number % self.width] += 1 if number >> 63 else -1
            vector /= np.sqrt(vector @ vector) or 1
        tokens = np.array([len(row) for row in words], dtype=np.int64)
        return Embeddings(vectors, tokens, np.minimum(tokens, self.settings.max_tokens))


@dataclass(frozen=True)
class FakeAnnotator:
    """Answers by a function of the window.

    Parameters
    ----------
    answer : callable
        Returns a reply, or raises what `Annotator.annotate` raises.
    rater : Rater
    """

    answer: Callable[[str], Reply]
    rater: Rater = NOBODY

    async def annotate(self, window: str) -> Reply:
        return self.answer(window)

    async def close(self) -> None:
        pass
