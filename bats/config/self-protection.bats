#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What a hostile container could do to ocirun itself: its program, its descriptors, its caller's
# secrets. Each test holds for every moment from create to the end. (Roots: escape.bats; those who share
# a pid namespace: neighbours.bats.)
# shellcheck disable=SC2154,SC2016,SC2030,SC2031,SC2054 # run sets stderr; single quotes hold words of jq and containers

load ../lib/container

setup() {
	require root
	container_setup
	PROGRAMS=("$OCIRUN" "$(dirname "$OCIRUN")/ocirun-monitor")
	BEFORE=$(sha256sum "${PROGRAMS[@]}")
}

programs_are_unharmed() { [ "$(sha256sum "${PROGRAMS[@]}")" = "$BEFORE" ]; }

@test "CVE-2019-5736: a program that is /proc/self/exe runs nothing of ocirun's, in any spelling" {
	local program
	for program in /proc/self/exe /proc/thread-self/exe /proc/1/exe /link; do
		bundle_with --arg program "$program" '.process.args = [$program, "--version"]'
		ln -sfn /proc/self/exe rootfs/link
		run ocirun run web
		[ "$status" != 0 ]
		[[ $output != *"ocirun version"* && $output != *libseccomp* ]] || fail "$output"
		programs_are_unharmed
	done
}

@test "CVE-2019-5736: a script whose interpreter is /proc/self/exe writes to nothing of ocirun's" {
	bundle_with '.process.args = ["/script"]'
	printf '#!/proc/self/exe\n' >rootfs/script
	chmod 755 rootfs/script
	run ocirun run web
	[ "$status" != 0 ]
	[[ $output != *"ocirun version"* ]]
	programs_are_unharmed
	# One that is there before the program is: a hook in the container.
	bundle_with '.hooks.startContainer = [{path: "/script"}] | .process.args = ["true"]'
	run ocirun run web
	programs_are_unharmed
}

@test "CVE-2019-5736: the waiting init is a memfd that is sealed against every change" {
	require program:python3
	bundle
	ocirun create web
	local exe
	exe=/proc/$(container_pid web)/exe
	[[ $(readlink "$exe") == "/memfd:"* ]]
	# F_GET_SEALS; SEAL, SHRINK, GROW and WRITE are 15
	run -0 python3 -c 'import fcntl, sys; print(fcntl.fcntl(open(sys.argv[1], "rb"), 1034) & 15)' "$exe"
	[ "$output" = 15 ]
	[ -z "$(find "${exe%exe}map_files" -lname '/*ocirun*' ! -lname '/memfd:*')" ]
}

@test "CVE-2024-21626: a cwd that is a descriptor is refused, also one that the caller handed on" {
	local fd status
	for fd in {3..20}; do
		bundle_with --arg cwd "/proc/self/fd/$fd" '.process.cwd = $cwd | .process.args = ["ls", "../.."]'
		run -1 --separate-stderr ocirun run web
		[[ $stderr == *cwd* ]] || fail "$fd: $stderr"
	done
	bundle_with '.process.cwd = "/proc/self/fd/3" | .process.args = ["ls", "-a", "."]'
	status=0
	"${OCIRUN_CMD[@]}" run --preserve-fds 1 web </dev/null >"$TEST_DIR/out" 2>&1 3<"$SOURCE_DIR" 4>&- || status=$?
	[ "$status" = 1 ]
	grep -q cwd "$TEST_DIR/out"
	run ! grep configure.ac "$TEST_DIR/out"
}

@test "the caller's environment is in no process that it leaves, and in no container" {
	bundle_script 'env; cat /proc/1/environ; sleep 60'
	SECRET_OF_CALLER=hidden ocirun create web
	local pid
	for pid in $(container_pid web) $(grep -lsx ocirun-monitor /proc/[0-9]*/comm | cut -d/ -f3); do
		run ! grep -aq SECRET_OF_CALLER "/proc/$pid/environ"
	done
	SECRET_OF_CALLER=hidden ocirun start web
	wait_until grep -q PATH= <(container_output web)
	[[ $(container_output web) != *SECRET_OF_CALLER* ]]
}

@test "the caller's umask neither opens nor closes what ocirun makes" {
	local mask
	for mask in 000 027 077; do
		bundle_script 'umask; >/tmp/file; stat -c %a /tmp/file /tmp/dir/sub'
		config_with '.mounts += [{destination: "/tmp", type: "tmpfs", source: "tmpfs"}]
			| .process.cwd = "/tmp/dir/sub"'
		OCIRUN_CMD=(sh -c 'umask "$1"; shift; exec "$@"' sh "$mask" "$OCIRUN" --root "$ROOT")
		ocirun create web
		[ "$(stat -c %a "$ROOT" "$ROOT/web" "$ROOT/web/state.json" "$(log_path web)" | paste -sd ' ')" = "700 700 600 600" ] ||
			fail "$mask: $(stat -c '%a %n' "$ROOT" "$ROOT"/web/* "$(log_path web)")"
		ocirun start web
		run -0 ocirun wait web
		[ "$(container_output web)" = $'0022\n644\n755' ] || fail "$mask: $(container_output web)"
		ocirun delete web
	done
}

@test "the waiting init blocks and ignores nothing, whatever the caller did" {
	bundle
	OCIRUN_CMD=(env --ignore-signal=TERM,USR1,PIPE --block-signal=HUP,USR2 "${OCIRUN_CMD[@]}")
	ocirun create web
	run -0 grep -E '^Sig(Blk|Ign):' "/proc/$(container_pid web)/status"
	[ "$output" = $'SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000' ]
}
