/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_LANE_FRAME_H
#define BACKBURN_LANE_FRAME_H

#include <stddef.h>
#include <stdint.h>

/* What a lane must know of a packet that the TAP handed out, LANE_HEADER_BYTES and all. */
struct frame {
	unsigned int lane; /* below BB_LANES */
	unsigned int direction;
	uint64_t bytes; /* of the frame, without its label */
	/*
	 * A GSO packet is a train of segments that will have headers each; on the wire, and for a
	 * rate, it has as many bytes as those.
	 */
	uint64_t segments, wire_bytes;
};

enum {
	/* So much of a packet's beginning must lie in one piece. */
	FRAME_HEAD_BYTES = 256
};

/* -1 when there is no label that makes sense. `head` has min(length, FRAME_HEAD_BYTES) bytes. */
int frame_read(const uint8_t *head, size_t length, struct frame *frame);

#endif
