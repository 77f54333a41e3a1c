#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# ocirun list.

load ../lib/container

@test "list: nothing there is an empty table, an empty array, and no error" {
	run -0 --separate-stderr ocirun list
	[[ $output =~ ^ID\ +PID\ +STATUS\ +BUNDLE\ +CREATED\ +OWNER$ ]]
	[ -z "$stderr" ]
	run -0 ocirun list --format json
	[ "$output" = "[]" ]
	run -0 ocirun list -q
	[ -z "$output" ]
	[ ! -e "$ROOT" ]
}

@test "list: containers in every format, in the order of their IDs" {
	bundle_with '.process.args = ["sleep", "60"]'
	ocirun create web
	ocirun create db
	ocirun start db
	run -0 ocirun list -q
	[ "$output" = $'db\nweb' ]
	run -0 ocirun list
	[ "${#lines[@]}" = 3 ]
	read -r id pid status at created owner <<<"${lines[1]}"
	[ "$id $pid $status $at $owner" = "db $(container_pid db) running $BUNDLE root" ]
	[[ $created = 20*T*Z ]]
	[[ ${lines[2]} =~ ^web\ .*\ created\  ]]
	run -0 ocirun list -f json
	[ "${#lines[@]}" = 1 ]
	jq -e 'map(.id) == ["db", "web"] and map(.status) == ["running", "created"]' <<<"$output"
	[ "$(jq -c '.[0]' <<<"$output")" = "$(ocirun state db | jq -c .)" ]
}

@test "list: a stopped container has pid 0" {
	bundle_with '.process.args = ["true"]'
	ocirun create web
	ocirun start web
	ocirun wait web
	run -0 ocirun list
	read -r id pid status _ <<<"${lines[1]}"
	[ "$id $pid $status" = "web 0 stopped" ]
}

@test "list: one bad state never breaks it" {
	bundle_with '.process.args = ["sleep", "60"]'
	ocirun create good
	local kind
	for kind in empty null array cut binary nothing directory; do ocirun create "$kind"; done
	: >"$ROOT/empty/state.json"
	echo null >"$ROOT/null/state.json"
	echo '[1]' >"$ROOT/array/state.json"
	truncate -s 30 "$ROOT/cut/state.json"
	head -c 300 /dev/urandom >"$ROOT/binary/state.json"
	rm "$ROOT/nothing/state.json"
	rm "$ROOT/directory/state.json"
	mkdir "$ROOT/directory/state.json"
	run -0 --separate-stderr ocirun list
	[ -z "$stderr" ]
	[ "${#lines[@]}" = 9 ]
	[[ $output =~ good\ +[1-9][0-9]*\ +created ]]
	for kind in empty null array cut binary nothing directory; do
		[[ $output =~ $'\n'$kind\ +0\ +unknown\ +-\ +-\ +-\ +\(.+\)$'\n' ]] ||
			[[ $output$'\n' =~ $'\n'$kind\ +0\ +unknown\ +-\ +-\ +-\ +\(.+\)$'\n' ]] ||
			fail "$kind: $output"
	done
	run -0 ocirun list -f json
	jq -e 'map(select(.status == "unknown" and .pid == 0 and (.error | length) > 0)) | length == 7' \
		<<<"$output"
	run -0 ocirun list -q
	[ "${#lines[@]}" = 8 ]
	rmdir "$ROOT/directory/state.json"
}

@test "list: what is no container's directory is passed over" {
	mkdir -p "$ROOT/.events" "$ROOT/.hidden" "$ROOT/a b"
	touch "$ROOT/file"
	run -0 ocirun list -f json
	[ "$output" = "[]" ]
	rmdir "$ROOT/.hidden" "$ROOT/a b"
}

@test "list: an unknown format is named" {
	run -1 --separate-stderr ocirun list --format yaml
	[ "$stderr" = 'ocirun: list: --format: unknown value "yaml"; table or json is needed' ]
}
