#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Validate logs of containers: every line against the JSON schema, every log against the promises
of doc/events.md. usage: validate-events.py SCHEMA LOG...; exit 1 after naming what is wrong."""
import json
import sys

import jsonschema

LINE_MAX = 4096
FIXED = ["v", "type", "id", "instance", "seq", "timestamp"]


def unknown_members(value, node, path=""):
    """Readers take what they do not know; what we write has to be in the schema."""
    for name, member in value.items():
        inner = node["properties"].get(name)
        if inner is None:
            yield path + name
        elif "properties" in inner and isinstance(member, dict):
            yield from unknown_members(member, inner, path + name + ".")


def lines_of(path):
    with open(path, "rb") as log:
        data = log.read()
    if data and not data.endswith(b"\n"):
        raise ValueError("the last line has no end")
    return data.split(b"\n")[:-1]


def check_line(line, validator, schema):
    if len(line) + 1 > LINE_MAX:
        raise ValueError(f"line of {len(line) + 1} bytes")
    event = json.loads(line.decode("utf-8"))
    for error in validator.iter_errors(event):
        raise ValueError(f"{'.'.join(map(str, error.absolute_path))}: {error.message}: {line!r}")
    own = {name: value for name, value in event.items() if name not in FIXED}
    for name in unknown_members(own, schema["$defs"].get(event["type"], {"properties": {}})):
        raise ValueError(f"{name} is not in the schema: {line!r}")
    if list(event)[: len(FIXED)] != FIXED:
        raise ValueError(f"the fixed members are not the first, in order: {line!r}")
    return event


def check_order(events):
    if [e["seq"] for e in events] != list(range(1, len(events) + 1)):
        raise ValueError(f"seq has a gap: {[e['seq'] for e in events]}")
    if len({(e["id"], e["instance"]) for e in events}) > 1:
        raise ValueError("more than one instance")
    types = [e["type"] for e in events]
    for once in ("created", "started", "exited", "deleted"):
        if types.count(once) > 1:
            raise ValueError(f"{once} more than once: {types}")
    order = [t for t in types if t in ("created", "started", "exited", "deleted")]
    if order != sorted(order, key=["created", "started", "exited", "deleted"].index):
        raise ValueError(f"out of order: {types}")
    if "created" in types and types[0] != "created":
        raise ValueError(f"created is not the first: {types}")
    if "deleted" in types and types[-1] != "deleted":
        raise ValueError(f"deleted is not the last: {types}")
    if "deleted" in types and "created" in types and "exited" not in types:
        raise ValueError(f"deleted without exited: {types}")
    if "exited" in types and "oom" in types[types.index("exited"):]:
        raise ValueError(f"oom after exited: {types}")


def main(schema_path, logs):
    with open(schema_path, encoding="utf-8") as file:
        schema = json.load(file)
    validator = jsonschema.validators.validator_for(schema)(schema)
    bad = 0
    for path in logs:
        try:
            check_order([check_line(line, validator, schema) for line in lines_of(path)])
        except ValueError as error:
            print(f"{path}: {error}")
            bad = 1
    return bad


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
