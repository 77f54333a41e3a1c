# SPDX-License-Identifier: Apache-2.0
# Looking at a container's log. Every line that a test leaves in a log is validated against
# doc/events.schema.json, and every log against the order that doc/events.md promises, at the end of
# the file, by a script and by `events --verify`; a test that damages logs on purpose says so by logs_are_damaged.

# events_of ID - all lines of the latest instance.
events_of() { ocirun events --no-follow "$1"; }

# journal_has ID TYPE [JQ_FILTER] - is there a line of that type for which the filter is true?
# The filter may be several words for jq: journal_has web exited --argjson n 3 '.exitCode == $n'
journal_has() {
	local id=$1 type=$2 lines
	shift 2
	[ $# -gt 0 ] || set -- true
	lines=$(events_of "$id") || return
	local filter=${*: -1}
	printf '%s\n' "$lines" | jq -se --arg type "$type" "${@:1:$#-1}" \
		"any(.[]; .type == \$type and ($filter))" >/dev/null ||
		fail "log of $id: no $type line with: $filter"$'\n'"$lines"
}

# events_types ID - the types in order, on one line.
events_types() { events_of "$1" | jq -r .type | paste -sd ' '; }

# exit_code ID - exitCode of the `exited` line; null when unknown.
exit_code() { events_of "$1" | jq 'select(.type == "exited") | .exitCode'; }

# log_path ID - the file that holds the log of the latest instance.
log_path() { printf '%s\n' "$ROOT/.events/$1.ndjson"; }

# lines_of_logs ROOT - each line of each log, sorted
lines_of_logs() { find "$1/.events" -name '[!.]*.ndjson' -exec cat {} + | sort -u; }

# feed_has_all [DIRECTORY] - every line of every log is in the feed
feed_has_all() {
	local missing
	missing=$(comm -23 <(lines_of_logs "$ROOT") <(cat "${1:-$ROOT/.feed}"/events.ndjson* | sort -u))
	[ -z "$missing" ] || fail "not in the feed:"$'\n'"$missing"
}

# feed_is_at DIRECTORY|none - where a test has it, or that its logs are not to be found there
feed_is_at() { FEED_OF_TEST=$1; }

# At the end of each test: whatever it did, the next verb sees to it that the feed is whole.
feed_is_whole() {
	[ ! -e "$TEST_DIR/damaged" ] && [ "${FEED_OF_TEST:-}" != none ] || return 0
	compgen -G "$ROOT/.events/*.ndjson" >/dev/null || return 0
	ocirun list >/dev/null
	feed_has_all "${FEED_OF_TEST:-}"
}

logs_are_damaged() { touch "$TEST_DIR/damaged"; }

# Called at the end of each test: the logs outlive it until they are validated.
events_keep_logs() {
	local log
	[ ! -e "$TEST_DIR/damaged" ] || return 0
	mkdir -p "$BATS_FILE_TMPDIR/logs/.events"
	for log in "$ROOT"/.events/*.ndjson; do
		[ -f "$log" ] || continue
		cp "$log" "$BATS_FILE_TMPDIR/logs/.events/test-$BATS_TEST_NUMBER-$(basename "$log")"
	done
}

events_validate_kept() {
	local logs=("$BATS_FILE_TMPDIR"/logs/.events/*.ndjson) python=/usr/bin/python3

	[ -e "${logs[0]}" ] || return 0
	# Debian's own interpreter is the one that sees python3-jsonschema.
	[ -x "$python" ] || python=python3
	"$python" "$LIB_DIR/validate-events.py" "$SOURCE_DIR/doc/events.schema.json" "${logs[@]}" &&
		"$OCIRUN" --root "$BATS_FILE_TMPDIR/logs" events --verify
}
