#!/usr/bin/env python3
"""A scripted upstream that speaks OpenAI chat completions, rightly and wrongly.

usage: upstream.py --port-file FILE [--log FILE] [--tls FILE]

Listens on a free port of 127.0.0.1 and writes its number to the port file. What a request gets is
chosen by its model, or by the last folder of its path before /chat/completions; SCRIPTS below has
the names. Parameters follow behind colons: "words:50:20" is 50 words, 20 ms apart.

With --tls it speaks TLS, with the certificate and the key that are in the file.

The log has one JSON line for each request, written when it is over: time, method, path, headers,
body, script, seconds, and closed: the seconds after which the client hung up, or null.
"""
import argparse
import gzip
import json
import os
import select
import socket
import ssl
import threading
import time

PATIENCE = 60  # seconds that a stalled request waits for its client to go


class Gone(Exception):
    """The client hung up."""


class Cut(Exception):
    """The connection is to be closed now."""


class Exchange:
    """One request and what is said to it."""

    def __init__(self, sock, method, path, headers, body):
        self.sock = sock
        self.method, self.path, self.headers, self.body = method, path, headers, body
        self.began = time.time()
        try:
            self.json = json.loads(body)
        except ValueError:
            self.json = {}
        if not isinstance(self.json, dict):
            self.json = {}

    # -- bytes

    def wait(self, seconds):
        """Sleeps, and notices at once when the client goes."""
        until = time.monotonic() + seconds
        while True:
            left = until - time.monotonic()
            readable, _, _ = select.select([self.sock], [], [], max(left, 0))
            if readable:
                try:
                    peeked = self.sock.recv(1, socket.MSG_PEEK)
                except OSError as e:
                    raise Gone() from e
                if not peeked:
                    raise Gone()
                time.sleep(min(max(left, 0), 0.05))  # a pipelined request: it can wait
            if left <= 0:
                return

    def send(self, data):
        try:
            self.sock.sendall(data)
        except OSError as e:
            raise Gone() from e

    def head(self, status, kind, *more):
        lines = [f"HTTP/1.1 {status}", f"Content-Type: {kind}", *more, "", ""]
        self.send("\r\n".join(lines).encode())

    def whole(self, status, kind, text, *more):
        data = text.encode() if isinstance(text, str) else text
        self.head(status, kind, f"Content-Length: {len(data)}", *more)
        self.send(data)

    def error(self, status, message, *more):
        document = {"error": {"message": message, "type": "scripted", "code": None}}
        self.whole(status, "application/json", json.dumps(document), *more)

    # -- streams

    def stream(self, *more):
        self.head("200 OK", "text/event-stream; charset=utf-8", "Transfer-Encoding: chunked", *more)

    def raw(self, data):
        """A piece of the stream, as one chunk and one write."""
        data = data.encode() if isinstance(data, str) else data
        self.send(b"%x\r\n%s\r\n" % (len(data), data))

    def end(self):
        self.send(b"0\r\n\r\n")

    def chunk(self, delta=None, finish=None, **more):
        choices = [] if delta is None else [{"index": 0, "delta": delta, "finish_reason": finish}]
        return {"id": "c-1", "object": "chat.completion.chunk", "created": 1,
                "model": self.json.get("model") or "scripted", "choices": choices, **more}

    def event(self, document):
        self.raw("data: " + json.dumps(document) + "\n\n")

    def say(self, text):
        self.event(self.chunk({"content": text}))

    def finish(self, reason="stop"):
        self.event(self.chunk({}, reason))

    def done(self):
        self.raw("data: [DONE]\n\n")
        self.end()


# ---- the scripts: what they are made of


def plays(*pieces):
    """A script: a stream of these pieces."""
    def script(x, *_):
        x.stream()
        for piece in pieces:
            x.raw(piece)
        x.end()
    return script


def refuses(phrase, document, *headers, kind="application/json"):
    """A script: a document, or words, under this status."""
    text = document if isinstance(document, str) else json.dumps(document, indent=2)

    def script(x, *_):
        x.whole(phrase, kind, text, *headers)
    return script


# ---- what is right


def words(x, count="5", apart_ms="0"):
    x.stream()
    x.event(x.chunk({"role": "assistant", "content": ""}))
    for i in range(int(count)):
        if i:
            x.wait(int(apart_ms) / 1000)
        x.say(f"word{i + 1} ")
    x.finish()
    x.done()


def echo(x):
    messages = x.json.get("messages") or [{}]
    x.stream()
    x.say(messages[-1].get("content") or "")
    x.finish()
    x.done()


def usage(x):
    x.stream()
    x.say("counted")
    x.finish()
    x.event(x.chunk(usage={"prompt_tokens": 11, "completion_tokens": 3, "total_tokens": 14}))
    x.done()


def ids(x):
    x.stream("X-Request-ID: req-3", "CF-Ray: ray-3")
    x.say("named")
    x.finish()
    x.done()


def split(x):
    text = "".join("data: " + json.dumps(d, ensure_ascii=False) + "\n\n" for d in (
        x.chunk({"content": "cut é "}), x.chunk({"content": "everywhere 😀"}), x.chunk({}, "stop")))
    x.stream()
    for byte in (text + "data: [DONE]\n\n").encode():
        x.raw(bytes([byte]))
    x.end()


def crlf(x):
    x.stream()
    for d in (x.chunk({"content": "crlf "}), x.chunk({"content": "lines"}), x.chunk({}, "stop")):
        x.raw("data: " + json.dumps(d) + "\r\n\r\n")
    x.raw("data: [DONE]\r\n\r\n")
    x.end()


def comments(x):
    x.stream()
    for text in ("with ", "comments"):
        x.raw(": ping\n\n")
        x.say(text)
    x.raw(": ping\n\n")
    x.finish()
    x.done()


def azure(x):
    x.stream()
    x.event(x.chunk(prompt_filter_results=[{"prompt_index": 0}]))
    x.say("from azure")
    x.finish()
    x.done()


def surrogates(x):
    x.stream()
    x.raw('data: {"choices":[{"delta":{"content":"smile \\ud83d"}}]}\n\n')
    x.raw('data: {"choices":[{"delta":{"content":"\\ude00!"}}]}\n\n')
    x.finish()
    x.done()


def utf8_split(x):
    data = ("data: " + json.dumps(x.chunk({"content": "half 😀 whole"}), ensure_ascii=False)
            + "\n\n").encode()
    cut = data.index("😀".encode()) + 2
    x.stream()
    x.raw(data[:cut])
    x.wait(0.03)
    x.raw(data[cut:])
    x.finish()
    x.done()


def zipped(x):
    text = "".join("data: " + json.dumps(d) + "\n\n" for d in (
        x.chunk({"content": "unpacked"}), x.chunk({}, "stop")))
    x.stream("Content-Encoding: gzip")
    x.raw(gzip.compress((text + "data: [DONE]\n\n").encode()))
    x.end()


def no_done(x):
    x.stream()
    x.say("no done")
    x.finish()
    x.end()


def length(x):
    x.stream()
    x.say("as far as it")
    x.finish("length")
    x.done()


# ---- what is wrong


def stall_head(x):
    x.wait(PATIENCE)


def stall_mid(x):
    x.stream()
    x.say("one ")
    x.say("two ")
    x.wait(PATIENCE)


def pings(x):
    """Alive for ever, and nothing is said."""
    x.stream()
    for _ in range(PATIENCE * 20):
        x.raw(": ping\n\n")
        x.wait(0.05)


def keepopen(x):
    x.stream()
    x.say("said it all")
    x.finish()
    x.raw("data: [DONE]\n\n")
    x.wait(PATIENCE)


def trickle_headers(x, apart_ms="20"):
    for byte in b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n":
        x.send(bytes([byte]))
        x.wait(int(apart_ms) / 1000)
    x.say("slow head")
    x.finish()
    x.done()


def cut_head(_):
    raise Cut()


def cut_mid(x):
    x.stream()
    x.say("one ")
    x.say("two ")
    raise Cut()


def ends_early(x):
    x.stream()
    x.say("one ")
    x.end()


def no_finish(x):
    x.stream()
    x.say("no reason")
    x.done()


def empty(x):
    x.stream()
    x.event(x.chunk({"role": "assistant", "content": ""}))
    x.finish()
    x.done()


def content_filter(x):
    x.stream()
    x.say("up to he")
    x.finish("content_filter")
    x.done()


def refusal(x):
    x.stream()
    x.event(x.chunk({"refusal": "I cannot help "}))
    x.event(x.chunk({"refusal": "with that"}))
    x.finish()
    x.done()


def tool(x):
    x.stream()
    x.event(x.chunk({"content": None, "tool_calls": [{"index": 0, "id": "c1", "type": "function",
                                                      "function": {"name": "f", "arguments": "{}"}}]}))
    x.finish("tool_calls")
    x.done()


def tools(x):
    """What the system prompt (or else the prompt) begins with says it: a list of rounds, [{"say",
    "calls": [[NAME, ARGUMENTS]]}]; if it is no JSON, every tool that needs no
    arguments is called. Behind the last one, and whenever no tool may be called, it says
    "RESULTS", or the last one's "end" with %R for the results of tools and %T for their names."""
    messages = x.json.get("messages") or [{}]
    told = [t["function"] for t in x.json.get("tools") or []]
    try:
        rounds, _ = json.JSONDecoder().raw_decode(messages[0].get("content") or "[]")
    except ValueError:
        rounds = [{"calls": [[t["name"], {}] for t in told if "required" not in t["parameters"]]},
                  {"end": "%R"}]
    at = sum(1 for m in messages if m.get("tool_calls"))
    results = "|".join(m.get("content") or "" for m in messages if m.get("role") == "tool")
    names = ",".join(t["name"] for t in told)
    may = names and x.json.get("tool_choice") != "none"
    x.stream()
    if at < len(rounds) and "calls" in rounds[at] and may:
        if "say" in rounds[at]:
            x.say(rounds[at]["say"])
        for i, (name, arguments) in enumerate(rounds[at]["calls"]):
            text = arguments if isinstance(arguments, str) else json.dumps(arguments)
            x.event(x.chunk({"tool_calls": [{"index": i, "id": f"call-{at}-{i}", "type": "function",
                                             "function": {"name": name, "arguments": ""}}]}))
            for half in (text[:3], text[3:]):
                x.event(x.chunk({"tool_calls": [{"index": i, "function": {"arguments": half}}]}))
        x.finish("tool_calls")
    else:
        end = rounds[-1].get("end", "%R") if rounds else "%T"
        x.say(end.replace("%R", results).replace("%T", names) or "nothing")
        x.finish()
    x.event(x.chunk(usage={"prompt_tokens": 10, "completion_tokens": 1, "total_tokens": 11}))
    x.done()


def badjson(x):
    x.stream()
    x.say("good ")
    x.raw('data: {"choices":[{"delta"\n\n')
    x.finish()
    x.done()


def error_mid(x):
    x.stream()
    x.say("so far ")
    x.event({"error": {"message": "the engine overheated", "type": "server_error", "code": 500}})
    x.done()


def key_of(x):
    return x.headers.get("authorization", "").removeprefix("Bearer ")


def key_mid(x):
    x.stream()
    x.say("so far ")
    x.event({"error": f"no key {key_of(x)} here"})
    x.done()


def invalid_utf8(x):
    x.stream()
    x.raw(b'data: {"choices":[{"delta":{"content":"bad \xff\xc3( end"}}]}\n\n')
    x.finish()
    x.done()


def huge_line(x):
    x.stream()
    x.say("x" * (2 * 1024 * 1024))
    x.finish()
    x.done()


def huge_reply(x, mebibytes="16"):
    x.stream()
    for _ in range(int(mebibytes) * 16):
        x.say("y" * (64 * 1024 - 1) + "\n")
    x.finish()
    x.done()


def html(x, status="502"):
    text = "<html><head><title>Bad Gateway</title></head><body>proxy says no</body></html>"
    x.whole(f"{status} Scripted", "text/html", text)


plain200 = refuses("200 OK", "all is well", kind="text/plain")
plain500 = refuses("500 Internal Server Error", "upstream exploded", kind="text/plain")
nothing = refuses("200 OK", "", kind="text/event-stream")
garbage = plays(bytes(range(256)) * 8, b"\n\ndata: \xff\xfe\0{\n\n")
# An answer in another provider's words.
chunks = plays('event: message_start\ndata: {"type":"message_start"}\n\n'
               'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,'
               '"delta":{"type":"text_delta","text":"another language"}}\n\n'
               'event: message_stop\ndata: {"type":"message_stop"}\n\n')


def rate_limit(x):
    x.error("429 Too Many Requests", "Rate limit reached, slow down", "Retry-After: 7")


SEEN = {}  # how often each model of after() was asked
SEEN_LOCK = threading.Lock()


def after(x, failures, status, header="", then="words"):
    """Fails so often, with a further header "Name=value", and then plays another script. The status
    may be "cut", or the type of an error under 200, in a stream ("event-TYPE") or alone ("json-TYPE")."""
    with SEEN_LOCK:
        SEEN[x.json["model"]] = seen = SEEN.get(x.json["model"], 0) + 1
    if seen > int(failures):
        SCRIPTS[then](x)
    elif status == "cut":
        raise Cut()
    elif "-" in status:
        how, kind = status.split("-", 1)
        document = {"error": {"message": "not now", "type": kind, "code": None}}
        if how == "json":
            x.whole("200 OK", "application/json", json.dumps(document))
            return
        x.stream()
        x.event(x.chunk({"role": "assistant", "content": ""}))
        x.event(document)
        x.done()
    else:
        x.error(f"{status} Scripted", "not now", *([header.replace("=", ": ")] if header else []))


spent = refuses("429 Too Many Requests", {
    "error": {"message": "spend limit reached", "type": "rate_limit_error",
              "details": {"error_code": "enforced_spend_limit_reached"}}}, "Retry-After: 1")


def unavailable(x):
    x.error("503 Service Unavailable", "Loading model")


def error200(x):
    x.error("200 OK", "model does not exist")


def echo_key(x):
    x.error("401 Unauthorized", f"Incorrect API key provided: {key_of(x)}. Find yours elsewhere")


def completion(x):
    document = {"id": "c-1", "object": "chat.completion", "model": x.json.get("model"),
                "choices": [{"index": 0, "finish_reason": "stop",
                             "message": {"role": "assistant", "content": "not streamed"}}],
                "usage": {"prompt_tokens": 4, "completion_tokens": 2, "total_tokens": 6}}
    x.whole("200 OK", "application/json", json.dumps(document))


def redirect(x, port=None):
    host = f"127.0.0.1:{port}" if port else x.headers.get("host", "")
    x.whole("307 Temporary Redirect", "text/plain", "over there",
            f"Location: http://{host}/echo/chat/completions")


# ---- answers that are to match {"type":"object","properties":{"n":{"type":"integer"}},...}

ANSWERS = {
    "good": '{"n": 1, "s": "é😀"}', "bad": '{"n": "one"}', "prose": "It is 1.", "cut": '{"n": 1',
    "fenced": '```json\n{"n": 2}\n```\n', "half-fenced": 'Here:\n```json\n{"n": 2}\n```',
    "long": json.dumps({"n": "é" * 3000}, ensure_ascii=False), "big": json.dumps({"n": 1, "s": "x" * 300000}),
}


def replied(x, first, second):
    """What is said at first, and when asked again. "key": the key that came, in bad JSON."""
    word = second if "does not match the JSON Schema" in x.body else first
    key = x.headers.get("x-api-key") or x.headers.get("authorization", "").removeprefix("Bearer ")
    return f"the key is {key}" if word == "key" else ANSWERS[word]


def reply(x, first="good", second="good", apart_ms="0"):
    text = replied(x, first, second)
    x.stream()
    for i in range(0, len(text), 7):
        x.wait(int(apart_ms) / 1000)
        x.say(text[i:i + 7])
    x.finish()
    x.event(x.chunk(usage={"prompt_tokens": 10, "completion_tokens": 3, "total_tokens": 13}))
    x.done()


def reply_once(x, first, status="503"):
    """What is said at first; asked again, it fails."""
    if "does not match the JSON Schema" in x.body:
        x.error(f"{status} Scripted", "not any more")
    else:
        reply(x, first)


# What is the same in every protocol.
PLAIN = {
    "stall-head": stall_head, "cut-head": cut_head, "html": html, "plain200": plain200,
    "plain500": plain500, "nothing": nothing, "garbage": garbage, "redirect": redirect,
}

SCRIPTS = {
    **PLAIN, "reply": reply, "reply-once": reply_once,
    "words": words, "echo": echo, "usage": usage, "ids": ids, "split": split, "crlf": crlf,
    "comments": comments, "azure": azure, "surrogates": surrogates, "utf8-split": utf8_split,
    "gzip": zipped, "no-done": no_done, "length": length, "stall-mid": stall_mid, "pings": pings,
    "keepopen": keepopen, "trickle-headers": trickle_headers, "cut-mid": cut_mid,
    "ends-early": ends_early, "no-finish": no_finish, "empty": empty,
    "content_filter": content_filter, "refusal": refusal, "tool": tool, "tools": tools, "badjson": badjson,
    "error-mid": error_mid, "key-mid": key_mid, "invalid-utf8": invalid_utf8,
    "huge-line": huge_line, "huge-reply": huge_reply, "429": rate_limit, "503": unavailable,
    "error200": error200, "echo-key": echo_key, "json": completion, "chunks": chunks,
    "after": after, "spent": spent,
}


# ---- HTTP


def find_script(x):
    """The script's name and its parameters, from the model or else from the path."""
    folder = x.path.split("?")[0].removesuffix("/chat/completions").rsplit("/", 1)[-1]
    for words_of in (str(x.json.get("model") or ""), folder):
        name, *parameters = words_of.split(":")
        if name in SCRIPTS:
            return name, parameters
    return "words", []


def read_request(sock, buffered):
    """The next request of a connection, and what was read behind it; None at its end."""
    def more():
        piece = sock.recv(65536)
        if not piece:
            raise Gone()
        return piece

    while b"\r\n\r\n" not in buffered:
        buffered += more()
    head, _, rest = buffered.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    method, path, _ = first.split(" ", 2)
    headers = {n.strip().lower(): v.strip() for n, _, v in (line.partition(":") for line in lines)}
    if headers.get("expect", "").lower() == "100-continue":
        sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
    size = int(headers.get("content-length", "0"))
    while len(rest) < size:
        rest += more()
    return Exchange(sock, method, path, headers, rest[:size].decode("utf-8", "replace")), rest[size:]


class Log:
    def __init__(self, path):
        self.file = open(path, "a", encoding="utf-8") if path else None
        self.lock = threading.Lock()

    def add(self, x, script, closed):
        if not self.file:
            return
        line = json.dumps({"time": x.began, "method": x.method, "path": x.path,
                           "headers": x.headers, "body": x.body, "script": script,
                           "seconds": time.time() - x.began, "closed": closed})
        with self.lock:
            self.file.write(line + "\n")
            self.file.flush()


def answer(x, log):
    """Plays the script; whether the connection can be used again."""
    name, parameters = find_script(x)
    closed = None
    try:
        SCRIPTS[name](x, *parameters)
        return True
    except Gone:
        closed = time.time() - x.began
    except Cut:
        pass
    finally:
        log.add(x, name, closed)
    return False


def shake_hands(sock, context):
    try:
        return context.wrap_socket(sock, server_side=True) if context else sock
    except OSError:
        sock.close()
        return None


def serve(sock, log, context):
    buffered = b""
    sock = shake_hands(sock, context)
    if not sock:
        return
    with sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            while True:
                x, buffered = read_request(sock, buffered)
                if not answer(x, log):
                    return
        except (Gone, OSError, ValueError):
            return


def run(scripts=None, find=None):
    """Of a peer that speaks another protocol: its scripts, and how one of them is found."""
    global SCRIPTS, find_script
    SCRIPTS, find_script = scripts or SCRIPTS, find or find_script
    try:
        main()
    except KeyboardInterrupt:
        pass


def main():
    parser = argparse.ArgumentParser(description="a scripted OpenAI-compatible upstream")
    parser.add_argument("--port-file", required=True)
    parser.add_argument("--log")
    parser.add_argument("--tls")
    options = parser.parse_args()
    log = Log(options.log)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER) if options.tls else None
    if context:
        context.load_cert_chain(options.tls)
    with socket.create_server(("127.0.0.1", 0), backlog=1024) as server:
        with open(options.port_file + ".new", "w", encoding="ascii") as f:
            f.write(f"{server.getsockname()[1]}\n")
        os.rename(options.port_file + ".new", options.port_file)
        while True:
            sock, _ = server.accept()
            threading.Thread(target=serve, args=(sock, log, context), daemon=True).start()


if __name__ == "__main__":
    run()
