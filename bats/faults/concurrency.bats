#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Many at once (faults F11, F20 to F22): one winner, nothing left, every code right.

load ../lib/container
load points

setup() {
	require root
	faults_setup
	POINT=""
}

# Each its own file, so that what a container inherits is no pipe of ours.
at_once() {
	local name=$1
	shift
	timeout "$FAULT_TIMEOUT" "$OCIRUN" --root "$ROOT" "$@" >"$TEST_DIR/$name.out" 2>&1 </dev/null 3>&- 4>&- &
}

# winners PID... - how many of them succeed; the others say 1
winners() {
	local pid status count=0
	for pid; do
		status=0
		wait "$pid" || status=$?
		case $status in
		0) count=$((count + 1)) ;;
		1) ;;
		*) fail "status $status" || return ;;
		esac
	done
	WINNERS=$count
}

@test "a hundred creates of one ID: one winner, usable, and ninety-nine are told (F21)" {
	local i pids=()
	bundle_with '.process.args = ["sh", "-c", "exit 9"]'
	cd /
	for i in {1..100}; do
		at_once "create$i" create --bundle "$BUNDLE" web
		pids+=($!)
	done
	winners "${pids[@]}"
	[ "$WINNERS" = 1 ] || fail "$WINNERS winners"
	[ "$(cat "$TEST_DIR"/create*.out | sort | uniq -c | sed 's/^ *//')" = \
		'99 ocirun: create web: container with given ID already exists: "web"' ] ||
		fail "$(cat "$TEST_DIR"/create*.out | sort | uniq -c)"
	must start web
	run -9 ocirun wait web
	is_clean web
	[ "$(find "$ROOT/.events" -name '*.ndjson' | wc -l)" = 1 ]
}

@test "ten deletes of one, ten times: one succeeds, the others find nothing (F20)" {
	local round i pids
	bundle_with '.process.args = ["sleep", "60"]'
	cd /
	for round in {1..10}; do
		POINT="round $round"
		must create --bundle "$BUNDLE" web
		must start web
		must kill web KILL
		quietly wait web || true
		pids=()
		for i in {1..10}; do
			at_once "delete$i" delete web
			pids+=($!)
		done
		winners "${pids[@]}" || return
		[ "$WINNERS" = 1 ] || fail "$POINT: $WINNERS winners: $(cat "$TEST_DIR"/delete*.out)" || return
		[ "$(cat "$TEST_DIR"/delete*.out | sort -u)" = 'ocirun: delete web: container does not exist: "web"' ] ||
			fail "$POINT: $(cat "$TEST_DIR"/delete*.out | sort | uniq -c)" || return
		is_clean web || return
	done
	logs_are_whole
}

@test "delete --force while start is under way: nothing is left, whoever comes first (F20)" {
	local round start
	bundle_with '.process.args = ["sleep", "60"]'
	cd /
	for round in {1..20}; do
		POINT="round $round"
		must create --bundle "$BUNDLE" web
		at_once start start web
		start=$!
		must delete --force web || return
		wait "$start" || [ $? = 1 ] || fail "$POINT: start: $(cat "$TEST_DIR/start.out")" || return
		is_clean web || return
	done
	logs_are_whole
}

@test "delete --force while create is under way: nothing is left, and create tells the truth (F20)" {
	local round create status
	bundle_with '.process.args = ["sleep", "60"]'
	cd /
	for round in {1..20}; do
		POINT="round $round"
		at_once create create --bundle "$BUNDLE" web
		create=$!
		wait_until test -e "$ROOT/web"
		quietly delete --force web || true
		status=0
		wait "$create" || status=$?
		[ "$status" -le 1 ] || fail "$POINT: create: $status $(cat "$TEST_DIR/create.out")" || return
		is_clean web || return
	done
	logs_are_whole
}

# life N - one container from create to delete; its code goes to $TEST_DIR/codes/N
life() {
	local id=web-$1 status=0
	"$OCIRUN" --root "$ROOT" create --bundle "$TEST_DIR/bundle$(($1 % 10))" "$id" || return
	"$OCIRUN" --root "$ROOT" start "$id" || return
	"$OCIRUN" --root "$ROOT" wait "$id" || status=$?
	echo "$status" >"$TEST_DIR/codes/$1"
	"$OCIRUN" --root "$ROOT" delete "$id"
}

@test "a hundred containers, ten at a time: a hundred right codes, and nothing left (F22)" {
	local i
	bundle
	cd /
	mkdir "$TEST_DIR/codes"
	for i in {0..9}; do
		mkdir "$TEST_DIR/bundle$i"
		ln -s "$BUNDLE/rootfs" "$TEST_DIR/bundle$i/rootfs"
		jq --arg rootfs "$BUNDLE/rootfs" --arg code "$i" '.root.path = $rootfs
			| .process.args = ["sh", "-c", "exit 4" + $code]' "$BUNDLE/config.json" \
			>"$TEST_DIR/bundle$i/config.json"
	done
	export -f life
	seq 100 | timeout 120 xargs -P 10 -I{} bash -c 'life {} </dev/null' >"$TEST_DIR/said" 2>&1 3>&- 4>&- ||
		fail "$(cat "$TEST_DIR/said")"
	for i in {1..100}; do
		[ "$(cat "$TEST_DIR/codes/$i")" = 4$((i % 10)) ] || fail "container $i: $(cat "$TEST_DIR/codes/$i")"
	done
	[ -z "$(ls "$ROOT")" ] || fail "left: $(ls "$ROOT")"
	[ "$(cat "$ROOT"/.events/*.ndjson | jq -r .type | sort | uniq -c | tr -s ' \n' ' ')" = \
		" 100 created 100 deleted 100 exited 100 started " ]
	logs_are_whole
}
