#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A configuration that cannot be meant is an error that names the place in it, and nothing has been
# touched then. The configurations are in ../data: bad-json/ for what is no JSON, bad-config.txt.

load ../lib/container

DATA=$BATS_TEST_DIRNAME/../data

# refused TEXT - create fails with this text behind the file's name, and leaves no trace
refused() {
	local status=0 seen
	rm -rf "$ROOT"
	seen=$(ocirun create -b "$BUNDLE" bad 2>&1) || status=$?
	[ "$status" = 1 ] || fail "expected status 1, seen: $status: $seen" || return
	[ "$seen" = "ocirun: create bad: config.json: $1" ] ||
		fail "expected: ocirun: create bad: config.json: $1"$'\n'"seen:     $seen" || return
	untouched
}

# untouched - no state directory, and no event log either: there has been no container.
untouched() {
	local left
	left=$(find "$ROOT" -name 'bad*' 2>/dev/null || true)
	[ -z "$left" ] || fail "left behind: $left"
}

# section NAME - every configuration below "## NAME" in bad-config.txt; all failures are shown.
section() {
	local filter text failed=0 count=0
	require program:jq
	mkdir -p "$BUNDLE/rootfs"
	while IFS= read -r filter && IFS= read -r text; do
		count=$((count + 1))
		jq "$filter" "$LIB_DIR/config.json" | sed 's/"NUM:\([^"]*\)"/\1/' >"$BUNDLE/config.json"
		refused "${text#$'\t'}" || {
			echo "^ $filter" >&2
			failed=1
		}
	done < <(awk -v name="$1" '/^## / {inside = $2 == name; next} inside && !/^#/ && NF' \
		"$DATA/bad-config.txt")
	[ "$count" -gt 0 ] || fail "no configurations in section $1"
	return "$failed"
}

@test "bad config: what is no JSON, or no object, is refused with its place" {
	local name text failed=0
	mkdir -p "$BUNDLE/rootfs"
	while IFS=$'\t' read -r name text; do
		cp "$DATA/bad-json/$name.json" "$BUNDLE/config.json"
		refused "$text" || {
			echo "^ bad-json/$name.json" >&2
			failed=1
		}
	done < <(grep -v '^#' "$DATA/bad-json/expected")
	[ "$failed" = 0 ]
}

@test "bad config: every file of bad-json is in its list" {
	diff <(grep -v '^#' "$DATA/bad-json/expected" | cut -f 1 | sort) \
		<(basename -s .json "$DATA"/bad-json/*.json | sort)
}

@test "bad config: every section of bad-config.txt has a test" {
	diff <(sed -n 's/^## //p' "$DATA/bad-config.txt" | sort) \
		<(sed -n 's/.*{ section \([a-z]*\); }$/\1/p' "$BATS_TEST_FILENAME" | sort)
}

@test "bad config: ociVersion (config.md#specification-version)" { section version; }
@test "bad config: process (config.md#process)" { section process; }
@test "bad config: process.user (config.md#posix-platform-user)" { section user; }
@test "bad config: process.rlimits (config.md#posix-process)" { section rlimits; }
@test "bad config: process.capabilities (config.md#linux-process)" { section capabilities; }
@test "bad config: root (config.md#root)" { section root; }
@test "bad config: mounts (config.md#mounts)" { section mounts; }
@test "bad config: hooks (config.md#posix-platform-hooks)" { section hooks; }
@test "bad config: hostname, domainname and annotations" { section names; }
@test "bad config: namespaces (config-linux.md#namespaces)" { section namespaces; }
@test "bad config: ID mappings (config-linux.md#user-namespace-mappings)" { section maps; }
@test "bad config: sysctl (config-linux.md#sysctl)" { section sysctl; }
@test "bad config: devices (config-linux.md#devices)" { section devices; }
@test "bad config: paths and propagation in linux" { section paths; }
@test "bad config: resources (config-linux.md#control-groups)" { section resources; }
@test "bad config: seccomp (config-linux.md#seccomp)" { section seccomp; }
@test "bad config: what this version does not apply is refused by name" { section refused; }

@test "bad config: no file, a directory, a FIFO and a device are refused at once" {
	mkdir -p "$BUNDLE/rootfs"
	refused "No such file or directory"
	mkdir "$BUNDLE/config.json"
	refused "must be a regular file"
	rmdir "$BUNDLE/config.json"
	mkfifo "$BUNDLE/config.json"
	refused "must be a regular file"
	ln -sf /dev/zero "$BUNDLE/config.json"
	refused "must be a regular file"
}

@test "bad config: a file of more than 4 MiB is refused" {
	mkdir -p "$BUNDLE/rootfs"
	cp "$LIB_DIR/config.json" "$BUNDLE/config.json"
	truncate -s $((4 * 1024 * 1024 + 1)) "$BUNDLE/config.json"
	refused "must not be larger than 4 MiB"
}

@test "bad config: an object of more than 4096 members is refused" {
	require program:jq
	mkdir -p "$BUNDLE/rootfs"
	jq -c '.annotations = ([range(4097) | {"k\(.)": ""}] | add)' "$LIB_DIR/config.json" \
		>"$BUNDLE/config.json"
	local column
	column=$(grep -bo '"annotations":{' "$BUNDLE/config.json" | cut -d: -f1)
	refused "line 1, column $((column + 15)): object with more than 4096 members"
}

@test "bad config: a file that may not be read is refused (rootless)" {
	require rootless
	mkdir -p "$BUNDLE/rootfs"
	cp "$LIB_DIR/config.json" "$BUNDLE/config.json"
	chmod 000 "$BUNDLE/config.json"
	refused "Permission denied"
}

# without_container FILTER - create fails with 1 and leaves no state behind; prints what it said
without_container() {
	local status=0
	rm -rf "$ROOT"
	bundle_with "$1"
	ocirun create bad 2>&1 || status=$?
	[ "$status" = 1 ] || fail "expected status 1, seen: $status" || return
	[ ! -e "$ROOT/bad" ] || fail "left behind: $ROOT/bad"
}

@test "bad config: a root that is missing, a file or the host's own is refused (config.md#root)" {
	require program:jq
	bundle
	touch file
	[[ "$(without_container '.root.path = "absent"')" = *"config.json: root.path "*"/absent: No such file or directory" ]]
	[[ "$(without_container '.root.path = "file"')" = *"config.json: root.path "*"/file: not a directory" ]]
	[[ "$(without_container '.root.path = "/"')" = *"config.json: root.path is the host's root" ]]
	[[ "$(without_container '.root.path = "../../../../.."')" = *"config.json: root.path is the host's root" ]]
}

@test "bad config: namespaces that are missing or of another type are refused" {
	require root program:jq
	[[ "$(without_container '.linux.namespaces[1].path = "/absent"')" = *network*"/absent"* ]]
	[[ "$(without_container '.linux.namespaces[1].path = "/etc/passwd"')" = *network*"/etc/passwd"*"not a namespace" ]]
	[[ "$(without_container '.linux.namespaces[1].path = "/proc/self/ns/uts"')" = *network*"/proc/self/ns/uts"*"another type" ]]
}

@test "bad config: a bind source that is missing, or no procfs over /proc, is refused" {
	require root program:jq
	[[ "$(without_container '.mounts += [{"destination": "/x", "source": "/absent", "options": ["bind"]}]')" = *mounts*"/absent"*"No such file or directory" ]]
	[[ "$(without_container '.mounts[0] = {"destination": "/proc", "source": "/tmp", "options": ["bind"]}')" = *mounts*proc* ]]
}

@test "bad config: a file system or an option that the kernel does not know is refused" {
	require root program:jq
	[[ "$(without_container '.mounts += [{"destination": "/x", "type": "nosuchfs", "source": "x"}]')" = *"mounts: /x: "*nosuchfs* ]]
	[[ "$(without_container '.mounts += [{"destination": "/x", "type": "tmpfs", "options": ["nosuch=1"]}]')" = *"mounts: /x: "* ]]
}

@test "bad config: an unknown capability is a warning and no error (config.md#linux-process)" {
	require root program:jq
	bundle_with '.process.args = ["true"] | .process.capabilities.bounding += ["CAP_FLY"]'
	ocirun run warned 2>"$TEST_DIR/warning"
	grep -q 'process.capabilities.bounding\[3\]: unknown capability "CAP_FLY" ignored' "$TEST_DIR/warning"
}

@test "bad config: unknown keys, and keys in another case, are ignored (config.md#extensibility)" {
	require root program:jq
	bundle_with '.process.args = ["true"] | .future = {"a": [1]} | .Hostname = 7
		| .process.Args = 7 | .linux.unknown = true'
	ocirun --debug run known 2>"$TEST_DIR/debug"
	grep -q 'config.json: future: unknown to the runtime-spec, ignored' "$TEST_DIR/debug"
	grep -q 'config.json: linux.unknown: unknown to the runtime-spec, ignored' "$TEST_DIR/debug"
}
