"""The tables of replays: against a live TLS server on loopback, mitmproxy, a socket without TLS."""

import os
import subprocess

from bench_machine import ratios, spread, table
from bench_record import MITM_CALLS, Mitm, added, clear, recording, scaled

KINDS = ("json", "chat", "conversation")
COLUMNS = {"json": "1 KB", "chat": "4 KB", "conversation": "conversation"}


def replaying(machine, capture):
    return machine.environment(LD_PRELOAD=machine.library, TRACEHOOK_MODE="replay",
                               TRACEHOOK_CAPTURE=capture)


def over_unix(machine, workload, calls, *options):
    path = machine.work / "socket"
    path.unlink(missing_ok=True)
    server, _ = machine.serve(workload, "unix=%s" % path, tls=False)
    r = machine.client(workload, calls, path, "plain", *options)
    machine.stop(server)
    return r


def with_mitm_replaying(machine, rows, workload, calls, port):
    if not machine.has("mitmdump", "mitmproxy"):
        return None
    few, flows = min(calls, MITM_CALLS), str(machine.work / "flows")
    recorder = Mitm(machine, port, "-w", flows)
    machine.client(workload, few * (machine.rounds + 1), recorder.port, "insecure")
    recorder.stop()
    proxy = Mitm(machine, port, "--server-replay", flows)
    rows["mitmdump --server-replay"] = lambda: scaled(
        machine.client(workload, few, proxy.port, "insecure"), calls / few)
    return proxy


def measure_kind(machine, kind):
    calls, ca = machine.calls(kind, True), "ca=%s" % machine.certificate
    workload, capture, port = machine.record_once(kind, calls)
    server, live = machine.serve(workload)
    rows = {
        "direct": lambda: machine.client(workload, calls, live, ca),
        "limit: a Unix socket without TLS": lambda: over_unix(machine, workload, calls),
        "tracehook": lambda: machine.client(
            workload, calls, port, ca, environment=replaying(machine, capture))}
    proxy = with_mitm_replaying(machine, rows, workload, calls, live)
    results = machine.turns(rows)
    if proxy:
        proxy.stop()
    machine.stop(server)
    return results


def measure_threads(machine):
    calls = machine.calls("json", True)
    workload = machine.workload("json", calls)
    options = ("ca=%s" % machine.certificate, "threads=16")
    capture = machine.work / "threads.thc"
    server, port = machine.serve(workload)
    machine.client(workload, calls, port, *options, environment=machine.environment(
        LD_PRELOAD=machine.library, TRACEHOOK_CAPTURE=capture))
    results = machine.turns({
        "direct": lambda: machine.client(workload, calls, port, *options),
        "limit: a Unix socket without TLS": lambda: over_unix(
            machine, workload, calls, "threads=16"),
        "tracehook": lambda: machine.client(
            workload, calls, port, *options, environment=replaying(machine, capture))})
    machine.stop(server)
    return results


def against_mitm(results):
    return ratios(results, "tracehook", "ns", "mitmdump --server-replay")


def judge(machine, measured):
    for kind in KINDS:
        results = measured[COLUMNS[kind]]
        machine.budgets.note("replay " + kind, ratios(results, "tracehook", "ns"))
        if kind != "conversation" and "mitmdump --server-replay" in results:
            machine.budgets.note("replay mitm " + kind, against_mitm(results))
    for results in measured.values():
        machine.budgets.note("memory", added(results, "tracehook", "peak_kb", 1))


def replay(machine):
    measured = {COLUMNS[kind]: measure_kind(machine, kind) for kind in KINDS}
    measured["16 threads"] = measure_threads(machine)
    judge(machine, measured)
    table("Replay: throughput × direct (a live TLS server on loopback)", measured, [
        (name, [spread(ratios(r, name, "ns"), "%.2f") if name in r else "–"
                for r in measured.values()])
        for name in measured["1 KB"] if name != "direct"])
    table("Replay: tracehook × others", measured, [
        ("throughput × mitmdump's", [
            spread(against_mitm(r), "%.0f") if "mitmdump --server-replay" in r else "–"
            for r in measured.values()]),
        ("median call, time × direct's", [
            spread([1 / x for x in ratios(r, "tracehook", "p50")], "%.2f")
            for r in measured.values()]),
        ("peak memory added to the program, KiB", [
            spread(added(r, "tracehook", "peak_kb", 1), "%.0f") for r in measured.values()])])
    connections(machine)
    processes(machine)
    look_ups(machine)


def connections(machine):
    calls = 10 if machine.quick else 200
    workload = machine.workload("json")
    capture = machine.work / "fresh.thc"
    ca = "ca=%s" % machine.certificate
    server, port = machine.serve(workload)
    machine.client(workload, calls, port, ca, "fresh", environment=machine.environment(
        LD_PRELOAD=machine.library, TRACEHOOK_CAPTURE=capture))
    results = machine.turns({
        "direct": lambda: machine.client(workload, calls, port, ca, "fresh"),
        "recorded": lambda: machine.client(workload, calls, port, ca, "fresh",
                                           environment=recording(machine)),
        "replayed": lambda: machine.client(workload, calls, port, ca, "fresh",
                                           environment=replaying(machine, capture))})
    machine.stop(server)
    times = {name: [1 / r for r in ratios(results, name, "p50")]
             for name in ("recorded", "replayed")}
    machine.budgets.note("replay connection", times["replayed"])
    table("A connection for each call: time × direct", ["1 KB"], [
        (name, [spread(values, "%.2f")]) for name, values in times.items()])


def processes(machine):
    """A process for each call, from the first one's start to the last one's end, by a shell."""
    calls = 3 if machine.quick else 20
    workload = machine.workload("json")
    capture = machine.work / "processes.thc"
    server, port = machine.serve(workload)
    loop = ["/bin/sh", "-c", "for i in %s; do %s %s 1 %s ca=%s >/dev/null || exit 1; done" % (
        " ".join(map(str, range(calls))), machine.build / "bench/bench_client", workload, port,
        machine.certificate)]
    machine.run(loop, machine.environment(
        LD_PRELOAD=machine.library, TRACEHOOK_CAPTURE=capture))
    empty = machine.environment(LD_PRELOAD=machine.build / "bench/libempty_preload.so")
    results = machine.turns({
        "direct": lambda: {"s": machine.run(loop, machine.environment())[1]},
        "empty preload": lambda: {"s": machine.run(loop, empty)[1]},
        "recorded": lambda: {"s": machine.run(loop, recording(machine))[1]},
        "replayed, the player's start in it": lambda: {
            "s": machine.run(loop, replaying(machine, capture))[1]}})
    machine.stop(server)
    table("A process for each of %d calls: time × direct" % calls, ["1 KB"], [
        (name, [spread([1 / r for r in ratios(results, name, "s")], "%.2f")])
        for name in results if name != "direct"])


def look_ups(machine):
    """The median call of a replay, by the number of spans in the capture. A run of ten calls is
    over before caches are warm, so there are more of them."""
    sizes = (10, 20) if machine.quick else (10, 1000, 100000)
    made = {n: machine.record_once("json", n) for n in sizes}

    def median_of(n, times):
        runs = [machine.client(made[n][0], n, made[n][2],
                               environment=replaying(machine, made[n][1]))
                for _ in range(times)]
        return {"p50": sorted(r["p50"] for r in runs if r)[times // 2]}
    rounds, machine.rounds = machine.rounds, min(3, machine.rounds)
    results = machine.turns({n: lambda n=n: median_of(n, 5 if n < 1000 else 1) for n in sizes})
    machine.rounds = rounds
    for fewer in sizes[:-1]:
        machine.budgets.note("replay look-up", [
            most["p50"] / few["p50"] for most, few in zip(results[sizes[-1]], results[fewer])])
    table("Replay of captures of many spans: the median call, µs", ["%d" % n for n in sizes], [
        ("tracehook", [spread([r["p50"] / 1000 for r in results[n]], "%.1f") for n in sizes])])
    clear(machine)
