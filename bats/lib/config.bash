# SPDX-License-Identifier: Apache-2.0
# Bundles: a busybox root file system and config.json, which is what `ocirun spec` writes without a
# terminal (config.json beside this file), changed by jq filters.

# bundle - make $BUNDLE with the default configuration, and go there.
bundle() { bundle_with .; }

# bundle_with [JQ_OPTION...] FILTER - make $BUNDLE with a changed default configuration, and go there
# Called again it starts from the default again; the root file system stays as it is.
bundle_with() {
	mkdir -p "$BUNDLE"
	[ -d "$BUNDLE/rootfs" ] || cp -a "$(busybox_rootfs)" "$BUNDLE/rootfs"
	jq "$@" "$LIB_DIR/config.json" >"$BUNDLE/config.json" || return
	cd "$BUNDLE" || return
}

# config_with [JQ_OPTION...] FILTER - change the configuration that is there.
config_with() {
	local changed
	changed=$(jq "$@" "$BUNDLE/config.json") || return
	printf '%s\n' "$changed" >"$BUNDLE/config.json"
}

# bundle_script TEXT - as bundle_with: the container runs this shell script.
# shellcheck disable=SC2016 # $script is jq's
bundle_script() { bundle_with --arg script "$1" '.process.args = ["sh", "-c", $script]'; }

# busybox_rootfs - path of a root file system that holds busybox and little else; copy, do not change.
busybox_rootfs() {
	local rootfs=$OCIRUN_TEST_CACHE/busybox

	[ -d "$rootfs" ] || make_busybox_rootfs "$rootfs" || return
	printf '%s\n' "$rootfs"
}

make_busybox_rootfs() {
	local new applet busybox
	busybox=$(type -P busybox) || fail "busybox is not installed (package busybox-static)" || return

	mkdir -p "$(dirname "$1")"
	new=$(mktemp -d "$1.XXXXXX") || return
	chmod 755 "$new"
	mkdir -p "$new"/{bin,dev,etc,home,proc,root,run,sys,tmp,usr/bin,var/tmp}
	chmod 1777 "$new/tmp" "$new/var/tmp"
	cp "$busybox" "$new/bin/busybox"
	for applet in $(busybox --list); do
		[ "$applet" = busybox ] || ln -s busybox "$new/bin/$applet"
	done
	printf 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n' >"$new/etc/passwd"
	printf 'root:x:0:\ntty:x:5:\nnogroup:x:65534:\n' >"$new/etc/group"
	# Two files may have made one at the same time: the first stays.
	mv -T "$new" "$1" 2>/dev/null || rm -rf "$new"
}

# docker_seccomp - path of a seccomp profile of the shape and strictness of docker's default.
docker_seccomp() { printf '%s\n' "$SOURCE_DIR/bats/data/seccomp-docker.json"; }

# debian_rootfs - path of a Debian root file system with redis; made by bats/lib/debian-rootfs.
debian_rootfs() { printf '%s\n' "$OCIRUN_TEST_CACHE/debian"; }
