"""The tables of recording: against no recorder, other recorders, and one system call per call."""

import json
import os
import re
import socket
import subprocess
import time

from bench_machine import beside, ratios, spread, table

KINDS = ("json", "chat", "conversation")
PACED_CALLS = 2  # of 600 events, every 0.5 ms
EVENT_BYTES = 193  # a chunk of the workload sse: 187 bytes and its frame


def clear(machine):
    """Not between runs that are compared: ext4 looks past each inode that was deleted within the
    last five seconds when it makes a file, and freed pages come back at once."""
    for kind in ("run-*", "raw-*"):
        for path in machine.work.glob(kind):
            path.unlink()


def recording(machine, **more):
    """Into a capture of its own."""
    return machine.environment(LD_PRELOAD=machine.library,
                               TRACEHOOK_CAPTURE=machine.next_file("run-%d.thc"), **more)


def key_file(machine):
    path = machine.work / "capture.key"
    if not path.exists():
        path.write_text(os.urandom(32).hex() + "\n")
        path.chmod(0o600)
    return path


# ---- recording ----

def recorders(machine, ask):
    """Rows of a client asked by ask(environment)."""
    def raw(tap):
        return ask(machine.environment(LD_PRELOAD=machine.build / "bench" / tap,
                                       RAW_TAP_FILE=machine.next_file("raw-%d")))
    return {
        "direct": lambda: ask(machine.environment()),
        "empty preload": lambda: ask(machine.environment(
            LD_PRELOAD=machine.build / "bench/libempty_preload.so")),
        "limit: one write() per call": lambda: raw("libraw_tap.so"),
        "limit: a copy into a mapped file": lambda: raw("libmap_tap.so"),
        "tracehook": lambda: ask(recording(machine)),
        "tracehook, hash": lambda: ask(recording(machine, TRACEHOOK_BODY="hash")),
        "tracehook, encrypted": lambda: ask(
            recording(machine, TRACEHOOK_KEY_FILE=key_file(machine))),
    }


def with_strace(machine, rows, workload, calls, port):
    if machine.has("strace", "strace"):
        def traced():
            out, _ = machine.run(["strace", "-f", "-e", "trace=read,write", "-s", "65536", "-o",
                                  machine.work / "strace.out",
                                  machine.build / "bench/bench_client", workload, calls, port,
                                  "ca=%s" % machine.certificate])
            return json.loads(out) if out else None
        rows["strace -e read,write"] = traced


MITM_CALLS = 100  # it is slow: its time is that of so many, scaled


def scaled(result, factor):
    return result and dict(result, ns=result["ns"] * factor)


class Mitm:
    """mitmdump in front of a server: client → it → server."""

    def __init__(self, machine, port, *options):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = str(s.getsockname()[1])
        self.machine = machine
        self.process = machine.start(
            ["mitmdump", "-q", "--set", "confdir=%s" % (machine.work / "mitm"), "--ssl-insecure",
             "--mode", "reverse:https://127.0.0.1:%s" % port, "--listen-port", self.port] +
            list(options), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(200):
            time.sleep(0.1)
            try:
                socket.create_connection(("127.0.0.1", int(self.port)), 1).close()
                return
            except OSError:
                pass
        raise RuntimeError("mitmdump does not listen")

    def stop(self):
        self.machine.stop(self.process)


def with_mitm(machine, rows, workload, calls, port):
    if not machine.has("mitmdump", "mitmproxy"):
        return None
    proxy = Mitm(machine, port, "-w", str(machine.work / "flows"))

    few = min(calls, MITM_CALLS)
    rows["mitmdump -w"] = lambda: scaled(
        machine.client(workload, few, proxy.port, "insecure"), calls / few)
    return proxy


def measure_kind(machine, kind):
    workload, calls = machine.workload(kind), machine.calls(kind)
    server, port = machine.serve(workload)
    rows = recorders(machine, lambda e: machine.client(workload, calls, port, environment=e))
    with_strace(machine, rows, workload, calls, port)
    proxy = with_mitm(machine, rows, workload, calls, port)
    results = machine.turns(rows)
    if proxy:
        proxy.stop()
    machine.stop(server)
    clear(machine)
    return results


def measure_longer(machine, kind):
    """So many calls that live files are folded between them, and not at the end alone."""
    calls = machine.calls(kind, True)
    workload = machine.workload(kind, calls)
    server, port = machine.serve(workload)
    rows = recorders(machine, lambda e: machine.client(workload, calls, port, environment=e))
    results = machine.turns(rows)
    machine.stop(server)
    clear(machine)
    return results


def added(results, name, key, per=1000.0):
    return [(r[key] - b[key]) / per for b, r in beside(results, name)]


def measure_stream(machine, gap_us):
    calls = 2 if machine.quick else 20
    ca = "ca=%s" % machine.certificate
    workload = machine.workload("sse", calls)
    server, port = machine.serve(workload, "piece=%d" % EVENT_BYTES, "gap_us=%d" % gap_us)
    rows = recorders(machine, lambda e: machine.client(
        workload, PACED_CALLS if gap_us else calls, port, *([ca, "late"] if gap_us else [ca]),
        environment=e))
    results = machine.turns(rows)
    machine.stop(server)
    clear(machine)
    return results


def say_late(machine, results):
    """Of paced events: from being sent to being read by the client."""
    table("Recording: how late an event comes that is sent every 0.5 ms, µs",
          ["median", "p99", "latest"],
          [(name, [spread([r[key] / 1000 for r in rows if r], "%.0f")
                   for key in ("late_p50", "late_p99", "late_max")])
           for name, rows in results.items()])
    machine.budgets.note("record late", added(results, "tracehook", "late_max", 1e6))


def measure_threads(machine):
    workload, calls = machine.workload("json"), machine.calls("json")
    server, port = machine.serve(workload)
    rows = recorders(machine, lambda e: machine.client(
        workload, calls, port, "ca=%s" % machine.certificate, "threads=16", environment=e))
    results = machine.turns(rows)
    machine.stop(server)
    clear(machine)
    return results


def judge(machine, measured):
    note = machine.budgets.note
    for kind in KINDS + ("SSE",):
        note("record " + kind, ratios(measured[kind], "tracehook", "ns"))
    for kind in ("json", "chat"):
        note("record p99 " + kind, added(measured[kind], "tracehook", "p99"))
    for results in measured.values():
        for name in results:
            if name.startswith("tracehook"):
                note("memory", added(results, name, "peak_kb", 1))


def record(machine):
    measured = {kind: measure_kind(machine, kind) for kind in KINDS}
    measured["SSE"] = measure_stream(machine, 0)
    measured["SSE, paced"] = measure_stream(machine, 500)
    measured["16 threads"] = measure_threads(machine)
    measured["2,000 × chat"] = measure_longer(machine, "chat")
    measured["5 conversations"] = measure_longer(machine, "conversation")
    judge(machine, measured)
    names = list(measured["json"])
    table("Recording: throughput × direct", measured, [
        (name, [spread(ratios(r, name, "ns"), "%.2f") if name in r else "–"
                for r in measured.values()]) for name in names if name != "direct"])
    table("Recording: added to a call", ["%s %s" % (k, w) for k in KINDS
                                         for w in ("p50 µs", "p99 µs", "CPU µs")], [
        (name, [spread(added(measured[k], name, f, p), "%.1f") for k in KINDS
                for f, p in (("p50", 1e3), ("p99", 1e3), ("cpu_ns", 1e3 * machine.calls(k)))])
        for name in names if name.startswith(("limit", "tracehook"))])
    say_late(machine, measured["SSE, paced"])
    table("Recording: peak memory added, KiB", measured, [
        (name, [spread(added(r, name, "peak_kb", 1), "%.0f") for r in measured.values()])
        for name in names if name.startswith("tracehook")])


def http2(machine):
    if not (machine.has("h2load", "nghttp2-client") and machine.has("nghttpd", "nghttp2-server")):
        return
    root = machine.work / "www"
    root.mkdir(exist_ok=True)
    (root / "answer.json").write_bytes(os.urandom(512).hex().encode())
    server = machine.start(["nghttpd", "-d", root, "0", machine.key, machine.certificate, "-a",
                            "127.0.0.1"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(1)
    port = listening_port(server.pid)
    calls = 100 if machine.quick else 4000

    def ask(environment):
        out, _ = machine.run(["h2load", "-n", calls, "-c", 1, "-m", 1,
                              "https://127.0.0.1:%s/answer.json" % port], environment)
        speed = re.search(r"([\d.]+) req/s", out)
        return {"ns": 1e9 / float(speed[1])} if speed else None
    rows = recorders(machine, ask)
    results = machine.turns(rows)
    machine.stop(server)
    clear(machine)
    machine.budgets.note("record http2", ratios(results, "tracehook", "ns"))
    table("Recording over HTTP/2, 1 KB: throughput × direct", ["h2load"], [
        (name, [spread(ratios(results, name, "ns"), "%.2f")])
        for name in results if name != "direct"])


def listening_port(pid):
    """Of the process's one listening socket."""
    inodes = set()
    for fd in os.listdir("/proc/%d/fd" % pid):
        try:
            link = os.readlink("/proc/%d/fd/%s" % (pid, fd))
            inodes.update(re.findall(r"socket:\[(\d+)\]", link))
        except OSError:
            pass
    for line in open("/proc/net/tcp"):
        cells = line.split()
        if cells[3] == "0A" and cells[9] in inodes:
            return int(cells[1].split(":")[1], 16)
    raise RuntimeError("nghttpd does not listen")


def bodies(machine):
    workload = machine.workload("json", 20)
    sizes = {"1 MB": 1 << 20} if machine.quick else {"64 MB": 64 << 20, "1 GB": 1 << 30}
    measured = {}
    for name, size in sizes.items():
        server, port = machine.serve(workload, "body=%d" % size)

        def ask(environment):
            result = machine.client(workload, 1, port, environment=environment)
            clear(machine)  # else the disk is busy with them
            return result
        rows = recorders(machine, ask)
        if size >> 30:
            rows = {k: rows[k] for k in ("direct", "tracehook")}
        rounds, machine.rounds = machine.rounds, 1 if size >> 30 else machine.rounds
        measured[name] = machine.turns(rows)
        machine.rounds = rounds
        machine.stop(server)
    for size, results in measured.items():
        machine.budgets.note("memory", added(results, "tracehook", "peak_kb", 1))
        if size == "64 MB":
            machine.budgets.note("record 64 MB", ratios(results, "tracehook", "ns"))
    names = [n for n in measured[list(sizes)[0]] if n != "direct"]
    table("Large bodies: throughput × direct; peak memory added, KiB",
          [n + w for n in sizes for w in ("", ", KiB")],
          [(name, [cell for r in measured.values() for cell in (
              spread(ratios(r, name, "ns") if name in r else [], "%.2f"),
              spread(added(r, name, "peak_kb", 1) if name in r else [], "%.0f"))])
           for name in names])
