#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Many containers at once, and one after the other.

load ../lib/container
load helpers

# run_many COUNT CODES - containers c1, c2, ... twenty at a time; c<N> ends with code N modulo CODES
# Prints "ID STATUS" for each.
run_many() {
	local code
	for code in $(seq 0 $(($2 - 1))); do
		mkdir -p "$TEST_DIR/b$code"
		ln -sfn "$BUNDLE/rootfs" "$TEST_DIR/b$code/rootfs"
		jq --arg code "$code" --arg rootfs "$BUNDLE/rootfs" \
			'.process.args = ["sh", "-c", "exit \($code)"] | .root.path = $rootfs' \
			"$BUNDLE/config.json" >"$TEST_DIR/b$code/config.json"
	done
	# shellcheck disable=SC2016 # for the inner shells
	seq "$1" | CODES=$2 xargs -P 20 -I @ sh -c \
		'"$OCIRUN" --root "$ROOT" run --bundle "$TEST_DIR/b$((@ % CODES))" c@ </dev/null 3>&- 4>&-; echo "c@ $?"'
}

@test "many: a thousand containers, twenty at a time, all with the right code and a whole log" {
	bundle
	run_many 1000 7 >"$TEST_DIR/statuses"
	[ "$(wc -l <"$TEST_DIR/statuses")" = 1000 ]
	run -0 awk '{ n = substr($1, 2) % 7; if ($2 != n) print }' "$TEST_DIR/statuses"
	[ "$output" = "" ] || fail "wrong codes: $output"
	[ "$(find "$ROOT" -mindepth 1 -maxdepth 1 -not -name '.*' | wc -l)" = 0 ]
	jq -r '"\(.id) \(.type) \(.exitCode // "")"' "$ROOT"/.events/*.ndjson >"$TEST_DIR/all"
	[ "$(grep -c ' created ' "$TEST_DIR/all")" = 1000 ]
	[ "$(grep -c ' deleted ' "$TEST_DIR/all")" = 1000 ]
	run -0 awk '$2 == "exited" && substr($1, 2) % 7 != $3' "$TEST_DIR/all"
	[ "$output" = "" ] || fail "wrong in the log: $output"
}

@test "many: one wait and one follower for fifty containers" {
	local ids=() id
	bundle_script 'exit 3'
	for id in $(seq -f c%g 50); do
		ocirun create "$id"
		ids+=("$id")
	done
	background w wait --print "${ids[@]}"
	local waiter=$BACKGROUND_PID
	background e events --type exited "${ids[@]}"
	local follower=$BACKGROUND_PID
	wait_until attached "$waiter"
	wait_until attached "$follower"
	for id in "${ids[@]}"; do ocirun start "$id"; done
	background_returns 0 "$waiter"
	[ "$(sort "$TEST_DIR/w.out" | uniq -c | awk '{ print $1, $2 }')" = "50 3" ]
	for id in "${ids[@]}"; do ocirun delete "$id"; done
	background_returns 0 "$follower"
	[ "$(jq -r .id "$TEST_DIR/e.out" | sort -u | wc -l)" = 50 ]
}

@test "many: the same ID a hundred times keeps a log of each" {
	bundle_script 'exit 4'
	for _ in $(seq 100); do ocirun run web || true; done
	[ "$(find "$ROOT/.events" -name 'web*.ndjson' | wc -l)" = 100 ]
	[ "$(jq -r 'select(.type == "exited").exitCode' "$ROOT"/.events/web*.ndjson | sort | uniq -c | awk '{ print $1, $2 }')" = "100 4" ]
	[ "$(jq -r .instance "$ROOT"/.events/web*.ndjson | sort -u | wc -l)" = 100 ]
}
