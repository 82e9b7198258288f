#!/usr/bin/env python3
"""Starts a program with a listening socket, as web servers and systemd do.

usage: activate.py HOW PATH COMMAND [ARGUMENT...]

Binds a unix socket at PATH; HOW is
  stdin        the socket is file descriptor 0
  nonblocking  the same, and it is non-blocking
  two          the same as stdin, for two processes; their ids are printed, then both are waited for
  systemd      file descriptor 3, with LISTEN_PID and LISTEN_FDS
  other        the same, but LISTEN_PID is another process
"""
import os
import socket
import sys


def hand_over(s, fd):
    os.dup2(s.fileno(), fd, inheritable=True)


def main(how, path, *command):
    s = socket.socket(socket.AF_UNIX)
    s.bind(path)
    s.listen(128)
    if how in ("systemd", "other"):
        os.environ["LISTEN_FDS"] = "1"
        os.environ["LISTEN_PID"] = str(os.getpid() if how == "systemd" else os.getppid())
        if s.fileno() == 3:
            s = s.dup()
        hand_over(s, 3)
    else:
        hand_over(s, 0)
    if how == "nonblocking":
        s.setblocking(False)
    if how != "two":
        os.execvp(command[0], command)
    children = [os.posix_spawnp(command[0], command, os.environ) for _ in range(2)]
    print(*children, flush=True)
    sys.exit(max(os.waitstatus_to_exitcode(os.waitpid(c, 0)[1]) for c in children))


if __name__ == "__main__":
    main(*sys.argv[1:])
