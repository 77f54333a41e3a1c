# SPDX-License-Identifier: Apache-2.0
"""A thousand containers: through their whole life with 50 in flight, and standing by."""
import concurrent.futures
import json
import os
import time

from runtimes import CODES, pidfd_from, wait_for_exit
from tables import milliseconds, ratio, ratios_head, ratios_row, row

IN_FLIGHT = 50
SAMPLES = 10


def pooled(function, items):
    with concurrent.futures.ThreadPoolExecutor(IN_FLIGHT) as pool:
        return list(pool.map(function, items))


def life(runtime, number):
    name = f"{runtime.name}-life-{number}"
    pid_file = runtime.work / f"{runtime.name}-{name}.pid"
    runtime.call("create", "--bundle", str(runtime.work / f"exit-{number % CODES}"), "--pid-file", str(pid_file), name)
    pidfd = pidfd_from(pid_file)
    runtime.call("start", name)
    wait_for_exit(pidfd)
    runtime.call("delete", "--force", name)


def right_codes(runtime, count):
    right = 0
    for number in range(count):
        log = runtime.root / ".events" / f"{runtime.name}-life-{number}.ndjson"
        events = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
        right += [e["exitCode"] for e in events if e["type"] == "exited"] == [number % CODES]
    return right


def lives(runtimes, count):
    seconds = []
    for runtime in runtimes:
        began = time.monotonic()
        pooled(lambda number, runtime=runtime: life(runtime, number), range(count))
        seconds.append(time.monotonic() - began)
    ratios_row(f"{count} times create, start, exit, delete --force, {IN_FLIGHT} in flight, s", seconds, "{:.1f}")
    row("of these ended with the right code by the log", str(right_codes(runtimes[0], count)),
        *["-"] * (2 * len(runtimes) - 2))


def standing(runtimes, levels):
    """What a verb costs with so many containers of each runtime present."""
    present = 0
    for level in levels:
        for runtime in runtimes:
            pooled(lambda n, runtime=runtime: os.close(runtime.run_detached(f"{runtime.name}-stands-{n}")), range(present, level))
        present = level
        times = {verb: {r.name: [] for r in runtimes} for verb in ("create", "state", "list", "events --all")}
        for _ in range(SAMPLES):
            for runtime in runtimes:
                sample(runtime, {verb: by_name[runtime.name] for verb, by_name in times.items()})
        for verb, by_name in times.items():
            ours = by_name[runtimes[0].name]
            row(f"{verb}, with {level} present, ms", *(milliseconds(by_name[r.name]) for r in runtimes),
                *(ratio(ours, by_name[r.name]) for r in runtimes[1:]))
    for runtime in runtimes:
        pooled(lambda n, runtime=runtime: runtime.call("delete", "--force", f"{runtime.name}-stands-{n}"), range(present))


def sample(runtime, times):
    name = f"{runtime.name}-one-more" # the peers would use each other's cgroup
    times["create"].append(runtime.call("create", "--bundle", str(runtime.work / "sleep"), name))
    times["state"].append(runtime.call("state", name))
    times["list"].append(runtime.call("list", "--format", "json"))
    if runtime.name == "ocirun":
        times["events --all"].append(runtime.call("events", "--all", "--no-follow"))
    runtime.call("delete", "--force", name)


def measure(runtimes, count):
    ratios_head("many containers", [r.name for r in runtimes])
    lives(runtimes, count)
    standing(runtimes, [1, count // 10, count])
