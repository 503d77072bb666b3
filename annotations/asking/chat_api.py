"""Asks a model behind any OpenAI-compatible endpoint: form of the reply, errors, and what is kept of both.

Which form of reply an endpoint can be held to is found out with the first question (`ladder.py`). Every
reply is read by the rubric all the same (`prompt.read_reply`), since endpoints exist that take an order for a
form and ignore it. The key comes from the environment and goes nowhere else.
"""

import asyncio
import os
import re
import secrets
import socket
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from annotations.asking.annotator import Reply, Status, Unanswered
from annotations.asking.prompt import SYSTEM, prompt_parts, read_reply, reply_schema
from annotations.asking.reply_forms import Ladder
from annotations.asking.rubric import Rubric
from annotations.asking.settings import Rater
from filtering.errors import EdufilterError, EndpointError, RunError
from filtering.extras import require

KEY_VARIABLE = "OPENAI_API_KEY"
URL_VARIABLE = "OPENAI_BASE_URL"
OPENAI_URL = "https://api.openai.com/v1"
NO_KEY = "none"
"""Sent to endpoints of one's own, which ask for no key."""
LONGEST_PAUSE_S = 600.0
"""An endpoint that asks to wait longer than this ends the run."""
TIMEOUT_S = 120.0
CONNECT_TIMEOUT_S = 15.0
QUOTED_CHARS = 12
"""An error that has so many characters in a row of the document is not shown."""
SHOWN_CHARS = 300
NO_COMPLETION = "an answer that is no chat completion"
SECRET_CHARS = 8
"""What is shorter is no secret, but a word like "none" for an endpoint that asks for no key."""
TOO_LONG_CODES = ("context_length_exceeded", "string_above_max_length", "request_too_large")
TOO_LONG_WORDS = re.compile(
    r"context (length|window|size)|maximum (context|model) length|too many (input )?tokens", re.I
)
REFUSED_CODES = ("content_filter", "content_policy_violation", "moderation_blocked")


class ChatAnnotator:
    """Asks one model; see `annotations.asking.annotator.Annotator`.

    Parameters
    ----------
    rubric : Rubric
    rater : Rater
    base_url : str, optional
        ``https://host/v1``; what the variable OPENAI_BASE_URL says, or OpenAI's own, if not given.
    timeout_s : float
        Of one attempt.

    Raises
    ------
    EndpointError
        If the address carries credentials, or there is no key and the address is not given.
    MissingExtraError
        If the ``annotate`` extra is not installed.
    """

    def __init__(
        self, rubric: Rubric, rater: Rater, *, base_url: str | None = None, timeout_s: float = TIMEOUT_S
    ) -> None:
        self._openai = require("annotate", "openai")
        self.rater = rater
        self._rubric = rubric
        self._schema = reply_schema(rubric)
        given = base_url or os.environ.get(URL_VARIABLE)
        self._url = given or OPENAI_URL
        _check_url(self._url)
        self._key = os.environ.get(KEY_VARIABLE, "").strip()
        if not self._key and not given:
            raise EndpointError(
                f"A key must be in the environment variable {KEY_VARIABLE}. Found none. "
                "For an endpoint without keys give --base-url."
            )
        if not (self._key.isascii() and self._key.isprintable()):
            raise EndpointError(
                f"The key in {KEY_VARIABLE} must be printable ASCII. It has other characters; set it anew."
            )
        self._timeout_s = timeout_s
        self._client: Any = None
        self._ladder = Ladder()
        self._finding = asyncio.Lock()

    async def annotate(self, window: str) -> Reply:
        """Make one attempt at a window."""
        if not self._ladder.is_settled:
            async with self._finding:  # others wait until the way is known, and no longer
                if not self._ladder.is_settled:
                    return await self._find_way(window)
        return await self._ask(window, self._ladder.way)

    async def close(self) -> None:
        """Close connections; they belong to the event loop that is about to end."""
        client, self._client, self._finding = self._client, None, asyncio.Lock()
        if client is not None:
            await client.close()

    async def _find_way(self, window: str) -> Reply:
        """Ask from the strictest form down, until one is taken."""
        while True:
            try:
                reply = await self._ask(window, self._ladder.way)
            except _FormRefused as refused:
                step = self._ladder.step_down(refused.status)
                if step == "again":
                    raise Unanswered(str(refused)) from None
                if step == "none":
                    return _free("api_error", f"refused in every form: {refused}")
                continue
            if reply.structured_by:  # an error tells nothing about the form
                self._ladder.settle()
            return reply

    async def _ask(self, window: str, way: str) -> Reply:
        parts = prompt_parts(self._rubric, window, secrets.token_hex(8))
        started_s = time.monotonic()
        failure: Any
        try:
            # As it is: the library takes longest to walk through messages and reply by their types.
            completion = await self._open().post(
                "/chat/completions", cast_to=object, body=self._body(parts, way)
            )
        except (self._openai.OpenAIError, ValueError) as error:
            failure = error
        else:
            return self._read(completion, way, time.monotonic() - started_s)
        # Only here, for an error that is raised while another one is handled drags it along, and the
        # library's may hold the key or the document.
        if isinstance(failure, self._openai.APIStatusError):
            return self._refusal(failure, parts)
        raise self._no_answer(failure)

    def _no_answer(self, failure: Exception) -> EdufilterError | Unanswered:
        root = _root(failure)
        what = type(root).__name__
        if not isinstance(failure, self._openai.APIConnectionError):
            return Unanswered(f"{NO_COMPLETION}, from {self._url} ({what})", may_be_paid=True)
        # What was surely never sent costs nothing; a connection that broke may have been paid for.
        unsent = isinstance(root, (ConnectionRefusedError, socket.gaierror))
        if unsent and not self._ladder.is_settled:
            return EndpointError(f"An endpoint must answer at {self._url}. Nobody does ({what}).")
        if "Timeout" in what:
            return Unanswered(f"no answer from {self._url} within {self._timeout_s:g} s", may_be_paid=True)
        return Unanswered(f"the connection to {self._url} failed ({what})", may_be_paid=not unsent)

    def _open(self) -> Any:
        """Return the client: opened in the event loop that uses it."""
        if self._client is None:
            connect_s = min(CONNECT_TIMEOUT_S, self._timeout_s)
            timeout = self._openai.Timeout(self._timeout_s, connect=connect_s)
            self._client = self._openai.AsyncOpenAI(
                api_key=self._key or NO_KEY,
                base_url=self._url,
                max_retries=0,
                timeout=timeout,
                # Half the time of the default for a call, with dozens of connections.
                http_client=self._openai.DefaultAioHttpClient(timeout=timeout),
            )
        return self._client

    def _body(self, parts: tuple[str, ...], way: str) -> dict[str, Any]:
        body: dict[str, Any] = {
            "model": self.rater.model,
            "messages": _messages(parts, way),
            "max_completion_tokens": self.rater.max_completion_tokens,
        }
        if self.rater.temperature is not None:
            body["temperature"] = self.rater.temperature
        if way == "json_schema":
            schema = {"name": "label", "strict": True, "schema": self._schema}
            body["response_format"] = {"type": "json_schema", "json_schema": schema}
        elif way == "json_object":
            # OpenAI takes the type alone, llama.cpp's server the schema beside it.
            body["response_format"] = {"type": "json_object", "schema": self._schema}
        return body

    def _read(self, completion: Any, way: str, latency_s: float) -> Reply:
        """Return what an answer says: whatever a server sends, it must not break this."""
        choices = _get(completion, "choices")
        if not isinstance(choices, list):  # the page of a proxy, say
            raise Unanswered(f"{NO_COMPLETION}, from {self._url}", may_be_paid=True)
        choice = choices[0] if choices else None
        message, usage = _get(choice, "message"), _get(completion, "usage")
        content, refusal = _text(_get(message, "content")), _text(_get(message, "refusal"))
        finish = _text(_get(choice, "finish_reason"))
        # What was cut may be thoughts before the answer.
        answer = None if finish == "length" else read_reply(content, self._rubric)
        status: Status = "ok"
        if finish == "length":
            status = "too_long"
        elif answer is None:
            status = "refused" if refusal or finish == "content_filter" else "unparseable"
        return Reply(
            status=status,
            scores=answer.scores if answer else {},
            reason=self._clean(answer.reason) if answer else "",
            raw=self._clean(content or refusal),
            structured_by=way,
            served_model=self._clean(_text(_get(completion, "model"))),
            tokens_in=_count(_get(usage, "prompt_tokens")),
            tokens_out=_count(_get(usage, "completion_tokens")),
            latency_s=latency_s,
            error="" if answer else f"no label in the reply (finish_reason {finish or 'missing'})",
        )

    def _refusal(self, error: Any, parts: tuple[str, ...]) -> Reply:
        """Return the reply that an error's status stands for, or raise what it means."""
        status, code = int(error.status_code), _text(error.code)
        words = f"{status} {self._words(error, parts)}".strip()
        if code in TOO_LONG_CODES or (status in (400, 413) and TOO_LONG_WORDS.search(_message(error))):
            return _free("too_long", words)
        if code in REFUSED_CODES:
            return _free("refused", words)
        if status in (401, 403) or (status == 404 and code == "model_not_found"):
            raise self._end(
                f"The endpoint must accept key and model {self.rater.model!r}. It answered {words}"
            )
        if code == "insufficient_quota":
            raise self._end(f"The account must have credit. The endpoint answered {words}")
        if self._ladder.may_refuse(status):
            raise _FormRefused(status, words)
        if status in (408, 409, 429) or status >= 500:
            raise Unanswered(words, retry_after_s=self._pause(error.response.headers))
        return _free("api_error", words)

    def _pause(self, headers: Mapping[str, str]) -> float | None:
        seconds = retry_after_s(headers.get("retry-after", ""))
        if seconds is not None and seconds > LONGEST_PAUSE_S:
            raise self._end(
                f"An endpoint may ask to wait up to {LONGEST_PAUSE_S:g} s. It asks for {seconds:.0f} s. "
                "Run the same command again then"
            )
        return seconds

    def _end(self, message: str) -> EdufilterError:
        """Return a wrong setting as such, unless the endpoint took it before."""
        return (RunError if self._ladder.is_settled else EndpointError)(f"{message}.")

    def _words(self, error: Any, parts: tuple[str, ...]) -> str:
        """Return an error's message without the key, unless it has words of the document."""
        message = self._clean(" ".join(_message(error).split()))[:SHOWN_CHARS]
        document = " ".join(parts[1].split("\n", 1)[1].rsplit("\n", 1)[0].split())
        width = min(QUOTED_CHARS, len(document))
        quotes = any(message[at : at + width] in document for at in range(len(message) - width + 1))
        return "(its message quotes the document, and is not shown)" if quotes else message

    def _clean(self, text: str) -> str:
        return text.replace(self._key, "[key]") if len(self._key) >= SECRET_CHARS else text


class _FormRefused(Exception):
    """An endpoint would not take a question in this form."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status


def _free(status: Status, error: str) -> Reply:
    """Return what an error of the endpoint came to: nobody charges for one."""
    return Reply(status, tokens_in=0, tokens_out=0, error=error)


def _root(failure: BaseException) -> BaseException:
    """Return what an error began with: libraries in between give it other names."""
    while cause := failure.__cause__ or (None if failure.__suppress_context__ else failure.__context__):
        failure = cause
    return failure


def _messages(parts: tuple[str, ...], way: str) -> list[dict[str, Any]]:
    content: Any = [{"type": "text", "text": part} for part in parts]
    if way == "one_string":
        content = "\n\n".join(parts)
    return [{"role": "system", "content": SYSTEM}, {"role": "user", "content": content}]


def prompt_bytes(rubric: Rubric, window: str) -> int:
    """Return the UTF-8 bytes of all that is sent for a window: no tokeniser makes more tokens of it.

    What a server adds by itself (roles, special tokens, a schema) is reckoned by the schema's bytes, twice.
    """
    texts = (SYSTEM, *prompt_parts(rubric, window, secrets.token_hex(8)), 2 * str(reply_schema(rubric)))
    return sum(len(text.encode("utf-8", errors="surrogatepass")) for text in texts)


def retry_after_s(header: str) -> float | None:
    """Return the seconds that a ``Retry-After`` header asks for; None where it says nothing.

    Examples
    --------
    >>> retry_after_s("2.5"), retry_after_s("Mon, 01 Jan 2001 00:00:00 GMT"), retry_after_s("soon")
    (2.5, 0.0, None)
    """
    try:
        seconds = float(header)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(header).timestamp() - time.time()
        except ValueError:
            return None
    return max(seconds, 0.0) if seconds < float("inf") else None


def _check_url(url: str) -> None:
    # The address itself is not shown, for it may hold a secret.
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise EndpointError(
            f"The address (--base-url, or the variable {URL_VARIABLE}) must be like https://host/v1. "
            "Got something else."
        )
    if parts.username or parts.password or parts.query:
        raise EndpointError(
            f"The address (--base-url, or the variable {URL_VARIABLE}) must not carry credentials or a "
            f"query. Got one that does. Put the key into the environment variable {KEY_VARIABLE}."
        )


def _get(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else getattr(value, name, None)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _count(value: Any) -> int | None:
    return value if type(value) is int and value >= 0 else None


def _message(error: Any) -> str:
    body = error.body
    inner = _get(body, "error")
    found = _get(body, "message") or _get(inner, "message") or inner or _get(body, "detail") or body
    return found if isinstance(found, str) else ""
