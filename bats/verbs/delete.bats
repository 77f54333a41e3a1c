#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# ocirun delete (runtime.md#delete).

load ../lib/container

created() {
	bundle_with '.process.args = ["sleep", "60"]'
	ocirun create "${1:-web}"
}

stopped() {
	bundle_with '.process.args = ["true"]'
	ocirun create "${1:-web}"
	ocirun start "${1:-web}"
	ocirun wait "${1:-web}"
}

nothing_of() {
	[ ! -e "$ROOT/$1" ] || fail "state directory of $1 is left"
	nothing_left_in_cgroups "$1"
}

@test "delete: a stopped container is gone, and its ID is free (runtime.md#delete)" {
	stopped
	run -0 --separate-stderr ocirun delete web
	[ -z "$output$stderr" ]
	nothing_of web
	[ "$(events_types web)" = "created started exited deleted" ]
	stopped
	[ "$(events_types web)" = "created started exited" ]
}

@test "delete: a container that has not stopped is an error and stays (runtime.md#delete)" {
	created
	run -1 --separate-stderr ocirun delete web
	[[ $stderr = "ocirun: delete web: "*"not stopped: it is created"* ]]
	container_is web created
	ocirun start web
	run -1 --separate-stderr ocirun delete web
	[[ $stderr = "ocirun: delete web: "*"not stopped: it is running"* ]]
	container_is web running
}

@test "delete: --force kills a running container, and the log has its real end" {
	created
	ocirun start web
	local pid
	pid=$(container_pid web)
	run -0 --separate-stderr ocirun delete --force web
	[ -z "$output$stderr" ]
	wait_until has_ended "$pid"
	nothing_of web
	[ "$(events_types web)" = "created started exited deleted" ]
	journal_has web exited '.signal == 9 and .exitCode == 137'
}

@test "delete: --force on a created container records never-started" {
	created
	run -0 ocirun delete -f web
	nothing_of web
	[ "$(events_types web)" = "created exited deleted" ]
	journal_has web exited '.reason == "never-started"'
}

@test "delete: --force on a container that does not exist is silent and succeeds" {
	run -0 --separate-stderr ocirun delete --force web
	[ -z "$output$stderr" ]
	created
	run -0 ocirun delete --force other
	container_is web created
}

@test "delete: a container that does not exist is an error without --force" {
	run -1 --separate-stderr ocirun delete web
	[[ $stderr = "ocirun: delete web: container does not exist"* ]]
	stopped
	ocirun delete web
	run -1 --separate-stderr ocirun delete web
	[[ $stderr = "ocirun: delete web: container does not exist"* ]]
}

@test "delete: flags may stand after the ID" {
	created
	ocirun delete web --force
	nothing_of web
}

@test "delete: processes left behind by init go with the container" {
	bundle_with 'del(.linux.namespaces[] | select(.type == "pid"))
		| .process.args = ["sh", "-c", "sleep 62 & sleep 62 & exit 0"]'
	ocirun create web
	ocirun start web
	ocirun wait web
	run -0 ocirun delete web
	nothing_of web
}

@test "delete: --regex deletes every container that matches" {
	stopped web-1
	stopped web-2
	created db-1
	run -0 ocirun delete --regex '^web-'
	nothing_of web-1
	nothing_of web-2
	container_is db-1 created
	run -1 --separate-stderr ocirun delete -r '-1$'
	[[ $stderr = 'ocirun: delete -1$: '* || $stderr = *"not defined"* ]]
	run -0 ocirun delete -fr 'db'
	nothing_of db-1
	run -0 ocirun delete --regex .
}

@test "delete: --force works on every kind of damaged state, and leaves no process" {
	local kind pid
	for kind in empty null cut nothing garbage; do
		created "$kind"
		ocirun start "$kind"
		pid=$(container_pid "$kind")
		case $kind in
		empty) : >"$ROOT/$kind/state.json" ;;
		null) echo null >"$ROOT/$kind/state.json" ;;
		cut) truncate -s 30 "$ROOT/$kind/state.json" ;;
		nothing) rm "$ROOT/$kind/state.json" ;;
		garbage) head -c 300 /dev/urandom >"$ROOT/$kind/state.json" ;;
		esac
		run -0 ocirun delete --force "$kind"
		wait_until has_ended "$pid"
		nothing_of "$kind"
	done
}

@test "delete: --force finds a container with a damaged record wherever its cgroup is" {
	local pid
	bundle_with '.process.args = ["sleep", "60"] | .linux.cgroupsPath = "/ocirun/elsewhere"'
	ocirun create web
	ocirun start web
	pid=$(container_pid web)
	: >"$ROOT/web/state.json"
	run -0 ocirun delete --force web
	wait_until has_ended "$pid"
	run find /sys/fs/cgroup -type d -path '*/ocirun/elsewhere'
	[ -z "$output" ] || fail "cgroups left: $output"
}

@test "delete: of many at once, exactly one succeeds" {
	stopped
	local i pids=() winners=0
	for ((i = 0; i < 10; i++)); do
		"$OCIRUN" --root "$ROOT" delete web </dev/null >"$TEST_DIR/out.$i" 2>&1 3>&- &
		pids+=($!)
	done
	for i in "${pids[@]}"; do
		if wait "$i"; then winners=$((winners + 1)); fi
	done
	[ "$winners" = 1 ] || fail "$winners winners: $(cat "$TEST_DIR"/out.*)"
	for ((i = 0; i < 10; i++)); do
		[ ! -s "$TEST_DIR/out.$i" ] || grep -q "does not exist" "$TEST_DIR/out.$i"
	done
	[ "$(events_types web)" = "created started exited deleted" ]
}
