"""The LEGO task: chains of variables, each an element of a group times the one before, told in any order.

From Zhang et al. 2022, "Unveiling Transformers with LEGO" (arXiv:2206.04301; lego_data.py of its code).
A chain of three over the signs is ``c - b ; a + 1 ; b - a ;``: a is +, b is - times a, c is - times b.
To tell the value of a variable one has to follow the chain from it to its root.

It differs from the paper for the sake of models that read from left to right. When such a model first reads
a clause it cannot know those to come. So all are read twice, the second time in another order, and values
are told at the second reading. No value is ever shown, so that none can be read off another. Clauses are
four tokens and not five.
"""

from dataclasses import dataclass

import numpy as np

from filtering.arrays import Ints, Ints32
from filtering.errors import SettingsError
from pipelines.proof.finite_groups import SIGNS, Group

MARK, CLAUSE_END, ONE = 0, 1, 2
"""Tokens between the two readings, after each clause, and in place of the variable before the root."""
FIRST_ELEMENT = 3
"""Tokens of the group's elements begin here, names of variables after them."""
CLAUSE_TOKENS = 4
NOT_TOLD = -100
"""The label of a token at which nothing is to be told, as torch has it."""


@dataclass(frozen=True)
class Lego:
    """The task: which chains, and how far along them values are told in training; 12 and 6 in the paper.

    Parameters
    ----------
    variables : int
        In a chain.
    trained : int
        So many of the chain, from its root on, are told in training; all are in measuring.
    group : Group
    names : int
        Of which those of the variables are drawn.

    Raises
    ------
    SettingsError
        If not 1 <= `trained` <= `variables` <= `names`.
    """

    variables: int
    trained: int
    group: Group = SIGNS
    names: int = 26

    def __post_init__(self) -> None:
        if not 1 <= self.trained <= self.variables <= self.names:
            raise SettingsError(
                "'trained', 'variables' and 'names' of the LEGO task must be 1 or more, none above the next. "
                f"Got {self.trained}, {self.variables} and {self.names} instead."
            )

    @property
    def vocabulary(self) -> int:
        """Count of different tokens."""
        return FIRST_ELEMENT + self.group.size + self.names

    @property
    def length(self) -> int:
        """Tokens of a sequence."""
        return 2 * CLAUSE_TOKENS * self.variables + 1


@dataclass(frozen=True)
class Chains:
    """Sequences of the task.

    Parameters
    ----------
    tokens : int32 array, shape (n, length)
        All clauses, `MARK`, all clauses again, each time in an order of its own.
    told_at : int64 array, shape (n, variables)
        At which token the value of each variable is to be told, in the order of the chain: the last but one
        of its clause, read again. In place of the last would stand its value.
    values : int64 array, shape (n, variables)
        Numbers of elements, in the order of the chain.
    """

    tokens: Ints32
    told_at: Ints
    values: Ints

    def labels(self, told: int) -> Ints32:
        """Return what is to be told of the first variables of each chain.

        Parameters
        ----------
        told : int
            Variables, from the root on.

        Returns
        -------
        int32 array, shape (n, length)
            As transformers takes them: the token of a value stands one after the token at which it is to be
            told. All else is `NOT_TOLD`.
        """
        labels = np.full_like(self.tokens, NOT_TOLD)
        values = (FIRST_ELEMENT + self.values[:, :told]).astype(np.int32)
        np.put_along_axis(labels, self.told_at[:, :told] + 1, values, axis=1)
        return labels


def draw_chains(task: Lego, count: int, random: np.random.Generator) -> Chains:
    """Return sequences whose names, elements and orders are all drawn, each as likely as any other.

    Parameters
    ----------
    task : Lego
    count : int
    random : numpy.random.Generator
    """

    def orders(of: int) -> Ints:
        return random.permuted(np.tile(np.arange(of), (count, 1)), axis=1)

    names = FIRST_ELEMENT + task.group.size + orders(task.names)[:, : task.variables]
    factors = random.integers(task.group.size, size=(count, task.variables))
    table, values = np.array(task.group.table), factors.copy()
    for place in range(1, task.variables):
        values[:, place] = table[factors[:, place], values[:, place - 1]]
    clauses = np.full((count, task.variables, CLAUSE_TOKENS), CLAUSE_END)
    clauses[:, :, 0], clauses[:, :, 1] = names, FIRST_ELEMENT + factors
    clauses[:, 0, 2], clauses[:, 1:, 2] = ONE, names[:, :-1]
    order, again = orders(task.variables), orders(task.variables)
    read, read_again = (
        np.take_along_axis(clauses, one[:, :, None], axis=1).reshape(count, -1) for one in (order, again)
    )
    tokens = np.hstack([read, np.full((count, 1), MARK), read_again]).astype(np.int32)
    return Chains(tokens, read.shape[1] + 1 + CLAUSE_TOKENS * (again.argsort(axis=1) + 1) - 2, values)
