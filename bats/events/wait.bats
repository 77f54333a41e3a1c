#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# ocirun wait: the table of doc/events.md, and the options. Every row but the restart of the machine,
# which needs one that can be restarted.

load ../lib/container
load helpers

# waits NAME - is the background command still there?
waits() { ! has_ended "$BACKGROUND_PID" || fail "it has ended: $(cat "$TEST_DIR/$1".*)"; }

@test "wait: a container that never existed is 255 at once (doc/events.md)" {
	bundle
	run -255 --separate-stderr ocirun wait web
	[ "$output" = "" ]
	[ "$stderr" = 'ocirun: wait web: container does not exist: "web"' ]
}

@test "wait: blocks while created, returns the code after start (doc/events.md)" {
	created 'exit 7'
	background w wait web
	wait_until attached "$BACKGROUND_PID"
	waits w
	ocirun start web
	background_returns 7
	[ ! -s "$TEST_DIR/w.out" ]
	[ ! -s "$TEST_DIR/w.err" ]
}

@test "wait: a container deleted before start is never-started and 255 (doc/events.md)" {
	created 'exit 7'
	background w wait web
	wait_until attached "$BACKGROUND_PID"
	ocirun delete --force web
	background_returns 255
	grep -q never-started "$TEST_DIR/w.err"
	[ "$(events_types web)" = "created exited deleted" ]
	journal_has web exited '.reason == "never-started"'
	run -255 --separate-stderr ocirun wait web
	run -0 --separate-stderr ocirun wait --print web
	[ "$output" = unknown ]
}

@test "wait: a stopped or deleted container returns at once, again and again (doc/events.md)" {
	ended 'exit 42'
	run -42 ocirun wait web
	run -42 ocirun wait web
	ocirun delete web
	run -42 ocirun wait web
	[ "$output" = "" ]
}

@test "wait: stays with its instance when the ID is used again (doc/events.md)" {
	created 'exit 3'
	background w wait web
	local waiter=$BACKGROUND_PID
	wait_until attached "$waiter"
	kill -STOP "$waiter"
	ocirun start web
	wait_until journal_has web exited
	ocirun delete web
	created 'exit 4'
	ocirun start web
	run -4 ocirun wait web
	kill -CONT "$waiter"
	background_returns 3 "$waiter"
}

@test "wait: gets the real code of delete --force (doc/events.md)" {
	created 'exec sleep 60'
	ocirun start web
	background w wait web
	wait_until attached "$BACKGROUND_PID"
	ocirun delete --force web
	background_returns 137
	journal_has web exited '.signal == 9'
}

@test "wait: a container that ends at once has started and exited, in order, with its code" {
	local id
	bundle_script 'exit 9'
	for id in a b c d e f g h; do
		ocirun create "$id"
		ocirun start "$id"
		run -9 ocirun wait "$id"
		[ "$(events_types "$id")" = "created started exited" ]
		ocirun delete "$id"
	done
}

@test "wait: a hundred waiters all get the code (doc/events.md)" {
	local pid pids=()
	created 'exit 5'
	for _ in $(seq 100); do
		background w wait web
		pids+=("$BACKGROUND_PID")
	done
	for pid in "${pids[@]}"; do wait_until attached "$pid"; done
	ocirun start web
	for pid in "${pids[@]}"; do background_returns 5 "$pid"; done
}

@test "wait: a signal is 128 and its number, and exit 137 is not SIGKILL" {
	ended 'exit 137' exit
	run -137 ocirun wait exit
	journal_has exit exited '.exitCode == 137 and .signal == null and .reason == "exited"'
	created 'exec sleep 60' kill
	ocirun start kill
	ocirun kill kill KILL
	run -137 ocirun wait kill
	journal_has kill exited '.exitCode == 137 and .signal == 9 and .signalName == "SIGKILL"'
}

@test "wait: a program that turns out not to be executable is 127 or 126" {
	bundle_with '.process.args = ["/program"]'
	printf '#!/no/such/interpreter\n' >rootfs/program
	chmod 755 rootfs/program
	ocirun create web
	ocirun start web || true
	run -127 ocirun wait web
	journal_has web exited '.reason == "exec-failed" and (.error | length > 0)'
	printf 'this is no program' >rootfs/program
	ocirun create web2
	ocirun start web2 || true
	run -126 ocirun wait web2
	journal_has web2 exited '.reason == "exec-failed"'
}

@test "wait: --print prints codes in the order of the arguments and ends with 0" {
	ended 'exit 1' one
	ended 'exit 2' two
	created 'exit 3' never
	ocirun delete --force never
	run -0 --separate-stderr ocirun wait --print two never one two
	[ "$output" = $'2\nunknown\n1\n2' ]
	[[ $stderr = *never-started* ]]
}

@test "wait: --json prints the exited lines as they stand in the log" {
	ended 'exit 1' one
	ended 'exit 2' two
	run -0 --separate-stderr ocirun wait --json two one
	[ "$output" = "$(events_of two | grep '"exited"')"$'\n'"$(events_of one | grep '"exited"')" ]
}

@test "wait: several containers without --print, --json or --any are an error" {
	ended 'exit 0' one
	run -255 --separate-stderr ocirun wait one one
	[[ $stderr = *--print* ]]
	run -255 --separate-stderr ocirun wait --print --json one
}

@test "wait: --any ends with the first one's code" {
	created 'exec sleep 60' slow
	ocirun start slow
	created 'exit 6' quick
	background w wait --any slow quick
	wait_until attached "$BACKGROUND_PID"
	ocirun start quick
	background_returns 6
	run -0 ocirun wait --any --print slow quick
	[ "$output" = 6 ]
}

@test "wait: --condition is satisfied by what has happened and fails for what cannot come" {
	created 'exec sleep 60'
	run -0 ocirun wait --condition created web
	background w wait --condition started web
	wait_until attached "$BACKGROUND_PID"
	ocirun start web
	background_returns 0
	run -0 --separate-stderr ocirun wait --condition started --json web
	[ "$(jq -r .type <<<"$output")" = started ]
	background w wait --condition deleted web
	wait_until attached "$BACKGROUND_PID"
	ocirun delete --force web
	background_returns 0
	run -0 ocirun wait --condition created web

	created 'exit 0' never
	background w wait --condition started never
	wait_until attached "$BACKGROUND_PID"
	ocirun delete --force never
	background_returns 255
	run -255 --separate-stderr ocirun wait --condition running never
	[[ $stderr = *"created, started, exited, deleted"* ]]
}

@test "wait: --timeout ends with 124 and says so" {
	created 'exit 0'
	run -124 --separate-stderr ocirun wait --timeout 50ms web
	[[ $stderr = *"timed out after 50ms"* ]]
	run -255 --separate-stderr ocirun wait --timeout soon web
	[[ $stderr = *soon* ]]
}

@test "wait: --instance finds an earlier container of the ID" {
	ended 'exit 1'
	local instance
	instance=$(events_of web | jq -r .instance | head -n 1)
	ocirun delete web
	ended 'exit 2'
	run -2 ocirun wait web
	run -1 ocirun wait --instance "$instance" web
	run -255 --separate-stderr ocirun wait --instance 00000000000000000000000000000000 web
	run -255 --separate-stderr ocirun wait --instance short web
	[[ $stderr = *"32 lower-case hex digits"* ]]
}

@test "wait: a create that failed is 255 and tells why" {
	bundle_with '.hooks.createRuntime = [{"path": "/bin/false"}]'
	run -1 ocirun create web
	if [ -e "$(log_path web)" ]; then
		run -255 --separate-stderr ocirun wait web
		[[ $stderr = *failed* || $stderr = *"does not exist"* ]]
	fi
}
