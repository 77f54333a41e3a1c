# SPDX-License-Identifier: Apache-2.0
# containerd and its own client: a daemon for each file, an image that needs no registry, ctr. The shim
# gives ocirun --root /run/containerd/runc/NAMESPACE; ctr's namespace is "default".
# shellcheck shell=bash disable=SC2034,SC2154

: "${IMAGE:=docker.io/library/busybox:latest}"

# containerd_start CONFIG - with a root and state that no other containerd sees
containerd_start() {
	client_host && client_hides /var/lib/containerd /var/log || return
	export CONTAINERD_CONFIG=$1
	containerd_again
}

# containerd_again - the daemon on what is there
containerd_again() {
	containerd --config "$CONTAINERD_CONFIG" --log-level warn \
		>>/var/log/containerd 2>&1 </dev/null 3>&- 4>&- &
	echo $! >/run/containerd.pid
	disown
	wait_until deadline ctr version || { tail -n 20 /var/log/containerd >&2; return 1; }
}

# containerd_ends SIGNAL
containerd_ends() {
	kill "-$1" "$(cat /run/containerd.pid)" && wait_until has_ended "$(cat /run/containerd.pid)"
}

# containerd_stop CGROUP - the parent of the containers' cgroups stays behind; containerd keeps it for the next
containerd_stop() {
	containerd_ends TERM
	find /sys/fs/cgroup -mindepth 2 -maxdepth 3 -type d -name "$1" -exec rmdir {} +
}

# containerd_import NAMESPACE [IMAGE_CONFIG] - the image, whose `config` is that JSON
containerd_import() {
	local archive=$BATS_FILE_TMPDIR/image.tar config='{"Env": ["PATH=/bin"]}'
	image_archive "$IMAGE" "$archive" "${2:-$config}" &&
		deadline ctr --namespace "$1" images import "$archive" >/dev/null
}

# image_archive NAME FILE CONFIG - an archive as `docker save` writes it: one layer, which is busybox_tar
image_archive() {
	local dir layer
	layer=$(busybox_tar) && dir=$(mktemp -d "$2.XXXXXX") && ln -s "$layer" "$dir/layer.tar" || return
	jq -n --arg layer "sha256:$(sha256sum <"$layer" | cut -d' ' -f1)" --argjson config "$3" '{
		architecture: "amd64", os: "linux", config: $config,
		rootfs: {type: "layers", diff_ids: [$layer]}}' >"$dir/config.json" || return
	jq -n --arg name "$1" \
		'[{Config: "config.json", RepoTags: [$name], Layers: ["layer.tar"]}]' >"$dir/manifest.json"
	tar -C "$dir" -chf "$2" manifest.json config.json layer.tar && rm -r "$dir"
}

# ctr_run [OPTION...] ID [COMMAND...] - a container of $IMAGE on ocirun
# ctr_run_in ROOTFS ... - of a folder instead, with --rootfs among the options
ctr_run() { ctr_run_in "$IMAGE" "$@"; }
ctr_run_in() {
	local image=$1 options=()
	shift
	while [[ $1 == -* ]]; do
		options+=("$1")
		shift
	done
	deadline ctr run --runc-binary /usr/local/bin/ocirun "${options[@]}" "$image" "$@"
}

# task_status ID - as ctr tells it: CREATED, RUNNING, PAUSED, STOPPED
task_status() { deadline ctr tasks ls | awk -v id="$1" '$1 == id { print $3 }'; }
task_is() { [ "$(task_status "$1")" = "$2" ] || fail "task $1: expected $2, ctr says: $(task_status "$1")"; }
task_pid() { deadline ctr tasks ls | awk -v id="$1" '$1 == id { print $2 }'; }

# removed ID - delete a task that has ended, and its container; prints the exit code that ctr tells
removed() {
	local code
	wait_until task_is "$1" STOPPED || return
	deadline ctr tasks delete "$1" 2>"$TEST_DIR/deleted" || return
	code=$(sed -n 's/.*exit with non-zero exit code \([0-9]*\).*/\1/p' "$TEST_DIR/deleted")
	deadline ctr containers delete "$1" || return
	echo "${code:-0}"
}

# containerd_clean - remove what a failed test has left, so that the next one is not its victim
containerd_clean() {
	local id
	for id in $(deadline ctr containers ls --quiet); do
		deadline ctr tasks delete --force "$id" >/dev/null 2>&1
		deadline ctr containers delete "$id" >/dev/null 2>&1
	done
	return 0
}
