#!/usr/bin/python3 -B
"""What the server counted, call by call, against what the capture is said to hold:

    compare_counts.py SERVER-LOG DUMP TREE STATS

The last three are what these subcommands print with --json. The usage in each answer is read here
anew, by nothing of tracehook's: JSON, server-sent events, JSON lines, AWS event streams. Exchanges
are found by the nonce in the answer's head. One line per difference, then the sums.
"""
import base64
import binascii
import collections
import json
import struct
import sys

PATHS = ("/chat/completions", "/responses", "/embeddings", "/messages", ":generateContent",
         ":streamGenerateContent", "/converse", "/converse-stream", "/invoke",
         "/invoke-with-response-stream", "/api/chat", "/api/generate")


def loads(text):
    try:
        return [json.loads(text)]
    except ValueError:
        return []


def event_stream(data):
    """The payloads of whole messages whose checksums hold."""
    while len(data) >= 16:
        total, headers, _ = struct.unpack_from(">III", data)
        if len(data) < total or binascii.crc32(data[:total - 4]) != struct.unpack_from(
                ">I", data, total - 4)[0]:
            return
        yield data[12 + headers:total - 4]
        data = data[total:]


def documents(kind, body):
    """The JSON documents of an answer."""
    if "eventstream" in kind:
        for payload in event_stream(body):
            for d in loads(payload):
                yield from loads(base64.b64decode(d["bytes"])) if "bytes" in d else [d]
    elif "event-stream" in kind:
        text = body.decode(errors="replace").replace("\r\n", "\n")
        for event in text.split("\n\n")[:-1]:  # what no empty line ends is no event
            lines = [l[5:] for l in event.split("\n") if l.startswith("data:")]
            yield from loads("\n".join(lines))
    elif "ndjson" in kind:
        for line in body.split(b"\n")[:-1]:
            yield from loads(line)
    else:
        whole = loads(body)
        yield from whole[0] if whole and isinstance(whole[0], list) else whole


def usage_of(d):
    """(input, output) that a document tells; None for what it does not."""
    if not isinstance(d, dict):
        return None, None
    if d.get("type") == "message_start":  # its count of output is one that is about to grow
        return usage_of({"usage": {k: v for k, v in d["message"]["usage"].items()
                                   if k != "output_tokens"}})
    for u in (d.get("usage"), (d.get("message") or {}).get("usage") if isinstance(
            d.get("message"), dict) else None, (d.get("response") or {}).get("usage") if isinstance(
            d.get("response"), dict) else None):
        if isinstance(u, dict):
            cached = u.get("cache_creation_input_tokens", 0) + u.get("cache_read_input_tokens", 0)
            into = next((u[k] for k in ("prompt_tokens", "input_tokens", "inputTokens") if k in u),
                        None)
            return (into + cached if into is not None else None,
                    next((u[k] for k in ("completion_tokens", "output_tokens", "outputTokens")
                          if k in u), None))
    if "usageMetadata" in d:
        u = d["usageMetadata"]
        out = u.get("candidatesTokenCount")
        return u.get("promptTokenCount"), None if out is None else out + u.get(
            "thoughtsTokenCount", 0)
    if "amazon-bedrock-invocationMetrics" in d:
        return None, None
    return d.get("prompt_eval_count"), d.get("eval_count")


def counted(log):
    """(input, output, path) by nonce; what came last counts, as for the providers' own clients."""
    found = {}
    for line in open(log):
        e = json.loads(line)
        if e.get("ev") != "sent" or e["status"] != 200 or not e["path"].endswith(PATHS):
            continue
        into = out = None
        for d in documents(e["type"], base64.b64decode(e["body"])):
            i, o = usage_of(d)
            into, out = i if i is not None else into, o if o is not None else out
        found[e["nonce"]] = (into, out, e["path"])
    return found


def seen(dump):
    found, tools = {}, 0
    for line in open(dump):
        s = json.loads(line)
        if s["kind"] == "exchange" and s["response_headers"]:
            nonce = dict((k.lower(), v) for k, v in s["response_headers"]).get("x-nonce")
            found[nonce] = s
        tools += s["kind"] == "tool"
    return found, tools


def reported(s, which):
    """A count that the answer told: not one that was estimated, as for a stream that was cut."""
    source = (s.get("token_sources") or {}).get(which)
    return s["tokens"][which] if s.get("tokens") and source in ("reported", "derived") else None


def sums_of(path, chosen):
    """[calls, tokens in, out] of what a subcommand printed."""
    calls = [s for s in map(json.loads, open(path)) if chosen(s)]
    tokens = [s["tokens"] for s in calls if s.get("tokens")]
    return [sum(s.get("count", 1) for s in calls), sum(t["input"] or 0 for t in tokens),
            sum(t["output"] or 0 for t in tokens)]


def differing_views(dump, tree, stats):
    """The sums of the views that are not those of the calls."""
    def llm(s):
        return s.get("event_type") == "LLM_CALL" and s.get("model")

    want = sums_of(dump, llm)
    views = {"tree": sums_of(tree, llm), "stats": sums_of(stats, lambda s: s["by"] == "model")}
    return ["%s adds up to %s, the calls to %s" % (name, got, want)
            for name, got in views.items() if got != want]


def main():
    log, dump, tree, stats = sys.argv[1:]
    server, (capture, tools) = counted(log), seen(dump)
    wrong, sums = 0, collections.Counter()
    for nonce, (into, out, path) in server.items():
        s = capture.get(nonce)
        got = (reported(s, "input"), reported(s, "output")) if s else None
        cut = s is not None and s["truncated"]
        # Of an answer that was cut the program may have been given less than was said.
        pairs = zip(got, (into, out)) if s else ()
        same = s is not None and all(g == w or (cut and g is None) for g, w in pairs)
        if not same:
            wrong += 1
            print("%s %s: the server counted %s, the capture has %s%s" % (
                nonce, path, (into, out), got, ", cut" if cut else ""))
        sums.update(calls=1, cut=cut, input=into or 0, output=out or 0)
    for nonce, s in capture.items():
        if s["event_type"] == "LLM_CALL" and s["response_status"] == 200 and nonce not in server:
            wrong += 1
            print("%s: a call that the server does not know of" % s["url"])
    for line in differing_views(dump, tree, stats):
        wrong += 1
        print(line)
    print("%d calls (%d cut), %d tokens in, %d out, %d tools, %d wrong" % (
        sums["calls"], sums["cut"], sums["input"], sums["output"], tools, wrong))
    sys.exit(wrong > 0)


if __name__ == "__main__":
    main()
