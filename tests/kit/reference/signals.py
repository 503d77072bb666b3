"""What the compiled kernel must give, in plain Python: slow, with no shared code, one idea a function.

Written from the docstrings of `kernel.py`, `tokens.py` and `style.py` in `filtering/signals/`, and of
`filtering/text/windows.py`; the tests hold kernel and reference equal. Word groups, characters and the kinds
of code points are taken from there, since they are data; every rule is stated again.
"""

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise

from filtering.signals.style import CHARACTERS, WORD_GROUPS
from filtering.text.code_points import FOLDED, KINDS

BITS_64 = 2**64 - 1
FNV_START, FNV_STEP = 14695981039346656037, 1099511628211  # FNV-1a's published constants, in decimal
GOLDEN = 11400714819323198485  # 2^64 / golden ratio
PAIR = 0xC2B2AE3D27D4EB4F
TABLE_CELLS = 65_536


LICENCES = (b"copyright", b"license", b"licence", b"permission is hereby granted", b"redistribution")
ASCII_BLANKS = b" \t\n\v\f\r"


@lru_cache(maxsize=4096)
def folded(character: str) -> str:
    """Return the small letter, ASCII digit or ASCII mark that stands for a character."""
    if character.isascii():
        return character.lower()
    return chr(FOLDED[ord(character)]) if ord(character) < 0x10000 else character


@lru_cache(maxsize=4096)
def is_capital(character: str) -> bool:
    """Tell whether a character is a capital that has a small letter here."""
    is_upper = character.isupper() or character.istitle()
    return kind_of(character) == "w" and is_upper and folded(character) != character


@lru_cache(maxsize=4096)
def kind_of(character: str) -> str:
    """Return the kind of a character: blank, line break, word, alone or mark, by its first letter."""
    point = ord(character)
    if character == "\n":
        return "n"
    if point <= 32 or point == 127:
        return "b"
    if point < 128:
        return "w" if character.isalnum() or character == "_" else "m"
    if point < 0x10000:
        return {0: "b", 1: "w", 2: "m", 4: "a", 5: "w"}[int(KINDS[point])]
    if 0x20000 <= point < 0x40000:
        return "a"
    return "m" if 0x1F000 <= point < 0x20000 else "w"


@dataclass(frozen=True)
class Token:
    """A word, a run of one mark, or a line break with the white space of ASCII after it."""

    kind: str
    text: str
    start: int
    stop: int
    before: str  # the character before it; a line break at the beginning of a piece
    rest: str  # the two behind it, as far as there are some

    @cached_property
    def folded(self) -> str:
        return "".join(map(folded, self.text))

    @cached_property
    def is_number(self) -> bool:
        return self.kind == "word" and all(one in "0123456789" for one in self.folded)

    @property
    def capitals(self) -> int:
        return sum(map(is_capital, self.text))

    @property
    def length(self) -> int:
        """Characters; an ellipsis has three."""
        return len(self.text) * (3 if self.text[0] == "\u2026" else 1)

    @property
    def after(self) -> str:
        return self.rest[:1] or "\n"

    @property
    def line_breaks(self) -> int:
        return self.text.count("\n")

    @property
    def indent(self) -> int:
        """Columns between the last line break and what follows it."""
        last_line = self.text.rpartition("\n")[2]
        return last_line.count(" ") + 4 * last_line.count("\t")

    @cached_property
    def hash(self) -> int:
        """What stands for the token in n-grams."""
        if self.kind == "break":
            steps = min((self.indent + 1) // 2, 6)
            return (2000 + 100 * min(self.line_breaks, 2) + steps) * GOLDEN & BITS_64
        if self.kind == "run":
            return fnv(self.folded[:1]) * (2 * min(self.length, 4) + 1) & BITS_64
        if self.is_number:
            return (7919 + min(len(self.text), 4)) * GOLDEN & BITS_64
        return word_hash(self.folded)


@dataclass(frozen=True)
class Line:
    """The tokens of a line that has some, its indentation, and what ends the comment that goes on in it."""

    tokens: Sequence[Token]
    indent: int
    goes_on: str

    @property
    def length(self) -> int:
        return self.tokens[-1].stop - self.tokens[0].start

    @property
    def first(self) -> str:
        """The character that the line begins with; A for any capital."""
        start = self.tokens[0]
        one = start.folded[0]
        if start.kind == "run":
            return one
        return "A" if is_capital(start.text[0]) else one

    @property
    def last(self) -> str:
        return folded(self.tokens[-1].text[-1])

    @property
    def opens(self) -> str:
        """Return what ends the comment of several lines that the line begins; empty if it begins none."""
        begin = self.tokens[0].text + self.tokens[0].rest
        ends = ((r"/\*", "*/"), (r"\(\*(?!\w)", "*)"), (r"\{-(?!\w)", "-}"), ("<!-", "-->"))
        return next((end for pattern, end in ends if re.match(pattern, begin, re.ASCII)), "")

    @property
    def is_comment(self) -> bool:
        """Tell whether the line begins as comments do: # % * ; ! // --, or lies in one of several lines."""
        start = self.tokens[0]
        if self.goes_on or self.opens:
            return True
        if start.kind != "run" or not start.text.isascii():
            return False
        mark = start.text[0]
        if mark in "#!":
            return not re.match(r"[a-z\[]", start.after)
        return mark in "%*;" or (mark in "/-" and len(start.text) > 1)

    @property
    def leaves_open(self) -> str:
        """Return what ends the comment of several lines that is open behind this line; empty if none is."""
        end = self.goes_on or self.opens
        for token in self.tokens:
            if end and token.kind == "run" and (token.folded + token.after).endswith(end):
                end = ""
        return end

    @property
    def is_bullet(self) -> bool:
        """Tell whether the line begins as list items do: ``- x``, ``1.``, or with a bullet sign."""
        start = self.tokens[0]
        if start.kind == "run":
            is_sign = not start.text.isascii() and start.folded[0] == "*"
            return start.folded in ("-", "*", "+") and (start.after == " " or is_sign)
        # A number at the very end of a piece has nothing behind it, and a line break is no stop.
        return start.is_number and start.after in ".)"


@lru_cache(maxsize=4096)
def word_hash(text: str) -> int:
    """Return a hash of code points, each turned in from the right by five bits."""
    value = FNV_START
    for character in text:
        turned = (value * 32) % 2**64 + value // 2**59
        value = turned ^ ord(character)
    return value


GROUP_OF = {word_hash(word): name for name, words in WORD_GROUPS.items() for word in words.split()}
"""Told by their hashes: so a few words with other letters count as well, such as ``lå`` as ``he``."""


@lru_cache(maxsize=4096)
def fnv(text: str) -> int:
    """Return the FNV-1a hash of code points."""
    value = FNV_START
    for character in text:
        value = (value ^ ord(character)) * FNV_STEP & BITS_64
    return value


def cell_of(value: int, bits: int = 16) -> int:
    """Return the top bits of a multiplicative hash."""
    return (value * GOLDEN & BITS_64) >> (64 - bits)


def reason_of(document: bytes | None) -> int:
    """Return why a document has no score: null, empty, white space, not UTF-8; 0 if it has one."""
    if document is None:
        return 1
    if not document:
        return 2
    try:
        text = document.decode("utf-8")
    except UnicodeDecodeError:
        return 4
    return 3 if text.isspace() else 0


def unusual_of(document: bytes | None) -> int:
    """Return the bits: over ten million bytes; NUL inside."""
    if document is None:
        return 0
    return (len(document) > 10_000_000) + 2 * (b"\0" in document)


WINDOW, REACH = (1400, 500, 500), (6_000, 4_000, 6_000)


def pieces_of(document: bytes, sizes: tuple[int, int, int] = REACH) -> list[bytes]:
    """Return what is read behind the licence header: all of it, or head, middle and tail of much."""
    length, most = len(document), sum(sizes)
    first, _, last = sizes
    seam = b"\n[...]\n"
    cut = [
        (head, tail)
        for head in range(first - 3, first + 1)
        for tail in range(last - 3, last + 1)
        if most < length <= most + 14
        and document[head : head + 7] == seam
        and document[length - tail - 7 : length - tail] == seam
    ]
    if cut:
        ((head, tail),) = cut
        return [document[:head], document[head + 7 : length - tail - 7], document[length - tail :]]
    return narrowed(document[header_end(document) :] or document, sizes)


def narrowed(document: bytes, sizes: tuple[int, int, int]) -> list[bytes]:
    """Return head, middle and tail of a text, or all of a shorter one."""
    length, half = len(document), sizes[1] // 2
    first, _, last = sizes
    if length <= sum(sizes):
        return [document]
    middle = length // 2
    return [
        document[: earlier(document, first)],
        document[later(document, middle - half) : earlier(document, middle + half)],
        document[later(document, length - last) :],
    ]


def header_end(document: bytes) -> int:
    """Return the bytes of leading comments that speak of a licence, and of the blanks behind."""
    end = 0
    while True:
        stop = comment_end(document, end)
        words = document[end : stop or 0].lower()
        if not any(word in words for word in LICENCES):
            return end
        end = stop
        end += len(document[end:]) - len(document[end:].lstrip(ASCII_BLANKS))


def comment_end(document: bytes, start: int) -> int | None:
    """Return where the comment ends that stands at a place: not more than 5,000 bytes on."""
    text = document[start : start + 5000]
    rest = text.lstrip(ASCII_BLANKS).removeprefix(b"\xef\xbb\xbf")
    if rest.startswith(b"#!"):
        rest = rest[len(rest.split(b"\n")[0]) :]
    rest = rest.removeprefix(b"<?php").lstrip(ASCII_BLANKS)
    at = start + len(text) - len(rest)
    for opening, closing in ((b"/*", b"*/"), (b"<!--", b"-->"), (b"(*", b"*)"), (b"{-", b"-}")):
        if rest.startswith(opening):
            inside = rest.find(closing, len(opening))
            return None if inside < 0 else at + inside + len(closing)
    for mark in (b"//", b"--", b"#", b"%", b";"):
        size = 0
        for line in feed_lines(rest):
            if not is_comment_line(line, mark):
                break
            size += len(line)
        if size:
            goes_on = size == len(rest) and start + len(text) < len(document)
            return None if goes_on else at + size
    return None


def feed_lines(text: bytes) -> list[bytes]:
    """Return the lines of a text, each with its line feed: bytes.splitlines ends them at more than that."""
    return re.findall(rb"[^\n]*\n|[^\n]+", text)


def is_comment_line(line: bytes, mark: bytes) -> bool:
    bare = line.lstrip(b" \t")
    return bare.startswith(mark) and not (mark == b"#" and re.match(rb"#[a-z]", bare))


def starts_code_point(document: bytes, at: int) -> bool:
    return not 0x80 <= document[at] <= 0xBF


def earlier(document: bytes, at: int) -> int:
    return next(i for i in range(at, at - 4, -1) if starts_code_point(document, i))


def later(document: bytes, at: int) -> int:
    return next(i for i in range(at, at + 4) if starts_code_point(document, i))


@lru_cache(maxsize=8)
def tokens_of(piece: bytes) -> tuple[Token, ...]:
    text = piece.decode()
    kinds = "".join(map(kind_of, text))
    found = []
    at = 0
    while at < len(text):
        kind, stop = KIND_NAMES[kinds[at]], at + 1
        if kind == "break":
            # White space beyond ASCII ends a line break: it is none of its indentation.
            while stop < len(text) and kinds[stop] in "bn" and text[stop].isascii():
                stop += 1
        elif kind == "word":
            while stop < len(text) and kinds[stop] == "w":
                stop += 1
        elif kind == "run":
            while stop < len(text) and text[stop] == text[at]:
                stop += 1
        if kind != "blank":
            before = text[at - 1] if at else "\n"
            found.append(Token(kind, text[at:stop], at, stop, before, text[stop : stop + 2]))
        at = stop
    return tuple(found)


KIND_NAMES = {"n": "break", "b": "blank", "w": "word", "a": "alone", "m": "run"}
WORDS = ("word", "alone")
QUOTES = ('"""', "'''")
"""Triple quotes of either kind."""


def lines_of(tokens: Sequence[Token]) -> list[Line]:
    """Return the lines that have tokens."""
    lines, line, indent, end = [], [], 0, ""
    for token in [*tokens, Token("break", "\n", 0, 0, "", "")]:
        if token.kind != "break":
            line.append(token)
            continue
        if line:
            lines.append(Line(line, indent, end))
            end = lines[-1].leaves_open
        line, indent = [], token.indent
    return lines


def blank_lines_of(tokens: Sequence[Token]) -> int:
    """Return how many line breaks end a line without tokens."""
    breaks = [token.line_breaks if token.kind == "break" else 0 for token in tokens]
    # Behind a break, and at the beginning, there is no token that the next one ends the line of.
    return sum(count - (before == 0) for before, count in pairwise([1, *breaks]) if count)


def word_cells(pieces: Sequence[bytes]) -> Counter[int]:
    """Count tokens and pairs of neighbours by cell; pairs do not reach over a seam."""
    counts: Counter[int] = Counter()
    for piece in pieces:
        hashes = [token.hash for token in tokens_of(piece)]
        counts.update(cell_of(value) for value in hashes)
        counts.update(cell_of((before * PAIR + value) & BITS_64) for before, value in pairwise(hashes))
    return counts


def character_cells(pieces: Sequence[bytes]) -> Counter[int]:
    """Count runs of five bytes of the window by cell, white space collapsed and letters lower-cased."""
    counts: Counter[int] = Counter()
    for piece in narrowed(b"".join(pieces), WINDOW):
        body = re.sub(rb"\A[\x00-\x20]+", b"", piece)
        body = re.sub(rb"\n[\x00-\x20]*|[\x00-\x20]+", collapsed, body)
        text = b" " + body.lower()
        runs = Counter(text[i : i + 5] for i in range(len(text) - 4))
        for run, count in runs.items():
            counts[cell_of(int.from_bytes(run, "big"))] += count
    return counts


def collapsed(blanks: re.Match[bytes]) -> bytes:
    return b"\n" if blanks.group().startswith(b"\n") else b" "


def normalised(counts: Mapping[int, int]) -> dict[int, float]:
    """Return 1 + ln(count) of each cell, divided so that all together have length 1."""
    logs = {cell: 1 + math.log(count) for cell, count in counts.items()}
    length = math.sqrt(sum(value * value for value in logs.values()))
    return {cell: value / length for cell, value in logs.items()}


def ngram_score(counts: Mapping[int, int], weights: Sequence[float]) -> float:
    return math.fsum(value * float(weights[cell]) for cell, value in normalised(counts).items())


def statistics_of(document: bytes) -> dict[str, float]:
    """Return all style statistics of a document that can be scored, by name."""
    pieces = pieces_of(document)
    found = byte_statistics(pieces) | word_statistics(pieces) | line_statistics(pieces)
    return found | sentence_statistics(pieces) | {"log_text_bytes": math.log1p(text_size(document, pieces))}


def text_size(document: bytes, pieces: Sequence[bytes]) -> int:
    """Return the bytes of a document behind the header that its pieces leave out."""
    return len(document) if document.startswith(pieces[0]) else len(document[header_end(document) :])


def byte_statistics(pieces: Sequence[bytes]) -> dict[str, float]:
    window = b"".join(pieces)
    text = window.decode()
    total = len(text)
    counts = Counter(window)
    tokens = [token for piece in pieces for token in tokens_of(piece)]
    # Marks beyond ASCII count as the ASCII mark that they mean.
    marks = Counter(text) + Counter(
        folded(one) for one in text if kind_of(one) == "m" and not one.isascii() and folded(one).isascii()
    )
    runs = [token for token in tokens if token.kind == "run" and token.length > 1]
    words = [token for token in tokens if token.kind in WORDS]
    digits = sum(one in "0123456789" for token in words for one in token.folded)
    comments = [line.length for piece in pieces for line in lines_of(tokens_of(piece)) if line.is_comment]
    return {f"char_{character}": marks[character] / total for character in CHARACTERS} | {
        "digit_share": digits / total,
        "capital_share": sum(token.capitals for token in words if token.kind == "word") / total,
        "space_share": (counts[32] + counts[9]) / total,
        "non_ascii_share": sum(not one.isascii() for one in text) / total,
        "entropy": -sum(n / len(window) * math.log(n / len(window)) for n in counts.values()),
        "log_read_bytes": math.log1p(len(window)),
        "ellipses_percent": 100 * sum(run.folded[0] == "." for run in runs) / total,
        "punctuation_runs_percent": 100 * len(runs) / total,
        "comment_character_share": sum(comments) / total,
    }


def word_statistics(pieces: Sequence[bytes]) -> dict[str, float]:
    words = [token for piece in pieces for token in tokens_of(piece) if token.kind in WORDS]
    total = max(len(words), 1)
    others = [token for token in words if not token.is_number]
    hashes = [word_hash(token.folded) for token in others]
    groups = Counter(GROUP_OF[one] for one in hashes if one in GROUP_OF)
    lengths = [len(token.text) for token in words]
    in_comments = in_quotes = 0
    for piece in pieces:
        tokens = tokens_of(piece)
        in_comments += sum(
            token.kind in WORDS for line in lines_of(tokens) if line.is_comment for token in line.tokens
        )
        in_quotes += words_in_quotes(tokens)
    shares = {
        "distinct_word_share": len({cell_of(word_hash(token.folded), bits=18) for token in words}),
        "long_word_share": sum(length >= 8 for length in lengths),
        "single_letter_share": sum(length == 1 for length in lengths),
        "snake_share": sum("_" in token.text and len(token.text) > 2 for token in words),
        "camel_share": sum(bool(re.search("[a-z][A-Z]", token.text)) for token in words),
        "number_share": len(words) - len(others),
        "capital_word_share": sum(begins_with_capital(token) and not is_shouted(token) for token in others),
        "shouted_share": sum(map(is_shouted, others)),
        "comment_word_share": in_comments,
        "plain_word_share": sum(map(is_plain, words)),
        "quoted_word_share": in_quotes,
    }
    return {
        **{f"words_{name}": groups[name] / total for name in WORD_GROUPS},
        **{name: count / total for name, count in shares.items()},
        "log_words": math.log1p(len(words)),
        "word_characters_mean": mean(lengths),
        "word_characters_deviation": deviation(lengths),
        "word_characters_max": max(lengths, default=0),
    }


def begins_with_capital(token: Token) -> bool:
    return token.kind == "word" and is_capital(token.text[0])


def is_shouted(token: Token) -> bool:
    """Tell whether a word of more than one character has capitals alone."""
    return len(token.text) > 1 and token.capitals == len(token.text)


def is_plain(token: Token) -> bool:
    """Tell whether a word of small letters (one other character is let pass) stands between blanks."""
    digits = sum(one in "0123456789" for one in token.folded)
    small = len(token.text) - token.capitals - digits - token.text.count("_")
    inside = token.start > 0 and bool(token.rest)
    return (
        not token.is_number
        and small >= len(token.text) - 1
        and inside
        and token.before in " \n"
        and token.after in " \n"
    )


def words_in_quotes(tokens: Sequence[Token]) -> int:
    """Count the words between triple quotes of either kind."""
    count, inside = 0, False
    for token in tokens:
        if token.folded in QUOTES:
            inside = not inside
        count += inside and token.kind in WORDS
    return count


def sentence_statistics(pieces: Sequence[bytes]) -> dict[str, float]:
    """Return the statistics of sentences: words up to a stop that blank space follows."""
    sentences: list[int] = []
    words = triple_quotes = lines = 0
    for piece in pieces:
        tokens = tokens_of(piece)
        lines += len(lines_of(tokens))
        current = 0
        for token in tokens:
            if token.kind in WORDS:
                words += 1
                current += 1
            triple_quotes += token.folded in QUOTES
            is_stop = token.kind == "run" and token.folded[0] in ".!?"
            # Stops of other scripts need no space behind them.
            is_other = not token.text.isascii() and token.text[0] != "\u2026"
            if is_stop and current and (is_other or kind_of(token.after) in "bn"):
                sentences.append(current)
                current = 0
    return {
        "sentences_per_word": len(sentences) / max(words, 1),
        "sentence_words_mean": mean(sentences),
        "sentence_words_deviation": deviation(sentences),
        "triple_quotes_per_line": triple_quotes / max(lines, 1),
    }


def line_statistics(pieces: Sequence[bytes]) -> dict[str, float]:
    lines = [line for piece in pieces for line in lines_of(tokens_of(piece))]
    blank = sum(blank_lines_of(tokens_of(piece)) for piece in pieces)
    total = max(len(lines), 1)
    lengths = [line.length for line in lines]
    indents = [min(line.indent, 40) for line in lines]
    comments = [line.length for line in lines if line.is_comment]
    counts = {
        "comment_line_share": len(comments),
        "semicolon_ends": ends(lines, ";"),
        "opening_ends": ends(lines, "{(["),
        "closing_ends": ends(lines, "})]"),
        "comma_ends": ends(lines, ","),
        "colon_ends": ends(lines, ":"),
        "stop_ends": ends(lines, ".!?"),
        "indented_share": sum(indent > 0 for indent in indents),
        "bullet_share": sum(line.is_bullet for line in lines),
        "hash_share": sum(line.first == "#" for line in lines),
        "short_line_share": sum(length < 30 for length in lengths),
        "long_line_share": sum(length > 100 for length in lengths),
        "capital_start_share": sum("A" <= line.first <= "Z" for line in lines),
        "digit_start_share": sum("0" <= line.first <= "9" for line in lines),
        "repeated_line_share": repeated(lines),
        "doctest_share": sum(line.tokens[0].folded == ">>>" for line in lines),
    }
    return {name: count / total for name, count in counts.items()} | {
        "log_lines": math.log1p(len(lines) + blank),
        "line_characters_mean": mean(lengths),
        "line_characters_deviation": deviation(lengths),
        "line_characters_max": max(lengths, default=0),
        "blank_line_share": blank / max(len(lines) + blank, 1),
        "indent_mean": mean(indents),
        "indent_deviation": deviation(indents),
        "comment_characters_mean": mean(comments),
        "first_comment_share": mean(told(pieces)[:20]),
        "last_comment_share": mean(told(pieces)[-20:]),
    }


def ends(lines: Sequence[Line], marks: str) -> int:
    return sum(line.last in marks for line in lines)


def repeated(lines: Sequence[Line]) -> int:
    """Count lines of more than three characters whose tokens were seen before."""
    seen: set[tuple[int, ...]] = set()
    count = 0
    for line in lines:
        tokens = tuple(token.hash for token in line.tokens)
        count += tokens in seen and line.length > 3
        seen.add(tokens)
    return count


def told(pieces: Sequence[bytes]) -> list[bool]:
    """Return for each line whether it is a comment, or lies between triple quotes or holds some."""
    found = []
    for piece in pieces:
        inside = False
        for line in lines_of(tokens_of(piece)):
            quotes = sum(token.folded in QUOTES for token in line.tokens)
            found.append(line.is_comment or inside or quotes > 0)
            inside ^= quotes % 2 == 1
    return found


def mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def deviation(values: Sequence[float]) -> float:
    middle = mean(values)
    return math.sqrt(mean([(value - middle) ** 2 for value in values]))
