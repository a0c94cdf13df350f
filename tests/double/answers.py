"""What the double answers. An answer is an async generator of steps; the front ends (h1.py,
h2front.py) put the steps on the wire and know nothing of their meaning.

    Head(status, fields)   fields without content-length: the front end frames (chunked, DATA)
    Data(bytes)            one chunk, one DATA frame: sent at once
    Cut(how)               the connection ends here: "fin", "rst" or "notify"
    Trailers(fields)

    POST /v1/chat/completions     "stream": true gives SSE; with "tools", a tool call comes first
    GET  /v1/models
    POST /tools/NAME              {"result": …}
    /t/echo                       what was asked, as JSON (query secrets and all: never log it)
    /t/status/N                   that status; 204 and 304 without a body
    /t/coded?by=C                 in the coding br or zstd
    /t/gzip /t/trailers /t/redirect /t/cookie /t/login /t/session /t/until-close /t/early-hints
    /t/bytes?n=N                  N bytes that begin with a nonce
    /t/stall?n=N                  N SSE events, then silence
    /t/cut?how=H&framing=F        half an answer; H as in Cut, F is length, chunked or head
"""

import asyncio
import gzip
import itertools
import json
import os
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

PAUSE = 0.02  # seconds between streamed events: long enough to arrive one by one
_count = itertools.count(1)


@dataclass
class Request:
    method: str
    target: str
    fields: list
    body: bytes
    version: str

    def get(self, name, default=""):
        return next((v for n, v in self.fields if n.lower() == name), default)


@dataclass
class Head:
    status: int
    fields: list = field(default_factory=list)


@dataclass
class Data:
    bytes: bytes


@dataclass
class Cut:
    how: str


@dataclass
class Trailers:
    fields: list


def nonce():
    return "n%05d-%s" % (next(_count), os.urandom(6).hex())  # of one length


def whole(status, content_type, body, *fields):
    """A body sent in one piece with its length."""
    yield Head(status, [("content-type", content_type), ("content-length", str(len(body))),
                        *fields])
    yield Data(body)


def as_json(status, value, *fields):
    return whole(status, "application/json", json.dumps(value).encode(), *fields)


# ---- the model ----

counted = []  # called with what an answer counted as tokens, before it is sent (double.py logs it)


def count(identifier, asked, message):
    """A usage object; whoever keeps the double's books is told."""
    prompt, completion = len(json.dumps(asked["messages"])) // 4, len(json.dumps(message)) // 4
    for tell in counted:
        tell(event="counted", id=identifier, input=prompt, output=completion,
             tools=len(message.get("tool_calls") or []))
    return {"prompt_tokens": prompt, "completion_tokens": completion,
            "total_tokens": prompt + completion}


def completion_text(messages):
    """The model's words: a reply to the last message, provable by its nonce."""
    last = messages[-1] if messages else {}
    text = last.get("content") or ""
    if last.get("role") == "tool":
        return "With what the tool said (%s), the answer is %s." % (text, nonce())
    return "You said %r; I say %s." % (text, nonce())


def completion_message(asked):
    messages = asked.get("messages") or []
    wants_tool = asked.get("tools") and not any(m.get("role") == "tool" for m in messages)
    if not wants_tool:
        return {"role": "assistant", "content": completion_text(messages)}, "stop"
    function = asked["tools"][0]["function"]["name"]
    call = {"id": "call_" + nonce(), "type": "function",
            "function": {"name": function, "arguments": json.dumps({"city": "Ghent"})}}
    return {"role": "assistant", "content": None, "tool_calls": [call]}, "tool_calls"


def chat_json(asked):
    message, reason = completion_message(asked)
    identifier = "chatcmpl-" + nonce()
    return as_json(200, {
        "id": identifier, "object": "chat.completion", "model": asked.get("model"),
        "choices": [{"index": 0, "message": message, "finish_reason": reason}],
        "usage": count(identifier, asked, message),
    }, ("x-request-id", nonce()))


async def chat_stream(asked):
    message, reason = completion_message(asked)
    base = {"id": "chatcmpl-" + nonce(), "object": "chat.completion.chunk",
            "model": asked.get("model")}
    text = message.get("content") or ""
    deltas = [{"role": "assistant"}]
    deltas += [{"content": text[i:i + 12]} for i in range(0, len(text), 12)]
    if message.get("tool_calls"):
        deltas.append({"tool_calls": [{"index": 0, **message["tool_calls"][0]}]})
    yield Head(200, [("content-type", "text/event-stream")])
    for delta in [*deltas, None]:
        choice = {"index": 0, "delta": delta or {}, "finish_reason": None if delta else reason}
        yield Data(b"data: " + json.dumps({**base, "choices": [choice]}).encode() + b"\n\n")
        await asyncio.sleep(PAUSE)
    if (asked.get("stream_options") or {}).get("include_usage"):
        usage = {**base, "choices": [], "usage": count(base["id"], asked, message)}
        yield Data(b"data: " + json.dumps(usage).encode() + b"\n\n")
    yield Data(b"data: [DONE]\n\n")


def chat(request):
    try:
        asked = json.loads(request.body)
    except ValueError:
        return as_json(400, {"error": {"message": "the body is not JSON"}})
    if asked.get("stream"):
        return chat_stream(asked)
    return chat_json(asked)


def tool(request, name):
    return as_json(200, {"tool": name, "result": "%s says %s" % (name, nonce()),
                         "asked": request.body.decode(errors="replace")})


# ---- awkward exchanges ----

def echo(request, _query):
    return as_json(200, {"method": request.method, "target": request.target,
                         "fields": request.fields, "body": request.body.decode("latin-1"),
                         "version": request.version, "nonce": nonce()})


def status(request, _query):
    code = int(request.target.split("?")[0].rsplit("/", 1)[1])
    if code in (204, 304):
        return iter([Head(code, [("x-nonce", nonce())])])
    return as_json(code, {"status": code, "nonce": nonce()})


def gzipped(_request, _query):
    text = ("gzip %s\n" % nonce()) * 50
    return whole(200, "text/plain", gzip.compress(text.encode()), ("content-encoding", "gzip"))


def coded(_request, query):
    """Five letters as the smallest streams of br and zstd that hold them as they are."""
    by, text = query["by"][0], os.urandom(5).hex()[:5].encode()
    body = {"br": b"\x0b\x02\x80" + text + b"\x03",
            "zstd": b"\x28\xb5\x2f\xfd\x20\x05\x29\0\0" + text}[by]
    return whole(200, "text/plain", body, ("content-encoding", by))


def trailers(_request, _query):
    yield Head(200, [("content-type", "text/plain"), ("trailer", "x-sum")])
    yield Data(("with trailers %s\n" % nonce()).encode())
    yield Trailers([("x-sum", "42")])


def redirect(_request, _query):
    return whole(302, "text/plain", b"over there\n", ("location", "/t/echo?redirected=1"))


def cookie(_request, _query):
    return whole(200, "text/plain", ("cookie %s\n" % nonce()).encode(),
                 ("set-cookie", "session=set-cookie-secret-%s; Path=/; HttpOnly" % nonce()))


def login(_request, _query):
    return whole(302, "text/plain", b"logged in\n",
                 ("location", "/t/session?code=planted-code-16&state=1"),
                 ("set-cookie", "sid=planted-setcookie-14; Path=/; HttpOnly"),
                 ("x-next", "see https://planted-user-10:x@api.example/?token=planted-text-17"))


def session(request, query):
    """Says what it was asked with, but for the secrets themselves."""
    asked = request.get("cookie") and query.get("code")
    yield Head(200, [("content-type", "text/plain"), ("mcp-session-id", "planted-mcp-15"),
                     ("link", "</t/session?page=2&sig=planted-link-18>; rel=next")])
    yield Data(("session %s %s\n" % (bool(asked), nonce())).encode())
    yield Trailers([("x-api-key", "planted-trailer-19")])


def until_close(_request, _query):
    yield Head(200, [("content-type", "text/plain"), ("connection", "close")])
    yield Data(("until close %s\n" % nonce()).encode())
    yield Cut("notify")


def early_hints(_request, _query):
    yield Head(103, [("link", "</style.css>; rel=preload")])
    yield from whole(200, "text/plain", ("after hints %s\n" % nonce()).encode())


def some_bytes(_request, query):
    size = int(query.get("n", ["1000"])[0])
    text = (nonce() + "\n").encode()
    return whole(200, "application/octet-stream", (text * (size // len(text) + 1))[:size])


async def stall(_request, query):
    yield Head(200, [("content-type", "text/event-stream")])
    for number in range(int(query.get("n", ["3"])[0])):
        yield Data(("data: event %d %s\n\n" % (number, nonce())).encode())
        await asyncio.sleep(PAUSE)
    await asyncio.sleep(3600)


def cut(_request, query):
    how, framing = query.get("how", ["fin"])[0], query.get("framing", ["length"])[0]
    if framing == "head":
        return iter([Cut(how)])
    fields = [("content-type", "text/plain")]
    if framing == "length":
        fields.append(("content-length", "1000"))
    return iter([Head(200, fields), Data(("half of it %s\n" % nonce()).encode()), Cut(how)])


AWKWARD = {
    "echo": echo, "status": status, "coded": coded, "gzip": gzipped,
    "trailers": trailers, "redirect": redirect,
    "cookie": cookie, "login": login, "session": session,
    "until-close": until_close, "early-hints": early_hints,
    "bytes": some_bytes, "stall": stall, "cut": cut,
}


def route(request):
    parts = urlsplit(request.target)
    path = parts.path.strip("/").split("/")
    if path[:1] == ["t"] and len(path) > 1 and path[1] in AWKWARD:
        return AWKWARD[path[1]](request, parse_qs(parts.query))
    if path[:1] == ["tools"] and len(path) == 2:
        return tool(request, path[1])
    if parts.path == "/v1/chat/completions" and request.method == "POST":
        return chat(request)
    if parts.path == "/v1/models":
        return as_json(200, {"object": "list", "data": [{"id": "double-1", "nonce": nonce()}]})
    return as_json(404, {"error": {"message": "no such path", "nonce": nonce()}})


async def answer(request):
    """The steps of the answer, whether its generator waits or not."""
    steps = route(request)
    if hasattr(steps, "__aiter__"):
        async for step in steps:
            yield step
        return
    for step in steps:
        yield step
