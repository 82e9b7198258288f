"""Many streamed calls at once.

usage: streams.py URL TOKEN COUNT

Opens COUNT calls within a fifth of a second and reads them to their ends; prints "sent" when all were sent,
then one JSON object: whole (calls that ended with "done" and said every word), and what the first other one got.
"""
import asyncio
import json
import resource
import sys
from urllib.parse import urlsplit

URL, TOKEN, COUNT = sys.argv[1], sys.argv[2], int(sys.argv[3])
WORDS = " ".join(f"word{i}" for i in range(50))
PARTS = urlsplit(URL)
unsent = COUNT


async def call(number):
    global unsent
    await asyncio.sleep(0.2 * number / COUNT)
    body = json.dumps({"prompt": WORDS}).encode()
    reader, writer = await asyncio.open_connection(PARTS.hostname, PARTS.port)
    writer.write(
        (
            f"POST {PARTS.path} HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer {TOKEN}\r\n"
            f"Accept: text/event-stream\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        ).encode()
        + body
    )
    unsent -= 1
    if not unsent:
        print("sent", flush=True)
    got = await reader.read()
    writer.close()
    whole = got.count(b"event: delta") == 50 and b"event: done" in got
    return None if whole else got.decode(errors="replace")[-500:]


async def main():
    results = await asyncio.gather(*(call(i) for i in range(COUNT)), return_exceptions=True)
    broken = [str(r) for r in results if r is not None]
    print(json.dumps({"whole": COUNT - len(broken), "first": broken[:1]}))


hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
asyncio.run(main())
