/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_LANE_MAPPED_H
#define BACKBURN_LANE_MAPPED_H

#include <stddef.h>

#include "contract/fail.h"

/* Zeroed memory of which only the pages that are touched cost anything; NULL when there is none. */
void *mapped_new(size_t size, struct fail *fail);
void mapped_free(void *memory, size_t size);

#endif
