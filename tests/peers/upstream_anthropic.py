#!/usr/bin/env python3
"""A scripted upstream that speaks Anthropic Messages, rightly and wrongly.

usage: upstream_anthropic.py --port-file FILE [--log FILE]

As upstream.py, whose scripts of plain HTTP it has too; SCRIPTS below has the names of the others.
"""
import json
import sys

sys.dont_write_bytecode = True
import upstream  # noqa: E402 # beside this file

USAGE = {"input_tokens": 25, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0,
         "output_tokens": 1}


def frame(kind, **more):
    data = json.dumps({"type": kind, **more}, ensure_ascii=False)
    return f"event: {kind}\ndata: {data}\n\n"


def start(x):
    return frame("message_start", message={
        "id": "msg_1", "type": "message", "role": "assistant", "content": [], "stop_reason": None,
        "model": x.json.get("model"), "stop_sequence": None, "usage": USAGE})


def block(index, content):
    return frame("content_block_start", index=index, content_block=content)


def delta(index, **content):
    return frame("content_block_delta", index=index, delta=content)


def text(words, index=0):
    return delta(index, type="text_delta", text=words)


def stop(index=0):
    return frame("content_block_stop", index=index)


def finish(reason, **more):
    return frame("message_delta", delta={"stop_reason": reason, "stop_sequence": None, **more},
                 usage={"output_tokens": 15})


def head(x):
    return start(x) + block(0, {"type": "text", "text": ""}) + frame("ping")


def tail(reason="end_turn", **more):
    return stop() + finish(reason, **more) + frame("message_stop")


def failure(kind, message, **more):
    return {"type": "error", "error": {"type": kind, "message": message, **more},
            "request_id": "req_1"}


def plays(x, *pieces):
    x.stream()
    for piece in pieces:
        x.raw(piece)
    x.end()


# ---- what is right


def words(x, count="5", apart_ms="0"):
    x.stream()
    x.raw(head(x))
    for i in range(int(count)):
        if i:
            x.wait(int(apart_ms) / 1000)
        x.raw(text(f"word{i + 1} "))
    x.raw(tail())
    x.end()


def echo(x):
    messages = x.json.get("messages") or [{}]
    plays(x, head(x), text(messages[-1].get("content") or ""), tail())


def reply(x, first="good", second="good"):
    said = upstream.replied(x, first, second)
    plays(x, head(x), text(said[:5]), text(said[5:]), tail())


def thought(x):
    return (start(x) + block(0, {"type": "thinking", "thinking": "", "signature": ""})
            + frame("ping") + delta(0, type="thinking_delta", thinking="hm, é 😀")
            + delta(0, type="signature_delta", signature="EqQB") + stop()
            + block(1, {"type": "redacted_thinking", "data": "EmwK"}) + stop(1)
            + block(2, {"type": "text", "text": ""}) + text("thought é ", 2)
            + frame("ping") + text("through 😀", 2)
            + delta(2, type="citations_delta", citation={"cited_text": "no", "type": "c"})
            + stop(2) + finish("end_turn") + frame("message_stop"))


def thinking(x):
    plays(x, thought(x))


def split(x):
    plays(x, *(bytes([byte]) for byte in thought(x).encode()))


def max_tokens(x):
    plays(x, head(x), text("as far as it"), tail("max_tokens"))


def keepopen(x):
    x.stream()
    x.raw(head(x) + text("said it all") + tail())
    x.wait(upstream.PATIENCE)


# ---- what is wrong


def stall_mid(x):
    x.stream()
    x.raw(head(x) + text("one ") + text("two "))
    x.wait(upstream.PATIENCE)


def cut_mid(x):
    x.stream()
    x.raw(head(x) + text("one ") + text("two "))
    raise upstream.Cut()


def ends_early(x):
    plays(x, head(x), text("one "), text("two "))


def no_reason(x):
    plays(x, head(x), text("no reason"), stop(), frame("message_stop"))


def empty(x):
    plays(x, head(x), tail())


def only_thinking(x):
    plays(x, start(x), block(0, {"type": "thinking", "thinking": ""}),
          delta(0, type="thinking_delta", thinking="hm"), tail("max_tokens"))


def refusal(x):
    plays(x, head(x), text("Well, "), tail("refusal", stop_details={
        "type": "refusal", "category": "cyber", "explanation": "It could do harm."}))


def bare_refusal(x):
    plays(x, head(x), tail("refusal"))


def tool(x):
    plays(x, head(x), text("let me see"), stop(),
          block(1, {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {}}),
          delta(1, type="input_json_delta", partial_json="{}"), tail("tool_use"))


CALLING = [
    {"type": "thinking", "thinking": "hm, é 😀\n", "signature": "EqQB/+="},
    {"type": "redacted_thinking", "data": "EmwK"},
    {"type": "text", "text": "Let me see."},
    {"type": "tool_use", "id": "toolu_1", "name": "say", "input": {"text": "é 😀"}},
    {"type": "tool_use", "id": "toolu_2", "name": "fails", "input": {}},
]


def called(x):
    """Calls two tools, piece by piece, with thinking in front."""
    first, second, third, fourth, fifth = CALLING
    return (start(x)
            + block(0, {"type": "thinking", "thinking": "", "signature": ""})
            + delta(0, type="thinking_delta", thinking=first["thinking"][:5])
            + delta(0, type="thinking_delta", thinking=first["thinking"][5:])
            + delta(0, type="signature_delta", signature=first["signature"]) + stop(0)
            + block(1, second) + stop(1)
            + block(2, {**third, "text": ""}) + text("Let me", 2) + text(" see.", 2) + stop(2)
            + block(3, {**fourth, "input": {}})
            + "".join(delta(3, type="input_json_delta", partial_json=piece)
                      for piece in ("", '{"te', 'xt": "é ', '😀"}')) + stop(3)
            + block(4, fifth) + stop(4) + finish("tool_use") + frame("message_stop"))


def call(x):
    """As strict as the provider: what was said has to come back, and all results in one message."""
    messages, wanted = x.json["messages"], ["toolu_1", "toolu_2"]
    tools = [tool.get("name") for tool in x.json.get("tools", [])]
    if len(messages) == 1:
        plays(x, called(x))
        return
    results = messages[2]["content"]
    if (not tools or len(messages) != 3 or messages[1] != {"role": "assistant", "content": CALLING}
            or [result.get("tool_use_id") for result in results] != wanted):
        refuses("400 Bad Request", "invalid_request_error", "messages: this is not what was said")(x)
        return
    told = "; ".join(f"{result['content']} {result.get('is_error', False)}" for result in results)
    choice = x.json.get("tool_choice", {}).get("type", "auto")
    plays(x, head(x), text(f"{told}; {','.join(tools)}; {choice}"), tail())


def half_call(x):
    plays(x, start(x), block(0, CALLING[3] | {"input": {}}),
          delta(0, type="input_json_delta", partial_json='{"te'), tail("max_tokens"))


def pause(x):
    plays(x, head(x), text("wait"), tail("pause_turn"))


def badjson(x):
    plays(x, head(x), text("good "), 'data: {"type"\n\n', tail())


def error_mid(x):
    document = failure("overloaded_error", "Overloaded")
    plays(x, head(x), text("so far "), f"event: error\ndata: {json.dumps(document)}\n\n")


def error_first(x):
    document = failure("overloaded_error", "Overloaded")
    plays(x, f"event: error\ndata: {json.dumps(document)}\n\n")


def key_mid(x):
    document = failure("api_error", f"cannot use {x.headers.get('x-api-key')} now")
    plays(x, head(x), f"event: error\ndata: {json.dumps(document)}\n\n")


def chunks(x):
    """Chat completions, from a gateway that was asked for Messages."""
    x.stream()
    x.say("another language")
    x.finish()
    x.raw("event: end\ndata: {}\n\n")
    x.end()


def refuses(status, kind, message, *headers, **more):
    def script(x):
        x.whole(status, "application/json", json.dumps(failure(kind, message, **more)), *headers)
    return script


def echo_key(x):
    refuses("401 Unauthorized", "authentication_error",
            f"invalid x-api-key: {x.headers.get('x-api-key')}, see elsewhere")(x)


def whole(x):
    document = {"id": "msg_1", "type": "message", "role": "assistant", "model": x.json.get("model"),
                "content": [{"type": "text", "text": "not streamed"}], "stop_reason": "end_turn",
                "usage": USAGE}
    x.whole("200 OK", "application/json", json.dumps(document))


def gateway(x):
    x.whole("403 Forbidden", "application/json", '{"detail": "no such tenant"}')


SCRIPTS = {
    **upstream.PLAIN, "reply": reply,
    "words": words, "echo": echo, "thinking": thinking, "split": split, "max-tokens": max_tokens,
    "keepopen": keepopen, "stall-mid": stall_mid, "cut-mid": cut_mid, "ends-early": ends_early,
    "no-reason": no_reason, "empty": empty, "only-thinking": only_thinking, "refusal": refusal,
    "bare-refusal": bare_refusal, "tool": tool, "call": call, "half-call": half_call, "pause": pause, "badjson": badjson,
    "error-mid": error_mid, "error-first": error_first, "key-mid": key_mid, "chunks": chunks,
    "echo-key": echo_key, "json": whole, "gateway": gateway,
    "429": refuses("429 Too Many Requests", "rate_limit_error", "Slow down", "Retry-After: 7"),
    "spent": refuses("429 Too Many Requests", "rate_limit_error", "Spend limit reached",
                     details={"error_code": "enforced_spend_limit_reached"}),
    "500": refuses("500 Internal Server Error", "api_error", "Internal server error"),
    "503": refuses("503 Service Unavailable", "api_error", "Service unavailable"),
    "529": refuses("529 Overloaded", "overloaded_error", "Overloaded"),
    "error200": refuses("200 OK", "not_found_error", "model: none"),
}


if __name__ == "__main__":
    upstream.run(SCRIPTS)
