#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The feed: every line of every log in one file, whatever is killed, full or rotated.
# shellcheck disable=SC2030,SC2031

load ../lib/container
load ../lib/monitor
load helpers

setup() {
	require root
	container_setup
	FEED=$ROOT/.feed
}

# of_logs, of_feed - each line there is, once, sorted
of_logs() { cat "$ROOT"/.events/*.ndjson | sort -u; }
of_feed() { cat "${1:-$FEED}"/events.ndjson* | sort -u; }

feed_has_all() {
	local missing
	missing=$(comm -23 <(of_logs) <(of_feed "$@"))
	[ -z "$missing" ] || fail "not in the feed: $missing"
}

# in_feed TYPE [ID] - how many such lines it has
in_feed() { cat "$FEED"/events.ndjson* | jq -s --arg type "$1" --arg id "${2:-web}" 'map(select(.type == $type and .id == $id)) | length'; }

@test "feed: it has every line of every log, in the order of each" {
	bundle_script 'exit 3'
	ocirun create web
	ocirun start web
	run -3 ocirun wait web
	ocirun delete web
	run -3 ocirun run again
	bundle_script 'sleep 60'
	ocirun run --detach web
	ocirun exec web true
	ocirun exec --detach web true
	wait_until journal_has web exec-exited '.exitCode == 0'
	ocirun pause web
	ocirun resume web
	ocirun kill web KILL
	run -137 ocirun wait web
	ocirun delete web
	feed_has_all
	[ "$(of_feed)" = "$(of_logs)" ]
	[ "$(wc -l <"$FEED/events.ndjson")" = "$(of_logs | wc -l)" ]
	local instance
	for instance in $(jq -r .instance "$FEED/events.ndjson" | sort -u); do
		run -0 jq -s --arg i "$instance" 'map(select(.instance == $i).seq) as $s | $s == ($s | sort)' "$FEED/events.ndjson"
		[ "$output" = true ]
	done
}

@test "feed: nobody but the owner may read it" {
	ended 'exit 0'
	[ "$(stat -c %a "$FEED" "$FEED/events.ndjson" "$FEED/.lock" "$ROOT/.events/.pending" | paste -sd ' ')" = "700 600 600 600" ]
}
