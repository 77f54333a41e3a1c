#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# linux.seccomp (config-linux.md#seccomp), by what system calls do in a container.

load ../lib/container

setup() {
	require root
	container_setup
}

# filtered SCRIPT SECCOMP_JSON [JQ_FILTER]
filtered() {
	bundle_script "$1"
	config_with --argjson seccomp "$2" ".linux.seccomp = \$seccomp | ${3:-.}"
	ocirun run web
}

deny() { # NAME ACTION [MORE]
	printf '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["%s"], "action": "%s"%s}]}' \
		"$1" "$2" "${3:+, $3}"
}

@test "seccomp: without a section there is no filter" {
	bundle_script 'grep ^Seccomp: /proc/self/status'
	run -0 ocirun run web
	[ "$output" = $'Seccomp:\t0' ]
}

@test "seccomp: a denied call fails with EPERM, or with errnoRet" {
	run -1 filtered 'mkdir /tmp/x' "$(deny mkdir SCMP_ACT_ERRNO)" '.root.readonly = false'
	[[ $output == *"Operation not permitted"* ]]
	run -1 filtered 'mkdir /tmp/x' "$(deny mkdir SCMP_ACT_ERRNO '"errnoRet": 28')" '.root.readonly = false'
	[[ $output == *"No space left on device"* ]]
}

@test "seccomp: defaultErrnoRet is for all that no rule names" {
	bundle_script 'mkdir /tmp/x'
	config_with --slurpfile profile "$(docker_seccomp)" '.root.readonly = false | .linux.seccomp =
		($profile[0] | .defaultErrnoRet = 28 |
			.syscalls |= map(.names -= ["mkdir", "mkdirat"]))'
	run -1 ocirun run web
	[[ $output == *"No space left on device"* ]]
}

@test "seccomp: a call may kill the process, and the log says SIGSYS" {
	bundle_with --argjson seccomp "$(deny mkdir SCMP_ACT_KILL_PROCESS)" \
		'.linux.seccomp = $seccomp | .process.args = ["mkdir", "/tmp/x"]'
	run -159 ocirun run web
	journal_has web exited '.signalName == "SIGSYS" and .exitCode == 159'
}

@test "seccomp: a filter that allows execve alone still lets the program be executed" {
	bundle_with '.process.args = ["/bin/true"] | .linux.seccomp = {
		defaultAction: "SCMP_ACT_KILL_PROCESS",
		syscalls: [{names: ["execve"], action: "SCMP_ACT_ALLOW"}]}'
	# Killed by its own first call, so it was executed.
	run -159 ocirun run web
	journal_has web started
}

@test "seccomp: the filter works without noNewPrivileges, for root and for others" {
	local filter
	for filter in '.process.user = {uid: 0, gid: 0}' '.process.user = {uid: 1000, gid: 1000}'; do
		run -1 filtered 'grep -E "^(NoNewPrivs|Seccomp|CapPrm):" /proc/self/status; mkdir /dev/shm/x' \
			"$(deny mkdir SCMP_ACT_ERRNO)" "$filter | .process.noNewPrivileges = false"
		[[ $output == *$'NoNewPrivs:\t0\nSeccomp:\t2'* ]] || fail "$output"
		[[ $output == *"Operation not permitted"* ]] || fail "$output"
		# CAP_SYS_ADMIN, which loading it needs, is not left behind.
		[[ $output == *$'CapPrm:\t00000000'[02]'0000'[04][02]'0'* ]] || fail "$output"
	done
}

@test "seccomp: args are compared, all of a rule's on different arguments" {
	local args='"args": [{"index": 0, "value": 1, "op": "SCMP_CMP_EQ"},
		{"index": 1, "value": 15, "op": "SCMP_CMP_EQ"}]'
	run -0 filtered 'trap "echo term" TERM; trap "echo usr1" USR1
		kill -TERM 1 2>/dev/null || echo denied; kill -USR1 1 2>/dev/null || echo denied; true' \
		"$(deny kill SCMP_ACT_ERRNO "$args")"
	[ "$output" = $'denied\nusr1' ]
}

@test "seccomp: two conditions on one argument are alternatives" {
	local args='"args": [{"index": 1, "value": 15, "op": "SCMP_CMP_EQ"},
		{"index": 1, "value": 10, "op": "SCMP_CMP_EQ"}]'
	run -0 filtered 'trap "echo got" TERM USR1 USR2
		for s in TERM USR1 USR2; do kill -$s 1 2>/dev/null || echo denied; done; true' \
		"$(deny kill SCMP_ACT_ERRNO "$args")"
	[ "$output" = $'denied\ndenied\ngot' ]
}

@test "seccomp: a 64-bit value is compared exactly" {
	bundle_script 'trap "echo got" TERM; kill -TERM 1 2>/dev/null || echo denied; true'
	config_with --argjson seccomp "$(deny kill SCMP_ACT_ERRNO \
		'"args": [{"index": 1, "value": "@", "valueTwo": 15, "op": "SCMP_CMP_MASKED_EQ"}]')" \
		'.linux.seccomp = $seccomp'
	sed -i 's/"@"/18446744073709551615/' config.json # jq would round it
	run -0 ocirun run web
	[ "$output" = denied ]
}

@test "seccomp: a call that libseccomp does not know is skipped" {
	run -0 filtered 'echo fine' "$(deny no_such_call SCMP_ACT_ERRNO)"
	[ "$output" = fine ]
}

@test "seccomp: calls newer than a profile of allowed ones answer ENOSYS, so that libraries fall back" {
	require program:python3
	local call='import ctypes, os; libc = ctypes.CDLL(None, use_errno=True); libc.syscall(int(os.environ["N"]));
print(os.strerror(ctypes.get_errno()))'
	bundle_with --arg call "$call" --slurpfile profile "$(docker_seccomp)" '
		.process.args = ["/usr/bin/python3", "-c", $call] | .linux.seccomp = $profile[0] |
		.mounts += [{destination: "/usr", type: "bind", source: "/usr", options: ["rbind", "ro"]}]'
	ln -s usr/lib rootfs/lib
	ln -s usr/lib64 rootfs/lib64
	config_with '.process.env += ["N=1000"]'
	run -0 ocirun run web
	[ "$output" = "Function not implemented" ]
	config_with '.process.env += ["N=246"]' # kexec_load
	run -0 ocirun run web
	[ "$output" = "Operation not permitted" ]
}

@test "seccomp: docker's profile lets a shell live and denies what it should" {
	bundle_script 'echo alive; unshare -r true 2>&1 || true; grep ^Seccomp: /proc/self/status'
	config_with --slurpfile profile "$(docker_seccomp)" '.linux.seccomp = $profile[0]'
	run -0 ocirun run web
	[ "${lines[0]}" = alive ]
	[[ $output == *"Operation not permitted"* ]]
	[[ $output == *$'Seccomp:\t2'* ]]
}

@test "seccomp: flags are applied" {
	run -0 filtered 'grep ^Seccomp: /proc/self/status' \
		"$(deny mkdir SCMP_ACT_ERRNO | jq -c '.flags = ["SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW", "SECCOMP_FILTER_FLAG_TSYNC"]')"
	[ "$output" = $'Seccomp:\t2' ]
}

@test "seccomp: what is not known, or not applied, is refused by its path" {
	local case
	bundle
	while read -r path filter; do
		bundle_with '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", architectures: ["SCMP_ARCH_X86_64"],
			syscalls: [{names: ["kill"], action: "SCMP_ACT_ERRNO",
				args: [{index: 0, value: 1, op: "SCMP_CMP_EQ"}]}]}'
		config_with "$filter"
		run -1 --separate-stderr ocirun create web
		[[ $stderr == *"linux.seccomp$path"* ]] || fail "$path: $stderr"
	done <<-'CASES'
		.defaultAction .linux.seccomp.defaultAction = "SCMP_ACT_FOO"
		.architectures[0] .linux.seccomp.architectures = ["SCMP_ARCH_FOO"]
		.flags .linux.seccomp.flags = ["SECCOMP_FILTER_FLAG_FOO"]
		.syscalls[0].action .linux.seccomp.syscalls[0].action = "SCMP_ACT_FOO"
		.syscalls[0].action .linux.seccomp.syscalls[0].action = "SCMP_ACT_NOTIFY"
		.syscalls[0].args[0].op .linux.seccomp.syscalls[0].args[0].op = "SCMP_CMP_FOO"
		.syscalls[0].args[0].index .linux.seccomp.syscalls[0].args[0].index = 6
		.syscalls[0].names .linux.seccomp.syscalls[0].names = []
		.listenerPath .linux.seccomp.listenerPath = "/run/agent.sock"
	CASES
}

# with_docker_profile - a container that prints what its filter does to mkdir, which is denied here.
with_docker_profile() {
	bundle_script 'mkdir /tmp/x 2>/dev/null && echo made; grep ^Seccomp: /proc/self/status'
	config_with --slurpfile profile "$(docker_seccomp)" '.root.readonly = false | .linux.seccomp =
		($profile[0] | .syscalls |= map(.names -= ["mkdir", "mkdirat"]))'
}

# Inode, time and content: a file that was written again differs in one of them.
cached() { stat -c '%n %i %y' "$ROOT"/.seccomp/*; cat "$ROOT"/.seccomp/* | cksum; }

@test "seccomp: the compiled profile is kept, private, and used again as it is" {
	local first
	with_docker_profile
	run -0 ocirun run web
	[ "$output" = $'Seccomp:\t2' ]
	first=$(cached)
	[ "$(stat -c %a "$ROOT/.seccomp" "$ROOT"/.seccomp/*)" = $'700\n600' ]
	run -0 ocirun run web
	[ "$output" = $'Seccomp:\t2' ]
	[ "$(cached)" = "$first" ]
}

@test "seccomp: a cache that somebody changed is not believed" {
	local file good key
	with_docker_profile
	run -0 ocirun run web
	file=$(echo "$ROOT"/.seccomp/*)
	good=$(cksum <"$file")
	# The filter, behind 32 bytes of header and the key, begins with: return SECCOMP_RET_ALLOW.
	key=$(od -A n -t u8 -j 16 -N 8 "$file")
	printf '\x06\x00\x00\x00\x00\x00\xff\x7f' |
		dd of="$file" bs=1 conv=notrunc status=none seek=$((32 + key))
	[ "$(cksum <"$file")" != "$good" ]
	run -0 ocirun run web
	[ "$output" = $'Seccomp:\t2' ]
	[ "$(cksum <"$file")" = "$good" ]
}

@test "seccomp: each profile has its own file, and list does not see the cache" {
	with_docker_profile
	run -0 ocirun run web
	run -1 filtered 'mkdir /tmp/x' "$(deny mkdir SCMP_ACT_ERRNO)" '.root.readonly = false'
	run -0 ocirun list --quiet
	[ "$output" = "" ]
	[ "$(find "$ROOT/.seccomp" -type f | wc -l)" = 2 ]
}

@test "seccomp: without a cache that can be used the filter is there all the same" {
	with_docker_profile
	run -0 ocirun run web
	rm -r "$ROOT/.seccomp"
	mkdir "$TEST_DIR/elsewhere"
	ln -s "$TEST_DIR/elsewhere" "$ROOT/.seccomp"
	run -0 --separate-stderr ocirun run web
	[ "$output $stderr" = $'Seccomp:\t2 ' ]
	[ "$(ls -A "$TEST_DIR/elsewhere")" = "" ]
	rm "$ROOT/.seccomp"
	mkdir -m 777 "$ROOT/.seccomp"
	run -0 ocirun run web
	[ "$output" = $'Seccomp:\t2' ]
	[ "$(ls -A "$ROOT/.seccomp")" = "" ]
}

@test "seccomp: a file system that is full keeps no part of a file" {
	with_docker_profile
	mkdir -p "$ROOT/.seccomp"
	mount -t tmpfs -o size=4k,mode=700 tmpfs "$ROOT/.seccomp"
	run -0 --separate-stderr ocirun run web
	[ "$output $stderr" = $'Seccomp:\t2 ' ]
	[ "$(ls -A "$ROOT/.seccomp")" = "" ]
	umount "$ROOT/.seccomp"
}
