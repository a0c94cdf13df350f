#!/usr/bin/python3 -B
"""Makes the header of a capture's last block of frames tell of one exchange more: lie.py CAPTURE"""

import os
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "reader"))
import read_capture as reader  # noqa: E402 # pylint: disable=wrong-import-position


def main():
    with open(sys.argv[1], "rb") as f:
        data = bytearray(f.read())
    at, last = reader.FILE_HEADER, None
    while at < len(data):
        last = at if data[at + 10] == 1 else last
        at += reader.BLOCK_HEADER + struct.unpack_from("<I", data, at + 40)[0]
    exchange, = struct.unpack_from("<I", data, last + 64)
    struct.pack_into("<I", data, last + 64, exchange + 1)
    header = data[last:last + reader.BLOCK_HEADER]
    header[12:16] = bytes(4)
    struct.pack_into("<I", data, last + 12, reader.crc32c(data[16:32] + header))
    with open(sys.argv[1], "wb") as f:
        f.write(data)


main()
