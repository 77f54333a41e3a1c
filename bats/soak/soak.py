#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Very many containers, and every one's exit code: how many were lost, how many were wrong?
usage: soak.py OCIRUN BUNDLE DIRECTORY ROUND=COUNT...

ROUND is one of the ROUNDS below. Each container ends with a code of its own, which must then be what its
caller sees, what its log says, what one follower of all of them has printed, and, below a subreaper,
what waitpid tells there. All logs are checked by `ocirun events --verify` before retention removes them;
in the end no process, cgroup, mount or descriptor may be left, and the root directory is no larger than
retention allows. Prints a line per round, and fails with the first few complaints."""
import concurrent.futures
import ctypes
import json
import os
import pathlib
import sys
import threading
import time

BATCH = 400 # of the 1000 deleted containers whose logs are kept
IN_FLIGHT = 50
LOGS_KEPT = 1000
SWEEP_EVERY_S = 62 # and no sooner
SETTLE_S = 10
PR_SET_CHILD_SUBREAPER = 36


class Reaper:
    """Reaps everything, as a subreaper does, and tells each status to who asks for it. Orphans that nobody
    asks for leave theirs, and their numbers come again: so an answer is of a time."""
    def __init__(self):
        self.statuses, self.news = {}, threading.Condition()
        threading.Thread(target=self.reap, daemon=True).start()

    def reap(self):
        while True:
            try:
                pid, status = os.wait()
            except ChildProcessError:
                time.sleep(0.001) # nobody yet
                continue
            with self.news:
                self.statuses[pid] = time.monotonic(), os.waitstatus_to_exitcode(status)
                self.news.notify_all()

    def status(self, pid, since, deadline_s=60):
        """Of the process that had this number @since then."""
        with self.news:
            if not self.news.wait_for(lambda: self.statuses.get(pid, (0, 0))[0] > since, deadline_s):
                raise TimeoutError(f"nobody reaps {pid}")
            return self.statuses.pop(pid)[1]


class Follower:
    """`ocirun events --all`, and the exit code that it printed for each ID."""
    def __init__(self, soak):
        self.codes, self.problems = {}, []
        read, write = os.pipe()
        self.pid = soak.spawn(["events", "--all"], stdout=write)
        os.close(write)
        self.pipe = os.fdopen(read, "rb")
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self):
        for line in self.pipe:
            event = json.loads(line)
            if event["type"] != "exited":
                continue
            if event["id"] in self.codes:
                self.problems.append(f"{event['id']}: two exited lines at the follower")
            self.codes[event["id"]] = event["exitCode"]

    def stop(self):
        os.kill(self.pid, 15)
        self.thread.join()
        self.pipe.close()


class Soak:
    def __init__(self, ocirun, bundle, directory):
        self.ocirun, self.directory = ocirun, pathlib.Path(directory)
        self.root = self.directory / "root"
        self.template = json.loads(pathlib.Path(bundle, "config.json").read_text(encoding="utf-8"))
        self.template["root"]["path"] = str(pathlib.Path(bundle, "rootfs").resolve())
        self.null = os.open("/dev/null", os.O_RDWR)
        self.reaper = Reaper()
        self.problems = []
        self.deleted = [] # when
        self.global_options = []
        self.expects_init = False # does waitpid here tell init's status?

    # ---- one program ----

    def spawn(self, args, stdout=None, program=None, environment=None, errors=None):
        argv = [program] if program else [self.ocirun, "--root", str(self.root), *self.global_options]
        fds = [(self.null, 0), (self.null if stdout is None else stdout, 1)]
        fds += [(self.null if errors is None else errors, 2)] if program or errors is not None else []
        return os.posix_spawnp(argv[0], argv + args, environment or os.environ,
                               file_actions=[(os.POSIX_SPAWN_DUP2, fd, number) for fd, number in fds])

    def call(self, *args):
        began = time.monotonic()
        return self.reaper.status(self.spawn(list(args)), began)

    def must(self, *args):
        status = self.call(*args)
        if status:
            raise RuntimeError(f"ocirun {' '.join(args)}: exit status {status}")

    # ---- one container ----

    def bundle_of(self, name, code):
        bundle = self.directory / name
        bundle.mkdir()
        config = dict(self.template, process=dict(self.template["process"],
                                                  args=["/bin/sh", "-c", f"exit {code}"]))
        (bundle / "config.json").write_text(json.dumps(config), encoding="utf-8")
        return bundle

    def live(self, name, code):
        """By ocirun itself: run, wait, delete."""
        began, bundle = time.monotonic(), self.bundle_of(name, code)
        pid_file = bundle / "pid"
        self.must("run", "--detach", "--bundle", str(bundle), "--pid-file", str(pid_file), name)
        seen = self.call("wait", name)
        if seen != code:
            self.problems.append(f"{name}: wait says {seen} and not {code}")
        if self.expects_init:
            seen = self.reaper.status(int(pid_file.read_text(encoding="ascii")), began)
            if seen != code:
                self.problems.append(f"{name}: waitpid says {seen} and not {code}")
        self.must("delete", name)
        self.deleted.append(time.monotonic())
        remove(bundle)

    def live_in_conmon(self, name, code):
        """As podman and CRI-O do it: conmon creates, start, conmon's exit file."""
        began, bundle = time.monotonic(), self.bundle_of(name, code)
        read, write = os.pipe()
        os.set_inheritable(write, True)
        conmon = self.spawn(
            ["--api-version", "1", "-c", name, "-u", name, "-n", name, "-b", str(bundle), "-p", str(bundle / "pid"),
             "-l", f"k8s-file:{bundle}/log", "--exit-dir", str(bundle), "--persist-dir", str(bundle),
             "--socket-dir-path", str(bundle), "--conmon-pidfile", str(bundle / "conmon"), "--full-attach",
             "-r", self.ocirun, "--runtime-arg", f"--root={self.root}"],
            program="conmon", environment={"PATH": os.environ["PATH"], "_OCI_SYNCPIPE": str(write)})
        os.close(write)
        with os.fdopen(read, "rb") as messages:
            message = messages.readline()
            if json.loads(message or b'{"data":-1}')["data"] <= 0:
                raise RuntimeError(f"{name}: conmon says {message}")
            self.must("start", name)
            messages.read() # until conmon has gone: it holds the pipe
        self.reaper.status(conmon, began)
        exit_file = bundle / name
        seen = int(exit_file.read_text(encoding="ascii")) if exit_file.exists() else "nothing"
        if seen != code:
            self.problems.append(f"{name}: conmon says {seen} and not {code}")
        self.must("delete", name)
        self.deleted.append(time.monotonic())
        remove(bundle)

    # ---- many ----

    def batch(self, live, names, jobs):
        codes = {name: number * 7 % 256 for number, name in enumerate(names)}
        with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
            list(pool.map(lambda item: live(*item), codes.items()))
        self.check_logs(codes)
        return codes

    def check_logs(self, codes):
        """Every container has one log with its code; and all logs keep what doc/events.md promises."""
        for name, code in codes.items():
            seen = []
            log = self.root / ".events" / f"{name}.ndjson"
            for line in log.read_text(encoding="utf-8").splitlines() if log.exists() else []:
                event = json.loads(line)
                if event["type"] == "exited":
                    seen.append(event["exitCode"])
            if seen != [code]:
                self.problems.append(f"{name}: the log says {seen} and not {code}")
        if self.call("events", "--verify"):
            self.problems.append("events --verify complains: see stderr")

    def round(self, name, count, live, jobs):
        began, expected = time.monotonic(), {}
        follower = Follower(self)
        for first in range(0, count, BATCH):
            names = [f"{name}-{n}" for n in range(first, min(first + BATCH, count))]
            expected.update(self.batch(live, names, jobs))
            if len(self.problems) > 10:
                break
        settled(lambda: len(follower.codes) >= len(expected))
        follower.stop()
        self.reaper.status(follower.pid, began)
        lost = [n for n in expected if n not in follower.codes]
        wrong = [n for n in expected if n in follower.codes and follower.codes[n] != expected[n]]
        self.problems += follower.problems
        self.problems += [f"{n}: the follower has not seen it" for n in lost]
        self.problems += [f"{n}: the follower saw {follower.codes[n]}, not {expected[n]}" for n in wrong]
        print(f"{name}: {len(expected)} containers, {jobs} at a time, {len(lost)} lost, {len(wrong)} wrong, "
              f"{time.monotonic() - began:.0f} s", flush=True)

    # ---- the end ----

    def left(self):
        """Processes that have something of ours open, cgroups, mounts, directories of containers."""
        ours, left = str(self.directory), []
        for link in pathlib.Path("/proc").glob("[0-9]*/fd/*"):
            try:
                if int(link.parts[2]) != os.getpid() and os.readlink(link).startswith(ours):
                    left.append(f"{link}: {os.readlink(link)}")
            except OSError:
                pass
        left += [str(p) for p in pathlib.Path("/sys/fs/cgroup").glob("*/ocirun/*-[0-9]*")]
        left += [str(p) for p in pathlib.Path("/sys/fs/cgroup").glob("ocirun/*-[0-9]*")]
        left += [line for line in pathlib.Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()
                 if f" {ours}/" in line]
        left += [str(p) for p in self.root.iterdir() if not p.name.startswith(".")]
        return left

    def check_end(self, fds):
        settled(lambda: not self.left())
        self.problems += [f"left behind: {what}" for what in self.left()]
        now = descriptors()
        if now != fds:
            self.problems.append(f"descriptors of our own: {fds} in the beginning, {now} in the end")
        logs = len(list(self.root.glob(".events/*.ndjson")))
        kib = int(subprocess_output(["du", "-sk", str(self.root)]).split()[0])
        print(f"left in the root directory: {logs} logs, {kib} KiB", flush=True)
        recent = sum(1 for at in self.deleted if at > time.monotonic() - SWEEP_EVERY_S)
        if logs > LOGS_KEPT + recent:
            self.problems.append(f"{logs} logs, though {LOGS_KEPT} are kept, and {recent} are new")


def descriptors():
    return len(os.listdir("/proc/self/fd"))


def subprocess_output(argv):
    """Its output, though everything is reaped elsewhere."""
    read, write = os.pipe()
    os.posix_spawnp(argv[0], argv, os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, write, 1)])
    os.close(write)
    with os.fdopen(read) as pipe:
        return pipe.read()


def remove(folder):
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()


def settled(condition):
    end = time.monotonic() + SETTLE_S
    while not condition() and time.monotonic() < end:
        time.sleep(0.05)


def become_subreaper():
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0:
        sys.exit("soak.py: " + os.strerror(ctypes.get_errno()))


# name: (containers at a time, below a subreaper, global options, by conmon)
ROUNDS = {
    "plain": (1, False, [], False),
    "flight": (IN_FLIGHT, False, [], False),
    "conmon": (1, False, [], True),
    "subreaper": (1, True, [], False),
    "parent": (1, True, ["--exit-source=parent"], False),
    "netlink": (1, True, ["--exit-source=netlink"], False),
}


def main(ocirun, bundle, directory, *rounds):
    soak = Soak(ocirun, bundle, directory)
    wanted = [(name, int(count)) for name, _, count in (r.partition("=") for r in rounds)]
    fds = descriptors()
    # Who has once been a subreaper stays one: these come last.
    for name, count in sorted(wanted, key=lambda item: ROUNDS[item[0]][1]):
        jobs, below_subreaper, soak.global_options, by_conmon = ROUNDS[name]
        if below_subreaper:
            become_subreaper()
            soak.expects_init = True
        soak.round(name, count, soak.live_in_conmon if by_conmon else soak.live, jobs)
    soak.check_end(fds)
    for problem in soak.problems[:20]:
        print(f"soak.py: {problem}", file=sys.stderr)
    sys.exit(1 if soak.problems else 0)


if __name__ == "__main__":
    if len(sys.argv) < 5:
        sys.exit(__doc__)
    main(*sys.argv[1:])
