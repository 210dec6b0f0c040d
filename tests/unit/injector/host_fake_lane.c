/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "injector/lane/lane.h"
#include "injector/lists.h"
#include "tests/unit/injector/host_fake.h"

/* Lanes of the host in memory: their links are links like others, and a keeper keeps nothing. */

struct host_keeper {
	int ifindex;
	struct lane_memory memory;
};

enum {
	FIRST_IFINDEX = 100
};

static struct host_link *find_link(const char *name)
{
	LIST_EACH(fake.links, struct host_link, link) {
		if (strcmp(link->name, name) == 0)
			return link;
	}
	return NULL;
}

static int add_link(const char *name)
{
	int ifindex = FIRST_IFINDEX + fake.lane_links++;

	fake_add_link(ifindex, name);
	return ifindex;
}

int host_link_named(const char *name, int *out_ifindex, struct fail *fail)
{
	struct host_link *link = find_link(name);

	if (fake_fails("link_named"))
		return fake_refuse(fail, "link_named");
	*out_ifindex = link ? link->ifindex : 0;
	return 0;
}

int host_pair_add(struct host_pair *pair, struct fail *fail)
{
	bool fails = fake_fails("pair_add");

	if (fails && !fake_happens())
		return fake_refuse(fail, "pair_add");
	pair->entry_index = add_link(pair->entry);
	pair->exit_index = add_link(pair->exit);
	return fails ? fake_refuse(fail, "pair_add") : 0;
}

int host_lane_delete(const char *name, struct fail *fail)
{
	bool fails = fake_fails("lane_delete");
	char other[32];

	if (fails && !fake_happens())
		return fake_refuse(fail, "lane_delete");
	snprintf(other, sizeof(other), "%s-x", name);
	if (!fake.dead && find_link(name))
		fake_remove_link(find_link(name)->ifindex);
	if (!fake.dead && find_link(other))
		fake_remove_link(find_link(other)->ifindex);
	return fails ? fake_refuse(fail, "lane_delete") : 0;
}

int host_exit_attach(struct host_matcher *matcher, int ifindex, enum attach_mode mode,
	int *out_link, struct fail *fail)
{
	(void)matcher;
	(void)ifindex;
	(void)mode;
	if (fake_fails("exit_attach"))
		return fake_refuse(fail, "exit_attach");
	*out_link = -1;
	return 0;
}

int host_shape(int ifindex, const struct lane_spec *spec, struct fail *fail)
{
	(void)ifindex;
	(void)spec;
	return fake_fails("shape") ? fake_refuse(fail, "shape") : 0;
}

int host_matcher_link(
	struct host_matcher *matcher, int ifindex, uint32_t number, struct fail *fail)
{
	(void)matcher;
	(void)ifindex;
	(void)number;
	return fake_fails("matcher_link") ? fake_refuse(fail, "matcher_link") : 0;
}

void host_matcher_link_gone(struct host_matcher *matcher, int ifindex)
{
	(void)matcher;
	(void)ifindex;
}

int host_matcher_lane_end(struct host_matcher *matcher, int ifindex, struct fail *fail)
{
	(void)matcher;
	(void)ifindex;
	return fake_fails("lane_end") ? fake_refuse(fail, "lane_end") : 0;
}

void host_matcher_lane_gone(struct host_matcher *matcher, int ifindex)
{
	(void)matcher;
	(void)ifindex;
}

/* ---- the keeper: its link ends with it, and it with the process ---- */

int host_keeper_start(struct host_matcher *matcher, const char *name, struct host_keeper **out,
	struct fail *fail)
{
	(void)matcher;
	if (fake_fails("keeper_start"))
		return fake_refuse(fail, "keeper_start");
	*out = must_alloc(sizeof(**out));
	(*out)->ifindex = add_link(name);
	fake.keeper = (*out)->ifindex;
	return 0;
}

int host_keeper_link(const struct host_keeper *keeper)
{
	return keeper->ifindex;
}

struct lane_memory *host_keeper_memory(const struct host_keeper *keeper)
{
	return (struct lane_memory *)&keeper->memory;
}

void host_keeper_stop(struct host_keeper *keeper)
{
	if (keeper && !fake.dead)
		fake_end_keeper();
	free(keeper);
}

void host_keeper_forget(struct host_keeper *keeper)
{
	free(keeper);
}

void fake_end_keeper(void)
{
	if (fake.keeper)
		fake_remove_link(fake.keeper);
	fake.keeper = 0;
}
