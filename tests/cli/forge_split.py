#!/usr/bin/python3 -B
"""Alters a body in the first split block of a capture and repairs every checksum: forge_split.py
CAPTURE OLD NEW, texts of the same length."""

import os
import struct
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "reader"))
import read_capture as reader  # noqa: E402 # pylint: disable=wrong-import-position


def zstd(option, data):
    return subprocess.run(["zstd", option, "-cq"], input=data, check=True,
                          stdout=subprocess.PIPE).stdout


def split_block(data):
    at = reader.FILE_HEADER
    while data[at + 10] != 1 or data[at + 11] != 5:
        at += reader.BLOCK_HEADER + struct.unpack_from("<I", data, at + 40)[0]
    return at


def checks(frames):
    return b"".join(struct.pack("<I", reader.crc32c(frames[at:at + reader.CHECKED]))
                    for at in range(0, len(frames), reader.CHECKED))


def main():
    path, old, new = sys.argv[1], sys.argv[2].encode(), sys.argv[3].encode()
    with open(path, "rb") as f:
        data = f.read()
    at = split_block(data)
    header = bytearray(data[at:at + reader.BLOCK_HEADER])
    count, size, stored = struct.unpack_from("<III", header, 32)
    end = at + reader.BLOCK_HEADER + stored
    area = zstd("-d", data[at + reader.BLOCK_HEADER:end])
    frames = reader.join_frames(area, count, size, b"", path)
    forged = area.replace(old, new, 1)
    assert forged != area and len(old) == len(new)
    # The checks are of the frames with their own checksums: let the reader make these.
    reader.demand = lambda *_: None
    made = reader.join_frames(forged, count, size, b"", path)
    forged = forged.replace(checks(frames), checks(made), 1)
    payload = zstd("-19", forged)
    struct.pack_into("<II", header, 40, len(payload), reader.crc32c(payload))
    header[12:16] = bytes(4)
    struct.pack_into("<I", header, 12, reader.crc32c(data[16:32] + header))
    with open(path, "wb") as f:
        f.write(data[:at] + bytes(header) + payload + data[end:])


main()
