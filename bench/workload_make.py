#!/usr/bin/python3 -B
"""Writes a workload as a file that a server and a client can map.

    workload_make.py KIND COUNT [SEED] >FILE      KIND: json, chat, conversation, long, sse

Per call: u32 little-endian length and the request, u32 and the response, both whole HTTP/1.1
messages (workload_calls.py).
"""

import struct
import sys

from workload_calls import KINDS, calls


def main():
    if len(sys.argv) not in (3, 4) or sys.argv[1] not in KINDS:
        sys.exit(__doc__)
    seed = int(sys.argv[3]) if len(sys.argv) == 4 else 1
    for call in calls(sys.argv[1], int(sys.argv[2]), seed):
        for message in call:
            sys.stdout.buffer.write(struct.pack("<I", len(message)) + message)


if __name__ == "__main__":
    main()
