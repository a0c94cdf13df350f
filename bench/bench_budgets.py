"""What tracehook is held to, and whether it holds: the last table of bench/run. Each figure is the
median of its rounds, and stands in one of the tables before."""

from collections import namedtuple

from bench_machine import spread, table

Budget = namedtuple("Budget", "key what sign limit form")

BUDGETS = (
    Budget("record json", "recording: 1 KB calls, × direct", "≥", 0.93, "%.2f"),
    Budget("record http2", "recording: 1 KB calls over HTTP/2, × direct", "≥", 0.93, "%.2f"),
    Budget("record chat", "recording: 4 KB calls, × direct", "≥", 0.93, "%.2f"),
    Budget("record conversation", "recording: conversation, × direct", "≥", 0.95, "%.2f"),
    Budget("record SSE", "recording: SSE, × direct", "≥", 0.93, "%.2f"),
    Budget("record late", "recording: latest event of a paced SSE, ms later than direct", "≤", 1,
           "%.2f"),
    Budget("record 64 MB", "recording: 64 MB bodies, × direct", "≥", 0.65, "%.2f"),
    Budget("record p99 json", "recording: added to p99 of a 1 KB call, µs", "<", 20, "%.1f"),
    Budget("record p99 chat", "recording: added to p99 of a 4 KB call, µs", "<", 20, "%.1f"),
    Budget("record instructions", "recording: instructions added to a 1 KB call", "≤", 4000,
           "%d"),
    Budget("record file calls", "recording: file-system calls added to a 1 KB call", "≤", 0.05,
           "%.3f"),
    Budget("replay json", "replay: 1 KB calls, × direct", "≥", 1.2, "%.2f"),
    Budget("replay chat", "replay: 4 KB calls, × direct", "≥", 1.2, "%.2f"),
    Budget("replay conversation", "replay: conversation, × direct", "≥", 1.1, "%.2f"),
    Budget("replay mitm json", "replay: 1 KB calls, × mitmproxy's", "≥", 40, "%.0f"),
    Budget("replay mitm chat", "replay: 4 KB calls, × mitmproxy's", "≥", 40, "%.0f"),
    Budget("replay connection", "replay: a connection for each call, time × direct", "≤", 1.5,
           "%.2f"),
    Budget("replay look-up", "replay: median call of 100,000 spans × that of fewer", "≤", 1.1,
           "%.2f"),
    Budget("start µs", "start-up added to `true`, over an empty preload, µs", "≤", 60, "%.0f"),
    Budget("start instructions", "start-up: instructions added to `true`", "≤", 40000, "%d"),
    Budget("size json", "bytes per span: 1 KB calls", "≤", 450, "%.0f"),
    Budget("size conversation", "bytes per span: conversation of 60 turns", "≤", 1050, "%.0f"),
    Budget("size growth", "growth of a capture: exponent by turns", "≤", 1.05, "%.2f"),
    Budget("tools list", "`list` of 100,000 spans, s", "<", 1, "%.2f"),
    Budget("tools verify", "`verify` of 100,000 spans, GB of frames per s", "≥", 1, "%.2f"),
    Budget("memory", "peak memory added to a program, the worst row, KiB", "<", 8192, "%.0f"),
)


def median(values):
    values = sorted(values)
    middle = len(values) // 2
    return values[middle] if len(values) % 2 else (values[middle - 1] + values[middle]) / 2


class Budgets:
    def __init__(self):
        self.measured = {}

    def note(self, key, values):
        """Figures of the rounds of one row, or several rows whose worst counts."""
        assert any(b.key == key for b in BUDGETS), key
        values = [v for v in values if v is not None]
        if values and (key not in self.measured or self.is_worse(key, values)):
            self.measured[key] = values

    def is_worse(self, key, values):
        sign = next(b.sign for b in BUDGETS if b.key == key)
        old, new = median(self.measured[key]), median(values)
        return new < old if sign == "≥" else new > old

    @staticmethod
    def holds(budget, value):
        return {"≥": value >= budget.limit, "≤": value <= budget.limit,
                "<": value < budget.limit}[budget.sign]

    def say(self, everything, quick):
        """everything: also what was not measured."""
        rows = []
        for b in BUDGETS:
            values = self.measured.get(b.key)
            if not values and not everything:
                continue
            verdict = "not measured" if not values else (
                "holds" if self.holds(b, median(values)) else "**does not hold**")
            rows.append((b.what, ["%s %s" % (b.sign, "{:,}".format(b.limit)),
                                  spread(values or [], b.form), verdict]))
        if rows:
            title = "Budgets, of a quick run, whose figures mean nothing" if quick else "Budgets"
            table(title, ["budget", "measured", ""], rows)
