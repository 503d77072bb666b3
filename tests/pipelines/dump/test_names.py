"""Proves that every path has one name, every name one path, and names are text that any table can hold."""

import os

from hypothesis import given
from hypothesis import strategies as st

from pipelines.names import below, lookup_below, name_of, place_of, with_end
from pipelines.object_stores import StorePath

ODD = st.sampled_from(
    [b"\\", b"x", b"e9", b"\xe9", b"\xc3\xa9", b"n", b"\n", b"u202e", "\u202e".encode(), b"'"]
)
PARTS = st.lists(st.one_of(ODD, st.binary(min_size=1, max_size=3)), min_size=1, max_size=6).map(b"".join)


@given(PARTS.filter(lambda part: b"\0" not in part and b"/" not in part and part not in (b".", b"..")))
def test_a_path_comes_back_from_its_name(part):
    path = os.path.join("/dump", os.fsdecode(part))
    name = name_of(path)
    assert name.encode().decode() == name
    assert len(name.splitlines()) == 1
    assert os.fsencode(place_of(name)) == os.fsencode(path)


@given(st.text(alphabet="\\xe9\néu\u202e\x85a", min_size=1, max_size=8))
def test_the_key_of_an_object_comes_back_from_its_name(key):
    address = f"s3://bucket/{key}"
    assert place_of(name_of(address)) == StorePath.parse(address)


def test_different_files_have_different_names():
    paths = ["caf\udce9", "caf\\xe9", "café", "cafe\u0301", "Café", "caf\\\\xe9", "caf\\udce9"]
    assert len({name_of(path) for path in paths}) == len(paths)


def test_a_store_takes_printable_text_and_so_gets_escapes():
    folder = StorePath.parse("s3://bucket/out")
    assert str(below(folder, name_of("caf\udce9\n"))) == r"s3://bucket/out/caf\xe9\n"


def test_files_below_a_folder_are_found_by_their_names(tmp_path):
    path = tmp_path / "deep" / "caf\udce9"
    path.parent.mkdir()
    path.touch()
    is_there = lookup_below(tmp_path)
    assert is_there(r"deep/caf\xe9")
    assert not is_there("deep/caf")


def test_a_name_that_would_be_too_long_is_cut_and_stays_its_own():
    long = ["é" * 120 + end for end in ("a", "b")]
    names = [with_end(one, ".part-00001-of-00002.parquet") for one in long]
    assert len(set(names)) == 2
    for name in names:
        assert len(name.encode()) <= 255
        assert name.endswith(".part-00001-of-00002.parquet")
    assert with_end("é" * 120, ".parquet") == "é" * 120 + ".parquet"
