#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# process.rlimits (config.md#posix-process).

load ../lib/container

setup() {
	require root
	container_setup
}

# limits JSON - /proc/self/limits of a container with these .process.rlimits
# As text, since jq would round large numbers.
limits() {
	bundle_script 'cat /proc/self/limits'
	config_with '.process.rlimits = "@"'
	sed -i "s|\"@\"|$(tr '\n' ' ' <<<"$1")|" config.json
	ocirun run web
}

shows() {
	grep -Eq "^$1 +$2 +$3( |$)" <<<"$output" || fail "no $1 $2 $3 in: $output"
}

@test "rlimits: soft and hard limits are as given" {
	run -0 limits '[{"type": "RLIMIT_NOFILE", "soft": 100, "hard": 200},
		{"type": "RLIMIT_CORE", "soft": 0, "hard": 4096}, {"type": "RLIMIT_NPROC", "soft": 50, "hard": 60},
		{"type": "RLIMIT_STACK", "soft": 4194304, "hard": 8388608},
		{"type": "RLIMIT_CPU", "soft": 30, "hard": 60}]'
	shows "Max open files" 100 200
	shows "Max core file size" 0 4096
	shows "Max processes" 50 60
	shows "Max stack size" 4194304 8388608
	shows "Max cpu time" 30 60
}

@test "rlimits: 2^64-1 is unlimited, and a limit of 2^63 is kept exactly" {
	run -0 limits '[{"type": "RLIMIT_DATA", "soft": 9223372036854775808, "hard": 18446744073709551615}]'
	shows "Max data size" 9223372036854775808 unlimited
}

@test "rlimits: those that would hinder ocirun itself hold all the same" {
	run -0 limits '[{"type": "RLIMIT_NOFILE", "soft": 4, "hard": 4}, {"type": "RLIMIT_FSIZE", "soft": 9999, "hard": 9999}]'
	shows "Max open files" 4 4
	shows "Max file size" 9999 9999
}

@test "rlimits: what is not listed is inherited" {
	ulimit -c 0
	run -0 limits '[]'
	shows "Max core file size" 0 "[a-z0-9]+"
}

@test "rlimits: raising a hard limit without the privilege is an error that names it" {
	type -P setpriv >/dev/null || skip "needs the program setpriv"
	ulimit -n 4096
	bundle_with '.process.rlimits = [{"type": "RLIMIT_NOFILE", "soft": 8192, "hard": 8192}]'
	OCIRUN_CMD=(setpriv --bounding-set -sys_resource "${OCIRUN_CMD[@]}")
	run -1 --separate-stderr ocirun create web
	[[ $stderr == *"process.rlimits[0]: prlimit: Operation not permitted"* ]]
}

@test "rlimits: an unknown, a repeated or a crossed limit is refused by its path" {
	local limits
	bundle
	for limits in '[{"type": "RLIMIT_FOO", "soft": 1, "hard": 1}]' \
		'[{"type": "RLIMIT_CPU", "soft": 1, "hard": 1}, {"type": "RLIMIT_CPU", "soft": 1, "hard": 1}]' \
		'[{"type": "RLIMIT_CPU", "soft": 2, "hard": 1}]' '[{"type": "RLIMIT_CPU", "soft": -1, "hard": 1}]'; do
		bundle_with --argjson rlimits "$limits" '.process.rlimits = $rlimits'
		run -1 --separate-stderr ocirun create web
		[[ $stderr == *"config.json: process.rlimits["* ]] || fail "$limits: $stderr"
	done
}
