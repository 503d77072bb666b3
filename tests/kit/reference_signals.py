"""What the compiled kernel must give, in plain Python: slow, with no shared code, one idea a function.

Written from the docstrings of `filtering/signals/kernel.py`, `filtering/text/windows.py` and
`filtering/signals/style.py`; the tests hold kernel and reference equal. Word groups and characters are
taken from `filtering.signals.style`, since they are data; every rule is stated again.
"""

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from filtering.signals.style import CHARACTERS, WORD_GROUPS

BITS_64 = 2**64 - 1
FNV_START, FNV_STEP = 14695981039346656037, 1099511628211  # FNV-1a's published constants, in decimal
GOLDEN = 11400714819323198485  # 2^64 / golden ratio
PAIR = 0xC2B2AE3D27D4EB4F
TABLE_CELLS = 65_536

GROUP_OF = {word.encode(): name for name, words in WORD_GROUPS.items() for word in words.split()}

TOKEN = re.compile(
    rb"(?P<break>\n[\x00-\x20\x7f]*)"
    rb"|(?P<blank>[\x00-\x09\x0b-\x20\x7f]+)"
    rb"|(?P<word>[0-9A-Za-z_\x80-\xff]+)"
    rb"|(?P<run>(?P<one>[\x00-\xff])(?P=one)*)",
    re.DOTALL,
)
LICENCES = (b"copyright", b"license", b"licence", b"permission is hereby granted", b"redistribution")
ASCII_BLANKS = b" \t\n\v\f\r"
BLANKS = frozenset(range(33)) | {127}


@dataclass(frozen=True)
class Token:
    """A word, a run of one punctuation character, or a line break with the white space after it."""

    kind: str
    text: bytes
    start: int
    stop: int
    after: int  # the byte behind it; a line break behind the last token of a piece

    @property
    def is_number(self) -> bool:
        return self.kind == "word" and self.text.isdigit()

    @property
    def line_breaks(self) -> int:
        return self.text.count(b"\n")

    @property
    def indent(self) -> int:
        """Columns between the last line break and what follows it."""
        last_line = self.text.rpartition(b"\n")[2]
        return last_line.count(b" ") + 4 * last_line.count(b"\t")

    @property
    def hash(self) -> int:
        """What stands for the token in n-grams."""
        if self.kind == "break":
            steps = min((self.indent + 1) // 2, 6)
            return (2000 + 100 * min(self.line_breaks, 2) + steps) * GOLDEN & BITS_64
        if self.kind == "run":
            return fnv(self.text[:1]) * (2 * min(len(self.text), 4) + 1) & BITS_64
        if self.is_number:
            return (7919 + min(len(self.text), 4)) * GOLDEN & BITS_64
        return fnv(self.text.lower())


@dataclass(frozen=True)
class Line:
    """The tokens of a line that has some, and how far the line is indented."""

    tokens: Sequence[Token]
    indent: int

    @property
    def length(self) -> int:
        return self.tokens[-1].stop - self.tokens[0].start

    @property
    def first_byte(self) -> int:
        return self.tokens[0].text[0]

    @property
    def last_byte(self) -> int:
        return self.tokens[-1].text[-1]

    @property
    def is_comment(self) -> bool:
        """Tell whether the line begins as comments do: # % * // /* --."""
        start = self.tokens[0]
        if start.kind != "run":
            return False
        mark, length = start.text[:1], len(start.text)
        if mark == b"/":
            return length > 1 or start.after == ord("*")
        return mark in b"#%*" or (mark == b"-" and length > 1)

    @property
    def is_bullet(self) -> bool:
        """Tell whether the line begins as list items do: ``- x``, ``1.``, or with a byte of a bullet sign."""
        start = self.tokens[0]
        if start.kind == "run":
            return start.text in (b"-", b"*", b"+") and start.after == ord(" ")
        # A number at the very end of a piece has nothing behind it, and a line break is no stop.
        return (start.is_number and start.after in b".)") or start.text[0] == 0xE2


@lru_cache(maxsize=4096)
def fnv(data: bytes) -> int:
    value = FNV_START
    for byte in data:
        value = (value ^ byte) * FNV_STEP & BITS_64
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


WINDOW, REACH = (1400, 500, 500), (24_000, 16_000, 24_000)


def pieces_of(document: bytes, sizes: tuple[int, int, int] = REACH) -> list[bytes]:
    """Return what is read behind the licence header: all of it, or head, middle and tail of much."""
    length, most = len(document), sum(sizes)
    first, half, last = sizes[0], sizes[1] // 2, sizes[2]
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
    document = document[header_end(document) :] or document
    length = len(document)
    if length <= most:
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
    """Return where the comment ends that stands at a place: not more than 8,000 bytes on."""
    text = document[start : start + 8000]
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
    found = []
    for match in TOKEN.finditer(piece):
        kind = "run" if match.lastgroup == "one" else match.lastgroup
        if kind != "blank":
            after = piece[match.end()] if match.end() < len(piece) else ord("\n")
            found.append(Token(kind or "", match.group(), match.start(), match.end(), after))
    return tuple(found)


def lines_of(tokens: Sequence[Token]) -> list[Line]:
    """Return the lines that have tokens."""
    lines, line, indent = [], [], 0
    for token in tokens:
        if token.kind != "break":
            line.append(token)
            continue
        if line:
            lines.append(Line(line, indent))
        line, indent = [], token.indent
    return [*lines, Line(line, indent)] if line else lines


def blank_lines_of(tokens: Sequence[Token]) -> int:
    """Return how many line breaks end a line without tokens."""
    extra = sum(token.line_breaks - 1 for token in tokens if token.kind == "break")
    return extra + (bool(tokens) and tokens[0].kind == "break")


def word_cells(pieces: Sequence[bytes]) -> Counter[int]:
    """Count tokens and pairs of neighbours by cell; pairs do not reach over a seam."""
    counts: Counter[int] = Counter()
    for piece in pieces:
        hashes = [token.hash for token in tokens_of(piece)]
        counts.update(cell_of(value) for value in hashes)
        counts.update(cell_of((before * PAIR + value) & BITS_64) for before, value in pairwise(hashes))
    return counts


def character_cells(pieces: Sequence[bytes]) -> Counter[int]:
    """Count runs of five bytes by cell, white space collapsed and letters lower-cased."""
    counts: Counter[int] = Counter()
    for piece in pieces:
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
    total = len(window)
    counts = Counter(window)
    tokens = [token for piece in pieces for token in tokens_of(piece)]
    runs = [token for token in tokens if token.kind == "run" and len(token.text) > 1]
    comments = [line.length for piece in pieces for line in lines_of(tokens_of(piece)) if line.is_comment]
    return {f"char_{character}": counts[ord(character)] / total for character in CHARACTERS} | {
        "digit_share": sum(n for byte, n in counts.items() if 48 <= byte <= 57) / total,
        "capital_share": sum(n for byte, n in counts.items() if 65 <= byte <= 90) / total,
        "space_share": (counts[32] + counts[9]) / total,
        "non_ascii_share": sum(n for byte, n in counts.items() if byte > 127) / total,
        "entropy": -sum(n / total * math.log(n / total) for n in counts.values()),
        "log_read_bytes": math.log1p(total),
        "ellipses_percent": 100 * sum(run.text.startswith(b"..") for run in runs) / total,
        "punctuation_runs_percent": 100 * len(runs) / total,
        "comment_byte_share": sum(comments) / total,
    }


def word_statistics(pieces: Sequence[bytes]) -> dict[str, float]:
    words = [(token, piece) for piece in pieces for token in tokens_of(piece) if token.kind == "word"]
    texts = [token.text for token, _ in words]
    total = max(len(texts), 1)
    others = [token.text for token, _ in words if not token.is_number]
    groups = Counter(GROUP_OF[text.lower()] for text in others if text.lower() in GROUP_OF)
    lengths = [len(text) for text in texts]
    shouted = [text for text in others if len(text) > 1 and re.fullmatch(rb"[A-Z]+", text)]
    capital = [text for text in others if text[:1].isupper() and text not in shouted]
    in_comments = in_quotes = 0
    for piece in pieces:
        tokens = tokens_of(piece)
        in_comments += sum(
            token.kind == "word" for line in lines_of(tokens) if line.is_comment for token in line.tokens
        )
        in_quotes += words_in_quotes(tokens)
    shares = {
        "distinct_word_share": len({text.lower() for text in texts}),
        "long_word_share": sum(length >= 8 for length in lengths),
        "single_letter_share": sum(length == 1 for length in lengths),
        "snake_share": sum(b"_" in text and len(text) > 2 for text in texts),
        "camel_share": sum(bool(re.search(rb"[a-z][A-Z]", text)) for text in texts),
        "number_share": len(texts) - len(others),
        "capital_word_share": len(capital),
        "shouted_share": len(shouted),
        "comment_word_share": in_comments,
        "plain_word_share": sum(is_plain(token, piece) for token, piece in words),
        "quoted_word_share": in_quotes,
    }
    return {
        **{f"words_{name}": groups[name] / total for name in WORD_GROUPS},
        **{name: count / total for name, count in shares.items()},
        "log_words": math.log1p(len(texts)),
        "word_bytes_mean": mean(lengths),
        "word_bytes_deviation": deviation(lengths),
        "word_bytes_max": max(lengths, default=0),
    }


def is_plain(token: Token, piece: bytes) -> bool:
    """Tell whether a word of small letters (one other byte is let pass) stands between blanks."""
    small = len(re.findall(rb"[a-z]", token.text))
    inside = token.start > 0 and token.stop < len(piece)
    return (
        not token.is_number
        and small >= len(token.text) - 1
        and inside
        and piece[token.start - 1] in b" \n"
        and token.after in b" \n"
    )


def words_in_quotes(tokens: Sequence[Token]) -> int:
    """Count the words between triple quotes of either kind."""
    count, inside = 0, False
    for token in tokens:
        if token.text in (b'"""', b"'''"):
            inside = not inside
        count += inside and token.kind == "word"
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
            if token.kind == "word":
                words += 1
                current += 1
            triple_quotes += token.text in (b'"""', b"'''")
            if token.text[:1] in (b".", b"!", b"?") and current and token.after in BLANKS:
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
        "semicolon_ends": ends(lines, b";"),
        "opening_ends": ends(lines, b"{(["),
        "closing_ends": ends(lines, b"})]"),
        "comma_ends": ends(lines, b","),
        "colon_ends": ends(lines, b":"),
        "stop_ends": ends(lines, b".!?"),
        "indented_share": sum(indent > 0 for indent in indents),
        "bullet_share": sum(line.is_bullet for line in lines),
        "hash_share": sum(line.first_byte == ord("#") for line in lines),
        "short_line_share": sum(length < 30 for length in lengths),
        "long_line_share": sum(length > 100 for length in lengths),
        "capital_start_share": sum(65 <= line.first_byte <= 90 for line in lines),
        "digit_start_share": sum(48 <= line.first_byte <= 57 for line in lines),
        "repeated_line_share": repeated(lines),
        "doctest_share": sum(line.tokens[0].text == b">>>" for line in lines),
    }
    return {name: count / total for name, count in counts.items()} | {
        "log_lines": math.log1p(len(lines) + blank),
        "line_bytes_mean": mean(lengths),
        "line_bytes_deviation": deviation(lengths),
        "line_bytes_max": max(lengths, default=0),
        "blank_line_share": blank / max(len(lines) + blank, 1),
        "indent_mean": mean(indents),
        "indent_deviation": deviation(indents),
        "comment_bytes_mean": mean(comments),
        "first_comment_share": mean(told(pieces)[:20]),
        "last_comment_share": mean(told(pieces)[-20:]),
    }


def ends(lines: Sequence[Line], marks: bytes) -> int:
    return sum(line.last_byte in marks for line in lines)


def repeated(lines: Sequence[Line]) -> int:
    """Count lines of more than three bytes whose tokens were seen before."""
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
            quotes = sum(token.text in (b'"""', b"'''") for token in line.tokens)
            found.append(line.is_comment or inside or quotes > 0)
            inside ^= quotes % 2 == 1
    return found


def mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def deviation(values: Sequence[float]) -> float:
    return math.sqrt(mean([(value - mean(values)) ** 2 for value in values]))
