/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Print the events of all containers below a root, those to come too, from a loop of our own:
 *	cc follow-all.c -o follow-all $(pkg-config --cflags --libs libocirun-events)
 *	./follow-all /run/ocirun/.events
 */
#include <ocirun/events.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#define LOGS_MAX 4096

static struct ocirun_log *logs[LOGS_MAX];
static size_t count;

/* A log that is over, or was removed, is closed: the last one takes its place. */
static void read_logs(void)
{
	struct ocirun_event event;
	struct ocirun_damage damage;

	for (size_t i = 0; i < count;) {
		int r;

		while ((r = ocirun_log_next(logs[i], &event, &damage)) > 0)
			if (r == OCIRUN_EVENT)
				puts(event.line);
		if (r == 0 && !ocirun_log_is_over(logs[i])) {
			i++;
			continue;
		}
		ocirun_log_close(logs[i]);
		logs[i] = logs[--count];
	}
}

int main(int argc, char **argv)
{
	struct ocirun_directory *directory;
	struct ocirun_watch *watch;

	if (ocirun_watch_new(&watch, 0) < 0 ||
	    ocirun_directory_open(&directory, argc > 1 ? argv[1] : "/run/ocirun/.events") < 0 ||
	    ocirun_watch_add_directory(watch, directory) < 0)
		return EXIT_FAILURE;
	for (;;) {
		struct pollfd fds[] = {{ocirun_watch_fd(watch), POLLIN, 0}}; /* and your own */

		while (count < LOGS_MAX && ocirun_directory_next(directory, &logs[count]) > 0)
			ocirun_watch_add(watch, logs[count++]);
		read_logs();
		if (fflush(stdout) != 0)
			return EXIT_FAILURE;
		poll(fds, 1, ocirun_watch_timeout_ms(watch));
		ocirun_watch_clear(watch);
	}
}
