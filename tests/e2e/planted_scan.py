"""planted_scan.py SECRETS FILE…: a line for each secret of which something is found in the files:
its first 8 characters, or 9 of them in base64 (at any place in it), percent-encoded or in hex."""

import base64
import json
import sys


def forms(secret):
    start = secret[:8].encode()
    yield start
    yield start.hex().encode()
    yield start.hex().upper().encode()
    yield "".join(f"%{byte:02x}" for byte in start).encode()
    yield "".join(f"%{byte:02X}" for byte in start).encode()
    for before in range(3):
        text = base64.b64encode(b"x" * before + secret[:9].encode())
        # Without the characters that depend on what stands before and behind.
        yield text[4 if before else 0:(before + 9) // 3 * 4]


def main():
    with open(sys.argv[1], encoding="ascii") as f:
        planted = json.load(f)
    for path in sys.argv[2:]:
        with open(path, "rb") as f:
            data = f.read()
        for place, secret in planted.items():
            if any(form in data for form in forms(secret)):
                print(path, place)


main()
