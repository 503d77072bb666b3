"""A server of one Hugging Face dataset, made from a local folder: as much of the hub as reading takes.

What `huggingface_hub.HfFileSystem` of version 2.4 asks for, and no more, is served on loopback:

- ``GET /api/datasets/REPO`` or ``.../revision/REVISION``: whether the repository and the revision exist;
- ``GET /api/datasets/REPO/tree/REVISION[/PATH]?recursive=...``: the listing that `find`, `glob`, `ls` and
  also `info` are made of. Folders of the real hub are listed by pages; here each is one page;
- ``POST /api/datasets/REPO/paths-info/REVISION``: `info` of one path, where a listing is not enough;
- ``HEAD`` and ``GET /datasets/REPO/resolve/REVISION/PATH``, with and without a range: the bytes.

The one revision is ``main``, also by the hash `COMMIT`. No token is asked for.

    with scripted_hub(folder) as environment:
        ...  # of a process, that ``hf://datasets/someone/pages`` be this folder to it
"""

import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

HOST = "127.0.0.1"
REPOSITORY = "someone/pages"
COMMIT = hashlib.sha1(b"pages").hexdigest()
REVISIONS = ("main", COMMIT)
RANGE = re.compile(r"bytes=(\d+)-(\d*)")
POLL_S = 0.05


@contextmanager
def scripted_hub(folder: Path) -> Iterator[dict[str, str]]:
    """Serve the files of a folder as the dataset `REPOSITORY`, in a thread.

    Yields
    ------
    dict of str
        What a process needs in its environment before it imports huggingface_hub. One that has imported it
        takes the endpoint as an argument: ``HfFileSystem(endpoint=environment["HF_ENDPOINT"])``.
    """
    with _HubServer((HOST, 0), _HubHandler) as server:
        server.folder = folder
        thread = threading.Thread(target=server.serve_forever, args=(POLL_S,), daemon=True)
        thread.start()
        try:
            yield {
                "HF_ENDPOINT": f"http://{HOST}:{server.server_address[1]}",
                "HF_HUB_DISABLE_XET": "1",  # a protocol of its own for the bytes
                "HF_HUB_DISABLE_TELEMETRY": "1",
                "HF_HUB_OFFLINE": "0",
                "HF_TOKEN": "",  # nor any of the one who runs the tests
                "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1",
            }
        finally:
            server.shutdown()
            thread.join()


class _HubServer(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    folder: Path


class _HubHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # head and body in one packet
    server: _HubServer

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        for begins, answer in (
            (f"/api/datasets/{REPOSITORY}/tree/", self._tree),
            (f"/api/datasets/{REPOSITORY}/revision/", self._repository),
            (f"/api/datasets/{REPOSITORY}/paths-info/", self._paths_info),
            (f"/datasets/{REPOSITORY}/resolve/", self._file),
        ):
            if path.startswith(begins):
                revision, _, rest = path.removeprefix(begins).partition("/")
                if unquote(revision) in REVISIONS:
                    answer(unquote(rest))
                else:
                    self._missing("RevisionNotFound", f"Invalid rev id: {revision}")
                return
        if path == f"/api/datasets/{REPOSITORY}":
            self._repository("")
        else:
            self._missing("RepoNotFound", "Repository not found")

    do_HEAD = do_POST = do_GET

    def _repository(self, _: str) -> None:
        self._json({"id": REPOSITORY, "sha": COMMIT, "private": False, "tags": [], "siblings": []})

    def _tree(self, path: str) -> None:
        folder = self.server.folder / path
        if not folder.is_dir():
            self._missing("EntryNotFound", f"{path} does not exist on main")
            return
        recursive = parse_qs(urlsplit(self.path).query).get("recursive", ["false"]) == ["true"]
        found = folder.rglob("*") if recursive else folder.iterdir()
        self._json([self._entry(entry) for entry in sorted(found)])

    def _paths_info(self, _: str) -> None:
        asked = parse_qs(self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()).get(
            "paths", []
        )
        entries = (self.server.folder / path for path in asked)
        self._json([self._entry(entry) for entry in entries if entry.exists()])

    def _entry(self, path: Path) -> dict[str, object]:
        """Describe a file or a folder as the hub does."""
        name = path.relative_to(self.server.folder).as_posix()
        oid = hashlib.sha1(name.encode()).hexdigest()
        if path.is_dir():
            return {"type": "directory", "oid": oid, "size": 0, "path": name}
        return {"type": "file", "oid": oid, "size": path.stat().st_size, "path": name}

    def _file(self, path: str) -> None:
        file = self.server.folder / path
        if not file.is_file():
            self._missing("EntryNotFound", "Entry not found")
            return
        with file.open("rb") as stream:
            size = stream.seek(0, 2)
            headers = {"ETag": f'"{hashlib.sha1(path.encode()).hexdigest()}"', "X-Repo-Commit": COMMIT}
            headers |= {"Accept-Ranges": "bytes", "Content-Type": "application/octet-stream"}
            asked = RANGE.fullmatch(self.headers.get("Range", ""))
            if not asked:
                stream.seek(0)
                self._answer(200, stream.read(), headers)
                return
            start, end = int(asked[1]), min(int(asked[2] or size), size - 1)
            if start >= size:
                self._answer(416, b"", {"Content-Range": f"bytes */{size}"})
                return
            stream.seek(start)
            body = stream.read(end + 1 - start)
            self._answer(206, body, headers | {"Content-Range": f"bytes {start}-{end}/{size}"})

    def _missing(self, code: str, message: str) -> None:
        self._json({"error": message}, 404, {"X-Error-Code": code, "X-Error-Message": message})

    def _json(self, value: object, status: int = 200, headers: dict[str, str] | None = None) -> None:
        self._answer(
            status, json.dumps(value).encode(), {"Content-Type": "application/json"} | (headers or {})
        )

    def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(b"" if self.command == "HEAD" else body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""
