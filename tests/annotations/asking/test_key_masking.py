"""Proves that no part of a key that says something about it is left, however it comes back."""

from base64 import b64encode, urlsafe_b64encode
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotations.asking.key_masking import MASK, SECRET_CHARS, KeyMask

KEY = "sk-ant/0123+456789-~zZ"
FORMS = {
    "as it is": KEY,
    "after a word": f"Bearer {KEY}",
    "its beginning": KEY[:12],
    "its end": KEY[-12:],
    "its middle": KEY[3:11],
    "backwards": KEY[::-1],
    "in pieces": " ".join(KEY[at : at + 3] for at in range(0, len(KEY), 3)),
    "in capitals": KEY.upper(),
    "each character for an address": "".join(f"%{ord(one):02x}" for one in KEY),
    "for an address": quote(KEY, safe=""),
    "hexadecimal": KEY.encode().hex(),
    "hexadecimal in capitals": KEY.encode().hex().upper(),
    **{
        f"base64 after {before} and before {after} bytes": b64encode(
            b"x" * before + KEY.encode() + b"y" * after
        )
        .decode()
        .rstrip("=")
        for before in range(4)
        for after in range(4)
    },
    "base64 for addresses": urlsafe_b64encode(KEY.encode()).decode(),
    "base64 of a part": b64encode(KEY[5:17].encode()).decode(),
    "base64 as a login": b64encode(f"user:{KEY}".encode()).decode(),
}


@pytest.mark.parametrize("name", FORMS)
def test_a_key_is_masked_in_each_form(name):
    form = FORMS[name]
    masked = KeyMask(KEY).masked(f"You sent <{form}>, which is wrong.")
    assert masked.startswith("You sent <")
    assert masked.endswith(">, which is wrong.")
    assert MASK in masked
    left = masked[10:-18].replace(MASK, " ").split()
    assert all(len(one) < SECRET_CHARS for one in left)


def test_several_in_one_text_are_masked_each():
    assert KeyMask(KEY).masked(f"{KEY} and {KEY[:9]}") == f"{MASK} and {MASK}"


@pytest.mark.parametrize("key", ["", "none", "1234567"])
def test_what_is_too_short_is_no_secret(key):
    assert KeyMask(key).masked(f"Got {key}.") == f"Got {key}."


@given(st.text(alphabet="abcdefgh0123", max_size=300))
def test_what_is_no_part_of_a_key_stays_as_it_is(text):
    assert KeyMask("ZYXWVUTSRQPO").masked(text) == text
