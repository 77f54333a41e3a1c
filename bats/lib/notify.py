#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A service manager's end of NOTIFY_SOCKET, for bats/verbs/notify.bats.

usage: notify.py SOCKET OUTPUT [HOLD]
Binds SOCKET ("@name" is abstract) and writes each datagram to OUTPUT as one line: newlines become
"|", and " +N" tells how many descriptors came along. They are closed at once, as systemd does at a
BARRIER=1; with HOLD they stay open until that file is there.
"""
import array
import os
import socket
import sys
import time


def descriptors(control):
    fds = array.array("i")
    for level, kind, value in control:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            fds.frombytes(value[: len(value) - len(value) % fds.itemsize])
    return list(fds)


def main(path, output_path, hold=None):
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    listener.bind("\0" + path[1:] if path.startswith("@") else path)
    with open(output_path, "w", encoding="utf-8") as output:
        print("listening", file=output, flush=True)
        while True:
            data, control, _, _ = listener.recvmsg(65536, socket.CMSG_SPACE(4 * 16))
            fds = descriptors(control)
            text = data.decode(errors="replace").replace("\n", "|")
            print(text + (f" +{len(fds)}" if fds else ""), file=output, flush=True)
            while hold and fds and not os.path.exists(hold):
                time.sleep(0.02)
            for fd in fds:
                os.close(fd)


main(*sys.argv[1:])
