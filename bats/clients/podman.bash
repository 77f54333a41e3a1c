# SPDX-License-Identifier: Apache-2.0
# podman on a host of its own: doc/examples/podman-ocirun.conf as it is given to users, and what a machine
# without systemd, network and registry needs besides. The image is `busybox`.
# shellcheck shell=bash disable=SC2034,SC2154

podman_host() {
	client_host || return
	client_hides /var/lib/containers /etc/containers || return
	podman_configure /etc/containers
	command podman import -q "$(busybox_tar)" localhost/busybox </dev/null 3>&- 4>&-
}

# podman_configure DIR - DIR is /etc/containers or a user's ~/.config/containers
# The limits are named since podman's own are above what root without CAP_SYS_RESOURCE may set.
podman_configure() {
	mkdir -p "$1/containers.conf.d"
	echo '{"default": [{"type": "insecureAcceptAnything"}]}' >"$1/policy.json"
	cp "$SOURCE_DIR/doc/examples/podman-ocirun.conf" "$1/containers.conf.d/"
	cat >"$1/containers.conf.d/host.conf" <<-TOML
		[containers]
		default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]
		netns = "none"
		log_driver = "k8s-file"
		[engine]
		cgroup_manager = "cgroupfs"
		events_logger = "file"
		lock_type = "file"
	TOML
}

# podman leaves the parent of its cgroups, and conmon's beside those of the containers.
podman_host_end() {
	local left
	left=$(find /sys/fs/cgroup -mindepth 3 -type d -path '*/libpod_parent/*' ! -name conmon)
	find /sys/fs/cgroup -depth -type d -path '*/libpod_parent*' -exec rmdir {} + 2>/dev/null
	[ -z "$left" ] || fail "cgroups left: $left"
}

# What a file needs; one that adds to these calls them.
setup_file() { podman_host; }
setup() {
	client_setup /run/ocirun
	cd "$TEST_DIR" || return # conmon may write a file "oom" where podman stands
}
teardown() { podman_teardown; }
teardown_file() {
	podman_host_end
	events_validate_kept
}

podman_teardown() {
	[ -n "${TEST_DIR:-}" ] || return 0
	podman pod rm -fa -t 0 >/dev/null
	podman rm -fa -t 0 >/dev/null
	podman volume prune -f >/dev/null
	client_teardown
}

podman() { deadline podman "$@"; }

# id_of NAME - the container's whole ID, which is the one that ocirun knows
id_of() { podman inspect --format '{{.Id}}' "$1"; }

# ran CODE ARGUMENT... - `podman run --rm ARGUMENT...` returns CODE, and everybody agrees on it;
# $output is what it wrote, $ID the container's. CID_DIR: a folder of the user's, if that is not root
ran() {
	local code=$1 file
	shift
	file=$(mktemp -u "${CID_DIR:-$TEST_DIR}/cid.XXXXXX")
	run "-$code" podman run --rm --cidfile "$file" "$@" || return
	ID=$(cat "$file")
	client_agrees_and_gone "$ID" "$code"
}

# serves NAME [OPTION...] - a container that stays: TERM ends it with 3
serves() {
	local name=$1
	shift
	podman run -d --name "$name" "$@" busybox \
		sh -c 'trap "exit 3" TERM; echo up; while :; do sleep 0.1; done' >/dev/null || return
	wait_until says "$name" up
}

says() { podman logs "$1" | grep -qx "$2"; }

# ended NAME CODE - `podman wait`, `podman inspect` and ocirun say the same
ended() {
	[ "$(podman wait "$1")" = "$2" ] || fail "podman wait $1: $(podman wait "$1")" || return
	[ "$(podman inspect -f '{{.State.ExitCode}}' "$1")" = "$2" ] || fail "podman inspect $1" || return
	client_agrees "$(id_of "$1")" "$2"
}

# seen_by_client COUNT - "ID CODE" of the containers fast-1 to fast-COUNT; CODE is what `podman run`
# returned, kept in code-N
seen_by_client() {
	local n name id
	podman ps -a --no-trunc --format '{{.Names}} {{.ID}}' >"$TEST_DIR/ids"
	[ "$(wc -l <"$TEST_DIR/ids")" = "$1" ] || fail "containers: $(wc -l <"$TEST_DIR/ids")" || return
	while read -r name id; do
		n=${name#fast-}
		echo "$id $(cat "${CID_DIR:-$TEST_DIR}/code-$n")"
	done <"$TEST_DIR/ids"
}
