/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "injector/lists.h"
#include "tests/unit/injector/host_fake.h"

/* The resolver of the machine in memory. */

struct host_lookup {
	char *name;
};

static struct fake_name *find(const char *name)
{
	LIST_EACH(fake.names, struct fake_name, each) {
		if (strcmp(each->name, name) == 0)
			return each;
	}
	return NULL;
}

static struct fake_name *make(const char *name)
{
	struct fake_name *found = find(name);

	if (!found)
		found = list_push(&fake.names, sizeof(*found));
	*found = (struct fake_name){.name = name};
	return found;
}

void fake_name(const char *name, const char *addresses)
{
	make(name)->addresses = addresses;
}

void fake_hang(const char *name)
{
	make(name)->hangs = true;
}

int host_lookup_start(const char *name, struct host_lookup **out, struct fail *fail)
{
	if (fake_fails("lookup_start"))
		return fake_refuse(fail, "lookup_start");
	*out = must_alloc(sizeof(**out));
	(*out)->name = must_copy(name);
	fake.lookups++;
	return 0;
}

enum host_lookup_state host_lookup_look(
	struct host_lookup *lookup, struct list *addresses, struct fail *fail)
{
	const struct fake_name *found = find(lookup->name);
	char text[64];
	int used;

	*addresses = (struct list){0};
	if (found && found->hangs)
		return LOOKUP_RUNS;
	if (!found || !found->addresses) {
		fail_set(fail, FAIL_SYSTEM, "Name or service not known");
		return LOOKUP_FAILED;
	}
	for (const char *next = found->addresses; sscanf(next, " %63s%n", text, &used) == 1;
		next += used) {
		struct fail ignored = FAIL_INIT;

		if (prefix_parse(text, list_push(addresses, sizeof(struct prefix)), &ignored) < 0)
			abort();
	}
	return LOOKUP_DONE;
}

void host_lookup_end(struct host_lookup *lookup)
{
	if (!lookup)
		return;
	free(lookup->name);
	free(lookup);
	fake.lookups--;
}
