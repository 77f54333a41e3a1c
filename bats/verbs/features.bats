#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# ocirun features (features.md). That the schema takes it: checks/coverage.bats.

load ../lib/container

features() { ocirun features | jq -e "$1"; }

@test "features: prints one JSON document and nothing on stderr" {
	require program:jq
	ocirun features 2>"$TEST_DIR/err" | jq -es 'length == 1'
	[ ! -s "$TEST_DIR/err" ]
}

@test "features: versions, hooks and cgroups" {
	require program:jq
	features '.ociVersionMin == "1.0.0" and (.ociVersionMax | startswith("1."))'
	features '.hooks | length == 6'
	features '.linux.cgroup | .v1 and .v2 and (.systemd | not)'
	features '.linux.namespaces | length == 8'
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
}

@test "features: seccomp flags are known, and supported where the kernel takes them" {
	require program:jq
	features '.linux.seccomp | .enabled and (.knownFlags | index("SECCOMP_FILTER_FLAG_LOG"))
		and ((.supportedFlags - .knownFlags) == [])'
}

@test "features: a full disk is an error" {
	local status=0
	"$OCIRUN" features >/dev/full 2>"$TEST_DIR/err" || status=$?
	[ "$status" = 1 ]
	grep -q 'No space left on device' "$TEST_DIR/err"
}
