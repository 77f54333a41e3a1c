#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# `failed`: which phase, why, and of a hook all that helps to mend it (doc/events.md).
# shellcheck disable=SC2016,SC2154 # single quotes hold words of jq and of the hooks' shell; stderr is run's

load ../lib/container

setup() {
	require root
	container_setup
	bundle_with '.process.args = ["sleep", "60"] | .hooks = {}'
}

# hook STAGE SCRIPT [JQ_FILTER] - add a hook that runs the script by the shell
hook() {
	config_with --arg stage "$1" --arg script "$2" \
		'.hooks[$stage] += [{path: "/bin/sh", args: ["sh", "-c", $script]} | '"${3:-.}"']'
}

# fails STAGE - create, and where that works start, fails; PHASE is which. stderr stays.
fails() {
	PHASE=create
	case $1 in startContainer | poststart)
		ocirun create web
		PHASE=start ;;
	esac
	run -1 --separate-stderr ocirun "$PHASE" web
}

# Where both the hook and its failure are the log's: `exited` comes a moment after start has failed.
is_over() { [[ $(events_types web) = *@(exited|deleted) ]]; }

each_stage='prestart createRuntime createContainer startContainer poststart'

@test "failed: a hook that fails is named with index, path, code and output, of every stage" {
	local stage types
	for stage in $each_stage; do
		bundle_with '.process.args = ["sleep", "60"] | .hooks = {}'
		hook "$stage" "exit 0"
		hook "$stage" "echo trying; echo no such bridge >&2; exit 3"
		fails "$stage"
		wait_until is_over
		journal_has web failed --arg stage "$stage" --arg phase "$PHASE" '.phase == $phase and .hook == {name: $stage,
			index: 1, path: "/bin/sh", exitCode: 3, timedOut: false, output: "trying\nno such bridge\n"} and
			(.error | endswith($stage + " hook 1 (/bin/sh): exit status 3"))'
		[[ $stderr = *"$stage hook 1 (/bin/sh): exit status 3; it printed: trying no such bridge"* ]] || fail "$stderr"
		case $stage in
		startContainer) types="created failed exited" ;;
		poststart) types="created started failed exited deleted" ;;
		*) types="failed deleted" ;;
		esac
		[ "$(events_types web)" = "$types" ] || fail "$stage: $(events_types web)"
		ocirun delete --force web 2>/dev/null || true
	done
}

@test "failed: a hook that takes too long, of every stage" {
	local stage
	for stage in $each_stage; do
		bundle_with '.process.args = ["sleep", "60"] | .hooks = {}'
		hook "$stage" "echo waiting; exec sleep 300" '. + {timeout: 1}'
		fails "$stage"
		wait_until is_over
		journal_has web failed --arg stage "$stage" '.hook.name == $stage and .hook.timedOut and
			.hook.exitCode == null and .hook.output == "waiting\n" and (.error | endswith("timed out"))'
		ocirun delete --force web 2>/dev/null || true
	done
}

@test "failed: a hook that a signal kills, and one that cannot be executed, of every stage" {
	local stage
	for stage in $each_stage; do
		bundle_with '.process.args = ["sleep", "60"] | .hooks = {}'
		hook "$stage" 'kill -SEGV $$'
		fails "$stage"
		wait_until is_over
		journal_has web failed '.hook.exitCode == null and .hook.timedOut == false and
			(.error | endswith("killed by SIGSEGV"))'
		ocirun delete --force web 2>/dev/null || true
		bundle_with --arg stage "$stage" '.process.args = ["sleep", "60"] | .hooks[$stage] = [{path: "/etc/nothing"}]'
		fails "$stage"
		wait_until is_over
		journal_has web failed --arg stage "$stage" '.hook == {name: $stage, index: 0, path: "/etc/nothing",
			exitCode: null, timedOut: false, output: ""} and
			(.error | endswith($stage + " hook 0 (/etc/nothing): execve: No such file or directory"))'
		ocirun delete --force web 2>/dev/null || true
	done
}

@test "failed: of much output the end is kept, whatever it is, and the line fits" {
	local stage
	for stage in createRuntime startContainer; do
		bundle_with '.process.args = ["sleep", "60"] | .hooks = {}'
		hook "$stage" "head -c 100000 /dev/zero | tr '\\0' '\\033'; printf '\\377 the end'; exit 1"
		fails "$stage"
		wait_until is_over
		journal_has web failed '.hook.output | endswith("\u001b\ufffd the end")'
		events_of web >"$TEST_DIR/log"
		# Full, as far as it may be: the fixed members have room for the longest ID.
		[ "$(wc -L <"$TEST_DIR/log")" -gt 3600 ] || fail "$(wc -L <"$TEST_DIR/log")"
		ocirun delete --force web 2>/dev/null || true
	done
}

@test "failed: a long path of a hook is cut, not the line lost" {
	local stage long
	long=$(printf '/%0200d' {1..15})
	for stage in createRuntime startContainer; do
		bundle_with --arg stage "$stage" --arg path "$long/end" '.process.args = ["sleep", "60"] | .hooks[$stage] = [{path: $path}]'
		fails "$stage"
		wait_until is_over
		journal_has web failed '.hook.path | endswith("0015/end")'
		ocirun delete --force web 2>/dev/null || true
	done
}

@test "failed: of a run, too, which takes what it made away" {
	local stage types
	for stage in $each_stage; do
		bundle_with '.process.args = ["sleep", "60"] | .hooks = {}'
		hook "$stage" "echo why; exit 3"
		run ! --separate-stderr ocirun run web
		[[ $stderr = *"$stage hook 0 (/bin/sh): exit status 3; it printed: why"* ]] || fail "$stderr"
		case $stage in
		startContainer) types="created failed exited deleted" ;;
		poststart) types="created started failed exited deleted" ;;
		*) types="failed deleted" ;;
		esac
		[ "$(events_types web)" = "$types" ] || fail "$stage: $(events_types web)"
		journal_has web failed --arg stage "$stage" '.hook.name == $stage and .hook.exitCode == 3 and .hook.output == "why\n"'
	done
}

@test "failed: what is no hook has no hook, and says why" {
	config_with '.process.args = ["/no/such"]'
	fails create
	journal_has web failed '.phase == "create" and (has("hook") | not) and (.error | contains("/no/such"))'
	bundle_with '.process.args = ["sleep", "60"]'
	ocirun create lone
	ocirun start lone
	run ! ocirun exec --exec-id e lone /no/such
	journal_has lone failed '.phase == "exec" and .execId == "e" and (.error | contains("/no/such"))'
	[ "$(container_status lone)" = running ]
}
