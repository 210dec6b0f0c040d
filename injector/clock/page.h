/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_INJECTOR_CLOCK_PAGE_H
#define BACKBURN_INJECTOR_CLOCK_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What a process whose clock is skewed shares with the injector, and the arithmetic of it. The stub
 * (stub.c), which runs inside of that process, is compiled from this too: nothing here may call
 * anything.
 *
 * Three pages lie one behind the other in the target: the stub (R-X, its own), the control page
 * (R--, shared) and the counts (RW-, shared).
 */
#define CLOCK_PAGE_BYTES 4096
#define CLOCK_MAGIC UINT64_C(0x306b636f6c636262)

enum {
	CLOCK_SLOTS = 2,
	CLOCK_PAGES = 3,
	/* In the stub's page: a jump for each function, and the beginning that was moved away. */
	CLOCK_ENTRY_BYTES = 16,
	CLOCK_ORIGINAL_AT = 0xf00
};

/* The functions of the vDSO that are led to the stub, in the order of its entries. */
enum clock_function {
	CLOCK_FN_GETTIME,
	CLOCK_FN_GETTIMEOFDAY,
	CLOCK_FN_TIME,
	CLOCK_FNS
};

/* Clocks that have a zero of their own. The coarse ones belong to their fine ones. */
enum clock_line {
	LINE_REAL,
	LINE_TAI,
	LINE_MONOTONIC,
	LINE_RAW,
	LINE_BOOT,
	LINES,
	LINE_NONE = 15
};
#define CLOCK_WALL_LINES (1u << LINE_REAL | 1u << LINE_TAI)
#define CLOCK_STEADY_LINES (1u << LINE_MONOTONIC | 1u << LINE_RAW | 1u << LINE_BOOT)

#define CLOCK_RATE_ONE (UINT64_C(1) << 32)

/* How the clocks go, from `base_ns` of true time on. */
struct clock_slot {
	int64_t base_ns[LINES];
	int64_t shift_ns;  /* of the wall clocks */
	int64_t other_ns;  /* the shift in every second half of a period */
	int64_t half_ns;   /* 0: always `shift_ns` */
	uint64_t rate;     /* fixed point, CLOCK_RATE_ONE is true */
	uint32_t lines;    /* bits of enum clock_line: which of them go like this */
	uint32_t reserved; /* 0 */
};

/*
 * A slot is filled while the other one is in use, and `slot` goes over in one store: a reader sees
 * the one or the other. A lock that counts would let the target spin for ever once its writer dies.
 */
struct clock_control {
	uint64_t magic;
	uint64_t key;   /* which attachment this is; also in the ledger */
	uint32_t owner; /* robust futex: the kernel clears the id in it when the injector dies */
	uint32_t on, slot;
	uint32_t reserved;       /* 0 */
	int64_t until_ns[LINES]; /* from then on true time */
	struct clock_slot slots[CLOCK_SLOTS];
};

struct clock_counts {
	uint64_t calls; /* answered with a skewed time; threads may lose some to one another */
};

__extension__ typedef __int128 clock_wide;

/* FUTEX_TID_MASK of linux/futex.h. */
#define CLOCK_OWNER_ID 0x3fffffffu

/* A nibble for each clockid_t from 0 to 15. */
#define CLOCK_LINE_NIBBLES                                                                         \
	((uint64_t)LINE_REAL | (uint64_t)LINE_MONOTONIC << 4 | (uint64_t)LINE_NONE << 8 |          \
		(uint64_t)LINE_NONE << 12 | (uint64_t)LINE_RAW << 16 | (uint64_t)LINE_REAL << 20 | \
		(uint64_t)LINE_MONOTONIC << 24 | (uint64_t)LINE_BOOT << 28 |                       \
		(uint64_t)LINE_REAL << 32 | (uint64_t)LINE_BOOT << 36 |                            \
		(uint64_t)LINE_NONE << 40 | (uint64_t)LINE_TAI << 44 | (uint64_t)0xffff << 48)

static inline unsigned int clock_line_of(int clock)
{
	return clock < 0 || clock > 15 ? (unsigned int)LINE_NONE
				       : (unsigned int)(CLOCK_LINE_NIBBLES >> (clock * 4)) & 15;
}

/*
 * What a clock says in a slot, at a true time. The steady ones begin to go wrong at their base and
 * not before, so that one that is set a little ahead is a line without a step.
 */
static inline int64_t clock_skewed_ns(
	const struct clock_slot *slot, unsigned int line, int64_t true_ns)
{
	int64_t since_ns = true_ns - slot->base_ns[line], shift_ns = slot->shift_ns;

	if (1u << line & CLOCK_STEADY_LINES) {
		if (since_ns < 0)
			return true_ns;
		shift_ns = 0;
	} else if (slot->half_ns && since_ns / slot->half_ns & 1) {
		shift_ns = slot->other_ns;
	}
	if (slot->rate != CLOCK_RATE_ONE)
		since_ns = (int64_t)((clock_wide)since_ns * (int64_t)slot->rate >> 32);
	return slot->base_ns[line] + since_ns + shift_ns;
}

/* What is answered now; the truth once nobody holds it, or its time is over. */
static inline int64_t clock_answer_ns(
	const struct clock_control *control, unsigned int line, int64_t true_ns)
{
	const struct clock_slot *slot;

	if (!__atomic_load_n(&control->on, __ATOMIC_ACQUIRE) ||
		!(__atomic_load_n(&control->owner, __ATOMIC_RELAXED) & CLOCK_OWNER_ID) ||
		true_ns >= __atomic_load_n(&control->until_ns[line], __ATOMIC_RELAXED))
		return true_ns;
	slot = &control->slots[__atomic_load_n(&control->slot, __ATOMIC_ACQUIRE) & 1];
	return 1u << line & slot->lines ? clock_skewed_ns(slot, line, true_ns) : true_ns;
}

#endif
