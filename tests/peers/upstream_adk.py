#!/usr/bin/env python3
"""A scripted upstream that speaks the REST of the Agent Development Kit, rightly and wrongly.

usage: upstream_adk.py --port-file FILE [--log FILE]

As upstream.py, whose scripts of plain HTTP it has too; SCRIPTS below has the names of the others.
The script is chosen by the app's name. Sessions are made and looked for, and a body is taken only
with the members that it has to have, as by ADK for Go; in the log the script of a request for a
session is "session". An app in SESSIONS gets another answer to that.
"""
import json
import sys
import threading
from urllib.parse import unquote, urlsplit

sys.dont_write_bytecode = True
import upstream  # noqa: E402 # beside this file
from upstream import plays, refuses  # noqa: E402

WORDS = "text/plain; charset=utf-8"
MEMBERS = {"appName", "userId", "sessionId", "newMessage", "streaming", "stateDelta"}
made = set()
lock = threading.Lock()


def frame(document, name=None):
    named = f"event: {name}\n" if name else ""
    return f"{named}data: {json.dumps(document, ensure_ascii=False)}\n\n"


def event(*parts, author="helper", **more):
    return frame({"id": "x", "invocationId": "i-1", "author": author, **more,
                  "content": {"role": "model", "parts": list(parts)},
                  "actions": {"stateDelta": {}, "artifactDelta": {}}})


def piece(text, **more):
    return event({"text": text}, partial=True, **more)


def whole(text, **more):
    return event({"text": text}, **more)


def usage(prompt, said, thought=0):
    return {"usageMetadata": {"promptTokenCount": prompt, "candidatesTokenCount": said,
                              "thoughtsTokenCount": thought,
                              "totalTokenCount": prompt + said + thought}}


# ---- sessions


def session(x, app, user, name):
    if app in SESSIONS:
        SESSIONS[app](x)
        return
    with lock:
        exists = (app, user, name) in made
        made.add((app, user, name))
    if exists:
        x.whole("400 Bad Request", "application/json",
                json.dumps({"error": f"Session already exists: {name}"}))
    else:
        x.whole("200 OK", "application/json",
                json.dumps({"id": name, "appName": app, "userId": user, "state": {}, "events": []}))


def stall(x):
    x.wait(upstream.PATIENCE)


def linger(x):
    x.wait(0.25)
    refuses("200 OK", {})(x)


def cut(_):
    raise upstream.Cut()


def echo_key(x, *_):
    refuses("401 Unauthorized", f"no client has the token {upstream.key_of(x)}\n", kind=WORDS)(x)


SESSIONS = {
    "session-409": refuses("409 Conflict", {"detail": "there is one"}),
    "session-go": refuses("500 Internal Server Error", "session s-1 already exists\n", kind=WORDS),
    "session-400": refuses("400 Bad Request", {"error": "no name for an app"}),
    "session-404": refuses("404 Not Found", "404 page not found\n", kind=WORDS),
    "session-500": refuses("500 Internal Server Error", {"detail": "the database is away"}),
    "session-html": refuses("502 Bad Gateway", "<html>no</html>", kind="text/html"),
    "session-stall": stall, "session-linger": linger, "session-cut": cut, "echo-key": echo_key,
}


# ---- what is right


def words(x, count="5", apart_ms="0"):
    x.stream()
    for i in range(int(count)):
        if i:
            x.wait(int(apart_ms) / 1000)
        x.raw(piece(f"word{i + 1} "))
    x.raw(whole("".join(f"word{i + 1} " for i in range(int(count))), finishReason="STOP"))
    x.end()


def echo(x, *_):
    plays(whole(x.json["newMessage"]["parts"][0]["text"], finishReason="STOP"))(x)


def reply(x, first="good", second="good"):
    plays(whole(upstream.replied(x, first, second), finishReason="STOP", **usage(10, 3)))(x)


TOOL = (piece("Let me ") + piece("see.") + event({"text": "Let me see."},
                                                 {"functionCall": {"name": "f", "args": {}}},
                                                 modelVersion="m-1", **usage(20, 5))
        + event({"functionResponse": {"name": "f", "response": {"text": "a result"}}})
        + event({"text": "hm", "thought": True}, partial=True) + piece("It is é ") + piece("😀.")
        + event({"text": "hm", "thought": True}, {"text": "It is é 😀."}, finishReason="STOP",
                modelVersion="m-2", **usage(30, 4, 6)))
PARALLEL = (piece("one ", author="a") + piece("uno ", author="b") + piece("two", author="a")
            + whole("uno dos", author="b") + whole("one two", author="a", finishReason="STOP"))
SNAKE = (frame({"author": "helper", "invocation_id": "i-1", "partial": True,
                "content": {"parts": [{"text": "snake "}]}})
         + frame({"author": "helper", "partial": False, "finish_reason": "STOP",
                  "model_version": "m-1", "content": {"parts": [{"text": "snake case"}]},
                  "usage_metadata": {"prompt_token_count": 3, "candidates_token_count": 2}}))


def split(x, *_):
    plays(*(bytes([byte]) for byte in TOOL.encode()))(x)


# ---- what is wrong


def stall_mid(x, *_):
    x.stream()
    x.raw(piece("one "))
    x.wait(upstream.PATIENCE)


def cut_mid(x, *_):
    x.stream()
    x.raw(piece("one "))
    raise upstream.Cut()


def key_mid(x, *_):
    plays(piece("so far "), frame({"error": f"no token {x.headers.get('authorization')} here"}))(x)


EXHAUSTED = {"errorCode": "RESOURCE_EXHAUSTED", "errorMessage": "the quota is used up"}

SCRIPTS = {
    **upstream.PLAIN, "reply": reply,
    "session": session, "words": words, "echo": echo, "tool": plays(TOOL), "split": split,
    "parallel": plays(PARALLEL), "snake": plays(SNAKE),
    "max-tokens": plays(piece("as far "), whole("as far as it", finishReason="MAX_TOKENS")),
    "unstreamed": plays(whole("all of it")),
    "stall-mid": stall_mid, "cut-mid": cut_mid, "ends-early": plays(piece("one "), piece("two ")),
    "empty": plays(), "only-call": plays(event({"functionCall": {"name": "f", "args": {}}})),
    "code-first": plays(frame({"author": "helper", **EXHAUSTED})),
    "error-mid": plays(piece("so far "), frame({"author": "helper", **EXHAUSTED}), whole("so far on")),
    "code-text": plays(whole("a half", errorCode="MAX_TOKENS")),
    "safety": plays(whole("Well, ", finishReason="SAFETY")),
    "error-first": plays(frame({"error": "Agent not found: helper"})),
    "error-event": plays(whole("so far"), frame({"error": "the model is gone"}, "error")),
    "badjson": plays(piece("good "), 'data: {"author"\n\n'), "key-mid": key_mid,
    "error200": refuses("200 OK", {"error": "it is not so"}),
    "json": refuses("200 OK", [{"author": "helper", "content": {"parts": [{"text": "a"}]}}]),
    "404": refuses("404 Not Found", {"error": "Session not found: s-1"}),
    "go404": refuses("404 Not Found", "failed to find the session: not here\n", kind=WORDS),
    "chunks": upstream.SCRIPTS["usage"],
    "429": refuses("429 Too Many Requests", {"error": "too many runs"}),
    "503": refuses("503 Service Unavailable", "the model is away\n", kind=WORDS),
    "422": refuses("422 Unprocessable Entity", {"detail": "userId is missing"}),
}


def strange(x, *_):
    x.whole("400 Bad Request", "text/plain", f"not what it takes: {x.path} {sorted(x.json)}")


def unknown(x, *_):
    x.whole("404 Not Found", "application/json",
            json.dumps({"error": f"Session not found: {x.json.get('sessionId')}"}))


SCRIPTS.update({"strange": strange, "unknown": unknown})


def find_script(x):
    path = urlsplit(x.path).path
    segments = [unquote(s) for s in path.removeprefix("/api/v1/agent").split("/")[1:]]
    if len(segments) == 6 and segments[::2] == ["apps", "users", "sessions"]:
        return ("session", segments[1::2]) if x.body == "{}" else ("strange", [])
    if segments != ["run_sse"] or set(x.json) - MEMBERS or x.json.get("streaming") is not True:
        return "strange", []
    app = x.json.get("appName")
    if app not in SESSIONS and (app, x.json.get("userId"), x.json.get("sessionId")) not in made:
        return "unknown", []
    name, *parameters = app.split(":")
    return (name, parameters) if name in SCRIPTS else ("echo", [])


if __name__ == "__main__":
    upstream.run(SCRIPTS, find_script)
