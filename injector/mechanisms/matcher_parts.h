/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_INJECTOR_MATCHER_PARTS_H
#define BACKBURN_INJECTOR_MATCHER_PARTS_H

#include "contract/units.h"
#include "injector/mechanisms/hooks.h"
#include "injector/mechanisms/lanes.h"
#include "injector/mechanisms/match_table.h"
#include "injector/mechanisms/matcher.h"
#include "injector/mechanisms/touched.h"

/* What the matcher's files share. */

struct matcher_rule {
	struct match_rule spec;
	int slot;
	bool live;
	bool tracks;               /* counted among those that need to know new connections */
	struct bb_counter *folded; /* per copy of the slot, endpoint and direction: counts of
				      entries that are gone */
	struct lane_way way;       /* BB_HOLD, while it is open */
	struct list measured;      /* of struct measure: what will not change any more */
	uint64_t missed;           /* as its slot had counted when it was closed */
	uint32_t number;           /* bb_slot.rule */
	struct list hits;          /* of struct owned_hit: as the kernel had counted them when
				      the slot was closed */
	uint64_t untold;           /* likewise */
	struct touched_index index;
	size_t indexed;  /* prefixes of spec.peers when the index was made */
	uint64_t cgroup; /* the kernel's number of spec.cgroup; 0: none is asked for */

	/* ---- changes ---- */
	int changes;                    /* how often it was changed */
	uint32_t copy;                  /* of the slot: the one in force */
	int64_t changed_ns;             /* the last time */
	bool before_counts;             /* what it was before may still count */
	struct match_rule before;       /* that */
	struct lane_order *hold_before; /* owned: what before.hold points to, or NULL */
	struct bb_counter *settled; /* per endpoint and direction: counts of copies that were used
				       again; NULL: none were */
};

struct matcher {
	enum attach_mode mode;
	const struct list *exempt;    /* borrowed */
	const struct port_set *ports; /* POLICIES of them, borrowed */
	int64_t lease_until_ns;
	bool expects_sets;
	struct host_matcher_sizes sizes;
	struct host_matcher *loaded; /* NULL while idle */
	struct hooks hooks;
	struct lanes lanes;
	struct match_table table;
	bool unsure;    /* a change broke off: the maps may lack what the table says */
	uint64_t stale; /* slots of rules that are over, and that the maps may still know */
	struct matcher_rule *rules[BB_SLOTS]; /* by slot; borrowed */
	uint32_t numbers;                     /* of rules so far */
	struct list wanted_flows; /* struct bb_flow, to be protected from the next rule on */
	struct list flows;        /* struct bb_flow that are in the kernel's map */
};

/*
 * A packet may still be on its way through the program, with what it read of maps and slots before
 * a change.
 */
#define MATCHER_IN_FLIGHT_NS (2 * NS_PER_MS)

/* --- matcher_tables.c ------------------------------------------------------------------- */

/* The table of all live rules, and of `extra` (or NULL), which is about to be. */
void matcher_build_table(
	const struct matcher *matcher, const struct matcher_rule *extra, struct match_table *out);

/*
 * Brings the maps from the present table to `table`, which is taken over. Counters come before
 * the entries that name them, and go after. On failure the present table becomes all that the maps
 * may hold now; every step may be repeated, so the caller can go back by another change. Until
 * one succeeds nothing is taken for written: an exemption that is not in the maps would let what is
 * protected be hit.
 */
int matcher_change_table(struct matcher *matcher, struct match_table *table, struct fail *fail);

/* Counts of a slot's entries, which go, are added to what its rule has counted. */
void matcher_fold(struct matcher *matcher, int slot);

/* Per endpoint and direction, as counted by one copy of the slot: adds it to `sums`. */
void matcher_sum(const struct matcher *matcher, const struct matcher_rule *rule, uint32_t copy,
	struct bb_counter *sums);
/*
 * Makes the copy's counters for all that the rule's entries count, or makes them new: what they
 * were is in `settled` then.
 */
int matcher_count_anew(
	struct matcher *matcher, struct matcher_rule *rule, uint32_t copy, struct fail *fail);
/* How many counters a table's entries need. */
size_t matcher_counters(const struct matcher *matcher, const struct match_table *table);

/* --- matcher_touched.c ------------------------------------------------------------------ */

/* After the slot is closed: what the kernel has counted goes over to the rule. */
void matcher_keep_touched(struct matcher *matcher, struct matcher_rule *rule);

/* --- matcher_paths.c -------------------------------------------------------------------- */

/* Each link that packets can come back to from a lane has a number in the kernel's page. */
int matcher_number_links(struct matcher *matcher, const struct list *links, struct fail *fail);

/* Makes what the rule's packets must go through; and lets it go, after its slot is closed. */
int matcher_open_way(struct matcher *matcher, struct matcher_rule *rule, struct fail *fail);
int matcher_close_way(struct matcher *matcher, struct matcher_rule *rule, struct fail *fail);

/* What is known of the rule as it was up to the last change, for good; it counts no more. */
void matcher_settle_before(struct matcher *matcher, struct matcher_rule *rule);

#endif
