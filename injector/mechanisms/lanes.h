/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_INJECTOR_LANES_H
#define BACKBURN_INJECTOR_LANES_H

#include <stdbool.h>
#include <stdint.h>

#include "contract/fail.h"
#include "contract/shape.h"
#include "contract/verbs.h"
#include "injector/host.h"
#include "injector/lane/lane.h"
#include "injector/lane/spec.h"

struct ledger;

/*
 * Links of our own that the packet matcher sends packets through, and gets them back from:
 *
 * - the wire, a veth pair that takes packets apart into what a cable would carry;
 * - the kept lane, a TAP whose keeper (injector/lane) holds packets back;
 * - shaped lanes, a veth pair with netem and tbf each, where the kernel has them.
 *
 * Each is noted in the ledger before it is made, and carries no address. At the far end the
 * matcher's exit program sends packets on. All are shared by the rules of a session.
 */

#define LANES_WIRE "bb-wire"
#define LANES_WIRE_EXIT LANES_WIRE "-x"
#define LANES_KEPT "bb-lane" /* of shaped lanes with a number, and "-x" at the far end */

/* What a rule wants of a lane. */
struct lane_order {
	enum lane_choice choice;
	struct lane_spec spec;
};

/* Where packets of a rule go. */
struct lane_way {
	uint32_t ifindex;
	bool by_keeper; /* only while the keeper's pulse beats */
};

struct lane_link {
	bool noted;               /* in the ledger; the link may be there, whole or in part */
	bool ready;               /* packets may be sent into it */
	char entry[16], exit[16]; /* names; the TAP is both */
	int entry_index, exit_index;
	int64_t record; /* in the ledger */
	int tcx_link;   /* of the exit program; -1: none */
};

struct lanes {
	struct host_matcher *matcher; /* borrowed */
	struct ledger *ledger;        /* borrowed */
	enum attach_mode mode;        /* ATTACH_TCX or ATTACH_CLSACT */
	int64_t until_ns;             /* the lease */
	struct lane_link wire, kept, shaped[BB_LANES];
	struct host_keeper *keeper;   /* NULL: none */
	int64_t longest_ns[BB_LANES]; /* how long a packet may wait in a shaped lane */
};

/* True for the names of these links: nothing else may hook or count them. */
bool lanes_own(const char *link_name);

/* The wire is there, or is made; its ifindex. */
int lanes_wire(struct lanes *lanes, uint32_t *out_ifindex, struct fail *fail);

/*
 * Lane number `lane` (0..BB_LANES − 1) does as `order` says. FAIL_UNSUPPORTED when this kernel
 * cannot make a lane of that kind; FAIL_REFUSED when its keeper has died and other lanes were its,
 * too.
 */
int lanes_open(struct lanes *lanes, int lane, const struct lane_order *order, struct lane_way *out,
	struct fail *fail);
/*
 * A kept lane goes by another order from here on: the keeper has taken it when this returns. On
 * failure it goes by the one before; but by which is unknown when `*out_torn` comes back true.
 */
int lanes_change(struct lanes *lanes, int number, const struct lane_spec *spec, bool *out_torn,
	struct fail *fail);
/*
 * Nothing new comes: what waits in the lane is let go, then the lane is no more. A shaped lane's
 * last packets may be lost when they would wait for longer than a second.
 */
int lanes_close(struct lanes *lanes, int lane, struct fail *fail);

/* All that is left; goes on past a failure and reports the first. Safe to repeat. */
int lanes_release(struct lanes *lanes, struct fail *fail);
/* Frees memory only: what is made stays, as when a process dies. */
void lanes_deinit(struct lanes *lanes);

void lanes_lease(struct lanes *lanes, int64_t until_ns);

/*
 * What a kept lane has counted; NULL: no such lane, or its keeper has not seen its order yet.
 * Borrowed.
 */
const struct lane *lanes_kept(const struct lanes *lanes, int lane);

#endif
