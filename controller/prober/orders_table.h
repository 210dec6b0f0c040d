/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_PROBER_ORDERS_TABLE_H
#define BACKBURN_PROBER_ORDERS_TABLE_H

#include "contract/units.h"
#include "controller/prober/orders.h"

/* What the tables of orders share: how a row is written, and bounds. */

#define AT(type, member) .offset = offsetof(struct type, member)
#define SHAPE(type, label, table)                                                                  \
	{                                                                                          \
		.name = (label), .size = sizeof(struct type), SHAPE_FIELDS(table)                  \
	}

#define WINDOW_MIN_NS (10 * NS_PER_MS)
#define EXACT_MAX 9e15 /* counts are JSON numbers, exact up to 2^53 */

#endif
