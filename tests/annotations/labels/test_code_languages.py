"""Proves that a source file's language is what its dump says, else what its path or its text tells."""

import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from annotations.labels.code_languages import (
    AMBIGUOUS,
    UNKNOWN,
    _tables,
    language_named,
    language_of_path,
    languages_of_texts,
    told_language,
)
from filtering.errors import MissingExtraError

SHARED = Path("../shared")
PYTHON = b"import os\n\n\ndef names(folder):\n    return [one.name for one in os.scandir(folder)]\n" * 5
RUST = b'use std::fs;\n\nfn main() {\n    let text = fs::read_to_string("a").unwrap();\n}\n' * 5


@pytest.mark.parametrize(
    ("value", "language"),
    [
        ("Python", "Python"), ("python3", "Python"), ("  C++ ", "C++"), ("cpp", "C++"),
        ("c-plus-plus", "C++"), ("C#", "C#"), ("c-sharp", "C#"), ("Jupyter Notebook", "Jupyter Notebook"),
        ("ipynb", "Jupyter Notebook"), ("jupyter-notebook", "Jupyter Notebook"),
        ("bash", "Shell"), ("Shell", "Shell"), ("GO", "Go"),
        ("visual-basic", "Visual Basic .NET"), ("tsx", "TypeScript"), ("R", "R"), ("r", "R"),
        ("Grammatical Framework", "Grammatical Framework"), ("APL", "APL"),
        ("", None), ("  ", None), ("en", None), ("deu", None), ("zh-Hant", None), ("eng_Latn", None),
    ],
)  # fmt: skip
def test_a_named_language_has_one_name_and_a_natural_one_none(value, language):
    assert language_named(value) == language


@pytest.mark.parametrize(
    ("path", "text", "language"),
    [
        ("src/a.py", "", "Python"), ("A.PY", "", "Python"), (r"src\a.rs", "", "Rust"),
        ("a/Makefile", "", "Makefile"), ("CMakeLists.txt", "", "CMake"), ("notes.txt", "", "Text"),
        ("Dockerfile.test", "", "Dockerfile"),
        ("x/.bashrc", "", "Shell"), ("a.blade.php", "", "PHP"), ("a.d.ts", "", "TypeScript"),
        ("a.ts", '<?xml version="1.0"?><!DOCTYPE TS>', "XML"),
        ("a.h", "int f(void);", "C"), ("a.h", "class A {\npublic:\n};", "C++"),
        ("a.h", "@interface A : B", "Objective-C"),
        ("a.m", "#import <A.h>", "Objective-C"), ("a.m", "% sums\nfunction s = f(x)", "MATLAB"),
        ("a.m", "(* sums *)", "Mathematica"), ("a.m", "x", None),
        ("a.pl", "use strict;\nmy $x = 1;", "Perl"), ("a.pl", "parent(a, b).\nx(A) :- y(A).", "Prolog"),
        ("a.v", "module top;\nendmodule", "Verilog"), ("a.v", "Theorem t : True.", "Coq"), ("a.v", "", None),
        ("a.inc", "<?php echo 1;", "PHP"), ("a.inc", "x", None),
        ("a", "", None), ("", "", None), ("a.", "", None), ("a.unheard", "", None),
        ("m", "#import <A.h>", None),
    ],
)  # fmt: skip
def test_a_path_tells_by_name_then_extension_then_a_look_at_the_text(path, text, language):
    assert language_of_path(path, text) == language


def test_what_the_dump_names_goes_before_the_path():
    assert told_language("C++", "a.py", b"") == "C++"
    assert told_language("en", "a.py", b"") == told_language(None, "a.py", b"") == "Python"
    assert told_language(None, None, PYTHON) is told_language("", "", PYTHON) is None
    assert told_language(None, "a.h", b"\xff\nnamespace a {") == "C++"


def test_a_text_tells_and_one_that_does_not_is_unknown():
    pytest.importorskip("magika")
    assert languages_of_texts([PYTHON, b"\x00\x01\x02\xff" * 50, RUST]) == ["Python", UNKNOWN, "Rust"]


def test_without_the_extra_it_is_said_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "magika", None)
    with pytest.raises(MissingExtraError, match=r"pip install '\.\[code\]'"):
        languages_of_texts([PYTHON])


def test_magika_is_imported_late():
    code = "import sys, annotations.labels.code_languages, pipelines.scorers.evaluate; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert not {"magika", "onnxruntime"} & set(loaded.split())


def test_each_name_and_extension_belongs_to_one_language():
    from annotations.labels.code_language_table import LANGUAGES

    seen = {}
    for line in LANGUAGES.strip().splitlines():
        language, *columns = [part.strip() for part in line.split("|")]
        for column, words in enumerate(columns):
            for word in words.split():
                assert seen.setdefault((column, word.lower()), language) == language, word
    names, extensions, _ = _tables()
    assert not set(AMBIGUOUS) & set(extensions)
    told = {language for tests in AMBIGUOUS.values() for _, language in tests}
    assert told <= set(names.values()) | {"OpenCL"}
    assert all(language_named(name) == name for name in names.values())


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs the shared data beside the project")
def test_paths_of_real_files_tell_what_their_dump_calls_them():
    table = pq.read_table(SHARED / "seed" / "code.parquet", columns=["path", "lang", "text"])
    rows = [(one["lang"], language_of_path(one["path"], one["text"][:4096])) for one in table.to_pylist()]
    told = [name for name, language in rows if language is not None]
    agreed = [language for name, language in rows if language == name]
    assert len(told) > 0.99 * len(rows)
    assert len(agreed) > 0.98 * len(rows)
