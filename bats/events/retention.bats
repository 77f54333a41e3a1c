#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# How long the log of a deleted container is kept: --log-age, --log-count, --log-size (doc/events.md,
# "How long it is kept"). Time is made by setting the logs' times back.

# shellcheck disable=SC2154 # stderr is set by run
load ../lib/container
load ../lib/monitor
load helpers

# deleted ID - a container that has exited with 7, been deleted, and whose log is there
deleted() {
	bundle_script 'exit 7'
	ocirun create "$1"
	ocirun start "$1"
	ocirun wait "$1" || [ $? = 7 ]
	ocirun delete "$1"
}

# forged ID AGE [FILTER] - the same without a container: its log, whose last line is AGE seconds old
# The first one is copied from a real container's.
forged() {
	local path
	feed_is_at none # nobody wrote them
	[ -e "$TEST_DIR/model" ] || { deleted model && mv "$(log_path model)" "$TEST_DIR/model"; }
	path=$(log_path "$1")
	jq -c --arg id "$1" --arg instance "$(printf '%s' "$1" | md5sum | cut -d ' ' -f 1)" \
		".id = \$id | .instance = \$instance ${3:-}" "$TEST_DIR/model" >"$path"
	touch -d "@$(($(date +%s) - $2))" "$path"
}

aged() { touch -d "@$(($(date +%s) - $2))" "${3:-$(log_path "$1")}"; }

# The next verb looks at all logs, as it does when a minute has passed.
sweep_is_due() { rm -f "$ROOT/.events/.swept"; }

# logs - IDs of the logs there are, on one line
logs() { find "$ROOT/.events" -name '*.ndjson' -printf '%f\n' | sed 's/\.ndjson$//' | sort | paste -sd ' '; }

count_logs() { find "$ROOT/.events" -name '*.ndjson' | wc -l; }

# unknown WORD... - the ID in it is as if it had never been, for wait and for events
unknown() {
	run -255 --separate-stderr ocirun "${OPTIONS[@]}" wait "$@"
	[[ $stderr = "ocirun: wait "*"container does not exist: "* || $stderr = *"no container with instance"* ]] ||
		fail "$stderr"
	run -1 --separate-stderr ocirun "${OPTIONS[@]}" events --timeout 10s "$@"
	[[ $stderr = *"container does not exist: "* || $stderr = *"no container with instance"* ]] || fail "$stderr"
	[ -z "$output" ]
}

OPTIONS=()

@test "retention: wait and events answer within --log-age, and after it fail at once, sweep or not" {
	deleted web
	aged web 3500
	run -7 ocirun wait web
	[ "$(events_types web)" = "created started exited deleted" ]
	aged web 3601
	unknown web
	[ "$(logs)" = web ]
	OPTIONS=(--log-age 2h)
	run -7 ocirun "${OPTIONS[@]}" wait web
	OPTIONS=(--log-age 59m)
	unknown web
	sweep_is_due
	deleted other
	[ "$(logs)" = other ]
	OPTIONS=(--log-age 2h)
	unknown web
}

@test "retention: the log of a former instance has its own time" {
	local old
	deleted web
	old=$(events_of web | jq -r '.instance' | head -n 1)
	deleted web
	aged web 3000 "$ROOT/.events/web@$old.ndjson"
	run -7 ocirun wait --instance "$old" web
	aged web 3700 "$ROOT/.events/web@$old.ndjson"
	unknown --instance "$old" web
	run -7 ocirun wait web
	sweep_is_due
	created 'exit 0' other
	[ "$(logs)" = "other web" ]
	unknown --instance "$old" web
}

@test "retention: a log that is waited for when its time is up is read to its end" {
	started 'sleep 60'
	background follow events web
	wait_until attached "$BACKGROUND_PID"
	ocirun --log-age 0 delete --force web
	background_returns 0
	[ "$(types "$TEST_DIR/follow.out")" = "created started exited deleted" ]
	[ -z "$(logs)" ]
}

@test "retention: create looks as well as delete" {
	forged old 4000
	sweep_is_due
	created 'exit 0'
	[ "$(logs)" = web ]
}

@test "retention: of more than --log-count the latest stay, and the number stays near the limit" {
	local id most=0 count
	for id in {1..20}; do
		forged "forged-$id" "$((100 + id))"
		deleted_with_limit "c$id" --log-count 10
		count=$(count_logs)
		most=$((count > most ? count : most))
	done
	[ "$most" -le 13 ] || fail "$most logs at a time"
	ocirun create --bundle "$BUNDLE" last
	sweep_is_due
	ocirun --log-count 3 delete --force last
	[ "$(logs)" = "c19 c20 last" ] || fail "$(logs)"
}

# deleted_with_limit ID OPTION...
deleted_with_limit() {
	[ -e "$BUNDLE/config.json" ] || bundle_script 'exit 7'
	ocirun create --bundle "$BUNDLE" "$1"
	ocirun "${@:2}" delete --force "$1"
}

@test "retention: of more than --log-size on the disk the latest stay" {
	local id
	for id in 1 2 3 4 5; do
		forged "c$id" "$((100 - id))"
	done
	sweep_is_due
	# A block each: c5 and c4, and the one of this delete.
	deleted_with_limit web --log-size 12k
	[ "$(logs)" = "c4 c5 web" ]
	for id in 1 2 3; do
		forged "c$id" "$((100 - id))"
	done
	# Its size counts as it is on the disk, also where it is one file.
	head -c 100000 /dev/zero | tr '\0' ' ' >"$TEST_DIR/padding"
	cat "$TEST_DIR/padding" "$(log_path c3)" >"$TEST_DIR/large" && cp "$TEST_DIR/large" "$(log_path c3)"
	aged c3 50
	logs_are_damaged
	sweep_is_due
	deleted_with_limit other --log-size 64k
	# c3 is the newest but two, and those before it do not fit beside it.
	[ "$(logs)" = "other web" ] || fail "$(logs)"
}

@test "retention: with a limit of 0 the log goes with its container" {
	local option
	for option in --log-age --log-count --log-size; do
		bundle_script 'exit 7'
		ocirun create web
		ocirun "$option" 0 delete --force web
		[ -z "$(logs)" ] || fail "$option: $(logs)"
		# And of one that could not be created.
		config_with '.process.cwd = "relative"'
		run -1 ocirun "$option" 0 create web
		[ -z "$(logs)" ] || fail "$option: $(logs)"
	done
}

@test "retention: logs of containers that there are stay, however many, old and large" {
	started 'sleep 60' running
	ended 'exit 3' stopped
	created 'exit 0' fresh
	for id in running stopped fresh; do aged "$id" 900000; done
	sweep_is_due
	ocirun --log-age 0 --log-count 0 --log-size 0 create gone
	ocirun --log-age 0 --log-count 0 --log-size 0 delete --force gone
	[ "$(logs)" = "fresh running stopped" ]
	run -3 ocirun --log-age 0 wait stopped
}

# kill_at N ARG... - ocirun ARG..., killed at its N-th call; with 0, prints how many there are
kill_at() {
	python3 "$SOURCE_DIR/bats/faults/kill-at.py" 0 "$1" "$OCIRUN" --root "$ROOT" "${@:2}" \
		3>&1 >/dev/null 2>&1 </dev/null | awk '$1 == 0 { print $2 }'
}

@test "retention: kill -9 at the calls of a sweep leaves what the next one ends" {
	require program:python3
	under_tracer
	local calls n every=2
	[ "${OCIRUN_FAULTS:-}" != full ] || every=1
	bundle_script 'exit 7'
	cd /
	forged model-1 50
	ocirun create --bundle "$BUNDLE" web
	calls=$(kill_at 0 --log-count 0 delete --force web)
	[ "$calls" -gt 50 ]
	for ((n = calls - 40; n <= calls; n += every)); do
		forged old 4000
		ocirun create --bundle "$BUNDLE" web
		sweep_is_due
		kill_at "$n" --log-count 0 delete --force web
		[ ! -e "$ROOT/web" ] || ocirun --log-count 0 delete --force web || fail "killed at call $n"
		sweep_is_due
		ocirun --log-count 0 create --bundle "$BUNDLE" web
		[ "$(logs)" = web ] || fail "killed at call $n: $(logs)"
		ocirun --log-count 0 delete --force web
		[ -z "$(logs)" ] || fail "killed at call $n: $(logs)"
	done
}

@test "retention: twenty deletes at once with a limit of three leave three, and nobody fails" {
	local id pids=()
	bundle_script 'exit 7'
	for id in {1..20}; do
		ocirun create "c$id"
		forged "f$id" "$((100 + id))"
	done
	for id in {1..20}; do
		background "delete$id" --log-count 3 delete --force "c$id"
		pids+=("$BACKGROUND_PID")
	done
	for id in {1..20}; do
		background_returns 0 "${pids[id - 1]}"
		[ ! -s "$TEST_DIR/delete$id.err" ]
	done
	# Each sweep leaves three; since the last one at most an eighth of what it saw was deleted.
	[ "$(count_logs)" -le 8 ] || fail "$(count_logs): $(logs)"
	ocirun create last
	sweep_is_due
	ocirun --log-count 3 delete --force last
	[ "$(count_logs)" = 3 ]
}

@test "retention: an ID that is used again and again keeps the log of the one that there is" {
	local n
	bundle_script 'exit 7'
	for n in {1..15}; do
		ocirun --log-count 0 create web
		journal_has web created
		sweep_is_due
		ocirun --log-count 2 delete --force web
	done
	[ "$(count_logs)" -le 3 ]
	# Side by side: one deletes others, one makes and deletes the ID.
	for n in {1..8}; do ocirun create "c$n"; done
	(for n in {1..8}; do sweep_is_due; ocirun --log-age 0 delete --force "c$n"; done) &
	for n in {1..8}; do
		ocirun create web
		[ "$(events_types web)" = created ]
		ocirun --log-age 1ms delete --force web
	done
	wait "$!"
}

@test "retention: a log without end whose container is gone stays for a day" {
	local pid monitor
	bundle_script 'exit 7'
	ocirun --cgroup-manager disabled create lost
	# Nobody is left to write its end, and somebody removes the directory.
	pid=$(container_pid lost)
	monitor=$(monitor_of lost)
	kill -9 "$monitor" "$pid"
	wait_until has_ended "$pid"
	rm -r "$ROOT/lost"
	[ "$(jq -r .type "$(log_path lost)")" = created ]
	aged lost 86000
	ocirun create web
	sweep_is_due
	ocirun --log-count 1 delete --force web
	[ "$(logs)" = "lost web" ]
	aged lost 87000
	sweep_is_due
	ocirun create web
	[[ " $(logs) " != *" lost "* ]]
}

@test "retention: after a restart of the machine, logs on a disk are kept by the same rules" {
	# The restart is played: another boot ID in the logs.
	forged old 4000 '| if .bootId then .bootId = "00000000" + .bootId[8:] else . end'
	forged young 1000 '| if .bootId then .bootId = "00000000" + .bootId[8:] else . end'
	unknown old
	run -7 ocirun wait young
	sweep_is_due
	deleted_with_limit web
	[ "$(logs)" = "web young" ]
}

@test "retention: a disk that is full does not keep logs from going" {
	require root
	mkdir "$ROOT"
	chmod 700 "$ROOT"
	mount -t tmpfs -o size=600k,mode=700 tmpfs "$ROOT"
	local id
	for id in {1..5}; do forged "c$id" 4000; done
	sweep_is_due
	created 'exit 0'
	[ "$(logs)" = web ]
	for id in {1..5}; do forged "c$id" 4000; done
	sweep_is_due
	head -c 600k /dev/zero >"$ROOT/.events/full" 2>/dev/null || true
	ocirun delete --force web
	[ "$(logs)" = web ] || [ -z "$(logs)" ] || fail "$(logs)"
	umount "$ROOT"
}
