/* SPDX-License-Identifier: Apache-2.0 */
/* linux.resources by itself, as `update` takes it: what is absent stays as it is. */
#ifndef SPEC_RESOURCES_H
#define SPEC_RESOURCES_H

#include "spec/spec.h"

struct resources_update {
	struct arena *arena;		 /* owned; the strings and lists are in it */
	struct spec_resources resources; /* device_rules: NULL unless `devices` is there */
};

/*
 * resources_parse - the object that stands under linux.resources in config.json
 * @name: stands for the file in error texts
 *
 * As strict as spec_parse, but memory.swap needs no limit beside it: the container has one.
 * Returns 0 (release with resources_done), or a negative errno with *update untouched.
 */
int resources_parse(const char *text, size_t length, const char *name,
		    struct resources_update *update, struct error *err);
void resources_done(struct resources_update *update);

#define autoresources __attribute__((cleanup(resources_done))) struct resources_update

#endif
