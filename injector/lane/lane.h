/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_INJECTOR_LANE_H
#define BACKBURN_INJECTOR_LANE_H

#include <stdbool.h>
#include <stdint.h>

#include "bpf/matcher.h"
#include "contract/histogram.h"

/*
 * What the injector and the lane's keeper share. The keeper is a small process that holds a TAP:
 * the packet matcher redirects packets into it with a label (a VLAN tag, bb_label_*), the keeper
 * holds each back as the lane of its label says, and writes it into the TAP again, label and all;
 * there the matcher takes the label off and sends the packet on its way.
 *
 * The memory is a memfd that both map. The injector writes orders, the keeper writes counts; each
 * trusts nothing in it that the other wrote.
 */
enum {
	LANE_TABLE_MAX = 4096,
	LANE_TABLE_SCALE = 8192, /* one jitter in the units of a table; as in the kernel's netem */

	/* What the TAP hands out: struct virtio_net_hdr, then a frame with the label as its tag. */
	LANE_HEADER_BYTES = 10,
	LANE_TAG_BYTES = 4,
	LANE_FRAME_MAX = 64 * 1024 + 128 /* header and all; GSO packets are kept whole */
};

/* Bounds of an order; a spec outside of them is not carried out. */
#define LANE_DELAY_MAX_NS (INT64_C(60) * 1000000000)
/* A keeper lets a packet go that much before it is due at most, for what its way up takes. */
#define LANE_AHEAD_MAX_NS (INT64_C(150) * 1000)
#define LANE_RATE_MIN UINT64_C(125)          /* bytes a second: 1 kbit/s */
#define LANE_RATE_MAX UINT64_C(125000000000) /* 1 Tbit/s */
#define LANE_BYTES_MAX (UINT64_C(1) << 30)   /* of a burst, and of what waits */
#define LANE_OVERHEAD_MAX 10000

enum lane_spread {
	SPREAD_NONE,    /* every packet waits delay_ns */
	SPREAD_UNIFORM, /* delay_ns ± jitter_ns */
	SPREAD_TABLE, /* delay_ns + jitter_ns · table[random] / LANE_TABLE_SCALE, never below 0 */
	SPREAD_REPLAY /* table[0], table[1], … in microseconds, one a packet, and again */
};

struct lane_spec {
	uint64_t seed;
	int64_t delay_ns, jitter_ns; /* 0..60 s; jitter ≤ delay unless SPREAD_TABLE */
	double correlation;         /* 0..1: weight of the last packet's random number (random.h) */
	int32_t spread;             /* enum lane_spread */
	int32_t keep_order;         /* no packet leaves before one that came earlier */
	double reorder;             /* 0..1: so many skip the delay, ahead of those that wait */
	double reorder_correlation; /* 0..1: so often a packet meets the last one's fate */
	int32_t reorder_gap;        /* > 0: instead, every gap-th packet skips it */
	int32_t table_count;        /* entries in use */
	uint64_t rate_bytes;        /* a second; 0: no limit */
	uint64_t burst_bytes;       /* that may pass at once after a pause */
	int32_t overhead_bytes;     /* added to each segment's length; may be negative */
	int32_t unused;
	uint64_t limit_bytes; /* most that may wait, a direction; more is lost, and counted */
	int32_t table[LANE_TABLE_MAX];
};

/*
 * Written by the keeper; read at any time, so each number is right, not all at one instant.
 * came = left + lost + waiting. Packets that come while the lane holds nothing are not counted.
 */
struct lane_counts {
	uint64_t came, segments, bytes; /* packets that entered; frames, without label */
	uint64_t left;                  /* packets that were sent on, early ones too */
	uint64_t early;                 /* of these: let go before their time, as the order ended */
	uint64_t lost, lost_segments;   /* to the limit, to a full store, to a write that failed */
	uint64_t ahead;                 /* packets that reorder let skip the delay */
	uint64_t overtook;              /* of these: while others waited in this direction */
	uint64_t waiting;               /* packets */
	uint64_t first_ns, last_ns;     /* first packet in, last one out; CLOCK_MONOTONIC */
	uint64_t left_bytes; /* as a rate counts them: each segment's headers, and overhead */
	/* Neither these two nor last_ns and left_bytes count packets that left early. */
	struct histogram delay; /* from read to written back, of packets not let ahead */
	struct histogram late;  /* from the instant due to written back, of all */
};

/*
 * One fault. A new order is written into the copy that is not current, then `current` is flipped.
 * What came under an order is counted in its copy, until the copy is used for the next but one.
 */
struct lane {
	uint32_t current; /* 0 or 1 */
	uint32_t active;  /* 0: nothing may wait here; what does leaves at once, as it came */
	uint32_t version; /* counts orders; the keeper starts anew (seed, counts) at each */
	uint32_t taken;   /* the keeper's: the version that it goes by */
	struct lane_spec spec[2];
	struct lane_counts counts[2][BB_DIRECTIONS];
};

struct lane_memory {
	int64_t until_ns; /* the keeper lets all go and exits at it; the injector moves it on */
	uint64_t stray;   /* the keeper's: packets without a label that makes sense; dropped */
	uint64_t refused; /* the keeper's: orders outside of their bounds; such a lane holds nothing
			   */
	struct lane lanes[BB_LANES];
};

#endif
