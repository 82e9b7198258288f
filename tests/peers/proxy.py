#!/usr/bin/env python3
"""An HTTP proxy: tunnels for CONNECT, and forwards what has an absolute http URI.

usage: proxy.py --port-file FILE --log FILE [--auth USER:PASSWORD] [--refuse STATUS]

Listens on a free port of 127.0.0.1 and writes its number to the port file. The log has one JSON line
for each request: method, target, headers. With --auth other requests are answered with 407, with
--refuse all are.
"""
import argparse
import base64
import json
import os
import socket
import threading
from urllib.parse import urlsplit

LOCK = threading.Lock()


def log(path, entry):
    with LOCK, open(path, "a", encoding="utf-8") as f:
        f.write(json.dumps(entry) + "\n")


def pump(source, sink):
    try:
        while data := source.recv(65536):
            sink.sendall(data)
    except OSError:
        pass
    for sock in (source, sink):
        try:
            sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def read_head(sock):
    data = b""
    while b"\r\n\r\n" not in data:
        piece = sock.recv(65536)
        if not piece:
            raise OSError("gone")
        data += piece
    head, _, rest = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ", 2)
    headers = {n.strip().lower(): v.strip() for n, _, v in (line.partition(":") for line in lines)}
    return method, target, headers, rest


def serve(sock, options):
    with sock:
        try:
            method, target, headers, rest = read_head(sock)
            log(options.log, {"method": method, "target": target, "headers": headers})
            wanted = base64.b64encode((options.auth or "").encode()).decode()
            refusal = options.refuse
            if options.auth and headers.get("proxy-authorization") != f"Basic {wanted}":
                refusal = "407 Proxy Authentication Required"
            if refusal:
                sock.sendall(f"HTTP/1.1 {refusal}\r\nContent-Length: 0\r\n\r\n".encode())
                return
            url = urlsplit(target if method != "CONNECT" else f"//{target}")
            with socket.create_connection((url.hostname, url.port or 80)) as other:
                if method == "CONNECT":
                    sock.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                else:
                    path = url.path + (f"?{url.query}" if url.query else "")
                    lines = [f"{n}: {v}" for n, v in headers.items() if not n.startswith("proxy-")]
                    rest = "\r\n".join([f"{method} {path} HTTP/1.1", *lines, "", ""]).encode() + rest
                other.sendall(rest)
                threading.Thread(target=pump, args=(sock, other), daemon=True).start()
                pump(other, sock)
        except (OSError, ValueError):
            pass


def main():
    parser = argparse.ArgumentParser(description="an HTTP proxy")
    parser.add_argument("--port-file", required=True)
    parser.add_argument("--log", required=True)
    parser.add_argument("--auth")
    parser.add_argument("--refuse")
    options = parser.parse_args()
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:
        with open(options.port_file + ".new", "w", encoding="ascii") as f:
            f.write(f"{server.getsockname()[1]}\n")
        os.rename(options.port_file + ".new", options.port_file)
        while True:
            sock, _ = server.accept()
            threading.Thread(target=serve, args=(sock, options), daemon=True).start()


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        pass
