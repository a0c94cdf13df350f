"""An agent with a secret in every place; see planted.sh.

    planted_agent.py --make FILE       makes the secrets: {place: secret}
    planted_agent.py FILE HTTPS-URL    says each of them where it belongs
"""

import gzip
import http.server
import json
import os
import secrets
import socket
import string
import subprocess
import sys
import threading

HEADERS = ["authorization", "x-api-key", "api-key", "x-goog-api-key", "x-amz-security-token",
           "x-auth-token", "mcp-session-id", "proxy-authorization", "xi-api-key", "dd-api-key",
           "ocp-apim-subscription-key", "x-vault-token", "private-token", "x-tenant-api-key",
           "x-billing-secret", "x-mine"]
QUERY = ["key", "api_key", "access_token", "token", "code", "client_secret", "X-Amz-Signature",
         "mine"]
PLACES = HEADERS + ["query " + name for name in QUERY] + [
    "cookie a", "cookie b", "bearer", "basic password", "user of a URL", "password of a URL",
    "user of a proxy", "password of a proxy", "referer", "x-forwarded-uri", "websocket protocol",
    "baggage field", "tracestate field", "baggage", "tracestate", "meta", "environment", "argument",
    "set-cookie", "second set-cookie", "location", "answer's session", "answer's token", "link",
    "request's trailer", "answer's trailer", "json password", "json pin", "e-mail", "key in a text",
    "tenant", "form", "answer's password", "event's delta", "in gzip", "websocket frame",
    "answer's e-mail"]
ALPHABET = string.ascii_letters + string.digits


def make(path):
    with open(path, "w", encoding="ascii") as f:
        json.dump({place: "".join(secrets.choice(ALPHABET) for _ in range(28))
                   for place in PLACES}, f)


class Server(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    planted = {}

    def reply(self, kind, body, *fields):
        self.send_response(302 if any(name == "Location" for name, _ in fields) else 200)
        for field in (("Content-Type", kind), ("Content-Length", str(len(body))), *fields):
            self.send_header(*field)
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        s = self.planted
        if self.path.startswith("/login"):
            self.reply("text/plain", b"in",
                       ("Set-Cookie", f"sid={s['set-cookie']}; Path=/; HttpOnly"),
                       ("Set-Cookie", f"other={s['second set-cookie']}"),
                       ("Location", f"/done?state=1&code={s['location']}"),
                       ("Mcp-Session-Id", s["answer's session"]),
                       ("X-Auth-Token", s["answer's token"]),
                       ("Link", f"</next?api_key={s['link']}>; rel=next"))
        elif self.path.startswith("/events"):
            event = {"choices": [{"delta": {"content": s["event's delta"]}}]}
            self.reply("text/event-stream", f"data: {json.dumps(event)}\n\n".encode() * 3)
        elif self.path.startswith("/trailer"):
            self.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
                             b"Trailer: X-Api-Key\r\n\r\n2\r\nhi\r\n0\r\nX-Api-Key: "
                             + s["answer's trailer"].encode() + b"\r\n\r\n")
        elif self.path.startswith("/socket"):
            self.send_response(101)
            for field in (("Upgrade", "websocket"), ("Connection", "Upgrade")):
                self.send_header(*field)
            self.end_headers()
            text = s["websocket frame"].encode()
            self.wfile.write(bytes([0x81, len(text)]) + text)
            self.close_connection = True
        else:
            self.reply("application/json", b"{}")

    def do_POST(self):
        if self.headers.get("Transfer-Encoding"):
            while self.rfile.readline().strip():
                pass
        else:
            self.rfile.read(int(self.headers["Content-Length"]))
        self.reply("application/json", json.dumps(
            {"password": self.planted["answer's password"],
             "text": "ask " + self.planted["answer's e-mail"] + "@example.org"}).encode())

    def log_message(self, *_):
        pass


def talk(port, request):
    with socket.create_connection(("127.0.0.1", port)) as s:
        s.sendall(request)
        s.shutdown(socket.SHUT_WR)
        while s.recv(65536):
            pass


def post(port, kind, body, *fields):
    head = f"POST /v1/ask HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: {kind}\r\n"
    head += "".join(field + "\r\n" for field in fields)
    talk(port, f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)


def curl(*arguments):
    done = subprocess.run(["curl", "-sS", "-o", "/dev/null", "--max-time", "20", *arguments],
                          check=False)
    print("curl", done.returncode)


def asked_by_curl(s, port, https):
    fields = [f"{name}: {s[name]}" for name in HEADERS]
    fields += [f"Cookie: a={s['cookie a']}; b={s['cookie b']}",
               f"Referer: https://h/?api_key={s['referer']}",
               f"X-Forwarded-Uri: /x?access_token={s['x-forwarded-uri']}",
               f"Baggage: api_key={s['baggage field']},user=1",
               f"Tracestate: token={s['tracestate field']}"]
    query = "&".join(f"{name}={s['query ' + name]}" for name in QUERY)
    for url, version in ((https, "1.1"), (https, "2"), (f"http://127.0.0.1:{port}", "1.1")):
        headers = [word for field in fields for word in ("-H", field)]
        curl(f"--http{version}", *headers, f"{url}/v1/models?{query}")
        curl(f"--http{version}", "-H", f"Authorization: Bearer {s['bearer']}", f"{url}/v1/models")
    curl("-u", f"me:{s['basic password']}", f"{https}/v1/models")
    curl("--noproxy", "", "-x",
         f"http://{s['user of a proxy']}:{s['password of a proxy']}@127.0.0.1:{port}",
         f"http://{s['user of a URL']}:{s['password of a URL']}@model.example.test/v1/models")
    curl("-L", "--max-redirs", "1", f"http://127.0.0.1:{port}/login")
    curl(f"nonsense://h/?api_key={s['query api_key']}")


def bodies(s, port):
    ask = {"password": s["json password"], "deep": {"x": {"pin": s["json pin"]}},
           "to": s["e-mail"] + "@example.org", "text": "use sk-proj-" + s["key in a text"] + " now",
           "of": "tenant-" + s["tenant"]}
    post(port, "application/json", json.dumps(ask).encode())
    post(port, "application/x-www-form-urlencoded", f"a=1&mine={s['form']}".encode())
    post(port, "application/json", gzip.compress(json.dumps({"x": s["in gzip"]}).encode(), 0),
         "Content-Encoding: gzip")
    trailer = s["request's trailer"]
    talk(port, "POST /t HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n"
         f"\r\n2\r\nhi\r\n0\r\nX-Api-Key: {trailer}\r\n\r\n".encode())
    for path in ("/events", "/trailer"):
        talk(port, f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    talk(port, "GET /socket HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
         f"Sec-WebSocket-Protocol: realtime, key.{s['websocket protocol']}\r\n\r\n".encode())


def main():
    if sys.argv[1] == "--make":
        make(sys.argv[2])
        return
    with open(sys.argv[1], encoding="ascii") as f:
        Server.planted = s = json.load(f)
    if len(sys.argv) == 3:
        # Once more, as an agent is started: with secrets in its environment and arguments.
        os.environ["OPENAI_API_KEY"] = s["environment"]
        os.execv(sys.executable, [sys.executable, *sys.argv, s["argument"]])
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    asked_by_curl(s, server.server_address[1], sys.argv[2])
    bodies(s, server.server_address[1])


main()
