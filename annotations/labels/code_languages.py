"""The programming language of a source file: as a dump names it, else by its path, else by its text.

Names are those of GitHub Linguist, which The Stack uses. Natural languages are not told here.
"""

import re
from collections.abc import Sequence
from functools import cache

from annotations.labels.code_language_table import LANGUAGES
from filtering.extras import require
from filtering.text.language_names import LANGUAGE_COLUMNS as LANGUAGE_COLUMNS

UNKNOWN = "unknown"
BEGINNING_BYTES = 4096
"""Of a text, for what its extension leaves open."""
PATH_COLUMNS = (
    *("path", "max_stars_repo_path", "file_path", "filepath", "filename", "file_name", "sample_path"),
    *("func_path_in_repository", "new_file", "max_issues_repo_path", "max_forks_repo_path"),
)
"""Names under which dumps give a file's path: ``path`` in The Stack v2, CodeParrot and github-jupyter,
``max_stars_repo_path`` in The Stack and StarCoder data (its other two name the same file in other
repositories), ``sample_path`` in BigQuery's ``github_repos``, ``func_path_in_repository`` in CodeSearchNet,
``new_file`` in CommitPack; the rest are common elsewhere."""

NATURAL = re.compile(r"[a-z]{2,3}([-_][A-Za-z0-9]{2,8})*")
"""Values of a column of natural languages (RFC 5646): ``en``, ``deu``, ``zh-Hant``, ``eng_Latn``."""
CPP = r"^\s*(class|namespace|using|template|public:|private:|protected:)\b|\bstd::|\bconstexpr\b|\bnullptr\b"
OBJECTIVE_C = r"^\s*(@(interface|implementation|protocol|property|class|end)\b|#import\b)"
AMBIGUOUS: dict[str, tuple[tuple[str, str], ...]] = {
    "cl": ((r"\b__?kernel\b|\bget_global_id\b", "OpenCL"), (r"^\s*[;(]", "Common Lisp")),
    "cls": (
        (r"\\(NeedsTeXFormat|ProvidesClass)\b", "TeX"),
        (r"^(Attribute VB_|VERSION 1)", "VBA"),
        ("", "Apex"),
    ),
    "fs": ((r"^\s*(#version|precision|uniform|varying|void main)\b", "GLSL"), ("", "F#")),
    "h": ((OBJECTIVE_C, "Objective-C"), (CPP, "C++"), ("", "C")),
    "inc": ((r"<\?php", "PHP"),),
    "m": (
        (OBJECTIVE_C, "Objective-C"),
        (r"^\s*(%|function\b)|\bend\s*;?\s*$", "MATLAB"),
        (r"\(\*", "Mathematica"),
    ),
    "pl": ((r"^\s*:-|^\w+(\(.*\))?\s*:-", "Prolog"), ("", "Perl")),
    "pp": ((r"^\s*(unit|program|uses)\s[\w, ]+;", "Pascal"), ("", "Puppet")),
    "t": ((r"^\s*(use|my|our|sub|package)\b", "Perl"),),
    "ts": ((r"\A\s*<(\?xml|!DOCTYPE TS|TS)\b", "XML"), ("", "TypeScript")),
    "v": (
        (r"^\s*(module|endmodule|`timescale)\b", "Verilog"),
        (r"^\s*(Require|Theorem|Lemma|Proof)\b", "Coq"),
    ),
}
"""Extensions that several languages share: what tells each, tried in turn, as Linguist's heuristics do. The
empty pattern is what the extension means where nothing else is seen; without one the text has to tell."""


@cache
def _tables() -> tuple[dict[str, str], dict[str, str], dict[str, str]]:
    """Return the language of each name, extension and file name, all in small letters."""
    names: dict[str, str] = {}
    extensions: dict[str, str] = {}
    files: dict[str, str] = {}
    for line in LANGUAGES.strip().splitlines():
        name, *rest = (part.strip() for part in line.split("|"))
        aliases, suffixes, known = [*rest, "", ""][:3]
        names |= dict.fromkeys([_key(name), *aliases.split()], name)
        extensions |= dict.fromkeys(suffixes.split(), name)
        files |= dict.fromkeys(known.lower().split(), name)
    return names, extensions, files


def _key(name: str) -> str:
    return re.sub(r"[\s_]+", "-", name.strip().lower())


def language_named(value: str) -> str | None:
    """Return the language that a column names; None where that is empty or a natural language.

    A name that is not known stands as it is.

    Examples
    --------
    >>> [language_named(one) for one in ("c-plus-plus", "bash", "jupyter_notebook", "en", "Befunge")]
    ['C++', 'Shell', 'Jupyter Notebook', None, 'Befunge']
    """
    known = _tables()[0].get(_key(value))
    return known or (None if not value.strip() or NATURAL.fullmatch(value.strip()) else value.strip())


def language_of_path(path: str, text: str) -> str | None:
    """Return the language of a file by its name, else by its extension; None where these do not tell.

    Parameters
    ----------
    path : str
    text : str
        Some of it, for extensions that several languages share.

    Examples
    --------
    >>> language_of_path("src/Makefile", ""), language_of_path("a.h", "int f(void);")
    ('Makefile', 'C')
    """
    _, extensions, files = _tables()
    name = re.split(r"[/\\]", path.strip().lower())[-1]
    if name in files:
        return files[name]
    _, dot, extension = name.rpartition(".")
    if extension in AMBIGUOUS and dot:
        tests = AMBIGUOUS[extension]
        return next((one for seen, one in tests if re.search(seen, text, re.MULTILINE)), None)
    return extensions.get(extension, files.get(name.partition(".")[0])) if dot else None  # Dockerfile.test


def names_known(value: str) -> bool:
    """Tell whether a column names a language that is known here."""
    return _key(value) in _tables()[0]


def told_language(named: str | None, path: str | None, text: bytes) -> str | None:
    """Return the language of a file as a dump tells it: by name, else by path; None where it does not.

    Parameters
    ----------
    named, path : str, optional
        What the dump says, if it says something.
    text : bytes
        The file in UTF-8, or its beginning.
    """
    told = language_named(named or "")
    if told is None and path:
        return language_of_path(path, text[:BEGINNING_BYTES].decode(errors="replace"))
    return told


def languages_of_texts(texts: Sequence[bytes]) -> list[str]:
    """Return the language of each text by magika's model (Fratantonio et al. 2024), which comes with it.

    It takes some milliseconds a text: give it a sample, not a dump.

    Parameters
    ----------
    texts : sequence of bytes
        UTF-8.

    Returns
    -------
    list of str
        `UNKNOWN` where the model is not sure, or finds no kind of text that has a name here.

    Raises
    ------
    MissingExtraError
        If the extra ``code`` is not installed.
    """
    model = require("code", "magika").Magika()
    labels = [str(model.identify_bytes(text).output.label) for text in texts]
    return [_tables()[0].get(label, UNKNOWN) for label in labels]
