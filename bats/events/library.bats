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
	c++ -std=c++17 -Wall -Wextra -pedantic -Werror -o "$TEST_DIR/follow-all" -x c++ "$(example)" -x none "${words[@]}"
	it_follows
}

@test "library: the same where there is no inotify" {
	local sources=()
	mapfile -t sources < <(find "$SOURCE_DIR/events" -name '*.c' ! -name 'test-*' ! -name 'fuzz-*')
	cc -std=gnu17 -D_GNU_SOURCE -DOCIRUN_EVENTS_POLLING -I"$OCIRUN_BUILD" -I"$SOURCE_DIR/include" -I"$SOURCE_DIR" \
		-o "$TEST_DIR/follow-all" "$(example)" "${sources[@]}"
	run -1 grep -c inotify <(nm -u "$TEST_DIR/follow-all")
	it_follows
}

@test "library: the header asks for nothing but a C or C++ compiler" {
	require program:c++
	local header=$SOURCE_DIR/include/ocirun/events.h standard
	for standard in c99 c11 c17; do
		cc -std=$standard -Wall -Wextra -pedantic -Werror -fsyntax-only -x c "$header"
	done
	for standard in c++11 c++17 c++20; do
		c++ -std=$standard -Wall -Wextra -pedantic -Werror -fsyntax-only -x c++ "$header"
	done
}

@test "library: pkg-config tells how to compile and link, also statically" {
	installed
	[ "$(flags --modversion)" = "$(sed -n 's/.*OCIRUN_VERSION *"\(.*\)".*/\1/p' "$INSTALLED"/usr/*/include/ocirun/version.h \
		"$INSTALLED"/usr/include/ocirun/version.h 2>/dev/null | head -n 1)" ]
	[[ $(flags --cflags) = *"-I$INSTALLED/"*include* ]]
	[[ $(flags --libs) = *"-L$LIBRARIES -locirun-events"* ]]
	# libc is all it needs.
	[ "$(flags --static --libs)" = "$(flags --libs)" ]
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

@test "library: the verbs events and wait read logs by its header alone" {
	local objects=()
	[ -e "$OCIRUN_BUILD/src/verbs/events.o" ] || skip "needs the objects of the build"
	# What the archive offers beyond the header is for writers.
	nm -g --defined-only "$OCIRUN_BUILD/libocirun-events.a" | awk 'NF == 3 {print $3}' | sort -u >"$TEST_DIR/all"
	comm -23 "$TEST_DIR/all" <(declared) >"$TEST_DIR/private"
	grep -qx journal_append "$TEST_DIR/private"
	# Those that record what they did are no readers.
	mapfile -t objects < <(find "$OCIRUN_BUILD/src/verbs" -name '*.o' ! -name 'test-*' ! -name kill.o ! -name 'update*.o')
	[ "${#objects[@]}" -gt 20 ]
	run -1 grep -Fxf "$TEST_DIR/private" <(nm -u "${objects[@]}" | awk 'NF == 2 {print $2}' | sort -u)
	[ "$output" = "" ] || fail "$output"
	grep -qx ocirun_log_next <(nm -u "${objects[@]}" | awk '{print $2}')
}

@test "library: ocirun itself does not load it" {
	[ "$(readelf -dW "$OCIRUN" | grep 'NEEDED.*ocirun')" = "" ]
}
