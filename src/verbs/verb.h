/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A verb is a descriptor: name, arguments, options as a table, and a function. Parsing, --help, the
 * man-page check and `features` work from the descriptors.
 */
#ifndef VERBS_VERB_H
#define VERBS_VERB_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "container/store.h"

enum option_kind {
	OPTION_FLAG,   /* bool; --flag, --flag=true|false|1|0 */
	OPTION_STRING, /* const char * */
	OPTION_INT,    /* int, >= 0 */
	OPTION_LIST,   /* struct option_list: may be given again; no splitting at commas */
	OPTION_NONE,   /* parsed for the clients' sake and without effect; the help text says so */
};

struct option_list {
	size_t count;
	const char **items;
};

struct option_spec {
	const char *name; /* long name, without dashes; one dash is taken as well as two */
	char letter;	  /* 0: none */
	enum option_kind kind;
	bool takes_value;	/* for OPTION_NONE */
	size_t offset;		/* into the verb's options struct */
	const char *value_name; /* "DIR"; NULL for flags */
	const char *help;	/* one sentence, lower case, no full stop */
};

/* Global flags, as they stand before the verb. */
struct globals {
	struct store store; /* --root and what goes with it; the defaults are filled in */
	const char *log;
	const char *log_format;
	const char *log_level;
	bool debug;
	bool systemd_cgroup;
	const char *cgroup_manager; /* "cgroupfs", "systemd", "disabled" */
	const char *rootless;	    /* "true", "false", "auto" */
	const char *monitor;	    /* "auto", "sibling", "parent", "none" */
	const char *exit_source;
};

struct verb {
	const char *name;
	const char *arguments;	       /* "<container-id> [signal]" */
	const char *summary;	       /* one line for the list of verbs */
	const char *description;       /* further lines for --help, or NULL */
	int min_args, max_args;	       /* -1: any number */
	bool stop_at_first_positional; /* exec, kill, ps */
	size_t options_size;
	const struct option_spec *options; /* ends with a NULL name; may be NULL */
	/*
	 * run - do it
	 * @options: zeroed, then filled from the command line
	 * @args: the positionals, NULL-terminated
	 *
	 * Returns the exit status (0..255), or a negative errno with @err set: exit status 1, or
	 * failure_status where that is not 0.
	 */
	int (*run)(const struct globals *g, const void *options, char **args, struct error *err);
	int failure_status; /* 0: 1. wait and exec: 255 */
};

/* verbs_list - all verbs in the order of --help; ends with NULL. */
const struct verb *const *verbs_list(void);

/* verb_find - by exact name, or NULL. */
const struct verb *verb_find(const char *name);

/* One descriptor per file of the verb's name. */
extern const struct verb verb_create, verb_delete, verb_events, verb_exec, verb_features, verb_kill,
	verb_list, verb_pause, verb_ps, verb_resume, verb_run, verb_spec, verb_start, verb_state,
	verb_update, verb_wait;

/*
 * print_out - write data to stdout, all of it or an error: a full disk must not look like success
 * print_format - the same for text of any length; print_line adds the newline.
 *
 * Nothing is buffered, so a verb prints once. Returns 0 or a negative errno.
 */
int print_out(const char *text, size_t length, struct error *err);
int print_format(struct error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));
int print_line(const char *text, struct error *err);

#endif
