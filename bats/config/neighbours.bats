#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Containers that share a pid namespace: what one sees of another's init while that is created.
# One that has CAP_SYS_PTRACE in the host's user namespace may trace an init that is still on its way
# into its root: no runtime can keep it from that, and no test here claims it.
# shellcheck disable=SC2154,SC2016 # run sets stderr; single quotes hold words of jq and containers

load ../lib/container

setup() {
	require root
	container_setup
}

# neighbours FILTER - "old" runs a shell that takes orders; "web", created only, shares its pid
# namespace. FILTER changes the configuration of "old". NUMBER is the pid of web's init there.
neighbours() {
	# A reader that comes before the last writer has gone reads nothing, and tries again.
	bundle_script 'while :; do
		read -r order </orders && { eval "$order" >/answer 2>&1; echo done >>/answer; }; done'
	config_with '.root.readonly = false | '"$1"
	mkfifo rootfs/orders
	ocirun create old
	ocirun start old
	config_with --arg path "/proc/$(container_pid old)/ns/pid" '.process.args = ["sleep", "60"]
		| (.linux.namespaces[] | select(.type == "pid")).path = $path'
	ocirun create web
	NUMBER=$(awk '/^NSpid:/ { print $NF }' "/proc/$(container_pid web)/status")
}

# order COMMAND - what "old" says to it
order() {
	rm -f rootfs/answer
	printf '%s\n' "$1" >rootfs/orders
	wait_until grep -qsx 'done' rootfs/answer
	sed '$d' rootfs/answer
}

@test "CVE-2016-9962: a neighbour in the pid namespace sees nothing of an init that waits" {
	neighbours .
	local what
	for what in exe "fd/*" root cwd environ maps mem; do
		run -0 order "cat /proc/$NUMBER/$what"
		[ -n "$output" ] && ! grep -v ': Permission denied$' <<<"$output" || fail "$what: $output"
	done
}

@test "CVE-2016-9962: and one that may trace finds no way to the host in it" {
	neighbours '(.process.capabilities[]) += ["CAP_SYS_PTRACE", "CAP_SYS_ADMIN"]'
	run -0 order "ls -l /proc/$NUMBER/fd"
	# The streams, the sockets to monitor and start; no file, no directory, no namespace.
	[[ $output == *" 0 -> "* ]] || fail "$output"
	run -0 order "for fd in /proc/$NUMBER/fd/*; do readlink \$fd; ls -d \$fd/..; done"
	run ! grep -Ev "^(/dev/null|/tmp/ocirun-bats[^/]*/io\..*|socket:.*|ls: .*Not a directory)$" <<<"$output"
	run -0 order "readlink /proc/$NUMBER/exe; readlink /proc/$NUMBER/cwd; ls /proc/$NUMBER/root/"
	[[ $output == "/memfd:"*$'\n/\n'*bin* && $output != *"$(basename "$TEST_DIR")"* ]] || fail "$output"
}

@test "CVE-2019-5736: at no moment of a create may a neighbour open ocirun's program" {
	local before
	before=$(sha256sum "$OCIRUN")
	neighbours .
	# Busy until told to stop; says what it could read of whom, but for itself and its shell.
	cat >rootfs/thief <<-'END'
		while [ ! -e /stop ]; do
			for exe in /proc/[2-9]*/exe /proc/1?*/exe; do
				link=$(readlink $exe) && case $link in *busybox) ;; *) echo "$link" >>/stolen ;; esac
				[ -e "${exe%/exe}" ] && echo >>/tried
			done
		done
	END
	printf 'sh /thief &\n' >rootfs/orders
	wait_until test -s rootfs/tried
	local n
	for n in {1..20}; do
		ocirun create "n$n"
		ocirun delete --force "n$n"
	done
	touch rootfs/stop
	run ! grep -v '^/memfd:' rootfs/stolen
	[ "$(sha256sum "$OCIRUN")" = "$before" ]
}
