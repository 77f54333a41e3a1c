# SPDX-License-Identifier: Apache-2.0
# conmon on its own: an engine's part is played by engine.py, with the arguments of podman and CRI-O.
# shellcheck shell=bash disable=SC2034,SC2154

setup_file() { client_host; }
setup() {
	client_setup "/run/crio-ocirun"
	EXITS=$TEST_DIR/exits
	PERSIST=$TEST_DIR/persist
	mkdir -p "$EXITS" "$PERSIST" "$TEST_DIR/sockets"
}
teardown() {
	local id
	for id in $(containers_left); do
		[ -n "${BATS_TEST_COMPLETED:-}" ] || continue
		ocirun delete --force "$id"
	done
	OCIRUN_TEST_DEADLINE=5 wait_until no_conmon || true
	client_teardown
}

no_conmon() {
	local left
	left=$(grep -lsx conmon /proc/[0-9]*/comm | cut -d/ -f3 |
		while read -r pid; do has_ended "$pid" || echo "$pid"; done)
	[ -z "$left" ] || fail "conmon still runs: $left"
}

# conmon_says MESSAGES ARG... - run conmon for ocirun; $output has its messages
conmon_says() {
	local messages=$1
	shift
	run -0 deadline "$BATS_TEST_DIRNAME/engine.py" "$messages" conmon -r /usr/local/bin/ocirun \
		--runtime-arg "--root=$ROOT" --socket-dir-path "$TEST_DIR/sockets" \
		--exit-dir "$EXITS" --persist-dir "$PERSIST" --log-level debug "$@"
}

# conmon_creates ID [ARG...] - a container from $BUNDLE, as podman asks for it; $PID is its init
conmon_creates() {
	local id=$1
	shift
	conmon_says 1 --api-version 1 -c "$id" -u "$id" -n "$id" -b "$BUNDLE" -p "$TEST_DIR/$id.pid" \
		-l "k8s-file:$TEST_DIR/$id.log" --full-attach --conmon-pidfile "$TEST_DIR/$id.conmon" "$@"
	PID=$(jq -r .data <<<"${lines[0]}")
	[ "$PID" -gt 0 ] || fail "$output"
}

# conmon_execs ID NAME JQ_FILTER [ARG...] - a further process: that of config.json, changed by the filter.
# The second message, if there is one, is its exit code.
conmon_execs() {
	local id=$1 name=$2
	jq ".process | $3" "$BUNDLE/config.json" >"$TEST_DIR/$name.json"
	shift 3
	conmon_says 2 -c "$id" -u "$name" -n "$name" -b "$BUNDLE" -p "$TEST_DIR/$name.pid" \
		-l "k8s-file:$TEST_DIR/$name.log" -e --exec-process-spec "$TEST_DIR/$name.json" "$@"
}

# exit_file ID CODE - what conmon has left for the engine; CRI-O and podman watch for it
exit_file() {
	wait_until test -s "$EXITS/$1"
	[ "$(cat "$EXITS/$1")" = "$2" ] || fail "exit file of $1: $(cat "$EXITS/$1")"
}

# logged ID TEXT - a whole line of the container in its k8s log
logged() { cut -d' ' -f4- "$TEST_DIR/$1.log" | tr -d '\r' | grep -qxF -- "$2" || fail "$(cat "$TEST_DIR/$1.log")"; }
