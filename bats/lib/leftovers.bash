# SPDX-License-Identifier: Apache-2.0
# What a test could leave behind, and how its end finds it.

# ids_of_test - every container this test ever had, by state directories and logs.
ids_of_test() {
	{
		find "$ROOT" -mindepth 1 -maxdepth 1 -type d ! -name '.*' -printf '%f\n'
		find "$ROOT/.events" -name '*.ndjson' -printf '%f\n' | sed 's/\(@.*\)\?\.ndjson$//'
	} 2>/dev/null | sort -u
}

# A process is of this test if a file of $TEST_DIR is its root, its cwd or open.
processes_left() {
	find /proc/[0-9]*/{fd,root,cwd,exe} -maxdepth 1 -lname "$TEST_DIR*" -printf '%p -> %l\n' \
		2>/dev/null | grep -v "^/proc/\($$\|$BASHPID\)/" || true
}

no_process_left() {
	local left
	left=$(processes_left)
	[ -z "$left" ] || fail "processes left:"$'\n'"$left"
}

nothing_left_in_cgroups() {
	local left
	left=$(find /sys/fs/cgroup -type d -path "*/ocirun/$1" 2>/dev/null)
	[ -z "$left" ] || fail "cgroups left: $left"
}
