/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACKBURN_SET_INPUT_H
#define BACKBURN_SET_INPUT_H

#include <argp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What clients of the `set` model are told: lines "add ID" and "read" on standard input. And what
 * every one of them has besides: a clock, a timeout, addresses.
 */
enum {
	SET_INPUT_SIZE = 64 * 1024
};

struct set_input {
	char bytes[SET_INPUT_SIZE];
	size_t used;
	bool ended;
};

enum set_order {
	SET_NONE, /* no whole line, or a read that is not to be taken yet */
	SET_ADD,
	SET_READ
};

/* Whether there is room for more; only then set_input_take() may be called. */
bool set_input_has_room(const struct set_input *input);
bool set_input_has_line(const struct set_input *input);
/* Reads once; `ended` at the end of the input. */
void set_input_take(struct set_input *input);
/* Takes the next line. What is no order is told on standard error, and passed over. */
enum set_order set_input_next(struct set_input *input, bool may_read, int64_t *out_id);
/* An unfinished line at the end, or one that fills everything, is nothing. */
void set_input_drop_rest(struct set_input *input);

/* CLOCK_MONOTONIC */
int64_t set_now_ns(void);

/* Parts of an option parser; all end the program where the text is wrong. */
struct set_addresses {
	char *items[64]; /* of the argument, which they cut up */
	size_t count;
};
/* "10.0.0.1,fd00::2" */
void set_parse_addresses(struct set_addresses *out, char *list, struct argp_state *state);
int64_t set_parse_number(const char *text, int64_t min, int64_t max, struct argp_state *state);
int64_t set_parse_timeout(const char *text, int64_t min_ns, struct argp_state *state);

#endif
