#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# conmon without an engine: what it passes to ocirun, what it must get back, and CRI-O's own calls.

load ../lib/container
load common
load conmon

@test "conmon create: the pid, its file, the log, the exit file, and everybody's code" {
	bundle_script 'echo out; echo err >&2; exit 42'
	conmon_creates web
	[ "$output" = "{\"data\": $PID}"$'\nconmon 0' ] || fail "$output"
	[ "$(cat "$TEST_DIR/web.pid")" = "$PID" ]
	[ "$(wc -l <"$TEST_DIR/web.pid")" = 0 ]
	container_is web created
	ocirun start web
	exit_file web 42
	wait_until no_conmon
	client_agrees web 42
	logged web out
	logged web err
}

@test "conmon create: the API of CRI-O tells the pid by another name" {
	bundle_script 'exit 3'
	conmon_says 1 -c web -u web -n web -b "$BUNDLE" -p "$TEST_DIR/web.pid" -l "k8s-file:$TEST_DIR/web.log"
	[ "${lines[0]}" = "{\"pid\": $(cat "$TEST_DIR/web.pid")}" ] || fail "$output"
	ocirun start web
	exit_file web 3
	client_agrees web 3
}

@test "conmon create: a failure arrives as text, and leaves nothing" {
	bundle_with '.process.args = ["/no/such/program"]'
	conmon_says 1 --api-version 1 -c web -u web -n web -b "$BUNDLE" -p "$TEST_DIR/web.pid" \
		-l "k8s-file:$TEST_DIR/web.log"
	[ "$(jq .data <<<"${lines[0]}")" = -1 ] || fail "$output"
	[[ $(jq -r .message <<<"${lines[0]}") == *'exec: "/no/such/program": no such file or directory'* ]]
	[ ! -e "$TEST_DIR/web.pid" ]
	[ "$(events_types web)" = "failed deleted" ]
	bundle_with '.linux.nonsense = 1 | .root.path = "missing"'
	conmon_says 1 -c web -u web -n web -b "$BUNDLE" -p "$TEST_DIR/web.pid" -l "k8s-file:$TEST_DIR/web.log"
	[ "$(jq .pid <<<"${lines[0]}")" = -1 ] || fail "$output"
	[[ $(jq -r .message <<<"${lines[0]}") == *'root.path'* ]]
	[ ! -e "$ROOT/web" ]
}

@test "conmon create: the JSON log holds one object, and conmon still has the text" {
	bundle_with '.process.args = ["/no/such/program"]'
	conmon_says 1 --api-version 1 -c web -u web -n web -b "$BUNDLE" -p "$TEST_DIR/web.pid" \
		-l "k8s-file:$TEST_DIR/web.log" --runtime-arg --log-format=json --runtime-arg "--log=$TEST_DIR/oci-log"
	[[ $(jq -r .message <<<"${lines[0]}") == *"no such file or directory"* ]]
	[[ $(jq -r .msg "$TEST_DIR/oci-log") == *"no such file or directory"* ]]
	[ "$(jq -s length "$TEST_DIR/oci-log")" = 1 ]
}

@test "conmon create: killed before start, and by a signal after it" {
	bundle_script 'while :; do sleep 0.1; done'
	conmon_creates one
	ocirun kill one KILL
	exit_file one 137
	conmon_creates two
	ocirun start two
	ocirun kill two SIGKILL
	exit_file two 137
	client_agrees two 137
	journal_has one exited '.exitCode == 137 and .reason == "never-started"'
}

@test "conmon -t: the terminal arrives by its console socket" {
	bundle_script 'tty; stty size >/dev/null && echo sized; exit 5'
	config_with '.process.terminal = true'
	conmon_creates web -t
	ocirun start web
	exit_file web 5
	client_agrees web 5
	logged web /dev/pts/0
	logged web sized
}

@test "conmon -e: an exec of podman's tells pid and code" {
	bundle_script 'while :; do sleep 0.1; done'
	conmon_creates web
	ocirun start web
	conmon_execs web one '.args = ["sh", "-c", "echo from-exec; exit 7"]' --api-version 1
	[ "${lines[0]}" = "{\"data\": $(cat "$TEST_DIR/one.pid")}" ] || fail "$output"
	[ "${lines[1]}" = '{"data": 7}' ] || fail "$output"
	wait_until logged one from-exec
	wait_until journal_has web exec-exited '.exitCode == 7'
	conmon_execs web two '.args = ["sh", "-c", "kill -TERM $$"]' --api-version 1
	[ "${lines[1]}" = '{"data": 143}' ] || fail "$output"
	conmon_execs web three '.args = ["sh", "-c", "tty"] | .terminal = true' --api-version 1 -t
	[ "${lines[1]}" = '{"data": 0}' ] || fail "$output"
	wait_until logged three /dev/pts/0
}

@test "conmon -e --sync: an exec of CRI-O's tells its code" {
	bundle_script 'while :; do sleep 0.1; done'
	conmon_creates web
	ocirun start web
	conmon_execs web one '.args = ["sh", "-c", "exit 7"]' --sync
	[ "${lines[0]}" = '{"exit_code": 7}' ] || fail "$output"
	conmon_execs web two '.args = ["sleep", "60"]' --sync --timeout 1
	[ "$(jq .exit_code <<<"${lines[0]}")" = -1 ] || fail "$output"
}

@test "conmon -e: a failure arrives as text, and no pid file stays" {
	local name
	bundle_script 'while :; do sleep 0.1; done'
	conmon_creates web
	ocirun start web
	for name in /no/such/program no-such-program /etc; do
		conmon_execs web failing ".args = [\"$name\"]" --api-version 1
		[ "$(jq -s '.[0].data' <<<"${lines[0]}")" = -1 ] || fail "$output"
		[[ $(jq -r .message <<<"${lines[0]}") == *"exec: \"$name\": "* ]] || fail "$output"
		[ ! -e "$TEST_DIR/failing.pid" ]
	done
	conmon_execs web failing '.args = ["/no/such/program"]' --sync
	[ "$(jq -s '.[0].exit_code' <<<"${lines[0]}")" = -1 ] || fail "$output"
	ocirun kill web KILL
	exit_file web 137
	conmon_execs web failing '.args = ["true"]' --api-version 1
	[[ $(jq -r .message <<<"${lines[0]}") == *"not running"* ]] || fail "$output"
}

# It is conmon that reaps init. Nothing of ocirun may be in its way.
@test "conmon: it ends although the monitor stands still" {
	local monitor
	bundle_script 'exit 8'
	conmon_creates web
	monitor=$(grep -lsx ocirun-monitor /proc/[0-9]*/comm | cut -d/ -f3)
	kill -STOP "$monitor"
	ocirun start web
	exit_file web 8
	wait_until no_conmon || { kill -CONT "$monitor"; false; }
	kill -CONT "$monitor"
	client_agrees web 8
}

@test "conmon: the oom file, when the kernel has killed for want of memory" {
	require unified
	bundle_script 'x=$(head -c 64000000 /dev/zero | tr "\0" x)'
	config_with '.linux.resources.memory = {limit: 16777216, swap: 16777216}'
	conmon_creates web
	ocirun start web
	exit_file web 137
	client_agrees web 137
	[ -e "$PERSIST/oom" ]
	[ -e "$BUNDLE/oom" ]
}

@test "conmon: 200 containers that end at once, and no wrong code" {
	local n
	bundle_script 'exit $CODE'
	config_with --arg rootfs "$BUNDLE/rootfs" '.root = {path: $rootfs, readonly: true} | .process.env += ["CODE=@"]'
	seq 200 | xargs -P 3 -I{} bash -ec 'mkdir "$0/b{}"
		sed "s/CODE=@/CODE=$(({} % 100))/" "$0/bundle/config.json" >"$0/b{}/config.json"
		timeout 60 "$1" 1 conmon --api-version 1 -r /usr/local/bin/ocirun --runtime-arg "--root=$ROOT" \
			-c c{} -u c{} -n c{} -b "$0/b{}" -p "$0/c{}.pid" -l "k8s-file:$0/c{}.log" --no-sync-log \
			--socket-dir-path "$0/sockets" --exit-dir "$0/exits" >"$0/c{}.out"
		timeout 60 ocirun --root "$ROOT" start c{}' "$TEST_DIR" "$BATS_TEST_DIRNAME/engine.py" 3>&- 4>&-
	for n in $(seq 200); do
		wait_until test -s "$EXITS/c$n"
		echo "c$n $(cat "$EXITS/c$n")"
	done >"$TEST_DIR/codes"
	clients_agree "$TEST_DIR/codes"
	diff <(for n in $(seq 200); do echo "c$n $((n % 100))"; done) "$TEST_DIR/codes"
}

# ---- what CRI-O calls without conmon ----

@test "CRI-O: state, and kill by name" {
	bundle_script 'trap "exit 9" TERM; echo up; while :; do sleep 0.1; done'
	conmon_creates web
	ocirun start web
	wait_until logged web up
	[ "$(ocirun state web | jq -r '"\(.status) \(.pid)"')" = "running $PID" ]
	ocirun kill web SIGTERM
	exit_file web 9
	[ "$(ocirun state web | jq -r '"\(.status) \(.pid)"')" = "stopped 0" ]
	run ocirun kill web KILL
	[ "$status" != 0 ]
	[[ $output == *"container not running"* || $output == *"no such process"* ]]
	ocirun delete --force web
	ocirun delete --force web
	run ocirun state web
	[ "$status" = 1 ]
	[[ $output == *"does not exist"* ]]
}

@test "CRI-O: kill -a reaches what init has left behind" {
	bundle_script 'sleep 600 & sleep 601'
	config_with 'del(.linux.namespaces[] | select(.type == "pid"))'
	conmon_creates web
	ocirun start web
	wait_until pgrep -fx 'sleep 600'
	ocirun kill -a web 9
	exit_file web 137
	wait_until bash -c '! pgrep -fx "sleep 600"'
}

@test "CRI-O: exec --process, not detached: stdio and code pass through" {
	bundle_script 'while :; do sleep 0.1; done'
	conmon_creates web
	ocirun start web
	jq '.process | .args = ["sh", "-c", "cat; echo err >&2; exit 11"]' "$BUNDLE/config.json" >"$TEST_DIR/p.json"
	run -11 bash -c 'echo in | timeout 60 "$@"' - "$OCIRUN" --root "$ROOT" exec --process "$TEST_DIR/p.json" web
	[ "$output" = $'in\nerr' ] || fail "$output"
	jq '.process | .args = ["sh", "-c", "kill -9 $$"]' "$BUNDLE/config.json" >"$TEST_DIR/p.json"
	run -137 ocirun exec --process "$TEST_DIR/p.json" web
	jq '.process | .args = ["/no/such/program"]' "$BUNDLE/config.json" >"$TEST_DIR/p.json"
	run -255 ocirun exec --process "$TEST_DIR/p.json" web
	[[ $output == *"no such file or directory"* ]]
}

@test "CRI-O: pause, resume, update --resources -" {
	bundle_script 'while :; do sleep 0.1; done'
	conmon_creates web
	ocirun start web
	ocirun pause web
	container_is web paused
	ocirun resume web
	container_is web running
	run -0 bash -c 'echo "{\"pids\": {\"limit\": 77}, \"memory\": {\"limit\": 67108864}}" |
		timeout 60 "$@"' - "$OCIRUN" --root "$ROOT" update --resources - web
	[ -z "$output" ]
	[ "$(cat "$(find /sys/fs/cgroup -path '*/ocirun/web/pids.max' -print -quit)")" = 77 ]
	[ "$(events_types web)" = "created started paused resumed updated" ]
}

@test "CRI-O: features and --version are data alone" {
	run -0 bash -c '"$OCIRUN" --root /x features 2>&1'
	[ "$(jq -r '.ociVersionMin' <<<"$output")" = 1.0.0 ]
	run -0 bash -c '"$OCIRUN" --version 2>&1'
	[[ ${lines[0]} == "ocirun version "* ]]
}

@test "CRI-O: its snippet names the program, conmon and a root" {
	run -0 /usr/bin/python3 -c 'import sys, tomllib
with open(sys.argv[1], "rb") as file:
    runtime = tomllib.load(file)["crio"]["runtime"]
ocirun = runtime["runtimes"][runtime["default_runtime"]]
print(runtime["cgroup_manager"], ocirun["runtime_type"], ocirun["runtime_path"], ocirun["monitor_path"], ocirun["runtime_root"])' \
		"$SOURCE_DIR/doc/examples/crio-ocirun.conf"
	[ "$output" = "cgroupfs oci /usr/local/bin/ocirun /usr/bin/conmon /run/ocirun" ]
}

# doc/examples/crio-ocirun.conf promises it as container_min_memory.
@test "CRI-O: a container of 512 KiB" {
	grep -q '^container_min_memory = "512KiB"' "$SOURCE_DIR/doc/examples/crio-ocirun.conf"
	bundle_script 'exit 6'
	config_with '.linux.resources.memory = {limit: 524288, swap: 524288}'
	conmon_creates web
	ocirun start web
	exit_file web 6
	client_agrees web 6
}
