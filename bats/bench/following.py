# SPDX-License-Identifier: Apache-2.0
"""From the end of a container to the line on the stdout of `ocirun events`."""
import concurrent.futures
import os
import select
import subprocess
import time

from runtimes import PAUSE_S, kill, status_kib
from tables import head, row, with_tail

ONE_BY_ONE = 200 # exits of the thousand, before
AT_ONCE = 500    # that many


class Follower:
    def __init__(self, runtime, *args):
        self.process = subprocess.Popen(runtime.command("events", *args), stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE)
        self.fd = self.process.stdout.fileno()
        self.seen = b""

    def read_until(self, text, count=1):
        """Until it has printed @text so often since the last time."""
        while self.seen.count(text) < count:
            if not select.select([self.fd], [], [], 60)[0]:
                raise RuntimeError(f"no {text} in a minute")
            self.seen += os.read(self.fd, 1 << 20)
        self.seen = b""

    def end(self):
        self.process.terminate()
        self.process.stdout.close()
        self.process.wait()


def to_line(runtime, name):
    pidfd = runtime.run_detached(name)
    follower = Follower(runtime, name)
    follower.read_until(b'"type":"started"')
    time.sleep(PAUSE_S)
    began = time.perf_counter_ns()
    kill(pidfd)
    follower.read_until(b'"type":"exited"')
    took = time.perf_counter_ns() - began
    os.close(pidfd)
    runtime.call("delete", name)
    follower.end()
    return took / 1e9


def to_end(runtime, name):
    """What the kernel takes to end the same process, as far as who watches it could know."""
    pidfd = runtime.run_detached(name, "sleep", "--monitor=none")
    time.sleep(PAUSE_S)
    began = time.perf_counter_ns()
    kill(pidfd)
    select.select([pidfd], [], [])
    took = time.perf_counter_ns() - began
    os.close(pidfd)
    runtime.call("delete", name)
    return took / 1e9


def many(function, items):
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        return list(pool.map(function, items))


def thousand(runtime, count):
    """One follower of so many running containers: set-up, one exit after the other, many at once."""
    names = [f"bench-many-{n}" for n in range(count)]
    pidfds = many(runtime.run_detached, names)
    began = time.perf_counter_ns()
    follower = Follower(runtime, "--all")
    follower.read_until(b'"type":"started"', count)
    row(f"one follower of {count} containers: until it has printed what happened so far, ms",
        f"{(time.perf_counter_ns() - began) / 1e6:.1f}")
    seconds, one_by_one, at_once = [], min(ONE_BY_ONE, count // 4), min(AT_ONCE, count // 2)
    for pidfd in pidfds[:one_by_one]:
        time.sleep(0.01)
        began = time.perf_counter_ns()
        kill(pidfd)
        follower.read_until(b'"type":"exited"')
        seconds.append((time.perf_counter_ns() - began) / 1e9)
    row("the same: signal to the line, ms", with_tail(seconds))
    began = time.perf_counter_ns()
    for pidfd in pidfds[one_by_one:one_by_one + at_once]:
        kill(pidfd)
    killed = time.perf_counter_ns()
    follower.read_until(b'"type":"exited"', at_once)
    row(f"the same: {at_once} exits at once, until the last line is out, ms",
        f"{(time.perf_counter_ns() - began) / 1e6:.0f}, {(killed - began) / 1e6:.0f} of them for the signals")
    rss, own = (status_kib(follower.process.pid, what) for what in ("VmRSS", "RssAnon"))
    row("the same: the follower's RSS, and of that its own, the rest being shared files, KiB", f"{rss}, {own}")
    follower.end()
    for pidfd in pidfds:
        os.close(pidfd)
    many(lambda name: runtime.call("delete", "--force", name), names)


def measure(runtime, rounds, count):
    lines, ends = [], []
    for number in range(rounds):
        lines.append(to_line(runtime, f"bench-line-{number}"))
        ends.append(to_end(runtime, f"bench-end-{number}"))
    head("ocirun alone", f"median (10 %-90 %) of {rounds}")
    row("signal to the line on a follower's stdout, ms", with_tail(lines))
    row("signal to the end of the process, as the kernel tells it where nobody watches, ms", with_tail(ends))
    late = [line - end for line, end in zip(sorted(lines), sorted(ends))]
    row("so the line comes after the end by, ms", with_tail(late))
    thousand(runtime, count)
