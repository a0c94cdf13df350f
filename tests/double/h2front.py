"""HTTP/2 on the wire, by python3-h2: every stream answers in a task of its own."""

import asyncio

import h2.config
import h2.connection
import h2.events
import h2.exceptions

from answers import Cut, Data, Head, Request, Trailers, answer
from h1 import end_connection

CONNECTION_FIELDS = {"connection", "transfer-encoding"}


class Connection:
    def __init__(self, log, reader, writer):
        self.log, self.reader, self.writer = log, reader, writer
        config = h2.config.H2Configuration(client_side=False, header_encoding="utf-8")
        self.h2 = h2.connection.H2Connection(config)
        self.requests = {}  # stream → Request being received
        self.window = asyncio.Event()  # set when the peer allows more
        self.tasks = set()

    async def flush(self):
        data = self.h2.data_to_send()
        if data:
            self.writer.write(data)
            await self.writer.drain()

    def begin(self, event):
        pseudo = {n: v for n, v in event.headers if n.startswith(":")}
        fields = [(n, v) for n, v in event.headers if not n.startswith(":")]
        fields.insert(0, ("host", pseudo.get(":authority", "")))
        self.requests[event.stream_id] = Request(pseudo[":method"], pseudo[":path"], fields, b"",
                                                 "HTTP/2")
        if any(n == "expect" for n, _ in fields):
            self.h2.send_headers(event.stream_id, [(":status", "100")])

    def finish(self, stream):
        request = self.requests.pop(stream)
        self.log(event="request", method=request.method, target=request.target, version="2",
                 host=request.get("host"), bytes=len(request.body))
        task = asyncio.get_running_loop().create_task(self.send_answer(stream, request))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def send_data(self, stream, data):
        while data:
            room = min(self.h2.local_flow_control_window(stream), self.h2.max_outbound_frame_size)
            if room <= 0:
                self.window.clear()
                await self.window.wait()
                continue
            self.h2.send_data(stream, data[:room])
            data = data[room:]
            await self.flush()

    async def send_step(self, stream, request, step):
        if isinstance(step, Head):
            fields = [(n.lower(), v) for n, v in step.fields if n not in CONNECTION_FIELDS]
            self.h2.send_headers(stream, [(":status", str(step.status)), *fields])
        elif isinstance(step, Data) and request.method != "HEAD":
            await self.send_data(stream, step.bytes)
        elif isinstance(step, Cut):
            await self.cut(stream, step.how)
        await self.flush()

    async def cut(self, stream, how):
        """One stream ends badly; only "fin" and "goaway" take the connection with it.
        "rst8" resets the stream with error code 8."""
        if how == "goaway":
            self.h2.close_connection(error_code=2)
            await self.flush()
            await end_connection(self.writer, "notify")
        elif how == "fin":
            await end_connection(self.writer, how)
        else:
            code = how[3:] if how.startswith("rst") else ""
            self.h2.reset_stream(stream, error_code=int(code or 2))

    async def send_answer(self, stream, request):
        trailers = []
        try:
            async for step in answer(request):
                if isinstance(step, Trailers):
                    trailers = step.fields
                    continue
                await self.send_step(stream, request, step)
                if isinstance(step, Cut):
                    return
            if trailers:
                self.h2.send_headers(stream, trailers, end_stream=True)
            else:
                self.h2.end_stream(stream)
            await self.flush()
        except (ConnectionError, h2.exceptions.ProtocolError):
            pass  # the client left the stream or the connection

    def handle(self, event):
        if isinstance(event, h2.events.RequestReceived):
            self.begin(event)
        elif isinstance(event, h2.events.DataReceived):
            self.requests[event.stream_id].body += event.data
            self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, h2.events.StreamEnded):
            self.finish(event.stream_id)
        elif isinstance(event, (h2.events.WindowUpdated, h2.events.RemoteSettingsChanged)):
            self.window.set()

    async def run(self):
        self.h2.initiate_connection()
        await self.flush()
        while True:
            data = await self.reader.read(1 << 16)
            if not data:
                return
            for event in self.h2.receive_data(data):
                self.handle(event)
            await self.flush()


async def serve_h2(log, reader, writer):
    connection = Connection(log, reader, writer)
    try:
        await connection.run()
    except h2.exceptions.ProtocolError:
        await connection.flush()
    finally:
        for task in list(connection.tasks):
            task.cancel()
