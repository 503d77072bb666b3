"""A server of Hugging Face repositories: as much of the hub as reading takes, and as pushing a scorer takes.

What `huggingface_hub` of version 2.4 asks for, and no more, is served on loopback. Of a repository, be it the
dataset that is made from a local folder or a model that was pushed:

- ``GET /api/KIND/REPO`` or ``.../revision/REVISION``: whether the repository and the revision exist;
- ``GET /api/KIND/REPO/tree/REVISION[/PATH]?recursive=...``: the listing that `find`, `glob`, `ls` and
  also `info` are made of. Folders of the real hub are listed by pages; here each is one page;
- ``POST /api/KIND/REPO/paths-info/REVISION``: `info` of some paths, where a listing is not enough;
- ``HEAD`` and ``GET /[datasets/]REPO/resolve/REVISION/PATH``, with and without a range: the bytes.

With the token alone, and for models:

- ``POST /api/repos/create``: a new one, public or private;
- ``POST /api/validate-yaml``: whether the front matter of a card is what the hub takes;
- ``POST /api/models/REPO/preupload/main``: that safetensors go by LFS, and all else with the commit;
- ``POST /REPO.git/info/lfs/objects/batch`` and ``PUT /lfs/SHA256``: the bytes of the former;
- ``POST /api/models/REPO/commit/main``: a new revision.

    with scripted_hub(folder) as environment:
        ...  # of a process, that ``hf://datasets/someone/pages`` be this folder to it
"""

import base64
import hashlib
import json
import re
import shutil
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import yaml

HOST = "127.0.0.1"
REPOSITORY = "someone/pages"
TOKEN = "hf_" + "scripted" * 4
COMMIT = hashlib.sha1(b"pages").hexdigest()
RANGE = re.compile(r"bytes=(\d+)-(\d*)")
OF_API = re.compile(r"/api/(models|datasets)/([^/]+/[^/]+)(?:/([^/]+)/([^/]+)(?:/(.*))?)?")
OF_FILES = re.compile(r"/(datasets/)?([^/]+/[^/]+)/resolve/([^/]+)/(.*)")
LICENSES = ("apache-2.0", "mit", "cc-by-4.0", "odc-by", "other")
LANGUAGE = re.compile(r"[a-z]{2,3}|code|multilingual")
POLL_S = 0.05


@dataclass
class Repository:
    """A repository: a folder for each of its revisions, by branch and by commit."""

    revisions: dict[str, Path]
    commit: str
    is_private: bool = False


@contextmanager
def scripted_hub(folder: Path) -> Iterator[dict[str, str]]:
    """Serve the files of a folder as the dataset `REPOSITORY`, and what is pushed, in a thread.

    Yields
    ------
    dict of str
        What a process needs in its environment before it imports huggingface_hub. One that has imported it
        takes the endpoint as an argument: ``HfFileSystem(endpoint=environment["HF_ENDPOINT"])``.
    """
    with tempfile.TemporaryDirectory() as pushed, _HubServer((HOST, 0), _HubHandler) as server:
        server.pushed = Path(pushed)
        server.repositories = {f"datasets/{REPOSITORY}": Repository({"main": folder, COMMIT: folder}, COMMIT)}
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
    pushed: Path
    repositories: dict[str, Repository]


class _HubHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # head and body in one packet
    server: _HubServer
    asked: Sequence[str] = ()

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        if found := OF_API.fullmatch(path):
            kind, name, *rest = found.groups()
            self._with_folder(
                f"{kind}/{unquote(name)}", rest[1], rest[0] or "revision", unquote(rest[2] or "")
            )
        elif found := OF_FILES.fullmatch(path):
            kind, name, revision, file = found.groups()
            self._with_folder(f"{kind or 'models/'}{name}", revision, "resolve", unquote(file))
        else:
            self._missing("RepoNotFound", "Repository not found")

    do_HEAD = do_GET

    def do_POST(self) -> None:
        path = urlsplit(self.path).path
        found, body = OF_API.fullmatch(path), self._body()
        if found and found[3] == "paths-info":
            self.asked = parse_qs(body.decode()).get("paths", [])
            self.do_GET()
        elif path == "/api/validate-yaml":
            self._validate(json.loads(body)["content"])
        elif not self._has_token:
            self._json({"error": "Invalid username or password."}, 401)
        elif path == "/api/repos/create":
            self._create(json.loads(body))
        elif path.endswith(".git/info/lfs/objects/batch"):
            self._batch(json.loads(body)["objects"])
        elif found and found[3] == "preupload":
            self._json({"files": [_upload_of(one["path"]) for one in json.loads(body)["files"]]})
        elif found and found[3] == "commit":
            self._commit(found[2], [json.loads(line) for line in body.splitlines()])
        else:
            self._missing("RepoNotFound", "Repository not found")

    def do_PUT(self) -> None:
        content, digest = self._body(), self.path.removeprefix("/lfs/")
        is_whole = hashlib.sha256(content).hexdigest() == digest
        if is_whole:
            (self.server.pushed / digest).write_bytes(content)
        self._answer(200 if is_whole else 400, b"", {})

    @property
    def _has_token(self) -> bool:
        return self.headers.get("Authorization") == f"Bearer {TOKEN}"

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def _with_folder(self, name: str, revision: str | None, what: str, path: str) -> None:
        """Answer from the folder of a revision."""
        repository = self.server.repositories.get(name)
        if repository is None or (repository.is_private and not self._has_token):
            self._missing("RepoNotFound", "Repository not found")
            return
        folder = repository.revisions.get(unquote(revision or "main"))
        if folder is None:
            self._missing("RevisionNotFound", f"Invalid rev id: {revision}")
            return
        commit = next(
            one for one, place in repository.revisions.items() if place == folder and len(one) == 40
        )
        if what == "revision":
            about = {"private": repository.is_private, "tags": [], "siblings": _siblings(folder)}
            self._json({"id": name.partition("/")[2], "sha": commit} | about)
        elif what == "tree":
            self._tree(folder, path)
        elif what == "paths-info":
            self._paths_info(folder)
        else:
            self._file(folder, path, commit)

    def _tree(self, root: Path, path: str) -> None:
        folder = root / path
        if not folder.is_dir():
            self._missing("EntryNotFound", f"{path} does not exist on main")
            return
        recursive = parse_qs(urlsplit(self.path).query).get("recursive", ["false"])[0].lower() == "true"
        found = folder.rglob("*") if recursive else folder.iterdir()
        self._json([_entry(root, entry) for entry in sorted(found)])

    def _paths_info(self, folder: Path) -> None:
        self._json([_entry(folder, folder / path) for path in self.asked if (folder / path).exists()])

    def _file(self, folder: Path, path: str, commit: str) -> None:
        file = folder / path
        if not file.is_file():
            self._missing("EntryNotFound", "Entry not found")
            return
        with file.open("rb") as stream:
            size = stream.seek(0, 2)
            headers = {"ETag": f'"{_digest(file)}"', "X-Repo-Commit": commit}
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

    def _validate(self, card: str) -> None:
        """Answer what is wrong with the front matter of a card, as far as this server knows."""
        metadata = yaml.safe_load(card.split("---\n")[1]) if card.startswith("---\n") else {}
        wrong = [] if metadata.get("license") in LICENSES else ['"license" must be one of the known ones']
        languages = metadata.get("language") or []
        if not all(LANGUAGE.fullmatch(str(one)) for one in languages):
            wrong.append('"language" must be codes of ISO 639')
        answer = {"errors": [{"message": one} for one in wrong], "warnings": []}
        self._json(answer, 400 if wrong else 200)

    def _create(self, asked: dict[str, str]) -> None:
        name = f"{asked['organization']}/{asked['name']}"
        if f"models/{name}" in self.server.repositories:
            self._json({"error": "You already created this model repo"}, 409)
            return
        is_private = asked.get("visibility") == "private" or bool(asked.get("private"))
        first = self.server.pushed / name / "0"
        first.mkdir(parents=True)
        (first / ".gitattributes").write_text("*.safetensors filter=lfs\n")
        commit = hashlib.sha1(f"{name} 0".encode()).hexdigest()
        revisions = {"main": first, commit: first}
        self.server.repositories[f"models/{name}"] = Repository(revisions, commit, is_private)
        self._json({"url": f"http://{self.headers['Host']}/{name}"})

    def _batch(self, objects: list[dict[str, str]]) -> None:
        """Answer where to put what is not here yet."""

        def action(digest: str) -> dict[str, object]:
            if (self.server.pushed / digest).exists():
                return {}
            return {"actions": {"upload": {"href": f"http://{self.headers['Host']}/lfs/{digest}"}}}

        self._json({"transfer": "basic", "objects": [{**one, **action(one["oid"])} for one in objects]})

    def _commit(self, name: str, lines: list[dict[str, dict[str, str]]]) -> None:
        repository = self.server.repositories[f"models/{name}"]
        before = repository.revisions["main"]
        folder = before.with_name(str(len(repository.revisions)))
        shutil.copytree(before, folder)
        for line in lines:
            kind, value = str(line["key"]), line["value"]
            if kind == "file":
                (folder / value["path"]).write_bytes(base64.b64decode(value["content"]))
            elif kind == "lfsFile":
                shutil.copy(self.server.pushed / value["oid"], folder / value["path"])
            elif kind == "deletedFile":
                (folder / value["path"]).unlink()
        repository.commit = hashlib.sha1(f"{name} {folder.name}".encode()).hexdigest()
        repository.revisions |= {"main": folder, repository.commit: folder}
        url = f"http://{self.headers['Host']}/{name}/commit/{repository.commit}"
        self._json({"success": True, "commitOid": repository.commit, "commitUrl": url})

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


def _siblings(root: Path) -> list[dict[str, str]]:
    return [{"rfilename": str(path.relative_to(root))} for path in sorted(root.rglob("*")) if path.is_file()]


def _entry(root: Path, path: Path) -> dict[str, object]:
    """Describe a file or a folder as the hub does."""
    name = path.relative_to(root).as_posix()
    if path.is_dir():
        return {"type": "directory", "oid": hashlib.sha1(name.encode()).hexdigest(), "size": 0, "path": name}
    return {"type": "file", "oid": _digest(path), "size": path.stat().st_size, "path": name}


def _digest(file: Path) -> str:
    return hashlib.sha1(file.read_bytes()).hexdigest()


def _upload_of(path: str) -> dict[str, object]:
    """Say how a file is to be sent."""
    return {
        "path": path,
        "uploadMode": "lfs" if path.endswith(".safetensors") else "regular",
        "shouldIgnore": False,
    }
