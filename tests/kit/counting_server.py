#!/usr/bin/python3 -B
"""The kit's model server, counting what it says: counting_server.py KIT OPTION…

Every answer's bytes, as they were handed to the connection before anything could be cut, are a line
of the log ({"ev": "sent", "nonce": …}): what the server itself counted as tokens is in them. The
server is not changed: its routes are called through here.
"""
import base64
import sys

kit = sys.argv[1]
sys.argv[1:2] = []
sys.path.insert(0, kit + "/mockllm")
import mockllm  # noqa: E402


def note(req, resp, body):
    kind = next((v for k, v in resp.headers if k.lower() == "content-type"), "")
    mockllm.log(ev="sent", nonce=req.nonce, host=req.host, path=req.path, status=resp.status,
                type=kind, body=base64.b64encode(body).decode())


async def noted(req, resp, body):
    """Passes a generator's pieces on; what was said is noted however it ends."""
    said = b""
    try:
        async for piece in body:
            said += piece if isinstance(piece, bytes) else b""
            yield piece
    finally:
        note(req, resp, said)


route = mockllm.route


async def counting(req):
    resp = await route(req)
    if isinstance(resp, mockllm.Resp):
        if isinstance(resp.body, bytes):
            note(req, resp, resp.body)
        elif hasattr(resp.body, "__aiter__"):
            resp.body = noted(req, resp, resp.body)
    return resp


mockllm.route = counting
mockllm.asyncio.run(mockllm.main())
