#!/usr/bin/python3 -B
"""Makes a small capture whose blocks decompress to 64 MiB each, or one that takes long to read:
bomb.py CAPTURE TO KIND…

TO becomes CAPTURE with a block of each KIND behind it, every checksum of the file's own right:
zeros (no frame), crumb (one frame, then zeros), spoilt (one frame, its checksum wrong), split (what
should be split frames is zeros), tiny (frames without payload, their checksums wrong), sound (256
frames as large as a writer makes them). tangled: 2,000 headers of blocks, each of which says that
all the others are its payload."""

import os
import struct
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "reader"))
import read_capture as reader  # noqa: E402 # pylint: disable=wrong-import-position

SIZE = 64 << 20
OTHER = 200  # a type of frames that nobody knows
WRITER = 77


def frame(length, crc):
    return struct.pack("<IIBBHIQ", length, crc, OTHER, 0, 0, 0, 0)


def frames_of(kind):
    """What is compressed, the count of frames, flags."""
    if kind == "crumb":
        sound = frame(24, reader.crc32c(frame(0, 0)[8:]))
        return sound + bytes(SIZE - len(sound)), 1, 1
    if kind == "sound":
        large = bytearray(frame(SIZE // 256, 0) + bytes(SIZE // 256 - 24))
        struct.pack_into("<I", large, 4, reader.crc32c(large[8:]))
        return bytes(large) * 256, 256, 1
    if kind == "spoilt":
        return frame(SIZE, 1) + bytes(SIZE - 24), 1, 1
    if kind == "tiny":
        return frame(24, 1) * (SIZE // 24) + bytes(SIZE % 24), SIZE // 24, 1
    return bytes(SIZE), 1, 5 if kind == "split" else 1


def block(file_id, first, made):
    payload, count, flags = made
    header = bytearray(reader.BLOCK_MAGIC + struct.pack(
        "<HBBIQQIIII", 1, 1, flags, 0, WRITER, first, count, SIZE, len(payload),
        reader.crc32c(payload)))
    header += bytes(reader.BLOCK_HEADER - len(header))
    struct.pack_into("<I", header, 12, reader.crc32c(file_id + header))
    return bytes(header) + payload


def tangled(file_id):
    out, count = b"", 2000
    for i in range(count):
        size = (count - i - 1) * reader.BLOCK_HEADER
        header = bytearray(reader.BLOCK_MAGIC + struct.pack(
            "<HBBIQQIIII", 1, 1, 0, 0, WRITER, i, 1, size, size, 1))
        header += bytes(reader.BLOCK_HEADER - len(header))
        struct.pack_into("<I", header, 12, reader.crc32c(file_id + header))
        out += bytes(header)
    return out


def main():
    with open(sys.argv[1], "rb") as f:
        data = f.read()
    made, first = {}, 0
    for kind in sys.argv[3:]:
        if kind == "tangled":
            data += tangled(data[16:32])
            continue
        if kind not in made:
            raw, count, flags = frames_of(kind)
            packed = subprocess.run(["zstd", "-cq"], input=raw, check=True,
                                    stdout=subprocess.PIPE).stdout
            made[kind] = packed, count, flags
        data += block(data[16:32], first, made[kind])
        first += made[kind][1]
    with open(sys.argv[2], "wb") as f:
        f.write(data)


main()
