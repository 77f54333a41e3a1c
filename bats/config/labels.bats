#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# process.apparmorProfile and process.selinuxLabel (config.md#linux-process). What the stub asks of
# the kernel is shown by src/setup/test-labels.c, which needs no such kernel.

load ../lib/container

setup() {
	require root
	container_setup
}

has_apparmor() { [ "$(cat /sys/module/apparmor/parameters/enabled 2>/dev/null)" = Y ]; }
has_selinux() { [ -e /sys/fs/selinux/enforce ]; }

refused() { # KEY VALUE TEXT
	bundle_with ".process.$1 = \"$2\""
	run -1 --separate-stderr ocirun create web
	[ "$stderr" = "ocirun: create web: config.json: process.$1: $3" ] || fail "$stderr"
	[ ! -e "$ROOT/web" ] || fail "left behind: $(ls -R "$ROOT")"
}

@test "labels: a host without AppArmor takes no profile but unconfined" {
	! has_apparmor || skip "needs a host without AppArmor"
	refused apparmorProfile docker-default "AppArmor is not enabled on this host"
	bundle_with '.process.apparmorProfile = "unconfined" | .process.args = ["/bin/true"]'
	run -0 --separate-stderr ocirun run web
	[ -z "$stderr" ]
}

@test "labels: a host without SELinux takes no label" {
	! has_selinux || skip "needs a host without SELinux"
	refused selinuxLabel system_u:system_r:container_t:s0 "SELinux is not enabled on this host"
}

@test "labels: a profile that is not loaded is an error of create" {
	require apparmor
	refused apparmorProfile ocirun-no-such-profile '"ocirun-no-such-profile": No such file or directory'
}
