#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Say every #include that the layer table of doc/architecture.md does not allow, and every ring of
# headers. usage: layers.sh TOP; exit 1 if there is anything to say.
#
# A row: | layer | folder | folders it may use, all of a lower layer | third-party headers at home there |
# A third-party header that is at home somewhere may be included nowhere else.
top=${1:?usage: layers.sh TOP}
cd "$top" || exit 2
page=doc/architecture.md
grep -q '^<!-- layers -->' "$page" || { echo "$page: no layer table"; exit 1; }

# shellcheck disable=SC2046 # no file name here has a blank
exec awk -v page="$page" '
function folder(path) { sub(/^src\//, "", path); sub(/\/.*/, "", path); return path }
function say(text) { print text; bad = 1 }

FILENAME == page && /^<!-- layers -->/ { in_table = 1 }
FILENAME == page && /^<!-- \/layers -->/ { in_table = 0 }
FILENAME == page {
	if (!in_table || !/^\| *[0-9]/) next
	split($0, cell, /\|/)
	gsub(/ /, "", cell[2]); gsub(/ /, "", cell[3])
	me = folder(cell[3])
	level[me] = cell[2] + 0
	n = split(cell[4], word, " ")
	for (i = 1; i <= n; i++) {
		allowed[me, word[i]] = 1
		if (!(word[i] in level)) say(page ": " me ": " word[i] " has no row above it")
		else if (level[word[i]] >= level[me]) say(page ": " me " may not sit on " word[i])
	}
	n = split(cell[5], word, " ")
	for (i = 1; i <= n; i++) { has_home[word[i]] = 1; at_home[word[i], me] = 1 }
	next
}

/^[ \t]*#[ \t]*include[ \t]*["<]/ {
	match($0, /["<][^">]+/)
	header = substr($0, RSTART + 1, RLENGTH - 1)
	me = folder(FILENAME)
	if (!(me in level)) say(FILENAME ": the folder " me " has no row")
	if (header in has_home) {
		if (!((header, me) in at_home)) say(FILENAME ": <" header "> is at home elsewhere")
		next
	}
	other = header ~ /^ocirun\// ? "include" : folder(header)
	if (other != me && other in level && !((me, other) in allowed))
		say(FILENAME ": " me " may not use " header)
	if (FILENAME ~ /\.h$/ && other in level) {
		file = FILENAME; sub(/^(src|include)\//, "", file)
		edges[file] = edges[file] " " header
	}
}

# Depth first: a header that is met while its own includes are being walked closes a ring.
function walk(file, trail,    list, n, i) {
	if (state[file] == 2) return
	if (state[file] == 1) { say("ring of headers:" trail " " file); return }
	state[file] = 1
	n = split(edges[file], list, " ")
	for (i = 1; i <= n; i++) walk(list[i], trail " " file)
	state[file] = 2
}
END {
	for (file in edges) walk(file, "")
	exit bad
}' "$page" $(find src events include -name '*.[ch]' | sort)
