# SPDX-License-Identifier: Apache-2.0
# Collectors from Debian's packages on a host of their own, with the very files of doc/examples.
# shellcheck shell=bash disable=SC2016,SC2034,SC2154

COLLECTED=/var/log/ocirun

collector_host() {
	client_host || return
	client_hides /var/log /var/lib/rsyslog /var/lib/syslog-ng || return
}

# Made by bats/lib/syslog-ng, since the files of bats/clients have no network.
has_syslog_ng() { [ -x "$(syslog_ng_dir)/usr/sbin/syslog-ng" ]; }
syslog_ng_dir() { printf '%s\n' "$OCIRUN_TEST_CACHE/syslog-ng"; }

# collect NAME COMMAND... - a collector in the background, its messages in NAME.log
collect() {
	local name=$1
	shift
	"$@" >>"$TEST_DIR/$name.log" 2>&1 </dev/null 3>&- 4>&- &
	COLLECTOR=$!
	echo "$COLLECTOR" >>"$TEST_DIR/background"
}

# collector_ends SIGNAL - and is gone with what it had started, as only processes of this file are seen
collector_ends() {
	kill "-$1" "$COLLECTOR"
	wait "$COLLECTOR" || true
}

rsyslog_starts() {
	cat >"$TEST_DIR/rsyslog.conf" <<-CONF
		global(workDirectory="/var/lib/rsyslog")
		include(file="$SOURCE_DIR/doc/examples/rsyslog-ocirun.conf")
	CONF
	collect rsyslog rsyslogd -n -f "$TEST_DIR/rsyslog.conf" -i "$TEST_DIR/rsyslog.pid"
}

# The modules are named as Debian's own syslog-ng.conf gets them from scl.conf.
syslog_ng_starts() {
	local dir
	dir=$(realpath "$(syslog_ng_dir)")
	cat >"$TEST_DIR/syslog-ng.conf" <<-CONF
		@version: 3.38
		@module affile
		@module json-plugin
		@module basicfuncs
		@include "$SOURCE_DIR/doc/examples/syslog-ng-ocirun.conf"
	CONF
	collect syslog-ng env LD_LIBRARY_PATH="$dir/usr/lib/x86_64-linux-gnu:$dir/usr/lib/syslog-ng" \
		"$dir/usr/sbin/syslog-ng" --foreground --no-caps \
		--module-path="$(echo "$dir"/usr/lib/syslog-ng/3.*)" --cfgfile "$TEST_DIR/syslog-ng.conf" \
		--persist-file /var/lib/syslog-ng/persist --pidfile "$TEST_DIR/syslog-ng.pid" \
		--control "$TEST_DIR/syslog-ng.ctl"
}

# exits FIRST LAST - a container c$n for each, which exits with n modulo 256; EXPECTED grows by "c$n code"
exits() {
	local n
	for n in $(seq "$1" "$2"); do
		config_with --arg code "$((n % 256))" '.process.args = ["sh", "-c", "exit " + $code]'
		echo "c$n $((n % 256))" >>"$TEST_DIR/expected"
		ocirun run "c$n" >/dev/null || [ $? = "$((n % 256))" ] || fail "c$n" || return
	done
}

# has_collected - is every exit there, with its code, and nothing else?
has_collected() {
	diff <(sort "$TEST_DIR/expected") <(cut -d' ' -f2,3 "$COLLECTED/exits.log" | sort -u) >"$TEST_DIR/diff" 2>&1
}

collected_all() { wait_until has_collected || fail "$(head -n 20 "$TEST_DIR/diff")"; }

# Every line of every log arrived as it was recorded.
collected_whole_lines() {
	cat "$ROOT"/.events/*.ndjson | sort >"$TEST_DIR/recorded"
	wait_until collected_has_recorded || fail "$(head -n 5 "$TEST_DIR/diff")"
}

collected_has_recorded() {
	diff "$TEST_DIR/recorded" <(sort -u "$COLLECTED/events.log") >"$TEST_DIR/diff"
}

files_put_aside() { find "$ROOT/.feed" -name 'events.ndjson.*' | wc -l; }
