#!/usr/bin/python3 -B
"""A collector for tests: collector.py DIRECTORY ANSWER…

Writes its port to DIRECTORY/port, each request to DIRECTORY/N.path, N.headers and N.body, and gives
the answers one after the other, then 200: a status, "drop" (the connection is closed), "partial"
(three spans rejected, as JSON), "partial-protobuf" (the same, as protobuf)."""
import gzip
import http.server
import json
import pathlib
import sys

DIRECTORY, ANSWERS = pathlib.Path(sys.argv[1]), sys.argv[2:]
REASON = b"too many"
PARTIAL = json.dumps(
    {"partialSuccess": {"rejectedSpans": "3", "errorMessage": "too many"}}).encode()
PARTIAL_PROTOBUF = bytes([0x0A, 4 + len(REASON), 0x08, 3, 0x12, len(REASON)]) + REASON


class Collector(http.server.BaseHTTPRequestHandler):
    seen = 0

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers["Content-Encoding"] == "gzip":
            body = gzip.decompress(body)
        number, Collector.seen = Collector.seen, Collector.seen + 1
        (DIRECTORY / f"{number}.path").write_text(self.path)
        (DIRECTORY / f"{number}.headers").write_text(str(self.headers))
        (DIRECTORY / f"{number}.body").write_bytes(body)
        answer = ANSWERS[number] if number < len(ANSWERS) else "200"
        if answer == "drop":
            self.close_connection = True
            return
        said = {"partial": PARTIAL, "partial-protobuf": PARTIAL_PROTOBUF}.get(answer, b"")
        self.send_response(int(answer) if answer.isdigit() else 200)
        self.send_header("Retry-After", "0")
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *arguments):
        pass


server = http.server.HTTPServer(("127.0.0.1", 0), Collector)
(DIRECTORY / "port.new").write_text(str(server.server_address[1]))
(DIRECTORY / "port.new").rename(DIRECTORY / "port")
server.serve_forever()
