"""Object stores to test with: two real servers of the S3 API on loopback, and a proxy that makes them fail.

    with moto_store() as store, MisbehavingProxy(store.endpoint) as proxy:
        for name, value in store.at(proxy.url).environment.items():
            monkeypatch.setenv(name, value)
        proxy.strike("503", method="GET", times=2)
        ...  # what `pyarrow.fs.FileSystem.from_uri` finds now is behind the proxy

``moto`` keeps its objects in memory and checks no signature. ``rclone serve s3`` keeps them as files of a
folder, so that a folder and a key of the same name exclude each other, and it checks signatures; these cover
the header Host, which the proxy passes on as it came. Each is a process of its own: tests fork, and kill.
"""

import json
import os
import re
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from http.client import HTTPConnection
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer
from threading import Lock
from types import TracebackType
from typing import TYPE_CHECKING, BinaryIO, Literal, Self, TextIO
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from pyarrow.fs import S3FileSystem

HOST = "127.0.0.1"
BUCKET = "dump"
REGION = "us-east-1"
KEY, SECRET = "tester", "tester-secret"
START_S = 60.0
STOP_S = 5.0
ANSWER_S = 30.0
POLL_S = 0.05
PIECE_BYTES = 1 << 16
CHECKSUMS_ON_DEMAND = {  # rclone refuses uploads that end in a checksum, as the SDK sends them by default
    "AWS_REQUEST_CHECKSUM_CALCULATION": "when_required",
    "AWS_RESPONSE_CHECKSUM_VALIDATION": "when_required",
}
CONTROL = "/-"  # a path of the proxy's own: no bucket begins so
LISTENS_AT = re.compile(rf"http://{re.escape(HOST)}:\d+")  # both servers say so of themselves
UNTIL_WE_END = """
import contextlib, ctypes, os, signal, sys
with contextlib.suppress(AttributeError):  # Linux alone has it
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG: once the thread that started us is gone
os.execv(sys.argv[1], sys.argv[1:])
"""
MOTO = """
import sys
from moto import backends, server
known = tuple(backends.list_of_moto_modules())
backends.list_of_moto_modules = lambda: known  # a third of each request: it looks at 200 folders
server.main(sys.argv[1:])
"""


@dataclass(frozen=True)
class Store:
    """A bucket of a server that speaks S3.

    With the environment, ``pyarrow.fs.FileSystem.from_uri("s3://...")`` finds the server. `S3FileSystem` does
    not, as it knows of no variable for the endpoint: give it `endpoint` as ``endpoint_override``.

    Parameters
    ----------
    environment : dict of str
        What a process needs in its environment.
    bucket : str
        It exists, and was made empty.
    endpoint : str
        URL of the server, without a slash at its end.
    """

    environment: dict[str, str]
    bucket: str
    endpoint: str

    def at(self, endpoint: str) -> Self:
        """Return the same store as it is reached through another endpoint, such as a proxy's."""
        return replace(self, environment=self.environment | {"AWS_ENDPOINT_URL": endpoint}, endpoint=endpoint)

    def filesystem(self, **options: object) -> "S3FileSystem":
        """Return a filesystem with this store, whatever the environment says; more options may be given.

        Only of checksums there is no option: the store of rclone takes no uploads without its environment.
        """
        from pyarrow.fs import S3FileSystem  # late, as the process of a proxy goes without

        return S3FileSystem(
            endpoint_override=self.endpoint,
            access_key=self.environment["AWS_ACCESS_KEY_ID"],
            secret_key=self.environment["AWS_SECRET_ACCESS_KEY"],
            region=self.environment["AWS_REGION"],
            **options,
        )


@contextmanager
def moto_store() -> Iterator[Store]:
    """Serve S3 from memory by what ``moto_server`` runs, with one empty bucket. It starts in 2 s."""
    command = [sys.executable, "-c", MOTO, "--host", HOST, "--port", "0"]
    with _served(command) as endpoint:
        _ask(endpoint, "PUT", f"/{BUCKET}")
        yield _store(endpoint)


@contextmanager
def rclone_store(folder: Path) -> Iterator[Store]:
    """Serve S3 from an empty folder by ``rclone``, with one empty bucket, a folder in it.

    Objects appear as files of ``folder / store.bucket``. An upload in parts appears once it
    is whole.
    """
    (folder / BUCKET).mkdir(parents=True)
    command = [str(Path(sys.executable).with_name("rclone")), "serve", "s3", str(folder)]
    options = ["--addr", f"{HOST}:0", "--auth-key", f"{KEY},{SECRET}", "--config", os.devnull]
    with _served(command + options) as endpoint:
        _ask(endpoint, "GET", "/")
        yield _store(endpoint, CHECKSUMS_ON_DEMAND)


def _store(endpoint: str, more: Mapping[str, str] | None = None) -> Store:
    environment = {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",  # else the SDK may look for a server of Amazon's, for seconds
    }
    return Store(environment | dict(more or {}), BUCKET, endpoint)


@contextmanager
def _served(command: Sequence[str]) -> Iterator[str]:
    """Run a server that takes a free port and names it in what it says; yield its URL.

    Raises
    ------
    RuntimeError
        If it ends, or says nothing within `START_S`; the message holds what it had to say.
    """
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen([sys.executable, "-c", UNTIL_WE_END, *command], stdout=log, stderr=log)
        try:
            yield _listening(process, log)
        finally:
            process.terminate()
            try:
                process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _listening(process: subprocess.Popen[bytes], log: TextIO) -> str:
    ends_s = time.monotonic() + START_S
    said = ""
    while time.monotonic() < ends_s and process.poll() is None:
        said = os.pread(log.fileno(), PIECE_BYTES, 0).decode(errors="replace")
        if named := LISTENS_AT.search(said):
            return named[0]
        time.sleep(POLL_S)
    raise RuntimeError(f"{process.args} did not start:\n{said}")


def _ask(endpoint: str, method: str, path: str, body: bytes = b"") -> bytes:
    """Send a request without a signature, and return the body of the answer."""
    connection = HTTPConnection(urlsplit(endpoint).netloc, timeout=ANSWER_S)
    try:
        connection.request(method, path, body)
        return connection.getresponse().read()
    finally:
        connection.close()


Kind = Literal["503", "500", "expired", "denied", "cut", "stall", "refuse"]
ERRORS: dict[str, tuple[str, str, str]] = {
    "503": ("503 Slow Down", "SlowDown", "Please reduce your request rate."),
    "500": ("500 Internal Server Error", "InternalError", "We encountered an internal error."),
    "expired": ("400 Bad Request", "ExpiredToken", "The provided token has expired."),
    "denied": ("403 Forbidden", "AccessDenied", "Access Denied"),
}


@dataclass
class Rule:
    """Which requests are struck, and how: see `MisbehavingProxy.strike`. It counts those it has seen."""

    kind: Kind
    every: int = 1
    times: int | None = None
    after: int = 0
    method: str | None = None
    path_contains: str = ""
    seconds: float = 30.0
    seen: int = 0
    struck: int = 0

    def strikes(self, method: str, path: str) -> bool:
        """Count a request, if the rule is about it, and say whether it is struck."""
        if self.method not in (None, method) or self.path_contains not in path:
            return False
        self.seen += 1
        late = self.seen - self.after
        if late <= 0 or late % self.every or self.struck == self.times:
            return False
        self.struck += 1
        return True


@dataclass(frozen=True)
class Head:
    """The first line and the headers of a request or an answer.

    Parameters
    ----------
    raw : bytes
        As it came, with the empty line at its end.
    first : list of str
        The three words of the first line.
    headers : dict of str
        By lower-case name.
    """

    raw: bytes
    first: list[str]
    headers: dict[str, str]

    @property
    def body_bytes(self) -> int | None:
        """Length of the body, None if it is not told."""
        told = self.headers.get("content-length")
        return None if told is None else int(told)

    @property
    def chunked(self) -> bool:
        """Whether the body comes in chunks that tell their lengths."""
        return "chunked" in self.headers.get("transfer-encoding", "").lower()


class MisbehavingProxy:
    """An HTTP server on loopback that passes requests on to a store as they came, and strikes some by rule.

    Use it as a context manager. Its rules may change while it runs. It is a process of its own: pyarrow may
    hold the lock of Python's interpreter while it waits for an answer, and sockets stay open in forks.

    Parameters
    ----------
    endpoint : str
        URL of the store, or of any other server.
    """

    def __init__(self, endpoint: str) -> None:
        self._served = _served([sys.executable, __file__, endpoint])

    def __enter__(self) -> Self:
        self.url = self._served.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._served.__exit__(kind, error, trace)

    @property
    def log(self) -> list[tuple[str, str, str]]:
        """Method, path with query, and the kind of strike or an empty string, of each request so far."""
        return [tuple(line) for line in json.loads(_ask(self.url, "GET", CONTROL))]

    @property
    def requests(self) -> int:
        """How many requests came, struck or not."""
        return len(self.log)

    @property
    def struck(self) -> int:
        """How many requests were struck."""
        return sum(kind != "" for *_, kind in self.log)

    def strike(
        self,
        kind: Kind,
        *,
        every: int | None = None,
        times: int | None = None,
        after: int = 0,
        method: str | None = None,
        path_contains: str = "",
        seconds: float = 30.0,
    ) -> None:
        """Strike requests from now on. The first rule that strikes a request counts.

        Parameters
        ----------
        kind : str
            ``503``, ``500``, ``expired`` and ``denied`` answer with an error of S3, and the store never
            knows; ``refuse`` closes the connection on reading the headers; ``stall`` does so only after
            some seconds. ``cut`` passes the request on, whereupon the store does what it was asked, and
            breaks the connection half-way through the body of the answer, or of its headers if it has none.
        every : int or None
            Strike each so-manieth of the requests that the rule is about; each one by default.
        times : int or None
            Strike that often at most; for ever by default.
        after : int
            Spare the first so many of the requests that the rule is about.
        method : str or None
            The rule is about requests of this method; of any by default.
        path_contains : str
            And about those with this in the path or in the query: ``partNumber=``, ``uploads``.
        seconds : float
            Time to ``stall``.
        """
        rule = Rule(kind, every or 1, times, after, method, path_contains, seconds)
        _ask(self.url, "POST", CONTROL, json.dumps(asdict(rule)).encode())

    def relent(self) -> None:
        """Forget all rules. The log stays."""
        _ask(self.url, "DELETE", CONTROL)


class _ProxyServer(ThreadingTCPServer):
    """What runs in the process of a `MisbehavingProxy`."""

    request_queue_size = 128
    daemon_threads = True

    def __init__(self, endpoint: str) -> None:
        super().__init__((HOST, 0), _ProxyHandler)
        self.store = (urlsplit(endpoint).hostname, urlsplit(endpoint).port)
        self._rules: list[Rule] = []
        self._log: list[tuple[str, str, str]] = []
        self._lock = Lock()

    def judge(self, method: str, path: str) -> Rule | None:
        """Log a request and return the rule that strikes it."""
        with self._lock:
            rule = next((rule for rule in self._rules if rule.strikes(method, path)), None)
            self._log.append((method, path, rule.kind if rule else ""))
        return rule

    def control(self, method: str, body: bytes) -> bytes:
        """Do what the tests ask of the proxy itself, and return the body of the answer."""
        with self._lock:
            if method == "POST":
                self._rules.append(Rule(**json.loads(body)))
            elif method == "DELETE":
                self._rules.clear()
            return json.dumps(self._log).encode()


class _ProxyHandler(StreamRequestHandler):
    disable_nagle_algorithm = True
    server: _ProxyServer

    def handle(self) -> None:
        with suppress(OSError):
            while (request := _head(self.rfile)) and self._answered(request):
                pass

    def _answered(self, request: Head) -> bool:
        """Answer one request, and say whether the connection stays open."""
        method, path, _ = request.first
        body = _body(self.rfile, request, _request_bytes(request))
        if path == CONTROL:
            found = self.server.control(method, b"".join(body))
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(found), found))
            return True
        rule = self.server.judge(method, path)
        if rule and rule.kind in ("refuse", "stall"):
            time.sleep(rule.seconds if rule.kind == "stall" else 0)
            return self._broken()
        if "100-continue" in request.headers.get("expect", ""):
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if rule and rule.kind in ERRORS:
            deque(body, maxlen=0)  # a client that still sends does not listen
            self.wfile.write(_error(rule.kind, method))
            return True
        with socket.create_connection(self.server.store) as store, store.makefile("rb") as answers:
            store.sendall(request.raw)
            with suppress(BrokenPipeError, ConnectionResetError):  # it may answer before it has all
                for piece in body:
                    store.sendall(piece)
            return self._passed_on(method, answers, cut=rule is not None)

    def _passed_on(self, method: str, answers: BinaryIO, *, cut: bool) -> bool:
        answer = _head(answers)
        while answer and answer.first[1].startswith("1"):  # the client has had its 100 from here
            answer = _head(answers)
        if answer is None:
            return self._broken()
        bare = method == "HEAD" or answer.first[1] in ("204", "304")
        length = 0 if bare else answer.body_bytes
        if cut and length == 0:
            self.wfile.write(answer.raw[: len(answer.raw) // 2])
            return self._broken()
        self.wfile.write(answer.raw)
        if cut:
            pieces = _body(answers, answer, length)
            whole = b"".join(pieces)
            self.wfile.write(whole[: len(whole) // 2])
            return self._broken()
        for piece in () if bare else _body(answers, answer, length):
            self.wfile.write(piece)
        told = length is not None or answer.chunked
        return told and answer.headers.get("connection", "").lower() != "close"

    def _broken(self) -> bool:
        """Break the connection at once, without the farewell of TCP; return False."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.rfile.close()
        self.connection.close()
        return False


def _head(stream: BinaryIO) -> Head | None:
    """Read the head of a request or an answer; None at the end of the connection."""
    lines = []
    while line := stream.readline():
        lines.append(line)
        if line == b"\r\n":
            break
    else:
        return None
    first, *pairs = (line.decode("latin-1").rstrip("\r\n") for line in lines[:-1])
    split = (pair.partition(":") for pair in pairs)
    headers = {name.lower(): value.strip() for name, _, value in split}
    return Head(b"".join(lines), first.split(" ", 2), headers)


def _request_bytes(request: Head) -> int | None:
    """Return the length of a request's body: nothing, if it tells none."""
    return request.body_bytes if request.chunked else request.body_bytes or 0


def _body(stream: BinaryIO, head: Head, length: int | None) -> Iterator[bytes]:
    """Yield the pieces of a body as they come, with the marks between its chunks; to the end if untold."""
    if head.chunked:
        yield from _chunks(stream)
        return
    left = sys.maxsize if length is None else length
    while left and (piece := stream.read1(min(left, PIECE_BYTES))):
        left -= len(piece)
        yield piece


def _chunks(stream: BinaryIO) -> Iterator[bytes]:
    while size := stream.readline():
        yield size
        if int(size.split(b";")[0], 16) == 0:
            break
        yield stream.read(int(size.split(b";")[0], 16) + len(b"\r\n"))
    while line := stream.readline():  # trailers, and an empty line
        yield line
        if line == b"\r\n":
            break


def _error(kind: str, method: str) -> bytes:
    """Return an answer as S3 gives it; one to HEAD has no body, and tells nothing but the status."""
    status, code, message = ERRORS[kind]
    body = (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>{message}</Message>'
        "<RequestId>0</RequestId></Error>"
    )
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/xml\r\nContent-Length: {len(body)}\r\n\r\n"
    return (head if method == "HEAD" else head + body).encode()


def main(endpoint: str) -> None:
    """Be the proxy of an endpoint, until killed; the first line of output is its URL."""
    with _ProxyServer(endpoint) as server:
        sys.stdout.write(f"http://{HOST}:{server.server_address[1]}\n")
        sys.stdout.flush()
        server.serve_forever()


if __name__ == "__main__":
    main(sys.argv[1])
