/* SPDX-License-Identifier: Apache-2.0 */
/* ocirun list: every container below --root. One that cannot be read is shown, and hides no other.
 */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "container/container.h"
#include "monitor/adopt.h"
#include "ocirun/version.h"
#include "verbs/verb.h"

struct list_options {
	const char *format;
	bool quiet;
};

static const struct option_spec options_table[] = {
	{.name = "format",
	 .letter = 'f',
	 .kind = OPTION_STRING,
	 .offset = offsetof(struct list_options, format),
	 .value_name = "FORMAT",
	 .help = "table or json (default: table)"},
	{.name = "quiet",
	 .letter = 'q',
	 .kind = OPTION_FLAG,
	 .offset = offsetof(struct list_options, quiet),
	 .help = "show only the IDs"},
	{0},
};

enum column {
	COLUMN_ID,
	COLUMN_PID,
	COLUMN_STATUS,
	COLUMN_BUNDLE,
	COLUMN_CREATED,
	COLUMN_OWNER,
	COLUMNS,
};

static const char *const titles[COLUMNS] = {"ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"};

struct row {
	char *cells[COLUMNS];
	char *json;
	char *problem; /* why the container could not be read, or NULL */
};

static void row_done(struct row *row)
{
	for (int i = 0; i < COLUMNS; i++)
		free(row->cells[i]);
	free(row->json);
	free(row->problem);
}

static int fill_cells(struct row *row, const struct container *c, struct error *err)
{
	const char *user = row->problem ? NULL : container_owner_name(c->record.owner);
	bool alive = c->status == STATUS_CREATED || c->status == STATUS_RUNNING ||
		     c->status == STATUS_PAUSED;
	char pid[24], uid[24];
	const char *const texts[COLUMNS] = {
		[COLUMN_ID] = c->id,
		[COLUMN_PID] = pid,
		[COLUMN_STATUS] = container_status_name(c->status),
		[COLUMN_BUNDLE] = c->record.bundle,
		[COLUMN_CREATED] = c->record.created,
		[COLUMN_OWNER] = row->problem ? NULL
				 : user	      ? user
					      : uid,
	};

	(void)snprintf(pid, sizeof(pid), "%d", alive ? (int)c->facts.pid : 0);
	(void)snprintf(uid, sizeof(uid), "#%u", c->record.owner);
	for (int i = 0; i < COLUMNS; i++) {
		row->cells[i] = strdup(texts[i] && *texts[i] ? texts[i] : "-");
		if (!row->cells[i])
			return error_sys_num(err, ENOMEM, "list");
	}
	return 0;
}

/* The same shape as a readable one, as far as anything is known, and why no more is. */
static char *unreadable_json(const char *id, const char *problem)
{
	autojson *root = cJSON_CreateObject();

	cJSON_AddStringToObject(root, "ociVersion", OCIRUN_SPEC_VERSION);
	cJSON_AddStringToObject(root, "id", id);
	cJSON_AddStringToObject(root, "status", container_status_name(STATUS_UNKNOWN));
	json_add_int(root, "pid", 0);
	cJSON_AddStringToObject(root, "bundle", "");
	cJSON_AddStringToObject(root, "error", problem);
	return cJSON_PrintUnformatted(root);
}

/* Returns 1, 0 when the container has gone meanwhile, or a negative errno. */
static int row_read(struct row *row, const struct store *store, const char *id, struct error *err)
{
	autocontainer c = CONTAINER_CLOSED;
	struct error problem = ERROR_INIT;
	int r;

	r = container_open(&c, store, id, &problem);
	if (r == 0)
		r = monitor_adopt(&c, &problem);
	if (r < 0 && problem.kind == ERROR_MISSING)
		return 0;
	if (r < 0) {
		c.status = STATUS_UNKNOWN;
		row->problem = strdup(problem.text);
		if (!row->problem)
			return error_sys_num(err, ENOMEM, "list");
	}
	row->json =
		row->problem ? unreadable_json(id, row->problem) : container_state_json(&c, false);
	if (!row->json)
		return error_sys_num(err, ENOMEM, "list");
	r = fill_cells(row, &c, err);
	return r < 0 ? r : 1;
}

static void write_cells(FILE *out, const char *const *cells, const int *widths)
{
	for (int i = 0; i < COLUMNS - 1; i++)
		(void)fprintf(out, "%-*s", widths[i] + 2, cells[i]);
	(void)fputs(cells[COLUMNS - 1], out);
}

static void write_table(FILE *out, const struct row *rows, size_t count)
{
	int widths[COLUMNS];

	for (int i = 0; i < COLUMNS; i++) {
		widths[i] = (int)strlen(titles[i]);
		for (size_t n = 0; n < count; n++)
			if ((int)strlen(rows[n].cells[i]) > widths[i])
				widths[i] = (int)strlen(rows[n].cells[i]);
	}
	write_cells(out, titles, widths);
	for (size_t n = 0; n < count; n++) {
		(void)fputc('\n', out);
		write_cells(out, (const char *const *)rows[n].cells, widths);
		if (rows[n].problem)
			(void)fprintf(out, "  (%s)", rows[n].problem);
	}
	(void)fputc('\n', out);
}

static void write_ids(FILE *out, const struct row *rows, size_t count)
{
	for (size_t n = 0; n < count; n++)
		(void)fprintf(out, "%s\n", rows[n].cells[COLUMN_ID]);
}

static void write_json(FILE *out, const struct row *rows, size_t count)
{
	(void)fputc('[', out);
	for (size_t n = 0; n < count; n++)
		(void)fprintf(out, "%s%s", n ? "," : "", rows[n].json);
	(void)fputs("]\n", out);
}

static int print_rows(const struct list_options *opt, const struct row *rows, size_t count,
		      struct error *err)
{
	autofree char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);

	if (!out)
		return error_sys(err, "list");
	if (opt->quiet)
		write_ids(out, rows, count);
	else if (opt->format && strcmp(opt->format, "json") == 0)
		write_json(out, rows, count);
	else
		write_table(out, rows, count);
	if (fclose(out) != 0)
		return error_sys(err, "list");
	return print_out(text, length, err);
}

static int read_rows(const struct store *store, char **ids, size_t id_count, struct row *rows,
		     size_t *ret_count, struct error *err)
{
	for (size_t i = 0; i < id_count; i++) {
		int r = row_read(&rows[*ret_count], store, ids[i], err);

		if (r < 0) {
			row_done(&rows[*ret_count]);
			return r;
		}
		*ret_count += (size_t)r;
	}
	return 0;
}

static int run(const struct globals *g, const void *options, char **args, struct error *err)
{
	const struct list_options *opt = options;
	char **ids = NULL;
	size_t id_count = 0, count = 0;
	autofree struct row *rows = NULL;
	int r;

	(void)args;
	if (opt->format && strcmp(opt->format, "table") != 0 && strcmp(opt->format, "json") != 0)
		return error_set(err, ERROR_USAGE, EINVAL,
				 "--format: unknown value \"%s\"; table or json is needed",
				 opt->format);
	r = container_list(&g->store, &ids, &id_count, err);
	if (r < 0)
		return r;
	rows = calloc(id_count + 1, sizeof(*rows));
	r = rows ? read_rows(&g->store, ids, id_count, rows, &count, err)
		 : error_sys_num(err, ENOMEM, "list");
	if (r == 0)
		r = print_rows(opt, rows, count, err);
	for (size_t i = 0; i < count; i++)
		row_done(&rows[i]);
	for (size_t i = 0; i < id_count; i++)
		free(ids[i]);
	free(ids);
	return r;
}

const struct verb verb_list = {
	.name = "list",
	.arguments = "",
	.summary = "list the containers below --root",
	.description = "A container whose state cannot be read is listed with the status unknown "
		       "and the reason.",
	.min_args = 0,
	.max_args = 0,
	.options_size = sizeof(struct list_options),
	.options = options_table,
	.run = run,
};
