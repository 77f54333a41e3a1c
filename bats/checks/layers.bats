#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The folders are the layers that doc/architecture.md shows.

setup() {
	SOURCE_DIR=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	CHECK=$BATS_TEST_DIRNAME/layers.sh
}

# A tree of two layers to try the check itself on.
small_tree() {
	cd "$BATS_TEST_TMPDIR"
	mkdir -p doc src/low src/high events include
	cat >doc/architecture.md <<-TABLE
		<!-- layers -->
		| layer | folder | may use | headers |
		|---|---|---|---|
		| 0 | src/low | | ev.h |
		| 1 | src/high | low | |
		<!-- /layers -->
	TABLE
	echo '#include <ev.h>' >src/low/low.h
	echo '#include "low/low.h"' >src/high/high.c
}

@test "every #include is one that the layer table allows" {
	"$CHECK" "$SOURCE_DIR"
}

@test "the check lets a small tree pass that keeps its table" {
	small_tree
	"$CHECK" .
}

@test "the check finds a lower layer that uses a higher one" {
	small_tree
	echo '#include "high/high.h"' >src/low/low.c
	run "$CHECK" .
	[ "$status" = 1 ]
	[ "$output" = "src/low/low.c: low may not use high/high.h" ]
}

@test "the check finds a third-party header away from home" {
	small_tree
	echo '#include <ev.h>' >>src/high/high.c
	run "$CHECK" .
	[ "$output" = "src/high/high.c: <ev.h> is at home elsewhere" ]
}

@test "the check finds a table that legalises a cycle" {
	small_tree
	sed -i 's/| 0 | src\/low | |/| 0 | src\/low | high |/' doc/architecture.md
	run "$CHECK" .
	[ "$status" = 1 ]
	[[ $output == *"high has no row above it"* ]]
}

@test "the check finds a ring of headers" {
	small_tree
	echo '#include "low/b.h"' >src/low/a.h
	echo '#include "low/a.h"' >src/low/b.h
	run "$CHECK" .
	[ "$status" = 1 ]
	[[ $output == "ring of headers:"* ]]
}

@test "the check finds a folder without a row" {
	small_tree
	mkdir src/misc
	echo '#include "low/low.h"' >src/misc/misc.c
	run "$CHECK" .
	[[ $output == *"the folder misc has no row"* ]]
}
