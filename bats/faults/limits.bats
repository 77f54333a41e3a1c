#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# No room and no descriptors (faults F15, F16): a clean error and nothing left, or all is right.

# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # other shells expand; POINT is each test's; run sets stderr
load ../lib/container
load points

setup() {
	require root
	faults_setup
	POINT=""
	# Whose limit is lower may not raise it.
	bundle_with 'del(.process.rlimits) | .process.args = ["sh", "-c", "exit 7"]'
	cd /
}

teardown() {
	# In case a test ended before its umount.
	! mountpoint -q "$ROOT" || umount "$ROOT"
	container_teardown
}

ends_with_7() {
	local status=0
	quietly wait web || status=$?
	[ "$status" = 7 ] || fail "$POINT: $status: $(cat "$TEST_DIR/said")"
}

# reported - the last one failed with 1, or before main with 127, and with words
reported() {
	[[ ($1 = 1 || $1 = 127) && -s $TEST_DIR/said ]] || fail "$POINT: status $1: $(cat "$TEST_DIR/said")"
}

created_or_reported() {
	local status=0
	quietly create --bundle "$BUNDLE" web || status=$?
	if [ "$status" = 0 ]; then
		must start web && ends_with_7
	else
		reported "$status" && [ ! -e "$ROOT/web" ] || fail "$POINT: the state directory is left"
	fi || return
	is_clean web
}

@test "create below a root with so many bytes and no more: an error and nothing left, or it works (F15)" {
	local pages
	mkdir -m 700 "$ROOT"
	for pages in 1 2 3 4 5 6 8 12 16 20 24 32 64; do
		POINT="$pages pages"
		mount -t tmpfs -o "size=$((pages * 4096)),mode=700" none "$ROOT"
		created_or_reported || return
		umount "$ROOT"
	done
}

@test "create below a root with so many inodes and no more: an error and nothing left, or it works (F15)" {
	local inodes
	mkdir -m 700 "$ROOT"
	for inodes in 1 2 3 4 5 6 7 8 9 10 12; do
		POINT="$inodes inodes"
		mount -t tmpfs -o "nr_inodes=$inodes,mode=700" none "$ROOT"
		created_or_reported || return
		umount "$ROOT"
	done
}

@test "a root that has become read-only: looking works, the rest says why, and nothing is lost (F15)" {
	must create --bundle "$BUNDLE" web
	mount --bind "$ROOT" "$ROOT"
	mount -o remount,bind,ro "$ROOT"
	container_is web created
	must list
	local verb
	for verb in "create --bundle $BUNDLE other" "delete --force web"; do
		# shellcheck disable=SC2086 # words
		run -1 --separate-stderr ocirun $verb
		[[ $stderr = *"Read-only file system"* ]] || fail "$verb: $stderr"
	done
	umount "$ROOT"
	[ ! -e "$ROOT/other" ]
	is_clean web
}

@test "every limit of open files from 3 to 32: a clean error or success, no hang, nothing left (F16)" {
	local n status
	for n in {3..32}; do
		POINT="$n descriptors"
		OCIRUN_LIMIT=$n
		limited create --bundle "$BUNDLE" web
		[ "$STATUS" = 0 ] || { reported "$STATUS" && must create --bundle "$BUNDLE" web; } || return
		limited start web
		[ "$STATUS" = 0 ] || { reported "$STATUS" && must start web; } || return
		ends_with_7 || return
		limited state web
		[ "$STATUS" = 0 ] || reported "$STATUS" || return
		limited delete web
		[ "$STATUS" = 0 ] || reported "$STATUS" || return
		is_clean web || return
	done
	logs_are_whole
	[ "$STATUS" = 0 ] || fail "with $n descriptors nothing works"
}

limited() {
	STATUS=0
	timeout "$FAULT_TIMEOUT" prlimit "--nofile=$OCIRUN_LIMIT:$OCIRUN_LIMIT" "$OCIRUN" --root "$ROOT" "$@" \
		>"$TEST_DIR/said" 2>&1 </dev/null 3>&- 4>&- || STATUS=$?
}
