"""Draws requests from a recipe: which one has which number follows from recipe, seed and number alone.

Draws are without replacement over the product of slots. Nothing is kept of them: a permutation says in which
order combinations come, and each number can be drawn by itself.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any

from annotations.writing.recipe import DOCUMENT, Recipe, filled, recipe_digest

ROUNDS = 6
"""Of the network; four are enough for one that nobody can tell from chance (Luby and Rackoff 1988)."""
DELIMITER_CHARS = 16


class Permutation:
    """A permutation of 0 to `size` - 1 that takes no memory: a Feistel network with cycle walking.

    A network permutes a domain of a power of 4. Where it leads beyond `size`, it is applied again
    (Black and Rogaway 2002, "Ciphers with arbitrary finite domains").

    Parameters
    ----------
    size : int
    key : str

    Examples
    --------
    >>> permuted = Permutation(10, "key")
    >>> sorted(permuted(number) for number in range(10)) == list(range(10))
    True
    """

    def __init__(self, size: int, key: str) -> None:
        self.size = size
        self._half_bits = max(1, -(-(size - 1).bit_length() // 2))
        self._keys = [hashlib.sha256(f"{key}/{number}".encode()).digest() for number in range(ROUNDS)]

    def __call__(self, number: int) -> int:
        """Return where a number leads."""
        while True:
            number = self._once(number)
            if number < self.size:
                return number

    def _once(self, number: int) -> int:
        mask = (1 << self._half_bits) - 1
        left, right = number >> self._half_bits, number & mask
        for key in self._keys:
            data = right.to_bytes((self._half_bits + 7) // 8)
            mixed = hashlib.blake2b(data, key=key, digest_size=16).digest()
            left, right = right, left ^ (int.from_bytes(mixed) & mask)
        return left << self._half_bits | right


class Request(str):
    """What a model is asked, with what was drawn for it: a reply is checked by that as soon as it is there.

    Parameters
    ----------
    text : str
    drawn : mapping of str to str
        What stands in it, by the name of the slot; the document too, where there is one.
    """

    __slots__ = ("drawn",)
    drawn: Mapping[str, str]

    def __new__(cls, text: str, drawn: Mapping[str, str]) -> "Request":
        """Make a text that remembers."""
        request = super().__new__(cls, text)
        request.drawn = drawn
        return request


@dataclass(frozen=True)
class Draw:
    """A request for a text.

    Parameters
    ----------
    number : int
        From 0 on.
    repeat : int
        From 1 on: the same combination may be drawn several times.
    slots : mapping of str to str
    group : str
    request : Request
    source : mapping of str to str or int
        Where its document comes from, by the column that tells; empty where there is none.
    """

    number: int
    repeat: int
    slots: Mapping[str, str]
    group: str
    request: Request
    source: Mapping[str, Any] = field(default_factory=dict)


class SlotDraws:
    """The draws over the product of a recipe's slots.

    Parameters
    ----------
    recipe : Recipe
    seed : int
    topics : sequence of (str, str)
        Values of the slot ``topics.of``, and a topic of each.
    """

    def __init__(self, recipe: Recipe, seed: int, topics: Sequence[tuple[str, str]] = ()) -> None:
        self._recipe = recipe
        within = () if recipe.topics is None else (recipe.topics.of, recipe.topics.slot)
        self._sides: list[tuple[tuple[str, ...], Sequence[tuple[str, ...]]]] = [
            ((name,), [(value,) for value in values])
            for name, values in recipe.slots.items()
            if name not in within
        ]
        if within:
            self._sides.append((within, topics))
        combinations = prod(len(values) for _, values in self._sides)
        self._permuted = Permutation(combinations, f"{recipe_digest(recipe)}/{seed}")

    @property
    def combinations(self) -> int:
        """How many there are of values of all slots."""
        return self._permuted.size

    @property
    def most(self) -> int:
        """How many draws there are."""
        return self.combinations * self._recipe.per_draw

    def slots_of(self, number: int) -> dict[str, str]:
        """Return what the slots hold in a draw; beyond all combinations they come again."""
        place = self._permuted(number % self.combinations)
        slots: dict[str, str] = {}
        for names, values in self._sides:
            place, at = divmod(place, len(values))
            slots |= dict(zip(names, values[at], strict=True))
        return {name: slots[name] for name in self._recipe.names}

    def between(self, start: int, stop: int) -> Iterator[Draw]:
        """Yield the draws from one number up to another."""
        for number in range(start, stop):
            slots = self.slots_of(number)
            group = slots.get(self._recipe.group) or f"{self._recipe.name}-{number}"
            request = Request(filled(self._recipe.instructions, slots), slots)
            yield Draw(number, 1 + number // self.combinations, slots, group, request)

    def of_document(
        self, number: int, document: str, group: str, repeat: int, source: Mapping[str, Any]
    ) -> Draw:
        """Return the draw of a number about a document."""
        slots = self.slots_of(number)
        told = filled(self._recipe.instructions, {**slots, DOCUMENT: between_delimiters(document)})
        group = slots.get(self._recipe.group) or group
        return Draw(number, repeat, slots, group, Request(told, {**slots, DOCUMENT: document}), source)


def between_delimiters(document: str) -> str:
    """Return a document between two lines that it cannot hold: they follow from all of it.

    So the request for a document is always the same, and no document can end itself.
    """
    data = document.encode("utf-8", errors="surrogatepass")
    delimiter = hashlib.sha256(data).hexdigest()[:DELIMITER_CHARS]
    return (
        f"(The document stands between two lines that say {delimiter}.)\n{delimiter}\n{document}\n{delimiter}"
    )
