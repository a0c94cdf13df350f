#!/usr/bin/python3 -B
"""A model provider that lives on this machine: the double that tracehook is tried against.

It answers OpenAI-style chat completions (JSON and SSE), a tool endpoint, and a set of awkward
HTTP exchanges, over plain HTTP, HTTPS and HTTP/2 (ALPN h2, when python3-h2 is there). Every
answer holds a nonce that was never used before, so a replay that prints the same bytes cannot
have asked anybody. It makes its own CA and certificate when it starts.

    double.py --dir DIR [--host ADDRESS]

listens on free ports and then writes DIR/double.env (shell assignments: DOUBLE_HTTP, DOUBLE_HTTPS,
DOUBLE_PID, DOUBLE_CA, DOUBLE_LOG), with DIR/ca.pem beside it. DIR/double.log gets one line per
connection and one per request.

What an answer is stands in answers.py; h1.py and h2front.py put it on the wire.
"""

import argparse
import asyncio
import json
import logging
import os
import signal
import ssl
import subprocess
import sys
import tempfile

import answers
from h1 import serve_h1

try:
    from h2front import serve_h2
except ImportError:  # python3-h2 is a test dependency, the demo does without
    serve_h2 = None

NAMES = "DNS:localhost,DNS:model.example.test,DNS:tools.example.test,IP:127.0.0.1,IP:::1"


def openssl(*args):
    subprocess.run(["openssl", *args], check=True, stdin=subprocess.DEVNULL,
                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def make_certificates(out):
    """A CA of our own and a certificate for NAMES; keys stay in a private directory."""
    key_args = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    with tempfile.TemporaryDirectory() as keys:
        ca, ca_key = os.path.join(out, "ca.pem"), os.path.join(keys, "ca.key")
        cert, key = os.path.join(keys, "cert.pem"), os.path.join(keys, "cert.key")
        openssl("req", "-x509", *key_args, "-keyout", ca_key, "-out", ca,
                "-subj", "/CN=tracehook model double CA")
        openssl("req", "-x509", *key_args, "-keyout", key, "-out", cert, "-CA", ca,
                "-CAkey", ca_key, "-subj", "/CN=localhost", "-addext", "subjectAltName=" + NAMES,
                "-addext", "basicConstraints=critical,CA:FALSE")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert, key)
    context.set_alpn_protocols(["h2", "http/1.1"] if serve_h2 else ["http/1.1"])
    return context


class Log:
    def __init__(self, path):
        self.file = open(path, "a", buffering=1, encoding="utf-8")

    def __call__(self, **facts):
        self.file.write(json.dumps(facts) + "\n")


async def serve_connection(log, reader, writer):
    tls = writer.get_extra_info("ssl_object")
    protocol = tls.selected_alpn_protocol() if tls else None
    log(event="connection", tls=bool(tls), alpn=protocol)
    serve = serve_h2 if protocol == "h2" else serve_h1
    try:
        await serve(log, reader, writer)
    except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
        pass
    finally:
        writer.close()


async def run(args):
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)  # clients that hang up are no news
    log = Log(os.path.join(args.dir, "double.log"))
    answers.counted.append(log)

    async def accept(reader, writer):
        await serve_connection(log, reader, writer)

    plain = await asyncio.start_server(accept, args.host, 0, limit=1 << 20)
    secure = await asyncio.start_server(accept, args.host, 0, limit=1 << 20,
                                        ssl=make_certificates(args.dir))
    facts = {
        "DOUBLE_HTTP": plain.sockets[0].getsockname()[1],
        "DOUBLE_HTTPS": secure.sockets[0].getsockname()[1],
        "DOUBLE_PID": os.getpid(),
        "DOUBLE_CA": "'%s'" % os.path.join(os.path.abspath(args.dir), "ca.pem"),
        "DOUBLE_LOG": "'%s'" % os.path.join(os.path.abspath(args.dir), "double.log"),
    }
    env = os.path.join(args.dir, "double.env")
    with open(env + ".new", "w", encoding="utf-8") as f:
        f.writelines("%s=%s\n" % item for item in facts.items())
    os.rename(env + ".new", env)  # whoever waits for it finds it whole
    stop = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set_result, None)
    await stop
    os.unlink(env)
    os._exit(0)  # connections that stall on purpose would keep the loop waiting


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--dir", required=True, help="where ca.pem, double.env and double.log go")
    parser.add_argument("--host", default="127.0.0.1")
    try:
        asyncio.run(run(parser.parse_args()))
    except subprocess.CalledProcessError as error:
        sys.exit("double: openssl: " + error.stderr.decode())


if __name__ == "__main__":
    main()
