/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract/list.h"
#include "injector/lists.h"
#include "tests/unit/injector/host_fake.h"

/* The network half of the host in memory: links, the packet matcher, and where it hangs. */

struct host_matcher {
	struct host_matcher_sizes sizes;
};

/* ---- what tests do to it ---- */

void fake_add_link(int ifindex, const char *name)
{
	struct host_link *link = list_push(&fake.links, sizeof(*link));

	link->ifindex = ifindex;
	link->ethernet = true;
	snprintf(link->name, sizeof(link->name), "%s", name);
}

static void forget_attachments(bool of_link, int ifindex, bool only_tcx)
{
	struct fake_attachment *items = fake.attachments.items;

	for (size_t i = fake.attachments.count; i-- > 0;)
		if ((!of_link || items[i].ifindex == ifindex) &&
			(!only_tcx || (!items[i].pref && !items[i].foreign)))
			fake_remove_at(&fake.attachments, sizeof(*items), i);
}

void fake_remove_link(int ifindex)
{
	for (size_t i = fake.links.count; i-- > 0;)
		if (((struct host_link *)fake.links.items)[i].ifindex == ifindex)
			fake_remove_at(&fake.links, sizeof(struct host_link), i);
	for (size_t i = fake.clsacts.count; i-- > 0;)
		if (((int *)fake.clsacts.items)[i] == ifindex)
			fake_remove_at(&fake.clsacts, sizeof(int), i);
	forget_attachments(true, ifindex, false);
}

void fake_forget_tcx(void)
{
	forget_attachments(false, 0, true);
}

void fake_unload(void)
{
	fake.loaded = false;
	list_free(&fake.entries);
	list_free(&fake.counters);
	list_free(&fake.flows);
	list_free(&fake.touched);
	list_free(&fake.numbered);
	list_free(&fake.lane_ends);
}

void fake_hit(const char *address, int slot, enum bb_direction direction)
{
	uint32_t counted = BB_COUNTED((uint32_t)slot, fake.control.slots[slot].current);
	struct fail fail = FAIL_INIT;
	struct prefix prefix;

	if (prefix_parse(address, &prefix, &fail) < 0)
		abort();
	LIST_EACH(fake.entries, struct fake_entry, entry) {
		if (memcmp(&entry->prefix, &prefix, sizeof(prefix)) != 0)
			continue;
		LIST_EACH(fake.counters, struct fake_counter, counter) {
			if (counter->key.peer != entry->entry.peer ||
				counter->key.slot != counted || counter->key.direction != direction)
				continue;
			counter->counter.packets++;
			counter->counter.segments += 2;
			counter->counter.matched += 5;
			counter->counter.bytes += 100;
			counter->counter.first_ns = counter->counter.last_ns =
				(uint64_t)fake.now_ns;
		}
	}
}

/* The machine orders filters by pref, as the kernel does. */
static struct fake_attachment *attach(int ifindex, enum bb_direction direction, uint32_t pref)
{
	struct fake_attachment *each = list_push(&fake.attachments, sizeof(*each));

	each->ifindex = ifindex;
	each->direction = direction;
	each->pref = pref;
	snprintf(each->name, sizeof(each->name), "%s",
		direction == BB_EGRESS ? BB_EGRESS_NAME : BB_INGRESS_NAME);
	snprintf(each->tag, sizeof(each->tag), "%s", host_matcher_tag(NULL, direction));
	return each;
}

void fake_add_foreign(int ifindex, enum bb_direction direction, uint32_t pref)
{
	struct fake_attachment *foreign = attach(ifindex, direction, pref);

	foreign->foreign = true;
	snprintf(foreign->name, sizeof(foreign->name), "cil_from_host");
	snprintf(foreign->tag, sizeof(foreign->tag), "abcdefabcdefabcd");
	if (pref)
		*(int *)list_push(&fake.clsacts, sizeof(int)) = ifindex;
}

static bool covers(const struct prefix *prefix, const struct prefix *address)
{
	for (int bit = 0; bit < prefix->length; bit++) {
		uint8_t mask = (uint8_t)(0x80 >> bit % 8);

		if ((prefix->address[bit / 8] ^ address->address[bit / 8]) & mask)
			return false;
	}
	return true;
}

uint64_t fake_lookup(const char *address)
{
	struct fail fail = FAIL_INIT;
	const struct fake_entry *best = NULL;
	struct prefix wanted;

	if (prefix_parse(address, &wanted, &fail) < 0)
		abort();
	LIST_EACH(fake.entries, const struct fake_entry, entry) {
		if (!prefix_is_address(&entry->prefix) && !fake.control.prefixes)
			continue; /* the kernel does not look */
		if (covers(&entry->prefix, &wanted) &&
			(!best || entry->prefix.length > best->prefix.length))
			best = entry;
	}
	return best ? best->entry.slots : 0;
}

/* ---- links ---- */

int host_links(struct list *links, struct fail *fail)
{
	*links = (struct list){0};
	if (fake_fails("links"))
		return fake_refuse(fail, "links");
	LIST_EACH(fake.links, const struct host_link, link) {
		*(struct host_link *)list_push(links, sizeof(*link)) = *link;
	}
	return 0;
}

int host_link_watch(int *out_file, struct fail *fail)
{
	(void)fail;
	*out_file = -1;
	return 0;
}

void host_link_watch_drain(int file)
{
	(void)file;
}

int host_addresses(struct list *prefixes, struct fail *fail)
{
	struct fail ignored = FAIL_INIT;

	*prefixes = (struct list){0};
	if (fake_fails("addresses"))
		return fake_refuse(fail, "addresses");
	return prefix_parse("10.0.0.1", list_push(prefixes, sizeof(struct prefix)), &ignored);
}

/* ---- the matcher ---- */

int host_matcher_load(
	const struct host_matcher_sizes *sizes, struct host_matcher **out, struct fail *fail)
{
	if (fake_fails("matcher_load"))
		return fake_refuse(fail, "matcher_load");
	*out = must_alloc(sizeof(**out));
	(*out)->sizes = *sizes;
	fake.loaded = true;
	fake.control = (struct bb_control){0};
	return 0;
}

void host_matcher_free(struct host_matcher *matcher)
{
	if (matcher && !fake.dead)
		fake_unload();
	free(matcher);
}

struct bb_control *host_matcher_control(struct host_matcher *matcher)
{
	(void)matcher;
	return &fake.control;
}

const char *host_matcher_tag(const struct host_matcher *matcher, enum bb_direction direction)
{
	(void)matcher;
	return direction == BB_EGRESS ? "eeeeeeeeeeeeeeee" : "1111111111111111";
}

static struct fake_entry *find_entry(const struct prefix *prefix)
{
	LIST_EACH(fake.entries, struct fake_entry, entry) {
		if (memcmp(&entry->prefix, prefix, sizeof(*prefix)) == 0)
			return entry;
	}
	return NULL;
}

int host_matcher_put(struct host_matcher *matcher, const struct prefix *prefix,
	const struct bb_entry *entry, struct fail *fail)
{
	struct fake_entry *found = find_entry(prefix);

	(void)matcher;
	if (fake_fails("matcher_put"))
		return fake_refuse(fail, "matcher_put");
	if (!found)
		found = list_push(&fake.entries, sizeof(*found));
	*found = (struct fake_entry){.prefix = *prefix, .entry = *entry};
	return 0;
}

int host_matcher_remove(
	struct host_matcher *matcher, const struct prefix *prefix, struct fail *fail)
{
	struct fake_entry *found = find_entry(prefix);

	(void)matcher;
	if (fake_fails("matcher_remove"))
		return fake_refuse(fail, "matcher_remove");
	if (found)
		fake_remove_at(&fake.entries, sizeof(*found),
			(size_t)(found - (struct fake_entry *)fake.entries.items));
	return 0;
}

static struct fake_counter *find_counter(const struct bb_counter_key *key)
{
	LIST_EACH(fake.counters, struct fake_counter, counter) {
		if (memcmp(&counter->key, key, sizeof(*key)) == 0)
			return counter;
	}
	return NULL;
}

int host_matcher_count(
	struct host_matcher *matcher, const struct bb_counter_key *key, struct fail *fail)
{
	(void)matcher;
	if (fake_fails("matcher_count"))
		return fake_refuse(fail, "matcher_count");
	if (!find_counter(key))
		((struct fake_counter *)list_push(&fake.counters, sizeof(struct fake_counter)))
			->key = *key;
	return 0;
}

void host_matcher_read(
	struct host_matcher *matcher, const struct bb_counter_key *key, struct bb_counter *out)
{
	struct fake_counter *found = find_counter(key);

	(void)matcher;
	*out = found ? found->counter : (struct bb_counter){0};
}

void host_matcher_uncount(struct host_matcher *matcher, const struct bb_counter_key *key)
{
	struct fake_counter *found = find_counter(key);

	(void)matcher;
	if (found && !fake.dead)
		fake_remove_at(&fake.counters, sizeof(*found),
			(size_t)(found - (struct fake_counter *)fake.counters.items));
}

int host_matcher_protect(
	struct host_matcher *matcher, const struct bb_flow *flow, struct fail *fail)
{
	(void)matcher;
	if (fake_fails("matcher_protect"))
		return fake_refuse(fail, "matcher_protect");
	LIST_EACH(fake.flows, const struct bb_flow, known) {
		if (memcmp(known, flow, sizeof(*flow)) == 0)
			return 0;
	}
	*(struct bb_flow *)list_push(&fake.flows, sizeof(*flow)) = *flow;
	return 0;
}

void host_matcher_unprotect(struct host_matcher *matcher, const struct bb_flow *flow)
{
	(void)matcher;
	for (size_t i = fake.flows.count; i-- > 0 && !fake.dead;)
		if (memcmp(&((struct bb_flow *)fake.flows.items)[i], flow, sizeof(*flow)) == 0)
			fake_remove_at(&fake.flows, sizeof(*flow), i);
}

void fake_touch(int slot, const char *address, uint64_t packets)
{
	struct fake_touched *touched = list_push(&fake.touched, sizeof(*touched));
	struct fail fail = FAIL_INIT;

	touched->rule = fake.control.slots[slot].rule;
	prefix_parse(address, &touched->hit.address, &fail);
	touched->hit.counts = (struct bb_touched){.packets = packets,
		.segments = packets,
		.connections = 1,
		.first_ns = (uint64_t)fake.now_ns,
		.last_ns = (uint64_t)fake.now_ns};
}

void host_matcher_touched(struct host_matcher *matcher, uint32_t rule, struct list *hits)
{
	(void)matcher;
	LIST_EACH(fake.touched, const struct fake_touched, touched) {
		if (touched->rule == rule)
			*(struct host_touched *)list_push(hits, sizeof(touched->hit)) =
				touched->hit;
	}
}

void host_matcher_forget(struct host_matcher *matcher, uint32_t rule)
{
	(void)matcher;
	for (size_t i = fake.touched.count; i-- > 0 && !fake.dead;)
		if (((struct fake_touched *)fake.touched.items)[i].rule == rule)
			fake_remove_at(&fake.touched, sizeof(struct fake_touched), i);
}

/* ---- attachments ---- */

bool host_tcx_present(char reason[static 128])
{
	snprintf(reason, 128, "as the test wants it");
	return fake.has_tcx;
}

int host_tcx_attach(struct host_matcher *matcher, int ifindex, enum bb_direction direction,
	int *out_link, struct fail *fail)
{
	(void)matcher;
	if (fake_fails("tcx_attach"))
		return fake_refuse(fail, "tcx_attach");
	attach(ifindex, direction, 0);
	*out_link = ifindex * BB_DIRECTIONS + (int)direction;
	return 0;
}

void host_tcx_detach(int link)
{
	struct fake_attachment *items = fake.attachments.items;

	for (size_t i = fake.attachments.count; i-- > 0;)
		if (!fake.dead && !items[i].pref && !items[i].foreign &&
			items[i].ifindex == link / BB_DIRECTIONS &&
			(int)items[i].direction == link % BB_DIRECTIONS)
			fake_remove_at(&fake.attachments, sizeof(*items), i);
}

int host_tcx_list(
	int ifindex, enum bb_direction direction, struct list *programs, struct fail *fail)
{
	*programs = (struct list){0};
	if (fake_fails("tcx_list"))
		return fake_refuse(fail, "tcx_list");
	LIST_EACH(fake.attachments, const struct fake_attachment, each) {
		struct host_program *program;

		if (each->ifindex != ifindex || each->direction != direction || each->pref)
			continue;
		program = list_push(programs, sizeof(*program));
		memcpy(program->name, each->name, sizeof(program->name));
		memcpy(program->tag, each->tag, sizeof(program->tag));
	}
	return 0;
}

static bool has_clsact(int ifindex)
{
	LIST_EACH(fake.clsacts, const int, each) {
		if (*each == ifindex)
			return true;
	}
	return false;
}

int host_clsact_state(int ifindex, enum host_clsact *out, struct fail *fail)
{
	if (fake_fails("clsact_state"))
		return fake_refuse(fail, "clsact_state");
	*out = has_clsact(ifindex) ? CLSACT_PRESENT : CLSACT_NONE;
	return 0;
}

int host_clsact_add(int ifindex, struct fail *fail)
{
	bool fails = fake_fails("clsact_add");

	if (fails && !fake_happens())
		return fake_refuse(fail, "clsact_add");
	if (has_clsact(ifindex))
		return fail_errno(fail, EEXIST, "adding qdisc clsact");
	*(int *)list_push(&fake.clsacts, sizeof(int)) = ifindex;
	return fails ? fake_refuse(fail, "clsact_add") : 0;
}

int host_clsact_delete(int ifindex, struct fail *fail)
{
	bool fails = fake_fails("clsact_delete");

	if (fails && !fake_happens())
		return fake_refuse(fail, "clsact_delete");
	for (size_t i = fake.clsacts.count; i-- > 0;)
		if (((int *)fake.clsacts.items)[i] == ifindex)
			fake_remove_at(&fake.clsacts, sizeof(int), i);
	return fails ? fake_refuse(fail, "clsact_delete") : 0;
}

int host_filter_list(
	int ifindex, enum bb_direction direction, struct list *filters, struct fail *fail)
{
	*filters = (struct list){0};
	if (fake_fails("filter_list"))
		return fake_refuse(fail, "filter_list");
	LIST_EACH(fake.attachments, const struct fake_attachment, each) {
		struct host_filter *filter;

		if (each->ifindex != ifindex || each->direction != direction || !each->pref)
			continue;
		filter = list_push(filters, sizeof(*filter));
		filter->pref = each->pref;
		filter->handle = 1;
		snprintf(filter->kind, sizeof(filter->kind), "bpf");
		snprintf(filter->name, sizeof(filter->name), "%s", each->name);
		memcpy(filter->tag, each->tag, sizeof(filter->tag));
	}
	return 0;
}

int host_filter_add(struct host_matcher *matcher, int ifindex, enum bb_direction direction,
	uint32_t pref, struct fail *fail)
{
	bool fails = fake_fails("filter_add");

	(void)matcher;
	if (fails && !fake_happens())
		return fake_refuse(fail, "filter_add");
	LIST_EACH(fake.attachments, const struct fake_attachment, each) {
		if (each->pref == pref && each->ifindex == ifindex && each->direction == direction)
			return fail_set(fail, FAIL_BUSY, "filter pref %u is taken", pref);
	}
	attach(ifindex, direction, pref);
	return fails ? fake_refuse(fail, "filter_add") : 0;
}

int host_filter_delete(int ifindex, enum bb_direction direction, uint32_t pref, struct fail *fail)
{
	struct fake_attachment *items = fake.attachments.items;
	bool fails = fake_fails("filter_delete");

	if (fails && !fake_happens())
		return fake_refuse(fail, "filter_delete");
	for (size_t i = fake.attachments.count; i-- > 0;)
		if (items[i].pref == pref && items[i].ifindex == ifindex &&
			items[i].direction == direction)
			fake_remove_at(&fake.attachments, sizeof(*items), i);
	return fails ? fake_refuse(fail, "filter_delete") : 0;
}
