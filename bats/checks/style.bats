#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What two tools can say about how the sources are written.

load ../lib/require

setup() {
	cd "$BATS_TEST_DIRNAME/../.."
}

@test "clang-format would change nothing" {
	require program:clang-format
	local changes
	changes=$(find src events include -name '*.[ch]' -print0 |
		xargs -0 clang-format --dry-run -Werror 2>&1 | grep error: | cut -d: -f1 | sort | uniq -c)
	[ -z "$changes" ] || { printf 'places, file:\n%s\n' "$changes"; false; }
}

@test "shellcheck finds nothing in the scripts" {
	require program:shellcheck
	local scripts
	mapfile -t scripts < <(grep -lrE '^#!.*\b(sh|bash)$' bootstrap.sh bats .ci 2>/dev/null)
	shellcheck -x "${scripts[@]}" bats/lib/*.bash
}
