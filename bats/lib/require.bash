# SPDX-License-Identifier: Apache-2.0
# require NEED... - skip the test where the machine lacks one of the needs, and say which
# Under OCIRUN_TEST_STRICT=1 bats/tally counts a skip as failed unless allowed-skips holds its reason.
#
#   root  rootless        the effective user
#   cgroup1  cgroup2      a v1 hierarchy, a v2 hierarchy (also the one of a hybrid host)
#   unified  hybrid       /sys/fs/cgroup itself is v2; v1 with v2 beside it
#   controller:NAME       mounted on v1 or listed on v2
#   userns  timens        namespaces that a kernel or a sysctl may deny
#   kernel:6.15           at least that release
#   program:NAME          found in PATH
#   schema                the runtime-spec's JSON schemas, given by OCI_SPEC_SCHEMA
#   debian                a Debian root file system with redis (bats/lib/debian-rootfs)
#   syslog_ng             unpacked by bats/lib/syslog-ng (bats/clients/collectors.bash)
#   failpoints            a build with --enable-failpoints; OCIRUN becomes that one
require() {
	local need
	for need; do
		declare -F "has_${need%%:*}" >/dev/null || fail "require: unknown need $need" || return
		has_"${need%%:*}" "${need#*:}" || skip "needs $(need_text "$need")"
	done
}

need_text() {
	case $1 in
	unified) echo "cgroup v2 alone" ;;
	hybrid) echo "cgroup v1 with v2 beside it" ;;
	cgroup1) echo "cgroup v1" ;;
	cgroup2) echo "cgroup v2" ;;
	controller:*) echo "the cgroup controller ${1#*:}" ;;
	userns) echo "user namespaces" ;;
	timens) echo "time namespaces" ;;
	kernel:*) echo "Linux ${1#*:}" ;;
	program:*) echo "the program ${1#*:}" ;;
	schema) echo "the runtime-spec's JSON schemas in OCI_SPEC_SCHEMA" ;;
	debian) echo "a Debian root file system in the cache" ;;
	failpoints) echo "a build with --enable-failpoints" ;;
	*) echo "$1" ;;
	esac
}

has_root() { [ "$(id -u)" = 0 ]; }
has_rootless() { [ "$(id -u)" != 0 ]; }
has_unified() { [ "$(stat -fc %T /sys/fs/cgroup)" = cgroup2fs ]; }
has_cgroup1() { grep -q ' - cgroup ' /proc/self/mountinfo; }
has_cgroup2() { grep -q ' - cgroup2 ' /proc/self/mountinfo; }
has_hybrid() { has_cgroup1 && has_cgroup2; }
has_userns() { unshare --user --map-root-user true 2>/dev/null; }
has_timens() { [ -e /proc/self/ns/time ]; }
has_program() { type -P "$1" >/dev/null; }
has_schema() { [ -f "${OCI_SPEC_SCHEMA:-}/config-schema.json" ]; }
has_debian() { [ -x "$(debian_rootfs)/usr/bin/redis-server" ]; }

has_controller() {
	grep -Eq " - cgroup .*[ ,]$1(,|\$)" /proc/self/mountinfo ||
		cat /sys/fs/cgroup/cgroup.controllers /sys/fs/cgroup/unified/cgroup.controllers 2>/dev/null |
		tr ' ' '\n' | grep -qx "$1"
}

has_kernel() {
	[ "$(printf '%s\n' "$1" "$(uname -r)" | sort -V | head -n 1)" = "$1" ]
}

has_failpoints() {
	grep -q OCIRUN_FAIL_AT "$OCIRUN" 2>/dev/null && return
	[ -x "${OCIRUN_FAILPOINTS:-}" ] || return
	OCIRUN=$OCIRUN_FAILPOINTS
	# shellcheck disable=SC2034 # read by ocirun()
	OCIRUN_CMD=("$OCIRUN" --root "$ROOT")
}
