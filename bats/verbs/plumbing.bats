#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What engines rely on between the lines: what is written where, and who still holds what. Readiness
# has a file of its own, notify.bats; flags have create-flags.bats.
# shellcheck disable=SC2154,SC2016,SC2030,SC2031 # run sets stderr; single quotes hold words of jq and containers

load ../lib/container
load ../lib/monitor

setup() {
	require root
	container_setup
}

# with_fds COMMAND... - with descriptors 3 to 7 on files that say "file N".
with_fds() {
	local i
	for i in 3 4 5 6 7; do echo "file $i" >"$TEST_DIR/$i"; done
	"$@" </dev/null >"$TEST_DIR/out" 2>&1 3<"$TEST_DIR/3" 4<"$TEST_DIR/4" 5<"$TEST_DIR/5" \
		6<"$TEST_DIR/6" 7<"$TEST_DIR/7"
	local status=$?
	cat "$TEST_DIR/out"
	return "$status"
}

# ---- errors and warnings ----

# Two warnings and then an error: init has no CAP_SYS_MODULE to give, and the program is not there.
warns_and_fails='.process.capabilities.bounding += ["CAP_FLY"] | .process.args = ["/nothing-like-it"]'

@test "plumbing: a failed create is one JSON object in the log, whatever it had to warn of" {
	bundle_with "$warns_and_fails"
	local how
	for how in "" --monitor=none --monitor=parent; do
		rm -f "$TEST_DIR/log"
		# shellcheck disable=SC2086
		run -1 --separate-stderr ocirun --log "$TEST_DIR/log" --log-format=json $how create web
		jq -es 'length == 1 and .[0].level == "error"' "$TEST_DIR/log" || fail "$(cat "$TEST_DIR/log")"
		[[ $stderr == "ocirun: create web: "*"no such file or directory"* ]] || fail "$stderr"
	done
}

@test "plumbing: a reader that reads stderr once gets the whole error, before any warning (conmon)" {
	bundle_with "$warns_and_fails"
	# One byte of a pipe's read is one write(2) as long as the reader is there first.
	local first
	first=$("${OCIRUN_CMD[@]}" create web 2>&1 >/dev/null </dev/null 3>&- 4>&- |
		dd bs=8191 count=1 2>/dev/null)
	[[ ${first%%$'\n'*} == "ocirun: create web: "*"no such file or directory"* ]] || fail "$first"
	run -1 --separate-stderr ocirun create web
	[[ $stderr == "ocirun: create web: "*$'\n'"ocirun: warning: "*CAP_FLY* ]] || fail "$stderr"
}

@test "plumbing: a warning of a create that worked comes once, and no later verb repeats it" {
	bundle_with '.process.capabilities.bounding += ["CAP_FLY"] | .process.args = ["sleep", "60"]'
	run -0 --separate-stderr ocirun create web
	[[ $stderr == "ocirun: warning: "*CAP_FLY* && $stderr != *$'\n'* ]] || fail "$stderr"
	local verb
	for verb in "start web" "state web" "exec web true" "delete --force web"; do
		# shellcheck disable=SC2086
		run -0 --separate-stderr ocirun $verb
		[ -z "$stderr" ] || fail "$verb: $stderr"
	done
	run -0 --separate-stderr ocirun --log "$TEST_DIR/log" create web
	[ -z "$stderr" ]
	grep -q '^level=warning msg=.*CAP_FLY' "$TEST_DIR/log"
	ocirun delete --force web
	run -0 --separate-stderr ocirun --log "$TEST_DIR/log.json" --log-format json create web
	[ -z "$stderr" ]
	[ ! -s "$TEST_DIR/log.json" ]
}

@test "plumbing: verbs that work write nothing to stderr, and nothing but data to stdout" {
	bundle_with '.process.args = ["sleep", "60"]'
	local verb
	for verb in "create web" "start web" "pause web" "resume web" "exec web true" \
		"update --pids-limit 100 web" "kill web KILL" "delete --force web" "delete --force web"; do
		# shellcheck disable=SC2086
		run -0 --separate-stderr ocirun $verb
		[ -z "$output$stderr" ] || fail "$verb: $output$stderr"
	done
	ocirun create web
	for verb in "state web" "list --format json" "ps --format json web" features; do
		# shellcheck disable=SC2086
		run -0 --separate-stderr ocirun $verb
		[ -z "$stderr" ] || fail "$verb: $stderr"
		jq -es 'length == 1' <<<"$output"
	done
}

# ---- descriptors ----

# holders FILE - who has it open: "PID COMM" per line.
holders() {
	local fd
	find /proc/[0-9]*/fd -lname "$1" 2>/dev/null | while IFS=/ read -r _ _ fd _; do
		echo "$fd $(cat "/proc/$fd/comm" 2>/dev/null)"
	done
}

@test "plumbing: nobody but the workload keeps a descriptor of the caller's, and it only its streams" {
	bundle_with '.process.args = ["sleep", "60"]'
	touch "$TEST_DIR/stdin"
	"${OCIRUN_CMD[@]}" create web <"$TEST_DIR/stdin" >"$TEST_DIR/stdout" 2>"$TEST_DIR/stderr" \
		3>&- 4>&- 5>"$TEST_DIR/five" 9>"$TEST_DIR/nine" 77>"$TEST_DIR/far"
	local init monitor file
	init=$(container_pid web)
	monitor=$(monitor_of web)
	for file in five nine far; do
		[ -z "$(holders "$TEST_DIR/$file")" ] || fail "$file: $(holders "$TEST_DIR/$file")"
	done
	for file in stdin stdout stderr; do
		[ "$(holders "$TEST_DIR/$file")" = "$init $(cat "/proc/$init/comm")" ] ||
			fail "$file: $(holders "$TEST_DIR/$file")"
	done
	ocirun start web
	wait_until grep -qx sleep "/proc/$init/comm"
	[ "$(find "/proc/$init/fd" -mindepth 1 -printf '%f\n' | sort | paste -sd ' ')" = "0 1 2" ]
	for file in 0 1 2; do [ "$(readlink "/proc/$monitor/fd/$file")" = /dev/null ]; done
}

@test "plumbing: a caller that waits for the end of its pipe waits for the container alone" {
	bundle_script 'echo hello'
	[ "$("${OCIRUN_CMD[@]}" run --detach web 2>&1 </dev/null 3>&- 4>&-)" = hello ]
	ocirun wait web
	# A create that fails leaves nobody who holds stderr.
	config_with '.process.args = ["/nothing"]'
	[[ $("${OCIRUN_CMD[@]}" create other 2>&1 </dev/null 3>&- 4>&-) == *"no such file or directory"* ]]
}

# ---- socket activation ----

activated='echo "$LISTEN_FDS $LISTEN_PID $$ ${LISTEN_FDNAMES-none}"
	for fd in 3 4 5; do { read line <&$fd && echo "$fd $line"; } 2>/dev/null; done; true'

@test "plumbing: LISTEN_FDS tells the process how many, its own pid, and their names" {
	bundle_script "$activated"
	run -0 with_fds env LISTEN_FDS=2 LISTEN_FDNAMES=web:tls "${OCIRUN_CMD[@]}" run web
	[ "$output" = $'2 1 1 web:tls\n3 file 3\n4 file 4' ] || fail "$output"
	run -0 with_fds env LISTEN_FDS=1 LISTEN_PID=1 "${OCIRUN_CMD[@]}" run --preserve-fds 1 web
	[ "$output" = $'1 1 1 none\n3 file 3\n4 file 4' ] || fail "$output"
	# Without a pid namespace of its own the process has another pid.
	config_with '.linux.namespaces |= map(select(.type != "pid"))'
	run -0 with_fds env LISTEN_FDS=1 "${OCIRUN_CMD[@]}" run web
	[[ $output =~ ^1\ ([0-9]+)\ ([0-9]+)\ none ]]
	[ "${BASH_REMATCH[1]}" = "${BASH_REMATCH[2]}" ]
	[ "${BASH_REMATCH[1]}" != 1 ]
	# bash keeps its pid when it executes ocirun.
	run -0 with_fds bash -c 'LISTEN_FDS=1 LISTEN_PID=$$ exec "$@"' - "${OCIRUN_CMD[@]}" run web
	[[ $output == 1\ * ]] || fail "$output"
}

@test "plumbing: LISTEN_FDS that is another's is not passed on; a wrong one is refused by name" {
	bundle_script "${activated/LISTEN_FDS/\{LISTEN_FDS-none\}}"
	run -0 with_fds env LISTEN_FDS=2 LISTEN_PID=2147483647 "${OCIRUN_CMD[@]}" run web
	[[ $output == "none "* && $output != *file* ]] || fail "$output"
	local bad
	for bad in x -1 " 1" 1x 99999999999; do
		run -1 --separate-stderr env LISTEN_FDS="$bad" "${OCIRUN_CMD[@]}" create web 3>&- 4>&-
		[[ $stderr == *"LISTEN_FDS=$bad: must be a number of descriptors" ]] || fail "$stderr"
	done
	run -1 --separate-stderr env LISTEN_FDS=9 "${OCIRUN_CMD[@]}" create web 3>&- 4>&-
	[[ $stderr == *"--preserve-fds 0, LISTEN_FDS=9: descriptor "*" is not open" ]] || fail "$stderr"
	[ ! -e "$ROOT/web" ]
}

@test "plumbing: exec takes LISTEN_FDS as create does" {
	bundle_with '.process.args = ["sleep", "60"]'
	ocirun run --detach web
	run -0 with_fds env LISTEN_FDS=1 LISTEN_FDNAMES=x "${OCIRUN_CMD[@]}" exec web sh -c "$activated"
	[[ $output =~ ^1\ ([0-9]+)\ ([0-9]+)\ x$'\n'3\ file\ 3$ ]] || fail "$output"
	[ "${BASH_REMATCH[1]}" = "${BASH_REMATCH[2]}" ]
}

# ---- annotations ----

# annotate KEY VALUE
annotate() { config_with --arg key "$1" --arg value "$2" '.annotations[$key] = $value'; }

@test "plumbing: run.oci.keep_original_groups leaves the caller's groups" {
	require program:setpriv userns
	bundle_script 'grep ^Groups: /proc/self/status'
	OCIRUN_CMD=(setpriv --groups "11,12" "${OCIRUN_CMD[@]}")
	run -0 ocirun run web
	[ "$(tr -d '[:space:]' <<<"$output")" = Groups: ]
	annotate run.oci.keep_original_groups 0
	run -0 ocirun run web
	[ "$(tr -d '[:space:]' <<<"$output")" = Groups: ]
	annotate run.oci.keep_original_groups 1
	run -0 ocirun run web
	[[ $output == *11*12* ]] || fail "$output"
	config_with '.linux.namespaces += [{type: "user"}]
		| .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}]
		| .linux.gidMappings = .linux.uidMappings'
	chmod 755 "$TEST_DIR" "$BUNDLE"
	run -0 ocirun run web
	[[ $output == *65534*65534* ]] || fail "$output"
	config_with '.process.args = ["sleep", "60"]'
	ocirun run --detach web
	run -0 ocirun exec web grep ^Groups: /proc/self/status
	[[ $output == *65534*65534* ]] || fail "$output"
}

# A hook of each stage; all say their stage on stdout, and on stderr in capitals.
hook_of_each_stage() {
	cat >"$BUNDLE/hook" <<-'EOF_HOOK'
		#!/bin/sh
		echo "$1"
		echo "$1" | tr a-z A-Z >&2
	EOF_HOOK
	chmod +x "$BUNDLE/hook"
	cp "$BUNDLE/hook" "$BUNDLE/rootfs/hook"
	config_with --arg bundle "$BUNDLE" '.hooks = ({} | . + (
		["prestart", "createRuntime", "createContainer", "poststart", "poststop"] | map({
			key: ., value: [{path: ($bundle + "/hook"), args: ["hook", .], env: ["PATH=/bin:/usr/bin"]}]})
		| from_entries) + {startContainer: [{path: "/hook", args: ["hook", "startContainer"], env: ["PATH=/bin"]}]})'
}

@test "plumbing: run.oci.hooks.stdout and .stderr take what hooks of all stages write" {
	bundle_script true
	hook_of_each_stage
	annotate run.oci.hooks.stdout "$TEST_DIR/hooks.out"
	echo before >"$TEST_DIR/hooks.out"
	ocirun run web
	[ "$(paste -sd ' ' "$TEST_DIR/hooks.out")" = \
		"before prestart createRuntime createContainer startContainer poststart poststop" ]
	annotate run.oci.hooks.stderr "$TEST_DIR/hooks.err"
	rm "$TEST_DIR/hooks.out"
	# A container whose root and user could not open the files.
	config_with '.process.user = {uid: 1234, gid: 1234} | .linux.namespaces += [{type: "user"}]
		| .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}]
		| .linux.gidMappings = .linux.uidMappings'
	chmod 755 "$TEST_DIR" "$BUNDLE"
	ocirun run web
	[ "$(paste -sd ' ' "$TEST_DIR/hooks.out")" = \
		"prestart createRuntime createContainer startContainer poststart poststop" ]
	[ "$(paste -sd ' ' "$TEST_DIR/hooks.err")" = \
		"PRESTART CREATERUNTIME CREATECONTAINER STARTCONTAINER POSTSTART POSTSTOP" ]
	[ "$(stat -c %U "$TEST_DIR/hooks.out")" = root ]
}

@test "plumbing: without the annotations a failed hook's output is in the error, with them in the file" {
	bundle_with '.hooks.prestart = [{path: "/bin/sh", args: ["sh", "-c", "echo said; echo cried >&2; exit 3"]}]'
	run -1 --separate-stderr ocirun create web
	[[ $stderr == *"exit status 3; it printed: said cried" ]] || fail "$stderr"
	annotate run.oci.hooks.stderr "$TEST_DIR/err"
	run -1 --separate-stderr ocirun create web
	[[ $stderr == *"exit status 3; it printed: said" ]] || fail "$stderr"
	[ "$(cat "$TEST_DIR/err")" = cried ]
}

@test "plumbing: hook files that cannot be written to are an error before anything is made" {
	bundle
	hook_of_each_stage
	annotate run.oci.hooks.stdout "$TEST_DIR/none/out"
	run -1 --separate-stderr ocirun create web
	[[ $stderr == *"annotations[\"run.oci.hooks.stdout\"]: $TEST_DIR/none/out: No such file or directory" ]]
	mkfifo "$TEST_DIR/fifo"
	annotate run.oci.hooks.stdout "$TEST_DIR/fifo"
	run -1 --separate-stderr ocirun create web
	[[ $stderr == *"fifo: No such device or address" ]] || fail "$stderr"
	[ ! -e "$ROOT" ]
}

@test "plumbing: run.oci.pidfd_receiver gets a pidfd as --pidfd-socket does" {
	require program:python3
	bundle_with '.process.args = ["sleep", "60"]'
	"$LIB_DIR/pidfd.py" "$TEST_DIR/socket" "$TEST_DIR/got" </dev/null >/dev/null 3>&- 4>&- &
	echo $! >>"$TEST_DIR/background"
	wait_until test -S "$TEST_DIR/socket"
	annotate run.oci.pidfd_receiver "$TEST_DIR/socket"
	ocirun create web
	wait_until test -s "$TEST_DIR/got"
	[ "$(cat "$TEST_DIR/got")" = "pidfd 1 $(container_pid web)" ]
	annotate run.oci.pidfd_receiver "$TEST_DIR/nobody"
	run -1 --separate-stderr ocirun create one
	[[ $stderr == *"run.oci.pidfd_receiver $TEST_DIR/nobody: connect: No such file or directory" ]]
	[ ! -e "$ROOT/one" ]
}

@test "plumbing: an annotation with a value that means nothing is refused by name" {
	local key value
	while IFS='=' read -r key value; do
		bundle
		annotate "$key" "$value"
		run -1 --separate-stderr ocirun create web
		[[ $stderr == "ocirun: create web: config.json: annotations[\"$key\"]: "* ]] || fail "$key: $stderr"
	done <<-EOF_BAD
		run.oci.keep_original_groups=maybe
		run.oci.hooks.stdout=relative
		run.oci.hooks.stderr=
		run.oci.pidfd_receiver=socket
		run.oci.pidfd_receiver=/$(printf 'x%.0s' {1..120})
		run.oci.mount_context_type=sidecontext
		run.oci.seccomp.receiver=relative
		run.oci.systemd.subgroup=a/b
		run.oci.delegate-cgroup=..
		org.systemd.property.X1=1
		org.systemd.property.TimeoutStopUSec=
		org.criu.config=criu.conf
	EOF_BAD
	[ ! -e "$ROOT" ]
}

@test "plumbing: annotations of systemd and CRIU, and unknown ones, change nothing and are kept" {
	bundle_with '.process.args = ["sleep", "60"] | .annotations = {
		"org.systemd.property.TimeoutStopUSec": "uint64 10000000", "run.oci.systemd.subgroup": "",
		"run.oci.delegate-cgroup": "payload", "org.criu.config": "/etc/criu.conf",
		"run.oci.mount_context_type": "rootcontext", "run.oci.seccomp.receiver": "/run/receiver",
		"bundle": "/elsewhere", "org.example.any": "thing"}'
	run -0 --separate-stderr ocirun create web
	[ -z "$stderr" ]
	ocirun state web | jq -e --slurpfile config "$BUNDLE/config.json" --arg bundle "$BUNDLE" \
		'.annotations == $config[0].annotations and .bundle == $bundle'
}
