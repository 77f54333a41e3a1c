/* SPDX-License-Identifier: Apache-2.0 */
/* The output of ps(1), cut down to some processes. */
#ifndef VERBS_PS_TABLE_H
#define VERBS_PS_TABLE_H

#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"

/*
 * ps_table_filter - the header of @text and those of its lines whose PID is among @pids
 * @text: is changed
 * @ret_text: malloc'd, each line with its newline
 *
 * Returns 0; -EINVAL without a column "PID"; -EBADMSG for a line that has no number in it.
 */
int ps_table_filter(char *text, const pid_t *pids, size_t count, char **ret_text,
		    struct error *err);

#endif
