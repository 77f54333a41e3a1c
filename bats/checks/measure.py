#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Print the measures of doc/conventions.md for src and events, tests and fuzzers left out.
usage: measure.py TOP. Functions are found by the kernel style: a body begins and ends in column 1."""
import pathlib
import re
import sys


def functions(lines):
    """(first line, length) of each: from the line that names it to the brace that ends it."""
    opened = None
    for number, line in enumerate(lines):
        if line == "{":
            opened = number
        elif line == "}" and opened is not None:
            yield opened, number - opened + 2
            opened = None


def comment_lines(text):
    return sum(c.count("\n") + 1 for c in re.findall(r"/\*.*?\*/", text, re.S))


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def main(top):
    top = pathlib.Path(top)
    files = sorted(
        f for d in ("src", "events") for f in (top / d).rglob("*.[ch]")
        if not re.match(r"(test|fuzz)-", f.name)
    )
    texts = {f.relative_to(top): f.read_text(encoding="utf-8") for f in files}
    lengths, total, comments, gotos, ifs = [], 0, 0, 0, 0
    for file, text in texts.items():
        lines = text.split("\n")
        total += sum(1 for line in lines if line.strip())
        comments += comment_lines(text)
        gotos += len(re.findall(r"\bgoto\b", re.sub(r"/\*.*?\*/", "", text, flags=re.S)))
        for start, length in functions(lines):
            lengths.append((length, f"{file}:{start}"))
            ifs += sum(1 for line in lines[start:start + length] if re.match(r"\s*#\s*if", line))
    sizes = sorted(((text.count("\n"), str(file)) for file, text in texts.items()), reverse=True)
    lengths.sort(reverse=True)
    values = [length for length, _ in lengths]
    print(f"files {len(texts)}, lines that are not blank {total}, functions {len(values)}")
    print(f"function length: median {percentile(values, .5)}, 95 % {percentile(values, .95)}, "
          f"longest {', '.join(f'{n} ({where})' for n, where in lengths[:5])}")
    print(f"file length: median {percentile([n for n, _ in sizes], .5)}, "
          f"longest {', '.join(f'{n} ({file})' for n, file in sizes[:5])}")
    print(f"comments: {100 * comments / total:.0f} % of lines; goto: {gotos}; #if inside functions: {ifs}")


if __name__ == "__main__":
    main(sys.argv[1])
