#!/usr/bin/python3
"""Verdicts of foreign test suites, compared (script/foreign-suites).

    verdicts.py python DIRECT RECORD    two files that `python3 -m test --junit-xml` wrote
    verdicts.py curl DIRECT RECORD      two outputs of curl's runtests.pl

Prints a line for each test whose verdict differs, "NAME: VERDICT without the library, VERDICT
with it", and then "N alike, N differ". A run that left no verdicts differs in one test: the run. A
module of CPython that was skipped whole left a file without tests, or none; that it was skipped, or
OK without any test, is then read from the output beside it (X.log of X.out): one that failed to
load leaves the same file.
"""

import os
import re
import sys
import xml.etree.ElementTree as tree


def read_python(path):
    """{test: verdict}"""
    found = {}
    for case in tree.parse(path).getroot().iter("testcase") if os.path.exists(path) else ():
        bad = [child.tag for child in case if child.tag in ("failure", "error", "skipped")]
        found[case.get("name")] = bad[0] if bad else "ok"
    return found or skipped_module(os.path.splitext(path)[0] + ".log")


def skipped_module(path):
    """{the module: skipped}, or {} when the output does not say that it was"""
    with open(path, encoding="utf-8", errors="replace") as log:
        said = re.findall(r"^\S+ skipped(?: -- .*| \(resource denied\))$|^1 test OK\.$", log.read(),
                          re.MULTILINE)
    return {"the whole module": "skipped"} if said else {}


def read_curl(path):
    found, number = {}, None
    for line in open(path, encoding="utf-8", errors="replace"):
        begun = re.match(r"test (\d+)\.\.\.", line)
        skipped = re.match(r"test (\d+) SKIPPED: (.*)", line)
        if begun:
            number = begun[1].lstrip("0") or "0"
        elif skipped:
            found[skipped[1].lstrip("0") or "0"] = "skipped: " + skipped[2]
        elif number and re.search(r"\bOK \(\d+", line):
            found[number] = "ok"
        elif number and re.search(r"\bFAILED\b|\bfailed\b", line):
            found.setdefault(number, "failed")
    return found


def main():
    kind, *paths = sys.argv[1:]
    reader = {"python": read_python, "curl": read_curl}[kind]
    sides = []
    for path in paths:
        try:
            sides.append(reader(path))
        except (OSError, tree.ParseError):
            sides.append({})
    direct, record = sides
    if not direct or not record:
        direct["the run"] = "verdicts" if direct else "none"
        record["the run"] = "verdicts" if len(record) else "none, or none to compare with"
    differ = 0
    for name in sorted(direct.keys() | record.keys()):
        a, b = direct.get(name, "not run"), record.get(name, "not run")
        if a != b:
            differ += 1
            print("%s: %s without the library, %s with it" % (name, a, b))
    print("%d alike, %d differ" % (len(direct.keys() | record.keys()) - differ, differ))


if __name__ == "__main__":
    main()
