#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# State that somebody has damaged (faults F13, F25 to F27): it is reported with the file's name, hides
# no other container, and does not protect the processes from `delete --force`; and no process is
# signalled that may not be the container's.

# shellcheck disable=SC2016,SC2030,SC2031 # jq's variables; every test sets POINT for itself
load ../lib/container
load points

setup() {
	require root
	container_setup
	bundle_with '.process.args = ["sleep", "60"]'
	POINT=""
}

# damage KIND FILE - write it anew from its good text
damage() {
	local good
	good=$(cat "$2")
	case $1 in
	empty) : ;;
	cut) printf %s "${good:0:${#good}/2}" ;;
	garbage) head -c 4096 /dev/urandom ;;
	null) echo null ;;
	array) echo '[]' ;;
	object) echo '{}' ;;
	numbers) jq -c 'map_values(7)' <<<"$good" ;;
	nulls) jq -c '.cgroupPath = null | .bundle = null' <<<"$good" ;;
	twice) printf %s "${good%\}},\"id\":\"other\"}" ;;
	newer) jq -c '.version = 2' <<<"$good" ;;
	other) jq -c '.id = "other"' <<<"$good" ;;
	deep) printf '[%.0s' {1..100000} ;;
	up) jq -c '.cgroupPath = "/../.."' <<<"$good" ;;
	esac >"$2.damaged"
	mv "$2.damaged" "$2"
	# More than anyone may be made to read: a hole of 1 GiB.
	[ "$1" != huge ] || truncate -s 1G "$2"
}

is_reported() {
	local status=0 pid=$1
	quietly state web || status=$?
	[ "$status" = 1 ] || fail "$POINT: state returned $status: $(cat "$TEST_DIR/said")" || return
	grep -q 'state\.json' "$TEST_DIR/said" || fail "$POINT: $(cat "$TEST_DIR/said")" || return
	must list
	grep -Eq "^other +[1-9].* created " "$TEST_DIR/said" && grep -Eq '^web ' "$TEST_DIR/said" ||
		fail "$POINT: $(cat "$TEST_DIR/said")" || return
	kill -0 "$pid" || fail "$POINT: looking at it has killed it"
}

@test "state.json of every bad kind is named by state, hides nothing in list, and is deleted with its init (F26)" {
	local kind pid
	must create other
	for kind in empty cut garbage null array object numbers nulls twice newer other deep huge; do
		POINT=$kind
		must create web
		must start web
		pid=$(container_pid web)
		damage "$kind" "$ROOT/web/state.json"
		is_reported "$pid" || return
		is_clean_but_for_other "$pid" || return
	done
	container_is other created
}

is_clean_but_for_other() {
	must delete --force web || return
	has_ended "$1" || fail "$POINT: init $1 lives on" || return
	[ ! -e "$ROOT/web" ] || fail "$POINT: the state directory is left" || return
	nothing_left_in_cgroups web || fail "$POINT"
}

@test "state.json with a cgroup above its own does no harm to anyone" {
	must create other
	must create web
	local pid
	pid=$(container_pid web)
	damage up "$ROOT/web/state.json"
	quietly delete --force web || true
	container_is other created
	kill -0 $$
	kill -9 "$pid" 2>/dev/null || true
	quietly delete --force web || rm -rf "$ROOT/web"
	find /sys/fs/cgroup -depth -type d -path '*/ocirun/web' -exec rmdir {} + 2>/dev/null || true
}

@test "a log that is cut, garbage, a symlink or a FIFO: nobody hangs or follows, and delete --force cleans (F27)" {
	local kind pid log
	logs_are_damaged
	for kind in empty cut garbage symlink fifo gone; do
		POINT="log $kind"
		must create web
		must start web
		pid=$(container_pid web)
		log=$(log_path web)
		echo precious >"$TEST_DIR/precious"
		case $kind in
		empty) : >"$log" ;;
		cut) truncate -s 100 "$log" ;;
		garbage) head -c 5000 /dev/urandom >"$log" ;;
		symlink) ln -sf "$TEST_DIR/precious" "$log" ;;
		fifo) rm "$log" && mkfifo "$log" ;;
		gone) rm "$log" ;;
		esac
		quietly state web || [ $? = 1 ] || fail "$POINT: state" || return
		must list || return
		is_clean_but_for_other "$pid" || return
		[ "$(cat "$TEST_DIR/precious")" = precious ] || fail "$POINT: it was followed" || return
		rm -f "$log"
	done
}

# with_log FILTER - change every line of the log, as nobody ever should.
with_log() {
	jq -c "$@" "$(log_path web)" >"$TEST_DIR/log"
	cat "$TEST_DIR/log" >"$(log_path web)"
}

@test "a pid that is somebody else's is never signalled: other process, start time, boot (F13, F25)" {
	local kind stranger init
	logs_are_damaged
	sleep 1000 3>&- 4>&- &
	stranger=$!
	echo "$stranger" >>"$TEST_DIR/background"
	for kind in pid pid-and-time boot no-time pid-1 pid-minus pid-huge; do
		POINT=$kind
		must create web
		must start web
		init=$(container_pid web)
		case $kind in
		pid) with_log --argjson p "$stranger" '.pid |= $p' ;;
		pid-and-time) with_log --argjson p "$stranger" --argjson t "$(awk '{ print $22 }' "/proc/$stranger/stat")" \
			'.pid |= $p | if .pidStartTime then .pidStartTime = $t else . end' ;;
		boot) with_log --argjson p "$stranger" '.pid |= $p | if .bootId then .bootId |= "0" + .[1:] else . end' ;;
		no-time) with_log --argjson p "$stranger" '.pid |= $p | del(.pidStartTime)' ;;
		pid-1) with_log '.pid |= 1' ;;
		pid-minus) with_log '.pid |= -1' ;;
		pid-huge) with_log '.pid |= 1099511627776' ;;
		esac
		quietly kill web KILL || true
		quietly start web || true
		kill -0 "$stranger" || fail "$POINT: the stranger was killed by kill" || return
		quietly delete --force web || true
		kill -0 "$stranger" || fail "$POINT: the stranger was killed by delete" || return
		has_ended "$init" || fail "$POINT: init $init lives on" || return
		rm -rf "${ROOT:?}/web" "$(log_path web)"
	done
}
