#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# linux.sysctl (config-linux.md#sysctl).

load ../lib/container

setup() {
	require root
	container_setup
}

@test "sysctl: values hold in the container's namespaces and not in the host's" {
	local before
	before=$(cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/shmmni /proc/sys/fs/mqueue/msg_max)
	bundle_script 'cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/shmmni /proc/sys/fs/mqueue/msg_max'
	config_with '.linux.sysctl = {"net.ipv4.ip_forward": "1", "kernel.shmmni": "1234", "fs.mqueue.msg_max": "17"}'
	run -0 ocirun run web
	[ "$output" = $'1\n1234\n17' ]
	[ "$(cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/shmmni /proc/sys/fs/mqueue/msg_max)" = "$before" ]
}

@test "sysctl: a name with slashes may hold a dot" {
	bundle_script 'cat /proc/sys/net/ipv4/conf/lo/forwarding'
	config_with '.linux.sysctl = {"net/ipv4/conf/lo/forwarding": "1"}'
	run -0 ocirun run web
	[ "$output" = 1 ]
}

@test "sysctl: the read-only /proc/sys of the container is no hindrance" {
	bundle_script 'cat /proc/sys/net/ipv4/ip_default_ttl; echo 1 >/proc/sys/net/ipv4/ip_default_ttl'
	config_with '.linux.sysctl = {"net.ipv4.ip_default_ttl": "77"}'
	run -1 ocirun run web
	[ "${lines[0]}" = 77 ]
	[[ $output == *"Read-only file system"* ]]
}

@test "sysctl: a value that the kernel refuses is an error that names both" {
	bundle_with '.linux.sysctl = {"net.ipv4.ip_default_ttl": "none"}'
	run -1 --separate-stderr ocirun create web
	[[ $stderr == *sysctl*net.ipv4.ip_default_ttl*none*"Invalid argument"* ]] || fail "$stderr"
}

@test "sysctl: a name that does not exist is an error" {
	bundle_with '.linux.sysctl = {"net.ipv4.no_such_name": "1"}'
	run -1 --separate-stderr ocirun create web
	[[ $stderr == *net.ipv4.no_such_name*"No such file or directory"* ]] || fail "$stderr"
}

@test "sysctl: a fake procfs in the image is never written to (CVE-2025-52881)" {
	bundle_with '.linux.sysctl = {"net.ipv4.ip_forward": "1"}'
	mkdir -p fake/sys/net/ipv4
	echo untouched >fake/sys/net/ipv4/ip_forward
	config_with --arg fake "$BUNDLE/fake" '.mounts += [{destination: "/proc/sys/net", type: "bind",
		source: ($fake + "/sys/net"), options: ["rbind", "rw"]}]'
	run ocirun create web
	[ "$(cat fake/sys/net/ipv4/ip_forward)" = untouched ]
}

@test "sysctl: what is not namespaced, or not in a namespace of its own, is refused by its path" {
	local filter
	for filter in '.linux.sysctl = {"kernel.core_pattern": "|/x"}' '.linux.sysctl = {"vm.swappiness": "1"}' \
		'.linux.sysctl = {"net/../kernel/core_pattern": "|/x"}' \
		'.linux.sysctl = {"net.ipv4.ip_forward": "1\n2"}' \
		'.linux.sysctl = {"kernel.hostname": "x"}' \
		'.linux.sysctl = {"net.ipv4.ip_forward": "1"} | .linux.namespaces |= map(select(.type != "network"))' \
		'.linux.sysctl = {"kernel.shmmni": "1"} | .linux.namespaces |= map(select(.type != "ipc"))'; do
		bundle_with "$filter"
		run -1 --separate-stderr ocirun create web
		[[ $stderr == *"config.json: linux.sysctl"* ]] || fail "$filter: $stderr"
	done
	[[ $(cat /proc/sys/kernel/core_pattern) != "|/x" ]]
}
