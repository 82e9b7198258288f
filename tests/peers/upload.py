#!/usr/bin/env python3
"""A caller with a large body who is refused.

usage: upload.py URL TOKEN

Sends the head of a POST of 3 MB and its first 100 kB, and waits a second for the answer; then it sends the
rest. Prints "early" or "late", and the status.
"""
import select
import socket
import sys
from urllib.parse import urlsplit

LENGTH, FIRST, PATIENCE = 3000000, 100000, 20


def main(url, token):
    at = urlsplit(url)
    with socket.create_connection((at.hostname, at.port), PATIENCE) as s:
        s.sendall((f"POST {at.path} HTTP/1.1\r\nHost: {at.netloc}\r\nAuthorization: Bearer {token}\r\n"
                   f"Content-Type: text/plain\r\nContent-Length: {LENGTH}\r\n\r\n").encode() + b"x" * FIRST)
        when = "early" if select.select([s], [], [], 1)[0] else "late"
        if when == "late":
            s.sendall(b"x" * (LENGTH - FIRST))
        print(when, s.makefile("rb").readline().decode().split(" ")[1])


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__.strip())
    main(*sys.argv[1:])
