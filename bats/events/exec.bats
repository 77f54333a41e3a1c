#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# exec-started, exec-exited and `ocirun wait --exec`: who learns the code of an exec's process, and that
# nobody can take it for the container's (doc/events.md).
# shellcheck disable=SC2154,SC2016 # run sets stderr; single quotes hold words of jq and containers

load ../lib/container
load ../lib/exec
load ../lib/monitor

setup() {
	require root program:python3
	container_setup
	running
}

# observer_of EXEC_ID - the pid of its observer
observer_of() {
	grep -lsx ocirun-monitor /proc/[0-9]*/comm | sed 's/comm$/cmdline/' | xargs -r grep -lsF "$1" |
		cut -d/ -f3 | grep . || fail "no observer of $1"
}

# ended_with STATUS PID - of a child of this shell: `run` is another one
ended_with() {
	local status=0
	wait "$2" || status=$?
	[ "$status" = "$1" ]
}

@test "exec events: wait --exec returns the code, at once when it is there, and later when not" {
	ocirun exec --detach --exec-id job web sh -c 'while [ ! -e /dev/shm/go ]; do sleep 0.02; done; exit 7'
	ocirun wait --exec job web &
	local waiter=$!
	ocirun exec web touch /dev/shm/go
	ended_with 7 "$waiter"
	run -7 ocirun wait --exec job web
	run -0 ocirun wait --exec job --print web
	[ "$output" = 7 ]
	run -0 --separate-stderr ocirun wait --exec job --json web
	[ "$(jq -r '"\(.type) \(.execId) \(.exitCode) \(.signal)"' <<<"$output")" = "exec-exited job 7 null" ]
	[ "$(ocirun state web | jq -r .status)" = running ]
}

@test "exec events: a process that a signal ends, and one that exits with that number" {
	ocirun exec --detach --exec-id killed web sh -c 'kill -KILL $$'
	run -137 ocirun wait --exec killed web
	run -137 ocirun exec --exec-id exits web sh -c 'exit 137'
	journal_has web exec-exited '.execId == "killed" and .signal == 9 and .signalName == "SIGKILL" and .reason == "signaled"'
	journal_has web exec-exited '.execId == "exits" and .signal == null and .exitCode == 137 and .reason == "exited"'
}

@test "exec events: wait --exec for what never was fails at once, and for what failed says why" {
	run -255 --separate-stderr ocirun wait --exec nothing web
	[[ $stderr == *'no exec "nothing"'* ]]
	run -255 ocirun exec --exec-id bad web /no/such/program
	run -255 --separate-stderr ocirun wait --exec bad web
	[[ $stderr == *'/no/such/program'* ]]
	journal_has web failed '.phase == "exec" and .execId == "bad"'
	[ "$(ocirun state web | jq -r .status)" = running ]
}

@test "exec events: wait --exec --timeout gives up with 124" {
	ocirun exec --detach --exec-id long web sleep 1000
	run -124 ocirun wait --exec long --timeout 50ms web
}

@test "exec events: wait --exec refuses what does not go with it, and a name is taken once" {
	run -255 ocirun wait --exec a --any web
	run -255 ocirun wait --exec a --condition deleted web
	run -255 ocirun wait --exec a web web
	ocirun exec --exec-id once web true
	run -255 --separate-stderr ocirun exec --exec-id once web true
	[[ $stderr == *"--exec-id once"* ]]
}

@test "exec events: below a subreaper the process is its own child, and the code is seen by both" {
	require kernel:6.15
	local pid observer
	below_subreaper exec --detach --exec-id job --pid-file "$TEST_DIR/pid" web \
		sh -c 'while [ ! -e /dev/shm/go ]; do sleep 0.02; done; exit 9'
	pid=$(cat "$TEST_DIR/pid")
	observer=$(observer_of job)
	[ "$(parent_of "$pid")" = "$SUBREAPER" ]
	[ "$(parent_of "$observer")" = "$SUBREAPER" ]
	ocirun exec web touch /dev/shm/go
	run -9 ocirun wait --exec job web
	wait_until has_ended "$SUBREAPER"
	grep -qx "$pid exit 9" "$REAPED"
	grep -qx "$observer exit 0" "$REAPED"
	journal_has web exec-exited '.execId == "job" and .source == "pidfd" and .exitCode == 9'
}

@test "exec events: handed over to a subreaper of an older kernel, status and all" {
	ocirun delete --force web
	ocirun --monitor=parent create web
	ocirun start web
	below_subreaper exec --detach --exec-id job --pid-file "$TEST_DIR/pid" web sh -c 'exit 11'
	run -11 ocirun wait --exec job web
	wait_until has_ended "$SUBREAPER"
	grep -qx "$(cat "$TEST_DIR/pid") exit 11" "$REAPED"
	journal_has web exec-exited '.execId == "job" and .source == "parent"'
}

@test "exec events: with the observer killed, whoever waits still gets the code, below a subreaper" {
	require kernel:6.15
	below_subreaper exec --detach --exec-id job web \
		sh -c 'while [ ! -e /dev/shm/go ]; do sleep 0.02; done; exit 13'
	ocirun wait --exec job web &
	local waiter=$!
	kill -KILL "$(observer_of job)"
	ocirun exec web touch /dev/shm/go
	ended_with 13 "$waiter"
}

@test "exec events: the container's own exit is not held back, and exec-exited may follow it" {
	ocirun exec --detach --exec-id job web sleep 1000
	ocirun kill web KILL
	run -137 ocirun wait web
	run -137 ocirun wait --exec job web
	ocirun delete web
	[ "$(events_of web | jq -r .type | tail -n 1)" = deleted ]
	run -137 ocirun wait --exec job web
	run -137 ocirun wait web
}

@test "exec events: without a pid namespace an exec'd process outlives init, and its end follows exited" {
	ocirun delete --force web
	config_with '.linux.namespaces |= map(select(.type != "pid"))'
	ocirun create web
	ocirun start web
	ocirun exec --detach --exec-id job --pid-file "$TEST_DIR/pid" web sh -c 'trap "exit 5" TERM; while :; do sleep 0.02; done'
	kill -KILL "$(container_pid web)"
	run -137 ocirun wait web
	[ "$(events_types web)" = "created started exec-started exited" ]
	container_is web stopped
	kill -TERM "$(cat "$TEST_DIR/pid")"
	run -5 ocirun wait --exec job web
	[ "$(events_types web)" = "created started exec-started exited exec-exited" ]
	ocirun delete web
	[ "$(events_types web)" = "created started exec-started exited exec-exited deleted" ]
}

@test "exec events: delete --force waits for the observers' last lines" {
	for i in 1 2 3 4 5; do ocirun exec --detach --exec-id "job$i" web sleep 1000; done
	ocirun delete --force web
	[ "$(events_of web | jq -r 'select(.type == "exec-exited") | .exitCode' | sort | uniq -c | tr -s ' ')" = " 5 137" ]
}

@test "exec events: with --monitor=none nobody watches a detached process" {
	ocirun delete --force web
	ocirun --monitor=none create web
	ocirun start web
	ocirun exec --detach --exec-id job web sleep 1000
	run observer_of job
	[ "$status" = 1 ]
	journal_has web exec-started '.execId == "job"'
}

@test "exec events: a log of more than 1 MiB takes no further exec, and execs go on" {
	# As a year of `kill -0` would leave it: the lines are whole, in order, and of this instance.
	feed_is_at none
	/usr/bin/python3 - "$(log_path web)" <<-'PYTHON'
		import json, sys
		path = sys.argv[1]
		lines = [json.loads(line) for line in open(path)]
		seq = lines[-1]["seq"]
		with open(path, "a") as log:
		    while log.tell() <= 1024 * 1024:
		        seq += 1
		        line = {"v": 1, "type": "signaled", "id": lines[0]["id"], "instance": lines[0]["instance"], "seq": seq,
		                "timestamp": lines[0]["timestamp"], "signal": 15, "signalName": "SIGTERM", "all": False}
		        log.write(json.dumps(line, separators=(",", ":")) + "\n")
	PYTHON
	run -3 ocirun exec --exec-id late web sh -c 'exit 3'
	ocirun exec --detach web true
	run -255 ocirun wait --exec late web
	ocirun kill web KILL
	run -137 ocirun wait web
	[ "$(events_of web | jq -r .type | grep -c exec-)" = 0 ]
}
