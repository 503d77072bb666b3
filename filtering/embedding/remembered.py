"""An embedder that embeds a text once, however many scorers ask for it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from filtering.embedding.embedders import Embedder, Embeddings
from filtering.embedding.settings import EmbedderSettings


def is_same(one: EmbedderSettings, other: EmbedderSettings) -> bool:
    """Tell whether two embedders give the same embeddings, wherever their models lie.

    Examples
    --------
    >>> is_same(EmbedderSettings("here", digest="0f"), EmbedderSettings("there", digest="0f"))
    True
    """
    return replace(one, name="", revision=None) == replace(other, name="", revision=None)


class RememberingEmbedder:
    """Embeds what it has not embedded before, and remembers it: for the texts of one batch.

    A text's vector depends on the text alone, so it is that of the embedder beneath.

    Parameters
    ----------
    embedder : Embedder
    """

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._known: dict[str, tuple[Any, ...]] = {}

    @property
    def settings(self) -> EmbedderSettings:
        """Those of the embedder beneath."""
        return self._embedder.settings

    def embed(self, texts: Sequence[str]) -> Embeddings:
        """Return the embeddings of texts; see `Embedder.embed`."""
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        if new or not texts:
            found = self._embedder.embed(new)
            rows = zip(found.vectors, found.tokens, found.tokens_read, strict=True)
            self._known |= dict(zip(new, rows, strict=True))
            if len(new) == len(texts):
                return found
        vectors, tokens, tokens_read = zip(*(self._known[text] for text in texts), strict=True)
        return Embeddings(np.stack(vectors), np.array(tokens, np.int64), np.array(tokens_read, np.int64))
