#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measure ocirun, crun and runc side by side and print a markdown table of medians and ratios.
usage: bench.py [ROUNDS]; OCIRUN names the program, else it is build/ocirun. Nothing else should run.

In each round every runtime does every verb once, and the runtime that begins changes from round to
round, so that whatever else the machine does hits all of them. Between rounds there is a pause, as in
life: verbs are then cold, which matters for the kernel's cgroup locks."""
import json
import os
import pathlib
import platform
import select
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
LIB = HERE.parent / "lib"
PAUSE_S = 0.05
MEMORY_CONTAINERS = 20
UPDATED_MEMORY = 256 * 1024 * 1024
VERBS = ["run true", "create", "start", "state", "exec true", "update --memory", "pause", "resume", "kill",
         "delete", "delete --force"]
PEERS = ["crun", "runc"]
CLIENTS = ["podman", "ctr", "docker"]
MAY_LACK = ["exec true", "update --memory", "pause", "resume"] # not every runtime can do it on every host


class Runtime:
    def __init__(self, name, program, work):
        self.name, self.program = name, program
        self.root = work / f"root-{name}"
        self.times = {verb: [] for verb in VERBS}
        self.waiting_pss = []
        self.lacks = set()

    def command(self, *args):
        return [self.program, "--root", str(self.root), *args]

    def call(self, *args):
        """Run one verb; returns the seconds it took."""
        argv = self.command(*args)
        null = os.open("/dev/null", os.O_RDWR)
        actions = [(os.POSIX_SPAWN_DUP2, null, fd) for fd in (0, 1)]
        began = time.perf_counter_ns()
        pid = os.posix_spawn(self.program, argv, os.environ, file_actions=actions)
        _, status = os.waitpid(pid, 0)
        took = time.perf_counter_ns() - began
        os.close(null)
        if status:
            raise RuntimeError(f"{' '.join(argv)}: exit status {os.waitstatus_to_exitcode(status)}")
        return took / 1e9

    def timed(self, verb, *args):
        if verb not in self.lacks:
            self.times[verb].append(self.call(*args))

    def warm_up(self, bundles):
        """A round that does not count: caches fill, and it turns out what the runtime cannot do."""
        name = f"bench-{self.name}"
        self.call("run", "--detach", "--bundle", str(bundles / "sleep"), name)
        for verb in MAY_LACK:
            try:
                self.call(*arguments_of(verb, name))
            except RuntimeError as error:
                print(f"bench.py: no {verb}: {error}", file=sys.stderr)
                self.lacks.add(verb)
        self.call("delete", "--force", name)

    def delete_all(self):
        """What a failure has left."""
        for folder in self.root.glob("[a-z]*"):
            subprocess.run(self.command("delete", "--force", folder.name), check=False)

    def version(self):
        out = subprocess.run([self.program, "--version"], capture_output=True, text=True, check=True)
        return out.stdout.split("\n")[0]


def smaps_kib(pid, what):
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith(what + ":"))


def wait_for_exit(pidfd):
    select.select([pidfd], [], [], 10)
    os.close(pidfd)


def arguments_of(verb, name):
    """Of a verb that acts on a running container."""
    word, _, rest = verb.partition(" ")
    if verb == "update --memory":
        return [word, rest, str(UPDATED_MEMORY), name]
    return [word, name, f"/bin/{rest}"] if rest else [word, name]


def one_round(runtime, bundles, number):
    name = f"bench-{runtime.name}-{number}"
    pid_file = bundles / f"{name}.pid"
    runtime.timed("run true", "run", "--bundle", str(bundles / "true"), name)
    for ending in ("delete", "delete --force"):
        runtime.timed("create", "create", "--bundle", str(bundles / "sleep"), "--pid-file",
                      str(pid_file), name)
        pid = int(pid_file.read_text(encoding="ascii"))
        pidfd = os.pidfd_open(pid)
        runtime.waiting_pss.append(smaps_kib(pid, "Pss"))
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


def settle(runtime, name):
    """All of them say stopped only a moment after the exit: outside of what is timed."""
    for _ in range(1000):
        out = subprocess.run(runtime.command("state", name), capture_output=True, text=True, check=True)
        if json.loads(out.stdout)["status"] == "stopped":
            return
    raise RuntimeError(f"{name} does not stop")


def exit_to_line(runtime, bundles, rounds):
    """From the signal that ends the container to the line on the stdout of `ocirun events`."""
    seconds = []
    for number in range(rounds):
        name = f"bench-line-{number}"
        pid_file = bundles / f"{name}.pid"
        runtime.call("run", "--detach", "--bundle", str(bundles / "sleep"), "--pid-file", str(pid_file),
                     name)
        pidfd = os.pidfd_open(int(pid_file.read_text(encoding="ascii")))
        with subprocess.Popen(runtime.command("events", name), stdout=subprocess.PIPE, bufsize=0) as follower:
            seen = b""
            while b'"started"' not in seen:
                seen += follower.stdout.read(65536)
            began = time.perf_counter_ns()
            signal.pidfd_send_signal(pidfd, signal.SIGKILL)
            while b'"exited"' not in seen:
                seen += follower.stdout.read(65536)
            seconds.append((time.perf_counter_ns() - began) / 1e9)
            os.close(pidfd)
            runtime.call("delete", name)
        time.sleep(PAUSE_S)
    return seconds


def monitor_pids(root, name):
    """Whoever holds the lock file of a container's monitor open."""
    lock = str(root / name / "monitor")
    pids = []
    for fd in pathlib.Path("/proc").glob("[0-9]*/fd/*"):
        try:
            if os.readlink(fd) == lock:
                pids.append(int(fd.parts[2]))
        except OSError:
            pass
    return sorted(set(pids))


class MemoryCgroup:
    """What the kernel charges for everything that is begun inside, its own part included."""
    def __init__(self):
        v1 = pathlib.Path("/sys/fs/cgroup/memory")
        self.path = (v1 if v1.is_dir() else pathlib.Path("/sys/fs/cgroup")) / "ocirun-bench"
        self.usage_file = self.path / ("memory.usage_in_bytes" if v1.is_dir() else "memory.current")
        self.path.mkdir()

    def run(self, argv):
        script = f'echo $$ >"{self.path}/cgroup.procs" && exec "$@"'
        subprocess.run(["sh", "-c", script, "sh", *argv], check=True, stdin=subprocess.DEVNULL,
                       stdout=subprocess.DEVNULL)

    def usage(self):
        """Without page cache that could go at any time, such as that of the logs."""
        for file, text in (("memory.force_empty", "0"), ("memory.reclaim", "1G")):
            try:
                (self.path / file).write_text(text, encoding="ascii")
            except OSError:
                pass
        return int(self.usage_file.read_text(encoding="ascii"))

    def remove(self):
        for _ in range(100):
            try:
                return self.path.rmdir()
            except OSError:
                time.sleep(0.05)


def monitor_memory(runtime, bundles):
    """KiB per monitor: RSS, PSS, and what a memory cgroup is charged for one more container."""
    group = MemoryCgroup()
    names = [f"bench-memory-{n}" for n in range(MEMORY_CONTAINERS + 1)]
    for name in names:
        group.run(runtime.command("run", "--detach", "--bundle", str(bundles / "sleep"), name))
        if name == names[0]:
            first = group.usage() # with what is paid once for all, such as the program's own pages
    charged = (group.usage() - first) / MEMORY_CONTAINERS / 1024
    pids = [pid for name in names for pid in monitor_pids(runtime.root, name)]
    rss = [smaps_kib(pid, "Rss") for pid in pids]
    pss = [smaps_kib(pid, "Pss") for pid in pids]
    for name in names:
        runtime.call("delete", "--force", name)
    group.remove()
    return len(pids) / len(names), statistics.median(rss), statistics.median(pss), charged


def make_bundles(work):
    """Docker's namespaces and a seccomp profile of its shape; an ociVersion that old peers take."""
    config = json.loads((LIB / "config.json").read_text(encoding="utf-8"))
    config["ociVersion"] = "1.0.2"
    config["linux"]["seccomp"] = json.loads(
        (HERE.parent / "data" / "seccomp-docker.json").read_text(encoding="utf-8"))
    for name, args in (("true", ["true"]), ("sleep", ["sleep", "1000"])):
        binaries = work / name / "rootfs" / "bin"
        binaries.mkdir(parents=True)
        for folder in ("dev", "proc", "sys", "etc", "tmp"):
            (work / name / "rootfs" / folder).mkdir()
        shutil.copy(shutil.which("busybox"), binaries / "busybox")
        for applet in ("true", "sleep"):
            (binaries / applet).symlink_to("busybox")
        config["process"]["args"] = args
        (work / name / "config.json").write_text(json.dumps(config), encoding="utf-8")


def let_crun_work():
    """Debian's crun refuses a hybrid host whose v2 hierarchy has controllers, as hugetlb most often is
    one: in this mount namespace it has none. The bundles ask for no such limit."""
    controllers = pathlib.Path("/sys/fs/cgroup/unified/cgroup.controllers")
    if controllers.exists():
        subprocess.run(["mount", "--bind", "/dev/null", str(controllers)], check=True)


def milliseconds(seconds):
    if not seconds:
        return "-"
    tenth = statistics.quantiles(seconds, n=10, method="inclusive") if len(seconds) > 1 else [seconds[0]] * 9
    return f"{statistics.median(seconds) * 1e3:.2f} ({tenth[0] * 1e3:.2f}-{tenth[8] * 1e3:.2f})"


def ratio(mine, theirs):
    return f"{statistics.median(mine) / statistics.median(theirs):.2f}" if mine and theirs else "-"


def print_head(peers):
    head = ["ocirun", *peers] + [f"ocirun / {peer}" for peer in peers]
    print("| median (10 %-90 %), ms | " + " | ".join(head) + " |")
    print("|---" * (len(head) + 1) + "|", flush=True)


def print_table(runtimes):
    ours, peers = runtimes[0], runtimes[1:]
    print_head([r.name for r in peers])
    for verb in VERBS:
        cells = [milliseconds(r.times[verb]) for r in runtimes]
        cells += [ratio(ours.times[verb], r.times[verb]) for r in peers]
        print(f"| {verb} | " + " | ".join(cells) + " |")
    middle = [statistics.median(r.waiting_pss) for r in runtimes]
    cells = [f"{m:.0f}" for m in middle] + [f"{middle[0] / m:.2f}" for m in middle[1:]]
    print("| PSS of init between create and start, KiB | " + " | ".join(cells) + " |")


def measure(runtimes, work, rounds):
    for runtime in runtimes:
        runtime.warm_up(work)
    for number in range(rounds):
        turn = number % len(runtimes)
        for runtime in runtimes[turn:] + runtimes[:turn]:
            one_round(runtime, work, number)
        time.sleep(PAUSE_S)
    ocirun = runtimes[0]
    lines = exit_to_line(ocirun, work, rounds)
    count, rss, pss, charged = monitor_memory(ocirun, work)

    cpu = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo", encoding="ascii")
                if line.startswith("model name")), platform.machine())
    print(f"{time.strftime('%Y-%m-%d')}, Linux {platform.release().split('-')[0]}, {os.cpu_count()} x {cpu};",
          f"{rounds} rounds;", "; ".join(r.version() for r in runtimes), end="\n\n")
    print_table(runtimes)
    print("\n| ocirun alone | |\n|---|---|")
    print(f"| exit to the line on a follower's stdout, ms | {milliseconds(lines)}, "
          f"slowest {max(lines) * 1e3:.2f} |")
    print(f"| processes that watch one container | {count:g} |")
    print(f"| the monitor's RSS, PSS, KiB | {rss:.0f}, {pss:.0f} |")
    print(f"| memory charged for watching one container, KiB | {charged:.0f} |")


def measure_clients(program, rounds):
    """Each on a host of its own; one that is not installed has no row."""
    print()
    print_head(PEERS)
    for client in CLIENTS:
        argv = [HERE.parent / "run", "--private", HERE / "client", client, str(rounds)]
        subprocess.run(argv, check=False, env={**os.environ, "OCIRUN": program})


def measure_verbs(program, rounds):
    # --root on tmpfs, as /run is nearly everywhere: of the three only ocirun waits for the disk.
    work = pathlib.Path(tempfile.mkdtemp(prefix="ocirun-bench.", dir="/dev/shm"))
    programs = [("ocirun", program)] + [(name, shutil.which(name)) for name in PEERS]
    runtimes = [Runtime(name, found, work) for name, found in programs if found]
    make_bundles(work)
    let_crun_work()
    try:
        measure(runtimes, work, rounds)
    finally:
        for runtime in runtimes:
            runtime.delete_all()
        shutil.rmtree(work)


def main(rounds, inside):
    if os.geteuid() != 0:
        sys.exit("bench.py: containers are run as root")
    program = os.environ.get("OCIRUN", str(HERE.parents[1] / "build" / "ocirun"))
    if not os.access(program, os.X_OK):
        sys.exit(f"bench.py: no ocirun at {program}: build it first")
    if inside:
        return measure_verbs(program, rounds)
    sys.stdout.flush()
    done = subprocess.run(["unshare", "--mount", sys.executable, __file__, str(rounds), "--inside"], check=False)
    if done.returncode:
        sys.exit(done.returncode)
    measure_clients(program, max(rounds // 2, 1))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 40, "--inside" in sys.argv)
