"""What the tables of bench/run stand on: the programs, the workloads, servers, runs by turns."""

import contextlib
import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
CALLS = {"json": 2000, "chat": 1000, "conversation": 60}
LONGER = {"json": 4000, "chat": 2000, "conversation": 300}
MADE_MOST = 4000  # different calls; what is asked more often is asked again
# The kernel lets real-time programs have 95 % of a second, and takes the rest at any moment.
PAUSE = 0.1
ROUTINE = 20  # calls of a workload with --quick


def may_be_urgent():
    """May what is measured run before all else on its core? Who else is at work is not in the
    figures then."""
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
        return True
    except PermissionError:
        return False


class Machine:
    def __init__(self, build, work, quick):
        self.build, self.work, self.quick = build, work, quick
        self.rounds, self.failed = 1, []
        self.missing, self.servers = [], []
        self.budgets = None
        self.library = build / "shim/libtracehook.so"
        self.tool = build / "tools/tracehook"
        self.core = sorted(os.sched_getaffinity(0))[-1]
        self.urgent = may_be_urgent()
        self.certificate = work / "certificate.pem"
        self.key = work / "key.pem"
        self.made = {}
        self.files = 0
        if not (build / "bench/bench_client").exists():
            sys.exit("bench/run: %s has no bench programs: meson configure -Dtests=true %s, then "
                     "meson compile -C %s" % (build, build, build))
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
             "-nodes", "-days", "30", "-subj", "/CN=localhost", "-addext",
             "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", self.key, "-out",
             self.certificate], check=True, stderr=subprocess.DEVNULL)

    # ---- facts ----

    def describe(self):
        model = re.search(r"model name\s*: (.*)", open("/proc/cpuinfo").read())
        print("%s, %d cores, Linux %s, load %.1f, %s priority; %d rounds%s\n" % (
            model[1] if model else platform.machine(), os.cpu_count(), platform.release(),
            os.getloadavg()[0], "real-time" if self.urgent else "usual", self.rounds,
            ", quick" if self.quick else ""), flush=True)

    def has(self, program, package):
        found = shutil.which(program)
        if not found:
            self.miss(program, "apt-get install " + package)
        return found

    def miss(self, what, why):
        line = "%s: %s" % (what, why)
        if line not in self.missing:
            self.missing.append(line)

    def say_missing(self):
        for line in self.missing:
            print("left out: " + line)
        for line in self.failed:
            print("failed: " + line)

    def next_file(self, name):
        """A path that nothing was at."""
        self.files += 1
        return self.work / (name % self.files)

    # ---- workloads ----

    def calls(self, kind, longer=False):
        calls = (LONGER if longer else CALLS)[kind]
        return min(calls, ROUTINE) if self.quick else calls

    def workload(self, kind, calls=None):
        """A file of a kind: json, chat, conversation, sse."""
        calls = min(calls or self.calls(kind), MADE_MOST)
        path = self.work / ("%s-%d.work" % (kind, calls))
        if not path.exists():
            with open(path, "wb") as out:
                subprocess.run([sys.executable, "-B", HERE + "/workload_make.py", kind, str(calls)],
                               stdout=out, check=True)
        return path

    def record_once(self, kind, calls):
        """The workload, a capture of so many spans of it, and the port that was asked."""
        workload = self.workload(kind, calls)
        capture = self.work / ("%s-%d.thc" % (kind, calls))
        if not capture.exists():
            server, port = self.serve(workload)
            self.client(workload, calls, port, environment=self.environment(
                LD_PRELOAD=self.library, TRACEHOOK_CAPTURE=capture))
            self.stop(server)
            self.made[capture] = port
        return workload, capture, self.made[capture]

    # ---- programs ----

    def hurry(self):
        if self.urgent:
            os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))

    def pin(self):
        os.sched_setaffinity(0, {self.core})
        self.hurry()

    @contextlib.contextmanager
    def pinned(self):
        """What this process itself starts meanwhile."""
        before = os.sched_getaffinity(0)
        self.pin()
        try:
            yield
        finally:
            if self.urgent:
                os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
            os.sched_setaffinity(0, before)

    def start(self, arguments, **options):
        p = subprocess.Popen([str(a) for a in arguments], preexec_fn=self.pin, **options)
        self.servers.append(p)
        return p

    def stop(self, process):
        process.terminate()
        process.wait()
        self.servers.remove(process)

    def stop_all(self):
        for process in list(self.servers):
            self.stop(process)

    def serve(self, workload, *options, tls=True):
        """A running server and its port."""
        secret = [self.certificate, self.key] if tls else []
        p = self.start([self.build / "bench/bench_server", workload] + secret + list(options),
                       stdout=subprocess.PIPE)
        return p, p.stdout.readline().decode().strip()

    def environment(self, **variables):
        kept = {k: v for k, v in os.environ.items() if not k.startswith("TRACEHOOK_")}
        kept.update({k: str(v) for k, v in variables.items() if v is not None})
        return kept

    def run(self, arguments, environment=None, check=True, pinned=True):
        """Output, seconds."""
        began = time.monotonic()
        done = subprocess.run([str(a) for a in arguments], env=environment, cwd=self.work,
                              preexec_fn=self.pin if pinned else self.hurry,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=300)
        took = time.monotonic() - began
        if check and done.returncode:
            line = "%s: exit %d: %s" % (" ".join(str(a) for a in arguments)[-200:],
                                        done.returncode, done.stderr.decode()[-300:])
            self.failed.append(line)
        return done.stdout.decode(), took

    def client(self, workload, calls, port, *options, environment=None):
        out, _ = self.run([self.build / "bench/bench_client", workload, calls, port] +
                          (list(options) or ["ca=%s" % self.certificate]), environment)
        return json.loads(out) if out else None

    def numbers(self, arguments, environment):
        out, _ = self.run(arguments, environment)
        return json.loads(out) if out else None

    # ---- turns ----

    def turns(self, rows):
        """rows: {name: function that gives a dict of numbers, or None}. The dicts of each round;
        each holds as "direct" those of a direct run just before, since the machine's mood changes
        within a second. A round begins with another row each time: what runs behind a slow one is
        slower. Rows that need another one's files stand behind it in the first round."""
        results, names = {name: [] for name in rows}, list(rows)

        def run(name):
            time.sleep(PAUSE)
            return rows[name]()
        for turn in range(self.rounds):
            first = turn % len(names)
            for name in names[first:] + names[:first]:
                if "direct" not in rows or name == "direct":
                    results[name].append(run(name))
                    continue
                base, result = run("direct"), run(name)
                results[name].append(result and dict(result, direct=base))
        return results


def spread(values, form="%.3g"):
    values = [v for v in values if v is not None]
    if not values:
        return "–"
    middle = form % statistics.median(values)
    if len(values) == 1:
        return middle
    return "%s (%s–%s)" % (middle, form % min(values), form % max(values))


def beside(results, name, base="direct"):
    """Pairs of the base's numbers and the row's, where both are there."""
    if base == "direct":
        return [(r["direct"], r) for r in results[name] if r and r["direct"]]
    return [(b, r) for b, r in zip(results[base], results[name]) if b and r]


def ratios(results, name, key, base="direct"):
    """Of throughput: the base's time over the row's."""
    return [b[key] / r[key] for b, r in beside(results, name, base)]


def table(title, columns, rows):
    print("### %s\n\n| | %s |\n|%s" % (title, " | ".join(columns), " --- |" * (len(columns) + 1)))
    for name, cells in rows:
        print("| %s | %s |" % (name, " | ".join(cells)))
    print(flush=True)
