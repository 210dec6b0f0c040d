/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_TESTS_FRAME_H
#define BACKBURN_TESTS_FRAME_H

#include <stdint.h>

#include "tests/netns/world.h"

/* Frames that no socket of this kernel would send: put on the cable as they are. */
struct frame {
	int from, to, family;
	uint8_t protocol; /* IPPROTO_… */
	int from_port, port;
	int vlan;          /* tag; 0: none */
	uint16_t fragment; /* of IPv4: flags and offset as in the header */
	uint8_t extension; /* of IPv6: a header of this kind before the transport's; 0: none */
};

/* Sends it out of the node's eth0, to the other node's link address. */
void frame_send(const struct world *world, const struct frame *frame);

#endif
