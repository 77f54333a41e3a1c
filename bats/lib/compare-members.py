#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Do the page, the schema and the checker name the same members, of the same types, as sure to be
there, and with the same values? usage: compare-members.py PAGE SCHEMA CHECKER.c; exit 1 after
naming what differs. A member is (JSON types, always there, its possible values or nothing)."""
import json
import re
import subprocess
import sys


def of_page(text):
    row = re.compile(r"^\| `([a-z-]+)` \| `([A-Za-z0-9.]+)` \| ([a-z ]+) \|[^|]*\| [0-9]+ \| (always|sometimes) \|", re.M)
    return {(t, m): (set(kind.split(" or ")), there == "always", None) for t, m, kind, there in row.findall(text)}


def of_schema(schema):
    found = {}

    def walk(event, prefix, node):
        for name, member in node["properties"].items():
            values = member.get("enum") or ([member["const"]] if "const" in member else None)
            kinds = member.get("type", "string")
            found[event, prefix + name] = (
                {kinds} if isinstance(kinds, str) else set(kinds), name in node["required"], values and set(values))
            if "properties" in member:
                walk(event, prefix + name + ".", member)

    for event, node in schema["$defs"].items():
        walk(event, "", node)
    return found


def of_checker(text):
    # The C preprocessor knows best what the macros of the table's rows stand for.
    table = re.search(r"^static const struct member members\[\] = \{\n(.*?)^\};", text, re.M | re.S)[1]
    defines = "".join(re.findall(r"^#define .*\n", text, re.M))
    rows = subprocess.run(["cc", "-E", "-P", "-"], input=defines + table, capture_output=True, text=True, check=True)
    found = {}
    for event, name, how in re.findall(r'\{"([a-z-]+)", "([A-Za-z0-9.]+)",(.*?)\}', rows.stdout, re.S):
        kinds = {k.lower() for k in re.findall(r"KIND_(\w+)", how)}
        words = set("".join(re.findall(r'"([^"]*)"', how)).split())
        found[event, name] = (kinds - {"absent"}, "absent" not in kinds, words or None)
    return found


def differences(name, left, other, right):
    for key in sorted(left.keys() | right.keys()):
        a, b = left.get(key), right.get(key)
        if not a or not b:
            yield f"{' '.join(key)}: not in the {other if a else name}"
        elif a[:2] != b[:2] or (a[2] and b[2] and a[2] != b[2]) or (name != "page" and bool(a[2]) != bool(b[2])):
            yield f"{' '.join(key)}: {name}: {a}; {other}: {b}"


def main(page, schema, checker):
    texts = [open(path, encoding="utf-8").read() for path in (page, schema, checker)]
    page, schema, checker = of_page(texts[0]), of_schema(json.loads(texts[1])), of_checker(texts[2])
    assert len(page) > 50 and len(checker) > 50
    found = [*differences("page", page, "schema", schema), *differences("schema", schema, "checker", checker)]
    for difference in found:
        print(difference)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
