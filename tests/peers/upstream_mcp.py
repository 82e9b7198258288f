#!/usr/bin/env python3
"""A scripted MCP server over HTTP, right and wrong in what is HTTP's.

usage: upstream_mcp.py --port-file FILE [--log FILE]

As upstream.py, whose scripts of plain HTTP it has too; SCRIPTS below has the names of the others.
The last folder of the path is the script, with its parameters behind colons. In the log the scripts
of a GET and a DELETE are "GET:" and "DELETE:" and the name.
"""
import gzip
import json
import sys
from urllib.parse import urlsplit

sys.dont_write_bytecode = True
import upstream  # noqa: E402 # beside this file

JSON, EVENTS = "application/json", "text/event-stream"
NOTE = {"jsonrpc": "2.0", "method": "notifications/message", "params": {"data": "é 😀"}}
waiting = {}  # of a stream that was cut off: the id of its request


def result(x, **more):
    return {"jsonrpc": "2.0", "id": x.json.get("id"), "result": {"said": "hello", **more}}


def text_of(document):
    return json.dumps(document, ensure_ascii=False)


def event(document, name=None):
    data = document if isinstance(document, str) else text_of(document)
    return (f"id: {name}\n" if name else "") + f"data: {data}\n\n"


def refusal(x, phrase, message, code=-32000):
    x.whole(phrase, JSON, text_of({"jsonrpc": "2.0", "id": None, "error": {"code": code, "message": message}}))


# ---- what is right


def whole(x, milliseconds="0"):
    x.wait(int(milliseconds) / 1000)
    if "id" not in x.json:
        x.whole("202 Accepted", JSON, "")
    else:
        x.whole("200 OK", JSON, text_of(result(x)))


def batch(x):
    x.whole("200 OK", JSON, text_of([NOTE, result(x), {"method": "late"}]))


def zipped(x):
    x.whole("200 OK", JSON, gzip.compress(text_of(result(x)).encode()), "Content-Encoding: gzip")


def pieces_of(x):
    return (event("", "e-1") + ": ping\n\n" + "event: other\ndata: not for us\n\n" + event(NOTE, "e-2")
            + event(result(x), "e-3"))


def stream(x):
    x.stream()
    x.raw(pieces_of(x))
    x.end()


def every_byte(x):
    x.stream()
    for byte in pieces_of(x).encode():
        x.raw(bytes([byte]))
    x.end()


def stays_open(x):
    x.stream()
    x.raw(pieces_of(x))
    x.wait(upstream.PATIENCE)


def session(x, name="s-1 of all"):
    """Begins with initialize; its end is its end."""
    if x.json.get("method") == "initialize":
        x.whole("200 OK", JSON, text_of(result(x)), f"Mcp-Session-Id: {name}")
    elif x.headers.get("mcp-session-id") != name:
        refusal(x, "404 Not Found", f"no session {x.headers.get('mcp-session-id')}")
    else:
        whole(x)


def long_session(x):
    session(x, "x" * 3000)


# ---- streams that are cut off


def cut_off(x):
    x.stream()
    x.raw("retry: 50\n\n" + event("", "first"))
    waiting[x.path] = x.json.get("id")


def go_on(x, times, name):
    """Nothing but another id so often, and then the answer."""
    x.stream()
    x.json["id"] = waiting[x.path]
    last = x.headers["last-event-id"]
    if last == "first":
        x.raw(event(NOTE, "1"))
    elif int(last) < times:
        x.raw(event("", int(last) + 1))
    else:
        x.raw(event(result(x, last=last), name))
    x.end()


def resume(x, times="1"):
    if x.method == "GET":
        go_on(x, int(times), "last")
    else:
        cut_off(x)
        x.end()


def resume_broken(x):
    if x.method == "GET":
        return go_on(x, 1, "last")
    cut_off(x)
    raise upstream.Cut()


def resume_refused(x, status="405"):
    if x.method == "GET":
        return refusal(x, f"{status} Refused", "not here")
    cut_off(x)
    x.end()


def resume_in_vain(x):
    x.stream()
    if x.method == "POST":
        x.raw(event("", "first") + "retry: 1\n\n")
    x.end()


def resume_never(x):
    x.stream()
    x.raw(event("", "first") + "retry: 86400000\n\n")
    x.end()


def no_ids(x):
    x.stream()
    x.raw(event(NOTE))
    x.end()


# ---- what is wrong


def half(x):
    x.head("200 OK", JSON, "Content-Length: 1000")
    x.send(b'{"jsonrpc":')
    raise upstream.Cut()


def stall_mid(x):
    x.stream()
    x.raw(event(NOTE, "first"))
    x.wait(upstream.PATIENCE)


def flood(x):
    x.stream()
    while True:
        x.raw(event(NOTE) * 500)


def only_calls(what):
    """A script: a server that does this with calls of tools, and all else as it should."""
    def script(x):
        method = x.json.get("method")
        if method == "server/discover":
            refusal(x, "404 Not Found", "no such method", -32601)
        elif method == "initialize":
            x.whole("200 OK", JSON, text_of({"jsonrpc": "2.0", "id": x.json["id"], "result": {
                "protocolVersion": "2025-11-25", "capabilities": {"tools": {}},
                "serverInfo": {"name": "scripted", "version": "1"}}}))
        elif method == "tools/call":
            what(x)
        else:
            whole(x)
    return script


def huge(x):
    x.stream()
    x.raw("data: ")
    while True:
        x.raw(b"x" * 65536)


def status(x, code, *words):
    x.whole(f"{code} Scripted", "text/plain" if words else "", ":".join(words))


def uninitialized(x):
    refusal(x, "400 Bad Request", "Bad Request: Server not initialized")


def echo_key(x):
    refusal(x, "401 Unauthorized", "no such key: " + x.headers.get("authorization", ""))


def echo_key_stream(x):
    x.stream()
    x.raw(event({"id": None, "error": {"code": 1, "message": "no key " + x.headers.get("x-key", "")}}))
    x.end()


SCRIPTS = {
    **upstream.PLAIN, "json": whole, "batch": batch, "gzip": zipped, "stream": stream,
    "bytes": every_byte, "stays-open": stays_open, "session": session, "long-session": long_session,
    "resume": resume, "resume-broken": resume_broken, "resume-refused": resume_refused,
    "resume-in-vain": resume_in_vain, "resume-never": resume_never, "no-ids": no_ids, "half": half,
    "stall-mid": stall_mid, "flood": flood, "huge": huge,
    "floods": only_calls(flood), "huge-call": only_calls(huge), "cut-call": only_calls(half), "status": status,
    "uninitialized": uninitialized, "echo-key": echo_key, "echo-key-stream": echo_key_stream,
}


def find_script(x):
    name, *parameters = urlsplit(x.path).path.rsplit("/", 1)[-1].split(":")
    if x.method != "POST":
        SCRIPTS[f"{x.method}:{name}"] = SCRIPTS[name]
        name = f"{x.method}:{name}"
    return name, [p.replace("+", " ") for p in parameters]


if __name__ == "__main__":
    upstream.run(SCRIPTS, find_script)
