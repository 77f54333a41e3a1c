#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# ocirun create: what an ID is, and that there is one container of each.
# shellcheck disable=SC2154,SC2016 # run sets stderr; single quotes hold words of jq and containers

load ../lib/container

setup() {
	require root
	container_setup
}

@test "create: an ID that is there is an error, and the other one is unharmed (runtime.md#create)" {
	bundle_script 'exit 5'
	ocirun create web
	local before
	before=$(ocirun state web)
	run -1 --separate-stderr ocirun create --pid-file "$TEST_DIR/pid" web
	[[ $stderr == 'ocirun: create web: '*'already exists: "web"' ]] || fail "$stderr"
	[ ! -e "$TEST_DIR/pid" ]
	run -1 --separate-stderr ocirun run web
	[[ $stderr == *'already exists: "web"' ]]
	[ "$(ocirun state web)" = "$before" ]
	[ "$(events_types web)" = created ]
	ocirun start web
	run -5 ocirun wait web
	# a stopped one too
	run -1 ocirun create web
	ocirun delete web
	run -0 ocirun create web
}

@test "create: of several at once with one ID exactly one is made" {
	bundle
	local pids=() pid i status made=0
	for i in 1 2 3 4 5; do
		background "c$i" create web
		pids+=("$BACKGROUND_PID")
	done
	for pid in "${pids[@]}"; do
		status=0
		wait "$pid" || status=$?
		[ "$status" != 0 ] || made=$((made + 1))
	done
	[ "$made" = 1 ]
	[ "$(grep -l 'already exists' "$TEST_DIR"/c?.err | wc -l)" = 4 ]
	container_is web created
	[ "$(events_types web)" = created ]
}

@test "create: an ID that is none is refused before anything is touched" {
	bundle
	local id
	for id in "" . .. a/b ../web -web .web 'a b' "$(printf 'x%.0s' {1..129})" $'a\nb' é; do
		run -1 --separate-stderr ocirun create -- "$id"
		[[ $stderr == *"invalid container ID format"* ]] || fail "<$id>: $stderr"
	done
	[ ! -e "$ROOT" ]
	run -0 ocirun create "$(printf 'x%.0s' {1..128})"
	run -0 ocirun create aZ09_.+-
}
