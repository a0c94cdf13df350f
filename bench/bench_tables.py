"""Further tables of bench/run: Python's clients, start-up, counts, captures, tools. Each takes the
machine, measures, prints."""

import json
import math
import os
import re
import struct
import subprocess
import time

from bench_machine import HERE, ratios, spread, table
from bench_record import recording
from bench_replay import replaying

# ---- Python's clients ----

def has_module(machine, name, package):
    found = subprocess.run(["/usr/bin/python3", "-c", "import " + name],
                           stderr=subprocess.DEVNULL).returncode == 0
    if not found:
        machine.miss(name, "apt-get install " + package)
    return found


def python(machine):
    workload, calls = machine.workload("json"), 20 if machine.quick else 300
    server, port = machine.serve(workload, "quickack=1")
    columns, rows = [], {}
    for client in ("requests", "httpx"):
        columns.append(client)

        def ask(environment, *more, client=client):
            out, _ = machine.run(
                ["/usr/bin/python3", HERE + "/bench_python.py", client, port, calls,
                 machine.certificate] + list(more), environment)
            return json.loads(out) if out else None
        if not has_module(machine, client, "python3-" + client):
            continue
        kept = {}

        def record(a=ask, kept=kept):
            kept.update(recording(machine))
            return a(kept)
        made = {"direct": lambda a=ask: a(machine.environment()),
                "tracehook": record,
                "tracehook, replaying": lambda a=ask, kept=kept: a(
                    replaying(machine, kept["TRACEHOOK_CAPTURE"]))}
        if has_module(machine, "vcr", "python3-vcr"):
            def vcr(a=ask):
                (machine.work / "cassette.yaml").unlink(missing_ok=True)
                return a(machine.environment(), "vcr", machine.work / "cassette.yaml")
            made["vcrpy"] = vcr
            made["vcrpy, replaying"] = lambda a=ask: a(
                machine.environment(), "vcr", machine.work / "cassette.yaml")
        rows[client] = machine.turns(made)
    machine.stop(server)
    table("Python, 1 KB: throughput × direct", columns, [
        (name, [spread(ratios(rows[c], name, "ns") if name in rows.get(c, {}) else [], "%.2f")
                for c in columns])
        for name in ("tracehook", "vcrpy", "tracehook, replaying", "vcrpy, replaying")])


# ---- start-up ----

# Else one start of Python differs from the next by 150,000 instructions.
SEED = {"PYTHONHASHSEED": "0"}


def callgrind(environment):
    """The command. Not /usr/bin/valgrind, which is preloaded as well, where that can be helped:
    what is measured would be its child, and no longer the first process of a run."""
    tool = "/usr/libexec/valgrind/callgrind-amd64-linux"
    if not os.path.exists(tool):
        return ["valgrind"]
    environment.update(VALGRIND_LIB=os.path.dirname(tool), VALGRIND_LAUNCHER="/usr/bin/valgrind")
    return [tool]


def instructions(machine, environment, command, *options):
    out = subprocess.run(callgrind(environment) +
                         ["--tool=callgrind", "--callgrind-out-file=/dev/null"] +
                         list(options) + command, env=environment, cwd=machine.work,
                         stderr=subprocess.PIPE, stdout=subprocess.DEVNULL).stderr.decode()
    found = re.search(r"Collected : (\d+)", out)
    return int(found[1]) if found else None


def time_start(environment, command):
    """ns of a start and an end."""
    began = time.monotonic_ns()
    pid = os.posix_spawn(command[0], command, environment, file_actions=[
        (os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0)])
    os.waitpid(pid, 0)
    return time.monotonic_ns() - began


def time_starts(environments, command, n):
    """Median ns in each environment. By turns: what is measured is less than what the machine's
    mood makes of a start within a second."""
    took = [[time_start(e, command) for e in environments] for _ in range(n)]
    return [sorted(column)[n // 2] for column in zip(*took)]


def start_one(machine, name, command, empty, cells, counts):
    n = 3 if machine.quick else {"true": 300, "curl --version": 100}.get(name, 50)
    results = machine.turns({
        "by turns": lambda: time_starts([empty, recording(machine, **SEED)], command, n)})
    took = [(t - e) / 1000 for e, t in results["by turns"]]
    cells.append(spread(took, "%.0f"))
    if name == "true":
        machine.budgets.note("start µs", took)
    if machine.has("valgrind", "valgrind"):
        e = instructions(machine, dict(empty), command)
        t = instructions(machine, recording(machine, **SEED), command)
        counts.append("%d" % (t - e) if e and t else "–")
        if name == "true" and e and t:
            machine.budgets.note("start instructions", [t - e])


def start(machine):
    commands = {"true": ["/bin/true"], "curl --version": ["/usr/bin/curl", "--version"],
                "python3 -c pass": ["/usr/bin/python3", "-c", "pass"]}
    empty = machine.environment(LD_PRELOAD=machine.build / "bench/libempty_preload.so", **SEED)
    cells, counts = [], []
    os.chdir(machine.work)
    with machine.pinned():
        for name, command in commands.items():
            start_one(machine, name, command, empty, cells, counts)
    table("Start-up added to an empty preload", commands, [
        ("µs", cells)] + ([("instructions", counts)] if counts else []))


# ---- counts, which do not depend on what else the machine does ----

FILE_CALLS = ("open", "openat", "write", "writev", "pwrite64", "pwritev", "pread64", "ftruncate",
              "fallocate", "mmap", "munmap", "msync", "flock", "rename", "unlinkat", "newfstatat",
              "fsync")


def file_calls(machine, environment, command):
    out = machine.work / "calls.out"
    subprocess.run(["strace", "-f", "-c", "-o", out] +
                   ["-E%s=%s" % (k, environment.pop(k)) for k in ("LD_PRELOAD",)
                    if k in environment] + command,
                   env=environment, cwd=machine.work, stdout=subprocess.DEVNULL)
    return sum(int(cells[3]) for cells in map(str.split, out.read_text().splitlines())
               if cells and cells[-1] in FILE_CALLS)


def counts(machine):
    """What a call adds: the difference of a long run and a short one, with and without us. Without
    what is done at the process's end, which has its place under "CPU"."""
    few, many = (10, 20) if machine.quick else (100, 1100)
    workload = machine.workload("json", many)
    server, port = machine.serve(workload)

    def per_call(count, *options):
        numbers = []
        for environment in (machine.environment, lambda: recording(machine)):
            runs = [count(machine, environment(), [
                str(machine.build / "bench/bench_client"), str(workload), str(n), port,
                "ca=%s" % machine.certificate], *options) for n in (few, many)]
            numbers.append((runs[1] - runs[0]) / (many - few))
        return numbers[1] - numbers[0]
    cells = ["–", "–"]
    if machine.has("valgrind", "valgrind"):
        counted = per_call(instructions, "--toggle-collect=th_recorder_finish",
                           "--collect-atstart=yes")
        cells[0] = "%.0f" % counted
        machine.budgets.note("record instructions", [counted])
    if machine.has("strace", "strace"):
        counted = per_call(file_calls)
        cells[1] = "%.3f" % counted
        machine.budgets.note("record file calls", [counted])
    machine.stop(server)
    table("Added to a 1 KB call", ["instructions", "file-system calls"], [("tracehook", cells)])


# ---- the capture ----

def size(machine):
    rows = []
    for kind, spans in (("json", 2000), ("chat", 1000), ("conversation", 60)):
        spans = min(spans, machine.calls(kind))
        workload, capture, _ = machine.record_once(kind, spans)
        per_span = [path.stat().st_size / spans for path in (workload, capture)]
        rows.append((kind, ["%.0f" % n for n in per_span]))
        if kind != "chat":
            machine.budgets.note("size " + kind, per_span[1:])
    table("Bytes per span", ["as sent and received", "in the capture"], rows)
    turns = (10, 20) if machine.quick else (15, 30, 60)
    sizes = [machine.record_once("conversation", n)[1].stat().st_size for n in turns]
    grown = math.log(sizes[-1] / sizes[0]) / math.log(turns[-1] / turns[0])
    machine.budgets.note("size growth", [grown])
    print("Growth with turns, of which each resends all before: from %d to %d by their number to "
          "the %.2f (1 = linear)\n" % (turns[0], turns[-1], grown))


FILE_HEADER, BLOCK_HEADER = 64, 96


def frame_bytes(capture):
    """Of all blocks, before compression (capture/FORMAT.md)."""
    data, at, total = capture.read_bytes(), FILE_HEADER, 0
    while at + BLOCK_HEADER <= len(data):
        kind = data[at + 10]
        size, stored = struct.unpack_from("<II", data, at + 36)
        total += size if kind == 1 else 0
        at += BLOCK_HEADER + stored
    return total


def tools(machine):
    """On a sealed capture, else there is nothing to verify; on all cores."""
    spans = 20 if machine.quick else 100000
    workload, capture, _ = machine.record_once("json", spans)
    machine.run([machine.tool, "seal", capture])
    commands = {"list": ["list"], "tree": ["tree"], "verify": ["verify"], "spans": ["spans"],
                "dump --json": ["dump", "--json"]}
    results = machine.turns({name: lambda c=c: {"s": machine.run(
        [machine.tool] + c + [capture], pinned=False)[1]} for name, c in commands.items()})
    frames = frame_bytes(capture)
    seconds = {c: [r["s"] for r in results[c]] for c in commands}
    machine.budgets.note("tools list", seconds["list"])
    machine.budgets.note("tools verify", [frames / s / 1e9 for s in seconds["verify"]])
    table("Tools on %d spans (%.1f MB of frames in %.1f MB of file): seconds" % (
        spans, frames / 1e6, capture.stat().st_size / 1e6), commands, [
            ("s", [spread(seconds[c], "%.2f") for c in commands])])
