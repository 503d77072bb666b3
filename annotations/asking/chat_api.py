"""Asks a model behind any OpenAI-compatible endpoint: form of the reply, errors, and what is kept of both.

What is asked, and how a reply is read, says a `QuestionForm`. How a question travels is in `endpoint.py`.
Which form of reply an endpoint can be held to is found out with the first question (`reply_forms.py`). Every
reply is read all the same, since endpoints exist that take an order for a form and ignore it. The key comes
from the environment and goes nowhere else.
"""

import asyncio
import os
import re
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any

from annotations.asking.annotator import Reply, Status, Unanswered
from annotations.asking.endpoint import URL_VARIABLE, Endpoint, NoResponse, Response
from annotations.asking.key_masking import KeyMask
from annotations.asking.prompt import whole_number
from annotations.asking.question_form import Answer, QuestionForm
from annotations.asking.reply_forms import WAYS, WAYS_OF_TEXT, Ladder
from annotations.asking.settings import Rater
from filtering.errors import EdufilterError, EndpointError, RunError

KEY_VARIABLE = "OPENAI_API_KEY"
ACCOUNT_VARIABLES = {"OpenAI-Organization": "OPENAI_ORG_ID", "OpenAI-Project": "OPENAI_PROJECT_ID"}
OPENAI_URL = "https://api.openai.com/v1"
NO_KEY = "none"
"""Sent to endpoints of one's own, which ask for no key."""
LONGEST_PAUSE_S = 600.0
"""An endpoint that asks to wait longer than this ends the run."""
TIMEOUT_S = 120.0
QUOTED_CHARS = 12
"""An error that has so many characters in a row of the document is not shown."""
SHOWN_CHARS = 300
NO_COMPLETION = "an answer that is no chat completion"
MOST_TOKENS = 1 << 31
"""No model counts so many for a reply: who says so counts wrongly."""
ERROR_DEPTH = 4
ERROR_KEYS = ("message", "error", "detail", "msg")
"""Where servers put the words of an error, within each other or in a list."""
MESSAGES_TOLD = 5
TOO_LONG_CODES = ("context_length_exceeded", "string_above_max_length", "request_too_large")
TOO_LONG_WORDS = re.compile(
    r"context (length|window|size)|maximum (context|model) length|too many (input )?tokens", re.I
)
CUT = ("length", "max_tokens", "model_length")
"""What servers give as the reason that a reply has ended where its tokens had."""
REFUSED_CODES = ("content_filter", "content_policy_violation", "moderation_blocked")


class ChatAnnotator:
    """Asks one model; see `annotations.asking.annotator.Annotator`.

    Parameters
    ----------
    form : QuestionForm
        What is asked.
    rater : Rater
    base_url : str, optional
        ``https://host/v1``; what the variable OPENAI_BASE_URL says, or OpenAI's own, if not given.
    timeout_s : float
        Of one attempt.

    Raises
    ------
    EndpointError
        If the address is none or carries credentials, or there is no key and the address is not given.
    MissingExtraError
        If the ``annotate`` extra is not installed.
    """

    def __init__(
        self, form: QuestionForm, rater: Rater, *, base_url: str | None = None, timeout_s: float = TIMEOUT_S
    ) -> None:
        self.rater = rater
        self._form = form
        given = base_url or os.environ.get(URL_VARIABLE)
        key = _printable_ascii(KEY_VARIABLE)
        if not key and not given:
            raise EndpointError(
                f"A key must be in the environment variable {KEY_VARIABLE}. Found none. "
                "For an endpoint without keys give --base-url."
            )
        headers = {"Authorization": f"Bearer {key or NO_KEY}"}
        accounts = {name: _printable_ascii(variable) for name, variable in ACCOUNT_VARIABLES.items()}
        headers |= {name: value for name, value in accounts.items() if value}
        self._endpoint = Endpoint(given or OPENAI_URL, headers, timeout_s)
        self._mask = KeyMask(key)
        self._ladder = Ladder(WAYS_OF_TEXT if form.schema is None else WAYS)
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
        self._finding = asyncio.Lock()
        await self._endpoint.close()

    async def _find_way(self, window: str) -> Reply:
        """Ask from the strictest form down, until one is taken."""
        while True:
            try:
                reply = await self._ask(window, self._ladder.way)
            except _FormRefused as refused:
                step = self._ladder.step_down(refused.status, refused.body)
                if step == "again":
                    raise Unanswered(str(refused)) from None
                if step == "none":
                    return _free("api_error", f"refused in every form: {refused}")
                continue
            if reply.structured_by:  # an error tells nothing about the form
                self._ladder.settle()
            return reply

    async def _ask(self, window: str, way: str) -> Reply:
        started_s = time.monotonic()
        try:
            response = await self._endpoint.post(self._body(self._form.parts(window), way))
        except NoResponse as failure:
            if failure.nobody and not self._ladder.is_settled:
                raise EndpointError(
                    f"An endpoint must answer at {self._endpoint.name}. Nobody does ({failure.nobody})."
                ) from None
            raise Unanswered(str(failure), may_be_paid=failure.may_be_paid) from None
        return self._read(response, window, way, time.monotonic() - started_s)

    def _body(self, parts: tuple[str, ...], way: str) -> dict[str, Any]:
        body: dict[str, Any] = {
            "model": self.rater.model,
            "messages": _messages(self._form.system, parts, way),
            self._ladder.limit: self.rater.max_completion_tokens,
        }
        if self.rater.temperature is not None:
            body["temperature"] = self.rater.temperature
        if way == "json_schema":
            schema = {"name": "label", "strict": True, "schema": self._form.schema}
            body["response_format"] = {"type": "json_schema", "json_schema": schema}
        elif way == "json_object":
            # OpenAI takes the type alone, llama.cpp's server the schema beside it.
            body["response_format"] = {"type": "json_object", "schema": self._form.schema}
        return body

    def _read(self, response: Response, window: str, way: str, latency_s: float) -> Reply:
        """Return what an answer says: whatever a server sends, it must not break this."""
        value = response.json()
        choices = _get(value, "choices")
        choice = choices[0] if isinstance(choices, list) and choices else None
        error = _get(value, "error") or _get(choice, "error")
        if not 200 <= response.status < 300 or (error and not _content(choice)):
            return self._refusal(response, error or value, window)
        if not isinstance(choices, list):  # the page of a proxy, say
            raise Unanswered(f"{NO_COMPLETION} but {self._said(response, value, window)}", may_be_paid=True)
        content, usage = _content(choice), _get(value, "usage")
        is_cut = _text(_get(choice, "finish_reason")) in CUT
        # What was cut may be thoughts before the answer.
        answer = Answer(fault="cut") if is_cut else self._form.read(content, window)
        failed = self._fault(choice, answer, window) if answer.fault else None
        return Reply(
            status=failed[0] if failed else "ok",
            scores=answer.scores,
            reason=self._mask.masked(answer.reason),
            raw=self._mask.masked(content or _text(_get(_get(choice, "message"), "refusal"))),
            structured_by=way,
            served_model=self._mask.masked(_text(_get(value, "model"))),
            tokens_in=_count(_get(usage, "prompt_tokens")),
            tokens_out=_count(_get(usage, "completion_tokens")),
            latency_s=latency_s,
            error=failed[1] if failed else "",
        )

    def _fault(self, choice: Any, answer: Answer, window: str) -> tuple[Status, str]:
        """Return what an answer is that is not what was asked for, and why."""
        message, finish = _get(choice, "message"), _text(_get(choice, "finish_reason"))
        if finish in CUT:
            return "too_long", f"cut by the limit of {self.rater.max_completion_tokens} tokens"
        if finish == "content_filter":
            return "refused", "cut by a content filter"
        if _get(message, "refusal"):
            return "refused", "the model would not"
        if _content(choice):
            keys = self._words(", ".join(answer.keys), window)
            return "unparseable", f"{answer.fault}; there were {keys}" if keys else answer.fault
        if _get(message, "tool_calls") or _get(message, "function_call"):
            return "unparseable", "the call of a tool instead of a reply"
        if _get(message, "reasoning_content") or _get(message, "reasoning"):
            return "unparseable", "thoughts and no reply"
        return "unparseable", "an empty reply" if message else "no reply among the choices"

    def _refusal(self, response: Response, error: Any, window: str) -> Reply:
        """Return the reply that an error stands for, or raise what it means."""
        code, said = _get(error, "code"), _message(error)
        status, inner = response.status, whole_number(code) or 0
        if status < 300 and 400 <= inner < 600:
            status = inner  # gateways answer 200 before they know
        words = f"{status} {self._said(response, error, window)}".strip()
        if code in TOO_LONG_CODES or (status in (400, 413) and TOO_LONG_WORDS.search(said)):
            return _free("too_long", words)
        if code in REFUSED_CODES:
            return _free("refused", words)
        if status == 402 or code == "insufficient_quota":
            raise self._end(f"The account must have credit. The endpoint answered {words}")
        if status == 407:
            raise self._end(f"The proxy must let questions through. It answered {words}")
        # Firewalls answer 403 to single documents, but then other ones were answered before.
        is_no_entry = status == 401 or (status == 403 and not self._ladder.is_settled)
        if is_no_entry or (status == 404 and code == "model_not_found"):
            raise self._end(
                f"The endpoint must accept key and model {self.rater.model!r}. It answered {words}"
            )
        if self._ladder.may_refuse(status):
            raise _FormRefused(status, words, response.body.decode(errors="replace"))
        if status < 300 or status in (408, 409, 429) or status >= 500:
            # Who answers 200 may have charged for it.
            raise Unanswered(
                words, retry_after_s=self._pause(response.headers), may_be_paid=response.status < 300
            )
        return _free("api_error", words)

    def _pause(self, headers: Mapping[str, str]) -> float | None:
        seconds = retry_after_s(headers.get("retry-after", ""))
        if seconds is not None and seconds > LONGEST_PAUSE_S:
            raise self._end(
                f"An endpoint may ask to wait up to {LONGEST_PAUSE_S:g} s. It asks for {seconds:g} s. "
                "Run the same command again then"
            )
        return seconds

    def _end(self, message: str) -> EdufilterError:
        """Return a wrong setting as such, unless the endpoint took it before."""
        if self._ladder.is_settled:
            return RunError(f"{message}. What was answered is kept, and the same command goes on.")
        return EndpointError(f"{message}.")

    def _said(self, response: Response, value: Any, window: str) -> str:
        """Return what a server says that is no completion: its own words, or what it looks like."""
        location = response.headers.get("location", "")
        if 300 <= response.status < 400:
            said = f"a redirect to {location.partition('?')[0] or 'nowhere'}, which is not followed"
        else:
            is_plain = response.headers.get("content-type", "").startswith("text/plain")
            text = response.body.decode(errors="replace") if is_plain and value is None else ""
            said = _message(value) or text or response.looks
        through = f" (through the proxy {self._endpoint.proxy})" if self._endpoint.proxy else ""
        return f"{self._words(said, window)}{through}"

    def _words(self, text: str, window: str) -> str:
        """Return a server's words as they may be shown: the one place where any go into a message.

        Without the key and without what steers a terminal; not at all where they quote the document.
        """
        message = self._mask.masked(" ".join(text.split()))[:SHOWN_CHARS]
        document = " ".join(window.split())
        width = min(QUOTED_CHARS, len(document))
        if any(message[at : at + width] in document for at in range(len(message) - width + 1)):
            return "(its message quotes the document, and is not shown)"
        return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in message)


class _FormRefused(Exception):
    """An endpoint would not take a question in this form."""

    def __init__(self, status: int, words: str, body: str) -> None:
        super().__init__(words)
        self.status = status
        self.body = body


def _free(status: Status, error: str) -> Reply:
    """Return what an error of the endpoint came to: nobody charges for one."""
    return Reply(status, tokens_in=0, tokens_out=0, error=error)


def _messages(system: str, parts: tuple[str, ...], way: str) -> list[dict[str, Any]]:
    content: Any = [{"type": "text", "text": part} for part in parts]
    if way == "one_string":
        content = "\n\n".join(parts)
    return [{"role": "system", "content": system}, {"role": "user", "content": content}]


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
        except (ValueError, OverflowError, TypeError):
            return None
    return max(seconds, 0.0) if seconds < float("inf") else None


def _printable_ascii(variable: str) -> str:
    """Return what a variable of the environment holds for a header."""
    value = os.environ.get(variable, "").strip()
    if not (value.isascii() and value.isprintable()):
        what = "key" if variable == KEY_VARIABLE else "value"
        raise EndpointError(
            f"The {what} in {variable} must be printable ASCII. It has other characters; set it anew."
        )
    return value


def _get(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _content(choice: Any) -> str:
    """Return the text of a choice's message, which may come in parts; thoughts are none of it.

    JSON may hold half of a character, which UTF-8 does not have, and libraries that read texts do not take.
    """
    content = _get(_get(choice, "message"), "content")
    parts = content if isinstance(content, list) else [content]
    whole = "".join(_text(part) or _text(_get(part, "text")) for part in parts)
    return whole.encode(errors="backslashreplace").decode()


def _count(value: Any) -> int | None:
    count = whole_number(value)
    return count if count is not None and 0 <= count < MOST_TOKENS else None


def _message(value: Any, depth: int = ERROR_DEPTH) -> str:
    """Return the words of an error, wherever a server has put them."""
    if isinstance(value, str) or depth == 0:
        return _text(value)
    if isinstance(value, list):
        return "; ".join(filter(None, (_message(one, depth - 1) for one in value[:MESSAGES_TOLD])))
    return next((found for key in ERROR_KEYS if (found := _message(_get(value, key), depth - 1))), "")
