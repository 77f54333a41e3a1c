#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Tail the feed as collectors do, across rotation, and print each line; ends by SIGTERM at its end.

usage: collect-feed.py DIRECTORY
It holds the current file open; when the name leads elsewhere, what was put aside since (.1, .2, ... up
to the file that it holds) is read to its end first."""
import os
import signal
import sys
import time

NAME = "events.ndjson"
ending = False


def end(*_):
    global ending
    ending = True


def identity(status):
    return status.st_dev, status.st_ino


def newer_than(directory, held):
    """The files since @held, oldest first, open; empty while files are being renamed. None: it is gone."""
    files, number = [], 0
    while True:
        path = os.path.join(directory, NAME + (f".{number}" if number else ""))
        try:
            file = open(path, "rb")
        except FileNotFoundError:
            return None if number > 0 and is_gone(directory, held) else []
        if identity(os.fstat(file.fileno())) == held:
            return files[::-1]
        files.append(file)
        number += 1


def is_gone(directory, held):
    """A moment later it may have got its new name: only two looks in a row tell."""
    for _ in range(2):
        time.sleep(0.01)
        if any(identity(entry.stat()) == held for entry in os.scandir(directory)):
            return False
    return True


def main(directory):
    out, rest = sys.stdout.buffer, b""
    current = open(os.path.join(directory, NAME), "rb")
    while True:
        last = ending
        held = identity(os.fstat(current.fileno()))
        newer = newer_than(directory, held)
        if newer is None:
            sys.exit("a file was removed before it was read")
        # After the look: whoever put it aside writes to it no more.
        data = current.read()
        if data:
            rest += data
            whole, _, rest = rest.rpartition(b"\n")
            if whole:
                out.write(whole + b"\n")
                out.flush()
        if newer:
            current, rest = newer[0], b""
        elif last:
            return
        else:
            time.sleep(0.002)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, end)
    main(sys.argv[1])
