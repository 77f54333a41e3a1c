#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Every way in which the exit code is learnt (doc/events.md, "Who learns the code"), below a subreaper:
# what the caller's waitpid has and what the log says are one, and there is never a false 0.
# OCIRUN_KERNEL_LACKS of a test build plays kernels before 6.15.
# shellcheck disable=SC2154,SC2016,SC2030,SC2031,SC2086 # run sets stderr; words of jq and containers; $OPTION may be none

load ../lib/container
load ../lib/monitor

setup_file() {
	cc -static -O2 -pthread -o "$BATS_FILE_TMPDIR/ending" "$BATS_TEST_DIRNAME/../lib/ending.c"
}

setup() {
	require root program:python3 program:cc failpoints
	container_setup
}

# every_way COMMAND [ARG...] - COMMAND SOURCE ARG... with OPTION and SOURCE of each, kernels old and new
every_way() {
	local OPTION way
	for way in pidfd netlink parent ptrace; do
		OPTION=--exit-source=$way
		! { [ "$way" = pidfd ] && ! has_kernel 6.15; } || continue
		"$@" "$way" || fail "by $way"
	done
}

# ending [SETTINGS] HOW CODE - a bundle whose process ends like that (bats/lib/ending.c)
ending() {
	bundle_with --arg how "$1" --arg code "$2" '.process.args = ["/ending", $how, $code]'
	cp "$BATS_FILE_TMPDIR/ending" rootfs/ending
}

# runs_below ID - create, start and wait for it; CODE is what wait said, REAPED_AS what the caller has
runs_below() {
	below_subreaper $OPTION create --pid-file "$TEST_DIR/pid" "$1"
	ocirun start "$1"
	CODE=0
	ocirun wait "$1" 2>/dev/null || CODE=$?
	wait_until has_ended "$SUBREAPER"
	REAPED_AS=$(sed -n "s/^$(cat "$TEST_DIR/pid") //p" "$REAPED")
}

# ends_as CODE REAPED JQ_FILTER SOURCE - and all three agree
ends_as() {
	runs_below web
	[ "$CODE" = "$1" ] || fail "wait: expected $1, seen $CODE"
	[ "$REAPED_AS" = "$2" ] || fail "caller: expected $2, seen $REAPED_AS"
	journal_has web exited ".source == \"$4\" and ($3)"
	[ "$(events_types web)" = "created started exited" ]
	ocirun delete web
}

@test "exit sources: codes 0, 7 and 255" {
	local code
	for code in 0 7 255; do
		ending exit $code
		every_way ends_as $code "exit $code" ".exitCode == $code and .signal == null and .reason == \"exited\""
	done
}

killed_by() {
	below_subreaper $OPTION create --pid-file "$TEST_DIR/pid" web
	ocirun start web
	ocirun kill web "$1"
	run -$((128 + $1)) ocirun wait web
	wait_until has_ended "$SUBREAPER"
	grep -qx "$(cat "$TEST_DIR/pid") signal $1" "$REAPED" || fail "$(cat "$REAPED")"
	journal_has web exited ".source == \"$2\" and .signal == $1 and .exitCode == $((128 + $1)) and .reason == \"signaled\" and .coreDumped == false"
	ocirun delete web
}

@test "exit sources: signals" {
	bundle_with '.process.args = ["sleep", "60"] | del(.linux.namespaces[] | select(.type == "pid"))'
	every_way killed_by 9
	every_way killed_by 15
}

# The kernel spares a namespace's first process that is traced, so the tracer must let it go.
ends_by_fault() {
	local dumped=false
	! { [ "$1" = ptrace ] && [ -n "$has_own_pids" ]; } || set -- pidfd
	runs_below web
	[ "$CODE" = 139 ] || fail "wait: $CODE"
	[ "${REAPED_AS% core}" = "signal 11" ] || fail "caller: $REAPED_AS"
	[ "$REAPED_AS" = "signal 11" ] || dumped=true
	journal_has web exited ".signal == 11 and .coreDumped == $dumped and .source == \"$1\""
	ocirun delete web
}

@test "exit sources: a memory fault, with a core and without" {
	local has_own_pids limit
	for limit in 0 1000000; do
		for has_own_pids in y ''; do
			ending fault 0
			config_with --argjson limit $limit \
				'.process.rlimits = [{type: "RLIMIT_CORE", soft: $limit, hard: $limit}] | .root.readonly = false'
			[ -n "$has_own_pids" ] || config_with 'del(.linux.namespaces[] | select(.type == "pid"))'
			every_way ends_by_fault
		done
	done
	# Where a program takes the cores it is its word.
	[ "$(cat /proc/sys/kernel/core_pattern)" != core ] || [ "$REAPED_AS" = "signal 11 core" ]
}

@test "exit sources: the first thread ends without a code before another ends the process" {
	local how
	for how in first both raw; do
		ending $how 9
		every_way ends_as 9 "exit 9" '.exitCode == 9'
	done
}

@test "exit sources: a thread that is not the first executes the program that ends" {
	ending execute 21
	every_way ends_as 21 "exit 21" '.exitCode == 21'
}

@test "exit sources: hundreds of threads, at the end and before it" {
	ending many 5
	every_way ends_as 5 "exit 5" '.exitCode == 5'
	ending churn 6
	every_way ends_as 6 "exit 6" '.exitCode == 6'
	ending churn 0
	every_way ends_as 0 "exit 0" '.exitCode == 0'
}

# flooded CODE ZOMBIE - netlink's queue runs over while the monitor stands still; is there a zombie?
flooded() {
	local init monitor
	ending flood "$1"
	below_subreaper --exit-source=netlink create web
	init=$(container_pid web)
	monitor=$(monitor_of web)
	kill -STOP "$monitor"
	[ -z "$2" ] || kill -STOP "$SUBREAPER"
	ocirun start web
	wait_until has_ended "$init"
	[ -n "$2" ] || wait_until grep -qx "$init exit $1" "$REAPED"
	kill -CONT "$monitor"
	wait_until journal_has web exited
	[ -z "$2" ] || kill -CONT "$SUBREAPER"
	wait_until has_ended "$SUBREAPER"
}

@test "exit sources: when netlink's messages are lost the zombie tells, or nobody, but never a false 0" {
	flooded 7 zombie
	journal_has web exited '.exitCode == 7 and .source == "zombie"'
	ocirun delete web
	flooded 0 zombie
	journal_has web exited '.exitCode == 0 and .source == "zombie"'
	ocirun delete web
	flooded 7 '' # all that came in time were zeros of threads
	journal_has web exited '.exitCode == null and .source == "none" and .reason == "unobserved"'
}

waits_for_pid() {
	rm -f "$TEST_DIR/waited" "$TEST_DIR/pid"
	"$LIB_DIR/waitpid.py" "$TEST_DIR/waited" "$TEST_DIR/pid" "${OCIRUN_CMD[@]}" $OPTION create \
		--pid-file "$TEST_DIR/pid" web </dev/null >"$TEST_DIR/out" 2>&1 3>&- 4>&- &
	local caller=$!
	echo "$caller" >>"$TEST_DIR/background"
	wait_until grep -qs waiting "$TEST_DIR/waited"
	ocirun start web
	run -7 ocirun wait web
	wait_until has_ended "$caller"
	[ "$(tail -n 1 "$TEST_DIR/waited")" = "$(cat "$TEST_DIR/pid") $1" ] || fail "$(cat "$TEST_DIR/waited")"
	ocirun delete web
}

@test "exit sources: a caller waits for the process of the pid file at once, and it is its child" {
	ending exit 7
	OPTION=--exit-source=netlink waits_for_pid "exit 7"
	OPTION=--exit-source=ptrace waits_for_pid "exit 7"
	OPTION=--exit-source=auto waits_for_pid "exit 7"
	OCIRUN_KERNEL_LACKS=pidfd-exit OPTION=--exit-source=auto waits_for_pid "exit 7"
	# The one way that cannot: it is the monitor's until the end.
	OPTION=--exit-source=parent waits_for_pid ECHILD
}

# ends_at_once_200 SOURCE - two at a time; every code is right for the caller, wait and the log
ends_at_once_200() {
	cat >"$TEST_DIR/many" <<-'END'
		set -e
		one() {
			mkdir "$2/b$1"
			sed "s/CODE=@/CODE=$(($1 % 256))/" "$2/bundle/config.json" >"$2/b$1/config.json"
			"${ocirun[@]}" $OPTION create -b "$2/b$1" --pid-file "$2/pid$1" "c$1"
			"${ocirun[@]}" start "c$1"
			status=0
			"${ocirun[@]}" wait "c$1" || status=$?
			echo "$(cat "$2/pid$1") exit $status $(($1 % 256))"
			"${ocirun[@]}" delete "c$1"
			rm -r "$2/b$1"
		}
		ocirun=("$1" --root "$3")
		half() { for n in $(seq "$1" 2 200); do one "$n" "$2"; done; }
		half 1 "$2" & half 2 "$2"
		wait
	END
	export OPTION
	"$LIB_DIR/subreaper.py" "$TEST_DIR/reaped" bash "$TEST_DIR/many" "$OCIRUN" "$TEST_DIR" "$ROOT" \
		</dev/null >"$TEST_DIR/codes" 2>"$TEST_DIR/errors" 3>&- 4>&-
	[ ! -s "$TEST_DIR/errors" ] || fail "$(head "$TEST_DIR/errors")"
	[ "$(wc -l <"$TEST_DIR/codes")" = 200 ]
	[ -z "$(awk '$3 != $4' "$TEST_DIR/codes")" ] || fail "$(awk '$3 != $4' "$TEST_DIR/codes")"
	jq -r 'select(.type == "exited") | "\(.source) \(.id) c\(.exitCode)"' "$ROOT"/.events/c*.ndjson >"$TEST_DIR/sources"
	[ "$(cut -d' ' -f1 "$TEST_DIR/sources" | sort -u)" = "$1" ]
	[ "$(awk '$2 == $3' "$TEST_DIR/sources" | wc -l)" = 200 ] || fail "$(awk '$2 != $3' "$TEST_DIR/sources")"
	cut -d' ' -f1-3 "$TEST_DIR/codes" >"$TEST_DIR/told"
	run ! grep -vxFf "$TEST_DIR/reaped" "$TEST_DIR/told"
	[ "$(tail -n 1 "$TEST_DIR/reaped")" = "nobody left" ]
	rm -r "$ROOT"
}

@test "exit sources: of two hundred fast exits every code is right, for the caller and in the log" {
	bundle_script 'exit $CODE'
	config_with --arg rootfs "$BUNDLE/rootfs" \
		'.root = {path: $rootfs, readonly: true} | .process.env += ["CODE=@"]'
	# By pidfd: bats/events/monitor.bats.
	OPTION=--exit-source=netlink ends_at_once_200 netlink
	OPTION=--exit-source=parent ends_at_once_200 parent
	OPTION=--exit-source=ptrace ends_at_once_200 ptrace
}

@test "exit sources: older kernels choose netlink where they may listen, else the hand-over" {
	ending exit 7
	export OCIRUN_KERNEL_LACKS=pidfd-exit
	OPTION='' ends_as 7 "exit 7" .pid netlink
	OPTION=--monitor=sibling ends_as 7 "exit 7" .pid netlink
	export OCIRUN_KERNEL_LACKS=pidfd-exit,connector
	OPTION='' ends_as 7 "exit 7" .pid parent
}

@test "exit sources: in another network or pid namespace nobody may listen" {
	ending exit 7
	local namespace
	for namespace in --net "--pid --fork --mount-proc"; do
		run -1 --separate-stderr unshare $namespace "$OCIRUN" --root "$ROOT" --exit-source=netlink create web
		[[ $stderr == "ocirun: create web: --exit-source=netlink: the process connector does not answer: "* ]] || fail "$stderr"
	done
}

@test "exit sources: what cannot be is refused by name, before anything is made" {
	ending exit 7
	local option
	export OCIRUN_KERNEL_LACKS=pidfd-exit,connector
	for option in --exit-source=pidfd --exit-source=netlink --monitor=sibling; do
		run -1 --separate-stderr ocirun $option create web
		[[ $stderr == "ocirun: create web: $option"* ]] || fail "$stderr"
	done
	run -1 --separate-stderr setpriv --bounding-set=-sys_ptrace "$OCIRUN" --root "$ROOT" --exit-source=ptrace create web
	[ "$stderr" = "ocirun: create web: --exit-source=ptrace needs CAP_SYS_PTRACE" ] || fail "$stderr"
	for option in --monitor=none\ --exit-source=pidfd --monitor=sibling\ --exit-source=parent \
		--monitor=parent\ --exit-source=ptrace; do
		run -1 --separate-stderr ocirun $option create web
		[[ $stderr == "ocirun: create web: ${option/ / and }: "* ]] || fail "$stderr"
	done
	[ ! -e "$ROOT" ] || fail "$(find "$ROOT")"
}

# ---- a further process ----

execs() {
	below_subreaper $OPTION create web
	ocirun start web
	"$LIB_DIR/subreaper.py" "$TEST_DIR/reaped-exec" "${OCIRUN_CMD[@]}" $OPTION exec --detach --exec-id one \
		--pid-file "$TEST_DIR/pid" web /ending first 13 </dev/null >"$TEST_DIR/out" 2>&1 3>&- 4>&-
	grep -qx "command exit 0" "$TEST_DIR/reaped-exec" || fail "$(cat "$TEST_DIR/out")"
	grep -qx "$(cat "$TEST_DIR/pid") exit 13" "$TEST_DIR/reaped-exec" || fail "$(cat "$TEST_DIR/reaped-exec")"
	run -13 ocirun wait --exec one web
	journal_has web exec-exited ".exitCode == 13 and .source == \"$1\""
	ocirun delete --force web
}

@test "exit sources: a detached exec has them, too" {
	ending exit 0
	config_with '.process.args = ["sleep", "60"]'
	every_way execs
	export OCIRUN_KERNEL_LACKS=pidfd-exit
	OPTION='' execs netlink
}

# ---- what tracing must not change ----

@test "exit sources: a traced process stops, goes on and handles signals as any other" {
	bundle_script 'trap "echo usr1" USR1; trap "exit 17" TERM; echo ready; while :; do sleep 0.02; done'
	below_subreaper --exit-source=ptrace create web
	local init
	init=$(container_pid web)
	[ "$(awk '/^TracerPid:/ { print $2 }' "/proc/$init/status")" = "$(monitor_of web)" ]
	ocirun start web
	wait_until grep -q ready "$TEST_DIR/out"
	ocirun kill web USR1
	wait_until grep -q usr1 "$TEST_DIR/out"
	kill -STOP "$init"
	wait_until grep -q '^State:.[tT]' "/proc/$init/status"
	kill -CONT "$init"
	wait_until grep -q '^State:.[SR]' "/proc/$init/status"
	ocirun kill web TERM
	run -17 ocirun wait web
	journal_has web exited '.source == "ptrace" and .exitCode == 17'
}

@test "exit sources: the tracer's cage: no capability, and a process that outlives it" {
	bundle_script 'trap "exit 17" TERM; echo ready; while :; do sleep 0.02; done'
	below_subreaper --exit-source=ptrace create web
	ocirun start web
	wait_until grep -q ready "$TEST_DIR/out"
	local monitor init
	init=$(container_pid web)
	monitor=$(monitor_of web)
	grep -q "^CapEff:.0000000000000000$" "/proc/$monitor/status"
	grep -q $'^Seccomp:\t2$' "/proc/$monitor/status"
	kill -9 "$monitor"
	wait_until has_ended "$monitor"
	[ "$(awk '/^TracerPid:/ { print $2 }' "/proc/$init/status")" = 0 ]
	container_is web running
	ocirun kill web TERM
	run -17 ocirun wait web
	[ "$(events_types web)" = "created started signaled exited" ]
}

@test "exit sources: of netlink's privileges one stays, in a cage" {
	bundle_with '.process.args = ["sleep", "60"]'
	below_subreaper --exit-source=netlink create web
	local monitor
	monitor=$(monitor_of web)
	grep -q "^CapEff:.0000000000080000$" "/proc/$monitor/status" || fail "$(grep Cap "/proc/$monitor/status")"
	grep -q "^CapBnd:.0000000000000000$" "/proc/$monitor/status"
	grep -q $'^Seccomp:\t2$' "/proc/$monitor/status"
}

# ---- a monitor that is killed, on an older kernel ----

# loses_monitor - "web" runs below a subreaper without it; $init is its pid
loses_monitor() {
	local monitor
	ending exit 0
	config_with '.process.args = ["sh", "-c", "until [ -e /go ]; do sleep 0.02; done; exec /ending first 19"]'
	rm -f rootfs/go
	below_subreaper create web
	ocirun start web
	init=$(container_pid web)
	monitor=$(monitor_of web)
	kill -9 "$monitor"
	wait_until has_ended "$monitor"
}

@test "exit sources: on an older kernel a new monitor listens, too" {
	export OCIRUN_KERNEL_LACKS=pidfd-exit
	loses_monitor
	container_is web running
	wait_until monitor_of web
	tr '\0' ' ' <"/proc/$(monitor_of web)/cmdline" | grep -q ' netlink:1 '
	touch rootfs/go
	run -19 ocirun wait web
	wait_until has_ended "$SUBREAPER"
	grep -qx "$init exit 19" "$REAPED"
	[ "$(events_types web)" = "created started exited" ]
}

@test "exit sources: an older kernel, and nobody may listen: the zombie tells, or it is monitor-lost" {
	export OCIRUN_KERNEL_LACKS=pidfd-exit,connector
	loses_monitor
	# It was the parent; init has been adopted, and nobody reaps it now.
	kill -STOP "$SUBREAPER"
	container_is web running
	wait_until monitor_of web
	tr '\0' ' ' <"/proc/$(monitor_of web)/cmdline" | grep -q ' zombie '
	touch rootfs/go
	run -19 ocirun wait web
	journal_has web exited '.source == "zombie" and .exitCode == 19'
	kill -CONT "$SUBREAPER"
	wait_until has_ended "$SUBREAPER"
	ocirun delete web

	loses_monitor
	container_is web running
	local monitor
	monitor=$(wait_until monitor_of web && monitor_of web)
	kill -STOP "$monitor"
	touch rootfs/go
	wait_until grep -qx "$init exit 19" "$REAPED"
	kill -CONT "$monitor"
	run -255 --separate-stderr ocirun wait web
	[[ $stderr == *"exit code is unknown: monitor-lost"* ]] || fail "$stderr"
	journal_has web exited '.exitCode == null and .source == "none"'
}

@test "exit sources: an older kernel: who waits is a witness by the zombie, and by nothing else" {
	export OCIRUN_KERNEL_LACKS=pidfd-exit,connector
	loses_monitor
	background waiter wait web
	wait_until monitor_of web
	kill -9 "$(monitor_of web)" "$SUBREAPER" 2>/dev/null
	touch rootfs/go
	wait_until has_ended "$BACKGROUND_PID"
	# Whichever it was, and never a guess.
	run jq -r 'select(.type == "exited") | "\(.exitCode) \(.source)"' "$(log_path web)"
	[[ $output =~ ^(19\ zombie|null\ none)$ ]] || fail "$output"
}

# ---- conmon ----
# Here and not in bats/clients, whose files have a network of their own, where nobody may listen.

# conmon_runs CODE_OF_CONMON SOURCE - by a real conmon that passes $OPTION; its exit file and our log agree
conmon_runs() {
	local id=c${RANDOM}
	mkdir -p "$TEST_DIR/exits" "$TEST_DIR/sockets"
	# conmon hands its own environment on, so the wrapper stands for an older kernel.
	printf '#!/bin/sh\nexport OCIRUN_KERNEL_LACKS=%s\nexec %s "$@"\n' "$LACKS" "$OCIRUN" >"$TEST_DIR/ocirun"
	chmod 755 "$TEST_DIR/ocirun"
	run -0 "$BATS_TEST_DIRNAME/../clients/engine.py" 1 conmon --api-version 1 -r "$TEST_DIR/ocirun" \
		--runtime-arg "--root=$ROOT" ${OPTION:+--runtime-arg "$OPTION"} -c "$id" -u "$id" -n "$id" -b "$BUNDLE" \
		-p "$TEST_DIR/$id.pid" -l "k8s-file:$TEST_DIR/$id.log" --no-sync-log \
		--socket-dir-path "$TEST_DIR/sockets" --exit-dir "$TEST_DIR/exits" 3>&- 4>&-
	ocirun start "$id"
	wait_until test -s "$TEST_DIR/exits/$id"
	[ "$(cat "$TEST_DIR/exits/$id")" = "$1" ] || fail "conmon: $(cat "$TEST_DIR/exits/$id")"
	run -"$1" ocirun wait "$id"
	journal_has "$id" exited ".exitCode == $1 and .source == \"$2\""
	ocirun delete "$id"
}

@test "exit sources: conmon's exit file and the log agree, whatever the way" {
	require program:conmon
	local LACKS='' OPTION how code
	for how in "exit 0" "exit 255" "first 9" "fault 139" "execute 21"; do
		code=${how#* }
		ending ${how% *} "$code"
		config_with 'del(.linux.namespaces[] | select(.type == "pid"))'
		every_way conmon_runs "$code"
		OPTION=''
		LACKS=pidfd-exit conmon_runs "$code" netlink
		LACKS=pidfd-exit,connector conmon_runs "$code" parent
	done
}
