#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# process.capabilities (config.md#linux-process).

load ../lib/container

setup() {
	require root
	container_setup
}

# caps JQ_FILTER - Inh Prm Eff Bnd Amb of the container's process, as sets of bits
caps() {
	bundle_with '.process.args = ["grep", "^Cap", "/proc/self/status"]'
	config_with "$1"
	ocirun run web | sed 's/^Cap\(...\):\t0*/\1=/' | paste -sd ' '
}

# CAP_KILL is bit 5, CAP_NET_BIND_SERVICE 10, CAP_CHOWN 0

@test "capabilities: each set is exactly as listed" {
	run -0 caps '.process.capabilities = {
		bounding: ["CAP_KILL", "CAP_CHOWN", "CAP_NET_BIND_SERVICE"],
		permitted: ["CAP_KILL", "CAP_CHOWN"], effective: ["CAP_KILL"], inheritable: ["CAP_CHOWN"]}'
	# For root, execve adds the inheritable and takes away what is not bounding or permitted.
	[ "$output" = "Inh=1 Prm=21 Eff=21 Bnd=421 Amb=" ]
}

@test "capabilities: without any, root has none" {
	run -0 caps '.process.capabilities = {}'
	[ "$output" = "Inh= Prm= Eff= Bnd= Amb=" ]
}

@test "capabilities: another user has only the ambient ones" {
	run -0 caps '.process.user = {uid: 1000, gid: 1000} | .process.capabilities = {
		bounding: ["CAP_KILL", "CAP_CHOWN"], permitted: ["CAP_KILL", "CAP_CHOWN"],
		effective: ["CAP_KILL", "CAP_CHOWN"], inheritable: ["CAP_KILL"], ambient: ["CAP_KILL"]}'
	[ "$output" = "Inh=20 Prm=20 Eff=20 Bnd=21 Amb=20" ]
}

@test "capabilities: another user gets none that is not ambient (CVE-2016-8867)" {
	run -0 caps '.process.user = {uid: 1000, gid: 1000} | .process.capabilities |= del(.ambient)'
	[ "$output" = "Inh= Prm= Eff= Bnd=20000420 Amb=" ]
}

@test "capabilities: nothing is inheritable unless asked for (CVE-2022-29162)" {
	run -0 caps .
	[[ $output == "Inh= "* ]]
}

@test "capabilities: an unknown one is a warning, not an error (config.md#linux-process)" {
	bundle_with '.process.args = ["grep", "^CapBnd", "/proc/self/status"] |
		.process.capabilities.bounding = ["CAP_KILL", "CAP_FROM_THE_FUTURE"] |
		.process.capabilities |= {bounding: .bounding}'
	run -0 --separate-stderr ocirun run web
	[ "$output" = $'CapBnd:\t0000000000000020' ]
	[[ $stderr == *CAP_FROM_THE_FUTURE* ]]
}

@test "capabilities: one that cannot be granted is a warning, not an error" {
	type -P setpriv >/dev/null || skip "needs the program setpriv"
	bundle_with '.process.args = ["grep", "^CapPrm", "/proc/self/status"] |
		.process.capabilities = {bounding: ["CAP_KILL", "CAP_SYS_TIME"],
			permitted: ["CAP_KILL", "CAP_SYS_TIME"], effective: ["CAP_KILL", "CAP_SYS_TIME"]}'
	OCIRUN_CMD=(setpriv --bounding-set -sys_time "${OCIRUN_CMD[@]}")
	run -0 --separate-stderr ocirun run web
	[ "$output" = $'CapPrm:\t0000000000000020' ]
	[[ $stderr == *"process.capabilities"* ]]
}

@test "capabilities: ambient or effective beyond permitted is refused by its path" {
	local set
	for set in ambient effective; do
		bundle_with --arg set "$set" '.process.capabilities[$set] = ["CAP_SYS_ADMIN"]'
		run -1 --separate-stderr ocirun create web
		[[ $stderr == *"config.json: process.capabilities.$set: CAP_SYS_ADMIN is not in permitted"* ]]
	done
}
