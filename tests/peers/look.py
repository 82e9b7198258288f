#!/usr/bin/env python3
"""Looks into what tests got.

usage: look.py member FILE NAME[.NAME...]    a value of a JSON document; strings as they are
       look.py text FILE                     the deltas of an event stream, joined
       look.py events FILE                   the types of its events, one a line
       look.py data FILE TYPE                the data of its last event of the type
       look.py count LOG SCRIPT              the requests in the upstream's log that a script answered
       look.py last LOG SCRIPT NAME[.NAME...]   a value of the last of them
"""
import json
import sys


def show(value):
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)


def dig(value, path):
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value


def document(path):
    with open(path, encoding="utf-8") as f:
        return json.load(f)


def events(path):
    found, kind, data = [], "message", []
    with open(path, encoding="utf-8", newline="\n") as f:
        for line in f.read().split("\n"):
            if not line and data:
                found.append((kind, "\n".join(data)))
            if not line:
                kind, data = "message", []
            elif line.startswith("event: "):
                kind = line[7:]
            elif line.startswith("data: "):
                data.append(line[6:])
    return found


def requests(path, script):
    with open(path, encoding="utf-8") as f:
        logged = [json.loads(line) for line in f if line.endswith("\n")]
    for r in logged:
        try:
            r["json"] = json.loads(r["body"])
        except ValueError:
            r["json"] = None
    return [r for r in logged if r["script"] == script]


def main(what, path, *more):
    if what == "member":
        print(show(dig(document(path), more[0])))
    elif what == "text":
        print("".join(json.loads(d)["text"] for kind, d in events(path) if kind == "delta"))
    elif what == "events":
        print("\n".join(kind for kind, _ in events(path)))
    elif what == "data":
        print([d for kind, d in events(path) if kind == more[0]][-1])
    elif what == "count":
        print(len(requests(path, more[0])))
    elif what == "last":
        print(show(dig(requests(path, more[0])[-1], more[1])))
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except (OSError, ValueError, LookupError, TypeError) as e:
        print(f"look.py {' '.join(sys.argv[1:])}: {e!r}")
        sys.exit(1)
