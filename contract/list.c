/* SPDX-License-Identifier: Apache-2.0 */
#include "contract/list.h"

#include <stdlib.h>
#include <string.h>

#include "contract/json.h"
#include "contract/memory.h"

void *list_push(struct list *list, size_t item_size)
{
	char *items = list->items;

	/* Room doubles each time that the count reaches a power of two. */
	if ((list->count & (list->count - 1)) == 0) {
		items = reallocarray(items, list->count ? list->count * 2 : 1, item_size);
		if (!items)
			abort();
		list->items = items;
	}
	items += list->count++ * item_size;
	memset(items, 0, item_size);
	return items;
}

void list_push_text(struct list *list, const char *text)
{
	char **slot = list_push(list, sizeof(char *));

	*slot = must_copy(text);
}

char **list_vector(const struct list *list)
{
	char **vector = must_array(list->count + 1, sizeof(*vector));

	if (list->count)
		memcpy(vector, list->items, list->count * sizeof(*vector));
	return vector;
}

bool list_has_text(const struct list *list, const char *text)
{
	LIST_EACH(*list, char *, item)
		if (strcmp(*item, text) == 0)
			return true;
	return false;
}

void list_free_texts(struct list *list)
{
	LIST_EACH(*list, char *, item)
		free(*item);
	free(list->items);
	*list = (struct list){0};
}

void list_from_json(struct list *list, const cJSON *array)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, array) {
		if (cJSON_IsString(item))
			list_push_text(list, item->valuestring);
	}
}

cJSON *list_to_json(const struct list *list)
{
	cJSON *array = json_array();

	LIST_EACH(*list, char *, item)
		json_append_string(array, *item);
	return array;
}
