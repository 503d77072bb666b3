"""Writes footers of Parquet by hand, in Thrift's compact form: what they claim need not be there."""

import struct

INT32, INT64, BINARY, LIST, STRUCT = 5, 6, 8, 9, 12
MAGIC = b"PAR1"


def number(value):
    """Return an unsigned number of seven bits a byte."""
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def signed(value):
    """Return a number that may be negative."""
    return number(2 * value if value >= 0 else -2 * value - 1)


def text(data):
    """Return bytes after their length."""
    return number(len(data)) + data


def many(count, item):
    """Return a list that claims so many structs, and has as many of one kind as it is given."""
    return bytes([0xF0 | STRUCT]) + number(count) + item


def fields(*given):
    """Return a struct of fields: number, type and bytes of each, rising."""
    out, last = b"", 0
    for at, kind, data in given:
        out += bytes([(at - last) << 4 | kind]) + data
        last = at
    return out + b"\0"


ROOT = fields((4, BINARY, text(b"schema")), (5, INT32, signed(1)))
TEXT = fields((1, INT32, signed(6)), (3, INT32, signed(1)), (4, BINARY, text(b"text")))
CHUNK = fields((2, INT64, signed(0)))
KEY = fields((1, BINARY, text(b"")))


def footer_of(groups=b"", count=0, keys=b"", key_count=0):
    """Return a footer of one text column, with row groups and keys that are given as bytes."""
    return fields(
        (1, INT32, signed(1)),
        (2, LIST, many(2, ROOT + TEXT)),
        (3, INT64, signed(0)),
        (4, LIST, many(count, groups)),
        (5, LIST, many(key_count, keys)),
    )


def group_of(chunks, count):
    """Return a row group of no rows that claims so many column chunks."""
    return fields((1, LIST, many(count, chunks)), (2, INT64, signed(0)), (3, INT64, signed(0)))


def write_footer(path, footer, claimed=None):
    """Write a file of nothing but a footer, which may claim another length."""
    length = struct.pack("<I", len(footer) if claimed is None else claimed)
    path.write_bytes(MAGIC + footer + length + MAGIC)
    return path


def vast_footer(count=600_000):
    """Return a footer that takes 230 times its bytes in memory."""
    return footer_of(group_of(CHUNK * count, count), 1)
