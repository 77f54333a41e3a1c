# SPDX-License-Identifier: Apache-2.0
# dockerd and docker: a daemon for each file, without a bridge and iptables, and an image that needs no
# registry. dockerd brings a containerd of its own; its shim gives ocirun --root $DOCKER_ROOT.
# shellcheck shell=bash disable=SC2034,SC2154

DOCKER_ROOT=/run/docker/runtime-runc/moby
# Debian's: another client may stand before it in PATH.
DOCKER=/usr/bin/docker
export DOCKER_HOST=unix:///run/docker-test.sock DOCKER_CONFIG=/run/docker-client

# docker_start [OPTION...] - the daemon, whose options these are, and the image busybox
docker_start() {
	client_host && client_hides /var/lib/docker /var/log || return
	docker_again "$@" && docker_import
}

docker_import() { docker import --change 'ENV PATH=/bin' "$(busybox_tar)" busybox >/dev/null; }

# docker_again [OPTION...] - the daemon on what is there
docker_again() {
	dockerd --log-level warn --iptables=false --ip6tables=false --bridge=none --host "$DOCKER_HOST" \
		--data-root /var/lib/docker --exec-root /run/docker --pidfile /run/docker.pid "$@" \
		>>/var/log/dockerd 2>&1 </dev/null 3>&- 4>&- &
	echo $! >/run/dockerd.pid
	disown
	wait_until docker version || { tail -n 20 /var/log/dockerd >&2; return 1; }
}

# dockerd_ends SIGNAL
dockerd_ends() {
	kill "-$1" "$(cat /run/dockerd.pid)" && wait_until has_ended "$(cat /run/dockerd.pid)"
}

docker_stop() {
	dockerd_ends TERM
	find /sys/fs/cgroup -mindepth 2 -maxdepth 3 -type d -name docker -exec rmdir {} +
}

docker() { deadline "$DOCKER" "$@"; }

# inspected NAME FORMAT
inspected() { docker inspect --format "$2" "$1"; }
id_of() { inspected "$1" '{{.Id}}'; }

# docker_clean - remove what a failed test has left, so that the next one is not its victim
docker_clean() {
	local ids
	mapfile -t ids < <(docker ps --all --quiet)
	[ ${#ids[@]} = 0 ] || docker rm --force "${ids[@]}" >/dev/null 2>&1
	return 0
}
