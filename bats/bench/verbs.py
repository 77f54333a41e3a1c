# SPDX-License-Identifier: Apache-2.0
"""Every verb, by every runtime in turn."""
import os
import statistics
import sys

from runtimes import pidfd_from, settle, smaps_kib, wait_for_exit
from tables import milliseconds, ratio, ratios_head, ratios_row, row

UPDATED_MEMORY = 256 * 1024 * 1024
VERBS = ["run true", "create", "start", "state", "exec true", "update --memory", "pause", "resume", "kill",
         "delete", "delete --force"]
MAY_LACK = ["exec true", "update --memory", "pause", "resume"] # not every runtime can do it on every host


def arguments_of(verb, name):
    """Of a verb that acts on a running container."""
    word, _, rest = verb.partition(" ")
    if verb == "update --memory":
        return [word, rest, str(UPDATED_MEMORY), name]
    return [word, name, f"/bin/{rest}"] if rest else [word, name]


def warm_up(runtime):
    """A round that does not count: caches fill, and it turns out what the runtime cannot do."""
    name = f"bench-{runtime.name}"
    os.close(runtime.run_detached(name))
    for verb in MAY_LACK:
        try:
            runtime.call(*arguments_of(verb, name))
        except RuntimeError as error:
            print(f"bench.py: no {verb}: {error}", file=sys.stderr)
            runtime.lacks.add(verb)
    runtime.call("delete", "--force", name)


def one_round(runtime, number):
    bundles = runtime.work
    name = f"bench-{runtime.name}-{number}"
    pid_file = bundles / f"{name}.pid"
    runtime.timed("run true", "run", "--bundle", str(bundles / "true"), name)
    for ending in ("delete", "delete --force"):
        runtime.timed("create", "create", "--bundle", str(bundles / "sleep"), "--pid-file",
                      str(pid_file), name)
        pidfd = pidfd_from(pid_file)
        runtime.waiting_pss.append(smaps_kib(int(pid_file.read_text(encoding="ascii")), "Pss"))
        runtime.timed("start", "start", name)
        runtime.timed("state", "state", name)
        if ending == "delete":
            for verb in MAY_LACK:
                runtime.timed(verb, *arguments_of(verb, name))
            runtime.timed("kill", "kill", name, "KILL")
            wait_for_exit(pidfd)
            settle(runtime, name)
            runtime.timed(ending, "delete", name)
        else:
            runtime.timed(ending, "delete", "--force", name)
            os.close(pidfd)


def print_table(runtimes):
    ours, peers = runtimes[0], runtimes[1:]
    ratios_head("median (10 %-90 %), ms", [r.name for r in runtimes])
    for verb in VERBS:
        times = [r.times.get(verb) for r in runtimes]
        row(verb, *(milliseconds(t) for t in times), *(ratio(ours.times.get(verb), r.times.get(verb)) for r in peers))
    ratios_row("PSS of init between create and start, KiB",
               [statistics.median(r.waiting_pss) for r in runtimes], "{:.0f}")
