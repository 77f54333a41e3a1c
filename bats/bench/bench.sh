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

hugetlb=/sys/fs/cgroup/hugetlb
if [ -d /sys/fs/cgroup/unified ] && [ ! -e $hugetlb ] && mkdir $hugetlb 2>/dev/null; then
	mount -t cgroup -o hugetlb cgroup $hugetlb || rmdir $hugetlb
fi
python=/usr/bin/python3
[ -x $python ] || python=python3
status=0
"$python" "$here/bench.py" "$@" || status=$?
if umount $hugetlb 2>/dev/null; then rmdir $hugetlb; fi
exit $status
