/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parsing by hand: getopt_long takes neither -no-pivot (go-runc sends such) nor abbreviations only
 * when they are exact, and both are what clients depend on.
 */
#include "verbs/options.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

const struct option_spec option_help = {
	.name = "help",
	.letter = 'h',
	.kind = OPTION_FLAG,
	.help = "show this text",
};

bool option_takes_value(const struct option_spec *option)
{
	if (option->kind == OPTION_NONE)
		return option->takes_value;
	return option->kind != OPTION_FLAG;
}

static const struct option_spec *find_name(const struct option_spec *table, const char *name,
					   size_t length)
{
	for (const struct option_spec *o = table; o && o->name; o++)
		if (strncmp(o->name, name, length) == 0 && o->name[length] == '\0')
			return o;
	if (length == strlen(option_help.name) && memcmp(name, option_help.name, length) == 0)
		return &option_help;
	return NULL;
}

/* A table may give -h another meaning. */
static const struct option_spec *find_letter(const struct option_spec *table, char letter)
{
	for (const struct option_spec *o = table; o && o->name; o++)
		if (o->letter == letter && letter)
			return o;
	return letter == option_help.letter ? &option_help : NULL;
}

static int bad_value(const struct option_spec *option, const char *value, const char *wanted,
		     struct error *err)
{
	return error_set(err, ERROR_USAGE, EINVAL, "--%s: invalid value \"%s\"; %s is needed",
			 option->name, value, wanted);
}

static int parse_bool(const struct option_spec *option, const char *value, bool *ret,
		      struct error *err)
{
	bool yes = !value || strcasecmp(value, "true") == 0 || strcmp(value, "1") == 0;

	if (!yes && strcasecmp(value, "false") != 0 && strcmp(value, "0") != 0)
		return bad_value(option, value, "true or false", err);
	*ret = yes;
	return 0;
}

static int parse_int(const struct option_spec *option, const char *value, int *ret,
		     struct error *err)
{
	size_t digits = strspn(value, "0123456789");
	long number;

	errno = 0;
	number = strtol(value, NULL, 10);
	if (digits == 0 || value[digits] || errno || number > INT_MAX)
		return bad_value(option, value, "a number from 0 to 2147483647", err);
	*ret = (int)number;
	return 0;
}

static int add_to_list(struct option_list *list, const char *value, struct error *err)
{
	const char **items = reallocarray(list->items, list->count + 1, sizeof(*items));

	if (!items)
		return error_sys_num(err, ENOMEM, "command line");
	items[list->count++] = value;
	list->items = items;
	return 0;
}

static int store(struct command_line *line, const struct option_spec *option, const char *value,
		 struct error *err)
{
	char *place;

	if (option == &option_help)
		return parse_bool(option, value, &line->help, err);
	place = (char *)line->target + option->offset; /* a verb without options has no target */
	switch (option->kind) {
	case OPTION_FLAG:
		return parse_bool(option, value, (bool *)place, err);
	case OPTION_STRING:
		*(const char **)place = value;
		return 0;
	case OPTION_INT:
		return parse_int(option, value, (int *)place, err);
	case OPTION_LIST:
		return add_to_list((struct option_list *)place, value, err);
	case OPTION_NONE:
		return 0;
	}
	return 0;
}

/* @value: what stood after '=', or NULL: the next word if one is needed, and then *words moves on.
 */
static int take(struct command_line *line, const struct option_spec *option, const char *value,
		char ***words, struct error *err)
{
	if (!value && option_takes_value(option)) {
		value = **words;
		if (!value)
			return error_set(err, ERROR_USAGE, EINVAL, "flag needs an argument: --%s",
					 option->name);
		(*words)++;
	}
	return store(line, option, value, err);
}

static int undefined(const char *name, size_t length, struct error *err)
{
	return error_set(err, ERROR_USAGE, EINVAL, "flag provided but not defined: -%.*s",
			 (int)length, name);
}

/*
 * A letter with a value ends the bundle, and the value is the next word or follows '='. Attached
 * without '=' it would turn every misspelt -bogus into a -b.
 */
static int take_bundle(struct command_line *line, const char *letters, char ***words,
		       struct error *err)
{
	size_t length = strcspn(letters, "=");
	const char *value = letters[length] ? letters + length + 1 : NULL;

	for (size_t i = 0; i < length && !line->help; i++) {
		const struct option_spec *option = find_letter(line->table, letters[i]);
		bool last = i + 1 == length;
		int r;

		if (!option || (option_takes_value(option) && !last))
			return undefined(letters, length, err);
		r = take(line, option, last ? value : NULL, words, err);
		if (r < 0)
			return r;
	}
	return length > 0 ? 0 : undefined(letters, strlen(letters), err);
}

static int take_flag(struct command_line *line, const char *word, char ***words, struct error *err)
{
	bool two_dashes = word[1] == '-';
	const char *name = word + (two_dashes ? 2 : 1);
	size_t length = strcspn(name, "=");
	const struct option_spec *option = find_name(line->table, name, length);

	if (!option && two_dashes && length == 1)
		option = find_letter(line->table, name[0]);
	if (option)
		return take(line, option, name[length] ? name + length + 1 : NULL, words, err);
	if (two_dashes)
		return undefined(name, length, err);
	return take_bundle(line, name, words, err);
}

/* "-" alone is a name for standard input, not a flag. */
static bool is_flag(const char *word)
{
	return word[0] == '-' && word[1];
}

int options_parse(struct command_line *line, char **words, struct error *err)
{
	bool flags_ended = false;
	int r;

	line->arg_count = 0;
	line->help = false;
	while (*words && !line->help) {
		char *word = *words++;

		if (!flags_ended && strcmp(word, "--") == 0) {
			flags_ended = true;
		} else if (!flags_ended && is_flag(word)) {
			r = take_flag(line, word, &words, err);
			if (r < 0)
				return r;
		} else {
			line->args[line->arg_count++] = word;
			flags_ended = flags_ended || line->stop_at_first_positional;
		}
	}
	line->args[line->arg_count] = NULL;
	return 0;
}

void options_done(const struct option_spec *table, void *target)
{
	for (const struct option_spec *o = table; o && o->name; o++)
		if (o->kind == OPTION_LIST)
			free(((struct option_list *)((char *)target + o->offset))->items);
}
