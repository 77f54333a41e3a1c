/* SPDX-License-Identifier: Apache-2.0 */
/* annotations (config.md#annotations): kept for `state` and the hooks, without effect of their own.
 */
#include <string.h>

#include "spec/sections.h"

int read_annotations(struct reader *r, const struct place *at, const struct field *f,
		     const cJSON *item, void *base)
{
	struct spec *spec = base;
	struct spec_pair *pairs = NULL;
	int rc = field_pairs(r, at, item, &pairs, &spec->annotation_count);

	(void)f;
	if (rc == 0)
		spec->annotations = pairs;
	return rc;
}

const char *spec_annotation(const struct spec *spec, const char *key)
{
	for (size_t i = 0; i < spec->annotation_count; i++) {
		if (strcmp(spec->annotations[i].key, key) == 0)
			return spec->annotations[i].value;
	}
	return NULL;
}
