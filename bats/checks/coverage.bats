#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# doc/spec-coverage.md says what the field tables say, and the tables know every key of the spec.

load ../lib/container

# The page as the tables have it; the program is one of `make check`'s.
page() {
	[ -x "$OCIRUN_BUILD/spec-coverage" ] ||
		make -C "$OCIRUN_BUILD" spec-coverage >"$TEST_DIR/make" 2>&1 ||
		fail "make spec-coverage: $(cat "$TEST_DIR/make")" || return
	"$OCIRUN_BUILD/spec-coverage"
}

setup() {
	container_setup
	: "${OCIRUN_BUILD:=$(dirname "$OCIRUN")}"
}

@test "coverage: doc/spec-coverage.md is what the tables print" {
	page >"$TEST_DIR/page"
	diff -u "$SOURCE_DIR/doc/spec-coverage.md" "$TEST_DIR/page" ||
		fail "doc/spec-coverage.md is stale: spec-coverage >doc/spec-coverage.md"
}

@test "coverage: no key is there twice" {
	# shellcheck disable=SC2016 # the backquotes are the page's
	page | sed -n 's/^| `\([^`]*\)` |.*/\1/p' | sort | uniq -d >"$TEST_DIR/twice"
	[ ! -s "$TEST_DIR/twice" ] || fail "twice: $(cat "$TEST_DIR/twice")"
}

@test "coverage: every key of the runtime-spec's schemas has a row, or a refused or ignored parent" {
	require schema program:jq
	page >"$TEST_DIR/page"
	jq -n -r -f "$SOURCE_DIR/bats/checks/schema-paths.jq" "$OCI_SPEC_SCHEMA"/*.json |
		sort -u >"$TEST_DIR/keys"
	[ "$(wc -l <"$TEST_DIR/keys")" -gt 200 ] || fail "few keys in the schemas: $(cat "$TEST_DIR/keys")"
	awk '
		/^\| `/ {
			key = $2
			gsub(/`/, "", key)
			row[key] = $4
			next
		}
		FILENAME ~ /keys$/ {
			for (path = $0; path != ""; sub(/(\[\])?(\.[^.]*|[^.]*)$/, "", path))
				if (path in row && (path == $0 || row[path] != "applied"))
					next
			print
		}' "$TEST_DIR/page" "$TEST_DIR/keys" >"$TEST_DIR/missing"
	[ ! -s "$TEST_DIR/missing" ] || fail "no row for: $(cat "$TEST_DIR/missing")"
}

@test "coverage: what features prints follows the runtime-spec's schema" {
	require schema
	ocirun features >"$TEST_DIR/features.json"
	schema_accepts features-schema.json "$TEST_DIR/features.json"
}

@test "coverage: what spec writes follows the runtime-spec's schema" {
	require schema
	local flag
	for flag in --rootless=false --rootless; do
		mkdir "$TEST_DIR/$flag"
		ocirun spec -b "$TEST_DIR/$flag" "$flag"
		schema_accepts config-schema.json "$TEST_DIR/$flag/config.json"
	done
}

# schema_accepts SCHEMA FILE - with any of the validators that may be installed.
schema_accepts() {
	python3 -c 'import jsonschema' 2>/dev/null || skip "needs the program python3-jsonschema"
	python3 -W ignore - "$OCI_SPEC_SCHEMA" "$@" <<-'PYTHON'
		import json, sys, pathlib
		import jsonschema
		folder, name, document = sys.argv[1:]
		schema = json.load(open(pathlib.Path(folder, name)))
		base = pathlib.Path(folder).absolute().as_uri() + "/"
		resolver = jsonschema.RefResolver(base, schema)
		jsonschema.Draft4Validator(schema, resolver=resolver).validate(json.load(open(document)))
	PYTHON
}
