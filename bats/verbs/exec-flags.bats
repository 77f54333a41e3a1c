#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What a process of ocirun exec is, looked at from inside: the container's process, changed by a file
# (--process) and by flags.
# shellcheck disable=SC2154,SC2016,SC2030,SC2031,SC2054 # run sets stderr; single quotes hold words of jq and containers

load ../lib/container
load ../lib/exec

setup() {
	require root
	container_setup
}

# is EXPECTED SCRIPT [EXEC_FLAG...] - that is what the script says inside
is() {
	local expected=$1
	shift
	run -0 --separate-stderr inside "$@"
	[ "$output" = "$expected" ] || fail "$*: expected: $expected"$'\n'"seen: $output"
	[ -z "$stderr" ] || fail "stderr: $stderr"
}

# refused TEXT EXEC_FLAG... - with these flags exec ends with 255, and these are its last words
refused() {
	local text=$1
	shift
	run -255 --separate-stderr ocirun exec "$@" web true
	[[ $stderr == *"$text" ]] || fail "expected: $text"$'\n'"seen: $stderr"
}

# status_lines NAME... - a script that prints these lines of /proc/self/status
status_lines() { echo "grep -E '^($(tr ' ' '|' <<<"$*")):' /proc/self/status | tr -s '[:space:]' ' '"; }

USER_NAMESPACE='.linux.namespaces += [{type: "user"}] |
	.linux.uidMappings = [{containerID: 0, hostID: 100000, size: 1000}] |
	.linux.gidMappings = [{containerID: 0, hostID: 100000, size: 2000}]'

open_to_mapped() {
	chmod 711 "$TEST_DIR" "$BUNDLE"
	chown -Rh 100000:100000 "$BUNDLE/rootfs"
}

# ---- as the container's process is ----

# namespaces_of - links of a process's namespaces, one per line
namespaces_of() { (cd "/proc/$1/ns" && for ns in *; do echo "$ns $(readlink "$ns")"; done); }
all_namespaces='cd /proc/self/ns; for ns in *; do echo "$ns $(readlink $ns)"; done'

@test "exec: every namespace is init's" {
	running
	is "$(namespaces_of "$INIT")" "$all_namespaces"
	[ "$output" != "$(namespaces_of self)" ]
}

@test "exec: every namespace is init's where the container has few of its own" {
	running '.linux.namespaces = [{type: "mount"}] | del(.hostname)
		| del(.mounts[] | select(.destination | IN("/sys", "/dev/mqueue")))'
	is "$(namespaces_of "$INIT")" "$all_namespaces"
}

@test "exec: every namespace is init's in a user namespace, too" {
	require userns
	bundle
	open_to_mapped
	running "$USER_NAMESPACE"
	is "$(namespaces_of "$INIT")" "$all_namespaces"
	is "uid=0(root) gid=0(root)" id
}

@test "exec: every namespace is init's with a time namespace" {
	require timens
	running '.linux.namespaces += [{type: "time"}] | .linux.timeOffsets = {boottime: {secs: 1000000}}'
	is "$(namespaces_of "$INIT")" "$all_namespaces"
	is yes 'read up rest </proc/uptime; [ "${up%.*}" -gt 1000000 ] && echo yes'
}

@test "exec: every namespace is init's where some are joined by path" {
	require program:unshare
	unshare --net --uts --ipc sleep 1000 </dev/null >/dev/null 2>&1 3>&- 4>&- &
	echo $! >>"$TEST_DIR/background"
	local path=/proc/$!/ns
	wait_until different_namespace "$!" net
	running '(.linux.namespaces[] | select(.type | IN("network", "uts", "ipc"))) |=
		(.path = "'"$path"'/" + {network: "net", uts: "uts", ipc: "ipc"}[.type]) | del(.hostname)'
	[ "$(readlink "/proc/$INIT/ns/net")" = "$(readlink "$path/net")" ]
	is "$(namespaces_of "$INIT")" "$all_namespaces"
}

different_namespace() { [ "$(readlink "/proc/$1/ns/$2")" != "$(readlink "/proc/self/ns/$2")" ]; }

@test "exec: it is in init's cgroup of every hierarchy" {
	running
	local pid
	ocirun exec --detach --pid-file "$TEST_DIR/pid" web sleep 1000
	pid=$(cat "$TEST_DIR/pid")
	diff "/proc/$INIT/cgroup" "/proc/$pid/cgroup"
	grep -q /ocirun/web "/proc/$pid/cgroup"
	is "$(grep -c . "/proc/$INIT/cgroup")" 'grep -c ":/$" /proc/self/cgroup'
}

@test "exec: root, mounts and host name are the container's" {
	running
	is "$(readlink "/proc/$INIT/root")" 'readlink /proc/self/root'
	is "$(awk '{ print $5 }' "/proc/$INIT/mountinfo")" 'awk "{ print \$5 }" /proc/self/mountinfo'
	is ocirun hostname
	is "touch: /x: Read-only file system" 'touch /x 2>&1 || true'
}

@test "exec: capabilities and no_new_privs are the container's" {
	running
	is "$(eval "$(status_lines CapInh CapPrm CapEff CapBnd CapAmb NoNewPrivs | sed "s|self|$INIT|")")" \
		"$(status_lines CapInh CapPrm CapEff CapBnd CapAmb NoNewPrivs)"
	[[ $output == *"CapInh: 0000000000000000"*"CapEff: 0000000020000420"*"NoNewPrivs: 1"* ]] || fail "$output"
}

@test "exec: a container without capability sets and no_new_privs has processes without them" {
	running 'del(.process.capabilities, .process.noNewPrivileges)'
	is "$(eval "$(status_lines CapInh CapPrm CapEff CapBnd CapAmb NoNewPrivs | sed "s|self|$INIT|")")" \
		"$(status_lines CapInh CapPrm CapEff CapBnd CapAmb NoNewPrivs)"
}

@test "exec: the seccomp filter is the container's, with no_new_privs and without" {
	local nnp
	for nnp in true false; do
		running '.process.noNewPrivileges = '$nnp' | .process.capabilities[] += ["CAP_SYS_ADMIN"] |
			.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", architectures: ["SCMP_ARCH_X86_64", "SCMP_ARCH_AARCH64"],
			syscalls: [{names: ["sethostname"], action: "SCMP_ACT_ERRNO", errnoRet: 95}]}'
		is "Seccomp: 2 Seccomp_filters: 1" "$(status_lines Seccomp Seccomp_filters) | paste -sd ' ' | sed 's/ *$//;s/  / /g'"
		run -1 --separate-stderr inside 'hostname x'
		[[ $stderr == *"Operation not supported"* ]] || fail "$stderr"
		ocirun delete --force web
	done
}

@test "exec: without a filter in the container it has none" {
	running
	is "Seccomp: 0" "$(status_lines Seccomp) | sed 's/ *$//'"
}

@test "exec: rlimits, umask and oom_score_adj are the container's" {
	running '.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 33, hard: 44}, {type: "RLIMIT_CORE", soft: 0, hard: 0}]
		| .process.user.umask = 23 | .process.oomScoreAdj = 222'
	is $'33\n44\n0\n0027\n222' 'ulimit -n; ulimit -Hn; ulimit -c; umask; cat /proc/self/oom_score_adj'
}

@test "exec: oom_score_adj is the caller's where the container says nothing" {
	running
	OCIRUN_CMD=(sh -c 'echo 321 >/proc/self/oom_score_adj; exec "$@"' sh "${OCIRUN_CMD[@]}")
	is 321 'cat /proc/self/oom_score_adj'
}

@test "exec: signals are neither blocked nor ignored, whatever the caller did" {
	running
	OCIRUN_CMD=(env --ignore-signal=TERM,USR1,PIPE --block-signal=HUP,USR2 "${OCIRUN_CMD[@]}")
	run -0 ocirun exec web grep -E '^Sig(Blk|Ign):' /proc/self/status
	[ "$output" = $'SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000' ] || fail "$output"
}

@test "exec: it is a session and a process group of its own" {
	running
	is $'same\nno terminal' 'set -- $(cat /proc/$$/stat); [ "$1" = "$5" ] && [ "$1" = "$6" ] && echo same
		[ "$7" = 0 ] && echo "no terminal"'
}

@test "exec: its session keyring is the container's" {
	require program:python3
	bundle_with '.process.args = ["sh", "-c", "cat /proc/keys; sleep 1000"] | .process.user = {uid: 1234, gid: 1234}
		| del(.linux.maskedPaths)'
	OCIRUN_CMD=("$LIB_DIR/in-keyring.py" ocirun-test "${OCIRUN_CMD[@]}")
	run_web
	wait_until grep -q _ses.web <(container_output web)
	local serial
	serial=$(container_output web | awk '/_ses.web/ { print $1 }')
	run -0 inside 'cat /proc/keys'
	[[ $output == *"$serial"*_ses.web* && $output != *ocirun-test* ]] || fail "$serial: $output"
}

@test "exec: no descriptor but the streams is there, whatever the caller has open" {
	running
	local status=0
	"${OCIRUN_CMD[@]}" exec web sh -c 'ls /proc/$$/fd; true' </dev/null >"$TEST_DIR/out" 2>&1 \
		3<"$SOURCE_DIR" 4<"$SOURCE_DIR" 9<"$SOURCE_DIR" 77<"$SOURCE_DIR" || status=$?
	[ "$status" = 0 ]
	[ "$(paste -sd ' ' "$TEST_DIR/out")" = "0 1 2" ] || fail "$(cat "$TEST_DIR/out")"
}

@test "exec: with the caller's streams closed there is no descriptor of the host in their place" {
	running
	"${OCIRUN_CMD[@]}" exec --detach --pid-file "$TEST_DIR/pid" web sleep 1000 <&- >&- 2>&- 3>&- 4>&-
	run -0 find "/proc/$(cat "$TEST_DIR/pid")/fd" -type l -printf '%f %l\n'
	[ "$(sort <<<"$output")" = $'0 /dev/null\n1 /dev/null\n2 /dev/null' ] || fail "$output"
}

@test "exec: in a container of an ordinary user it is as in another, and is that user's" {
	require userns program:setpriv program:script
	bundle
	# The build directory may be closed to others.
	cp "$OCIRUN" "$(dirname "$OCIRUN")/ocirun-monitor" "$TEST_DIR"
	chown -Rh 1234:1234 "$TEST_DIR"
	OCIRUN_CMD=(setpriv --reuid 1234 --regid 1234 --clear-groups "$TEST_DIR/ocirun" --root "$ROOT")
	ocirun spec --rootless --bundle "$TEST_DIR"
	jq '.process.terminal = false | .process.args = ["sleep", "10000"]' "$TEST_DIR/config.json" >config.json
	run_web
	is "$(namespaces_of "$INIT")" "$all_namespaces"
	is "uid=0(root) gid=0(root)" id
	run -9 --separate-stderr inside 'exit 9'
	[ -z "$stderr" ] || fail "$stderr"
	refused '--user: 1 is not in linux.uidMappings' --user 1
	ocirun exec --detach --exec-id job --pid-file "$TEST_DIR/pid" web \
		sh -c 'until [ -e /go ]; do sleep 0.02; done; exit 8'
	[ "$(stat -c %u "/proc/$(cat "$TEST_DIR/pid")")" = 1234 ]
	touch rootfs/go
	exec_exited job 8 null
	run script -qec "$(printf '%q ' "${OCIRUN_CMD[@]}") exec --tty web tty" /dev/null </dev/null
	[[ $output == /dev/pts/0* ]] || fail "$output"
}

# ---- environment and HOME ----

@test "exec: the environment is the container's, and nothing of the caller's" {
	running '.process.env += ["A=of the container"]'
	SECRET_OF_CALLER=hidden run -0 ocirun exec web env
	[[ $output == *"A=of the container"* && $output == *PATH=* ]] || fail "$output"
	[[ $output != *SECRET* ]]
}

@test "exec: --env adds and replaces" {
	running '.process.env += ["A=1", "AB=2"]'
	run -0 ocirun exec --env A=3 -e "B=x y=z" -e C= -env=A=4 web env
	[ "$(grep -E '^(A|AB|B|C)=' <<<"$output" | sort | paste -sd '|')" = "A=4|AB=2|B=x y=z|C=" ] || fail "$output"
	refused '--env: "A" is not of the form NAME=value' --env A
	refused "--env: \"=x\" has no name before '='" --env "=x"
}

@test "exec: HOME is the user's of the container's passwd, unless it is given" {
	running
	is /root 'echo $HOME'
	is / 'echo $HOME' --user 65534
	is / 'echo $HOME' --user 4711
	is /tmp 'echo $HOME' --env HOME=/tmp
}

@test "exec: --env PATH is where the command is looked for" {
	running '.root.readonly = false'
	mkdir rootfs/tools
	ln -s /bin/busybox rootfs/tools/hostname
	run -0 ocirun exec --env PATH=/tools web hostname
	[ "$output" = ocirun ]
	run -255 ocirun exec --env PATH=/tools web sh
	cp rootfs/bin/busybox rootfs/tools/echo
	run -0 ocirun exec --cwd /tools --env PATH=/proc/self/cwd web echo here
	[ "$output" = here ]
}

# ---- user and groups ----

@test "exec: --user is a number, and the group stays unless it is given" {
	running '.process.user = {uid: 5, gid: 6, additionalGids: [7]}'
	local ids='grep -E "^(Uid|Gid|Groups):" /proc/self/status | tr -s "[:space:]" " "'
	is "Uid: 5 5 5 5 Gid: 6 6 6 6 Groups: 7 " "$ids"
	is "Uid: 1000 1000 1000 1000 Gid: 6 6 6 6 Groups: 7 " "$ids" --user 1000
	is "Uid: 1 1 1 1 Gid: 2 2 2 2 Groups: 7 " "$ids" -u 1:2
	is "Uid: 0 0 0 0 Gid: 0 0 0 0 Groups: 7 " "$ids" -u 0:0
	is "Uid: 4294967294 4294967294 4294967294 4294967294 Gid: 2147483648 2147483648 2147483648 2147483648 Groups: 7 " \
		"$ids" --user 4294967294:2147483648
}

@test "exec: --additional-gids adds groups" {
	running '.process.user.additionalGids = [7, 3]'
	is "Groups: 3 7 20 4294967294 " 'grep ^Groups: /proc/self/status | tr -s "[:space:]" " "' \
		--additional-gids 20 -g 7 -g 4294967294
	refused '--additional-gids: must be a GID in decimal, not "1,2"' -g 1,2
	refused '--additional-gids: an ID must be from 0 to 4294967294: "4294967295"' -g 4294967295
}

@test "exec: --user and groups in a user namespace are of there, and must be mapped" {
	require userns
	bundle
	open_to_mapped
	running "$USER_NAMESPACE"
	is "999 1999" 'echo $(id -u) $(id -g)' --user 999:1999
	refused '--user: 1000 is not in linux.uidMappings' --user 1000
	refused '--user: 2000 is not in linux.gidMappings' --user 1:2000
	refused '--additional-gids: 2000 is not in linux.gidMappings' -g 2000
	process_file '.user.uid = 1000'
	refused "$PROCESS: user.uid: 1000 is not in linux.uidMappings" --process "$PROCESS"
}

# ---- cwd ----

@test "exec: the cwd is the container's, or --cwd" {
	running '.process.cwd = "/tmp"'
	is /tmp pwd
	is /proc/1 pwd --cwd /proc/1
	is "(cut)" 'cut -d" " -f2 stat' --cwd /proc/self
	is /usr/bin pwd --cwd=/usr/../usr/bin/
	refused '--cwd: must be an absolute path, not "tmp"' --cwd tmp
	refused 'process.cwd: chdir /nowhere: No such file or directory' --cwd /nowhere
	refused 'process.cwd: chdir /etc/passwd: Not a directory' --cwd /etc/passwd
}

# ---- capabilities ----

@test "exec: --cap adds to bounding, effective and permitted, and never to inheritable" {
	running
	# AUDIT_WRITE 29, NET_BIND_SERVICE 10 and KILL 5 are the container's; NET_RAW 13, SYS_CHROOT 18
	is "CapInh: 0000000000000000 CapPrm: 0000000020042420 CapEff: 0000000020042420 CapBnd: 0000000020042420 CapAmb: 0000000000000000" \
		"$(status_lines CapInh CapPrm CapEff CapBnd CapAmb) | paste -sd ' ' | sed 's/ *$//;s/  / /g'" --cap CAP_NET_RAW -c sys_chroot
	refused '--cap: unknown capability "CAP_FLY"' --cap CAP_FLY
}

@test "exec: --cap is ambient where it is inheritable, so that it reaches a user's programs" {
	running '.process.capabilities |= (.inheritable = ["CAP_CHOWN"] | .bounding += ["CAP_CHOWN"])'
	is "CapInh: 0000000000000001 CapEff: 0000000000000001 CapAmb: 0000000000000001" \
		"$(status_lines CapInh CapEff CapAmb) | paste -sd ' ' | sed 's/ *$//;s/  / /g'" --cap CHOWN --user 1234
	is "CapInh: 0000000000000001 CapEff: 0000000000000000 CapAmb: 0000000000000000" \
		"$(status_lines CapInh CapEff CapAmb) | paste -sd ' ' | sed 's/ *$//;s/  / /g'" --cap NET_RAW --user 1234
}

@test "exec: --no-new-privs sets it" {
	running '.process.noNewPrivileges = false'
	is "NoNewPrivs: 0" "$(status_lines NoNewPrivs) | sed 's/ *$//'"
	is "NoNewPrivs: 1" "$(status_lines NoNewPrivs) | sed 's/ *$//'" --no-new-privs
}

@test "exec: labels that cannot be applied are refused, never dropped" {
	# Neither a kernel without them knows these, nor one that has them.
	running
	local flag
	for flag in --apparmor=some-profile --process-label=system_u:system_r:container_t:s0; do
		run -255 --separate-stderr ocirun exec "$flag" web true
		[ -n "$stderr" ]
		[[ $stderr == *"${flag%%=*}"* || $stderr == *apparmor* || $stderr == *[lL]abel* ]] || fail "$stderr"
	done
}

# ---- descriptors ----

# with_fds COMMAND... - run it with 3 to 7 open; what it says
with_fds() {
	"$@" </dev/null >"$TEST_DIR/out" 2>&1 3<"$TEST_DIR/3" 4<"$TEST_DIR/4" 5<"$TEST_DIR/5" \
		6<"$TEST_DIR/6" 7<"$TEST_DIR/7"
	cat "$TEST_DIR/out"
}

@test "exec: --preserve-fds and LISTEN_FDS hand on descriptors from 3, and no other" {
	local i script='for fd in 3 4 5 6 7; do { read line <&$fd && echo "$fd $line"; } 2>/dev/null; done
		echo "$LISTEN_FDS:$LISTEN_FDNAMES"; [ "$LISTEN_PID" = $$ ] && echo mine; true'
	for i in 3 4 5 6 7; do echo "file $i" >"$TEST_DIR/$i"; done
	running
	run -0 with_fds "${OCIRUN_CMD[@]}" exec web sh -c "$script"
	[ "$output" = ":" ] || fail "$output"
	run -0 with_fds "${OCIRUN_CMD[@]}" exec --preserve-fds 2 web sh -c "$script"
	[ "$output" = $'3 file 3\n4 file 4\n:' ] || fail "$output"
	run -0 with_fds env LISTEN_FDS=1 LISTEN_FDNAMES=web "${OCIRUN_CMD[@]}" exec --preserve-fds 2 web sh -c "$script"
	[ "$output" = $'3 file 3\n4 file 4\n5 file 5\n1:web\nmine' ] || fail "$output"
	refused "--preserve-fds 1: descriptor 3 is not open" --preserve-fds 1
	refused '"-1"; a number from 0 to 2147483647 is needed' --preserve-fds=-1
}

@test "exec: --pidfd-socket gets a pidfd of the process" {
	require program:python3
	running
	"$LIB_DIR/pidfd.py" "$TEST_DIR/socket" "$TEST_DIR/got" </dev/null >/dev/null 3>&- 4>&- &
	echo $! >>"$TEST_DIR/background"
	wait_until test -S "$TEST_DIR/socket"
	ocirun exec --detach --pid-file "$TEST_DIR/pid" --pidfd-socket "$TEST_DIR/socket" web sleep 1000
	wait_until test -s "$TEST_DIR/got"
	[ "$(cat "$TEST_DIR/got")" = "pidfd 1 $(cat "$TEST_DIR/pid")" ] || fail "$(cat "$TEST_DIR/got")"
	kill -9 "$(cat "$TEST_DIR/pid")"
	wait_until grep -qx ended "$TEST_DIR/got"
	refused "--pidfd-socket $TEST_DIR/nobody: connect: No such file or directory" --pidfd-socket "$TEST_DIR/nobody"
}

# ---- cgroups ----

# sub_cgroups NAME - make NAME below the container's cgroup in every hierarchy
sub_cgroups() {
	local path
	find /sys/fs/cgroup -type d -path '*/ocirun/web' | while read -r path; do
		mkdir "$path/$1"
		if [ -e "$path/cpuset.cpus" ] && [ ! -e "$path/cgroup.controllers" ]; then
			cat "$path/cpuset.cpus" >"$path/$1/cpuset.cpus"
			cat "$path/cpuset.mems" >"$path/$1/cpuset.mems"
		fi
	done
}

@test "exec: --cgroup is a cgroup below the container's, in every hierarchy" {
	running
	sub_cgroups sub
	is "" 'grep -v ":/sub$" /proc/self/cgroup || true' --cgroup sub
	is "" 'grep -v ":/sub$" /proc/self/cgroup || true' --cgroup /sub
	is "" 'grep -v ":/$" /proc/self/cgroup || true'
	is "" 'grep -v ":/$" /proc/self/cgroup || true' --cgroup /
}

@test "exec: --cgroup CONTROLLERS:PATH is for those of v1 alone" {
	require cgroup1 controller:pids controller:memory
	running
	sub_cgroups sub
	is "pids" 'grep ":/sub$" /proc/self/cgroup | cut -d: -f2' --cgroup pids:sub
	is $'memory\npids' 'grep ":/sub$" /proc/self/cgroup | cut -d: -f2 | sort' --cgroup pids:sub --cgroup memory:/sub
}

@test "exec: a --cgroup that is not there, or not below the container's, is refused" {
	running
	local path
	for path in nowhere ../web ../../.. /.. a/../../b; do
		run -255 --separate-stderr ocirun exec --cgroup "$path" web true
		[[ $stderr == *"--cgroup"*"$path"* ]] || fail "$path: $stderr"
	done
	require cgroup1
	run -255 --separate-stderr ocirun exec --cgroup nothing:/ web true
	[[ $stderr == *"--cgroup"*nothing* ]] || fail "$stderr"
}

# ---- CPUs ----

@test "exec: execCPUAffinity.final is where it runs, and is not init's" {
	[ "$(nproc)" -ge 2 ] || skip "needs two CPUs"
	running '.process.execCPUAffinity = {initial: "0", final: "1"}'
	is "Cpus_allowed_list: 1" "$(status_lines Cpus_allowed_list) | sed 's/ *$//'"
	[ "$(awk '/^Cpus_allowed_list/ { print $2 }' "/proc/$INIT/status")" = "$(awk '/^Cpus_allowed_list/ { print $2 }' /proc/self/status)" ]
	process_file '.args = ["grep", "Cpus_allowed_list", "/proc/self/status"] | .execCPUAffinity = {final: "0"}'
	run -0 ocirun exec --process "$PROCESS" web
	[ "$output" = $'Cpus_allowed_list:\t0' ] || fail "$output"
	process_file '.args = ["true"] | .execCPUAffinity = {initial: "8191"}'
	run -255 --separate-stderr ocirun exec --process "$PROCESS" web
	[[ $stderr == *execCPUAffinity* ]] || fail "$stderr"
}

# ---- --process ----

@test "exec: --process is the whole process, and what it leaves out of limits is the container's" {
	running '.process.env += ["A=1"] | .process.cwd = "/tmp" | .process.oomScoreAdj = 222 | .process.user.uid = 5'
	process_file '.args = ["sh", "-c", "env | sort; pwd; id -u; ulimit -n; cat /proc/self/oom_score_adj; grep NoNew /proc/self/status"]
		| .env += ["B=2"]'
	run -0 --separate-stderr ocirun exec --process "$PROCESS" web
	[ "$(grep -v '^\(HOME\|PWD\|SHLVL\|OLDPWD\)=' <<<"$output")" = $'B=2\nPATH=/bin\n/\n0\n1024\n222\nNoNewPrivs:\t1' ] || fail "$output"
	process_file '.args = ["sh", "-c", "ulimit -n; cat /proc/self/oom_score_adj; id -u; grep -E \"CapBnd|NoNew\" /proc/self/status"]
		| .rlimits = [{type: "RLIMIT_NOFILE", soft: 9, hard: 9}] | .oomScoreAdj = 111 | .user.uid = 3
		| .capabilities = {bounding: ["CAP_CHOWN"]} | .noNewPrivileges = false'
	run -0 --separate-stderr ocirun exec -p "$PROCESS" web
	[ "$output" = $'9\n111\n3\nCapBnd:\t0000000000000001\nNoNewPrivs:\t0' ] || fail "$output"
}

@test "exec: flags change what --process says, and a command its arguments" {
	running
	process_file '.args = ["false"] | .env += ["A=1"] | .user.uid = 9'
	is "8 2 /tmp" 'echo $(id -u) $A $(pwd)' --process "$PROCESS" --user 8 --env A=2 --cwd /tmp
}

@test "exec: --process may be a pipe, and errors in it name file and place" {
	running
	local status=0
	jq -n '{cwd: "/", args: ["echo", "piped"]}' |
		"${OCIRUN_CMD[@]}" exec --process /dev/stdin web >"$TEST_DIR/out" 2>&1 3>&- 4>&- || status=$?
	[ "$status $(cat "$TEST_DIR/out")" = "0 piped" ] || fail "$(cat "$TEST_DIR/out")"
	process_file '.user.uid = -1'
	refused "$PROCESS: user.uid: must be from 0 to 4294967294, not -1" --process "$PROCESS"
	process_file 'del(.cwd)'
	refused "$PROCESS: cwd: must be given" --process "$PROCESS"
	refused "$TEST_DIR/nothing: No such file or directory" --process "$TEST_DIR/nothing"
	process_file '.scheduler = {policy: "SCHED_FIFO"}'
	run -255 --separate-stderr ocirun exec --process "$PROCESS" web
	[[ $stderr == *"$PROCESS: scheduler"* ]] || fail "$stderr"
}

@test "exec: the container's configuration is the one of create, whatever became of the bundle" {
	running '.process.env += ["A=1"]'
	config_with '.process.env = ["A=2"]'
	is 1 'echo $A'
	rm config.json
	is 1 'echo $A'
}

@test "exec: as clients call it" {
	running
	process_file '.args = ["sh", "-c", "exit 6"]'
	# conmon, go-runc, conmon-rs, cri-o
	ocirun exec --pid-file "$TEST_DIR/pid" --process "$PROCESS" --detach web
	rm "$TEST_DIR/pid"
	ocirun --log "$TEST_DIR/log" --log-format json exec --process "$PROCESS" --detach --pid-file "$TEST_DIR/pid" web
	[ -s "$TEST_DIR/pid" ]
	ocirun exec -d --pid-file="$TEST_DIR/pid" web sh -c true
	run -6 ocirun exec --process "$PROCESS" web
	run -6 ocirun exec -no-subreaper -process "$PROCESS" web
	[ ! -s "$TEST_DIR/log" ]
	process_file '.args = ["nothing"]'
	run -255 ocirun --log "$TEST_DIR/log" --log-format json exec --process "$PROCESS" --detach web
	jq -es 'length == 1 and .[0].level == "error" and (.[0].msg | test("executable file not found in \\$PATH"))' "$TEST_DIR/log" ||
		fail "$(cat "$TEST_DIR/log")"
}
