"""Sends a question to an address and brings back what came, within bounds of time and size.

Who answers is not trusted. The time is for a whole attempt, a body is bounded as it came and as it decodes, a
redirect leads to no other origin, and whatever else goes wrong is a `NoResponse`. What a body says is read in
`chat_api.py`. Of the environment, the proxy is read here.
"""

import asyncio
import json
import zlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, urljoin, urlsplit
from urllib.request import getproxies, proxy_bypass

from filtering.errors import EndpointError
from filtering.extras import require

URL_VARIABLE = "OPENAI_BASE_URL"
CHAT_PATH = "/chat/completions"
MAX_BODY_BYTES = 1 << 20
"""Of a body, as it came and decoded; a label takes about one KB."""
MAX_HEADER_BYTES = 64 << 10
"""Of one header. Gateways send policies and cookies of more than 8 KB, which is the library's bound."""
CONNECT_TIMEOUT_S = 15.0
SAME_METHOD = (307, 308)
"""Redirects after which a POST stays one."""
MAX_REDIRECTS = 3
PACKED = ("gzip", "x-gzip", "deflate")
EITHER_HEADER = zlib.MAX_WBITS | 32
"""Lets zlib tell gzip and deflate apart."""
DEFAULT_PORTS = {"http": 80, "https": 443}


class NoResponse(Exception):
    """There was no whole response.

    Parameters
    ----------
    why : str
    may_be_paid : bool
        Whether the server may have answered all the same.
    nobody : str
        Why nobody is there, or nobody who can be trusted; empty where somebody may be.
    """

    def __init__(self, why: str, *, may_be_paid: bool = True, nobody: str = "") -> None:
        super().__init__(why)
        self.may_be_paid = may_be_paid
        self.nobody = nobody


class _BadBody(Exception):
    """A body that cannot be had whole."""


@dataclass(frozen=True)
class Response:
    """What came.

    Parameters
    ----------
    status : int
    headers : mapping of str to str
        By name in any case.
    body : bytes
        Decoded, and no longer than `MAX_BODY_BYTES`.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Return the body's value; None where it is no JSON that can be read."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None

    @property
    def looks(self) -> str:
        """What a body seems to be that is not what was asked for, in words."""
        kind, start = self.headers.get("content-type", "").lower(), self.body[:1000].strip().lower()
        if not start:
            return "an empty body"
        if "text/event-stream" in kind or start.startswith((b"data:", b"event:")):
            return "an event stream"
        if "html" in kind or start.startswith((b"<!doctype html", b"<html")):
            return "a page of HTML, as for a login"
        return "JSON of another kind" if self.json() is not None else "a body that is no JSON"


class Endpoint:
    """An address that questions are sent to.

    Parameters
    ----------
    url : str
        ``https://host/v1``.
    headers : mapping of str to str
        Sent with each question.
    timeout_s : float
        Of one attempt, from the first to the last byte.

    Attributes
    ----------
    name : str
        For messages: the address, and the proxy where one stands before it.
    proxy : str
        Its address without credentials; empty where there is none.

    Raises
    ------
    EndpointError
        If the address is none, or the proxy's.
    MissingExtraError
        If the ``annotate`` extra is not installed.
    """

    def __init__(self, url: str, headers: Mapping[str, str], timeout_s: float) -> None:
        self._aiohttp = require("annotate", "aiohttp")
        parts = _checked(url)
        self._url = url.rstrip("/") + CHAT_PATH
        self._proxy, self.proxy = _proxy_for(parts)
        self.name = f"{url} through the proxy {self.proxy}" if self.proxy else url
        # Packing pays for no reply as short as a label, and only makes bombs possible.
        self._headers = {"User-Agent": "edufilter", "Accept-Encoding": "identity", **headers}
        self._timeout_s = timeout_s
        self._session: Any = None

    async def post(self, body: Mapping[str, Any]) -> Response:
        """Send a question and return what came.

        Raises
        ------
        NoResponse
            If nothing came, or nothing whole.
        """
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._exchange(json.dumps(body).encode())
        except Exception as error:  # there is no end of what a stranger's bytes make a library raise
            failure = self._no_response(error)
        # Only here, for an error that is raised while another one is handled drags it along, and the
        # library's holds the key.
        raise failure

    async def close(self) -> None:
        """Close connections; they belong to the event loop that is about to end."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def _open(self) -> Any:
        """Return the session: opened in the event loop that uses it."""
        if self._session is None:
            self._session = self._aiohttp.ClientSession(
                connector=self._aiohttp.TCPConnector(limit=0),
                timeout=self._aiohttp.ClientTimeout(sock_connect=min(CONNECT_TIMEOUT_S, self._timeout_s)),
                cookie_jar=self._aiohttp.DummyCookieJar(),
                headers=self._headers,
                auto_decompress=False,
                max_line_size=MAX_HEADER_BYTES,
                max_field_size=MAX_HEADER_BYTES,
            )
        return self._session

    async def _exchange(self, payload: bytes) -> Response:
        url = self._url
        for _ in range(MAX_REDIRECTS):
            response = await self._send(url, payload)
            target = _target(url, response)
            if target is None:
                break
            url = target
        return response

    async def _send(self, url: str, payload: bytes) -> Response:
        async with self._open().post(
            url,
            data=payload,
            headers={"Content-Type": "application/json"},
            proxy=self._proxy,
            allow_redirects=False,
        ) as response:
            try:
                raw = await _bounded(response.content.iter_any())
                body = _decoded(raw, response.headers.get("content-encoding", ""))
            except (_BadBody, self._aiohttp.ClientPayloadError):
                if response.status < 300:
                    raise
                body = b""  # the status says enough
            return Response(response.status, response.headers, body)

    def _no_response(self, error: Exception) -> NoResponse:
        library, what = self._aiohttp, type(_root(error)).__name__
        failed = f"the connection to {self.name} failed"
        if isinstance(error, _BadBody):
            return NoResponse(f"{error}, from {self.name}")
        if isinstance(error, library.ClientHttpProxyError):
            what = f"the proxy answered {error.status}"
            return NoResponse(
                f"{failed} ({what})", may_be_paid=False, nobody=what if error.status < 500 else ""
            )
        # Of a name that no host can have Python's codec is the first to say so.
        if isinstance(error, library.ClientConnectorError | library.ClientSSLError | UnicodeError):
            return NoResponse(f"{failed} ({what})", may_be_paid=False, nobody=what)
        if isinstance(error, library.ConnectionTimeoutError):
            return NoResponse(f"{failed} ({what})", may_be_paid=False)
        if isinstance(error, TimeoutError):
            return NoResponse(f"no answer from {self.name} within {self._timeout_s:g} s")
        return NoResponse(f"{failed} ({what})")


def _root(failure: BaseException) -> BaseException:
    """Return what an error began with: libraries in between give it other names."""
    while cause := failure.__cause__ or (None if failure.__suppress_context__ else failure.__context__):
        failure = cause
    return failure


async def _bounded(chunks: AsyncIterator[bytes]) -> bytes:
    raw = bytearray()
    async for chunk in chunks:
        raw += chunk
        if len(raw) > MAX_BODY_BYTES:
            raise _BadBody(f"an answer of more than {MAX_BODY_BYTES:,} bytes")
    return bytes(raw)


def _decoded(raw: bytes, encoding: str) -> bytes:
    """Return a body without its packing, which was not asked for, but proxies add it."""
    encoding = encoding.strip().lower()
    if encoding in ("", "identity") or not raw:
        return raw
    if encoding not in PACKED:
        raise _BadBody("an answer in an encoding that was not asked for")
    unpacking = zlib.decompressobj(EITHER_HEADER)
    try:
        body = unpacking.decompress(raw, MAX_BODY_BYTES + 1)
    except zlib.error:
        raise _BadBody("an answer whose packing is damaged") from None
    if len(body) > MAX_BODY_BYTES:
        raise _BadBody(f"an answer of more than {MAX_BODY_BYTES:,} bytes when unpacked")
    if not unpacking.eof:
        raise _BadBody("an answer whose packing ends too early")
    return body


def _target(url: str, response: Response) -> str | None:
    """Return where a question is to be sent instead; None where it is not, or to somebody else."""
    location = response.headers.get("location")
    if not location or response.status not in SAME_METHOD:
        return None
    try:
        target = urljoin(url, location)
        return target if _origin(target) == _origin(url) else None
    except ValueError:
        return None


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or DEFAULT_PORTS.get(parts.scheme)


def _checked(url: str) -> SplitResult:
    """Return the parts of an address, which is not shown where it is wrong, for it may hold a secret."""
    what = f"The address (--base-url, or the variable {URL_VARIABLE})"
    if not _is_one_word(url):
        raise EndpointError(f"{what} must have no blanks or control characters. It has some; take them out.")
    parts = _parts(url)
    if parts is None:
        raise EndpointError(
            f"{what} must be like https://host/v1, with a port from 1 to 65535 if any. Got something else."
        )
    if parts.username or parts.password or parts.query or parts.fragment:
        raise EndpointError(
            f"{what} must not carry credentials, a query or a fragment. Got one that does. Put the key into "
            "the environment variable OPENAI_API_KEY."
        )
    if parts.path.rstrip("/").endswith(CHAT_PATH):
        raise EndpointError(f"{what} must end before {CHAT_PATH}, which is added. Leave that out.")
    return parts


def _is_one_word(url: str) -> bool:
    return url.isprintable() and " " not in url


def _parts(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        require("annotate", "yarl").URL(url)  # knows which host names there can be
        is_whole = parts.scheme in DEFAULT_PORTS and parts.hostname and parts.port != 0
    except ValueError:
        return None
    return parts if is_whole else None


def _proxy_for(target: SplitResult) -> tuple[str | None, str]:
    """Return the proxy that the environment wants for an address, and how to name it without credentials."""
    proxies = getproxies()
    variable = target.scheme if target.scheme in proxies else "all"
    url = proxies.get(variable, "").strip()
    if not url or proxy_bypass(target.netloc):
        return None, ""
    url = url if "://" in url else f"http://{url}"
    parts = _parts(url) if _is_one_word(url) else None
    if parts is None:
        raise EndpointError(
            f"The proxy in the environment ({variable}_proxy) must be like http://host:port. It is not. Mend "
            "it, or name the endpoint's host in no_proxy."
        )
    port = f":{parts.port}" if parts.port else ""
    return url, f"{parts.scheme}://{parts.hostname}{port} (from {variable}_proxy)"
