#!/usr/bin/env python3
"""Asks for a recorded stream, cut at every byte (see upstream_cut.py), through the responder's socket.

usage: cut.py unix:PATH CLIENT TOKEN FILE MARK

MARK is what of the stream says that the answer is finished. Printed is one line for each way in which
the stream can end,
  HOW CALLS SUCCESSES
and before it a line for each call that went wrong: that was a success before MARK, or with another text
than the whole stream's; that was an error for the whole stream; or neither of both.
"""
import json
import os
import sys
import types

sys.dont_write_bytecode = True
import fcgi  # noqa: E402 # beside this file

OPTIONS = types.SimpleNamespace(keep=True, piece=fcgi.RECORD_MAX, apart=0, rcvbuf=0, timeout=30)


def ask(where, client, token, prompt):
    parameters = {"REQUEST_METHOD": "POST", "SCRIPT_NAME": "/api/v1/webhooks", "PATH_INFO": "/" + client,
                  "CONTENT_TYPE": "text/plain", "CONTENT_LENGTH": str(len(prompt)),
                  "HTTP_AUTHORIZATION": "Bearer " + token, "REMOTE_ADDR": "127.0.0.1"}
    call = fcgi.Call(where, OPTIONS, parameters, prompt.encode())
    call.run(["begin", "params", "params-end", "stdin", "stdin-end", "answered"])
    try:
        body = json.loads(call.out.partition(b"\r\n\r\n")[2])
    except ValueError:
        body = {}
    return call.status(), body


def wrong(status, body, text, may_succeed):
    """What is wrong with an answer to less than the whole stream, or None."""
    if status == "200":
        if body.get("response") != text:
            return f"said {body.get('response')!r}"
        return None if may_succeed else "succeeded without a finish"
    if status == "502" and body.get("ok") is False and body.get("detail"):
        return None
    return f"status {status}"


def main():
    where, client, token, path, mark = sys.argv[1:]
    name = os.path.basename(path).removesuffix(".txt")
    with open(path, "rb") as f:
        stream = f.read()
    finished = stream.index(mark.encode()) + len(mark.encode())
    status, body = ask(where, client, token, f"replay {name} {len(stream)} whole")
    text = body.get("response")
    if status != "200" or not text:
        print(f"the whole stream: {status} {body}")
    for how, step in (("closed", 1), ("whole", 7), ("broken", 7)):
        calls = successes = 0
        for cut in range(0, len(stream), step):
            status, body = ask(where, client, token, f"replay {name} {cut} {how}")
            problem = wrong(status, body, text, cut >= finished)
            if problem:
                print(f"{how} at byte {cut}: {problem}")
            calls += 1
            successes += status == "200"
        print(how, calls, successes)


main()
