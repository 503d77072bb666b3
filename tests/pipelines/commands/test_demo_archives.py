"""Proves that manuals come from the index that pip uses, are what was pinned, and can be missed."""

import hashlib
import io
import tarfile
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from pipelines.commands.demo import archives as demo_archives
from pipelines.commands.demo.archives import PAGE_BYTES, RST, Archive, fetch_archives, pages_of, pip_index
from tests.kit.runs.outcomes import Recorder

LESSON = "A prime number has two divisors. " * 10


def make_archive(folder, name, members):
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as file:
        for path, text in members.items():
            member = tarfile.TarInfo(f"{name}-1.0/{path}")
            member.size = len(text.encode())
            file.addfile(member, io.BytesIO(text.encode()))
    archive = Archive(name, "1.0", len(data.getvalue()), hashlib.sha256(data.getvalue()).hexdigest(), RST)
    place = folder / name.replace("_", "-")
    place.mkdir(parents=True)
    (place / archive.file).write_bytes(data.getvalue())
    (place / "index.html").write_text(
        f'<a href="../{place.name}/{archive.file}#sha256={archive.sha256}">{archive.file}</a>'
    )
    return archive


@pytest.fixture
def index(tmp_path, monkeypatch):
    """Serve an index of two archives on this machine, as the one that pip uses; return its folder."""
    folder = tmp_path / "index"
    archives = tuple(
        make_archive(folder, name, {"docs/a.rst": f"{LESSON} {name}"}) for name in ("one", "t_wo")
    )
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=folder))
    monkeypatch.setattr(SimpleHTTPRequestHandler, "log_message", lambda *_: None)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{server.server_port}/")
    monkeypatch.setattr(demo_archives, "ARCHIVES", archives)
    yield folder
    server.shutdown()
    server.server_close()


def test_the_index_is_the_one_that_pip_is_told_of(monkeypatch):
    address = "https://mirror-of-a-long-name.example.org/with-hyphens-too/and-more-than-one-line-holds/simple"
    monkeypatch.setenv("PIP_INDEX_URL", f"{address}/")
    assert pip_index() == address


def test_archives_are_fetched_once(index, tmp_path):
    recorder = Recorder()
    found = fetch_archives(tmp_path / "manuals", recorder)
    assert [archive.name for archive in found] == ["one", "t_wo"]
    assert all(path.read_bytes() for path in found.values())
    assert len(recorder.said) == 1
    assert "2 packages" in recorder.said[0]
    for path in index.glob("*/*.tar.gz"):
        path.unlink()
    assert fetch_archives(tmp_path / "manuals", recorder) == found
    assert len(recorder.said) == 1


def test_an_archive_that_is_not_the_pinned_one_is_left_out_and_named(index, tmp_path):
    with (index / "t-wo" / "t_wo-1.0.tar.gz").open("ab") as file:
        file.write(b"more")
    recorder = Recorder()
    found = fetch_archives(tmp_path / "manuals", recorder)
    assert [archive.name for archive in found] == ["one"]
    assert "1 of them could not be fetched (t_wo-1.0.tar.gz: what came is not" in recorder.said[-1]
    assert "Docstrings of this machine take their place" in recorder.said[-1]
    assert not (tmp_path / "manuals" / "t_wo-1.0.tar.gz").exists()


def test_where_the_first_cannot_be_had_no_other_is_tried(index, tmp_path):
    (index / "one" / "index.html").write_text("nothing here")
    recorder = Recorder()
    assert fetch_archives(tmp_path / "manuals", recorder) == {}
    assert "2 of them could not be fetched (one-1.0.tar.gz: the index does not have it)" in recorder.said[-1]


def test_pages_are_what_manuals_and_the_files_beside_them_hold(tmp_path):
    members = {
        "docs/guide/a.rst": f"Title\n=====\n\n{LESSON}",
        "docs/large.rst": "x" * (PAGE_BYTES + 1),
        "docs/conf.py": "import sys",
        "README.md": "# Read me",
        "LICENSE": "Do what you like.",
        "src/data.txt": "1 2 3",
    }
    archive = make_archive(tmp_path, "one", members)
    pages = dict(pages_of(archive, tmp_path / "one" / archive.file))
    assert pages == {
        "one-1.0/docs/guide/a.rst": f"Title\n{LESSON.strip()}",
        "one-1.0/README.md": "Read me",
        "one-1.0/LICENSE": "Do what you like.",
    }
