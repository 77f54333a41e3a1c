# SPDX-License-Identifier: Apache-2.0
"""What a container costs in memory, and what a `run` costs in system calls and memory."""
import os
import pathlib
import shutil
import statistics
import subprocess
import time

from runtimes import kill, smaps_kib, status_kib, wait_for_exit
from tables import ratios_head, ratios_row, row

CONTAINERS = 20


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
    """What the kernel charges for everything that is begun inside, its own part included; and to the cgroup
    that ocirun's monitors move to."""
    def __init__(self):
        v1 = pathlib.Path("/sys/fs/cgroup/memory")
        root = v1 if v1.is_dir() else pathlib.Path("/sys/fs/cgroup")
        self.usage_file = "memory.usage_in_bytes" if v1.is_dir() else "memory.current"
        self.path, self.aside = root / "ocirun-bench", root / "ocirun.monitor"
        self.path.mkdir()

    def run(self, argv):
        script = f'echo $$ >"{self.path}/cgroup.procs" && exec "$@"'
        subprocess.run(["sh", "-c", script, "sh", *argv], check=True, stdin=subprocess.DEVNULL,
                       stdout=subprocess.DEVNULL)

    def usage(self):
        """Without page cache that could go at any time, such as that of the logs."""
        return sum(self.usage_of(path) for path in (self.path, self.aside) if path.is_dir())

    def usage_of(self, path):
        for file, text in (("memory.force_empty", "0"), ("memory.reclaim", "1G")):
            try:
                (path / file).write_text(text, encoding="ascii")
            except OSError:
                pass
        return int((path / self.usage_file).read_text(encoding="ascii"))

    def remove(self):
        for _ in range(100):
            try:
                return self.path.rmdir()
            except OSError:
                time.sleep(0.05)


def charged(runtime, *options):
    """KiB that the kernel charges for one container more; and of ocirun, who watches them."""
    group = MemoryCgroup()
    names = [f"{runtime.name}-memory-{n}" for n in range(CONTAINERS + 1)]
    for name in names:
        group.run(runtime.command(*options, "run", "--detach", "--bundle", str(runtime.work / "sleep"), name))
        if name == names[0]:
            first = group.usage() # with what is paid once for all, such as the program's own pages
    kib = (group.usage() - first) / CONTAINERS / 1024
    pids = [pid for name in names for pid in monitor_pids(runtime.root, name)]
    rss, pss = ([smaps_kib(pid, what) for pid in pids] for what in ("Rss", "Pss"))
    for name in names:
        runtime.call("delete", "--force", name)
    group.remove()
    return kib, len(pids) / len(names), rss, pss


def system_calls(runtime):
    if not shutil.which("strace"):
        return None
    report = runtime.work / "strace"
    subprocess.run(["strace", "-f", "-c", "-o", str(report),
                    *runtime.command("run", "--bundle", str(runtime.work / "true"), f"{runtime.name}-calls")],
                   check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    total = report.read_text(encoding="utf-8").splitlines()[-1].split()
    return int(total[3])


def peak_rss_kib(runtime):
    """Of the verb's own process, once the program runs."""
    name, pid_file = f"{runtime.name}-peak", runtime.work / f"{runtime.name}-peak.pid"
    verb = subprocess.Popen(runtime.command("run", "--bundle", str(runtime.work / "sleep"), "--pid-file",
                                            str(pid_file), name),
                            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    for _ in range(1000):
        time.sleep(0.01)
        text = pid_file.read_text(encoding="ascii") if pid_file.exists() else ""
        if text and os.readlink(f"/proc/{text}/exe").endswith("/busybox"):
            break
    kib = status_kib(verb.pid, "VmHWM")
    pidfd = os.pidfd_open(int(text))
    kill(pidfd)
    wait_for_exit(pidfd)
    verb.wait()
    return kib


def measure(runtimes):
    ratios_head("a container's cost", [r.name for r in runtimes])
    ratios_row("system calls of `run` of true, all processes", [system_calls(r) for r in runtimes], "{}")
    ratios_row("peak RSS of `run`, KiB", [peak_rss_kib(r) for r in runtimes], "{}")
    ocirun = runtimes[0]
    with_monitor, count, rss, pss = charged(ocirun)
    without = charged(ocirun, "--monitor=none")[0]
    ratios_row("memory charged for one running container more, KiB",
               [with_monitor] + [charged(r)[0] for r in runtimes[1:]], "{:.0f}")
    none = ["-"] * (2 * len(runtimes) - 2)
    row("of that for watching it (the rest is what `--monitor=none` is charged)",
        f"{with_monitor - without:.0f}", *none)
    row("processes that watch it; their RSS, PSS, KiB",
        f"{count:g}; {statistics.median(rss):.0f}, {statistics.median(pss):.0f}", *none)
