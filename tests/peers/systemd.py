#!/usr/bin/env python3
"""Does with a socket unit and a service unit what systemd does with them: the part that matters to the service.

usage: systemd.py SOCKET-UNIT SERVICE-UNIT

Opens the socket (ListenStream=, SocketMode=, Backlog=), starts the service (ExecStart=) with it as file descriptor 3,
and keeps the socket open all the time. HUP restarts the service: TERM, TimeoutStopSec= until KILL, and a new one; each
restart is counted in a line "restarted N" on standard output. TERM ends the service, and then removes the socket
(RemoveOnStop=). A service that failed by itself is started again (Restart=); one that ended well, when somebody calls.
"""
import os
import select
import shlex
import signal
import socket
import subprocess
import sys
import threading


def read_unit(path):
    unit = {}
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            key, equals, value = line.strip().partition("=")
            if equals and not key.startswith(("#", ";", "[")):
                unit[key] = value
    return unit


def listen(unit):
    s = socket.socket(socket.AF_UNIX)
    s.bind(unit["ListenStream"])
    os.chmod(unit["ListenStream"], int(unit["SocketMode"], 8))
    s.listen(int(unit["Backlog"]))
    return s


def start(unit, s):
    command = shlex.split(unit["ExecStart"])
    # The child has its own process id in LISTEN_PID, so it is asked to look it up itself.
    script = 'export LISTEN_PID=$$ LISTEN_FDS=1; exec "$@"'
    return subprocess.Popen(["/bin/sh", "-c", script, "sh", *command], stdin=subprocess.DEVNULL,
                            preexec_fn=lambda: os.dup2(s.fileno(), 3, inheritable=True), pass_fds=(3,))


def stop(service, unit):
    service.terminate()
    try:
        return service.wait(int(unit["TimeoutStopSec"].rstrip("s")))
    except subprocess.TimeoutExpired:
        service.kill()
        return service.wait()


def main(socket_unit, service_unit):
    unit, listening = read_unit(service_unit), read_unit(socket_unit)
    s = listen(listening)
    if s.fileno() == 3:
        s = s.dup()
    wanted = threading.Event()
    ending = []
    signal.signal(signal.SIGHUP, lambda *_: wanted.set())
    signal.signal(signal.SIGTERM, lambda *_: (ending.append(True), wanted.set()))
    service, restarts = start(unit, s), 0
    while not ending:
        if wanted.wait(0.05):
            wanted.clear()
            if not ending:
                stop(service, unit)
        elif service.poll() is None or (service.returncode == 0 and not select.select([s], [], [], 0)[0]):
            continue
        if not ending:
            service = start(unit, s)
            restarts += 1
            print("restarted", restarts, flush=True)
    code = stop(service, unit) if service.poll() is None else service.returncode
    if listening.get("RemoveOnStop") == "yes":
        os.unlink(listening["ListenStream"])
    return code


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
