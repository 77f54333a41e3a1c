#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# ocirun state (runtime.md#query-state, runtime.md#state).

load ../lib/container

@test "state: a created container has what the spec asks for, and what runc adds" {
	bundle_with '.process.args = ["sleep", "60"] | .annotations = {"org.example.key": "väl\"ue"}'
	ocirun create web
	run -0 --separate-stderr ocirun state web
	[ -z "$stderr" ]
	jq -e --arg bundle "$BUNDLE" '.id == "web" and .status == "created" and .bundle == $bundle
		and .rootfs == $bundle + "/rootfs" and .pid > 0 and (.ociVersion | startswith("1."))
		and .annotations["org.example.key"] == "väl\"ue" and .owner == "root"
		and (.created | test("^20[0-9-]{8}T[0-9:]{8}(\\.[0-9]{1,9})?Z$"))
		and (has("exit") | not)' <<<"$output"
}

@test "state: pid is that of the container's process" {
	bundle_with '.process.args = ["sleep", "60"]'
	ocirun create web
	ocirun start web
	[ "$(tr '\0' ' ' <"/proc/$(container_pid web)/cmdline")" = "sleep 60 " ]
}

@test "state: the status follows the container's life" {
	bundle_with '.process.args = ["sleep", "60"]'
	ocirun create web
	container_is web created
	ocirun start web
	container_is web running
	ocirun kill web KILL
	ocirun wait web || true
	container_is web stopped
	ocirun delete web
	run -1 ocirun state web
}

@test "state: a stopped container has pid 0 and tells how it ended" {
	bundle_script 'exit 3'
	ocirun create web
	ocirun start web
	run -3 ocirun wait web
	run -0 ocirun state web
	jq -e '.status == "stopped" and .pid == 0 and .exit.exitCode == 3 and .exit.signal == null
		and .exit.reason == "exited"' <<<"$output"
}

@test "state: a killed container tells the signal" {
	bundle_with '.process.args = ["sleep", "60"]'
	ocirun create web
	ocirun start web
	ocirun kill web KILL
	run -137 ocirun wait web
	run -0 ocirun state web
	jq -e '.exit.exitCode == 137 and .exit.signal == 9 and .exit.signalName == "SIGKILL"
		and .exit.reason == "signaled"' <<<"$output"
}

@test "state: a container that does not exist is an error that clients recognise" {
	run -1 --separate-stderr ocirun state web
	[[ $stderr = "ocirun: state web: container does not exist"* ]]
	[ -z "$output" ]
	[ ! -e "$ROOT" ]
}

@test "state: a damaged record is an error that names the file" {
	bundle_with '.process.args = ["sleep", "60"]'
	ocirun create web
	echo '{' >"$ROOT/web/state.json"
	run -1 --separate-stderr ocirun state web
	[[ $stderr = "ocirun: state web: "*"state.json"* ]]
}

@test "state: asked while the container is created, started and killed, it always answers" {
	bundle_with '.process.args = ["true"]'
	(
		while [ ! -e "$TEST_DIR/done" ]; do
			"$OCIRUN" --root "$ROOT" state web 2>"$TEST_DIR/state.err" | jq -r .status ||
				cat "$TEST_DIR/state.err"
		done
	) </dev/null >"$TEST_DIR/seen" 2>&1 3>&- &
	local reader=$! i
	for ((i = 0; i < 10; i++)); do
		ocirun create web
		ocirun start web
		ocirun wait web
		ocirun delete web
	done
	touch "$TEST_DIR/done"
	wait "$reader"
	if grep -Ev '^(creating|created|running|stopped|ocirun: state web: container does not exist.*)$' \
		"$TEST_DIR/seen"; then fail "is neither a status nor an absence"; fi
}
