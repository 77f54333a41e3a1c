#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Docker with ocirun as its default runtime, by the very daemon.json of doc/examples: docker run, its
# exit codes and options. What is done to running containers: docker-running.bats.
# shellcheck disable=SC2154,SC2016 # run sets output and stderr; single quotes hold words of containers

load ../lib/container
load common
load ../lib/monitor
load docker

setup_file() {
	require root program:dockerd
	docker_start --config-file "$SOURCE_DIR/doc/examples/docker-daemon.json"
}

setup() { client_setup "$DOCKER_ROOT"; }

teardown() {
	docker_clean
	client_teardown
}

teardown_file() {
	docker_stop
	events_validate_kept
}

# gone_with CODE - the container of the last run_rm: docker, `ocirun wait` and the log agree
gone_with() { client_agrees_and_gone "$(cat "$TEST_DIR/cid")" "$1"; }

# run_rm ARG... - docker run --rm ARG...
run_rm() {
	rm -f "$TEST_DIR/cid"
	docker run --rm --network none --cidfile "$TEST_DIR/cid" "$@"
}

@test "docker: the example makes ocirun the default runtime" {
	[ "$(docker info --format '{{.DefaultRuntime}}')" = ocirun ]
	[ "$(docker info --format '{{.Runtimes.ocirun.Path}}')" = /usr/local/bin/ocirun ]
	run_rm busybox true
	journal_has "$(cat "$TEST_DIR/cid")" exited
	run ! grep -i 'ocirun.*\(unknown\|fail\|parse\)' /var/log/dockerd
}

@test "docker: run returns the exit code, which ocirun wait and the log tell too" {
	local code
	for code in 0 1 2 42 125 126 127 128 137 255; do
		run -"$code" run_rm busybox sh -c "exit $code"
		gone_with "$code"
	done
}

@test "docker: a container that ends by a signal" {
	local signal
	for signal in 6 9 15; do
		run -$((128 + signal)) run_rm --pid host busybox sh -c "kill -$signal \$\$"
		gone_with $((128 + signal))
		journal_has "$(cat "$TEST_DIR/cid")" exited ".signal == $signal"
	done
}

@test "docker: 127 for a program that is not there, 126 for one that cannot be run" {
	run -127 run_rm busybox no-such-program
	[[ $output == *'OCI runtime create failed:'*'exec: "no-such-program": executable file not found in $PATH'* ]]
	run -127 run_rm busybox /no/such/program
	[[ $output == *'exec: "/no/such/program": no such file or directory'* ]]
	run -126 run_rm busybox /etc/passwd
	[[ $output == *'exec: "/etc/passwd": permission denied'* ]]
	run -126 run_rm busybox /etc
	[[ $output == *'exec: "/etc": is a directory'* ]]
	[ -z "$(containers_left)" ]
}

@test "docker: a file cannot be mounted onto a directory, and Docker explains it" {
	run -125 run_rm --volume /etc/passwd:/etc busybox true
	[[ $output == *"not a directory"*"Are you trying to mount a directory onto a file (or vice-versa)?"* ]] || fail "$output"
	run -125 run_rm --volume /etc:/etc/passwd busybox true
	[[ $output == *ot" a directory"*"Are you trying to mount a directory onto a file (or vice-versa)?"* ]] || fail "$output"
}

@test "docker: stdout and stderr come apart, and stdin arrives" {
	run -0 --separate-stderr run_rm busybox sh -c 'echo to stdout; echo to stderr >&2'
	[ "$output" = "to stdout" ]
	[ "$stderr" = "to stderr" ]
	echo some words | timeout -k 1 60 "$DOCKER" run --rm -i busybox cat >"$TEST_DIR/read" 3>&- 4>&-
	[ "$(cat "$TEST_DIR/read")" = "some words" ]
}

@test "docker: -d, logs and wait; ocirun wait returns what docker wait prints" {
	docker run --detach --name web busybox sh -c 'echo hello; until [ -e /end ]; do sleep 0.02; done; exit 23'
	local id docker_wait status=0
	id=$(id_of web)
	docker wait web >"$TEST_DIR/docker-wait" &
	docker_wait=$!
	background waiter wait "$id"
	background follower events "$id"
	wait_until eval '[ "$(docker logs web)" = hello ]'
	container_is "$id" running
	[ "$(container_pid "$id")" = "$(inspected web '{{.State.Pid}}')" ]
	touch "/proc/$(container_pid "$id")/root/end"
	wait "$docker_wait"
	background_returns 0
	[ "$(cat "$TEST_DIR/docker-wait")" = 23 ]
	[ "$(inspected web '{{.State.ExitCode}}')" = 23 ]
	client_agrees_and_gone "$id" 23
	[ "$(jq -r .type "$TEST_DIR/follower.out" | grep -v ^exec- | paste -sd ' ')" = "created started exited deleted" ]
	docker rm web
}

@test "docker: start --attach of a created container, and again: each instance has its log" {
	docker create --name web busybox sh -c '[ ! -e /second ] || exit 8; touch /second; exit 7'
	local id
	id=$(id_of web)
	run -7 docker start --attach web
	client_agrees_and_gone "$id" 7
	run -8 docker start --attach web
	client_agrees_and_gone "$id" 8
	[ "$(cat "$ROOT"/.events/"$id"*.ndjson | jq 'select(.type == "exited") | .exitCode' | sort | paste -sd ' ')" = "7 8" ]
	docker rm web
}

@test "docker: kill, stop and rm --force" {
	docker run --detach --name deaf busybox sleep 1000
	docker run --detach --name polite busybox sh -c 'trap "exit 5" TERM; touch /ready; while :; do sleep 0.02; done'
	docker run --detach --name stubborn busybox sleep 1000
	local id
	docker kill deaf
	[ "$(docker wait deaf)" = 137 ]
	client_agrees_and_gone "$(id_of deaf)" 137
	wait_until docker exec polite test -e /ready
	docker stop polite
	[ "$(docker wait polite)" = 5 ]
	client_agrees_and_gone "$(id_of polite)" 5
	journal_has "$(id_of polite)" signaled '.signal == 15'
	docker stop --time 0 stubborn
	[ "$(docker wait stubborn)" = 137 ]
	docker start stubborn
	id=$(id_of stubborn)
	docker rm --force deaf polite stubborn
	client_agrees_and_gone "$id" 137
}

@test "docker: a terminal, whose size follows the window's" {
	timeout -k 1 60 "$LIB_DIR/pty.py" "$TEST_DIR/tty" 30x100 \
		"$DOCKER" run --rm -it --cidfile "$TEST_DIR/cid" busybox sh -c 'tty
			until [ "$(stty size)" = "30 100" ]; do :; done; echo ready
			until [ "$(stty size)" = "44 77" ]; do :; done; echo follows; exec sh' 3>&- 4>&- <<-'STEPS'
				see ready
				size 44x77
				see follows
				type exit 5\n
			STEPS
	grep -q '^/dev/pts/0' "$TEST_DIR/tty"
	grep -q '^status 5, settings kept' "$TEST_DIR/tty" || fail "$(cat "$TEST_DIR/tty")"
	gone_with 5
}

@test "docker: limits stand in the cgroup" {
	docker run --detach --name web --memory 64m --memory-swap 96m --memory-reservation 32m --cpus 0.5 \
		--cpu-shares 512 --cpuset-cpus 0 --pids-limit 50 --ulimit nofile=100:200 --oom-score-adj 500 busybox sleep 1000
	local id group=/sys/fs/cgroup pid
	id=$(id_of web)
	pid=$(container_pid "$id")
	if has_unified; then
		group=$group/docker/$id
		[ "$(cat "$group/memory.max" "$group/memory.low" "$group/pids.max" "$group/cpuset.cpus" |
			paste -sd ' ')" = "67108864 33554432 50 0" ]
		[ "$(cat "$group/cpu.max")" = "50000 100000" ]
	else
		[ "$(cat $group/memory/docker/"$id"/memory.limit_in_bytes)" = 67108864 ]
		[ "$(cat $group/memory/docker/"$id"/memory.soft_limit_in_bytes)" = 33554432 ]
		[ "$(cat $group/cpu/docker/"$id"/cpu.cfs_quota_us)" = 50000 ]
		[ "$(cat $group/cpu/docker/"$id"/cpu.shares)" = 512 ]
		[ "$(cat $group/cpuset/docker/"$id"/cpuset.cpus)" = 0 ]
		[ "$(cat $group/pids/docker/"$id"/pids.max)" = 50 ]
	fi
	grep -Eq '^Max open files +100 +200 ' "/proc/$pid/limits"
	[ "$(cat "/proc/$pid/oom_score_adj")" = 500 ]
	docker rm --force web
}

@test "docker: a container beyond its memory is killed, and Docker says why" {
	docker run --detach --name web --memory 8m busybox sh -c 'tail /dev/zero & wait $!; exit $?'
	[ "$(docker wait web)" = 137 ]
	client_agrees_and_gone "$(id_of web)" 137
	[ "$(inspected web '{{.State.OOMKilled}}')" = true ]
	docker rm web
}

@test "docker: volumes, tmpfs, a read-only root" {
	mkdir "$TEST_DIR/data"
	run -0 run_rm --read-only --tmpfs /scratch:size=1m,mode=700 --volume "$TEST_DIR/data:/data" \
		--volume "$SOURCE_DIR/doc:/doc:ro" --volume named:/named --mount type=tmpfs,dst=/more busybox sh -c '
			touch /made 2>&1; touch /doc/made 2>&1; echo words >/data/made; touch /scratch/a /named/a /more/a
			stat -c %a /scratch; df -k /scratch | tail -n 1 | tr -s " " | cut -d" " -f2'
	[[ ${lines[0]} == *"Read-only file system" ]]
	[[ ${lines[1]} == *"Read-only file system" ]]
	[ "${lines[2]}" = 700 ]
	[ "${lines[3]}" = 1024 ]
	[ "$(cat "$TEST_DIR/data/made")" = words ]
	run -0 run_rm --volume named:/named busybox ls /named
	[ "$output" = a ]
	docker volume rm named
}

@test "docker: --init, --hostname, --sysctl, --shm-size, --env, --workdir, --user, --group-add" {
	run -0 run_rm --init --hostname box --sysctl net.ipv4.ip_forward=1 --shm-size 2m --env COLOUR=blue \
		--workdir /made/here --user 1000:1001 --group-add 7 busybox sh -c 'cat /proc/1/comm; hostname
			cat /proc/sys/net/ipv4/ip_forward; df -k /dev/shm | tail -n 1 | tr -s " " | cut -d" " -f2
			echo $COLOUR; pwd; id -u; id -g; id -G'
	[ "$(paste -sd ' ' <<<"$output")" = "docker-init box 1 2048 blue /made/here 1000 1001 1001 7" ]
}

@test "docker: the default profile of seccomp, capabilities and masks hold" {
	run -0 run_rm busybox sh -c 'grep -E "^(CapEff|Seccomp|NoNewPrivs):" /proc/self/status; unshare -m true 2>&1
		mount -t tmpfs none /tmp 2>&1; cat /proc/kcore 2>&1 | wc -c; (echo x >/proc/sys/kernel/domainname) 2>&1; true'
	[[ $output == *$'CapEff:\t00000000a80425fb'* ]]
	[[ $output == *$'Seccomp:\t2'* ]]
	[[ $output == *"unshare"*"Operation not permitted"* ]]
	[[ $output == *"mount: "*"ermi"* ]]
	[[ $output == *"/proc/sys/kernel/domainname"*"Read-only file system"* ]]
	run -0 run_rm --security-opt seccomp=unconfined --security-opt no-new-privileges --cap-drop ALL --cap-add CHOWN \
		busybox grep -E "^(CapEff|Seccomp|NoNewPrivs):" /proc/self/status
	[ "$output" = $'CapEff:\t0000000000000001\nNoNewPrivs:\t1\nSeccomp:\t0' ]
}

@test "docker: --privileged and --device" {
	run -0 run_rm --privileged busybox sh -c 'mount -t tmpfs none /tmp && grep CapEff /proc/self/status && test -e /dev/kmsg'
	# This Docker does not know the newest capabilities; ocirun leaves out what it has not got itself.
	local had=$((0x$(sed -n 's/^CapBnd:\t//p' /proc/self/status) & 0x3fffffffff))
	[ "${lines[0]}" = "$(printf 'CapEff:\t%016x' "$had")" ]
	run -0 run_rm --device /dev/null:/dev/nothing:rw busybox sh -c 'echo x >/dev/nothing; stat -c %t:%T /dev/nothing'
	[ "$output" = 1:3 ]
}

@test "docker: namespaces of another container, and of the host" {
	docker run --detach --name base --network none --ipc shareable busybox sleep 1000
	local base id
	base=$(id_of base)
	run -0 docker run --rm --pid container:base --ipc container:base --network container:base busybox \
		sh -c 'ps | grep -c "[s]leep 1000"; readlink /proc/self/ns/net'
	[ "${lines[0]}" = 1 ]
	[ "${lines[1]}" = "$(readlink "/proc/$(container_pid "$base")/ns/net")" ]
	run -0 docker run --rm --network host --uts host --ipc host busybox sh -c 'for ns in net uts ipc; do readlink /proc/self/ns/$ns; done'
	[ "$output" = "$(readlink /proc/self/ns/net /proc/self/ns/uts /proc/self/ns/ipc)" ]

	docker run --detach --name guest --pid container:base busybox sh -c 'sleep 777 & until [ -e /end ]; do sleep 0.02; done; exit 9'
	touch "/proc/$(container_pid "$(id_of guest)")/root/end"
	[ "$(docker wait guest)" = 9 ]
	run ! pgrep -fx 'sleep 777'
	client_agrees_and_gone "$(id_of guest)" 9
	container_is "$base" running
	docker rm --force base guest
}

@test "docker: a monitor that is held up costs no code, and nothing is left" {
	docker run --detach --name web busybox sleep 1000
	local id monitor init
	id=$(id_of web)
	init=$(container_pid "$id")
	monitor=$(monitor_of "$id")
	kill -STOP "$monitor"
	docker wait web >"$TEST_DIR/waited" &
	docker kill web &
	wait_until eval "[ ! -e /proc/$init ]"
	kill -CONT "$monitor"
	wait
	[ "$(cat "$TEST_DIR/waited")" = 137 ]
	client_agrees_and_gone "$id" 137
	docker rm web
}

# fast FROM TO - containers that exit at once, one after the other; prints those whose code is wrong
fast() {
	local n status
	for ((n = $1; n < $2; n++)); do
		status=0
		docker run --rm --network none --cidfile "$TEST_DIR/fast-$n" busybox sh -c "exit $((n % 256))" || status=$?
		[ $status = $((n % 256)) ] || echo "fast-$n: docker says $status"
	done
}

@test "docker: 200 containers that exit at once, and no wrong code" {
	local n batch
	for batch in 100 150 200 250; do fast $batch $((batch + 50)) >"$TEST_DIR/fast-from-$batch" 2>&1 3>&- 4>&- & done
	wait
	[ -z "$(cat "$TEST_DIR"/fast-from-*)" ] || fail "$(cat "$TEST_DIR"/fast-from-*)"
	for ((n = 100; n < 300; n++)); do echo "$(cat "$TEST_DIR/fast-$n") $((n % 256))"; done | all_agree_and_gone
}
