#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A caller that waits for the very process of the pid file, as conmon-rs does, and for no other.

usage: waitpid.py OUTPUT PID_FILE COMMAND [ARG...]
Runs COMMAND as a child subreaper; when it has ended, writes "waiting" to OUTPUT and waits for the
process; then "PID STATUS", as subreaper.py has it, or "PID ECHILD".
"""
import ctypes
import os
import sys

PR_SET_CHILD_SUBREAPER = 36


def text(status):
    if os.WIFSIGNALED(status):
        return f"signal {os.WTERMSIG(status)}"
    return f"exit {os.WEXITSTATUS(status)}"


def main(output_path, pid_file, *command):
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0:
        sys.exit("waitpid.py: " + os.strerror(ctypes.get_errno()))
    child = os.posix_spawnp(command[0], command, os.environ)
    os.waitpid(child, 0)
    with open(pid_file, encoding="ascii") as file:
        pid = int(file.read())
    with open(output_path, "w", encoding="ascii") as output:
        print("waiting", file=output, flush=True)
        try:
            print(pid, text(os.waitpid(pid, 0)[1]), file=output, flush=True)
        except ChildProcessError:
            print(pid, "ECHILD", file=output, flush=True)


main(*sys.argv[1:])
