"""Proves that a file takes no more memory than it has bytes, however many it may have."""

import tracemalloc

from filtering.regular_files import read_regular


def test_a_small_file_takes_little_memory_under_a_large_bound(tmp_path):
    path = tmp_path / "small.json"
    path.write_bytes(b"{}")
    tracemalloc.start()
    assert read_regular(path, [tmp_path], 1 << 30) == b"{}"
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 1 << 20
