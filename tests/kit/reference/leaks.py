"""The tokens and runs of `filtering/leaks/token_runs.py` in plain Python, written to be read."""

import re

from filtering.hashing import MIX, word_hash
from filtering.leaks.token_runs import BASE, KEPT_WORDS

BITS_64 = 2**64 - 1
WORD = rb"[0-9A-Za-z_\x80-\xff]"
WORDS = re.compile(rb"\\[nrt]|(?P<word>%s+)" % WORD)
SHAPES = re.compile(
    rb"""
      (?P<blank>[\x00-\x20\x7f]+)
    | (?P<comment>\#[^\n]*)
    | (?P<string> %(word)s{0,2} (?:
          \"\"\" (?>\\.?|[^\\])*? (?:\"\"\"|\Z)
        | \'\'\' (?>\\.?|[^\\])*? (?:\'\'\'|\Z)
        | \"     (?>\\.?|[^\\\"\n])* \"?
        | \'     (?>\\.?|[^\\\'\n])* \'?
      ))
    | (?P<number>[0-9]%(word)s*(?:\.[0-9]%(word)s*)?)
    | (?P<name>%(word)s+)
    | (?P<sign>.)
    """
    % {b"word": WORD},
    re.VERBOSE | re.DOTALL,
)


def words(text):
    """Return (hash, start, end) of each word."""
    found = (match for match in WORDS.finditer(text) if match["word"])
    return [(word_hash(match[0].lower()), match.start(), match.end()) for match in found]


def shapes(text):
    """Return (hash, start, end) of each shape."""
    tokens, before, begins_line = [], b"", True
    for match in SHAPES.finditer(text):
        kind, spelling = match.lastgroup, match[0]
        if kind == "blank":
            begins_line |= b"\n" in spelling
        if kind in ("blank", "comment") or (kind == "string" and begins_line):
            continue
        if kind == "sign":
            token = (spelling[0] + 1000) * MIX & BITS_64
        elif kind == "name" and (before == b"." or spelling.lower().decode("latin-1") in KEPT_WORDS):
            token = word_hash(spelling.lower())
        else:
            token = word_hash(b" " + kind.encode())
        tokens.append((token, match.start(), match.end()))
        before, begins_line = spelling[:1], False
    return tokens


def runs(tokens, length):
    """Return the first (start, end) of each run of so many tokens, by hash."""
    places = {}
    for at in range(len(tokens) - length + 1):
        hashed = 0
        for token, _, _ in tokens[at : at + length]:
            hashed = (hashed * BASE + token) & BITS_64
        places.setdefault(hashed, (tokens[at][1], tokens[at + length - 1][2]))
    return places
