"""What lies in the folder of a model, looked at before a library opens it: whole files, no pickles, any code.

A model's JSON names the classes that make it up. Those of sentence-transformers and transformers are
installed; a model that names another one, or a kernel of the hub, brings code. What a file says of trust
counts for nothing.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from filtering.errors import SettingsError
from filtering.regular_files import check_regular, files_in, folders_of, parse_json, read_regular

MODEL_FILES = 4096
MODEL_BYTES = 64 << 30
"""A model of seven billion weights takes half of it."""
JSON_BYTES = 256 << 20
"""The largest vocabularies take a sixth of it."""

WEIGHTS = ".safetensors"
PICKLED, SAFE = "pytorch_model.bin", "model.safetensors"
ADAPTER = "adapter_config.json"

MODULES = (
    *("Asym", "Dense", "Dropout", "LayerNorm", "Normalize", "Pooling", "Router", "StaticEmbedding"),
    *("Transformer", "WeightedLayerPooling"),
)
"""Classes of sentence-transformers that a model may be made of: all those that go with a fast tokenizer."""
MODULE = re.compile(
    r"sentence_transformers\.(models|base\.modules|sentence_transformer\.modules)(\.\w+)?"
    rf"\.({'|'.join(MODULES)})",
    re.ASCII,
)
ACTIVATION = re.compile(r"torch\.nn\.(modules\.\w+\.)?\w+", re.ASCII)
"""What a `Dense` may apply."""

CODE_KEYS = ("auto_map", "auto_mapping", "custom_pipelines")
"""Under these, at any depth, a configuration names code of its own."""
KERNEL_KEYS = ("attn_implementation", "_attn_implementation", "experts_implementation")
"""Under these it names a way to compute; one of ``owner/name`` is fetched from the hub, and runs."""


@dataclass(frozen=True)
class Reference:
    """Where a model names code that is not installed.

    Parameters
    ----------
    file : str
        Path below the model's folder.
    names : tuple of str
        The classes or files; empty for code that just lies there.
    """

    file: str
    names: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.file}: {self.names[0]!r:.100}" if self.names else self.file


def check_files(folder: Path, what: str) -> None:
    """Refuse a model that cannot be read whole, or whose weights are pickled.

    Parameters
    ----------
    folder : Path
    what : str
        The model, for messages.

    Raises
    ------
    SettingsError
        If a file is no regular one, lies elsewhere or is too large; if weights are pickled; or if it is an
        adapter of another model.
    """
    folders = folders_of(folder)
    size, has_weights = 0, False
    try:
        for path in files_in(folder, MODEL_FILES):
            size += check_regular(path, folders)
            has_weights |= path.name.endswith(WEIGHTS)
            if path.name == PICKLED and not path.with_name(SAFE).is_file():
                raise SettingsError(_not_safe(what, f"Found {path.relative_to(folder)} alone."))
            if path.name == ADAPTER:
                raise SettingsError(f"{what} must be whole. It is an adapter of another model: merge them.")
    except OSError as error:
        raise SettingsError(f"{what} must be a folder of whole files. {error}") from error
    if not has_weights:
        raise SettingsError(_not_safe(what, "Found none."))
    if size > MODEL_BYTES:
        raise SettingsError(f"{what} must have at most {MODEL_BYTES:,} bytes. It has {size:,}.")


def _not_safe(what: str, found: str) -> str:
    return (
        f"{what} must have its weights as safetensors; pickled ones are refused, for they run code. {found} "
        "Save it again with save_pretrained, or choose another."
    )


def code_of(folder: Path, what: str) -> tuple[Reference, ...]:
    """Return where a model names or brings code that is not installed; `check_files` must have passed.

    Raises
    ------
    SettingsError
        If one of its JSON files cannot be read: whether it names any is not known then.
    """
    found = []
    for path in sorted(files_in(folder, MODEL_FILES)):
        name = path.relative_to(folder).as_posix()
        if path.suffix == ".py":
            found.append(Reference(name))
        elif path.suffix == ".json":
            try:
                value = parse_json(read_regular(path, (path.resolve().parent,), JSON_BYTES))
            except (OSError, ValueError) as error:
                raise SettingsError(f"{what} must have JSON that can be read. {name}: {error}") from error
            if names := tuple(_foreign(value, in_modules=path.name == "modules.json")):
                found.append(Reference(name, names))
    return tuple(found)


def _foreign(value: object, *, in_modules: bool) -> Iterator[str]:
    """Yield what a value of JSON names that is not installed, at any depth."""
    for one in _inside(value):
        for key, named in one.items() if isinstance(one, Mapping) else ():
            texts = [text for text in _inside(named) if isinstance(text, str)]
            if key in CODE_KEYS:
                yield from texts or [key]
            elif key == "types" or (key == "type" and in_modules):  # of a router, and of the model itself
                yield from (text for text in texts if not MODULE.fullmatch(text))
            elif key == "activation_function":  # a transformer has a word like gelu there
                yield from (text for text in texts if "." in text and not ACTIVATION.fullmatch(text))
            elif key == "trust_remote_code" and named is not False:  # it is for the user to say
                yield key
            elif key in KERNEL_KEYS:
                yield from (text for text in texts if "/" in text)
            elif key.endswith("_class"):  # the name of an installed one has no dot
                yield from (text for text in texts if "." in text)


def _inside(value: object) -> Iterator[object]:
    """Yield a value of JSON and all that is in it, however deep."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        yield one
        if isinstance(one, (list, Mapping)):
            waiting += one.values() if isinstance(one, Mapping) else one
