/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_INJECTOR_MATCH_TABLE_H
#define BACKBURN_INJECTOR_MATCH_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "contract/address.h"
#include "contract/shape.h"

/*
 * What the packet matcher's maps must hold for a set of faults. Pure: computed afresh for every
 * change and compared with what is loaded.
 *
 * The kernel finds one entry for a packet, the longest. So an entry carries the bits of every
 * shorter prefix above it too; and an exemption is an entry without bits.
 */
struct match_source {
	int slot;
	const struct list *peers; /* of struct endpoint */
};

struct match_entry {
	struct prefix prefix;
	uint64_t slots; /* 0: exempt */
	/*
	 * Entries that count for the same endpoints share one number. A number is not used for
	 * others in a matcher's life, and stays while the endpoints of its entries do.
	 */
	uint32_t peer;
	bool exempt;
};

/* Which endpoint of which fault an entry counts for. */
struct match_count {
	uint16_t slot;
	uint32_t peer;
	uint32_t endpoint; /* index into the source's peers */
};

struct match_table {
	struct list entries;     /* of struct match_entry, sorted by match_compare(), no repeats */
	struct list counts;      /* of struct match_count, sorted by slot and peer */
	size_t addresses, broad; /* entries that are whole addresses, and the others */
	uint32_t next_peer;
};

/* `previous` gives entries that stay their number; NULL at first. Does not fail. */
void match_table_build(struct match_table *out, const struct list *sources,
	const struct list *exempt, const struct match_table *previous);
/*
 * Adds what only `more`, built with `table` as its previous, has: what the maps may hold after a
 * change from one to the other broke off. The slots of an entry in both are those of `table`.
 */
void match_table_merge(struct match_table *table, const struct match_table *more);
void match_table_deinit(struct match_table *table);

/* Total order on prefixes: by address, and then outer ones before inner ones. */
int match_compare(const struct prefix *a, const struct prefix *b);
/* An address written in the mapped form ("::ffff:10.0.0.1") is the IPv4 address. */
struct prefix match_normalised(const struct prefix *prefix);
/* The longest entry that the address lies in, as the kernel finds it; NULL: none. */
const struct match_entry *match_table_lookup(
	const struct match_table *table, const struct prefix *address);
const struct match_entry *match_table_find(
	const struct match_table *table, const struct prefix *prefix);
const struct match_count *match_table_count(
	const struct match_table *table, uint16_t slot, uint32_t peer);

#endif
