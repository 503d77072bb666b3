"""What a function of Python is beyond its text: its signature, and its syntax tree without names.

Only pieces of a file are ever parsed, at places that a cheap test found: a file as a whole takes too long,
and one line of another Python or of prose in it would spoil the rest.
"""

import ast
import builtins
import re
import textwrap
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from threading import Lock

from filtering.hashing import BITS_64, FNV_PRIME, MIX, word_hash

BUILTINS = frozenset(dir(builtins))
MIN_NODES = 4
"""Subtrees of fewer nodes, such as a name or a number, say nothing."""
MAX_BLOCK_BYTES = 64_000
"""Longer functions are not parsed."""
MAX_HEADER_BYTES = 2_000
LEFT_OUT = frozenset(
    ("annotation", "returns", "type_comment", "ctx", "kind", "decorator_list", "type_params")
)
"""Fields of a tree that do not change what a function computes."""
WORDS_OF_NAME = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
DEF = re.compile(rb"^([ \t]*)(?:async[ \t]+)?def[ \t]+(\w+)", re.MULTILINE)

_WARNINGS = Lock()
"""Python's filters of warnings are one for all threads."""

SyntaxTrees = Counter[tuple[int, int]]
"""How often a function has each subtree of at least `MIN_NODES` nodes, by hash and nodes."""


@dataclass(frozen=True)
class Signature:
    """A function's name and parameters.

    Parameters
    ----------
    name : str
    parameters : tuple of str
        In order, without ``self`` and ``cls``.
    """

    name: str
    parameters: tuple[str, ...]

    @property
    def strength(self) -> float:
        """How little it would be chance that another function has the same, in [0, 1).

        Each word of the name and each parameter halves what is missing to 1.
        """
        return 1 - 0.5 ** (len(words_of_name(self.name)) + len(self.parameters))


def words_of_name(name: str) -> list[str]:
    """Return the words that a name is made of.

    Examples
    --------
    >>> words_of_name("bubbleSort_2")
    ['bubble', 'Sort', '2']
    """
    return WORDS_OF_NAME.findall(name)


def find_signatures(text: bytes, name: str) -> Iterator[tuple[int, Signature]]:
    """Yield where functions of a name begin in a text that may hold anything, and their signatures.

    Examples
    --------
    >>> list(find_signatures(b"So: def gcd(a: int, b: int = 1) -> int: ...", "gcd"))
    [(8, Signature(name='gcd', parameters=('a', 'b')))]
    """
    pattern = rb"\bdef[ \t]+(?=" + re.escape(name.encode("utf-8", errors="surrogatepass")) + rb"[ \t]*\()"
    for found in re.finditer(pattern, text):
        signature = _read_header(text[found.end() : found.end() + MAX_HEADER_BYTES])
        if signature is not None:
            yield found.end(), signature


def _read_header(text: bytes) -> Signature | None:
    """Return the signature that a text begins with, from the function's name on; None if it is no Python."""
    end = _closing(text)
    tree = parse_python(b"def " + text[:end] + b": pass") if end else None
    if tree is None or len(tree.body) != 1 or not isinstance(tree.body[0], ast.FunctionDef):
        return None
    given = tree.body[0].args
    every = [*given.posonlyargs, *given.args, given.vararg, *given.kwonlyargs, given.kwarg]
    names = tuple(one.arg for one in every if one is not None and one.arg not in ("self", "cls"))
    return Signature(tree.body[0].name, names)


def find_function(prompt: str, solution: str, name: str) -> ast.AST | None:
    """Return the tree of a task's function, whether its solution is a whole one or a body to the prompt's."""
    for source in (solution, prompt + solution, prompt + "\n" + solution):
        found = [one for one in functions(source.encode("utf-8", errors="replace")) if one.col_offset == 0]
        if found:
            return next((one for one in found if one.name == name), found[-1])
    return None


def functions(source: bytes) -> list[ast.FunctionDef]:
    """Return all functions of a source, also inner ones; none if it does not parse."""
    tree = parse_python(source)
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)] if tree else []


def function_blocks(text: bytes, start: int, stop: int) -> list[tuple[str, bytes]]:
    """Return name and text of the functions around a place, by indentation, the outermost first.

    Parameters
    ----------
    text : bytes
    start, stop : int
        The place, in bytes. Functions that begin in it count too.
    """
    blocks: list[tuple[str, bytes]] = []
    for found in DEF.finditer(text, max(start - MAX_BLOCK_BYTES, 0), stop):
        indent = len(found[1])
        ending = re.compile(rb"\n(?=[ \t]{0,%d}[^\s#)\]}])" % indent).search(text, found.end())
        end = ending.start() if ending else len(text)
        if end > start and end - found.start() <= MAX_BLOCK_BYTES:
            blocks.append((found[2].decode(), text[found.start() : end]))
    return blocks


def parse_function(block: bytes) -> ast.AST | None:
    """Return the tree of a function that may be indented; None if it does not parse."""
    tree = parse_python(textwrap.dedent(block.decode("utf-8", errors="replace")).encode())
    return tree.body[0] if tree and tree.body else None


def subtrees(node: ast.AST) -> SyntaxTrees:
    """Count the subtrees of a function: names are alike but for builtins and attributes, so are literals."""
    counts: SyntaxTrees = Counter()
    _count(node, counts)
    return counts


def likeness(one: SyntaxTrees, other: SyntaxTrees) -> float:
    """Return the share of subtrees that two functions have in common (Dice), in [0, 1]."""
    both = one.total() + other.total()
    return 2 * (one & other).total() / both if both else 0.0


def _count(node: ast.AST, counts: SyntaxTrees) -> tuple[int, int]:
    """Add the subtrees of a node; return its hash and its nodes."""
    if isinstance(node, ast.Name):
        return _label("Name" + node.id if node.id in BUILTINS else "Name"), 1
    if isinstance(node, ast.Constant):
        return _label("Constant" + type(node.value).__name__), 1
    hashed, nodes = _label(type(node).__name__), 1
    for name, value in ast.iter_fields(node):
        if name in LEFT_OUT:
            continue
        children = value if isinstance(value, list) else [value]
        for child in children[1:] if name == "body" and _is_docstring(children) else children:
            if isinstance(child, ast.AST):
                piece, size = _count(child, counts)
                hashed = ((hashed ^ _label(name)) * FNV_PRIME ^ piece) * MIX & BITS_64
                nodes += size
            elif name == "attr":
                hashed = (hashed ^ _label(child)) * MIX & BITS_64
    if nodes >= MIN_NODES:
        counts[hashed, nodes] += 1
    return hashed, nodes


@lru_cache(1 << 14)  # attributes come from documents, of which there is no end
def _label(text: str) -> int:
    return word_hash(text.encode("utf-8", errors="replace"))


def _is_docstring(body: list[object]) -> bool:
    first = body[0] if body else None
    return (
        isinstance(first, ast.Expr)
        and isinstance(first.value, ast.Constant)
        and isinstance(first.value.value, str)
    )


def _closing(text: bytes) -> int:
    """Return where the parenthesis ends that a header opens; 0 if it does not."""
    depth = 0
    for at, byte in enumerate(text[:MAX_HEADER_BYTES]):
        if byte in b"([{":
            depth += 1
        elif byte in b")]}":
            depth -= 1
            if depth <= 0:
                return at + 1 if depth == 0 else 0
    return 0


def parse_python(source: bytes) -> ast.Module | None:
    """Return the tree of a source; None if it is no Python, or deeper than this one can read."""
    with _WARNINGS, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of odd escapes in strings
        try:
            return ast.parse(source)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None
