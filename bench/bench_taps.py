"""What each way to a program's TLS costs: the shared library's functions, those inside the program,
the relay. Each is shown beside the same program without a recorder."""

import shutil
import statistics
import subprocess

from bench_machine import Machine, ratios, spread, table
from bench_record import clear, recording

FRESH_CALLS = 300


def programs(machine):
    """Ways and the program that takes each."""
    found = {"a shared libssl": machine.build / "bench/bench_client"}
    static = machine.build / "bench/bench_client_static"
    if not static.exists():
        machine.miss("hooks inside the program, relay", "libssl-dev has no libssl.a")
    elif machine.has("strip", "binutils"):
        stripped = machine.work / "client_stripped"
        shutil.copy(static, stripped)
        subprocess.run(["strip", stripped], check=True)
        found["hooks inside the program"] = static
        found["relay"] = stripped
    return found


def ask(machine, program, records, *arguments):
    """One run of it; its numbers."""
    made = recording if records else Machine.environment
    return machine.numbers([program] + list(arguments),
                           made(machine, SSL_CERT_FILE=machine.certificate))


def measure(machine, workload, calls, port, *options):
    rows = {}
    for way, program in programs(machine).items():
        for records in (False, True):
            rows[way, records] = (
                lambda program=program, records=records: ask(
                    machine, program, records, workload, calls, port, "trusted", *options))
    results = machine.turns(rows)
    clear(machine)
    return results


def taps(machine):
    """Set-up of connections, and what passes when they are open."""
    workload, calls = machine.workload("json"), machine.calls("json")
    chat, chats = machine.workload("chat"), machine.calls("chat")
    fresh = min(calls, FRESH_CALLS)
    server, port = machine.serve(workload)
    opened = measure(machine, workload, fresh, port, "fresh")
    small = measure(machine, workload, calls, port)
    machine.stop(server)
    server, port = machine.serve(chat)
    large = measure(machine, chat, chats, port)
    machine.stop(server)

    def us(results, key):
        return statistics.median(r["p50"] for r in results[key] if r) / 1000

    rows = [(way, [
        "%.0f µs" % us(opened, (way, False)), "%.0f µs" % us(opened, (way, True)),
        spread(ratios(small, (way, True), "ns", (way, False))),
        spread(ratios(large, (way, True), "ns", (way, False)))])
        for way, records in small if records]
    table("Ways to a program's TLS", ["new connection and call, direct", "recorded",
                                      "1 KB calls, × direct", "4 KB calls, × direct"], rows)
