/* SPDX-License-Identifier: Apache-2.0 */
/* Capabilities by name. */
#include "setup/capabilities.h"

#include <ctype.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/prctl.h>

uint32_t capabilities_last(void)
{
	uint32_t last = CAP_LAST_CAP;

	/* The headers are of one kernel and we run on another, older or newer. */
	while (last > 0 && prctl(PR_CAPBSET_READ, last) < 0)
		last--;
	while (last < 63 && prctl(PR_CAPBSET_READ, last + 1) >= 0)
		last++;
	return last;
}

void capabilities_text(uint64_t set, char *text, size_t size)
{
	size_t length = 0;

	text[0] = '\0';
	for (int cap = 0; cap < 64 && length < size; cap++) {
		char *name;

		if (!(set & 1ULL << cap))
			continue;
		name = cap_to_name(cap);
		if (name && strncmp(name, "cap_", 4) == 0)
			length += (size_t)snprintf(text + length, size - length, "%s%s",
						   length ? ", " : "", name);
		else
			length += (size_t)snprintf(text + length, size - length, "%sCAP_%d",
						   length ? ", " : "", cap);
		(void)cap_free(name);
	}
	for (char *c = text; *c; c++)
		*c = (char)toupper((unsigned char)*c);
}
