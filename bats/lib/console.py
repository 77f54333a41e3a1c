#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The other end of --console-socket, for bats/config/terminal.bats.

usage: console.py SOCKET OUTPUT [INPUT]
Listens at SOCKET for one terminal, writes its name to OUTPUT.name, and copies what comes to OUTPUT
until the terminal hangs up. INPUT is typed when the first output was seen.
"""
import array
import os
import socket
import sys


def receive_fd(connection):
    data, control, _, _ = connection.recvmsg(4096, socket.CMSG_SPACE(4 * 16))
    fds = array.array("i")
    for level, kind, value in control:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            fds.frombytes(value[: len(value) - len(value) % fds.itemsize])
    return data, list(fds)


def copy(master, output, text):
    while True:
        try:
            data = os.read(master, 4096)
        except OSError:  # EIO: the last slave was closed
            return
        if not data:
            return
        output.write(data)
        output.flush()
        os.write(master, text.encode())
        text = ""


def main(path, output_path, text=""):
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(path)
    listener.listen(1)
    connection, _ = listener.accept()
    name, fds = receive_fd(connection)
    with open(output_path + ".name", "w", encoding="utf-8") as file:
        file.write(f"{name.decode()} {len(fds)}\n")
    with open(output_path, "wb") as output:
        copy(fds[0], output, text)


main(*sys.argv[1:])
