#!/usr/bin/python3 -B
"""Runs the commands of the README and of docs/: every fenced block marked "sh".

    run_docs.py SCRATCH

The blocks of one document are run in order in one directory, beside the double, with ./agent (the
demo's shell agent) in it, and tracehook in the path. A block fails when a command of it does.
"sh build" is what script/demo and clean_clone.sh do; "sh self" starts a script of this repository
(tests among them): of those it is proved that the script is there.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]
FENCE = re.compile(r"^```(\w*) ?(\w*)\n(.*?)^```$", re.M | re.S)
LINK = re.compile(r"\]\(([^)#:]+)\)")


def report(good, what, details=""):
    print("%sok - %s" % ("" if good else "not ", what))
    if not good:
        print("\n".join("#   " + line for line in details.splitlines()[-20:]))
    return good


def run_block(name, script, directory):
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", script], cwd=directory, timeout=60,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)
    return report(done.returncode == 0, name, "exit %d\n%s" % (done.returncode, done.stdout))


def check_self(name, script):
    programs = re.findall(r"(?:\./)?((?:script|tests|bench)/[\w./-]+)", script)
    missing = [p for p in programs if not os.access(TOP / p, os.X_OK)]
    return report(bool(programs) and not missing, name, "not there: %s" % missing)


def check_links(document):
    text = document.read_text(encoding="utf-8")
    dead = [link for link in LINK.findall(text) if not (document.parent / link).exists()]
    return report(not dead, "%s: its links lead somewhere" % document.name, "\n".join(dead))


def check_document(document, directory):
    directory.mkdir()
    shutil.copy(TOP / "demo/agent.sh", directory / "agent")
    good = check_links(document)
    for number, (language, kind, script) in enumerate(FENCE.findall(document.read_text()), 1):
        name = "%s, block %d" % (document.relative_to(TOP), number)
        if language != "sh":
            continue
        if kind == "self":
            good &= check_self(name, script)
        elif kind != "build":
            good &= run_block(name, script, directory)
    return good


def main():
    scratch = pathlib.Path(sys.argv[1])
    documents = [TOP / "README.md", *sorted((TOP / "docs").glob("*.md"))]
    results = [check_document(d, scratch / ("docs.%d" % n)) for n, d in enumerate(documents)]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
