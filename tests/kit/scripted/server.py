"""An HTTP server that speaks the OpenAI chat API and answers as a script says, faults included.

It serves ``POST .../chat/completions`` and ``GET /v1/models`` on loopback, with the standard library alone;
the address may have a host before it, as proxies get it. It knows neither streams nor TLS, but an answer may
be any bytes at any pace. In a test, the script is a function from a `Request` to an `Answer`:

    with ScriptedServer(lambda request: rate_limited(1) if request.count == 0 else labelled(3)) as server:
        ...  # server.base_url, server.requests, server.most_at_once

As a process, for measurements and examples, it judges texts by their words (see `Judge`):

    python -m tests.kit.scripted.server --port 8000 --latency-s 0.2
"""

import argparse
import asyncio
import json
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from email.utils import formatdate
from hashlib import blake2b
from http import HTTPStatus
from types import TracebackType
from typing import Any, Self

from tests.kit.places import ROOT

HOST = "127.0.0.1"
MODEL = "scripted"
SCORE = "educational_value"
COMPLETION_TOKENS = 30
CHARS_PER_TOKEN = 4
MAX_HEAD_BYTES = 1 << 20
PHRASES = {status.value: status.phrase for status in HTTPStatus}
BACKLOG = 1024  # connections that come at the same moment; 100, the default, loses some for a second
STOP_S = 10.0

TEACHING_WORDS = frozenset(
    b"because example examples therefore thus learn learning student students teach step steps function "
    b"explain explains called means understand lesson practice show shows if when how why".split()
)
FULL_SHARE = 0.03  # of teaching words; a text with as many gets the last element: 1 web page in 20
ORDER = re.compile(r'highest score|"\w+": \d')
SPACED = bytes(byte if byte >= 128 or chr(byte).isalnum() else 32 for byte in range(256))

WRONG_SCORES = {"string": "three", "bool": True, "float": 3.5, "beyond the scale": 7, "null": None}
"""Scores that no client may take for a label on a scale of whole numbers from 0 to 5."""


@dataclass(frozen=True)
class Request:
    """One chat request, as it came.

    Parameters
    ----------
    body : dict
        The JSON of the request.
    headers : dict of str
        By lower-case name.
    count : int
        Chat requests that came before this one.
    earlier : int
        How many of these had the very same body: 0 at the first try, 1 at the first retry.
    arrived_s : float
        When it had come in whole, in seconds of `time.perf_counter`.
    digest : bytes, length 8
        Of the body.
    path : str
        As the first line has it: with the host where the server was taken for a proxy.
    """

    body: dict[str, Any]
    headers: dict[str, str]
    count: int
    earlier: int
    arrived_s: float
    digest: bytes
    path: str


@dataclass(frozen=True)
class Answer:
    """What the server sends back.

    Parameters
    ----------
    status : int
    body : bytes
    headers : tuple of pairs of str
        Beside Content-Type and Content-Length.
    content_type : str
    latency_s : float
        Seconds to wait before the first byte.
    cut_after : float or None
        Cut the connection after this share of the body; 0 cuts it before any byte of the answer.
    raw : iterable of bytes, optional
        Sent piece by piece instead of all that stands above, and then the connection is cut.
    pause_s : float
        Seconds after each piece.
    """

    status: int = 200
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    content_type: str = "application/json"
    latency_s: float = 0.0
    cut_after: float | None = None
    raw: Iterable[bytes] | None = None
    pause_s: float = 0.0

    def encoded(self) -> bytes:
        """Return what goes over the wire, as far as it goes."""
        if self.cut_after == 0:
            return b""
        head = [
            f"HTTP/1.1 {self.status} {PHRASES.get(self.status, 'Unheard Of')}",
            f"Content-Type: {self.content_type}",
            f"Content-Length: {len(self.body)}",
            *(f"{name}: {value}" for name, value in self.headers),
        ]
        sent = self.body if self.cut_after is None else self.body[: int(len(self.body) * self.cut_after)]
        return "\r\n".join([*head, "", ""]).encode() + sent


Script = Callable[[Request], Answer]


def completion(
    content: object,
    *,
    finish_reason: str = "stop",
    refusal: str | None = None,
    usage: tuple[int, int] | None = (100, COMPLETION_TOKENS),
) -> Answer:
    """Answer with a message; `content` is taken as it is if it is a string or None, else written as JSON.

    `usage` holds the tokens of the prompt and of the completion; None leaves the figures out.
    """
    text = content if content is None or isinstance(content, str) else json.dumps(content)
    message = {"role": "assistant", "content": text, "refusal": refusal}
    return of_choices([{"index": 0, "message": message, "finish_reason": finish_reason}], usage)


def labelled(score: object, *, name: str = SCORE, reason: str = "It explains one thing well.") -> Answer:
    """Answer with a reason and a score, which may be wrong: see `WRONG_SCORES`."""
    return completion({"reason": reason, name: score})


def truncated_json() -> Answer:
    """Answer with JSON that ends within a string, though the model says that it had finished."""
    return completion('{"reason": "It explains one th')


def cut_by_length() -> Answer:
    """Answer with what the model had said when its tokens were used up."""
    return completion('{"reason": "It explains one th', finish_reason="length")


def cut_by_filter() -> Answer:
    """Answer with what a content filter left of the reply, which is nothing."""
    return completion("", finish_reason="content_filter")


def refused(refusal: str = "I can't help with that.") -> Answer:
    """Answer that the model will not."""
    return completion(None, refusal=refusal)


def empty_content() -> Answer:
    """Answer with a message of no characters."""
    return completion("")


def null_content() -> Answer:
    """Answer with a message whose content is null."""
    return completion(None)


def no_choices() -> Answer:
    """Answer with no message at all."""
    return of_choices([], (100, 0))


def not_json(content_type: str = "text/html") -> Answer:
    """Answer 200 with a page of HTML, as a proxy does that asks for a login; it may call that JSON."""
    return Answer(body=b"<!doctype html><title>Sign in</title>", content_type=content_type)


def bad_request(message: str, *, code: str | None = None, param: str | None = None) -> Answer:
    """Answer 400."""
    return _of_error(400, message, "invalid_request_error", code=code, param=param)


def context_too_long() -> Answer:
    """Answer 400: the text has more tokens than the model takes."""
    message = "This model's maximum context length is 8192 tokens. However, you asked for 9001 tokens."
    return bad_request(message, code="context_length_exceeded", param="messages")


def prompt_filtered() -> Answer:
    """Answer 400: a content filter objects to the text."""
    message = "The response was filtered due to the prompt triggering the content management policy."
    return bad_request(message, code="content_filter", param="prompt")


def unsupported_response_format(kind: str = "json_schema") -> Answer:
    """Answer 400: the model does not know the response format. The real message names no code or param."""
    message = f"Invalid parameter: 'response_format' of type '{kind}' is not supported with this model."
    return bad_request(message)


def unsupported_temperature() -> Answer:
    """Answer 400: the model has a temperature of its own."""
    message = "Unsupported value: 'temperature' does not support 0 with this model. Only 1 is supported."
    return bad_request(message, code="unsupported_value", param="temperature")


def unauthorized(request: Request) -> Answer:
    """Answer 401, and say the key aloud: what a client must not pass on to its logs."""
    message = f"Incorrect API key provided: {request.headers.get('authorization', 'none')}."
    return _of_error(401, message, "invalid_request_error", code="invalid_api_key")


def model_not_found(request: Request) -> Answer:
    """Answer 404: there is no such model."""
    message = f"The model '{request.body.get('model')}' does not exist or you do not have access to it."
    return _of_error(404, message, "invalid_request_error", code="model_not_found")


def rate_limited(retry_after_s: float | None = None) -> Answer:
    """Answer 429, and with Retry-After in seconds if given."""
    limited = _of_error(429, "Rate limit reached.", "requests", code="rate_limit_exceeded")
    return limited if retry_after_s is None else with_header(limited, "Retry-After", f"{retry_after_s:g}")


def rate_limited_until(after_s: float) -> Answer:
    """Answer 429 with Retry-After as a date that many seconds from now, in whole seconds as dates are."""
    return with_header(rate_limited(), "Retry-After", formatdate(time.time() + after_s, usegmt=True))


def quota_exhausted() -> Answer:
    """Answer 429 for want of money, which no waiting helps."""
    message = "You exceeded your current quota, please check your plan and billing details."
    return _of_error(429, message, "insufficient_quota", code="insufficient_quota")


def server_error(status: int = 500) -> Answer:
    """Answer 500, or another status from 500 on."""
    return _of_error(status, "The server had an error while processing your request.", "server_error")


def unavailable(retry_after_s: float | None = None) -> Answer:
    """Answer 503, and with Retry-After in seconds if given."""
    busy = _of_error(503, "The engine is currently overloaded.", "service_unavailable")
    return busy if retry_after_s is None else with_header(busy, "Retry-After", f"{retry_after_s:g}")


def slow(answer: Answer, latency_s: float) -> Answer:
    """Give an answer only after some seconds."""
    return replace(answer, latency_s=latency_s)


def cut_before_any_byte() -> Answer:
    """Take the request and close the connection."""
    return Answer(cut_after=0)


def cut_in_the_body(answer: Answer) -> Answer:
    """Close the connection after half of an answer's body."""
    return replace(answer, cut_after=0.5)


def of_bytes(*pieces: bytes, pause_s: float = 0.0) -> Answer:
    """Send some pieces as they are, and cut the connection."""
    return Answer(raw=pieces, pause_s=pause_s)


def with_header(answer: Answer, name: str, value: str) -> Answer:
    """Add a header to an answer."""
    return replace(answer, headers=(*answer.headers, (name, value)))


def with_body(status: int, body: object, content_type: str = "application/json") -> Answer:
    """Answer with any body: bytes as they are, all else as JSON."""
    return Answer(
        status, body if isinstance(body, bytes) else json.dumps(body).encode(), content_type=content_type
    )


def of_choices(choices: object, usage: object = (100, COMPLETION_TOKENS)) -> Answer:
    """Answer with any choices; `usage` may be anything that is no pair of tokens too."""
    value: dict[str, object] = {
        "id": "chatcmpl-scripted",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": MODEL,
        "choices": choices,
    }
    if isinstance(usage, tuple):
        names = ("prompt_tokens", "completion_tokens", "total_tokens")
        usage = dict(zip(names, (*usage, sum(usage)), strict=True))
    if usage is not None:
        value["usage"] = usage
    return Answer(body=json.dumps(value).encode())


def _of_error(
    status: int, message: str, kind: str, *, code: str | None = None, param: str | None = None
) -> Answer:
    error = {"message": message, "type": kind, "param": param, "code": code}
    return Answer(status, json.dumps({"error": error}).encode())


def text_parts(body: Mapping[str, Any], role: str | None = None) -> list[str]:
    """Return the texts of a request's messages, or of those of one role: contents, or parts of contents."""
    texts: list[str] = []
    for message in body.get("messages", []):
        if role is None or message.get("role") == role:
            content = message.get("content") or ""
            parts = [{"text": content}] if isinstance(content, str) else content
            texts += [part["text"] for part in parts if "text" in part]
    return texts


@dataclass(frozen=True)
class Judge:
    """A script that judges the longest text part of a user's message by its share of teaching words.

    The same text always gets the same labels, and a scorer can learn them. The names of the labels are
    those of the request's schema (``json_schema``, or ``json_object`` with a ``schema``): each
    enumeration gets the element that the share points at, each string a sentence.

    Parameters
    ----------
    properties : sequence of str
        Names for a request without a schema: first that of the reason, then those of the scores.
    scores : sequence of int
        The scale, from worst to best, for a request without a schema.
    latency_s : float
        Seconds before each answer.
    fail_share : float
        Share of the requests, always the same ones, that get a 500 at their first try.
    ignore_response_format : bool
        Always answer in prose with a JSON object within.
    refuse_json_schema, refuse_json_object : bool
        Answer 400 to a response format of that type.
    orders : {"", "obeyed", "ignored"}
        Judge all parts but the last; where obeyed, the last element goes to a document that asks for the
        highest score, or holds a reply.
    """

    properties: Sequence[str] = ("reason", SCORE)
    scores: Sequence[int] = (0, 1, 2, 3, 4, 5)
    latency_s: float = 0.0
    fail_share: float = 0.0
    ignore_response_format: bool = False
    refuse_json_schema: bool = False
    refuse_json_object: bool = False
    orders: str = ""

    def __call__(self, request: Request) -> Answer:
        return slow(self._answer(request), self.latency_s)

    def _answer(self, request: Request) -> Answer:
        if request.earlier == 0 and int.from_bytes(request.digest[:4]) < self.fail_share * 2**32:
            return server_error()
        asked = request.body.get("response_format") or {}
        kind = asked.get("type", "text")
        if (kind == "json_schema" and self.refuse_json_schema) or (
            kind == "json_object" and self.refuse_json_object
        ):
            return unsupported_response_format(kind)
        if self.ignore_response_format:
            asked, kind = {}, "text"
        schema = asked.get("json_schema", asked).get("schema") or self._own_schema()
        parts = text_parts(request.body, "user")
        document = max(parts, key=len, default="")
        if self.orders:  # what to do comes last, and may be longer than a short document
            document = "\n".join(parts[:-1] or parts)
        obeys = self.orders == "obeyed" and ORDER.search(document)
        found = json.dumps(_fill(schema, schema, *((1, 1) if obeys else _teaching(document))))
        prompt_tokens = sum(map(len, text_parts(request.body))) // CHARS_PER_TOKEN
        content = f"Here is my judgement:\n{found}\nI hope this helps." if kind == "text" else found
        return completion(content, usage=(prompt_tokens, COMPLETION_TOKENS))

    def _own_schema(self) -> dict[str, Any]:
        reason, *labels = self.properties
        scale = {"enum": list(self.scores)}
        return {"properties": {reason: {"type": "string"}} | dict.fromkeys(labels, scale)}


def _teaching(text: str) -> tuple[int, int]:
    """Return how many words of a text teach, and how many words it has."""
    words = text.lower().encode(errors="replace").translate(SPACED).split()
    return sum(map(TEACHING_WORDS.__contains__, words)), len(words)


def _fill(schema: Mapping[str, Any], root: Mapping[str, Any], teaching: int, words: int) -> object:
    """Return a value that fits a schema, better the more of the words teach."""
    if "$ref" in schema:
        return _fill(root["$defs"][schema["$ref"].rsplit("/", 1)[-1]], root, teaching, words)
    if "anyOf" in schema:
        return _fill(schema["anyOf"][0], root, teaching, words)
    if "properties" in schema:
        return {name: _fill(each, root, teaching, words) for name, each in schema["properties"].items()}
    kind = schema.get("type", "string")
    kind = kind[0] if isinstance(kind, list) else kind
    if kind in ("integer", "number"):
        scale = range(int(schema.get("minimum", 0)), int(schema.get("maximum", 5)) + 1)
    else:
        scale = {"boolean": (False, True), "array": ([],), "null": (None,)}.get(kind, ())
    scale = [schema["const"]] if "const" in schema else schema.get("enum", scale)
    if not scale:
        return f"{teaching} of {words} words teach."
    share = teaching / max(words, 1) / FULL_SHARE
    return scale[min(int(share * len(scale)), len(scale) - 1)]


class ScriptedServer:
    """A server on a free port of loopback; as a context, it runs in a thread of its own.

    Parameters
    ----------
    script : callable
        Gives the answer to each chat request, one at a time and without waiting. What it raises is
        answered with 500 and raised again where the context ends.
    port : int
        0 for a free one.
    max_kept : int
        Requests that are kept in `requests`; later ones are only counted.

    Attributes
    ----------
    base_url : str
        As `openai.OpenAI` takes it. Known once the server runs.
    requests : list of Request
        In the order of arrival.
    count : int
        Chat requests that came.
    most_at_once : int
        The highest number of chat requests that waited for their answers at the same time.
    """

    def __init__(self, script: Script, *, port: int = 0, max_kept: int = 100_000) -> None:
        self.script = script
        self.base_url = ""
        self.requests: list[Request] = []
        self.count = 0
        self.most_at_once = 0
        self._port = port
        self._max_kept = max_kept
        self._at_once = 0
        self._seen: Counter[bytes] = Counter()
        self._errors: list[Exception] = []
        self._conversations: set[asyncio.Task[None]] = set()

    async def serve(self, started: Callable[[], None]) -> None:
        """Serve until `stop` is called; call `started` as soon as requests are taken."""
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(
            self._converse, HOST, self._port, limit=MAX_HEAD_BYTES, backlog=BACKLOG
        )
        self.base_url = f"http://{HOST}:{server.sockets[0].getsockname()[1]}/v1"
        started()
        await self._stopping.wait()
        server.close()
        for conversation in self._conversations:
            conversation.cancel()
        await asyncio.gather(*self._conversations, return_exceptions=True)
        await server.wait_closed()

    def stop(self) -> None:
        """End `serve`, from any thread; open connections are cut."""
        self._loop.call_soon_threadsafe(self._stopping.set)

    def __enter__(self) -> Self:
        started = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self.serve(started.set)), daemon=True)
        self._thread.start()
        if not started.wait(STOP_S):
            raise RuntimeError("The scripted server did not start.")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        self._thread.join(STOP_S)
        if self._errors and error is None:
            raise self._errors[0]

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection, one after the other."""
        task = asyncio.current_task()
        self._conversations.add(task)
        try:
            # Either the client has gone, or the server is stopped.
            with suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
                while await self._take_turn(reader, writer):
                    pass
        finally:
            self._conversations.discard(task)
            writer.close()

    async def _take_turn(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer one request, and say whether the connection stays open."""
        first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")[:-2]
        method, path, _ = first.split(" ")
        pairs = (line.partition(":") for line in lines)
        headers = {name.lower(): value.strip() for name, _, value in pairs}
        raw = await reader.readexactly(int(headers.get("content-length", 0)))
        if method == "POST" and path.endswith("/chat/completions"):
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
            try:
                answer = self._judged(path, headers, raw)
                if answer.latency_s:
                    await asyncio.sleep(answer.latency_s)
            finally:
                self._at_once -= 1
        elif (method, path) == ("GET", "/v1/models"):
            model = {"id": MODEL, "object": "model", "created": 0, "owned_by": "tests"}
            answer = Answer(body=json.dumps({"object": "list", "data": [model]}).encode())
        else:
            answer = _of_error(404, f"Unknown request URL: {method} {path}.", "invalid_request_error")
        for piece in [answer.encoded()] if answer.raw is None else answer.raw:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(answer.pause_s)
        if answer.raw is not None:
            return False
        return answer.cut_after is None and headers.get("connection", "").lower() != "close"

    def _judged(self, path: str, headers: dict[str, str], raw: bytes) -> Answer:
        try:
            body = json.loads(raw)
        except ValueError:
            return bad_request("We could not parse the JSON body of your request.")
        digest = blake2b(raw, digest_size=8).digest()
        request = Request(body, headers, self.count, self._seen[digest], time.perf_counter(), digest, path)
        self.count += 1
        self._seen[digest] += 1
        if len(self.requests) < self._max_kept:
            self.requests.append(request)
        try:
            return self.script(request)
        except Exception as error:
            self._errors.append(error)
            return server_error()


@contextmanager
def scripted_process(*options: str, program: str = __name__) -> Iterator[str]:
    """Run this module, or another such server, as a process with some options, and yield its base URL."""
    command = [sys.executable, "-m", program, *options]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until interrupted; the first line of output is the base URL, the last one counts."""
    parser = argparse.ArgumentParser(description="Serve the OpenAI chat API with labels made from words.")
    parser.add_argument("--port", type=int, default=0, help="0 for a free one")
    parser.add_argument("--latency-s", type=float, default=0.0, help="seconds before each answer")
    parser.add_argument("--fail-share", type=float, default=0.0, help="share answered by 500 the first time")
    parser.add_argument("--properties", default=f"reason,{SCORE}", help="names where no schema is asked for")
    parser.add_argument("--orders", default="", help="planted ones: obeyed, or ignored")
    parser.add_argument("--scores", default="0,1,2,3,4,5", help="the scale where no schema is asked for")
    for flag, text in (
        ("--ignore-response-format", "always answer in prose"),
        ("--refuse-json-schema", "answer 400 to a json_schema"),
        ("--refuse-json-object", "answer 400 to a json_object"),
    ):
        parser.add_argument(flag, action="store_true", help=text)
    options = vars(parser.parse_args(arguments))
    port = options.pop("port")
    options["properties"] = options["properties"].split(",")
    options["scores"] = [int(score) for score in options["scores"].split(",")]
    server = ScriptedServer(Judge(**options), port=port, max_kept=0)
    asyncio.run(serve_until_told(server))
    say_line(f"{server.count} requests, at most {server.most_at_once} at once")


async def serve_until_told(server: ScriptedServer) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, server.stop)
    await server.serve(lambda: say_line(server.base_url))


def say_line(line: str) -> None:
    with suppress(BrokenPipeError):
        sys.stdout.write(line + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
