#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Logs that are not as a writer left them, of another version, of another boot, or gone: what is whole
# is told, the rest is named, nothing is invented, and nobody is signalled by mistake.

# shellcheck disable=SC2030,SC2031,SC2154 # set by run, one test at a time
load ../lib/container
load ../lib/monitor
load helpers

setup() {
	require root
	container_setup
	logs_are_damaged
}

init_pid() { jq -r 'select(.type == "created").pid' "$(log_path web)"; }

kill_monitor() {
	local pid
	pid=$(monitor_of web)
	kill -9 "$pid"
	wait_until has_ended "$pid"
}

# over - the container has ended, all is on record, and nobody but us is there
over() {
	ended 'exit 37'
	wait_until no_monitor web
}

# shorten BYTES - take these from the end of the log
shorten() { truncate -s "-$1" "$(log_path web)"; }

length_of_last() { tail -n 1 "$(log_path web)" | wc -c; }

@test "damage: a log cut within its exited line: the code is unknown, not guessed, and the log goes on" {
	local at
	for at in 1 2 100 all; do
		over
		[ "$at" != all ] || at=$(length_of_last)
		shorten "$at"
		run --separate-stderr ocirun wait web
		if [ "$at" = 1 ]; then
			# All but its LF was there.
			[ "$status" = 37 ]
		else
			[ "$status" = 255 ]
			[[ $stderr = *monitor-lost* ]]
		fi
		container_is web stopped
		run -0 ocirun delete web
		run --separate-stderr ocirun events --verify web
		[[ $at = 1 || $at = "$(length_of_last)" || $status = 1 || $output = "" ]]
		run -0 ocirun events --no-follow web
		[ "$(jq -r .type <<<"$output" | paste -sd ' ')" = "created started exited deleted" ]
		[ "$(jq -r .seq <<<"$output" | paste -sd ' ')" = "1 2 3 4" ]
	done
}

@test "damage: NULs of a power cut are closed, told and passed over" {
	over
	shorten 20
	printf '\0\0\0\0\0' >>"$(log_path web)"
	run -255 --separate-stderr ocirun wait web
	run -0 --separate-stderr ocirun events --no-follow web
	[[ $stderr = *"is damaged: "*"bytes at offset"*"are no event"* ]]
	run -1 ocirun events --verify web
	[[ $output = *"are no event"* ]]
	run -0 ocirun delete web
}

@test "damage: a bit of the exited line that flips: it counts for nothing, and says so" {
	over
	sed -i 's/"type":"exited"/"type":"eXited"/' "$(log_path web)"
	run -255 --separate-stderr ocirun wait web
	[[ $stderr = *"is damaged"* ]]
	run -0 ocirun state web
	jq -e '.exit.exitCode == null and .exit.reason == "monitor-lost"' <<<"$output"
}

@test "damage: state takes no exit code from a line that no reader takes" {
	over
	# Whole for whoever looks at its beginning only.
	sed -i 's/,"status":"stopped"}$/,"status":"stopped"/' "$(log_path web)"
	run -0 ocirun state web
	jq -e '.exit.exitCode == null and .exit.reason == "monitor-lost"' <<<"$output"
}

# each_verb_fails TEXT - by name, at once, and none hangs
each_verb_fails() {
	local verb
	for verb in "state web" "start web" "kill web KILL" "wait web" "events web" "exec web true" "pause web" "delete web"; do
		# shellcheck disable=SC2086 # words
		run --separate-stderr ocirun $verb
		[ "$status" != 0 ] || fail "$verb: status 0" || return
		[[ $stderr = *"$1"* ]] || fail "$verb: $stderr" || return
	done
	run -0 ocirun list
	[[ $output = *web*unknown* ]]
}

force_frees() {
	run -0 --separate-stderr ocirun delete --force web
	[ ! -e "$ROOT/web" ]
	nothing_left_in_cgroups web
	# The ID can be used again.
	rm -rf "$(log_path web)"
	run -0 ocirun create web
	ocirun delete --force web
}

# One that reads logs to show them would wait for ever.
teardown() {
	find "$ROOT/.events" -type p -delete 2>/dev/null || true
	container_teardown
}

@test "damage: a log that was removed while the container runs" {
	started 'exec sleep 60'
	rm "$(log_path web)"
	each_verb_fails "web"
	force_frees
}

@test "damage: a log that was replaced by a symbolic link is not followed" {
	started 'exec sleep 60'
	cp "$(log_path web)" "$TEST_DIR/elsewhere"
	sha256sum "$TEST_DIR/elsewhere" >"$TEST_DIR/sum"
	ln -sf "$TEST_DIR/elsewhere" "$(log_path web)"
	each_verb_fails "web"
	force_frees
	sha256sum -c --quiet "$TEST_DIR/sum"
}

@test "damage: a log that was replaced by a FIFO holds nobody up" {
	started 'exec sleep 60'
	rm "$(log_path web)"
	mkfifo "$(log_path web)"
	each_verb_fails "web"
	force_frees
}

@test "damage: a log that was replaced by a directory" {
	started 'exec sleep 60'
	rm "$(log_path web)"
	mkdir "$(log_path web)"
	each_verb_fails "web"
	force_frees
}

@test "damage: a log that was replaced by that of another instance is not written to" {
	started 'exec sleep 60' other
	started 'exec sleep 60'
	sed 's/"id":"other"/"id":"web"/' "$(log_path other)" >"$TEST_DIR/foreign"
	cp "$TEST_DIR/foreign" "$(log_path web).new"
	mv "$(log_path web).new" "$(log_path web)"
	local verb
	for verb in "state web" "kill web KILL" "delete web"; do
		# shellcheck disable=SC2086
		run -1 --separate-stderr ocirun $verb
		[[ $stderr = *"belongs to another instance"* ]]
	done
	run -0 ocirun delete --force web
	cmp "$TEST_DIR/foreign" "$(log_path web)"
	container_is other running
}

@test "damage: who waits when the log is removed still gets the code, and is told" {
	require kernel:6.15
	started 'exec sleep 60'
	local init monitor
	init=$(init_pid) monitor=$(monitor_of web)
	background w wait web
	wait_until attached "$BACKGROUND_PID"
	# It would write into the file that the waiter has open, too.
	kill -STOP "$monitor"
	rm "$(log_path web)"
	kill -9 "$init"
	background_returns 137
	grep -q "the end of web is not on record" "$TEST_DIR/w.err"
	kill -CONT "$monitor"
}

# ---- a later version ----

is_gone() { [ ! -e "/proc/$1" ] || fail "$(cat "/proc/$1/comm") is there"; }

NEWER='{"v":2,"kind":"what this ocirun does not know"}'

@test "damage: behind a line of a later version nothing is written, and every verb says why" {
	local pid monitor
	started 'exec sleep 60'
	pid=$(init_pid) monitor=$(monitor_of web)
	echo "$NEWER" >>"$(log_path web)"
	cp "$(log_path web)" "$TEST_DIR/before"
	each_verb_fails version
	run -1 ocirun events --verify web
	[[ $output = *"is of version 2, newer than 1"* ]]
	# It does not wait for lines that it would not understand.
	run -255 --separate-stderr ocirun wait web
	[[ $stderr = *"of version 2, which this ocirun does not know"* ]]
	cmp "$TEST_DIR/before" "$(log_path web)"
	run -0 ocirun delete --force web
	has_ended "$pid"
	cmp "$TEST_DIR/before" "$(log_path web)"
	# The monitor of this version has an end to tell, and may not: it goes with the log.
	rm "$(log_path web)"
	wait_until is_gone "$monitor"
}

@test "damage: a log of a later version hides no other" {
	local monitor
	ended 'exit 3' other
	started 'exec sleep 60'
	monitor=$(monitor_of web)
	echo "$NEWER" >>"$(log_path web)"
	run -0 --separate-stderr ocirun events --all --no-follow
	[[ $output = *'"id":"other"'*exited* ]]
	ocirun delete --force web
	rm "$(log_path web)"
	wait_until is_gone "$monitor"
}

@test "damage: a bit that makes a line in the middle look newer is damage, and the log goes on" {
	started 'exec sleep 60'
	printf 3 | dd of="$(log_path web)" bs=1 seek=5 conv=notrunc status=none
	kill -9 "$(pgrep -P "$(monitor_of web)")"
	wait_until no_monitor web
	[ "$(tail -n 1 "$(log_path web)" | jq -r .type)" = exited ]
}

# ---- another boot, another process ----

# stranger - a process that is nobody's container, in STRANGER
stranger() {
	sleep 60 3>&- 4>&- &
	STRANGER=$!
	echo "$STRANGER" >>"$TEST_DIR/background"
}

is_untouched() { ! has_ended "$STRANGER" || fail "the stranger was killed"; }

@test "damage: after a restart of the machine a stranger with init's number is never signalled" {
	stranger
	over
	shorten "$(length_of_last)"
	sed -i 's/"bootId":"[0-9a-f]*/"bootId":"00000000/; s/"pid":[0-9]*/"pid":'"$STRANGER"'/' "$(log_path web)"
	run -1 ocirun kill web KILL
	is_untouched
	run -255 --separate-stderr ocirun wait web
	[[ $stderr = *host-restarted* ]]
	run -0 ocirun delete --force web
	is_untouched
	journal_has web exited '.reason == "host-restarted" and .exitCode == null'
}

@test "damage: a stranger with init's number but another start is never signalled" {
	stranger
	over
	shorten "$(length_of_last)"
	sed -i 's/"pid":[0-9]*/"pid":'"$STRANGER"'/' "$(log_path web)"
	run -1 ocirun kill web KILL
	is_untouched
	run -0 ocirun delete --force web
	is_untouched
	journal_has web exited '.reason == "monitor-lost" and .exitCode == null'
}

@test "damage: a stranger with init's number and start, in no cgroup of ours, is never killed" {
	local start
	stranger
	start=$(awk '{ print $22 }' "/proc/$STRANGER/stat")
	over
	shorten "$(length_of_last)"
	sed -i 's/"pid":[0-9]*/"pid":'"$STRANGER"'/; s/"pidStartTime":[0-9]*/"pidStartTime":'"$start"'/' "$(log_path web)"
	run -1 --separate-stderr ocirun delete --force web
	[[ $stderr = *"is not in the container's cgroup"* ]]
	is_untouched
	kill "$STRANGER"
	wait_until has_ended "$STRANGER"
	run -0 ocirun delete --force web
}

# ---- the clock ----

@test "damage: a clock that jumps between lines changes no order and no deadline" {
	rm "$TEST_DIR/damaged"
	cc -shared -fPIC -o "$TEST_DIR/clock.so" "$LIB_DIR/clock.c" || skip "needs a C compiler"
	bundle_script 'until [ -e /go ]; do sleep 0.02; done; exit 5'
	# A preload comes before the sanitizer, which has nothing to say about it.
	at() { ASAN_OPTIONS="verify_asan_link_order=0:$ASAN_OPTIONS" LD_PRELOAD=$TEST_DIR/clock.so OCIRUN_TEST_CLOCK=$1 ocirun "${@:2}"; }
	at 4102444800 create web
	kill -STOP "$(monitor_of web)" # its clock is not ours
	at 86400 start web
	kill -CONT "$(monitor_of web)"
	at 2000000000 pause web
	at 1000000000 resume web
	run -124 at 4000000000 wait --timeout 0.2 web
	touch "$BUNDLE/rootfs/go"
	run -5 at 86400 wait --timeout 20 web
	at 1 delete web
	run -0 --separate-stderr at 500 events web
	[ "$(types - <<<"$output")" = "created started paused resumed exited deleted" ]
	[ "$(jq -r .seq <<<"$output" | paste -sd ' ')" = "1 2 3 4 5 6" ]
	jq -se '.[0].timestamp > .[1].timestamp and .[1].timestamp < .[2].timestamp and .[2].timestamp > .[3].timestamp' <<<"$output"
	run -0 ocirun events --verify web
}
