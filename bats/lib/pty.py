#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A person at a terminal, for bats/verbs/foreground.bats.

usage: pty.py OUTPUT ROWSxCOLUMNS COMMAND [ARG...] <<STEPS
COMMAND runs with a terminal of that size as its controlling one. STEPS are done in order, one per
line: "see TEXT" waits until TEXT has come since the last step that saw something, "type TEXT" types
(\\n, \\x03 as in Python), "size ROWSxCOLUMNS" resizes the window, "hang up" takes the terminal away.
All that came goes to OUTPUT; the last line there is "status N, settings kept" or "settings changed".
"""
import fcntl
import os
import select
import signal
import struct
import sys
import termios
import time

DEADLINE_S = float(os.environ.get("OCIRUN_TEST_DEADLINE", "20"))


class Terminal:
    def __init__(self, output, size):
        self.master, self.slave = os.openpty()
        self.output = output
        self.unseen = b""
        self.resize(size)
        self.settings = termios.tcgetattr(self.slave)

    def resize(self, size):
        rows, columns = map(int, size.split("x"))
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def read_some(self, timeout):
        if self.master < 0 or not select.select([self.master], [], [], timeout)[0]:
            return b""
        data = os.read(self.master, 65536)
        self.output.write(data)
        return data

    def see(self, text):
        end = time.monotonic() + DEADLINE_S
        while text.encode() not in self.unseen:
            if time.monotonic() > end:
                sys.exit(f"pty.py: never seen: {text}; last: {self.unseen[-300:]!r}")
            self.unseen += self.read_some(0.1)
        self.unseen = self.unseen.split(text.encode(), 1)[1]

    def hang_up(self):
        os.close(self.slave)
        os.close(self.master)
        self.master = -1

    def do(self, step):
        word, _, rest = step.partition(" ")
        if word == "see":
            self.see(rest)
        elif word == "type":
            os.write(self.master, rest.encode().decode("unicode_escape").encode("latin-1"))
        elif word == "size":
            self.resize(rest)
        elif step == "hang up":
            self.hang_up()
        else:
            sys.exit(f"pty.py: unknown step: {step}")


def run_on(terminal, command):
    pid = os.fork()
    if pid == 0:
        os.setsid()
        fcntl.ioctl(terminal.slave, termios.TIOCSCTTY, 0)
        for fd in range(3):
            os.dup2(terminal.slave, fd)
        os.closerange(3, 256)
        os.execvp(command[0], command)
    return pid


def finish(terminal, pid):
    end = time.monotonic() + DEADLINE_S
    while True:
        done, status = os.waitpid(pid, os.WNOHANG)
        while terminal.read_some(0.02):
            pass
        if done:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() > end:
            os.kill(pid, signal.SIGKILL)
            sys.exit("pty.py: it does not end")
        time.sleep(0 if terminal.master >= 0 else 0.02)


def main(output_path, size, *command):
    with open(output_path, "wb", buffering=0) as output:
        terminal = Terminal(output, size)
        pid = run_on(terminal, command)
        try:
            for step in sys.stdin.read().splitlines():
                terminal.do(step)
            code = finish(terminal, pid)
        except SystemExit:
            os.kill(pid, signal.SIGKILL)
            raise
        kept = terminal.master < 0 or termios.tcgetattr(terminal.slave) == terminal.settings
        output.write(f"\nstatus {code}, settings {'kept' if kept else 'changed'}\n".encode())


main(*sys.argv[1:])
