/* SPDX-License-Identifier: Apache-2.0 */
#include "injector/lane/frame.h"

#include <assert.h>
#include <linux/virtio_net.h>
#include <net/ethernet.h>
#include <string.h>

#include "injector/lane/lane.h"

enum {
	TAG_AT = 2 * ETH_ALEN,
	TCP_OFFSET_AT = 12, /* of its header: four bits, in units of four bytes */
	TCP_HEADER_MIN = 20,
	UDP_HEADER = 8
};
static_assert(
	sizeof(struct virtio_net_hdr) == LANE_HEADER_BYTES, "what TUNSETVNETHDRSZ defaults to");

/* Where the payload of each segment begins in the frame; 0 when the header does not tell. */
static size_t headers_end(const struct virtio_net_hdr *header, const uint8_t *frame, size_t known)
{
	size_t start = header->csum_start;

	if (!(header->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) || start < ETH_HLEN + LANE_TAG_BYTES)
		return 0;
	switch (header->gso_type & ~VIRTIO_NET_HDR_GSO_ECN) {
	case VIRTIO_NET_HDR_GSO_TCPV4:
	case VIRTIO_NET_HDR_GSO_TCPV6:
		if (start + TCP_HEADER_MIN > known)
			return 0;
		return start + (size_t)(frame[start + TCP_OFFSET_AT] >> 4) * 4;
	default:
		return start + UDP_HEADER;
	}
}

static void count_segments(const uint8_t *head, size_t length, struct frame *frame)
{
	size_t known = length < FRAME_HEAD_BYTES ? length : FRAME_HEAD_BYTES;
	size_t whole = length - LANE_HEADER_BYTES, headers;
	struct virtio_net_hdr header;

	memcpy(&header, head, sizeof(header));
	if (header.gso_type == VIRTIO_NET_HDR_GSO_NONE || !header.gso_size)
		return;
	headers = headers_end(&header, head + LANE_HEADER_BYTES, known - LANE_HEADER_BYTES);
	if (!headers || headers >= whole)
		return;
	frame->segments = (whole - headers + header.gso_size - 1) / header.gso_size;
	frame->wire_bytes += (frame->segments - 1) * (headers - LANE_TAG_BYTES);
}

int frame_read(const uint8_t *head, size_t length, struct frame *frame)
{
	const uint8_t *tag = head + LANE_HEADER_BYTES + TAG_AT;
	unsigned int label, slot;

	if (length < LANE_HEADER_BYTES + ETH_HLEN + LANE_TAG_BYTES || length > LANE_FRAME_MAX ||
		(tag[0] << 8 | tag[1]) != ETHERTYPE_VLAN)
		return -1;
	label = (unsigned int)(tag[2] << 8 | tag[3]);
	slot = BB_LABEL_SLOT(label);
	if (slot < BB_LANE_FIRST || slot >= BB_LANE_FIRST + BB_LANES)
		return -1;
	*frame = (struct frame){
		.lane = slot - BB_LANE_FIRST,
		.direction = BB_LABEL_DIRECTION(label),
		.bytes = length - LANE_HEADER_BYTES - LANE_TAG_BYTES,
		.segments = 1,
	};
	frame->wire_bytes = frame->bytes;
	count_segments(head, length, frame);
	return 0;
}
