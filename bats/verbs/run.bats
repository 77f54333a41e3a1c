#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# ocirun run: its exit status, and what it leaves. Signals and terminals: foreground.bats.
# shellcheck disable=SC2154,SC2016 # run sets stderr; single quotes hold words of jq and containers

load ../lib/container

setup() {
	require root
	container_setup
}

@test "run: ends with the container's exit code" {
	local code
	for code in 0 1 2 125 126 127 128 137 255; do
		bundle_script "exit $code"
		run "-$code" --separate-stderr ocirun run web
		[ -z "$stderr$output" ]
		journal_has web exited --argjson code "$code" \
			'.exitCode == $code and .signal == null and .reason == "exited"'
		[ ! -e "$ROOT/web" ]
	done
}

@test "run: ends with 128 and the signal's number, and exit 137 stays apart from SIGKILL" {
	local number
	for number in 1 2 6 9 11 15 34 64; do
		bundle_script "trap '' USR1; kill -$number \$\$; exit 99"
		# A process that is no namespace's init dies of any signal.
		config_with 'del(.linux.namespaces[] | select(.type == "pid"))'
		run -$((128 + number)) ocirun run web
		journal_has web exited --argjson signal "$number" \
			'.exitCode == 128 + $signal and .signal == $signal and .reason == "signaled"'
	done
}

@test "run: the output is all there when it ends, and nothing is left but the log" {
	bundle_script 'echo out; echo err >&2; seq 20000'
	run -0 --separate-stderr ocirun run web
	[ "$stderr" = err ]
	[ "${lines[0]}" = out ]
	[ "${lines[-1]}" = 20000 ]
	[ "${#lines[@]}" = 20001 ]
	[ "$(events_types web)" = "created started exited deleted" ]
	run -1 ocirun state web
	nothing_left_in_cgroups web
	# The log outlives it: whoever comes late still learns the code.
	run -0 ocirun wait web
}

@test "run: standard input is piped in" {
	bundle_script 'tr [:lower:] [:upper:]; echo end'
	local data status=0
	data=$(seq -f 'line %g of many' 20000)
	printf '%s\n' "$data" | "${OCIRUN_CMD[@]}" run web >"$TEST_DIR/out" 2>&1 || status=$?
	[ "$status" = 0 ]
	cmp "$TEST_DIR/out" <(printf '%s\n' "$data" | tr '[:lower:]' '[:upper:]'; echo end)
}

@test "run: works with closed standard streams" {
	bundle_script 'ls -l /proc/self/fd | grep -c /dev/null; exit 4'
	local status=0
	"${OCIRUN_CMD[@]}" run web <&- >&- 2>&- 3>&- 4>&- || status=$?
	[ "$status" = 4 ]
}

@test "run: --keep leaves the stopped container, its state and its code" {
	bundle_script 'exit 6'
	run -6 ocirun run --keep web
	container_is web stopped
	[ "$(events_types web)" = "created started exited" ]
	ocirun state web | jq -e '.exit.exitCode == 6'
	run -6 ocirun wait web
	run -0 ocirun delete web
}

@test "run: --detach returns while the container runs, and nobody deletes it" {
	bundle_script 'until [ -e /go ]; do sleep 0.02; done; exit 8'
	run -0 --separate-stderr ocirun run --detach --pid-file "$TEST_DIR/pid" web
	[ -z "$stderr$output" ]
	container_is web running
	[ "$(cat "$TEST_DIR/pid")" = "$(container_pid web)" ]
	touch rootfs/go
	run -8 ocirun wait web
	container_is web stopped
	run -0 ocirun delete web
	rm rootfs/go
	run -0 ocirun run -d web
	container_is web running
}

@test "run: --detach hands a terminal to --console-socket or refuses" {
	bundle_with '.process.terminal = true'
	run -1 --separate-stderr ocirun run --detach web
	[[ $stderr == *"process.terminal is true: give --console-socket"* ]]
}

@test "run: fails with 1 for its own reasons, says why and leaves nothing" {
	bundle_with '.process.args = ["nothing-like-it"]'
	local flags
	for flags in --keep=false --keep --detach; do
		run -1 --separate-stderr ocirun run "$flags" web
		[[ $stderr == 'ocirun: run web: exec: "nothing-like-it": executable file not found in $PATH' ]]
		[ ! -e "$ROOT/web" ]
		nothing_left_in_cgroups web
	done
	run -1 --separate-stderr ocirun run --bundle /nowhere web
	[[ $stderr == "ocirun: run web: bundle /nowhere: "* ]]
	run -1 --separate-stderr ocirun run .web
	run -1 --separate-stderr ocirun run web now
}

@test "run: a program that execve refuses is an own failure too: 1, and nothing stays" {
	bundle_with '.process.args = ["/job"]'
	printf '#!/no/such/shell\n' >rootfs/job
	chmod 755 rootfs/job
	local flags
	for flags in --keep=false --detach; do
		run -1 --separate-stderr ocirun run "$flags" web
		[[ $stderr == 'ocirun: run web: exec: "/job": no such file or directory' ]] || fail "$stderr"
		[ ! -e "$ROOT/web" ]
		[ "$(events_types web)" = "created exited deleted" ]
		journal_has web exited '.reason == "exec-failed" and .exitCode == 127'
	done
}

@test "run: an orphan that outlives init without a pid namespace does not hold it up" {
	bundle_script 'sleep 61 >/dev/null 2>&1 </dev/null & exit 7'
	config_with 'del(.linux.namespaces[] | select(.type == "pid"))'
	background job run web
	OCIRUN_TEST_DEADLINE=10 background_returns 7
	[ "$(events_types web)" = "created started exited deleted" ]
	# The deletion killed it with the cgroup.
	nothing_left_in_cgroups web
}

@test "run: somebody else's kill and delete --force end it with the real code" {
	bundle_with '.process.args = ["sleep", "60"]'
	background job run web
	wait_until container_is web running
	ocirun kill web KILL
	background_returns 137
	background job run other
	wait_until container_is other running
	ocirun delete --force other
	background_returns 137
	[[ "$(events_types other)" = *"exited deleted" ]]
}
