#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# ocirun features (features.md). That the schema takes it: checks/coverage.bats.
# shellcheck disable=SC2016,SC2154 # single quotes hold words of jq; run sets stderr

load ../lib/container

features() { ocirun features | jq -e "$@"; }

@test "features: prints one JSON document and nothing on stderr" {
	require program:jq
	ocirun features 2>"$TEST_DIR/err" | jq -es 'length == 1'
	[ ! -s "$TEST_DIR/err" ]
}

@test "features: versions, hooks and cgroups" {
	require program:jq
	features '.ociVersionMin == "1.0.0" and (.ociVersionMax | startswith("1."))'
	features '.hooks | length == 6'
	features '.linux.cgroup == {v1: true, v2: true, systemd: false, systemdUser: false, rdma: false}'
}

@test "features: the namespaces are those of the kernel" {
	require program:jq
	local here=0 file
	for file in pid net mnt ipc uts user cgroup time; do [ ! -e "/proc/self/ns/$file" ] || here=$((here + 1)); done
	features --argjson here "$here" '.linux.namespaces | length == $here'
	# What is listed can be made.
	require root
	bundle_with '.process.args = ["true"]'
	local type
	for type in $(ocirun features | jq -r '.linux.namespaces[] | select(. != "user")'); do
		config_with --arg type "$type" '.linux.namespaces |= (map(select(.type != $type)) + [{type: $type}])'
		run -0 ocirun run web
	done
}

@test "features: versions of ocirun, of the log's lines and of libseccomp are annotations" {
	require program:jq root
	bundle
	ocirun create web
	features --arg events "$(events_of web | jq -r '.v | tostring')" \
		--arg version "$(ocirun --version | sed -n 's/^ocirun version //p')" \
		--arg seccomp "$(ocirun --version | sed -n 's/^libseccomp: //p')" '.annotations == {
			"org.ocirun.version": $version, "org.ocirun.events.version": $events,
			"io.github.seccomp.libseccomp.version": $seccomp}'
}

@test "features: annotations that change what is done are listed, and doc/annotations.md describes them" {
	require program:jq
	features '.potentiallyUnsafeConfigAnnotations | index("run.oci.hooks.stdout")
		and index("org.systemd.property.")'
	[ "$(ocirun features | jq -r '.potentiallyUnsafeConfigAnnotations[]' | sort)" = \
		"$(sed -n 's/^| `\([a-z._-]*\)\(NAME\)\?` |.*/\1/p' "$SOURCE_DIR/doc/annotations.md" | sort)" ]
}

# refused JQ - a configuration changed so is refused by name
refused() {
	bundle_with "$1"
	run -1 --separate-stderr ocirun create web
	[[ $stderr == *"not supported by this version of ocirun"* || $stderr == *"is not supported"* ]] ||
		fail "$1: $stderr"
}

@test "features: every mount option in it is taken, those that Linux 5.12 brought only there" {
	require program:jq
	features '.mountOptions | index("rbind") and index("nosymfollow") and index("rslave")'
	features '.mountOptions | index("tmpcopyup") and index("copy-symlink")'
	require kernel:5.12
	features '.mountOptions | index("rro") and index("ridmap")'
	features '.linux.mountExtensions.idmap.enabled'
}

@test "features: labels are applied where the host has their modules" {
	require program:jq
	features '[.linux.apparmor, .linux.selinux] | all(.enabled)'
}

@test "features: what is not enabled is refused by name" {
	require program:jq
	features '[.linux.intelRdt, .linux.netDevices] | all(.enabled == false)'
	refused '.linux.intelRdt = {closID: "web"}'
	refused '.linux.netDevices = {eth0: {}}'
	refused '.linux.memoryPolicy = {mode: "MPOL_DEFAULT"}'
	refused '.linux.resources.rdma = {mlx5_1: {hcaHandles: 3}}'
	features '.linux | has("memoryPolicy") | not'
}

@test "features: seccomp flags are known, and supported where the kernel takes them" {
	require program:jq
	features '.linux.seccomp | .enabled and (.knownFlags | index("SECCOMP_FILTER_FLAG_LOG"))
		and ((.supportedFlags - .knownFlags) == [])'
	# Every flag that is supported is taken, and every other known one is refused.
	require root
	local flag status
	for flag in $(ocirun features | jq -r '.linux.seccomp.knownFlags[]'); do
		bundle_with --arg flag "$flag" '.process.args = ["true"]
			| .linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", flags: [$flag]}'
		status=1
		if features --arg flag "$flag" '.linux.seccomp.supportedFlags | index($flag)'; then status=0; fi
		run -$status ocirun run web
	done
}

@test "features: a full disk is an error" {
	local status=0
	"$OCIRUN" features >/dev/full 2>"$TEST_DIR/err" || status=$?
	[ "$status" = 1 ]
	grep -q 'No space left on device' "$TEST_DIR/err"
}
