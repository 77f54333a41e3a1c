#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Many readers: a command as often as it is said, all at once, and what became of them.
usage: crowd.py COUNT LOG COMMAND [ARG...]

Prints "waiting: N, M with inotify" when all of them sleep with the file LOG open; then, as a line for each
kind of end, "N ended with STATUS: OUTPUT", the output as a Python string and cut to its first 2000 bytes."""
import collections
import os
import pathlib
import subprocess
import sys
import tempfile
import time


def open_files(pid):
    for fd in pathlib.Path(f"/proc/{pid}/fd").iterdir():
        try:
            yield os.readlink(fd)
        except OSError:
            pass


def waits(pid, log):
    state = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    return state == "S" and log in open_files(pid)


def main(count, log, *command):
    outputs = [tempfile.TemporaryFile() for _ in range(count)]
    readers = [subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=file) for file in outputs]
    for reader in readers:
        while not waits(reader.pid, log) and reader.poll() is None:
            time.sleep(0.01)
    with_inotify = sum("anon_inode:inotify" in open_files(reader.pid) for reader in readers)
    print(f"waiting: {count}, {with_inotify} with inotify", flush=True)
    ends = collections.Counter()
    for reader, file in zip(readers, outputs):
        status = reader.wait()
        file.seek(0)
        ends[status, file.read()] += 1
    for (status, output), number in ends.items():
        print(f"{number} ended with {status}: {output[:2000]!r}", flush=True)


main(int(sys.argv[1]), *sys.argv[2:])
