#!/usr/bin/env python3
"""A web server's side of FastCGI, record by record, rightly and wrongly.

usage: fcgi.py WHERE [OPTION...] [STEP...]

WHERE is unix:PATH or HOST:PORT. The steps are taken in their order; without any they are those of a
good request: begin params params-end stdin stdin-end read.

  begin[:ROLE]     FCGI_BEGIN_REQUEST (role 1, the responder)
  params           FCGI_PARAMS with all parameters      params-end   the empty record behind them
  params-half      only the first half of their bytes
  stdin            FCGI_STDIN with the body             stdin-end    the empty record behind it
  stdin-half       only the first half of the body      stdin-rest   the other half
  abort            FCGI_ABORT_REQUEST
  values           FCGI_GET_VALUES with the three names of the specification
  header:V:T:N     a record's header: version, type, length; nothing behind it
  raw:HEX          these bytes
  again            a whole second request with the same parameters and body
  wait:MS          a pause
  touch:FILE       makes the file, for those who wait for it
  shut             ends our direction
  until:TEXT       reads until TEXT was received
  slow:BYTES:MS    reads to the end, at most BYTES every MS
  read             reads to the end
  answered         reads until every request that began is answered, or to the end
  cut              closes the connection; nothing more is done

Printed is one line
  END ANSWERS STATUS SECONDS
END is whole (FCGI_END_REQUEST came), cut (closed without it), silent (the time was over), refused
(no connection) or left (we closed it). ANSWERS is how many FCGI_END_REQUEST came; STATUS is none when no header
came. Then, unless there are several calls, the response as it came, after one line for each other record:
"values NAME=VALUE", "unknown TYPE", "protocol STATUS" (an FCGI_END_REQUEST that refuses).
With --count one line for each kind of outcome: COUNT END STATUS.
"""
import argparse
import collections
import random
import re
import socket
import struct
import sys
import threading
import time

BEGIN, ABORT, END, PARAMS, STDIN, STDOUT, STDERR = 1, 2, 3, 4, 5, 6, 7
GET_VALUES, VALUES, UNKNOWN = 9, 10, 11
RECORD_MAX = 0xFFF8
GOOD = "begin params params-end stdin stdin-end read".split()


def record(kind, content=b"", request=1, version=1):
    return struct.pack(">BBHHBx", version, kind, request, len(content), 0) + content


def records(kind, content, piece):
    return [record(kind, content[i:i + piece]) for i in range(0, len(content), piece)]


def pair(name, value):
    def length(n):
        return bytes([n]) if n < 128 else struct.pack(">I", n | 1 << 31)
    name, value = name.encode(), value.encode("utf-8", "surrogateescape")
    return length(len(name)) + length(len(value)) + name + value


def pairs(content):
    found, at = [], 0
    while at < len(content):
        sizes = []
        for _ in range(2):
            size = content[at]
            at += 1
            if size > 127:
                size = (size & 127) << 24 | int.from_bytes(content[at:at + 3], "big")
                at += 3
            sizes.append(size)
        name, value = content[at:at + sizes[0]], content[at + sizes[0]:at + sum(sizes)]
        at += sum(sizes)
        found.append(f"{name.decode()}={value.decode()}")
    return found


class Left(Exception):
    """We closed the connection."""


class Call:
    def __init__(self, where, options, parameters, body):
        self.where, self.options = where, options
        self.parameters = b"".join(pair(n, v) for n, v in parameters.items())
        self.body = body
        self.received = b""
        self.out, self.notes = b"", []
        self.begun, self.answers, self.closed = 0, 0, False
        self.sock = None
        self.deadline = time.monotonic() + options.timeout

    # -- sending

    def connect(self):
        if self.where.startswith("unix:"):
            self.sock, address = socket.socket(socket.AF_UNIX), self.where[5:]
        else:
            host, _, port = self.where.rpartition(":")
            self.sock, address = socket.socket(), (host, int(port))
        if self.options.rcvbuf:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self.options.rcvbuf)
        self.sock.settimeout(self.options.timeout)
        self.sock.connect(address)

    def send(self, *data):
        for piece in data:
            try:
                self.sock.sendall(piece)
            except (BrokenPipeError, ConnectionResetError):
                return  # what was said before is still to be read
            if self.options.apart:
                time.sleep(self.options.apart / 1000)

    def begin(self, role="1"):
        self.begun += 1
        keep = 1 if self.options.keep else 0
        self.send(record(BEGIN, struct.pack(">HB5x", int(role), keep)))

    def whole(self):
        piece = self.options.piece
        self.begin()
        self.send(*records(PARAMS, self.parameters, piece), record(PARAMS),
                  *records(STDIN, self.body, piece), record(STDIN))

    # -- receiving

    def take_records(self):
        while len(self.received) >= 8:
            _, kind, _, size, padding = struct.unpack(">BBHHBx", self.received[:8])
            if len(self.received) < 8 + size + padding:
                return
            content = self.received[8:8 + size]
            self.received = self.received[8 + size + padding:]
            self.take(kind, content)

    def take(self, kind, content):
        if kind == STDOUT:
            self.out += content
        elif kind == END:
            self.answers += 1
            if content[4]:
                self.notes.append(f"protocol {content[4]}")
        elif kind == VALUES:
            self.notes += [f"values {p}" for p in pairs(content)]
        elif kind == UNKNOWN:
            self.notes.append(f"unknown {content[0]}")

    def more(self, size=65536):
        """Whether there was more before the end."""
        self.sock.settimeout(max(self.deadline - time.monotonic(), 0.001))
        try:
            piece = self.sock.recv(size)
        except ConnectionResetError:
            piece = b""
        self.closed = not piece
        self.received += piece
        self.take_records()
        return bool(piece)

    def read(self, size=65536, pause=0.0):
        while self.more(size):
            time.sleep(pause)

    # -- steps

    def step(self, name, *rest):
        piece = self.options.piece
        half = len(self.parameters) // 2, len(self.body) // 2
        if name == "begin":
            self.begin(*rest)
        elif name == "params":
            self.send(*records(PARAMS, self.parameters, piece))
        elif name == "params-half":
            self.send(*records(PARAMS, self.parameters[:half[0]], piece))
        elif name == "params-end":
            self.send(record(PARAMS))
        elif name == "stdin":
            self.send(*records(STDIN, self.body, piece))
        elif name == "stdin-half":
            self.send(*records(STDIN, self.body[:half[1]], piece))
        elif name == "stdin-rest":
            self.send(*records(STDIN, self.body[half[1]:], piece))
        elif name == "stdin-end":
            self.send(record(STDIN))
        elif name == "abort":
            self.send(record(ABORT))
        elif name == "values":
            names = ("FCGI_MAX_CONNS", "FCGI_MAX_REQS", "FCGI_MPXS_CONNS")
            self.send(record(GET_VALUES, b"".join(pair(n, "") for n in names), request=0))
        elif name == "header":
            version, kind, size = (int(n) for n in rest)
            self.send(struct.pack(">BBHHBx", version, kind, 1, size, 0))
        elif name == "raw":
            self.send(bytes.fromhex(rest[0]))
        elif name == "again":
            self.whole()
        elif name == "wait":
            time.sleep(int(rest[0]) / 1000)
        elif name == "touch":
            with open(":".join(rest), "wb"):
                pass
        elif name == "shut":
            self.sock.shutdown(socket.SHUT_WR)
        elif name == "until":
            while ":".join(rest).encode() not in self.out and self.more():
                pass
        elif name == "slow":
            self.read(int(rest[0]), int(rest[1]) / 1000)
        elif name == "read":
            self.read()
        elif name == "answered":
            while self.answers < self.begun and self.more():
                pass
        elif name == "cut":
            raise Left()
        else:
            sys.exit(f"fcgi.py: no step \"{name}\"")

    def run(self, steps):
        try:
            self.connect()
            for step in steps:
                self.step(*step.split(":"))
        except Left:
            return "left"
        except (ConnectionRefusedError, FileNotFoundError):
            return "refused"
        except (TimeoutError, BlockingIOError):
            return "silent"
        except OSError:
            return "cut"
        finally:
            if self.sock:
                self.sock.close()
        return "whole" if self.answers else "cut" if self.closed else "left"

    def status(self):
        head, blank, _ = self.out.partition(b"\r\n\r\n")
        if not blank:
            return "none"
        found = re.search(rb"(?im)^status: (\d+)", head)
        return found.group(1).decode() if found else "200"


def forged(options, parameters):
    """A whole request, to be hidden in the body of another."""
    return b"".join((record(BEGIN, struct.pack(">HB5x", 1, 0)),
                     record(PARAMS, b"".join(pair(n, v) for n, v in parameters.items())), record(PARAMS),
                     record(STDIN, options.forge.encode()), record(STDIN)))


def request(options):
    if options.body_file:
        with open(options.body_file, "rb") as f:
            body = f.read()
    else:
        body = options.body.encode()
    parameters = {
        "GATEWAY_INTERFACE": "CGI/1.1", "SERVER_PROTOCOL": "HTTP/1.1", "SERVER_SOFTWARE": "test",
        "SERVER_NAME": "127.0.0.1", "SERVER_PORT": "80", "REMOTE_ADDR": "127.0.0.1",
        "REQUEST_METHOD": options.method, "SCRIPT_NAME": "/api/v1/webhooks",
        "PATH_INFO": "/" + options.client, "QUERY_STRING": "", "CONTENT_TYPE": options.type,
        "HTTP_ACCEPT": options.accept, "HTTP_AUTHORIZATION": "Bearer " + options.token}
    if options.forge:
        body = forged(options, {**parameters, "CONTENT_LENGTH": str(len(options.forge))})
        parameters["HTTP_AUTHORIZATION"] = "Bearer mgc_" + 40 * "0"
    parameters["CONTENT_LENGTH"] = str(len(body)) if options.length is None else options.length
    parameters.update(p.split("=", 1) for p in options.param)
    return parameters, body


# ---- many


def many(options, steps, parameters, body):
    outcomes = collections.Counter()
    lock = threading.Lock()

    def one():
        call = Call(options.where, options, parameters, body)
        end = call.run(steps)
        with lock:
            outcomes[f"{end} {call.status()}"] += 1

    threads = [threading.Thread(target=one, daemon=True) for _ in range(options.count)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    for outcome, count in sorted(outcomes.items()):
        print(count, outcome)


def noise(dice, good):
    """Something that is hardly a request: bytes, records, or a request with a few bytes changed."""
    kind = dice.randrange(4)
    if kind == 0:
        return dice.randbytes(dice.randrange(1, 400))
    if kind == 1:
        return b"".join(record(dice.randrange(13), dice.randbytes(dice.randrange(300)), dice.randrange(3),
                               dice.choice((1, 1, 1, 0, 255))) for _ in range(dice.randrange(1, 12)))
    changed = bytearray(good)
    if kind == 2:
        for _ in range(dice.randrange(1, 8)):
            changed[dice.randrange(len(changed))] = dice.randrange(256)
        return bytes(changed)
    return bytes(changed[:dice.randrange(len(changed))])


def garbage(options, parameters, body):
    sent = 0
    content = b"".join(pair(n, v) for n, v in parameters.items())
    good = (record(BEGIN, struct.pack(">HB5x", 1, 0)) + record(PARAMS, content) + record(PARAMS)
            + record(STDIN, body) + record(STDIN))
    for seed in range(options.garbage):
        call = Call(options.where, options, parameters, body)
        call.deadline = time.monotonic() + 10
        try:
            call.connect()
        except OSError as e:
            print(f"refused at seed {seed}: {e}")
            return
        call.send(noise(random.Random(seed), good))
        try:
            call.sock.shutdown(socket.SHUT_WR)
            call.read()
        except TimeoutError:
            print(f"no end at seed {seed}")
        except OSError:
            pass
        call.sock.close()
        sent += 1
    print(sent)


def main():
    p = argparse.ArgumentParser(usage=__doc__, add_help=False)
    p.add_argument("where")
    p.add_argument("steps", nargs="*")
    p.add_argument("--client", default="")
    p.add_argument("--token", default="")
    p.add_argument("--method", default="POST")
    p.add_argument("--accept", default="application/json")
    p.add_argument("--type", default="text/plain")
    p.add_argument("--body", default="hello")
    p.add_argument("--body-file")
    p.add_argument("--forge", metavar="BODY", help="the body is a whole request; the token is a wrong one")
    p.add_argument("--length", help="CONTENT_LENGTH; may be empty")
    p.add_argument("--param", action="append", default=[], metavar="NAME=VALUE")
    p.add_argument("--keep", action="store_true", help="FCGI_KEEP_CONN")
    p.add_argument("--piece", type=int, default=RECORD_MAX, help="bytes of a record")
    p.add_argument("--apart", type=int, default=0, help="ms between two records")
    p.add_argument("--rcvbuf", type=int)
    p.add_argument("--timeout", type=float, default=20, help="seconds for all")
    p.add_argument("--count", type=int, default=1, help="so many calls at once")
    p.add_argument("--garbage", type=int, help="so many connections with noise, one after the other")
    options = p.parse_intermixed_args()
    parameters, body = request(options)
    steps = options.steps or GOOD
    if options.garbage:
        garbage(options, parameters, body)
    elif options.count > 1:
        many(options, steps, parameters, body)
    else:
        began = time.monotonic()
        call = Call(options.where, options, parameters, body)
        end = call.run(steps)
        print(end, call.answers, call.status(), f"{time.monotonic() - began:.2f}")
        for note in call.notes:
            print(note)
        sys.stdout.flush()
        sys.stdout.buffer.write(call.out)


if __name__ == "__main__":
    main()
