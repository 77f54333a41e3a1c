/* SPDX-License-Identifier: Apache-2.0 */
/* Capabilities by name, through libcap, and what the running kernel has of them. */
#ifndef SETUP_CAPABILITIES_H
#define SETUP_CAPABILITIES_H

#include <stddef.h>
#include <stdint.h>

/* capabilities_last - number of the last capability that the running kernel knows. */
uint32_t capabilities_last(void);

/* capabilities_text - "CAP_CHOWN, CAP_KILL" of the bits in @set; unnamed ones as "CAP_63". */
void capabilities_text(uint64_t set, char *text, size_t size);

#endif
