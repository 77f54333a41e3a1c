#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# System calls that fail (fault F4): the command says so and leaves nothing half done, or all is right.
# What is right, a run without a fault tells: the container prints all that it can see of itself.

load ../lib/container
load points

ERRORS=(EIO ENOSPC EMFILE ENOMEM EINTR)
# What Linux always does: close, unlock (the tracer cannot tell it from lock), geteuid and their like;
# brk, whose errors are no error numbers; and two never return.
UNTRIED='^(close|flock|get[a-z]*id|umask|brk|exit_group|rt_sigreturn) '

setup() {
	require root program:strace
	faults_setup
	# shellcheck disable=SC2016 # jq's
	bundle_with --arg script "$(look_around)" --slurpfile seccomp "$(docker_seccomp)" '
		.process.args = ["sh", "-c", $script] | .process.env += ["HOME=/root"] | .hostname = "box" | .linux.seccomp = $seccomp[0]
		| .process.rlimits += [{type: "RLIMIT_CORE", hard: 77, soft: 77}]
		| .process.noNewPrivileges = true | .process.oomScoreAdj = 300
		| .linux.sysctl = {"net.ipv4.ip_forward": "1"}
		| .linux.resources.pids.limit = 99 | .linux.resources.memory.limit = 99999744'
	cd /
}

look_around() {
	cat <<-'LOOK'
		hostname; pwd; env; umask
		cat /proc/self/limits /proc/self/cgroup /proc/self/oom_score_adj /proc/sys/net/ipv4/ip_forward
		grep -E '^(Cap|NoNewPrivs|Seccomp|Groups|Uid|Gid|Sig[PBIC])' /proc/self/status
		sed 's/^[^ ]* [^ ]* [^ ]* //' /proc/self/mountinfo | sed 's/\(shared\|master\):[0-9]*/\1/'
		for d in /dev/*; do stat -c '%A %u %g %t:%T %n %N' "$d"; done
		for fd in 0 1 2 3 4 5 6 7 8 9; do [ ! -e /proc/self/fd/$fd ] || readlink /proc/self/fd/$fd; done
		cd /sys/fs/cgroup && cat pids/pids.max memory/memory.limit_in_bytes pids.max memory.max 2>/dev/null
		exit 7
	LOOK
}

create() {
	POINT=prepare
	must create --bundle "$BUNDLE" web && mv "$TEST_DIR/said" "$TEST_DIR/seen"
}

# What the container of a `create` printed; its stdout is that command's.
runs_right() {
	local status=0
	quietly wait web || status=$?
	[ "$status" = 7 ] || fail "$POINT: exit code $status: $(cat "$TEST_DIR/said" "$TEST_DIR/seen")" || return
	sed 's/pipe:.*/pipe/' "$TEST_DIR/seen" >"$TEST_DIR/seen.now"
	[ -e "$TEST_DIR/right" ] || cp "$TEST_DIR/seen.now" "$TEST_DIR/right"
	diff "$TEST_DIR/right" "$TEST_DIR/seen.now" >&2 || fail "$POINT: the container is not as it should be"
}

says_why() {
	# What fails before main is the loader's to report.
	! grep -qx "$1 $2" "$TEST_DIR/before-main" || return 0
	[ "$FAULT_STATUS" -lt 128 ] || fail "$POINT: it died of signal $((FAULT_STATUS - 128))" || return
	# The words may be what could not be written.
	[ "$1" = write ] || [ -s "$TEST_DIR/said.err" ] || fail "$POINT: status $FAULT_STATUS without a word"
}

# errors N PREPARE AFTERWARDS VERB...
errors() {
	local every=$1 prepare=$2 afterwards=$3 call k error count=0 refused=0 follow=("${FOLLOW[@]}")
	shift 3
	FOLLOW=() && calls_of --version >"$TEST_DIR/before-main"
	FOLLOW=("${follow[@]}")
	"$prepare"
	calls_of "$@" | grep -Ev "$UNTRIED" >"$TEST_DIR/points"
	# What is left are few: more of them are tried.
	! is_sanitized || { leave_out_sanitizers && every=$(((every + 5) / 6)); }
	FAULT_STATUS=0
	"$afterwards"
	is_clean web
	while read -r call k error; do
		"$prepare" || return
		fault_at "$call" "$k" "error=$error" "$@" || return
		tracer_leaves web || return
		[ "$FAULT_STATUS" = 0 ] || { says_why "$call" "$k" && refused=$((refused + 1)); } || return
		"$afterwards" || return
		is_clean web || return
		count=$((count + 1))
	done < <(faults_of_points | sample "$every")
	logs_are_whole
	[ "$refused" -gt 0 ] || fail "$count tried, none refused"
	echo "# $count errors, $refused of them reported" >&3
}

# A sanitizer survives no failing allocation, nor an error at its start, and reports both.
leave_out_sanitizers() {
	grep -Ev '^(mmap|munmap|mprotect|madvise) ' "$TEST_DIR/points" |
		grep -vxFf "$TEST_DIR/before-main" >"$TEST_DIR/left"
	mv "$TEST_DIR/left" "$TEST_DIR/points"
}

faults_of_points() {
	local error
	for error in "${ERRORS[@]}"; do sed "s/\$/ $error/" "$TEST_DIR/points"; done
}

nothing() { :; }
created_or_nothing() {
	if [ "$FAULT_STATUS" = 0 ]; then
		mv "$TEST_DIR/said" "$TEST_DIR/seen"
		# What waits for `start` may meet an error, too.
		[ "$(status_of web)" != stopped ] || { journal_has web exited '.error or .reason == "never-started"'; return; }
		must start web && runs_right
	elif [ ${#FOLLOW[@]} = 0 ]; then # else two processes failed, and the second may not be able to undo
		[ "$(status_of web)" = none ] || fail "$POINT: it failed and the container is $(status_of web)"
	fi
}

@test "errors at calls of create: reported and undone, or all is right (F4)" {
	errors 97 nothing created_or_nothing create --bundle "$BUNDLE" web
}

@test "errors at calls of create, its monitor and init: reported and deletable, or all is right (F4)" {
	# shellcheck disable=SC2034 # of points.bash
	FOLLOW=(-f -D)
	errors 97 nothing created_or_nothing create --bundle "$BUNDLE" web
}

started_or_can_be() {
	[ "$FAULT_STATUS" = 0 ] || [ "$(status_of web)" != created ] || must start web || return
	runs_right
}

@test "errors at calls of start: reported, or the container runs and is right (F4)" {
	errors 37 create started_or_can_be start web
}

stopped() { create && must start web && runs_right; }

gone_or_can_be() {
	[ "$FAULT_STATUS" != 0 ] || [ "$(status_of web)" = none ] || fail "$POINT: it is still there"
}

@test "errors at calls of delete: reported and repeatable, or it is gone (F4)" {
	errors 53 stopped gone_or_can_be delete web
}

shown_in_full() {
	[ "$FAULT_STATUS" != 0 ] ||
		jq -e '.id == "web" and .status == "created" and .pid > 0' "$TEST_DIR/said" >/dev/null ||
		fail "$POINT: it printed $(cat "$TEST_DIR/said")"
}

@test "errors at calls of state: reported, or all of it is printed (F4)" {
	errors 23 create shown_in_full state web
}

# ---- what changes a container that is there ----

sleeping() {
	bundle_with '.process.args = ["sleep", "60"]
		| .linux.resources.pids.limit = 99 | .linux.resources.memory.limit = 99999744'
	cd / && create && must start web
}

paused() { sleeping && must pause web; }

# status_is STATUS - and the freezer says the same
status_is() {
	local frozen=0 at
	[ "$1" != paused ] || frozen=1
	[ "$(status_of web)" = "$1" ] || fail "$POINT: it returned $FAULT_STATUS, and the container is $(status_of web)" || return
	at=$(find /sys/fs/cgroup -path '*/ocirun/web/cgroup.events' | head -n 1)
	[ -z "$at" ] || wait_until grep -qx "frozen $frozen" "$at" || fail "$POINT: status $1"
}

paused_or_not() { if [ "$FAULT_STATUS" = 0 ]; then status_is paused; else status_is running; fi; }

@test "errors at calls of pause: reported and all runs on, or it is paused (F4, F18)" {
	errors 67 sleeping paused_or_not pause web
}

resumed_or_can_be() {
	[ "$FAULT_STATUS" = 0 ] || [ "$(status_of web)" != paused ] || must resume web || return
	status_is running
}

@test "errors at calls of resume: reported and repeatable, or it runs (F4, F18)" {
	errors 67 paused resumed_or_can_be resume web
}

# limit FILE_V1 FILE_V2 - what web has
limit() { find /sys/fs/cgroup \( -path "*/ocirun/web/$1" -o -path "*/ocirun/web/$2" \) -exec cat {} +; }

all_or_nothing() {
	local seen expected="99999744 99"
	[ "$FAULT_STATUS" != 0 ] || expected="77000704 77"
	seen="$(limit memory.limit_in_bytes memory.max) $(limit pids.max pids.max)"
	[ "$seen" = "$expected" ] || fail "$POINT: it returned $FAULT_STATUS, and the limits are $seen"
}

@test "errors at calls of update: reported and nothing changed, or all of it (F4)" {
	errors 67 sleeping all_or_nothing update --memory 77000704 --pids-limit 77 web
}

all_are_shown() {
	[ "$FAULT_STATUS" != 0 ] || [ "$(cat "$TEST_DIR/said")" = "[$(limit cgroup.procs cgroup.procs | sort -u)]" ] ||
		fail "$POINT: it printed $(cat "$TEST_DIR/said")"
}

@test "errors at calls of ps: reported, or all of it is printed (F4)" {
	errors 43 sleeping all_are_shown ps --format json web
}
