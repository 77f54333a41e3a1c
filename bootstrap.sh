#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# From a fresh clone to a running ocirun: installs what is missing (Debian, Ubuntu), builds in build/.
#
# usage: ./bootstrap.sh [build|demo|check|bench]
#   build   (default) build/ocirun
#   demo    run a container from a bundle made here, show its events, wait for its exit code
#   check   every test there is; ends with one line: N passed, N failed, N skipped
#   bench   ocirun beside crun and runc, as a table
set -eu
top=$(cd "$(dirname "$0")" && pwd)
build=$top/build
tap=$build/tap
cd "$top"

for_build=(build-essential autoconf automake pkg-config
	libev-dev libcjson-dev libseccomp-dev libcap-dev)
for_demo=(busybox-static jq)
for_check=(bats binutils busybox-static ca-certificates clang clang-format file jq libcap2-bin man-db
	mmdebstrap procps python3 python3-jsonschema shellcheck strace uidmap util-linux xz-utils)
for_clients=(buildah catatonit conmon containerd docker.io podman python3-grpcio rsyslog)
for_bench=(busybox-static crun jq python3 runc)

say() { printf '\n== %s\n' "$*"; }
die() {
	printf 'bootstrap.sh: %s\n' "$*" >&2
	exit 1
}
need_root() { [ "$(id -u)" = 0 ] || die "$1 runs containers as root: sudo ./bootstrap.sh $1"; }

# install_packages PACKAGE... - only what is missing, so that a second run needs neither root nor network.
install_packages() {
	local package missing=()

	if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
		tell_other_systems
		return 0
	fi
	for package; do
		[ "$(dpkg-query -Wf '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] ||
			missing+=("$package")
	done
	[ ${#missing[@]} -gt 0 ] || return 0
	[ "$(id -u)" = 0 ] || die "packages are missing; run this with sudo, or install: ${missing[*]}"
	say "installing ${missing[*]}"
	export DEBIAN_FRONTEND=noninteractive
	apt-get update -q
	without_services apt-get install -qy --no-install-recommends "${missing[@]}"
}

# without_services COMMAND... - no package that is installed starts its daemon, with or without systemd
without_services() (
	policy=/usr/sbin/policy-rc.d
	if [ ! -e "$policy" ]; then
		trap 'rm -f "$policy"' EXIT
		printf '#!/bin/sh\nexit 101\n' >"$policy"
		chmod 755 "$policy"
	fi
	"$@"
)

tell_other_systems() {
	cat >&2 <<-TEXT
		bootstrap.sh: neither Debian nor Ubuntu, so nothing is installed for you. These are Debian's
		names of what is needed; it goes on with what is there.
		  to build:  ${for_build[*]}
		  for demo:  ${for_demo[*]}
		  for check: ${for_check[*]} ${for_clients[*]}
		  for bench: ${for_bench[*]}
	TEXT
}

# Again only when a file that it is made from has changed.
make_configure() {
	local changed
	changed=$(find configure.ac Makefile.am events src bats doc -newer configure \
		\( -name local.mk -o -name configure.ac -o -name Makefile.am \) 2>/dev/null) || changed=all
	if [ -n "$changed" ] || [ ! -f Makefile.in ]; then autoreconf -i; fi
}

# build_in FOLDER [CONFIGURE_ARGUMENT...] - configure, unless that was done with the same arguments; make
build_in() {
	local folder=$1
	shift
	mkdir -p "$folder"
	if [ ! -f "$folder/Makefile" ] || [ "$(cat "$folder/.configured" 2>/dev/null)" != "$*" ]; then
		(cd "$folder" && "$top/configure" -q "$@") || return
		printf '%s\n' "$*" >"$folder/.configured"
	fi
	make -s -C "$folder" -j"$(nproc)" all
}

do_build() {
	install_packages "${for_build[@]}"
	make_configure
	build_in "$build"
	say "built $build/ocirun"
}

do_demo() {
	local work status=0

	install_packages "${for_build[@]}" "${for_demo[@]}"
	need_root demo
	make_configure
	build_in "$build"
	work=$(mktemp -d /tmp/ocirun-demo.XXXXXX)
	ocirun() { "$build/ocirun" --root "$work/root" "$@"; }
	# shellcheck disable=SC2064 # now
	trap "'$build/ocirun' --root '$work/root' delete --force demo; rm -rf '$work'" EXIT

	say "a bundle: a root file system with busybox, and config.json from \`ocirun spec\`"
	mkdir -p "$work"/bundle/rootfs/{bin,dev,etc,proc,root,sys,tmp}
	cp "$(command -v busybox)" "$work/bundle/rootfs/bin/busybox"
	ln -s busybox "$work/bundle/rootfs/bin/sh"
	ocirun spec --bundle "$work/bundle"
	jq '.process.terminal = false | .process.args = ["sh", "-c",
		"echo hello from PID $$ on $(busybox hostname); busybox sleep 1; exit 42"]' \
		"$work/bundle/config.json" >"$work/config.json"
	mv "$work/config.json" "$work/bundle/config.json"

	say "ocirun run --detach demo, and its events as they come"
	ocirun run --detach --bundle "$work/bundle" demo
	ocirun events demo &

	ocirun wait demo || status=$?
	say "ocirun wait demo returned $status; now ocirun delete demo"
	ocirun delete demo
	wait $! # the follower ends by itself after "deleted"

	say "the log outlives the container, so anyone may still ask: ocirun wait demo"
	status=0
	ocirun wait demo || status=$?
	echo "exit code: $status"
	[ "$status" = 42 ] || die "the container exited with 42, and ocirun wait returned $status"
}

do_bench() {
	install_packages "${for_build[@]}" "${for_bench[@]}"
	need_root bench
	make_configure
	build_in "$build"
	make -s -C "$build" bench
}

# step NAME COMMAND... - one line of TAP; the output is kept, and its end shown when it fails
step() {
	local name=$1 log status=0 began=$SECONDS
	shift
	steps=$((steps + 1))
	log=$tap/step-$steps.out
	("$@") >"$log" 2>&1 </dev/null || status=$?
	printf '%-60s %4d s  %s\n' "$name" $((SECONDS - began)) "$([ $status = 0 ] && echo ok || echo FAILED)"
	if [ $status = 0 ]; then
		echo "ok $steps - $name" >>"$tap/steps.tap"
	else
		echo "not ok $steps - $name" >>"$tap/steps.tap"
		tail -n 40 "$log"
	fi
}

# The logs of the tests are their TAP; test-suite.log, which has no .trs, is automake's own.
unit_tests() {
	local status=0 result
	make -s -C "$1" -j"$(nproc)" check-TESTS || status=$?
	for result in "$1"/test-*.trs; do cp "$result" "${result%.trs}.log" "$2/"; done
	return $status
}

# What only an unprivileged user can show. The tree is bound to /mnt, since it may lie where nobody may look.
# shellcheck disable=SC2016 # the inner shell's
rootless_suite() {
	local files
	mapfile -t files < <(grep -l '^@test.*(rootless)' bats/*/*.bats)
	install -d -o 65534 -g 65534 "$tap/rootless"
	unshare --mount --propagation private sh -c 'mount --bind "$0" /mnt && cd /mnt &&
		exec setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all --bounding-set=-all \
		env HOME=/ OCIRUN=/mnt/build/ocirun OCIRUN_BUILD=/mnt/build \
		bats/run -f "[(]rootless[)]" -o /mnt/build/tap/rootless "$@"' "$top" "${files[@]}" </dev/null
}

configure_without_warnings() { autoreconf -i -f --warnings=all,error; }

do_check() {
	local suites=() folder

	install_packages "${for_build[@]}" "${for_check[@]}" "${for_clients[@]}"
	need_root check
	rm -rf "$tap"
	mkdir -p "$tap/unit-gcc" "$tap/unit-sanitizers"
	export OCIRUN_TEST_STRICT=1 OCIRUN_BUILD=$build OCIRUN=$build/ocirun
	export OCIRUN_FAILPOINTS=$build/failpoints/ocirun
	steps=0
	for folder in bats/*/; do
		[[ "$folder" = bats/checks/ || "$folder" = bats/clients/ ]] ||
			[ -z "$(find "$folder" -name '*.bats')" ] || suites+=("$folder")
	done

	step "autoconf and automake warn of nothing" configure_without_warnings
	step "gcc builds it without a warning" build_in "$build" --enable-werror
	step "gcc builds it with failpoints" build_in "$build/failpoints" --enable-werror --enable-failpoints
	step "clang builds it without a warning" build_in "$build/clang" --enable-werror CC=clang
	# Without --enable-werror: what gcc warns of depends on what the sanitizers let it see.
	step "gcc builds it with ASan and UBSan" build_in "$build/sanitizers" \
		--enable-sanitizers --enable-failpoints 'CFLAGS=-g -O1'
	step "unit tests" unit_tests "$build" "$tap/unit-gcc"
	step "unit tests, ASan and UBSan" unit_tests "$build/sanitizers" "$tap/unit-sanitizers"
	step "a Debian root file system" bats/lib/debian-rootfs "$build/cache/debian"
	step "syslog-ng, unpacked" bats/lib/syslog-ng "$build/cache/syslog-ng"
	say "bats/checks"
	bats/run -o "$tap/checks" bats/checks || true
	say "bats"
	bats/run -o "$tap/bats" "${suites[@]}" bats/clients || true
	say "bats, ASan and UBSan"
	OCIRUN=$build/sanitizers/ocirun OCIRUN_TEST_DEADLINE=60 \
		bats/run -o "$tap/bats-sanitizers" "${suites[@]}" || true
	say "bats, as an unprivileged user"
	rootless_suite || true
	step "make distcheck" make -s -C "$build" -j"$(nproc)" distcheck
	echo "1..$steps" >>"$tap/steps.tap"

	say "all of it"
	bats/tally "$tap/steps.tap" "$tap"/unit-*/*.log "$tap"/*/*.tap
}

case ${1:-build} in
build | demo | check | bench) do_"${1:-build}" ;;
*)
	sed -n '/^# usage/,/^#   bench/s/^# \{0,1\}//p' "$0" >&2
	exit 2
	;;
esac
