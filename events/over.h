/* SPDX-License-Identifier: Apache-2.0 */
/* Has a log ended? Told by its end, without reading the rest. */
#ifndef EVENTS_OVER_H
#define EVENTS_OVER_H

#include <stdbool.h>
#include <sys/types.h>

/* log_is_over - is `deleted` the last line of the @size bytes of @fd? */
bool log_is_over(int fd, off_t size);

#endif
