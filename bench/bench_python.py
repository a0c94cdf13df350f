#!/usr/bin/python3 -B
"""A loop of calls by requests or httpx, under vcrpy on demand; prints its time as JSON.

    bench_python.py requests|httpx PORT CALLS CA [vcr CASSETTE]
"""

import contextlib
import json
import sys
import time


def loop(client, port, calls, ca):
    url = "https://localhost:%s/v1/search" % port
    if client == "requests":
        import requests
        session = requests.Session()
        session.trust_env = False  # REQUESTS_CA_BUNDLE would win over verify
        session.verify = ca
    else:
        import httpx
        session = httpx.Client(verify=ca)
    began = time.monotonic_ns()
    for i in range(calls):
        answer = session.post(url, json={"query": "a question of a tool", "nonce": i})
        assert answer.status_code == 200 and answer.json()
    return time.monotonic_ns() - began


def main():
    client, port, calls, ca = sys.argv[1:5]
    cassette = contextlib.nullcontext()
    if len(sys.argv) > 5:
        import vcr
        cassette = vcr.use_cassette(sys.argv[6], match_on=["method", "uri", "body"])
    with cassette:
        took = loop(client, port, int(calls), ca)
    print(json.dumps({"ns": took}))


if __name__ == "__main__":
    main()
