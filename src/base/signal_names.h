/* SPDX-License-Identifier: Apache-2.0 */
/* Signal names and numbers, both ways. */
#ifndef BASE_SIGNAL_NAMES_H
#define BASE_SIGNAL_NAMES_H

#include "base/error.h"

/* signal_parse - "TERM", "SIGTERM", "term", "15", "RTMIN+3", "SIGRTMAX-1"; 0 allowed? no: 1..64. */
int signal_parse(const char *text, int *ret_signal, struct error *err);

/* signal_name - "SIGTERM", "SIGRTMIN+3"; NULL for a number that is no signal. */
const char *signal_name(int signal);

#endif
