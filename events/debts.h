/* SPDX-License-Identifier: Apache-2.0 */
/* Which logs have lines that did not come to the feed: they are what these lines are made up from.
 */
#ifndef EVENTS_DEBTS_H
#define EVENTS_DEBTS_H

#include <stdbool.h>
#include <stdint.h>

struct pending_file;

/* debts_read - as they stand now; NULL: none that could be told. To be freed. */
struct pending_file *debts_read(int log_dirfd);

/* debts_include - does the log with that inode owe something? @debts: may be NULL */
bool debts_include(const struct pending_file *debts, uint64_t inode);

#endif
