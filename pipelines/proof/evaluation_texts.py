"""Texts to measure language models on: items of a file, each what is given and what is to be told."""

import gzip
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from filtering.errors import BadFileError, SettingsError
from filtering.leaks.benchmark_files import read_records
from filtering.printable import listed, printable
from filtering.regular_files import open_regular
from filtering.wrong_values import near_path

Kind = Literal["text", "completion", "choices"]

HELD_OUT = "held-out "
"""Begins the names of evaluations on documents that no model read."""
TEXT_FIELDS = ("text", "content", "document")
PROMPT_FIELDS = ("prompt", "text", "question")
COMPLETION_FIELDS = ("completion", "canonical_solution", "code", "solution")
RECORD_ENDINGS = (".jsonl", ".jsonl.gz", ".parquet")
TEXT_BYTES = 2_000
"""Of a document that is measured: so much of its beginning. A text file is cut into pieces of so much."""
MOST_TEXT_BYTES = 64_000_000
"""Of a text file."""


@dataclass(frozen=True)
class Item:
    """What a model is asked.

    Parameters
    ----------
    prompt : str
        Given; empty for a document.
    completion : str
        To be told: only this counts.
    wrong : tuple of str
        What could follow instead, and is wrong.
    """

    prompt: str
    completion: str
    wrong: tuple[str, ...] = ()


@dataclass(frozen=True)
class Evaluation:
    """Items that are measured together.

    Parameters
    ----------
    name : str
    items : tuple of Item
        All of one kind.
    kind : {"text", "completion", "choices"}
    of : int
        Items of the file, of which these are drawn.
    """

    name: str
    items: tuple[Item, ...]
    kind: Kind
    of: int

    def every(self, step: int) -> "Evaluation":
        """Return it with every so many-th item alone."""
        return replace(self, items=self.items[::step])

    @property
    def size(self) -> int:
        """Bytes of all that is given and told."""
        texts = (text for item in self.items for text in (item.prompt, item.completion, *item.wrong))
        return sum(len(text.encode()) for text in texts)


def read_evaluations(paths: Sequence[str], most: int) -> tuple[Evaluation, ...]:
    """Return the evaluations of files, named by these.

    Parameters
    ----------
    paths : sequence of str
    most : int
        Items of a file that are measured at most, drawn by a fixed seed.

    Raises
    ------
    SettingsError
        If a file is not there, is empty, or has no fields of a known form; or two have one name.
    BadFileError
        If one cannot be read.
    """
    found = [_read_evaluation(Path(path), most) for path in paths]
    names = [one.name for one in found]
    for name in names:
        if name.startswith(HELD_OUT):
            raise SettingsError(
                f"A file of --eval must not be called {HELD_OUT!r} and more: held-out documents are. "
                f"Got {name!r}. Rename it."
            )
        if names.count(name) > 1:
            raise SettingsError(f"Each file of --eval must have a name of its own. Got two called {name!r}.")
    return tuple(found)


def _read_evaluation(path: Path, most: int) -> Evaluation:
    name = printable(path.name.split(".")[0])
    if path.name.endswith(RECORD_ENDINGS):
        items = [_item_of(record, path, at) for at, record in enumerate(read_records(path), 1)]
    else:
        items = [Item("", piece) for piece in _pieces(_read_text(path))]
    if not items:
        raise SettingsError(f"A file of --eval must hold at least one text to measure on. {path} holds none.")
    kinds = {_kind(one) for one in items}
    if len(kinds) > 1:
        raise SettingsError(
            f"A file of --eval must hold items of one form. {path} has {listed(sorted(kinds))}."
        )
    return Evaluation(name, drawn(items, most), kinds.pop(), len(items))


def drawn(items: Sequence[Item], most: int) -> tuple[Item, ...]:
    """Return some items at most, the same at every call, in their order."""
    if len(items) <= most:
        return tuple(items)
    places = np.sort(np.random.default_rng(0).choice(len(items), most, replace=False))
    return tuple(items[place] for place in places.tolist())


def _kind(item: Item) -> Kind:
    return "choices" if item.wrong else "completion" if item.prompt else "text"


def _item_of(record: object, path: Path, at: int) -> Item:
    where = f"{path}, item {at}"
    if not isinstance(record, Mapping):
        raise SettingsError(f"An item must be a JSON object. Got {type(record).__name__} instead ({where}).")
    if "choices" in record:
        return _choices(record, where)
    completion = _first(record, COMPLETION_FIELDS)
    if completion is not None:
        prompt = _first(record, PROMPT_FIELDS)
        return _checked(Item(prompt or "", completion), where)
    text = _first(record, TEXT_FIELDS)
    if text is None:
        raise SettingsError(
            "An item must have the field text; or prompt and completion; or prompt, choices and answer. "
            f"{where} has {listed(sorted(map(str, record))) or 'none'}. Rename its fields."
        )
    return _checked(Item("", text.encode()[:TEXT_BYTES].decode(errors="ignore")), where)


def _choices(record: Mapping[Any, Any], where: str) -> Item:
    choices, answer = record["choices"], record.get("answer")
    are_texts = isinstance(choices, Sequence) and all(isinstance(one, str) and one for one in choices)
    if not are_texts or len(choices) < 2 or not isinstance(answer, int) or not 0 <= answer < len(choices):
        raise SettingsError(
            f"'choices' must be two texts or more, and 'answer' the place of the right one, from 0. "
            f"{where} has "
            "others."
        )
    wrong = tuple(one for at, one in enumerate(choices) if at != answer)
    return _checked(Item(_first(record, PROMPT_FIELDS) or "", choices[answer], wrong), where)


def _checked(item: Item, where: str) -> Item:
    if not item.completion:
        raise SettingsError(f"An item must have a text to be told. That of {where} is empty. Leave it out.")
    return item


def _first(record: Mapping[Any, Any], names: Sequence[str]) -> str | None:
    """Return the text of the first of some fields that a record has."""
    return next((record[name] for name in names if isinstance(record.get(name), str)), None)


def _read_text(path: Path) -> str:
    try:
        with gzip.open(path) if path.suffix == ".gz" else open(path, "rb", opener=open_regular) as file:
            data = file.read(MOST_TEXT_BYTES + 1)
    except FileNotFoundError:
        raise SettingsError(
            f"A file of --eval must exist. Got '{printable(str(path))}' instead.{near_path(str(path))}"
        ) from None
    except OSError as error:
        raise BadFileError(f"A file of --eval must be readable. {path} is not: {error.strerror}.") from error
    if len(data) > MOST_TEXT_BYTES:
        raise SettingsError(f"A text file must have at most {MOST_TEXT_BYTES:,} bytes. {path} has more.")
    if b"\0" in data[:TEXT_BYTES]:
        raise SettingsError(
            f"A file of --eval must be text, or end in {', '.join(RECORD_ENDINGS)}. {path} is neither."
        )
    return data.decode("utf-8", "replace")


def _pieces(text: str) -> Iterator[str]:
    """Yield a text in pieces that end at a line where they can."""
    piece = ""
    for line in text.splitlines(keepends=True):
        while len(line) > TEXT_BYTES:
            yield piece + line[: TEXT_BYTES - len(piece)]
            line, piece = line[TEXT_BYTES - len(piece) :], ""
        if len(piece) + len(line) > TEXT_BYTES:
            yield piece
            piece = ""
        piece += line
    if piece.strip():
        yield piece
