#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The manual says what --help says: every verb has a page, and every option an entry, both ways.

setup() {
	TOP=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	: "${OCIRUN:=$TOP/build/ocirun}"
	MAN=$TOP/doc/man
}

verbs() { "$OCIRUN" --help | sed -n '/^Verbs:$/,/^$/s/^  \([a-z]*\) .*/\1/p'; }

# page_of VERB - "" is ocirun itself
page_of() { printf '%s\n' "$MAN/ocirun${1:+-$1}.8"; }

# help_options [VERB] - "-f --force DIR" per option, sorted
help_options() {
	"$OCIRUN" ${1:+"$1"} --help |
		sed -nE 's/^  (-(.), |    )--([a-z0-9-]+)( ([^ ]+))? .*/\2 --\3 \5/p' |
		sed -E 's/^ //; s/^([^-])/-\1/; s/ $//' | sort
}

# page_options FILE - the same from the entries of its OPTIONS section
page_options() {
	awk '/^\.SH /{inside = $2 == "OPTIONS"} inside && tagged {print} {tagged = $1 == ".TP"}' "$1" |
		sed -E 's/^\.(B|BI|BR) //; s/\\f[A-Z]//g; s/[",\\]//g; s/  +/ /g; s/ $//' | sort
}

same() {
	[ "$1" = "$2" ] || {
		diff <(printf '%s\n' "$1") <(printf '%s\n' "$2") >&2
		return 1
	}
}

@test "man: every verb of --help has a page, and every page a verb" {
	same "$(for verb in $(verbs); do basename "$(page_of "$verb")"; done | sort)" \
		"$(find "$MAN" -name 'ocirun-*.8' -printf '%f\n' | sort)"
}

@test "man: the pages describe the options of --help and no others" {
	local verb failed=0
	for verb in "" $(verbs); do
		same "$(help_options "$verb")" "$(page_options "$(page_of "$verb")")" || {
			echo "ocirun $verb: < --help, > page" >&2
			failed=1
		}
	done
	[ "$failed" = 0 ]
}

@test "man: ocirun(8) lists the verbs in the order of --help, with the same words" {
	local page seen
	page=$(page_of "")
	seen=$(sed -n '/^\.SS Verbs/,/^\.PP/p' "$page" | sed -E 's/\\//g; /^\.(SS|PP)/d' |
		awk '/^\.TP/ {print ""; next} {sub(/^\.(B|I) /, ""); printf "%s ", $0}' |
		awk 'NF {$1 = $1; print}')
	same "$("$OCIRUN" --help | sed -n '/^Verbs:$/,/^$/{/^ /p}' | awk '{$1 = $1; print}')" "$seen"
}

@test "man: a page's NAME is the summary of --help" {
	local verb
	for verb in $(verbs); do
		same "$("$OCIRUN" "$verb" --help | head -n 1 | sed "s/^ocirun /ocirun-/")" \
			"$(sed -n '/^\.SH NAME/{n;s/\\//g;p}' "$(page_of "$verb")")"
	done
}

@test "man: every page has the same headings in the same order" {
	local page
	for page in "$MAN"/ocirun-*.8; do
		same "NAME SYNOPSIS DESCRIPTION OPTIONS EXIT STATUS EVENTS EXAMPLES SEE ALSO" \
			"$(sed -n 's/^\.SH //p' "$page" | paste -sd ' ')" || {
			echo "in $page" >&2
			return 1
		}
	done
}

@test "man: the pages are formatted without a warning" {
	type -P groff >/dev/null || skip "needs the program groff"
	local page
	for page in "$MAN"/*.[1-9]; do
		same "" "$(groff -man -Tutf8 -ww "$page" 2>&1 >/dev/null)"
	done
}

@test "man: every page is installed" {
	local page
	for page in "$MAN"/*.[1-9]; do
		grep -q "doc/man/$(basename "$page")" "$TOP/doc/local.mk" "$TOP/events/local.mk" || {
			echo "no local.mk names $(basename "$page")" >&2
			return 1
		}
	done
}
