#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What conmon and containerd's shim are to a runtime: run it as a child subreaper, and reap.

usage: subreaper.py OUTPUT COMMAND [ARG...]
Writes a line to OUTPUT for every process that it reaps, "command STATUS" for COMMAND itself and
"PID STATUS" for those that it has inherited, STATUS being "exit N", "signal N" or "signal N core"; at last, when
nobody is left to wait for, "nobody left".
"""
import ctypes
import os
import sys

PR_SET_CHILD_SUBREAPER = 36


def text(status):
    if os.WIFSIGNALED(status):
        return f"signal {os.WTERMSIG(status)}" + (" core" if os.WCOREDUMP(status) else "")
    return f"exit {os.WEXITSTATUS(status)}"


def main(output_path, *command):
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0:
        sys.exit("subreaper.py: " + os.strerror(ctypes.get_errno()))
    child = os.posix_spawnp(command[0], command, os.environ)
    with open(output_path, "w", encoding="ascii") as output:
        while True:
            try:
                pid, status = os.wait()
            except ChildProcessError:
                print("nobody left", file=output)
                return
            print("command" if pid == child else pid, text(status), file=output, flush=True)


main(*sys.argv[1:])
