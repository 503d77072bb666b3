"""The text of each arm: documents drawn from a run, equal bytes of each, no leaks and no near-duplicates."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from annotations.asking.budget import BYTES_PER_TOKEN
from filtering.errors import SettingsError
from filtering.text.near_duplicates import representatives
from pipelines.proof.draws import (
    DOCUMENT_BYTES,
    LEAST_PARTS,
    Drawn,
    Source,
    Wanted,
    find_candidates,
    read_documents,
)
from pipelines.proof.evaluation_leaks import EvaluationLeaks
from pipelines.proof.look_alikes import look_alikes
from pipelines.settings.proof import AGAINST, KEPT, STYLE, Arm

HELD_OUT = 0.1
"""Share of all groups of documents (sites, repositories) that no model is trained on."""
LARGE_GROUP = 0.2
"""A group with a larger share of the documents is held out document by document, not all of it or none."""
HELD_DOCUMENTS = 60
"""Of an arm, to measure on."""
STYLE_CANDIDATES = 4
"""Times as many as are needed, to choose those from that look most like what is kept."""
LEAST_BYTES = 20_000
"""Of an arm: with less nothing is learned that could be measured."""
SPARE = 1.5
"""Times the documents that should do are looked at first: some are left out."""
LEAKED, REPEATED = "holds an item that is measured", "nearly the same as another"
"""Why a document is left out."""


@dataclass(frozen=True)
class ArmPart:
    """A part of the text of an arm.

    Parameters
    ----------
    documents : tuple of Drawn
        In the order in which they are taken.
    share : float
        Of the arm's bytes.
    repeats : float
        How often each document comes; below 1, where only some do.
    """

    documents: tuple[Drawn, ...]
    share: float
    repeats: float

    @property
    def most_bytes(self) -> float:
        """How long the text of the arm can be, as far as this part goes."""
        unique = sum(one.size for one in self.documents)
        return unique * max(self.repeats, 1.0) / self.share

    def taken(self, arm_bytes: int) -> list[Drawn]:
        """Return its part of a text of so many bytes, the last document cut."""
        wanted = round(arm_bytes * self.share)
        once = _first_bytes(self.documents, round(wanted / max(self.repeats, 1.0)))
        found: list[Drawn] = []
        while wanted > 0 and once:
            more = _first_bytes(once, wanted)
            found += more
            wanted -= sum(one.size for one in more) or wanted
        return found


def _first_bytes(documents: Sequence[Drawn], count: int) -> list[Drawn]:
    """Return documents of so many bytes together, the last one cut."""
    found = []
    for one in documents:
        if count <= 0:
            break
        data = one.text.encode()
        text = one.text if len(data) <= count else data[:count].decode("utf-8", "ignore")
        count -= len(data)
        if text:
            found.append(replace(one, text=text))
    return found


@dataclass(frozen=True)
class HeldOut:
    """Documents that no model is trained on.

    Parameters
    ----------
    documents : mapping of str to tuple of Drawn
        To measure on, by arm.
    large : frozenset of str
        Groups that are held out document by document.
    """

    documents: Mapping[str, tuple[Drawn, ...]]
    large: frozenset[str]

    def holds(self, one: Drawn) -> bool:
        """Tell whether a document is held out: with all of its group, unless that is large."""
        name = f"{one.file}#{one.row}" if one.group in self.large else one.group
        digest = hashlib.sha256(name.encode(errors="surrogateescape")).digest()
        return int.from_bytes(digest[:4]) < HELD_OUT * (1 << 32)


@dataclass(frozen=True)
class Draw:
    """What is drawn for the models of one seed.

    Parameters
    ----------
    arms : mapping of str to tuple of ArmPart
    held_out : HeldOut
    removed : mapping of str to int
        Documents that were left out, by why.
    """

    arms: Mapping[str, tuple[ArmPart, ...]]
    held_out: HeldOut
    removed: Mapping[str, int]

    @property
    def shortest(self) -> tuple[str, float]:
        """The arm with the least text, and how many bytes that is."""
        sizes = {name: min(one.most_bytes for one in slices) for name, slices in self.arms.items()}
        return min(sizes.items(), key=lambda one: one[1])


Key = tuple[str, int]
"""Name of an arm, and place of a portion in it."""


@dataclass(frozen=True)
class ArmDrawer:
    """Draws the text of arms from a run, and from another over the same dump.

    Parameters
    ----------
    source : Source
    against : Source, optional
        Whose kept documents are the set `AGAINST`.
    arms : sequence of Arm
    leaks : EvaluationLeaks
    repeat_as_for : float, optional
        Tokens that the real model will read: documents come as often as they would there.
    """

    source: Source
    against: Source | None
    arms: Sequence[Arm]
    leaks: EvaluationLeaks
    repeat_as_for: float | None = None

    def draw(self, wanted_bytes: int, seed: int, held_out: HeldOut | None = None) -> Draw:
        """Draw as much text as is wanted of each arm, or as much as there is.

        Parameters
        ----------
        wanted_bytes : int
        seed : int
        held_out : HeldOut, optional
            What an earlier draw held out, to hold out the same; chosen anew if not given.

        Raises
        ------
        SettingsError
            If an arm has too little text to tell anything.
        """
        parts = LEAST_PARTS
        mean_bytes = min(max(self.source.mean_bytes, 1), DOCUMENT_BYTES)
        documents = int(HELD_DOCUMENTS / HELD_OUT + SPARE * wanted_bytes / mean_bytes)
        while True:
            found, is_all = self._draw(documents, parts, seed, held_out)
            name, size = found.shortest
            if size >= wanted_bytes or is_all:
                break
            parts, documents = 2 * parts, 2 * documents
        if size < LEAST_BYTES:
            lost = "".join(f", {count:,} left out ({why})" for why, count in found.removed.items() if count)
            raise SettingsError(
                f"Each arm must have at least {LEAST_BYTES:,} bytes of text. {name!r} has {size:,.0f} in "
                f"{self.source.out}, a tenth of its documents held out to measure on{lost}. Prove a run over "
                "more documents, or another cut: 'edufilter recut'."
            )
        return found

    def _draw(
        self, documents: int, part_count: int, seed: int, held_out: HeldOut | None
    ) -> tuple[Draw, bool]:
        wanted = {
            (arm.name, at): Wanted(portion.members, tuple(one.members for one in arm.portions[:at]))
            for arm in self.arms
            for at, portion in enumerate(arm.portions)
        }
        counts: dict[Key, float] = {}
        read: dict[Key, list[Drawn]] = {}
        is_all = True
        for source in filter(None, (self.source, self.against)):
            keys = [
                key
                for key, one in wanted.items()
                if (one.members.what == AGAINST) == (source is not self.source)
            ]
            numbers = source.part_order[:part_count]
            most = [
                documents * (STYLE_CANDIDATES if wanted[key].members.what == STYLE else 1) for key in keys
            ]
            sets = find_candidates(source, [wanted[key] for key in keys], numbers, most, seed)
            texts = read_documents(source, sets)
            seen = sum(source.parts[number].rows for number in numbers)
            for key, one in zip(keys, sets, strict=True):
                counts[key] = one.count * source.rows / max(seen, 1)
                read[key] = [texts[place] for place in one.places if place in texts]
            is_all &= part_count >= len(source.parts) and all(
                one.count <= limit for one, limit in zip(sets, most, strict=True)
            )
        usable, removed = self._usable(read.values(), held_out)
        if held_out is None:
            held_out = self._hold_out(read, usable)
        free = {
            key: [one for one in some if one.place in usable and not held_out.holds(one)]
            for key, some in read.items()
        }
        arms = {arm.name: self._slices(arm, free, counts) for arm in self.arms}
        return Draw(arms, held_out, removed), is_all

    def _usable(
        self, read: Iterable[Sequence[Drawn]], held_out: HeldOut | None
    ) -> tuple[set[tuple[str, int]], dict[str, int]]:
        """Return which documents may be used, and how many not, by why; what is held out comes before all."""
        before = [one for some in held_out.documents.values() for one in some] if held_out else []
        each = {one.place: one for one in before}
        first = len(each)
        for one in sorted((one for some in read for one in some), key=lambda one: one.key):
            each.setdefault(one.place, one)
        documents = list(each.values())
        texts = [one.text for one in documents]
        stands_for = representatives(texts)
        leaked = self.leaks.names(texts)
        usable, removed = set(), {LEAKED: 0, REPEATED: 0}
        for at, one in enumerate(documents[first:], first):
            if leaked[at] is not None:
                removed[LEAKED] += 1
            elif stands_for[at] != at:
                removed[REPEATED] += 1
            else:
                usable.add(one.place)
        return usable, removed

    def _hold_out(self, read: Mapping[Key, Sequence[Drawn]], usable: set[tuple[str, int]]) -> HeldOut:
        groups = {one.place: one.group for some in read.values() for one in some if one.place in usable}
        large = {
            name for name, count in Counter(groups.values()).items() if count > LARGE_GROUP * len(groups)
        }
        none = HeldOut({}, frozenset(large))
        found: dict[str, tuple[Drawn, ...]] = {}
        for arm in self.arms:
            mine = [one for at in range(len(arm.portions)) for one in read[arm.name, at]]
            held = tuple(one for one in mine if one.place in usable and none.holds(one))[:HELD_DOCUMENTS]
            is_style = STYLE in {
                portion.members.what for portion in arm.portions
            }  # which held out is no such thing
            if held and not is_style and held not in found.values():
                found[arm.name] = held
        return replace(none, documents=found)

    def _slices(
        self, arm: Arm, free: Mapping[Key, list[Drawn]], counts: Mapping[Key, float]
    ) -> tuple[ArmPart, ...]:
        documents, sizes = [], []
        for at, portion in enumerate(arm.portions):
            mine = free[arm.name, at]
            sizes.append(counts[arm.name, at] * sum(one.size for one in mine) / max(len(mine), 1))
            if portion.members.what == STYLE:
                mine = _alike(free[KEPT, 0], mine)
            documents.append(tuple(mine))
        weights = [
            size * portion.repeats if portion.share is None else portion.share
            for size, portion in zip(sizes, arm.portions, strict=True)
        ]
        shares = [weight / max(sum(weights), 1e-9) for weight in weights]
        repeats = [portion.repeats for portion in arm.portions]
        if self.repeat_as_for is not None:
            planned = [
                self.repeat_as_for * BYTES_PER_TOKEN * share / max(size, 1)
                for share, size in zip(shares, sizes, strict=True)
            ]
            repeats = [max(one, 1.0) for one in planned]
        return tuple(
            ArmPart(some, share, times)
            for some, share, times in zip(documents, shares, repeats, strict=True)
            if share > 0
        ) or (ArmPart((), 1.0, 1.0),)


def _alike(kept: Sequence[Drawn], candidates: Sequence[Drawn]) -> list[Drawn]:
    """Return those of some documents that look most like what is kept, in the order of these."""
    if not kept or not candidates:
        return []
    places = look_alikes(
        [one.text for one in kept],
        [one.group for one in kept],
        [one.text for one in candidates],
        [one.group for one in candidates],
    )
    return [candidates[place] for place in places.tolist()]
