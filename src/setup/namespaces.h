/* SPDX-License-Identifier: Apache-2.0 */
/* Namespaces by path, for those that launch/ has to enter before there is an init. */
#ifndef SETUP_NAMESPACES_H
#define SETUP_NAMESPACES_H

#include "base/error.h"
#include "spec/spec.h"

/*
 * namespace_open - the namespace of @type that @spec names by path, for setns(2)
 * Verified to be a namespace of that type (NS_GET_NSTYPE). Returns a CLOEXEC descriptor, -ENOENT
 * with no error set when @spec names none, or a negative errno.
 */
int namespace_open(const struct spec *spec, enum namespace_type type, struct error *err);

#endif
