#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# buildah --isolation oci: it calls create, start, state, kill and delete itself, and reaps init itself.

load ../lib/container
load common
load podman

teardown() {
	deadline buildah rm --all >/dev/null
	podman_teardown
}

# work - a working container from the image
work() { deadline buildah from --pull-never localhost/busybox; }

# builds CODE CONTAINER ARG... - `buildah run` returns CODE, and so does ocirun
builds() {
	local code=$1 before
	shift
	before=$(logs_so_far)
	run "-$code" deadline buildah run --isolation oci --runtime /usr/local/bin/ocirun --network none "$@" || return
	ID=$(comm -13 <(echo "$before") <(logs_so_far))
	[ -n "$ID" ] || fail "buildah did not use ocirun" || return
	client_agrees_and_gone "$ID" "$code"
}

logs_so_far() { find "$ROOT/.events" -name '*.ndjson' -printf '%f\n' 2>/dev/null | sed 's/\.ndjson$//' | sort; }

@test "buildah run: exit codes" {
	local name code
	name=$(work)
	for code in 0 1 42 126 127 255; do
		builds "$code" "$name" sh -c "echo out; exit $code"
		[[ $output == out* ]] || fail "$output"
	done
}

@test "buildah run: a program that is not there" {
	run deadline buildah run --isolation oci --runtime /usr/local/bin/ocirun --network none "$(work)" /no/such/program
	[ "$status" != 0 ]
	[[ $output == *"no such file or directory"* ]] || fail "$output"
}

@test "buildah run: death by a signal" {
	local name
	name=$(work)
	mkdir "$TEST_DIR/t"
	# PID 1 has to be killed from outside, so ocirun does it.
	timeout 60 buildah run --isolation oci --runtime /usr/local/bin/ocirun --network none -v "$TEST_DIR/t:/t" \
		"$name" sh -c 'touch /t/up; while :; do sleep 0.1; done' </dev/null >"$TEST_DIR/out" 2>&1 3>&- 4>&- &
	wait_until test -e "$TEST_DIR/t/up" || fail "$(cat "$TEST_DIR/out")"
	ID=$(containers_left)
	ocirun kill "$ID" KILL
	run wait $!
	[ "$status" != 0 ]
	wait_until bash -c '[ ! -e "$1" ]' - "$ROOT/$ID"
	client_agrees_and_gone "$ID" 137
}

@test "buildah run: user, environment, volumes, working directory, terminal" {
	local name
	name=$(work)
	deadline buildah config --env A='b c' --workingdir /tmp "$name"
	echo from-host >"$TEST_DIR/file"
	builds 0 --user 12:34 -v "$TEST_DIR/file:/file:ro" "$name" sh -c 'echo "$A"; pwd; id -u; id -g; cat /file'
	[ "$output" = $'b c\n/tmp\n12\n34\nfrom-host' ] || fail "$output"
	builds 0 --terminal "$name" tty
	[[ $output == */dev/pts/0* || $output == */dev/console* ]] || fail "$output"
	builds 0 --cap-drop all "$name" grep CapEff /proc/self/status
	[[ $output == *0000000000000000 ]]
}

@test "buildah bud: the steps of a Containerfile run on ocirun, and a failing one stops it" {
	mkdir "$TEST_DIR/context"
	cat >"$TEST_DIR/context/Containerfile" <<-'FILE'
		FROM localhost/busybox
		RUN echo built >/built && echo somebody:x:5:5::/:/bin/sh >>/etc/passwd
		USER somebody
		RUN id -un >/tmp/who
		CMD cat /built /tmp/who
	FILE
	deadline buildah bud --isolation oci --runtime /usr/local/bin/ocirun --network none --pull-never -t localhost/built "$TEST_DIR/context"
	run -0 podman run --rm localhost/built
	[ "$output" = $'built\nsomebody' ]
	[ "$(logs_so_far | wc -l)" -ge 2 ]
	podman rmi localhost/built
	printf 'FROM localhost/busybox\nRUN exit 9\n' >"$TEST_DIR/context/Containerfile"
	run -9 deadline buildah bud --isolation oci --runtime /usr/local/bin/ocirun --network none --pull-never "$TEST_DIR/context"
	[[ $output == *"exit status 9"* ]]
}

@test "buildah run: 40 that end at once, and no wrong code" {
	local name n
	name=$(work)
	for n in $(seq 40); do
		run "-$n" deadline buildah run --isolation oci --runtime /usr/local/bin/ocirun --network none "$name" sh -c "exit $n"
	done
	cat "$ROOT"/.events/*.ndjson | jq -se '[.[] | select(.type == "exited").exitCode] | sort == [range(1; 41)]'
	[ "$(jq -r .type "$ROOT"/.events/*.ndjson | sort | uniq -c | tr -s ' ' | paste -sd,)" = \
		" 40 created, 40 deleted, 40 exited, 40 started" ]
}
