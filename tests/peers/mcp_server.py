#!/usr/bin/env python3
"""An MCP server on its stdin and stdout, or over HTTP, that does as its options say.

usage: mcp_server.py [--log FILE] [--http FILE] [OPTION...]

--http FILE: it listens on a free port of 127.0.0.1 and writes its number to FILE. Its sessions are
forgotten by the tool forget, and with --young when one of them has had three requests; what it says of
unknown ones has the status --expired (404). The tool modernize makes it one of --modern.

--log FILE: everything that it is told, one line each; before it "pid N", at its end "eof".
Which revision:  --modern (2026-07-28 alone); else 2025-11-25, and to server/discover
  --discover error|silent|die|empty|late   an error (default), nothing, its end, {} or, with --modern,
                                           the answer after 4 s
  --version V   the revision that it answers initialize with
What else:  --crlf, --early (notifications before the answer to initialize), --stubborn (ignores the end
of its stdin and SIGTERM), --die-at-start, --pages N (of one tool each), --endless (pages), --ttl MS,
--changes (it tells of them), --no-tools, --nonsense N (lines of it, first), --lose N (the Nth question for
its tools).

Its tools: echo (TEXT), slow (TEXT, answered by the next call that is not slow, behind it), die (its end in
the middle of the call), never, flood (20000 notifications, then the answer), storm (them without end), huge (a line of 10 MB), half
(no end of the line, and its own end), change (the list of tools changes), ask (requests to the client,
whose answers are the result), nonsense (1000 lines of it), env, folder, big (SIZE), wrong, input, error,
batch, deaf (reads nothing any more).
"""
import argparse
import http.server
import json
import os
import signal
import sys
import time
import uuid

MODERN = "2026-07-28"
NAMES = ("echo slow die never flood storm huge half change ask nonsense env folder big wrong input error batch "
         "deaf").split()


def parse():
    p = argparse.ArgumentParser()
    for name in ("modern", "crlf", "early", "stubborn", "die-at-start", "endless", "changes", "no-tools", "young"):
        p.add_argument("--" + name, action="store_true")
    for name in ("log", "discover", "version", "http"):
        p.add_argument("--" + name)
    for name in ("pages", "ttl", "nonsense", "expired", "lose"):
        p.add_argument("--" + name, type=int)
    return p.parse_args()


class Server:
    def __init__(self, options):
        self.options = options
        self.end = "\r\n" if options.crlf else "\n"
        self.slow = []
        self.changed = 0
        self.lists = 0
        self.subscription = None
        self.answers = []
        self.asking = None
        self.log("pid %d" % os.getpid())

    def log(self, text):
        if self.options.log:
            with open(self.options.log, "a") as f:
                f.write(text + "\n")

    def raw(self, text):
        sys.stdout.write(text)
        sys.stdout.flush()

    def say(self, **message):
        self.raw(json.dumps(dict(jsonrpc="2.0", **message)) + self.end)

    def answer(self, id_, result):
        if self.options.modern:
            result.setdefault("resultType", "complete")
        self.say(id=id_, result=result)

    def text(self, id_, text, failed=False):
        self.answer(id_, {"content": [{"type": "text", "text": text}], "isError": failed})

    def refuse(self, id_, code, message, **data):
        self.say(id=id_, error=dict(code=code, message=message, **data))

    # ---- what it is asked

    def take(self, m):
        if "method" not in m:
            self.answers.append(m)
            if self.asking is not None and len(self.answers) == 3:
                self.text(self.asking, json.dumps(self.answers, sort_keys=True))
            return
        name = m["method"].replace("/", "_")
        if "id" not in m:
            return
        if self.options.modern:
            meta = m.get("params", {}).get("_meta", {})
            if meta.get("io.modelcontextprotocol/protocolVersion") != MODERN:
                self.refuse(m["id"], -32022, "Unsupported protocol version",
                            data={"supported": [MODERN], "requested": None})
                return
        getattr(self, "on_" + name, self.unknown)(m["id"], m.get("params", {}))

    def unknown(self, id_, _params):
        self.refuse(id_, -32601, "Method not found")

    def tools(self):
        names = ["tool%d" % i for i in range(self.options.pages or 0)] or list(NAMES)
        return names + ["new%d" % i for i in range(self.changed)]

    def capabilities(self):
        return {"tools": {"listChanged": True} if self.options.changes else {}}

    def on_server_discover(self, id_, _params):
        how = self.options.discover
        if how == "die":
            sys.exit(3)
        if how == "silent":
            return
        if how == "empty":
            self.answer(id_, {})
            return
        if how == "late":
            time.sleep(4)
        if self.options.modern:
            self.answer(id_, {"supportedVersions": [MODERN], "capabilities": self.capabilities(),
                              "serverInfo": {"name": "test", "version": "1"}})
        else:
            self.unknown(id_, {})

    def on_initialize(self, id_, _params):
        if self.options.early:
            self.say(method="notifications/message", params={"level": "info", "data": "early"})
            self.say(method="notifications/tools/list_changed")
        self.answer(id_, {"protocolVersion": self.options.version or "2025-11-25",
                          "capabilities": self.capabilities(),
                          "serverInfo": {"name": "test", "version": "1"}})

    def on_subscriptions_listen(self, id_, params):
        self.subscription = id_
        self.say(method="notifications/subscriptions/acknowledged",
                 params={"_meta": {"io.modelcontextprotocol/subscriptionId": id_},
                         "notifications": params["notifications"]})

    def on_tools_list(self, id_, params):
        if self.options.no_tools:
            self.unknown(id_, params)
            return
        self.lists += 1
        if self.lists == self.options.lose:
            return
        names = self.tools()
        at = int(params.get("cursor", "0"))
        result = {"tools": [{"name": n, "inputSchema": {"type": "object"}} for n in names]}
        if self.options.endless or self.options.pages:
            result["tools"] = [{"name": names[at % len(names)], "inputSchema": {"type": "object"}}]
            if self.options.endless or at + 1 < len(names):
                result["nextCursor"] = str(at + 1)
        if self.options.ttl is not None:
            result["ttlMs"] = self.options.ttl
        self.answer(id_, result)

    def on_tools_call(self, id_, params):
        name, arguments = params["name"], params.get("arguments", {})
        if name == "slow":
            self.slow.append((id_, arguments))
            return
        getattr(self, "call_" + name, self.no_tool)(id_, arguments)
        for waiting, a in self.slow:
            self.text(waiting, a.get("text", ""))
        self.slow = []

    # ---- its tools

    def no_tool(self, id_, _arguments):
        self.refuse(id_, -32602, "no such tool")

    def call_echo(self, id_, a):
        self.text(id_, a.get("text", ""))

    def call_die(self, id_, _a):
        sys.stderr.write("the disk is full\n")
        os._exit(7)

    def call_never(self, id_, _a):
        pass

    def call_flood(self, id_, _a):
        line = json.dumps({"jsonrpc": "2.0", "method": "notifications/progress", "params": {"x": 1}})
        for _ in range(200):
            self.raw((line + self.end) * 100)
        self.text(id_, "after the flood")

    def call_storm(self, _id, _a):
        while True:
            self.say(method="notifications/progress", params={"x": "y" * 1000})

    def call_huge(self, id_, _a):
        self.text(id_, "x" * (10 * 1024 * 1024))

    def call_half(self, id_, _a):
        self.raw('{"jsonrpc":"2.0","id":%d,"resu' % id_)
        os._exit(0)

    def call_change(self, id_, _a):
        self.changed += 1
        if self.subscription is not None or not self.options.modern:
            self.say(method="notifications/tools/list_changed")
        self.text(id_, "changed")

    def call_ask(self, id_, _a):
        self.answers = []
        self.asking = id_
        self.say(id="p\"1", method="ping")
        self.say(id=7, method="roots/list")
        self.say(id=8, method="sampling/createMessage", params={})

    def call_nonsense(self, id_, _a):
        self.raw("Listening on nothing\n" * 1000)
        self.text(id_, "after the nonsense")

    def call_env(self, id_, _a):
        self.text(id_, " ".join(sorted("%s=%s" % i for i in os.environ.items())))

    def call_folder(self, id_, _a):
        self.text(id_, "%s %s" % (os.getcwd(), " ".join(sorted(os.listdir("/proc/self/fd")))))

    def call_big(self, id_, a):
        self.text(id_, "é" * a["size"])

    def call_wrong(self, id_, _a):
        self.text(id_, "it went wrong", True)

    def call_input(self, id_, _a):
        self.answer(id_, {"resultType": "input_required", "inputRequests": {}})

    def call_error(self, id_, _a):
        self.refuse(id_, -32603, "an internal error")

    def call_batch(self, id_, _a):
        self.raw(json.dumps([{"jsonrpc": "2.0", "method": "notifications/x"},
                             {"jsonrpc": "2.0", "id": id_, "result": {
                                 "content": [{"type": "text", "text": "one of several"}]}}]) + self.end)

    def call_deaf(self, id_, _a):
        self.text(id_, "I do not listen")
        time.sleep(3600)


class OverHTTP(Server):
    def __init__(self, options):
        super().__init__(options)
        self.sessions = {}
        self.said = []

    def raw(self, text):
        self.said += text.splitlines()

    def call_forget(self, id_, _a):
        self.sessions.clear()
        self.text(id_, "forgotten")

    def call_pings(self, id_, a):
        for i in range(a["count"]):
            self.say(id=str(i), method="ping")
        self.text(id_, "after the pings")

    def call_modernize(self, id_, _a):
        self.text(id_, "I am another")
        self.options.modern = True

    def on_post(self, body, session):
        """The status, the answer, and the session that it begins."""
        self.log(body)
        m = json.loads(body)
        began = None
        if not self.options.modern:
            if m.get("method") == "initialize":
                began = str(uuid.uuid4())
                self.sessions[began] = 0
            elif session is None and m.get("method") != "server/discover":
                return 400, [self.bad(m, "Server not initialized")], None
            elif session is not None and self.expired(session):
                return self.options.expired or 404, [self.bad(m, "Session not found")], None
        self.said = []
        self.take(m)
        said = [json.loads(line) for line in self.said]
        bad = self.options.modern and any(s.get("error", {}).get("code") == -32022 for s in said)
        return 400 if bad else 200, said, began

    def expired(self, session):
        if session not in self.sessions:
            return True
        self.sessions[session] += 1
        return self.options.young and self.sessions[session] > 3

    @staticmethod
    def bad(m, message):
        return {"jsonrpc": "2.0", "id": m.get("id"), "error": {"code": -32000, "message": message}}


def serve(server, port_file):
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            status, said, began = server.on_post(body, self.headers.get("mcp-session-id"))
            answers = [s for s in said if "id" in s]
            out = json.dumps(answers if len(answers) > 1 else answers[-1]).encode() if answers else b""
            self.send_response(status if answers or status != 200 else 202)
            if began:
                self.send_header("mcp-session-id", began)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(out)))
            self.end_headers()
            self.wfile.write(out)

        def do_DELETE(self):
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *args):
            pass

    listening = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    with open(port_file + ".new", "w") as f:
        f.write("%d\n" % listening.server_port)
    os.rename(port_file + ".new", port_file)
    listening.serve_forever()


def main():
    options = parse()
    if options.http:
        serve(OverHTTP(options), options.http)
    server = Server(options)
    if options.stubborn:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if options.die_at_start:
        sys.stderr.write("no configuration\n")
        sys.exit(2)
    server.raw("this is my log\n" * (options.nonsense or 0))
    for line in iter(sys.stdin.readline, ""):
        server.log(line.rstrip("\n"))
        server.take(json.loads(line))
    server.log("eof")
    while options.stubborn:
        time.sleep(60)


main()
