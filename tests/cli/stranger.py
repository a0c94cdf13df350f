#!/usr/bin/python3 -B
"""Puts what is no part of a capture into it, every checksum right: stranger.py CAPTURE KIND

plain: a block of frames that is not encrypted. untyped: the same, of type 0. live: the frames in a
live file beside it, not encrypted.

altered0 to altered7: not a stranger's, but a bit of an encrypted frame turned over by somebody
without the key, who knows that checksums are linear and how long the frame is (but for its padding,
of 0 to 7 bytes): all checksums are right, also the one that is encrypted, and only the block's tag
is not. signature: a bit of the newest signature turned over, the checksums right."""

import struct
import sys

import edits
from edits import reader

WRITER = 4711
ENCRYPTED = 2  # the only flag
SIGNATURE = 4


def live_file(file_id, frames):
    header = bytearray(reader.LIVE_MAGIC + struct.pack("<HHIQQ", 1, 0, 0, WRITER, 0) + bytes(40) +
                       file_id)
    header += bytes(reader.LIVE_HEADER - len(header))
    struct.pack_into("<I", header, 12, reader.crc32c(bytes(header)))
    return bytes(header) + b"".join(frames) + bytes(8)


def begin_of(data, kind, last=False):
    """Where the first block with this type and flags is, or the last one."""
    at, found = reader.FILE_HEADER, []
    while at < len(data):
        if data[at + 10:at + 12] == bytes(kind):
            found.append(at)
        at += reader.BLOCK_HEADER + struct.unpack_from("<I", data, at + 40)[0]
    return found[-1 if last else 0]


def with_payload(data, at, payload):
    """The block at `at` with a payload of the same length."""
    begin = at + reader.BLOCK_HEADER
    header = bytearray(data[at:begin])
    struct.pack_into("<I", header, 44, reader.crc32c(bytes(payload)))
    struct.pack_into("<I", header, 12, 0)
    struct.pack_into("<I", header, 12, reader.crc32c(data[16:32] + bytes(header)))
    return data[:at] + bytes(header) + bytes(payload) + data[begin + len(payload):]


def alter_signature(data):
    at = begin_of(data, [SIGNATURE, 0], last=True)
    begin = at + reader.BLOCK_HEADER
    payload = bytearray(data[begin:begin + struct.unpack_from("<I", data, at + 40)[0]])
    payload[-1] ^= 1
    return with_payload(data, at, payload)


def alter(data, padding):
    """The same capture, the first block of one encrypted frame that is not compressed altered."""
    at = begin_of(data, [1, ENCRYPTED])
    size, stored = struct.unpack_from("<II", data, at + 36)
    begin = at + reader.BLOCK_HEADER
    payload = bytearray(data[begin:begin + stored])
    turned = bytearray(size - padding - 8)  # what the frame's checksum is of
    turned[-1] = 1
    change = reader.crc32c(bytes(turned)) ^ reader.crc32c(bytes(len(turned)))
    payload[size - padding - 1] ^= 1
    payload[4:8] = struct.pack("<I", struct.unpack_from("<I", payload, 4)[0] ^ change)
    return with_payload(data, at, payload)


def main():
    path, kind = sys.argv[1:]
    with open(path, "rb") as f:
        data = f.read()
    file_id = data[16:32]
    if kind.startswith("altered") or kind == "signature":
        with open(path, "wb") as f:
            f.write(alter_signature(data) if kind == "signature" else alter(data, int(kind[-1])))
        return
    head = struct.pack("<IIIBBH", 0, 0, 1, 11, 0, 0) + b"GET /stranger HTTP/1.1\r\nHost: x\r\n\r\n"
    frames = [edits.make_frame(8, head, 5, 1, 10 ** 18)]
    if kind == "live":
        with open("%s-live-%016x-1" % (path, WRITER), "wb") as f:
            f.write(live_file(file_id, frames))
        return
    block = edits.Block(b"", WRITER, 0, frames)
    with open(path, "ab") as f:
        f.write(edits.make_block(file_id, block, "plain", 0 if kind == "untyped" else 1))


main()
