"""The workloads of the benches, as HTTP/1.1 messages: what an agent sends and a provider answers.

    json           a tool's answer of 1 KB of JSON to a small question, on one connection
    chat           a prompt of 1.9 KB, an answer of 4 KB
    conversation   an agent that resends its whole history with each turn, about 2 KB of it new;
                   after 60 turns the next one begins
    long           one such conversation that goes on
    sse            an answer streamed in 600 events

Heads and bodies have the ids, dates, counts and timings that real ones have: those, not the text,
are what a small call is made of. Seeded: the same bytes each time, on any machine with the same
Python.
"""

import json
from collections import namedtuple

from workload_text import Text

Call = namedtuple("Call", "request response")  # each a whole message, as bytes

AGENT = ("user-agent: OpenAI/Python 1.99.1\r\naccept: application/json\r\n"
         "accept-encoding: identity\r\nx-stainless-lang: python\r\nx-stainless-os: Linux\r\n"
         "x-stainless-arch: x64\r\nx-stainless-runtime: CPython\r\n"
         "x-stainless-retry-count: 0\r\n"
         "authorization: Bearer sk-bench-0123456789abcdefghijklmnopqrstuvwxyz\r\n")
EVENTS, EVENT_BYTES = 600, 187
TURNS = 60
SYSTEM_BYTES, ANSWER_BYTES, RESULT_BYTES = 6000, 640, 880


def message(start, fields, body):
    head = "%s\r\n%scontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % (
        start, fields, len(body))
    return head.encode() + body


def compact(value):
    return json.dumps(value, separators=(",", ":")).encode()


def request(target, body):
    return message("POST %s HTTP/1.1" % target, "host: 127.0.0.1\r\n" + AGENT, compact(body))


def clock(call):
    return "Sat, 21 Nov 2026 %02d:%02d:%02d GMT" % (8 + call // 3600, call // 60 % 60, call % 60)


def response(text, call, body):
    fields = ("date: %s\r\nserver: cloudflare\r\nx-request-id: req_%s\r\n"
              "openai-processing-ms: %d\r\nx-ratelimit-limit-tokens: 2000000\r\n"
              "x-ratelimit-remaining-tokens: %d\r\nx-ratelimit-reset-tokens: %dms\r\n"
              "cf-ray: %s-FRA\r\nconnection: keep-alive\r\n" % (
                  clock(call), text.hex(32), text.number(300, 9000),
                  text.number(1900000, 1999999), text.number(1, 90), text.hex(16)))
    return message("HTTP/1.1 200 OK", fields, compact(body))


def completion(text, call, said, prompt_tokens):
    tokens = text.number(100, 900)
    return {"id": "chatcmpl-" + text.ident(29), "object": "chat.completion",
            "created": 1795000000 + 7 * call, "model": "gpt-4o-2024-08-06",
            "choices": [{"index": 0, "message": said, "logprobs": None,
                         "finish_reason": "tool_calls" if "tool_calls" in said else "stop"}],
            "usage": {"prompt_tokens": prompt_tokens, "completion_tokens": tokens,
                      "total_tokens": prompt_tokens + tokens,
                      "prompt_tokens_details": {"cached_tokens": prompt_tokens // 128 * 128}},
            "system_fingerprint": "fp_" + text.hex(10)}


def json_calls(n, seed):
    """Search results: ids, scores, dates, short texts."""
    text = Text(seed)
    for call in range(n):
        question = {"query": text.words(40), "limit": 5, "nonce": text.hex(16)}
        rows = [{"id": text.hex(24), "score": text.number(1, 999) / 1000,
                 "updated": "2026-%02d-%02dT%02d:%02d:00Z" % (
                     text.number(1, 12), text.number(1, 28), text.number(0, 23),
                     text.number(0, 59)),
                 "kind": text.random.choice(("page", "issue", "file", "mail")),
                 "etag": text.hex(16), "archived": False, "tags": ["docs"],
                 "title": text.words(20)} for _ in range(5)]
        yield Call(request("/v1/search", question),
                   response(text, call, {"object": "list", "data": rows, "nonce": text.hex(16),
                                         "next": text.ident(40)}))


def chat_calls(n, seed):
    text = Text(seed)
    for call in range(n):
        asked = {"model": "gpt-4o", "temperature": 0.2, "messages": [
            {"role": "system", "content": "You answer from the manual, and say where it is."},
            {"role": "user", "content": text.words(1800)}]}
        said = {"role": "assistant", "content": text.words(3650), "refusal": None}
        yield Call(request("/v1/chat/completions", asked),
                   response(text, call, completion(text, call, said, text.number(400, 520))))


def conversation_calls(n, seed, turns=TURNS):
    """A turn: the model says something and calls a tool; the next request carries that, and what
    the tool answered, behind all that was said before."""
    text = Text(seed)
    for call in range(n):
        if call % turns == 0:
            history = [{"role": "system", "content": text.words(SYSTEM_BYTES)},
                       {"role": "user", "content": text.words(400)}]
        tool = {"id": "call_" + text.ident(24), "type": "function", "function": {
            "name": text.random.choice(("read_file", "grep", "run_tests")),
            "arguments": json.dumps({"path": "src/%s/%s.py" % (text.hex(2), text.hex(3)),
                                     "line": text.number(1, 900), "query": text.words(30)})}}
        said = {"role": "assistant", "content": text.words(ANSWER_BYTES), "tool_calls": [tool]}
        asked = {"model": "gpt-4o", "temperature": 0.2, "messages": history}
        tokens = sum(len(m["content"]) for m in history) // 4
        yield Call(request("/v1/chat/completions", asked),
                   response(text, call, completion(text, call, said, tokens)))
        history.append(said)
        history.append({"role": "tool", "tool_call_id": tool["id"],
                        "content": text.words(RESULT_BYTES)})


def long_calls(n, seed):
    return conversation_calls(n, seed, n)


def chunk(data):
    return b"%x\r\n%s\r\n" % (len(data), data)


def sse_calls(n, seed):
    """A streamed answer: EVENTS chunks of EVENT_BYTES, a token or two in each."""
    text = Text(seed)
    for call in range(n):
        asked = {"model": "gpt-4o", "stream": True,
                 "messages": [{"role": "user", "content": text.words(400)}]}
        events = []
        for _ in range(EVENTS):
            data = compact({"id": "chatcmpl-" + text.ident(29), "object": "chat.completion.chunk",
                            "model": "gpt-4o-2024-08-06",
                            "choices": [{"index": 0, "delta": {"content": ""}}]})
            room = EVENT_BYTES - len(b"data: \n\n") - len(data)
            said = text.words(200).replace("\n", " ").replace('"', "'").replace("\\", "/")
            data = data.replace(b'"content":""', b'"content":"%s"' % said[:room].encode())
            events.append(chunk(b"data: " + data + b"\n\n"))
        head = ("HTTP/1.1 200 OK\r\ndate: %s\r\ncontent-type: text/event-stream\r\n"
                "transfer-encoding: chunked\r\nconnection: keep-alive\r\n\r\n" % clock(call))
        yield Call(request("/v1/chat/completions", asked),
                   head.encode() + b"".join(events) + chunk(b""))


KINDS = {"json": json_calls, "chat": chat_calls, "conversation": conversation_calls,
         "long": long_calls, "sse": sse_calls}


def calls(kind, n, seed=1):
    """An iterator of Call."""
    return KINDS[kind](n, seed)
