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

int fake_link_named(const char *name)
{
	const struct host_link *link = find_link(name);

	return link ? link->ifindex : 0;
}

static int add_link(const char *name)
{
	int ifindex = FIRST_IFINDEX + fake.lane_links++;

	fake_add_link(ifindex, name);
	return ifindex;
}

/* Neither veth nor TAP are those that tests add. */
static bool is_lane(const struct host_link *link)
{
	return link && link->ifindex >= FIRST_IFINDEX;
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
	if (find_link(pair->entry) || find_link(pair->exit))
		return fail_set(fail, FAIL_BUSY, "there is a link %s or %s already", pair->entry,
			pair->exit);
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
	if (!fake.dead && is_lane(find_link(name)))
		fake_remove_link(find_link(name)->ifindex);
	if (!fake.dead && is_lane(find_link(other)))
		fake_remove_link(find_link(other)->ifindex);
	return fails ? fake_refuse(fail, "lane_delete") : 0;
}

/* As by tcx it is a link of its own; as a filter it goes with the link that it is on. */
int host_exit_attach(struct host_matcher *matcher, int ifindex, enum attach_mode mode,
	int *out_link, struct fail *fail)
{
	if (fake_fails("exit_attach"))
		return fake_refuse(fail, "exit_attach");
	if (mode == ATTACH_TCX)
		return host_tcx_attach(matcher, ifindex, BB_INGRESS, out_link, fail);
	*out_link = -1;
	return host_clsact_add(ifindex, fail) < 0
		? -1
		: host_filter_add(matcher, ifindex, BB_INGRESS, 1, fail);
}

int host_shape(int ifindex, const struct lane_spec *spec, struct fail *fail)
{
	(void)ifindex;
	(void)spec;
	return fake_fails("shape") ? fake_refuse(fail, "shape") : 0;
}

int host_matcher_link(struct host_matcher *matcher, int ifindex, uint32_t number, struct fail *fail)
{
	(void)matcher;
	if (fake_fails("matcher_link"))
		return fake_refuse(fail, "matcher_link");
	*(struct fake_number *)list_push(&fake.numbered, sizeof(struct fake_number)) =
		(struct fake_number){.ifindex = ifindex, .number = number};
	return 0;
}

void host_matcher_link_gone(struct host_matcher *matcher, int ifindex)
{
	const struct fake_number *items = fake.numbered.items;

	(void)matcher;
	for (size_t i = fake.numbered.count; i-- > 0 && !fake.dead;)
		if (items[i].ifindex == ifindex)
			fake_remove_at(&fake.numbered, sizeof(*items), i);
}

int host_matcher_lane_end(struct host_matcher *matcher, int ifindex, struct fail *fail)
{
	(void)matcher;
	if (fake_fails("lane_end"))
		return fake_refuse(fail, "lane_end");
	*(int *)list_push(&fake.lane_ends, sizeof(int)) = ifindex;
	return 0;
}

void host_matcher_lane_gone(struct host_matcher *matcher, int ifindex)
{
	const int *items = fake.lane_ends.items;

	(void)matcher;
	for (size_t i = fake.lane_ends.count; i-- > 0 && !fake.dead;)
		if (items[i] == ifindex)
			fake_remove_at(&fake.lane_ends, sizeof(*items), i);
}

/* ---- the keeper: its link ends with it, and it with the process ---- */

/* The one that lives; others may not have been stopped yet. */
static struct host_keeper *living;

int host_keeper_start(
	struct host_matcher *matcher, const char *name, struct host_keeper **out, struct fail *fail)
{
	(void)matcher;
	if (fake_fails("keeper_start"))
		return fake_refuse(fail, "keeper_start");
	if (find_link(name))
		return fail_set(fail, FAIL_BUSY, "there is a link %s already", name);
	living = must_alloc(sizeof(*living));
	living->ifindex = add_link(name);
	fake.keeper = living->ifindex;
	*out = living;
	return 0;
}

int host_keeper_link(const struct host_keeper *keeper)
{
	return keeper->ifindex;
}

bool host_keeper_lives(const struct host_keeper *keeper)
{
	return keeper == living;
}

struct lane_memory *host_keeper_memory(const struct host_keeper *keeper)
{
	return (struct lane_memory *)&keeper->memory;
}

void host_keeper_stop(struct host_keeper *keeper)
{
	if (keeper && keeper == living && !fake.dead)
		fake_end_keeper();
	host_keeper_forget(keeper);
}

void host_keeper_forget(struct host_keeper *keeper)
{
	if (keeper == living)
		living = NULL;
	free(keeper);
}

void fake_end_keeper(void)
{
	if (fake.keeper)
		fake_remove_link(fake.keeper);
	fake.keeper = 0;
	living = NULL;
}

struct lane_memory *fake_keeper_memory(void)
{
	return living ? &living->memory : NULL;
}

void fake_keeper_looks(void)
{
	for (int i = 0; living && i < BB_LANES; i++)
		living->memory.lanes[i].taken = living->memory.lanes[i].version;
}
