/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_LIST_H
#define BACKBURN_LIST_H

#include <stdbool.h>

#include "contract/shape.h"

/*
 * Growing a `struct list` by hand. Only for lists that began empty: a decoder takes no more room
 * than its items need.
 */

/* A new zeroed item at the end; pointers to earlier items become invalid. */
void *list_push(struct list *list, size_t item_size);

/* For lists of char *: appends a copy. */
void list_push_text(struct list *list, const char *text);
bool list_has_text(const struct list *list, const char *text);
void list_free_texts(struct list *list);
/* As an argument vector, NULL behind the last. The texts stay the list's, the vector is the
 * caller's. */
char **list_vector(const struct list *list);

/* The strings of a JSON list (other items are skipped). */
void list_from_json(struct list *list, const cJSON *array);
cJSON *list_to_json(const struct list *list);

#endif
