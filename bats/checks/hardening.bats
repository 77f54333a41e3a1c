#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The flags that configure.ac asks for are in the programs that came out.

load ../lib/require

setup() {
	require program:readelf
	TOP=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	OCIRUN=${OCIRUN:-$TOP/build/ocirun}
	PROGRAMS=("$OCIRUN" "$(dirname "$OCIRUN")/ocirun-monitor")
	! nm -D "$OCIRUN" | grep -q __asan_init || skip "built with sanitizers, which leave hardening out"
}

# each COMMAND... - run it with each program; say which one failed
each() {
	local program
	for program in "${PROGRAMS[@]}"; do
		"$@" "$program" || { echo "$*: not so for $program"; return 1; }
	done
}

is_pie() { readelf -hW "$1" | grep -q 'Type: *DYN' && readelf -dW "$1" | grep -q 'FLAGS_1.*PIE'; }
has_relro() { readelf -lW "$1" | grep -q GNU_RELRO; }
binds_now() { readelf -dW "$1" | grep -Eq 'BIND_NOW|FLAGS_1.*NOW'; }
stack_is_data() { readelf -lW "$1" | grep 'GNU_STACK' | grep -q ' RW '; }
no_writable_code() { ! readelf -lW "$1" | grep -Eq ' LOAD .* (RWE|WE) '; }
headers_not_executable() { readelf -lW "$1" | grep -m 1 ' LOAD ' | grep -q ' R  *0x'; }
no_search_path() { ! readelf -dW "$1" | grep -Eq 'RPATH|RUNPATH'; }
has_symbol() { nm "$2" 2>/dev/null | grep -Eq "$1" || nm -D "$2" | grep -Eq "$1"; }
has_cet() { readelf -nW "$1" | grep -q 'x86 feature: .*IBT.*SHSTK'; }

@test "the programs are position-independent" { each is_pie; }
@test "relocations are read-only after start" { each has_relro; }
@test "symbols are bound at start" { each binds_now; }
@test "the stack is not executable" { each stack_is_data; }
@test "no segment is writable and executable" { each no_writable_code; }
@test "the ELF headers are not in an executable segment" { each headers_not_executable; }
@test "no library is searched where the build says" { each no_search_path; }
@test "functions with arrays have stack protectors" { each has_symbol '__stack_chk_fail'; }
@test "calls of libc are fortified" { has_symbol '__[a-z]+_chk(@|$)' "$OCIRUN"; }

@test "control-flow protection is noted, where the toolchain's own start files have it" {
	cd "$BATS_TEST_TMPDIR"
	echo 'int main(void) { return 0; }' >probe.c
	gcc -fcf-protection=full -fPIE -pie -o probe probe.c || skip "no gcc that knows -fcf-protection"
	has_cet probe || return 0 # one object without the note, here libc's, and the linker drops it
	has_cet "$OCIRUN"
}

@test "the monitor is static, so that it shares no library's memory and time" {
	! readelf -lW "${PROGRAMS[1]}" | grep -q INTERP
}

@test "ocirun needs the four libraries and libc, and no other" {
	local seen
	seen=$(readelf -dW "$OCIRUN" | sed -n 's/.*NEEDED.*\[\(.*\)\]/\1/p' |
		grep -Ev '^(libcjson|libseccomp|libcap|libev|libm|libc)\.so\.[0-9]+$' || true)
	[ -z "$seen" ] || { echo "also needs: $seen"; false; }
}
