#!/usr/bin/env python3
"""An upstream that replays recorded streams, cut anywhere.

usage: upstream_cut.py --port-file FILE FOLDER

Listens on a free port of 127.0.0.1 and writes its number to the port file. A request whose body has
"replay NAME BYTES HOW" gets the first BYTES of FOLDER/NAME.txt. HOW is "closed": the connection's end
is the body's; "broken": the body is chunked and not ended; "whole": chunked and ended. Any other
request is answered with a JSON object that will do for a session, and as an agent's card.
"""
import argparse
import asyncio
import json
import os
import re

WANTED = re.compile(rb"replay ([a-z0-9]+) (\d+) (closed|broken|whole)")


def opening(port):
    interface = {"url": f"http://127.0.0.1:{port}/", "protocolBinding": "JSONRPC", "protocolVersion": "1.0"}
    body = json.dumps({"name": "cut", "capabilities": {"streaming": True}, "supportedInterfaces": [interface]})
    return (f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
            f"Connection: close\r\n\r\n{body}").encode()


def response(folder, body, port):
    found = WANTED.search(body)
    if not found:
        return opening(port)
    name, count, how = found.group(1).decode(), int(found.group(2)), found.group(3)
    with open(os.path.join(folder, name + ".txt"), "rb") as f:
        stream = f.read()[:count]
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n"
    if how == b"closed":
        return head + b"\r\n" + stream
    chunk = b"%x\r\n%s\r\n" % (len(stream), stream) if stream else b""
    return head + b"Transfer-Encoding: chunked\r\n\r\n" + chunk + (b"0\r\n\r\n" if how == b"whole" else b"")


async def main():
    p = argparse.ArgumentParser()
    p.add_argument("--port-file", required=True)
    p.add_argument("folder")
    options = p.parse_args()

    async def serve(reader, writer):
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"(?i)content-length: *(\d+)", head)
            body = await reader.readexactly(int(length.group(1)) if length else 0)
            writer.write(response(options.folder, body, writer.get_extra_info("sockname")[1]))
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    with open(options.port_file + ".new", "w", encoding="ascii") as f:
        print(server.sockets[0].getsockname()[1], file=f)
    os.rename(options.port_file + ".new", options.port_file)
    await server.serve_forever()


asyncio.run(main())
