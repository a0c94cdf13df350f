"""A server of a test's own: the same talk over TLS (cert.pem, key.pem) and without.

serve(talk) writes both ports into the file "ports" and calls talk(socket) in a thread for each
connection, until the process is killed. Imported with PYTHONPATH=$top/tests/e2e.
"""

import os
import socket
import ssl
import threading


def answer(talk, sock, context):
    try:
        with context.wrap_socket(sock, server_side=True) if context else sock as s:
            talk(s)
    except (OSError, StopIteration):  # the client has gone
        pass


def accept(talk, listener, context):
    while True:
        sock, _ = listener.accept()
        threading.Thread(target=answer, args=(talk, sock, context), daemon=True).start()


def serve(talk, alpn=()):
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain("cert.pem", "key.pem")
    if alpn:
        tls.set_alpn_protocols(alpn)
    ports = []
    for context in tls, None:
        listener = socket.create_server(("127.0.0.1", 0))
        ports.append(str(listener.getsockname()[1]))
        threading.Thread(target=accept, args=(talk, listener, context), daemon=True).start()
    with open("ports.new", "w", encoding="ascii") as file:
        file.write(" ".join(ports))
    os.rename("ports.new", "ports")
    threading.Event().wait()
