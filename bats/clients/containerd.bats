#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# containerd runs containers by ocirun: exit codes, errors, options of `ctr run`. What is done to
# running ones: containerd-tasks.bats.
# shellcheck disable=SC2154,SC2016,SC2034 # run sets output and stderr; single quotes hold words of containers

load ../lib/container
load common
load ../lib/monitor
load containerd

setup_file() {
	require root program:containerd
	containerd_start /dev/null && containerd_import default
}

setup() { client_setup /run/containerd/runc/default; }

teardown() {
	containerd_clean
	client_teardown
}

teardown_file() {
	containerd_stop default
	events_validate_kept
}

@test "containerd: ctr run returns the exit code, which ocirun wait and the log tell too" {
	local code
	for code in 0 1 2 42 126 127 128 200 255; do
		run -"$code" ctr_run --rm "code-$code" sh -c "exit $code"
		client_agrees_and_gone "code-$code" "$code"
	done
}

@test "containerd: a container that ends by a signal" {
	local signal
	for signal in 1 6 9 15; do
		run -$((128 + signal)) ctr_run --rm --with-ns=pid:/proc/1/ns/pid "signal-$signal" sh -c "kill -$signal \$\$"
		client_agrees_and_gone "signal-$signal" $((128 + signal))
		journal_has "signal-$signal" exited ".signal == $signal"
	done
}

@test "containerd: stdout and stderr come apart, and stdin arrives" {
	run -0 --separate-stderr ctr_run --rm web sh -c 'echo to stdout; echo to stderr >&2'
	[ "$output" = "to stdout" ]
	[ "$stderr" = "to stderr" ]
	# An end of stdin that comes before the container runs is lost in ctr itself.
	{ echo some words; wait_until journal_has reader started >/dev/null; } 2>/dev/null |
		timeout -k 1 20 ctr run --rm --runc-binary ocirun "$IMAGE" reader cat >"$TEST_DIR/read" 3>&- 4>&-
	[ "$(cat "$TEST_DIR/read")" = "some words" ]
}

@test "containerd: a program that is not there is told as runc tells it, and nothing is left" {
	run -1 ctr_run --rm web no-such-program
	[[ $output == *'OCI runtime create failed:'*'exec: "no-such-program": executable file not found in $PATH'* ]]
	run -1 ctr_run --rm web2 /no/such/program
	[[ $output == *'exec: "/no/such/program": '*'no such file or directory'* ]]
	run -1 ctr_run --rm web3 /etc
	[[ $output == *'exec: "/etc": is a directory (permission denied)'* ]]
	[ -z "$(deadline ctr tasks ls --quiet)" ]
	[ -z "$(containers_left)" ]
}

@test "containerd: what config.json asks in vain is an error that names it" {
	run -1 ctr_run --rm --mount=type=bind,src=/no/such/source,dst=/data,options=rbind web true
	[[ $output == *"OCI runtime create failed:"*"/no/such/source"* ]] || fail "$output"
	[[ $output == *[Nn]"o such file or directory"* ]]
}

# at_terminal ROWSxCOLUMNS ID COMMAND... - ctr run -t by a person whose steps come by stdin; $TEST_DIR/tty
at_terminal() {
	local size=$1
	shift
	timeout -k 1 60 "$LIB_DIR/pty.py" "$TEST_DIR/tty" "$size" \
		ctr run --rm --tty --runc-binary /usr/local/bin/ocirun "$IMAGE" "$@" 3>&- 4>&-
}

@test "containerd: a terminal, whose size follows the window's" {
	# ctr sets the size only after the start.
	at_terminal 30x100 web sh -c 'tty; until [ "$(stty size)" = "30 100" ]; do :; done; echo ready
		until [ "$(stty size)" = "44 77" ]; do :; done; echo follows; exec sh' <<-'STEPS'
		see ready
		size 44x77
		see follows
		type exit 5\n
	STEPS
	grep -q '^/dev/pts/0' "$TEST_DIR/tty"
	grep -q '^status 5, settings kept' "$TEST_DIR/tty" || fail "$(cat "$TEST_DIR/tty")"
	client_agrees_and_gone web 5
}

@test "containerd: --rootfs, --read-only, --no-pivot" {
	cp -a "$(busybox_rootfs)" "$TEST_DIR/rootfs"
	run -0 ctr_run_in "$TEST_DIR/rootfs" --rm --rootfs folder sh -c 'echo made >/made'
	[ "$(cat "$TEST_DIR/rootfs/made")" = made ]
	run -1 ctr_run --rm --read-only fixed touch /made
	[[ $output == *"Read-only file system"* ]]
	run -0 ctr_run --rm --no-pivot moved sh -c 'echo /*'
	[ "$output" = "/bin /dev /etc /home /proc /root /run /sys /tmp /usr /var" ]
}

@test "containerd: user, environment, directory, mounts, capabilities, seccomp" {
	mkdir "$TEST_DIR/data"
	run -0 ctr_run --rm --env=COLOUR=blue --cwd=/tmp --mount="type=bind,src=$TEST_DIR/data,dst=/data,options=rbind:ro" \
		--cap-drop=CAP_CHOWN --seccomp web sh -c \
		'echo $COLOUR; pwd; touch /data/x 2>&1; grep -E "^(CapEff|Seccomp):" /proc/self/status; unshare -m true 2>&1; true'
	[ "${lines[0]}" = blue ]
	[ "${lines[1]}" = /tmp ]
	[[ ${lines[2]} == *"Read-only file system" ]]
	[ "${lines[3]}" = $'CapEff:\t00000000a80425fa' ]
	[ "${lines[4]}" = $'Seccomp:\t2' ]
	[[ $output == *"Operation not permitted"* ]]
}

@test "containerd: --privileged sees all devices and may mount" {
	run -0 ctr_run --rm --privileged web sh -c 'mount -t tmpfs none /tmp && grep CapEff /proc/self/status && ls /dev'
	[ "${lines[0]}" = "$(grep CapBnd /proc/self/status | sed 's/CapBnd/CapEff/')" ]
}

@test "containerd: limits of memory and CPU stand in the cgroup" {
	ctr_run -d --memory-limit=33554432 --cpus=0.5 --cpu-shares=512 web sleep 1000
	local group=/sys/fs/cgroup
	if has_unified; then
		[ "$(cat $group/default/web/memory.max)" = 33554432 ]
		[ "$(cat $group/default/web/cpu.max)" = "50000 100000" ]
	else
		[ "$(cat $group/memory/default/web/memory.limit_in_bytes)" = 33554432 ]
		[ "$(cat $group/cpu/default/web/cpu.cfs_quota_us)" = 50000 ]
		[ "$(cat $group/cpu/default/web/cpu.shares)" = 512 ]
	fi
	deadline ctr tasks kill --signal KILL web
	[ "$(removed web)" = 137 ]
	client_agrees_and_gone web 137
}

@test "containerd: a container beyond its memory is killed, and containerd hears of the OOM" {
	deadline ctr events >"$TEST_DIR/ctr-events" &
	echo $! >>"$TEST_DIR/background"
	wait_until grep -q . /proc/$!/net/unix
	run -137 ctr_run --rm --memory-limit=8388608 web sh -c 'tail /dev/zero & wait $!; exit $?'
	client_agrees_and_gone web 137
	wait_until grep -q ' /tasks/oom ' "$TEST_DIR/ctr-events"
}

@test "containerd: user namespaces by --uidmap and --gidmap" {
	require userns
	# ctr does not pass --runc-binary on beside --uidmap.
	ln -s ocirun /usr/local/bin/runc
	run -0 ctr_run --rm --uidmap=0:100000:65536 --gidmap=0:100000:65536 web \
		sh -c 'id -u; cat /proc/self/uid_map; stat -c %u /bin/busybox'
	[ "${lines[0]}" = 0 ]
	[[ ${lines[1]} =~ ^\ *0\ +100000\ +65536$ ]]
	[ "${lines[2]}" = 0 ]
	client_agrees_and_gone web 0
}

@test "containerd: another --runc-root is where the events are" {
	run -7 ctr_run --rm --runc-root=/run/elsewhere web sh -c 'exit 7'
	ROOT=/run/elsewhere/default
	OCIRUN_CMD=("$OCIRUN" --root "$ROOT")
	client_agrees_and_gone web 7
}

@test "containerd: processes that shared a pid namespace die with the first of them" {
	ctr_run -d base sleep 1000
	run -9 ctr_run --rm "--with-ns=pid:/proc/$(task_pid base)/ns/pid" guest sh -c 'sleep 777 & exit 9'
	run ! pgrep -fx 'sleep 777'
	client_agrees_and_gone guest 9
	container_is base running
	deadline ctr tasks kill --signal KILL base
	[ "$(removed base)" = 137 ]
}

@test "containerd: a stopped monitor delays no client" {
	ctr_run -d web sleep 1000
	local monitor
	monitor=$(monitor_of web)
	kill -STOP "$monitor"
	deadline ctr tasks kill --signal KILL web
	wait_until task_is web STOPPED
	kill -CONT "$monitor"
	[ "$(removed web)" = 137 ]
	client_agrees_and_gone web 137
}

# fast FROM TO - containers that exit at once, one after the other; prints those whose code is wrong
fast() {
	local n status
	for ((n = $1; n < $2; n++)); do
		status=0
		deadline ctr run --rm --null-io --runc-binary ocirun "$IMAGE" "fast-$n" sh -c "exit $((n % 256))" ||
			status=$?
		[ $status = $((n % 256)) ] || echo "fast-$n: ctr says $status"
	done
}

@test "containerd: 200 containers that exit at once, and no wrong code" {
	local n batch
	for batch in 100 150 200 250; do fast $batch $((batch + 50)) >"$TEST_DIR/fast-$batch" 2>&1 3>&- 4>&- & done
	wait
	[ ! -s "$TEST_DIR/fast-100" ] || fail "$(cat "$TEST_DIR"/fast-*)"
	for ((n = 100; n < 300; n++)); do echo "fast-$n $((n % 256))"; done | all_agree_and_gone
}
