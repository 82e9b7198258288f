#!/usr/bin/env python3
"""A caller that does not wait for the end.

usage: caller.py hang-up|interrupt TEXT COMMAND [ARGUMENT...]

Starts the command, reads its output until it has said the text, and then closes its end of the pipe
or sends SIGINT. Prints the exit status, and "in time" if the command ended within a second.
"""
import signal
import subprocess
import sys
import time

PATIENCE = 20


def main(how, text, *command):
    p = subprocess.Popen(command, stdin=sys.stdin, stdout=subprocess.PIPE,
                         preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
    said = b""
    while text.encode() not in said:
        piece = p.stdout.read1(4096)
        if not piece:
            print(f"ended with {p.wait()} after {said!r}")
            return 1
        said += piece
    began = time.monotonic()
    if how == "interrupt":
        p.send_signal(signal.SIGINT)
        p.stdout.read()
    else:
        p.stdout.close()
    try:
        status = p.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        p.kill()
        status = f"killed after {PATIENCE} s: {p.wait()}"
    seconds = time.monotonic() - began
    print(status, "in time" if seconds < 1 else f"after {seconds:.1f} s")
    return 0


if __name__ == "__main__":
    signal.alarm(3 * PATIENCE)
    sys.exit(main(*sys.argv[1:]))
