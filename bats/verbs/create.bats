#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# ocirun create (runtime.md#create). IDs: create-id.bats; the flags that hand
# something over: create-flags.bats.
# shellcheck disable=SC2154,SC2016 # run sets stderr; single quotes hold words of jq and containers

load ../lib/container

setup() {
	require root
	container_setup
}

# refused TEXT [ARG...] - create web fails, says TEXT, and leaves no trace
refused() {
	local text=$1
	shift
	run -1 --separate-stderr ocirun create "$@" web
	[[ $stderr == *"$text"* ]] || fail "expected: $text"$'\n'"seen: $stderr"
	[ "$(wc -l <<<"$stderr")" = 1 ] || fail "more than one line: $stderr"
	nothing_of_it
}

nothing_of_it() {
	[ ! -e "$ROOT/web" ]
	nothing_left_in_cgroups web
}

@test "create: the process waits for start (runtime.md#create)" {
	bundle_script 'echo ran; echo ran >/ran'
	config_with '.root.readonly = false'
	run -0 --separate-stderr ocirun create web
	[ -z "$output$stderr" ]
	container_is web created
	[[ $(readlink "/proc/$(container_pid web)/exe") == "/memfd:"* ]]
	[ "$(readlink "/proc/$(container_pid web)/ns/mnt")" != "$(readlink /proc/self/ns/mnt)" ]
	[ "$(events_types web)" = created ]
	[ ! -e rootfs/ran ]
	[ -z "$(container_output web)" ]
	ocirun start web
	run -0 ocirun wait web
	[ -e rootfs/ran ]
	[ "$(container_output web)" = ran ]
}

@test "create: --bundle names the bundle; state has its absolute path" {
	bundle
	cd /
	run -0 ocirun create --bundle "$BUNDLE" one
	run -0 ocirun create -b="$BUNDLE" two
	run -0 ocirun create -bundle "$BUNDLE/../bundle/." three
	cd "$BUNDLE/.."
	run -0 ocirun create -b bundle four
	cd "$BUNDLE"
	run -0 ocirun create five
	local id
	for id in one two three four five; do
		[ "$(ocirun state "$id" | jq -r .bundle)" = "$BUNDLE" ]
		[ "$(events_of "$id" | jq -r .bundle)" = "$BUNDLE" ]
	done
}

@test "create: --config names the configuration in the bundle" {
	bundle_script 'echo default'
	jq '.process.args[2] = "echo other"' config.json >other.json
	run -0 ocirun create --config other.json one
	run -0 ocirun create -f other.json -- two
	ocirun start one
	ocirun start two
	ocirun wait --print one two
	[ "$(container_output one)" = other ]
	[ "$(container_output two)" = other ]
}

@test "create: what is not there is named" {
	bundle
	refused "$TEST_DIR/nowhere: No such file or directory" --bundle "$TEST_DIR/nowhere"
	refused "bundle $BUNDLE/config.json: Not a directory" --bundle "$BUNDLE/config.json"
	refused "nothing.json: No such file or directory" --config nothing.json
	config_with '.root.path = "nowhere"'
	refused "root.path $BUNDLE/nowhere: No such file or directory"
	rm config.json
	refused "config.json: No such file or directory"
}

@test "create: later changes of config.json have no effect (runtime.md#create)" {
	bundle_script 'echo before; hostname'
	ocirun create web
	config_with '.process.args = ["sh", "-c", "echo after"] | .hostname = "after"
		| .hooks.poststart = [{"path": "/bin/false"}] | .hooks.poststop = [{"path": "/bin/false"}]'
	ocirun start web
	ocirun wait web
	[ "$(container_output web)" = $'before\nocirun' ]
	rm config.json
	run -0 --separate-stderr ocirun delete web
	[ -z "$stderr" ]
}

@test "create: a program that cannot be run is found now, in a JSON log too (podman, Docker)" {
	bundle_with '.process.args = ["nothing-like-it"]'
	local json=(--log "$TEST_DIR/log" --log-format json)
	run -1 ocirun "${json[@]}" create web
	jq -es 'length == 1 and (.[0].msg | contains("exec: \"nothing-like-it\": executable file not found in $PATH"))' \
		"$TEST_DIR/log"
	config_with '.process.args = ["/no/such/command"]'
	refused 'exec: "/no/such/command": no such file or directory'
	config_with '.process.args = ["/etc"]'
	refused 'exec: "/etc": is a directory (permission denied)'
	config_with '.process.args = ["./sub/script"] | .process.cwd = "/tmp"'
	refused 'exec: "./sub/script": no such file or directory'
	config_with 'del(.process)'
	refused 'config.json: process: must be given'
	bundle_with '.process.args = []'
	refused 'process.args: must'
}

@test "create: a failure is in the log, as failed and deleted (events.md)" {
	bundle_with '.process.args = ["nothing-like-it"]'
	run -1 ocirun create web
	[ "$(events_types web)" = "failed deleted" ]
	journal_has web failed '.phase == "create" and (.error | contains("executable file not found"))'
}
