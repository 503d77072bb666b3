"""Finite groups, given by their tables: what the chains of the LEGO task are made of."""

from dataclasses import dataclass
from itertools import product

from filtering.errors import SettingsError


@dataclass(frozen=True)
class Group:
    """A finite group.

    Parameters
    ----------
    name : str
    table : tuple of tuple of int
        In row g and column h the number of g times h. Elements are numbered from 0.

    Raises
    ------
    SettingsError
        If the table is not that of a group.

    Examples
    --------
    >>> Group("signs", ((0, 1), (1, 0))).size
    2
    """

    name: str
    table: tuple[tuple[int, ...], ...]

    def __post_init__(self) -> None:
        fault = _fault(self.table)
        if fault:
            raise SettingsError(f"'table' of the group {self.name!r} must be that of a group. {fault}")

    @property
    def size(self) -> int:
        """Count of elements."""
        return len(self.table)


def dihedral(sides: int) -> Group:
    """Return the group of the turns and flips that map a regular polygon onto itself.

    Parameters
    ----------
    sides : int
        3 or more. Element r below `sides` is r turns; r + `sides` is a flip, then r turns.
    """
    elements = [(turns, flipped) for flipped in (0, 1) for turns in range(sides)]
    return Group(
        f"D{sides}",
        tuple(
            tuple(
                (turns + (-other if flipped else other)) % sides + sides * (flipped ^ also)
                for other, also in elements
            )
            for turns, flipped in elements
        ),
    )


def _fault(table: tuple[tuple[int, ...], ...]) -> str:
    """Return why a table is not that of a group, or nothing."""
    for row, products in enumerate(table):
        if len(products) != len(table):
            return (
                f"It has {len(table)} rows, but row {row} has {len(products)} columns. Give a square table."
            )
        for column, found in enumerate(products):
            if found not in range(len(table)):
                return f"{row} times {column} must be an element below {len(table)}. Got {found!r} instead."
    return _broken_axiom(table)


def _broken_axiom(table: tuple[tuple[int, ...], ...]) -> str:
    """Return which axiom does not hold for a square table of elements, or nothing."""
    elements = range(len(table))
    neutral = [one for one in elements if all(table[one][g] == g == table[g][one] for g in elements)]
    if not neutral:
        return "It has no neutral element, which leaves all others as they are."
    for g in elements:
        if not any(table[g][h] == neutral[0] == table[h][g] for h in elements):
            return f"Element {g} has no inverse: with none it makes {neutral[0]}, the neutral element."
    for g, h, k in product(elements, repeat=3):
        if table[table[g][h]][k] != table[g][table[h][k]]:
            return f"({g} times {h}) times {k} is not {g} times ({h} times {k})."
    return ""


SIGNS = Group("signs", ((0, 1), (1, 0)))
"""Plus and minus: the group of the paper's experiments."""
D3 = dihedral(3)
"""Turns and flips of a triangle: the smallest group in which the order of factors counts."""
