/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_INJECTOR_OUTBOX_H
#define BACKBURN_INJECTOR_OUTBOX_H

#include <stdbool.h>
#include <stddef.h>

/*
 * What is on its way to the controller. Bounded: above WIRE_QUEUE_MAX the session stops reading
 * requests until the controller has read; replies are never dropped, evidence is skipped
 * whenever anything waits (the next one says more).
 */
struct outbox {
	char *bytes;
	size_t used, capacity, sent;
};

void outbox_deinit(struct outbox *outbox);
/* Takes a line with its newline, and frees it. */
void outbox_put(struct outbox *outbox, char *line);
/* Bytes that wait. `out_count` is 0 when there is nothing. */
const char *outbox_peek(const struct outbox *outbox, size_t *out_count);
void outbox_sent(struct outbox *outbox, size_t count);
bool outbox_is_empty(const struct outbox *outbox);
bool outbox_is_full(const struct outbox *outbox);

#endif
