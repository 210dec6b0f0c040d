/* SPDX-License-Identifier: Apache-2.0 */
#include "injector/outbox.h"

#include <stdlib.h>
#include <string.h>

#include "contract/wire.h"

void outbox_deinit(struct outbox *outbox)
{
	free(outbox->bytes);
	*outbox = (struct outbox){0};
}

void outbox_put(struct outbox *outbox, char *line)
{
	size_t length = strlen(line);

	if (outbox->sent) {
		outbox->used -= outbox->sent;
		memmove(outbox->bytes, outbox->bytes + outbox->sent, outbox->used);
		outbox->sent = 0;
	}
	if (outbox->used + length > outbox->capacity) {
		outbox->capacity = (outbox->used + length) * 2;
		outbox->bytes = realloc(outbox->bytes, outbox->capacity);
		if (!outbox->bytes)
			abort();
	}
	memcpy(outbox->bytes + outbox->used, line, length);
	outbox->used += length;
	free(line);
}

const char *outbox_peek(const struct outbox *outbox, size_t *out_count)
{
	*out_count = outbox->used - outbox->sent;
	return outbox->bytes ? outbox->bytes + outbox->sent : "";
}

void outbox_sent(struct outbox *outbox, size_t count)
{
	outbox->sent += count;
	if (outbox->sent == outbox->used)
		outbox->sent = outbox->used = 0;
}

bool outbox_is_empty(const struct outbox *outbox)
{
	return outbox->used == outbox->sent;
}

bool outbox_is_full(const struct outbox *outbox)
{
	return outbox->used - outbox->sent >= WIRE_QUEUE_MAX;
}
