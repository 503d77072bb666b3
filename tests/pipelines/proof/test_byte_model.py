"""The model of bytes: its chances add up to one, and it knows what it has read."""

import numpy as np

from pipelines.proof.byte_model import ORDER, ByteModel

TEXT = b"the cat sat on the mat. the dog sat on the cat. " * 5 + bytes(range(32, 90))


def plain_chance(text: bytes, given: bytes, byte: int) -> float:
    """Compute a chance as the docstring says it, run by run, without arrays."""
    chance = 1 / 256
    for length in range(ORDER + 1):
        context = given[len(given) - length :]
        follows = [text[at + length] for at in range(len(text) - length) if text[at : at + length] == context]
        if follows:
            ends = len(set(follows))
            chance = (follows.count(byte) + ends * chance) / (len(follows) + ends)
    return chance


def test_the_chances_of_all_bytes_add_up_to_one():
    model = ByteModel(TEXT)
    for given in (b"the ca", b"zzzzzz", b"\xff\xfe the"):
        bits = model.bits([(given, bytes([byte])) for byte in range(256)])
        assert np.isclose((2**-bits).sum(), 1.0)


def test_chances_are_those_of_witten_and_bell():
    model, random = ByteModel(TEXT), np.random.default_rng(0)
    for _ in range(60):
        at = int(random.integers(ORDER, len(TEXT) - 1))
        given, byte = TEXT[at - ORDER : at], TEXT[at] if random.random() < 0.7 else int(random.integers(256))
        expected = -np.log2(plain_chance(TEXT, given, byte))
        assert np.isclose(model.bits([(given, bytes([byte]))])[0], expected)


def test_what_is_given_counts_for_nothing_and_helps():
    model = ByteModel(TEXT)
    alone, after = model.bits([(b"", b"cat sat"), (b"the ", b"cat sat")])
    assert after < alone
    assert model.bits([(b"the cat", b"")])[0] == 0.0


def test_a_text_that_was_read_costs_less_than_another():
    model = ByteModel(TEXT)
    read, other = model.bits([(b"", b"the dog sat on the mat"), (b"", b"Quarks have colour; why?")])
    assert read < other / 3


def test_an_empty_text_knows_nothing():
    assert np.isclose(ByteModel(b"").bits([(b"", b"abcd")])[0], 32.0)
