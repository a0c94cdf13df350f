#!/usr/bin/python3 -B
"""A second reader of capture files, written from capture/FORMAT.md alone.

    read_capture.py frames FILE      a JSON object per frame
    read_capture.py exchanges FILE   a JSON object per exchange: method, target, status, bodies
    read_capture.py transfers FILE   a JSON object per transfer: URLs, result, times
    read_capture.py annotations FILE a JSON object per annotation: span, score, label, data
    read_capture.py dns FILE         a JSON object per answer of a name server
    read_capture.py ends FILE        a JSON object per end of a connection
    read_capture.py unpacked FILE    every payload, as bytes, for searching
    read_capture.py kept FILE        a JSON object per value that was kept; TRACEHOOK_KEY_FILE names
                                     the capture's key, or, when it is a plain one, the user's
    read_capture.py verify FILE      a JSON object per seal, once it holds
    read_capture.py lenient FILE     as frames, but an object {"damage": offset} per damaged place

Reads the file and the live files beside it; an encrypted one with the key in TRACEHOOK_KEY_FILE.
Whatever is not as the format says is an error, told on stderr with its offset, and ends in exit
code 1: it is here to prove writers, not to be lenient.
Only "lenient" goes on behind damage, as FORMAT.md demands of readers: it proves ours.
"""

import base64
import glob
import hashlib
import json
import os
import struct
import subprocess
import sys
from dataclasses import dataclass

import aes_gcm

FILE_MAGIC, BLOCK_MAGIC, LIVE_MAGIC = (b"\x89" + name + b"\r\n\x1a\n"
                                       for name in (b"THC", b"THB", b"THL"))
FILE_HEADER, BLOCK_HEADER, LIVE_HEADER, FRAME_HEADER = 64, 96, 128, 24
CHECKED = 131072  # bytes of a split block's frames that have a checksum together
TYPES = {1: "RUN", 2: "PROCESS", 3: "PROCESS_END", 4: "NAME", 5: "CONN", 6: "CONN_END", 7: "LOST",
         8: "REQ_HEAD", 9: "REQ_DATA", 10: "REQ_TRAILER", 11: "REQ_END", 12: "RES_INFO",
         13: "RES_HEAD", 14: "RES_DATA", 15: "RES_TRAILER", 16: "RES_END", 21: "BODY_HASH",
         22: "CERTIFICATES", 23: "ANNOTATION", 24: "TRANSFER", 25: "LEFT", 26: "KEPT",
         27: "DNS"}


class BadFile(Exception):
    pass


def crc32c_table():
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x82f63b78 if byte & 1 else 0)
        yield byte


TABLE = list(crc32c_table())


def crc32c(data):
    crc = 0xffffffff
    for byte in data:
        crc = TABLE[(crc ^ byte) & 255] ^ crc >> 8
    return crc ^ 0xffffffff


@dataclass
class Frame:
    writer: int
    number: int
    type: str
    flags: int
    id: int
    time: int
    payload: bytes
    whole: bytes


def demand(condition, where, what):
    if not condition:
        raise BadFile("%s: %s" % (where, what))


def check_header(data, magic, where, file_id=b"", versions=(1,)):
    """Magic, version, and the checksum at offset 12, taken with itself as zero. A block's covers
    the file id before it: a block of another file is none of this one."""
    demand(data[:8] == magic, where, "magic")
    demand(struct.unpack_from("<H", data, 8)[0] in versions, where, "version")
    stored, = struct.unpack_from("<I", data, 12)
    demand(crc32c(file_id + data[:12] + bytes(4) + data[16:]) == stored, where, "header checksum")


def read_frames(data, writer, first, where):
    """Frames until the end of data or a length of 0."""
    at, number = 0, first
    while at + FRAME_HEADER <= len(data):
        length, crc, kind, flags, zero, ident, time = struct.unpack_from("<IIBBHIQ", data, at)
        if length == 0:
            return
        spot = "%s, frame at %d" % (where, at)
        demand(FRAME_HEADER <= length <= len(data) - at, spot, "length %d" % length)
        demand(crc32c(data[at + 8:at + length]) == crc, spot, "checksum")
        demand(zero == 0, spot, "reserved bytes")
        yield Frame(writer, number, TYPES.get(kind, str(kind)), flags, ident, time,
                    data[at + FRAME_HEADER:at + length], data[at:(at + length + 7) & ~7])
        padded = (length + 7) & ~7
        demand(not any(data[at + length:at + padded]), spot, "padding")
        at, number = at + padded, number + 1


# ---- encryption ----

class Keys:
    """Those made from the key of the file."""
    def __init__(self, master):
        self.block, self.live, self.check, self.token = (
            aes_gcm.derive(master, b"tracehook " + use)
            for use in (b"block", b"lives", b"check", b"token"))
        self.kept = aes_gcm.derive(master, b"tracehook kept ")


def read_key():
    with open(os.environ["TRACEHOOK_KEY_FILE"], "rb") as f:
        text = f.read()
    return Keys(text if len(text) == 32 else bytes.fromhex(text.decode()))


def admit(header, where):
    """The keys of an encrypted file, None of a plain one; and the header with its redaction key."""
    if not header[10] & 1:
        return None, header
    keys = read_key()
    demand(aes_gcm.encrypt_block(aes_gcm.round_keys(keys.check), header[16:32]) == header[48:64],
           where, "another key")
    token = aes_gcm.encrypt_block(aes_gcm.round_keys(keys.token), bytes(16))
    return keys, header[:32] + token + header[48:]


def decrypt_block(header, payload, where, file_id, keys):
    plain = bytearray(header)
    plain[44:48] = bytes(4)
    plain[12:16] = bytes(4)
    plain[12:16] = struct.pack("<I", crc32c(file_id + plain))
    demand(keys is not None and header[95] == 0, where, "a key, or the salt")
    payload = aes_gcm.decrypt(aes_gcm.derive(keys.block, header[80:95]), bytes(12),
                              file_id + bytes(plain), payload)
    demand(payload is not None, where, "tag")
    return payload


def decrypt_live(header, data, where, keys):
    """The frames of a live file as they would stand in a block."""
    key = aes_gcm.derive(keys.live, header[88:103])
    extra, at, out = header[72:88] + header[16:24], 0, b""
    number, = struct.unpack_from("<Q", header, 24)
    while at + FRAME_HEADER <= len(data):
        length, crc = struct.unpack_from("<II", data, at)
        if length == 0 or crc32c(data[at + 8:at + length]) != crc:
            break
        plain = aes_gcm.decrypt(key, u64(number) + bytes(4), extra, data[at + 8:at + length])
        demand(plain is not None, "%s, frame at %d" % (where, at), "tag")
        out += struct.pack("<II", 8 + len(plain), crc32c(plain)) + plain
        out += bytes(-len(out) % 8)
        at, number = (at + length + 7) & ~7, number + 1
    return out


# ---- what stands there already ----

def refers_to(data, before, payload, where):
    """The payload of a frame that refers; `before` is where that stands in the live file."""
    count, size = struct.unpack_from("<II", payload)
    demand(count > 0 and 8 + 12 * count <= len(payload) and size <= 262144, where, "references")
    at, out = 8 + 12 * count, b""
    for i in range(count):
        own, offset, length = struct.unpack_from("<III", payload, 8 + 12 * i)
        demand(length > 0 and LIVE_HEADER <= offset and offset + length <= before and
               at + own <= len(payload), where, "a reference")
        out += payload[at:at + own] + data[offset:offset + length]
        at += own
    out += payload[at:]
    demand(len(out) == size, where, "size of what is referred to")
    return out


def read_live(data, where, keys=None):
    """The frames of a live file."""
    check_header(data[:LIVE_HEADER], LIVE_MAGIC, where, versions=(1, 2))
    writer, first = struct.unpack_from("<QQ", data, 16)
    area, at = data[LIVE_HEADER:], LIVE_HEADER
    if data[10] & 1:
        area = decrypt_live(data[:LIVE_HEADER], area, where, keys)
    for frame in read_frames(area, writer, first, where):
        stands = at
        at += len(frame.whole)
        if data[8] == 2 and frame.type == "REQ_DATA" and frame.flags & 128:
            payload = refers_to(data, stands, frame.payload, "%s, frame at %d" % (where, stands))
            rest = bytes([frame.whole[8], frame.flags & 127]) + frame.whole[10:24] + payload
            frame.flags, frame.payload = frame.flags & 127, payload
            frame.whole = struct.pack("<II", 8 + len(rest), crc32c(rest)) + rest
            frame.whole += bytes(-len(frame.whole) % 8)
        yield frame


# ---- split blocks ----

class Area:
    """Split frames, taken from the front."""
    def __init__(self, data, where):
        self.data, self.at, self.where = data, 0, where

    def take(self, size):
        demand(size <= len(self.data) - self.at, self.where, "split frames are too short")
        self.at += size
        return self.data[self.at - size:self.at]

    def varint(self):
        value = shift = 0
        while True:
            byte = self.take(1)[0]
            value |= (byte & 127) << shift
            if byte < 128:
                demand(value < 1 << 64, self.where, "a number of more than 64 bits")
                return value
            shift += 7

    def varints(self, count):
        return [self.varint() for _ in range(count)]

    def sums(self, count, bits):
        total, values = 0, []
        for value in self.varints(count):
            total = total + (value >> 1 ^ -(value & 1)) & (1 << bits) - 1
            values.append(total)
        return values


def join_frames(data, count, size, base, where):
    """The frames of a split block as they stood before."""
    area = Area(data, where)
    n_references, text_size = area.varints(2)
    types, flags = area.take(count), area.take(count)
    ids, times, lengths = area.sums(count, 32), area.sums(count, 64), area.varints(count)
    references = list(zip(*(area.varints(n_references) for _ in range(3))))
    checks = struct.unpack("<%dI" % -(-size // CHECKED), area.take(-(-size // CHECKED) * 4))
    text = Area(area.take(text_size), where)
    out, gap = bytearray(), references[0][0] if references else None
    for i in range(count):
        left, start = lengths[i], len(out)
        out += bytes(8) + struct.pack("<BBHIQ", types[i], flags[i], 0, ids[i], times[i])
        if types[i] not in (9, 14):
            out += text.take(left)
            left = 0
        while left:
            literal = left if gap is None else min(left, gap)
            out += area.take(literal)
            left -= literal
            gap = None if gap is None else gap - literal
            if left:
                _, distance, run = references.pop(0)
                from_, back = out, len(out) - distance
                if back < 0:
                    from_, back = base, back + len(base)
                demand(16 <= run <= min(left, distance) and 0 <= back <= len(from_) - run, where,
                       "a reference")
                out += from_[back:back + run]
                left -= run
                gap = references[0][0] if references else None
        struct.pack_into("<II", out, start, len(out) - start, crc32c(out[start + 8:]))
        out += bytes(-len(out) % 8)
    demand(area.at == len(data) and text.at == text_size and not references, where, "leftovers")
    demand(len(out) == size, where, "size of the frames")
    for i, check in enumerate(checks):
        demand(crc32c(out[i * CHECKED:(i + 1) * CHECKED]) == check, where, "a check")
    return bytes(out)


def find_base(header, bases, where):
    """The frames of the block that this one leans on."""
    writer, first = struct.unpack_from("<QQ", header, 16)
    base_first, size = struct.unpack_from("<QI", header, 48)
    demand(base_first < first, where, "a block that leans on one behind it")
    demand((writer, base_first, size) in bases, where, "a block leans on one that is not there")
    return bases[writer, base_first, size]


def check_told(header, frames, where):
    """What the header tells of the frames, if it does."""
    types, exchange, zero, latest = struct.unpack_from("<IIIQ", header, 60)
    if types == 0:
        return
    numbers = [int({v: k for k, v in TYPES.items()}.get(f.type, f.type)) for f in frames]
    bits = 0
    for number in numbers:
        bits |= 1 << number if number < 32 else 1
    highest = max([f.id for f, n in zip(frames, numbers) if 8 <= n <= 16], default=0)
    demand((types, exchange, zero, latest) == (bits, highest, 0, max(f.time for f in frames)),
           where, "what the header tells of the frames")


def read_block(data, at, where, file_id, bases, others=None, keys=None):
    """(frames, offset after the block); what is no block of frames goes to others. What later
    blocks may lean on is kept in bases."""
    header = data[at:at + BLOCK_HEADER]
    demand(len(header) == BLOCK_HEADER, where, "torn block header")
    check_header(header, BLOCK_MAGIC, where, file_id)
    kind, flags = header[10], header[11]
    demand(kind != 0 and (kind != 1 or flags & ~15 == 0), where, "block type or flags")
    demand(bool(flags & 2) == (keys is not None), where, "encrypted or not, and the file is not so")
    writer, first, count, plain, stored, crc = struct.unpack_from("<QQIIII", header, 16)
    payload = data[at + BLOCK_HEADER:at + BLOCK_HEADER + stored]
    demand(len(payload) == stored, where, "torn block")
    demand(crc32c(payload) == crc, where, "payload checksum")
    if flags & 2:
        payload = decrypt_block(header, payload, where, file_id, keys)
    if kind != 1:
        if others is not None:
            others.append((kind, payload))
        return [], at + BLOCK_HEADER + stored
    if flags & 1:
        payload = subprocess.run(["zstd", "-dcq"], input=payload, check=True,
                                 stdout=subprocess.PIPE).stdout
    if flags & 4:
        base = find_base(header, bases, where) if flags & 8 else b""
        payload = join_frames(payload, count, plain, base, where)
    demand(len(payload) == plain, where, "payload size")
    bases[writer, first, plain] = payload
    frames = list(read_frames(payload, writer, first, where))
    demand(len(frames) == count, where, "%d frames, not %d" % (len(frames), count))
    check_told(header, frames, where)
    return frames, at + BLOCK_HEADER + stored


def read_file(path):
    with open(path, "rb") as f:
        data = f.read()
    check_header(data[:FILE_HEADER], FILE_MAGIC, path)
    at, file_id, bases = FILE_HEADER, data[16:32], {}
    keys, _ = admit(data[:FILE_HEADER], path)
    while at < len(data):
        frames, at = read_block(data, at, "%s, block at %d" % (path, at), file_id, bases,
                                keys=keys)
        yield from frames
    for live in sorted(glob.glob(glob.escape(path) + "-live*")):
        with open(live, "rb") as f:
            data = f.read()
        yield from read_live(data, live, keys)


def read_all(path):
    """Every frame once, each writer's in order and without a gap."""
    writers = {}
    for frame in read_file(path):
        writers.setdefault(frame.writer, {})[frame.number] = frame
    for writer, frames in writers.items():
        demand(sorted(frames) == list(range(len(frames))), "writer %016x" % writer, "a gap")
        for number in sorted(frames):
            yield frames[number]


# ---- integrity ----

def sha256(text, *parts):
    return hashlib.sha256(text + b"".join(parts)).digest()


def u64(number):
    return struct.pack("<Q", number)


def chain(start, frames):
    """The values before the first frame and behind each one."""
    values = [start]
    for frame in frames:
        values.append(sha256(b"tracehook frame\n", values[-1], u64(frame.number), frame.whole))
    return values


def anchor(values, frames):
    for value, frame in zip(values[1:], frames):
        if frame.type == "PROCESS":
            return value
    return values[-1]


def check_seal(header, payload, previous, writers):
    """Demands that the seal holds; what it says, its hash among it."""
    version, flags, count, trace, time, before = struct.unpack_from("<HHI16sQ32s", payload)
    where = "seal of run %s" % trace.hex()
    demand(version == 1 and flags & ~1 == 0 and count > 0, where, "version, flags or count")
    demand(before == previous, where, "the seal before it")
    tags, anchors, total = payload[64 + 64 * count:], [], 0
    for i in range(count):
        writer, parent, zero, n, after, value = struct.unpack_from("<QIIQQ32s", payload,
                                                                   64 + 64 * i)
        demand(parent <= i and zero == 0, where, "entry %d" % i)
        mine = writers.get(writer, [])
        covered = [frame for frame in mine if frame.number < after]
        start = sha256(b"tracehook chain\n", header[16:48], u64(writer),
                       anchors[parent - 1] if parent else bytes(32))
        values = chain(start, covered)
        anchors.append(anchor(chain(start, mine), mine))
        demand(len(covered) == n and values[-1] == value, where, "chain of %016x" % writer)
        demand(len(mine) == n, where, "frames behind the seal")
        if flags & 1:
            demand(b"".join(v[:2] for v in values[1:]) == tags[2 * total:2 * (total + n)], where,
                   "tags of %016x" % writer)
        total += n
    demand(len(tags) == (2 * total if flags & 1 else 0), where, "size")
    return {"trace_id": trace.hex(), "time": time, "writers": count, "frames": total,
            "hash": sha256(b"tracehook seal\n\n", header[16:32], payload).hex()}


def verify(path):
    """Checks each seal, the newest of a run or not, as if the run had ended with it."""
    with open(path, "rb") as f:
        data = f.read()
    writers, others, at, previous, bases = {}, [], FILE_HEADER, bytes(32), {}
    keys, header = admit(data[:FILE_HEADER], path)
    for frame in read_all(path):
        writers.setdefault(frame.writer, []).append(frame)
    while at < len(data):
        _, at = read_block(data, at, "block at %d" % at, data[16:32], bases, others, keys)
    for kind, payload in others:
        if kind == 3:
            said = check_seal(header, payload, previous, writers)
            previous = bytes.fromhex(said["hash"])
            yield said


def find_block(data, at, file_id):
    """The next place from `at` on where a block header stands whose checksum holds."""
    while True:
        at = data.find(BLOCK_MAGIC, at)
        if at < 0 or at + BLOCK_HEADER > len(data):
            return len(data)
        try:
            check_header(data[at:at + BLOCK_HEADER], BLOCK_MAGIC, "", file_id)
            return at
        except BadFile:
            at += 1


def until_bad(frames):
    try:
        yield from frames
    except BadFile:
        pass


def read_lenient(path):
    """(frames, offsets of damage): a damaged block gives nothing, a live file ends at the first
    place where no frame stands."""
    with open(path, "rb") as f:
        data = f.read()
    check_header(data[:FILE_HEADER], FILE_MAGIC, path)
    at, file_id, writers, damage = FILE_HEADER, data[16:32], {}, []
    found, bases = [], {}
    while at < len(data):
        try:
            frames, at = read_block(data, at, "block", file_id, bases)
            found += frames
        except (BadFile, subprocess.CalledProcessError):
            damage.append(at)
            at = find_block(data, at + 1, file_id)
    for live in sorted(glob.glob(glob.escape(path) + "-live-*")):
        with open(live, "rb") as f:
            data = f.read()
        born = any(data[:8]) or any(data[LIVE_HEADER:LIVE_HEADER + 8])
        if born and data[72:88] == file_id:
            found += until_bad(read_live(data, live))
    for frame in found:
        writers.setdefault(frame.writer, {})[frame.number] = frame
    return [frames[n] for frames in writers.values() for n in sorted(frames)], damage


def head_fields(head, form):
    """[(name, value)]; the start line of HTTP/1 comes first, under the name ""."""
    if form == 0:
        start, *lines = head.decode("latin-1").strip("\r\n").split("\r\n")
        return [("", start)] + [tuple(s.strip() for s in line.split(":", 1)) for line in lines]
    fields, at = [], 0
    while at < len(head):
        name_size, value_size = struct.unpack_from("<HI", head, at)
        name = head[at + 6:at + 6 + name_size].decode("latin-1")
        at += 6 + name_size + value_size
        fields.append((name, head[at - value_size:at].decode("latin-1")))
    return fields


def take(exchange, frame):
    """Adds what one frame says of its exchange."""
    side, part = frame.type.split("_")
    if part == "HEAD":
        skip = 16 if side == "REQ" else 4
        exchange[side + "form"] = frame.payload[13 if side == "REQ" else 1]
        exchange[side + "head"] = exchange.get(side + "head", b"") + frame.payload[skip:]
    elif part == "DATA":
        exchange[side + "body"] = exchange.get(side + "body", b"") + frame.payload
    elif part == "END":
        exchange[side + "end"] = frame.payload[0]


def describe(exchange):
    request = dict(head_fields(exchange["REQhead"], exchange["REQform"]))
    response = dict(head_fields(exchange["REShead"], exchange["RESform"])
                    if "REShead" in exchange else [])
    method, target = (request[""].split(" ")[:2] if "" in request
                      else (request[":method"], request[":path"]))
    status = response[""].split(" ")[1] if "" in response else response.get(":status", "0")
    return {"method": method, "target": target, "response_status": int(status),
            "request_wire": base64.b64encode(exchange.get("REQbody", b"")).decode(),
            "response_wire": base64.b64encode(exchange.get("RESbody", b"")).decode(),
            "response_end": exchange.get("RESend")}


# ---- kept values ----

def kept(path):
    """What KEPT frames hold: {"token", "value"}; {"why"} of a writer that keeps none."""
    with open(path, "rb") as f:
        file_id = f.read(FILE_HEADER)[16:32]
    key = aes_gcm.derive(read_key().kept, file_id[:15])
    for frame in read_all(path):
        if frame.type != "KEPT":
            continue
        where = "writer %016x, frame %d" % (frame.writer, frame.number)
        if frame.payload[0]:
            yield {"why": frame.payload[0]}
            continue
        plain = aes_gcm.decrypt(key, frame.payload[4:16], file_id + u64(frame.writer),
                                frame.payload[16:])
        demand(plain is not None, where, "another key, or the tag")
        token, size = plain[:31].decode(), struct.unpack_from("<I", plain, 32)[0]
        padded = 1 << max(size - 1, 0).bit_length()
        demand(len(plain) == 40 + padded and not any(plain[40 + size:]), where, "padding")
        demand(token[-2:] == "%02d" % max(size - 1, 0).bit_length(), where, "length class")
        yield {"token": token, "value": plain[40:40 + size].decode("latin-1")}


def exchanges(frames):
    found = {}
    for frame in frames:
        if frame.type[:4] in ("REQ_", "RES_"):
            take(found.setdefault((frame.writer, frame.id), {}), frame)
    return [describe(exchange) for exchange in found.values() if "REQhead" in exchange]


MET = {2: "send", 4: "unread", 8: "looked", 16: "handed on"}
TRANSFER_TIMES = ("namelookup", "connect", "tls", "request", "first_byte", "redirect", "total")


def strings(payload, at):
    """The str16s from there to the end."""
    while at < len(payload):
        size = struct.unpack_from("<H", payload, at)[0]
        yield payload[at + 2:at + 2 + size].decode()
        at += 2 + size


def transfer(frame):
    """What a TRANSFER frame says."""
    names = ("handle", "thread", "connection", "result", "status", "api", "version", "redirects",
             "connects", "proxy_status", "reserved", "began")
    said = dict(zip(names, struct.unpack_from("<IIIiHBBIIHHQ", frame.payload)))
    said["times"] = dict(zip(TRANSFER_TIMES, struct.unpack_from("<7Q", frame.payload, 40)))
    texts = ("asked", "effective", "proxy", "error", "library")
    return {**said, **dict(zip(texts, strings(frame.payload, 96)))}


def dns(frame):
    """What a DNS frame says; of the message its id, flags and counts, and the question's name."""
    way, kind, size = struct.unpack_from("<BxHH", frame.payload)
    message = frame.payload[6 + size:]
    said = {"way": way, "type": kind, "name": frame.payload[6:6 + size].decode()}
    if not message:
        return {**said, "message": None}
    labels, at = [], 12
    while message[at]:
        labels.append(message[at + 1:at + 1 + message[at]].decode())
        at += 1 + message[at]
    flags, _, records = struct.unpack_from(">HHH", message, 2)
    return {**said, "question": ".".join(labels), "code": flags & 15, "records": records,
            "message": message.hex()}


def conn_end(frame):
    """What a CONN_END frame says; an end of a later version is an 8 with code 0."""
    names = ("end", "speaks", "met", "code", "sent", "received", "sent_unseen", "received_unseen")
    fields = struct.unpack("<BBHI4Q", frame.payload[:40].ljust(40, b"\0"))
    said = {"id": frame.id, **dict(zip(names, fields))}
    if said["end"] > 12:
        said["end"], said["code"] = 8, 0
    met = said["met"] if said["met"] & 1 else 0
    return {**said, "met": [name for bit, name in MET.items() if met & bit]}


def annotation(frame):
    """What an ANNOTATION frame says."""
    trace, span, root, flags, score = struct.unpack_from("<16s8sQB7xd", frame.payload)
    texts, at = [], 48
    for _ in range(4):
        size = struct.unpack_from("<H", frame.payload, at)[0]
        texts.append(frame.payload[at + 2:at + 2 + size].decode())
        at += 2 + size
    size = struct.unpack_from("<I", frame.payload, at)[0]
    data = frame.payload[at + 4:at + 4 + size]
    demand(len(data) == size, "annotation", "size of the data")
    return {"trace_id": trace.hex(), "span_id": span.hex(), "root": root,
            "score": score if flags & 1 else None,
            **dict(zip(("name", "label", "comment", "author"), texts)),
            "data": json.loads(data) if data else None}


def main():
    what, path = sys.argv[1:]
    damage = []
    try:
        if what == "lenient":
            frames, damage = read_lenient(path)
        elif what in ("verify", "kept"):
            for said in (verify if what == "verify" else kept)(path):
                print(json.dumps(said))
            return
        else:
            frames = list(read_all(path))
    except BadFile as error:
        sys.exit("read_capture: %s" % error)
    if what == "unpacked":
        sys.stdout.buffer.write(b"\n".join(frame.payload for frame in frames))
    elif what == "transfers":
        for frame in frames:
            if frame.type == "TRANSFER":
                print(json.dumps(transfer(frame)))
    elif what == "dns":
        for frame in frames:
            if frame.type == "DNS":
                print(json.dumps(dns(frame)))
    elif what == "ends":
        for frame in frames:
            if frame.type == "CONN_END":
                print(json.dumps(conn_end(frame)))
    elif what == "annotations":
        for frame in frames:
            if frame.type == "ANNOTATION":
                print(json.dumps(annotation(frame)))
    elif what == "exchanges":
        for exchange in exchanges(frames):
            print(json.dumps(exchange))
    else:
        for frame in frames:
            told = {**vars(frame), "payload": frame.payload.hex()}
            del told["whole"]
            print(json.dumps(told))
        for offset in damage:
            print(json.dumps({"damage": offset}))


if __name__ == "__main__":
    main()
