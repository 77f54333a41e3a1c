/* SPDX-License-Identifier: Apache-2.0 */
/* Help is made from the same tables that the parser reads, so it cannot be wrong about a flag. */
#include "verbs/help.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "ocirun/version.h"
#include "setup/seccomp_version.h"
#include "verbs/conf.h"
#include "verbs/globals.h"
#include "verbs/options.h"

/* A build may know better: CPPFLAGS=-DOCIRUN_COMMIT='"..."'. Nothing asks git. */
#ifndef OCIRUN_COMMIT
#define OCIRUN_COMMIT OCIRUN_VERSION
#endif

#define LINE_WIDTH 100
#define FLAG_WIDTH 30
#define VERB_WIDTH 10

/* How much of @text fits into a line: up to its newline, or the last space before @room. */
static int line_length(const char *text, int room)
{
	int length = (int)strcspn(text, "\n");

	if (length <= room)
		return length;
	for (int at = room; at > 0; at--)
		if (text[at] == ' ')
			return at;
	return length;
}

/* @text in lines that end before LINE_WIDTH; the first one continues a line at @indent. */
static void add_wrapped(FILE *out, const char *text, int indent)
{
	int length = line_length(text, LINE_WIDTH - indent);

	while (text[length]) {
		(void)fprintf(out, "%.*s\n%*s", length, text, indent, "");
		text += length + 1;
		length = line_length(text, LINE_WIDTH - indent);
	}
	(void)fprintf(out, "%s\n", text);
}

static void add_option(FILE *out, const struct option_spec *option)
{
	char flag[64];
	const char *value = option->value_name ? option->value_name : "";

	if (option->letter)
		(void)snprintf(flag, sizeof(flag), "-%c, --%s %s", option->letter, option->name,
			       value);
	else
		(void)snprintf(flag, sizeof(flag), "    --%s %s", option->name, value);
	(void)fprintf(out, "  %-*s ", FLAG_WIDTH, flag);
	add_wrapped(out, option->help, FLAG_WIDTH + 3);
}

/* A verb may use -h for itself; then --help has no letter. */
static void add_help_option(FILE *out, const struct option_spec *table)
{
	struct option_spec help = option_help;

	for (const struct option_spec *o = table; o && o->name; o++)
		if (o->letter == help.letter)
			help.letter = 0;
	add_option(out, &help);
}

static void add_options(FILE *out, const char *title, const struct option_spec *table)
{
	(void)fprintf(out, "\n%s:\n", title);
	for (const struct option_spec *o = table; o && o->name; o++)
		add_option(out, o);
	add_help_option(out, table);
}

static void add_overview(FILE *out)
{
	(void)fprintf(out, "ocirun - run containers as the Open Container Initiative specifies\n"
			   "\nUsage: ocirun [global options] VERB [options] [arguments]\n"
			   "\nVerbs:\n");
	for (const struct verb *const *v = verbs_list(); *v; v++)
		(void)fprintf(out, "  %-*s %s\n", VERB_WIDTH, (*v)->name, (*v)->summary);
	add_options(out, "Global options", global_options);
	(void)fprintf(out, "\nWhat --feed to --log-size set may stand in " CONF_SYSTEM ".\n"
			   "ocirun VERB --help tells more about a verb.\n");
}

static void add_verb(FILE *out, const struct verb *v)
{
	(void)fprintf(out, "ocirun %s - %s\n", v->name, v->summary);
	(void)fprintf(out, "\nUsage: ocirun %s [options]%s%s\n", v->name,
		      v->arguments && *v->arguments ? " " : "", v->arguments ? v->arguments : "");
	if (v->description) {
		(void)fputc('\n', out);
		add_wrapped(out, v->description, 0);
	}
	add_options(out, "Options", v->options);
}

static int print_help(const struct verb *verb, struct error *err)
{
	autofree char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);

	if (!out)
		return error_sys(err, "help");
	if (verb)
		add_verb(out, verb);
	else
		add_overview(out);
	if (fclose(out) != 0)
		return error_sys(err, "help");
	return print_out(text, length, err);
}

int help_print(struct error *err)
{
	return print_help(NULL, err);
}

int help_print_verb(const struct verb *verb, struct error *err)
{
	return print_help(verb, err);
}

/* Docker looks for a line with "version" and one that begins with "commit:". */
int help_print_version(struct error *err)
{
	char seccomp[32];

	seccomp_version_text(seccomp, sizeof(seccomp));
	return print_format(err,
			    "ocirun version " OCIRUN_VERSION "\n"
			    "commit: " OCIRUN_COMMIT "\n"
			    "spec: " OCIRUN_SPEC_VERSION "\n"
			    "libseccomp: %s\n",
			    seccomp);
}
