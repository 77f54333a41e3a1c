/* SPDX-License-Identifier: Apache-2.0 */
/* The feed's settings as a word of ocirun-monitor's command line. */
#include <stdio.h>
#include <stdlib.h>

#include "monitor/handover.h"

void monitor_feed_print(const struct feed_settings *settings, char text[MONITOR_FEED_SIZE])
{
	if (settings)
		(void)snprintf(text, MONITOR_FEED_SIZE, "%llu:%u:%o",
			       (unsigned long long)settings->size, settings->count,
			       (unsigned int)settings->mode);
	else
		(void)snprintf(text, MONITOR_FEED_SIZE, "-");
}

bool monitor_feed_parse(const char *text, struct feed_settings *ret)
{
	char *end;

	ret->size = strtoull(text, &end, 10);
	if (end == text || *end != ':')
		return false;
	ret->count = (unsigned int)strtoul(end + 1, &end, 10);
	if (*end != ':')
		return false;
	ret->mode = (mode_t)strtoul(end + 1, &end, 8);
	return *end == '\0';
}
