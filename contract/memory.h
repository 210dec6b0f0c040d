/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_MEMORY_H
#define BACKBURN_MEMORY_H

#include <stddef.h>

/* Memory that is there or ends the program: under Linux overcommit a small allocation succeeds. */

/* Zeroed. */
void *must_alloc(size_t size);
/* count items of size bytes, zeroed; a product beyond SIZE_MAX counts as no memory. */
void *must_array(size_t count, size_t size);
char *must_copy(const char *text);
/* NULL stays NULL. */
char *must_copy_if(const char *text);

#endif
