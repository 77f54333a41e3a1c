#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measure one client's `run --rm` with ocirun, crun and runc below; print a row of a markdown table.
usage: client.py podman|ctr|docker ROUNDS; bats/bench/client has set the client up. As in bench.py,
all runtimes take turns in each round."""
import os
import shutil
import subprocess
import sys
import time

from runtimes import PAUSE_S, PEERS, let_crun_work
from tables import milliseconds, ratio

RUNTIMES = ["ocirun", *PEERS]
IMAGE = "docker.io/library/busybox:latest" # ctr wants it whole

COMMANDS = {
    "podman": lambda runtime, name: ["podman", "--runtime", runtime, "run", "--rm", "--name", name,
                                     "busybox", "true"],
    "ctr": lambda runtime, name: ["ctr", "run", "--rm", "--seccomp", "--runc-binary", shutil.which(runtime),
                                  IMAGE, name, "true"],
    "docker": lambda runtime, name: [os.environ["DOCKER"], "run", "--rm", "--runtime", runtime,
                                     "--network", "none", "--name", name, "busybox", "true"],
}


def run(client, runtime, number):
    """Seconds, or None when the client cannot run a container by this runtime."""
    argv = COMMANDS[client](runtime, f"bench-{runtime}-{number}")
    began = time.perf_counter_ns()
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          check=False, text=True)
    seconds = (time.perf_counter_ns() - began) / 1e9
    if done.returncode == 0:
        return seconds
    print(f"bench: {' '.join(argv)}: exit status {done.returncode}: {done.stdout}", file=sys.stderr)
    return None


def measure(client, rounds):
    """Seconds by runtime; the first round warms up, and shows which runtimes the client can use."""
    usable = [runtime for runtime in RUNTIMES
              if shutil.which(runtime) and run(client, runtime, "first") is not None]
    times = {runtime: [] for runtime in usable}
    for number in range(rounds if usable else 0):
        turn = number % len(usable)
        for runtime in usable[turn:] + usable[:turn]:
            seconds = run(client, runtime, number)
            if seconds is not None:
                times[runtime].append(seconds)
        time.sleep(PAUSE_S)
    return times


def main(client, rounds):
    let_crun_work()
    times = measure(client, rounds)
    cells = [milliseconds(times.get(name)) for name in RUNTIMES]
    cells += [ratio(times.get("ocirun"), times.get(name)) for name in PEERS]
    print(f"| {client} run --rm | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
