#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What Docker does to running containers of ocirun, which is one of several runtimes here
# (dockerd --add-runtime): exec, top, stats, update, pause, restart, health checks.
# shellcheck disable=SC2153,SC2154,SC2016 # run sets output and stderr; single quotes hold words of containers

load ../lib/container
load common
load docker

setup_file() {
	require root program:dockerd
	docker_start --add-runtime ocirun=/usr/local/bin/ocirun
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

# running NAME [OPTION...] [-- COMMAND...] - a container of ocirun; sleeps if nothing is said
running() {
	local name=$1 options=()
	shift
	while [ $# -gt 0 ] && [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	[ $# -gt 1 ] || set -- -- sleep 1000
	docker run --detach --runtime ocirun --network none --name "$name" "${options[@]}" busybox "${@:2}"
}

@test "docker: --runtime ocirun, where runc is the default" {
	[ "$(docker info --format '{{.DefaultRuntime}}')" = runc ]
	running web
	container_is "$(id_of web)" running
	[ "$(inspected web '{{.HostConfig.Runtime}}')" = ocirun ]
	docker run --rm --network none busybox true
	[ "$(containers_left)" = "$(id_of web)" ]
	docker rm --force web
}

@test "docker: exec returns its own exit code, which the log has too" {
	local code
	running web
	for code in 0 1 42 126 127 255; do
		run -"$code" --separate-stderr docker exec web sh -c "echo out; echo err >&2; exit $code"
		[ "$output" = out ]
		[ "$stderr" = err ]
		wait_until journal_has "$(id_of web)" exec-exited ".exitCode == $code"
	done
	run -137 docker exec web sh -c 'kill -9 $$'
	wait_until journal_has "$(id_of web)" exec-exited '.exitCode == 137 and .signal == 9'
	container_is "$(id_of web)" running
	docker rm --force web
}

@test "docker: exec with a user, a directory, an environment, stdin, and privileged" {
	running web --env COLOUR=blue
	run -0 docker exec --user nobody --workdir /tmp --env SIZE=big web sh -c 'id -u; pwd; echo $COLOUR $SIZE; grep CapEff /proc/self/status'
	[ "$(paste -sd ' ' <<<"$output")" = $'65534 /tmp blue big CapEff:\t0000000000000000' ]
	run -0 docker exec --user 12:34 web id
	[[ $output == "uid=12 gid=34"* ]]
	echo some words | timeout -k 1 60 "$DOCKER" exec -i web cat >"$TEST_DIR/read" 3>&- 4>&-
	[ "$(cat "$TEST_DIR/read")" = "some words" ]
	run -0 docker exec web grep -E "^(CapEff|Seccomp):" /proc/self/status
	[ "$output" = $'CapEff:\t00000000a80425fb\nSeccomp:\t2' ]
	run -0 docker exec --privileged web grep CapEff /proc/self/status
	[[ $output != *00000000a80425fb ]]
	docker rm --force web
}

@test "docker: exec of what cannot be run is told as by runc, and the container goes on" {
	running web
	run -126 docker exec web no-such-program
	[[ $output == *'OCI runtime exec failed:'*'exec: "no-such-program": executable file not found in $PATH'* ]] || fail "$output"
	run -126 docker exec web /etc/passwd
	[[ $output == *'exec: "/etc/passwd": permission denied'* ]] || fail "$output"
	run -126 docker exec --workdir /no/such web true
	[[ $output == *'/no/such'*[Nn]'o such file or directory'* ]] || fail "$output"
	run ! journal_has "$(id_of web)" exec-exited '.exitCode == 0'
	container_is "$(id_of web)" running
	docker rm --force web
}

@test "docker: exec with a terminal" {
	running web
	"$LIB_DIR/pty.py" "$TEST_DIR/tty" 30x100 timeout -k 1 60 "$DOCKER" exec -it web sh -c '
		tty; until [ "$(stty size)" = "30 100" ]; do :; done; echo ready
		until [ "$(stty size)" = "44 77" ]; do :; done; echo follows; exec sh' 3>&- 4>&- <<-'STEPS'
			see ready
			size 44x77
			see follows
			type exit 5\n
		STEPS
	grep -q '^/dev/pts/0' "$TEST_DIR/tty"
	grep -q '^status 5, settings kept' "$TEST_DIR/tty" || fail "$(cat "$TEST_DIR/tty")"
	docker rm --force web
}

@test "docker: a detached exec goes on by itself" {
	running web
	docker exec --detach web sh -c 'until [ -e /end ]; do sleep 0.02; done; exit 31'
	wait_until journal_has "$(id_of web)" exec-started
	docker exec web touch /end
	wait_until journal_has "$(id_of web)" exec-exited '.exitCode == 31'
	docker rm --force web
}

@test "docker: top, as ps has it" {
	running web -- sh -c 'sleep 1001 & sleep 1002 & touch /ready; wait'
	wait_until docker exec web test -e /ready
	run -0 docker top web
	[[ ${lines[0]} == UID*PID*PPID*CMD ]]
	[ ${#lines[@]} = 4 ]
	[[ $output == *"sleep 1001"*"sleep 1002"* ]]
	run -0 docker top web -o pid,comm
	[[ ${lines[0]} =~ ^PID\ +COMMAND$ ]]
	[ "$(awk '$2 == "sleep" { print $1 }' <<<"$output" | sort)" = "$(pgrep -P "$(container_pid "$(id_of web)")" | sort)" ]
	docker rm --force web
}

@test "docker: stats" {
	running web --memory 64m --pids-limit 20 -- sh -c 'sleep 1001 & wait'
	wait_until eval '[ "$(docker stats --no-stream --format "{{.PIDs}}" web)" = 2 ]'
	run -0 docker stats --no-stream --format '{{.Name}} {{.MemUsage}} {{.PIDs}}' web
	[[ $output =~ ^web\ [0-9.]+[KM]iB\ /\ 64MiB\ 2$ ]] || fail "$output"
	docker rm --force web
}

# limit CONTROLLER FILE_OF_V1 FILE_OF_V2 - of the container web
limit() {
	local at=/sys/fs/cgroup/$1/docker
	if has_unified; then cat "/sys/fs/cgroup/docker/$(id_of web)/$3"; else cat "$at/$(id_of web)/$2"; fi
}

@test "docker: update changes the limits of a running container" {
	running web --memory 64m --memory-swap 64m
	docker update --memory 96m --memory-swap 128m --cpus 0.25 --cpu-shares 100 --cpuset-cpus 1 --pids-limit 33 web
	[ "$(limit memory memory.limit_in_bytes memory.max)" = $((96 << 20)) ]
	[ "$(limit cpuset cpuset.cpus cpuset.cpus)" = 1 ]
	[ "$(limit pids pids.max pids.max)" = 33 ]
	if has_unified; then
		[ "$(limit cpu - cpu.max)" = "25000 100000" ]
	else
		[ "$(limit cpu cpu.cfs_quota_us -)" = 25000 ]
		[ "$(limit cpu cpu.shares -)" = 100 ]
	fi
	journal_has "$(id_of web)" updated
	docker update --memory 32m --memory-swap 32m web
	[ "$(limit memory memory.limit_in_bytes memory.max)" = $((32 << 20)) ]
	[ "$(limit pids pids.max pids.max)" = 33 ]
	docker rm --force web
}

@test "docker: pause and unpause; a paused container can be stopped" {
	running web -- sh -c 'while :; do date >/stamp; sleep 0.02; done'
	local id root
	id=$(id_of web)
	root=/proc/$(container_pid "$id")/root
	wait_until test -e "$root/stamp"
	docker pause web
	[ "$(inspected web '{{.State.Status}}')" = paused ]
	container_is "$id" paused
	rm "$root/stamp"
	run -1 docker exec web true
	[[ $output == *"is paused"* ]]
	[ ! -e "$root/stamp" ]
	docker unpause web
	wait_until test -e "$root/stamp"
	journal_has "$id" paused
	journal_has "$id" resumed
	docker pause web
	docker stop --time 1 web
	[ "$(docker wait web)" = 137 ]
	client_agrees_and_gone "$id" 137
	docker start web
	docker pause web
	docker rm --force web
	client_agrees_and_gone "$id" 137
}

@test "docker: --restart on-failure:2 starts it twice again, and each has its log" {
	running web --restart on-failure:2 -- sh -c 'echo run; exit 5'
	local id
	id=$(id_of web)
	[ "$(docker wait web)" = 5 ]
	wait_until eval '[ "$(inspected web "{{.State.Status}} {{.RestartCount}} {{.State.ExitCode}}")" = "exited 2 5" ]'
	[ "$(docker logs web | wc -l)" = 3 ]
	client_agrees_and_gone "$id" 5
	[ "$(cat "$ROOT"/.events/"$id"*.ndjson | jq -r 'select(.type == "exited") | .exitCode' | paste -sd ' ')" = "5 5 5" ]
	[ "$(cat "$ROOT"/.events/"$id"*.ndjson | jq -r .instance | sort -u | wc -l)" = 3 ]
	docker rm web

	running fine --restart on-failure:2 -- true
	[ "$(docker wait fine)" = 0 ]
	[ "$(inspected fine '{{.RestartCount}}')" = 0 ]
	docker rm fine
}

@test "docker: restart ends one instance and begins another" {
	running web -- sh -c 'trap "exit 3" TERM; touch /ready; while :; do sleep 0.02; done'
	local id first
	id=$(id_of web)
	first=$(jq -r .instance "$(log_path "$id")" | head -n 1)
	wait_until docker exec web test -e /ready
	docker restart web
	run -3 ocirun wait --instance "$first" "$id"
	container_is "$id" running
	[ "$(jq -r .instance "$(log_path "$id")" | head -n 1)" != "$first" ]
	docker rm --force web
}

@test "docker: a health check" {
	running web --health-cmd 'test ! -e /sick' --health-interval 1s --health-retries 1 --health-start-period 0s
	wait_until eval '[ "$(inspected web "{{.State.Health.Status}}")" = healthy ]'
	docker exec web touch /sick
	wait_until eval '[ "$(inspected web "{{.State.Health.Status}}")" = unhealthy ]'
	journal_has "$(id_of web)" exec-exited '.exitCode == 1'
	docker rm --force web
}

@test "docker: what Docker tells of a container's life is what the log has" {
	local began
	began=$(date +%s.%N)
	running web -- sh -c 'exit 17'
	[ "$(docker wait web)" = 17 ]
	docker rm web
	docker events --since "$began" --until "$(date +%s.%N)" --filter type=container \
		--format '{{.Action}} {{.Actor.Attributes.exitCode}}' >"$TEST_DIR/docker-events"
	[ "$(sed 's/ <no value>$//; s/ $//' "$TEST_DIR/docker-events" | paste -sd ,)" = "create,start,die 17,destroy" ] ||
		fail "$(cat "$TEST_DIR/docker-events")"
}
