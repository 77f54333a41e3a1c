#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# ocirun events --format pretty: for people, at a terminal. What each type looks like: test-pretty.c.
# shellcheck disable=SC2016 # single quotes hold words of jq

load ../lib/container
load helpers

# on_terminal [ENV...] - the log of "web" as a person sees it, in $TEST_DIR/seen
on_terminal() {
	local ended='status 0, settings kept'
	require program:python3
	"$LIB_DIR/pty.py" "$TEST_DIR/seen" 24x80 env "$@" "$OCIRUN" --root "$ROOT" events --no-follow web \
		</dev/null 3>&- 4>&-
	grep -qx "$ended" "$TEST_DIR/seen" || fail "$(cat "$TEST_DIR/seen")"
	sed -i "/^$ended/,\$d; s/\r\$//; /^\$/d" "$TEST_DIR/seen"
}

escapes() { grep -c $'\e' "$TEST_DIR/seen"; }

@test "pretty: it is the default on a terminal, in colours" {
	ended 'exit 3'
	on_terminal TERM=xterm
	[ "$(sed 's/\x1b\[[0-9;]*m//g' "$TEST_DIR/seen")" = "$(ocirun events --no-follow --format pretty web)" ]
	[ "$(escapes)" = 3 ]
	grep -q $'\e\[36mcreated' "$TEST_DIR/seen"
	grep -q $'\e\[31mexited      \e\[0m  exit 3, ran ' "$TEST_DIR/seen"
}

@test "pretty: no colours where nobody wants them" {
	ended 'exit 3'
	on_terminal TERM=xterm NO_COLOR=1
	[ "$(escapes)" = 0 ] || fail "$(cat "$TEST_DIR/seen")"
	on_terminal TERM=dumb
	[ "$(escapes)" = 0 ] || fail "$(cat "$TEST_DIR/seen")"
	# no-color.org: an empty one says nothing.
	on_terminal TERM=xterm NO_COLOR=
	[ "$(escapes)" = 3 ]
	run -0 ocirun events --no-follow --format pretty web
	[[ $output != *$'\e'* ]]
}

@test "pretty: times are local" {
	ended 'exit 3'
	local utc there
	utc=$(TZ=UTC ocirun events --no-follow --format pretty web | head -n 1 | cut -c1-23)
	there=$(TZ=UTC-5:30 ocirun events --no-follow --format pretty web | head -n 1 | cut -c1-23)
	[ "$(TZ=UTC date -d "$utc" +%s)" = "$(($(TZ=UTC date -d "$there" +%s) - 19800))" ]
	[ "$(events_of web | head -n 1 | jq -r '.timestamp[:19]')" = "${utc:0:10}T${utc:11:8}" ]
}

@test "pretty: --format json on a terminal is JSON all the same" {
	ended 'exit 3'
	"$LIB_DIR/pty.py" "$TEST_DIR/seen" 24x80 "$OCIRUN" --root "$ROOT" events --no-follow --format json web \
		</dev/null 3>&- 4>&-
	[ "$(head -n 3 "$TEST_DIR/seen" | tr -d '\r' | jq -r .type | paste -sd ' ')" = "created started exited" ]
}

@test "pretty: what a container says reaches no terminal as a command" {
	require root
	started 'sleep 60'
	# Title, colour, cursor; C1 as UTF-8; right to left.
	ocirun exec --exec-id evil web $'\e]0;title\a\e[31m\e[2J\u009b31m\u202e/no' || true
	run ! grep -q $'[\x01-\x08\x0b-\x1f\x7f]' "$(log_path web)"
	run -0 ocirun events --no-follow --format pretty web
	[[ ${lines[2]} = *'\u001b]0;title\u0007\u001b[31m\u001b[2J\u009b31m\u202e/no'* ]] || fail "${lines[2]}"
	run ! grep -qP '[\x01-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80\xae' <<<"$output"
}

@test "pretty: why a create failed, with the hook's last words" {
	require root
	bundle_with '.hooks.createRuntime = [{path: "/bin/sh", args: ["sh", "-c", "echo trying; echo no such bridge >&2; exit 3"]}]'
	run -1 ocirun create web
	run -0 ocirun events --format pretty web
	[[ ${lines[0]} = *'  web  failed        create: '*'createRuntime hook 0 (/bin/sh): exit status 3: "no such bridge"' ]] ||
		fail "${lines[0]}"
}

@test "pretty: the columns fit the longest of the IDs that are asked for" {
	ended 'exit 1' a
	ended 'exit 2' a-long-id
	run -0 ocirun events --no-follow --format pretty a a-long-id
	[ "$(cut -c 26-36 <<<"$output" | sort -u)" = $'a          \na-long-id  ' ] || fail "$output"
	[[ ${lines[0]} =~ ^.{36}created ]]
	[[ ${lines[5]} =~ ^.{36}exited ]]
}
