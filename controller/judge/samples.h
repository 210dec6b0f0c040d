/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_SAMPLES_H
#define BACKBURN_SAMPLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The events of one SLI in the order of their intended time: when each was due, and whether it was
 * good. Twelve bytes an event. Times are nanoseconds since the run's zero, ≥ 0.
 */
struct samples {
	uint64_t *items;    /* time << 1 | good, ascending */
	uint32_t *bad_upto; /* how many of the items up to this one are bad */
	size_t count, capacity;
};

void samples_deinit(struct samples *samples);

/* Keeps the order; cheap when the event is among the latest ones. */
void samples_add(struct samples *samples, int64_t at_ns, bool good);

/* What the list holds of an event, for samples_add_all(). */
uint64_t samples_item(int64_t at_ns, bool good);
/*
 * The same for many, best in their order: what lies behind the first of them is gone over once, not
 * once for each. Of hundreds of members that tell of the same second this is nearly all the work.
 */
void samples_add_all(struct samples *samples, const uint64_t *items, size_t count);

int64_t samples_at(const struct samples *samples, size_t index);
bool samples_good(const struct samples *samples, size_t index);

/* Index of the first event at or after `at_ns`; `count` when there is none. */
size_t samples_from(const struct samples *samples, int64_t at_ns);

struct tally {
	int64_t total, bad;
};

/* Events in [from, to). In the time of two searches, however many they are. */
struct tally samples_tally(const struct samples *samples, int64_t from_ns, int64_t to_ns);

/*
 * The onset of a breach: the first bad event in [from, to) whose following `stable_ns` has more bad
 * events than the objective allows. A lone one that it allows is none. -1: there is no breach.
 */
int64_t samples_breach(const struct samples *samples, int64_t from_ns, int64_t to_ns,
	int64_t stable_ns, double objective);

/*
 * The first good event at or after `from_ns` after which bad/total over `stable_ns` is at most
 * 1 − objective. Only windows that end at or before `covered_ns` are complete and looked at.
 * Returns its index, or `count`.
 */
size_t samples_recovery(const struct samples *samples, int64_t from_ns, int64_t stable_ns,
	double objective, int64_t covered_ns);

struct gap {
	int64_t length_ns;
	int64_t from_ns, to_ns; /* the good events around it, or the bounds where there are none */
	bool open;              /* no good event ended it inside the bounds */
};

/*
 * The longest distance between consecutive good events in [from, to]. The last good event before
 * `from` counts as one at `from`.
 */
struct gap samples_longest_gap(const struct samples *samples, int64_t from_ns, int64_t to_ns);

#endif
