#!/usr/bin/python3 -B
"""Puts what is no part of a capture into it, every checksum right: stranger.py CAPTURE KIND

plain: a block of frames that is not encrypted. untyped: the same, of type 0. live: the frames in a
live file beside it, not encrypted."""

import struct
import sys

import edits
from edits import reader

WRITER = 4711


def live_file(file_id, frames):
    header = bytearray(reader.LIVE_MAGIC + struct.pack("<HHIQQ", 1, 0, 0, WRITER, 0) + bytes(40) +
                       file_id)
    header += bytes(reader.LIVE_HEADER - len(header))
    struct.pack_into("<I", header, 12, reader.crc32c(bytes(header)))
    return bytes(header) + b"".join(frames) + bytes(8)


def main():
    path, kind = sys.argv[1:]
    with open(path, "rb") as f:
        file_id = f.read(reader.FILE_HEADER)[16:32]
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
