/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_INJECTOR_LISTS_H
#define BACKBURN_INJECTOR_LISTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "contract/list.h"
#include "contract/memory.h"
#include "contract/shape.h"

/* More for `struct list` (contract/list.h), whose owner frees it with shape_free() or below. */

/* For lists of char *: a formatted copy at the end. */
void list_add_text(struct list *list, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* For lists of uint64_t. */
bool list_has_number(const struct list *list, uint64_t wanted);

/* Frees a list whose items own nothing. */
void list_free(struct list *list);

void list_sort_texts(struct list *list);

#endif
