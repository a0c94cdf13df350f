#!/usr/bin/python3 -B
"""Makes a small capture that is much work for who does not mind what it costs: so many of a kind
that comparing each of them with each has no end, or a body that is much larger than it seems:
crowd.py CAPTURE TO KIND

TO becomes CAPTURE with one process more. failures: failed look-ups, connections whose TLS failed,
connections that nobody could look into, and transfers that failed, 30,000 of each, and none belongs
to another. ids: 262,144 connections, whose numbers are multiples of what a table multiplies with.
coded: an answer of some kilobytes, zstd, which stands for 70 MB of blanks and a word; coded-other:
with another word at the end. tools: 64,000 calls of tools with one id, and 150,000 results that
could be theirs, and are not."""

import os
import struct
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "reader"))
import read_capture as reader  # noqa: E402 # pylint: disable=wrong-import-position

N = 30000
WRITER = 77
LOOKUP, CONN_END, REQ_HEAD, REQ_DATA, RES_HEAD, RES_DATA, TRANSFER = 4, 6, 8, 9, 13, 14, 24
LAST, BODILESS = 1, 4
SPEAKS_OTHER, TLS_FAILED, PEERS_ALERT = 4, 10, 3 << 24
LATER = 10 ** 9


def frame(kind, payload, ident=0, time=0, flags=0):
    rest = struct.pack("<BBHIQ", kind, flags, 0, ident, time) + payload
    size = 8 + len(rest)
    return struct.pack("<II", size, reader.crc32c(rest)) + rest + bytes(-size % 8)


def str16(text):
    return struct.pack("<H", len(text)) + text


def conn_end(ident, end, speaks, code):
    return frame(CONN_END, struct.pack("<BBHIQQ", end, speaks, 0, code, 0, 0), ident, 5)


def failures():
    lookup = frame(LOOKUP, struct.pack("<iBBH", -2, 0, 0, 0) + str16(b"other.example"), 0, 5)
    fixed = struct.pack("<IIIiHBBIIHHQ", 1, 1, 1 << 30, 6, 0, 1, 11, 0, 0, 0, 0, 9)
    texts = str16(b"http://h.example/") * 2 + str16(b"") * 3
    transfer = frame(TRANSFER, fixed + bytes(56) + texts, 0, LATER)
    ends = [conn_end(i + 1, 5, SPEAKS_OTHER, 0) for i in range(N)]
    ends += [conn_end(N + i + 1, TLS_FAILED, 0, PEERS_ALERT) for i in range(N)]
    return [lookup] * N + ends + [transfer] * N


def ids():
    back = pow(2654435761, -1, 1 << 20)
    low = [k * back % (1 << 20) for k in range(64)]
    return [conn_end(high << 20 | i or 1, 5, 1, 0) for i in low for high in range(4096)]


def call(ident, asked, answered):
    head = (b"POST /v1/chat/completions HTTP/1.1\r\nHost: api.openai.com\r\n"
            b"Content-Length: %d\r\n\r\n")
    return [frame(REQ_HEAD, struct.pack("<IIIBBH", 1, 0, 1, 11, 0, 0) + head % len(asked), ident,
                  10 * ident, LAST),
            frame(REQ_DATA, asked, ident, 10 * ident + 1, LAST),
            frame(RES_HEAD, struct.pack("<BBH", 11, 0, 0) + b"HTTP/1.1 200 OK\r\n"
                  b"Content-Length: %d\r\n\r\n" % len(answered), ident, 10 * ident + 2, LAST),
            frame(RES_DATA, answered, ident, 10 * ident + 3, LAST)]


def tools():
    calls = b",".join([b'{"id":"x","function":{"name":"f"}}'] * 4000)
    answer = b'{"choices":[{"message":{"tool_calls":[' + calls + b']}}]}'
    results = b",".join([b'{"role":"tool","name":"x"}'] * 50000)
    frames = []
    for i in range(16):
        frames += call(i + 1, b'{"messages":[]}', answer)
    for i in range(16, 19):
        frames += call(i + 1, b'{"messages":[' + results + b']}', b'{"choices":[]}')
    return frames


def coded(word):
    body = subprocess.run(["zstd", "-cq"], input=b" " * 70000000 + word, check=True,
                          stdout=subprocess.PIPE).stdout
    asked = b"GET /coded HTTP/1.1\r\nHost: h.example\r\n\r\n"
    answered = (b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Encoding: zstd\r\n"
                b"Content-Length: %d\r\n\r\n" % len(body))
    return [frame(REQ_HEAD, struct.pack("<IIIBBH", 1, 0, 1, 11, 0, 0) + asked, 1, 5,
                  LAST | BODILESS),
            frame(RES_HEAD, struct.pack("<BBH", 11, 0, 0) + answered, 1, 6, LAST),
            frame(RES_DATA, body, 1, 7, LAST)]


def block(file_id, frames):
    raw = b"".join(frames)
    payload = subprocess.run(["zstd", "-cq"], input=raw, check=True, stdout=subprocess.PIPE).stdout
    header = bytearray(reader.BLOCK_MAGIC + struct.pack(
        "<HBBIQQIIII", 1, 1, 1, 0, WRITER, 0, len(frames), len(raw), len(payload),
        reader.crc32c(payload)))
    header += bytes(reader.BLOCK_HEADER - len(header))
    struct.pack_into("<I", header, 12, reader.crc32c(file_id + header))
    return bytes(header) + payload


def main():
    with open(sys.argv[1], "rb") as f:
        data = f.read()
    frames = {"failures": failures, "ids": ids, "tools": tools, "coded": lambda: coded(b"one"),
              "coded-other": lambda: coded(b"two")}[sys.argv[3]]()
    with open(sys.argv[2], "wb") as f:
        f.write(data + block(data[16:32], frames))


main()
