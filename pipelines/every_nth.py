"""A few of many, spread over all of them."""


def step_over(count: int, most: int) -> int:
    """Return the smallest step at which a walk over `count` things meets at most `most` of them.

    Examples
    --------
    >>> step_over(9, 4), list(range(9))[:: step_over(9, 4)]
    (3, [0, 3, 6])
    >>> step_over(3, 4), step_over(0, 4)
    (1, 1)
    """
    return max(1, -(-count // most))
