#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What `ctr tasks` does to containers of ocirun: states, signals, ps, pause, metrics, exec, delete; and
# what becomes of them when a shim or containerd itself dies.
# shellcheck disable=SC2154,SC2016 # run sets output and stderr; single quotes hold words of containers

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

# kill_and_remove ID - and what containerd and ocirun say of it
kill_and_remove() {
	deadline ctr tasks kill --signal KILL "$1"
	[ "$(removed "$1")" = 137 ]
	client_agrees_and_gone "$1" 137
}

@test "containerd: the states of a task are those of the container" {
	# It has no option for the program: "runc" of PATH it is.
	ln -sf ocirun /usr/local/bin/runc
	deadline ctr containers create "$IMAGE" web sleep 1000
	deadline ctr tasks start --detach --null-io web
	task_is web RUNNING
	container_is web running
	[ "$(container_pid web)" = "$(task_pid web)" ]
	deadline ctr tasks kill --signal KILL web
	wait_until task_is web STOPPED
	container_is web stopped
	[ "$(removed web)" = 137 ]
	client_agrees_and_gone web 137
}

@test "containerd: attached, ctr waits for the exit code" {
	ctr_run -d --null-io web sh -c 'until [ -e /end ]; do sleep 0.02; done; exit 33'
	deadline ctr tasks attach web >"$TEST_DIR/attached" 2>&1 &
	local attached=$! status=0
	background waiter wait web
	touch "/proc/$(task_pid web)/root/end"
	background_returns 33
	wait "$attached" || status=$?
	[ "$status" = 33 ] || fail "ctr tasks attach: status $status: $(cat "$TEST_DIR/attached")"
	deadline ctr containers delete web
	client_agrees_and_gone web 33
}

@test "containerd: signals reach init, or with --all every process" {
	ctr_run -d web sh -c 'trap "echo got >/got" USR1; trap "exit 12" TERM; touch /ready; while :; do sleep 0.02; done'
	local root
	root=/proc/$(task_pid web)/root
	wait_until test -e "$root/ready"
	deadline ctr tasks kill --signal SIGUSR1 web
	wait_until test -e "$root/got"
	journal_has web signaled '.signal == 10 and .all == false'
	deadline ctr tasks kill web
	[ "$(removed web)" = 12 ]
	client_agrees_and_gone web 12

	ctr_run -d all sh -c 'sleep 1000 & sleep 1000 & wait'
	deadline ctr tasks kill --all --signal 9 all
	[ "$(removed all)" = 137 ]
	journal_has all signaled '.signal == 9 and .all == true'
	client_agrees_and_gone all 137
}

@test "containerd: a signal to a task that has ended finds no process" {
	ctr_run -d web true
	wait_until task_is web STOPPED
	run -1 deadline ctr tasks kill web
	[[ $output == *"process already finished: not found"* ]]
	[ "$(removed web)" = 0 ]
}

@test "containerd: ps has every process" {
	ctr_run -d web sh -c 'sleep 1000 & sleep 1000 & touch /ready; wait'
	wait_until test -e "/proc/$(task_pid web)/root/ready"
	run -0 deadline ctr tasks ps web
	[[ ${lines[0]} == PID* ]]
	[ "$(awk 'NR > 1 { print $1 }' <<<"$output" | sort -n)" = \
		"$({ task_pid web; pgrep -P "$(task_pid web)"; } | sort -n)" ]
	[ ${#lines[@]} = 4 ]
	kill_and_remove web
}

@test "containerd: pause stops all processes, resume lets them go on" {
	ctr_run -d web sh -c 'sh -c "while :; do date >/stamp; sleep 0.02; done" & wait'
	wait_until test -e "/proc/$(task_pid web)/root/stamp"
	deadline ctr tasks pause web
	task_is web PAUSED
	container_is web paused
	journal_has web paused
	rm "/proc/$(task_pid web)/root/stamp"
	run -1 deadline ctr tasks exec --exec-id late web true
	[[ $output == *paused* ]] || fail "$output"
	[ ! -e "/proc/$(task_pid web)/root/stamp" ]
	deadline ctr tasks resume web
	task_is web RUNNING
	wait_until test -e "/proc/$(task_pid web)/root/stamp"
	journal_has web resumed
	kill_and_remove web
}

@test "containerd: a paused task can be killed and deleted" {
	ctr_run -d web sleep 1000
	deadline ctr tasks pause web
	deadline ctr tasks delete --force web
	deadline ctr containers delete web
	client_agrees_and_gone web 137
}

@test "containerd: metrics" {
	ctr_run -d --memory-limit=67108864 web sh -c 'sleep 1000 & touch /ready; wait'
	wait_until test -e "/proc/$(task_pid web)/root/ready"
	run -0 deadline ctr tasks metrics --format json web
	jq -e '.pids.current == 2 and .memory.usage.limit == 67108864 and .cpu.usage.total > 0' <<<"$output" ||
		fail "$output"
	kill_and_remove web
}

@test "containerd: exec returns its own exit code" {
	local code
	ctr_run -d web sleep 1000
	for code in 0 1 42 126 127 255; do
		run -"$code" --separate-stderr deadline ctr tasks exec --exec-id "e$code" web sh -c "echo out; echo err >&2; exit $code"
		[ "$output" = out ]
		[[ "$stderr" == err* ]]
		wait_until journal_has web exec-exited ".exitCode == $code"
	done
	run -137 deadline ctr tasks exec --exec-id killed web sh -c 'kill -9 $$'
	container_is web running
	kill_and_remove web
}

@test "containerd: exec has the user, the directory and the container's environment" {
	ctr_run -d --env=COLOUR=blue web sleep 1000
	run -0 deadline ctr tasks exec --exec-id who --user nobody --cwd /tmp web sh -c 'id -u; pwd; echo $COLOUR; hostname; grep CapEff /proc/self/status'
	[ "${lines[0]}" = 65534 ]
	[ "${lines[1]}" = /tmp ]
	[ "${lines[2]}" = blue ]
	kill_and_remove web
}

@test "containerd: exec of what is not there is told as runc tells it, and the container goes on" {
	ctr_run -d web sleep 1000
	run -1 deadline ctr tasks exec --exec-id none web no-such-program
	[[ $output == *'OCI runtime exec failed:'*'exec: "no-such-program": executable file not found in $PATH'* ]] || fail "$output"
	run -1 deadline ctr tasks exec --exec-id none2 web /no/such/program
	[[ $output == *'/no/such/program'*'no such file or directory'* ]] || fail "$output"
	run -1 deadline ctr tasks exec --exec-id directory web /etc
	[[ $output == *'exec: "/etc": is a directory (permission denied)'* ]] || fail "$output"
	container_is web running
	kill_and_remove web
}

@test "containerd: exec with a terminal" {
	ctr_run -d web sleep 1000
	"$LIB_DIR/pty.py" "$TEST_DIR/tty" 30x100 timeout -k 1 60 \
		ctr tasks exec --tty --exec-id person web sh -c 'tty; until [ "$(stty size)" = "30 100" ]; do :; done; echo ready; exec sh' \
		3>&- 4>&- <<-'STEPS'
			see ready
			type exit 5\n
		STEPS
	grep -q '^/dev/pts/0' "$TEST_DIR/tty"
	grep -q '^status 5, settings kept' "$TEST_DIR/tty" || fail "$(cat "$TEST_DIR/tty")"
	kill_and_remove web
}

@test "containerd: a detached exec can be killed by its ID, and its end is in the log" {
	ctr_run -d web sleep 1000
	deadline ctr tasks exec --detach --exec-id helper web sleep 555
	run -0 deadline ctr tasks ps web
	[[ $output == *helper* ]]
	[ ${#lines[@]} = 3 ]
	deadline ctr tasks kill --exec-id helper --signal KILL web
	wait_until journal_has web exec-exited '.exitCode == 137'
	deadline ctr tasks delete --exec-id helper web || [ $? = 137 ]
	kill_and_remove web
}

@test "containerd: delete --force of a running task" {
	ctr_run -d web sleep 1000
	deadline ctr tasks delete --force web
	deadline ctr containers delete web
	client_agrees_and_gone web 137
}

@test "containerd: the end of a shim takes its container along, and the code is known" {
	ctr_run -d web sleep 1000
	kill -9 "$(parent_of "$(task_pid web)")"
	wait_until journal_has web deleted
	client_agrees_and_gone web 137
	wait_until eval '[ -z "$(deadline ctr tasks ls --quiet)" ]'
	deadline ctr containers delete web
}

@test "containerd: containers survive its restart, and their codes are known afterwards" {
	ctr_run -d --null-io web sh -c 'until [ -e /end ]; do sleep 0.02; done; exit 21'
	local pid
	pid=$(container_pid web)
	containerd_ends KILL
	containerd_again
	task_is web RUNNING
	[ "$(task_pid web)" = "$pid" ]
	touch "/proc/$pid/root/end"
	[ "$(removed web)" = 21 ]
	client_agrees_and_gone web 21
}
