#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# ocirun beside crun and runc, on one bundle, interleaved; prints a table. usage: bench.sh [ROUNDS]
#
# It runs in a mount namespace of its own, since Debian's crun refuses some hybrid hosts unless the
# v1 hugetlb controller is mounted, too.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
export OCIRUN="${OCIRUN:-$top/build/ocirun}"

if [ "${1:-}" != --inside ]; then
	[ "$(id -u)" = 0 ] || { echo "bench.sh: containers are run as root" >&2; exit 1; }
	exec unshare --mount "$0" --inside "$@"
fi
shift

# hugetlb can be in one hierarchy only; v2 gives it up where no cgroup has it enabled.
hugetlb=/sys/fs/cgroup/hugetlb
v2=/sys/fs/cgroup/unified
if grep -qs hugetlb $v2/cgroup.controllers && [ ! -e $hugetlb ]; then
	find $v2 -depth -name cgroup.subtree_control | while read -r file; do
		echo -hugetlb >"$file" 2>/dev/null || true
	done
	mkdir $hugetlb
	mount -t cgroup -o hugetlb cgroup $hugetlb || rmdir $hugetlb
fi
python=/usr/bin/python3
[ -x $python ] || python=python3
status=0
"$python" "$here/bench.py" "$@" || status=$?
if umount $hugetlb 2>/dev/null; then rmdir $hugetlb; fi
exit $status
