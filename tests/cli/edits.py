#!/usr/bin/python3 -B
"""Edits a sealed capture frame by frame, repairing every length and checksum, and asks `tracehook
verify` each time: edits.py TOOL CAPTURE

Each frame of each block is changed (its payload, each field of its header), removed, doubled, put
behind the next one, put behind a stranger, and cut off with all behind it; the block is written
anew as it stands, compressed, split, or both. Said is in how many cases `verify` ended with 1 and
named the first frame that is not as it was, where it is, and no other run."""

import json
import os
import struct
import subprocess
import sys
from dataclasses import dataclass, field, replace

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "reader"))
import read_capture as reader  # noqa: E402 # pylint: disable=wrong-import-position

SEAL = 3
FORMS = {"plain": 0, "compressed": 1, "split": 4, "both": 5}


@dataclass
class Block:
    whole: bytes
    writer: int
    first: int
    frames: list = field(default_factory=list)


def blocks_of(data):
    at, bases, found = reader.FILE_HEADER, {}, []
    while at < len(data):
        frames, end = reader.read_block(data, at, "block at %d" % at, data[16:32], bases)
        found.append(Block(data[at:end], *struct.unpack_from("<QQ", data, at + 16),
                           [frame.whole for frame in frames]))
        at = end
    return found


# ---- writing ----

def repaired(frame):
    length, = struct.unpack_from("<I", frame)
    return frame[:4] + struct.pack("<I", reader.crc32c(frame[8:length])) + frame[8:]


def make_frame(kind, payload, flags=0, ident=0, time=0):
    length = reader.FRAME_HEADER + len(payload)
    frame = struct.pack("<IIBBHIQ", length, 0, kind, flags, 0, ident, time) + payload
    return repaired(frame + bytes(-length % 8))


def varint(value):
    out = b""
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def differences(values, bits):
    out, before = b"", 0
    for value in values:
        step = (value - before) % (1 << bits)
        step -= step >> bits - 1 << bits
        out += varint(2 * step if step >= 0 else -2 * step - 1)
        before = value
    return out


def split(frames):
    """Split frames without a reference."""
    heads = [struct.unpack_from("<IIBBHIQ", frame) for frame in frames]
    kinds, flags, ids, times = ([head[i] for head in heads] for i in (2, 3, 5, 6))
    payloads = [frame[reader.FRAME_HEADER:head[0]] for frame, head in zip(frames, heads)]
    is_body = [kind in (9, 14) for kind in kinds]
    texts, bodies = (b"".join(p for p, b in zip(payloads, is_body) if b == body)
                     for body in (False, True))
    whole = b"".join(frames)
    checks = b"".join(struct.pack("<I", reader.crc32c(whole[at:at + reader.CHECKED]))
                      for at in range(0, len(whole), reader.CHECKED))
    return (varint(0) + varint(len(texts)) + bytes(kinds) + bytes(flags) + differences(ids, 32) +
            differences(times, 64) + b"".join(varint(len(p)) for p in payloads) + checks + texts +
            bodies)


def make_block(file_id, block, form, kind=1):
    """With an index of zeros, which tells nothing."""
    size = sum(map(len, block.frames))
    payload = split(block.frames) if FORMS[form] & 4 else b"".join(block.frames)
    if FORMS[form] & 1:
        payload = subprocess.run(["zstd", "-cq"], input=payload, check=True,
                                 stdout=subprocess.PIPE).stdout
    header = bytearray(reader.BLOCK_MAGIC + struct.pack(
        "<HBBIQQIIII", 1, kind, FORMS[form], 0, block.writer, block.first, len(block.frames), size,
        len(payload), reader.crc32c(payload)))
    header += bytes(reader.BLOCK_HEADER - len(header))
    struct.pack_into("<I", header, 12, reader.crc32c(file_id + header))
    return bytes(header) + payload


# ---- edits ----

def changes(frame):
    """(what, the frame with one thing changed)"""
    length, = struct.unpack_from("<I", frame)
    at = reader.FRAME_HEADER
    altered = bytearray(frame)
    altered[(at + length) // 2 if length > at else 16] ^= 1
    yield repaired(bytes(altered))
    for at, bit in ((8, 64), (9, 64), (12, 1), (16, 1)):
        altered = bytearray(frame)
        altered[at] ^= bit
        yield repaired(bytes(altered))
    yield make_frame(frame[8], frame[reader.FRAME_HEADER:length] + b"12345678", frame[9],
                     *struct.unpack_from("<IQ", frame, 12))


def edits(frames, i):
    """(what it should be called, index of the first frame that is not as it was, frames)"""
    def instead(*those, skip=1):
        return frames[:i] + list(those) + frames[i + skip:]
    stranger = make_frame(200, b"stranger")
    last = i + 1 == len(frames)
    for altered in changes(frames[i]):
        yield "changed", i, instead(altered)
    yield "cut" if last else "removed", i, instead()
    yield "inserted", i, instead(stranger, frames[i])
    yield "inserted", i, instead(stranger, stranger, frames[i])
    yield "added" if last else "inserted", i + 1, instead(frames[i], frames[i])
    if not last:
        yield "reordered", i, instead(frames[i + 1], frames[i], skip=2)
    if i:
        yield "cut", i, frames[:i]


class Capture:
    def __init__(self, tool, path):
        self.tool, self.path = tool, path + ".edited"
        with open(path, "rb") as f:
            data = f.read()
        self.header, self.blocks = data[:reader.FILE_HEADER], blocks_of(data)

    def write(self, blocks):
        with open(self.path, "wb") as f:
            f.write(self.header + b"".join(blocks))

    def verify(self):
        """Exit code, {trace id: run}."""
        done = subprocess.run([self.tool, "verify", "--json", self.path], check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        said = [json.loads(line) for line in done.stdout.splitlines()]
        return done.returncode, {run["trace_id"]: run for run in said if run["kind"] == "run"}

    def try_edit(self, at, form, edit):
        """Is it found, and named?"""
        kind, number, frames = edit
        block, file_id = self.blocks[at], self.header[16:32]
        edited = make_block(file_id, replace(block, frames=frames), form)
        before = [b.whole for b in self.blocks[:at]]
        self.write(before + [edited] + [b.whole for b in self.blocks[at + 1:]])
        code, runs = self.verify()
        broken = [run for run in runs.values() if run["result"] == "broken"]
        if code != 1 or len(broken) != 1:
            return False
        fault = broken[0]["first_fault"]
        offset, inner = self.place(before, form, frames[:number])
        said = fault["kind"], fault["writer"], fault["frame"], fault["offset"], \
            fault.get("offset_in_block")
        return said == (kind, "%016x" % block.writer, block.first + number, offset, inner)

    @staticmethod
    def place(before, form, frames):
        offset, inner = reader.FILE_HEADER + sum(map(len, before)), sum(map(len, frames))
        if FORMS[form]:
            return offset, inner
        return offset + reader.BLOCK_HEADER + inner, None


def of_root(blocks):
    """(where its block is, where it is in that, number, frame) of each frame of the run's root."""
    root = next(block.writer for block in blocks if block.whole[10] == SEAL)
    return [(at, i, block.first + i, frame) for at, block in enumerate(blocks)
            if block.writer == root for i, frame in enumerate(block.frames)]


def same_tag(capture):
    """Changes the root's last frame so that its tag is as it was: what tells is the chain's end."""
    *before, (at, i, number, frame) = of_root(capture.blocks)
    writer = capture.blocks[at].writer
    value = reader.sha256(b"tracehook chain\n", capture.header[16:48], reader.u64(writer),
                          bytes(32))
    for _, _, n, whole in before:
        value = reader.sha256(b"tracehook frame\n", value, reader.u64(n), whole)

    def tag(whole):
        return reader.sha256(b"tracehook frame\n", value, reader.u64(number), whole)[:2]
    time, = struct.unpack_from("<Q", frame, 16)
    tries = (repaired(frame[:16] + struct.pack("<Q", time + more) + frame[24:])
             for more in range(1, 1 << 22))
    altered = next(whole for whole in tries if tag(whole) == tag(frame))
    frames = capture.blocks[at].frames
    capture.write([b.whole for b in capture.blocks[:at]] +
                  [make_block(capture.header[16:32],
                              replace(capture.blocks[at],
                                      frames=frames[:i] + [altered] + frames[i + 1:]), "plain")] +
                  [b.whole for b in capture.blocks[at + 1:]])
    code, runs = capture.verify()
    return code == 1 and [run["result"] for run in runs.values()].count("broken") == 1


def main():
    tool, path = sys.argv[1:]
    capture, tried, named = Capture(tool, path), {}, {}
    for at, block in enumerate(capture.blocks):
        for i in range(len(block.frames)):
            for form in FORMS:
                # All of them as they stand; of the other forms each edit of every fifth frame.
                if form != "plain" and (i + FORMS[form]) % 5:
                    continue
                for edit in edits(block.frames, i):
                    what = edit[0]
                    tried[what] = tried.get(what, 0) + 1
                    named[what] = named.get(what, 0) + capture.try_edit(at, form, edit)
    for what, n in tried.items():
        print("%s: %d of %d named" % (what, named[what], n))
    print("changed, with the tag that it had: %s" % ("found" if same_tag(capture) else "not found"))


if __name__ == "__main__":
    main()
