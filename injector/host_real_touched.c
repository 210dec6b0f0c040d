/* SPDX-License-Identifier: Apache-2.0 */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/matcher.h"
#include "injector/host.h"
#include "injector/host_real.h"
#include "injector/lists.h"
#include "injector/mechanisms/match_table.h"

/* Of the matcher's maps of who was hit: a thousand entries a call. */

enum {
	BATCH = 1024 /* above the longest chain that a hash of this size will have */
};

/* What a map's keys and values are copied to, one after the other. */
struct batch {
	void *keys, *values;
	size_t key_size;
	uint32_t count;
	uint32_t place, next; /* the kernel's own words for how far it is */
	bool begun, over;
};

static struct batch new_batch(size_t key_size, size_t value_size)
{
	return (struct batch){
		.keys = must_alloc(BATCH * key_size),
		.values = must_alloc(BATCH * value_size),
		.key_size = key_size,
	};
}

static void free_batch(struct batch *batch)
{
	free(batch->keys);
	free(batch->values);
}

/* False: that was all. What can't be read is told as if it were not there: no verdict waits. */
static bool read_batch(struct batch *batch, int map)
{
	struct bpf_map_batch_opts options = {.sz = sizeof(options)};

	batch->count = BATCH;
	if (batch->over)
		return false;
	if (bpf_map_lookup_batch(map, batch->begun ? &batch->place : NULL, &batch->next,
		    batch->keys, batch->values, &batch->count, &options) < 0) {
		if (errno != ENOENT)
			return false;
		batch->over = true;
	}
	batch->place = batch->next;
	batch->begun = true;
	return batch->count > 0;
}

static struct prefix prefix_of(const struct bb_address *address)
{
	struct prefix prefix = {.length = 128};

	memcpy(prefix.address, address->bytes, sizeof(prefix.address));
	return match_normalised(&prefix);
}

void host_matcher_touched(struct host_matcher *matcher, uint32_t rule, struct list *hits)
{
	struct batch batch = new_batch(sizeof(struct bb_touched_key), sizeof(struct bb_touched));
	int map = real_matcher_touched_file(matcher);

	while (read_batch(&batch, map)) {
		const struct bb_touched_key *keys = batch.keys;
		const struct bb_touched *values = batch.values;

		for (uint32_t i = 0; i < batch.count; i++)
			if (keys[i].rule == rule)
				*(struct host_touched *)list_push(
					hits, sizeof(struct host_touched)) = (struct host_touched){
					prefix_of(&keys[i].address), values[i]};
	}
	free_batch(&batch);
}

/* A key ends in its rule's number. Found first and then removed, so that the walk sees them all. */
static void forget(int map, size_t key_size, size_t value_size, uint32_t rule)
{
	struct batch batch = new_batch(key_size, value_size);
	struct list keys = {0};

	while (read_batch(&batch, map))
		for (uint32_t i = 0; i < batch.count; i++) {
			const char *key = (char *)batch.keys + i * key_size;

			if (memcmp(key + key_size - sizeof(rule), &rule, sizeof(rule)) == 0)
				memcpy(list_push(&keys, key_size), key, key_size);
		}
	for (size_t i = 0; i < keys.count; i++)
		bpf_map_delete_elem(map, (char *)keys.items + i * key_size);
	list_free(&keys);
	free_batch(&batch);
}

void host_matcher_forget(struct host_matcher *matcher, uint32_t rule)
{
	forget(real_matcher_touched_file(matcher), sizeof(struct bb_touched_key),
		sizeof(struct bb_touched), rule);
	forget(real_matcher_touched_flows_file(matcher), sizeof(struct bb_touched_flow),
		sizeof(uint8_t), rule);
}
