#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The feed: every line of every log in one file, whatever is killed, full or rotated. That all lines of
# all other tests are in it is looked at at the end of each (bats/lib/events.bash).
# shellcheck disable=SC2030,SC2031,SC2154,SC2016

load ../lib/container
load ../lib/monitor
load helpers

setup() {
	[[ $BATS_TEST_DESCRIPTION = *"(rootless)" ]] || require root
	container_setup
	FEED=$ROOT/.feed
}

# with OPTION... - global options for all that follows
with() { OCIRUN_CMD=("$OCIRUN" --root "$ROOT" "$@"); }

# feed_is_log - the lines of the feed are those of the logs, and none stands there twice
feed_is_log() {
	feed_has_all "${1:-$FEED}" || return
	local lines
	lines=$(cat "${1:-$FEED}"/events.ndjson* | wc -l)
	[ "$lines" = "$(lines_of_logs "$ROOT" | wc -l)" ] || fail "$lines lines in the feed: $(cat "${1:-$FEED}"/events.ndjson*)"
}

# in_feed TYPE [FILTER] - how many such lines the feed has
in_feed() { cat "$FEED"/events.ndjson* | jq -s --arg type "$1" "map(select(.type == \$type and (${2:-true}))) | length"; }

run_some() {
	bundle_script 'exit 3'
	ocirun create web
	ocirun start web
	run -3 ocirun wait web
	ocirun delete web
}

@test "feed: it has every line of every log, in the order of each" {
	run_some
	run -3 ocirun run again
	bundle_script 'sleep 60'
	ocirun run --detach web
	ocirun exec web true
	ocirun exec --detach web true
	wait_until journal_has web exec-exited '.exitCode == 0'
	ocirun pause web
	ocirun resume web
	ocirun kill web KILL
	run -137 ocirun wait web
	ocirun delete web
	feed_is_log
	local instance
	for instance in $(jq -r .instance "$FEED/events.ndjson" | sort -u); do
		run -0 jq -s --arg i "$instance" 'map(select(.instance == $i).seq) as $s | $s == ($s | sort)' "$FEED/events.ndjson"
		[ "$output" = true ]
	done
}

# ---- who may read it ----

@test "feed: nobody but the owner may read it" {
	ended 'exit 0'
	[ "$(stat -c %a "$FEED" "$FEED/events.ndjson" "$FEED/.lock" "$ROOT/.events/.pending" | paste -sd ' ')" = "700 600 600 600" ]
}

# as_member COMMAND... - as a user who is in the group 4242
as_member() { setpriv --reuid=4241 --regid=4241 --groups=4242 "$@"; }

@test "feed: a group may read it, also what is put aside, and may do nothing else" {
	chmod 755 "$TEST_DIR"
	with --feed-group 4242 --feed-size 8k
	started 'sleep 60'
	until [ -e "$FEED/events.ndjson.1" ]; do ocirun kill web WINCH; done
	[ "$(stat -c '%a %g' "$FEED" "$FEED/events.ndjson" "$FEED/events.ndjson.1" "$ROOT" "$ROOT/.events" | paste -sd,)" = \
		"2750 4242,640 4242,640 4242,710 4242,700 0" ]
	as_member cat "$FEED/events.ndjson" "$FEED/events.ndjson.1" >"$TEST_DIR/read"
	grep -q created "$TEST_DIR/read"
	run ! as_member sh -c ": >>'$FEED/events.ndjson'"
	run ! as_member touch "$FEED/new"
	run ! as_member ls "$ROOT"
	run ! as_member cat "$ROOT"/.events/web.ndjson
	# What it could lock would stop every container.
	run ! as_member cat "$FEED/.lock"
	as_member flock "$FEED/events.ndjson" sleep 60 3>&- 4>&- &
	echo $! >>"$TEST_DIR/background"
	as_member flock "$FEED" sleep 60 3>&- 4>&- &
	echo $! >>"$TEST_DIR/background"
	wait_until members_hold_locks
	bundle_script 'exit 3'
	run -3 ocirun run after
	[ "$(in_feed deleted '.id == "after"')" = 1 ]
	end_members
}

members_hold_locks() { [ "$(grep -lsx sleep /proc/[0-9]*/comm | sed 's/comm$/status/' | xargs grep -ls '^Uid:.4241' | wc -l)" = 2 ]; }

# The sleeps of the two above.
end_members() {
	local pid
	grep -ls '^Uid:.4241' /proc/[0-9]*/status | cut -d/ -f3 | while read -r pid; do kill -9 "$pid"; done
}

@test "feed: without its group again it is the owner's alone" {
	with --feed-group 4242
	run_some
	with
	ocirun list
	[ "$(stat -c %a "$FEED")" = 700 ]
}

# ---- where it is ----

@test "feed: --feed names its directory, which is made, and two roots may share it" {
	with --feed "$TEST_DIR/a/b"
	run_some
	[ ! -e "$FEED" ]
	feed_is_log "$TEST_DIR/a/b"
	[ "$(stat -c %a "$TEST_DIR/a/b")" = 700 ]
	OCIRUN_CMD=("$OCIRUN" --root "$TEST_DIR/other" --feed "$TEST_DIR/a/b")
	run -3 ocirun run theirs
	cat "$TEST_DIR"/{root,other}/.events/*.ndjson | sort >"$TEST_DIR/logs"
	sort "$TEST_DIR/a/b/events.ndjson" | cmp - "$TEST_DIR/logs"
	ROOT=$TEST_DIR/other feed_has_all "$TEST_DIR/a/b"
	rm -r "$TEST_DIR/other"
	feed_is_at "$TEST_DIR/a/b"
}

@test "feed: none is none, and one that is begun later gets what the logs have" {
	with --feed none
	run_some
	[ ! -e "$FEED" ]
	with
	ocirun list
	feed_is_log
}

@test "feed: switched off for a while, it gets what it missed" {
	run_some
	with --feed none
	run -3 ocirun run again
	[ "$(in_feed exited)" = 1 ]
	with
	ocirun list
	feed_is_log
}

@test "feed: begun while a container runs, it gets its end from a monitor that knows no feed" {
	with --feed none
	started 'until [ -e /go ]; do sleep 0.02; done; exit 4'
	with
	ocirun state web
	feed_is_log
	touch rootfs/go
	wait_until grep -q '"exited"' "$ROOT/.events/web.ndjson"
	wait_until no_monitor web
	ocirun state web
	feed_is_log
}

@test "feed: moved while a container runs, the new one gets its end from the old monitor" {
	started 'until [ -e /go ]; do sleep 0.02; done; exit 4'
	with --feed "$TEST_DIR/new"
	ocirun state web
	touch rootfs/go
	wait_until grep -q '"exited"' "$ROOT/.events/web.ndjson"
	wait_until no_monitor web
	ocirun state web
	feed_is_log "$TEST_DIR/new"
	feed_is_at "$TEST_DIR/new"
}

# ---- rotation ----

@test "feed: a hundred containers and files of 8 KiB: who follows gets every line, once" {
	bundle_script 'exit 3'
	with --feed-size 8k --feed-count 6
	ocirun run first || [ $? = 3 ]
	"$LIB_DIR/collect-feed.py" "$FEED" >"$TEST_DIR/collected" 2>"$TEST_DIR/said" 3>&- 4>&- &
	local collector=$!
	echo "$collector" >>"$TEST_DIR/background"
	wait_until [ -s "$TEST_DIR/collected" ]
	seq 100 | xargs -P 8 -I {} sh -c '"$@" >>"$TEST_DIR/runs" 2>&1 </dev/null 3>&- 4>&-; s=$?; [ $s = 3 ] || { echo "$s"; exit 1; }' \
		sh "${OCIRUN_CMD[@]}" run "c{}" || fail "$(cat "$TEST_DIR/runs")"
	kill -TERM "$collector"
	wait "$collector" || fail "$(cat "$TEST_DIR/said")"
	[ -e "$FEED/events.ndjson.6" ] && [ ! -e "$FEED/events.ndjson.7" ]
	[ "$(find "$FEED" -name 'events.ndjson*' -size +8192c)" = "" ]
	lines_of_logs "$ROOT" | cmp - <(sort "$TEST_DIR/collected")
	[ "$(wc -l <"$TEST_DIR/collected")" -ge 404 ]
	feed_is_at none # most of it was removed
}

@test "feed: the end of a container that was there before lands in the new file" {
	with --feed-size 8k
	started 'until [ -e /go ]; do sleep 0.02; done; exit 4'
	local old
	old=$(stat -c %i "$FEED/events.ndjson")
	until [ "$(stat -c %i "$FEED/events.ndjson")" != "$old" ]; do ocirun kill web WINCH; done
	mv "$FEED/events.ndjson.1" "$TEST_DIR/aside"
	cp "$TEST_DIR/aside" "$TEST_DIR/before"
	touch rootfs/go
	run -4 ocirun wait web
	tail -n 1 "$FEED/events.ndjson" | jq -e '.type == "exited"'
	cmp "$TEST_DIR/aside" "$TEST_DIR/before"
	feed_is_at none
}

# ---- who is killed between the two ----

# killed_at TYPE ARG... - ocirun ARG... and it dies when that line is in the log and not in the feed
killed_at() {
	local type=$1
	shift
	OCIRUN_FAIL_AT=feed:$type:kill ocirun "$@" 2>"$TEST_DIR/said" || true
	[ "$(lines_of_logs "$ROOT" | jq -s --arg t "$type" 'map(select(.type == $t)) | length')" -gt \
		"$(in_feed "$type")" ] || fail "$type is in the feed"
}

@test "feed: kill -9 of a verb between its two lines is repaired, once, by the next verb" {
	require failpoints
	bundle_with '.process.args = ["sleep", "60"]'
	ocirun --monitor none create web
	killed_at started start web
	ocirun state web
	feed_is_log
	killed_at signaled kill web WINCH
	ocirun list
	killed_at paused pause web
	ocirun state web
	feed_is_log
	killed_at resumed resume web
	ocirun kill web KILL
	feed_is_log
	ocirun wait web || true
	killed_at deleted delete web
	ocirun state web || true
	feed_is_log
}

@test "feed: kill -9 of the monitor between its two lines is repaired, once" {
	require failpoints
	bundle_script 'exit 5'
	OCIRUN_FAIL_AT=feed:exited:kill ocirun create web
	ocirun start web
	wait_until grep -q '"exited"' "$ROOT/.events/web.ndjson"
	wait_until no_monitor web
	[ "$(in_feed exited)" = 0 ]
	run -5 ocirun wait web
	ocirun state web
	feed_is_log
	[ "$(in_feed exited '.exitCode == 5')" = 1 ]
}

@test "feed: kill -9 of create's monitor with created in the log: nothing is lost" {
	require failpoints
	bundle_script 'exit 5'
	OCIRUN_FAIL_AT=feed:created:kill run -1 ocirun create web
	[ "$(types "$ROOT/.events/web.ndjson")" = "created exited deleted" ]
	ocirun list
	feed_is_log
}

@test "feed: kill -9 of an exec's observer between its two lines is repaired, once" {
	require failpoints
	bundle_with '.process.args = ["sleep", "60"]'
	ocirun run --detach web
	OCIRUN_FAIL_AT=feed:exec-exited:kill ocirun exec --detach web true
	wait_until grep -q exec-exited "$ROOT/.events/web.ndjson"
	wait_until nothing_observes
	[ "$(in_feed exec-exited)" = 0 ]
	ocirun state web
	feed_is_log
}

nothing_observes() { [ "$(monitor_of web | wc -l)" = 1 ]; }

@test "feed: the next line of the same log brings what its log owes, in order" {
	require failpoints
	started 'until [ -e /go ]; do sleep 0.02; done; exit 4'
	killed_at signaled kill web WINCH
	touch rootfs/go
	wait_until grep -q '"exited"' "$FEED/events.ndjson"
	feed_is_log
	[ "$(jq -s 'map(.seq) | . == sort' "$FEED/events.ndjson")" = true ]
}

# ---- what is in the way ----

@test "feed: what it cannot take is told, does not fail the verb, and comes later" {
	require failpoints
	started 'sleep 60'
	OCIRUN_FAIL_AT=feed:signaled run -0 --separate-stderr ocirun kill web WINCH
	[ "$stderr" = "ocirun: warning: feed $FEED: Input/output error (the lines are in their logs, and come to the feed later)" ]
	[ "$(in_feed signaled)" = 0 ]
	container_is web running
	feed_is_log
}

# is_survived ARG... - a container runs and is deleted whatever --feed ARG is; the warning says what it is
is_survived() {
	bundle_script 'exit 3'
	run -3 --separate-stderr ocirun run web
	grep -q "^ocirun: warning: .*$1" <<<"$stderr" || fail "$stderr"
	[ "$(types "$ROOT/.events/web.ndjson")" = "created started exited deleted" ]
}

@test "feed: a directory that is a symlink, a file, another's or open to others takes nothing" {
	run_some
	local theirs=$TEST_DIR/theirs
	mkdir -m 755 "$theirs"
	mv "$FEED" "$TEST_DIR/kept"
	ln -s "$theirs" "$FEED"
	is_survived 'Not a directory'
	rm "$FEED"
	touch "$FEED"
	is_survived 'Not a directory'
	rm "$FEED"
	mkdir "$FEED"
	chown 4241 "$FEED"
	is_survived 'belongs to uid 4241; it must belong to uid 0'
	rmdir "$FEED"
	mkdir "$FEED"
	chmod 777 "$FEED"
	is_survived 'writable by others .mode 0777.; chmod go-w it'
	[ -z "$(find "$theirs" "$FEED" -mindepth 1)" ]
	rmdir "$FEED"
	mv "$TEST_DIR/kept" "$FEED"
	ocirun list
	feed_is_log
}

@test "feed: a symlink or a FIFO in the file's place is not followed" {
	run_some
	mv "$FEED/events.ndjson" "$FEED/events.ndjson.1"
	touch "$TEST_DIR/victim"
	ln -s "$TEST_DIR/victim" "$FEED/events.ndjson"
	is_survived 'Too many levels of symbolic links'
	rm "$FEED/events.ndjson"
	mkfifo "$FEED/events.ndjson"
	is_survived 'Invalid argument'
	[ ! -s "$TEST_DIR/victim" ]
	rm "$FEED/events.ndjson"
	ocirun list
	feed_is_log
}

@test "feed: removed while a container runs, it is made anew and has all again" {
	started 'until [ -e /go ]; do sleep 0.02; done; exit 4'
	rm -r "$FEED"
	touch rootfs/go
	wait_until grep -q '"exited"' "$ROOT/.events/web.ndjson"
	wait_until no_monitor web
	run -4 ocirun wait web
	ocirun state web
	feed_is_log
}

@test "feed: on a full disk no line of a log is lost, and all come when there is room" {
	mkdir -p "$FEED"
	mount -t tmpfs -o size=12k,mode=700 tmpfs "$FEED"
	run_some
	head -c 20000 /dev/zero >"$FEED/filler" || true
	# What is left of the file's last page takes some.
	bundle_script 'exit 3'
	for _ in 1 2 3 4 5; do ocirun run web || [ $? = 3 ]; done 2>/dev/null
	is_survived 'No space left on device'
	mount -o remount,size=1m "$FEED"
	ocirun list
	grep -a . "$FEED/events.ndjson" | grep '^{"v":1.*}$' | sort >"$TEST_DIR/read"
	lines_of_logs "$ROOT" | cmp - "$TEST_DIR/read"
	[ "$(find "$ROOT/.events" -name '*.ndjson' | wc -l)" = 7 ]
	umount "$FEED"
	feed_is_at none
}

@test "feed: on a file system that is read-only, or gone read-only, no container fails" {
	run_some
	mount --bind "$FEED" "$FEED"
	mount -o remount,bind,ro "$FEED"
	is_survived 'Read-only file system'
	started 'until [ -e /go ]; do sleep 0.02; done; exit 4' other 2>/dev/null
	umount -l "$FEED"
	touch rootfs/go
	run -4 ocirun wait other
	ocirun state other
	feed_is_log
}

@test "feed: after a restart of the machine what it lost is added again, and nothing twice" {
	run_some
	bundle_script 'exit 3'
	run -3 ocirun run again
	# As a power cut may have it: logs are synced, the feed is not.
	local size
	size=$(stat -c %s "$FEED/events.ndjson")
	truncate -s $((size / 2)) "$FEED/events.ndjson"
	printf '%036d' 0 | dd of="$ROOT/.events/.pending" bs=1 seek=16 conv=notrunc status=none
	ocirun list
	grep '^{"v":1.*}$' "$FEED/events.ndjson" | sort >"$TEST_DIR/read"
	lines_of_logs "$ROOT" | cmp - "$TEST_DIR/read"
	[ "$(grep -vc '^{"v":1.*}$' "$FEED/events.ndjson")" = 1 ]
}

# ---- the monitor ----

@test "feed: the monitor sees its directory as / and can open nothing else" {
	require program:nsenter
	started 'sleep 60'
	local monitor
	monitor=$(monitor_of web)
	[ "$(readlink "/proc/$monitor/root")" = "$FEED" ]
	[ "$(readlink "/proc/$monitor/cwd")" = "$FEED" ]
	# No descriptor of another directory leads out.
	[ "$(find "/proc/$monitor/fd" -mindepth 1 -exec sh -c '[ -d "$1" ]' sh {} \; -printf '%l\n')" = "$FEED" ]
	grep -q '^CapEff:.0000000000000000$' "/proc/$monitor/status"
	grep -q '^Seccomp:.2$' "/proc/$monitor/status"
}

@test "feed: without one the monitor opens nothing at all" {
	with --feed none
	started 'sleep 60'
	local monitor
	monitor=$(monitor_of web)
	[ "$(readlink "/proc/$monitor/root")" = / ]
	[ -z "$(find "/proc/$monitor/fd" -lname "$ROOT/.feed*")" ]
	[ ! -e "$FEED" ]
	feed_is_at none
}

@test "feed: a file system that held the root can be unmounted when the containers have gone" {
	mkdir "$ROOT"
	mount -t tmpfs -o mode=700 tmpfs "$ROOT"
	run_some
	bundle_script 'sleep 60'
	ocirun run --detach web
	run ! umount "$ROOT"
	ocirun delete --force web
	wait_until umount "$ROOT"
	feed_is_at none
}

@test "feed: it is the user's own, and its monitor is caged without privileges (rootless)" {
	require rootless userns
	bundle
	rm config.json
	ocirun spec --rootless
	config_with '.process.terminal = false | .root.readonly = false |
		.process.args = ["sh", "-c", "until [ -e /go ]; do sleep 0.02; done; exit 4"]'
	ocirun run --detach web
	[ "$(stat -c %a "$FEED")" = 700 ]
	touch rootfs/go
	wait_until grep -q '"exited"' "$FEED/events.ndjson" # before any verb
	run -4 ocirun wait web
	ocirun delete web
	feed_is_log
}
