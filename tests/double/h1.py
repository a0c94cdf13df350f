"""HTTP/1.1 on the wire: keep-alive, chunked both ways, Expect, HEAD, and rude ends."""

import asyncio
import socket
import struct

from answers import Cut, Data, Head, Request, Trailers, answer

REASONS = {103: "Early Hints", 200: "OK", 204: "No Content", 302: "Found", 304: "Not Modified"}


async def end_connection(writer, how):
    """Ends the connection as `how` says: "fin" (TLS: without close_notify), "rst", "notify",
    "never"."""
    await writer.drain()
    if how == "never":
        await asyncio.sleep(3600)
    if how == "notify":
        writer.close()
        return
    await asyncio.sleep(0.05)  # what was sent shall arrive first
    sock = writer.get_extra_info("socket")
    if how == "rst":
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    else:
        sock.shutdown(socket.SHUT_WR)
        await asyncio.sleep(0.2)  # closing before the client has read all would reset
    writer.transport.abort()


async def read_chunked(reader):
    body = b""
    while True:
        size = int((await reader.readline()).split(b";")[0], 16)
        if size == 0:
            while (await reader.readline()).strip():
                pass
            return body
        body += await reader.readexactly(size)
        await reader.readline()


async def read_request(reader, writer):
    """The next request, or None at the end of the connection."""
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except asyncio.IncompleteReadError:
        return None
    start, *lines = head.strip("\r\n").split("\r\n")
    method, target, version = start.split(" ")
    fields = [tuple(part.strip() for part in line.split(":", 1)) for line in lines]
    request = Request(method, target, fields, b"", version)
    if request.get("expect").lower() == "100-continue":
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    if "chunked" in request.get("transfer-encoding").lower():
        request.body = await read_chunked(reader)
    else:
        request.body = await reader.readexactly(int(request.get("content-length", "0")))
    return request


class Sender:
    """Puts one answer on the wire."""

    def __init__(self, writer, request):
        self.writer = writer
        self.bodiless = request.method == "HEAD"
        self.chunked = False

    def head(self, step):
        lines = ["HTTP/1.1 %d %s" % (step.status, REASONS.get(step.status, "Status"))]
        fields = list(step.fields)
        names = {name.lower() for name, _ in fields}
        final = step.status >= 200
        if final and step.status not in (204, 304) and not names & {"content-length", "connection"}:
            fields.append(("transfer-encoding", "chunked"))
            self.chunked = not self.bodiless
        lines += ["%s: %s" % (name.title(), value) for name, value in fields]
        self.writer.write("\r\n".join(lines + ["", ""]).encode("latin-1"))

    def data(self, data):
        if self.bodiless:
            return
        if self.chunked:
            data = b"%x\r\n%s\r\n" % (len(data), data)
        self.writer.write(data)

    def end(self, trailers):
        if self.chunked:
            lines = "".join("%s: %s\r\n" % field for field in trailers)
            self.writer.write(b"0\r\n" + lines.encode() + b"\r\n")


async def send_answer(request, writer):
    """False when the answer ended the connection."""
    sender, trailers = Sender(writer, request), []
    async for step in answer(request):
        if isinstance(step, Head):
            sender.head(step)
        elif isinstance(step, Data):
            sender.data(step.bytes)
        elif isinstance(step, Trailers):
            trailers = step.fields
        elif isinstance(step, Cut):
            await end_connection(writer, step.how)
            return False
        await writer.drain()
    sender.end(trailers)
    await writer.drain()
    return True


async def serve_h1(log, reader, writer):
    while True:
        request = await read_request(reader, writer)
        if request is None:
            return
        log(event="request", method=request.method, target=request.target, version="1.1",
            host=request.get("host"), bytes=len(request.body))
        if not await send_answer(request, writer):
            return
        if request.get("connection").lower() == "close" or request.version == "HTTP/1.0":
            return
