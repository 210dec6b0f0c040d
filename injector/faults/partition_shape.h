/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_PARTITION_SHAPE_H
#define BACKBURN_PARTITION_SHAPE_H

#include "contract/fail.h"
#include "contract/verbs.h"

/*
 * Who drops whose packets when a partition parts the nodes of `on` among themselves. Every node
 * draws the whole picture from the order alone, so all come to the same one. Pure.
 */
enum cut_shape {
	CUT_SIDES,    /* `on` from `from`: no shape among the nodes of `on` */
	CUT_HALVES,   /* the first half from the second */
	CUT_ONE,      /* one node from all others */
	CUT_MAJORITY, /* a minority of floor((n − 1) / 2) from the majority */
	CUT_BRIDGE,   /* two halves that share one node, which sees all */
	CUT_RING,     /* each sees its neighbours round a ring: a majority, no two the same */
	CUT_RANDOM,   /* halves of an order drawn by the seed */
	CUT_SHAPES
};
extern const char *const cut_shape_words[];

struct partition_shape {
	int shape;          /* enum cut_shape */
	const char *who;    /* CUT_ONE: which one; NULL: the first */
	const cJSON *drops; /* node → list of nodes whose packets it drops; or NULL */
};

/*
 * The peers of order->self among order->on: those whose packets it drops, and those that drop its
 * own. Both lists of struct endpoint that borrow from the order; the caller frees their items.
 * FAIL_REFUSED when the picture can't be drawn of these nodes.
 */
int partition_shape_peers(const struct fault_order *order, const struct partition_shape *shape,
	struct list *drops_of, struct list *dropped_by, struct fail *fail);

#endif
