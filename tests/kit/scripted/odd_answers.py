"""Answers as no endpoint should give them, each of a kind that was seen, or could be forged."""

import gzip
import itertools
import json
import zlib

from tests.kit.scripted import server as scripted
from tests.kit.scripted.server import SCORE, Answer, labelled, of_bytes, of_choices, with_body, with_header

GOOD = labelled(3).body
SAID = json.dumps({SCORE: 3})
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
ESCAPES = "\x1b[31mred\x1b]0;title\x07 \u2066hidden\u2069 \u200f\x9b0m\nError: faked"
"""What steers a terminal."""


def http(status, *headers, body=GOOD):
    """Return the bytes of an answer with exactly these headers."""
    return "\r\n".join([f"HTTP/1.1 {status}", *headers, "", ""]).encode("latin-1") + body


def said(content, *, finish_reason="stop", **message):
    """Answer with a message of any shape."""
    return of_choices([{"message": {"content": content, **message}, "finish_reason": finish_reason}])


def counted(tokens_in, tokens_out):
    """Answer with a good label and any counts of tokens."""
    return of_choices(
        [{"message": {"content": SAID}}], {"prompt_tokens": tokens_in, "completion_tokens": tokens_out}
    )


def packed(body, encoding="gzip"):
    """Answer with a body that is said to be packed."""
    return with_header(Answer(body=body), "Content-Encoding", encoding)


def endless(start, piece=b"x" * 65536, pause_s=0.0):
    """Answer with some bytes and then with others for ever."""
    return Answer(raw=itertools.chain([start], itertools.repeat(piece)), pause_s=pause_s)


def error(message, status=200, **values):
    """Answer with an error object."""
    return with_body(status, {"error": {"message": message, **values}})


def labels():
    """Return odd answers that hold a label of 3 all the same, by name."""
    return {
        "headers of 20 KB": with_header(labelled(3), "X-Policy", "a" * 20_000),
        "a hundred headers": Answer(body=GOOD, headers=tuple((f"X-{n}", "v") for n in range(100))),
        "a byte order mark": with_body(200, b"\xef\xbb\xbf" + GOOD),
        "UTF-16": with_body(200, GOOD.decode().encode("utf-16")),
        "gzip unasked": packed(gzip.compress(GOOD)),
        "deflate unasked": packed(zlib.compress(GOOD), "deflate"),
        "no length": of_bytes(http("200 OK", "A: b")),
        "early hints": of_bytes(b"HTTP/1.1 103 Early Hints\r\n\r\n", http("200 OK", "A: b")),
        "an odd type": Answer(body=GOOD, content_type="; charset=\xff"),
        "a score as text": labelled("3"),
        "a score with a point": labelled(3.0),
        "thoughts before it": said(f"I think it is useful. {SAID}"),
        "thoughts in tags": said(f"<think>{{ 5?</think>{SAID}"),
        "parts": said([{"type": "text", "text": SAID[:9]}, {"type": "text", "text": SAID[9:]}]),
        "parts with thoughts": said([{"type": "thinking", "thinking": [{"text": "{"}]}, {"text": SAID}]),
        "parts of all kinds": said([None, 1, {"text": 5}, ["x"], SAID]),
        "an error that is none": with_body(
            200, {"error": None, "choices": [{"message": {"content": SAID}, "error": {}}]}
        ),
        "an odd end": said(SAID, finish_reason=5),
        "half a character as the model": with_body(
            200, {"choices": [{"message": {"content": SAID}}], "model": "\udfff"}
        ),
        "keys that come twice": with_body(200, b'{"choices": [], ' + GOOD[1:]),
        "tokens beyond 64 bits": counted(2**70, 2**70),
        "tokens below 0": counted(-1, -5),
        "tokens in words": counted("many", "1e999"),
        "tokens as a list": counted([1], {}),
        "tokens as truths": counted(True, False),
        "NaN as tokens": counted(float("nan"), float("inf")),
        "usage as a list": of_choices([{"message": {"content": SAID}}], [1]),
        "no usage": of_choices([{"message": {"content": SAID}}], None),
    }


def without_labels():
    """Return answers that count, though they hold no label: with status and error, by name."""
    cut, nobody = "cut by the limit of 200 tokens", "no reply among the choices"
    return {
        "no JSON": (said("It is useful."), "unparseable", "no JSON object"),
        "cut JSON": (said(SAID[:-2]), "unparseable", "a JSON object that is broken"),
        "another key": (
            said('{"score": 3}'),
            "unparseable",
            f"the key '{SCORE}' is missing; there were score",
        ),
        "3.5": (labelled(3.5), "unparseable", f"'{SCORE}' is not on the scale: 3.5"),
        "three": (labelled("three"), "unparseable", f"'{SCORE}' is not on the scale: a text"),
        "cut by length": (scripted.cut_by_length(), "too_long", cut),
        "cut by length, otherwise": (said(SAID, finish_reason="max_tokens"), "too_long", cut),
        "a filter": (scripted.cut_by_filter(), "refused", "cut by a content filter"),
        "a refusal": (scripted.refused(), "refused", "the model would not"),
        "an odd refusal": (said(None, refusal={"a": 1}), "refused", "the model would not"),
        "a tool": (
            said(None, tool_calls=[{"id": 1}]),
            "unparseable",
            "the call of a tool instead of a reply",
        ),
        "thoughts alone": (said(None, reasoning_content="Hm."), "unparseable", "thoughts and no reply"),
        "thoughts without end": (said("<think>Hm"), "unparseable", "thoughts that do not end"),
        "nothing": (said(""), "unparseable", "an empty reply"),
        "a number": (said(3), "unparseable", "an empty reply"),
        "an object": (said({SCORE: 3}), "unparseable", "an empty reply"),
        "half a character": (
            with_body(200, b'{"choices":[{"message":{"content":"\\ud800\\u0000"}}]}'),
            "unparseable",
            "no JSON object",
        ),
        "deep JSON": (said('{"a":' * 100_000), "unparseable", "a JSON object that is broken"),
        "no choice": (of_choices([]), "unparseable", nobody),
        "null as choice": (of_choices([None]), "unparseable", nobody),
        "text as choice": (of_choices(["x"]), "unparseable", nobody),
        "no message": (of_choices([{}]), "unparseable", nobody),
        "text as message": (of_choices([{"message": "hi"}]), "unparseable", "an empty reply"),
    }


def faults():
    """Return answers that are asked again, with what is said of each, by name."""
    strange = "no chat completion but "
    return {
        "headers of 100 KB": (with_header(labelled(3), "X", "a" * 100_000), "failed ("),
        "a thousand headers": (Answer(body=GOOD, headers=(("A", "b"),) * 1000), "failed ("),
        "no HTTP": (of_bytes(b"SSH-2.0-OpenSSH\r\n"), "failed ("),
        "a header of zeros": (of_bytes(http("200 OK", "\x00\x01: b")), "failed ("),
        "no status": (of_bytes(http("99 OK", "A: b")), "failed ("),
        "status 600": (with_body(600, b"no", "text/plain"), "600 no"),
        "status 204": (of_bytes(b"HTTP/1.1 204 No Content\r\n\r\n"), f"{strange}an empty body"),
        "an empty body": (with_body(200, b""), f"{strange}an empty body"),
        "blanks": (with_body(200, b" \n"), f"{strange}an empty body"),
        "a login": (scripted.not_json(), f"{strange}a page of HTML"),
        "a login called JSON": (scripted.not_json("application/json"), f"{strange}a page of HTML"),
        "an event stream": (
            with_body(200, b"data: {}\n\n", "text/event-stream"),
            f"{strange}an event stream",
        ),
        "a stream called JSON": (with_body(200, b"data: [DONE]\n\n"), f"{strange}an event stream"),
        "text": (with_body(200, b"model is loading", "text/plain"), f"{strange}model is loading"),
        "no UTF-8": (with_body(200, b'{"a": "\xe9"}'), f"{strange}a body that is no JSON"),
        "deep JSON": (with_body(200, b"[" * 100_000), f"{strange}a body that is no JSON"),
        "a number without end": (
            with_body(200, b'{"a": ' + b"9" * 5000 + b"}"),
            f"{strange}a body that is no",
        ),
        "a list": (with_body(200, [1]), f"{strange}JSON of another kind"),
        "null": (with_body(200, None), f"{strange}a body that is no JSON"),
        "null as choices": (of_choices(None), f"{strange}JSON of another kind"),
        "choices as an object": (of_choices({"0": 1}), f"{strange}JSON of another kind"),
        "an error in 200": (error("it broke", code="odd"), "200 it broke"),
        "an error in 200 with a status": (error("slowly", code="429"), "429 slowly"),
        "an error as text": (with_body(200, {"error": "no model"}), "200 no model"),
        "an error in a choice": (of_choices([{"error": {"message": "down", "code": 502}}]), "502 down"),
        "an error in many boxes": (with_body(200, b'{"error":' * 900 + b'"x"' + b"}" * 900), "200 JSON of"),
        "bytes as error": (with_body(503, b"\xff\x00 down", "text/plain"), "503 \ufffd\\x00 down"),
        "a body that is too long": (with_body(200, GOOD + b" " * (1 << 20)), "more than 1,048,576 bytes"),
        "a bomb": (packed(gzip.compress(b" " * (64 << 20))), "more than 1,048,576 bytes when unpacked"),
        "gzip that is none": (packed(b"\x1f\x8bxxxxxxxxxxxx"), "packing is damaged"),
        "gzip that ends": (packed(gzip.compress(GOOD)[:-9]), "packing ends too early"),
        "brotli": (packed(GOOD, "br"), "an encoding that was not asked for"),
        "gzip twice": (packed(GOOD, "gzip, gzip"), "an encoding that was not asked for"),
        "chunks that end": (of_bytes(CHUNKED + b"400\r\n{"), "failed ("),
        "chunks without size": (of_bytes(CHUNKED + b"zz\r\n{"), "failed ("),
        "less than promised": (
            of_bytes(http("200 OK", "Content-Length: 9999")),
            "failed (",
        ),
        "more than promised": (of_bytes(http("200 OK", "Content-Length: 9")), ""),
        "a length below 0": (of_bytes(http("200 OK", "Content-Length: -5")), "failed ("),
        "two lengths": (of_bytes(http("200 OK", "Content-Length: 4", "Content-Length: 5")), "failed ("),
        "nothing at all": (scripted.cut_before_any_byte(), "failed ("),
        "half of it": (scripted.cut_in_the_body(labelled(3)), "failed ("),
        "waiting below 0": (with_header(scripted.rate_limited(), "Retry-After", "-5"), "429 Rate limit"),
        "waiting since year 1": (
            with_header(scripted.rate_limited(), "Retry-After", "Mon, 01 Jan 0001 00:00:00 -0000"),
            "429 Rate limit",
        ),
        "waiting for inf": (with_header(scripted.rate_limited(), "Retry-After", "1e999"), "429 Rate limit"),
        "escapes": (error(ESCAPES), "200 \\x1b[31mred"),
    }


def without_end():
    """Return answers that never end, with what is said of each, by name; each can be sent once."""
    ok = b"HTTP/1.1 200 OK\r\n"
    chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"
    return {
        "a body": (endless(ok + b"\r\n"), "more than 1,048,576 bytes"),
        "chunks": (endless(CHUNKED, chunk), "more than 1,048,576 bytes"),
        "headers": (endless(ok, b"X: y\r\n" * 100), "failed ("),
        "a header": (endless(ok + b"X: "), "failed ("),
        "a byte at a time": (
            endless(ok + b"Content-Length: 999\r\n\r\n", b"x", pause_s=0.05),
            "no answer from",
        ),
        "blanks at a time": (endless(CHUNKED, b"1\r\n \r\n", pause_s=0.05), "no answer from"),
        "hints": (endless(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n", pause_s=0.05), "no answer from"),
    }
