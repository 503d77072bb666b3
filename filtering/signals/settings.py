"""The rules that need no model, by name: values alone, which load no library."""

from typing import Literal, get_args

Rule = Literal["license-only", "generated", "minified", "too-short", "data"]
RULES: tuple[Rule, ...] = get_args(Rule)


def usual_rules(domain: str) -> tuple[Rule, ...]:
    """Return the rules that hold for documents of a domain where nothing else is asked for."""
    return RULES if domain == "code" else ()


def named_rules(names: str) -> tuple[Rule, ...]:
    """Return rules by their names, with commas; none by the name ``none``.

    Raises
    ------
    ValueError
        If there is no such rule.

    Examples
    --------
    >>> named_rules("minified,generated"), named_rules("none")
    (('generated', 'minified'), ())
    """
    asked = [] if names == "none" else names.split(",")
    if not set(asked) <= set(RULES):
        raise ValueError(f"must be none, or some of {', '.join(RULES)}, with commas")
    return tuple(rule for rule in RULES if rule in asked)
