/* SPDX-License-Identifier: Apache-2.0 */
#include <linux/virtio_net.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "injector/lane/frame.h"
#include "injector/lane/lane.h"

/* What a lane reads off a packet. */

enum {
	ETHERNET = 14 + LANE_TAG_BYTES,
	IP4 = 20,
	TCP_WITH_TIMES = 32,
	MSS = 1448
};

static uint8_t packet[LANE_FRAME_MAX];

static void label_it(unsigned int label)
{
	uint8_t *tag = packet + LANE_HEADER_BYTES + 12;

	tag[0] = 0x81;
	tag[1] = 0x00;
	tag[2] = (uint8_t)(label >> 8);
	tag[3] = (uint8_t)label;
}

static void each_part_of_the_label_is_found(void **state)
{
	struct frame frame;

	(void)state;
	for (unsigned int lane = 0; lane < BB_LANES; lane++)
		for (unsigned int direction = 0; direction < BB_DIRECTIONS; direction++)
			for (unsigned int link = 0; link < BB_LABEL_LINKS; link += 511) {
				memset(packet, 0, sizeof(packet));
				label_it(BB_LABEL(BB_LANE_FIRST + lane, direction, link));
				assert_int_equal(frame_read(packet, 100, &frame), 0);
				assert_int_equal(frame.lane, lane);
				assert_int_equal(frame.direction, direction);
				assert_int_equal(frame.bytes, 100 - 10 - 4);
				assert_int_equal(frame.segments, 1);
				assert_int_equal(frame.wire_bytes, frame.bytes);
			}
}

static void what_has_no_label_is_refused(void **state)
{
	struct frame frame;

	(void)state;
	memset(packet, 0, sizeof(packet));
	assert_int_equal(frame_read(packet, 100, &frame), -1);
	label_it(BB_LABEL(BB_LANE_FIRST - 1, 0, 0));
	assert_int_equal(frame_read(packet, 100, &frame), -1);
	label_it(BB_LABEL(BB_LANE_FIRST, 0, 0));
	assert_int_equal(frame_read(packet, 100, &frame), 0);
	assert_int_equal(frame_read(packet, LANE_HEADER_BYTES + ETHERNET - 1, &frame), -1);
	assert_int_equal(frame_read(packet, LANE_FRAME_MAX + 1, &frame), -1);
	packet[LANE_HEADER_BYTES + 13] = 0xa8; /* another kind of tag */
	assert_int_equal(frame_read(packet, 100, &frame), -1);
}

static size_t train_of(int segments, uint8_t gso_type, size_t transport)
{
	struct virtio_net_hdr header = {
		.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
		.gso_type = gso_type,
		.gso_size = MSS,
		.csum_start = ETHERNET + IP4,
	};

	memset(packet, 0, sizeof(packet));
	memcpy(packet, &header, sizeof(header));
	label_it(BB_LABEL(BB_LANE_FIRST, 0, 0));
	packet[LANE_HEADER_BYTES + ETHERNET + IP4 + 12] = (uint8_t)(transport / 4 << 4);
	return LANE_HEADER_BYTES + ETHERNET + IP4 + transport + (size_t)(segments * MSS);
}

/* On the wire each segment has headers of its own; that is what a rate counts. */
static void a_train_is_counted_in_segments(void **state)
{
	const size_t headers = 14 + IP4 + TCP_WITH_TIMES;
	struct frame frame;

	(void)state;
	for (int segments = 1; segments <= 44; segments++) {
		size_t length = train_of(segments, VIRTIO_NET_HDR_GSO_TCPV4, TCP_WITH_TIMES);

		assert_int_equal(frame_read(packet, length, &frame), 0);
		assert_int_equal(frame.segments, segments);
		assert_int_equal(frame.wire_bytes, (headers + MSS) * (size_t)segments);
		assert_int_equal(frame.bytes, headers + (size_t)(MSS * segments));
	}
	/* The last one is shorter; ECN is a mark beside the type. */
	assert_int_equal(frame_read(packet,
				 train_of(3, VIRTIO_NET_HDR_GSO_TCPV6 | VIRTIO_NET_HDR_GSO_ECN,
					 TCP_WITH_TIMES) -
					 MSS + 1,
				 &frame),
		0);
	assert_int_equal(frame.segments, 3);
	assert_int_equal(frame.wire_bytes, 3 * headers + 2 * MSS + 1);
	assert_int_equal(frame_read(packet, train_of(7, 5 /* UDP_L4 */, 8), &frame), 0);
	assert_int_equal(frame.segments, 7);
	assert_int_equal(frame.wire_bytes, 7 * (14 + IP4 + 8 + MSS));
}

static void headers_that_lie_make_one_segment(void **state)
{
	struct virtio_net_hdr header = {
		.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
		.gso_type = VIRTIO_NET_HDR_GSO_TCPV4,
		.gso_size = 1,
		.csum_start = UINT16_MAX,
	};
	struct frame frame;
	size_t length = train_of(2, VIRTIO_NET_HDR_GSO_TCPV4, TCP_WITH_TIMES);

	(void)state;
	memcpy(packet, &header, sizeof(header));
	assert_int_equal(frame_read(packet, length, &frame), 0);
	assert_int_equal(frame.segments, 1);
	header.csum_start = 0;
	memcpy(packet, &header, sizeof(header));
	assert_int_equal(frame_read(packet, length, &frame), 0);
	assert_int_equal(frame.segments, 1);
	header.flags = 0;
	memcpy(packet, &header, sizeof(header));
	assert_int_equal(frame_read(packet, length, &frame), 0);
	assert_int_equal(frame.segments, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_part_of_the_label_is_found),
		cmocka_unit_test(what_has_no_label_is_refused),
		cmocka_unit_test(a_train_is_counted_in_segments),
		cmocka_unit_test(headers_that_lie_make_one_segment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
