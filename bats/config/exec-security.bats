#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What a hostile container could do to ocirun exec, or by it: the process that comes in, its program, its
# descriptors, its user. bats/lib/spy.c is such a container's program.
# shellcheck disable=SC2154,SC2016,SC2030,SC2031 # run sets stderr; single quotes hold words of jq and containers

load ../lib/container
load ../lib/exec

setup_file() {
	type -P cc >/dev/null || return 0
	cc -static -O2 -o "$BATS_FILE_TMPDIR/spy" "$BATS_TEST_DIRNAME/../lib/spy.c"
}

setup() {
	require root
	container_setup
	PROGRAMS=("$OCIRUN" "$(dirname "$OCIRUN")/ocirun-monitor")
	BEFORE=$(sha256sum "${PROGRAMS[@]}")
}

programs_are_unharmed() { [ "$(sha256sum "${PROGRAMS[@]}")" = "$BEFORE" ]; }

# spied_on COUNT JQ_FILTER - execute COUNT programs in a container whose init spies; SPIED: what it got
spied_on() {
	require program:cc
	bundle_with '.process.args = ["/spy", "/spied", "/stop"] | .root.readonly = false | '"$2"
	cp "$BATS_FILE_TMPDIR/spy" rootfs/spy
	chmod 777 rootfs
	run_web
	wait_until grep -qsx ready rootfs/spied
	local n
	for ((n = 0; n < $1; n++)); do
		timeout -s KILL "$OCIRUN_TEST_DEADLINE" "${OCIRUN_CMD[@]}" exec web true </dev/null >/dev/null 2>"$TEST_DIR/err" \
			3>&- 4>&- || fail "exec $n: status $?: $(cat "$TEST_DIR/err")" || return
	done
	touch rootfs/stop
	run -0 ocirun wait web
	SPIED=$(cat rootfs/spied)
	programs_are_unharmed
	grep -qx seen <<<"$SPIED" || fail "the spy saw nobody" || return
	# Neither the program of ocirun nor anything else of the host, whatever the rest of the test says.
	run ! grep -E "^(exe|traced|fd|cwd|root) .*($TEST_DIR/root|$(dirname "$OCIRUN")|$SOURCE_DIR|/sys/fs/cgroup|/ns/)" <<<"$SPIED"
	run ! grep ^written <<<"$SPIED"
	run ! grep -Ev "^exe (/memfd:.*|/bin/busybox)$" <(grep '^exe ' <<<"$SPIED")
	run ! grep -v '/$' <(grep -E '^(root|cwd) ' <<<"$SPIED")
}

@test "CVE-2016-9962: root of a container reads and traces nothing of what is being executed in it" {
	spied_on 200 .
	grep -qx refused <<<"$SPIED" || fail "never at the right moment: $SPIED"
	# Only the container's own program, with the container's own capabilities.
	run ! grep -Ev "^traced /bin/busybox 0000000020000420$" <(grep '^traced ' <<<"$SPIED")
	run ! grep -v '^exe /bin/busybox$' <(grep '^exe ' <<<"$SPIED")
}

@test "CVE-2016-9962: and with CAP_SYS_PTRACE gets no more capabilities than it has, and no file of the host" {
	spied_on 200 '.process.capabilities[] += ["CAP_SYS_PTRACE"]'
	grep -q '^traced ' <<<"$SPIED" || fail "traced nobody: $SPIED"
	# Within AUDIT_WRITE, SYS_PTRACE, NET_BIND_SERVICE and KILL.
	local caps
	while read -r caps; do
		(((16#$caps & ~16#20080420) == 0)) || fail "traced one with $caps: $SPIED"
	done < <(awk '$1 == "traced" { print $NF }' <<<"$SPIED")
	# The streams, pipes and the sockets by which ocirun is told; no directory, and none above one.
	run ! grep -Ev "^fd (/dev/null|$TEST_DIR/err|pipe:.*|socket:.*)$" <(grep '^fd ' <<<"$SPIED")
	run ! grep '^fd/\.\.' <<<"$SPIED"
}

@test "CVE-2016-9962: with every capability in a user namespace it traces nothing that is not its own yet" {
	require userns
	bundle
	chmod 711 "$TEST_DIR" "$BUNDLE"
	chown -Rh 100000:100000 rootfs
	spied_on 100 '.process.capabilities[] = ["CAP_SYS_PTRACE", "CAP_SYS_ADMIN", "CAP_DAC_READ_SEARCH", "CAP_SETUID"]
		| .linux.namespaces += [{type: "user"}]
		| .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}]
		| .linux.gidMappings = [{containerID: 0, hostID: 100000, size: 65536}]'
	run ! grep -v '^traced /bin/busybox ' <(grep '^traced ' <<<"$SPIED")
	run ! grep -v '^exe /bin/busybox$' <(grep '^exe ' <<<"$SPIED")
}

@test "CVE-2019-5736: a program that is /proc/self/exe runs nothing of ocirun's, in any spelling" {
	running '.root.readonly = false'
	ln -s /proc/self/exe rootfs/link
	printf '#!/proc/self/exe\n' >rootfs/script
	chmod 755 rootfs/script
	local program
	for program in /proc/self/exe /proc/thread-self/exe /link /script; do
		run ocirun exec web "$program" --version
		[ "$status" != 0 ]
		[[ $output != *"ocirun version"* && $output != *libseccomp* ]] || fail "$output"
		programs_are_unharmed
	done
	# A shell that the container has replaced.
	rm rootfs/bin/sh
	ln -s /proc/self/exe rootfs/bin/sh
	run ocirun exec web sh --version
	[[ $output != *"ocirun version"* ]]
	programs_are_unharmed
}

@test "CVE-2016-3697: a number is never looked up as a name of the container's passwd" {
	running '.root.readonly = false'
	printf '1000:x:0:0::/root:/bin/sh\nuser:x:1000:0::/home:/bin/sh\n' >rootfs/etc/passwd
	printf '1000:x:0:\n' >rootfs/etc/group
	run -0 ocirun exec --user 1000:1000 --additional-gids 1000 web grep -E '^(Uid|Gid|Groups):' /proc/self/status
	[ "$(tr -s '[:space:]' ' ' <<<"$output")" = "Uid: 1000 1000 1000 1000 Gid: 1000 1000 1000 1000 Groups: 1000 " ] || fail "$output"
}

@test "CVE-2026-30892: no user string but a number below 2^32-1 runs anything" {
	running
	local user
	for user in "" " 1" "1 " 1x 0x10 -1 +1 1: :1 : 1:2:3 1e3 1.0 root root:root 1:-1 1,2 \
		4294967295 4294967296 4294967297 18446744073709551615 18446744073709551616 18446744073709551617 1:4294967296; do
		run -255 --separate-stderr ocirun exec "--user=$user" web echo ran
		[ -z "$output" ] || fail "\"$user\" ran"
		[[ $stderr == *"--user: "* ]] || fail "\"$user\": $stderr"
	done
	for user in 1 1:2 1000 2147483647 2147483648 4294967294; do
		run -0 ocirun exec --user "$user" web id -u
		[ "$output" = "${user%:*}" ] || fail "$user: $output"
	done
	[ "$(events_of web | jq -s 'map(select(.type == "exec-started")) | length')" = 6 ]
}

@test "CVE-2016-8867: a user who is not root has no capability that is not ambient" {
	running
	run -0 ocirun exec --user 1000 web grep -E '^Cap(Prm|Eff|Amb|Inh)' /proc/self/status
	[ "$(awk '{ print $2 }' <<<"$output" | sort -u)" = 0000000000000000 ] || fail "$output"
	run -0 ocirun exec --user 1000 --cap CAP_NET_RAW web grep -E '^Cap(Prm|Eff|Amb|Inh)' /proc/self/status
	[ "$(awk '{ print $2 }' <<<"$output" | sort -u)" = 0000000000000000 ] || fail "$output"
}

@test "CVE-2022-29162, CVE-2022-27650, CVE-2025-27612: --cap makes nothing inheritable" {
	running
	run -0 ocirun exec --cap CAP_NET_RAW --cap CAP_SYS_ADMIN web grep -E '^Cap(Inh|Amb)' /proc/self/status
	[ "$output" = $'CapInh:\t0000000000000000\nCapAmb:\t0000000000000000' ] || fail "$output"
}

@test "CVE-2024-21626: a --cwd that is a descriptor is refused, in any spelling" {
	running '.root.readonly = false'
	local fd
	for fd in {0..20}; do
		run -255 --separate-stderr ocirun exec --cwd "/proc/self/fd/$fd" web ls ../..
		[[ $stderr == *cwd* && -z $output ]] || fail "$fd: $output$stderr"
		ln -sfn "/proc/self/fd/$fd" rootfs/link
		run ocirun exec --cwd /link web ls -a ../..
		[ "$status" = 255 ] || fail "$fd: $output"
		process_file '.args = ["ls", "../.."] | .cwd = "/proc/self/fd/'"$fd"'"'
		run -255 ocirun exec --process "$PROCESS" web
	done
	run -255 ocirun exec --cwd /dev/fd/7 web true
}

@test "CVE-2024-21626: nor does a descriptor that the caller hands on, or a closed stream, lead out" {
	running '.root.readonly = false'
	local status=0 fd
	ln -s /proc/self/fd/3 rootfs/link
	"${OCIRUN_CMD[@]}" exec --preserve-fds 1 --cwd /link web ls -a . </dev/null >"$TEST_DIR/out" 2>&1 3<"$SOURCE_DIR" 4>&- || status=$?
	[ "$status" = 255 ] || fail "$(cat "$TEST_DIR/out")"
	grep -q "is not inside the container's root" "$TEST_DIR/out" || fail "$(cat "$TEST_DIR/out")"
	for fd in {0..9}; do
		status=0
		ln -sfn "/proc/self/fd/$fd" rootfs/link
		"${OCIRUN_CMD[@]}" exec --cwd /link web sh -c 'ls -a ../.. >/out' <&- >&- 2>&- 3>&- 4>&- || status=$?
		[ "$status" = 255 ] && [ ! -e rootfs/out ] || fail "$fd: $(cat rootfs/out)"
	done
}

@test "exec: the process shows nothing of the host: environment, command line, maps, mounts" {
	running
	SECRET_OF_CALLER=hidden ocirun exec --detach --pid-file "$TEST_DIR/pid" web sleep 1000
	local file
	for file in environ cmdline maps mountinfo comm cgroup; do
		run ! grep -aE "SECRET_OF_CALLER|$TEST_DIR/root|$SOURCE_DIR|$(dirname "$OCIRUN")|memfd" "/proc/$(cat "$TEST_DIR/pid")/$file"
	done
	[ "$(readlink "/proc/$(cat "$TEST_DIR/pid")/exe")" = /bin/busybox ] ||
		[[ $(readlink "/proc/$(cat "$TEST_DIR/pid")/exe") == "$BUNDLE"/rootfs/bin/busybox ]]
	run -0 ocirun exec web sh -c 'cat /proc/self/environ /proc/self/mountinfo /proc/self/cgroup'
	[[ $output != *SECRET_OF_CALLER* ]]
}

@test "exec: no helper file is written into the container, and no mount is left" {
	running '.root.readonly = false'
	find rootfs | sort >"$TEST_DIR/before"
	cat /proc/self/mountinfo >"$TEST_DIR/mounts"
	ocirun exec web true
	ocirun exec --detach web true
	find rootfs | sort | diff "$TEST_DIR/before" -
	diff "$TEST_DIR/mounts" /proc/self/mountinfo
}

@test "exec: it needs no /proc of the container, and trusts none" {
	bundle_with '.process.args = ["sleep", "10000"] | .mounts |= map(select(.destination != "/proc"))
		| del(.linux.maskedPaths, .linux.readonlyPaths) | .root.readonly = false'
	mkdir -p rootfs/proc/self/attr rootfs/proc/self/fd rootfs/proc/1/ns
	echo untouched >rootfs/proc/self/attr/exec
	echo untouched >rootfs/proc/self/oom_score_adj
	run_web
	run -7 ocirun exec web sh -c 'exit 7'
	[ "$(cat rootfs/proc/self/attr/exec rootfs/proc/self/oom_score_adj)" = $'untouched\nuntouched' ]
}

@test "exec: seccomp is on before the program's first instruction, also where it denies much" {
	running '.process.noNewPrivileges = false | .linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW",
		architectures: ["SCMP_ARCH_X86_64", "SCMP_ARCH_AARCH64"],
		syscalls: [{names: ["setns", "clone3", "unshare", "ptrace", "keyctl", "setsid"], action: "SCMP_ACT_ERRNO"}]}'
	run -0 ocirun exec web grep -E '^(Seccomp|NoNewPrivs):' /proc/self/status
	[ "$output" = $'NoNewPrivs:\t0\nSeccomp:\t2' ] || fail "$output"
}
