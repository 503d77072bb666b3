"""What makes a text an exercise of Python: a function with a docstring, its solution, and tests that use it.

The text is read as a syntax tree and never run; that is done in `pipelines/writing/code_runs/run_code.py`.
"""

import ast
import re
from collections.abc import Iterator, Sequence

from annotations.writing.fences import python_blocks
from filtering.leaks.syntax_trees import MAX_BLOCK_BYTES, parse_python

Function = ast.FunctionDef | ast.AsyncFunctionDef
Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
TEST_NAME = re.compile(r"(?:^|_)test|^check|^main$")
CATCHING = {"AssertionError", "Exception", "BaseException"}
ASKED = re.compile(r"\bfunction (?:named |called )?(?:[`'\"](\w+)|(\w+)\()")
CALLED = re.compile(r"\b([A-Za-z_]\w*)\(")
EXAMPLE = re.compile(r"^\s*>>> (.*)$", re.MULTILINE)
DOES_NOT_PARSE, NO_FUNCTION, NO_TESTS = "does not parse", "no such function", "no tests"


def code_of(text: str) -> str:
    """Return the code of an answer: what stands within fences, or all of it where it parses as it is.

    Examples
    --------
    >>> code_of('''Sure!
    ... ```python
    ... x = 1
    ... ```
    ... Run it so:
    ... ```bash
    ... python x.py
    ... ```''')
    'x = 1'
    """
    if _tree_of(text) is None:
        return "\n\n\n".join(python_blocks(text)) or text
    return text


def fault_of_exercise(text: str) -> str:
    r"""Return why a text is no exercise, or nothing if it is one.

    It must have a function with a docstring, or one that the docstring of the file asks for. That must do
    something, and what tests it must use it and be run: a statement, a function called ``test...`` or one
    that is called, or a case of ``unittest``.

    Examples
    --------
    >>> fault_of_exercise('def one():\n    "Return 1."\n    return 1\n\nassert one() == 1')
    ''
    >>> fault_of_exercise('def one():\n    "Return 1."\n    pass\n\nassert one() == 1')
    'no such function'
    >>> fault_of_exercise("def one(:")
    'does not parse'
    """
    tree = _tree_of(text)
    if tree is None:
        return DOES_NOT_PARSE
    functions = [one for one in tree.body if isinstance(one, Function)]
    last = {one.name: one for one in functions}  # a later one replaces it
    solutions = [one for one in functions if not _is_test(one)]
    asked = {one.name: _doc_of(one) for one in solutions if _doc_of(one)} or _asked_above(tree, solutions)
    if not asked or any(_is_empty(last[name]) or _shows_another(name, doc) for name, doc in asked.items()):
        return NO_FUNCTION
    tests = list(_tests(tree))
    # What a module hands to a test, as in `check(solution)`, is used by it too.
    using = [*tests, *(one for one in tree.body if tests and not isinstance(one, Definition))]
    used = {node.id for one in using for node in ast.walk(one) if isinstance(node, ast.Name)}
    return "" if asked.keys() & used else NO_TESTS


def docstrings_of(text: str) -> str:
    """Return the docstrings of an exercise, which are its prose; nothing where it does not parse."""
    tree = _tree_of(text)
    found = [_doc_of(node) for node in ast.walk(tree) if isinstance(node, Function)] if tree else []
    return "\n".join(filter(None, found))


def _tree_of(text: str) -> ast.Module | None:
    source = text.encode(errors="replace")
    return parse_python(source) if len(source) <= MAX_BLOCK_BYTES else None


def _doc_of(function: Function) -> str:
    return ast.get_docstring(function) or ""


def _asked_above(tree: ast.Module, solutions: Sequence[Function]) -> dict[str, str]:
    """Return the functions that the docstring of a module asks for: all, where it names none."""
    doc = ast.get_docstring(tree) or ""
    named = set(CALLED.findall(doc))
    return {one.name: doc for one in solutions if doc and (not named or one.name in named)}


def _is_empty(function: Function) -> bool:
    """Tell whether a function is left to whoever solves the exercise."""
    return all(
        isinstance(one, ast.Pass | ast.Raise)
        or (isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant))  # a docstring, or `...`
        for one in function.body
    )


def _shows_another(name: str, doc: str) -> bool:
    """Tell whether a docstring is of another function than its own, by its examples or its words."""
    told = EXAMPLE.findall(doc) or [first or second for first, second in ASKED.findall(doc)]
    return bool(told) and not any(re.search(rf"\b{re.escape(name)}\b", one) for one in told)


def _is_test(function: Function) -> bool:
    return bool(TEST_NAME.search(function.name)) and _asserts(function)


def _asserts(node: ast.AST) -> bool:
    """Tell whether something is asserted that could fail, and would not be passed over."""
    if isinstance(node, ast.Assert):
        return not isinstance(node.test, ast.Constant)
    children = list(ast.iter_child_nodes(node))
    if isinstance(node, ast.Try) and any(map(_passes_over, node.handlers)):
        children = [one for one in children if one not in node.body]
    return any(map(_asserts, children))


def _passes_over(handler: ast.ExceptHandler) -> bool:
    """Tell whether a test that fails would go on behind this."""
    caught = handler.type
    names = {one.id for one in ast.walk(caught) if isinstance(one, ast.Name)} if caught else CATCHING
    return bool(names & CATCHING) and not any(isinstance(one, ast.Raise) for one in ast.walk(handler))


def _tests(tree: ast.Module) -> Iterator[ast.stmt]:
    """Yield the statements of a module that test something when it is run by us."""
    called = {
        node.func.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    for one in tree.body:
        if isinstance(one, Function):
            runs = one.name.startswith("test") and len(one.args.args) == len(one.args.defaults)
            is_one = _is_test(one) and (runs or one.name in called)
        elif isinstance(one, ast.ClassDef):
            is_one = any("TestCase" in ast.dump(base) for base in one.bases)
        else:
            is_one = _asserts(one)
        if is_one:
            yield one
