#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What stands before the verb, and how every verb reads its flags, fails and prints.

load ../lib/container

# bare ARG... - the binary with nothing added: no --root, no redirection
bare() { "$OCIRUN" "$@"; }

@test "global: --version tells the versions that Docker and CRI-O look for" {
	run -0 --separate-stderr bare --version
	[[ ${lines[0]} =~ ^ocirun\ version\ [0-9]+\.[0-9]+\.[0-9]+ ]]
	[[ ${lines[1]} =~ ^commit:\ [^\ ]+$ ]]
	[[ ${lines[2]} =~ ^spec:\ 1\.[0-9]+\.[0-9]+$ ]]
	[[ ${lines[3]} =~ ^libseccomp:\ [0-9]+\.[0-9]+\.[0-9]+$ ]]
	[ -z "$stderr" ]
	run -0 bare -v
	[[ ${lines[0]} = "ocirun version "* ]]
	run -0 bare --systemd-cgroup --version
}

@test "global: an unknown verb is named" {
	run -1 --separate-stderr bare foo
	[ "$stderr" = "ocirun: No help topic for 'foo'" ]
	[ -z "$output" ]
	# What podman and CRI-O probe to learn that there is no checkpoint.
	run -1 bare checkpoint --help
}

@test "global: no verb at all is an error that says where to look" {
	run -1 --separate-stderr bare
	[ "$stderr" = "ocirun: no verb given; ocirun --help lists the verbs" ]
}

@test "global: an unknown flag is named, before and after the verb" {
	run -1 --separate-stderr bare --bogus list
	[ "$stderr" = "ocirun: flag provided but not defined: -bogus" ]
	run -1 --separate-stderr bare list --bogus=1
	[ "$stderr" = "ocirun: list: flag provided but not defined: -bogus" ]
	run -1 --separate-stderr bare create -bogus web
	[ "$stderr" = "ocirun: create: flag provided but not defined: -bogus" ]
}

@test "global: a flag without its value is named" {
	run -1 --separate-stderr bare --root
	[ "$stderr" = "ocirun: flag needs an argument: --root" ]
	run -1 --separate-stderr bare list --format
	[ "$stderr" = "ocirun: list: flag needs an argument: --format" ]
}

@test "global: too few and too many arguments say how the verb is used" {
	run -1 --separate-stderr bare state
	[ "$stderr" = "ocirun: state: too few arguments; usage: ocirun state [options] <container-id>" ]
	run -1 --separate-stderr bare state a b
	[[ $stderr = 'ocirun: state: unexpected argument "b"; usage: '* ]]
	run -1 bare list web
	run -1 bare kill web TERM now
}

@test "global: flags are taken with one dash, with =, again, and after the verb" {
	run -0 bare -root=/nowhere --root "$ROOT" -rootless=true --debug=false -log-format json list -format=json
	[ "$output" = "[]" ]
	run -0 bare --root "$ROOT" --criu /usr/sbin/criu list --quiet=false -f json --
	[ "$output" = "[]" ]
}

@test "global: values that mean nothing are refused by name" {
	local flag
	for flag in log-format=xml log-level=loud cgroup-manager=none rootless=perhaps monitor=maybe \
		exit-source=oracle; do
		run -1 --separate-stderr bare "--$flag" list
		[[ $stderr = "ocirun: --${flag%=*}: unknown value \"${flag#*=}\"; "* ]] || fail "$flag: $stderr"
	done
	run -1 --separate-stderr bare --debug=maybe list
	[ "$stderr" = 'ocirun: --debug: invalid value "maybe"; true or false is needed' ]
	run -1 --separate-stderr bare --root= list
	[ "$stderr" = "ocirun: --root: the directory's name is empty" ]
}

@test "global: the systemd cgroup driver is refused by name until there is one" {
	local flag
	for flag in --systemd-cgroup --cgroup-manager=systemd; do
		run -1 --separate-stderr bare "$flag" list
		[ "$stderr" = "ocirun: systemd cgroup driver is not supported by this build" ]
	done
	run -0 bare --root "$ROOT" --systemd-cgroup=false --cgroup-manager disabled list -q
}

@test "global: an error goes to --log and to stderr, one line each" {
	run -1 --separate-stderr ocirun --log "$TEST_DIR/log" state web
	[[ $stderr = "ocirun: state web: container does not exist"* ]]
	[[ $stderr != *$'\n'* ]]
	[[ $(<"$TEST_DIR/log") =~ ^level=error\ msg=\"state\ web:\ container\ does\ not\ exist.*\"\ time=\"20 ]]
	[ "$(wc -l <"$TEST_DIR/log")" = 1 ]
	[ "$(stat -c %a "$TEST_DIR/log")" = "$(printf '%o' $((0644 & ~0$(umask))))" ]
}

@test "global: a JSON log gets exactly one object, appended" {
	echo '{"level":"error","msg":"before","time":"2026-01-02T03:04:05Z"}' >"$TEST_DIR/log"
	run -1 --separate-stderr ocirun --log "$TEST_DIR/log" --log-format json state web
	[[ $stderr = "ocirun: state web: container does not exist"* ]]
	[ "$(wc -l <"$TEST_DIR/log")" = 2 ]
	tail -n 1 "$TEST_DIR/log" | jq -e '.level == "error"
		and (.msg | startswith("state web: container does not exist"))
		and (.time | test("^20[0-9-]{8}T[0-9:]{8}(\\.[0-9]+)?Z$")) and (keys | length) == 3'
}

@test "global: a JSON line without --log goes to stderr instead of the text" {
	run -1 --separate-stderr ocirun --log-format json state web
	[[ $stderr != *$'\n'* ]]
	jq -e '.level == "error"' <<<"$stderr"
}

@test "global: a wrong command line gets into the log that it names" {
	run -1 ocirun --log "$TEST_DIR/log" --log-format=json --bogus state web
	jq -e '.msg == "flag provided but not defined: -bogus"' "$TEST_DIR/log"
	run -1 ocirun --log "$TEST_DIR/log2" --log-format json state --bogus web
	jq -e '.msg == "state: flag provided but not defined: -bogus"' "$TEST_DIR/log2"
}

@test "global: a log holds what a caller chose as valid JSON and without control bytes" {
	run -1 --separate-stderr ocirun --log "$TEST_DIR/log" --log-format json \
		state --bogus=$'\e[31m' $'--x\x01"\\\xff\xc3\xa9'
	run -1 --separate-stderr ocirun --log "$TEST_DIR/log2" --log-format json \
		state $'--x\x01"\\\xff\xc3\xa9\n'
	jq -e '.msg == "state: flag provided but not defined: -x\u0001\"\\\ufffdé\n"' "$TEST_DIR/log2"
	[ "$stderr" = 'ocirun: state: flag provided but not defined: -x\x01"\\xffé\n' ]
}

@test "global: --log takes a regular file or a FIFO and nothing else (reliability 2.8)" {
	local path
	touch "$TEST_DIR/victim"
	ln -s victim "$TEST_DIR/link"
	mkfifo "$TEST_DIR/fifo"
	for path in "$TEST_DIR/link" "$TEST_DIR" /dev/null /dev/full "$TEST_DIR/none/log" "$TEST_DIR/fifo" ""; do
		run -1 --separate-stderr ocirun --log "$path" list
		[[ $stderr = "ocirun: --log: "* ]] || fail "$path: $stderr"
	done
	[ ! -s "$TEST_DIR/victim" ]
	run -1 --separate-stderr ocirun --log journald:web list
	[ "$stderr" = "ocirun: --log: journald is not supported by this build; a file is needed" ]
	run -0 ocirun --log /dev/stderr list
	run -1 ocirun --log "file:$TEST_DIR/log" state web
	[ -s "$TEST_DIR/log" ]
}

@test "global: a full disk behind stdout is an error with a message" {
	local words
	for words in --version --help "list" "list -f json" "kill --help"; do
		# shellcheck disable=SC2086
		run -1 --separate-stderr bash -c '"$@" >/dev/full' - "$OCIRUN" --root "$ROOT" $words
		[[ $stderr = "ocirun: "*"write to standard output: No space left on device" ]] ||
			fail "$words: $stderr"
	done
}

@test "global: a reader that has gone is an error with a message" {
	# shellcheck disable=SC2016
	run bash -o pipefail -c '{ sleep 0.1; "$0" --help; echo "$?" >"$1"; } | true' \
		"$OCIRUN" "$TEST_DIR/status"
	[ "$(<"$TEST_DIR/status")" = 1 ]
	[[ $output = "ocirun: write to standard output: Broken pipe" ]]
}

@test "global: closed standard streams are no obstacle (defence D7)" {
	run -0 bash -c '"$@" <&-' - "$OCIRUN" --root "$ROOT" list -f json
	[ "$output" = "[]" ]
	run -0 bash -c '"$@" 2>&-' - "$OCIRUN" --root "$ROOT" list -f json
	run -1 bash -c '"$@" 2>&- <&-' - "$OCIRUN" --root "$ROOT" state web
	run -0 bash -c '"$@" >&-' - "$OCIRUN" --root "$ROOT" list
	[ -z "$output" ]
}

@test "global: the default --root follows XDG_RUNTIME_DIR for everybody but root" {
	require root program:setpriv
	local home=$TEST_DIR/home other=(setpriv --reuid 1234 --regid 1234 --clear-groups)
	chmod 755 "$TEST_DIR"
	mkdir -p "$home/ocirun/web" "$home/ocirun/.events"
	chown -R 1234 "$home"
	run -0 env XDG_RUNTIME_DIR="$home" "${other[@]}" "$OCIRUN" list -q
	[ "$output" = web ]
	run -0 env XDG_RUNTIME_DIR="$home" HOME=/ "$OCIRUN" list -q
	[[ $'\n'$output$'\n' != *$'\nweb\n'* ]]
	rm -r "$home/ocirun"
}

@test "global: a relative --root is where the caller stands" {
	mkdir -p "$TEST_DIR/here/r/web" "$TEST_DIR/here/r/.events"
	cd "$TEST_DIR/here"
	run -0 bare --root r list -q
	[ "$output" = web ]
}

@test "global: --root that others may write to, or a symlink, is refused (reliability 2.7)" {
	mkdir "$TEST_DIR/open"
	chmod 777 "$TEST_DIR/open"
	run -1 bare --root "$TEST_DIR/open" list
	[[ $output = *"writable by others"* ]]
	mkdir "$ROOT"
	ln -s "$ROOT" "$TEST_DIR/link"
	run -1 bare --root "$TEST_DIR/link" list
}

@test "global: ocirun refuses to run set-user-ID or with file capabilities" {
	require root program:setpriv
	local other=(setpriv --reuid 1234 --regid 1234 --clear-groups)
	chmod 755 "$TEST_DIR"
	cp "$OCIRUN" "$TEST_DIR/setuid"
	chmod 4755 "$TEST_DIR/setuid"
	run -1 --separate-stderr "${other[@]}" "$TEST_DIR/setuid" list
	[ "$stderr" = "ocirun: refusing to run set-user-ID, set-group-ID or with file capabilities" ]
}

@test "global: IDs are letters, digits and _ . + -, at most 128, and begin well (reliability 2.6)" {
	local id verb bad=("" . .. .hidden -- _x +x "a b" "a/b" ../x a/../b $'a\n' "a*" "a%s" é
		"$(printf 'a%.0s' {1..129})")
	mkdir -p "$ROOT/.events" "$TEST_DIR/x"
	for verb in state kill delete "delete --force"; do
		for id in "${bad[@]}"; do
			# shellcheck disable=SC2086
			run -1 --separate-stderr ocirun $verb -- "$id"
			[[ $stderr = *"invalid container ID format"* ]] || fail "$verb '$id': $stderr"
		done
	done
	[ -d "$ROOT/.events" ]
	[ -d "$TEST_DIR/x" ]
	run -1 --separate-stderr ocirun state "$(printf 'a%.0s' {1..128})"
	[[ $stderr = *"container does not exist"* ]]
}
