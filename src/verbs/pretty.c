/* SPDX-License-Identifier: Apache-2.0 */
/* --format pretty of `events`: what is said of each type. */
#include "verbs/pretty.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "verbs/pretty_text.h"

#define NS_PER_S    1000000000LL
#define NS_PER_USEC 1000LL
#define TYPE_WIDTH  12 /* checkpointed, exec-started */
#define ID_WIDTH    64 /* docker's; longer ones stand out */

#define DIM    "\033[2m"
#define RED    "\033[31m"
#define GREEN  "\033[32m"
#define YELLOW "\033[33m"
#define CYAN   "\033[36m"
#define PLAIN  "\033[0m"

/* A line that is being made. */
struct saying {
	struct pretty *p;
	const struct ocirun_event *event;
	struct pretty_text text;
};

/* ---- members ---- */

static bool number(const struct saying *s, const char *member, int64_t *ret)
{
	return ocirun_event_int(s->event, member, ret) == 0;
}

static bool is_true(const struct saying *s, const char *member)
{
	bool value = false;

	return ocirun_event_bool(s->event, member, &value) == 0 && value;
}

/* A member's text, or "". */
static const char *string(const struct saying *s, const char *member, char buffer[OCIRUN_LINE_MAX])
{
	if (ocirun_event_string(s->event, member, buffer, OCIRUN_LINE_MAX) < 0)
		buffer[0] = '\0';
	return buffer;
}

static void put_string(struct saying *s, const char *member)
{
	char buffer[OCIRUN_LINE_MAX];

	(void)string(s, member, buffer);
	pretty_put_foreign(&s->text, buffer, strlen(buffer));
}

static void put_number(struct saying *s, const char *words, const char *member)
{
	int64_t value;

	if (number(s, member, &value))
		pretty_put(&s->text, "%s%jd", words, (intmax_t)value);
}

/* ---- durations ---- */

/* FNV-1a of the instance and @name; never 0. */
static uint64_t key_of(const struct ocirun_event *event, const char *name)
{
	uint64_t key = UINT64_C(14695981039346656037);

	for (const char *c = event->instance; *c; c++)
		key = (key ^ (unsigned char)*c) * UINT64_C(1099511628211);
	for (; *name; name++)
		key = (key ^ (unsigned char)*name) * UINT64_C(1099511628211);
	return key | 1;
}

/* The oldest makes room: then a duration is not told. */
static void note_beginning(struct saying *s, const char *name)
{
	s->p->beginnings[s->p->next] = (struct pretty_beginning){
		.key = key_of(s->event, name),
		.time_ns = s->event->time_ns,
	};
	s->p->next = (s->p->next + 1) % PRETTY_BEGINNINGS;
}

/* ", ran 3.2s", if that can be told: clocks are set back. */
static bool put_since(struct saying *s, const char *words, int64_t time_ns)
{
	if (s->event->time_ns < time_ns)
		return false;
	pretty_put(&s->text, "%s", words);
	pretty_put_duration(&s->text, s->event->time_ns - time_ns);
	return true;
}

static bool put_since_beginning(struct saying *s, const char *words, const char *name)
{
	uint64_t key = key_of(s->event, name);

	for (size_t i = 0; i < PRETTY_BEGINNINGS; i++) {
		if (s->p->beginnings[i].key != key)
			continue;
		s->p->beginnings[i].key = 0;
		return put_since(s, words, s->p->beginnings[i].time_ns);
	}
	return false;
}

/* ---- types ---- */

static void say_created(struct saying *s)
{
	put_number(s, "pid ", "pid");
	pretty_put(&s->text, ", bundle ");
	put_string(s, "bundle");
	note_beginning(s, "created");
}

static void say_started(struct saying *s)
{
	put_number(s, "pid ", "pid");
	if (put_since_beginning(s, ", ", "created"))
		pretty_put(&s->text, " after create");
}

static void say_paused(struct saying *s)
{
	note_beginning(s, "paused");
}

static void say_resumed(struct saying *s)
{
	(void)put_since_beginning(s, "was paused for ", "paused");
}

/* The members of @object, or of the whole line: "pids.limit 100, memory.limit 67108864". */
static void put_members(struct saying *s, const char *object, size_t length)
{
	static const char *const fixed[] = {"v", "type", "id", "instance", "seq", "timestamp"};
	const struct ocirun_event inner = {.line = object, .length = length};
	const char *key, *value, *separator = "";
	size_t position = 0, key_length, value_length;

	while (ocirun_event_member(&inner, &position, &key, &key_length, &value, &value_length)) {
		bool hidden = false;

		for (size_t i = 0; object == s->event->line && i < ARRAY_SIZE(fixed); i++)
			hidden |= strlen(fixed[i]) == key_length &&
				  memcmp(fixed[i], key, key_length) == 0;
		if (hidden)
			continue;
		pretty_put(&s->text, "%s", separator);
		pretty_put_foreign(&s->text, key, key_length);
		pretty_put(&s->text, " ");
		pretty_put_foreign(&s->text, value, value_length);
		separator = ", ";
	}
}

static void say_updated(struct saying *s)
{
	const char *object;
	size_t length;

	if (ocirun_event_json(s->event, "resources", &object, &length) == 0)
		put_members(s, object, length);
}

static void say_signaled(struct saying *s)
{
	char name[OCIRUN_LINE_MAX];

	if (*string(s, "signalName", name))
		put_string(s, "signalName");
	else
		put_number(s, "signal ", "signal");
	if (is_true(s, "all"))
		pretty_put(&s->text, " to all processes");
}

static void say_oom(struct saying *s)
{
	static const struct {
		const char *level, *words;
	} levels[] = {
		{"container", ": the container's limit was hit"},
		{"below", ": a limit within the container was hit"},
		{"above", ": a limit above the container was hit, or the host had none left"},
	};
	int64_t killed = 0, total = 0;
	char level[OCIRUN_LINE_MAX];

	(void)number(s, "oomKill", &killed);
	(void)number(s, "oomKillTotal", &total);
	(void)string(s, "level", level);
	pretty_put(&s->text, "%jd process%s killed", (intmax_t)killed, killed == 1 ? "" : "es");
	if (total > killed)
		pretty_put(&s->text, ", %jd in all", (intmax_t)total);
	for (size_t i = 0; i < ARRAY_SIZE(levels); i++)
		if (strcmp(level, levels[i].level) == 0)
			pretty_put(&s->text, "%s", levels[i].words);
}

static void say_exec_started(struct saying *s)
{
	char id[OCIRUN_LINE_MAX];

	put_string(s, "execId");
	pretty_put(&s->text, ": ");
	put_string(s, "args0");
	put_number(s, ", pid ", "pid");
	note_beginning(s, string(s, "execId", id));
}

/* Why nobody knows the code, or why it is not the program's. */
static const char *words_of(const char *reason)
{
	static const struct {
		const char *reason, *words;
	} reasons[] = {
		{"exec-failed", "not executed"},
		{"never-started", "never started"},
		{"monitor-lost", "its monitor was killed, nobody saw the end"},
		{"unobserved", "nobody watched"},
		{"host-restarted", "the machine was restarted"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(reasons); i++)
		if (strcmp(reason, reasons[i].reason) == 0)
			return reasons[i].words;
	return NULL;
}

/* ", " between the words in a bracket. */
__attribute__((format(printf, 3, 4))) static void put_why(struct saying *s, bool *opened,
							  const char *format, ...)
{
	char words[256];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(words, sizeof(words), format, args);
	va_end(args);
	pretty_put(&s->text, "%s", *opened ? ", " : " (");
	pretty_put_foreign(&s->text, words, strlen(words));
	*opened = true;
}

/* "exit 137 (SIGKILL, out of memory)" */
static void put_end(struct saying *s)
{
	char name[OCIRUN_LINE_MAX], reason[OCIRUN_LINE_MAX];
	int64_t code, signal;
	bool opened = false;
	bool known = number(s, "exitCode", &code), killed = number(s, "signal", &signal);

	if (known)
		pretty_put(&s->text, "exit %jd", (intmax_t)code);
	else
		pretty_put(&s->text, "exit code unknown");
	if (words_of(string(s, "reason", reason)))
		put_why(s, &opened, "%s", words_of(reason));
	if (killed && *string(s, "signalName", name))
		put_why(s, &opened, "%.32s", name);
	else if (killed)
		put_why(s, &opened, "signal %jd", (intmax_t)signal);
	if (is_true(s, "coreDumped"))
		put_why(s, &opened, "core dumped");
	if (is_true(s, "oomKilled"))
		put_why(s, &opened, "out of memory");
	if (opened)
		pretty_put(&s->text, ")");
}

static void say_exec_exited(struct saying *s)
{
	char id[OCIRUN_LINE_MAX];

	put_string(s, "execId");
	pretty_put(&s->text, ": ");
	put_end(s);
	(void)put_since_beginning(s, ", ran ", string(s, "execId", id));
}

static void put_usage(struct saying *s)
{
	static const struct {
		const char *member, *words;
		void (*put)(struct pretty_text *t, uint64_t value);
	} rows[] = {
		{"usage.cpuUsec", "CPU ", NULL},
		{"usage.memoryPeakBytes", "memory ", pretty_put_size},
		{"usage.ioReadBytes", "read ", pretty_put_size},
		{"usage.ioWriteBytes", "written ", pretty_put_size},
	};
	const char *separator = "; ";

	if (s->p->colour)
		pretty_put(&s->text, DIM);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint64_t value;

		if (ocirun_event_uint(s->event, rows[i].member, &value) < 0)
			continue;
		pretty_put(&s->text, "%s%s", separator, rows[i].words);
		if (rows[i].put)
			rows[i].put(&s->text, value);
		else
			pretty_put_duration(&s->text, (int64_t)(value * NS_PER_USEC));
		separator = ", ";
	}
	if (s->p->colour)
		pretty_put(&s->text, PLAIN);
}

static void say_exited(struct saying *s)
{
	char buffer[OCIRUN_LINE_MAX];
	int64_t started_ns;

	put_end(s);
	if (ocirun_time_parse(string(s, "startedAt", buffer), &started_ns) == 0)
		(void)put_since(s, ", ran ", started_ns);
	if (*string(s, "error", buffer)) {
		pretty_put(&s->text, ": ");
		put_string(s, "error");
	}
	put_usage(s);
}

/* The last line that the hook wrote: where programs say what is wrong. */
static void put_last_words(struct saying *s)
{
	char output[OCIRUN_LINE_MAX], *line;

	(void)string(s, "hook.output", output);
	for (size_t length = strlen(output); length > 0; length--) {
		if (!strchr("\n\r\t ", output[length - 1]))
			break;
		output[length - 1] = '\0';
	}
	line = strrchr(output, '\n');
	line = line ? line + 1 : output;
	if (!*line)
		return;
	pretty_put(&s->text, ": \"");
	pretty_put_foreign(&s->text, line, strlen(line));
	pretty_put(&s->text, "\"");
}

static void say_failed(struct saying *s)
{
	char exec[OCIRUN_LINE_MAX];

	put_string(s, "phase");
	if (*string(s, "execId", exec)) {
		pretty_put(&s->text, " ");
		put_string(s, "execId");
	}
	pretty_put(&s->text, ": ");
	put_string(s, "error");
	put_last_words(s);
}

static void say_nothing(struct saying *s)
{
	(void)s;
}

/* A type of a newer version, or of none yet. */
static void say_members(struct saying *s)
{
	put_members(s, s->event->line, s->event->length);
}

static const struct manner {
	const char *type, *colour; /* no colour: that of the exit code */
	void (*say)(struct saying *s);
} manners[] = {
	{"created", CYAN, say_created},
	{"started", GREEN, say_started},
	{"paused", YELLOW, say_paused},
	{"resumed", GREEN, say_resumed},
	{"updated", CYAN, say_updated},
	{"signaled", YELLOW, say_signaled},
	{"oom", RED, say_oom},
	{"exec-started", CYAN, say_exec_started},
	{"exec-exited", NULL, say_exec_exited},
	{"exited", NULL, say_exited},
	{"failed", RED, say_failed},
	{"deleted", DIM, say_nothing},
};

static const struct manner other = {"", PLAIN, say_members};

static const struct manner *manner_of(const struct ocirun_event *event)
{
	for (size_t i = 0; i < ARRAY_SIZE(manners); i++)
		if (strcmp(event->type, manners[i].type) == 0)
			return &manners[i];
	return &other;
}

static const char *colour_of_end(const struct saying *s)
{
	int64_t code;

	if (!number(s, "exitCode", &code))
		return YELLOW;
	return code == 0 ? GREEN : RED;
}

/* ---- the line ---- */

/* Local time, to the millisecond; then the container and the type, in columns. */
static void put_head(struct saying *s, const struct manner *manner)
{
	const struct ocirun_event *event = s->event;
	time_t seconds = (time_t)(event->time_ns / NS_PER_S);
	const char *colour = manner->colour ? manner->colour : colour_of_end(s);
	bool coloured = s->p->colour;
	struct tm tm = {0};
	char time[32];

	(void)localtime_r(&seconds, &tm);
	(void)strftime(time, sizeof(time), "%Y-%m-%d %H:%M:%S", &tm);
	pretty_put(&s->text, "%s%s.%03d%s  ", coloured ? DIM : "", time,
		   (int)(event->time_ns % NS_PER_S / 1000000), coloured ? PLAIN : "");
	pretty_put(&s->text, "%-*s  %s%-*s%s  ", s->p->id_width, event->id, coloured ? colour : "",
		   TYPE_WIDTH, event->type, coloured ? PLAIN : "");
}

static void widen(struct pretty *p, const char *id)
{
	size_t width = strlen(id);

	if (width <= ID_WIDTH && (int)width > p->id_width)
		p->id_width = (int)width;
}

static bool is_colourful(void)
{
	const char *term = getenv("TERM"), *no_color = getenv("NO_COLOR");

	return isatty(STDOUT_FILENO) == 1 && !(no_color && *no_color) &&
	       !(term && strcmp(term, "dumb") == 0);
}

void pretty_begin(struct pretty *p, char *const *ids)
{
	*p = (struct pretty){.colour = is_colourful()};
	for (; *ids; ids++)
		widen(p, *ids);
}

size_t pretty_line(struct pretty *p, const struct ocirun_event *event, char out[PRETTY_MAX])
{
	const struct manner *manner = manner_of(event);
	struct saying s = {
		.p = p,
		.event = event,
		.text = {.out = out, .size = PRETTY_MAX},
	};

	widen(p, event->id);
	put_head(&s, manner);
	manner->say(&s);
	while (s.text.length > 0 && out[s.text.length - 1] == ' ')
		s.text.length--;
	pretty_put(&s.text, "\n");
	return s.text.length;
}
