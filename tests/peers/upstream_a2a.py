#!/usr/bin/env python3
"""A scripted upstream that speaks A2A, versions 0.3 and 1.0, rightly and wrongly.

usage: upstream_a2a.py --port-file FILE [--log FILE]

As upstream.py, whose scripts of plain HTTP it has too; SCRIPTS below has the names of the others.
The first folder of the path is the agent, whose card is in CARDS; the first word of the prompt is
the script. In the log the script of a request for a card is "card:" and the agent's name. A request
that is not of its version is refused as "strange".
"""
import json
import sys
from urllib.parse import urlsplit

sys.dont_write_bytecode = True
import upstream  # noqa: E402 # beside this file

CARD, OLDER_CARD = ".well-known/agent-card.json", ".well-known/agent.json"
questions = {}  # how many each agent was asked


# ---- cards


def old_card(x, agent, streaming=True, **more):
    return {"protocolVersion": "0.3.0", "name": agent, "url": f"{base(x)}/{agent}/rpc",
            "preferredTransport": "JSONRPC", "capabilities": {"streaming": streaming}, **more}


def card(x, agent, streaming=True, url=None, binding="JSONRPC", version="1.0", **more):
    way = {"url": url or f"{base(x)}/{agent}/rpc", "protocolBinding": binding,
           "protocolVersion": version, **more}
    return {"name": agent, "supportedInterfaces": [{**way, "protocolBinding": "GRPC"}, way],
            "capabilities": {"streaming": streaming}}


def base(x):
    return f"http://{x.headers['host']}"


def elsewhere(x, agent):
    port = x.headers["host"].rpartition(":")[2]
    return card(x, agent, url=f"http://localhost:{port}/{agent}/rpc")


def with_key(x, agent):
    return card(x, agent, url="ftp://h/" + x.headers.get("authorization", "")[7:])


def changing(x, agent):
    """Of version 0.3 until it was asked a question, and then of 1.0."""
    return card(x, agent) if questions.get(agent) else old_card(x, agent)


CARDS = {
    "old": old_card, "new": card, "elsewhere": elsewhere, "key-card": with_key,
    "changing": changing, "older": old_card, "file": card,
    "old-whole": lambda x, a: old_card(x, a, False), "new-whole": lambda x, a: card(x, a, False),
    "path": lambda x, a: card(x, a, url=f"/{a}/rpc"),
    "tenant": lambda x, a: card(x, a, tenant="t-1"),
    "grpc": lambda x, a: card(x, a, binding="GRPC"), "v2": lambda x, a: card(x, a, version="2.0"),
    "file-url": lambda x, a: card(x, a, url="file:///etc/passwd"),
    "big": lambda x, a: {"description": "x" * 300000, **card(x, a)},
    "error": lambda x, a: {"error": "who are you?"},
}


def say_card(x, agent):
    x.whole("200 OK", "application/json", json.dumps(CARDS[agent](x, agent)))


def stall(x, *_):
    x.wait(upstream.PATIENCE)


def cut(*_):
    raise upstream.Cut()


def refuses(phrase, text, kind="application/json"):
    def script(x, *_):
        x.whole(phrase, kind, text if isinstance(text, str) else json.dumps(text))
    return script


NO_CARDS = {
    "no-card": refuses("404 Not Found", "nothing here", "text/plain"), "card-stall": stall,
    "card-cut": cut, "card-500": refuses("500 Internal Server Error", {"error": "it broke"}),
    "card-html": refuses("200 OK", "<html>welcome</html>", "text/html"),
    "card-401": refuses("401 Unauthorized", {"message": "who are you?"}),
}


# ---- what becomes of a task


def state(name, text=None):
    return "state", name, text


def put(artifact, text, append=False, last=False):
    return "artifact", artifact, text, append, last


def add(artifact, text, last=False):
    return put(artifact, text, True, last)


def words_of(x, text):
    return [{"text": text} if x.is_new else {"kind": "text", "text": text}]


def message(x, text):
    return {**({} if x.is_new else {"kind": "message"}), "messageId": "m-2", "taskId": "t-1",
            "role": "ROLE_AGENT" if x.is_new else "agent", "parts": words_of(x, text)}


def status(x, name, text):
    word = "TASK_STATE_" + name.upper().replace("-", "_") if x.is_new else name
    return {"state": word, **({"message": message(x, text)} if text else {})}


def result(x, event):
    kind, what, *more = event
    ids = {"taskId": "t-1", "contextId": "c-1"}
    if kind == "message":
        return {"message": message(x, what)} if x.is_new else message(x, what)
    if kind == "task":
        task = {"id": "t-1", "contextId": "c-1", "status": status(x, what, None), "artifacts": [
            {"artifactId": a, "parts": words_of(x, t)} for a, t in more]}
        return {"task": task} if x.is_new else {"kind": "task", **task}
    if kind == "state":
        update = {**ids, "status": status(x, what, more[0])}
        is_final = what not in ("working", "submitted")
        return ({"statusUpdate": update} if x.is_new
                else {"kind": "status-update", "final": is_final, **update})
    text, append, last = more
    update = {**ids, "artifact": {"artifactId": what, "parts": words_of(x, text)}}
    if x.is_new:  # what is false is left out there
        flags = {k: True for k, v in (("append", append), ("lastChunk", last)) if v}
        return {"artifactUpdate": {**update, **flags}}
    return {"kind": "artifact-update", "append": append, "lastChunk": last, **update}


def rpc(x, **more):
    return json.dumps({"jsonrpc": "2.0", "id": x.json.get("id"), **more}, ensure_ascii=False)


def frame(x, event):
    return event if isinstance(event, str) else f"data: {rpc(x, result=result(x, event))}\r\n\r\n"


def whole_task(events):
    """What one who does not stream sees of it."""
    name, artifacts = "submitted", {}
    for kind, what, *more in events:
        if kind == "message":
            return kind, what
        if kind == "artifact":
            artifacts[what] = (artifacts.get(what, "") if more[1] else "") + more[0]
        elif kind == "state" and more[0] and what not in ("working", "submitted"):
            return kind, what, more[0]
        else:
            name = what
    return "task", name, *artifacts.items()


def play(x, *events):
    if not x.streams:
        last = whole_task([e for e in events if not isinstance(e, str)])
        task = (result(x, last) if last[0] != "state" else
                {"id": "t-1", "status": status(x, *last[1:]), **({} if x.is_new else {"kind": "task"})})
        if last[0] == "state" and x.is_new:
            task = {"task": task}
        x.whole("200 OK", "application/json; charset=utf-8", rpc(x, result=task))
        return
    x.stream()
    for event in events:
        x.raw(frame(x, event))
    x.end()


def plays(*events):
    return lambda x, *_: play(x, *events)


# ---- what is right


def words(x, count="5", apart_ms="0"):
    x.stream()
    x.raw(frame(x, state("working")))
    for i in range(int(count)):
        if i:
            x.wait(int(apart_ms) / 1000)
        x.raw(frame(x, put("a", f"word{i + 1} ", i > 0)))
    x.raw(frame(x, add("a", "", True)) + frame(x, state("completed")))
    x.end()


def echo(x, *_):
    play(x, state("working"), put("a", x.prompt, last=True), state("completed"))


BOTH = [("task", "submitted"), state("working", "hm"), put("a", "Let me "), add("a", "see é 😀.", True),
        put("b", "a draft"), put("b", "It is "), add("b", "so."), state("completed")]


def split(x, *_):
    x.stream()
    for byte in "".join(frame(x, e) for e in BOTH).encode():
        x.raw(bytes([byte]))
    x.end()


# ---- what is wrong


def stall_mid(x, *_):
    x.stream()
    x.raw(frame(x, put("a", "one ")) + frame(x, add("a", "two ")))
    x.wait(upstream.PATIENCE)


def cut_mid(x, *_):
    x.stream()
    x.raw(frame(x, put("a", "one ")) + frame(x, add("a", "two ")))
    raise upstream.Cut()


def fails_with(code, text):
    return lambda x, *_: x.whole("200 OK", "application/json",
                                 rpc(x, error={"code": code, "message": text}))


def error_mid(x, *_):
    play(x, put("a", "so far "), add("a", "so good "),
         "data: " + rpc(x, error={"code": -32603, "message": "the engine overheated"}) + "\n\n")


def key_mid(x, *_):
    play(x, put("a", "so far "), state("failed", f"no key {x.headers.get('authorization')} here"))


def echo_key(x, *_):
    key = x.headers.get("authorization", "").removeprefix("Bearer ")
    x.whole("401 Unauthorized", "application/json", json.dumps({"error": f"no client has {key}"}))


def unexpected(x, *_):
    """A stream where one document is wanted, and one document where a stream is."""
    x.streams = not x.streams
    play(x, put("a", "a"), state("completed"))


PLAIN = ("cut-head", "stall-head", "html", "plain500", "redirect", "429", "503")
SCRIPTS = {
    **{name: upstream.SCRIPTS[name] for name in PLAIN},
    "words": words, "echo": echo, "split": split, "both": plays(*BOTH),
    "message": plays(("message", "Hello é 😀.")),
    "replaced": plays(put("a", "a draft"), put("a", "the text"), state("completed")),
    "repeated": plays(put("a", "the "), add("a", "text"), put("a", "the text", last=True),
                      state("completed")),
    "at-end": plays(state("working", "hm"), state("completed", "It is done.")),
    "stall-mid": stall_mid, "cut-mid": cut_mid, "empty": plays(state("completed")),
    "ends-early": plays(put("a", "one "), add("a", "two"), state("working")),
    "only-taken": plays(("task", "submitted")), "nothing": plays(),
    "changed": plays(put("a", "one "), add("a", "two"), put("a", "three"), state("completed")),
    "failed": plays(put("a", "one "), state("failed", "the oven is cold")),
    "rejected": plays(state("rejected", "not my task")), "canceled": plays(state("canceled")),
    "input": plays(state("input-required", "which one?")),
    "auth": plays(state("auth-required", "log in first")),
    "badjson": plays(put("a", "good "), 'data: {"result"\n\n', state("completed")),
    "error200": fails_with(-32603, "it is not so"), "error-mid": error_mid, "key-mid": key_mid,
    "echo-key": echo_key, "unexpected": unexpected,
    "html200": refuses("200 OK", "<html>welcome</html>", "text/html"),
    "half": refuses("200 OK", '{"jsonrpc":"2.0","result":{"task":{'),
    "404": refuses("404 Not Found", {"detail": "no such agent"}),
}


def strange(x, *_):
    x.whole("400 Bad Request", "text/plain", f"not what it takes: {x.method} {x.path} {x.body}")


def find_question(x, agent):
    """The script's name, when it is asked as its card says."""
    x.is_new = "supportedInterfaces" in CARDS[agent](x, agent)
    questions[agent] = questions.get(agent, 0) + 1
    method, params = x.json.get("method"), x.json.get("params") or {}
    names = ("SendStreamingMessage", "SendMessage") if x.is_new else ("message/stream", "message/send")
    said = params.get("message") or {}
    if method not in names:
        return "no-method", []
    x.streams = method == names[0]
    wanted = {"role": "ROLE_USER" if x.is_new else "user", "kind": None if x.is_new else "message"}
    version = x.headers.get("a2a-version")
    if (x.json.get("jsonrpc") != "2.0" or not said.get("messageId") or len(said["parts"]) != 1
            or any(said.get(k) != v for k, v in wanted.items())
            or version != ("1.0" if x.is_new else None)):
        return "strange", []
    x.prompt = said["parts"][0]["text"]
    name, *parameters = x.prompt.split(" ")[0].split(":")
    return (name, parameters) if name in SCRIPTS else ("echo", [])


def find_script(x):
    agent, _, rest = urlsplit(x.path).path[1:].partition("/")
    if x.method == "GET" and agent in NO_CARDS:
        SCRIPTS["card:" + agent] = NO_CARDS[agent]
        return "card:" + agent, []
    wanted = {"older": OLDER_CARD, "file": "the-card.json"}.get(agent, CARD)
    if x.method == "GET" and agent in CARDS and rest == wanted and not x.body:
        SCRIPTS["card:" + agent] = lambda x: say_card(x, agent)
        return "card:" + agent, []
    if x.method == "GET":
        return "404", []
    return find_question(x, agent) if agent in CARDS and rest == "rpc" else ("strange", [])


SCRIPTS.update({"strange": strange, "no-method": fails_with(-32601, "no such method")})

if __name__ == "__main__":
    upstream.SCRIPTS.clear()
    upstream.SCRIPTS.update(SCRIPTS)
    SCRIPTS = upstream.SCRIPTS
    upstream.find_script = find_script
    try:
        upstream.main()
    except KeyboardInterrupt:
        pass
