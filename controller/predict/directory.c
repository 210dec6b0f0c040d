/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "contract/list.h"
#include "controller/predict/join.h"

struct directory_entry {
	const char *text, *node;
};

static int by_text(const void *a, const void *b)
{
	const struct directory_entry *one = a, *other = b;

	return strcmp(one->text, other->text);
}

static void add(struct directory *directory, const char *text, const char *node)
{
	*(struct directory_entry *)list_push(&directory->entries, sizeof(struct directory_entry)) =
		(struct directory_entry){.text = text, .node = node};
}

void directory_init(struct directory *directory, const struct record *record)
{
	*directory = (struct directory){0};
	LIST_EACH(record->nodes, struct node_record, node) {
		add(directory, node->node, node->node);
		LIST_EACH(node->addresses, char *, address)
			add(directory, *address, node->node);
		LIST_EACH(node->also_reached_as, char *, address)
			add(directory, *address, node->node);
	}
	if (directory->entries.count)
		qsort(directory->entries.items, directory->entries.count,
			sizeof(struct directory_entry), by_text);
}

void directory_deinit(struct directory *directory)
{
	free(directory->entries.items);
	*directory = (struct directory){0};
}

const char *directory_node(const struct directory *directory, const char *text)
{
	const struct directory_entry wanted = {.text = text}, *found;

	if (!directory->entries.count)
		return NULL;
	found = bsearch(&wanted, directory->entries.items, directory->entries.count, sizeof(wanted),
		by_text);
	return found ? found->node : NULL;
}
