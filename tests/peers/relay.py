#!/usr/bin/env python3
"""A port behind which something else may be at any time, for those who keep connections.

usage: relay.py MODE-FILE

Listens on a free port of 127.0.0.1. What is in the file now decides on new connections:

  PORT     they are relayed to this port of 127.0.0.1
  stall    they are taken, and nothing is said
  close    they are closed at once
  refuse   they are refused
  cut      as refuse; and all that are relayed are cut

Printed is the port, "mode WORD" when a change is in force, and "took WORD" for every connection.
"""
import asyncio
import sys


def say(*words):
    print(*words, flush=True)


class Relay:
    def __init__(self, path):
        self.path, self.mode, self.port = path, "", 0
        self.server = None
        self.writers = set()

    async def copy(self, reader, writer):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()

    async def relay(self, reader, writer):
        there, out = await asyncio.open_connection("127.0.0.1", int(self.mode))
        self.writers.add(out)
        await asyncio.wait({asyncio.ensure_future(self.copy(reader, out)),
                            asyncio.ensure_future(self.copy(there, writer))}, return_when=asyncio.FIRST_COMPLETED)
        out.close()

    async def serve(self, reader, writer):
        say("took", self.mode)
        self.writers.add(writer)
        try:
            if self.mode.isdigit():
                await self.relay(reader, writer)
            elif self.mode == "stall":
                while await reader.read(65536):
                    pass
        except OSError:
            pass
        writer.close()

    async def change(self, mode):
        listens = mode not in ("refuse", "cut")
        if listens and not self.server:
            self.server = await asyncio.start_server(self.serve, "127.0.0.1", self.port, backlog=1024)
        elif not listens and self.server:
            self.server.close()
            self.server = None
        if mode == "cut":
            for writer in self.writers:
                writer.transport.abort()
            self.writers.clear()
        self.mode = mode
        if not self.port:
            self.port = self.server.sockets[0].getsockname()[1]
            say(self.port)
        say("mode", mode)

    async def run(self):
        while True:
            with open(self.path, encoding="ascii") as f:
                mode = f.read().strip()
            if mode and mode != self.mode:
                await self.change(mode)
            await asyncio.sleep(0.02)


asyncio.run(Relay(sys.argv[1]).run())
