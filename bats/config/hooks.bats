#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The six hooks (config.md#posix-platform-hooks): where, when, with what, and when they fail.

load ../lib/container

setup() {
	require root
	container_setup
	bundle_with '.process.args = ["sleep", "60"] | .hooks = {}'
	TRACE=$TEST_DIR/trace
}

# hook STAGE SCRIPT [JQ_FILTER] - add a hook that runs the script by the host's shell
hook() {
	config_with --arg stage "$1" --arg script "$2" \
		'.hooks[$stage] += [{path: "/bin/sh", args: ["sh", "-c", $script]} | '"${3:-.}"']'
}

stages_of_trace() { cut -d' ' -f1 "$TRACE" | paste -sd ' '; }

@test "hooks: each stage runs at its time, in order, with the state of that time" {
	local stage
	for stage in prestart createRuntime createContainer poststart poststop; do
		hook "$stage" "s=\$(cat); echo $stage \$s >>$TRACE"
	done
	# startContainer runs in the container and sees its files.
	config_with '.root.readonly = false | .hooks.startContainer = [{path: "/bin/sh",
		args: ["sh", "-c", "s=$(cat); echo startContainer $s >/trace"]}]'
	ocirun create web
	[ "$(stages_of_trace)" = "prestart createRuntime createContainer" ]
	[ ! -e rootfs/trace ]
	local pid
	pid=$(container_pid web)
	ocirun start web
	[ "$(stages_of_trace)" = "prestart createRuntime createContainer poststart" ]
	cat rootfs/trace >>"$TRACE"
	ocirun kill web KILL
	run -137 ocirun wait web
	ocirun delete web
	[ "$(stages_of_trace)" = "prestart createRuntime createContainer poststart startContainer poststop" ]
	while read -r stage state; do
		jq -e --arg bundle "$BUNDLE" '.id == "web" and .bundle == $bundle and .ociVersion != null' \
			<<<"$state" >/dev/null || fail "$stage: $state"
		case $stage in
		prestart | createRuntime | createContainer) status=creating ;;
		startContainer) status=created ;;
		poststart) status=running ;;
		poststop) status=stopped ;;
		esac
		[ "$(jq -r .status <<<"$state")" = "$status" ] || fail "$stage: expected $status: $state"
		[ "$stage" = poststop ] || [ "$(jq -r .pid <<<"$state")" = "$pid" ] || fail "$stage: $state"
	done <"$TRACE"
}

@test "hooks: the hooks of one stage run in the order listed" {
	hook createRuntime "echo 1 >>$TRACE"
	hook createRuntime "echo 2 >>$TRACE"
	hook createRuntime "echo 3 >>$TRACE"
	ocirun create web
	[ "$(stages_of_trace)" = "1 2 3" ]
}

@test "hooks: prestart and createRuntime are in the host's namespaces, createContainer in the container's" {
	local stage
	for stage in prestart createRuntime createContainer; do
		hook "$stage" "echo $stage \$(readlink /proc/self/ns/mnt) \$(readlink /proc/self/ns/uts) >>$TRACE"
	done
	ocirun create web
	local mine
	mine="$(readlink /proc/self/ns/mnt) $(readlink /proc/self/ns/uts)"
	[ "$(grep -c " $(sed 's/[][]/\\&/g' <<<"$mine")$" "$TRACE")" = 2 ]
	# Its path and cwd are the host's: no pivot yet. /proc is the host's, so ask by the pid.
	local init="/proc/$(container_pid web)/ns"
	[ "$(grep ^createContainer "$TRACE")" = \
		"createContainer $(readlink "$init/mnt") $(readlink "$init/uts")" ]
}

@test "hooks: env is exactly the hook's, nothing of the caller's (CVE-2025-23266)" {
	hook createRuntime "env >$TRACE" '. + {env: ["ONLY=this"]}'
	hook createRuntime "env >>$TRACE"
	LD_PRELOAD_X=evil ocirun create web
	[ "$(grep -Ev '^(PWD|SHLVL|_|OLDPWD)=' "$TRACE")" = ONLY=this ]
}

@test "hooks: cwd is /, and no descriptor but 0, 1 and 2 is open" {
	hook createRuntime "pwd >$TRACE; ls /proc/self/fd | tr '\n' ' ' >>$TRACE"
	exec 31</
	ocirun create web
	exec 31<&-
	[ "$(cat "$TRACE")" = $'/\n0 1 2 3 ' ] # 3 is ls's own
}

@test "hooks: one that fails in create undoes it, and poststop runs" {
	local stage
	for stage in prestart createRuntime createContainer; do
		bundle_with '.process.args = ["sleep", "60"] | .hooks = {}'
		rm -f "$TRACE"
		hook "$stage" "echo why >&2; exit 3"
		hook "$stage" "echo not reached >>$TRACE"
		hook poststop "echo poststop >>$TRACE"
		run -1 --separate-stderr ocirun create web
		[[ $stderr == *"$stage hook 0 (/bin/sh): exit status 3; it printed: why"* ]] || fail "$stderr"
		run -1 ocirun state web
		[ "$(stages_of_trace)" = poststop ]
		journal_has web failed '.phase == "create"'
	done
}

@test "hooks: a failing startContainer hook fails start, and the container ends" {
	config_with '.hooks.startContainer = [{path: "/bin/sh", args: ["sh", "-c", "echo why >&2; exit 3"]}]'
	ocirun create web
	run -1 --separate-stderr ocirun start web
	[[ $stderr == *"startContainer hook 0 (/bin/sh): exit status 3; it printed: why"* ]] || fail "$stderr"
	wait_until not_running
}

@test "hooks: a failing poststart hook fails start, and the container is destroyed (runtime.md#lifecycle)" {
	hook poststart "echo why >&2; exit 3"
	ocirun create web
	run -1 --separate-stderr ocirun start web
	[[ $stderr == *"poststart hook 0 (/bin/sh): exit status 3; it printed: why"* ]] || fail "$stderr"
	wait_until not_running
}

not_running() { ! ocirun state web >"$TEST_DIR/state" || [ "$(jq -r .status "$TEST_DIR/state")" = stopped ]; }

@test "hooks: a failing poststop hook is a warning, and the next one runs" {
	hook poststop "exit 3"
	hook poststop "echo reached >>$TRACE"
	ocirun create web
	run -0 --separate-stderr ocirun delete --force web
	[ "$(stages_of_trace)" = reached ]
	[[ $stderr == *"poststop hook 0 (/bin/sh): exit status 3"* ]] || fail "$stderr"
}

@test "hooks: one that is missing or cannot run says so" {
	config_with '.hooks.createRuntime = [{path: "/no/such/hook"}]'
	run -1 --separate-stderr ocirun create web
	[[ $stderr == *"createRuntime hook 0 (/no/such/hook): execve: No such file or directory"* ]]
	config_with '.hooks.createRuntime = [{path: "/etc/passwd"}]'
	run -1 --separate-stderr ocirun create web
	[[ $stderr == *"createRuntime hook 0 (/etc/passwd): execve: Permission denied"* ]]
}

@test "hooks: one killed by a signal is named with it" {
	hook createRuntime 'kill -SEGV $$'
	run -1 --separate-stderr ocirun create web
	[[ $stderr == *"createRuntime hook 0 (/bin/sh): killed by SIGSEGV"* ]]
}

@test "hooks: a timeout kills the hook and what it started, and fails the create" {
	hook createRuntime "sleep 300 & echo \$! >$TRACE; wait" '. + {timeout: 1}'
	run -1 --separate-stderr ocirun create web
	[[ $stderr == *"createRuntime hook 0 (/bin/sh): timed out"* ]]
	wait_until has_ended "$(cat "$TRACE")"
}

@test "hooks: a timeout in the container kills, too" {
	config_with '.hooks.startContainer = [{path: "/bin/sh", args: ["sh", "-c", "sleep 300"], timeout: 1}]'
	ocirun create web
	run -1 --separate-stderr ocirun start web
	[[ $stderr == *"startContainer hook 0 (/bin/sh): timed out"* ]]
}

@test "hooks: a daemon left behind is not waited for, though it holds the output open" {
	hook createRuntime "sleep 300 & echo \$! >$TRACE"
	local began=$SECONDS
	ocirun create web
	[ $((SECONDS - began)) -lt 60 ]
	kill "$(cat "$TRACE")"
}

@test "hooks: 10 MB of output neither hang nor get lost at the end" {
	hook createRuntime "yes x | tr -d '\\n' | head -c 10000000; echo the end; exit 1"
	run -1 --separate-stderr ocirun create web
	[[ $stderr == *"xthe end"* ]] || fail "$stderr"
}

@test "hooks: what is wrong is refused by its path" {
	while read -r path filter; do
		bundle_with '.hooks.createRuntime = [{path: "/bin/true"}]'
		config_with "$filter"
		run -1 --separate-stderr ocirun create web
		[[ $stderr == *"config.json: hooks.createRuntime[0].$path"* ]] || fail "$path: $stderr"
	done <<-'CASES'
		path .hooks.createRuntime[0].path = "bin/true"
		path del(.hooks.createRuntime[0].path)
		timeout .hooks.createRuntime[0].timeout = 0
		timeout .hooks.createRuntime[0].timeout = -1
		timeout .hooks.createRuntime[0].timeout = 4294967296
		env[0] .hooks.createRuntime[0].env = ["NOVALUE"]
	CASES
}
