# SPDX-License-Identifier: Apache-2.0
# Every key of config.json that the runtime-spec's JSON schemas know, one per line, written as
# field tables write it: "process.user.uid", "mounts[].destination".
# usage: jq -n -r -f schema-paths.jq DIRECTORY/*.json

def by_name: reduce inputs as $schema ({}; .[input_filename | split("/") | last] = $schema);

# follow - what {"$ref": "defs.json#/definitions/UID"} stands for, with the file that it is in.
def follow($all; $file; $node):
	if $node["$ref"] then
		($node["$ref"] | split("#")) as [$other, $pointer]
		| (if $other == "" then $file else $other end) as $target
		| follow($all; $target; $all[$target] | getpath($pointer | ltrimstr("/") | split("/")))
	else {file: $file, node: $node} end;

def keys_below($all; $file; $node; $prefix):
	follow($all; $file; $node) as $at
	| (($at.node.allOf // $at.node.anyOf // [])[] | keys_below($all; $at.file; .; $prefix)),
	  (($at.node.properties // {}) | to_entries[]
		| (if $prefix == "" then .key else $prefix + "." + .key end) as $path
		| $path, keys_below($all; $at.file; .value; $path)),
	  (if $at.node.items then keys_below($all; $at.file; $at.node.items; $prefix + "[]") else empty end);

by_name as $all | keys_below($all; "config-schema.json"; $all["config-schema.json"]; "")
