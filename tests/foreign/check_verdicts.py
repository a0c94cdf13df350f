#!/usr/bin/python3
"""What verdicts.py says of runs of CPython's suite: equal, differing, missing and skipped ones."""

import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
TWO = '<testsuites><testcase name="a" /><testcase name="b">%s</testcase></testsuites>'
EMPTY = '<testsuites tests="0" errors="0" failures="0" />'
SKIPPED = "0:00:00 [1/1] test_x\ntest_x skipped -- Use of the 'network' resource not enabled\n"
DENIED = "0:00:00 [1/1] test_x\ntest_x skipped (resource denied)\n"
NOTHING = "0:00:00 [1/1] test_x\n\n== Tests result: SUCCESS ==\n\n1 test OK.\n"
CRASHED = "test test_x crashed -- Traceback\nModuleNotFoundError: No module\ntest_x failed\n"

# (file and output without the library, file and output with it, last line)
CASES = [
    (TWO % "", "", TWO % "", "", "2 alike, 0 differ"),
    (TWO % "", "", TWO % "<failure />", "", "1 alike, 1 differ"),
    (EMPTY, SKIPPED, EMPTY, SKIPPED, "1 alike, 0 differ"),
    (None, DENIED, None, DENIED, "1 alike, 0 differ"),
    (EMPTY, NOTHING, EMPTY, NOTHING, "1 alike, 0 differ"),
    (EMPTY, NOTHING, EMPTY, CRASHED, "0 alike, 2 differ"),
    (EMPTY, CRASHED, EMPTY, CRASHED, "0 alike, 1 differ"),
    (EMPTY, SKIPPED, EMPTY, CRASHED, "0 alike, 2 differ"),
    (TWO % "", "", EMPTY, SKIPPED, "0 alike, 3 differ"),
    (None, "", None, "", "0 alike, 1 differ"),
]


def put(path, text):
    if text is not None:
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)


def verdict(case):
    with tempfile.TemporaryDirectory() as folder:
        sides = [os.path.join(folder, side) for side in ("direct", "record")]
        for at, side in enumerate(sides):
            put(side + ".out", case[2 * at])
            put(side + ".log", case[2 * at + 1])
        command = [sys.executable, os.path.join(HERE, "verdicts.py"), "python"]
        said = subprocess.run(command + [side + ".out" for side in sides], check=True,
                              capture_output=True, text=True)
        return said.stdout.splitlines()[-1]


def main():
    bad = [(case, said) for case in CASES if (said := verdict(case)) != case[-1]]
    for case, said in bad:
        print("%r\n  gives %r" % (case, said))
    sys.exit(bool(bad))


if __name__ == "__main__":
    main()
