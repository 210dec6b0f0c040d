/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_UNITS_H
#define BACKBURN_UNITS_H

#include <stddef.h>
#include <stdint.h>

/* Units as people write them. All functions are pure and return 0, or -1 on bad text. */

#define NS_PER_US INT64_C(1000)
#define NS_PER_MS INT64_C(1000000)
#define NS_PER_SEC INT64_C(1000000000)

/* The longest duration we accept: ten years. Sums of a few stay far inside 63 bits. */
#define DURATION_MAX_NS (INT64_C(3650) * 86400 * NS_PER_SEC)

/* "250ms", "1.5s", "2m", "12h", "30d", "10us", "500ns": a number ≥ 0 and exactly one unit. */
int duration_parse(const char *text, int64_t *out_ns);

/* The same with a sign in front, which must be there: "+30s", "-2h". */
int offset_parse(const char *text, int64_t *out_ns);

enum {
	DURATION_TEXT_MAX = 32
};

/*
 * The shortest exact spelling that duration_parse() reads back ("1.5s", "90s", "4m", "30d").
 * Returns `buffer`.
 */
const char *duration_format(int64_t ns, char buffer[DURATION_TEXT_MAX]);

/*
 * For people's eyes: three significant digits, e.g. "1.37s", "12.1ms"; "13m20s" from ten minutes
 * on, "22h05m" from ten hours on. Returns `buffer`.
 */
const char *duration_human(int64_t ns, char buffer[DURATION_TEXT_MAX]);

enum {
	PERCENT_TEXT_MAX = 24
};
/* A ratio for people's eyes: "12.5 %", "0.012 %", "under 0.001 %", "0 %". Returns `buffer`. */
const char *percent_human(double ratio, char buffer[PERCENT_TEXT_MAX]);

/* "64KiB", "1MiB", "2GiB", "512B": a whole number and a binary unit. */
int size_parse(const char *text, int64_t *out_bytes);

/* "10Mbit", "1.5Gbit", "512kbit", "300bit": a number > 0 and a decimal unit, each a second. */
int bandwidth_parse(const char *text, int64_t *out_bits);

enum {
	UNIT_TEXT_MAX = 24
};

/* The shortest exact spellings that are read back, for values ≥ 0. They return `buffer`. */
const char *size_format(int64_t bytes, char buffer[UNIT_TEXT_MAX]);
const char *bandwidth_format(int64_t bits, char buffer[UNIT_TEXT_MAX]);

/* An unsigned 64-bit integer as decimal text, nothing else around it. */
int u64_parse(const char *text, uint64_t *out);

#endif
