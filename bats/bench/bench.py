#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measure ocirun, crun and runc side by side and print markdown tables of medians and ratios.
usage: bench.py [ROUNDS [PART...]]; OCIRUN names the program, else it is build/ocirun. Nothing else should run.
PARTs: verbs cost following scale clients; all of them by default. With fewer than 20 rounds there are a hundred
containers where there would be a thousand.

In each round every runtime does every verb once, and the runtime that begins changes from round to
round, so that whatever else the machine does hits all of them. Between rounds there is a pause, as in
life: verbs are then cold, which matters for the kernel's cgroup locks."""
import os
import pathlib
import platform
import shutil
import subprocess
import sys
import tempfile
import time

import cost
import following
import scale
import verbs
from runtimes import HERE, PAUSE_S, PEERS, Runtime, let_crun_work, make_bundles
from tables import ratios_head

CLIENTS = ["podman", "ctr", "docker"]
PARTS = ["verbs", "cost", "following", "scale", "clients"]


def measure_verbs(runtimes, rounds):
    for number in range(rounds):
        turn = number % len(runtimes)
        for runtime in runtimes[turn:] + runtimes[:turn]:
            verbs.one_round(runtime, number)
        time.sleep(PAUSE_S)
    verbs.print_table(runtimes)


def measure(runtimes, rounds, parts):
    for runtime in runtimes:
        verbs.warm_up(runtime)
    cpu = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo", encoding="ascii")
                if line.startswith("model name")), platform.machine())
    print(f"{time.strftime('%Y-%m-%d')}, Linux {platform.release().split('-')[0]}, {os.cpu_count()} x {cpu};",
          f"{rounds} rounds;", "; ".join(r.version() for r in runtimes))
    count = 1000 if rounds >= 20 else 100
    measures = {
        "verbs": lambda: measure_verbs(runtimes, rounds),
        "cost": lambda: cost.measure(runtimes),
        "following": lambda: following.measure(runtimes[0], count // 5, count),
        "scale": lambda: scale.measure(runtimes, count),
    }
    for part in [p for p in parts if p in measures]:
        print(flush=True)
        measures[part]()


def measure_clients(program, rounds):
    """Each on a host of its own; one that is not installed has no row."""
    print()
    ratios_head("median (10 %-90 %), ms", ["ocirun", *PEERS])
    for client in CLIENTS:
        argv = [HERE.parent / "run", "--private", HERE / "client", client, str(rounds)]
        subprocess.run(argv, check=False, env={**os.environ, "OCIRUN": program})


def inside(program, rounds, parts):
    # --root on tmpfs, as /run is nearly everywhere: of the three only ocirun waits for the disk.
    work = pathlib.Path(tempfile.mkdtemp(prefix="ocirun-bench.", dir="/dev/shm"))
    programs = [("ocirun", program)] + [(name, shutil.which(name)) for name in PEERS]
    runtimes = [Runtime(name, found, work) for name, found in programs if found]
    make_bundles(work)
    let_crun_work()
    try:
        measure(runtimes, rounds, parts)
    finally:
        for runtime in runtimes:
            runtime.delete_all()
        shutil.rmtree(work)


def main(rounds="40", *parts):
    parts, is_inside = [p for p in parts if p in PARTS] or PARTS, "--inside" in parts
    if os.geteuid() != 0:
        sys.exit("bench.py: containers are run as root")
    program = os.environ.get("OCIRUN", str(HERE.parents[1] / "build" / "ocirun"))
    if not os.access(program, os.X_OK):
        sys.exit(f"bench.py: no ocirun at {program}: build it first")
    if is_inside:
        return inside(program, int(rounds), parts)
    # crun is made to work in a mount namespace of its own, and no module is left compiled in the tree.
    done = subprocess.run(["unshare", "--mount", sys.executable, __file__, rounds, *parts, "--inside"], check=False,
                          env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"})
    if done.returncode:
        sys.exit(done.returncode)
    if "clients" in parts:
        measure_clients(program, max(int(rounds) // 2, 1))


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    main(*sys.argv[1:])
