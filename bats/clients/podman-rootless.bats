#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# podman of an ordinary user: ocirun is then root of podman's user namespace and nobody elsewhere.

load ../lib/container
load common
load podman

USER_ID=4711
USER_HOME=/run/home
USER_ROOT=/run/user/$USER_ID/ocirun

# The user exists in this file's own /etc only.
setup_file() {
	client_host || return
	mkdir -p /run/etc-upper /run/etc-work "$USER_HOME" "/run/user/$USER_ID"
	mount -t overlay -o "lowerdir=/etc,upperdir=/run/etc-upper,workdir=/run/etc-work" overlay /etc || return
	echo "ordinary:x:$USER_ID:$USER_ID::$USER_HOME:/bin/sh" >>/etc/passwd
	echo "ordinary:x:$USER_ID:" >>/etc/group
	echo ordinary:100000:65536 | tee /etc/subuid >/etc/subgid
	# The build may lie where only root may look.
	install -m 644 "$(busybox_tar)" /run/busybox.tar || return
	rm /usr/local/bin/ocirun
	install -t /usr/local/bin "$OCIRUN" "$(dirname "$(realpath "$OCIRUN")")/ocirun-monitor" || return
	cat >/run/as-user <<-SCRIPT
		#!/bin/sh
		cd $USER_HOME
		exec setpriv --reuid $USER_ID --regid $USER_ID --init-groups --inh-caps=-all env -i \\
			HOME=$USER_HOME USER=ordinary XDG_RUNTIME_DIR=/run/user/$USER_ID \\
			PATH=/usr/local/bin:/usr/bin:/bin timeout -k 5 60 "\$@"
	SCRIPT
	chmod 755 /run/as-user
	podman_configure "$USER_HOME/.config/containers"
	printf '[storage]\ndriver = "vfs"\n' >"$USER_HOME/.config/containers/storage.conf"
	chown -R "$USER_ID:$USER_ID" "$USER_HOME" "/run/user/$USER_ID"
	as_user podman import -q /run/busybox.tar localhost/busybox
}

setup() {
	client_setup "$USER_ROOT"
	chmod 755 "$TEST_DIR"
	CID_DIR=$TEST_DIR/user
	install -d -o "$USER_ID" -g "$USER_ID" "$CID_DIR"
	OCIRUN_CMD=(/run/as-user ocirun)
}

teardown() {
	podman rm -fa -t 0 >/dev/null
	client_teardown
}

teardown_file() { events_validate_kept; }

# as_user COMMAND... - as somebody who has just logged in
as_user() { /run/as-user "$@" </dev/null 3>&- 4>&-; }

podman() { as_user podman "$@"; }

@test "rootless podman: the runtime is ocirun, and its root is the user's own" {
	run -0 podman info --format '{{.Host.OCIRuntime.Name}} {{.Host.Security.Rootless}}'
	[ "$output" = "ocirun true" ]
	serves web
	[ "$(stat -c %u "$USER_ROOT/$(id_of web)")" = "$USER_ID" ]
	[ "$(stat -c %u "/proc/$(podman inspect -f '{{.State.Pid}}' web)")" = "$USER_ID" ]
	[ ! -e /run/ocirun ]
}

@test "rootless podman run: exit codes" {
	local code
	for code in 0 1 42 127 137 255; do
		ran "$code" busybox sh -c "echo out; exit $code"
		[ "$output" = out ]
	done
	run -127 podman run --rm busybox /no/such/command
	[[ $output == *"no such file or directory"* ]]
	run -126 podman run --rm busybox /etc
}

@test "rootless podman: -d, logs, wait, kill, stop, rm -f" {
	local id
	serves web
	podman stop -t 20 web
	ended web 3
	serves killed
	podman kill killed
	ended killed 137
	journal_has "$(id_of killed)" exited '.signal == 9'
	serves gone
	id=$(id_of gone)
	podman rm -f -t 0 gone
	client_agrees_and_gone "$id" 137
}

# The user asks, without podman's namespaces: the log and the pidfd are enough.
@test "rootless podman: ocirun events, wait, state and list of the user himself" {
	local id
	serves web
	id=$(id_of web)
	run -0 as_user ocirun list --quiet
	[ "$output" = "$id" ]
	[ "$(container_status "$id")" = running ]
	podman stop -t 20 web
	run -3 as_user ocirun wait "$id"
	[ "$(events_types "$id")" = "created started signaled exited deleted" ]
	run -0 as_user ocirun events "$id"
	[ "$(tail -n 1 <<<"$output" | jq -r .type)" = deleted ]
}

@test "rootless podman run: users, volumes, tmpfs, capabilities, init" {
	ran 0 --user 12:34 busybox sh -c 'id -u; id -g'
	[ "$output" = $'12\n34' ]
	ran 0 -v "$TEST_DIR/user:/data" busybox sh -c 'echo x >/data/new; stat -c %u /data'
	[ "$output" = 0 ]
	[ "$(stat -c %u "$TEST_DIR/user/new")" = "$USER_ID" ]
	ran 0 -v "$TEST_DIR/user:/data" --user 12 --userns keep-id busybox id -u
	[ "$output" = 12 ]
	ran 0 --userns keep-id busybox id -u
	[ "$output" = "$USER_ID" ]
	ran 0 --cap-drop all busybox grep CapBnd /proc/self/status
	[ "$output" = $'CapBnd:\t0000000000000000' ]
	ran 143 --init busybox sh -c 'kill -TERM $$; sleep 60'
	ran 0 --uidmap 0:1:100 busybox cat /proc/self/uid_map
	ran 0 --privileged busybox mount -t tmpfs none /tmp
	ran 0 -t busybox sh -c 'test -t 0 && tty'
	[[ $output == *pts* ]]
}

@test "rootless podman run: --read-only and --tmpfs" {
	ran 1 --read-only busybox touch /x
	ran 0 --tmpfs /scratch:size=1m busybox touch /scratch/x
}

@test "rootless podman run: groups of the user are kept when asked for" {
	ran 0 --group-add keep-groups busybox id -G
}

# Without a cgroup of the user's own no limit can be set, and that is said rather than dropped.
@test "rootless podman run: a limit that cannot be set is refused or set" {
	run podman run --name web --memory 64m busybox sh -c 'exit 5'
	case $status in
	5) ended web 5 ;;
	125 | 126) [[ $output == *memory* || $output == *cgroup* ]] || fail "$output" ;;
	*) fail "$status: $output" ;;
	esac
}

@test "rootless podman exec: codes, and they are in the log" {
	local id code
	serves web
	id=$(id_of web)
	for code in 0 42 127 255; do
		run "-$code" podman exec web sh -c "echo out; exit $code"
		[ "$output" = out ]
	done
	run -127 podman exec web /no/such/command
	run -0 podman exec --user 12 web id -u
	[ "$output" = 12 ]
	wait_until journal_has "$id" exec-exited '.exitCode == 255'
}

@test "rootless podman: 40 containers that end at once, two at a time, and no wrong code" {
	seq 40 | /run/as-user xargs -P 2 -I{} sh -c 'podman run --name fast-{} busybox sh -c "exit {}" </dev/null
		echo $? >"$0/code-{}"' "$TEST_DIR/user" 3>&- 4>&-
	seen_by_client 40 >"$TEST_DIR/codes"
	clients_agree "$TEST_DIR/codes"
	diff <(seq 40 | sort) <(cut -d' ' -f2 "$TEST_DIR/codes" | sort)
}

@test "rootless podman: the user's ocirun.conf is obeyed, and root's but for the feed" {
	local place conf=$USER_HOME/.config/ocirun/ocirun.conf
	place=$("$OCIRUN" --help | sed -n 's/^What --feed to --log-size set may stand in \(.*\)\.$/\1/p')
	mount -t tmpfs -o mode=755 tmpfs "$(mkdir -p "${place%/*}" && echo "${place%/*}")"
	printf '%s\n' "feed = /run/of-root" "feed-group = 0" >"$place"
	ran 3 busybox sh -c 'exit 3'
	jq -se --arg id "$ID" 'any(.[]; .id == $id and .exitCode == 3)' "$USER_ROOT/.feed/events.ndjson"
	[ ! -e /run/of-root ]
	install -d -o "$USER_ID" -g "$USER_ID" "${conf%/*}"
	echo "feed = $USER_HOME/feed" >"$conf"
	chown "$USER_ID" "$conf"
	ran 4 busybox sh -c 'exit 4'
	jq -se --arg id "$ID" 'any(.[]; .id == $id and .exitCode == 4)' "$USER_HOME/feed/events.ndjson"
	[ "$(stat -c %u "$USER_HOME/feed/events.ndjson")" = "$USER_ID" ]
	rm "$conf"
	umount "${place%/*}"
}
