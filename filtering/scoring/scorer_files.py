"""The files of a saved scorer: found, read, held to their digests and to this format; and what they say.

`storage.py` makes scorers of them. Files may be a stranger's: docs/security.md says what is promised then.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from filtering.errors import MissingExtraError, ScorerError, SettingsError
from filtering.regular_files import folders_of, parse_json, read_regular
from filtering.scoring.hub_scorers import copy_of_hub, is_on_hub
from filtering.scoring.settings import SHIPPED
from filtering.signals.read_signals import SIGNALS_VERSION
from filtering.text.windows import REACH, WINDOW
from filtering.wrong_values import near_name, near_path

FORMAT = 4
SIGNALS_KIND, EMBEDDING_KIND = "signals", "embedding"
FILES = ("signals.safetensors", "embedding.safetensors", "pairs.safetensors", "nested.safetensors")
CARD = "README.md"
SCORER_BYTES = 1 << 30
"""A scorer is a few megabytes: what is larger is no scorer, and worth neither reading nor a download."""
DESCRIPTION_BYTES = 16 << 20
"""Of `scorer.json`, which takes some ten times as much once it is parsed."""
MODELS = Path(__file__).parents[1] / "models"


def read_description(name: str) -> tuple[Path, bytes, dict[str, Any]]:
    """Return the folder of a scorer, the bytes of its ``scorer.json``, and what they say.

    Parameters
    ----------
    name : str
        As for `load_scorer`.

    Raises
    ------
    SettingsError, ScorerError
        As `load_scorer`.
    """
    folder = _folder_of(name)
    if not (folder / "scorer.json").exists():
        what = "That is a file" if folder.is_file() else "That folder has no scorer.json"
        known = near_name(name.lower(), SHIPPED)
        near = near_path(name) or (f" Did you mean '{known}'?" if known else "")
        raise SettingsError(
            f"A scorer must be {' or '.join(SHIPPED)}, a folder that 'edufilter train' wrote, or "
            f"hf://OWNER/NAME. Got {name!r}. {what if folder.exists() else 'There is no such folder'}."
            f"{'' if folder.exists() else near}"
        )
    content = read_file(folder, "scorer.json", DESCRIPTION_BYTES)
    return folder, content, _checked_description(content, folder)


def _folder_of(name: str) -> Path:
    if is_on_hub(name):
        return copy_of_hub(name, ("scorer.json", *FILES, CARD), SCORER_BYTES)
    return MODELS / name if name in SHIPPED else Path(name)


def read_files(name: str) -> dict[str, bytes]:
    """Return the files of a scorer by their names, after their digests were checked.

    Parameters
    ----------
    name : str
        As for `load_scorer`.

    Raises
    ------
    SettingsError, ScorerError
        As `load_scorer`.
    """
    folder, content, description = read_description(name)
    card = {CARD: read_file(folder, CARD, DESCRIPTION_BYTES)} if (folder / CARD).exists() else {}
    return {"scorer.json": content, **checked_files(description, folder), **card}


def read_file(folder: Path, name: str, most_bytes: int) -> bytes:
    """Return a file of a scorer: of one that is shipped wherever it lies, for it is installed."""
    path = folder / name
    folders = (path.resolve().parent,) if folder.parent == MODELS else folders_of(folder)
    try:
        return read_regular(path, folders, most_bytes)
    except OSError as error:
        raise ScorerError(f"{path} must be readable. {error}") from error


def read_metrics(name: str) -> dict[str, Any]:
    """Return what a scorer's evaluation wrote into its ``scorer.json``; it is taken apart by `naming` it.

    Parameters
    ----------
    name : str
        As for `load_scorer`.

    Raises
    ------
    SettingsError, ScorerError
        As `load_scorer`.
    """
    metrics: dict[str, Any] = read_description(name)[2]["metrics"]
    return metrics


def _checked_description(content: bytes, folder: Path) -> dict[str, Any]:
    try:
        description: dict[str, Any] = parse_json(content)
        needed = {
            "format": FORMAT,
            "kind": EMBEDDING_KIND if description.get("embedding") else SIGNALS_KIND,
            "window_rule": WINDOW.name,
            "reach_rule": REACH.name,
            "signals_version": SIGNALS_VERSION,
        }
        found = {name: description.get(name) for name in needed}  # a format to come may lack some
        sealed, _, _ = description["seal"], description["files"].items(), description["metrics"].items()
        seal = seal_of(description)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ScorerError(
            f"{folder / 'scorer.json'} must describe a scorer. It is damaged: {type(error).__name__} {error}."
        ) from error
    for name, value in needed.items():
        if found[name] != value:
            raise ScorerError(
                f"{name!r} in {folder / 'scorer.json'} must be {value!r}. Got {found[name]!r:.100} instead. "
                "Use the edufilter that saved it, or train it again."
            )
    if sealed != seal:
        raise ScorerError(f"{folder / 'scorer.json'} must be as it was saved. It is damaged; restore it.")
    return description


def seal_of(description: Mapping[str, Any]) -> str:
    """Return the sha256 of a description without its seal.

    The reference texts cannot notice every changed digit: an anchor that none of them comes near, say.
    """
    rest = {name: value for name, value in description.items() if name != "seal"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()


def checked_files(description: dict[str, Any], folder: Path) -> dict[str, bytes]:
    """Return the files that a description names, by name.

    Raises
    ------
    ScorerError
        If one is no file of a scorer, is too large, cannot be read, or has another digest.
    """
    files: dict[str, bytes] = {}
    for name, digest in description["files"].items():
        if name not in FILES:
            raise ScorerError(
                f"{folder} must hold no other files than a scorer's. Its list names {name!r:.100}."
            )
        files[name] = read_file(folder, name, SCORER_BYTES - sum(map(len, files.values())))
        if hashlib.sha256(files[name]).hexdigest() != digest:
            raise ScorerError(
                f"{folder / name} must have the sha256 {digest!s:.64}. It is damaged; restore it."
            )
    return files


def arrays_of(content: bytes) -> dict[str, NDArray[Any]]:
    """Return the arrays of a safetensors file by name.

    Raises
    ------
    ScorerError
        If it is none.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        arrays: dict[str, NDArray[Any]] = load(content)
    except (SafetensorError, KeyError) as error:  # the latter for a type of number that numpy has not
        raise ScorerError(f"Arrays of a scorer must be readable. {error}") from error
    return arrays


@contextmanager
def naming(scorer: Path | str) -> Iterator[None]:
    """Turn what a wrong or missing value of a scorer raises into an error that names it."""
    try:
        yield
    except MissingExtraError:
        raise  # no fault of the scorer's
    except (LookupError, ValueError, TypeError, AttributeError, ArithmeticError) as error:
        raise ScorerError(f"{scorer} must hold a whole scorer. {error!s:.500}") from error
