/* SPDX-License-Identifier: Apache-2.0 */
#include "injector/lists.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void list_add_text(struct list *list, const char *format, ...)
{
	char **slot = list_push(list, sizeof(char *));
	va_list args;

	va_start(args, format);
	if (vasprintf(slot, format, args) < 0)
		abort();
	va_end(args);
}

bool list_has_number(const struct list *list, uint64_t wanted)
{
	LIST_EACH(*list, const uint64_t, number) {
		if (*number == wanted)
			return true;
	}
	return false;
}

void list_free(struct list *list)
{
	free(list->items);
	*list = (struct list){0};
}

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void list_sort_texts(struct list *list)
{
	if (list->count)
		qsort(list->items, list->count, sizeof(char *), compare_texts);
}
