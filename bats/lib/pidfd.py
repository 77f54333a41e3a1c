#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The other end of --pidfd-socket, for bats/verbs/create.bats.

usage: pidfd.py SOCKET OUTPUT
Listens at SOCKET for one pidfd and writes to OUTPUT what came with it, whose pidfd it is and, once
that process has ended, "ended".
"""
import array
import re
import select
import socket
import sys


def receive(path):
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(path)
    listener.listen(1)
    connection, _ = listener.accept()
    data, control, _, _ = connection.recvmsg(4096, socket.CMSG_SPACE(4 * 16))
    fds = array.array("i")
    for level, kind, value in control:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            fds.frombytes(value[: len(value) - len(value) % fds.itemsize])
    return data.decode(), list(fds)


def pid_of(pidfd):
    with open(f"/proc/self/fdinfo/{pidfd}", encoding="ascii") as info:
        return int(re.search(r"^Pid:\s*(-?\d+)$", info.read(), re.MULTILINE).group(1))


def main(path, output_path):
    data, fds = receive(path)
    with open(output_path, "w", encoding="utf-8") as output:
        print(data, len(fds), pid_of(fds[0]), file=output, flush=True)
        select.select([fds[0]], [], [])
        print("ended", file=output)


main(*sys.argv[1:])
