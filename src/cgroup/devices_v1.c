/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Devices on cgroup v1: a default (deny or allow) and a set of exceptions. Rules in order are
 * folded into that form here, and the kernel's list is moved to it by the fewest writes: resetting
 * it would take every device from a running container, and the kernel refuses that where
 * sub-cgroups exist. Source: the kernel's admin-guide/cgroup-v1/devices.rst.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "cgroup/devices.h"

#define LIST_TEXT_MAX ((size_t)1 << 20)

struct rule_text {
	char text[64];
};

static struct rule_text rule_format(const struct device_rule *rule)
{
	struct rule_text out;
	char major[24] = "*", minor[24] = "*";

	if (rule->major >= 0)
		(void)snprintf(major, sizeof(major), "%lld", (long long)rule->major);
	if (rule->minor >= 0)
		(void)snprintf(minor, sizeof(minor), "%lld", (long long)rule->minor);
	(void)snprintf(out.text, sizeof(out.text), "%c %s:%s %s%s%s", rule->type, major, minor,
		       rule->access & DEVICE_READ ? "r" : "",
		       rule->access & DEVICE_WRITE ? "w" : "",
		       rule->access & DEVICE_MKNOD ? "m" : "");
	return out;
}

static bool covers(const struct device_rule *wide, const struct device_rule *narrow)
{
	return wide->type == narrow->type && (wide->major < 0 || wide->major == narrow->major) &&
	       (wide->minor < 0 || wide->minor == narrow->minor);
}

static bool overlaps(const struct device_rule *a, const struct device_rule *b)
{
	return a->type == b->type && (a->major < 0 || b->major < 0 || a->major == b->major) &&
	       (a->minor < 0 || b->minor < 0 || a->minor == b->minor);
}

static struct device_rule *find(const struct device_list *list, const struct device_rule *key)
{
	for (size_t i = 0; i < list->count; i++)
		if (covers(&list->exceptions[i], key) && covers(key, &list->exceptions[i]))
			return &list->exceptions[i];
	return NULL;
}

static int list_add(struct device_list *list, const struct device_rule *rule)
{
	struct device_rule *same = find(list, rule), *grown;

	if (same) {
		same->access |= rule->access;
		return 0;
	}
	grown = realloc(list->exceptions, (list->count + 1) * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	list->exceptions = grown;
	grown[list->count++] = *rule;
	return 0;
}

/* Take @rule's access from the exceptions; one that is wider than the rule cannot lose a part. */
static int list_subtract(struct device_list *list, const struct device_rule *rule,
			 struct error *err)
{
	size_t kept = 0;

	for (size_t i = 0; i < list->count; i++) {
		const struct device_rule *exception = &list->exceptions[i];

		if (overlaps(exception, rule) && !covers(rule, exception) &&
		    (exception->access & rule->access))
			return error_set(
				err, ERROR_CONFIG, EOPNOTSUPP,
				"linux.resources.devices[%d]: cgroup v1 cannot %s %s as part "
				"of the wider %s",
				rule->config_index, rule->allow ? "allow" : "deny",
				rule_format(rule).text, rule_format(exception).text);
	}
	for (size_t i = 0; i < list->count; i++) {
		struct device_rule *exception = &list->exceptions[i];

		if (covers(rule, exception))
			exception->access &= ~rule->access;
		if (exception->access)
			list->exceptions[kept++] = *exception;
	}
	list->count = kept;
	return 0;
}

int device_list_fold(const struct device_plan *plan, struct device_list *ret_list,
		     struct error *err)
{
	autolist list = {.allow_all = plan->allow_all};

	for (size_t i = 0; i < plan->count; i++) {
		const struct device_rule *rule = &plan->rules[i];
		int r = rule->allow == list.allow_all ? list_subtract(&list, rule, err)
						      : list_add(&list, rule);

		if (r == -ENOMEM)
			return error_sys_num(err, r, "linux.resources.devices");
		if (r < 0)
			return r;
	}
	*ret_list = list;
	list.exceptions = NULL;
	return 0;
}

void device_list_done(struct device_list *list)
{
	free(list->exceptions);
	list->exceptions = NULL;
}

static int64_t parse_number(const char *text)
{
	return *text == '*' ? -1 : strtoll(text, NULL, 10);
}

/* "c 1:3 rwm" for each exception of a denying list; an allowing one shows only "a *:* rwm". */
static int list_parse(char *text, struct device_list *list)
{
	char *save = NULL;

	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		struct device_rule rule = {.type = line[0], .config_index = -1};
		char *colon = strchr(line, ':'), *access = colon ? strchr(colon, ' ') : NULL;
		int r;

		if (rule.type == 'a') {
			list->allow_all = true;
			continue;
		}
		if (strlen(line) < 3 || !access)
			return -EBADMSG;
		rule.major = parse_number(line + 2);
		rule.minor = parse_number(colon + 1);
		rule.access = (strchr(access, 'r') ? DEVICE_READ : 0U) |
			      (strchr(access, 'w') ? DEVICE_WRITE : 0U) |
			      (strchr(access, 'm') ? DEVICE_MKNOD : 0U);
		r = list_add(list, &rule);
		if (r < 0)
			return r;
	}
	return 0;
}

static int list_read(int dirfd, struct device_list *list, struct error *err)
{
	autofd fd = openat(dirfd, "devices.list", O_RDONLY | O_CLOEXEC);
	autofree char *text = NULL;
	ssize_t n = fd < 0 ? -errno : fd_read_text(fd, LIST_TEXT_MAX, &text);
	int r = n < 0 ? (int)n : list_parse(text, list);

	return r < 0 ? error_sys_num(err, r, "read devices.list") : 0;
}

static int write_text(int dirfd, bool allow, const char *text, struct error *err)
{
	const char *file = allow ? "devices.allow" : "devices.deny";
	int r = file_write_at(dirfd, file, text);

	return r < 0 ? error_sys_num(err, r, "write \"%s\" to %s", text, file) : 0;
}

/* Write what of @rule's access @list lacks. */
static int write_missing(int dirfd, bool allow, const struct device_rule *rule,
			 const struct device_list *list, struct error *err)
{
	const struct device_rule *there = find(list, rule);
	struct device_rule missing = *rule;

	if (there)
		missing.access &= ~there->access;
	return missing.access ? write_text(dirfd, allow, rule_format(&missing).text, err) : 0;
}

/* @current is what the kernel's list says. */
static int list_change(int dirfd, const struct device_list *current, const struct device_list *list,
		       struct error *err)
{
	size_t current_count = current->count;
	int r = 0;

	/* Where all is allowed already, exceptions from it are not shown: start over to know them.
	 */
	if (current->allow_all != list->allow_all || (list->allow_all && list->count > 0)) {
		r = write_text(dirfd, list->allow_all, "a", err);
		current_count = 0;
	}
	for (size_t i = 0; r == 0 && i < list->count; i++) {
		const struct device_list shown = {.count = current_count,
						  .exceptions = current->exceptions};

		r = write_missing(dirfd, !list->allow_all, &list->exceptions[i], &shown, err);
	}
	for (size_t i = 0; r == 0 && i < current_count; i++)
		r = write_missing(dirfd, list->allow_all, &current->exceptions[i], list, err);
	return r;
}

static void list_restore(int dirfd, const struct device_list *before)
{
	struct error ignored = ERROR_INIT;
	autolist now = {0};

	/* What was taken from "everything" nobody knows. */
	if (!before->allow_all && list_read(dirfd, &now, &ignored) == 0)
		(void)list_change(dirfd, &now, before, &ignored);
}

int device_list_write(int dirfd, const struct device_list *list, struct error *err)
{
	autolist current = {0};
	int r = list_read(dirfd, &current, err);

	if (r < 0)
		return r;
	r = list_change(dirfd, &current, list, err);
	if (r < 0)
		list_restore(dirfd, &current);
	return r;
}
