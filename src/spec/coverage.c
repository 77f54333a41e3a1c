/* SPDX-License-Identifier: Apache-2.0 */
/* Prints doc/spec-coverage.md from the tables; bats/checks/coverage.bats holds the page against it.
 */
#include <stdio.h>

#include "base/cleanup.h"
#include "spec/sections.h"

static const char intro[] = "<!-- Made by spec-coverage (src/spec/coverage.c) from the tables in "
			    "src/spec: do not edit. -->\n"
			    "# What ocirun does with each key of config.json\n"
			    "\n"
			    "The rows are those that config.json is read by, so this page cannot "
			    "promise anything else;\n"
			    "`ocirun features` is printed from them too.\n"
			    "\n"
			    "* **applied**: read, checked, and some step uses it.\n"
			    "* **refused**: known to the runtime-spec, and not applied by this "
			    "version. A configuration that\n"
			    "  asks for it is an error that names the key, before anything is "
			    "touched. (Labels, lists and maps\n"
			    "  that are empty ask for nothing and are let pass.)\n"
			    "* **ignored**: documented as without effect on Linux.\n"
			    "\n"
			    "A key that is not listed is unknown to the runtime-spec and ignored, "
			    "as config.md#extensibility\n"
			    "demands; `--debug` tells of it. `null` counts as absent. The members "
			    "of a refused or ignored key\n"
			    "share its fate.\n";

static const char *status_text(enum field_status status)
{
	static const char *const texts[] = {"applied", "**refused**", "ignored"};

	return texts[status];
}

static int print_row(const struct field_row *row, void *data)
{
	(void)data;
	(void)fprintf(stdout, "| `%s` | %s | %s |\n", row->path, status_text(row->status),
		      row->anchor);
	return 0;
}

static void print_keys(void)
{
	(void)fprintf(stdout, "\n## Keys\n\n| key | status | runtime-spec |\n|---|---|---|\n");
	(void)field_visit(print_row, NULL);
}

static void print_words_with(const struct word *words, enum field_status status)
{
	const char *before = "";

	for (const struct word *w = words; w->text; w++) {
		if (w->status != status)
			continue;
		if (before[0] == '\0')
			(void)fprintf(stdout, "\n%s: ", status == APPLIED ? "Applied" : "Refused");
		(void)fprintf(stdout, "%s`%s`", before, w->text);
		before = ", ";
	}
	if (before[0])
		(void)fprintf(stdout, ".\n");
}

static void print_words(void)
{
	static const struct {
		const char *title;
		const struct word *words;
	} tables[] = {
		{"linux.namespaces[].type", namespace_words},
		{"linux.rootfsPropagation", propagation_words},
		{"process.capabilities", capability_words},
		{"process.rlimits[].type", rlimit_words},
		{"linux.seccomp: actions", seccomp_actions},
		{"linux.seccomp.architectures", seccomp_archs},
		{"linux.seccomp.flags", seccomp_flags},
		{"linux.seccomp: operators", seccomp_operators},
	};

	for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
		(void)fprintf(stdout, "\n## Words of %s\n", tables[i].title);
		print_words_with(tables[i].words, APPLIED);
		print_words_with(tables[i].words, REFUSED);
	}
}

static void print_mount_options(void)
{
	const char *before = "\nApplied: ";

	for (const struct mount_option *o = mount_options; o->name; o++) {
		(void)fprintf(stdout, "%s`%s`", before, o->name);
		before = ", ";
	}
	(void)fprintf(stdout, ".\n");
}

int main(void)
{
	(void)fputs(intro, stdout);
	print_keys();
	(void)fprintf(
		stdout,
		"\n## Words of mounts[].options\n\n"
		"Any other word goes to the file system as it is, but for a bind mount, which has "
		"none.\n");
	print_mount_options();
	print_words();
	return fflush(stdout) == 0 && !ferror(stdout) ? 0 : 1;
}
