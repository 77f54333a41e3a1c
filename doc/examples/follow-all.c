/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Print the events of all containers of a host, those to come too, from a loop of our own:
 *	cc follow-all.c -o follow-all $(pkg-config --cflags --libs libocirun-events)
 *	./follow-all /run/ocirun/.feed
 * ocirun_feed_cursor says where a later run is to go on.
 */
#include <ocirun/events.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

static void read_feed(struct ocirun_feed *feed)
{
	struct ocirun_event event;
	struct ocirun_damage damage;
	char text[128];
	int r;

	while ((r = ocirun_feed_next(feed, &event, &damage)) > 0) {
		if (r == OCIRUN_EVENT) {
			puts(event.line);
			continue;
		}
		ocirun_damage_text(&damage, text, sizeof(text));
		fprintf(stderr, "follow-all: %s\n", text);
	}
}

int main(int argc, char **argv)
{
	struct ocirun_feed *feed;
	struct ocirun_watch *watch;

	if (ocirun_watch_new(&watch, 0) < 0 ||
	    ocirun_feed_open(&feed, argc > 1 ? argv[1] : "/run/ocirun/.feed", NULL) < 0 ||
	    ocirun_watch_add_feed(watch, feed) < 0)
		return EXIT_FAILURE;
	for (;;) {
		struct pollfd fds[] = {{ocirun_watch_fd(watch), POLLIN, 0}}; /* and your own */

		read_feed(feed);
		if (fflush(stdout) != 0)
			return EXIT_FAILURE;
		poll(fds, 1, ocirun_watch_timeout_ms(watch));
		ocirun_watch_clear(watch);
	}
}
