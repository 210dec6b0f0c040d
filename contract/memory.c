/* SPDX-License-Identifier: Apache-2.0 */
#include "contract/memory.h"

#include <stdlib.h>
#include <string.h>

void *must_alloc(size_t size)
{
	return must_array(1, size);
}

void *must_array(size_t count, size_t size)
{
	void *memory = calloc(count ? count : 1, size ? size : 1);

	if (!memory)
		abort();
	return memory;
}

char *must_copy(const char *text)
{
	char *copy = strdup(text);

	if (!copy)
		abort();
	return copy;
}

char *must_copy_if(const char *text)
{
	return text ? must_copy(text) : NULL;
}
