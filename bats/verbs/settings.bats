#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The settings of the feed and of retention: as global options, and in ocirun.conf (ocirun.conf(5)).

# shellcheck disable=SC2154,SC2030,SC2031 # stderr is set by run; tests run in shells of their own
load ../lib/container

setup() {
	container_setup
	CONF=$TEST_DIR/ocirun.conf
	mkdir -p "$ROOT/.events"
}

# conf LINE... - ocirun.conf has these lines, and is read
conf() {
	printf '%s\n' "$@" >"$CONF"
	chmod 644 "$CONF"
	export OCIRUN_CONF=$CONF
}

# refused TEXT ARG... - a verb with these global options says exactly this, and has changed nothing
refused() {
	local before
	bundle
	before=$(find "$TEST_DIR" -mindepth 1 ! -name 'io.*' ! -name web.output | sort)
	run -1 --separate-stderr ocirun "${@:2}" create web
	[ "$stderr" = "ocirun: $1" ] || fail "expected: ocirun: $1"$'\n'"seen: $stderr"
	[ -z "$output" ]
	diff <(echo "$before") <(find "$TEST_DIR" -mindepth 1 ! -name 'io.*' ! -name web.output | sort) ||
		fail "something was made"
}

# feed_is DIR - a container's lines come to that directory; ".": to none
feed_is() {
	local dir=$1
	shift
	[ -e "$BUNDLE/config.json" ] || bundle
	(cd "$BUNDLE" && ocirun "$@" create web)
	ocirun "$@" delete --force web
	if [ "$dir" = . ]; then
		[ -z "$(find "$TEST_DIR" -path '*/.events' -prune -o -name 'events.ndjson' -print)" ]
	else
		# A feed that is begun beside logs has their lines, too.
		[ "$(jq -r 'select(.type == "deleted").id' "$dir/events.ndjson" | tail -n 1)" = web ]
		rm -r "$dir"
	fi
}

SETTINGS=(feed feed-size feed-count feed-group log-age log-count log-size)

@test "settings: every one is an option and a line, with the same values" {
	local line good=("feed /x" "feed none" "feed-size 8k" "feed-size 16M" "feed-size 1.5 GiB" "feed-size 8192"
		"feed-count 0" "feed-count 1000" "feed-group root" "feed-group 0" "feed-group 4294967294"
		"log-age 0" "log-age 90" "log-age 1h30m" "log-age 500ms" "log-age 7d" "log-count 0"
		"log-count 100000" "log-size 0" "log-size 1t")
	for line in "${good[@]}"; do
		run -0 --separate-stderr ocirun "--${line%% *}" "${line#* }" list
		[ -z "$stderr" ]
		run -0 --separate-stderr ocirun "--${line%% *}=${line#* }" list
		conf "${line%% *} = ${line#* }"
		run -0 --separate-stderr ocirun list
		[ -z "$stderr" ]
		unset OCIRUN_CONF
	done
}

@test "settings: what means nothing is refused by name, value and what would be right" {
	local line name value wanted count=0
	while IFS='|' read -r name value wanted; do
		refused "--$name: $wanted" "--$name=$value"
		[ -z "$value" ] || {
			conf "# a comment" "" "$name = $value"
			refused "$CONF:3: $name: $wanted"
			unset OCIRUN_CONF
		}
		count=$((count + 1))
	done <<'TABLE'
feed-size||"" is no size; write 512m, 1.5g or a number of bytes
feed-size|x|"x" is no size; write 512m, 1.5g or a number of bytes
feed-size|-1|"-1" is no size; write 512m, 1.5g or a number of bytes
feed-size|8191|invalid value "8191"; a size of 8 KiB or more is needed
feed-size|9000000000g|"9000000000g" is no size; write 512m, 1.5g or a number of bytes
feed-count||invalid value ""; a number of files from 0 to 1000 is needed
feed-count|-1|invalid value "-1"; a number of files from 0 to 1000 is needed
feed-count|1k|invalid value "1k"; a number of files from 0 to 1000 is needed
feed-count|1001|invalid value "1001"; a number of files from 0 to 1000 is needed
feed-count|99999999999999999999|invalid value "99999999999999999999"; a number of files from 0 to 1000 is needed
feed-group||invalid value ""; the name of a group, or a number up to 4294967294, is needed
feed-group|4294967295|invalid value "4294967295"; the name of a group, or a number up to 4294967294, is needed
feed-group|no-such|there is no group "no-such"; the name of one, or a number, is needed
log-age||"" is no duration; write 5s, 500ms, 10m or 1h30m
log-age|soon|"soon" is no duration; write 5s, 500ms, 10m or 1h30m
log-age|99999d|invalid value "99999d"; a duration of at most 24855 days is needed
log-count|many|invalid value "many"; a number of logs from 0 to 100000 is needed
log-count|100001|invalid value "100001"; a number of logs from 0 to 100000 is needed
log-size|m|"m" is no size; write 512m, 1.5g or a number of bytes
TABLE
	[ "$count" = 19 ]
	refused "--feed: the directory's name is empty" --feed=
	conf "feed = here/feed"
	refused "$CONF:1: feed: invalid value \"here/feed\"; an absolute path, or none, is needed"
}

@test "settings: --feed none, a directory, one from where the caller stands, and the usual one" {
	bundle
	feed_is "$ROOT/.feed"
	feed_is "$TEST_DIR/feed" --feed "$TEST_DIR/feed"
	feed_is . --feed none
	feed_is "$BUNDLE/here/feed" --feed here/feed
}

@test "settings: the file is obeyed, and the command line wins over it" {
	bundle
	conf "feed = $TEST_DIR/of-the-file"
	feed_is "$TEST_DIR/of-the-file"
	feed_is "$ROOT/.feed" --feed "$ROOT/.feed"
	feed_is . --feed none
	conf "feed = none"
	feed_is .
	feed_is "$TEST_DIR/feed" --feed "$TEST_DIR/feed"
	# A mistake in it shows although the command line replaces the value.
	conf "feed = x"
	run -1 ocirun --feed none list
	export OCIRUN_CONF=
	feed_is "$ROOT/.feed"
	# Of an option given twice the latter counts.
	feed_is . --feed "$TEST_DIR/feed" --feed none
}

@test "settings: a lower --feed-count takes away what is too much with the next create" {
	local file
	bundle
	ocirun create web
	for file in "$ROOT"/.feed/events.ndjson.{1..5}; do cp "$ROOT/.feed/events.ndjson" "$file"; done
	ocirun --feed-count 5 create five
	[ "$(files_put_aside)" = "1 2 3 4 5" ]
	ocirun --feed none --feed-count 1 create none
	[ "$(files_put_aside)" = "1 2 3 4 5" ]
	ocirun --feed-count 2 create two
	[ "$(files_put_aside)" = "1 2" ]
	ocirun --feed-count 0 create no
	[ "$(files_put_aside)" = "" ]
	[ -s "$ROOT/.feed/events.ndjson" ]
}

files_put_aside() {
	find "$ROOT/.feed" -name 'events.ndjson.*' -printf '%f\n' | sed 's/.*\.//' | sort -n | paste -sd ' '
}

@test "settings: blanks, comments and line ends of a file" {
	printf '\t feed\t=  %s # a comment\r\n#feed = x\n   # log-age = x\n\nlog-age=1h\nlog-size =\t1 GiB' \
		"$TEST_DIR/with #1 and blanks" >"$CONF"
	sed -i 's/with #1/with/' "$CONF"
	export OCIRUN_CONF=$CONF
	feed_is "$TEST_DIR/with and blanks"
	# Only after a blank a # begins a comment.
	conf "feed = $TEST_DIR/a#b#"
	feed_is "$TEST_DIR/a#b#"
	: >"$CONF"
	run -0 ocirun list
}

@test "settings: lines that are none are refused with file and line" {
	local line text count=0
	while IFS='|' read -r line text; do
		conf "log-age = 1h" "$line"
		refused "$CONF:2: $text"
		count=$((count + 1))
	done <<'TABLE'
feed-sise = 16m|there is no setting "feed-sise"; did you mean "feed-size"?
log_count = 1|there is no setting "log_count"; did you mean "log-count"?
fed = none|there is no setting "fed"; did you mean "feed"?
logsize = 1|there is no setting "logsize"; did you mean "log-size"?
FEED = none|there is no setting "FEED"; there are feed, feed-size, feed-count, feed-group, log-age, log-count and log-size
root = /x|there is no setting "root"; there are feed, feed-size, feed-count, feed-group, log-age, log-count and log-size
--feed = none|there is no setting "--feed"; did you mean "feed"?
= 3|there is no setting ""; there are feed, feed-size, feed-count, feed-group, log-age, log-count and log-size
log-size|"log-size" is no line of the form: name = value
[feed]|"[feed]" is no line of the form: name = value
log-size =|log-size has no value
log-size = # 3|log-size has no value
log-age = 2h|log-age is set for the second time, after line 1
TABLE
	[ "$count" = 13 ]
}

@test "settings: a file that others may write, or that is none, is refused" {
	conf "log-age = 1h"
	chmod 664 "$CONF"
	refused "$CONF is writable by others (mode 0664); chmod go-w it"
	chmod 646 "$CONF"
	refused "$CONF is writable by others (mode 0646); chmod go-w it"
	rm "$CONF"
	refused "$CONF: No such file or directory"
	mkdir "$CONF"
	refused "$CONF: not a regular file"
	rmdir "$CONF"
	mkfifo "$CONF"
	refused "$CONF: not a regular file"
	rm "$CONF"
	printf 'log-age = 1h\0\n' >"$CONF"
	refused "$CONF: not a text: it has a NUL byte"
	head -c 65536 /dev/zero | tr '\0' '#' >"$CONF"
	refused "$CONF: longer than 64 KiB"
	truncate -s 65535 "$CONF"
	run -0 ocirun list
	# By a link is fine: what it leads to counts.
	conf "log-age = x"
	ln -s "$CONF" "$TEST_DIR/link"
	OCIRUN_CONF=$TEST_DIR/link refused "$TEST_DIR/link:1: log-age: \"x\" is no duration; write 5s, 500ms, 10m or 1h30m"
}

@test "settings: a file of somebody else is refused" {
	require root
	conf "log-age = 1h"
	chown 1234 "$CONF"
	refused "$CONF belongs to uid 1234; it must belong to root or to uid 0"
}

@test "settings: help and version do not read the file" {
	conf "nonsense"
	run -0 ocirun --version
	run -0 ocirun --help
	run -0 ocirun help list
	run -1 ocirun list
}

# place_of_conf - where this build looks, empty in this test's mount namespace
place_of_conf() {
	require root
	[ -n "${OCIRUN_TEST_PRIVATE:-}" ] || skip "needs bats/run"
	unset OCIRUN_CONF
	PLACE=$("$OCIRUN" --help | sed -n 's/^What --feed to --log-size set may stand in \(.*\)\.$/\1/p')
	[[ $PLACE = /*/ocirun/ocirun.conf ]]
	mkdir -p "${PLACE%/*/*}"
	mount -t tmpfs -o mode=755 tmpfs "${PLACE%/*/*}"
	mkdir "${PLACE%/*}"
}

teardown() {
	[ -z "${PLACE:-}" ] || umount "${PLACE%/*/*}"
	container_teardown
}

@test "settings: the system's file is found, and what is not there is no error" {
	place_of_conf
	bundle
	feed_is "$ROOT/.feed"
	rmdir "${PLACE%/*}"
	feed_is "$ROOT/.feed"
	mkdir "${PLACE%/*}"
	echo "feed = $TEST_DIR/feed" >"$PLACE"
	feed_is "$TEST_DIR/feed"
	# Root's own directory is not looked at.
	mkdir -p "$TEST_DIR/config/ocirun"
	echo "feed = none" >"$TEST_DIR/config/ocirun/ocirun.conf"
	XDG_CONFIG_HOME=$TEST_DIR/config feed_is "$TEST_DIR/feed"
	echo "bad" >"$PLACE"
	refused "$PLACE:1: \"bad\" is no line of the form: name = value"
	# Another file in place of it.
	conf "log-age = 1h"
	run -0 ocirun list
}

@test "settings: a user's file wins over the system's, whose feed directory is not his" {
	require program:setpriv
	place_of_conf
	local config=$TEST_DIR/home/.config/ocirun/ocirun.conf other
	other=(env HOME="$TEST_DIR/home" setpriv --reuid 1234 --regid 1234 --clear-groups
		"$OCIRUN" --root "$TEST_DIR/home/root")
	chmod 755 "$TEST_DIR"
	mkdir -p "${config%/*}"
	chown -R 1234 "$TEST_DIR/home"
	printf '%s\n' "feed = /nowhere" "feed-group = 0" >"$PLACE"
	run -0 --separate-stderr "${other[@]}" list
	[ -z "$stderr" ]
	# Each is read, and the later one of the two counts.
	echo "log-count = x" >"$PLACE"
	run -1 --separate-stderr "${other[@]}" list
	[[ $stderr = "ocirun: $PLACE:1: log-count: "* ]]
	echo "log-count = 7" >"$PLACE"
	echo "feed = none # his" >"$config"
	run -0 "${other[@]}" list
	echo "feed = x" >"$config"
	run -1 --separate-stderr "${other[@]}" list
	[[ $stderr = "ocirun: $config:1: feed: "* ]]
	mkdir -p "$TEST_DIR/home/xdg/ocirun"
	echo "feed = y" >"$TEST_DIR/home/xdg/ocirun/ocirun.conf"
	run -1 --separate-stderr env XDG_CONFIG_HOME="$TEST_DIR/home/xdg" "${other[@]}" list
	[[ $stderr = "ocirun: $TEST_DIR/home/xdg/ocirun/ocirun.conf:1: feed: "* ]]
	# The system's must be root's, or his who calls.
	rm "$config"
	chown 4321 "$PLACE"
	run -1 --separate-stderr "${other[@]}" list
	[ "$stderr" = "ocirun: $PLACE belongs to uid 4321; it must belong to root or to uid 1234" ]
	chown 0 "$PLACE"
	chmod 600 "$PLACE"
	run -1 --separate-stderr "${other[@]}" list
	[ "$stderr" = "ocirun: $PLACE: Permission denied" ]
}

@test "settings: in a user namespace the host's root is trusted, and a user's file is read" {
	require userns program:setpriv
	place_of_conf
	local inside
	inside=(env -u USER HOME="$TEST_DIR/home" setpriv --reuid 1234 --regid 1234 --clear-groups
		unshare --user --map-root-user "$OCIRUN" --root "$TEST_DIR/home/root")
	chmod 755 "$TEST_DIR"
	mkdir -p "$TEST_DIR/home/.config/ocirun"
	chown -R 1234 "$TEST_DIR/home"
	echo "log-count = 7" >"$PLACE"
	run -0 --separate-stderr "${inside[@]}" list
	[ -z "$stderr" ]
	echo "feed = z" >"$TEST_DIR/home/.config/ocirun/ocirun.conf"
	chown 1234 "$TEST_DIR/home/.config/ocirun/ocirun.conf"
	run -1 --separate-stderr "${inside[@]}" list
	[[ $stderr = "ocirun: $TEST_DIR/home/.config/ocirun/ocirun.conf:1: feed: "* ]]
}

@test "settings: the example has every setting, and all of it is right" {
	local name
	for name in "${SETTINGS[@]}"; do
		grep -q "^#$name = " "$SOURCE_DIR/doc/examples/ocirun.conf" || fail "not in the example: $name"
		sed 's/\\//g' "$SOURCE_DIR/doc/man/ocirun.conf.5" | grep -q "^\.BI $name " || fail "not in the manual: $name"
		"$OCIRUN" --help | grep -q "^      --$name " || fail "not in --help: $name"
	done
	[ "$(grep -c '^#[a-z-]* = ' "$SOURCE_DIR/doc/examples/ocirun.conf")" = "${#SETTINGS[@]}" ]
	sed 's/^#\([a-z-]* = \)/\1/; s/adm/0/' "$SOURCE_DIR/doc/examples/ocirun.conf" >"$CONF"
	OCIRUN_CONF=$CONF run -0 ocirun list
	OCIRUN_CONF=$SOURCE_DIR/doc/examples/ocirun.conf run -0 ocirun list
}
