#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# podman: what its options ask of ocirun, seen from inside the container and in its cgroup.

load ../lib/container
load common
load podman

# cgroup_file NAME FILE - a file of the container's cgroup, where its controller is
# FILE is the one of v1; of v2 where /sys/fs/cgroup is that.
cgroup_file() {
	local dir
	dir=$(find /sys/fs/cgroup -type d -path "*/libpod-$(id_of "$1")" -exec test -e '{}'/"$2" \; -print -quit)
	[ -n "$dir" ] || fail "no cgroup of $1 with $2" || return
	cat "$dir/$2"
}

# in_cgroup NAME V1_FILE V1_VALUE V2_FILE V2_VALUE
in_cgroup() {
	local file=$2 value=$3 seen
	! has_unified || { file=$4 value=$5; }
	seen=$(cgroup_file "$1" "$file") || return
	[ "$seen" = "$value" ] || fail "$file: $seen instead of $value"
}

@test "podman limits: memory, pids and CPU are in the container's cgroup" {
	serves web --memory 64m --memory-swap 64m --memory-reservation 32m --pids-limit 33 \
		--cpus 0.5 --cpu-shares 512 --cpuset-cpus 0
	in_cgroup web memory.limit_in_bytes 67108864 memory.max 67108864
	in_cgroup web memory.soft_limit_in_bytes 33554432 memory.low 33554432
	in_cgroup web pids.max 33 pids.max 33
	in_cgroup web cpu.cfs_quota_us 50000 cpu.max "50000 100000"
	in_cgroup web cpu.shares 512 cpu.weight 20
	in_cgroup web cpuset.cpus 0 cpuset.cpus 0
}

@test "podman update: other limits for a running container, and what is not named stays" {
	serves web --memory 64m --memory-swap 64m --cpu-shares 512
	podman update --memory 48m --cpus 0.25 web
	in_cgroup web memory.limit_in_bytes 50331648 memory.max 50331648
	in_cgroup web cpu.cfs_quota_us 25000 cpu.max "25000 100000"
	in_cgroup web cpu.shares 512 cpu.weight 20
	journal_has "$(id_of web)" updated
	run podman update --cpuset-cpus 4000 web
	[ "$status" != 0 ]
	in_cgroup web memory.limit_in_bytes 50331648 memory.max 50331648
}

@test "podman limits: more memory than allowed is in the log" {
	podman run -d --name hog --memory 16m --memory-swap 16m busybox \
		sh -c 'x=$(head -c 64000000 /dev/zero | tr "\0" x); echo survived'
	ended hog 137
	journal_has "$(id_of hog)" exited '.oomKilled and .signal == 9'
	# On v1 conmon often ends before it has seen the event, whatever the runtime.
	! has_unified || [ "$(podman inspect -f '{{.State.OOMKilled}}' hog)" = true ]
}

@test "podman limits: no more processes than --pids-limit" {
	ran 2 --pids-limit 3 busybox sh -c 'for i in 1 2 3 4 5; do sleep 1 & done; wait; exit 2'
	[[ $output == *"can't fork"* ]]
}

@test "podman --ulimit, --shm-size, --hostname, --env, --workdir, --user" {
	ran 0 --ulimit nofile=99:100 --ulimit nproc=100:100 --shm-size 1m --hostname here --env A='b c' --workdir /tmp --user 12:34 \
		--group-add 56 busybox sh -c 'ulimit -n; df -k /dev/shm | tail -n 1 | awk "{print \$2}"
			hostname; echo "$A"; pwd; id -u; id -g; id -G'
	[ "$output" = $'99\n1024\nhere\nb c\n/tmp\n12\n34\n34 56' ]
}

@test "podman --cap-drop, --cap-add, --privileged, --security-opt no-new-privileges" {
	ran 0 --cap-drop all --cap-add chown --security-opt no-new-privileges busybox \
		grep -E '^(CapEff|CapBnd|NoNewPrivs)' /proc/self/status
	[ "$output" = $'CapEff:\t0000000000000001\nCapBnd:\t0000000000000001\nNoNewPrivs:\t1' ]
	ran 0 busybox grep Seccomp: /proc/self/status
	[ "$output" = $'Seccomp:\t2' ]
	ran 0 --security-opt seccomp=unconfined busybox grep Seccomp: /proc/self/status
	[ "$output" = $'Seccomp:\t0' ]
	ran 1 busybox mount -t tmpfs none /tmp
	ran 0 --privileged busybox mount -t tmpfs none /tmp
}

@test "podman -v: volumes, read-only ones, names, and their data after the container" {
	echo from-host >"$TEST_DIR/file"
	ran 0 -v "$TEST_DIR:/data" busybox sh -c 'cat /data/file; echo from-container >/data/new'
	[ "$output" = from-host ]
	[ "$(cat "$TEST_DIR/new")" = from-container ]
	ran 1 -v "$TEST_DIR:/data:ro" busybox sh -c 'echo no >/data/more'
	[[ $output == *"Read-only file system"* ]]
	ran 0 -v vol:/data busybox sh -c 'echo kept >/data/x'
	ran 0 -v vol:/data:ro,noexec busybox cat /data/x
	[ "$output" = kept ]
	ran 0 -v "$TEST_DIR/file:/etc/hosts:ro" busybox cat /etc/hosts
	[ "$output" = from-host ]
	ran 0 -v "$TEST_DIR:/data:O" busybox sh -c 'echo overlaid >/data/file; cat /data/file'
	[ "$(cat "$TEST_DIR/file")" = from-host ]
}

@test "podman -v: propagation" {
	mkdir "$TEST_DIR/mnt"
	serves web -v "$TEST_DIR/mnt:/mnt:rslave"
	mkdir "$TEST_DIR/mnt/later" && mount -t tmpfs none "$TEST_DIR/mnt/later" && touch "$TEST_DIR/mnt/later/seen"
	run nsenter --target "$(podman inspect -f '{{.State.Pid}}' web)" --mount --root /bin/ls /mnt/later
	umount "$TEST_DIR/mnt/later"
	[ "$output" = seen ]
}

@test "podman --read-only: nothing but the tmpfs mounts can be written" {
	ran 1 --read-only busybox touch /x
	[[ $output == *"Read-only file system"* ]]
	ran 0 --read-only busybox touch /tmp/x /run/x /dev/shm/x
	ran 1 --read-only --read-only-tmpfs=false busybox touch /tmp/x
}

# podman asks for tmpcopyup: the tmpfs begins with what the image has there.
@test "podman --tmpfs: with its options, and what the image has there" {
	ran 0 --tmpfs /scratch:size=1m,mode=1770 busybox sh -c \
		'stat -c %a /scratch; df -k /scratch | tail -n 1 | awk "{print \$2}"'
	[ "$output" = $'1770\n1024' ]
	ran 0 --tmpfs /etc busybox sh -c 'grep -c root /etc/passwd; mount | grep -c "tmpfs on /etc "; touch /etc/new'
	[ "$output" = $'1\n1' ]
}

@test "podman --init: orphans are reaped and signals reach the program" {
	ran 0 --init busybox sh -c 'cat /proc/1/comm'
	[ "$output" = podman-init ] || [ "$output" = catatonit ] || fail "$output"
	serves web --init
	podman stop -t 20 web
	ended web 3
}

@test "podman --cgroups=disabled: the container stays in the cgroup of its caller" {
	ran 0 --cgroups=disabled busybox sh -c 'cat /proc/1/cgroup'
	[[ $output != *libpod* ]] || fail "$output"
	podman run -d --name web --cgroups=disabled busybox sh -c 'exit 11'
	ended web 11
	serves other --cgroups=disabled
	podman kill other
	ended other 137
	podman rm other
}

@test "podman --cgroup-parent, --cgroups=no-conmon, --cgroupns=host" {
	ran 0 --cgroup-parent /libpod_parent/mine --cgroups=no-conmon --cgroupns=host busybox cat /proc/1/cgroup
	[[ $output == *:/libpod_parent/mine/libpod-$ID* ]]
}

@test "podman --device: there, and allowed as asked for" {
	ran 0 --device /dev/full:/dev/filled:r busybox sh -c \
		'head -c 1 /dev/filled | wc -c; echo x >/dev/filled 2>/dev/null || echo refused'
	[ "$output" = $'1\nrefused' ]
	[[ $(podman run --rm busybox sh -c 'mknod /k c 1 11 && cat /k' 2>&1) == *"not permitted"* ]]
}

@test "podman --sysctl, --pid=host, --ipc, --uts=host" {
	ran 0 --sysctl kernel.msgmax=4096 --ipc private busybox cat /proc/sys/kernel/msgmax
	[ "$output" = 4096 ]
	ran 0 --pid=host busybox readlink /proc/self/ns/pid
	[ "$output" = "$(readlink /proc/self/ns/pid)" ]
	ran 0 --uts=host busybox hostname
	[ "$output" = "$(hostname)" ]
}

@test "podman --pid=container: and stopping both" {
	serves one
	serves two --pid=container:one
	[ "$(readlink "/proc/$(podman inspect -f '{{.State.Pid}}' one)/ns/pid")" = \
		"$(readlink "/proc/$(podman inspect -f '{{.State.Pid}}' two)/ns/pid")" ]
	podman kill one
	ended one 137
	# the pid namespace went with its first process
	ended two 137
}

@test "podman --userns: a mapping, and root of it is nobody outside" {
	require userns
	ran 0 --uidmap 0:100000:1000 --gidmap 0:200000:1000 busybox sh -c 'id -u; cat /proc/self/uid_map /proc/self/gid_map'
	[ "$(tr -s ' ' <<<"$output")" = $'0\n 0 100000 1000\n 0 200000 1000' ]
	serves web --uidmap 0:100000:1000 --gidmap 0:200000:1000
	[ "$(stat -c %u "/proc/$(podman inspect -f '{{.State.Pid}}' web)")" = 100000 ]
	podman stop -t 20 web
	ended web 3
}

@test "podman --preserve-fds: descriptors 3 and 4 arrive, and 5 does not" {
	echo three >"$TEST_DIR/3"
	echo four >"$TEST_DIR/4"
	run bash -c 'exec 3<"$0/3" 4<"$0/4" 5<"$0/4"
		timeout 60 podman run --rm --preserve-fds 2 busybox sh -c "cat <&3; cat <&4; exec 2>&1 <&5"' "$TEST_DIR"
	[[ $output == $'three\nfour\n'*"ad file descriptor"* ]] || fail "$output"
}

@test "podman pod: the infra container and its namespaces" {
	local infra
	podman pod create --name pod --share ipc,uts,net --hostname of-the-pod
	podman run -d --pod pod --name one busybox sh -c 'hostname; trap "exit 3" TERM; echo up; while :; do sleep 0.1; done'
	wait_until says one up
	says one of-the-pod
	infra=$(podman pod inspect -f '{{.InfraContainerID}}' pod)
	container_is "$infra" running
	[ "$(readlink "/proc/$(container_pid "$infra")/ns/ipc")" = \
		"$(readlink "/proc/$(container_pid "$(id_of one)")/ns/ipc")" ]
	run -4 podman run --rm --pod pod busybox sh -c 'exit 4'
	podman pod stop -t 20 pod
	ended one 3
	client_agrees "$infra" "$(podman inspect -f '{{.State.ExitCode}}' "$infra")"
	podman pod rm -f -t 0 pod
	[ ! -e "/run/ocirun/$infra" ]
}

@test "podman --tty: the terminal of a detached container" {
	podman run -d -t --name web busybox sh -c 'tty; test -t 0 && test -t 1 && test -t 2 && exit 12'
	ended web 12
	[ "$(podman logs web | tr -d '\r')" = /dev/pts/0 ]
}

@test "podman run -it: a person at a terminal" {
	"$LIB_DIR/pty.py" "$TEST_DIR/typed" 30x100 podman run -it --rm --name web busybox \
		sh -c 'stty size; read line; echo "got $line"; exit 13' <<-'STEPS' 3>&- 4>&-
		see 30 100
		type hello\n
		see got hello
	STEPS
	grep -q '^status 13, settings kept' "$TEST_DIR/typed" || { cat "$TEST_DIR/typed"; false; }
}

@test "podman run -it: the window's size follows, and ^C reaches the program" {
	"$LIB_DIR/pty.py" "$TEST_DIR/typed" 30x100 podman run -it --rm --name web busybox \
		sh -c 'trap "stty size" WINCH; trap "exit 14" INT; echo ready; while :; do sleep 0.1; done' <<-'STEPS' 3>&- 4>&-
		see ready
		size 40x120
		see 40 120
		type \x03
	STEPS
	grep -q '^status 14, settings kept' "$TEST_DIR/typed" || { cat "$TEST_DIR/typed"; false; }
}

@test "podman: hooks of a hooks directory run and see the state" {
	mkdir "$TEST_DIR/hooks"
	cat >"$TEST_DIR/hook" <<-SCRIPT
		#!/bin/sh
		cat >"$TEST_DIR/state-\$1"
	SCRIPT
	chmod 755 "$TEST_DIR/hook"
	cat >"$TEST_DIR/hooks/one.json" <<-JSON
		{"version": "1.0.0", "when": {"always": true},
		 "hook": {"path": "$TEST_DIR/hook", "args": ["hook", "hook"]},
		 "stages": ["createRuntime", "poststop"]}
	JSON
	run -0 podman --hooks-dir "$TEST_DIR/hooks" run --rm --cidfile "$TEST_DIR/cid" busybox true
	[ "$(jq -r .id "$TEST_DIR/state-hook")" = "$(cat "$TEST_DIR/cid")" ]
	[ "$(jq -r .status "$TEST_DIR/state-hook")" = stopped ]
}
