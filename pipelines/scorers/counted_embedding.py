"""Embeds documents a few at a time, and shows how far it is: an embedder alone says nothing for minutes."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from filtering.embedding.embedders import Embedder, Embeddings
from filtering.embedding.settings import EmbedderSettings
from pipelines.progress import Meter, Reporter

TEXTS_AT_A_TIME = 128


@dataclass(frozen=True)
class _CountedEmbedder:
    """An embedder that counts texts. A text's vector depends on the text alone, so they may be parted."""

    embedder: Embedder
    meter: Meter

    @property
    def settings(self) -> EmbedderSettings:
        return self.embedder.settings

    def embed(self, texts: Sequence[str]) -> Embeddings:
        found = []
        for start in range(0, max(len(texts), 1), TEXTS_AT_A_TIME):
            found.append(self.embedder.embed(texts[start : start + TEXTS_AT_A_TIME]))
            self.meter.count(len(found[-1].tokens))
        columns = ([getattr(one, name) for one in found] for name in ("vectors", "tokens", "tokens_read"))
        return Embeddings(*map(np.concatenate, columns))


@contextmanager
def counted(embedder: Embedder, documents: int, reporter: Reporter) -> Iterator[Embedder]:
    """Give an embedder that embeds as another one does, and show how far it is.

    Parameters
    ----------
    embedder : Embedder
    documents : int
        To embed, about.
    reporter : Reporter
    """
    meter = Meter(documents, 0, doing="Embedding documents")
    with reporter.track(meter):
        yield _CountedEmbedder(embedder, meter)
