#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""An engine as conmon sees one: run conmon and print what it tells through its sync pipe.

usage: engine.py MESSAGES CONMON [ARG...]
Each message is a line as it came, MESSAGES of them or fewer if nobody holds the sync pipe any more
(conmon does until the container ends); then "conmon STATUS" for the process that was run.
"""
import os
import sys


def environment(sync_fd, start_fd):
    return {
        "PATH": os.environ["PATH"],
        "XDG_RUNTIME_DIR": "",
        "_OCI_SYNCPIPE": str(sync_fd),
        "_OCI_STARTPIPE": str(start_fd),
        **({"NOTIFY_SOCKET": os.environ["NOTIFY_SOCKET"]} if "NOTIFY_SOCKET" in os.environ else {}),
    }


def main(expected, *command):
    sync_read, sync_write = os.pipe()
    start_read, start_write = os.pipe()
    for fd in (sync_write, start_read):
        os.set_inheritable(fd, True)
    with open(os.devnull, "r+b") as null:
        pid = os.posix_spawnp(
            command[0],
            command,
            environment(sync_write, start_read),
            file_actions=[(os.POSIX_SPAWN_DUP2, null.fileno(), fd) for fd in range(3)],
        )
    os.close(sync_write)
    os.close(start_read)
    # Engines move conmon into a cgroup before they let it go on.
    os.write(start_write, b"\0")
    with os.fdopen(sync_read, encoding="utf-8") as messages:
        for _ in range(int(expected)):
            print(messages.readline().strip(), flush=True)
    print("conmon", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)


main(*sys.argv[1:])
