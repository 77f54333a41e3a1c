# SPDX-License-Identifier: Apache-2.0
"""The runtimes that are compared, their bundles, and small questions to the kernel."""
import json
import os
import pathlib
import select
import shutil
import signal
import subprocess
import time

HERE = pathlib.Path(__file__).resolve().parent
LIB = HERE.parent / "lib"
PEERS = ["crun", "runc"]
PAUSE_S = 0.05
CODES = 7 # bundles exit-0, exit-1, ...


class Runtime:
    def __init__(self, name, program, work):
        self.name, self.program, self.work = name, program, work
        self.root = work / f"root-{name}"
        self.times = {} # of each verb
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
            self.times.setdefault(verb, []).append(self.call(*args))

    def run_detached(self, name, bundle="sleep", *options):
        """A container that runs now; returns a pidfd of its process."""
        pid_file = self.work / f"{self.name}-{name}.pid"
        self.call(*options, "run", "--detach", "--bundle", str(self.work / bundle), "--pid-file",
                  str(pid_file), name)
        return pidfd_from(pid_file)

    def delete_all(self):
        """What a failure has left."""
        for folder in self.root.glob("[a-z]*"):
            subprocess.run(self.command("delete", "--force", folder.name), check=False)

    def version(self):
        out = subprocess.run([self.program, "--version"], capture_output=True, text=True, check=True)
        return out.stdout.split("\n")[0]


def pidfd_from(pid_file):
    return os.pidfd_open(int(pid_file.read_text(encoding="ascii")))


def wait_for_exit(pidfd):
    select.select([pidfd], [], [], 10)
    os.close(pidfd)


def kill(pidfd):
    signal.pidfd_send_signal(pidfd, signal.SIGKILL)


def smaps_kib(pid, what):
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith(what + ":"))


def status_kib(pid, what):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith(what + ":"))


def settle(runtime, name):
    """All of them say stopped only a moment after the exit: outside of what is timed."""
    for _ in range(1000):
        out = subprocess.run(runtime.command("state", name), capture_output=True, text=True, check=True)
        if json.loads(out.stdout)["status"] == "stopped":
            return
    raise RuntimeError(f"{name} does not stop")


def make_bundles(work):
    """Docker's namespaces and a seccomp profile of its shape; an ociVersion that old peers take."""
    config = json.loads((LIB / "config.json").read_text(encoding="utf-8"))
    config["ociVersion"] = "1.0.2"
    config["linux"]["seccomp"] = json.loads(
        (HERE.parent / "data" / "seccomp-docker.json").read_text(encoding="utf-8"))
    bundles = {"true": ["true"], "sleep": ["sleep", "1000"]}
    bundles.update({f"exit-{code}": ["sh", "-c", f"exit {code}"] for code in range(CODES)})
    for name, args in bundles.items():
        binaries = work / name / "rootfs" / "bin"
        binaries.mkdir(parents=True)
        for folder in ("dev", "proc", "sys", "etc", "tmp"):
            (work / name / "rootfs" / folder).mkdir()
        shutil.copy(shutil.which("busybox"), binaries / "busybox")
        for applet in ("true", "sleep", "sh"):
            (binaries / applet).symlink_to("busybox")
        config["process"]["args"] = args
        (work / name / "config.json").write_text(json.dumps(config), encoding="utf-8")


def let_crun_work():
    """Debian's crun refuses a hybrid host whose v2 hierarchy has controllers, as hugetlb most often is
    one: in this mount namespace it has none. The bundles ask for no such limit."""
    controllers = pathlib.Path("/sys/fs/cgroup/unified/cgroup.controllers")
    if controllers.exists():
        subprocess.run(["mount", "--bind", "/dev/null", str(controllers)], check=True)
