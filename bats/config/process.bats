#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# config.json's process section but for capabilities and limits, which have files of their own.

load ../lib/container

setup() {
	require root
	container_setup
}

# runs SCRIPT [JQ_FILTER] - the container's output, and its exit status
runs() {
	bundle_script "$1"
	[ -z "${2:-}" ] || config_with "$2"
	ocirun run web
}

@test "process: args are handed on as they are, empty ones and blanks included" {
	bundle_with '.process.args = ["sh", "-c", "for a; do echo \"<$a>\"; done", "x", "", "a b", "*", "é"]'
	run -0 ocirun run web
	[ "$output" = $'<>\n<a b>\n<*>\n<é>' ]
}

@test "process: env is exactly what the configuration lists, the last of two alike" {
	run -0 runs 'env | sort' '.process.env = ["PATH=/bin", "A=1", "B=x=y", "EMPTY=", "A=2"]'
	[ "$(grep -Ev '^(PWD|SHLVL|HOME|OLDPWD)=' <<<"$output")" = $'A=2\nB=x=y\nEMPTY=\nPATH=/bin' ]
}

@test "process: nothing of the caller's environment gets in" {
	LD_LIBRARY_PATH=/nowhere OF_THE_CALLER=1 run -0 runs env
	[[ $output != *OF_THE_CALLER* && $output != *LD_LIBRARY_PATH* ]]
}

@test "process: uid, gid and supplementary groups are exactly those given" {
	run -0 runs 'grep -E "^(Uid|Gid|Groups):" /proc/self/status' \
		'.process.user = {uid: 1000, gid: 100, additionalGids: [7, 4294967294, 7]}'
	[ "${lines[0]}" = $'Uid:\t1000\t1000\t1000\t1000' ]
	[ "${lines[1]}" = $'Gid:\t100\t100\t100\t100' ]
	[[ ${lines[2]} =~ ^Groups:$'\t''7 4294967294 '*$ ]]
}

@test "process: without additionalGids there are no groups, not the caller's (CVE-2022-2995)" {
	run -0 runs 'grep ^Groups: /proc/self/status'
	[[ $output =~ ^Groups:[[:space:]]*$ ]]
}

@test "process: a numeric user is never looked up in the image's passwd (CVE-2016-3697)" {
	bundle_script 'grep ^Uid: /proc/self/status'
	config_with '.process.user = {uid: 1000, gid: 1000}'
	echo '1000:x:0:0::/:/bin/sh' >>rootfs/etc/passwd
	run -0 ocirun run web
	[ "$output" = $'Uid:\t1000\t1000\t1000\t1000' ]
}

@test "process: umask is 022, or the one given" {
	run -0 runs umask
	[ "$output" = 0022 ]
	run -0 runs umask '.process.user.umask = 63'
	[ "$output" = 0077 ]
}

@test "process: cwd is where it starts" {
	run -0 runs pwd '.process.cwd = "/usr/bin"'
	[ "$output" = /usr/bin ]
}

@test "process: a missing cwd is made for the process's user, below a mount too" {
	run -0 runs 'pwd; stat -c "%u %g %a" .' \
		'.process.cwd = "/tmp/a/b" | .process.user = {uid: 12, gid: 34} |
		.mounts += [{destination: "/tmp", type: "tmpfs", source: "tmpfs", options: ["mode=755"]}]'
	[ "$output" = $'/tmp/a/b\n12 34 755' ]
}

@test "process: a cwd that is a file is an error that names it" {
	bundle_with '.process.cwd = "/etc/passwd"'
	run -1 --separate-stderr ocirun create web
	[[ $stderr == *cwd*"/etc/passwd"*"Not a directory"* ]]
}

@test "process: a cwd outside of the root is refused in every spelling (CVE-2024-21626)" {
	local fd cwd
	exec 17</tmp
	for fd in 3 4 5 6 7 8 9 10 12 17; do
		bundle_with --arg cwd "/proc/self/fd/$fd" '.process.cwd = $cwd'
		run -1 --separate-stderr ocirun run "web$fd"
		[[ $stderr == *cwd* ]] || fail "$fd: $stderr"
	done
	for cwd in /link /dev/fd/17 /proc/1/fd/17 /proc/./self/fd/17; do
		bundle_with --arg cwd "$cwd" '.process.cwd = $cwd'
		ln -sfn /proc/self/fd/17 rootfs/link
		run -1 --separate-stderr ocirun run web
		[[ $stderr == *cwd* ]] || fail "$cwd: $stderr"
	done
	exec 17<&-
}

@test "process: a program is searched in the container's PATH, not the caller's" {
	bundle_with '.process.args = ["hidden"] | .process.env = ["PATH=/nothing:/opt/in"]'
	mkdir -p rootfs/opt/in
	printf '#!/bin/sh\necho found\n' >rootfs/opt/in/hidden
	chmod +x rootfs/opt/in/hidden
	run -0 ocirun run web
	[ "$output" = found ]
	config_with '.process.env = ["PATH=/bin"]'
	PATH=$BUNDLE/rootfs/opt/in:$PATH run -1 ocirun run web
}

@test "process: a program that is not there is an error of create, in the words clients know" {
	bundle_with '.process.args = ["no-such-program"]'
	run -1 --separate-stderr ocirun create web
	[[ $stderr == *'exec: "no-such-program": executable file not found in $PATH'* ]]
	config_with '.process.args = ["/no/such/program"]'
	run -1 --separate-stderr ocirun create web
	[[ $stderr == *'exec: "/no/such/program": no such file or directory'* ]]
	run -1 ocirun run web
}

@test "process: a program that cannot be run is an error of create" {
	local program
	for program in /etc /etc/passwd /dev/null; do
		bundle_with --arg program "$program" '.process.args = [$program]'
		run -1 --separate-stderr ocirun create web
		[[ $stderr == *"exec: \"$program\": permission denied"* ||
			$stderr == *"exec: \"$program\": is a directory"* ]] || fail "$stderr"
		run -1 ocirun run web
	done
}

@test "process: what only execve can tell is an error of start" {
	bundle_with '.process.args = ["/bad"]'
	echo 'no interpreter line' >rootfs/bad
	chmod +x rootfs/bad
	ocirun create web
	run -1 --separate-stderr ocirun start web
	[[ $stderr == *'exec: "/bad": exec format error'* ]]
	wait_until container_is web stopped
	journal_has web exited '.exitCode == 126 and .reason == "exec-failed"'
	ocirun delete web
	printf '#!/no/interpreter\n' >rootfs/bad
	ocirun create web
	run -1 --separate-stderr ocirun start web
	[[ $stderr == *'exec: "/bad": no such file or directory'* ]]
	wait_until container_is web stopped
	journal_has web exited '.exitCode == 127 and .reason == "exec-failed"'
}

@test "process: oomScoreAdj is applied" {
	run -0 runs 'cat /proc/self/oom_score_adj' '.process.oomScoreAdj = 500'
	[ "$output" = 500 ]
}

@test "process: noNewPrivileges is what the configuration says" {
	run -0 runs 'grep NoNewPrivs /proc/self/status'
	[ "$output" = $'NoNewPrivs:\t1' ]
	run -0 runs 'grep NoNewPrivs /proc/self/status' '.process.noNewPrivileges = false'
	[ "$output" = $'NoNewPrivs:\t0' ]
}

@test "process: no descriptor but 0, 1 and 2, whatever the caller has open" {
	exec 21</ 22</etc/passwd 150>/dev/null
	run -0 runs 'ls /proc/$$/fd; :'
	exec 21<&- 22<&- 150>&-
	# 10 is the shell's own
	[[ $output = $'0\n1\n2' || $output = $'0\n1\n10\n2' ]] || fail "$output"
}

@test "process: no signal is blocked or ignored, whatever the caller did" {
	bundle_script 'exec grep -E "^Sig(Blk|Ign):" /proc/self/status'
	require program:python3
	# 32 and 33 too, which libc keeps for itself.
	OCIRUN_CMD=(python3 -c 'import ctypes, os, signal, sys
libc = ctypes.CDLL(None)
ignore = (ctypes.c_ulong * 4)(1)
rt_sigaction = {"x86_64": 13, "aarch64": 134}[os.uname().machine]
for number in 10, 13, 32, 33: libc.syscall(rt_sigaction, number, ignore, None, 8)
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR2})
os.execv(sys.argv[1], sys.argv[1:])' "${OCIRUN_CMD[@]}")
	run -0 ocirun run web
	[ "$output" = $'SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000' ]
}

@test "process: /proc/self/exe of a created container is not ocirun (CVE-2019-5736)" {
	bundle_with '.process.args = ["sleep", "60"]'
	ocirun create web
	local exe=/proc/$(container_pid web)/exe
	[[ $(readlink "$exe") == "/memfd:"* ]]
	run ! cmp -s "$exe" "$OCIRUN"
	run ! sh -c "exec 3<>$exe && echo x >&3"
	run ! truncate -s 0 "$exe"
}

@test "process: args that name /proc/self/exe run nothing of ocirun's (CVE-2019-5736)" {
	local before after
	before=$(sha256sum "$OCIRUN")
	bundle_with '.process.args = ["/proc/self/exe", "--version"]'
	run ocirun run web
	[ "$status" != 0 ]
	[[ $output != *"ocirun version"* && $output != *"spec:"* ]]
	after=$(sha256sum "$OCIRUN")
	[ "$before" = "$after" ]
}
