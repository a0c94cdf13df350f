"""planted_scan.py SECRETS FILE…: a line for each secret of which something is found in the files:
8 characters from its beginning, its middle or its end, plain, percent-encoded or in hex, or 9 of
them in base64 (at any place in it)."""

import base64
import json
import sys


def forms(secret):
    for at in (0, len(secret) // 2 - 4, len(secret) - 9):
        yield from forms_of(secret[at:at + 9])


def forms_of(piece):
    start = piece[:8].encode()
    yield start
    yield start.hex().encode()
    yield start.hex().upper().encode()
    yield "".join(f"%{byte:02x}" for byte in start).encode()
    yield "".join(f"%{byte:02X}" for byte in start).encode()
    for before in range(3):
        text = base64.b64encode(b"x" * before + piece.encode())
        # Without the characters that depend on what stands before and behind.
        yield text[4 if before else 0:(before + 9) // 3 * 4]


def read(path):
    """Without blocks of zeros: a disk has little else."""
    with open(path, "rb") as f:
        return b"".join(block for block in iter(lambda: f.read(4096), b"") if block.strip(b"\0"))


def main():
    with open(sys.argv[1], encoding="ascii") as f:
        planted = json.load(f)
    for path in sys.argv[2:]:
        data = read(path)
        for place, secret in planted.items():
            if any(form in data for form in forms(secret)):
                print(path, place)


main()
