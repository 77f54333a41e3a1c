#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# ocirun spec: a config.json to begin with.

load ../lib/container

@test "spec: writes config.json into the current directory, or into --bundle" {
	mkdir "$TEST_DIR/here" "$TEST_DIR/there"
	cd "$TEST_DIR/here"
	ocirun spec
	ocirun spec --bundle "$TEST_DIR/there"
	cmp "$TEST_DIR/here/config.json" "$TEST_DIR/there/config.json"
}

@test "spec: what it writes is the suite's default configuration, on a terminal" {
	require program:jq
	ocirun spec -b "$TEST_DIR"
	diff <(jq -S '.process.terminal = false' "$TEST_DIR/config.json") <(jq -S . "$LIB_DIR/config.json")
	[ "$(jq .process.terminal "$TEST_DIR/config.json")" = true ]
}

@test "spec: a file that is there is not overwritten" {
	echo mine >"$TEST_DIR/config.json"
	run -1 ocirun spec -b "$TEST_DIR"
	[ "$output" = "ocirun: spec: config.json exists and is not overwritten: remove it first" ]
	[ "$(cat "$TEST_DIR/config.json")" = mine ]
	ln -sf "$TEST_DIR/absent" "$TEST_DIR/config.json"
	run -1 ocirun spec -b "$TEST_DIR"
	[ ! -e "$TEST_DIR/absent" ]
}

@test "spec: a directory that is missing is an error" {
	run -1 ocirun spec -b "$TEST_DIR/absent"
	[ "$output" = "ocirun: spec: $TEST_DIR/absent: No such file or directory" ]
}

@test "spec: a full disk leaves no half a file" {
	require root
	mkdir "$TEST_DIR/full"
	# shellcheck disable=SC2016
	unshare -m sh -c 'mount -t tmpfs -o size=4k none "$1" && head -c 4096 /dev/zero >"$1/rest" &&
		! "$2" spec -b "$1" 2>"$3" && [ ! -e "$1/config.json" ]' - "$TEST_DIR/full" "$OCIRUN" "$TEST_DIR/said"
	grep -q 'ocirun: spec: .*config.json: No space left on device' "$TEST_DIR/said"
}

@test "spec: the container runs" {
	require root
	bundle
	rm config.json
	ocirun spec
	config_with '.process.terminal = false | .process.args = ["hostname"]'
	run -0 ocirun run plain
	[ "$output" = ocirun ]
}

@test "spec --rootless: the caller is root in a user namespace, and the network is the host's" {
	require program:jq
	ocirun spec --rootless -b "$TEST_DIR"
	jq -e --argjson id "$(id -u)" '
		.linux.uidMappings == [{"containerID": 0, "hostID": $id, "size": 1}]
		and ([.linux.namespaces[].type] | index("user") and (index("network") | not))
		and (.linux | has("resources") | not)
		and (.mounts[] | select(.destination == "/sys") | .type == "none" and .options[0] == "rbind")
		and ([.mounts[].options[]?] | index("gid=5") | not)' "$TEST_DIR/config.json"
}
