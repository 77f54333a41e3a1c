/* SPDX-License-Identifier: Apache-2.0 */
/* The features that a test says this kernel has not. */
#include "config.h"

#include "base/kernel_lacks.h"

#include <stdlib.h>
#include <string.h>

#ifdef WITH_FAILPOINTS
bool kernel_lacks(const char *feature)
{
	const char *list = getenv("OCIRUN_KERNEL_LACKS");
	size_t length = strlen(feature);

	while (list && *list) {
		size_t word = strcspn(list, ",");

		if (word == length && memcmp(list, feature, length) == 0)
			return true;
		list += word + (list[word] == ',');
	}
	return false;
}
#else
bool kernel_lacks(const char *feature)
{
	(void)feature;
	return false;
}
#endif
