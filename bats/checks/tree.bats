#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What the repository holds, and words that no source may contain.

setup() {
	cd "$BATS_TEST_DIRNAME/../.."
	mapfile -t SOURCES < <(find src events include -name '*.[ch]')
}

# build_folders - where somebody configured, within the tree
build_folders() { find . -mindepth 2 -maxdepth 2 -name config.status -printf '%h\n' | cut -c 3-; }

# none_has TEXT REGEX FILE... - fail with the places where it stands
none_has() {
	local why=$1 regex=$2 found
	shift 2
	found=$(grep -nE "$regex" "$@" /dev/null) || return 0
	printf '%s:\n%s\n' "$why" "$found"
	return 1
}

@test "the top level holds what its map says and nothing else" {
	local extra made
	made='_build|_inst|autom4te\.cache|aclocal\.m4|build.*|cache|config\.h\.in|configure~?|Makefile\.in'
	extra=$(find . -mindepth 1 -maxdepth 1 ! -name '.*' -printf '%f\n' | grep -Evx \
		"configure\.ac|Makefile\.am|src|events|include|bats|doc|README\.md|LICENSE|NEWS\.md|bootstrap\.sh|packaging|contrib|$made" |
		grep -Fxv "$(build_folders)" || true)
	[ -z "$extra" ] || { echo "not in doc/architecture.md: $extra"; false; }
}

@test "no file is named for having no subject" {
	local found
	found=$(find src events include -iregex '.*/\(utils?\|misc\|common\|helpers?\)\.[ch]')
	[ -z "$found" ] || { echo "$found"; false; }
}

@test "every source says its licence in the first lines" {
	local file missing=()
	while read -r file; do
		head -n 3 "$file" | grep -q 'SPDX-License-Identifier: Apache-2.0' || missing+=("$file")
	done < <(find src events include bats bootstrap.sh \
		\( -name '*.[chS]' -o -name '*.sh' -o -name '*.bash' -o -name '*.bats' -o -name '*.py' \))
	[ ${#missing[@]} = 0 ] || { printf '%s\n' "${missing[@]}"; false; }
}

@test "every C file is named by a local.mk" {
	local file missing=()
	while read -r file; do
		cat events/local.mk src/local.mk src/*/local.mk | grep -q "$file" || missing+=("$file")
	done < <(find src events -name '*.[ch]')
	[ ${#missing[@]} = 0 ] || { printf 'nobody builds %s\n' "${missing[@]}"; false; }
}

@test "no C file but a test is longer than 800 lines" {
	local long
	long=$(printf '%s\n' "${SOURCES[@]}" | grep -v /test- | xargs wc -l | awk '$1 > 800 && $2 != "total"')
	[ -z "$long" ] || { echo "$long"; false; }
}

@test "a doubt is a NEEDSWORK with what would settle it" {
	none_has "unfinished" '\b(TO''DO|FIX''ME|XX''X)\b' "${SOURCES[@]}" bootstrap.sh \
		$(find bats -type f ! -name '*.json')
}

@test "no file knows where it was written" {
	local built
	mapfile -t built < <(build_folders | sed 's/^/--exclude-dir=/')
	! grep -rnF "${built[@]}" --exclude-dir=.git --exclude-dir='build*' --exclude-dir='_*' --exclude-dir=autom4te.cache \
		--exclude='configure*' --exclude=Makefile.in "$PWD/" .
}

@test "JSON members are looked up by their exact case, and numbers never as int" {
	none_has "ignores case" 'cJSON_(GetObjectItem|HasObjectItem|DetachItemFromObject|DeleteItemFromObject|ReplaceItemInObject)\(' "${SOURCES[@]}"
	none_has "loses digits" '[>.]valueint\b' "${SOURCES[@]}"
}

@test "no unbounded copy, and no shell" {
	none_has "unbounded" '\b(strcpy|strcat|sprintf|vsprintf|gets|strtok|mktemp|tmpnam|tempnam|alloca)\(' \
		$(find src events -name '*.c' ! -name 'test-*')
	none_has "a shell or PATH of the caller's" '\b(system|popen|execlp|execvp|execvpe)\(' \
		$(find src events -name '*.c' ! -name 'test-*')
}

# What is opened by path there is the host's own, before the pivot, and only ever O_PATH or to read.
@test "setup changes the root file system by descriptors, not by path strings" {
	local files
	mapfile -t files < <(find src/setup -name '*.c' ! -name 'test-*')
	none_has "by path" '(^|[^a-z_>.])(creat|mkdir|mknod|mkfifo|symlink|link|unlink|rmdir|rename|chmod|chown|lchown|truncate)\([^0-9]' "${files[@]}"
	none_has "made by path" '(^|[^a-z_])open\(.*O_CREAT' "${files[@]}"
}

# coverage.c is a program of its own: it prints doc/spec-coverage.md.
@test "libc's printing stays in the verbs, main and the log" {
	none_has "prints" '\b(printf|puts|perror|putchar|fprintf\(stderr|err|errx|warn|warnx)\(' \
		$(find src events -name '*.c' ! -name 'test-*' ! -name 'fuzz-*' ! -path 'src/verbs/*' \
			! -name main.c ! -name log.c ! -name coverage.c)
}

@test "every bats file can be read by bats" {
	local file
	for file in bats/*/*.bats; do
		bats --count "$file" >/dev/null || { echo "$file"; return 1; }
	done
}
