#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Run a command and SIGKILL one of its processes at one of its system calls.

usage: kill-at.py WHICH N COMMAND ARG...
       kill-at.py --pid PID N
WHICH counts the processes in the order in which they come to be: of `ocirun create` 0 is the verb, 1
the process between, 2 the monitor, 3 init. N is the call, from 1, at whose entry it dies; with 0
nothing does, and "WHICH CALLS" of each process is printed to fd 3 when the command has ended and the
others have come to rest. Exit status: the command's, or 128 + signal.
With --pid a process that is there: "ready" is printed once it is traced, and calls count from then on; with
N 0 nothing is done to it, and the number of its calls is printed at its end."""
import ctypes
import os
import signal
import sys

SEIZE, INTERRUPT, SYSCALL = 0x4206, 0x4207, 24
# TRACESYSGOOD | TRACEFORK | TRACEVFORK | TRACECLONE | TRACEEXEC
OPTIONS = 1 | 2 | 4 | 8 | 16
REST = 0.15  # seconds without any call: whoever is left waits for somebody
WALL = 0x40000000

libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
libc.ptrace.restype = ctypes.c_long


def ptrace(request, pid, data=0):
    return libc.ptrace(request, pid, None, data)


class Rest(Exception):
    pass


def at_rest(*_):
    raise Rest


class Process:
    def __init__(self, which):
        self.which, self.calls, self.inside = which, 0, False


def spawn(argv):
    pid = os.fork()
    if pid == 0:
        os.kill(os.getpid(), signal.SIGSTOP)
        try:
            os.execv(argv[0], argv)
        finally:
            os._exit(127)
    os.waitpid(pid, os.WUNTRACED)
    ptrace(SEIZE, pid, OPTIONS)
    os.kill(pid, signal.SIGCONT)
    return pid


def step(pid, status, processes, which, n):
    """One stop of a traced process; how it goes on. Returns whether it was the one and is dead."""
    process = processes.setdefault(pid, Process(len(processes)))
    sig, event = os.WSTOPSIG(status), status >> 16
    if sig == signal.SIGTRAP | 0x80:
        process.inside = not process.inside
        process.calls += process.inside
        if process.inside and (process.which, process.calls) == (which, n):
            os.kill(pid, signal.SIGKILL)
            return True
    ptrace(SYSCALL, pid, 0 if event or sig & 0x80 else sig)
    return False


def follow(first, which, n):
    processes, gone, result, done = {first: Process(0)}, set(), None, False
    signal.signal(signal.SIGALRM, at_rest)
    while processes.keys() - gone and not (done and result is not None):
        if result is not None:
            signal.setitimer(signal.ITIMER_REAL, REST)
        try:
            pid, status = os.waitpid(-1, WALL)
        except Rest:
            break
        if os.WIFSTOPPED(status):
            done |= step(pid, status, processes, which, n)
            continue
        gone.add(pid)
        if pid == first:
            result = os.waitstatus_to_exitcode(status)
    if n == 0:
        with open(3, "w", encoding="ascii") as out:
            out.writelines(f"{p.which} {p.calls}\n" for p in processes.values())
    # Our end leaves the others running, untraced.
    return result if result >= 0 else 128 - result


def attach(pid, n):
    """Step a process that waits in a system call, whose interruption is none of the calls counted."""
    if ptrace(SEIZE, pid, OPTIONS) < 0:
        sys.exit("kill-at.py: " + os.strerror(ctypes.get_errno()))
    ptrace(INTERRUPT, pid)
    os.waitpid(pid, WALL)
    process = {pid: Process(0)}
    ptrace(SYSCALL, pid)
    print("ready", flush=True)
    while True:
        _, status = os.waitpid(pid, WALL)
        if not os.WIFSTOPPED(status):
            break
        step(pid, status, process, 0, n)
    if n == 0:
        print(process[pid].calls)
    return 0


def main(which, n, *argv):
    if which == "--pid":
        return attach(int(n), int(argv[0]))
    return follow(spawn(list(argv)), int(which), int(n))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
