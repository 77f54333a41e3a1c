# SPDX-License-Identifier: Apache-2.0
# What the suites of all clients share: a host of their own to run on, an image, and what must be true
# of every container that a client ran. A file of bats/clients begins with
#
#   load ../lib/container
#   load common
#   setup_file() { client_host; ...; }
#   setup() { client_setup /run/ocirun; }      # the --root that the client passes, or the default
#   teardown() { ...; client_teardown; }
#
# bats/run gives these files namespaces of their own, so processes, mounts and cgroups are private.
# shellcheck shell=bash disable=SC2034,SC2154

# client_host - an empty /run, and /usr/local/bin/ocirun, which is the program under test.
client_host() {
	[ -n "${OCIRUN_TEST_PRIVATE:-}" ] || fail "this file runs only by bats/run, as root" || return
	mount -t tmpfs -o mode=755 tmpfs /run || return
	mkdir -p /run/lock /run/upper /run/work
	mount -t overlay -o "lowerdir=/usr/local/bin,upperdir=/run/upper,workdir=/run/work" \
		overlay /usr/local/bin || return
	ln -sfn "$(realpath "$OCIRUN")" /usr/local/bin/ocirun
}

# client_hides DIR... - an empty tmpfs over each, so that nothing of the machine's own is seen or changed
client_hides() {
	local dir
	for dir; do
		mkdir -p "$dir" && mount -t tmpfs -o mode=755 tmpfs "$dir" || return
	done
}

# client_setup ROOT - container_setup for containers that the client makes: ocirun then asks about those.
client_setup() {
	container_setup
	ROOT=$1
	OCIRUN_CMD=("$OCIRUN" --root "$ROOT")
}

# client_teardown - after the client has removed its containers: is anything of ocirun left?
client_teardown() {
	local id problems=0

	[ -n "${TEST_DIR:-}" ] || return 0
	cd /
	[ -n "${BATS_TEST_COMPLETED:-}" ] || client_tells
	for id in $(containers_left); do
		problems=1
		echo "container left: $id" >&2
		ocirun delete --force "$id" || true
	done
	OCIRUN_TEST_DEADLINE=5 wait_until no_monitor_left || problems=1
	events_keep_logs
	rm -rf "$ROOT/.events" "$TEST_DIR"
	return "$problems"
}

# What helps to understand a failure: the last lines of the logs.
client_tells() {
	local log
	for log in "$ROOT"/.events/*.ndjson; do
		[ ! -f "$log" ] || tail -n 4 "$log"
	done | tail -n 12
}

containers_left() { find "$ROOT" -mindepth 1 -maxdepth 1 -type d ! -name '.*' -printf '%f\n' 2>/dev/null; }

# Only processes of this file are seen here.
no_monitor_left() {
	local left
	left=$(grep -lsx ocirun-monitor /proc/[0-9]*/comm | cut -d/ -f3 |
		while read -r pid; do has_ended "$pid" || tr '\0' ' ' <"/proc/$pid/cmdline"; done)
	[ -z "$left" ] || fail "monitors left: $left"
}

# deadline COMMAND... - with an end, no stdin, and none of the descriptors of bats
deadline() { timeout -k 5 "$((3 * OCIRUN_TEST_DEADLINE))" "$@" </dev/null 3>&- 4>&-; }

# client_agrees ID CODE - the code that the client reported is the one of `ocirun wait` and of the log,
# whose lines are complete and in order.
client_agrees() {
	local id=$1 code=$2 status=0 types
	ocirun wait "$id" >/dev/null 2>"$TEST_DIR/wait.err" || status=$?
	[ "$status" = "$code" ] ||
		fail "$id: the client says $code, ocirun wait $status: $(cat "$TEST_DIR/wait.err")" || return
	journal_has "$id" exited ".exitCode == $code" || return
	types=$(events_types "$id")
	[[ " $types " =~ ^\ created\ (.*\ )?started\ (.*\ )?exited\  ]] || fail "$id: events: $types"
}

# client_agrees_and_gone ID CODE - and the last line says that it was deleted
client_agrees_and_gone() {
	client_agrees "$1" "$2" || return
	[[ $(events_types "$1") == *" deleted" ]] || fail "$1: events: $(events_types "$1")"
}

# all_agree_and_gone - the same for many that nothing was done to; stdin: a line "ID CODE" for each
all_agree_and_gone() {
	local id code status
	while read -r id code; do
		status=0
		"${OCIRUN_CMD[@]}" wait "$id" </dev/null || status=$?
		[ "$status" = "$code" ] || fail "$id: the client says $code, ocirun wait $status" || return
		echo "$id $code created started exited deleted"
	done | sort >"$TEST_DIR/expected"
	cat "$ROOT"/.events/*.ndjson | jq -rs 'group_by(.id)[] |
		"\(.[0].id) \(.[] | select(.type == "exited").exitCode) \(map(.type) | join(" "))"' |
		sort >"$TEST_DIR/seen"
	diff "$TEST_DIR/expected" "$TEST_DIR/seen"
}

# clients_agree FILE - the same for many: FILE has a line "ID CODE" for each
clients_agree() {
	local id code status
	while read -r id code; do
		status=0
		ocirun wait "$id" >/dev/null || status=$?
		echo "$id $status"
	done <"$1" >"$TEST_DIR/waited"
	diff "$1" "$TEST_DIR/waited" >&2 || fail "< the client's code, > ocirun wait's" || return
	while read -r id code; do events_of "$id"; done <"$1" >"$TEST_DIR/all-events"
	jq -rs 'group_by(.id)[] | map(select(.type | IN("created", "started", "exited"))) |
		"\(.[0].id) \(.[2].exitCode) \(map(.type) | join(" "))"' "$TEST_DIR/all-events" | sort >"$TEST_DIR/logged"
	diff <(sed 's/$/ created started exited/' "$1" | sort) "$TEST_DIR/logged" >&2 ||
		fail "< what the log should say, > what it says"
}

# busybox_tar - path of busybox_rootfs as a tar, to be imported as an image
busybox_tar() {
	local tar=$OCIRUN_TEST_CACHE/busybox.tar new
	if [ ! -f "$tar" ]; then
		new=$(mktemp "$(dirname "$(busybox_rootfs)")/busybox.tar.XXXXXX") || return
		tar -C "$(busybox_rootfs)" -cf "$new" . && chmod 644 "$new" && mv "$new" "$tar" || return
	fi
	printf '%s\n' "$tar"
}
