#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# doc/events.md, doc/events.schema.json and the header say the same, and what is written agrees.

load ../lib/container

page() { printf '%s\n' "$SOURCE_DIR/doc/events.md"; }

# json_blocks - the lines of the page's examples
json_blocks() { sed -n '/^```json$/,/^```$/{/^```/!p}' "$(page)"; }

# documented - "TYPE MEMBER" for every row of the table of members
documented() { sed -nE 's/^\| `([a-z-]+)` \| `([A-Za-z0-9.]+)` \| [a-z].*/\1 \2/p' "$(page)" | sort; }

# type_rows - the types of the table of types
type_rows() {
	sed -n '/^### Types/,/^### Members/p' "$(page)" | sed -nE 's/^\| (`[^|]*`) \|.*/\1/p' |
		tr -d '`,' | tr ' ' '\n' | sort
}

# members_of FILE - "TYPE MEMBER" for every member seen beyond the fixed ones
members_of() {
	jq -r 'def walk($p): to_entries[] | ($p + .key) as $k |
			$k, (if .value | type == "object" then .value | walk($k + ".") else empty end);
		.type as $t | del(.v, .type, .id, .instance, .seq, .timestamp) |
		if . == {} then empty else walk("") | "\($t) \(.)" end' "$@" | sort -u
}

@test "schema: the examples of the page are valid" {
	json_blocks >"$TEST_DIR/examples"
	[ "$(wc -l <"$TEST_DIR/examples")" -ge 4 ]
	run -0 /usr/bin/python3 - "$SOURCE_DIR/doc/events.schema.json" "$TEST_DIR/examples" <<-'END'
		import json, sys, jsonschema
		schema = json.load(open(sys.argv[1]))
		validator = jsonschema.validators.validator_for(schema)
		validator.check_schema(schema)
		for line in open(sys.argv[2]):
		    validator(schema).validate(json.loads(line))
	END
}

@test "schema: the page, the schema and the library know the same types" {
	local types
	types=$(jq -r '.properties.type.enum[]' "$SOURCE_DIR/doc/events.schema.json" | sort)
	[ "$(type_rows)" = "$types" ] || fail "page: $(type_rows)"
	run -1 --separate-stderr ocirun events --type "$(paste -sd, <<<"$types")" web
	[[ $stderr = *"does not exist"* ]]
}

@test "schema: the page, the schema and the checker know the same members, of the same types" {
	require program:cc
	run -0 /usr/bin/python3 "$LIB_DIR/compare-members.py" "$(page)" "$SOURCE_DIR/doc/events.schema.json" \
		"$SOURCE_DIR/src/verbs/verify_members.c"
	[ "$output" = "" ]
	# It can see a difference.
	local broken
	for broken in 's/| `exited` | `error` | string/| `exited` | `error` | integer/' '/`oom` | `level`/d' \
		's/| `failed` | `phase` \(.*\) always/| `failed` | `phase` \1 sometimes/'; do
		sed "$broken" "$(page)" >"$TEST_DIR/broken.md"
		run -1 /usr/bin/python3 "$LIB_DIR/compare-members.py" "$TEST_DIR/broken.md" \
			"$SOURCE_DIR/doc/events.schema.json" "$SOURCE_DIR/src/verbs/verify_members.c"
		[ "${#lines[@]}" = 1 ] || fail "$broken: $output"
	done
	sed 's/"pidfd netlink/"pidfd/' "$SOURCE_DIR/src/verbs/verify_members.c" >"$TEST_DIR/broken.c"
	run -1 /usr/bin/python3 "$LIB_DIR/compare-members.py" "$(page)" "$SOURCE_DIR/doc/events.schema.json" "$TEST_DIR/broken.c"
	[[ $output = *"exited source"* ]]
}

@test "schema: every member that is written is on the page" {
	bundle_with '.hooks.poststart = [{"path": "/bin/false"}] | .process.args = ["sleep", "60"]'
	ocirun create failing
	ocirun start failing || true
	bundle_with '.hooks.createRuntime = [{"path": "/bin/false"}]'
	ocirun create uncreated || true
	bundle_with '.process.args = ["sleep", "60"]'
	ocirun create web
	ocirun start web
	ocirun pause web
	ocirun resume web
	ocirun update --pids-limit 100 web
	ocirun kill web KILL
	ocirun wait web || true
	ocirun delete web
	ocirun create never
	ocirun delete --force never
	# What is below `resources` has the names of config.json.
	run -0 comm -23 <(members_of "$ROOT"/.events/*.ndjson | grep -v '^updated resources\.') <(documented)
	[ "$output" = "" ] || fail "not on the page: $output"
}

@test "schema: the library's example in the manual compiles and follows a container" {
	require program:cc
	local lib=$OCIRUN_BUILD/events/public/libocirun-events.a
	[ -e "$lib" ] || skip "needs the library in the build directory"
	{
		echo '#include <ocirun/events.h>'
		echo '#include <stdio.h>'
		echo 'int main(void) {'
		sed -n '/^\.EX$/,/^\.EE$/{/^\.E/!p}' "$SOURCE_DIR/doc/man/libocirun-events.3" |
			sed "s/\\\\-/-/; s#/run/ocirun#$ROOT#"
		echo '}'
	} >"$TEST_DIR/follow.c"
	cc -Wall -Werror -I"$SOURCE_DIR/include" -o "$TEST_DIR/follow" "$TEST_DIR/follow.c" "$lib"
	bundle_script 'exit 3'
	ocirun create web
	"$TEST_DIR/follow" >"$TEST_DIR/follow.out" 3>&- 4>&- &
	echo $! >>"$TEST_DIR/background"
	ocirun start web
	ocirun wait web || true
	ocirun delete web
	BACKGROUND_PID=$! background_returns 0
	cmp "$TEST_DIR/follow.out" "$(log_path web)"
}
