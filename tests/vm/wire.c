/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/vm/wire.h"

#include <arpa/inet.h>
#include <math.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum {
	ETHERNET_BYTES = 14,
	SOURCE_AT = ETHERNET_BYTES + 12, /* of the IPv4 header */
	PROTOCOL_AT = ETHERNET_BYTES + 9,
	FRAME_BYTES_MAX = 65536
};

static const uint32_t magic = 0xa1b2c3d4;

struct file_header {
	uint32_t magic;
	uint16_t major, minor;
	uint32_t zone, precision, bytes_max, kind;
};

struct record_header {
	uint32_t seconds, microseconds, bytes, original_bytes;
};

/* Ticks of one direction. */
struct direction {
	in_addr_t source;
	double last_s;     /* of all so far; 0: none yet */
	double gap_from_s; /* the longest silence began with that tick */
	double gap_s;
	double usual_s; /* the longest interval in the second before it */
	double recent_s[2], recent_gap_s[2];
};

/* The longest of the intervals of this second and the one before. */
static void note_interval(struct direction *way, double at_s, double interval_s)
{
	if (at_s - way->recent_s[1] > 1) {
		way->recent_s[0] = way->recent_s[1];
		way->recent_gap_s[0] = way->recent_gap_s[1];
		way->recent_s[1] = at_s;
		way->recent_gap_s[1] = 0;
	}
	way->recent_gap_s[1] = fmax(way->recent_gap_s[1], interval_s);
}

static void note_tick(struct direction *way, double at_s)
{
	double interval_s = way->last_s > 0 ? at_s - way->last_s : 0;

	if (interval_s > way->gap_s) {
		way->gap_s = interval_s;
		way->gap_from_s = way->last_s;
		way->usual_s = fmax(way->recent_gap_s[0], way->recent_gap_s[1]);
	}
	if (interval_s < 1)
		note_interval(way, at_s, interval_s);
	way->last_s = at_s;
}

static void read_frames(FILE *file, struct direction ways[2])
{
	static uint8_t frame[FRAME_BYTES_MAX];
	struct record_header record;

	while (fread(&record, sizeof(record), 1, file) == 1) {
		in_addr_t source;

		if (record.bytes > sizeof(frame) ||
			fread(frame, 1, record.bytes, file) != record.bytes)
			break; /* it is still being written */
		if (record.bytes < SOURCE_AT + sizeof(source) || frame[PROTOCOL_AT] != IPPROTO_UDP)
			continue;
		memcpy(&source, frame + SOURCE_AT, sizeof(source));
		for (int i = 0; i < 2; i++)
			if (source == ways[i].source)
				note_tick(&ways[i], record.seconds + record.microseconds / 1e6);
	}
}

void wire_read(const char *path, const char *one, const char *other, struct wire_cut *out)
{
	struct direction ways[2] = {{.source = inet_addr(one)}, {.source = inet_addr(other)}};
	FILE *file = fopen(path, "re");
	struct file_header header = {0};

	assert_non_null(file);
	assert_int_equal(fread(&header, sizeof(header), 1, file), 1);
	assert_true(header.magic == magic);
	read_frames(file, ways);
	fclose(file);
	for (int i = 0; i < 2; i++) {
		print_message("%s: silent for %.2f s, before that every %.2f ms at most\n",
			i ? other : one, ways[i].gap_s, ways[i].usual_s * 1e3);
		assert_true(ways[i].gap_s > 1 && ways[i].usual_s > 0);
	}
	out->spread_s = fabs(ways[0].gap_from_s - ways[1].gap_from_s);
	/* A cut comes at any instant until the next tick was due, so the difference is off by one
	 * interval of either direction. */
	out->error_s = fmax(ways[0].usual_s, ways[1].usual_s);
}
