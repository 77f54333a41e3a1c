#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# libocirun-events as another program gets it: installed, shared and static, for C and C++.

load ../lib/container
load helpers

setup() {
	require program:cc program:make
	container_setup
	[ -e "$OCIRUN_BUILD/Makefile" ] || skip "needs the build directory"
	! nm "$OCIRUN_BUILD/events/public/libocirun-events.a" | grep -q __asan_init ||
		skip "a program without sanitizers cannot have a library with them"
	INSTALLED=$BATS_FILE_TMPDIR/installed
	LIBRARIES=$INSTALLED$(sed -n 's/^libdir=//p' "$OCIRUN_BUILD/events/public/libocirun-events.pc")
}

# installed - all of ocirun below INSTALLED, once
installed() {
	[ ! -e "$INSTALLED" ] || return 0
	make -s -C "$OCIRUN_BUILD" DESTDIR="$INSTALLED" install 3>&- 4>&-
}

# flags ARG... - of pkg-config, as it finds them there
flags() {
	PKG_CONFIG_PATH=$LIBRARIES/pkgconfig PKG_CONFIG_SYSROOT_DIR=$INSTALLED pkg-config "$@" libocirun-events
}

example() { printf '%s\n' "$SOURCE_DIR/doc/examples/follow-all.c"; }

# compiled COMMAND... - the example as $TEST_DIR/follow-all, with the installed header and library
compiled() {
	local words
	read -ra words <<<"$(flags --cflags --libs)"
	"$@" -Wall -Wextra -Werror -o "$TEST_DIR/follow-all" "$(example)" "${words[@]}"
}

# it_follows - the compiled example prints every line of every container, once
it_follows() {
	ended 'exit 3' past
	LD_LIBRARY_PATH=$LIBRARIES "$TEST_DIR/follow-all" "$ROOT/.feed" >"$TEST_DIR/f.out" 2>&1 3>&- 4>&- &
	BACKGROUND_PID=$!
	echo "$BACKGROUND_PID" >>"$TEST_DIR/background"
	ended 'exit 4' present
	ocirun delete past
	ocirun delete present
	wait_until has_all_lines
	kill "$BACKGROUND_PID"
}
has_all_lines() { diff <(sort "$TEST_DIR/f.out") <(sort "$ROOT"/.events/*.ndjson); }

has_shared() { [ -e "$OCIRUN_BUILD/events/public/libocirun-events.so" ]; }
needs_shared() { has_shared || skip "configured with --disable-shared"; }

@test "library: the example is short, and follows the feed with the shared library" {
	needs_shared
	installed
	[ "$(wc -l <"$(example)")" -lt 60 ]
	compiled cc -std=c11 -D_GNU_SOURCE
	readelf -dW "$TEST_DIR/follow-all" | grep -q 'NEEDED.*\[libocirun-events.so.0\]'
	it_follows
}

@test "library: the same with the static library" {
	installed
	compiled cc -static
	[ "$(readelf -dW "$TEST_DIR/follow-all" | grep NEEDED)" = "" ]
	it_follows
}

@test "library: the same in C++" {
	require program:c++
	needs_shared
	installed
	local words
	read -ra words <<<"$(flags --cflags --libs)"
	c++ -std=c++17 -Wall -Wextra -Werror -o "$TEST_DIR/follow-all" -x c++ "$(example)" -x none "${words[@]}"
	it_follows
}

# declared - the functions of the header, sorted
declared() {
	grep -v '^#define' "$SOURCE_DIR/include/ocirun/events.h" | tr '\n' ' ' | grep -oE 'OCIRUN_PUBLIC [^;(]*\(' |
		sed -E 's/.*[ *](ocirun_[a-z_]+)\(/\1/' | sort
}

@test "library: it offers the functions of the header, under their version, and nothing else" {
	needs_shared
	local library=$OCIRUN_BUILD/events/public/libocirun-events
	declared | grep -qx ocirun_log_open
	diff <(declared | sed 's/$/@@OCIRUN_EVENTS_0.1/') \
		<(nm -D --defined-only "$library.so" | awk '$2 == "T" {print $3}' | sort)
	diff <(declared) <(nm -g --defined-only "$library.a" | awk 'NF == 3 {print $3}' | sort)
	readelf -dW "$library.so" | grep -q 'SONAME.*\[libocirun-events.so.0\]'
	[ "$(readelf -dW "$library.so" | grep -c NEEDED)" = 1 ] # libc
}

@test "library: every function of the header is in the manual" {
	local name
	for name in $(declared); do
		grep -qw "$name" "$SOURCE_DIR/doc/man/libocirun-events.3" || fail "not in the manual: $name"
	done
}

@test "library: ocirun itself does not load it" {
	[ "$(readelf -dW "$OCIRUN" | grep 'NEEDED.*ocirun')" = "" ]
}
