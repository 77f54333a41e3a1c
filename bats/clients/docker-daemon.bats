#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Docker's daemon with other settings, killed, and started again; each test has one of its own.
# shellcheck disable=SC2154,SC2016 # run sets output and stderr; single quotes hold words of containers

load ../lib/container
load common
load docker

setup_file() {
	require root program:dockerd
	client_host && client_hides /var/lib/docker /var/log
}

setup() { client_setup "$DOCKER_ROOT"; }

teardown() {
	docker_clean
	docker_stop
	client_teardown
}

teardown_file() { events_validate_kept; }

# daemon FILTER [OPTION...] - with the example of doc/examples, changed by that jq filter
daemon() {
	jq "$1" "$SOURCE_DIR/doc/examples/docker-daemon.json" >"$TEST_DIR/daemon.json"
	docker_again --config-file "$TEST_DIR/daemon.json" "${@:2}"
	docker_import
}

@test "docker: runtimeArgs are global options, which come by a wrapper of Docker's" {
	daemon '.runtimes.loud = {path: "/usr/local/bin/ocirun", runtimeArgs: ["--debug", "--monitor=auto"]}'
	run -6 docker run --rm --runtime loud --network none --cidfile "$TEST_DIR/cid" busybox sh -c 'exit 6'
	client_agrees_and_gone "$(cat "$TEST_DIR/cid")" 6
	run -127 docker run --rm --runtime loud --network none busybox no-such-program
	[[ $output == *'exec: "no-such-program": executable file not found in $PATH'* ]]
	docker run --detach --runtime loud --network none --name web busybox sleep 1000
	run -4 docker exec web sh -c 'exit 4'
	docker update --memory 64m --memory-swap 64m web
	docker rm --force web
}

@test "docker: user namespaces for all containers" {
	require userns
	printf '%s:100000:65536\n' nobody nogroup >"$TEST_DIR/ids"
	mount --bind "$TEST_DIR/ids" /etc/subuid
	mount --bind "$TEST_DIR/ids" /etc/subgid
	daemon . --userns-remap nobody:nogroup
	umount /etc/subuid /etc/subgid
	run -0 docker run --rm --network none --volume "$TEST_DIR:/host" busybox sh -c 'id -u; stat -c %u /bin/busybox /host; cat /proc/self/uid_map; touch /made'
	[ "$(head -n 3 <<<"$output" | paste -sd ' ')" = "0 0 65534" ]
	[[ ${lines[3]} =~ ^\ *0\ +100000\ +65536$ ]]
	docker run --detach --network none --name web busybox sh -c 'until [ -e /end ]; do sleep 0.02; done; exit 14'
	local id
	id=$(id_of web)
	[ "$(stat -c %u "/proc/$(container_pid "$id")")" = 100000 ]
	run -0 docker exec web sh -c 'id -u; touch /end'
	[ "$(docker wait web)" = 14 ]
	client_agrees_and_gone "$id" 14
	docker rm web
}

@test "docker: with live-restore containers survive a daemon that was killed, with their codes" {
	daemon '."live-restore" = true'
	docker run --detach --network none --name ends-later busybox sh -c 'until [ -e /end ]; do sleep 0.02; done; exit 41'
	docker run --detach --network none --name ends-meanwhile busybox sh -c 'until [ -e /end ]; do sleep 0.02; done; exit 42'
	local later meanwhile
	later=$(id_of ends-later)
	meanwhile=$(id_of ends-meanwhile)
	dockerd_ends KILL
	container_is "$later" running
	touch "/proc/$(container_pid "$meanwhile")/root/end"
	run -42 ocirun wait "$meanwhile"
	docker_again --config-file "$TEST_DIR/daemon.json"
	[ "$(docker wait ends-meanwhile)" = 42 ]
	touch "/proc/$(container_pid "$later")/root/end"
	[ "$(docker wait ends-later)" = 41 ]
	client_agrees_and_gone "$later" 41
	client_agrees_and_gone "$meanwhile" 42
	docker rm ends-later ends-meanwhile
}

@test "docker: containers of a daemon that ends are stopped, and those to restart run again" {
	daemon .
	docker run --detach --network none --name once busybox sh -c 'trap "exit 3" TERM; touch /ready; while :; do sleep 0.02; done'
	docker run --detach --network none --name always --restart always busybox sh -c 'trap "exit 4" TERM; touch /ready; while :; do sleep 0.02; done'
	local once always
	once=$(id_of once)
	always=$(id_of always)
	wait_until docker exec once test -e /ready
	wait_until docker exec always test -e /ready
	dockerd_ends TERM
	client_agrees_and_gone "$once" 3
	client_agrees_and_gone "$always" 4
	docker_again --config-file "$TEST_DIR/daemon.json"
	wait_until container_is "$always" running
	[ "$(inspected once '{{.State.ExitCode}}')" = 3 ]
	docker rm --force once always
}
