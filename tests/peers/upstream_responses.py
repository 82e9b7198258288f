#!/usr/bin/env python3
"""A scripted upstream that speaks OpenAI's Responses, rightly and wrongly.

usage: upstream_responses.py --port-file FILE [--log FILE]

As upstream.py, whose scripts of plain HTTP it has too; SCRIPTS below has the names of the others.
"""
import json
import sys

sys.dont_write_bytecode = True
import upstream  # noqa: E402 # beside this file
from upstream import plays, refuses  # noqa: E402

PLACE = {"item_id": "msg_1", "output_index": 0, "content_index": 0}


def event(kind, **more):
    document = json.dumps({"type": kind, "sequence_number": 1, **more}, ensure_ascii=False)
    return f"event: {kind}\ndata: {document}\n\n"


def response(status, **more):
    return {"response": {"id": "resp_1", "object": "response", "created_at": 1, "status": status,
                         "model": "gpt-scripted", "error": None, "incomplete_details": None,
                         "output": [], **more}}


def message(text):
    return {"id": "msg_1", "type": "message", "status": "completed", "role": "assistant",
            "content": [{"type": "output_text", "annotations": [], "logprobs": [], "text": text}]}


def usage(read, said):
    return {"usage": {"input_tokens": read, "input_tokens_details": {"cached_tokens": 0},
                      "output_tokens": said, "output_tokens_details": {"reasoning_tokens": 0},
                      "total_tokens": read + said}}


def text(words):
    return event("response.output_text.delta", **PLACE, delta=words, logprobs=[], obfuscation="q")


def begin():
    return (event("response.created", **response("in_progress"))
            + event("response.in_progress", **response("in_progress")))


def thought():
    return (event("response.output_item.added", output_index=0, item={"type": "reasoning"})
            + event("response.reasoning_summary_text.delta", item_id="rs_1", delta="hm, é")
            + event("response.output_item.done", output_index=0, item={"type": "reasoning"}))


def over(words, **more):
    """What repeats the text, and the end."""
    return (event("response.output_text.done", **PLACE, text=words)
            + event("response.output_item.done", output_index=0, item=message(words))
            + event("response.completed", **response("completed", output=[message(words)], **more)))


def incomplete(reason):
    return event("response.incomplete", **response("incomplete", incomplete_details={"reason": reason},
                                                   **usage(5, 4)))


def failed(error):
    return event("response.failed", **response("failed", error=error))


# ---- what is right


def words(x, count="5", apart_ms="0"):
    said = [f"word{i + 1} " for i in range(int(count))]
    x.stream()
    x.raw(begin())
    for i, word in enumerate(said):
        if i:
            x.wait(int(apart_ms) / 1000)
        x.raw(text(word))
    x.raw(over("".join(said)))
    x.end()


def echo(x):
    said = x.json.get("input") or "nothing"
    plays(begin(), text(said), over(said))(x)


def reply(x, first="good", second="good"):
    said = upstream.replied(x, first, second)
    plays(begin(), text(said[:5]), text(said[5:]), over(said, **usage(10, 3)))(x)


WHOLE = (begin() + thought() + text("thought é ") + text("through 😀")
         + over("thought é through 😀", **usage(25, 15)))


def split(x):
    plays(*(bytes([byte]) for byte in WHOLE.encode()))(x)


def keepopen(x):
    x.stream()
    x.raw(text("said it all") + over("said it all"))
    x.wait(upstream.PATIENCE)


# ---- what is wrong


def stall_mid(x):
    x.stream()
    x.raw(begin() + text("one ") + text("two "))
    x.wait(upstream.PATIENCE)


def cut_mid(x):
    x.stream()
    x.raw(begin() + text("one ") + text("two "))
    raise upstream.Cut()


def key_mid(x):
    plays(text("so far "), failed({"code": "x", "message": f"no key {upstream.key_of(x)} here"}))(x)


REFUSED = event("response.refusal.delta", **PLACE, delta="I cannot ") + event(
    "response.refusal.delta", **PLACE, delta="help") + event(
    "response.refusal.done", **PLACE, refusal="I cannot help")
CALL = {"id": "fc_1", "type": "function_call", "call_id": "c1", "name": "f", "arguments": "{}"}
BROKE = {"code": "server_error", "message": "The server had an error"}
DONE = event("response.completed", **response("completed"))

SCRIPTS = {
    **upstream.PLAIN, "reply": reply,
    **{name: upstream.SCRIPTS[name] for name in ("429", "503", "error200", "echo-key")},
    "words": words, "echo": echo, "thinking": plays(WHOLE), "split": split, "keepopen": keepopen,
    "no-deltas": plays(begin(), over("all at once")),
    "only-completed": plays(event("response.completed", **response(
        "completed", output=[message("one event")]))),
    "max-tokens": plays(begin(), text("as far "), text("as it"), incomplete("max_output_tokens")),
    "stall-mid": stall_mid, "cut-mid": cut_mid, "ends-early": plays(begin(), text("one ")),
    "done-early": plays(begin(), text("one "), "data: [DONE]\n\n"),
    "empty": plays(begin(), DONE),
    "only-thinking": plays(begin(), thought(), incomplete("max_output_tokens")),
    "filtered": plays(begin(), text("up to he"), incomplete("content_filter")),
    "broken-off": plays(begin(), text("up to he"), incomplete("maintenance")),
    "refusal": plays(begin(), REFUSED, DONE),
    "tool": plays(begin(), event("response.output_item.done", output_index=0, item=CALL), DONE),
    "badjson": plays(text("good "), 'data: {"type"\n\n', DONE),
    "failed": plays(begin(), text("so far "), failed(BROKE)),
    "error-mid": plays(text("so far "), event("error", **BROKE, param=None)),
    "error-object": plays(text("so far "), event("error", error=BROKE)),
    "key-mid": key_mid, "chunks": upstream.SCRIPTS["usage"],
    "json": refuses("200 OK", response("completed", output=[message("not streamed")])["response"]),
}


def find_script(x):
    if x.path.split("?")[0].endswith("/responses"):
        name, *parameters = str(x.json.get("model") or "").split(":")
        if name in SCRIPTS:
            return name, parameters
    return "error200", []


if __name__ == "__main__":
    upstream.run(SCRIPTS, find_script)
