#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# ocirun ps: the container's processes as JSON, and as the host's ps shows them.

load ../lib/container

# web: a shell with two sleeping children
setup() {
	require root program:ps
	container_setup
	bundle_script 'sleep 61 & sleep 62 & wait'
	ocirun create web
	ocirun start web
	wait_until count_is 3
}

count_is() { [ "$(ocirun ps -f json web | jq length)" = "$1" ]; }

pids_of_cgroup() {
	find /sys/fs/cgroup -path '*/ocirun/web/cgroup.procs' -exec cat {} + | sort -nu
}

@test "ps: JSON is an array of the processes in the cgroup" {
	run -0 --separate-stderr ocirun ps --format json web
	[ -z "$stderr" ]
	[ "$(jq '.[]' <<<"$output")" = "$(pids_of_cgroup)" ]
	[ "$(jq '.[0]' <<<"$output")" = "$(container_pid web)" ]
}

@test "ps: processes in cgroups below count" {
	local at pid
	pid=$(ocirun ps -f json web | jq '.[2]')
	while read -r at; do
		mkdir "$at/sub"
		[ ! -e "$at/cpuset.cpus" ] || {
			cat "$at/cpuset.cpus" >"$at/sub/cpuset.cpus"
			cat "$at/cpuset.mems" >"$at/sub/cpuset.mems"
		}
		echo "$pid" >"$at/sub/cgroup.procs"
	done < <(find /sys/fs/cgroup -type d -path '*/ocirun/web')
	[ "$(ocirun ps -f json web | jq "length, .[2]" | paste -sd ' ')" = "3 $pid" ]
}

@test "ps: JSON of a container without processes is []" {
	ocirun kill --all web KILL
	ocirun wait web || true
	container_is web stopped
	wait_until count_is 0
	run -0 --separate-stderr ocirun ps -f json web
	[ "$output$stderr" = "[]" ]
	run -0 --separate-stderr ocirun ps web
	[[ $output = UID*PID*CMD && -z $stderr ]] || fail "$output"
}

@test "ps: a created container has one process, a paused one all" {
	ocirun pause web
	run -0 ocirun ps -f json web
	[ "$(jq length <<<"$output")" = 3 ]
	ocirun resume web
	ocirun create created
	run -0 ocirun ps -f json created
	[ "$output" = "[$(container_pid created)]" ]
}

@test "ps: the table is that of ps -ef with the container's lines alone" {
	run -0 --separate-stderr ocirun ps web
	[ -z "$stderr" ]
	[[ ${lines[0]} = UID*PID*PPID*CMD ]]
	[ "${#lines[@]}" = 4 ]
	[ "$(awk 'NR > 1 { print $2 }' <<<"$output" | sort -n)" = "$(pids_of_cgroup)" ]
	[[ $output = *"sleep 61"*"sleep 62"* ]]
	[ "$(ocirun ps --format table web | wc -l)" = 4 ]
}

@test "ps: options of ps in several words, and flags of ps are not ours" {
	run -0 ocirun ps web -e -o pid,args
	[ "${#lines[@]}" = 4 ]
	[[ ${lines[0]} =~ ^\ *PID\ COMMAND$ ]]
	[ "$(awk 'NR > 1 { print $1 }' <<<"$output" | sort -n)" = "$(pids_of_cgroup)" ]
	run -0 ocirun ps web -e --format "pid args"
	[ "${#lines[@]}" = 4 ]
}

@test "ps: options of ps in one word are split (containerd's shim)" {
	run -0 ocirun ps --format table web "-e -o  user,pid"
	[ "${#lines[@]}" = 4 ]
	[[ ${lines[0]} =~ ^USER\ +PID$ ]]
	[ "$(ocirun ps --format table web "" | head -n 1)" = "$(ps -ef | head -n 1)" ]
}

@test "ps: a column with blanks before the PID misleads nobody" {
	run -0 ocirun ps web -e -o args:30,pid
	[ "$(awk 'NR > 1 { print $NF }' <<<"$output" | sort -n)" = "$(pids_of_cgroup)" ]
}

@test "ps: options that select nobody show nobody" {
	run -0 --separate-stderr ocirun ps web -C no-such-program
	[ "${#lines[@]}" = 1 ]
	[ -z "$stderr" ]
}

@test "ps: without the column PID, or refused by ps, it is an error" {
	run -1 --separate-stderr ocirun ps web -o ppid,args
	[[ $stderr = 'ocirun: ps web: these options of ps show no column PID: "'*PPID* ]] || fail "$stderr"
	[ -z "$output" ]
	run -1 --separate-stderr ocirun ps web --no-such-option
	[[ $stderr = 'ocirun: ps web: ps ended with status 1: '* ]] || fail "$stderr"
}

@test "ps: needs no PATH, and no good one" {
	local path
	for path in -uPATH PATH=/nowhere; do
		# shellcheck disable=SC2034 # read by ocirun()
		OCIRUN_CMD=(env "$path" "$OCIRUN" --root "$ROOT")
		run -0 --separate-stderr ocirun ps web
		[ "${#lines[@]}" = 4 ]
		[ -z "$stderr" ]
	done
}

@test "ps: an unknown format, an unknown container, no cgroup" {
	run -1 --separate-stderr ocirun ps --format yaml web
	[ "$stderr" = 'ocirun: ps web: --format: unknown value "yaml"; table or json is needed' ]
	run -1 --separate-stderr ocirun ps nobody
	[[ $stderr = "ocirun: ps nobody: container does not exist"* ]]
	ocirun --cgroup-manager disabled create free
	run -1 --separate-stderr ocirun ps free
	[[ $stderr = "ocirun: ps free: only a cgroup tells"* ]] || fail "$stderr"
	run -1 --separate-stderr ocirun ps -f json web -ef
	[[ $stderr = *"options of ps need --format table" ]]
}

@test "ps: a full disk is an error" {
	"$OCIRUN" --root "$ROOT" ps web >/dev/full 2>"$TEST_DIR/err" 3>&- && fail "it succeeded"
	grep -q 'write to standard output: No space left' "$TEST_DIR/err"
}
