#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A real server from Debian's packages, as an engine would run it: the default seccomp profile, limits,
# a read-only root, a user of its own.

load ../lib/container

setup() {
	require root debian
	container_setup
	bundle_with --arg rootfs "$(debian_rootfs)" --slurpfile seccomp "$(docker_seccomp)" '
		.root = {path: $rootfs, readonly: true} |
		.process.args = ["/usr/bin/redis-server", "--port", "0", "--unixsocket", "/tmp/redis.sock",
			"--save", "", "--dir", "/var/lib/redis", "--daemonize", "no"] |
		.process.user = {uid: 999, gid: 999} |
		.process.capabilities = {} |
		.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 1024, hard: 1024}] |
		.mounts += [{destination: "/var/lib/redis", type: "tmpfs", source: "tmpfs",
				options: ["nosuid", "nodev", "mode=700", "uid=999", "gid=999"]},
			{destination: "/tmp", type: "tmpfs", source: "tmpfs", options: ["nosuid", "nodev"]}] |
		.linux.seccomp = $seccomp[0] |
		.linux.resources.memory = {limit: 134217728} |
		.linux.resources.pids = {limit: 32}'
}

redis_cli() {
	nsenter --target "$(container_pid redis)" --mount --root --wd=/ -- \
		/usr/bin/redis-cli -s /tmp/redis.sock "$@"
}

redis_answers() { [ "$(redis_cli ping)" = PONG ]; }

start_redis() {
	ocirun run --detach redis
	wait_until redis_answers
}

@test "redis-server runs under docker's seccomp profile and answers" {
	start_redis
	[ "$(redis_cli set key value)" = OK ]
	[ "$(redis_cli get key)" = value ]
	[ "$(redis_cli config get dir | tail -n 1)" = /var/lib/redis ]
}

@test "redis-server has the filter, the user and no capability" {
	start_redis
	status=/proc/$(container_pid redis)/status
	[ "$(sed -n 's/^Seccomp:\t//p' "$status")" = 2 ]
	[ "$(sed -n 's/^NoNewPrivs:\t//p' "$status")" = 1 ]
	[ "$(sed -n 's/^Uid:\t//p' "$status")" = $'999\t999\t999\t999' ]
	[ "$(sed -n 's/^CapEff:\t//p' "$status")" = 0000000000000000 ]
}

@test "redis-server is under the limits of its configuration" {
	start_redis
	local pid group
	pid=$(container_pid redis)
	if [ "$(stat -fc %T /sys/fs/cgroup)" = cgroup2fs ]; then
		group=/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$pid/cgroup")
		[ "$(cat "$group/memory.max")" = 134217728 ]
		[ "$(cat "$group/pids.max")" = 32 ]
	else
		group=$(sed -n 's/^[0-9]*:memory://p' "/proc/$pid/cgroup")
		[ "$(cat "/sys/fs/cgroup/memory$group/memory.limit_in_bytes")" = 134217728 ]
		group=$(sed -n 's/^[0-9]*:pids://p' "/proc/$pid/cgroup")
		[ "$(cat "/sys/fs/cgroup/pids$group/pids.max")" = 32 ]
	fi
}

@test "redis-server stopped with TERM exits with its own code, and wait returns it" {
	start_redis
	background waiter wait redis
	ocirun kill redis TERM
	background_returns 0
	journal_has redis exited '.exitCode == 0 and .signal == null and .reason == "exited"'
	[[ $(container_output redis) == *"User requested shutdown"* ]]
	ocirun delete redis
	run -0 ocirun wait redis
}

@test "redis-server killed is told apart from one that exits with 137" {
	start_redis
	ocirun kill redis KILL
	run -137 ocirun wait redis
	journal_has redis exited '.exitCode == 137 and .signal == 9 and .signalName == "SIGKILL"'
}
