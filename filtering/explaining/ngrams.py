"""The n-grams of one document, with their cells, in plain Python and numpy: what the kernel counts, by name.

The kernel keeps cells alone, and a cell does not say which n-gram it is of. This reads a document once more
to tell; `signals/kernel.py` and `signals/tokens.py` state the rules, and a test holds the cells of both
equal. It is for explaining some documents, not for scoring many.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np

from filtering.arrays import Hashes, Ints
from filtering.hashing import BITS_64, LOWER, MIX, PUNCTUATION, U_MIX, WORD, token_hash, word_hash
from filtering.signals.ngram_cells import CHARACTER_RUN, U_CELL_SHIFT, U_PAIR
from filtering.text.code_points import ALONE, CAPITAL, ELLIPSIS, character_class, fold_text
from filtering.text.windows import REACH, narrow_spans, window_spans

_LETTERS = f"0-9A-Za-z_{character_class(WORD, CAPITAL)}"
_MARKS = rf"!-/:-@\[-^`{{-~{character_class(PUNCTUATION)}"
WORD_FORM = re.compile(f"[{_LETTERS}]+|[{character_class(ALONE)}]")
TOKEN = re.compile(rf"\n[\x00-\x20\x7f]*|{WORD_FORM.pattern}|([{_MARKS}])\1*")
LONGEST_RUN = 4
"""Longer runs of a mark, and of digits, are one token."""

SPACE_SIGN, BREAK_SIGN, INDENT_SIGN = "␣", "⏎", "→"
"""What white space is shown as; an indent sign stands for two columns."""
SIGNS = {SPACE_SIGN, BREAK_SIGN, INDENT_SIGN, "\\", "…"}
"""Escaped where they come from the text."""
TOKENS_REMEMBERED = 1 << 16
"""Of whose hashes: documents have most of their tokens in common."""
SHOWN_CHARACTERS = 40
"""Of a word: a line of base64 is one."""


@dataclass(frozen=True)
class WordNgrams:
    """The distinct tokens and pairs of neighbouring tokens of a document.

    Parameters
    ----------
    spellings : tuple of str
        Of each distinct token, as it stands first in the document.
    first, second : int64 arrays, shape (n,)
        Positions in `spellings`; `second` is -1 for a token by itself.
    cells : int64 array, shape (n,)
        In the word table.
    counts : int64 array, shape (n,)
        Times that each occurs.
    owners : int64 array
        Of each byte of the reach, the position in `spellings` of the token that it is of; -1 where there is
        none.
    """

    spellings: tuple[str, ...]
    first: Ints
    second: Ints
    cells: Ints
    counts: Ints
    owners: Ints

    def kind(self, at: int) -> str:
        """Return what the n-gram at a position is: a token, or a pair."""
        return "token" if self.second[at] < 0 else "pair"

    def show(self, at: int) -> str:
        """Return the n-gram at a position in signs that are visible and harmless on a terminal."""
        both = (self.first[at], self.second[at])
        return " ".join(show_token(self.spellings[one]) for one in both if one >= 0)


@dataclass(frozen=True)
class CharacterNgrams:
    """The distinct runs of `CHARACTER_RUN` bytes of the window of a document.

    Parameters
    ----------
    runs : uint64 array, shape (n,)
        Their bytes, the first one highest.
    cells : int64 array, shape (n,)
        In the character table.
    counts : int64 array, shape (n,)
    which : int64 array, shape (m,)
        Of each run as it stands in the text, its place among the distinct ones.
    places : int64 array, shape (m, CHARACTER_RUN)
        Which bytes of the reach it is of; -1 for the blank before a piece.
    """

    runs: Hashes
    cells: Ints
    counts: Ints
    which: Ints
    places: Ints

    def kind(self, at: int) -> str:
        """Return what each n-gram is."""
        return "characters"

    def show(self, at: int) -> str:
        """Return the n-gram at a position; see `WordNgrams.show`."""
        return show_bytes(int(self.runs[at]).to_bytes(CHARACTER_RUN, "big"))


def read_word_ngrams(document: bytes) -> WordNgrams:
    r"""Return the tokens and pairs of the reach of a document; pairs do not reach over a seam.

    Examples
    --------
    >>> found = read_word_ngrams(b"A prime,\na PRIME")
    >>> [(found.show(at), int(found.counts[at])) for at in range(len(found.cells))][:4]
    [('a', 2), ('prime', 2), (',', 1), ('⏎', 1)]
    """
    places: dict[int, int] = {}  # of tokens by their hashes: one place for all spellings of a token
    spellings: list[str] = []
    alone: Counter[int] = Counter()
    pairs: Counter[tuple[int, int]] = Counter()
    owners = []
    for piece in _pieces(document):
        found = list(TOKEN.finditer(piece.decode()))
        tokens = [places.setdefault(hash_of_token(one.group()), len(places)) for one in found]
        for token, one in zip(tokens, found, strict=True):
            if token == len(spellings):
                spellings.append(one.group())
        owners.append(_owners(piece, found, tokens))
        alone.update(tokens)
        pairs.update(pairwise(tokens))
    hashes = np.array(list(places), dtype=np.uint64)
    in_order = sorted(pairs)
    before, after = np.array(in_order, dtype=np.int64).reshape(-1, 2).T
    return WordNgrams(
        spellings=tuple(spellings),
        first=np.concatenate([np.arange(len(hashes)), before]),
        second=np.concatenate([np.full(len(hashes), -1), after]),
        cells=_cells(np.concatenate([hashes, hashes[before] * U_PAIR + hashes[after]])),
        counts=np.array([*alone.values(), *(pairs[pair] for pair in in_order)], dtype=np.int64),
        owners=np.concatenate(owners),
    )


def _owners(piece: bytes, found: Sequence[re.Match[str]], tokens: Sequence[int]) -> Ints:
    """Return of which token each byte is; -1 where it is of none."""
    of_character = np.full(len(piece.decode()), -1, dtype=np.int64)
    for one, token in zip(found, tokens, strict=True):
        of_character[one.start() : one.end()] = token
    begins = (np.frombuffer(piece, dtype=np.uint8) & 0xC0) != 0x80  # all other bytes go on with a character
    owners: Ints = of_character[np.cumsum(begins) - 1]
    return owners


def read_character_ngrams(document: bytes) -> CharacterNgrams:
    r"""Return the runs of bytes of the window of a document.

    Examples
    --------
    >>> found = read_character_ngrams(b"Prime\n\n 2")
    >>> [found.show(at) for at in range(len(found.cells))]
    ['␣prim', 'ime⏎2', 'prime', 'rime⏎']
    """
    runs, places = [], []
    reach = b"".join(_pieces(document))
    for start, stop in narrow_spans(reach):
        piece = np.frombuffer(reach[start:stop], dtype=np.uint8)
        blank = piece <= ord(" ")
        signs = np.where(blank, np.where(piece == ord("\n"), ord("\n"), ord(" ")), LOWER[piece])
        follows_blank = np.concatenate([[True], blank[:-1]])
        at = np.flatnonzero(~(blank & follows_blank))
        kept = np.concatenate([[ord(" ")], signs[at]]).astype(np.uint64)
        run = np.zeros(max(len(kept) - CHARACTER_RUN + 1, 0), dtype=np.uint64)
        for byte in range(CHARACTER_RUN):
            run = run << np.uint64(8) | kept[byte : byte + len(run)]
        runs.append(run)
        starts = np.arange(len(run))[:, None] + np.arange(CHARACTER_RUN)
        places.append(np.concatenate([[-1], start + at])[starts])
    distinct, which, counts = np.unique(np.concatenate(runs), return_inverse=True, return_counts=True)
    return CharacterNgrams(distinct, _cells(distinct), counts, which, np.concatenate(places))


@lru_cache(TOKENS_REMEMBERED)
def hash_of_token(spelling: str) -> int:
    """Return what stands for a token in n-grams: the 64-bit hash that the kernel gives it."""
    if spelling.startswith("\n"):
        breaks, steps = _break_of(spelling)
        return (2000 + 100 * breaks + steps) * MIX & BITS_64
    if is_number(spelling):
        return (7919 + min(len(spelling), LONGEST_RUN)) * MIX & BITS_64
    if is_word(spelling):
        return token_hash(map(ord, fold_text(spelling)))
    mark, length = run_of(spelling)
    return word_hash([ord(mark)]) * (2 * min(length, LONGEST_RUN) + 1) & BITS_64


def show_token(spelling: str) -> str:
    r"""Return a token as its n-grams know it, in signs that are visible and harmless.

    Examples
    --------
    >>> [show_token(one) for one in ("Prime", "1999", "-----", "\n\n    ")]
    ['prime', '<4+ digits>', '----+', '⏎⏎→→']
    """
    if spelling.startswith("\n"):
        breaks, steps = _break_of(spelling)
        return BREAK_SIGN * breaks + INDENT_SIGN * steps
    if is_word(spelling) and not is_number(spelling):
        shown = "".join(map(_sign, fold_text(spelling[:SHOWN_CHARACTERS])))
        return shown + "…" * (len(spelling) > SHOWN_CHARACTERS)
    mark, length = run_of(spelling)
    more = "+" * (length >= LONGEST_RUN)
    if is_number(spelling):
        return f"<{min(length, LONGEST_RUN)}{more} digits>"
    return (mark if mark.isascii() else _sign(mark)) * min(length, LONGEST_RUN) + more


def show_bytes(data: bytes) -> str:
    r"""Return bytes in signs that are visible and harmless: what cannot be printed becomes an escape.

    Examples
    --------
    >>> show_bytes("a é\x1b\u202e".encode() + b"\xff")
    'a␣é\\x1b\\u202e\\xff'
    """
    return "".join(map(_sign, data.decode("utf-8", errors="surrogateescape")))


def _sign(character: str) -> str:
    if character == " ":
        return SPACE_SIGN
    if character == "\n":
        return BREAK_SIGN
    if "\udc80" <= character <= "\udcff":  # a byte of a character that was cut
        return f"\\x{ord(character) - 0xDC00:02x}"
    if character in SIGNS or not character.isprintable():
        return character.encode("unicode_escape").decode()
    return character


def _pieces(document: bytes) -> Iterator[bytes]:
    for start, stop in window_spans(document, REACH):
        yield document[start:stop]


def is_word(spelling: str) -> bool:
    """Tell whether a token is a word or a number."""
    return WORD_FORM.match(spelling) is not None


def is_number(spelling: str) -> bool:
    """Tell whether a token is a number: digits alone, of any script."""
    folded = fold_text(spelling)
    return folded.isascii() and folded.isdigit()


def run_of(spelling: str) -> tuple[str, int]:
    """Return what stands for the mark of a run of it, and how long the run is; an ellipsis is three stops."""
    return fold_text(spelling[0]), len(spelling) * (3 if ord(spelling[0]) == ELLIPSIS else 1)


def _break_of(spelling: str) -> tuple[int, int]:
    """Return the line breaks, 1 or 2 for several, and the steps of indentation of a line break."""
    last_line = spelling.rpartition("\n")[2]
    columns = last_line.count(" ") + 4 * last_line.count("\t")
    return min(spelling.count("\n"), 2), min((columns + 1) // 2, 6)


def _cells(values: Hashes) -> Ints:
    return ((values * U_MIX) >> U_CELL_SHIFT).astype(np.int64)
