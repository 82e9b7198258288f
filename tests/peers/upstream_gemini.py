#!/usr/bin/env python3
"""A scripted upstream that speaks Google's Gemini API, rightly and wrongly.

usage: upstream_gemini.py --port-file FILE [--log FILE]

As upstream.py, whose scripts of plain HTTP it has too; SCRIPTS below has the names of the others.
The model, and so the script, is in the path, as it is there; the log has the path.
"""
import json
import sys
from urllib.parse import unquote, urlsplit

sys.dont_write_bytecode = True
import upstream  # noqa: E402 # beside this file
from upstream import plays, refuses  # noqa: E402

METHOD = ":streamGenerateContent"


def chunk(parts=None, reason=None, message=None, **more):
    candidate = {"index": 0, "content": {"role": "model"}}
    if parts is not None:
        candidate["content"]["parts"] = parts
    if reason:
        candidate["finishReason"] = reason
    if message:
        candidate["finishMessage"] = message
    return frame({"candidates": [candidate], "modelVersion": "gemini-scripted", **more})


def frame(document):
    return f"data: {json.dumps(document, ensure_ascii=False)}\r\n\r\n"


def text(words, reason=None, **more):
    return chunk([{"text": words}], reason, **more)


def usage(prompt, said, thought):
    return {"usageMetadata": {"promptTokenCount": prompt, "candidatesTokenCount": said,
                              "thoughtsTokenCount": thought,
                              "totalTokenCount": prompt + said + thought}}


def failure(code, message, status):
    return {"error": {"code": code, "message": message, "status": status}}


# ---- what is right


def words(x, count="5", apart_ms="0"):
    x.stream()
    for i in range(int(count)):
        if i:
            x.wait(int(apart_ms) / 1000)
        x.raw(text(f"word{i + 1} "))
    x.raw(chunk(reason="STOP"))
    x.end()


def echo(x, *_):
    contents = x.json.get("contents") or [{"parts": [{"text": "nothing"}]}]
    plays(text(contents[-1]["parts"][-1]["text"], "STOP"))(x)


def reply(x, first="good", second="good"):
    said = upstream.replied(x, first, second)
    plays(text(said[:5]), text(said[5:], "STOP", **usage(10, 3, 0)))(x)


THOUGHT = (chunk([{"text": "hm, é 😀", "thought": True}], **usage(25, 0, 9))
           + chunk([{"text": "thought é "}, {"text": "through"}], **usage(25, 2, 9))
           + chunk([{"text": "hm", "thought": True}, {"text": " 😀", "thoughtSignature": "Eq=="}],
                   "STOP", responseId="r-1", **usage(25, 4, 11)))


def split(x):
    plays(*(bytes([byte]) for byte in THOUGHT.encode()))(x)


CALLING = [
    {"text": "hm, é 😀", "thought": True},
    {"text": "Let me see."},
    {"functionCall": {"name": "say", "args": {"text": "é 😀"}}, "thoughtSignature": "Eq/+="},
    {"functionCall": {"id": "own", "name": "fails", "args": {}}},
]


def call(x, *_):
    """As strict as the API: what was said has to come back, and each call has its response."""
    contents = x.json["contents"]
    declared = [f["name"] for tool in x.json.get("tools", []) for f in tool["functionDeclarations"]]
    if len(contents) == 1:
        plays(*(chunk([part]) for part in CALLING), chunk([{"text": ""}], "STOP"))(x)
        return
    parts = [part.get("functionResponse", {}) for part in contents[2]["parts"]]
    if (not declared or contents[1] != {"role": "model", "parts": CALLING}
            or [(part.get("id"), part.get("name")) for part in parts]
            != [(None, "say"), ("own", "fails")]):
        refuses("400 Bad Request", failure(400, "This is not what was said.", "INVALID_ARGUMENT"))(x)
        return
    told = "; ".join(f"{value} {key == 'error'}"
                     for part in parts for key, value in part["response"].items())
    mode = x.json.get("toolConfig", {}).get("functionCallingConfig", {}).get("mode", "AUTO")
    plays(text(f"{told}; {','.join(declared)}; {mode.lower()}", "STOP"))(x)


# ---- what is wrong


def stall_mid(x):
    x.stream()
    x.raw(text("one ") + text("two "))
    x.wait(upstream.PATIENCE)


def cut_mid(x):
    x.stream()
    x.raw(text("one ") + text("two "))
    raise upstream.Cut()


def key_mid(x):
    plays(text("so far "), frame(failure(400, f"no key {x.headers.get('x-goog-api-key')} here",
                                         "INVALID_ARGUMENT")))(x)


def echo_key(x):
    refuses("400 Bad Request", failure(400, f"API key {x.headers.get('x-goog-api-key')} not valid.",
                                       "INVALID_ARGUMENT"))(x)


def chunks(x):
    """Chat completions, from a gateway that was asked for something else."""
    x.stream()
    x.say("another language")
    x.finish()
    x.done()


OVERLOADED = failure(503, "The model is overloaded.", "UNAVAILABLE")
EXHAUSTED = failure(429, "Resource has been exhausted.", "RESOURCE_EXHAUSTED")

SCRIPTS = {
    **upstream.PLAIN, "reply": reply,
    "words": words, "echo": echo, "call": call, "thinking": plays(THOUGHT), "split": split,
    "max-tokens": plays(text("as far "), text("as it", "MAX_TOKENS", **usage(5, 4, 0))),
    "stall-mid": stall_mid, "cut-mid": cut_mid, "ends-early": plays(text("one "), text("two ")),
    "empty": plays(chunk(reason="STOP")),
    "only-thinking": plays(chunk([{"text": "hm", "thought": True}], "MAX_TOKENS")),
    "safety": plays(text("Well, "), chunk(reason="SAFETY")),
    "recitation": plays(chunk(reason="RECITATION")),
    "malformed": plays(chunk(reason="MALFORMED_FUNCTION_CALL", message="Malformed: f(")),
    "tool": plays(text("let me see"), chunk([{"functionCall": {"name": "f", "args": {}}}], "STOP")),
    "blocked": plays(frame({"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}})),
    "badjson": plays(text("good "), 'data: {"candidates"\r\n\r\n', chunk(reason="STOP")),
    "error-first": plays(frame(OVERLOADED)),
    "error-mid": plays(text("so far "), frame(OVERLOADED)),
    "error-array": plays(text("so far "), frame([OVERLOADED])),
    "error-bare": plays(text("so far "), json.dumps([OVERLOADED], indent=2) + "\n"),
    "key-mid": key_mid, "echo-key": echo_key, "chunks": chunks,
    "json": refuses("200 OK", {"candidates": [{"finishReason": "STOP"}]}),
    "array": refuses("200 OK", [{"candidates": [{"finishReason": "STOP"}]}]),
    "429": refuses("429 Too Many Requests", EXHAUSTED),
    "429-array": refuses("429 Too Many Requests", [EXHAUSTED]),
    "500": refuses("500 Internal Server Error", failure(500, "An internal error.", "INTERNAL")),
    "503": refuses("503 Service Unavailable", OVERLOADED),
    "error200": refuses("200 OK", failure(404, "models/none is not found.", "NOT_FOUND")),
}


def find_script(x):
    segment = urlsplit(x.path).path.rsplit("/", 1)[-1]
    if segment.endswith(METHOD):
        name, *parameters = unquote(segment[:-len(METHOD)]).split(":")
        if name in SCRIPTS:
            return name, parameters
    return "error200", []


if __name__ == "__main__":
    upstream.run(SCRIPTS, find_script)
