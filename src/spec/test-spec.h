/* SPDX-License-Identifier: Apache-2.0 */
/* For the tests of src/spec: small documents, and what reading them says. */
#ifndef SPEC_TEST_SPEC_H
#define SPEC_TEST_SPEC_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/tap.h"
#include "spec/spec.h"

/* In these documents ' stands for ", which C would have to escape. */
#define START	"{'ociVersion':'1.3.0','root':{'path':'rootfs'},"
#define PROGRAM "'process':{'cwd':'/','args':['sh']}"

#define TOP(members) START PROGRAM ",'linux':{'namespaces':[{'type':'mount'}]}," members "}"
#define PROCESS(members)                                   \
	START "'linux':{'namespaces':[{'type':'mount'}]}," \
	      "'process':{'cwd':'/','args':['sh']," members "}}"
#define LINUX(members) START PROGRAM ",'linux':{'namespaces':[{'type':'mount'}]," members "}}"
#define LINUX_WITH(namespaces, members) \
	START PROGRAM ",'linux':{'namespaces':[{'type':'mount'}," namespaces "]," members "}}"

static inline int parse(const char *text, struct spec *spec, struct error *err)
{
	autofree char *json = strdup(text);

	for (char *p = json; *p; p++)
		*p = *p == '\'' ? '"' : *p;
	return spec_parse(json, strlen(json), "c", spec, err);
}

/* refused - the text is an error, this one: "c: PLACE: ..." */
static inline void refused(const char *text, const char *expected)
{
	struct error err = ERROR_INIT;
	autospec spec = {0};

	check_int(parse(text, &spec, &err), -EINVAL);
	check_int(err.kind, ERROR_CONFIG);
	check_text(err.text, expected);
	check(spec.arena == NULL);
}

/* parsed - the text is taken; the caller releases the result (autospec). */
static inline struct spec parsed(const char *text)
{
	struct error err = ERROR_INIT;
	struct spec spec = {0};

	check_int(parse(text, &spec, &err), 0);
	check_text(err.text, "");
	return spec;
}

static inline void accepted(const char *text)
{
	autospec spec = parsed(text);

	check(spec.arena != NULL);
}

#endif
