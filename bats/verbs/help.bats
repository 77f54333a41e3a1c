#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# --help, which engines probe and people read.

load ../lib/container

verbs() { "$OCIRUN" --help | sed -n '/^Verbs:$/,/^$/s/^  \([a-z]*\) .*/\1/p'; }

@test "help: the verbs are there, in the order of --help" {
	run -0 verbs
	[ "$(paste -sd ' ' <<<"$output")" = "create start run exec pause resume update kill delete state list ps events wait spec features" ]
}

@test "help: --help, -h and -help print the same to stdout and exit 0" {
	local flag first
	run -0 --separate-stderr "$OCIRUN" --help
	[[ ${lines[0]} = "ocirun - "* ]]
	[ -z "$stderr" ]
	first=$output
	for flag in -h -help help; do
		run -0 "$OCIRUN" "$flag"
		[ "$output" = "$first" ]
	done
}

@test "help: every verb has --help that exits 0, whatever else is missing" {
	local verb
	for verb in $(verbs); do
		run -0 --separate-stderr "$OCIRUN" "$verb" --help
		[[ ${lines[0]} = "ocirun $verb - "* ]]
		[[ ${lines[1]} = "Usage: ocirun $verb [options]"* ]]
		[ -z "$stderr" ]
		[ "$output" = "$("$OCIRUN" help "$verb")" ]
	done
}

@test "help: it needs no writable --root and makes nothing" {
	run -0 "$OCIRUN" --root /proc/none create --help
	run -0 "$OCIRUN" --root "$ROOT" create --help
	[ ! -e "$ROOT" ]
}

@test "help: no line is wider than 100 columns, and none has a tab" {
	local verb
	for verb in "" $(verbs); do
		run -0 "$OCIRUN" ${verb:+"$verb"} --help
		if grep -E '.{101}' <<<"$output"; then fail "$verb: that line is too wide"; fi
		[[ $output != *$'\t'* ]]
	done
}

@test "help: an unknown topic is named" {
	run -1 "$OCIRUN" help foo
	[ "$output" = "ocirun: No help topic for 'foo'" ]
}
