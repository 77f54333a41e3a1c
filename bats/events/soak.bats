#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Very many containers, by bats/soak/soak.py. Here few of them; `make soak` sets OCIRUN_SOAK, and then it is
# tens of thousands. The figures are comments in the TAP.

load ../lib/container

# soaked QUICK FULL - ROUND=COUNT..., for either form
soaked() {
	local rounds=$1
	[ -z "${OCIRUN_SOAK:-}" ] || rounds=$2
	bundle
	mkdir "$TEST_DIR/soak"
	# shellcheck disable=SC2086 # words
	"$BATS_TEST_DIRNAME/../soak/soak.py" "$OCIRUN" "$BUNDLE" "$TEST_DIR/soak" $rounds \
		>"$TEST_DIR/soak.out" 3>&- 4>&- || { cat "$TEST_DIR/soak.out"; return 1; }
	sed 's/^/# /' "$TEST_DIR/soak.out" >&3
	# Some of the logs are validated with those of the other tests.
	mkdir -p "$ROOT/.events"
	find "$TEST_DIR/soak/root/.events" -name '*[05].ndjson' | head -n 50 | xargs cp -t "$ROOT/.events"
}

@test "soak: one container after the other, each with its code" {
	soaked plain=40 plain=10000
}

@test "soak: fifty in flight, each with its code" {
	soaked flight=100 flight=5000
}

@test "soak: under conmon, each with its code, which conmon has too" {
	require program:conmon
	soaked conmon=10 conmon=2000
}

@test "soak: below a subreaper, each with its code, whatever tells it" {
	soaked "subreaper=15 parent=15" "subreaper=2000 parent=2000"
}

@test "soak: below a subreaper, with the kernel's messages of processes" {
	soaked netlink=15 netlink=2000
}
