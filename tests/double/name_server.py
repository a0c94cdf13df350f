#!/usr/bin/python3
"""A name server for tests: UDP and TCP, 127.0.0.1 port 53 of a network namespace of their own.

Prints a line when it listens, and then one per question. Knows a handful of names in example.test,
by what is to happen: see NAMES. Everything else does not exist. What is longer than 512 bytes is
cut short over UDP, and each answer to the same question lives a second less than the one before."""
import socket
import struct
import threading

ADDRESSES = {1: socket.inet_aton("127.0.0.1"), 28: socket.inet_pton(socket.AF_INET6, "::1")}
NAMES = {
    "model.example.test": [1],
    "both.example.test": [1, 28],
    "text.example.test": [1, 16],
    "rich.example.test": [15, 16],
    "_http._tcp.rich.example.test": [33],
    "1.2.0.192.in-addr.arpa": [12],
    "big.example.test": [16],
    "none.example.test": [],
    "broken.example.test": "fails",
    "broken.example.test.example.test": "fails",
    "silent.example.test": "is never answered",
}
CODES = {None: 3, "fails": 2, "is never answered": 0}


def question(message):
    labels, at = [], 12
    while message[at]:
        labels.append(message[at + 1 : at + 1 + message[at]].decode())
        at += 1 + message[at]
    return ".".join(labels).lower(), struct.unpack(">H", message[at + 1 : at + 3])[0], at + 5


# rich.example.test's, and others', by type: what follows the fixed fields.
DATA = {
    12: b"\4rich\7example\4test\0",
    15: b"\0\12\4mail\xc0\x0c",
    16: b"\5hello",
    33: b"\0\1\0\2\0\120\4rich\7example\4test\0",
}
left = {}


def record(name, kind, data, seconds=60):
    return name + struct.pack(">HHIH", kind, 1, seconds, len(data)) + data


def lives(name, kind):
    left[name, kind] = left.get((name, kind), 3001) - 1
    return left[name, kind]


def records(name, kind):
    if not isinstance(NAMES.get(name), list) or kind not in NAMES[name]:
        return []
    if name == "big.example.test":
        return [record(b"\xc0\x0c", 16, b"\xc8" + b"%04d" % i * 50) for i in range(12)]
    if kind in DATA:
        return [record(b"\xc0\x0c", kind, DATA[kind], lives(name, kind))]
    alias = b"\1a" + b"\xc0\x0c"
    return [record(b"\xc0\x0c", 5, alias), record(alias, kind, ADDRESSES[kind])]


def answer(message, how, room):
    name, kind, end = question(message)
    print(name, kind, how, flush=True)
    found = records(name, kind)
    known = NAMES.get(name)
    code = CODES[known] if known is None or isinstance(known, str) else 0
    body = b"".join(found)
    if 12 + len(body) > room:
        code, found, body = code | 0x200, [], b""
    head = struct.pack(">2sHHHHH", message[:2], 0x8180 | code, 1, len(found), 0, 0)
    return head + message[12:end] + body


def is_answered(message):
    return NAMES.get(question(message)[0]) != "is never answered"


def serve_stream(stream):
    with stream, stream.makefile("rb") as asked:
        while length := asked.read(2):
            message = asked.read(struct.unpack(">H", length)[0])
            reply = answer(message, "tcp", 65535)
            if is_answered(message):
                # In pieces: the length by itself, and the rest in two.
                for piece in struct.pack(">H", len(reply)), reply[:20], reply[20:]:
                    stream.sendall(piece)


def serve_streams():
    server = socket.create_server(("127.0.0.1", 53))
    while True:
        stream = server.accept()[0]
        threading.Thread(target=serve_stream, args=(stream,), daemon=True).start()


def main():
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 53))
    threading.Thread(target=serve_streams, daemon=True).start()
    with socket.socket() as probe:
        while probe.connect_ex(("127.0.0.1", 53)):
            pass
    print("listening", flush=True)
    while True:
        message, source = server.recvfrom(4096)
        reply = answer(message, "udp", 512)
        if is_answered(message):
            server.sendto(reply, source)


main()
