#!/usr/bin/python3
"""A name server for tests: UDP, 127.0.0.1 port 53 of a network namespace of their own.

Prints a line when it listens, and then one per question. Knows a handful of names in example.test,
by what is to happen: see NAMES. Everything else does not exist."""
import socket
import struct

ADDRESSES = {1: socket.inet_aton("127.0.0.1"), 28: socket.inet_pton(socket.AF_INET6, "::1")}
NAMES = {
    "model.example.test": [1],
    "both.example.test": [1, 28],
    "text.example.test": [1, 16],
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


def record(name, kind, data):
    return name + struct.pack(">HHIH", kind, 1, 60, len(data)) + data


def records(name, kind):
    if not isinstance(NAMES.get(name), list) or kind not in NAMES[name]:
        return []
    if kind == 16:
        return [record(b"\xc0\x0c", 16, b"\5hello")]
    alias = b"\1a" + b"\xc0\x0c"
    return [record(b"\xc0\x0c", 5, alias), record(alias, kind, ADDRESSES[kind])]


def answer(message):
    name, kind, end = question(message)
    print(name, kind, flush=True)
    found = records(name, kind)
    known = NAMES.get(name)
    code = CODES[known] if known is None or isinstance(known, str) else 0
    head = struct.pack(">2sHHHHH", message[:2], 0x8180 | code, 1, len(found), 0, 0)
    return head + message[12:end] + b"".join(found)


def main():
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 53))
    print("listening", flush=True)
    while True:
        message, source = server.recvfrom(4096)
        reply = answer(message)
        if NAMES.get(question(message)[0]) != "is never answered":
            server.sendto(reply, source)


main()
